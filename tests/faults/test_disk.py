"""A disk that is full, slow to give its lock, read-only, failing or damaged: the peer keeps its mail, what was taken waits, and
when the disk is well again everything goes on, exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import smtplib
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import ports, rig, simulator, verdict
from support.marked import Letter, letter
from support.process import ROOT, Process
from support.spools import FailingStorage, envelope

from bridge.clock import SystemClock
from bridge.delivery import loop
from bridge.errors import SpoolBrokenError
from bridge.model import Sorting, Target
from bridge.spool import Placed, engine, spool

pytestmark = pytest.mark.anyio

RESERVE_BYTES = 1024 * 1024
TARGETS = (Target("support", "acme", ("support@example.com",)),)


def small(thread: str, number: int = 0) -> Letter:
    """A letter that lives in a row of the database."""
    return letter(thread, number)


def large(thread: str, number: int = 0) -> Letter:
    """A letter that lives in a file."""
    return letter(thread, number, files=(os.urandom(300_000),))


# -- a storage that fails at one operation ----------------------------------------------------------


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def storage() -> Iterator[FailingStorage]:
    failing = FailingStorage()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "Storage", lambda: failing)
        patch.setattr(loop, "SPOOL_REST_S", 0.05)
        patch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
        yield failing


@pytest.fixture(scope="module")
async def running(
    storage: FailingStorage, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[rig.Rig]:
    with rig.polling():
        async with rig.running(tmp_path_factory.mktemp("rig"), change=with_reserve) as bridge:
            yield bridge


@pytest.fixture
def bridge(running: rig.Rig, storage: FailingStorage) -> rig.Rig:
    """One bridge for all tests of this storage, with room again."""
    running.sandbox.faults.clear()
    _has_free(running, storage, 1 << 40)
    return running


def _has_free(bridge: rig.Rig, storage: FailingStorage, free: int) -> None:
    storage.free = free
    assert bridge.daemon._spool is not None
    bridge.daemon._spool._room._looked_at_s = None  # it looks once a second


def with_reserve(data: dict[str, Any]) -> None:
    rig.impatient(data)
    data["spool"]["min_free_bytes"] = RESERVE_BYTES


@pytest.mark.parametrize(
    ("operation", "number", "answer"),
    [
        ("create", errno.EROFS, b"4.3.0"),
        ("create", errno.ENOSPC, b"4.3.1"),
        ("write", errno.ENOSPC, b"4.3.1"),
        ("write", errno.EDQUOT, b"4.3.1"),
        ("write", errno.EIO, b"4.3.0"),
        ("fsync", errno.EIO, b"4.3.0"),
        ("fsync", errno.ENOSPC, b"4.3.1"),
        ("rename", errno.EROFS, b"4.3.0"),
        ("make_folder", errno.ENOSPC, b"4.3.1"),
        ("fsync_folder", errno.EIO, b"4.3.0"),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else errno.errorcode.get(value) if isinstance(value, int) else ""
    ),
)
async def test_a_file_operation_that_fails_leaves_the_mail_with_its_peer(
    operation: str, number: int, answer: bytes, bridge: rig.Rig, storage: FailingStorage
) -> None:
    one = large(f"{operation}{number}")
    before = len(bridge.sandbox.posted), bridge.daemon.snapshot().ledger["accepted"]
    storage.fail(operation, number)
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        await bridge.send(one.content)
    assert refused.value.smtp_code == (452 if answer == b"4.3.1" else 451)
    assert refused.value.smtp_error.startswith(answer)
    assert bridge.daemon.snapshot().ledger["accepted"] == before[1]
    # The peer offers it again, as mail servers do.
    await bridge.send(one.content)
    await bridge.settled()
    assert verdict.judge([one], verdict.in_sandbox(bridge.sandbox)[before[0] :]).faults == ()
    assert bridge.daemon.snapshot().ledger["accepted"] == before[1] + 1


async def test_below_the_reserve_mail_is_refused_and_what_was_taken_is_delivered(
    bridge: rig.Rig, storage: FailingStorage
) -> None:
    bridge.sandbox.faults.always("503")
    await bridge.send((first := small("first")).content)
    _has_free(bridge, storage, RESERVE_BYTES - 1)
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        await bridge.send(small("second").content)
    assert (refused.value.smtp_code, refused.value.smtp_error[:5]) == (452, b"4.3.1")
    bridge.sandbox.faults.clear()
    await bridge.idle()
    assert sum(first.mark in body for body in bridge.said()) == 1


async def test_files_are_not_decoded_into_what_is_kept_back_and_their_mail_waits(bridge: rig.Rig) -> None:
    assert bridge.daemon._loop is not None
    parts = bridge.daemon._loop._parts
    config = parts.config
    reserve = config.spool.model_copy(update={"min_free_bytes": 1 << 60})
    before = len(bridge.sandbox.posted)
    # The intake's own reserve is that of the start.
    object.__setattr__(parts, "config", config.model_copy(update={"spool": reserve}))
    try:
        waiting = await bridge.send((one := large("reserve")).content)
        await bridge.until(lambda: "min_free_bytes" in bridge.daemon.trace(waiting)[0].summary.reason)
        assert bridge.state(waiting) in {"ready", "busy"}
        # What needs no room goes on.
        await bridge.send((other := letter("roomless", 0)).content)
        await bridge.until(lambda: any(other.mark in body for body in bridge.said()))
    finally:
        object.__setattr__(parts, "config", config)
    await bridge.settled()
    assert verdict.judge([one, other], verdict.in_sandbox(bridge.sandbox)[before:]).faults == ()


# -- a database that is held by another process -----------------------------------------------------


async def test_while_another_process_holds_the_database_mail_is_451_and_deliveries_pause(
    bridge: rig.Rig,
) -> None:
    before = len(bridge.sandbox.posted), bridge.daemon.snapshot().ledger["delivered"]
    letters = [small(f"locked{number}") for number in range(4)]
    # Under way when the lock comes: the answers of Re:amaze cannot be written down.
    bridge.sandbox.faults.script(*["slow:0.2"] * 4, on="POST")
    for one in letters:
        await bridge.send(one.content, reverse_path=one.author)
    await bridge.until(lambda: bridge.sandbox.faults.left < 4)
    other = sqlite3.connect(bridge.daemon.config.spool.folder / "spool.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            await bridge.send((late := small("late")).content)
        assert (refused.value.smtp_code, refused.value.smtp_error[:5]) == (451, b"4.3.0")
        await asyncio.sleep(0.6)
        assert bridge.daemon.snapshot().ledger["delivered"] == before[1]
        other.execute("ROLLBACK")
    finally:
        other.close()
    await bridge.send(late.content)
    await bridge.settled()
    assert verdict.judge([*letters, late], verdict.in_sandbox(bridge.sandbox)[before[0] :]).faults == ()
    assert bridge.sandbox.doubles() == ()
    assert bridge.daemon.snapshot().ledger["dead"] == 0
    assert bridge.daemon.snapshot().ledger["delivered"] == before[1] + 5


async def test_what_is_under_way_is_not_given_back_when_the_rest_of_its_batch_could_not_be_sorted(
    bridge: rig.Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(bridge.sandbox.posted)
    kept = bridge.daemon._spool
    assert kept is not None
    place = kept.place

    async def fail_once_and_late(seq: int, sorting: Sorting, **rules: Any) -> Placed:
        if "batch2" in sorting.subject:
            monkeypatch.setattr(kept, "place", place)
            await asyncio.sleep(0.2)
            raise SpoolBrokenError("the disk")
        return await place(seq, sorting, **rules)

    monkeypatch.setattr(kept, "place", fail_once_and_late)
    letters = [small(f"batch{number}") for number in range(5)]
    # All are sorted in one turn, and the others are on their way when it fails.
    bridge.sandbox.faults.script(*["slow:0.2"] * 4, on="POST")
    ids = [kept.new_id() for _ in letters]
    arrived = envelope(SystemClock().now())
    await asyncio.gather(
        *(kept.put(mail_id, arrived, one.content, TARGETS) for mail_id, one in zip(ids, letters, strict=True))
    )
    await bridge.settled()
    assert verdict.judge(letters, verdict.in_sandbox(bridge.sandbox)[before:]).faults == ()
    lives = [[event.event for event in bridge.daemon.trace(mail_id)[0].events] for mail_id in ids]
    assert ["given back" in life for life in lives] == [False, False, True, False, False]


# -- a real file system that is really full ---------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> tuple[str, ...]:
    """A command that runs another with a small file system of its own at `tmp_path / "disk"`; the test's own stays as it is."""
    (tmp_path / "disk").mkdir()
    mount = f'mount -t tmpfs -o size=16m none {tmp_path / "disk"} && exec "$@"'
    for rights in ((), ("--user", "--map-root-user")):
        command = ("unshare", "--mount", *rights, "sh", "-c", mount, "sh")
        try:
            done = subprocess.run([*command, "true"], capture_output=True, timeout=20, check=False)
        except FileNotFoundError:
            break
        if done.returncode == 0:
            return command
    pytest.skip("no file system can be mounted here, not even one of our own")


async def test_a_full_disk_pauses_everything_and_loses_nothing(tmp_path: Path, disk: tuple[str, ...]) -> None:
    taken: list[Letter] = []
    async with simulator.on_port() as stand_in:
        data = _on_disk(tmp_path, stand_in.base_url)
        process = Process(tmp_path, data, within=disk)
        try:
            assert await process.start()
            stand_in.sandbox.faults.always("503")
            for number in range(8):
                await _offer(process, (large, small)[number % 2](f"before{number}"), taken)
            assert len(taken) == 8
            filler = _fill(Path(f"/proc/{process.pid}/root{tmp_path}/disk"))
            answers = [await _offer(process, large(f"full{number}"), taken) for number in range(3)]
            assert answers == [452] * 3
            stand_in.sandbox.faults.clear()
            # A small one may find room within what the database has already: then it is taken, and counts.
            answers = [await _offer(process, small(f"full{number}"), taken) for number in range(8)]
            assert set(answers) <= {250, 452}
            await asyncio.sleep(1.0)
            assert process.alive
            filler.unlink()
            await _offer(process, large("after"), taken)
            await _delivered(process, data["operate"]["listen"], len(taken))
            await stand_in.sandbox.idle()
            assert verdict.judge(taken, verdict.in_sandbox(stand_in.sandbox)).faults == ()
            assert taken[-1].thread == "after"
        finally:
            process.kill()


async def _offer(process: Process, one: Letter, taken: list[Letter]) -> int:
    """The code it was answered with; what was taken is added."""
    try:
        await asyncio.to_thread(process.send, one)
    except smtplib.SMTPResponseException as refused:
        return refused.smtp_code
    taken.append(one)
    return 250


def _on_disk(folder: Path, base_url: str) -> dict[str, Any]:
    data = rig.settings(folder, base_url)
    rig.impatient(data)
    data["smtp"]["listeners"][0]["listen"] = f"127.0.0.1:{ports.free()}"
    data["operate"]["listen"] = f"127.0.0.1:{ports.free()}"
    data["spool"]["folder"] = folder / "disk" / "spool"
    return data


def _fill(folder: Path) -> Path:
    """Take the last byte there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (64 * 1024, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    return filler


async def _delivered(process: Process, operate: str, count: int) -> None:
    def delivered() -> int:
        try:
            with urllib.request.urlopen(f"http://{operate}/metrics", timeout=10) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:  # it cannot be read while the disk is full
            return 0
        return int(float(next(line for line in lines if 'what="delivered"' in line).split()[-1]))

    async with asyncio.timeout(40):
        while await asyncio.to_thread(delivered) < count:
            assert process.alive, process.log.read_text()
            await asyncio.sleep(0.1)


# -- a database that is damaged when the bridge starts ----------------------------------------------


@pytest.fixture(params=["damaged", "not a database"])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o700)
    file = folder / "spool.db"
    if request.param == "damaged":
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as made:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
            made.executemany("INSERT INTO meta VALUES (?, ?)", [(str(n), "x" * 900) for n in range(40)])
        content = bytearray(file.read_bytes())
        content[4096:] = os.urandom(len(content) - 4096)
        file.write_bytes(content)
    else:
        file.write_bytes(b"This was something else once.\n" * 400)
    return file


def test_a_damaged_database_is_refused_at_the_start_and_left_as_it_is(broken: Path, tmp_path: Path) -> None:
    before = broken.read_bytes()
    data = rig.settings(tmp_path, "http://127.0.0.1:1/api/v1")
    (tmp_path / "config.yaml").write_text(json.dumps(data, default=str))
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "run", "-c", str(tmp_path / "config.yaml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert line.startswith(f"reamaze-bridge: spool {tmp_path / 'spool'}: ")
    assert "damaged" in line or "not a database" in line
    assert broken.read_bytes() == before
