"""A mail out of a message that was attached in Outlook's own form, so that any program opens it (RFC 5322, 2045, 2047).

All of it is ASCII. Total: what is not known of the message is left out of its header.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from email.header import Header
from email.utils import format_datetime
from hashlib import sha256

from bridge.facts import Person
from bridge.mail import endings, headers
from bridge.mail.limits import Limits
from bridge.mail.tnef import File, Message

#: Who said what to whom, of the header that the message once came with.
_KEPT = frozenset(
    ("from", "sender", "reply-to", "to", "cc", "date", "subject", "message-id", "in-reply-to", "references")
)
_LIMITS = Limits()
_LINE_CHARS = 76


def written(message: Message, files: Sequence[File]) -> bytes:
    """The mail: its words in each form they have, then the files."""
    words = [
        _part(f"text/{kind}; charset=utf-8", text.encode("utf-8", "replace"))
        for kind, text in (
            ("plain", message.text or ("" if message.html is None else None)),
            ("html", message.html),
        )
        if text is not None
    ]
    body = words[0] if len(words) == 1 else _multipart("alternative", words)
    if files:
        body = _multipart("mixed", [body, *map(_file, files)])
    fields = "".join(f"{name}: {_encoded(value)}\r\n" for name, value in _header(message) if value)
    return b"".join((fields.encode("ascii", "replace"), b"MIME-Version: 1.0\r\n", body))


def _header(message: Message) -> Iterator[tuple[str, str]]:
    """The fields it came with, and what else is known in place of those it has not."""
    source = message.header.encode("utf-8", "replace")
    came = headers.read(source, 0, len(source), _LIMITS).fields
    kept = {
        name.lower(): value.decode("utf-8", "replace") for name, value in came[::-1] if name.lower() in _KEPT
    }
    known = {
        "from": _people([message.author] if message.author else []),
        "to": _people(person for person in message.recipients if not person.optional),
        "cc": _people(person for person in message.recipients if person.optional),
        "date": format_datetime(message.sent_at.replace(tzinfo=UTC)) if message.sent_at else "",
        "subject": message.subject,
        "message-id": message.message_id,
    }
    for name, value in (known | kept).items():
        yield name.title(), value


def _people(people: Iterable[Person]) -> str:
    return ", ".join(map(_person, people))


def _person(person: Person) -> str:
    name = person.name.replace("\\", "").replace('"', "'")
    shown = f'"{name}"' if name.isascii() else _encoded(name)
    return f"{shown} <{person.email}>" if person.name and person.email else person.email or shown


def _encoded(value: str, *, linesep: str = "\r\n") -> str:
    """The value in ASCII, folded."""
    return Header(value, "us-ascii" if value.isascii() else "utf-8").encode(linesep=linesep)


def _part(content_type: str, content: bytes, *fields: str) -> bytes:
    head = "\r\n".join((f"Content-Type: {content_type}", "Content-Transfer-Encoding: base64", *fields, ""))
    encoded = b64encode(content)
    lines = (encoded[start : start + _LINE_CHARS] for start in range(0, len(encoded), _LINE_CHARS))
    return b"\r\n".join((head.encode("ascii", "replace"), *lines))


def _file(file: File) -> bytes:
    kind = file.content_type or endings.content_type(file.name)
    if kind == "message/rfc822":
        # Encoded it would be against RFC 2046 section 5.2.1, and it is ASCII already.
        return b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + file.content
    name = _encoded(file.name.replace('"', "'"), linesep="")
    fields = [f'Content-Disposition: {"inline" if file.content_id else "attachment"}; filename="{name}"']
    fields += [f"Content-ID: <{file.content_id}>"] if file.content_id.isascii() and file.content_id else []
    return _part(kind, file.content, *fields)


def _multipart(kind: str, parts: Sequence[bytes]) -> bytes:
    # By its digest no boundary stands within what it bounds, mails of the same making among that.
    digest = sha256()
    for part in parts:
        digest.update(part)
    boundary = b"=_" + digest.hexdigest()[:32].encode()
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind.encode(), boundary)
    between = (piece for part in parts for piece in (b"--", boundary, b"\r\n", part, b"\r\n"))
    return b"".join((head, *between, b"--", boundary, b"--\r\n"))
