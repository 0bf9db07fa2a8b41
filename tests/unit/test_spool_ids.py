"""The id of a mail."""

from __future__ import annotations

from datetime import timedelta

from bridge.clock import FixedClock
from bridge.spool.ids import ALPHABET, LENGTH, Ids, encode


def test_an_id_is_thirteen_characters_of_the_alphabet(clock: FixedClock) -> None:
    made = Ids(clock).new()
    assert len(made) == LENGTH
    assert set(made) <= set(ALPHABET)


def test_ids_sort_in_the_order_they_were_made_while_the_clock_stands(clock: FixedClock) -> None:
    ids = Ids(clock)
    made = [ids.new() for _ in range(1_000)]
    assert made == sorted(set(made))


def test_ids_sort_in_the_order_they_were_made_when_the_clock_runs_back(clock: FixedClock) -> None:
    ids = Ids(clock)
    before = ids.new()
    clock.at -= timedelta(days=365)
    assert ids.new() > before


def test_a_later_id_of_another_process_sorts_later(clock: FixedClock) -> None:
    before = Ids(clock).new()
    clock.advance(0.002)
    assert Ids(clock).new() > before


def test_two_processes_do_not_count_alike(clock: FixedClock) -> None:
    assert Ids(clock).new() != Ids(clock).new()


def test_numbers_and_their_ids_sort_alike() -> None:
    numbers = [0, 1, 31, 32, 1_023, 1_024, 1 << 23, 1 << 42, (1 << 64) - 1, (1 << 65) - 1]
    assert [encode(number) for number in numbers] == sorted(encode(number) for number in numbers)
    assert encode(0) == "0" * LENGTH
    assert encode((1 << 65) - 1) == "z" * LENGTH
