"""However many mails wait, the hot queries walk an index: asked of SQLite's own planner."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from support.spools import put, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.model import KeyClue, SlugClue, ThreadClue, TokenClue
from bridge.spool import Spool

pytestmark = pytest.mark.anyio

#: Tables with a handful of rows, whatever happens; and how an empty list is spelled.
SMALL = ("SCAN brands", "SCAN ledger", "SCAN CONSTANT ROW", "SCAN (subquery-1)")


@pytest.fixture
def spool(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "spool"), clock=clock)
    yield opened
    opened.close()


class Watched:
    """Every statement the spool runs, with the plan SQLite makes of it."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        #: As SQLite ran them, with their values.
        self._said: set[str] = set()
        event.listen(spool._engine, "checkout", self._watch)
        spool._writer.call(lambda connection: self._watch(connection.connection.dbapi_connection))

    def _watch(self, connection: Any, *_: object) -> None:
        connection.set_trace_callback(self._said.add)

    @property
    def plans(self) -> dict[str, list[str]]:
        asked = [text for text in self._said if text.split(maxsplit=1)[0] in ("SELECT", "UPDATE", "DELETE")]
        with contextlib.closing(sqlite3.connect(self._spool._settings.folder / "spool.db")) as connection:
            return {
                text: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")] for text in asked
            }

    def slow(self) -> dict[str, list[str]]:
        """Statements that read a whole table, or sort what they found."""
        found = {}
        for statement, plan in self.plans.items():
            bad = [
                line
                for line in plan
                if (line.startswith("SCAN") and line not in SMALL) or "TEMP B-TREE" in line
            ]
            if bad:
                found[statement] = bad
        return found


async def test_taking_and_delivering_mail_reads_no_table_from_end_to_end(
    spool: Spool, clock: FixedClock
) -> None:
    watched = Watched(spool)
    clues = (
        SlugClue("s", "slug", always=False),
        TokenClue(1, "token"),
        ThreadClue(("<a>", "<b>"), "References"),
        KeyClue("k", "key", window_s=60.0),
    )
    for _ in range(3):
        spool.room(1)
        item, _placed = await put_and_place(
            spool, clock, sorting(*clues, message_id="<m>", duplicate_key=clock.now().isoformat())
        )
        clock.advance(5)
    await spool.claim(5)
    await spool.record(item.seq, plan="{}", steps=[("create", "k")], begun=0)
    await spool.record(item.seq, finished=(0, "{}"))
    await spool.set_slug(1, "s")
    await spool.defer(item.seq, clock.now(), "later")
    await spool.claim(5)
    await spool.settle(item.seq, "delivered")
    await spool.give_back([item.seq])
    assert len(watched.plans) > 20
    assert watched.slow() == {}


async def test_looking_up_a_mail_reads_no_table_from_end_to_end(spool: Spool, clock: FixedClock) -> None:
    mail_id = await put(spool, clock)
    watched = Watched(spool)
    spool.operator.show(mail_id)
    spool.operator.trace(mail_id)
    spool.operator.raw(mail_id)
    spool.operator.hold(mail_id, "")
    spool.operator.retry(mail_id)
    # The few deliveries of one mail may be sorted.
    slow = {key: plan for key, plan in watched.slow().items() if plan != ["USE TEMP B-TREE FOR ORDER BY"]}
    assert slow == {}


async def test_the_planner_is_asked_about_every_statement(spool: Spool) -> None:
    watched = Watched(spool)
    with spool._engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM deliveries WHERE summary = 'x'")
    assert len(watched.slow()) == 1


async def test_the_broom_reads_no_table_of_mail_from_end_to_end(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock, sorting(message_id="<a>"))
    await spool.settle(item.seq, "delivered")
    clock.advance(4_000 * 86_400)
    watched = Watched(spool)
    assert (await spool.sweep()).deliveries == 1
    # Two ranges of one index are read in turn, which needs a sort of one portion at most.
    slow = {
        key: plan for key, plan in watched.slow().items() if any(line.startswith("SCAN") for line in plan)
    }
    assert slow == {}
