"""Memory over idle, all processes together, while ten 25 MB mails arrive at once and are delivered."""

from __future__ import annotations

import base64
import tempfile
import threading
import time
from pathlib import Path

import account
import bridge_config
import load
import processes

MAILS, SIZE_BYTES = 10, 25 * 1024 * 1024


def measure(quick: bool) -> list[tuple[str, str, str]]:
    del quick
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        ports = bridge_config.free_ports()
        content = folder / "large.eml"
        content.write_bytes(_mail())
        with bridge_config.sandbox(folder, ports), bridge_config.bridge(folder, ports) as pid:
            load.send(ports.smtp, count=4, size_bytes=2_000, connections=2)  # the workers exist
            account.wait_delivered(ports.operate, 4)
            idle = processes.memory_bytes(pid)
            peak, done = [idle], threading.Event()
            watch = threading.Thread(target=_watch, args=(pid, peak, done))
            watch.start()
            load.send(ports.smtp, count=MAILS, size_bytes=SIZE_BYTES, connections=MAILS, content=content)
            seconds = account.wait_delivered(ports.operate, 4 + MAILS)
            done.set()
            watch.join()
    over = (max(peak) - idle) / 1024 / 1024
    return [
        (
            "memory over idle, ten 25 MB mails at once, all processes",
            f"{over:.0f} MB (idle {idle / 1024 / 1024:.0f} MB; {seconds:.1f} s after the last 250)",
            "≤ 100 MB",
        )
    ]


def _mail() -> bytes:
    head = (
        b"From: a@bench.example\r\nTo: support@bench.example\r\nSubject: large\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n'
        b"--b\r\nContent-Type: application/octet-stream; name=large.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    body = base64.encodebytes(bytes(range(256)) * (SIZE_BYTES * 3 // 4 // 256)).replace(b"\n", b"\r\n")
    return head + body + b"--b--\r\n"


def _watch(pid: int, peak: list[int], done: threading.Event) -> None:
    while not done.is_set():
        peak.append(processes.memory_bytes(pid))
        time.sleep(0.02)
