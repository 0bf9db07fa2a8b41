"""The header of one part, read line by line so that no broken field takes its neighbours along.

The stdlib's parser ends the header at the first line it does not know (no colon, blank before the colon, 8-bit name)
and gives the rest to the body; here such a line is skipped and named as a defect, unless nothing that looks
like a header follows. Bounded in bytes, fields and size of a field; linear.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.mail.limits import Limits

Content = bytes | mmap.mmap

_END = re.compile(rb"\n\r{0,2}\n")
_BLANK = re.compile(rb"\r{0,2}\n")
_FIELD = re.compile(rb"^([!-9;-~\x80-\xff]++)[ \t]*+:[ \t]*+([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?", re.MULTILINE)
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

    def first(self, name: str) -> bytes:
        """The first non-empty field of that lower-case name; empty when there is none."""
        named = self._named.get(name)
        return named[0] if named else b""

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
    block = content[start : min(stop, start + limits.header_bytes)]
    if stop - start > limits.header_bytes:
        defects.append(f"A header of {stop - start} bytes was cut to {limits.header_bytes}.")
    found, odd = _fields(block, limits.fields)
    if len(found) >= limits.fields:
        defects.append(f"Only the first {limits.fields} header fields were read.")
    kept, prose = _odd_lines(block, odd, found, defects)
    if prose is not None:
        body = start + prose
    fields = tuple(_unfolded(kept, limits.field_bytes, defects))
    named: dict[str, list[bytes]] = {}
    for name, value in fields:
        if value:
            named.setdefault(name.lower(), []).append(value)
    return Header(fields, tuple(defects), body, named)


def unfold(value: bytes) -> bytes:
    """One line; a fold and the blanks around it become one space."""
    if b"\n" not in value:
        return value.strip(b" \t\r")
    return b" ".join(line.strip(b" \t\r") for line in value.split(b"\n")).strip()


def looks_like_header(content: Content, position: int) -> bool:
    """Whether a line at `position` is a field that mail headers have."""
    found = _FIELD.match(content, position, position + 2000)
    return found is not None and _plausible(found[1])


def _fields(block: bytes, limit: int) -> tuple[list[re.Match[bytes]], list[tuple[int, int]]]:
    """The fields, and the stretches between them that are none."""
    found: list[re.Match[bytes]] = []
    odd: list[tuple[int, int]] = []
    position = 0
    for match in _FIELD.finditer(block):
        if match.start() > position:
            odd.append((position, match.start()))
        position = match.end()
        found.append(match)
        if len(found) >= limit:
            return found, odd
    if position < len(block):
        odd.append((position, len(block)))
    return found, odd


def _odd_lines(
    block: bytes, odd: list[tuple[int, int]], found: list[re.Match[bytes]], defects: list[str]
) -> tuple[list[re.Match[bytes]], int | None]:
    """Skip what is followed by further fields of mail; otherwise the body started there, without a blank line."""
    for start, end in odd:
        line = block[start:end]
        if not line.strip() or line.startswith((b"From ", b">From ")):
            continue
        if not any(match.start() >= end and _plausible(match[1]) for match in found):
            return [match for match in found if match.start() < start], start
        shown = line[:80].decode("ascii", "replace").strip()
        defects.append(f"A header line is no field and was skipped: {shown!r}.")
    return found, None


def _plausible(name: bytes) -> bool:
    lowered = name.lower()
    return lowered in _KNOWN or (b"-" in lowered and len(lowered) <= 76 and lowered[:1].isalpha())


def _unfolded(
    found: Iterable[re.Match[bytes]], limit: int, defects: list[str]
) -> Iterable[tuple[str, bytes]]:
    for match in found:
        name, value = match[1].decode("ascii", "replace")[:200], match[2]
        if len(value) > limit:
            defects.append(f"The field {name[:80]} was cut from {len(value)} to {limit} bytes.")
            value = value[:limit]
        yield name, unfold(value)
