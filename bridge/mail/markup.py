"""Whether bytes and texts are HTML, and all of it, where nothing that came with them says so. Never an error."""

from __future__ import annotations

import re

#: What a script begins and ends with where it makes no whole page.
_BEGINS = re.compile(
    rb"<(?:p|br|h[1-6]|b|strong|center|font|table|body|div|style|head)(?:\s[^<>]{0,300})?/?>", re.IGNORECASE
)
_ENDS = re.compile(
    rb"(?:</(?:p|h[1-6]|b|strong|center|font|table|body|div|a|i|em|ul|ol|html)|<br\s?/?)>\Z", re.IGNORECASE
)
_TAG = re.compile(rb"<[^<>]*>")


def is_all(text: bytes) -> bool:
    """Whether a text is HTML from its beginning to its end, with words in it: scripts forget to say so."""
    beginning, end = text[:400].lstrip(b"\xef\xbb\xbf \t\r\n"), text[-100:].rstrip()
    if beginning.lower().startswith((b"<html", b"<!doctype html")):
        return end.lower().endswith(b"</html>")
    if _BEGINS.match(beginning) is None or _ENDS.search(end) is None:
        return False
    return any(map(bytes.strip, _TAG.split(text)))


def breaks_off(html: str) -> bool:
    """Whether HTML ends before its end."""
    end = html[-100:].rstrip().lower()
    return not end.endswith(">") or (not end.endswith("</html>") and "<html" in html[:2_000].lower())
