"""winmail.dat (MS-OXTNEF): the words, the files under their long names, and the meeting that Outlook wrapped.

Own and iterative: every length is checked against what is there before anything is taken; attributes, properties and files
are counted. `read` never fails; a stream that breaks off gives what stood before the break.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from bridge.mail import charsets, hygiene, rtf

SIGNATURE = b"\x78\x9f\x3e\x22"
_ATTRIBUTES = 20_000
_PROPERTIES = 20_000
_FILES = 500
_NAME = 500


class _Attribute(IntEnum):
    """Numbers with their types in the upper half."""

    SUBJECT = 0x18004
    BODY = 0x2800C
    CLASS = 0x78008
    PROPERTIES = 0x69003
    CODEPAGE = 0x69007
    FILE = 0x69002
    FILE_TITLE = 0x18010
    FILE_NAME = 0x69001
    FILE_DATA = 0x6800F
    FILE_PROPERTIES = 0x69005


_GUID_APPOINTMENT = bytes.fromhex("0220060000000000c000000000000046")
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
_STRING8, _UNICODE, _OBJECT, _TIME, _BINARY = 0x1E, 0x1F, 0x0D, 0x40, 0x102
_VARIABLE = (_STRING8, _UNICODE, _OBJECT, _BINARY)
_MULTIPLE = 0x1000
_ANSWERS = {
    "resp.pos": "ACCEPTED",
    "mtgrespp": "ACCEPTED",
    "resp.neg": "DECLINED",
    "mtgrespn": "DECLINED",
    "resp.tent": "TENTATIVE",
    "mtgrespa": "TENTATIVE",
}

Key = int | tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    name: str = ""
    content_type: str = ""
    content_id: str = ""
    content_location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Times are UTC on a naive clock."""

    cancelled: bool = False
    title: str = ""
    start: datetime | None = None
    end: datetime | None = None
    location: str = ""
    #: What somebody answers to an invitation, as in PARTSTAT, and who does; "" for no answer.
    answer: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    subject: str = ""
    text: str | None = None
    html: str | None = None
    files: tuple[File, ...] = ()
    #: Messages that were attached, each a stream of its own, by their names.
    nested: tuple[File, ...] = ()
    meeting: Meeting | None = None
    #: How much rich text was read for the words.
    rich_bytes: int = 0
    #: Whether the stream ends as it should.
    whole: bool = True

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it that an agent could be shown."""
        return not (self.text or self.html or self.files or self.nested or self.meeting)


@dataclass(slots=True)
class _Attachment:
    title: bytes = b""
    data: bytes = b""
    properties: dict[Key, tuple[int, bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class _Stream:
    """What the attributes of one stream say."""

    text_bytes: int
    codepage: int = 1252
    kind: bytes = b""
    subject: bytes = b""
    body: bytes = b""
    properties: dict[Key, tuple[int, bytes]] = field(default_factory=dict)
    attachments: list[_Attachment] = field(default_factory=list)
    whole: bool = True

    def take(self, attribute: int, value: bytes) -> None:
        match attribute:
            case _Attribute.CODEPAGE:
                self.codepage = int.from_bytes(value[:4], "little") or 1252
            case _Attribute.CLASS:
                self.kind = value
            case _Attribute.SUBJECT:
                self.subject = value
            case _Attribute.BODY:
                self.body = value
            case _Attribute.PROPERTIES:
                self.properties |= properties(value)
            case _Attribute.FILE:
                if len(self.attachments) < _FILES:
                    self.attachments.append(_Attachment())
            case _:
                self.take_file(attribute, value)

    def take_file(self, attribute: int, value: bytes) -> None:
        last = self.attachments[-1] if self.attachments else _Attachment()
        match attribute:
            case _Attribute.FILE_TITLE:
                last.title = value
            case _Attribute.FILE_NAME:
                last.title = last.title or value
            case _Attribute.FILE_DATA:
                last.data = value
            case _Attribute.FILE_PROPERTIES:
                last.properties |= properties(value)
            case _:
                pass

    def text(self, found: dict[Key, tuple[int, bytes]], *keys: Key) -> str:
        """The first of the properties that holds text."""
        for key in keys:
            kind, value = found.get(key, (0, b""))
            if kind in (_STRING8, _UNICODE) and value:
                return self.decoded(value[: self.text_bytes], unicode=kind == _UNICODE)
        return ""

    def decoded(self, value: bytes, *, unicode: bool = False) -> str:
        if unicode:
            return hygiene.clean(value[: len(value) & ~1].decode("utf-16-le", "replace"))
        return hygiene.clean(charsets.decode(value.rstrip(b"\0"), rtf.label(self.codepage)))

    def line(self, found: dict[Key, tuple[int, bytes]], *keys: Key) -> str:
        return hygiene.line(self.text(found, *keys))[:_NAME]


def read(content: bytes, text_bytes: int = rtf.MOST_BYTES) -> Message | None:
    """The message that was wrapped, at most `text_bytes` of its words in each form they have.

    None where these bytes are no such stream, or one that breaks off before it says anything.
    """
    if not content.startswith(SIGNATURE):
        return None
    stream = _Stream(text_bytes)
    taken = 0
    for attribute, value in _attributes(content, stream):
        stream.take(attribute, value)
        taken += 1
    files, nested = _files(stream)
    text, html, rich_bytes = _words(stream)
    subject = stream.line(stream.properties, 0x37) or hygiene.line(stream.decoded(stream.subject))[:_NAME]
    meeting = _meeting(stream, subject)
    message = Message(
        subject=subject,
        text=text,
        html=html,
        files=tuple(files),
        nested=tuple(nested),
        meeting=meeting,
        rich_bytes=rich_bytes,
        whole=stream.whole,
    )
    return None if not taken or (message.empty and not stream.whole) else message


def _attributes(content: bytes, stream: _Stream) -> Iterator[tuple[int, bytes]]:
    position = 6
    for _ in range(_ATTRIBUTES):
        if position + 9 > len(content):
            break
        level = content[position]
        attribute = int.from_bytes(content[position + 1 : position + 5], "little")
        length = int.from_bytes(content[position + 5 : position + 9], "little")
        start = position + 9
        if level not in (1, 2):
            break
        if length > len(content) - start:
            # Broken off: what is there of a file is better than nothing.
            stream.whole = False
            if attribute == _Attribute.FILE_DATA:
                yield attribute, content[start:]
            return
        yield attribute, content[start : start + length]
        position = start + length + 2
    stream.whole = position >= len(content) - 2 or not any(content[position : position + 64])


# -- properties ------------------------------------------------------------------------------------


def properties(content: bytes) -> dict[Key, tuple[int, bytes]]:
    """Type and first value of each property, by number, or by set and number for a named one."""
    found: dict[Key, tuple[int, bytes]] = {}
    cursor = _Cursor(content)
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


# -- words, files, meeting -------------------------------------------------------------------------


def _words(stream: _Stream) -> tuple[str | None, str | None, int]:
    """Text, HTML, and how much rich text was read; the compressed rich text is only read where no HTML stands beside it."""
    found = stream.properties
    text = stream.text(found, 0x1000)
    if not text and stream.body:
        text = stream.decoded(stream.body[: stream.text_bytes])
    html = _html(stream)
    packed = b"" if html else found.get(0x1009, (0, b""))[1]
    unpacked = rtf.decompressed(packed, stream.text_bytes)
    if unpacked:
        rich = rtf.read(unpacked)
        html, text = rich.html or "", text if text.strip() else rich.text or ""
    return (text if text.strip() else None), (html if html.strip() else None), len(unpacked)


def _html(stream: _Stream) -> str:
    kind, value = stream.properties.get(0x1013, (0, b""))
    if kind != _BINARY:
        return stream.text(stream.properties, 0x1013)
    codepage = int.from_bytes(stream.properties.get(0x3FDE, (0, b""))[1], "little") or stream.codepage
    return hygiene.clean(charsets.decode(value[: stream.text_bytes].rstrip(b"\0"), rtf.label(codepage)))


def _files(stream: _Stream) -> tuple[list[File], list[File]]:
    files: list[File] = []
    nested: list[File] = []
    for attachment in stream.attachments:
        found = attachment.properties
        kind, data = found.get(0x3701, (0, b""))
        title = hygiene.line(stream.decoded(attachment.title))[:_NAME]
        if kind == _OBJECT and data[16:20] == SIGNATURE:
            nested.append(File(data[16:], stream.line(found, 0x3001) or title))
            continue
        if not attachment.data and kind == _OBJECT:
            data = data[16:]
        content = attachment.data or data
        name = stream.line(found, 0x3707, 0x3001, 0x3704) or title
        if content or name:
            files.append(
                File(
                    content,
                    name,
                    stream.line(found, 0x370E).lower(),
                    stream.line(found, 0x3712).strip("<> "),
                    stream.line(found, 0x3713),
                )
            )
    return files, nested


def _meeting(stream: _Stream, subject: str) -> Meeting | None:
    kind = (stream.line(stream.properties, 0x1A) or stream.decoded(stream.kind)).lower()
    if "schedule.meeting" not in kind and "microsoft schedule.mtg" not in kind:
        return None
    found = stream.properties
    answer = next((said for mark, said in _ANSWERS.items() if mark in kind), "")
    name, email = stream.line(found, 0x42, 0x0C1A), stream.line(found, 0x5D02, 0x65, 0x0C1F)
    if "resp" in kind and not (answer and name):
        return None
    return Meeting(
        cancelled="cancel" in kind or "mtgcncl" in kind,
        title=subject,
        start=_time(found, (_GUID_APPOINTMENT, 0x820D)) or _time(found, 0x60),
        end=_time(found, (_GUID_APPOINTMENT, 0x820E)) or _time(found, 0x61),
        location=stream.line(found, (_GUID_APPOINTMENT, 0x8208)),
        answer=answer,
        name=name,
        email=email if "@" in email else "",
    )


def _time(found: dict[Key, tuple[int, bytes]], key: Key) -> datetime | None:
    kind, value = found.get(key, (0, b""))
    if kind != _TIME:
        return None
    try:
        since = timedelta(microseconds=int.from_bytes(value, "little") // 10)
        at = datetime(1601, 1, 1) + since  # noqa: DTZ001 - UTC on a naive clock
    except OverflowError:
        return None
    return at if 1980 <= at.year < 3000 else None
