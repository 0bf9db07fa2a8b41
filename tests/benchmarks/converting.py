"""Conversions: newsletters against plain markdownify (lxml) on the same HTML, a text, a large file; time and memory."""

from __future__ import annotations

import base64
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        memory_mb = [_in_a_process(work, size_bytes)[1] for work in ("newsletter", "markdownify")]
        rows.append(
            (
                f"peak memory of converting a newsletter of {size_bytes // KB:,} KB, against the same",
                f"{memory_mb[0]:.1f} : {memory_mb[1]:.1f} MB more",
                "",
            )
        )
    for what, work, size_bytes in (
        ("text of 5 KB", "text", 5 * KB),
        ("mail of 25 MB with a file", "large", 25 * MB),
    ):
        seconds, grown_mb = _in_a_process(work, size_bytes)
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


def _in_a_process(work: str, size_bytes: int) -> tuple[float, float]:
    """CPU seconds and grown peak memory (MB) of one piece of `WORK`, in a process of its own so that the peak is its own."""
    command = [sys.executable, __file__, work, str(size_bytes)]
    seconds, grown = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120
    ).stdout.split()
    return float(seconds), float(grown)


def _mail(content: bytes) -> None:
    from bridge.compose import body, files
    from bridge.mail import decode, parse

    mail = parse(content)
    body.compose(mail, naming=files.plan(mail))
    for leaf in mail.leaves:
        for _ in decode.chunks(content, leaf):
            pass


def _newsletter(source: str) -> None:
    from bridge.compose import html

    html.to_markdown(source)


def _markdownify(source: str) -> None:
    from markdownify import markdownify

    markdownify(source, bs4_options="lxml")


def _peak_kb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError("this kernel tells no peak")


def _text(size_bytes: int) -> bytes:
    line = b"A line of words, *some* of them odd: #1 and 1.\r\n"
    return b"From: a@b.example\r\nSubject: text\r\n\r\n" + line * (size_bytes // len(line) + 1)


def _large(size_bytes: int) -> bytes:
    head = (
        b'From: a@b.example\r\nSubject: large\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/zip; name=a.zip\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + base64.encodebytes(bytes(range(256)) * (size_bytes * 3 // 4 // 256)) + b"\r\n--b--\r\n"


#: What is done in a process of its own: by its name, the input of a size and the work on it.
WORK: dict[str, tuple[Callable[[int], Any], Callable[[Any], None]]] = {
    "newsletter": (newsletter.html, _newsletter),
    "markdownify": (newsletter.html, _markdownify),
    "text": (_text, _mail),
    "large": (_large, _mail),
}


def _told(name: str, size_bytes: int) -> None:
    """Prints what the work costs once its modules are loaded."""
    made, work = WORK[name]
    work(made(200))
    source = made(size_bytes)
    # Not getrusage: its peak starts at the parent's size.
    Path("/proc/self/clear_refs").write_text("5")
    before_kb = _peak_kb()
    spent: list[float] = []
    for _ in range(5):
        began = time.process_time()
        work(source)
        spent.append(time.process_time() - began)
    print(statistics.median(spent), (_peak_kb() - before_kb) / KB)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    _told(sys.argv[1], int(sys.argv[2]))
