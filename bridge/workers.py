"""Worker processes that can be killed: hostile input runs there, with a time limit and an address-space limit.

Owns pebble. A worker that overruns, dies or runs out of memory costs its caller one `WorkerError`, never the daemon. Workers
are forked from a server that has the heavy modules loaded already, so a new one is ready in milliseconds and
shares their memory.
"""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from typing import Any, TypeVar

import pebble

from bridge.errors import BridgeError

Result = TypeVar("Result")

#: From <linux/prctl.h>: the signal a process gets when its parent dies.
_PR_SET_PDEATHSIG = 1


class WorkerError(BridgeError):
    """The function did not return: time limit, memory limit, a crash, or an exception of its own."""


class Workers:
    """A pool of processes that run one function call at a time."""

    def __init__(self, *, processes: int, time_limit_s: float, memory_bytes: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["bridge.convert"])
        self.processes = processes or max(2, os.cpu_count() or 2)
        self._time_limit_s = time_limit_s
        self._pool = pebble.ProcessPool(
            max_workers=self.processes,
            # A leak in a C library must not grow for ever.
            max_tasks=2_000,
            initializer=_enter,
            initargs=(memory_bytes,),
            context=context,
        )

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """What the function returned, or the BridgeError it raised. Raises WorkerError when it did not return."""
        future = self._pool.schedule(function, args=arguments, timeout=self._time_limit_s)
        try:
            result: Result = await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise WorkerError(f"took longer than {self._time_limit_s:g} s") from error
        except MemoryError as error:
            raise WorkerError("needed more memory than a worker may have") from error
        except pebble.ProcessExpired as error:
            raise WorkerError(f"its process ended with status {error.exitcode}") from error
        except BridgeError:
            raise
        except Exception as error:  # whatever the function raised, re-raised here by the pool
            # Only the class is told on: the text may quote the mail.
            raise WorkerError(f"raised {type(error).__name__}") from error
        return result

    def close(self) -> None:
        """Stop at once; a call under way is lost, which its caller's spool row survives."""
        self._pool.stop()  # type: ignore[no-untyped-call] # pebble has no types here
        self._pool.join()


def _enter(memory_bytes: int) -> None:
    """Prepare a new worker: limits, and an end when the daemon ends, however it ends."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The daemon alone answers to signals; it stops its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
