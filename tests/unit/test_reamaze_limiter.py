"""The pace of a brand: never above its own limit, never within Re:amaze's pause."""

from __future__ import annotations

import asyncio

import pytest

from bridge.clock import FixedClock
from bridge.errors import OutageError
from bridge.reamaze.limiter import PATIENCE_S, Limiter

pytestmark = pytest.mark.anyio


class Naps:
    """Sleeping moves the clock, and is counted."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self.slept_s = 0.0

    async def __call__(self, seconds: float) -> None:
        self._clock.advance(seconds)
        self.slept_s += seconds


@pytest.mark.parametrize("per_minute", [1, 2, 7, 10, 60, 600])
async def test_no_minute_has_more_calls_than_allowed(clock: FixedClock, per_minute: int) -> None:
    limiter = Limiter(per_minute, clock=clock, sleep=Naps(clock))
    taken = []
    for number in range(3 * per_minute):
        await limiter.take()
        taken.append(clock.monotonic_s())
        if number % 7 == 0:
            clock.advance(1.0)
    for start in taken:
        # Half open: a hair's breadth keeps floating point out of it.
        assert sum(start <= at < start + 60.0 - 1e-6 for at in taken) <= per_minute


async def test_the_allowed_rate_is_used(clock: FixedClock) -> None:
    limiter = Limiter(60, clock=clock, sleep=Naps(clock))
    for _ in range(600):
        await limiter.take()
    assert clock.monotonic_s() <= 600 / 54 * 60


async def test_without_a_limit_nobody_waits(clock: FixedClock) -> None:
    naps = Naps(clock)
    limiter = Limiter(0, clock=clock, sleep=naps)
    for _ in range(1_000):
        await limiter.take()
    assert naps.slept_s == 0


async def test_a_short_pause_is_waited_out(clock: FixedClock) -> None:
    naps = Naps(clock)
    limiter = Limiter(0, clock=clock, sleep=naps)
    limiter.pause(PATIENCE_S)
    await limiter.take()
    assert naps.slept_s == PATIENCE_S


async def test_a_long_pause_is_an_outage_that_says_how_long(clock: FixedClock) -> None:
    naps = Naps(clock)
    limiter = Limiter(0, clock=clock, sleep=naps)
    limiter.pause(60.0)
    limiter.pause(1.0)  # the longer one stands
    clock.advance(20.0)
    with pytest.raises(OutageError) as caught:
        await limiter.take()
    assert caught.value.retry_after_s == 40.0
    assert naps.slept_s == 0
    clock.advance(40.0)
    await limiter.take()


async def test_a_pause_that_begins_while_waiting_counts(clock: FixedClock) -> None:
    limiter = Limiter(1, clock=clock, sleep=asyncio.sleep)
    await limiter.take()

    async def pausing(seconds: float) -> None:
        clock.advance(seconds)
        limiter.pause(30.0)

    limiter._sleep = pausing
    with pytest.raises(OutageError):
        await limiter.take()
