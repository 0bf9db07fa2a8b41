"""The gate of a brand: one pause for all its mails, one probe, and open again."""

from __future__ import annotations

import pytest

from bridge.clock import FixedClock
from bridge.config.schema import Retry
from bridge.delivery.gate import Gates

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0


@pytest.fixture
def gates(clock: FixedClock) -> Gates:
    return Gates(clock, Retry(outage_first_pause_s=FIRST_PAUSE_S, outage_max_pause_s=LONGEST_PAUSE_S))


def test_an_open_gate_lets_everything_through(gates: Gates) -> None:
    gates.claimed("acme")
    assert gates.closed() == frozenset()
    assert gates.to_probe() == frozenset()


def test_a_pause_closes_one_brand_and_no_other(gates: Gates) -> None:
    gates.pause("acme", "503", retry_after_s=None)
    assert gates.closed() == {"acme"}


def test_after_the_pause_one_probe_goes_and_the_others_wait_for_it(gates: Gates, clock: FixedClock) -> None:
    gates.pause("acme", "503", retry_after_s=None)
    clock.advance(FIRST_PAUSE_S)
    assert gates.closed() == frozenset()
    assert gates.to_probe() == {"acme"}
    gates.claimed("acme")
    assert gates.closed() == {"acme"}
    assert gates.to_probe() == frozenset()
    gates.succeeded("acme")
    assert gates.closed() == frozenset()
    assert gates.reasons() == {}


def test_a_pause_says_when_it_ends_and_what_a_person_can_do(gates: Gates, clock: FixedClock) -> None:
    gates.pause("acme", "503", retry_after_s=70)
    clock.advance(10)
    assert gates.reasons() == {"acme": "503; tried again in 60 s"}
    clock.advance(60)
    gates.claimed("acme")
    assert gates.reasons() == {"acme": "503; tried again now"}
    gates.pause("acme", "403", retry_after_s=None, needs_operator=True)
    assert "it refuses login or token" in gates.reasons()["acme"]
    assert "`reamaze-bridge check --online`" in gates.reasons()["acme"]


def test_a_brand_without_mail_is_no_longer_paused(gates: Gates, clock: FixedClock) -> None:
    gates.pause("acme", "503", retry_after_s=None)
    gates.forget("acme")
    assert (gates.closed(), gates.to_probe(), gates.reasons()) == (frozenset(), frozenset(), {})
    assert gates.pause("acme", "503", retry_after_s=None) == FIRST_PAUSE_S


def test_a_probe_that_fails_waits_twice_as_long(gates: Gates, clock: FixedClock) -> None:
    pauses = []
    for _ in range(12):
        pauses.append(gates.pause("acme", "503", retry_after_s=None))
        clock.advance(pauses[-1])
        gates.claimed("acme")
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_calls_that_fail_together_count_as_one_failure(gates: Gates, clock: FixedClock) -> None:
    for _ in range(8):
        gates.pause("acme", "503", retry_after_s=None)
    clock.advance(FIRST_PAUSE_S)
    assert gates.closed() == frozenset()


def test_what_reamaze_asks_for_is_never_undercut(gates: Gates, clock: FixedClock) -> None:
    assert gates.pause("acme", "429", retry_after_s=900.0) == 900.0
    clock.advance(899)
    assert gates.closed() == {"acme"}


def test_a_later_word_may_lengthen_the_pause_but_not_shorten_it(gates: Gates, clock: FixedClock) -> None:
    gates.pause("acme", "429", retry_after_s=100.0)
    gates.pause("acme", "503", retry_after_s=None)
    clock.advance(99)
    assert gates.closed() == {"acme"}
    gates.pause("acme", "429", retry_after_s=50.0)
    clock.advance(49)
    assert gates.closed() == {"acme"}


def test_a_probe_that_says_nothing_of_the_brand_lets_the_next_one_probe(
    gates: Gates, clock: FixedClock
) -> None:
    gates.pause("acme", "503", retry_after_s=None)
    clock.advance(FIRST_PAUSE_S)
    gates.claimed("acme")
    gates.ended("acme")
    assert gates.to_probe() == {"acme"}


def test_a_mail_that_alone_meets_trouble_while_others_get_through_is_told_apart(gates: Gates) -> None:
    assert not gates.is_alone("acme", 7)
    assert not gates.is_alone("acme", 7)
    gates.succeeded("globex")
    assert not gates.is_alone("acme", 7)
    gates.succeeded("acme")
    assert not gates.is_alone("acme", 8)
    assert gates.is_alone("acme", 7)


def test_what_was_settled_is_forgotten(gates: Gates) -> None:
    gates.is_alone("acme", 7)
    gates.settled(7)
    gates.succeeded("acme")
    assert not gates.is_alone("acme", 7)
