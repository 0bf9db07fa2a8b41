"""Worker processes that can be killed: hostile input runs there, with a limit of CPU time and one of address space.

A call that takes longer than nearly all do is made again among the few long ones, so that it holds up no other. A worker that
overruns, dies or runs out of memory costs its caller one `WorkerError`, never the daemon. Workers are forked from a
server that has the heavy modules loaded already, so a new one is ready in milliseconds and shares their memory. Each does one
call at a time and has a socket of its own, so whatever becomes of one is nothing to the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import multiprocessing
import os
import pickle
import resource
import signal
import socket
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar, cast

from bridge.errors import BridgeError

Result = TypeVar("Result")

#: A leak in a C library must not grow for ever.
_MOST_CALLS = 2_000
#: A message is its length and that many bytes of pickle.
_LENGTH_BYTES = 8
#: How much less urgent a conversion is than what the daemon itself does.
_NICENESS = 10
#: How long is waited to hear how a process ended.
_STATUS_WITHIN_S = 5.0
#: CPU time of a call until it counts as a long one. Measured: 0.2 s for a mail of 25 MB, 0.6 s for a newsletter of 1 MB.
QUICK_S = 2.0
#: How many times its CPU time a call may take by the clock: a worker gives way to all others.
_BUSY_HOST = 10.0


class WorkerError(BridgeError):
    """The function did not return: time limit, memory limit, a crash, or an exception of its own."""


class _DiedError(WorkerError):
    """Its process ended."""


class _OverranError(WorkerError):
    """It took longer than it may."""


class NoWorkerError(BridgeError):
    """No worker can be had: the computer's trouble, or the daemon's end, and not the mail's."""


class Workers:
    """A pool of processes that run one function call at a time; it belongs to the event loop that first runs one."""

    # Measured, 50 KB in and 12 KB out, over the function's own CPU: 0.2 ms a call, and 0.05 ms a second while idle; pebble's pool
    # with its three threads 0.44 ms and 3.4.

    def __init__(self, *, processes: int, time_limit_s: float, memory_bytes: int) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["bridge.convert"])
        self.processes = processes or max(2, os.cpu_count() or 2)
        self._time_limit_s = time_limit_s
        self._memory_bytes = memory_bytes
        self._turns = asyncio.Semaphore(self.processes)
        #: Half of the processes are never busy with long calls.
        self._long_turns = asyncio.Semaphore(max(1, self.processes // 2))
        self._long = 0
        self._workers: set[_Worker] = set()
        #: Those without a call, the last used last: its caches are warm.
        self._idle: list[_Worker] = []
        self._closed = False

    @property
    def long(self) -> int:
        """How many long calls are under way or wait for each other."""
        return self._long

    async def run(self, function: Callable[..., Result], *arguments: Any, patiently: bool = True) -> Result:
        """What the function returned, or the BridgeError it raised. Raises WorkerError when it did not return.

        Without `patiently` it is given up where it would be made again as a long call.
        """
        quick_s = min(QUICK_S, self._time_limit_s)
        try:
            answer = await self._call(function, arguments, quick_s)
        except _OverranError:
            if not patiently or quick_s == self._time_limit_s:
                raise
            answer = await self._call_patiently(function, arguments)
        outcome = pickle.loads(answer)  # noqa: S301 - our own process wrote it
        if isinstance(outcome, BridgeError):
            raise outcome
        returned: Result = outcome[0]
        return returned

    async def _call_patiently(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
        self._long += 1
        try:
            async with self._long_turns:
                return await self._call(function, arguments, self._time_limit_s)
        finally:
            self._long -= 1

    async def _call(self, function: Callable[..., Any], arguments: tuple[Any, ...], within_s: float) -> bytes:
        call = pickle.dumps((function, arguments, within_s), pickle.HIGHEST_PROTOCOL)
        async with self._turns:
            try:
                return await self._ask(call, within_s)
            except _DiedError:
                # It may have been killed from outside, as the kernel does when short of memory.
                return await self._ask(call, within_s)

    async def close(self) -> None:
        """Stop at once; a call under way is lost, which its caller's spool row survives."""
        self._closed = True
        for worker in self._workers:
            worker.kill()
        # Sockets are closed with the next turn of the loop.
        await asyncio.sleep(0)

    # -- the pool ----------------------------------------------------------------------------------

    async def _ask(self, call: bytes, within_s: float) -> bytes:
        worker = await self._take()
        by_clock_s = _BUSY_HOST * within_s
        try:
            async with asyncio.timeout(by_clock_s):
                return await worker.ask(call)
        except TimeoutError as error:
            raise _OverranError(f"took longer than {by_clock_s:g} s") from error
        except ConnectionError as error:
            status = await worker.status()
            if status == -signal.SIGPROF:
                raise _OverranError(f"took longer than {within_s:g} s of CPU time") from error
            raise _DiedError(f"its process ended with status {status}") from error
        finally:
            self._give_back(worker)

    async def _take(self) -> _Worker:
        """A worker that lives, for one call. Raises NoWorkerError."""
        while self._idle:
            worker = self._idle.pop()
            if worker.lives:
                return worker
            self._workers.discard(worker)
        self._check_open()
        try:
            worker = await _Worker.started(self._context, self._memory_bytes)
        except (OSError, EOFError) as error:
            raise NoWorkerError(f"no worker can be started: {type(error).__name__}") from error
        self._workers.add(worker)
        try:
            self._check_open()
        except NoWorkerError:
            self._give_back(worker)
            raise
        return worker

    def _check_open(self) -> None:
        if self._closed:
            raise NoWorkerError("the workers have been stopped")

    def _give_back(self, worker: _Worker) -> None:
        if worker.lives and not worker.busy and worker.calls < _MOST_CALLS and not self._closed:
            self._idle.append(worker)
        else:
            # Also where its caller went away: nobody waits for what it does.
            worker.kill()
            self._workers.discard(worker)


class _Worker(asyncio.Protocol):
    """One process, and the daemon's end of its socket."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self._transport: asyncio.Transport | None = None
        self._input = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self.lives = True
        self.calls = 0

    @classmethod
    async def started(cls, context: ForkServerContext, memory_bytes: int) -> _Worker:
        """A new one. Raises OSError or EOFError."""
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        process = context.Process(target=_serve, args=(there, memory_bytes), name="worker", daemon=True)

        def start() -> None:
            with there:
                process.start()

        try:
            # The first waits for the server's imports.
            await loop.run_in_executor(None, start)
            _, worker = await loop.create_unix_connection(lambda: cls(process), sock=here)
        except BaseException:
            here.close()  # which ends the process, should there be one
            raise
        return worker

    @property
    def busy(self) -> bool:
        return self._answer is not None

    async def ask(self, call: bytes) -> bytes:
        """What the process answers. Raises ConnectionError when it ends instead."""
        if self._transport is None or not self.lives:
            raise ConnectionResetError("it has ended")
        self.calls += 1
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.writelines((len(call).to_bytes(_LENGTH_BYTES), call))
        answer = await self._answer
        self._answer = None
        return answer

    async def status(self) -> int | None:
        """How the process ended; None when that cannot be learned."""
        await asyncio.get_running_loop().run_in_executor(None, self._process.join, _STATUS_WITHIN_S)
        return self._process.exitcode

    def kill(self) -> None:
        self.lives = False
        self._process.kill()
        if self._transport is not None:
            self._transport.abort()

    # -- what asyncio calls ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._input += data
        end = _LENGTH_BYTES + int.from_bytes(self._input[:_LENGTH_BYTES])
        if len(self._input) < end:
            return
        answer = bytes(self._input[_LENGTH_BYTES:end])
        self._input.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        self.lives = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(
                error if isinstance(error, ConnectionError) else ConnectionResetError()
            )


# -- in the process --------------------------------------------------------------------------------


def _serve(daemon: socket.socket, memory_bytes: int) -> None:
    """Do one call after the other, until the daemon's end of the socket is closed."""
    _enter(memory_bytes)
    with daemon, daemon.makefile("rb") as calls:
        while length := calls.read(_LENGTH_BYTES):
            answer = _answer(calls.read(int.from_bytes(length)))
            daemon.sendall(len(answer).to_bytes(_LENGTH_BYTES) + answer)


def _answer(call: bytes) -> bytes:
    """The pickle of a tuple with the result, or of the error to be raised instead."""
    outcome: tuple[Any] | BridgeError
    try:
        function, arguments, within_s = pickle.loads(call)  # noqa: S301 - the daemon wrote it
        # The kernel ends the process then, whatever it is busy with.
        signal.setitimer(signal.ITIMER_PROF, within_s)
        return pickle.dumps((function(*arguments),), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        outcome = WorkerError("needed more memory than a worker may have")
    except BridgeError as error:
        outcome = error
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the mail's
        # Only the class is told on: the text may quote the mail.
        outcome = WorkerError(f"raised {type(error).__name__}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)


def _enter(memory_bytes: int) -> None:
    """Prepare a new worker: limits, and an end when the daemon ends, however it ends."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The daemon alone answers to signals; it stops its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    end_with_parent()
    # Whoever offers a mail waits for its 250, a conversion can wait: with both cores converting 6 ms instead of 11. Where a unit
    # of an administrator's own forbids it, nothing else is worse.
    with contextlib.suppress(PermissionError):
        os.nice(_NICENESS)
    # A mail is many objects and hardly a cycle: collecting at 700 of them takes 5 % of the CPU of a draft.
    gc.set_threshold(10_000)


def end_with_parent() -> None:
    """Have the kernel end this process when the one that asked for it has ended, whatever it is busy with then."""
    # To the kernel its parent is the fork server, which lives for as long as any of its children: a signal at the parent's death
    # would never come. But who asked for it alone holds the other end of this pipe.
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    end = parent.sentinel
    fcntl.fcntl(end, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
