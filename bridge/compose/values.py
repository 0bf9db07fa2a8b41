"""Values of a form in the one way they are written here: numbers as 1234.5, dates as 2026-11-02, phone numbers in digits.

Total: what is not of its type, or can be read in two ways, is "".
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import assert_never

from bridge.compose import address, words
from bridge.config.rules import FieldType

MAX_CHARS = 500
#: What forms and people write where they have nothing to say.
_NOTHING = frozenset(("-", "--", "---", "–", "—", "n/a", "none", "null", "undefined"))

#: What a value that is not used is not, by its type.
WANTED: dict[FieldType, str] = {
    "text": "says nothing",
    "email": "is no address",
    "number": "is no number, or could be two",
    "number-comma": "is no number with a decimal comma",
    "number-point": "is no number with a decimal point",
    "date": "is no date, or could be two",
    "date-dmy": "is no date that begins with its day",
    "date-mdy": "is no date that begins with its month",
    "phone": "is no phone number",
}


def read(kind: FieldType, text: str) -> str:
    """The value in the one way it is written here; "" where the text is none of that type."""
    line = words.one_line(text[: 4 * MAX_CHARS], MAX_CHARS)
    narrow = unicodedata.normalize("NFKC", line)
    match kind:
        case "text":
            return line
        case "email":
            found = address.read(line)
            return found.email if found else ""
        case "number":
            return _number(narrow)
        case "number-comma":
            return _marked(narrow, _WITH_COMMA)
        case "number-point":
            return _marked(narrow, _WITH_POINT)
        case "date":
            return _date(narrow)
        case "date-dmy":
            return _date(narrow, day_first=True)
        case "date-mdy":
            return _date(narrow, day_first=False)
        case "phone":
            return _phone(narrow)
        case never:
            assert_never(never)


def says_nothing(text: str) -> bool:
    """Whether the value stands for none: empty, or "-", "n/a" and their like."""
    return not text.strip() or text[:100].strip().lower() in _NOTHING


# -- numbers ---------------------------------------------------------------------------------------

_UNITS = re.compile(r"^(?:[A-Z]{3}|[€$£¥])\s?|\s?(?:[A-Z]{3}|[€$£¥%])$")
_DIGITS = re.compile(r"[+-]?[0-9]{1,30}\Z")
#: Groups of three behind `,`, `.`, `'` or a blank, all of one kind, then perhaps decimals behind the other mark.
_GROUPED = re.compile(
    r"([+-]?[0-9]{1,3})((?:([.,' \u2019])[0-9]{3})(?:\3[0-9]{3}){0,9})(?:([.,])([0-9]{1,12}))?\Z"
)
_DECIMAL = re.compile(r"([+-]?[0-9]{1,30})[.,]([0-9]{1,12})\Z")
_WITH_COMMA = re.compile(
    r"([+-]?(?:[0-9]{1,3}(?:[.' \u2019][0-9]{3}){0,9}|[0-9]{1,30}))(?:,([0-9]{1,12}))?\Z"
)
_WITH_POINT = re.compile(
    r"([+-]?(?:[0-9]{1,3}(?:[,' \u2019][0-9]{3}){0,9}|[0-9]{1,30}))(?:\.([0-9]{1,12}))?\Z"
)


def _number(text: str) -> str:
    """`1.234,50 EUR` as `1234.50`; "" for `1.234`, which is a thousand in one country and one in another."""
    bare = _bare(text)
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


def _marked(text: str, form: re.Pattern[str]) -> str:
    """The number where its decimal mark is known."""
    found = form.match(_bare(text))
    return _plain(re.sub(r"[^0-9+-]", "", found[1]), found[2] or "") if found else ""


def _bare(text: str) -> str:
    return _UNITS.sub("", _UNITS.sub("", text)).replace("\xa0", " ").replace("\u2212", "-").strip()


def _plain(digits: str, decimals: str) -> str:
    sign = "-" if digits.startswith("-") else ""
    whole = digits.lstrip("+-").lstrip("0") or "0"
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


# -- dates -----------------------------------------------------------------------------------------

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
_NUMBERS = re.compile(r"([0-9]{1,2})([-./])\s?([0-9]{1,2})\2\s?([0-9]{4})(?:[T ,].{0,40})?\Z")
#: The year first, as in `2026-11-02`, `2026:11:02` of fax servers, `2026年11月2日`.
_YEAR_FIRST = re.compile(
    r"([0-9]{4})(?:([-./:])\s?([0-9]{1,2})\2\s?([0-9]{1,2})|[年년]\s?([0-9]{1,2})[月월]\s?([0-9]{1,2})[日일])(?:[T ,].{0,40})?\Z"
)
_NAMED = re.compile(
    r"(?:[^\W\d_]{2,12}\.?, )?"
    r"(?:([0-9]{1,2})(?:\.|st|nd|rd|th)?(?: de)?[ -]([^\W\d_]{3,12})\.?|([^\W\d_]{3,12})\.? ([0-9]{1,2})(?:st|nd|rd|th)?),?"
    r"(?: de)?[ -]([0-9]{4})(?:[T ,].{0,40})?\Z"
)


def _date(text: str, *, day_first: bool | None = None) -> str:
    """`2.11.2026` and `2 November 2026` as `2026-11-02`; "" for `2/11/2026` where nobody says which comes first."""
    if found := _YEAR_FIRST.match(text):
        return _day(int(found[1]), int(found[3] or found[5]), int(found[4] or found[6]))
    if found := _NUMBERS.match(text):
        first, mark, second, year = int(found[1]), found[2], int(found[3]), int(found[4])
        if day_first is not None:
            return _day(year, second, first) if day_first else _day(year, first, second)
        if mark != "." and first <= 12 and second <= 12 and first != second:
            return ""
        return _day(year, second, first) if second <= 12 else _day(year, first, second)
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


# -- phone numbers ---------------------------------------------------------------------------------

_PHONE = re.compile(r"(\+?)([0-9 ()./\xa0\u2010-\u2015-]{5,40})\Z")


def _phone(text: str) -> str:
    """The digits, with the `+` of a country before them."""
    found = _PHONE.match(text.removeprefix("tel:").strip())
    if found is None:
        return ""
    digits = "".join(char for char in found[2].replace("(0)", "") if char in "0123456789")
    return found[1] + digits if 5 <= len(digits) <= 15 else ""
