"""The values that a form or a legacy system writes into its mails, read by a route's rules and checked for what they have to be.

Total: a value that is not what its rule says is not used, and a remark says so; what can be read in two ways is none of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from string import Formatter
from typing import assert_never

from bridge.compose import address, labels, words
from bridge.config.rules import OWN_SUBJECT
from bridge.config.schema import FieldRule, Route
from bridge.model import Decision, Mail

_MAX_VALUE = 500
#: Values of one label that are tried.
_MAX_TRIED = 20


@dataclass(frozen=True, slots=True)
class Fields:
    """What was found, by the rules' names."""

    values: Mapping[str, str] = field(default_factory=dict)
    #: Sentences for the note.
    remarks: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()

    def sent_to(self, route: Route, whose: str) -> tuple[tuple[str, str], ...]:
        """The values that become custom fields of the `conversation` or the `contact`."""
        return tuple(
            (rule.name, self.values[rule.name])
            for rule in route.fields
            if rule.send == whose and rule.name in self.values
        )


def read(mail: Mail, route: Route) -> Fields:
    """The fields of the mail; none where the route has no rules."""
    if not route.fields:
        return Fields()
    found: dict[str, str] = {}
    remarks: list[str] = []
    decisions: list[Decision] = []
    lines = labels.lines(mail) if any(rule.use == "body" for rule in route.fields) else []
    others = _labels(route)
    for rule in route.fields:
        texts = (
            labels.values(lines, rule.label, others)
            if rule.use == "body"
            else iter(mail.headers_named(rule.label))
        )
        written = [text for text, _ in zip(filter(str.strip, texts), range(_MAX_TRIED), strict=False)]
        value = next(filter(None, (checked(rule, text) for text in written)), "")
        place = f"the {rule.use} says behind “{rule.label}”" if rule.use == "body" else f"header {rule.label}"
        if value:
            found[rule.name] = value
            decisions.append(Decision(f"field {rule.name}", f"“{value}”, as {place}"))
        elif written:
            shown = words.one_line(written[0], 80)
            remark = f"The field {rule.name} says “{shown}”, which {_WANTED[rule.type]}: it was not used."
            remarks.append(remark)
            decisions.append(Decision(f"field {rule.name}", remark))
    return Fields(found, tuple(remarks), tuple(decisions))


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its `{name}` filled in; "" where one of them has no value."""
    made = ""
    # Read with the syntax of the schema's check, but never by str.format, whose fields reach into objects.
    for literal, name, _, _ in Formatter().parse(template):
        value = values.get(name, "") if name is not None else ""
        if name is not None and not value:
            return ""
        made += literal + value
    return " ".join(made.split())


def subject(route: Route, own: str, values: Mapping[str, str]) -> str:
    """The subject of a new conversation: by the route's template, or the mail's own."""
    return (route.subject and filled(route.subject, {**values, OWN_SUBJECT: own})) or own


def _labels(route: Route) -> tuple[str, ...]:
    """Every label that lines of this route's mails may begin with."""
    named = [rule.label for rule in route.fields if rule.use == "body"]
    for rule in route.author:
        named += [rule.email, rule.name] if rule.use == "body" else []
    return tuple(filter(None, named))


# -- types -----------------------------------------------------------------------------------------

_WANTED = {
    "text": "says nothing",
    "email": "is no address",
    "number": "is no number, or could be two",
    "date": "is no date, or could be two",
    "phone": "is no phone number",
}


def checked(rule: FieldRule, text: str) -> str:
    """The value in the one way it is written here; "" where the text is none of that type."""
    text = words.one_line(text[: 4 * _MAX_VALUE], _MAX_VALUE)
    narrow = unicodedata.normalize("NFKC", text)
    match rule.type:
        case "text":
            return text
        case "email":
            found = address.read(text)
            return found.email if found else ""
        case "number":
            return _number(narrow)
        case "date":
            return _date(narrow)
        case "phone":
            return _phone(narrow)
        case never:
            assert_never(never)


_UNITS = re.compile(r"^(?:[A-Z]{3}|[€$£¥])\s?|\s?(?:[A-Z]{3}|[€$£¥%])$")
_DIGITS = re.compile(r"[+-]?[0-9]{1,30}\Z")
#: Groups of three behind `,`, `.`, `'` or a blank, all of one kind, then perhaps decimals behind the other mark.
_GROUPED = re.compile(
    r"([+-]?[0-9]{1,3})((?:([.,' \u2019])[0-9]{3})(?:\3[0-9]{3}){0,9})(?:([.,])([0-9]{1,12}))?\Z"
)
_DECIMAL = re.compile(r"([+-]?[0-9]{1,30})[.,]([0-9]{1,12})\Z")


def _number(text: str) -> str:
    """`1.234,50 EUR` as `1234.50`; "" for `1.234`, which is a thousand in one country and one in another."""
    bare = _UNITS.sub("", _UNITS.sub("", text)).replace("\xa0", " ").replace("\u2212", "-").strip()
    if _DIGITS.match(bare):
        return _plain(bare, "")
    grouped = _GROUPED.match(bare)
    if grouped:
        head, groups, mark, decimal, decimals = grouped.groups()
        if mark == decimal:
            return ""
        if mark in ".," and not decimals and len(groups) == 4 and head.lstrip("+-") != "0":
            return ""
        if head.lstrip("+-") == "0" and not decimals and len(groups) == 4 and mark in ".,":
            return _plain(head, groups[1:])
        return _plain(head + groups.replace(mark, ""), decimals or "")
    found = _DECIMAL.match(bare)
    return _plain(found[1], found[2]) if found else ""


def _plain(digits: str, decimals: str) -> str:
    sign = "-" if digits.startswith("-") else ""
    whole = digits.lstrip("+-").lstrip("0") or "0"
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


_MONTHS = (
    "jan|january|januar|jänner|janvier|enero|gennaio",
    "feb|february|februar|février|febrero|febbraio",
    "mar|march|märz|mrz|mars|marzo",
    "apr|april|avril|abril|aprile",
    "may|mai|mayo|maggio",
    "jun|june|juni|juin|junio|giugno",
    "jul|july|juli|juillet|julio|luglio",
    "aug|august|août|agosto",
    "sep|sept|september|septembre|septiembre|settembre",
    "oct|okt|october|oktober|octobre|octubre|ottobre",
    "nov|november|novembre|noviembre",
    "dec|dez|december|dezember|décembre|diciembre|dicembre",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split("|")}
_NUMBERS = re.compile(r"([0-9]{1,4})([-./])\s?([0-9]{1,2})\2\s?([0-9]{1,4})(?:[T ,].{0,40})?\Z")
_NAMED = re.compile(
    r"(?:[^\W\d_]{2,12}\.?, )?"
    r"(?:([0-9]{1,2})(?:\.|st|nd|rd|th)?(?: de)?[ -]([^\W\d_]{3,12})\.?|([^\W\d_]{3,12})\.? ([0-9]{1,2})(?:st|nd|rd|th)?),?"
    r"(?: de)?[ -]([0-9]{4})(?:[T ,].{0,40})?\Z"
)


def _date(text: str) -> str:
    """`2.11.2026` and `2 November 2026` as `2026-11-02`; "" for `2/11/2026`, which is in February or in November."""
    found = _NUMBERS.match(text)
    if found:
        first, mark, second, third = found.groups()
        if len(first) == 4:
            return _day(int(first), int(second), int(third)) if len(third) < 3 else ""
        if len(third) != 4 or len(first) > 2:
            return ""
        day, month = int(first), int(second)
        if mark != "." and day <= 12 and month <= 12 and day != month:
            return ""
        return _day(int(third), month, day) if month <= 12 else _day(int(third), day, month)
    named = _NAMED.match(text)
    if named is None:
        return ""
    name = (named[2] or named[3]).lower()
    return _day(int(named[5]), _MONTH.get(name, 0), int(named[1] or named[4]))


def _day(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat() if 1 <= year <= 9_999 else ""
    except ValueError:
        return ""


_PHONE = re.compile(r"(\+?)([0-9 ()./\xa0\u2010-\u2015-]{5,40})\Z")


def _phone(text: str) -> str:
    """The digits, with the `+` of a country before them."""
    found = _PHONE.match(text.removeprefix("tel:").strip())
    if found is None:
        return ""
    digits = "".join(char for char in found[2].replace("(0)", "") if char in "0123456789")
    return found[1] + digits if 5 <= len(digits) <= 15 else ""


def keys(route: Route, values: Mapping[str, str]) -> Iterator[str]:
    """The conversation's own name, where the route makes one of its fields and all of them were found."""
    made = filled(route.conversation.key, values) if route.conversation.key else ""
    if made:
        yield made
