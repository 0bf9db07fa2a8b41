"""Times in words, on the wall clock of whoever said them, with its zone."""

from __future__ import annotations

from datetime import datetime

from bridge.compose import escape
from bridge.facts import Moment

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def span(start: Moment | None, end: Moment | None) -> str:
    """The span of time, said as short as it can be."""
    if start is None:
        return f"until {moment(end)}" if end else ""
    if end is None or end.at <= start.at:
        return moment(start)
    if start.all_day:
        return f"{day(start.at)} to {day(end.at)}, all day"
    if (start.zone, start.offset_s) != (end.zone, end.offset_s):
        return f"{moment(start)} to {moment(end)}"
    clock = f"{end.at:%H:%M}" if start.at.date() == end.at.date() else f"{day(end.at)}, {end.at:%H:%M}"
    dash = "–" if start.at.date() == end.at.date() else " to "
    return f"{day(start.at)}, {start.at:%H:%M}{dash}{clock}{_zone(start)}"


def moment(at: Moment) -> str:
    if at.all_day:
        return f"{day(at.at)}, all day"
    return f"{day(at.at)}, {at.at:%H:%M}{_zone(at)}"


def day(at: datetime) -> str:
    return f"{WEEKDAYS[at.weekday()]}, {at.day} {MONTHS[at.month - 1]} {at.year}"


def _zone(at: Moment) -> str:
    if at.zone == "UTC":
        return " UTC"
    offset = _offset(at.offset_s) if at.offset_s is not None else ""
    names = ", ".join(filter(None, (escape.inline(at.zone, edge=True), offset)))
    return f" ({names})" if names else ""


def _offset(seconds: int) -> str:
    hours, rest = divmod(abs(seconds), 3600)
    minutes = f":{rest // 60:02}" if rest >= 60 else ""
    return f"UTC{'-' if seconds < 0 else '+'}{hours}{minutes}" if seconds else "UTC"
