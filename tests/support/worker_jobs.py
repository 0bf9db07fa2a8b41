"""What the tests have workers do; a module of its own, because a worker must be able to import it."""

from __future__ import annotations

import os
import signal

from bridge.errors import StagingLaterError


def double(number: int) -> int:
    return 2 * number


def for_ever() -> None:
    while True:
        pass


def greedy() -> int:
    return len(bytearray(2 * 1024 * 1024 * 1024))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise ValueError("the text of the mail")


def pid() -> int:
    return os.getpid()


def full_disk() -> None:
    raise StagingLaterError("a decoded file cannot be written: No space left on device")
