"""What Outlook's own items say: meetings and tasks (MS-OXOCAL, MS-OXOTASK) as events, contacts (MS-OXOCNTC) as cards.

An item's times are UTC; they are told on the wall clock of the zone that came along with it. Total and bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from bridge.facts import Event, Moment, Person, Repeat
from bridge.mail import wallclock
from bridge.mail.mapi import Key, Properties

_PEOPLE = 50
_SET = bytes.fromhex("20060000000000c000000000000046")
_APPOINTMENT, _TASK, _ADDRESS = b"\x02" + _SET, b"\x03" + _SET, b"\x04" + _SET
#: What somebody answers to an invitation, as in PARTSTAT, by the class of the answer.
_ANSWERS = {
    "resp.pos": "ACCEPTED",
    "mtgrespp": "ACCEPTED",
    "resp.neg": "DECLINED",
    "mtgrespn": "DECLINED",
    "resp.tent": "TENTATIVE",
    "mtgrespa": "TENTATIVE",
}

# -- meetings and tasks ----------------------------------------------------------------------------


def event(
    kind: str, found: Properties, *, title: str, author: Person | None, invited: Sequence[Person]
) -> Event | None:
    """The meeting or task of an item of that class, in lower case; None for an item of any other."""
    if kind in ("ipm.task", "ipm.microsoft task"):
        due = found.time((_TASK, 0x8105))
        return Event(leaf=0, task=True, title=title, end=_day(due) if due else None)
    if kind == "ipm.appointment":
        return _meeting("", found, title, author, invited)
    if "schedule.meeting" not in kind and "microsoft schedule.mtg" not in kind:
        return None
    if "resp" in kind:
        answer = next((said for mark, said in _ANSWERS.items() if mark in kind), "")
        answering = Person(author.name, author.email, answer) if author else Person("", "", answer)
        return _meeting("REPLY", found, title, None, [answering])
    cancelled = "cancel" in kind or "mtgcncl" in kind
    return _meeting("CANCEL" if cancelled else "REQUEST", found, title, author, invited)


def _meeting(
    method: str, found: Properties, title: str, organiser: Person | None, attendees: Sequence[Person]
) -> Event:
    start, end = _span(found, 0x820D, 0x820E, 0x60, 0x61)
    instead_of = None
    if method == "REPLY" and found.number((_APPOINTMENT, 0x8257)):
        proposed = _span(found, 0x8250, 0x8251)
        if proposed[0]:
            method, instead_of, (start, end) = "COUNTER", start, proposed
    pattern = found.line((_APPOINTMENT, 0x8232)) if found.number((_APPOINTMENT, 0x8223)) else ""
    return Event(
        leaf=0,
        method=method,
        sequence=max(0, found.number((_APPOINTMENT, 0x8201)) or 0),
        title=title,
        start=start,
        end=end,
        instead_of=instead_of,
        repeat=Repeat(frequency="", words=pattern) if pattern else None,
        location=found.line((_APPOINTMENT, 0x8208)),
        organiser=organiser,
        attendees=tuple(attendees) or tuple(_named(found)),
    )


def _named(found: Properties) -> Iterator[Person]:
    """Who is invited, where nothing but names is known."""
    for number, optional in ((0x823B, False), (0x823C, True)):
        for name in filter(None, map(str.strip, found.line((_APPOINTMENT, number)).split(";")[:_PEOPLE])):
            yield Person("", name, optional=optional) if "@" in name else Person(name, "", optional=optional)


def _span(found: Properties, start: int, end: int, *else_from: Key) -> tuple[Moment | None, Moment | None]:
    """Start and end by the numbers of their properties; of whole days the first and the last."""
    zone = wallclock.read(
        found.binary((_APPOINTMENT, 0x825E)),
        found.binary((_APPOINTMENT, 0x8233)),
        found.line((_APPOINTMENT, 0x8234)),
    )
    all_day = bool(found.number((_APPOINTMENT, 0x8215)))
    times = [found.time((_APPOINTMENT, number)) for number in (start, end)]
    for place, key in enumerate(else_from):
        times[place] = times[place] or found.time(key)
    first, last = (_moment(at, zone, all_day=all_day) if at else None for at in times)
    if first and last and all_day:
        last = Moment(max(first.at, last.at - timedelta(days=1)), all_day=True)
    return first, last


def _moment(at: datetime, zone: wallclock.Zone, *, all_day: bool) -> Moment:
    ahead_s = zone.ahead_s(at)
    if all_day:
        return _day(at + timedelta(seconds=ahead_s or 0))
    if ahead_s is None:
        return Moment(at, zone="UTC", offset_s=0)
    return Moment(at + timedelta(seconds=ahead_s), zone=zone.name, offset_s=ahead_s)


def _day(at: datetime) -> Moment:
    """The day that begins at the nearest midnight: whole days begin at that of their zone."""
    nearest = at + timedelta(hours=12)
    return Moment(nearest.replace(hour=0, minute=0, second=0, microsecond=0), all_day=True)


# -- contacts --------------------------------------------------------------------------------------

_CARD: tuple[tuple[str, Key], ...] = (
    ("FN", 0x3001),
    ("TITLE", 0x3A17),
    ("TEL;TYPE=WORK", 0x3A08),
    ("TEL;TYPE=WORK", 0x3A1B),
    ("TEL;TYPE=CELL", 0x3A1C),
    ("TEL;TYPE=HOME", 0x3A09),
    ("TEL;TYPE=FAX", 0x3A24),
    ("EMAIL", (_ADDRESS, 0x8083)),
    ("EMAIL", (_ADDRESS, 0x8093)),
    ("EMAIL", (_ADDRESS, 0x80A3)),
    ("URL", 0x3A51),
)
_NAME: tuple[Key, ...] = (0x3A11, 0x3A06, 0x3A44, 0x3A45, 0x3A05)
_COMPANY: tuple[Key, ...] = (0x3A16, 0x3A18)
#: Street, city, region, code, country.
_PLACE: tuple[Key, ...] = tuple((_ADDRESS, number) for number in range(0x8045, 0x804A))


def card(kind: str, found: Properties, *, notes: str) -> bytes:
    """The contact of an item of that class, in lower case, as a vCard 3.0; empty for an item of any other."""
    if kind != "ipm.contact":
        return b""
    lines = [f"{name}:{_escaped(said)}" for name, key in _CARD if (said := found.line(key))]
    lines += (
        f"{name}:{before}{_structured(found.line(key) for key in keys)}"
        for name, before, keys in (("N", "", _NAME), ("ORG", "", _COMPANY), ("ADR;TYPE=WORK", ";;", _PLACE))
        if any(found.line(key) for key in keys)
    )
    lines += [f"NOTE:{_escaped(notes)}"] if notes.strip() else []
    return "\r\n".join(("BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", "")).encode("utf-8", "replace")


def _structured(values: Iterable[str]) -> str:
    return ";".join(map(_escaped, values)).rstrip(";")


def _escaped(said: str) -> str:
    for mark in "\\;,":
        said = said.replace(mark, "\\" + mark)
    return said.strip().replace("\n", "\\n")
