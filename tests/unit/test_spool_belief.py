"""What time it is for what removes: a wall clock that leaps is believed late, and what stands still costs disk alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.spools import place, put, settings

from bridge.clock import FixedClock
from bridge.spool import Spool, Swept
from bridge.spool.belief import BELIEVED_AFTER_US, Belief
from bridge.spool.steady import SECOND

pytestmark = pytest.mark.anyio

DAY_S = 86_400.0
FORTNIGHT_S = BELIEVED_AFTER_US / SECOND


@pytest.fixture
def belief(clock: FixedClock) -> Belief:
    return Belief(clock)


def test_time_that_passes_is_believed(belief: Belief, clock: FixedClock) -> None:
    clock.advance(400 * DAY_S)
    assert belief.now() == clock.now()


@pytest.mark.parametrize("seconds", [3_600, DAY_S, -3_600, -40 * DAY_S])
def test_a_small_leap_is_believed_at_once_and_one_back_always(
    belief: Belief, clock: FixedClock, seconds: float
) -> None:
    clock.at += timedelta(seconds=seconds)
    assert belief.now() == clock.now()


def test_a_great_leap_is_believed_once_it_has_lasted(belief: Belief, clock: FixedClock) -> None:
    before = clock.now()
    clock.at += timedelta(days=40)
    assert belief.now() == before
    clock.advance(FORTNIGHT_S - 1)
    assert belief.now() == before + timedelta(seconds=FORTNIGHT_S - 1)
    clock.advance(1)
    assert belief.now() == clock.now()


def test_a_leap_that_is_taken_back_is_forgotten(belief: Belief, clock: FixedClock) -> None:
    for _ in range(10):
        clock.at += timedelta(days=40)
        belief.now()
        clock.advance(FORTNIGHT_S / 2)
        belief.now()
        clock.at -= timedelta(days=40)
        assert belief.now() == clock.now()


async def test_a_leap_between_two_runs_is_doubted_too(tmp_path: Path, clock: FixedClock) -> None:
    keep = settings(tmp_path / "spool")
    spool = Spool.open(keep, clock=clock)
    await put(spool, clock)
    (item,) = await spool.unsorted(1)
    await place(spool, item)
    await spool.settle(item.seq, "dead")
    await spool.sweep()
    spool.close()
    clock.at += timedelta(days=500)
    # One start after the other, each for a day, and then a last one.
    for day in range(13):
        spool = Spool.open(keep, clock=clock)
        assert await spool.sweep() == Swept(), day
        clock.advance(DAY_S)
        assert await spool.sweep() == Swept(), day
        spool.close()
    spool = Spool.open(keep, clock=clock)
    clock.advance(DAY_S)
    assert (await spool.sweep()).deliveries == 1
    spool.close()


async def test_a_note_that_cannot_be_read_is_none(tmp_path: Path, clock: FixedClock) -> None:
    from bridge.spool.belief import _WRITE, KEY

    spool = Spool.open(settings(tmp_path / "spool"), clock=clock)
    for stored in ("", "[1]", '{"a":1}', '["x",null]'):
        await spool._writer.submit(
            lambda connection, value=stored: _WRITE.run(connection, key=KEY, value=value)
        )
        spool._writer.call(spool._belief.load)
        assert spool.cautious_now() == clock.now()
    spool.close()
