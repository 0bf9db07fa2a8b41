"""The one id of a mail: short, sortable by time, readable aloud.

Thirteen characters of Crockford's base32: 42 bits of milliseconds, 23 bits of chance. Within a process each id is greater than
the one before, whatever the clock does; between processes chance keeps them apart, and the spool's primary key refuses what
chance does not.
"""

from __future__ import annotations

import secrets
import threading

from bridge.clock import Clock

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 13
_CHANCE_BITS = 23
_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)


class Ids:
    """A source of ids; safe to ask from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def new(self) -> str:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        fresh = (milliseconds << _CHANCE_BITS) | secrets.randbits(_CHANCE_BITS)
        with self._lock:
            # A clock that stands still or runs back must not make an id sort before an earlier one.
            self._last = fresh if fresh > self._last else self._last + 1
            return encode(self._last)


def encode(number: int) -> str:
    """The 65 low bits of a number as text of fixed length, so that text sorts as numbers do."""
    pairs = [_PAIRS[(number >> shift) & 1023] for shift in range(50, -1, -10)]
    return ALPHABET[(number >> 60) & 31] + "".join(pairs)
