"""Files that a sender put into the text itself: ``begin 644 name`` … ``end``.

A block counts only when its first line is well-formed uuencode and its end is there, so that prose with a line
"begin 2024 with …" stays prose. Linear: a text without an end is searched for one once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.mail import charsets, hygiene
from bridge.mail.headers import Content

_BEGIN = re.compile(rb"\n?(begin [0-7]{3,4} ([^\r\n]{1,255})\r*\n)")
_END = re.compile(rb"\nend[ \t]*+\r*+(?:\n|\Z)")
_BEGIN_MARK, _END_MARK = (b"\nbegin ", _BEGIN), (b"\nend", _END)
#: Lines that look like a mark and are none, before the search is given up.
_TRIALS = 10_000
_FIRST_LINE = re.compile(rb"([!-M])([ -`]{4,84})\r*\n|[` ]\r*\n")


@dataclass(frozen=True, slots=True)
class Block:
    """`start` to `end` holds the whole block, from its begin to its end line."""

    start: int
    end: int
    filename: str


def find(content: Content, start: int, end: int, limit: int) -> tuple[Block, ...]:
    """The uuencoded files between two positions, in order, at most `limit`."""
    found: list[Block] = []
    # The line end before the first line makes a begin there look like any other.
    position = max(start - 1, 0)
    first = _BEGIN.match(content, start, end)
    for _ in range(_TRIALS):
        begin = first or _next(content, _BEGIN_MARK, position, end)
        first = None
        if begin is None or len(found) >= limit:
            break
        position = begin.end() - 1
        if not _well_formed(content, begin.end(), end):
            continue
        closing = _next(content, _END_MARK, position, end)
        if closing is None:
            break
        found.append(Block(begin.start(1), closing.end(), _name(begin)))
        position = closing.end() - 1
    return tuple(found)


def name(content: Content, start: int, end: int) -> str | None:
    """The name on the first begin line."""
    begin = _BEGIN.match(content, start, end) or _next(content, _BEGIN_MARK, start, end)
    return _name(begin) if begin else None


def _name(begin: re.Match[bytes]) -> str:
    return hygiene.clean(charsets.decode(begin[2])).strip()


def _next(
    content: Content, mark: tuple[bytes, re.Pattern[bytes]], position: int, end: int
) -> re.Match[bytes] | None:
    """The next line that starts with a mark and matches: `find` is many times faster than the pattern alone."""
    literal, pattern = mark
    for _ in range(_TRIALS):
        position = content.find(literal, position, end)
        if position < 0:
            return None
        if match := pattern.match(content, position, end):
            return match
        position += len(literal)
    return None


def _well_formed(content: Content, position: int, end: int) -> bool:
    line = _FIRST_LINE.match(content, position, end)
    if line is None:
        return False
    if line[1] is None:
        return True
    digits = ((line[1][0] - 32 + 2) // 3) * 4
    # Trailing blanks may be lost, and one checksum character may be added.
    return digits - 3 <= len(line[2]) <= digits + 2
