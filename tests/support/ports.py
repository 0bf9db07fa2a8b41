"""Ports for servers that are started later, or again."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator

#: No port that outgoing connections are given: none of these takes a server's while that is down.
_FIRST, _LAST = 15_000, 30_000


def _numbers() -> Iterator[int]:
    """All of this process: each once, and none that another worker of the same run has."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = list(range(_FIRST + worker, _LAST, workers))
    random.Random(os.getpid()).shuffle(mine)
    yield from mine


_LEFT = _numbers()


def free() -> int:
    """A port that nobody has, and that is given to nobody else."""
    for number in _LEFT:
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", number))
            except OSError:
                continue
            return number
    raise RuntimeError(f"no port is free between {_FIRST} and {_LAST}")
