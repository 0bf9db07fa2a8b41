"""What stands in a multipart outside of its parts, where mail programs hide it: notices, footers, words put there by mistake.

Positions and words only; what becomes of them is the splitter's to say. Bounded in what is looked at; total.
"""

from __future__ import annotations

from bridge.mail import charsets
from bridge.mail.headers import Content

_BYTES = 8 * 1024
#: A delimiter and the blanks around it.
_DELIMITER_BYTES = 400
#: What alone says nothing: a line that somebody drew, the dot of a dialogue.
_RULES = b" \t\r\n.-_=*>"


def ahead(content: Content, start: int, first: int) -> int:
    """Where what stands before the first part ends: `first` is where that part starts, behind its delimiter."""
    behind = content[max(start, first - _DELIMITER_BYTES) : first].rpartition(b"\n--")[2]
    return max(start, first - len(behind) - len(b"\n--"))


def behind(content: Content, last: int, end: int) -> int:
    """Where what stands behind the last part starts: `last` is where that part ends, before its delimiter."""
    for line in content[last : min(end, last + _DELIMITER_BYTES)].splitlines(keepends=True):
        last += len(line)
        if line.strip():
            break
    return last


def words(content: Content, start: int, end: int) -> bytes:
    """The beginning of what is said there; empty where nothing is."""
    found = content[start : min(end, start + _BYTES)].strip()
    return found if found.strip(_RULES) else b""


def only_a_notice(said: bytes) -> bool:
    """Whether nothing but the notice to old mail readers stands there."""
    lowered = said.strip().lower()
    return not lowered or b"mime" in lowered or b"multi" in lowered


def glimpse(said: bytes) -> str:
    """The beginning of some words on one line, in quotes."""
    line = " ".join(charsets.decode(said[:200]).split())
    return f"“{line}{'…' if len(said) > 200 else ''}”"
