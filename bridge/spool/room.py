"""Whether there is room for one more mail: free space, number waiting, age of the oldest.

Asked for every mail, so what it costs to find out is found out once a second.
"""

from __future__ import annotations

import threading

from sqlalchemy import Engine, func, select

from bridge.clock import Clock
from bridge.config.schema import DAY_S
from bridge.config.schema import Spool as Settings
from bridge.errors import SpoolFullError
from bridge.spool import ledger, trouble
from bridge.spool.files import Files
from bridge.spool.schema import deliveries
from bridge.spool.steady import SECOND, Steady

LOOK_EVERY_S = 1.0
OLDEST = select(func.min(deliveries.c.waiting_at)).where(deliveries.c.waiting_at.is_not(None))


class Room:
    def __init__(
        self, settings: Settings, engine: Engine, files: Files, clock: Clock, steady: Steady
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._files = files
        self._clock = clock
        self._steady = steady
        self._lock = threading.Lock()
        self._looked_at_s: float | None = None
        self._free_bytes = 0
        self._waiting = 0
        self._oldest_s = 0.0

    def check(self, size_bytes: int) -> None:
        """Raises SpoolFullError when one more mail of that size would pass a limit."""
        with self._lock:
            self._look_again()
            self._refuse(size_bytes)
            # Until the next look, what was let in counts as taken.
            self._free_bytes -= size_bytes
            self._waiting += 1

    def oldest_s(self) -> float:
        """For how long the oldest waiting delivery has waited; 0 when none does."""
        with self._lock:
            self._look_again()
            return self._oldest_s

    def _refuse(self, size_bytes: int) -> None:
        settings = self._settings
        if self._free_bytes - size_bytes < settings.min_free_bytes:
            raise SpoolFullError(
                f"spool {settings.folder}: only {self._free_bytes} bytes free, {settings.min_free_bytes} are "
                "kept back (`spool.min_free_bytes`); free some space"
            )
        if self._waiting >= settings.max_waiting:
            raise SpoolFullError(
                f"spool {settings.folder}: {self._waiting} mails wait, the limit is {settings.max_waiting} "
                "(`spool.max_waiting`); see `status` for what holds them up"
            )
        if self._oldest_s > settings.max_oldest_days * DAY_S:
            raise SpoolFullError(
                f"spool {settings.folder}: the oldest mail waits for {self._oldest_s / DAY_S:.1f} days, the limit "
                f"is {settings.max_oldest_days:g} (`spool.max_oldest_days`); see `queue list`"
            )

    def _look_again(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._looked_at_s is not None and now_s - self._looked_at_s < LOOK_EVERY_S:
            return
        with trouble.translated(self._settings.folder):
            self._free_bytes = self._files.storage.free_bytes(self._settings.folder)
            with self._engine.connect() as connection:
                self._waiting = ledger.waiting(connection)
                oldest = connection.execute(OLDEST).scalar()
        self._oldest_s = 0.0 if oldest is None else (self._steady.now_us() - oldest) / SECOND
        self._looked_at_s = now_s
