"""What the tests have workers do; a module of its own, because a worker must be able to import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from bridge import convert
from bridge.errors import StagingLaterError
from bridge.model import Draft, Sorting


def double(number: int) -> int:
    return 2 * number


def for_ever() -> None:
    while True:
        pass


def tell_and_go_on(mark: Path) -> None:
    """Writes which process it is and never comes back."""
    part = mark.with_suffix(".part")
    part.write_text(str(os.getpid()))
    part.rename(mark)
    for_ever()


def greedy() -> int:
    return len(bytearray(2 * 1024 * 1024 * 1024))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_the_first_time(mark: Path) -> int:
    if not mark.exists():
        mark.touch()
        die()
    return os.getpid()


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def work(seconds: float) -> int:
    """Takes that much CPU time."""
    end_s = time.process_time() + seconds
    while time.process_time() < end_s:
        pass
    return os.getpid()


def length(content: bytes) -> bytes:
    return len(content).to_bytes(8) + content


def unpicklable() -> object:
    return lambda: None


def fail() -> None:
    raise ValueError("the text of the mail")


def pid() -> int:
    return os.getpid()


def full_disk() -> None:
    raise StagingLaterError("a decoded file cannot be written: No space left on device")


def die_of_html(job: convert.Job) -> Draft:
    """Dies of a mail whose HTML is to be converted."""
    if job.effort is convert.Effort.FULL:
        die()
    return convert.draft(job)


def hang_on_html(job: convert.Job) -> Draft:
    """Never comes back from a mail whose HTML is to be converted."""
    content = job.content if isinstance(job.content, bytes) else job.content.read_bytes()
    if job.effort is convert.Effort.FULL and b"text/html" in content:
        for_ever()
    return convert.draft(job)


def die_of_any(job: convert.Job) -> Draft:
    """Dies of every mail, however little is asked for."""
    die()
    return convert.draft(job)


def die_of_poison(jobs: list[convert.Job]) -> list[Sorting]:
    """Dies of a batch that holds a mail about poison."""
    for job in jobs:
        if isinstance(job.content, bytes) and b"Subject: About poison" in job.content:
            die()
    return convert.sort_all(jobs)
