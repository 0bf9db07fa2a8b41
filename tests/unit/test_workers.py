"""Workers: whatever a function does there, its caller gets a result or one kind of error."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest
from support import forked, worker_jobs

from bridge.errors import StagingLaterError
from bridge.workers import WorkerError, Workers

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    forked.context()
    pool = Workers(processes=1, time_limit_s=1.0, memory_bytes=768 * 1024 * 1024)
    yield pool
    pool.close()


async def test_a_result_comes_back(workers: Workers) -> None:
    assert await workers.run(worker_jobs.double, 21) == 42


async def test_a_runaway_is_killed_and_the_next_call_gets_a_new_worker(workers: Workers) -> None:
    before = await workers.run(worker_jobs.pid)
    with pytest.raises(WorkerError, match="took longer than 1 s"):
        await workers.run(worker_jobs.for_ever)
    assert await workers.run(worker_jobs.pid) != before


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


async def test_the_event_loop_turns_while_a_worker_works(workers: Workers) -> None:
    working = asyncio.ensure_future(workers.run(worker_jobs.for_ever))
    turns = 0
    while not working.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert isinstance(working.exception(), WorkerError)
    assert turns > 20


async def test_trouble_with_the_disk_is_told_from_trouble_with_the_mail(workers: Workers) -> None:
    with pytest.raises(StagingLaterError, match="No space left") as caught:
        await workers.run(worker_jobs.full_disk)
    assert caught.value.retry_after_s is None
