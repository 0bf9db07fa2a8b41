"""Reads what stands behind a label in a mail: "Order no.: 4711", a cell beside or below another, a line below a heading.

Linear in the words, and each line is looked at only as far as a label and its value can reach. Where it is not plain that
something is the label's value, there is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, pairwise

from bridge.compose import subject, words
from bridge.config.schema import Route
from bridge.model import Mail, Written

#: Lines that are looked at: of the mail's text, and as many of its HTML.
MAX_LINES = 2_000
_MAX_CHARS = 1_000
#: What stands around a label and is no part of it: bullets, quoting, emphasis, the frame of a drawn table.
_BEFORE = ' \t*_|>-•■◆●○◇□▼▶・"'
_AFTER = " \t*_|-\xa0\u3000"
_RULES = frozenset("-=_~*#. ")
_EMPHASIS = ' *_"'
_BLANKS = "\xa0\u3000\u200b\ufeff"
_LEADERS = " .…·"
#: So many dots lead to a value without any colon.
_LEADING = "...."
#: One sign for what looks alike.
_ALIKE = str.maketrans({"：": ":", "＝": "=", "’": "'", "‘": "'"} | dict.fromkeys(_BLANKS, " "))
#: A label in such brackets needs no colon: "【お名前】山田".
_CLOSING = ("]", "］", "】", "》", "〉")
#: What a label may be, to be named to who looks for one.
_SEEMS = re.compile(r"[^:=|\t]{1,60}")
#: "Date of birth: 1. 2. 1990", as another label begins.
_LABELLED = re.compile(r"[^\W\d][\w .'/()&#-]{0,40}:(?:\s|\Z)")
#: The same in lines such as "txtName=".
_ASSIGNED = re.compile(r"[^\W\d][\w .-]{0,40}=")


@dataclass(frozen=True, slots=True)
class Line:
    #: In composed characters, and no longer than a label and its value can be.
    text: str
    #: The same with one sign for what looks alike.
    plain: str
    #: What is the value where the line is a label and nothing else; "" for nothing.
    beside: str
    #: Whether a table says so, and not only that it comes next.
    cell: bool


def lines(mail: Mail) -> list[Line]:
    """The lines of the mail's words that are looked at: those of its text, then those of its HTML, which may say more."""
    written = [block for block in mail.blocks if isinstance(block, Written)]
    texts = (_of_text(block.text) for block in written if block.text)
    markups = (_of_html(block.html) for block in written if block.html)
    return [line for found in (texts, markups) for line in islice(chain.from_iterable(found), MAX_LINES)]


def values(lines: Sequence[Line], label: str, others: Sequence[str] = ()) -> Iterator[str]:
    """What stands behind the label, on its line or, where that is all the line says, in the next cell or on the next line.

    What begins with one of the `others` is another label: the value was left empty.
    """
    for line in lines:
        value = _behind(line.text, line.plain, label)
        if value == "" and not _is_label(line, label, others):
            value = line.beside[:_MAX_CHARS].strip(_AFTER).lstrip(_AFTER + ":=" if line.cell else _AFTER)
        if value:
            yield value


def of_route(route: Route) -> tuple[str, ...]:
    """Every label that lines of this route's mails may begin with."""
    named = [rule.label for rule in route.fields if rule.use == "body"]
    for rule in route.author:
        named += [rule.email, rule.name] if rule.use == "body" else []
    return tuple(filter(None, named))


def name(label: str) -> str:
    """The label without what may stand around it; "" where it says nothing."""
    return " ".join(_plain(label).split()).lstrip(_BEFORE).rstrip(_AFTER + _EMPHASIS + _LEADERS + ":=")


def begins(line: Line, label: str) -> bool:
    """Whether the line begins with the label, and something or nothing behind it."""
    return _behind(line.text, line.plain, label) is not None


def of_line(line: Line) -> str:
    """The label that a line seems to begin with; "" for none."""
    found = _SEEMS.match(line.plain.strip())
    return name(found[0]) if found else ""


# -- lines, and what is beside them ----------------------------------------------------------------


def _of_text(text: str) -> Iterator[Line]:
    return _cell(text.split("\n", MAX_LINES)[:MAX_LINES])


def _of_html(markup: str) -> Iterator[Line]:
    """Beside the last line of a cell is the next cell, below a heading the one under it, and behind a row the next row."""
    rows = list(islice(words.rows(markup), MAX_LINES))
    for row, below in pairwise([*rows, words.Row(())]):
        after = next(filter(None, map(_first, below.cells)), "")
        columns = len(row.cells) == len(below.cells) > 1
        for place, cell in enumerate(row.cells):
            beside = None if row.headings else _behind_cell(row, place)
            if beside is None and (row.headings or columns):
                beside = _below(below, place)
            yield from _cell(cell, after if beside is None else beside, cell=beside is not None)


def _behind_cell(row: words.Row, place: int) -> str | None:
    """What the row says behind the cell; None where the cell is its last."""
    following = list(map(_first, row.cells[place + 1 : place + 4]))
    if len(following) == 2 and not following[0].strip(" :="):
        return following[1]
    return following[0] if following else None


def _below(row: words.Row, place: int) -> str:
    return _first(row.cells[place]) if place < len(row.cells) and not row.headings else ""


def _first(cell: Sequence[str]) -> str:
    return cell[0] if cell else ""


def _cell(texts: Sequence[str], after: str = "", *, cell: bool = False) -> Iterator[Line]:
    """The lines of one cell that say anything, each with the next one beside it; `after` is beside the last."""
    found: list[Line] = []
    for text in reversed(texts):
        if text.strip() and not (len(text) > 2 and _RULES.issuperset(text)):
            found.append(Line(*_read(text), after, cell))
            after, cell = text, False
    return reversed(found)


# -- one line --------------------------------------------------------------------------------------


def _read(line: str) -> tuple[str, str]:
    text = unicodedata.normalize("NFC", line[:_MAX_CHARS])
    return text, text.translate(_ALIKE)


def _plain(line: str) -> str:
    return _read(line)[1]


@lru_cache(maxsize=1_000)
def _pattern(label: str) -> re.Pattern[str] | None:
    """The label at the beginning of a line, in any case and spacing; None where it says nothing."""
    parts = map(re.escape, name(label).split())
    wanted = " +".join(parts)
    return re.compile(rf"[{re.escape(_BEFORE)}]*{wanted}", re.IGNORECASE) if wanted else None


def _behind(text: str, plain: str, label: str) -> str | None:
    """What the line says behind the label; None where it does not begin with it."""
    pattern = _pattern(label)
    found = pattern.match(plain) if pattern else None
    if found is None:
        return None
    rest = text[found.end() :].lstrip(_EMPHASIS + _BLANKS)
    led = rest.lstrip(_LEADERS + _EMPHASIS + _BLANKS)
    match led.translate(_ALIKE)[:1]:
        case "":
            return ""
        case "=" | ":" | "|" | "\t":
            value = led.lstrip("\t :=|：＝").removeprefix(">")
        case _ if found[0].endswith(_CLOSING):
            value = rest
        case _ if rest.startswith(_LEADING):
            value = led
        case _:
            # The label begins a longer word, or a sentence; dashes that frame it end the line.
            return "" if not led.strip(_AFTER) else None
    return _unquoted(value.strip(_AFTER))


def _unquoted(value: str) -> str:
    """The value without the quotes, and the comma behind them, of what a program wrote for another one."""
    inner = value.removesuffix(",").rstrip()
    return (
        inner[1:-1].strip()
        if len(inner) > 2 and inner[0] == inner[-1] == '"' and '"' not in inner[1:-1]
        else value
    )


def _is_label(line: Line, label: str, others: Sequence[str]) -> bool:
    """Whether what stands beside a label is another label, rather than its value."""
    below = line.beside
    text, plain = _read(below)
    if any(_behind(text, plain, other) is not None for other in (label, *others)):
        return True
    if line.cell or subject.normalise(below) != " ".join(below.split()):
        return False
    plain = plain.strip()
    pattern = _ASSIGNED if line.text.rstrip().endswith("=") else _LABELLED
    if plain.endswith(":") or pattern.match(plain.lstrip(_BEFORE)):
        return True
    return _framed(line.plain.strip(), label, plain)


def _framed(line: str, label: str, below: str) -> bool:
    """Whether the line below stands between the same signs as the label: "--- Name ---", "*Name*"."""
    pattern = _pattern(label)
    found = pattern.match(line) if pattern else None
    if found is None:
        return False
    before = line[: found.end() - len(name(label))].strip()
    after = line[found.end() :].strip()
    return bool(before and after) and below.startswith(before) and below.endswith(after)
