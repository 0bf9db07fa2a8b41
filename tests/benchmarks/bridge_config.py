"""The config of a bridge under measurement, and starting it."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import processes


@dataclass(frozen=True)
class Ports:
    smtp: int
    files: int
    sandbox: int
    operate: int


def free_ports() -> Ports:
    """Four ports that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(4)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return Ports(*(sock.getsockname()[1] for sock in sockets))


def write(folder: Path, ports: Ports) -> Path:
    """A config file for these ports; JSON is YAML."""
    (folder / "token").write_text("sandbox")
    (folder / "token").chmod(0o600)
    path = folder / "config.yaml"
    path.write_text(
        json.dumps(
            {
                "hostname": "bridge.bench.example",
                "smtp": {"listeners": [{"name": "bench", "listen": f"127.0.0.1:{ports.smtp}"}]},
                "spool": {"folder": str(folder / "spool"), "min_free_bytes": 0},
                "routes": [
                    {
                        "name": "support",
                        "recipients": ["@bench.example"],
                        "brand": "bench",
                        "channel": "support",
                        # Every mail its own conversation: threads would serialise the measurement.
                        "conversation": {"subject": False, "references": False},
                    }
                ],
                "staging": {
                    "serve": {
                        "listen": f"127.0.0.1:{ports.files}",
                        "public_url": f"http://127.0.0.1:{ports.files}",
                    }
                },
                "reamaze": {
                    "parallel": 8,
                    "brands": {
                        "bench": {
                            "base_url": f"http://127.0.0.1:{ports.sandbox}/api/v1",
                            "user": "bridge@example.com",
                            "token": {"file": str(folder / "token")},
                        }
                    },
                },
                "operate": {"listen": f"127.0.0.1:{ports.operate}"},
                "log": {"level": "info"},
            }
        )
    )
    return path


@contextlib.contextmanager
def bridge(folder: Path, ports: Ports, *options: str) -> Iterator[int]:
    """The pid of `reamaze-bridge run`."""
    command = processes.python("-m", "bridge", "run", "-c", str(write(folder, ports)), *options)
    with processes.running(*command, wait_for="started", log=folder / "bridge.log") as pid:
        yield pid


@contextlib.contextmanager
def sandbox(folder: Path, ports: Ports) -> Iterator[int]:
    """The pid of the stand-in, told to keep few calls and to look at no picture."""
    command = processes.python(
        "-m", "bridge", "sandbox", "--listen", f"127.0.0.1:{ports.sandbox}", "--keep-calls", "10"
    )
    with processes.running(*command, wait_for="answers at", log=folder / "sandbox.log") as pid:
        yield pid
