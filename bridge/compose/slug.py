"""Slugs of Re:amaze: guessing one from a subject, and telling whether a text can be one.

A slug Re:amaze made is opaque and never passes through here. The guess follows what its documentation shows: lower case,
punctuation dropped, blanks to hyphens; full stops and dollar signs were seen in real ones.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 300
_SLUG = re.compile(r"[a-z0-9$._-]{1,300}", re.IGNORECASE)
_HYPHENS = re.compile(r"-{2,}")
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h"}
)


def valid(text: str) -> bool:
    """Whether the text can be a slug; "." and ".." cannot, for they would name another path."""
    return _SLUG.fullmatch(text) is not None and bool(text.strip("."))


def from_subject(subject: str) -> str:
    """The slug Re:amaze would make of a subject; "" when nothing of it is left (no Latin letter, no digit)."""
    plain = unicodedata.normalize("NFKD", subject[: 4 * MAX_CHARS].lower().translate(_LETTERS)).lower()
    kept = "".join(_kept(char) for char in plain)
    slug = _HYPHENS.sub("-", kept)[:MAX_CHARS].strip("-.")
    return slug if any(char.isalnum() for char in slug) else ""


def _kept(char: str) -> str:
    if char.isascii() and (char.isalnum() or char in "$._-"):
        return char
    return "-" if char.isspace() else ""
