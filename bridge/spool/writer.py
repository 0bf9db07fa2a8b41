"""The one thread that writes: what waits is committed together, up to 64 puts and 8 operations in one transaction.

A flush to the disk costs the same for one put as for sixty-four, so the busier the spool, the cheaper each commit. If one
operation of a batch fails, the batch is rolled back and each runs alone: only the bad one fails. An operation must therefore have
no effect outside the database before its transaction has committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from bridge import faults
from bridge.clock import Clock
from bridge.errors import SpoolBrokenError, SpoolError
from bridge.spool import trouble
from bridge.spool.engine import WRITES
from bridge.spool.puts import Put, Puts

T = TypeVar("T")
Operation = Callable[[Connection], T]

BATCH = 64
#: Operations of one batch beside its puts, for somebody waits for a 250: thirty-two mails placed at once take 13 ms and more.
OPERATIONS = 8
#: A batch smaller than those before it waits for more, for this share of what the last commit took. Ten busy clients otherwise
#: fall into step, some commits for one or two of them: measured, 10 mails a commit instead of 4, a third of the CPU of a mail
#: taken in, and half as many again a second.
LINGER = 0.5
MAX_LINGER_S = 0.002


@dataclass(slots=True, eq=False)
class Job(Generic[T]):
    """One operation or one put, and who waits for it."""

    run: Operation[T] | None
    put: Put | None
    #: A callback is called in a later turn of the loop, with the error if there is one.
    waits: asyncio.Future[T] | Future[T] | Callable[[Exception | None], None]
    #: None for a caller that blocks its own thread.
    loop: asyncio.AbstractEventLoop | None
    #: Whether its commit may give others something to do.
    stirs: bool
    result: Any = None
    error: Exception | None = None

    def resolve(self) -> None:
        waits = self.waits
        if not isinstance(waits, asyncio.Future | Future):
            if self.loop is not None:
                self.loop.call_soon(waits, self.error)
        elif waits.done():  # its caller was cancelled
            return
        elif self.error is None:
            waits.set_result(self.result)
        else:
            waits.set_exception(self.error)


class _TransactionError(Exception):
    """The transaction itself failed, not one of its operations: no use in running them one by one."""

    def __init__(self, cause: SpoolError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Writer:
    """Runs puts in order of submission, and operations in theirs; a put waits for no more than one batch of operations."""

    def __init__(self, engine: Engine, folder: Path, puts: Puts, clock: Clock) -> None:
        self._clock = clock
        self._engine = engine
        self._folder = folder
        self._puts = puts
        #: What was submitted; None for the end.
        self._jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        #: The same, parted and in order, for the thread alone.
        self._puts_waiting: deque[Job[Any]] = deque()
        self._operations: deque[Job[Any]] = deque()
        self._ending = False
        self._connection: Connection | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="spool-writer", daemon=True)
        #: Counts commits that may give others something to do.
        self.stirred = 0
        self._watchers: set[asyncio.Future[None]] = set()
        self._thread.start()

    # -- for the event loop ------------------------------------------------------------------------

    def submit(self, run: Operation[T], *, stirs: bool = False) -> asyncio.Future[T]:
        """Queue an operation; the future is done when it is committed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._enqueue(Job(run, None, future, loop, stirs))
        return future

    def put(self, put: Put) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._enqueue(Job(None, put, future, loop, True))
        return future

    def begin_put(self, put: Put, ended: Callable[[Exception | None], None]) -> None:
        """The hot path: without a future and the turns of the loop that it takes, 5 % less CPU for a mail taken in."""
        self._enqueue(Job(None, put, ended, asyncio.get_running_loop(), True))

    def submit_quietly(self, run: Operation[T], *, stirs: bool = False) -> None:
        """Queue an operation that nobody waits for; where it fails, nothing has changed."""
        with contextlib.suppress(SpoolBrokenError):
            self.submit(run, stirs=stirs).add_done_callback(_heard)

    async def wait(self, seen: int, within_s: float) -> None:
        """Return once `stirred` differs from `seen`, at the latest after `within_s`."""
        watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchers.add(watcher)
        try:
            if self.stirred == seen:
                await asyncio.wait((watcher,), timeout=within_s)
        finally:
            self._watchers.discard(watcher)

    # -- for any thread ----------------------------------------------------------------------------

    def call(self, run: Operation[T], *, stirs: bool = False) -> T:
        """Run an operation and block until it is committed."""
        future: Future[T] = Future()
        self._enqueue(Job(run, None, future, None, stirs))
        return future.result()

    def put_now(self, put: Put) -> None:
        future: Future[None] = Future()
        self._enqueue(Job(None, put, future, None, True))
        future.result()

    def close(self) -> None:
        """Commit what is queued, then end."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _enqueue(self, job: Job[Any]) -> None:
        with self._lock:
            if self._closed:
                raise SpoolBrokenError(f"spool {self._folder}: it is closed")
            self._jobs.put(job)

    # -- the thread --------------------------------------------------------------------------------

    def _work(self) -> None:
        expected, took_s = 1, 0.0
        while self._gather(wait=True):
            if len(self._puts_waiting) + len(self._operations) < expected:
                time.sleep(min(LINGER * took_s, MAX_LINGER_S))
                self._gather()
            jobs = [*_taken(self._puts_waiting, BATCH), *_taken(self._operations, OPERATIONS)]
            # Down by one a batch: a single small one does not end the waiting, and who is alone soon waits no more.
            expected = max(len(jobs), expected - 1)
            began_s = self._clock.monotonic_s()
            try:
                self._run(jobs)
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever happens to one batch
                for job in jobs:
                    job.error = job.error or error
            took_s = self._clock.monotonic_s() - began_s
            self._answer(jobs)
        self._disconnect()

    def _gather(self, *, wait: bool = False) -> bool:
        """Part what was submitted; whether there is anything to do. With `wait`, not before there is, or the end has come."""
        if wait and not (self._puts_waiting or self._operations or self._ending):
            self._part(self._jobs.get())
        with contextlib.suppress(queue.Empty):
            while True:
                self._part(self._jobs.get_nowait())
        return bool(self._puts_waiting or self._operations)

    def _part(self, job: Job[Any] | None) -> None:
        if job is None:
            self._ending = True
        else:
            (self._operations if job.put is None else self._puts_waiting).append(job)

    def _run(self, jobs: list[Job[Any]]) -> None:
        """Give every job its result or its error."""
        prepared = self._puts.prepare([job.put for job in jobs if job.put is not None])
        ready = [job for job in jobs if job.put is None or prepared[job.put] is None]
        for job in jobs:
            job.error = prepared[job.put] if job.put is not None else None
        try:
            if ready:
                self._together(ready)
        except _TransactionError as error:
            for job in ready:
                job.error = error.cause
        except Exception as error:  # noqa: BLE001 - whatever an operation raises is its caller's to hear
            if len(ready) == 1:
                ready[0].error = error
            else:
                self._one_by_one(ready)
        self._puts.finish({job.put: job.error for job in jobs if job.put is not None})

    def _one_by_one(self, jobs: list[Job[Any]]) -> None:
        failed: SpoolError | None = None
        for job in jobs:
            if failed is not None:
                job.error = failed
                continue
            try:
                self._together([job])
            except _TransactionError as error:
                job.error = failed = error.cause
            except Exception as error:  # noqa: BLE001 - whatever an operation raises is its caller's to hear
                job.error = error

    def _together(self, jobs: Sequence[Job[Any]]) -> None:
        """Run jobs in one transaction; when it raises, nothing of them is in the database."""
        connection, transaction = self._begin()
        try:
            with trouble.translated(self._folder):
                self._puts.insert(connection, [job.put for job in jobs if job.put is not None])
                for job in jobs:
                    if job.run is not None:
                        job.result = job.run(connection)
        except BaseException:
            self._roll_back(transaction)
            raise
        faults.point("spool.before-commit")
        try:
            with trouble.translated(self._folder):
                transaction.commit()
        except SpoolError as error:
            self._disconnect()
            raise _TransactionError(error) from error
        faults.point("spool.after-commit")

    def _begin(self) -> tuple[Connection, Any]:
        try:
            with trouble.translated(self._folder):
                if self._connection is None:
                    self._connection = self._engine.connect().execution_options(**{WRITES: True})
                return self._connection, self._connection.begin()
        except SpoolError as error:
            self._disconnect()
            raise _TransactionError(error) from error

    def _roll_back(self, transaction: Any) -> None:
        try:
            transaction.rollback()
        except SQLAlchemyError:
            self._disconnect()

    def _disconnect(self) -> None:
        # A connection that failed may hold half a transaction or a stale view of the file: start afresh.
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.invalidate()
            with contextlib.suppress(SQLAlchemyError):
                connection.close()

    def _answer(self, jobs: list[Job[Any]]) -> None:
        """Tell every caller; one wake-up a batch for each event loop."""
        if any(job.stirs and job.error is None for job in jobs):
            self.stirred += 1
        loops: dict[asyncio.AbstractEventLoop, list[Job[Any]]] = {}
        for job in jobs:
            if job.loop is None:
                job.resolve()
            else:
                loops.setdefault(job.loop, []).append(job)
        for loop, its_jobs in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(self._resolve, its_jobs)

    def _resolve(self, jobs: list[Job[Any]]) -> None:
        for job in jobs:
            job.resolve()
        if any(job.stirs for job in jobs):
            for watcher in self._watchers:
                if not watcher.done():
                    watcher.set_result(None)


def _taken(waiting: deque[Job[Any]], most: int) -> list[Job[Any]]:
    return [waiting.popleft() for _ in range(min(most, len(waiting)))]


def _heard(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()  # asyncio complains of an exception that nobody asked for
