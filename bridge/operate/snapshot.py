"""One consistent look at the daemon, taken when asked; every page and figure is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    version: str
    #: Deliveries by state: new, ready, behind, busy, delivered, held, dead, dropped.
    counts: Mapping[str, int]
    #: The spool's running account: accepted, delivered, held, dead, dropped.
    ledger: Mapping[str, int]
    #: accepted − (delivered + waiting + held + dead + dropped): anything but 0 is an alarm.
    unaccounted: int
    #: Age of the oldest waiting delivery; 0.0 when nothing waits.
    oldest_s: float
    #: Brands that are paused, and why.
    paused: Mapping[str, str]

    @property
    def waiting(self) -> int:
        return sum(self.counts.get(state, 0) for state in ("new", "ready", "behind", "busy"))

    @property
    def troubles(self) -> tuple[str, ...]:
        """What an operator should look at, one sentence each; empty when all is well."""
        found = [f'brand "{brand}" is paused: {reason}' for brand, reason in self.paused.items()]
        if self.unaccounted:
            found.append(f"{self.unaccounted} accepted mails are unaccounted for")
        if self.counts.get("dead", 0):
            found.append(
                f"{self.counts['dead']} dead letters wait for `reamaze-bridge queue list --state dead`"
            )
        return tuple(found)
