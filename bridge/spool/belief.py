"""The time by which things are removed: a wall clock that is suddenly far ahead is believed only once it has stayed there.

What has been removed cannot be brought back, and what is kept for too long costs some disk. So a leap of more than a day, in one
run or from one run to the next, counts for nothing until the bridge has run with it for a fortnight: time enough for the clock
to be set right, or for a long holiday of the host to be caught up with. The time is kept in the spool and never runs ahead of
the wall.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime

from sqlalchemy import Connection, select

from bridge.clock import Clock
from bridge.spool.schema import meta, upsert
from bridge.spool.steady import SECOND, from_us, to_us

KEY = "believed"
#: A leap up to this long is a night's rest of the host.
BELIEVED_AT_ONCE_US = 86_400 * SECOND
#: For so long the bridge runs before it believes a longer one.
BELIEVED_AFTER_US = 14 * 86_400 * SECOND

_WRITE = upsert(meta, "value")


class Belief:
    """What time it is at the latest; safe to ask from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._at_us = to_us(clock.now())
        #: The believed time at which the wall leapt ahead of it; None while it has not.
        self._doubted_at_us: int | None = None
        self._marked_s = clock.monotonic_s()

    def now(self) -> datetime:
        return from_us(self.now_us())

    def now_us(self) -> int:
        with self._lock:
            self._go_on()
            return min(self._at_us, to_us(self._clock.now()))

    def load(self, connection: Connection) -> None:
        """Go on where the last run ended; what cannot be read counts as never written."""
        stored = connection.execute(select(meta.c.value).where(meta.c.key == KEY)).scalar()
        try:
            at, doubted_at = json.loads(stored or "null")
            self._at_us, self._doubted_at_us = int(at), None if doubted_at is None else int(doubted_at)
        except (ValueError, TypeError):
            return

    def save(self, connection: Connection) -> None:
        with self._lock:
            self._go_on()
            value = json.dumps([self._at_us, self._doubted_at_us])
        _WRITE.run(connection, key=KEY, value=value)

    def _go_on(self) -> None:
        now_s = self._clock.monotonic_s()
        self._at_us += int((now_s - self._marked_s) * SECOND)
        self._marked_s = now_s
        wall_us = to_us(self._clock.now())
        if wall_us - self._at_us <= BELIEVED_AT_ONCE_US:
            self._at_us, self._doubted_at_us = max(self._at_us, wall_us), None
        elif self._doubted_at_us is None:
            self._doubted_at_us = self._at_us
        elif self._at_us - self._doubted_at_us >= BELIEVED_AFTER_US:
            self._at_us, self._doubted_at_us = wall_us, None
