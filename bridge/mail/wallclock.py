"""The time zone that Outlook sends along with a meeting, in its binary forms (MS-OXOCAL 2.2.1.39 and 2.2.1.41 to 43).

Total: what cannot be read gives a zone that is known by its description, or not at all.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.mail import hygiene, zones
from bridge.mail.zones import Observance

_RULE_BYTES = 66
#: The mark of the rule that counts among those of all years.
_EFFECTIVE = 0x0002
_MOST_OFFSET_S = 15 * 3600
_SUNDAYS_FIRST = 6


@dataclass(frozen=True, slots=True)
class Zone:
    #: By the tz database's name where it is known; "" for none.
    name: str
    observances: tuple[Observance, ...]

    def ahead_s(self, at: datetime) -> int | None:
        """How far ahead of UTC its clocks are at `at`, which is UTC; None where its rules are not known."""
        if not self.observances:
            return None
        nearly = at + timedelta(seconds=self.observances[0].offset_s)
        return zones.offset_at(self.observances, nearly)


def read(definition: bytes, rule: bytes, description: str) -> Zone:
    """The zone by its definition (Outlook 2007 and later), else by the rule of a series."""
    key, found = _defined(definition)
    return Zone(zones.name(key or description), found or _observances(rule[:12], rule[14:30], rule[32:48]))


def _defined(definition: bytes) -> tuple[str, tuple[Observance, ...]]:
    if len(definition) < 8 or definition[0] != 2:
        return "", ()
    header, chars = struct.unpack_from("<H2xH", definition, 2)
    key = hygiene.line(definition[8 : 8 + 2 * min(chars, 260)].decode("utf-16-le", "replace"))
    rules = definition[4 + header :]
    starts = range(0, min(len(rules), 100 * _RULE_BYTES) - _RULE_BYTES + 1, _RULE_BYTES)
    marked = [start for start in starts if rules[start + 4] & _EFFECTIVE] or list(starts)
    if not marked:
        return key, ()
    chosen = rules[marked[-1] : marked[-1] + _RULE_BYTES]
    return key, _observances(chosen[22:34], chosen[34:50], chosen[50:66])


def _observances(biases: bytes, standard: bytes, daylight: bytes) -> tuple[Observance, ...]:
    """Standard time first; daylight time only where clocks change."""
    if len(daylight) < 16:
        return ()
    bias, standard_bias, daylight_bias = struct.unpack("<iii", biases)
    offsets_s = -60 * (bias + standard_bias), -60 * (bias + daylight_bias)
    if max(map(abs, offsets_s)) > _MOST_OFFSET_S:
        return ()
    if not (standard[2] and daylight[2]):
        return (Observance(datetime(1601, 1, 1), offsets_s[0]),)  # noqa: DTZ001 - a wall clock
    changes = [_change(moment) for moment in (standard, daylight)]
    return tuple(
        Observance(at, offset_s, yearly)
        for (at, yearly), offset_s in zip(changes, offsets_s, strict=True)
        if yearly
    )


def _change(written: bytes) -> tuple[datetime, tuple[int, int, int] | None]:
    """When clocks change, of a SYSTEMTIME that says month, weekday and which one of them; 5 is the last."""
    year, month, weekday, nth, hour, minute = struct.unpack_from("<6H", written)
    usual = not year and month <= 12 and weekday <= 6 and 1 <= nth <= 5 and hour <= 23 and minute <= 59
    at = datetime(1601, 1, 1, hour if usual else 0, minute if usual else 0)  # noqa: DTZ001 - a wall clock
    return at, (month, -1 if nth == 5 else nth, (weekday + _SUNDAYS_FIRST) % 7) if usual else None
