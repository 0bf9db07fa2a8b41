"""Workers: whatever a function does there, its caller gets a result or one kind of error."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support import forked, worker_jobs

from bridge.errors import StagingLaterError
from bridge.workers import NoWorkerError, WorkerError, Workers

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _busy_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests may leave a worker little of the computer."""
    monkeypatch.setattr("bridge.workers._BUSY_HOST", 200.0)


@asynccontextmanager
async def pool(*, processes: int = 1, time_limit_s: float) -> AsyncIterator[Workers]:
    forked.context()
    workers = Workers(processes=processes, time_limit_s=time_limit_s, memory_bytes=768 * 1024 * 1024)
    try:
        yield workers
    finally:
        await workers.close()


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    async with pool(time_limit_s=1.0) as workers:
        yield workers


async def test_a_result_comes_back(workers: Workers) -> None:
    assert await workers.run(worker_jobs.double, 21) == 42


async def test_a_runaway_is_killed_and_the_next_call_gets_a_new_worker(workers: Workers) -> None:
    before = await workers.run(worker_jobs.pid)
    with pytest.raises(WorkerError, match="took longer than 1 s of CPU time"):
        await workers.run(worker_jobs.for_ever)
    assert await workers.run(worker_jobs.pid) != before


async def test_what_only_waits_is_given_up_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.workers._BUSY_HOST", 0.1)
    async with pool(time_limit_s=1.0) as workers:
        with pytest.raises(WorkerError, match=r"took longer than 0\.1 s$"):
            await workers.run(worker_jobs.nap, 30.0)


async def test_each_call_has_its_own_time() -> None:
    async with pool(time_limit_s=0.5) as workers:
        pids = {await workers.run(worker_jobs.work, 0.2) for _ in range(6)}
    assert len(pids) == 1


async def test_long_calls_wait_for_each_other_and_no_other_call_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bridge.workers.QUICK_S", 0.1)
    async with pool(processes=2, time_limit_s=20.0) as workers:
        long = [asyncio.ensure_future(workers.run(worker_jobs.for_ever)) for _ in range(4)]
        async with asyncio.timeout(30):
            while workers.long < 4:
                await asyncio.sleep(0.01)
        assert await workers.run(worker_jobs.double, 21) == 42
        assert not any(call.done() for call in long)


async def test_a_long_call_has_its_result_unless_nobody_has_the_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bridge.workers.QUICK_S", 0.1)
    async with pool(time_limit_s=20.0) as workers:
        with pytest.raises(WorkerError, match=r"took longer than 0\.1 s of CPU time"):
            await workers.run(worker_jobs.work, 0.5, patiently=False)
        assert await workers.run(worker_jobs.work, 0.5)
    assert workers.long == 0


async def test_memory_beyond_the_limit_is_refused(workers: Workers) -> None:
    with pytest.raises(WorkerError, match="more memory"):
        await workers.run(worker_jobs.greedy)


async def test_a_worker_that_dies_is_replaced(workers: Workers) -> None:
    with pytest.raises(WorkerError, match="its process ended"):
        await workers.run(worker_jobs.die)
    assert await workers.run(worker_jobs.double, 1) == 2


async def test_an_idle_worker_that_is_killed_costs_nobody_anything(workers: Workers) -> None:
    idle = await workers.run(worker_jobs.pid)
    os.kill(idle, signal.SIGKILL)
    # The pool notices within a tenth of a second; before and after, work goes on.
    for number in range(20):
        await asyncio.sleep(0.02)
        assert await workers.run(worker_jobs.double, number) == 2 * number
    assert await workers.run(worker_jobs.pid) != idle


async def test_an_exception_is_named_by_its_class_and_quotes_nothing(workers: Workers) -> None:
    with pytest.raises(WorkerError) as caught:
        await workers.run(worker_jobs.fail)
    assert str(caught.value) == "raised ValueError"


async def test_a_worker_gives_way_to_who_waits_for_an_answer(workers: Workers) -> None:
    assert await workers.run(os.getpriority, os.PRIO_PROCESS, 0) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_the_event_loop_turns_while_a_worker_works(workers: Workers) -> None:
    working = asyncio.ensure_future(workers.run(worker_jobs.for_ever))
    turns = 0
    while not working.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert isinstance(working.exception(), WorkerError)
    assert turns > 5


async def test_trouble_with_the_disk_is_told_from_trouble_with_the_mail(workers: Workers) -> None:
    with pytest.raises(StagingLaterError, match="No space left") as caught:
        await workers.run(worker_jobs.full_disk)
    assert caught.value.retry_after_s is None


async def test_a_call_whose_process_was_killed_by_somebody_else_is_made_again(
    workers: Workers, tmp_path: Path
) -> None:
    assert await workers.run(worker_jobs.die_the_first_time, tmp_path / "mark") != os.getpid()


async def test_each_call_of_many_has_its_own_answer(workers: Workers) -> None:
    answers = await asyncio.gather(*(workers.run(worker_jobs.double, number) for number in range(50)))
    assert answers == [2 * number for number in range(50)]


async def test_megabytes_travel_both_ways(workers: Workers) -> None:
    content = os.urandom(3 * 1024 * 1024)
    assert await workers.run(worker_jobs.length, content) == len(content).to_bytes(8) + content


async def test_an_answer_that_cannot_travel_is_an_error_and_the_worker_goes_on(workers: Workers) -> None:
    before = await workers.run(worker_jobs.pid)
    with pytest.raises(WorkerError, match="raised"):
        await workers.run(worker_jobs.unpicklable)
    assert await workers.run(worker_jobs.pid) == before


async def test_what_nobody_waits_for_any_more_is_killed(workers: Workers) -> None:
    before = await workers.run(worker_jobs.pid)
    abandoned = asyncio.ensure_future(workers.run(worker_jobs.for_ever))
    await asyncio.sleep(0.05)
    abandoned.cancel()
    assert await workers.run(worker_jobs.pid) != before
    with pytest.raises(asyncio.CancelledError):
        await abandoned


async def test_no_more_calls_are_under_way_than_there_are_processes() -> None:
    async with pool(processes=2, time_limit_s=10.0) as workers:
        pids = await asyncio.gather(*(workers.run(worker_jobs.nap, 0.01) for _ in range(12)))
    assert len(set(pids)) <= 2


async def test_a_worker_is_replaced_before_a_leak_can_grow(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.workers._MOST_CALLS", 3)
    pids = [await workers.run(worker_jobs.pid) for _ in range(9)]
    assert [len(set(pids[at : at + 3])) for at in (0, 3, 6)] == [1, 1, 1]
    assert len(set(pids)) == 3


async def test_closing_ends_every_process_and_what_comes_later_is_told_so(workers: Workers) -> None:
    running = await workers.run(worker_jobs.pid)
    under_way = asyncio.ensure_future(workers.run(worker_jobs.for_ever))
    await asyncio.sleep(0.05)
    await workers.close()
    for call in (under_way, workers.run(worker_jobs.pid)):
        with pytest.raises(NoWorkerError, match="stopped"):
            await call
    async with asyncio.timeout(10):
        while Path(f"/proc/{running}").exists():
            await asyncio.sleep(0.01)


async def test_no_process_to_be_had_is_not_the_mails_fault(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("socket.socketpair", full)
    with pytest.raises(NoWorkerError, match="no worker can be started: OSError"):
        await workers.run(worker_jobs.pid)
    monkeypatch.undo()
    assert await workers.run(worker_jobs.double, 4) == 8


#: A daemon whose worker is busy, in short.
DAEMON = """
import asyncio, sys
from pathlib import Path
from support import worker_jobs
from bridge.workers import Workers

async def main():
    workers = Workers(processes=1, time_limit_s=600.0, memory_bytes=768 * 1024 * 1024)
    await workers.run(worker_jobs.tell_and_go_on, Path(sys.argv[1]))

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_a_worker_ends_with_a_daemon_that_is_killed_however_busy_it_is(tmp_path: Path) -> None:
    script, mark = tmp_path / "daemon.py", tmp_path / "worker"
    script.write_text(DAEMON)
    tests = Path(__file__).parents[1]
    daemon = subprocess.Popen(
        [sys.executable, str(script), str(mark)], env={"PYTHONPATH": f"{tests}:{tests.parent}"}
    )
    try:
        async with asyncio.timeout(60):
            while not mark.exists():
                assert daemon.poll() is None
                await asyncio.sleep(0.01)
            worker = int(mark.read_text())
            assert runs(worker)
            daemon.kill()
            while runs(worker):
                await asyncio.sleep(0.01)
    finally:
        daemon.kill()
        daemon.wait()
        if mark.exists() and runs(worker := int(mark.read_text())):
            os.kill(worker, signal.SIGKILL)


def runs(pid: int) -> bool:
    """Whether the process is there and more than a name in the kernel's list."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
