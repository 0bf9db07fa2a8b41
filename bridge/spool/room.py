"""Whether there is room for one more mail: free space and number waiting for all, age of the oldest for each route.

Asked for every mail, so what it costs to find out is found out once a second. A route whose mail does not get away takes no
more of it; the others go on.
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
#: Walks all that waits, so it is asked only while something waits for too long, and seldom.
OLDEST_OF_ROUTES = (
    select(deliveries.c.route, func.min(deliveries.c.waiting_at))
    .where(deliveries.c.waiting_at.is_not(None))
    .group_by(deliveries.c.route)
)
LOOK_AT_ROUTES_EVERY_S = 30.0


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
        self._stuck: frozenset[str] = frozenset()
        self._looked_at_routes_s: float | None = None

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

    def stuck(self, route: str) -> bool:
        """Whether mail of the route waits for longer than `max_oldest_days`."""
        with self._lock:
            self._look_again()
            if self._oldest_s <= self._settings.max_oldest_days * DAY_S:
                return False
            self._look_at_routes()
            return route in self._stuck

    def closed(self) -> tuple[str, ...]:
        """Why mail is refused just now, a sentence for each limit that is reached."""
        with self._lock:
            self._look_again()
            try:
                self._refuse(0)
            except SpoolFullError as error:
                return (f"no mail is taken: {error}",)
            days = self._settings.max_oldest_days
            if self._oldest_s <= days * DAY_S:
                return ()
            self._look_at_routes()
            return tuple(
                f'no mail is taken for route "{route}": some of it has waited for more than {days:g} days '
                "(`spool.max_oldest_days`)"
                for route in sorted(self._stuck)
            )

    def _look_at_routes(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._looked_at_routes_s is not None and now_s - self._looked_at_routes_s < LOOK_AT_ROUTES_EVERY_S:
            return
        limit_us = self._steady.now_us() - int(self._settings.max_oldest_days * DAY_S * SECOND)
        with trouble.translated(self._settings.folder), self._engine.connect() as connection:
            found = connection.execute(OLDEST_OF_ROUTES).all()
        self._stuck = frozenset(route for route, oldest in found if oldest < limit_us)
        self._looked_at_routes_s = now_s

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
