"""Time zones as calendars name them: Windows' and vendors' names made those of the tz database, offsets from the calendar itself.

An invitation brings its zones' rules along (VTIMEZONE), so nothing is asked of the host. Total: what cannot be read gives None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

_WINDOWS: Mapping[str, str] = MappingProxyType(
    {
        "aus central standard time": "Australia/Darwin",
        "aus eastern standard time": "Australia/Sydney",
        "arab standard time": "Asia/Riyadh",
        "arabian standard time": "Asia/Dubai",
        "argentina standard time": "America/Buenos_Aires",
        "atlantic standard time": "America/Halifax",
        "central america standard time": "America/Guatemala",
        "central europe standard time": "Europe/Budapest",
        "central european standard time": "Europe/Warsaw",
        "central standard time": "America/Chicago",
        "central standard time (mexico)": "America/Mexico_City",
        "china standard time": "Asia/Shanghai",
        "coordinated universal time": "UTC",
        "custom time zone": "",
        "customized time zone": "",
        "e. australia standard time": "Australia/Brisbane",
        "e. europe standard time": "Europe/Chisinau",
        "e. south america standard time": "America/Sao_Paulo",
        "eastern standard time": "America/New_York",
        "egypt standard time": "Africa/Cairo",
        "fle standard time": "Europe/Kiev",
        "gmt standard time": "Europe/London",
        "gtb standard time": "Europe/Bucharest",
        "greenwich standard time": "Atlantic/Reykjavik",
        "hawaiian standard time": "Pacific/Honolulu",
        "india standard time": "Asia/Calcutta",
        "israel standard time": "Asia/Jerusalem",
        "korea standard time": "Asia/Seoul",
        "middle east standard time": "Asia/Beirut",
        "mountain standard time": "America/Denver",
        "new zealand standard time": "Pacific/Auckland",
        "pacific standard time": "America/Los_Angeles",
        "pakistan standard time": "Asia/Karachi",
        "romance standard time": "Europe/Paris",
        "russian standard time": "Europe/Moscow",
        "sa pacific standard time": "America/Bogota",
        "se asia standard time": "Asia/Bangkok",
        "singapore standard time": "Asia/Singapore",
        "south africa standard time": "Africa/Johannesburg",
        "taipei standard time": "Asia/Taipei",
        "tokyo standard time": "Asia/Tokyo",
        "turkey standard time": "Europe/Istanbul",
        "us mountain standard time": "America/Phoenix",
        "utc": "UTC",
        "etc/utc": "UTC",
        "tzone://microsoft/custom": "",
        "tzone://microsoft/utc": "UTC",
        "gmt": "UTC",
        "w. australia standard time": "Australia/Perth",
        "w. central africa standard time": "Africa/Lagos",
        "w. europe standard time": "Europe/Berlin",
    }
)
_REGION = re.compile(
    r"(?:^|/)((?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_/+-]{2,60})$"
)
_SHOWN = re.compile(r"\((?:UTC|GMT)[^()]{0,10}\)\s*")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?")
_NTH = re.compile(r"([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Observance:
    """Standard or daylight time: from when on, how far ahead of UTC, and in which week of the year it starts again."""

    start: datetime
    offset_s: int
    #: Month, which one of the weekday ("1", "-1"), weekday from Monday on; None for a single change.
    yearly: tuple[int, int, int] | None = None
    until_year: int = 9999


def name(written: str) -> str:
    """The zone by the tz database's name where it is known, else as written; "" for a name that says nothing."""
    plain = " ".join(written.split())[:100]
    if shown := _SHOWN.match(plain):
        # What Windows shows in its list: the offset is that of winter, and the invitation says that of the day.
        plain = plain[shown.end() :] or plain
    known = _WINDOWS.get(plain.lower())
    if known is not None:
        return known
    region = _REGION.search(plain)
    return region[1] if region else plain


def offset(written: str) -> int | None:
    """Seconds ahead of UTC of a TZOFFSETTO."""
    found = _OFFSET.match(written.strip())
    if found is None:
        return None
    seconds = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4] or 0)
    return (-seconds if found[1] == "-" else seconds) if seconds < 86_400 else None


def yearly(rule: Mapping[str, str]) -> tuple[int, int, int] | None:
    """When in the year a recurrence rule of an observance falls; None where that is not said in the usual way."""
    day = _NTH.fullmatch(rule.get("BYDAY", ""))
    month = rule.get("BYMONTH", "")
    if rule.get("FREQ") != "YEARLY" or day is None or not re.fullmatch(r"0?[1-9]|1[0-2]", month):
        return None
    if "BYMONTHDAY" in rule or "BYSETPOS" in rule:
        return None
    return int(month), int(day[1] or 1) or 1, _DAYS.index(day[2])


def offset_at(observances: Sequence[Observance], at: datetime) -> int | None:
    """How far ahead of UTC a clock of the zone is that shows `at`."""
    started = [
        (onset, observance.offset_s)
        for observance in observances
        if (onset := _last_onset(observance, at)) is not None
    ]
    return max(started)[1] if started else None


def _last_onset(observance: Observance, at: datetime) -> datetime | None:
    if observance.yearly is None:
        return observance.start if observance.start <= at else None
    for year in (at.year, at.year - 1):
        onset = _onset(observance, year)
        if onset is not None and observance.start <= onset <= at and year <= observance.until_year:
            return onset
    return observance.start if observance.start <= at else None


def _onset(observance: Observance, year: int) -> datetime | None:
    month, nth, weekday = observance.yearly or (1, 1, 0)
    hour, minute = observance.start.hour, observance.start.minute
    try:
        if nth > 0:
            first = datetime(year, month, 1, hour, minute)  # noqa: DTZ001 - a wall clock
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
        after = datetime(year + month // 12, month % 12 + 1, 1, hour, minute)  # noqa: DTZ001
        last = after - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (-nth - 1))
    except (ValueError, OverflowError):
        return None
