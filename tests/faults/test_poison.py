"""Poison: a mail that kills whoever takes it up costs itself alone, not those that were under way beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.spools import put, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.spool import Item, Spool

pytestmark = pytest.mark.anyio

STRIKES = 3


class Lives:
    """A daemon as the spool sees it: it opens, takes mails up, and dies of one of them, again and again."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.clock = clock
        self._folder = folder
        self.spool = self._opened()
        self.deaths = 0

    def _opened(self) -> Spool:
        return Spool.open(settings(self._folder), clock=self.clock)

    def die(self) -> None:
        self.deaths += 1
        self.spool.close()
        self.spool = self._opened()


async def test_a_mail_that_kills_the_daemon_is_buried_and_no_other(tmp_path: Path, clock: FixedClock) -> None:
    lives = Lives(tmp_path, clock)
    placed = [
        await put_and_place(lives.spool, clock, sorting(message_id=f"<{number}@x>")) for number in range(8)
    ]
    killer = placed[5][0].id
    claimed: dict[str, Item] = {}
    while lives.spool.ledger()["waiting"] and lives.deaths < 20:
        claimed |= {item.id: item for item in await lives.spool.claim(4)}
        if killer in claimed and claimed[killer].strikes <= STRIKES:
            claimed.clear()
            lives.die()
            continue
        for item in claimed.values():
            await lives.spool.settle(item.seq, "dead" if item.strikes > STRIKES else "delivered")
        claimed.clear()
    assert [summary.id for summary in lives.spool.operator.list(("dead",))] == [killer]
    assert lives.spool.ledger()["delivered"] == 7
    assert lives.deaths == STRIKES
    lives.spool.close()


async def test_what_was_under_way_goes_on_one_at_a_time_and_fresh_mail_beside_it(
    tmp_path: Path, clock: FixedClock
) -> None:
    lives = Lives(tmp_path, clock)
    for number in range(6):
        await put_and_place(lives.spool, clock, sorting(message_id=f"<{number}@x>"))
    under_way = [item.seq for item in await lives.spool.claim(3)]
    lives.die()
    first = await lives.spool.claim(10)
    assert [item.seq in under_way for item in first] == [True, False, False, False]
    assert await lives.spool.claim(10) == ()
    await lives.spool.settle(first[0].seq, "delivered")
    assert [item.seq for item in await lives.spool.claim(10)] == under_way[1:2]
    lives.spool.close()


async def test_one_that_gets_on_is_no_longer_suspected(tmp_path: Path, clock: FixedClock) -> None:
    lives = Lives(tmp_path, clock)
    for number in range(2):
        await put_and_place(lives.spool, clock, sorting(message_id=f"<{number}@x>"))
    await lives.spool.claim(2)
    lives.die()
    (first,) = await lives.spool.claim(2)
    await lives.spool.record(first.seq, plan="{}", steps=[("post", "k")], begun=0)
    await lives.spool.record(first.seq, finished=(0, "{}"))
    assert len(await lives.spool.claim(2)) == 1
    lives.spool.close()


async def test_a_mail_that_kills_the_sorting_is_sorted_alone_from_then_on(
    tmp_path: Path, clock: FixedClock
) -> None:
    lives = Lives(tmp_path, clock)
    for _ in range(4):
        await put(lives.spool, clock)
    batch = await lives.spool.unsorted(3)
    assert len(batch) == 3
    lives.die()
    for item in batch:
        (alone,) = await lives.spool.unsorted(3)
        assert (alone.seq, alone.strikes) == (item.seq, 2)
        await lives.spool.settle(alone.seq, "held")
    (fresh,) = await lives.spool.unsorted(3)
    assert fresh.strikes == 1
    lives.spool.close()
