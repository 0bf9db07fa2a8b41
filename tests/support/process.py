"""The real daemon in a process of its own, which may die at any moment and is started again; ended by its pid alone."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import smtplib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bridge import faults
from bridge.clock import SystemClock
from bridge.config.schema import Config
from bridge.spool import Spool
from support.forked import Forked
from support.marked import Letter
from support.rig import taken

ROOT = Path(__file__).parents[2]
LOOK_EVERY_S = 0.02
#: Runs a command that ends when its parent does, so that nothing outlives a test run, however that ends.
LEASHED = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


class Process:
    """One daemon on one config, start after start."""

    def __init__(
        self, folder: Path, data: dict[str, Any], *, within: Sequence[str] = (), forked: bool = True
    ) -> None:
        """`within` is a command that runs the one it is given after its own arguments, and becomes it.

        Else each start is a fork of a process that has imported the daemon already; or not, and is `python -m bridge run`.
        """
        self._within = within
        self._forked = forked and not within
        self.config = Config.model_validate(data)
        self._path = folder / "config.yaml"
        self._path.write_text(json.dumps(data, default=str))  # JSON is YAML
        self.log = folder / "bridge.log"
        self._child: subprocess.Popen[bytes] | Forked | None = None
        listen = data["smtp"]["listeners"][0]["listen"]
        self.smtp_port = int(listen.rpartition(":")[2])

    async def start(self, *, crash_at: str = "", within_s: float = 120.0) -> bool:
        """Start it; whether it takes mail, or died before it could."""
        environment = {name: value for name, value in os.environ.items() if name != faults.VARIABLE}
        if crash_at:
            environment[faults.VARIABLE] = crash_at
        self._child = self._started(environment)
        async with asyncio.timeout(within_s):
            return await self.listening()

    def _started(self, environment: dict[str, str]) -> subprocess.Popen[bytes] | Forked:
        if self._forked:
            return Forked(self._path, folder=ROOT, environment=environment, log=self.log)
        with self.log.open("ab") as sink:
            return subprocess.Popen(
                [*LEASHED, *self._within, sys.executable, "-m", "bridge", "run", "-c", str(self._path)],
                cwd=ROOT,
                env=environment,
                stdout=sink,
                stderr=sink,
            )

    async def listening(self) -> bool:
        """Whether it takes mail by now, or has died."""
        while self.alive:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.smtp_port)
            except OSError:
                await asyncio.sleep(LOOK_EVERY_S)
            else:
                writer.close()
                return True
        return False

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError("it was never started")
        return self._child.pid

    @property
    def status(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._child is None else self._child.poll()

    def kill(self) -> None:
        """`kill -9`: no goodbye. It is gone when this returns."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def stop(self, within_s: float = 30.0) -> int:
        """SIGTERM, as systemd would; how it ended."""
        if self._child is None:
            return 0
        self._child.send_signal(signal.SIGTERM)
        try:
            return self._child.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def spool(self) -> Spool:
        """Its spool, as the commands see it. To be closed."""
        return Spool.open(self.config.spool, clock=SystemClock(), exclusive=False)

    def send(self, letter: Letter) -> str:
        """Offer a letter once; its id. Raises OSError or SMTPException when it was not accepted."""
        client = smtplib.SMTP("127.0.0.1", self.smtp_port, local_hostname="client.example", timeout=30)
        try:
            client.ehlo("client.example")
            taken(*client.mail(letter.author))
            taken(*client.rcpt("support@example.com"))
            answer = taken(*client.data(letter.content))
            return answer.decode().rsplit(" ", 1)[-1]
        finally:
            # Without QUIT: once accepted it is accepted, whatever becomes of the connection.
            client.close()
