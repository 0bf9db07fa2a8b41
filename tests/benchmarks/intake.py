"""Durable intake against bare aiosmtpd that throws the mail away: CPU a mail and mails a second at 10 connections, four sizes.

Both servers are up at the same time and take turns. The goal is of the rates, as the budget says. The ratio of CPU is what holds
on a machine that others use: a rate also tells how long the disk took to flush, and who else ran.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import bridge_config
import load
import processes

KB, MB = 1024, 1024 * 1024
#: Size, mails a round, goal.
SIZES = ((2 * KB, 2_000, 1.5), (50 * KB, 750, 2.5), (1 * MB, 75, 8.0), (25 * MB, 10, 15.0))


@dataclass
class Server:
    pid: int
    port: int
    rates: list[float] = field(default_factory=list)
    cpus_s: list[float] = field(default_factory=list)

    def round(self, count: int, size_bytes: int) -> None:
        before_s = processes.cpu_s(self.pid)
        seconds = load.send(self.port, count=count, size_bytes=size_bytes, connections=10)
        self.rates.append(count / seconds)
        self.cpus_s.append((processes.cpu_s(self.pid) - before_s) / count)

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def cpu_ms(self) -> float:
        return statistics.median(self.cpus_s) * 1e3


def measure(quick: bool) -> list[tuple[str, str, str]]:
    """A row a size: the ratio of rates, of CPU, and both figures of each."""
    rounds = 3 if quick else 7
    rows = []
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        for size_bytes, full_count, goal in SIZES:
            folder = Path(name) / str(size_bytes)
            folder.mkdir()
            stock, bridge = _rounds(
                folder, rounds, max(10, full_count // 2 if quick else full_count), size_bytes
            )
            rows.append(
                (
                    f"durable intake, {_size(size_bytes)}, against discarding aiosmtpd",
                    f"{bridge.rate / stock.rate:.2f}× ({bridge.rate:,.1f}/s : {stock.rate:,.1f}/s); "
                    f"by CPU {stock.cpu_ms / bridge.cpu_ms:.2f}× ({bridge.cpu_ms:.2f} : {stock.cpu_ms:.2f} ms)",
                    f"≥ {goal:g}×",
                )
            )
    return rows


def _rounds(folder: Path, rounds: int, count: int, size_bytes: int) -> tuple[Server, Server]:
    """Stock and bridge after their rounds, in turn. Nobody else needs the stand-in's port."""
    ports = bridge_config.free_ports()
    command = processes.python(str(Path(__file__).with_name("stock.py")), str(ports.sandbox))
    with (
        processes.running(*command, wait_for="listening", log=folder / "stock.log") as stock_pid,
        bridge_config.bridge(folder, ports, "--intake-only") as bridge_pid,
    ):
        stock, bridge = Server(stock_pid, ports.sandbox), Server(bridge_pid, ports.smtp)
        for server in (stock, bridge):
            load.send(server.port, count=10, size_bytes=size_bytes, connections=10)  # warm
        for number in range(rounds):
            for server in (stock, bridge) if number % 2 else (bridge, stock):
                server.round(count, size_bytes)
    return stock, bridge


def _size(size_bytes: int) -> str:
    return f"{size_bytes // MB} MB" if size_bytes >= MB else f"{size_bytes // KB} KB"
