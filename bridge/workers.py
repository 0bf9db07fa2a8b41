"""Worker processes that can be killed: hostile input runs there, with a time limit and an address-space limit.

Owns pebble. A worker that overruns, dies or runs out of memory costs its caller one `WorkerError`, never the daemon. Workers
are forked from a server that has the heavy modules loaded already, so a new one is ready in milliseconds and
shares their memory. pebble gives a whole pool up when somebody else kills a worker (the kernel, short of memory); then another
pool takes over, and the calls that were lost are made again.
"""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import pebble

from bridge import log
from bridge.errors import BridgeError

Result = TypeVar("Result")

#: From <linux/prctl.h>: the signal a process gets when its parent dies.
_PR_SET_PDEATHSIG = 1

#: Pools that may be lost under one call, before the call itself is taken for the cause.
_POOLS = 3
#: How often a call that waits looks whether its pool still works.
_LOOK_EVERY_S = 1.0


class WorkerError(BridgeError):
    """The function did not return: time limit, memory limit, a crash, or an exception of its own."""


class NoWorkerError(BridgeError):
    """No worker can be had: the computer's trouble, or the daemon's end, and not the mail's."""


class Workers:
    """A pool of processes that run one function call at a time."""

    # Measured, a 50 KB mail in and its draft out: 0.45 ms of CPU a call over the function's own; a bare pipe to each process,
    # which would have to be taught to kill and to start afresh, 0.2.

    def __init__(self, *, processes: int, time_limit_s: float, memory_bytes: int) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["bridge.convert"])
        self.processes = processes or max(2, os.cpu_count() or 2)
        self._time_limit_s = time_limit_s
        self._memory_bytes = memory_bytes
        self._pool = self._fresh()
        self._closed = False
        self._ending: set[asyncio.Future[None]] = set()

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """What the function returned, or the BridgeError it raised. Raises WorkerError when it did not return."""
        for _ in range(_POOLS):
            try:
                return await self._run(self._usable(), function, arguments)
            except BrokenProcessPool:
                continue
        raise WorkerError("its process ended, each time it was tried")

    async def _run(
        self, pool: pebble.ProcessPool, function: Callable[..., Result], arguments: tuple[Any, ...]
    ) -> Result:
        try:
            future = pool.schedule(function, args=arguments, timeout=self._time_limit_s)
        except RuntimeError as error:  # given up between two lines of ours
            raise BrokenProcessPool("the pool was given up") from error
        try:
            return await _outcome(pool, future)
        except TimeoutError as error:
            raise WorkerError(f"took longer than {self._time_limit_s:g} s") from error
        except MemoryError as error:
            raise WorkerError("needed more memory than a worker may have") from error
        except pebble.ProcessExpired as error:
            raise WorkerError(f"its process ended with status {error.exitcode}") from error
        except (BridgeError, BrokenProcessPool):
            raise
        except Exception as error:  # whatever the function raised, re-raised here by the pool
            # Only the class is told on: the text may quote the mail.
            raise WorkerError(f"raised {type(error).__name__}") from error

    def close(self) -> None:
        """Stop at once; a call under way is lost, which its caller's spool row survives."""
        self._closed = True
        _end(self._pool)

    # -- the pool ----------------------------------------------------------------------------------

    def _fresh(self) -> pebble.ProcessPool:
        return pebble.ProcessPool(
            max_workers=self.processes,
            # A leak in a C library must not grow for ever.
            max_tasks=2_000,
            initializer=_enter,
            initargs=(self._memory_bytes,),
            context=self._context,
        )

    def _usable(self) -> pebble.ProcessPool:
        """The pool, or a fresh one in the place of one that was given up. Raises NoWorkerError."""
        if self._closed:
            raise NoWorkerError("the workers have been stopped")
        try:
            if self._pool.active:
                return self._pool
            log.warning("trouble", doing="running workers", error="one was killed: all are started afresh")
            broken, self._pool = self._pool, self._fresh()
            ending = asyncio.get_running_loop().run_in_executor(None, _end, broken)
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            if self._pool.active:  # which starts its processes
                return self._pool
        except (OSError, BrokenProcessPool) as error:
            raise NoWorkerError(f"no worker can be started: {type(error).__name__}") from error
        raise NoWorkerError("no worker can be started")


async def _outcome(pool: pebble.ProcessPool, future: Future[Result]) -> Result:
    """The future's result. Raises BrokenProcessPool also where a pool was given up without telling."""
    waiting = asyncio.wrap_future(future)
    try:
        while not waiting.done():
            await asyncio.wait((waiting,), timeout=_LOOK_EVERY_S)
            if not waiting.done() and not pool.active:
                raise BrokenProcessPool("the pool was given up")
        return waiting.result()
    finally:
        waiting.cancel()


def _end(pool: pebble.ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call] # pebble has no types here
    pool.join()


def _enter(memory_bytes: int) -> None:
    """Prepare a new worker: limits, and an end when the daemon ends, however it ends."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The daemon alone answers to signals; it stops its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
