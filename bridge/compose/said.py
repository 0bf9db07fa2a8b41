"""What was said in a conversation, as digests of its lines: enough to know a line again, not enough to read it.

A line is known again whatever a mail program did to it when it quoted it: quote marks, emphasis, blanks, list marks, the targets
of links and the way it was wrapped make no difference; letters, digits and signs like emoji do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from bridge.compose import words

DIGEST_BYTES = 8
#: Lines of one message that are remembered.
MAX_LINES = 2_000
#: No more of a message is looked at: it is done in the daemon itself.
MAX_CHARS = 200_000
#: Lines that may be one line, or one paragraph, wrapped.
MAX_JOINED = 16
_MAX_PARAGRAPH = 40

#: A picture goes along as a file whether or not its place is shown.
_PICTURE = re.compile(
    r"!\[[^\[\]\n]{0,300}\]\([^()\s]{0,2000}\)|\[(?:image|cid|bild|photo|inline image):[^\[\]\n]{0,200}\]",
    re.IGNORECASE,
)
_TARGET = re.compile(
    r"(?<=\])\([^()\s]{0,2000}(?:\([^()\s]{0,200}\)[^()\s]{0,200})?\)|<(?:https?://|mailto:|tel:)[^<>\s]{1,2000}>",
    re.IGNORECASE,
)
_DECORATED = re.compile(r"[<\[]")
_ITEM = re.compile(r"[\W_]{0,60}\d{1,3}\\?[.)][ \t]+(?=[^\s])")
_NO_WORDS = re.compile(r"[\W_]+")
_NO_ASCII_WORDS = bytes(code for code in range(128) if not chr(code).isalnum())
#: Signs that draw, quote and list rather than say something.
_DRAWN = re.compile(r"[\s>|\\`*_=~#+.,:;·•●○▪–—\-\u2500-\u257f\u200b-\u200f\ufeff\u2060\ufe0f]+")
_TAG = re.compile(r"<(?:p|br|div|span|a|ul|li|blockquote|table)\b[^<>]{0,500}>", re.IGNORECASE)


def key(line: str) -> str:
    """What stays the same of a line when it is quoted; "" for a line that says nothing."""
    if not line or line.isspace():
        return ""
    if not line.isascii():
        line = unicodedata.normalize("NFKC", line)
    bare = line
    if _DECORATED.search(line):
        line = _PICTURE.sub(" ", line)
        bare = _TARGET.sub(" ", line)
    item = _ITEM.match(bare)
    if item is not None:
        bare = bare[item.end() :]
    return _words(bare) or _words(line) or _DRAWN.sub("", bare)


def _words(line: str) -> str:
    """The letters and digits alone, in one case."""
    if line.isascii():
        # Half the CPU of the expression, and most lines are.
        return line.encode("ascii").translate(None, _NO_ASCII_WORDS).decode("ascii").lower()
    return _NO_WORDS.sub("", line).casefold()


def digest(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def digests(body: str) -> frozenset[bytes]:
    """What a message of the conversation makes known: its lines and, as they may be wrapped anew, its paragraphs."""
    body = body[:MAX_CHARS]
    found = set(_digests(body.split("\n")))
    if _TAG.search(body):
        found.update(_digests(words.from_html(body).split("\n")))
    return frozenset(found)


def _digests(lines: Sequence[str]) -> Iterator[bytes]:
    paragraph: list[str] = []
    for line in lines[:MAX_LINES]:
        found = key(line)
        if found:
            yield digest(found)
            paragraph.append(found)
        if not found or len(paragraph) == _MAX_PARAGRAPH:
            if len(paragraph) > 1:
                yield digest("".join(paragraph))
            paragraph.clear()
    if len(paragraph) > 1:
        yield digest("".join(paragraph))


def pack(known: Iterable[bytes]) -> bytes:
    """The digests in one piece, as they travel to a worker."""
    return b"".join(sorted(known))


def unpack(packed: bytes | None) -> frozenset[bytes]:
    packed = packed or b""
    return frozenset(packed[at : at + DIGEST_BYTES] for at in range(0, len(packed), DIGEST_BYTES))


def covered(keys: Sequence[str], free: Sequence[bool], known: frozenset[bytes]) -> list[bool]:
    """For each line, whether it and all lines below it are known; `free` lines need not be.

    A line is known alone, or together with the next ones as one line that was wrapped.
    """
    ok = [False] * (len(keys) + 1)
    ok[len(keys)] = True
    reach = len(keys)  # the topmost line so far from which all is known
    for at in range(len(keys) - 1, -1, -1):
        if reach - at > MAX_JOINED:
            break
        ok[at] = _is_covered(keys, free, known, ok, at)
        if ok[at]:
            reach = at
    return ok


def _is_covered(
    keys: Sequence[str], free: Sequence[bool], known: frozenset[bytes], ok: Sequence[bool], at: int
) -> bool:
    if free[at] or not keys[at]:
        return ok[at + 1]
    joined = ""
    for end in range(at, min(len(keys), at + MAX_JOINED)):
        if not keys[end] or (free[end] and end > at):
            return False
        joined += keys[end]
        if ok[end + 1] and digest(joined) in known:
            return True
    return False
