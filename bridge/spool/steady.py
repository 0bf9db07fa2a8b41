"""Time for waiting: the wall clock of the start, carried on by the monotonic clock.

`next_at` and `waiting_at` are written and compared in this time, so a wall clock that jumps, back or forth, neither delays a
retry nor fires a thousand at once. After a restart the two clocks agree again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bridge.clock import Clock

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_us(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


class Steady:
    """The clock of one spool; safe to read from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start_us = to_us(clock.now()) - int(clock.monotonic_s() * SECOND)

    def now_us(self) -> int:
        return self._start_us + int(self._clock.monotonic_s() * SECOND)

    def wall_us(self) -> int:
        return to_us(self._clock.now())

    def from_wall(self, moment: datetime) -> int:
        """The steady time that is as far away as `moment` is on the wall."""
        return self.now_us() + to_us(moment) - self.wall_us()

    def to_wall(self, steady_us: int) -> datetime:
        return from_us(steady_us - self.now_us() + self.wall_us())
