"""What was said in a conversation, as digests of its lines: enough to know a line again, not enough to read it.

A line is known again whatever a mail program did to it when it quoted it: quote marks, emphasis, blanks, list marks, the targets
of links and the way it was wrapped make no difference; letters, digits, `?`, `!` and signs like emoji do. Which line follows
which is known too: an author may answer between the lines of a quote in words that were said before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise

from bridge.compose import words

DIGEST_BYTES = 8
_ALL_BITS = (1 << (8 * DIGEST_BYTES)) - 1
#: Lines of one message that are remembered.
MAX_LINES = 2_000
#: No more of a message is looked at: it is done in the daemon itself.
MAX_CHARS = 200_000
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
#: How the key of a line begins that is nothing but the target of a link, wrapped away from its words.
LINK = "<"
#: How the key of words begins that are bold.
BOLD = "*"
_ITEM = re.compile(r"[\W_]{0,60}\d{1,3}\\?[.)][ \t]+(?=[^\s])")
_BOLD = re.compile(r"\*\*([^*\n]{1,2000})\*\*")
_NO_WORDS = re.compile(r"(?:[^\w?!<]|_)+")
_NO_ASCII_RUNS = re.compile(r"(?:[\x00-\x20\x22-\x2f:;=>@\[-`{-\x7f])+")
_NO_ASCII_WORDS = bytes(code for code in range(128) if not chr(code).isalnum() and chr(code) not in "?!<")
#: Signs that draw, quote and list rather than say something.
_DRAWN = re.compile(r"[\s>|\\`*_=~#+.,:;·•–—\-\u2500-\u25ff\u200b-\u200f\ufeff\u2060\ufe00-\ufe0f]+")
_SIGNS = frozenset(("Mn", "Mc", "Me", "Sc", "Sm", "So"))
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
    """The letters, digits and signs alone, in one case."""
    if line.isascii():
        # Half the CPU of the expression, and most lines are.
        return line.encode("ascii").translate(None, _NO_ASCII_WORDS).decode("ascii").lower()
    return _NO_WORDS.sub(_signs, _NO_ASCII_RUNS.sub("", line)).casefold()


def _signs(between: re.Match[str]) -> str:
    """What counts of that between letters: vowel signs and their like, a tick or an emoji set behind a quoted line."""
    return _DRAWN.sub("", "".join(sign for sign in between[0] if unicodedata.category(sign) in _SIGNS))


def digest(key: str) -> bytes:
    return _number(key).to_bytes(DIGEST_BYTES)


def pair(before: str, after: str) -> bytes:
    """The digest of one line or paragraph right below another; the first of a message stands below "", and "" below the last."""
    return _pair(_number(before), _number(after)).to_bytes(DIGEST_BYTES)


def is_bold(text: str, known: frozenset[bytes]) -> bool:
    """Whether the words are bold in a message of the conversation, or no words."""
    bare = _words(text)
    return not bare or digest(BOLD + bare) in known


def _number(key: str) -> int:
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest())


def _pair(before: int, after: int) -> int:
    # Of the numbers, not of the words once more: a third of the CPU. Which one comes first makes a difference.
    return (3 * before + after) & _ALL_BITS


def digests(body: str) -> frozenset[bytes]:
    """What a message of the conversation makes known: its lines, its paragraphs, as they may be wrapped anew, and their order."""
    body = body[:MAX_CHARS]
    found = _numbers(body.split("\n"))
    if _TAG.search(body):
        found |= _numbers(words.from_html(body).split("\n"))
    return frozenset([number.to_bytes(DIGEST_BYTES) for number in found])


def _numbers(lines: Sequence[str]) -> set[int]:
    found: set[int] = set()
    for line in lines[:MAX_LINES]:
        for target in _TARGET.findall(line) if "](" in line else ():
            found.add(_number(LINK + _words(target.strip("()<>"))))
        for bold in _BOLD.findall(line) if "**" in line else ():
            found.add(_number(BOLD + _words(bold)))
    nothing = _number("")
    ends: tuple[int, ...] = (nothing,)
    for paragraph in _paragraphs(lines):
        numbers = [_number(line) for line in paragraph]
        found.update(numbers)
        whole = numbers[:1]
        if len(numbers) > 1:
            found.update(_pair(line, below) for line, below in pairwise(numbers))
            whole = [_number("".join(paragraph))]
            found.update(whole)
        for end in ends:
            found.update(_pair(end, start) for start in (numbers[0], *whole))
        ends = (numbers[-1], *whole)
    found.update(_pair(end, nothing) for end in ends)
    return found


def _paragraphs(lines: Sequence[str]) -> Iterator[list[str]]:
    """The keys of neighbouring lines that say something."""
    paragraph: list[str] = []
    for line in lines[:MAX_LINES]:
        found = key(line)
        if found:
            paragraph.append(found)
        if paragraph and (not found or len(paragraph) == _MAX_PARAGRAPH):
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph


def pack(known: Iterable[bytes]) -> bytes:
    """The digests in one piece, as they travel to a worker."""
    return b"".join(sorted(known))


def unpack(packed: bytes | None) -> frozenset[bytes]:
    packed = packed or b""
    return frozenset(packed[at : at + DIGEST_BYTES] for at in range(0, len(packed), DIGEST_BYTES))
