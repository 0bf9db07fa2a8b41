"""Small builders of mails as bytes; what a test does not name is unremarkable, and nothing is corrected."""

from __future__ import annotations

import tracemalloc
from base64 import encodebytes
from collections.abc import Callable

from bridge.mail import decode
from bridge.model import Attached, Mail, Written

BOUNDARY = "b-7f3a"

Text = str | bytes


def _bytes(text: Text) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def fields(*lines: Text) -> bytes:
    """Header lines as they stand, each ended by CRLF."""
    return b"".join(_bytes(line) + b"\r\n" for line in lines)


def mail(*lines: Text, body: Text = "Hello\r\n", author: Text | None = "Ann Lee <ann@example.com>") -> bytes:
    """A mail of these header lines and this body, with a From unless told otherwise."""
    head = () if author is None else (b"From: " + _bytes(author),)
    return fields(*head, *lines) + b"\r\n" + _bytes(body)


def part(*lines: Text, body: Text = "") -> bytes:
    """One part of a multipart."""
    return fields(*lines) + b"\r\n" + _bytes(body)


def multipart(kind: str, *parts: bytes, boundary: str = BOUNDARY, close: bool = True) -> bytes:
    """A part of type multipart/`kind` around parts."""
    return (
        fields(f'Content-Type: multipart/{kind}; boundary="{boundary}"')
        + b"\r\n"
        + joined(*parts, boundary=boundary, close=close)
    )


def joined(*parts: bytes, boundary: str = BOUNDARY, close: bool = True) -> bytes:
    """Parts between delimiters."""
    line = b"--" + boundary.encode()
    body = b"".join(line + b"\r\n" + one + b"\r\n" for one in parts)
    return body + line + b"--\r\n" if close else body


def mixed(*parts: bytes, kind: str = "mixed", head: tuple[Text, ...] = ()) -> bytes:
    """A whole mail that is a multipart."""
    return fields("From: Ann Lee <ann@example.com>", "MIME-Version: 1.0", *head) + multipart(kind, *parts)


def plain(body: Text = "Hello", *lines: Text) -> bytes:
    return part("Content-Type: text/plain; charset=utf-8", *lines, body=body)


def html(body: Text = "<p>Hello</p>", *lines: Text) -> bytes:
    return part("Content-Type: text/html; charset=utf-8", *lines, body=body)


def file(
    content: bytes = b"%PDF-1.7 ...",
    *lines: Text,
    content_type: str = "application/pdf",
    name: str | None = "offer.pdf",
    disposition: str = "attachment",
) -> bytes:
    """A base64 part with a name."""
    shown = disposition + (f'; filename="{name}"' if name else "")
    head = [f"Content-Type: {content_type}", "Content-Transfer-Encoding: base64", *lines]
    if shown:
        head.append(f"Content-Disposition: {shown}")
    return part(*head, body=encodebytes(content))


def shape(found: Mail) -> list[str]:
    """The blocks as a person would list them: text=…, html=…, and files by type or name."""
    shown = []
    for block in found.blocks:
        if isinstance(block, Written):
            words = [
                f"{kind}={value.strip()}"
                for kind, value in (("text", block.text), ("html", block.html))
                if value
            ]
            shown.append(" ".join(words) or "nothing")
        else:
            leaf = found.leaves[block.leaf]
            shown.append(leaf.filename or leaf.content_type)
    return shown


def contents(raw: bytes, found: Mail) -> list[bytes]:
    return [
        b"".join(decode.chunks(raw, found.leaves[b.leaf])) for b in found.blocks if isinstance(b, Attached)
    ]


def peak(run: Callable[[], object]) -> int:
    """The most bytes of memory that were in use at once while it ran."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
