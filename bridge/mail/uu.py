"""Files that a sender put into the text itself: ``begin 644 name`` … ``end``.

A block counts only when its first line is well-formed and its end is there, or the text breaks off within it, so that prose
with a line "begin 2024 with …" stays prose. Linear: a text without an end is searched for one once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.mail import charsets, hygiene
from bridge.mail.headers import Content
from bridge.mail.split import find as find_bytes

_BEGIN = re.compile(rb"\n?(begin(?P<base64>-base64)? [0-7]{3,4} (?P<name>[^\r\n]{1,255})\r*\n)")
_END = re.compile(rb"\nend[ \t]*+\r*+(?:\n|\Z)")
_END_OF_BASE64 = re.compile(rb"\n====[ \t]*+\r*+(?:\n|\Z)")
_BEGIN_MARK = (b"\nbegin", _BEGIN)
_END_MARKS = {None: (b"\nend", _END), b"-base64": (b"\n====", _END_OF_BASE64)}
#: Lines that look like a mark and are none, before the search is given up.
_TRIALS = 10_000
_FULL_LINE = re.compile(rb"M[ -`]{60,62}\r*")
_LINE_OF_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4,80}={0,2}\r*\n")
_TAIL_BYTES = 400
_FIRST_LINE = re.compile(rb"([!-M])([ -`]{4,84})\r*\n|[` ]\r*\n")


@dataclass(frozen=True, slots=True)
class Block:
    """`start` to `end` holds the whole block, from its begin to its end line."""

    start: int
    end: int
    filename: str
    #: What is to be decoded, and how.
    encoded: tuple[int, int]
    encoding: str = "x-uuencode"


def find(content: Content, start: int, end: int, limit: int) -> tuple[Block, ...]:
    """The uuencoded files between two positions, in order, at most `limit`."""
    found: list[Block] = []
    # The line end before the first line makes a begin there look like any other.
    position = max(start - 1, 0)
    first = _BEGIN.match(content, start, end)
    #: Kinds whose end does not come any more.
    endless: set[bytes | None] = set()
    for _ in range(_TRIALS):
        begin = first or _next(content, _BEGIN_MARK, position, end)
        first = None
        if begin is None or len(found) >= limit:
            break
        position = begin.end() - 1
        if begin["base64"] in endless or not _well_formed(content, begin, end):
            continue
        block = _block(content, begin, end)
        if block is None:
            endless.add(begin["base64"])
        else:
            found.append(block)
            position = block.end - 1
    return tuple(found)


def _block(content: Content, begin: re.Match[bytes], end: int) -> Block | None:
    """The file that begins here, to its end, or to that of the text where that breaks off within it."""
    start, name = begin.start(1), _name(begin)
    closing = _next(content, _END_MARKS[begin["base64"]], begin.end() - 1, end)
    if begin["base64"]:
        return (
            Block(start, closing.end(), name, (begin.end(), closing.start() + 1), "base64")
            if closing
            else None
        )
    if closing is None and not _breaks_off(content, begin.end(), end):
        return None
    stop = closing.end() if closing else end
    return Block(start, stop, name, (start, stop))


def name(content: Content, start: int, end: int) -> str | None:
    """The name on the first begin line."""
    begin = _BEGIN.match(content, start, end) or _next(content, _BEGIN_MARK, start, end)
    return _name(begin) if begin else None


def _name(begin: re.Match[bytes]) -> str:
    return hygiene.clean(charsets.decode(begin["name"])).strip()


def _next(
    content: Content, mark: tuple[bytes, re.Pattern[bytes]], position: int, end: int
) -> re.Match[bytes] | None:
    """The next line that starts with a mark and matches: `find` is many times faster than the pattern alone."""
    literal, pattern = mark
    for _ in range(_TRIALS):
        position = find_bytes(content, literal, position, end)
        if position < 0:
            return None
        if match := pattern.match(content, position, end):
            return match
        position += len(literal)
    return None


def _breaks_off(content: Content, start: int, end: int) -> bool:
    """Whether the text ends within a file: its last whole lines are full ones."""
    *lines, _ = content[max(start, end - _TAIL_BYTES) : end].rstrip().split(b"\n")
    return len(lines) >= 2 and all(map(_FULL_LINE.fullmatch, lines[-2:]))


def _well_formed(content: Content, begin: re.Match[bytes], end: int) -> bool:
    if begin["base64"]:
        return _LINE_OF_BASE64.match(content, begin.end(), end) is not None
    line = _FIRST_LINE.match(content, begin.end(), end)
    if line is None:
        return False
    if line[1] is None:
        return True
    digits = ((line[1][0] - 32 + 2) // 3) * 4
    # Trailing blanks may be lost, and one checksum character may be added.
    return digits - 3 <= len(line[2]) <= digits + 2
