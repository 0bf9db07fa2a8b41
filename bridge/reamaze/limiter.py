"""One pace a brand: own calls per minute, and the pause Re:amaze asked for, shared by everybody who calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bridge.clock import Clock
from bridge.errors import OutageError

#: A pause up to this long is waited out; for a longer one the caller had better do something else.
PATIENCE_S = 5.0

Sleep = Callable[[float], Awaitable[None]]


class Limiter:
    """Lets calls through in order of asking, a few at once and never more than `calls_per_minute` in any minute."""

    def __init__(self, calls_per_minute: int, *, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._burst = max(1, calls_per_minute // 10)
        self._interval_s = 60.0 / max(1, calls_per_minute - self._burst) if calls_per_minute else 0.0
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()
        #: When the bucket is full again, and when the pause is over; on the monotonic clock.
        self._full_at_s = 0.0
        self._paused_until_s = 0.0

    async def take(self) -> None:
        """Return when a call may be made. Raises OutageError while Re:amaze's pause is longer than patience."""
        async with self._turn:
            while (wait_s := self._wait_s()) > 0:
                await self._sleep(wait_s)
            self._full_at_s = max(self._full_at_s, self._clock.monotonic_s()) + self._interval_s

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long; a longer pause under way stands."""
        self._paused_until_s = max(self._paused_until_s, self._clock.monotonic_s() + seconds)

    def _wait_s(self) -> float:
        now_s = self._clock.monotonic_s()
        paused_s = self._paused_until_s - now_s
        if paused_s > PATIENCE_S:
            raise OutageError("Re:amaze asked to wait", retry_after_s=paused_s)
        return max(paused_s, self._full_at_s - (self._burst - 1) * self._interval_s - now_s)
