"""Processes that die with a spool in their hands: nothing acknowledged is lost, and no repair is needed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from support import forked
from support.spool_child import LARGE, live_and_die, open_spool, put_until_killed
from support.spools import CONTENT, files_of, place, sorting

from bridge import faults
from bridge.spool import SETTLED, WAITING, Spool

ALL = (*WAITING, *SETTLED)
Run = Callable[..., None]


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return forked.context()


class Child:
    """A child process and the lines it says."""

    def __init__(
        self, context: ForkServerContext, folder: Path, run: Run, *arguments: object, **named: object
    ) -> None:
        reader, writer = context.Pipe(duplex=False)
        self.process = context.Process(target=_run, args=(run, folder, writer, *arguments), kwargs=named)
        self.process.start()
        writer.close()
        self.lines = os.fdopen(os.dup(reader.fileno()))
        reader.close()

    def hear(self, count: int) -> list[str]:
        return [line.strip() for _, line in zip(range(count), self.lines, strict=False)]

    def end(self) -> tuple[int | None, list[str]]:
        rest = [line.strip() for line in self.lines]
        self.lines.close()
        self.process.join(30)
        status = self.process.exitcode
        self.process.close()
        return status, rest

    def kill(self) -> list[str]:
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)
        return self.end()[1]


def _run(run: Run, folder: Path, writer: Connection, *arguments: object, **named: object) -> None:
    forked.leash()
    run(folder, writer.fileno(), *arguments, **named)


def ids(spool: Spool) -> list[str]:
    return [summary.id for summary in spool.operator.list(ALL, limit=100_000)]


def intact(spool: Spool) -> bool:
    """Every mail has the content it came with."""
    for summary in spool.operator.list(ALL, limit=100_000):
        raw = spool.operator.raw(summary.mail_id)
        content = raw.read_bytes() if isinstance(raw, Path) else raw
        if content not in (CONTENT, LARGE):
            return False
    return True


@pytest.mark.parametrize("heard", [1, 40, 300])
def test_a_kill_during_puts_loses_nothing_acknowledged(
    tmp_path: Path, context: ForkServerContext, heard: int
) -> None:
    child = Child(context, tmp_path / "spool", put_until_killed)
    acknowledged = child.hear(heard)
    acknowledged += child.kill()

    spool = open_spool(tmp_path / "spool")
    there = ids(spool)
    assert len(acknowledged) >= heard
    assert set(acknowledged) <= set(there)
    assert len(there) == len(set(there)) == spool.ledger()["accepted"]
    assert spool.audit() == {}
    assert intact(spool)
    assert set(files_of(tmp_path / "spool")) <= set(there)
    spool.close()


POINTS = [
    *(
        f"spool.{when}-{what}"
        for when in ("before", "after")
        for what in ("file-fsync", "rename", "folder-fsync")
    ),
    *(f"spool.{when}-commit:{number}" for when in ("before", "after") for number in range(1, 14)),
]


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_at_any_point_leaves_a_spool_that_goes_on(
    tmp_path: Path, context: ForkServerContext, point: str
) -> None:
    child = Child(context, tmp_path / "spool", live_and_die, point)
    status, said = child.end()
    assert status == faults.CRASH_STATUS
    acknowledged: dict[str, list[str]] = {}
    for line in said:
        what, _, mail_id = line.partition(" ")
        acknowledged.setdefault(what, []).append(mail_id)

    spool = open_spool(tmp_path / "spool")
    assert spool.audit() == {}
    assert intact(spool)
    states = {summary.id: summary.state for summary in spool.operator.list(ALL)}
    assert set(acknowledged.get("put", [])) <= states.keys()
    assert all(states[mail_id] != "new" for mail_id in acknowledged.get("placed", []))
    assert all(states[mail_id] == "delivered" for mail_id in acknowledged.get("delivered", []))
    assert "busy" not in states.values()
    assert list(states.values()).count("ready") <= 1
    for mail_id in acknowledged.get("claimed", []):
        (trace,) = spool.operator.trace(mail_id)
        assert [step.begun_at is not None for step in trace.steps] == [
            True
        ] or mail_id not in acknowledged.get("begun", [])
        assert all(step.finished_at for step in trace.steps) or mail_id not in acknowledged.get(
            "finished", []
        )
    large = [summary.id for summary in spool.operator.list(ALL) if summary.size_bytes == len(LARGE)]
    assert files_of(tmp_path / "spool") == large
    asyncio.run(finish(spool))
    assert spool.counts()["delivered"] == len(states)
    spool.close()


async def finish(spool: Spool) -> None:
    """Deliver whatever there is, as the next daemon would."""
    while items := await spool.unsorted(10):
        for item in items:
            await place(spool, item, sorting())
    while items := await spool.claim(10):
        for item in items:
            await spool.settle(item.seq, "delivered")


def test_strikes_outlive_the_process_and_suspects_are_handed_out_alone(
    tmp_path: Path, context: ForkServerContext
) -> None:
    for _ in range(2):
        Child(context, tmp_path / "spool", live_and_die, "spool.after-commit:3").end()
    spool = open_spool(tmp_path / "spool")

    async def strikes() -> list[list[int]]:
        return [[item.strikes for item in await spool.unsorted(10)] for _ in range(3)]

    assert asyncio.run(strikes()) == [[3], [2], [1, 1]]
    spool.close()


def test_two_processes_put_side_by_side(tmp_path: Path, context: ForkServerContext) -> None:
    folder = tmp_path / "spool"
    daemon = open_spool(folder)
    children = [Child(context, folder, put_until_killed, exclusive=False, count=60) for _ in range(2)]
    acknowledged: list[str] = []
    for child in children:
        status, lines = child.end()
        assert status == 0
        acknowledged += lines
    assert len(acknowledged) == 120
    assert sorted(acknowledged) == sorted(ids(daemon))
    assert daemon.audit() == {}
    assert intact(daemon)
    daemon.close()


def test_two_processes_open_a_new_spool_at_once(tmp_path: Path, context: ForkServerContext) -> None:
    folder = tmp_path / "spool"
    children = [Child(context, folder, put_until_killed, exclusive=False, count=1) for _ in range(4)]
    assert [child.end()[0] for child in children] == [0, 0, 0, 0]
    spool = open_spool(folder)
    assert spool.ledger()["accepted"] == 4
    spool.close()


def test_the_environment_can_name_the_point(tmp_path: Path) -> None:
    script = "from bridge.faults import point; point('a'); point('b'); print('once', flush=True); point('b'); print('twice')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, faults.VARIABLE: "b:2"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (faults.CRASH_STATUS, "once\n")
