"""Envelopes of whole mails: Exchange's journal reports, and certified mail of Italy (PEC).

The mail within is the mail, and what the envelope says goes to the note. Of the inner header only what an author writes is
taken: fields that a server stamps count from the envelope alone, so that nobody can send a proof along inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.mail import hygiene
from bridge.mail.headers import Header
from bridge.mail.split import Part

_JOURNAL = "x-ms-journal-report"
#: Certified mail, or mail from outside that was delivered to a certified mailbox.
_CERTIFIED = ("x-trasporto", frozenset((b"posta-certificata", b"errore")))
_NESTED = ("message/rfc822", "message/global")
_CHARS = 1_500
#: What the author's own program writes.
_AUTHORED = frozenset(
    (
        "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
        "auto-submitted", "precedence", "importance", "priority", "x-priority", "sensitivity", "keywords", "comments",
        "thread-topic", "thread-index", "organization", "user-agent", "x-mailer", "content-type", "content-language",
        "mime-version", "list-id", "list-post", "list-help", "list-unsubscribe", "x-failed-recipients", "x-autoreply",
        "x-auto-response-suppress", "disposition-notification-to",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Envelope:
    #: What is around the mail and beside it.
    around: Part
    mail: Part
    certified: bool


def envelope(root: Part) -> Envelope | None:
    """The envelope of a mail within this one; None where this is the mail itself."""
    certified = root.header.first(_CERTIFIED[0]).strip().lower() in _CERTIFIED[1]
    if not certified and not any(name.lower() == _JOURNAL for name, _ in root.header.fields):
        return None
    signed = root.content_type == "multipart/signed" and root.children
    around = root.children[0] if signed else root
    held = [child for child in around.children if child.content_type in _NESTED]
    # A mail that is protected is journaled twice, closed and open: neither may be lost.
    if len(held) != 1 or not _plain(held[0]):
        return None
    return Envelope(around, held[0], certified)


def _plain(part: Part) -> bool:
    """Whether the mail stands there as it is; one that a gateway encoded stays a file (RFC 2046 section 5.2.1 forbids it)."""
    encoding = part.header.first("content-transfer-encoding").strip().lower()
    return encoding not in (b"base64", b"quoted-printable")


def merged(envelope: Header, mail: Header) -> Header:
    """The author's fields of the mail, and the stamps of the envelope.

    The envelope's From stays as a second one: what a checker proved of it proves nothing of the author within.
    """
    fields = [(name, value) for name, value in mail.fields if name.lower() in _AUTHORED]
    fields += (
        (name, value)
        for name, value in envelope.fields
        if name.lower() == "from" or name.lower() not in _AUTHORED
    )
    return Header.of(fields, mail.defects, mail.body)


def said(envelope: Envelope, text: str) -> str:
    """What the envelope says, in sentences."""
    lines: Sequence[str] = [hygiene.line(line) for line in text[:_CHARS].split("\n")]
    if envelope.certified:
        told = " ".join(filter(None, lines))
        return f"Came in an envelope of certified mail (PEC), which is left out with its signature. {told}".strip()
    told = "; ".join(line for line in lines if ":" in line)
    return f"Came in a journal envelope: {told}." if told else "Came in a journal envelope."
