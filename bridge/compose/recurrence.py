"""The recurrence of a meeting in words; a rule with parts that no words are known for is left to the file."""

from __future__ import annotations

from bridge.compose import escape, times
from bridge.facts import Moment, Repeat

_SHOWN_DATES = 10
_BY_FILE = "by a rule that stands in the file"
_DAYS = dict(zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), times.WEEKDAYS, strict=True))
#: Days of which a rule takes one, or all.
_TOGETHER = {
    frozenset(("MO", "TU", "WE", "TH", "FR")): "weekday",
    frozenset(("SA", "SU")): "day of the weekend",
    frozenset(_DAYS): "day",
}
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


def words(repeat: Repeat, start: Moment | None = None) -> str:
    """What repeats, and when; `start` is when the meeting is that repeats."""
    if repeat.words:
        return escape.inline(repeat.words, edge=True)
    said = [_rule(repeat)] if repeat.frequency or not repeat.dates else []
    if repeat.exceptions:
        said.append(f"without {repeat.exceptions} of the dates")
    if repeat.dates:
        also = "also on" if repeat.frequency else "on"
        said.append(f"{also} {_dates(repeat.dates, start)}")
    return ", ".join(said)


def _rule(repeat: Repeat) -> str:
    unit = _UNITS.get(repeat.frequency)
    if unit is None:
        return _BY_FILE
    said = f"every {unit}" if repeat.interval == 1 else f"every {repeat.interval} {unit}s"
    on = None if repeat.more else _on(repeat)
    if said in ("every day", "every week") and on == " on weekday":
        said = "every weekday"
    else:
        said += f", {_BY_FILE}" if on is None else on
    if repeat.count is not None:
        said += ", once" if repeat.count == 1 else f", {repeat.count} times"
    if repeat.until is not None:
        said += f", until {times.day(repeat.until.at)}"
    return said


def _on(repeat: Repeat) -> str | None:
    """Which days it is; "" where the start says it, None where no words are known."""
    months = [times.MONTHS[month - 1] for month in repeat.months]
    if repeat.days and repeat.month_days:
        return None
    if repeat.month_days and months and min(repeat.month_days) > 0:
        return f" on {_listed([f'{day} {month}' for month in months for day in repeat.month_days])}"
    days = _weekdays(repeat) if repeat.days else _listed([_month_day(day) for day in repeat.month_days])
    if days is None or (repeat.position is not None and not repeat.days):
        return None
    if not days:
        return f" in {_listed(months)}" if months else ""
    return f" on {days} of {_listed(months)}" if months else f" on {days}"


def _weekdays(repeat: Repeat) -> str | None:
    together = _TOGETHER.get(frozenset(repeat.days))
    if repeat.position is not None:
        kind = together or (_DAYS.get(repeat.days[0]) if len(repeat.days) == 1 else None)
        return f"the {_nth(repeat.position)} {kind}" if kind else None
    if together == "weekday" and repeat.frequency in ("DAILY", "WEEKLY") and repeat.interval == 1:
        return together
    return _listed([_weekday(day) for day in repeat.days])


def _weekday(day: str) -> str:
    number, name = day[:-2], _DAYS[day[-2:]]
    return f"the {_nth(int(number))} {name}" if number.lstrip("-").isdigit() else name


def _nth(number: int) -> str:
    return _ORDINALS.get(number, f"{number}.")


def _month_day(day: int) -> str:
    return "the last day" if day == -1 else f"day {day}" if day > 0 else f"day {-day} from the end"


def _dates(dates: tuple[Moment, ...], start: Moment | None) -> str:
    """Single dates; with the time of each where that is not the same for all."""
    same = all(start is not None and date.at.time() == start.at.time() for date in dates)
    shown = [times.day(date.at) if same else times.moment(date) for date in dates[:_SHOWN_DATES]]
    more = len(dates) - len(shown)
    return _listed([*shown, *([f"{more} more"] if more else [])])


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
