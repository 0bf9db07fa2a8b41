"""Exchange's journal envelopes: the mail that was journaled is the mail, and what the envelope says goes to the note.

Of the inner header only what an author writes is taken: fields that a server stamps count from the envelope alone, so that
nobody can send a proof along inside.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.mail import hygiene
from bridge.mail.headers import Header
from bridge.mail.split import Part

_MARK = frozenset(("x-ms-journal-report",))
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


def inner(root: Part) -> Part | None:
    """The part that holds the journaled mail; None where this is no journal envelope."""
    if not any(name.lower() in _MARK for name, _ in root.header.fields):
        return None
    return next(
        (child for child in root.children[:5] if child.content_type in _NESTED and _plain(child)), None
    )


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


def said(envelope_text: str) -> str:
    """A sentence of what the envelope says."""
    lines: Sequence[str] = [hygiene.line(line) for line in envelope_text[:_CHARS].split("\n")]
    told = "; ".join(line for line in lines if ":" in line)
    return f"Came in a journal envelope: {told}." if told else "Came in a journal envelope."
