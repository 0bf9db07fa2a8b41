"""One gate a brand: closed while Re:amaze is in trouble, opened by one probe that gets through.

An outage concerns every mail of a brand. So the brand is paused as a whole, no mail's attempts are counted, and after the pause a
single mail is tried before the others follow. A mail that Re:amaze itself breaks on looks like an outage; it is told apart
by the others, which get through.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bridge import log
from bridge.clock import Clock
from bridge.config.schema import Retry


@dataclass(slots=True)
class _Gate:
    until_s: float = 0.0
    failures: int = 0
    probing: bool = False
    reason: str = ""
    needs_operator: bool = False


class Gates:
    """The gates of all brands; open ones cost nothing."""

    def __init__(self, clock: Clock, settings: Retry) -> None:
        self._clock = clock
        self._first_pause_s = settings.outage_first_pause_s
        self._max_pause_s = settings.outage_max_pause_s
        self._gates: dict[str, _Gate] = {}
        #: How many mails of each brand got through.
        self._passed: Counter[str] = Counter()
        #: The same at the time a mail, by its number, first met trouble; until it is settled.
        self._met: dict[int, int] = {}

    def pause(
        self, brand: str, reason: str, *, retry_after_s: float | None, needs_operator: bool = False
    ) -> float:
        """Close the gate; returns seconds until the next probe. What Re:amaze asked for is never undercut."""
        gate = self._gates.setdefault(brand, _Gate())
        now = self._clock.monotonic_s()
        if gate.until_s > now and not gate.probing:
            # Several calls were under way when the trouble began: one pause for all of them.
            gate.until_s = max(gate.until_s, now + (retry_after_s or 0.0))
            return gate.until_s - now
        gate.failures += 1
        growing_s = self._first_pause_s * 2.0 ** min(gate.failures - 1, 16)
        pause_s = max(retry_after_s or 0.0, min(self._max_pause_s, growing_s))
        if gate.failures == 1 or (needs_operator and not gate.needs_operator):
            announce = log.error if needs_operator else log.warning
            announce("brand-paused", brand=brand, reason=reason, for_s=round(pause_s, 1))
        gate.until_s, gate.probing = now + pause_s, False
        gate.reason, gate.needs_operator = reason, needs_operator
        return pause_s

    def is_alone(self, brand: str, seq: int) -> bool:
        """Whether a mail in trouble met some before, and others got through since: then the brand has none."""
        passed = self._passed[brand]
        return self._met.setdefault(seq, passed) < passed

    def settled(self, seq: int) -> None:
        """The mail will meet no more trouble."""
        self._met.pop(seq, None)

    def succeeded(self, brand: str) -> None:
        self._passed[brand] += 1
        gate = self._gates.pop(brand, None)
        if gate is not None:
            log.info("brand-resumed", brand=brand)

    def closed(self) -> frozenset[str]:
        """Brands nothing may be claimed for now: paused, or with their probe under way."""
        now = self._clock.monotonic_s()
        return frozenset(brand for brand, gate in self._gates.items() if gate.probing or gate.until_s > now)

    def to_probe(self) -> frozenset[str]:
        """Brands whose pause is over, of which a single mail should be tried."""
        now = self._clock.monotonic_s()
        return frozenset(
            brand for brand, gate in self._gates.items() if not gate.probing and gate.until_s <= now
        )

    def forget(self, brand: str) -> None:
        """There is no mail to probe with: what comes next will tell how the brand is."""
        if self._gates.pop(brand, None) is not None:
            log.info("brand-resumed", brand=brand, because="no mail of it waits")

    def claimed(self, brand: str) -> None:
        """A mail of the brand is under way; if the brand is in trouble, it is the probe."""
        gate = self._gates.get(brand)
        if gate is not None:
            gate.probing = True

    def ended(self, brand: str) -> None:
        """The mail ended without word on the brand (it was refused, or failed before any call)."""
        gate = self._gates.get(brand)
        if gate is not None:
            gate.probing = False

    def reasons(self) -> dict[str, str]:
        """Why each brand is paused, what helps, and when it goes on by itself."""
        # The operator's page asks from another thread, and the dict may change meanwhile.
        return {brand: self._told(gate) for brand, gate in list(self._gates.items())}

    def _told(self, gate: _Gate) -> str:
        left_s = gate.until_s - self._clock.monotonic_s()
        due = "now" if gate.probing or left_s <= 0 else f"in {left_s:.0f} s"
        cure = (
            "; it refuses login or token: mend them, ask `reamaze-bridge check --online`, and restart"
            if gate.needs_operator
            else ""
        )
        return f"{gate.reason}{cure}; tried again {due}"
