"""Conversions in one process: newsletters against plain markdownify (lxml) on the same HTML, a text, a mail with a large file."""

from __future__ import annotations

import base64
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import newsletter

KB, MB = 1024, 1024 * 1024
#: HTML bytes, rounds, goal against plain markdownify.
SIZES = ((10 * KB, 40, "≤ 1×"), (50 * KB, 20, "≤ 0.5×"), (100 * KB, 12, "≤ 0.5×"), (1 * MB, 4, "≤ 0.5×"))


def measure(quick: bool) -> list[tuple[str, str, str]]:
    from markdownify import markdownify

    from bridge.compose import html

    rows = []
    for size_bytes, full_rounds, goal in SIZES:
        source = newsletter.html(size_bytes)
        rounds = 2 if quick else full_rounds
        own_s, plain_s = _alternating(
            lambda source=source: html.to_markdown(source),
            lambda source=source: markdownify(source, bs4_options="lxml"),
            rounds,
        )
        rows.append(
            (
                f"CPU of converting a newsletter of {size_bytes // KB:,} KB, against plain markdownify (lxml)",
                f"{own_s / plain_s:.2f}× ({own_s * 1e3:.1f} : {plain_s * 1e3:.1f} ms)",
                goal,
            )
        )
    for what in ("text of 5 KB", "mail of 25 MB with a file"):
        seconds, grown_mb = _in_a_process(what)
        rows.append(
            (f"parse and convert a {what}", f"{seconds * 1e3:.2f} ms CPU, {grown_mb:.0f} MB more memory", "")
        )
    return rows


def _alternating(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[float, float]:
    """Median CPU seconds of each, taken in turns."""
    spent: tuple[list[float], list[float]] = ([], [])
    for work in (first, second):
        work()
    for _ in range(rounds):
        for work, times in zip((first, second), spent, strict=True):
            began = time.process_time()
            work()
            times.append(time.process_time() - began)
    return statistics.median(spent[0]), statistics.median(spent[1])


def _in_a_process(what: str) -> tuple[float, float]:
    """CPU seconds and grown peak memory of `_convert`, in a process of its own so that the peak is its own."""
    command = [sys.executable, __file__, what]
    seconds, grown = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120
    ).stdout.split()
    return float(seconds), float(grown)


def _convert(what: str) -> None:
    from bridge.compose import body, files
    from bridge.mail import decode, parse

    content = _text() if what.startswith("text") else _large()

    def work() -> None:
        mail = parse(content)
        body.compose(mail, naming=files.plan(mail))
        for leaf in mail.leaves:
            for _ in decode.chunks(content, leaf):
                pass

    parse(b"Subject: warm\r\n\r\nx")
    # Not getrusage: its peak starts at the parent's size.
    Path("/proc/self/clear_refs").write_text("5")
    before_kb = _peak_kb()
    began = time.process_time()
    work()
    seconds = time.process_time() - began
    print(seconds, (_peak_kb() - before_kb) / KB)


def _peak_kb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError("this kernel tells no peak")


def _text() -> bytes:
    return (
        b"From: a@b.example\r\nSubject: text\r\n\r\n"
        + b"A line of words, *some* of them odd: #1 and 1.\r\n" * 105
    )


def _large() -> bytes:
    head = (
        b'From: a@b.example\r\nSubject: large\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/zip; name=a.zip\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + base64.encodebytes(bytes(range(256)) * (25 * MB * 3 // 4 // 256)) + b"\r\n--b--\r\n"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    _convert(sys.argv[1])
