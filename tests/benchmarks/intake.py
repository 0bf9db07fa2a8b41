"""Durable intake against bare aiosmtpd that throws the mail away: mails a second at 10 connections, four sizes."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import bridge_config
import load
import processes

KB, MB = 1024, 1024 * 1024
#: Size, mails a round, goal.
SIZES = ((2 * KB, 4_000, 1.5), (50 * KB, 1_500, 2.5), (1 * MB, 150, 8.0), (25 * MB, 20, 15.0))


def measure(quick: bool) -> list[tuple[str, str, str]]:
    """A row a size: the ratio of rates, both rates, and CPU a mail."""
    rounds = 1 if quick else 3
    rows = []
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        ports = bridge_config.free_ports()
        stock = processes.python(str(Path(__file__).with_name("stock.py")), str(ports.files))
        for size_bytes, full_count, goal in SIZES:
            count = max(10, full_count // 4) if quick else full_count
            rates: dict[str, list[float]] = {"stock": [], "bridge": []}
            cpus: dict[str, list[float]] = {"stock": [], "bridge": []}
            for number in range(rounds):
                with processes.running(*stock, wait_for="listening", log=folder / "stock.log") as pid:
                    _round(pid, ports.files, count, size_bytes, rates["stock"], cpus["stock"])
                place = folder / f"{size_bytes}-{number}"
                place.mkdir()
                with bridge_config.bridge(place, ports, "--intake-only") as pid:
                    _round(pid, ports.smtp, count, size_bytes, rates["bridge"], cpus["bridge"])
            stock_rate, bridge_rate = statistics.median(rates["stock"]), statistics.median(rates["bridge"])
            stock_cpu, bridge_cpu = statistics.median(cpus["stock"]), statistics.median(cpus["bridge"])
            rows.append(
                (
                    f"durable intake, {_size(size_bytes)}, against discarding aiosmtpd",
                    f"{bridge_rate / stock_rate:.2f}× ({bridge_rate:,.1f}/s : {stock_rate:,.1f}/s; "
                    f"CPU {bridge_cpu * 1e3:.2f} : {stock_cpu * 1e3:.2f} ms)",
                    f"≥ {goal:g}×",
                )
            )
    return rows


def _round(pid: int, port: int, count: int, size_bytes: int, rates: list[float], cpus: list[float]) -> None:
    load.send(port, count=10, size_bytes=size_bytes, connections=10)  # warm
    before_s = processes.cpu_s(pid)
    seconds = load.send(port, count=count, size_bytes=size_bytes, connections=10)
    rates.append(count / seconds)
    cpus.append((processes.cpu_s(pid) - before_s) / count)


def _size(size_bytes: int) -> str:
    return f"{size_bytes // MB} MB" if size_bytes >= MB else f"{size_bytes // KB} KB"
