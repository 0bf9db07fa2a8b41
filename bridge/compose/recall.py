"""Whether a quote is nothing but messages of the conversation, by the digests of what was said there (`said`).

Lines are looked up in their order: where they stand otherwise than they were said, the author of the mail has been at them.
Linear in the lines, whatever is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bridge.compose.said import LINK, digest, pair

Known = frozenset[bytes]

#: Lines that may be one line, or one paragraph, wrapped.
MAX_JOINED = 16
#: Lines between two others that are looked at as an answer.
_MAX_ANSWER = 20
#: Letters of a line behind which an answer may stand, and how many lines are looked at for one.
_MIN_LENGTHENED = 10
_MAX_LINE = 500
_MAX_LENGTHENED = 50
#: Letters from which on lines that begin or end many a mail, a warning, a signature or a disclaimer, are no answer.
_MIN_FOOTER = 30
#: Lines of a warning about mail of strangers.
_MAX_BANNER = 6


class Place(NamedTuple):
    """A line of a mail, to be looked up in what was said."""

    key: str
    #: In how many quotes it stands.
    depth: int = 0
    #: It only introduces what follows, so that nobody needs to have said it.
    free: bool = False


def in_order(keys: Sequence[str], known: Known) -> bool:
    """Whether the lines are known as lines of one message, in their order."""
    read = _Reading([Place(key) for key in keys], known)
    return not read.steps or bool(read.lines[0])


def is_footer(keys: Sequence[str], known: Known) -> bool:
    """Whether the lines ended a message, long enough to be no answer: what a gateway puts below every mail."""
    read = _Reading([Place(key) for key in keys], known)
    if not read.steps or not read.lines[0] or sum(len(step.place.key) for step in read.steps) < _MIN_FOOTER:
        return False
    return _ends(read.steps, known) and pair("", read.lines[0]) not in known


def is_whole(places: Sequence[Place], known: Known) -> bool:
    """Whether a message begins with the first of the lines and one ends with the last, each maybe wrapped."""
    first = ""
    steps = _steps(places, known)
    for step in steps[:MAX_JOINED]:
        first += step.place.key
        if pair("", first) in known:
            return _ends(steps, known)
    return False


def _ends(steps: Sequence[_Step], known: Known) -> bool:
    last = ""
    for step in reversed(steps[-MAX_JOINED:]):
        last = step.place.key + last
        if pair(last, "") in known:
            return True
    return False


def known_from(
    places: Sequence[Place], starts: Sequence[int], known: Known, *, begun: bool = False
) -> int | None:
    """The first of these lines from which on messages of the conversation are all that stands; None for none.

    A line is known alone, or together with the next ones as one line that was wrapped. Where a start is, below an introduction
    and one level deeper a message must begin, or the line be known below what it stands below; a message also begins below a
    warning known to stand right below such an introduction. Any other line is known below the one above it, or begins what is
    known to stand below some messages: a signature that no message has. The first line of all may stand in the midst of a
    message where the quote was `begun` in another part.
    """
    read = _Reading(places, known)
    number = 0
    for start in starts:
        while number < len(read.steps) and read.steps[number].at < start:
            number += 1
        if number == len(read.steps):
            return None
        if read.lines[number] and ((begun and not number) or read.may_begin(number)):
            return start
    return None


def written_into(places: Sequence[Place], known: Known) -> bool:
    """Whether something stands between two lines known one right below the other, or behind one that is known there."""
    steps = _steps(places, known)
    lengthened = 0
    for number, step in enumerate(steps):
        above = _above(steps, number)
        if (above and digest(above) not in known) or pair(above, step.place.key) in known:
            continue
        if lengthened < _MAX_LENGTHENED:
            lengthened += 1
            if _is_lengthened(above, step.place.key, known):
                return True
        for below in steps[number + 1 : number + _MAX_ANSWER]:
            if not above or below.introduction or below.place.depth != step.place.depth:
                break
            if pair(above, below.place.key) in known:
                return True
    return False


def _above(steps: Sequence[_Step], number: int) -> str:
    """The line that a line stands below; "" where a message begins."""
    step = steps[number]
    if not number or step.introduction or step.place.depth != steps[number - 1].place.depth:
        return ""
    return steps[number - 1].place.key


def _is_lengthened(above: str, line: str, known: Known) -> bool:
    ends = range(_MIN_LENGTHENED, min(len(line), _MAX_LINE))
    return any(pair(above, line[:end]) in known for end in ends)


class _Step(NamedTuple):
    """A line that says something and introduces nothing."""

    at: int
    place: Place
    #: It may go on in the line above it, if that was wrapped.
    glued: bool
    #: What introduces it: the last line of that, and all of it as one line. Nothing for a line below another.
    introduction: tuple[str, ...]


def _steps(places: Sequence[Place], known: Known) -> list[_Step]:
    found: list[_Step] = []
    introduction: list[str] = []
    glued = False
    for at, place in enumerate(places):
        if place.free:
            introduction.append(place.key)
            glued = False
        elif place.key[:1] == LINK and digest(place.key) in known:
            continue  # what a link above it leads to
        elif place.key:
            ways = (introduction[-1], "".join(introduction)) if introduction else ()
            found.append(_Step(at, place, glued, ways))
            introduction.clear()
            glued = True
        else:
            glued = False
    return found


class _Reading:
    """The lines of a quote, read from below as far as all is known."""

    def __init__(self, places: Sequence[Place], known: Known) -> None:
        self._known = known
        self.steps = _steps(places, known)
        #: For each line, as what it is known, alone or with the next ones, where all below is known too; else "".
        self.lines = [""] * len(self.steps)
        #: How many letters stand from there on, to the end of what is known in one piece.
        self._letters = [0] * len(self.steps)
        reach = len(self.steps)  # the topmost line so far from which all is known
        for number in range(len(self.steps) - 1, -1, -1):
            if reach - number > MAX_JOINED:
                break
            if self._read(number):
                reach = number

    def may_begin(self, number: int) -> bool:
        """Whether a message begins with the line, or it is known below what it stands below."""
        above = self.steps[number].introduction
        if not above and number:
            above = (self.steps[number - 1].place.key,)
        return any(pair(before, self.lines[number]) in self._known for before in ("", *above))

    def _read(self, number: int) -> bool:
        joined = ""
        for last in range(number, min(len(self.steps), number + MAX_JOINED)):
            if last > number and not self.steps[last].glued:
                return False
            joined += self.steps[last].place.key
            if digest(joined) in self._known and self._goes_on(joined, last):
                self.lines[number] = joined
                self._letters[number] = len(joined) + self._below(last)
                return True
        return False

    def _goes_on(self, line: str, last: int) -> bool:
        """Whether what stands below the line that ends at `last` is known there."""
        below = last + 1
        if below == len(self.steps):
            return True
        step, read = self.steps[below], self.lines[below]
        if not read:
            return False
        if step.introduction:
            return self.may_begin(below)
        rise = step.place.depth - self.steps[last].place.depth
        if rise < 0 or pair(line, read) in self._known:  # below an inner quote the outer one goes on
            return True
        if pair("", read) in self._known:
            return rise > 0 or self._is_banner(last)
        return pair(line, "") in self._known and self._letters[below] >= _MIN_FOOTER

    def _is_banner(self, last: int) -> bool:
        """Whether the lines down to this one stand right below an introduction, long enough, and begin no message."""
        joined = ""
        for number in range(last, max(-1, last - _MAX_BANNER), -1):
            step = self.steps[number]
            joined = step.place.key + joined
            if step.introduction:
                begun = {pair("", step.place.key), pair("", joined)}
                return len(joined) >= _MIN_FOOTER and begun.isdisjoint(self._known)
        return False

    def _below(self, last: int) -> int:
        """How many letters are known in one piece below a line that goes on there."""
        below = last + 1
        if below == len(self.steps) or self.steps[below].introduction:
            return 0
        return self._letters[below] if self.steps[below].place.depth == self.steps[last].place.depth else 0
