"""Content lines, which calendars (RFC 5545) and cards (RFC 2426, 6350) are made of: folds, parameters, escapes.

Bounded in lines and linear in the text; a line that is none is skipped. `text` must have passed `hygiene.clean`.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.mail import charsets, hygiene

_FOLD = re.compile(r"\n[ \t]")
_NAME = re.compile(r"(?:[A-Za-z0-9-]{1,40}\.)?([A-Za-z0-9-]{1,60})(?=[;:])")
_PARAMETER = re.compile(r';([^=;:"]{1,60}+)(?:=((?:"[^"]*+"|[^";:]++)*+))?')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SOFT_BREAK = re.compile("=(?![0-9A-Fa-f]{2})")
_PARAMETERS = 50
#: A longer line is a picture or an attack, and is cut.
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """Name and names of parameters are in upper case; `value` is as written."""

    name: str
    parameters: dict[str, str]
    value: str

    def parameter(self, name: str) -> str:
        return self.parameters.get(name, "")


def read(text: str, limit: int, longest: int = _LONGEST) -> Iterator[Line]:
    """The lines in order, at most `limit` of them looked at, and `longest` characters of each."""
    position, count = 0, 0
    text = _FOLD.sub("", text)
    while position < len(text) and count < limit:
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        count += 1
        line = _line(text[position : min(end, position + longest)])
        position = end + 1
        if line is None:
            continue
        if line.parameter("ENCODING").upper() == "QUOTED-PRINTABLE" or "QUOTED-PRINTABLE" in line.parameters:
            # Cards of version 2.1 go on behind a soft break.
            value, position = _soft(line.value, text, position)
            line = Line(line.name, line.parameters, _from_quoted(value, line.parameter("CHARSET")))
        yield line


def text(value: str, limit: int) -> str:
    """The text of a value, its escapes undone, at most `limit` characters."""
    return hygiene.clean(
        _ESCAPE.sub(lambda mark: "\n" if mark[1] in "nN" else mark[1], value[: 2 * limit])
    ).strip()[:limit]


def line(value: str, limit: int) -> str:
    """As `text`, on one line."""
    return hygiene.line(text(value, limit))


def fields(value: str) -> list[str]:
    """The components of a structured value, between semicolons that are not escaped."""
    found = [""]
    position = 0
    for mark in re.finditer(r"\\.|;", value[:_LONGEST], re.DOTALL):
        if mark[0] == ";":
            found[-1] += value[position : mark.start()]
            found.append("")
            position = mark.end()
            if len(found) > _PARAMETERS:
                return found
    found[-1] += value[position:_LONGEST]
    return found


def _line(written: str) -> Line | None:
    name = _NAME.match(written)
    if name is None:
        return None
    parameters: dict[str, str] = {}
    position = name.end()
    for _ in range(_PARAMETERS):
        found = _PARAMETER.match(written, position)
        if found is None:
            break
        parameters.setdefault(found[1].upper(), (found[2] or "").replace('"', ""))
        position = found.end()
    colon = written.find(":", position)
    return None if colon < 0 else Line(name[1].upper(), parameters, written[colon + 1 :])


def _soft(value: str, text: str, position: int) -> tuple[str, int]:
    pieces = [value]
    size = len(value)
    while pieces[-1].endswith("=") and position < len(text) and size <= _LONGEST:
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        pieces[-1] = pieces[-1][:-1]
        pieces.append(text[position:end])
        size += end - position
        position = end + 1
    return "".join(pieces), position


def _from_quoted(value: str, charset: str) -> str:
    # An equals sign before no digits was a soft break, whose line end went with the fold behind it.
    escaped = _SOFT_BREAK.sub("", value).encode("utf-8", "replace")
    return hygiene.clean(charsets.decode(a2b_qp(escaped), charset or None))
