"""One consistent look at the daemon, taken when asked; every page and figure is made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up; without the names and subjects of people."""

    id: str
    route: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    version: str
    taken_at: datetime
    started_at: datetime
    #: Deliveries by state: new, ready, behind, busy, delivered, held, dead, dropped.
    counts: Mapping[str, int]
    #: The spool's running account: accepted, delivered, held, dead, dropped.
    ledger: Mapping[str, int]
    #: accepted − (delivered + waiting + held + dead + dropped): anything but 0 is an alarm.
    unaccounted: int
    #: Attached files that Re:amaze was told of and nobody fetched in time, since the start.
    unfetched: int = 0
    #: Why mail is refused just now, a sentence each.
    closed: tuple[str, ...] = ()
    #: Age of the oldest waiting delivery; 0.0 when nothing waits.
    oldest_s: float
    #: Brands that are paused, and why.
    paused: Mapping[str, str]
    #: The last ones, newest first.
    dead_letters: tuple[DeadLetter, ...] = ()

    @property
    def waiting(self) -> int:
        return sum(self.counts.get(state, 0) for state in ("new", "ready", "behind", "busy"))

    @property
    def troubles(self) -> tuple[str, ...]:
        """What an operator should look at, one sentence each; empty when all is well."""
        found = [*self.closed]
        found += [f'brand "{brand}" is paused: {reason}' for brand, reason in self.paused.items()]
        if self.unaccounted:
            found.append(f"accepted and in no state: {self.unaccounted}; please report this")
        if self.unfetched:
            found.append(
                f"files nobody fetched: {self.unfetched}; the log names the mails (`never-fetched`). "
                "Can Re:amaze reach `staging.serve.public_url`?"
            )
        dead = self.counts.get("dead", 0)
        if dead:
            found.append(f"dead letters: {dead}; see `reamaze-bridge queue list --state dead`")
        return tuple(found)


#: Takes a snapshot; blocks for some milliseconds, and raises BridgeError when the spool cannot be read.
Snapshotter = Callable[[], Snapshot]
