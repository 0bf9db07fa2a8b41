"""The writer: many operations, one commit, and one bad operation fails alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection, text
from support.spools import CONTENT, TARGET, envelope, put, settings

from bridge import faults
from bridge.clock import FixedClock
from bridge.errors import SpoolBrokenError, SpoolFullError
from bridge.spool import Spool
from bridge.spool.writer import BATCH, MAX_LINGER_S, OPERATIONS

pytestmark = pytest.mark.anyio


@pytest.fixture
def spool(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "spool"), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def points() -> Iterator[list[str]]:
    reached: list[str] = []
    faults.install(reached.append)
    yield reached
    faults.install(None)


class Gate:
    """Keeps the writer busy, so that what is submitted meanwhile makes one batch."""

    def __init__(self, spool: Spool) -> None:
        self._open = threading.Event()
        self._shut = threading.Event()
        self._held = spool._writer.submit(self._hold)

    def _hold(self, _: Connection) -> None:
        self._shut.set()
        self._open.wait(10)

    async def shut(self) -> None:
        """Return when the writer has begun to wait."""
        await asyncio.to_thread(self._shut.wait, 10)

    async def open(self) -> None:
        self._open.set()
        await self._held


async def test_puts_that_come_together_share_a_commit(
    spool: Spool, clock: FixedClock, points: list[str]
) -> None:
    gate = Gate(spool)
    puts = [asyncio.create_task(put(spool, clock)) for _ in range(20)]
    await asyncio.sleep(0)
    await gate.open()
    await asyncio.gather(*puts)
    assert points.count("spool.after-commit") <= 3  # the gate's own, and the twenty in one or two
    assert spool.counts()["new"] == 20


async def test_a_batch_has_a_limit(spool: Spool, clock: FixedClock, points: list[str]) -> None:
    gate = Gate(spool)
    await gate.shut()
    puts = [asyncio.create_task(put(spool, clock)) for _ in range(2 * BATCH)]
    await asyncio.sleep(0)
    await gate.open()
    await asyncio.gather(*puts)
    assert points.count("spool.after-commit") == 3


async def test_a_put_waits_for_no_more_than_a_few_operations_that_came_before_it(
    spool: Spool, clock: FixedClock
) -> None:
    gate = Gate(spool)
    await gate.shut()
    stored: list[int] = []

    def count(connection: Connection) -> None:
        stored.append(connection.execute(text("SELECT count(*) FROM mails")).scalar_one())

    operations = [spool._writer.submit(count) for _ in range(5 * OPERATIONS)]
    mail = asyncio.create_task(put(spool, clock))
    await asyncio.sleep(0)
    await gate.open()
    await asyncio.gather(mail, *operations)
    assert stored.count(0) <= OPERATIONS
    assert stored == sorted(stored)


async def test_operations_go_on_while_one_put_follows_the_other(spool: Spool, clock: FixedClock) -> None:
    gate = Gate(spool)
    await gate.shut()
    puts = [asyncio.create_task(put(spool, clock)) for _ in range(3 * BATCH)]
    await asyncio.sleep(0)
    operation = spool._writer.submit(lambda _: sum(one.done() for one in puts))
    await gate.open()
    assert await operation == 0
    await asyncio.gather(*puts)


async def test_seqs_follow_the_order_of_puts(spool: Spool, clock: FixedClock) -> None:
    ids = [spool.new_id() for _ in range(50)]
    await asyncio.gather(*(spool.put(id_, envelope(clock.now()), CONTENT, [TARGET]) for id_ in ids))
    assert [item.id for item in await spool.unsorted(50)] == ids


async def test_one_bad_put_of_a_batch_fails_alone(spool: Spool, clock: FixedClock) -> None:
    taken = await put(spool, clock)
    gate = Gate(spool)
    ids = [spool.new_id(), taken, spool.new_id()]
    puts = [asyncio.create_task(spool.put(id_, envelope(clock.now()), CONTENT, [TARGET])) for id_ in ids]
    await asyncio.sleep(0)
    await gate.open()
    results = await asyncio.gather(*puts, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), SpoolBrokenError, type(None)]
    assert spool.ledger()["accepted"] == spool.counts()["new"] == 3


async def test_a_failed_operation_leaves_nothing_of_what_it_did(spool: Spool) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("UPDATE ledger SET count = 99"))
        raise LookupError("changed its mind")

    gate = Gate(spool)
    failing = spool._writer.submit(half)
    fine = spool._writer.submit(lambda connection: connection.execute(text("SELECT 7")).scalar())
    await gate.open()
    with pytest.raises(LookupError, match="changed its mind"):
        await failing
    assert await fine == 7
    assert spool.ledger()["accepted"] == 0


async def test_a_loop_is_woken_once_a_batch(
    spool: Spool, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, calls = asyncio.get_running_loop(), []
    original = loop.call_soon_threadsafe

    def counting(*arguments: object, **context: object) -> object:
        calls.append(arguments)
        return original(*arguments, **context)  # type: ignore[arg-type]  # passed on as they came

    gate = Gate(spool)
    puts = [asyncio.create_task(put(spool, clock)) for _ in range(30)]
    await asyncio.sleep(0)
    monkeypatch.setattr(loop, "call_soon_threadsafe", counting)
    await gate.open()
    await asyncio.gather(*puts)
    assert len(calls) <= 3


async def test_a_full_disk_is_told_from_a_broken_one(spool: Spool, clock: FixedClock) -> None:
    def limit(connection: Connection) -> None:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))

    spool._writer.call(limit)
    with pytest.raises(SpoolFullError, match="no space left"):
        await put(spool, clock, b"x" * 100_000)
    assert spool.counts()["new"] == 0
    spool._writer.call(lambda connection: connection.execute(text("PRAGMA max_page_count = 1000000")).close())
    await put(spool, clock, b"x" * 100_000)
    assert spool.audit() == {}


async def test_a_database_that_cannot_be_written_is_broken(spool: Spool, clock: FixedClock) -> None:
    spool._writer.call(lambda connection: connection.execute(text("PRAGMA query_only = ON")).close())
    with pytest.raises(SpoolBrokenError, match="cannot be written"):
        await put(spool, clock)


async def test_a_locked_database_fails_the_batch_and_heals(
    spool: Spool, clock: FixedClock, tmp_path: Path
) -> None:
    await put(spool, clock)
    spool._writer.call(lambda connection: connection.execute(text("PRAGMA busy_timeout = 1")).close())
    with spool._engine.connect() as other:
        other.exec_driver_sql("COMMIT")  # the read transaction that connecting began
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(SpoolBrokenError, match="another process holds the database"):
            await put(spool, clock)
        other.exec_driver_sql("ROLLBACK")
        other.exec_driver_sql("BEGIN")
    await put(spool, clock)
    assert spool.counts()["new"] == 2


def test_closing_commits_what_was_queued(tmp_path: Path, clock: FixedClock) -> None:
    async def submit_and_leave() -> None:
        spool = Spool.open(settings(tmp_path), clock=clock)
        puts = [asyncio.ensure_future(put(spool, clock)) for _ in range(5)]
        await asyncio.sleep(0)
        spool.close()
        spool.close()
        await asyncio.gather(*puts)

    asyncio.run(submit_and_leave())
    again = Spool.open(settings(tmp_path), clock=clock)
    assert again.counts()["new"] == 5
    again.close()


def test_an_answer_for_a_loop_that_is_gone_harms_nobody(tmp_path: Path, clock: FixedClock) -> None:
    spool = Spool.open(settings(tmp_path), clock=clock)
    hold = threading.Event()

    async def submit_and_leave() -> None:
        spool._writer.submit(lambda _: hold.wait(10))

    asyncio.run(submit_and_leave())
    hold.set()
    spool.put_now(spool.new_id(), envelope(clock.now()), CONTENT, [TARGET])
    assert spool.counts()["new"] == 1
    spool.close()


async def test_the_writer_outlives_what_nobody_thought_of(
    spool: Spool, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    with monkeypatch.context() as patch:
        patch.setattr(spool._writer._puts, "prepare", broken)
        with pytest.raises(RuntimeError, match="nobody"):
            await put(spool, clock)
    await put(spool, clock)
    assert spool.counts()["new"] == 1


class Ticking(FixedClock):
    """Between two looks at it passes one tick."""

    tick_s = 0.0

    def monotonic_s(self) -> float:
        self.elapsed_s += self.tick_s
        return self.elapsed_s


@pytest.mark.parametrize(("tick_s", "waits_s"), [(0.001, 0.0005), (60.0, MAX_LINGER_S)])
async def test_who_was_answered_together_is_waited_for_a_while(
    tick_s: float, waits_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Ticking()
    clock.tick_s = tick_s
    waited: list[float] = []
    monkeypatch.setattr("bridge.spool.writer.time", SimpleNamespace(sleep=waited.append))
    spool = Spool.open(settings(tmp_path / "spool"), clock=clock)
    gate = Gate(spool)
    await gate.shut()
    together = [spool._writer.submit(lambda _: None) for _ in range(4)]
    await gate.open()
    await asyncio.gather(*together)
    waited.clear()
    # One after the other from now on: fewer and fewer are waited for, and soon none.
    for _ in range(10):
        await spool._writer.submit(lambda _: None)
    spool.close()
    assert waited == [pytest.approx(waits_s)] * 3
