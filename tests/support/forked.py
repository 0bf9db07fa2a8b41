"""Processes that start in milliseconds: forked from a server that has imported what they need and done nothing yet.

Each ends when the process that asked for it does, however that ends.
"""

from __future__ import annotations

import compileall
import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import connection, forkserver, resource_tracker
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from bridge.workers import end_with_parent

BRIDGE = Path(__file__).parents[2] / "bridge"
#: pytest too: every process imports the program again that it descends from.
NEEDED = (
    "pytest",
    "bridge.cli.run",
    "bridge.convert",
    "support.spool_child",
    "support.worker_jobs",
    "support.frozen",
)


@functools.cache
def context() -> ForkServerContext:
    """The context whose server has imported all that. Workers that are started from now on come from it as well."""
    # Each of the daemons of the tests has a server of its own, which need not compile the bridge once more.
    compileall.compile_dir(BRIDGE, quiet=2)
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(list(NEEDED))
    with pytest.MonkeyPatch.context() as patch:
        # The server does not take over the path of its parent before it imports.
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()
    return made


def leash() -> None:
    """End this process when the one that asked for it ends."""
    if multiprocessing.parent_process() is None:
        raise RuntimeError("nobody asked for this process")
    end_with_parent()


class Forked:
    """A daemon as `subprocess.Popen` would give it, but without the seconds of CPU that its imports take."""

    def __init__(self, config: Path, *, folder: Path, environment: dict[str, str], log: Path) -> None:
        self._process = context().Process(target=_daemon, args=(config, folder, environment, log))
        self._process.start()
        self._asking = threading.Lock()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        with self._asking:  # its status can be read once
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        connection.wait([self._process.sentinel], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired("bridge run", timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _daemon(config: Path, folder: Path, environment: dict[str, str], log: Path) -> None:
    """Be what `python -m bridge run` is."""
    from bridge import __main__, faults

    leash()
    sink = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.close(sink)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if faults.VARIABLE in environment:
        faults.install(faults.crash_at(environment[faults.VARIABLE]))
    # Its workers import its program, and what it leaves behind is not this test run's to clear up.
    sys.modules["__main__"] = __main__
    resource_tracker._resource_tracker._fd = resource_tracker._resource_tracker._pid = None  # type: ignore[attr-defined]
    sys.argv = ["reamaze-bridge", "run", "-c", str(config)]
    run: Callable[[], None] = __main__.main
    run()
