"""The header of one part, read line by line so that no broken field takes its neighbours along.

The stdlib's parser ends the header at the first line it does not know (no colon, blank before the colon, 8-bit name)
and gives the rest to the body; here such a line is skipped and named as a defect, unless nothing that looks
like a header follows. Bounded in bytes, fields and size of a field; linear.
"""

from __future__ import annotations

import mmap
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bridge.mail.limits import Limits

Content = bytes | mmap.mmap

_END = re.compile(rb"\n\r{0,2}\n")
_BLANK = re.compile(rb"\r{0,2}\n")
_BLANKS = re.compile(rb"[ \t]++")
#: What mbox puts before a mail, and an old relay within its header.
_MBOX = re.compile(rb">?From [^\n]*+\n?")
_PARAMETER = re.compile(rb"[A-Za-z0-9*-]{1,60}=")
_NAME = re.compile(rb"([!-9;-~\x80-\xff]++)[ \t]*+:")
_FIELD = re.compile(rb"^([!-9;-~\x80-\xff]++)[ \t]*+:[ \t]*+([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?", re.MULTILINE)
_OFTEN_FIRST = (
    rb"(?:from|to|cc|subject|date|reply-to|message-id|mime-version|content-type|return-path)[ \t]*+:"
)
#: A first field that is indented continues the trace field which a server put before it.
_SWALLOWED = re.compile(
    rb"(received[ \t]*+:[^\n]*+(?:\n[ \t]++(?!%b)[^\n]*+)*+)\n([ \t]++)(?=%b)" % (_OFTEN_FIRST, _OFTEN_FIRST),
    re.IGNORECASE,
)
#: Names that tell a header from prose that happens to hold a colon.
_KNOWN = frozenset(
    b"received from to cc bcc subject date sender comments keywords lines status organization organisation precedence "
    b"importance priority sensitivity path newsgroups approved".split()
)


@dataclass(slots=True)
class Header:
    """Unfolded fields in order, still as bytes."""

    fields: tuple[tuple[str, bytes], ...] = ()
    defects: tuple[str, ...] = ()
    #: Where the body starts within the content.
    body: int = 0
    _named: dict[str, list[bytes]] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: Iterable[tuple[str, bytes]], defects: tuple[str, ...] = (), body: int = 0) -> Header:
        """The header of these unfolded fields."""
        kept = tuple(fields)
        named: dict[str, list[bytes]] = {}
        for name, value in kept:
            if value:
                named.setdefault(name.lower(), []).append(value)
        return cls(kept, defects, body, named)

    def first(self, name: str) -> bytes:
        """The first non-empty field of that lower-case name; empty when there is none."""
        named = self._named.get(name)
        return named[0] if named else b""

    def has_any(self, names: frozenset[str]) -> bool:
        return not names.isdisjoint(self._named)

    def all(self, name: str) -> tuple[bytes, ...]:
        """Every non-empty field of that lower-case name."""
        return tuple(self._named.get(name, ()))


def read(content: Content, start: int, end: int, limits: Limits) -> Header:
    """The header that starts at `start`; the body starts behind its blank line, at the latest at `end`."""
    if blank := _BLANK.match(content, start, end):
        return Header(body=blank.end())
    ended = _END.search(content, start, end)
    stop, body = (ended.start() + 1, ended.end()) if ended else (end, end)
    defects: list[str] = []
    if stop - start > limits.header_bytes:
        defects.append(f"A header of {stop - start} bytes was cut to {limits.header_bytes}.")
    start = _outdented(content, start, end)
    block = content[start : min(stop, start + limits.header_bytes)]
    if swallowed := _SWALLOWED.match(block):
        # Of the same length, so that every position stays.
        block = swallowed[1] + swallowed[2] + b"\n" + block[swallowed.end() :]
    lines = _lines(block, limits.fields)
    if len(lines.found) >= limits.fields:
        defects.append(f"Only the first {limits.fields} header fields were read.")
    kept, prose = _without_odd(block, lines, defects)
    if prose is not None:
        body = start + prose
    fields = tuple(_unfolded(kept, limits.field_bytes, defects))
    return Header.of(fields, tuple(defects), body)


def unfold(value: bytes) -> bytes:
    """One line; a fold and the blanks around it become one space."""
    if b"\n" not in value:
        return value.strip(b" \t\r")
    return b" ".join(line.strip(b" \t\r") for line in value.split(b"\n")).strip()


def looks_like_header(content: Content, position: int) -> bool:
    """Whether a line at `position` is a field that mail headers have."""
    found = _NAME.match(content, position, position + 2000)
    return found is not None and _plausible(found[1])


@dataclass(slots=True)
class _Line:
    name: bytes
    value: bytes
    start: int


@dataclass(slots=True)
class _Lines:
    """The fields of a block, and the stretches between them that are none."""

    found: list[_Line]
    odd: list[tuple[int, int]]


def _outdented(content: Content, start: int, end: int) -> int:
    """Where the first field starts if it is indented by mistake: it has no line to continue."""
    blanks = _BLANKS.match(content, start, min(end, start + 100))
    return blanks.end() if blanks and looks_like_header(content, blanks.end()) else start


def _lines(block: bytes, limit: int) -> _Lines:
    lines = _Lines([], [])
    position = 0
    for match in _FIELD.finditer(block):
        if match.start() > position:
            lines.odd.append((position, match.start()))
        position = match.end()
        lines.found.append(_Line(match[1], match[2], match.start()))
        if len(lines.found) >= limit:
            return lines
    if position < len(block):
        lines.odd.append((position, len(block)))
    return lines


def _without_odd(block: bytes, lines: _Lines, defects: list[str]) -> tuple[list[_Line], int | None]:
    """Skip what is followed by further fields of mail; otherwise the body started there, without a blank line."""
    last_plausible = max((line.start for line in lines.found if _plausible(line.name)), default=-1)
    for start, end in lines.odd:
        odd = block[start:end]
        if not odd.strip() or (end <= last_plausible and _MBOX.fullmatch(odd)):
            continue
        if _PARAMETER.match(odd) and (before := _line_before(lines.found, start)).value.rstrip().endswith(
            b";"
        ):
            before.value += b"\n" + odd
            continue
        if last_plausible < end or odd.startswith(b"--") or b"\n--" in odd:
            return [line for line in lines.found if line.start < start], start
        shown = odd[:80].decode("ascii", "replace").strip()
        defects.append(f"A header line is no field and was skipped: {shown!r}.")
    return lines.found, None


def _line_before(found: list[_Line], position: int) -> _Line:
    place = bisect_left(found, position, key=lambda line: line.start)
    return found[place - 1] if place else _Line(b"", b"", 0)


def _plausible(name: bytes) -> bool:
    lowered = name.lower()
    return lowered in _KNOWN or (b"-" in lowered and len(lowered) <= 76 and lowered[:1].isalpha())


def _unfolded(found: list[_Line], limit: int, defects: list[str]) -> Iterator[tuple[str, bytes]]:
    for line in found:
        name, value = line.name.decode("ascii", "replace")[:200], line.value
        if len(value) > limit:
            defects.append(f"The field {name[:80]} was cut from {len(value)} to {limit} bytes.")
            value = value[:limit]
        yield name, unfold(value)
