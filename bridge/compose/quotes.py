"""Finds where, in an author's words, somebody else's begin: the quote that a mail program put under the answer.

A stretch is found only where it ends the mail, or by `leading` where it begins it: with words of the author within it the answer
is interleaved and there is none. Total and linear: each line is looked at a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bridge.compose import attributions
from bridge.compose.attributions import Label, Separator, Strength


class Mark(Enum):
    """What the HTML says about a line, beyond its words."""

    NONE = 0
    #: It introduces a quote.
    ATTRIBUTION = 1
    #: From here on all is quoted.
    REST = 2
    #: A rule as Outlook draws it above the header of the mail it answers.
    DIVIDER = 3


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    #: In how many quotes it stands.
    depth: int = 0
    mark: Mark = Mark.NONE
    #: A picture stands in it.
    pictured: bool = False
    #: Its words without quote marks and blanks around them.
    words: str = ""
    #: What its words do not tell: some are struck out, or a picture stands in it and nowhere else.
    unsaid: bool = False
    #: Words that stand in another colour.
    marked: tuple[str, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether nothing stands in the line, not even a quote mark."""
        return not self.words and not self.depth and not self.pictured

    @property
    def says(self) -> bool:
        return self.pictured or bool(self.words)


class Kind(Enum):
    """How the beginning of a stretch was known."""

    MARKED = "quote marks"
    HEADERS = "a header block"
    SEPARATOR = "a separator line"
    ATTRIBUTION = "an attribution line"
    CLIENT = "the mail program's own mark"


@dataclass(frozen=True, slots=True)
class Stretch:
    """``lines[start:end]``: a quote with the line that introduces it."""

    start: int
    end: int
    kind: Kind
    #: It passes a mail on rather than answering it.
    forward: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """Lines that introduce a quote, at whatever depth: ``lines[start:end]``."""

    start: int
    end: int
    kind: Kind
    strength: Strength = Strength.STRONG
    forward: bool = False


_QUOTE = re.compile(r"[ \t]{0,3}((?:>[ \t]?)+)")
_MAX_DEPTH = 100
BLANKS = re.compile(r"[ \t\r\n\f]+")
#: Lines in which the header block of a quoted mail has to be recognised.
_BLOCK_LINES = 14
_MAX_WRAPPED = 4
#: "De:"
_MIN_FRAME = 3


def of_text(text: str) -> list[Line]:
    """The lines of a plain text; `text` of each as it stands, `>` included."""
    return [of(line) for line in text.replace("\r\n", "\n").split("\n")]


def of(
    text: str,
    depth: int = 0,
    mark: Mark = Mark.NONE,
    *,
    pictured: bool = False,
    unsaid: bool = False,
    marked: tuple[str, ...] = (),
) -> Line:
    """The line of that text, which stands in so many quotes before its own quote marks count."""
    match = _QUOTE.match(text)
    if match is None:
        return Line(text, depth, mark, pictured, text.strip(), unsaid, marked)
    if text.startswith(">>> ") and text.rstrip().endswith(" >>>"):
        # GroupWise, above what it quotes without marks.
        return Line(text, depth, mark, pictured, text[4:].strip(), unsaid, marked)
    marks = min(match[1].count(">"), _MAX_DEPTH)
    return Line(text, depth + marks, mark, pictured, text[match.end() :].strip(), unsaid, marked)


def words_of(line: Line) -> str:
    """The line without its quote marks, its indentation kept."""
    match = _QUOTE.match(line.text)
    return line.text[match.end() :] if match else line.text


def find(lines: Sequence[Line]) -> Stretch | None:
    """The quote that ends the words, None where there is none or the author wrote below its first line."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.blank:
            at += 1
            continue
        if line.depth:
            return _marked(lines, at, Kind.MARKED, at)
        frame = frame_at(lines, at)
        if frame is None:
            at += 1
            continue
        following = _next(lines, frame.end)
        if following is not None and lines[following].depth:
            return _marked(lines, frame.start, frame.kind, following)
        if frame.kind is Kind.ATTRIBUTION and (following is None or frame.strength is not Strength.STRONG):
            at = frame.end
            continue
        start = with_rule(lines, frame.start)
        return Stretch(start, len(lines), frame.kind, _forwards(lines, frame.start, frame.end))
    return None


def history(lines: Sequence[Line]) -> Stretch | None:
    """The mail answered, where the mail program marks where it begins and then puts it below its header without more marks.

    The header must be there too: an empty mark stands in many a mail that quotes nothing, a header alone in many a form.
    """
    stretch = find(lines)
    if stretch is None or stretch.forward:
        return None
    marked = False
    for at in range(stretch.start, stretch.end):
        line = lines[at]
        marked = marked or line.mark in (Mark.REST, Mark.DIVIDER)
        if line.says and not is_rule(line.words):
            frame = _frame_of_words(lines, at) if marked and not line.depth else None
            headed = frame is not None and frame.kind in (Kind.HEADERS, Kind.SEPARATOR)
            return stretch if headed else None
    return None


def leading(lines: Sequence[Line]) -> Stretch | None:
    """The quote of marked lines that the words begin with, introduced by a mail program; None where another stands below."""
    start = _next(lines, 0)
    frame = None if start is None else frame_at(lines, start)
    first = None if frame is None else _next(lines, frame.end)
    if frame is None or first is None or not lines[first].depth:
        return None
    end = max(at for at, line in enumerate(lines, 1) if line.depth)
    if any(line.says and not line.depth for line in lines[first:end]) or find(lines[end:]) is not None:
        return None
    return Stretch(frame.start, end, frame.kind, _forwards(lines, frame.start, first))


def _marked(lines: Sequence[Line], start: int, kind: Kind, first: int) -> Stretch | None:
    """The stretch of lines that are marked one by one from `first` on, if nothing of the author's comes after it."""
    at = first
    end = len(lines)
    while at < len(lines):
        line = lines[at]
        if line.blank or line.depth or is_rule(line.words):
            at += 1
            continue
        if is_signature_mark(line):
            if any(later.depth for later in lines[at:]):
                return None
            end = at
            break
        frame = frame_at(lines, at)
        if frame is None:
            return None
        following = _next(lines, frame.end)
        if following is None or not lines[following].depth:
            if frame.strength is Strength.STRONG and following is not None:
                break  # all the rest is quoted, without marks
            return None
        at = frame.end
    while end > start and lines[end - 1].blank:
        end -= 1
    start = with_rule(lines, start)
    return Stretch(start, end, kind, _forwards(lines, start, first))


def _forwards(lines: Sequence[Line], start: int, end: int) -> bool:
    """Whether one of the first lines says that a mail is passed on."""
    seen = 0
    for at in range(start, len(lines)):
        if lines[at].blank:
            continue
        if attributions.separator(lines[at].words) is Separator.FORWARD:
            return True
        seen += 1
        if seen > 3 and at >= end:
            break
    return False


def with_rule(lines: Sequence[Line], start: int) -> int:
    """The start, moved up over a drawn rule that stands right above."""
    at = start - 1
    while at >= 0 and start - at <= 3 and lines[at].blank:
        at -= 1
    return at if at >= 0 and is_rule(lines[at].words) else start


def lead_over(lines: Sequence[Line]) -> bool:
    """Whether the last of an author's lines says that something follows, and is no attribution in a language nobody knows."""
    last = next((line for line in reversed(lines) if line.says), None)
    return last is not None and attributions.leads_over(last.words)


def is_rule(text: str) -> bool:
    bare = text.strip()
    return 5 <= len(bare) <= 200 and not bare.strip("_-=*\u2500\u2501\u2014 ")


def is_signature_mark(line: Line) -> bool:
    return not line.depth and line.text.rstrip() in ("--", "--\xa0") and not line.pictured


# -- what introduces a quote -----------------------------------------------------------------------


def frame_at(lines: Sequence[Line], at: int) -> Frame | None:
    """The introduction that begins with this line, at the line's depth."""
    found = _frame_of_words(lines, at)
    if lines[at].mark is Mark.REST and (found is None or found.kind is Kind.ATTRIBUTION):
        return Frame(at, at if found is None else found.end, Kind.CLIENT)
    return found


def _frame_of_words(lines: Sequence[Line], at: int) -> Frame | None:
    line = lines[at]
    words = line.words
    if len(words) < _MIN_FRAME:
        return None
    kind = attributions.separator(words)
    if kind is not None or attributions.may_head_block(words):
        following = _next(lines, at + 1)
        block = None if following is None else _header_block(lines, following, announced=True)
        if kind is not None or block is not None:
            return Frame(at, block or at + 1, Kind.SEPARATOR, forward=kind is Separator.FORWARD)
    end = _header_block(lines, at)
    if end is not None:
        return Frame(at, end, Kind.HEADERS)
    attribution = _attribution(lines, at)
    if attribution is None and line.mark is Mark.ATTRIBUTION and attributions.may_be_one(words):
        return Frame(at, at + 1, Kind.ATTRIBUTION)
    return attribution


def _header_block(lines: Sequence[Line], start: int, *, announced: bool = False) -> int | None:
    """The end of a block of `From:`, `Sent:`, `To:`, `Subject:` that begins here.

    One that is `announced` may be a table, or have no colons.
    """
    bare = announced and attributions.label(lines[start].words, cells=True) is None
    first = _label(lines[start].words, cells=announced, bare=bare)
    if first is None or first is Label.OTHER:
        return None
    kinds: set[Label] = set()
    addressed = False
    end = start
    unlabelled = empty = 0
    for at in range(start, min(len(lines), start + _BLOCK_LINES)):
        line = lines[at]
        words = line.words
        if line.depth != lines[start].depth:
            break
        label = _label(words, cells=announced, bare=bare) if len(words) < 2_000 else None
        if label is not None:
            if label in kinds and label is not Label.OTHER:
                break
            kinds.add(label)
            addressed = addressed or "@" in words
            end = at + 1
            unlabelled = empty = 0
        elif kinds and attributions.attribution(words) is Strength.STRONG:
            # Yandex says whom it answers below "To:" and "Subject:".
            return at + 1 if len(kinds) > 1 else None
        else:
            # A long list of recipients goes on in the next line; a client may leave every second line empty.
            unlabelled += line.says
            empty += not line.says
            if max(unlabelled, empty) > 2:
                break
    said = kinds - {Label.OTHER}
    # A form says from whom, when and about what, a booking from where to where.
    whole = announced or (Label.TO in said and (addressed or Label.SUBJECT in said))
    return end if whole and Label.FROM in said and len(said) >= 3 else None


def _label(words: str, *, cells: bool, bare: bool) -> Label | None:
    return attributions.bare_label(words) if bare else attributions.label(words, cells=cells)


def _attribution(lines: Sequence[Line], start: int) -> Frame | None:
    """An attribution that begins with this line and may be wrapped over the next ones."""
    depth = lines[start].depth
    joined: list[str] = []
    weak: Frame | None = None
    for at in range(start, min(len(lines), start + _MAX_WRAPPED + 2)):
        line = lines[at]
        if not line.says:
            if joined and len(joined[-1]) < 200 and _goes_on(lines, at + 1):
                continue
            break
        # A client that wraps what others quoted marks the rest of a line with fewer signs.
        if line.depth > depth + 1 or (line.depth != depth and not joined):
            break
        joined.append(line.words)
        if len(joined) > _MAX_WRAPPED or len(line.words) > attributions.MAX_CHARS:
            break
        arrow = line.words.endswith(">")  # GroupWise's, which is never wrapped
        if attributions.may_end(line.words) and not (arrow and len(joined) > 1):
            strength = attributions.attribution(" ".join(joined))
            if strength is Strength.STRONG:
                return None if _begins_below(joined) else Frame(start, at + 1, Kind.ATTRIBUTION)
            if strength is Strength.WEAK and len(joined) == 1:
                weak = Frame(start, at + 1, Kind.ATTRIBUTION, strength)
        if len(joined) == 1 and not attributions.may_begin(line.words):
            break
    return weak


def _begins_below(joined: Sequence[str]) -> bool:
    """Whether the lines below the first are an attribution of their own, and the author's words stand above it."""
    return any(
        attributions.is_whole(" ".join(joined[place:]), " ".join(joined[:place]))
        for place in range(1, len(joined))
    )


def _goes_on(lines: Sequence[Line], at: int) -> bool:
    """Whether, past an empty line, an address goes on that a converter tore apart."""
    return at < len(lines) and lines[at].text.lstrip("> \t").startswith("<")


def _next(lines: Sequence[Line], at: int) -> int | None:
    """The next line with words in it."""
    while at < len(lines):
        if lines[at].says:
            return at
        at += 1
    return None
