"""How long small mails wait for their 250 while newsletters are converted, against an idle bridge."""

from __future__ import annotations

import smtplib
import statistics
import tempfile
import threading
import time
from pathlib import Path

import bridge_config
import load
import newsletter


def measure(quick: bool) -> list[tuple[str, str, str]]:
    count = 50 if quick else 200
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        ports = bridge_config.free_ports()
        content = folder / "newsletter.eml"
        content.write_bytes(newsletter.mail())
        with bridge_config.sandbox(folder, ports), bridge_config.bridge(folder, ports):
            _waits(ports.smtp, 20)
            idle = _waits(ports.smtp, count)
            sender = threading.Thread(
                target=load.send,
                args=(ports.smtp,),
                kwargs={"count": 300, "size_bytes": 0, "connections": 4, "content": content},
            )
            sender.start()
            sender.join()  # they are queued; from here on the workers convert
            busy = _waits(ports.smtp, count)
    p50 = statistics.median(idle), statistics.median(busy)
    return [
        (
            "p50 of small mails to their 250 while newsletters are converted, against idle",
            f"{p50[1] / p50[0]:.2f}× ({p50[1] * 1e3:.1f} : {p50[0] * 1e3:.1f} ms)",
            "≤ 2×",
        )
    ]


def _waits(port: int, count: int) -> list[float]:
    """Seconds from MAIL to the last 250, mail by mail."""
    waits = []
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo("bench.example")
        for number in range(count):
            began = time.perf_counter()
            client.sendmail("a@bench.example", load.RECIPIENT, f"Subject: small {number}\r\n\r\nx\r\n")
            waits.append(time.perf_counter() - began)
    return waits
