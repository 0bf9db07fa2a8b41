"""How long small mails wait for their 250 while newsletters are converted, against an idle bridge.

They come one at a time with a pause between them, so that it is not their own delivery that keeps the bridge busy.
"""

from __future__ import annotations

import smtplib
import statistics
import tempfile
import time
from pathlib import Path

import account
import bridge_config
import load
import newsletter

_PAUSE_S = 0.05
#: More than are delivered while the small mails come.
_NEWSLETTERS = 600


def measure(quick: bool) -> list[tuple[str, str, str]]:
    count, rounds = (40, 1) if quick else (100, 3)
    idle: list[float] = []
    busy: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
            folder = Path(name)
            ports = bridge_config.free_ports()
            content = folder / "newsletter.eml"
            content.write_bytes(newsletter.mail())
            with bridge_config.sandbox(folder, ports), bridge_config.bridge(folder, ports):
                _waits(ports.smtp, 20)
                idle += _waits(ports.smtp, count)
                # When they are in the queue, the workers are at it.
                load.send(ports.smtp, count=_NEWSLETTERS, size_bytes=0, connections=4, content=content)
                busy += _waits(ports.smtp, count)
                if account.delivered(ports.operate) >= _NEWSLETTERS + count:
                    raise RuntimeError("the bridge was idle before the small mails had come")
    p50, p90 = ((_part(idle, part), _part(busy, part)) for part in (0.5, 0.9))
    return [
        (
            "p50 of small mails to their 250 while newsletters are converted, against idle",
            f"{p50[1] / p50[0]:.2f}× ({p50[1] * 1e3:.1f} : {p50[0] * 1e3:.1f} ms; "
            f"p90 {p90[1] * 1e3:.1f} : {p90[0] * 1e3:.1f} ms)",
            "≤ 2×",
        )
    ]


def _part(waits: list[float], part: float) -> float:
    return statistics.quantiles(waits, n=100)[round(part * 100) - 1]


def _waits(port: int, count: int) -> list[float]:
    """Seconds from MAIL to the last 250, mail by mail."""
    waits = []
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo("bench.example")
        for number in range(count):
            time.sleep(_PAUSE_S)
            began = time.perf_counter()
            client.sendmail("a@bench.example", load.RECIPIENT, f"Subject: small {number}\r\n\r\nx\r\n")
            waits.append(time.perf_counter() - began)
    return waits
