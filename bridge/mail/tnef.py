"""winmail.dat (MS-OXTNEF): the words, the files under their long names, and the item of Outlook's that was wrapped.

Own and iterative: every length is checked against what is there before anything is taken; attributes and files are counted.
`read` never fails; a stream that breaks off gives what stood before the break.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from bridge.facts import Event, Person
from bridge.mail import hygiene, mapi, outlook, rtf
from bridge.mail.mapi import Found, Properties

SIGNATURE = b"\x78\x9f\x3e\x22"
_ATTRIBUTES = 20_000
_FILES = 500
_PEOPLE = 50
_BLIND = 3
_NAME = 500


class _Attribute(IntEnum):
    """Numbers with their types in the upper half."""

    FROM = 0x08000
    OWNER = 0x60000
    SENT_FOR = 0x60001
    PROPERTIES = 0x69003
    RECIPIENTS = 0x69004
    CODEPAGE = 0x69007
    FILE = 0x69002
    FILE_TITLE = 0x18010
    FILE_NAME = 0x69001
    FILE_DATA = 0x6800F
    FILE_PROPERTIES = 0x69005


#: Attributes of old that stand for a property: class, subject, body.
_TEXTS = {0x78008: 0x1A, 0x18004: 0x37, 0x2800C: 0x1000}
#: The same for times: sent, received, start, end.
_TIMES = {0x38005: 0x39, 0x38006: 0x0E06, 0x30006: 0x60, 0x30007: 0x61}
#: Where the author's name and address may stand.
_AUTHOR_NAME = (0x42, 0x0C1A)
_AUTHOR_EMAIL = (0x5D02, 0x65, 0x5D01, 0x0C1F)


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    name: str = ""
    content_type: str = ""
    content_id: str = ""
    content_location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    #: The class of the item, in lower case, such as "ipm.note".
    kind: str = ""
    subject: str = ""
    text: str | None = None
    html: str | None = None
    files: tuple[File, ...] = ()
    #: Messages that were attached, each a stream of its own, by their names.
    nested: tuple[File, ...] = ()
    #: The meeting or task that the message is.
    event: Event | None = None
    #: The contact that the message is, as a vCard.
    card: bytes = b""
    author: Person | None = None
    #: Whom it was sent to; those of Cc are optional.
    recipients: tuple[Person, ...] = ()
    #: UTC on a naive clock.
    sent_at: datetime | None = None
    #: The header it came with, where it came by mail.
    header: str = ""
    message_id: str = ""
    #: How much rich text was read for the words.
    rich_bytes: int = 0
    #: Whether the stream ends as it should.
    whole: bool = True

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it that an agent could be shown."""
        return not (self.text or self.html or self.files or self.nested or self.event or self.card)


@dataclass(slots=True)
class _Attachment:
    title: bytes = b""
    data: bytes = b""
    properties: Found = field(default_factory=dict)


@dataclass(slots=True)
class _Stream:
    """What the attributes of one stream say."""

    text_bytes: int
    codepage: int = 1252
    properties: Found = field(default_factory=dict)
    #: The same in the form of old, for what the properties leave out.
    old: Found = field(default_factory=dict)
    #: Name and address by the attribute that says them.
    people: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    recipients: list[Found] = field(default_factory=list)
    attachments: list[_Attachment] = field(default_factory=list)
    whole: bool = True

    def take(self, attribute: int, value: bytes) -> None:
        if attribute in _TEXTS:
            self.old[_TEXTS[attribute]] = (mapi.STRING8, value)
        elif attribute in _TIMES:
            self.old[_TIMES[attribute]] = (mapi.TIME, _filetime(value))
        else:
            self.take_other(attribute, value)

    def take_other(self, attribute: int, value: bytes) -> None:
        match attribute:
            case _Attribute.CODEPAGE:
                self.codepage = int.from_bytes(value[:4], "little") or 1252
            case _Attribute.FROM | _Attribute.OWNER | _Attribute.SENT_FOR:
                self.people[attribute] = _person(value, triple=attribute == _Attribute.FROM)
            case _Attribute.RECIPIENTS:
                self.recipients = mapi.rows(value, _PEOPLE)
            case _Attribute.PROPERTIES:
                self.properties |= self.parsed(value)
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
                last.properties |= self.parsed(value)
            case _:
                pass

    def parsed(self, value: bytes) -> Found:
        found, whole = mapi.parse(value)
        self.whole = self.whole and whole
        return found

    def read(self, found: Found) -> Properties:
        return Properties(found, self.codepage, self.text_bytes)

    def message(self) -> Properties:
        """The properties of the message, those of old where it has no others."""
        missing = {
            key: value
            for key, value in self.old.items()
            if not self.properties.get(key, (0, b""))[1].strip(b"\0")
        }
        return self.read(self.properties | missing)

    def author(self, found: Properties, *, owned: bool) -> Person | None:
        """Who wrote the message; the owner of a meeting is who invites to it."""
        name, email = found.line(*_AUTHOR_NAME), found.line(*_AUTHOR_EMAIL)
        if not name:
            places = (_Attribute.SENT_FOR, _Attribute.FROM, *((_Attribute.OWNER,) if owned else ()))
            said = next((self.people[place] for place in places if place in self.people), (b"", b""))
            name, email = (hygiene.line(mapi.decoded(one, self.codepage))[:300] for one in said)
            email = email.removeprefix("SMTP:").removeprefix("smtp:")
        email = email if "@" in email else ""
        return Person(name, email) if name or email else None

    def people_told(self) -> Iterator[Person]:
        for row in map(self.read, self.recipients):
            if row.number(0x0C15) == _BLIND:
                continue
            email = row.line(0x39FE, 0x3003)
            yield Person(row.line(0x3001), email if "@" in email else "", optional=row.number(0x0C15) == 2)


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
    message = _message(stream)
    return None if not taken or (message.empty and not stream.whole) else message


def _message(stream: _Stream) -> Message:
    found = stream.message()
    files, nested = _files(stream)
    text, html, rich_bytes = _words(stream, found)
    subject, kind = found.line(0x37), found.line(0x1A).lower()
    author = stream.author(found, owned="resp" not in kind)
    recipients = tuple(stream.people_told())
    return Message(
        kind=kind,
        subject=subject,
        text=text,
        html=html,
        files=tuple(files),
        nested=tuple(nested),
        event=outlook.event(kind, found, title=subject, author=author, invited=recipients),
        card=outlook.card(kind, found, notes=text or ""),
        author=author,
        recipients=recipients,
        sent_at=found.time(0x39) or found.time(0x0E06),
        header=found.text(0x7D),
        message_id=found.line(0x1035),
        rich_bytes=rich_bytes,
        whole=stream.whole,
    )


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
    ended = position >= len(content) - 2 or not any(content[position : position + 64])
    stream.whole = stream.whole and ended


# -- words and files -------------------------------------------------------------------------------


def _words(stream: _Stream, found: Properties) -> tuple[str | None, str | None, int]:
    """Text, HTML, and how much rich text was read; the compressed rich text is only read where no HTML stands beside it."""
    text = found.text(0x1000)
    html = _html(found)
    packed = b"" if html else found.binary(0x1009)
    unpacked = rtf.decompressed(packed, stream.text_bytes)
    if unpacked:
        rich = rtf.read(unpacked)
        html, text = rich.html or "", text if text.strip() else rich.text or ""
    return (text if text.strip() else None), (html if html.strip() else None), len(unpacked)


def _html(found: Properties) -> str:
    written = found.binary(0x1013)
    if not written:
        return found.text(0x1013)
    return mapi.decoded(written[: found.text_bytes], found.number(0x3FDE) or found.codepage)


def _files(stream: _Stream) -> tuple[list[File], list[File]]:
    files: list[File] = []
    nested: list[File] = []
    for attachment in stream.attachments:
        found = stream.read(attachment.properties)
        kind, data = attachment.properties.get(0x3701, (0, b""))
        title = hygiene.line(mapi.decoded(attachment.title, stream.codepage))[:_NAME]
        if kind == mapi.OBJECT and data[16:20] == SIGNATURE:
            nested.append(File(data[16:], found.line(0x3001) or title))
            continue
        if not attachment.data and kind == mapi.OBJECT:
            data = data[16:]
        content = attachment.data or data
        name = found.line(0x3707, 0x3001, 0x3704) or title
        if content or name:
            files.append(
                File(
                    content,
                    name,
                    found.line(0x370E).lower(),
                    found.line(0x3712).strip("<> "),
                    found.line(0x3713),
                )
            )
    return files, nested


# -- the form of old ------------------------------------------------------------------------------


def _filetime(written: bytes) -> bytes:
    """A time in the form of old, as properties have it."""
    try:
        at = datetime(*struct.unpack_from("<6H", written))  # noqa: DTZ001 - UTC on a naive clock
    except (struct.error, ValueError):
        return b""
    since = at - datetime(1601, 1, 1)  # noqa: DTZ001
    return struct.pack("<Q", max(0, since // timedelta(microseconds=1)) * 10)


def _person(written: bytes, *, triple: bool) -> tuple[bytes, bytes]:
    """Name and address: each behind its length or, in a triple, behind both of them."""
    name_bytes, email_bytes = (int.from_bytes(written[place : place + 2], "little") for place in (4, 6))
    if triple:
        return written[8 : 8 + name_bytes], written[8 + name_bytes : 8 + name_bytes + email_bytes]
    name_bytes = int.from_bytes(written[:2], "little")
    rest = written[2 + name_bytes :]
    return written[2 : 2 + name_bytes], rest[2 : 2 + int.from_bytes(rest[:2], "little")]
