"""A meeting in words: what, when, where, who asks and who answered what.

Plain lines of Markdown with the sender's words escaped; times stand on the wall clock of the invitation, with its zone.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.compose import escape, recurrence, times
from bridge.facts import Event, Person

_SHOWN_PEOPLE = 20
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
    yield "When", times.span(event.start, event.end)
    yield "Instead of", times.moment(event.instead_of) if event.instead_of else ""
    yield "Repeats", recurrence.words(event.repeat, event.start) if event.repeat else ""
    yield "Only the date of", times.moment(event.instance) if event.instance else ""
    yield "Where", _said(event.location)
    if event.link and event.link not in event.location:
        yield "Join", escape.inline(event.link, edge=True)
    yield "Attached", ", ".join(_file(name, link) for name, link in event.files)
    yield "Organiser", _person(event.organiser) if event.organiser else ""
    if event.method not in ("REPLY", "COUNTER"):
        yield "Invited", _people(event)
    yield "Comment", _said(" ".join(event.comment.split()))


def _file(name: str, link: str) -> str:
    shown = escape.inline(link, edge=True)
    return f"{_said(name)} ({shown})" if name else shown


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
