"""Decides what of an author's words is left out: quotes that are in the conversation already, by rule any quote or signature.

`lossless` leaves a quote out only where every line of it is known to be in the conversation; `quotes` leaves out every
quote that ends the mail, and what was not known goes along as a file. Above an answer only whole messages are left out. No
forward and no interleaved answer is touched, and something is always left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bridge.compose import attributions, forward, quotes, recall, said, words
from bridge.compose.attributions import Strength
from bridge.compose.quotes import Kind, Line, Stretch

Mode = Literal["off", "lossless", "quotes"]
Signatures = Literal["keep", "cut"]

#: More below a "-- " is no signature.
_MAX_SIGNATURE_LINES = 20
_MAX_SIGNATURE_CHARS = 2_000
#: How clients say in a text part where a picture stood.
PLACEHOLDER = re.compile(
    r"\[(?:image:|cid:|Bild:|photo:)[ ]?([^\[\]\n]{1,200})\]|<(image\d{1,6}\.\w{3,4})>", re.IGNORECASE
)
#: How much of a line is told by `explain`.
_MAX_EXCERPT = 60
#: Introductions that hold a header block, in whose midst an author may have written.
_WITH_HEADERS = (Kind.HEADERS, Kind.SEPARATOR)
#: Of a quoted line that holds more than its words: who struck some out, or marked them by a colour, has answered by it.
_UNSAID = "\u0336"
#: What a converter tore from the name before it.
_ADDRESS = re.compile(r"<[^<>\s]{1,254}@[^<>\s]{1,254}>[,;]?")


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left out: ``lines[start:end]`` for each of the ranges."""

    ranges: tuple[tuple[int, int], ...]
    #: The one that was not known, so that it has to go along.
    unproved: tuple[int, int] | None = None

    def keeps(self, at: int) -> bool:
        return not any(start <= at < end for start, end in self.ranges)


@dataclass(slots=True)
class Trimmer:
    """The rules for one mail, and what they did to its stretches of words so far."""

    mode: Mode = "off"
    signatures: Signatures = "keep"
    #: Digests of the lines that are in the conversation; None for a mail that opens one.
    known: frozenset[bytes] | None = None
    #: The subject says that the mail is passed on.
    forward: bool = False
    #: Whether words of the author stand in an earlier stretch, and in a later one.
    before: bool = False
    after: bool = False
    #: A file speaks for an author who wrote nothing.
    filed: bool = False
    #: The subject of a mail that is passed on for its author: what stands above the forwarded header is the forwarder's.
    passed_on: str | None = None
    #: Whether anything was left out.
    cut: bool = False
    #: Lines left out because they are known.
    known_lines: int = 0
    #: Whether a quote was left standing that more knowledge of the conversation could prove.
    unproved: bool = False
    #: Words of signatures that were left out and stand nowhere in the conversation, for the note.
    signed: list[str] = field(default_factory=list)
    #: Markdown of what was left out without being known.
    quoted: list[str] = field(default_factory=list)
    #: What pictures refer to that were left out with it.
    pictures: list[str] = field(default_factory=list)
    #: What the forwarder wrote above the forwarded header, for the note.
    aside: list[str] = field(default_factory=list)
    #: Sentences on what was done, and on what evidence.
    because: list[str] = field(default_factory=list)

    def beside(self, *, before: bool, after: bool) -> Trimmer:
        """The same rules for one version of one stretch of words; `adopt` it if that is the one shown."""
        rules = (self.mode, self.signatures, self.known, self.forward)
        return Trimmer(*rules, before=before, after=after, filed=self.filed, passed_on=self.passed_on)

    def adopt(self, other: Trimmer) -> None:
        self.known_lines += other.known_lines
        self.unproved = self.unproved or other.unproved
        self.signed += other.signed
        self.quoted += other.quoted
        self.pictures += other.pictures
        self.aside += other.aside
        self.because += other.because
        self.cut = self.cut or other.cut

    @property
    def idle(self) -> bool:
        """Whether there is nothing to look for: a first mail, of all mail the longest, is not looked at in vain."""
        return self.signatures == "keep" and self._keeps_quotes and self.passed_on is None

    @property
    def _keeps_quotes(self) -> bool:
        return self.mode == "off" or (self.mode == "lossless" and self.known is None)

    def history(self, lines: Sequence[Line]) -> Stretch | None:
        """The mail answered that stands below the author's words without quote marks, to be given them; None for none.

        What a mail passes on is no quote, and neither is what nobody wrote above.
        """
        if self.forward or self.passed_on is not None or self.after:
            return None
        stretch = quotes.history(lines)
        own = stretch is not None and (self.before or _says_something(lines[: stretch.start]))
        return stretch if own else None

    def look(self, lines: Sequence[Line]) -> Cut | None:
        """What is to be left out of these lines; None for nothing."""
        if self.idle:
            return None
        if self.passed_on is not None:
            return self._above(lines, self.passed_on)
        stretch = self._stretch(lines)
        quoted = self._answered(lines) if stretch is None else self._quoted(lines, stretch)
        ranges: list[tuple[int, int]] = [] if quoted is None else [quoted.ranges[0]]
        signature = self._signature(lines, stretch, ranges)
        if signature is not None:
            ranges.append(signature)
        if not ranges:
            return None
        self.cut = True
        return Cut(tuple(sorted(ranges)), None if quoted is None else quoted.unproved)

    def text(self, text: str) -> tuple[str, str]:
        """What is left of a plain text, and what has to go along as a file."""
        if self.idle:
            return text, ""
        lines = quotes.of_text(text)
        cut = self.look(lines)
        if cut is None:
            return text, ""
        kept = "\n".join(line.text for at, line in enumerate(lines) if cut.keeps(at))
        for start, end in cut.ranges:
            self.pictures += (name for line in lines[start:end] for name in placeholders(line.text))
        gone = "" if cut.unproved is None else "\n".join(line.text for line in lines[slice(*cut.unproved)])
        return kept.strip("\n"), gone

    def _above(self, lines: Sequence[Line], title: str) -> Cut | None:
        """The forwarder's own words; the mail that is passed on stays whole."""
        start = forward.start(lines, title)
        own = "\n".join(line.text for line in lines[:start] if not line.blank) if start else ""
        if start is None or not own or len(own) > forward.MAX_OWN:
            return None
        self.cut = True
        self.aside.append(own)
        self.because.append(f"{_count(lines[:start])} lines above the forwarded header moved to the note")
        return Cut(((0, start),))

    # -- quotes ------------------------------------------------------------------------------------

    def _stretch(self, lines: Sequence[Line]) -> Stretch | None:
        """The quote that ends the mail, but for a footer that an earlier mail of the conversation has too; it stays."""
        found = quotes.find(lines)
        if found is not None or not self.known:
            return found
        end = max((at for at, line in enumerate(lines, 1) if line.depth), default=0)
        below = [said.key(line.words) for line in lines[end:]]
        return quotes.find(lines[:end]) if end and recall.is_footer(below, self.known) else None

    def _answered(self, lines: Sequence[Line]) -> Cut | None:
        """The quote that all of the author's words stand below: one of whole messages, for a part says what is answered."""
        if self._keeps_quotes or self.known is None or self.forward or self.before or self.after:
            return None
        stretch = quotes.leading(lines)
        if stretch is None or stretch.forward or not _says_something(lines[stretch.end :]):
            return None
        places, starts = _places(lines[stretch.start : stretch.end], self.known)
        if recall.known_from(places, starts, self.known) != 0:
            self.unproved = True
        elif recall.is_whole(places, self.known):
            return self._known(lines, stretch.start, stretch)
        return None

    def _quoted(self, lines: Sequence[Line], stretch: Stretch) -> Cut | None:
        if self._keeps_quotes:
            return None
        if reason := self._holds_on(lines, stretch):
            self.because.append(f"the quote stays: {reason}")
            return None
        places, starts = _places(lines[stretch.start : stretch.end], self.known or frozenset())
        start = self._known_from(lines, stretch, places, starts)
        if start == stretch.start:
            return self._known(lines, start, stretch)
        self.unproved = True
        answered = self.known is not None and recall.written_into(places, self.known)
        if self.mode == "quotes" and not answered and self._above_says(lines, stretch):
            found = (stretch.start, stretch.end)
            count = _count(lines[slice(*found)])
            self.because.append(
                f"{count} lines left out as a quote by {stretch.kind.value}; they go along as a file"
                f"{_ends(lines[slice(*found)])}"
            )
            return Cut((found,), found)
        if start is not None:
            return self._known(lines, start, stretch)
        reason = (
            "the author wrote between its lines"
            if answered
            else "not all of it is known to be in this conversation"
        )
        self.because.append(f"the quote by {stretch.kind.value} stays: {reason}")
        return None

    def _holds_on(self, lines: Sequence[Line], stretch: Stretch) -> str:
        """Why the quote stays, whatever is known of it; "" where nothing holds it."""
        if self.forward or stretch.forward:
            return "the mail passes it on"
        if self.after:
            return "words of the author follow it"
        if not self.filed and not self._above_says(lines, stretch):
            return "without it nothing would be left"
        if stretch.kind is Kind.MARKED and quotes.lead_over(lines[: stretch.start]):
            return "the author's own words lead over to it"
        return ""

    def _above_says(self, lines: Sequence[Line], stretch: Stretch) -> bool:
        return self.before or _says_something(lines[: stretch.start])

    def _known(self, lines: Sequence[Line], start: int, stretch: Stretch) -> Cut:
        count = _count(lines[start : stretch.end])
        self.known_lines += count
        part = "" if start == stretch.start else ", the inner part of a quote,"
        self.because.append(
            f"{count} lines{part} left out by {stretch.kind.value}: every one is in this conversation already"
            f"{_ends(lines[start : stretch.end])}"
        )
        return Cut(((start, stretch.end),))

    def _known_from(
        self, lines: Sequence[Line], stretch: Stretch, places: Sequence[recall.Place], starts: Sequence[int]
    ) -> int | None:
        """Where the quote, or a quote within it, begins from which on every line is known; None for nowhere."""
        if not self.known:
            return None
        begun = self.before and not _says_something(lines[: stretch.start])
        start = recall.known_from(places, starts, self.known, begun=begun)
        return start if start is None else max(stretch.start, quotes.with_rule(lines, stretch.start + start))

    # -- signatures --------------------------------------------------------------------------------

    def _signature(
        self, lines: Sequence[Line], stretch: Stretch | None, cut: Sequence[tuple[int, int]]
    ) -> tuple[int, int] | None:
        """The signature below the last "-- " line of the author's."""
        if self.signatures == "keep":
            return None
        end = len(lines)
        if stretch is not None and all(line.blank for line in lines[stretch.end :]):
            end = stretch.start
        marks = [at for at in range(end) if lines[at].text in ("-- ", "--\xa0") and not lines[at].depth]
        if not marks:
            return None
        start = marks[-1]
        below = lines[start:end]
        own = [line for at, line in enumerate(lines[:start]) if not any(a <= at < b for a, b in cut)]
        if (
            sum(not line.blank for line in below) > _MAX_SIGNATURE_LINES
            or sum(len(line.text) for line in below) > _MAX_SIGNATURE_CHARS
            or any(line.depth for line in below)
            or not (self.before or _says_something(own))
        ):
            return None
        because = f'a signature of {_count(below)} lines left out below "-- "'
        keys = [said.key(line.words) for line in below[1:]]
        if self.known and recall.in_order(keys, self.known):
            because += ": every one is in this conversation already"
        else:
            self.signed.append(", ".join(line.words for line in below[1:] if line.words))
        self.because.append(because)
        return start, end


def placeholders(line: str) -> list[str]:
    """What the line of a text part says stands there as a picture."""
    return [(one or other).strip() for one, other in PLACEHOLDER.findall(line)]


def own_words(text: str) -> bool:
    """Whether a plain text says anything of its own, besides a quote, a signature or the footer of a mailing list."""
    lines = quotes.of_text(text)
    first = next((line for line in lines if not line.blank), None)
    if first is None or quotes.is_rule(first.words):
        return False
    stretch = quotes.find(lines)
    return _says_something(lines if stretch is None else lines[: stretch.start])


def _says_something(lines: Sequence[Line]) -> bool:
    """Whether there are words, a sign or a picture of the author's above a signature."""
    for line in lines:
        if quotes.is_signature_mark(line):
            return False
        if line.pictured or said.key(line.text):
            return True
    return False


def _count(lines: Sequence[Line]) -> int:
    return sum(line.says for line in lines)


def _ends(lines: Sequence[Line]) -> str:
    """The first and the last of the lines, to be found again in the mail."""
    said = [line.words for line in lines if line.words]
    named = (f"“{words.one_line(text, _MAX_EXCERPT)}”" for text in dict.fromkeys((*said[:1], *said[-1:])))
    return f": {' … '.join(named)}" if said else ""


def _places(lines: Sequence[Line], known: recall.Known) -> tuple[list[recall.Place], list[int]]:
    """The lines of a quote as they are looked up, and where it or a quote within it begins, from the top.

    A colour says something in the mail that is answered; in those below it, it is mostly that of a signature.
    """
    free, starts = _frames(lines)
    places: list[recall.Place] = []
    begun = inner = False
    for line, frame in zip(lines, free, strict=True):
        key = said.key(line.words)
        inner = inner or (begun and frame)
        begun = begun or (bool(key) and not frame)
        marked = not inner and not all(said.is_bold(words, known) for words in line.marked)
        places.append(recall.Place(key + _UNSAID * (line.unsaid or marked), line.depth, frame))
    return places, starts


def _frames(lines: Sequence[Line]) -> tuple[list[bool], list[int]]:
    """Which lines only introduce a quote, and where the quote or one within it begins, from the top."""
    free = [False] * len(lines)
    starts = {0}
    at = 0
    depth = 0
    while at < len(lines):
        line = lines[at]
        if not line.says:
            at += 1
            continue
        frame = quotes.frame_at(lines, at)
        if frame is None or (frame.kind is Kind.ATTRIBUTION and not _introduces(lines, frame)):
            if line.depth > depth:
                starts.add(at)
            depth = line.depth
            at += 1
            continue
        starts.add(at)
        bare = frame.kind is Kind.SEPARATOR and _is_bare(lines[at + 1 : frame.end])
        for place in range(at, frame.end):
            named = frame.kind in _WITH_HEADERS and (place > at or frame.kind is Kind.HEADERS)
            free[place] = _is_header(lines, place, bare=bare) if named else not _is_strange(line, frame)
        if not free[at] and frame.kind is Kind.SEPARATOR:
            starts.add(at + 1)
        depth = max(depth, line.depth)
        at = max(frame.end, at + 1)
    return free, sorted(starts)


def _is_bare(block: Sequence[Line]) -> bool:
    """Whether a header block has no colons."""
    head = next((line.words for line in block if line.words), "")
    return attributions.label(head, cells=True) is None


def _is_strange(line: Line, frame: quotes.Frame) -> bool:
    """Whether the line above a header block is a title in no known words: it may be the author's."""
    separator = frame.kind is Kind.SEPARATOR and attributions.is_title(line.words)
    return separator and attributions.separator(line.words) is None


def _is_header(lines: Sequence[Line], at: int, *, bare: bool) -> bool:
    """Whether a line within a header block says no more than such blocks do: a label, or recipients that go on."""
    words = lines[at].words
    if not words or attributions.label(words, cells=True) is not None:
        return True
    if bare and attributions.bare_label(words) is not None:
        return True
    if attributions.attribution(words) is Strength.STRONG:
        return True
    above = next((line.words for line in reversed(lines[:at]) if line.says), "")
    return "@" in words and (above.endswith((",", ";")) or _ADDRESS.fullmatch(words) is not None)


def _introduces(lines: Sequence[Line], frame: quotes.Frame) -> bool:
    """Whether words of a quote follow: one level deeper, or of any level where it is surely an attribution."""
    following = next((line for line in lines[frame.end :] if line.words), None)
    if following is None:
        return False
    return frame.strength is Strength.STRONG or following.depth > lines[frame.start].depth
