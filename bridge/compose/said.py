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
from typing import NamedTuple

from bridge.compose import words

DIGEST_BYTES = 8
#: Lines of one message that are remembered.
MAX_LINES = 2_000
#: No more of a message is looked at: it is done in the daemon itself.
MAX_CHARS = 200_000
#: Lines that may be one line, or one paragraph, wrapped.
MAX_JOINED = 16
_MAX_PARAGRAPH = 40
#: Lines between two others that are looked at as an answer.
_MAX_ANSWER = 20

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
_LINK = "<"
_ITEM = re.compile(r"[\W_]{0,60}\d{1,3}\\?[.)][ \t]+(?=[^\s])")
_NO_WORDS = re.compile(r"(?:[^\w?!<]|_)+")
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
    return _NO_WORDS.sub(_signs, line).casefold()


def _signs(between: re.Match[str]) -> str:
    """What counts of that between letters: vowel signs and their like, a tick or an emoji set behind a quoted line."""
    run = between[0]
    if run.isascii():
        return ""
    return _DRAWN.sub("", "".join(sign for sign in run if unicodedata.category(sign) in _SIGNS))


def digest(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def digests(body: str) -> frozenset[bytes]:
    """What a message of the conversation makes known: its lines, its paragraphs, as they may be wrapped anew, and their order."""
    body = body[:MAX_CHARS]
    found = set(_digests(body.split("\n")))
    if _TAG.search(body):
        found.update(_digests(words.from_html(body).split("\n")))
    return frozenset(found)


def _digests(lines: Sequence[str]) -> Iterator[bytes]:
    for line in lines[:MAX_LINES]:
        for target in _TARGET.findall(line) if "](" in line else ():
            yield digest(_LINK + _words(target.strip("()<>")))
    ends = {""}
    for paragraph in _paragraphs(lines):
        whole = "".join(paragraph)
        yield from map(digest, {*paragraph, whole})
        yield from (_pair(end, start) for end in ends for start in {paragraph[0], whole})
        yield from (_pair(line, below) for line, below in pairwise(paragraph))
        ends = {paragraph[-1], whole}


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


def _pair(before: str, after: str) -> bytes:
    """Stands for one line or paragraph right below another, or for the first of a message, below "". No line has such a key."""
    return digest(f"{before}\n{after}")


def pack(known: Iterable[bytes]) -> bytes:
    """The digests in one piece, as they travel to a worker."""
    return b"".join(sorted(known))


def unpack(packed: bytes | None) -> frozenset[bytes]:
    packed = packed or b""
    return frozenset(packed[at : at + DIGEST_BYTES] for at in range(0, len(packed), DIGEST_BYTES))


class Place(NamedTuple):
    """A line of a mail, looked up in what was said."""

    key: str
    #: In how many quotes it stands.
    depth: int = 0
    #: It only introduces what follows, so that nobody needs to have said it.
    free: bool = False


def in_order(keys: Sequence[str], known: frozenset[bytes]) -> bool:
    """Whether the lines are known as lines of one message, in their order."""
    steps = _steps([Place(key) for key in keys], known)
    return not steps or bool(_read(steps, known)[0])


def known_from(
    places: Sequence[Place], starts: Sequence[int], known: frozenset[bytes], *, begun: bool = False
) -> int | None:
    """The first of these lines from which on messages of the conversation are all that stands; None for none.

    A line is known alone, or together with the next ones as one line that was wrapped. Where a start is, below an introduction
    and one level deeper a message must begin, or the line be known below what it stands below; any other line is known below the
    one above it. The first line of all may stand in the midst of a message where the quote was `begun` in another part.
    """
    steps = _steps(places, known)
    read = _read(steps, known)
    number = 0
    for start in starts:
        while number < len(steps) and steps[number].at < start:
            number += 1
        if number == len(steps):
            return None
        step = steps[number]
        before = step.introduction or ((steps[number - 1].place.key,) if number else ())
        if read[number] and ((begun and not number) or _follows(known, read[number], "", *before)):
            return start
    return None


def written_into(places: Sequence[Place], known: frozenset[bytes]) -> bool:
    """Whether something stands between two lines that are known one right below the other."""
    steps = _steps(places, known)
    for number, step in enumerate(steps):
        if digest(step.place.key) not in known:
            continue
        for after in range(number + 1, min(len(steps), number + _MAX_ANSWER)):
            below = steps[after]
            if below.introduction or below.place.depth != step.place.depth:
                break
            if _follows(known, below.place.key, step.place.key):
                if after > number + 1:
                    return True
                break
    return False


class _Step(NamedTuple):
    """A line that says something and introduces nothing."""

    at: int
    place: Place
    #: It may go on in the line above it, if that was wrapped.
    glued: bool
    #: What introduces it: the last line of that, and all of it as one line. Nothing for a line below another.
    introduction: tuple[str, ...]


def _steps(places: Sequence[Place], known: frozenset[bytes]) -> list[_Step]:
    found: list[_Step] = []
    introduction: list[str] = []
    glued = False
    for at, place in enumerate(places):
        if place.free:
            introduction.append(place.key)
            glued = False
        elif place.key[:1] == _LINK and digest(place.key) in known:
            continue  # what a link above it leads to
        elif place.key:
            ways = (introduction[-1], "".join(introduction)) if introduction else ()
            found.append(_Step(at, place, glued, ways))
            introduction.clear()
            glued = True
        else:
            glued = False
    return found


def _read(steps: Sequence[_Step], known: frozenset[bytes]) -> list[str]:
    """For each line, as what it is known, alone or with the next ones, where all that stands below is known too; "" for none."""
    found = [""] * len(steps)
    reach = len(steps)  # the topmost line so far from which all is known
    for number in range(len(steps) - 1, -1, -1):
        if reach - number > MAX_JOINED:
            break
        joined = ""
        for last in range(number, min(len(steps), number + MAX_JOINED)):
            if last > number and not steps[last].glued:
                break
            joined += steps[last].place.key
            if digest(joined) in known and _goes_on(joined, steps, last, found, known):
                found[number] = joined
                reach = number
                break
    return found


def _goes_on(
    line: str, steps: Sequence[_Step], last: int, found: Sequence[str], known: frozenset[bytes]
) -> bool:
    """Whether what stands below the line that ends at `last` is known there."""
    if last + 1 == len(steps):
        return True
    read, step = found[last + 1], steps[last + 1]
    if not read:
        return False
    if step.introduction:
        return _follows(known, read, "", *step.introduction)
    rise = step.place.depth - steps[last].place.depth
    if rise < 0:  # below an inner quote the outer one goes on
        return True
    return _follows(known, read, line, "") if rise else _follows(known, read, line)


def _follows(known: frozenset[bytes], line: str, *above: str) -> bool:
    return any(_pair(before, line) in known for before in above)
