"""A meeting in words: what, when, where, who asks and who answered what.

Plain lines of Markdown with the sender's words escaped; times stand on the wall clock of the invitation, with its zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bridge.compose import escape
from bridge.facts import Event, Moment, Person, Repeat

_SHOWN_PEOPLE = 20
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAYS = dict(zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), _WEEKDAYS, strict=True))
_UNITS = {
    "SECONDLY": "second",
    "MINUTELY": "minute",
    "HOURLY": "hour",
    "DAILY": "day",
    "WEEKLY": "week",
    "MONTHLY": "month",
    "YEARLY": "year",
}
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "last but one"}
_ANSWERS = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "perhaps",
    "DELEGATED": "sends somebody else",
    "COMPLETED": "done",
    "IN-PROCESS": "at work on it",
}
_HEADINGS = {
    "CANCEL": "Cancelled",
    "DECLINECOUNTER": "The proposed time is declined",
    "ADD": "Further dates",
    "REFRESH": "The invitation is asked for again",
}
_REPLIES = {
    "ACCEPTED": "accepts",
    "DECLINED": "declines",
    "TENTATIVE": "may come",
    "DELEGATED": "sends somebody else",
    "COMPLETED": "has done it",
    "IN-PROCESS": "is at work on it",
}


def words(event: Event) -> str:
    """The event as lines of Markdown."""
    lines = [f"**{_heading(event)}: {_said(event.title or 'without a title')}**"]
    lines += (f"{label}: {text}" for label, text in _rows(event) if text)
    if event.further_events:
        lines.append(f"… and {event.further_events} further entries in the file.")
    return "  \n".join(lines)


def _heading(event: Event) -> str:
    if event.method != "REPLY" and event.status == "CANCELLED":
        return "Cancelled"
    if event.method in ("REPLY", "COUNTER"):
        return _reply(event)
    if event.method in _HEADINGS:
        return _HEADINGS[event.method]
    if event.method == "REQUEST":
        kind = "Task" if event.task else "Invitation"
        return f"Updated {kind.lower()}" if event.sequence else kind
    kind = "Task" if event.task else "Calendar entry"
    return f"{kind} (tentative)" if event.status == "TENTATIVE" else kind


def _reply(event: Event) -> str:
    person = event.attendees[0] if event.attendees else Person("", "")
    who = _said(person.name or person.email)
    if event.method == "COUNTER":
        return f"{who} proposes another time" if who else "Another time is proposed"
    if not who:
        return f"Answer to an invitation{f', {_ANSWERS[person.answer]}' if person.answer in _ANSWERS else ''}"
    return f"{who} {_REPLIES.get(person.answer, 'answers')}"


def _rows(event: Event) -> Iterator[tuple[str, str]]:
    yield "When", when(event.start, event.end)
    yield "Instead of", moment(event.instead_of) if event.instead_of else ""
    yield "Repeats", repeats(event.repeat) if event.repeat else ""
    yield "Only the date of", moment(event.instance) if event.instance else ""
    yield "Where", _said(event.location)
    if event.link and event.link not in event.location:
        yield "Join", escape.inline(event.link, edge=True)
    yield "Organiser", _person(event.organiser) if event.organiser else ""
    if event.method not in ("REPLY", "COUNTER"):
        yield "Invited", _people(event)
    yield "Comment", _said(" ".join(event.comment.split()))


# -- when ------------------------------------------------------------------------------------------


def when(start: Moment | None, end: Moment | None) -> str:
    """The span of time, said as short as it can be."""
    if start is None:
        return f"until {moment(end)}" if end else ""
    if end is None or end.at <= start.at:
        return moment(start)
    if start.all_day:
        return f"{_day(start.at)} to {_day(end.at)}, all day"
    if (start.zone, start.offset_s) != (end.zone, end.offset_s):
        return f"{moment(start)} to {moment(end)}"
    clock = f"{end.at:%H:%M}" if start.at.date() == end.at.date() else f"{_day(end.at)}, {end.at:%H:%M}"
    dash = "–" if start.at.date() == end.at.date() else " to "
    return f"{_day(start.at)}, {start.at:%H:%M}{dash}{clock}{_zone(start)}"


def moment(at: Moment) -> str:
    if at.all_day:
        return f"{_day(at.at)}, all day"
    return f"{_day(at.at)}, {at.at:%H:%M}{_zone(at)}"


def _day(at: datetime) -> str:
    return f"{_WEEKDAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year}"


def _zone(at: Moment) -> str:
    if at.zone == "UTC":
        return " UTC"
    offset = _offset(at.offset_s) if at.offset_s is not None else ""
    names = ", ".join(filter(None, (_said(at.zone), offset)))
    return f" ({names})" if names else ""


def _offset(seconds: int) -> str:
    hours, rest = divmod(abs(seconds), 3600)
    minutes = f":{rest // 60:02}" if rest >= 60 else ""
    return f"UTC{'-' if seconds < 0 else '+'}{hours}{minutes}" if seconds else "UTC"


def repeats(repeat: Repeat) -> str:
    """The recurrence rule in words; parts that no words are known for are left to the file."""
    if repeat.words:
        return _said(repeat.words)
    unit = _UNITS.get(repeat.frequency)
    if unit is None:
        return "by a rule that stands in the file"
    said = f"every {unit}" if repeat.interval == 1 else f"every {repeat.interval} {unit}s"
    if (
        repeat.frequency == "WEEKLY"
        and set(repeat.days) == {"MO", "TU", "WE", "TH", "FR"}
        and repeat.interval == 1
    ):
        said = "every weekday"
    elif repeat.days:
        said += f" on {_listed([_weekday(day) for day in repeat.days])}"
    if repeat.month_days:
        said += f" on {_listed([_month_day(day) for day in repeat.month_days])}"
    if repeat.count is not None:
        said += f", {repeat.count} times"
    if repeat.until is not None:
        said += f", until {_day(repeat.until.at)}"
    if repeat.exceptions:
        said += f", without {repeat.exceptions} of the dates"
    return said


def _weekday(day: str) -> str:
    number, name = day[:-2], _DAYS[day[-2:]]
    if not number or not number.lstrip("-").isdigit():
        return name
    return f"the {_ORDINALS.get(int(number), f'{number}.')} {name}"


def _month_day(day: int) -> str:
    return "the last day" if day == -1 else f"day {day}" if day > 0 else f"day {-day} from the end"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# -- who -------------------------------------------------------------------------------------------


def _people(event: Event) -> str:
    shown = [_invited(person) for person in event.attendees[:_SHOWN_PEOPLE]]
    more = len(event.attendees) - len(shown) + event.further_attendees
    if more:
        shown.append(f"and {more} more")
    return ", ".join(shown)


def _invited(person: Person) -> str:
    marks = [_ANSWERS.get(person.answer, ""), "optional" if person.optional else ""]
    told = ", ".join(filter(None, marks))
    return f"{_person(person)} – {told}" if told else _person(person)


def _person(person: Person) -> str:
    if person.name and person.email:
        return f"{_said(person.name)} ({_said(person.email)})"
    return _said(person.name or person.email)


def _said(text: str) -> str:
    return escape.inline(text, edge=True)
