"""A conversation of two messages, and how answers to it are trimmed."""

from __future__ import annotations

from bridge.compose import said
from bridge.compose.trim import Trimmer

ORIGINAL = "The lamp in the hall flickers.\nI have changed the bulb.\n\nWhat else can I do?"
STAFF = "Please send the **serial number**, which is on the base of the lamp, and a [photo](https://x.example/how) of it."
KNOWN = said.digests(ORIGINAL) | said.digests(STAFF)
HEAD = "On Mon, Nov 2, 2026 at 10:15 AM Support <support@example.com> wrote:"


def quoted(words: str, marks: str = "> ") -> str:
    """Each line behind the marks of a quote."""
    return "\n".join(f"{marks}{line}".rstrip() for line in words.split("\n"))


def lossless(text: str, known: frozenset[bytes] = KNOWN) -> str:
    """What is left of a plain text."""
    return Trimmer("lossless", known=known).text(text)[0]
