"""When to try again, and when to give up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bridge.config.schema import Retry
from bridge.delivery import retry

RECEIVED = datetime(2026, 11, 2, tzinfo=UTC)


@given(
    attempts=st.integers(0, 10_000), seed=st.integers(), first=st.floats(0.1, 600), most=st.floats(1, 86_400)
)
def test_a_delay_is_above_zero_and_never_above_its_maximum(
    attempts: int, seed: int, first: float, most: float
) -> None:
    settings = Retry(first_delay_s=first, max_delay_s=most)
    assert 0 < retry.delay_s(settings, attempts, Random(seed)) <= most


def test_delays_double_and_spread() -> None:
    settings = Retry(first_delay_s=10, max_delay_s=10_000)
    delays = [
        [retry.delay_s(settings, attempts, Random(seed)) for seed in range(200)] for attempts in range(4)
    ]
    for attempts, some in enumerate(delays):
        ceiling = 10 * 2**attempts
        assert ceiling / 2 <= min(some) < max(some) <= ceiling
        assert max(some) - min(some) > ceiling / 4


def test_a_mail_is_given_up_by_count() -> None:
    settings = Retry(max_attempts=3)
    assert retry.gives_up(settings, attempts=2, received_at=RECEIVED, now=RECEIVED) is None
    assert (
        retry.gives_up(settings, attempts=3, received_at=RECEIVED, now=RECEIVED) == "gave up after 3 attempts"
    )


@given(st.floats(0, 60), st.floats(0, 60))
def test_a_mail_given_up_by_age_stays_given_up(days: float, more: float) -> None:
    settings = Retry(max_age_days=5)
    now = RECEIVED + timedelta(days=days)
    if retry.gives_up(settings, attempts=5, received_at=RECEIVED, now=now) is not None:
        assert days >= 5 - 1e-6
        later = now + timedelta(days=more)
        assert retry.gives_up(settings, attempts=5, received_at=RECEIVED, now=later) is not None


def test_a_mail_that_waited_out_an_outage_has_its_attempts_all_the_same() -> None:
    after = RECEIVED + timedelta(days=30)
    for attempts in range(1, retry.LEAST_ATTEMPTS):
        assert retry.gives_up(Retry(), attempts=attempts, received_at=RECEIVED, now=after) is None
    given_up = retry.gives_up(Retry(), attempts=retry.LEAST_ATTEMPTS, received_at=RECEIVED, now=after)
    assert given_up == "gave up after 5 days"


def test_a_clock_that_jumped_back_gives_nothing_up() -> None:
    assert (
        retry.gives_up(Retry(), attempts=1, received_at=RECEIVED, now=RECEIVED - timedelta(days=400)) is None
    )
