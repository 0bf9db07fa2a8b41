"""Meetings out of a calendar part (RFC 5545, 5546), as senders really write them.

Own and small: folds, parameters, escapes, nested components, time zones by name. `read` is linear, bounded in lines, events and
attendees, and never fails; what it cannot read is left out of the event, and a part without events gives none.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

from bridge.facts import Event, Moment, Person, Repeat
from bridge.mail import contentlines, hygiene, zones
from bridge.mail.contentlines import Line

MOST_EVENTS = 5
MOST_ATTENDEES = 50
MOST_DATES = 50
MOST_FILES = 20
_LINES = 50_000
_OBSERVANCES = 200
_COMPONENTS = 2_000
_DEPTH = 20
_TITLE = 500
_WORDS = 10_000

_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?(?:\.\d{1,9})?(Z)?)?", re.ASCII
)
_DURATION = re.compile(
    r"\+?P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?", re.ASCII
)
_DAY = re.compile(r"[+-]?\d{0,2}(?:MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_LINKS = (
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-GOOGLE-CONFERENCE",
    "CONFERENCE",
    "X-MICROSOFT-ONLINEMEETINGCONFLINK",
    "URL",
)
_WEB = re.compile(r"https?://[^\s<>\"]+\Z", re.IGNORECASE)
_METHODS = frozenset(("REQUEST", "CANCEL", "REPLY", "COUNTER", "DECLINECOUNTER", "ADD", "REFRESH", "PUBLISH"))


@dataclass(slots=True)
class _Component:
    lines: dict[str, list[Line]] = field(default_factory=dict)

    def first(self, *names: str) -> Line | None:
        return next((self.lines[name][0] for name in names if name in self.lines), None)

    def value(self, name: str) -> str:
        line = self.first(name)
        return line.value.strip() if line else ""

    def add(self, line: Line) -> None:
        kept = self.lines.setdefault(line.name, [])
        if len(kept) < 1_000:
            kept.append(line)


@dataclass(slots=True)
class _Calendar:
    """What the lines of one part say."""

    method: str = ""
    events: list[tuple[str, _Component]] = field(default_factory=list)
    zones: dict[str, list[zones.Observance]] = field(default_factory=dict)
    #: Zones with a rule that is not understood: their offset on a day is not known.
    unclear: set[str] = field(default_factory=set)


def read(text: str, *, leaf: int = 0, method: str = "") -> tuple[Event, ...]:
    """At most `MOST_EVENTS` events of the part; `method` is what its Content-Type says, which counts where the part is silent."""
    calendar = _collected(text)
    said = (calendar.method or method).strip().upper()
    known = said if said in _METHODS else ""
    found = [
        _event(component, calendar, leaf, known, task=kind == "VTODO") for kind, component in calendar.events
    ]
    told = [event for event in found if event.title or event.start or event.uid]
    # Exceptions of a series stand behind it: told in that order, the series comes first.
    shown = told[:MOST_EVENTS]
    if len(told) > len(shown):
        shown[-1] = replace(shown[-1], further_events=len(told) - len(shown))
    return tuple(shown)


def files(text: str) -> Iterator[tuple[str, str, bytes]]:
    """Name, type and bytes of each file that stands in the calendar itself (RFC 5545 section 3.8.1.1)."""
    attached = (line for line in contentlines.read(text, _LINES, len(text)) if line.name == "ATTACH")
    for line in islice(attached, MOST_FILES):
        if line.parameter("ENCODING").upper() in ("BASE64", "B"):
            try:
                held = a2b_base64(line.value.encode("ascii", "ignore"))
            except Base64Error:
                continue  # It stays in the calendar alone.
            if held:
                yield _file_name(line), line.parameter("FMTTYPE").lower(), held


def _collected(text: str) -> _Calendar:
    calendar = _Calendar()
    path: list[str] = []
    current = _Component()
    components = 0
    zone = ""
    for line in contentlines.read(text, _LINES):
        if line.name == "BEGIN":
            kind = line.value.strip().upper()
            if len(path) < _DEPTH:
                path.append(kind)
            components += 1
            if components > _COMPONENTS:
                break
            if kind in ("VEVENT", "VTODO"):
                current = _Component()
                calendar.events.append((kind, current))
            elif kind in ("STANDARD", "DAYLIGHT"):
                current = _Component()
        elif line.name == "END":
            kind = line.value.strip().upper()
            if kind in ("STANDARD", "DAYLIGHT"):
                _observe(calendar, zone, current)
            while path and path.pop() != kind:
                pass
        elif path[-1:] in (["VEVENT"], ["VTODO"], ["STANDARD"], ["DAYLIGHT"]):
            current.add(line)
        elif line.name == "TZID" and path[-1:] == ["VTIMEZONE"]:
            zone = line.value.strip()[:200]
        elif line.name == "METHOD":
            calendar.method = line.value
    return calendar


def _observe(calendar: _Calendar, zone: str, component: _Component) -> None:
    start = _naive(component.value("DTSTART"))
    offset_s = zones.offset(component.value("TZOFFSETTO"))
    known = calendar.zones.setdefault(zone, [])
    if start is None or offset_s is None or len(known) >= _OBSERVANCES:
        return
    rule = _rule(component.value("RRULE"))
    yearly = zones.yearly(rule) if rule else None
    if rule and yearly is None:
        calendar.unclear.add(zone)
    until = rule.get("UNTIL", "")[:4]
    last = int(until) if until.isascii() and until.isdigit() else 9999
    known.append(zones.Observance(start, offset_s, yearly, last))
    further = (
        _naive(value) for line in component.lines.get("RDATE", []) for value in line.value[:5_000].split(",")
    )
    known += (zones.Observance(at, offset_s) for at in islice(further, _OBSERVANCES) if at is not None)


# -- one event -------------------------------------------------------------------------------------


def _event(component: _Component, calendar: _Calendar, leaf: int, method: str, *, task: bool) -> Event:
    start = _moment(component.first("DTSTART"), calendar)
    if start and component.value("X-MICROSOFT-CDO-ALLDAYEVENT").upper() == "TRUE":
        start = replace(start, all_day=True, offset_s=None)
    attendees = component.lines.get("ATTENDEE", [])
    organiser = component.first("ORGANIZER")
    sequence = component.value("SEQUENCE")
    return Event(
        leaf=leaf,
        method=method,
        task=task,
        uid=component.value("UID")[:_TITLE],
        sequence=int(sequence) if re.fullmatch(r"[0-9]{1,9}", sequence) else 0,
        status=hygiene.line(component.value("STATUS"))[:40].upper(),
        title=_line(component, "SUMMARY"),
        start=start,
        end=_end(component, calendar, start),
        instead_of=_moment(component.first("X-MS-OLK-ORIGINALSTART"), calendar)
        if method == "COUNTER"
        else None,
        repeat=_repeat(component, calendar, start),
        instance=_moment(component.first("RECURRENCE-ID"), calendar),
        location=_place(component),
        link=_link(component),
        files=tuple(_links(component)),
        organiser=_person(organiser) if organiser else None,
        attendees=tuple(filter(None, map(_person, attendees[:MOST_ATTENDEES]))),
        further_attendees=max(0, len(attendees) - MOST_ATTENDEES),
        description=_text(component, "DESCRIPTION"),
        comment=_text(component, "COMMENT"),
    )


def _line(component: _Component, name: str) -> str:
    return contentlines.line(component.value(name), _TITLE)


def _place(component: _Component) -> str:
    """The location; the lines of an address stand on one."""
    lines = contentlines.text(component.value("LOCATION"), _TITLE).split("\n")
    return hygiene.line(", ".join(filter(None, (line.strip(" ,") for line in lines))))


def _text(component: _Component, name: str) -> str:
    return contentlines.text(component.value(name), _WORDS)


def _link(component: _Component) -> str:
    for name in _LINKS:
        for line in component.lines.get(name, [])[:5]:
            value = line.value.strip()[:2_000]
            if _WEB.match(value):
                return value
    return ""


def _links(component: _Component) -> Iterator[tuple[str, str]]:
    """What is attached by its link; other files are parts of the mail, or of the calendar."""
    for line in component.lines.get("ATTACH", [])[:MOST_FILES]:
        if _WEB.match(value := line.value.strip()[:2_000]):
            yield _file_name(line), value


def _file_name(line: Line) -> str:
    named = (line.parameter(name) for name in ("FILENAME", "X-FILENAME", "X-APPLE-FILENAME"))
    return hygiene.line(next(filter(None, named), ""))[:_TITLE]


def _person(line: Line) -> Person | None:
    value = hygiene.line(line.value)[:320]
    email = value[7:] if value[:7].lower() == "mailto:" else value
    if "@" not in email:
        email = line.parameter("EMAIL")[:320]
    name = hygiene.line(line.parameter("CN"))[:200].strip("'\"")
    if not name and not email:
        return None
    answer = hygiene.line(line.parameter("PARTSTAT"))[:40].upper()
    return Person(
        "" if name == email else name, email, answer, line.parameter("ROLE").upper() == "OPT-PARTICIPANT"
    )


# -- when ------------------------------------------------------------------------------------------


def _naive(written: str) -> datetime | None:
    found = _MOMENT.match(written.strip())
    if found is None:
        return None
    try:
        numbers = [int(found[place] or 0) for place in range(1, 7)]
        year, month, day, hour, minute, second = numbers
        return datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - a wall clock
    except ValueError:
        return None


def _moment(line: Line | None, calendar: _Calendar) -> Moment | None:
    if line is None or (at := _naive(line.value)) is None:
        return None
    found = _MOMENT.match(line.value.strip())
    if found is not None and found[4] is None:
        return Moment(at, all_day=True)
    if found is not None and found[7]:
        return Moment(at, zone="UTC", offset_s=0)
    written = line.parameter("TZID").strip()
    if not written:
        return Moment(at)
    observances = [] if written[:200] in calendar.unclear else calendar.zones.get(written[:200], [])
    return Moment(at, zone=hygiene.line(zones.name(written)), offset_s=zones.offset_at(observances, at))


def _end(component: _Component, calendar: _Calendar, start: Moment | None) -> Moment | None:
    """The end; of whole days the last one, and not the day after it as the calendar says."""
    end = _moment(component.first("DTEND", "DUE"), calendar)
    duration = _DURATION.fullmatch(component.value("DURATION"))
    try:
        if end is None and start is not None and duration is not None:
            weeks, days, hours, minutes, seconds = (int(duration[place] or 0) for place in range(1, 6))
            length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
            end = replace(start, at=start.at + length)
        if end is not None and start is not None and start.all_day:
            return Moment(max(start.at, end.at - timedelta(days=1)), all_day=True)
    except OverflowError:
        return None
    return end


def _rule(written: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in written[:2_000].upper().split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if value}


#: The parts of a rule that words are known for; WKST only says how weeks are counted.
_SAID = frozenset(
    ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST")
)
#: A single one says what the start says already.
_OF_THE_START = frozenset(("BYHOUR", "BYMINUTE", "BYSECOND"))


def _repeat(component: _Component, calendar: _Calendar, start: Moment | None) -> Repeat | None:
    rule = _rule(component.value("RRULE"))
    dates = tuple(date for date in _dates(component, calendar) if date != start)
    if not (component.value("RRULE") or dates):
        return None
    until = Line("UNTIL", {}, rule["UNTIL"]) if "UNTIL" in rule else None
    unsaid = {
        name for name, value in rule.items() if not (name in _OF_THE_START and _number(value) is not None)
    }
    positions = _numbers(rule.get("BYSETPOS", ""))
    return Repeat(
        frequency=hygiene.line(rule.get("FREQ", ""))[:20],
        interval=_number(rule.get("INTERVAL", "")) or 1,
        count=_number(rule.get("COUNT", "")),
        until=_moment(until, calendar),
        days=tuple(day.lstrip("+") for day in rule.get("BYDAY", "").split(",") if _DAY.fullmatch(day))[:7],
        month_days=_numbers(rule.get("BYMONTHDAY", "")),
        months=tuple(month for month in _numbers(rule.get("BYMONTH", "")) if 1 <= month <= 12),
        position=positions[0] if positions else None,
        more=len(positions) > 1 or not unsaid <= _SAID,
        dates=dates,
        exceptions=sum(line.value.count(",") + 1 for line in component.lines.get("EXDATE", [])),
    )


def _dates(component: _Component, calendar: _Calendar) -> Iterator[Moment]:
    """The single dates of a meeting; a period's begins it."""
    written = (
        (line, value) for line in component.lines.get("RDATE", []) for value in line.value[:5_000].split(",")
    )
    for line, value in islice(written, MOST_DATES):
        found = _moment(replace(line, value=value), calendar)
        if found is not None:
            yield found


def _numbers(written: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"-?\b\d{1,3}\b", written[:200], re.ASCII)))[:31]


def _number(written: str) -> int | None:
    return int(written) if re.fullmatch(r"[0-9]{1,6}", written) else None
