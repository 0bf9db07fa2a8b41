"""Opening a spool: made, migrated, recovered, refused; and the room in it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from support.spools import FailingStorage, put, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.errors import SpoolBrokenError, SpoolFullError, SpoolVersionError
from bridge.model import ThreadClue
from bridge.spool import Spool, engine, migrate

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


# -- opening ---------------------------------------------------------------------------------------


def test_a_second_daemon_is_refused_with_cause_and_fix(folder: Path, clock: FixedClock) -> None:
    first = Spool.open(settings(folder), clock=clock)
    with pytest.raises(SpoolBrokenError, match=r"another bridge runs on it; stop that one") as refused:
        Spool.open(settings(folder), clock=clock)
    assert "\n" not in str(refused.value)
    first.close()
    Spool.open(settings(folder), clock=clock).close()


def test_the_tools_open_a_spool_beside_its_daemon(folder: Path, clock: FixedClock) -> None:
    daemon = Spool.open(settings(folder), clock=clock)
    tool = Spool.open(settings(folder), clock=clock, exclusive=False)
    assert tool.counts() == daemon.counts()
    tool.close()
    daemon.close()


async def test_what_a_tool_puts_and_changes_the_daemon_sees(folder: Path, clock: FixedClock) -> None:
    daemon = Spool.open(settings(folder), clock=clock)
    tool = Spool.open(settings(folder), clock=clock, exclusive=False)
    item, _ = await put_and_place(daemon, clock)
    tool.operator.hold(item.id, "wait")
    assert await daemon.claim(1) == ()
    tool.operator.retry(item.id)
    assert [claimed.id for claimed in await daemon.claim(1)] == [item.id]
    mail_id = await put(tool, clock)
    assert [unsorted.id for unsorted in await daemon.unsorted(5)] == [mail_id]
    tool.close()
    daemon.close()


def test_the_database_is_kept_as_a_queue_must_be(folder: Path, clock: FixedClock) -> None:
    spool = Spool.open(settings(folder), clock=clock)
    with spool._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "auto_vacuum")
        }
    spool.close()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": int(engine.BUSY_TIMEOUT_S * 1_000),
        "auto_vacuum": 2,
    }


def test_a_newer_spool_is_refused_untouched(folder: Path, clock: FixedClock) -> None:
    Spool.open(settings(folder), clock=clock).close()
    with sqlite3.connect(folder / "spool.db") as database:
        database.execute("UPDATE meta SET value = '99'")
    database.close()
    with pytest.raises(SpoolVersionError, match=r"version 99.*install that release again"):
        Spool.open(settings(folder), clock=clock)
    with pytest.raises(SpoolVersionError):
        Spool.open(settings(folder), clock=clock)  # the lock was let go


def test_an_older_spool_is_brought_up_step_by_step(folder: Path, clock: FixedClock) -> None:
    Spool.open(settings(folder), clock=clock).close()

    def add(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE mails ADD COLUMN colour TEXT"))

    def fill(connection: Connection) -> None:
        connection.execute(text("UPDATE mails SET colour = 'red'"))

    database = engine.create(folder / "spool.db")
    with database.connect() as connection, connection.begin():
        latest = len(migrate.STEPS) + 1
        steps = (*migrate.STEPS, add, fill)
        migrate.to_latest(connection, folder, steps)
        migrate.to_latest(connection, folder, steps)  # a second time changes nothing
        assert connection.execute(text("SELECT value FROM meta")).scalar() == str(latest + 2)
        connection.execute(text("SELECT colour FROM mails"))
        with pytest.raises(SpoolVersionError):
            migrate.to_latest(connection, folder, migrate.STEPS)
    database.dispose()


def test_a_spool_of_the_first_version_learns_to_remember_what_was_said(
    folder: Path, clock: FixedClock
) -> None:
    Spool.open(settings(folder), clock=clock).close()
    with sqlite3.connect(folder / "spool.db") as database:
        database.execute("DROP TABLE said")
        database.execute("UPDATE meta SET value = '1'")
    database.close()
    Spool.open(settings(folder), clock=clock).close()
    with sqlite3.connect(folder / "spool.db") as database:
        assert database.execute("SELECT count(*) FROM said").fetchone() == (0,)
    database.close()


def test_a_file_that_is_no_database_is_refused(folder: Path, clock: FixedClock) -> None:
    folder.mkdir(mode=0o700)
    (folder / "spool.db").write_bytes(b"what is this? " * 1_000)
    with pytest.raises(SpoolBrokenError, match="not a database"):
        Spool.open(settings(folder), clock=clock)


def test_a_damaged_database_is_refused(folder: Path, clock: FixedClock) -> None:
    Spool.open(settings(folder), clock=clock).close()
    with (folder / "spool.db").open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(3_996))
    with pytest.raises(SpoolBrokenError, match="damaged"):
        Spool.open(settings(folder), clock=clock)


@pytest.mark.parametrize("change", ["UPDATE meta SET value = 'x'", "DELETE FROM meta"])
def test_a_database_that_does_not_say_its_version_is_refused(
    folder: Path, clock: FixedClock, change: str
) -> None:
    Spool.open(settings(folder), clock=clock).close()
    with sqlite3.connect(folder / "spool.db") as database:
        database.execute(change)
    database.close()
    with pytest.raises(SpoolBrokenError, match="does not say its version"):
        Spool.open(settings(folder), clock=clock)


def test_a_folder_that_cannot_be_made_is_refused(folder: Path, clock: FixedClock) -> None:
    storage = FailingStorage()
    storage.fail("make_folder", errno.EACCES)
    with pytest.raises(SpoolBrokenError, match="must be able to write there"):
        Spool.open(settings(folder), clock=clock, storage=storage)


def test_a_file_in_the_way_of_the_folder_is_refused(folder: Path, clock: FixedClock) -> None:
    folder.write_text("in the way")
    with pytest.raises(SpoolBrokenError, match="a file stands where a folder should be"):
        Spool.open(settings(folder), clock=clock)


# -- recovering ------------------------------------------------------------------------------------


async def test_claims_of_a_dead_daemon_are_taken_up_with_their_strikes(
    folder: Path, clock: FixedClock
) -> None:
    spool = Spool.open(settings(folder), clock=clock)
    head, _ = await put_and_place(spool, clock, sorting(message_id="<a>"))
    await put_and_place(spool, clock, sorting(ThreadClue(("<a>",), "References")))
    await spool.claim(1)
    spool.close()

    spool = Spool.open(settings(folder), clock=clock)
    assert {state: count for state, count in spool.counts().items() if count} == {"ready": 1, "behind": 1}
    (again,) = await spool.claim(5)
    assert (again.seq, again.strikes, again.attempts) == (head.seq, 2, 0)
    assert [event.event for event in spool.operator.trace(head.id)[0].events] == [
        "sorted",
        "claimed",
        "recovered",
        "claimed",
    ]
    spool.close()


async def test_a_tool_beside_the_daemon_recovers_nothing(folder: Path, clock: FixedClock) -> None:
    daemon = Spool.open(settings(folder), clock=clock)
    await put_and_place(daemon, clock)
    await daemon.claim(1)
    Spool.open(settings(folder), clock=clock, exclusive=False).close()
    assert daemon.counts()["busy"] == 1
    daemon.close()


async def test_a_retry_written_under_a_clock_far_ahead_is_due_after_a_restart(
    folder: Path, clock: FixedClock
) -> None:
    clock.at += timedelta(days=800)
    spool = Spool.open(settings(folder), clock=clock)
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.defer(item.seq, clock.now() + timedelta(minutes=5), "later")
    spool.close()
    clock.at -= timedelta(days=800)
    spool = Spool.open(settings(folder), clock=clock)
    assert [claimed.seq for claimed in await spool.claim(1)] == [item.seq]
    spool.close()


async def test_a_retry_not_yet_due_stays_so_over_a_restart(folder: Path, clock: FixedClock) -> None:
    spool = Spool.open(settings(folder), clock=clock)
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.defer(item.seq, clock.now() + timedelta(minutes=5), "later")
    spool.close()
    clock.advance(200)
    spool = Spool.open(settings(folder), clock=clock)
    assert await spool.claim(1) == ()
    clock.advance(100)
    assert [claimed.seq for claimed in await spool.claim(1)] == [item.seq]
    spool.close()


# -- room ------------------------------------------------------------------------------------------


@pytest.fixture
def storage() -> FailingStorage:
    return FailingStorage()


@pytest.fixture
def spool(folder: Path, clock: FixedClock, storage: FailingStorage) -> Iterator[Spool]:
    limits = settings(folder, min_free_bytes=1_000, max_waiting=3, max_oldest_days=2)
    opened = Spool.open(limits, clock=clock, storage=storage)
    yield opened
    opened.close()


def test_the_reserve_of_free_space_is_not_touched(spool: Spool, storage: FailingStorage) -> None:
    storage.free = 5_000
    spool.room(3_000)
    with pytest.raises(SpoolFullError, match=r"spool\.min_free_bytes"):
        spool.room(1_500)  # the first is not written yet, but promised
    spool.room(1_000)


def test_the_disk_is_looked_at_once_a_second(
    spool: Spool, clock: FixedClock, storage: FailingStorage
) -> None:
    spool.room(1)
    storage.free = 0
    spool.room(1)
    assert storage.calls["free_bytes"] == 1
    clock.advance(1)
    with pytest.raises(SpoolFullError):
        spool.room(1)


async def test_a_queue_at_its_limit_takes_no_more(spool: Spool, clock: FixedClock) -> None:
    for _ in range(3):
        spool.room(1)
        await put(spool, clock)
    with pytest.raises(SpoolFullError, match=r"spool\.max_waiting"):
        spool.room(1)
    (item, *_) = await spool.unsorted(3)
    await spool.settle(item.seq, "dead", "no")
    clock.advance(1)
    spool.room(1)


async def test_a_route_whose_oldest_waits_too_long_is_stuck_and_no_other(
    spool: Spool, clock: FixedClock
) -> None:
    item, _ = await put_and_place(spool, clock)
    clock.advance(2 * 86_400)
    assert not spool.stuck(item.route)
    clock.advance(1)
    assert spool.oldest_s() == 2 * 86_400 + 1
    assert spool.stuck(item.route)
    assert not spool.stuck("another")
    spool.room(1)
    await spool.settle(item.seq, "held", "too old")
    clock.advance(1)
    assert not spool.stuck(item.route)
    assert spool.oldest_s() == 0


async def test_every_limit_that_is_reached_is_told_and_none_that_is_not(
    spool: Spool, clock: FixedClock, storage: FailingStorage
) -> None:
    storage.free = 5_000
    item, _ = await put_and_place(spool, clock)
    assert spool.closed() == ()
    clock.advance(2 * 86_400 + 1)
    assert spool.closed() == (
        f'no mail is taken for route "{item.route}": some of it has waited for more than 2 days '
        "(`spool.max_oldest_days`)",
    )
    storage.free = 999
    clock.advance(1)
    (why,) = spool.closed()
    assert why.startswith("no mail is taken: ")
    assert "only 999 bytes free, 1000 are kept back (`spool.min_free_bytes`)" in why


async def test_an_old_mail_taken_up_again_does_not_close_the_door(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.settle(item.seq, "dead", "no")
    clock.advance(30 * 86_400)
    spool.operator.retry(item.id)
    spool.room(1)
    (claimed,) = await spool.claim(1)
    assert claimed.waiting_at == clock.now()


async def test_a_clock_that_jumps_ahead_does_not_close_the_door(spool: Spool, clock: FixedClock) -> None:
    await put(spool, clock)
    clock.at += timedelta(days=400)
    spool.room(1)


def test_a_disk_that_cannot_be_asked_is_broken(spool: Spool, storage: FailingStorage) -> None:
    storage.fail("free_bytes", errno.EIO)
    with pytest.raises(SpoolBrokenError):
        spool.room(1)
