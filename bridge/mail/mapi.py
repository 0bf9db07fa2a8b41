"""Properties of MAPI as TNEF writes them (MS-OXTNEF 2.1.3.4), and what their values say.

Own and iterative: every length and count is checked against what is there before anything is taken. Never fails;
properties that break off give those before the break.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.mail import charsets, hygiene, rtf

_PROPERTIES = 20_000
_LINE_CHARS = 500
#: Bytes of a property value by its type; variable ones stand apart.
_FIXED = {
    0x01: 0,
    0x02: 4,
    0x03: 4,
    0x04: 4,
    0x0A: 4,
    0x0B: 4,
    0x05: 8,
    0x06: 8,
    0x07: 8,
    0x14: 8,
    0x40: 8,
    0x48: 16,
}
_SHORT, _LONG, _FLAG, _UNICODE = 0x02, 0x03, 0x0B, 0x1F
OBJECT, STRING8, TIME, BINARY = 0x0D, 0x1E, 0x40, 0x102
_VARIABLE = (STRING8, _UNICODE, OBJECT, BINARY)
_MULTIPLE = 0x1000

#: The number of a property, or the set and number of a named one.
Key = int | tuple[bytes, int]
Found = dict[Key, tuple[int, bytes]]


def parse(content: bytes) -> tuple[Found, bool]:
    """Type and first value of each property, and whether they are all there."""
    cursor = _Cursor(content)
    return _parsed(cursor), not cursor.broken


def rows(content: bytes, limit: int) -> list[Found]:
    """The rows of a table, each the properties of one entry; at most `limit` of them."""
    cursor = _Cursor(content)
    found: list[Found] = []
    for _ in range(min(cursor.number(), limit)):
        row = _parsed(cursor)
        if cursor.broken:
            break
        found.append(row)
    return found


def _parsed(cursor: _Cursor) -> Found:
    found: Found = {}
    for _ in range(min(cursor.number(), _PROPERTIES)):
        kind, key = cursor.number(2), cursor.number(2)
        named: Key = key
        if key >= 0x8000:
            named = cursor.name()
        values = cursor.values(kind)
        if cursor.broken:
            break
        if values:
            found.setdefault(named, (kind & ~_MULTIPLE, values[0]))
    return found


@dataclass(frozen=True, slots=True)
class Properties:
    """The properties of a message or a file, with their strings in a code page of Windows."""

    found: Mapping[Key, tuple[int, bytes]]
    codepage: int
    #: How much of a text is read.
    text_bytes: int

    def text(self, *keys: Key) -> str:
        """The first of the properties that holds text; "" for none."""
        for key in keys:
            kind, value = self.found.get(key, (0, b""))
            if value and kind == _UNICODE:
                return hygiene.clean(
                    value[: min(len(value), self.text_bytes) & ~1].decode("utf-16-le", "replace")
                )
            if value and kind == STRING8:
                return decoded(value[: self.text_bytes], self.codepage)
        return ""

    def line(self, *keys: Key) -> str:
        """As `text`, on one line of bounded length."""
        return hygiene.line(self.text(*keys))[:_LINE_CHARS]

    def binary(self, key: Key) -> bytes:
        kind, value = self.found.get(key, (0, b""))
        return value if kind == BINARY else b""

    def number(self, key: Key) -> int | None:
        """A whole number or, as 0 and 1, a truth."""
        kind, value = self.found.get(key, (0, b""))
        if kind in (_SHORT, _FLAG):
            value = value[:2]
        elif kind != _LONG:
            return None
        return int.from_bytes(value, "little", signed=True)

    def time(self, key: Key) -> datetime | None:
        """UTC on a naive clock."""
        kind, value = self.found.get(key, (0, b""))
        if kind != TIME:
            return None
        try:
            since = timedelta(microseconds=int.from_bytes(value, "little") // 10)
            at = datetime(1601, 1, 1) + since  # noqa: DTZ001 - UTC on a naive clock
        except OverflowError:
            return None
        return at if 1980 <= at.year < 3000 else None


def decoded(value: bytes, codepage: int) -> str:
    """The text of a string in a code page of Windows."""
    return hygiene.clean(charsets.decode(value.rstrip(b"\0"), rtf.label(codepage)))


@dataclass(slots=True)
class _Cursor:
    content: bytes
    position: int = 0
    broken: bool = False

    def take(self, length: int) -> bytes:
        end = self.position + length
        if length < 0 or end > len(self.content):
            self.broken = True
            self.position = len(self.content)
            return b""
        taken = self.content[self.position : end]
        self.position = end
        return taken

    def number(self, width: int = 4) -> int:
        return int.from_bytes(self.take(width), "little")

    def name(self) -> Key:
        """The set and number of a named property; one named by a word counts for nothing here."""
        group = self.take(16)
        if self.number() == 0:
            return group, self.number()
        self.padded(self.number())
        return group, -1

    def padded(self, length: int) -> bytes:
        value = self.take(length)
        self.position = min(self.position + -length % 4, len(self.content))
        return value

    def values(self, kind: int) -> list[bytes]:
        plain = kind & ~_MULTIPLE
        if plain in _VARIABLE:
            count = self.number()
            return [self.padded(self.number()) for _ in range(self.bounded(count, 4))]
        size = _FIXED.get(plain)
        if size is None:
            self.broken = True
            return []
        count = self.bounded(self.number(), max(size, 1)) if kind & _MULTIPLE else 1
        return [self.take(size) for _ in range(count)]

    def bounded(self, count: int, least: int) -> int:
        """The count, unless there cannot be so many values in what is left."""
        if count > (len(self.content) - self.position) // least:
            self.broken = True
            return 0
        return count
