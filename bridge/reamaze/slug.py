"""Slugs as segments of a path. They are opaque: real ones are long and hold dots, dollars and letters of any script."""

from __future__ import annotations

from urllib.parse import quote

from bridge.errors import MissingError

LONGEST_CHARS = 4_000


def segment(slug: str) -> str:
    """The slug as one segment of a URL's path. Raises MissingError for what no conversation can be called."""
    # Dot segments cannot be quoted: every URL library resolves them, and another address would be asked.
    if not slug.strip(".") or len(slug) > LONGEST_CHARS:
        raise MissingError(f"no conversation can have the slug {slug[:40]!r}")
    try:
        return quote(slug, safe="")
    except UnicodeEncodeError:
        raise MissingError("no conversation can have a slug with half a character") from None
