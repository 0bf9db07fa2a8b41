"""Small builders of what Outlook wraps mail in: TNEF streams with MAPI properties, and compressed rich text."""

from __future__ import annotations

import struct
from datetime import datetime

STRING8, UNICODE, BINARY, OBJECT, TIME, NUMBER, FLAG = 0x1E, 0x1F, 0x102, 0x0D, 0x40, 0x03, 0x0B
BODY, HTML, RTF, SUBJECT = 0x1000, 0x1013, 0x1009, 0x37
LONG_NAME, CONTENT_ID, MIME_TAG, DATA, DISPLAY_NAME = 0x3707, 0x3712, 0x370E, 0x3701, 0x3001

MESSAGE_PROPERTIES, FILE, FILE_TITLE, FILE_DATA, FILE_PROPERTIES = 0x69003, 0x69002, 0x18010, 0x6800F, 0x69005
CODEPAGE, MESSAGE_CLASS, OLD_BODY = 0x69007, 0x78008, 0x2800C
FROM, OWNER, SENT_FOR, RECIPIENTS, DATE_SENT = 0x8000, 0x60000, 0x60001, 0x69004, 0x38005

APPOINTMENT = bytes.fromhex("0220060000000000c000000000000046")
TASK = bytes.fromhex("0320060000000000c000000000000046")
ADDRESS = bytes.fromhex("0420060000000000c000000000000046")

Property = tuple[int, int | tuple[bytes, int], bytes]


def stream(*attributes: bytes, codepage: int | None = 1252) -> bytes:
    """A TNEF stream of these attributes."""
    head = b"" if codepage is None else attribute(CODEPAGE, struct.pack("<II", codepage, 0))
    return b"\x78\x9f\x3e\x22\x01\x00" + head + b"".join(attributes)


def attribute(number: int, value: bytes) -> bytes:
    level = 2 if number in (FILE, FILE_TITLE, FILE_DATA, FILE_PROPERTIES) else 1
    return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def message(*found: Property) -> bytes:
    return attribute(MESSAGE_PROPERTIES, properties(*found))


def file(title: bytes, data: bytes, *found: Property) -> bytes:
    """An attached file: its old short name, its bytes, its properties."""
    parts = [attribute(FILE, bytes(14)), attribute(FILE_TITLE, title + b"\0")]
    if data:
        parts.append(attribute(FILE_DATA, data))
    return b"".join(parts) + (attribute(FILE_PROPERTIES, properties(*found)) if found else b"")


def attached(name: str, inner: bytes) -> bytes:
    """A message that is attached, by its stream."""
    return file(b"", b"", unicode(DISPLAY_NAME, name), (OBJECT, DATA, bytes(16) + inner))


def recipients(*people: tuple[str, str, int]) -> bytes:
    """Whom it goes to: name, address, and 1 for To or 2 for Cc."""
    rows = (
        properties(unicode(0x3001, name), unicode(0x39FE, email), number(0x0C15, kind))
        for name, email, kind in people
    )
    return attribute(RECIPIENTS, struct.pack("<I", len(people)) + b"".join(rows))


def person(attribute_number: int, name: bytes, email: bytes) -> bytes:
    """Who sent it, in the form of old."""
    name, email = name + b"\0", email + b"\0"
    if attribute_number == FROM:
        head = struct.pack("<HHHH", 4, 16 + len(name) + len(email), len(name), len(email))
        return attribute(FROM, head + name + email + bytes(8))
    return attribute(
        attribute_number, struct.pack("<H", len(name)) + name + struct.pack("<H", len(email)) + email
    )


def old_time(number: int, when: datetime) -> bytes:
    """A time in the form of old."""
    return attribute(number, struct.pack("<7H", *when.timetuple()[:6], (when.weekday() + 1) % 7))


def zone_rule(minutes_west: int, *, changes: bool = True) -> bytes:
    """The rule of a zone of Europe's, as a series has it."""
    autumn, spring = (struct.pack("<8H", 0, month, 0, 5, hour, 0, 0, 0) for month, hour in ((10, 3), (3, 2)))
    if not changes:
        autumn = spring = bytes(16)
    return struct.pack("<iii", minutes_west, 0, -60) + bytes(2) + autumn + bytes(2) + spring


def zone_definition(key: str, minutes_west: int) -> bytes:
    """The same as newer programs write it: a rule of an earlier year, and the one that counts."""

    def rule(flags: int, year: int, west: int) -> bytes:
        biases_and_changes = zone_rule(west)
        return (
            struct.pack("<BBHHH", 2, 1, 0x3E, flags, year)
            + bytes(14)
            + biases_and_changes[:12]
            + biases_and_changes[14:30]
            + biases_and_changes[32:48]
        )

    name = key.encode("utf-16-le")
    head = struct.pack("<HH", 2, len(key)) + name + struct.pack("<H", 2)
    rules = rule(0, 1999, minutes_west - 60) + rule(2, 2007, minutes_west)
    return struct.pack("<BBH", 2, 1, len(head)) + head + rules


def number(key: int | tuple[bytes, int], value: int) -> Property:
    return (NUMBER, key, struct.pack("<i", value))


def flag(key: int | tuple[bytes, int]) -> Property:
    return (FLAG, key, struct.pack("<HH", 1, 0))


def properties(*found: Property) -> bytes:
    return struct.pack("<I", len(found)) + b"".join(_property(*one) for one in found)


def unicode(key: int | tuple[bytes, int], text: str) -> Property:
    return (UNICODE, key, text.encode("utf-16-le") + b"\0\0")


def at(key: int | tuple[bytes, int], when: datetime) -> Property:
    since = when - datetime.fromisoformat("1601-01-01")
    return (TIME, key, struct.pack("<Q", int(since.total_seconds()) * 10_000_000))


def _property(kind: int, key: int | tuple[bytes, int], value: bytes) -> bytes:
    if isinstance(key, tuple):
        head = struct.pack("<HH", kind, 0x8001) + key[0] + struct.pack("<II", 0, key[1])
    else:
        head = struct.pack("<HH", kind, key)
    if kind in (STRING8, UNICODE, BINARY, OBJECT):
        return head + struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)
    return head + value


_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans "
    b"SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def compressed(rich: bytes) -> bytes:
    """The rich text as LZFu, with references wherever one of three bytes or more is found."""
    before = bytearray(_DICTIONARY)
    tokens: list[bytes] = []
    flags: list[int] = []
    position = 0
    while position < len(rich):
        length, place = 0, -1
        for size in range(min(17, len(rich) - position), 2, -1):
            place = bytes(before[-4000:]).find(rich[position : position + size])
            if place >= 0:
                length, place = size, place + max(0, len(before) - 4000)
                break
        if length:
            tokens.append(struct.pack(">H", (place % 4096) << 4 | (length - 2)))
        else:
            length = 1
            tokens.append(rich[position : position + 1])
        flags.append(int(place >= 0))
        before += rich[position : position + length]
        position += length
    tokens.append(struct.pack(">H", (len(before) % 4096) << 4))
    flags.append(1)
    out = bytearray()
    for start in range(0, len(tokens), 8):
        out.append(sum(bit << n for n, bit in enumerate(flags[start : start + 8])))
        out += b"".join(tokens[start : start + 8])
    return struct.pack("<II", len(out) + 12, len(rich)) + b"LZFu" + bytes(4) + bytes(out)
