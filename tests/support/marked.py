"""Mails that can be recognised wherever they end up: each bears a mark, and says which files and pictures it came with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

#: A picture that is one: other bytes after its head make another picture.
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail, and what has to be found of it at the other side."""

    #: A word that stands in its text and nowhere else.
    mark: str
    #: Letters of one thread belong into one conversation, in the order they were accepted.
    thread: str
    author: str
    content: bytes
    #: SHA-256 of each attached file, in order.
    files: tuple[str, ...] = ()
    #: SHA-256 of each picture within the text.
    pictures: tuple[str, ...] = ()
    #: Whether an internal note has to go with it; None for either.
    note: bool | None = None


def letter(
    thread: str,
    number: int,
    *,
    author: str | None = None,
    files: Sequence[bytes] = (),
    picture: bytes | None = None,
    words: str = "It still does not shine.",
    html: bool = False,
    note: bool | None = None,
) -> Letter:
    """The letter of that number in a thread; all but the first answer the first. `note` gives it an oddity to be noted."""
    mark = f"{thread}n{number:03d}x"
    author = author or f"{thread}@customer.example"
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Ann {thread} <{author}>"
    mail["To"] = "support@example.com"
    mail["Subject"] = f"{'Re: ' if number else ''}About {thread}"
    mail["Message-ID"] = message_id(thread, number)
    if number:
        mail["In-Reply-To"] = mail["References"] = message_id(thread, 0)
    mail.set_content(f"{words}\n\nMark {mark} ends it.\n")
    if html or picture is not None:
        shown = "" if picture is None else f'<p><img src="cid:{mark}" alt="lamp"></p>'
        mail.add_alternative(f"<p>{words}</p>{shown}<p>Mark {mark} ends it.</p>", subtype="html")
    if picture is not None:
        page = mail.get_payload(1)
        page.add_related(picture, "image", "png", cid=f"<{mark}>", filename="lamp.png")  # type: ignore[union-attr]
    for place, content in enumerate(files, 1):
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=f"f{place}.bin")
    odd = b"Date: some day last week\r\n" if note else b""
    return Letter(
        mark=mark,
        thread=thread,
        author=author,
        content=odd + mail.as_bytes(),
        files=tuple(_sha256(content) for content in files),
        pictures=() if picture is None else (_sha256(picture),),
        note=note,
    )


def message_id(thread: str, number: int) -> str:
    return f"<{thread}.{number}@letters.example>"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
