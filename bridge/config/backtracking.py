"""Whether a regular expression can take exponential time on a text that somebody chose to harm.

Python's `re` tries one way after the other. Where a text can be read in two ways by the same repeat, every character doubles the
ways, and thirty of them are for ever: `(a+)+`, `(\\w+\\s?)*`, `(a|ab|b)*`. That is found here without running anything: the
places of the expression that consume a character are nodes, "may follow" are edges, and trouble is a node that leads back to
itself in two ways on the same text. What is too large, or uses what no automaton can say (references back), is passed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

try:  # the parser of `re`, under its name from Python 3.11 on
    from re import _constants as ops  # type: ignore[attr-defined] # private, and stable for twenty years
    from re import _parser as parser  # type: ignore[attr-defined] # the same
except ImportError as missing:  # pragma: no cover - every Python this runs on has it
    raise ImportError("the parser of regular expressions is not where it was") from missing

#: An expression with more places, or more pairs of them to walk, is not looked into: a quarter of a second.
MOST_PLACES = 150
MOST_STEPS = 30_000
#: Repeats up to this often are taken as written out; they cannot double without end.
FEW = 3
_SAMPLES = "aAzZ09_ \t\n.-@,;:#/+'\"!~\x00\xe9\u0663\u2028"


@dataclass(slots=True)
class _Piece:
    """A part of the expression: where it can begin and end, each in how many ways, and in how many it may be empty."""

    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)
    empty: int = 1


_Pair = tuple[int, int]


class _TooMuchError(Exception):
    """Too large, or no automaton."""


class _Automaton:
    """The places of an expression, what each consumes, and in how many ways one may follow another."""

    def __init__(self, pattern: str, flags: int) -> None:
        parsed = parser.parse(pattern, flags)
        self._ignores_case = bool(parsed.state.flags & re.IGNORECASE)
        self._samples = sorted({*_SAMPLES, *_edges(parsed.data)})
        self.consumes: list[frozenset[str]] = []
        self.follow: list[Counter[int]] = []
        self._sequence(parsed)

    def _place(self, consumed: Iterable[str]) -> _Piece:
        if len(self.consumes) >= MOST_PLACES:
            raise _TooMuchError
        self.consumes.append(frozenset(consumed))
        self.follow.append(Counter())
        number = len(self.consumes) - 1
        return _Piece(Counter([number]), Counter([number]), empty=0)

    def _link(self, before: Counter[int], after: Counter[int]) -> None:
        for source, ways in before.items():
            self.follow[source].update(_times(after, ways))

    def _sequence(self, nodes: Any) -> _Piece:
        whole = _Piece()
        for op, value in nodes:
            piece = self._node(op, value)
            self._link(whole.last, piece.first)
            whole.first += _times(piece.first, whole.empty)
            whole.last = piece.last + _times(whole.last, piece.empty)
            whole.empty = min(whole.empty * piece.empty, 2)
        return whole

    def _node(self, op: Any, value: Any) -> _Piece:
        match op:
            case ops.LITERAL | ops.NOT_LITERAL | ops.IN | ops.ANY | ops.CATEGORY | ops.RANGE:
                return self._place(each for each in self._samples if self._takes(op, value, each))
            case ops.SUBPATTERN:
                before, self._ignores_case = (
                    self._ignores_case,
                    self._ignores_case or bool(value[1] & re.IGNORECASE),
                )
                piece = self._sequence(value[-1])
                self._ignores_case = before
                return piece
            case ops.BRANCH:
                pieces = [self._sequence(branch) for branch in value[1]]
                whole = _Piece(empty=min(sum(piece.empty for piece in pieces), 2))
                for piece in pieces:
                    whole.first += piece.first
                    whole.last += piece.last
                return whole
            case ops.MAX_REPEAT | ops.MIN_REPEAT:
                least, most, inner = value
                piece = self._sequence(inner)
                if most > FEW:
                    self._link(piece.last, piece.first)
                return _Piece(piece.first, piece.last, min(piece.empty + (least == 0), 2))
            case ops.AT | ops.ASSERT | ops.ASSERT_NOT:
                return _Piece()
            case ops.ATOMIC_GROUP | ops.POSSESSIVE_REPEAT:
                # What is inside is read in one way and never again.
                return self._place(self._samples)
            case _:
                raise _TooMuchError

    def _takes(self, op: Any, value: Any, char: str) -> bool:
        if not self._ignores_case:
            return _takes(op, value, char)
        return any(_takes(op, value, each) for each in {char, char.lower(), char.upper()} if len(each) == 1)


def _times(counted: Counter[int], ways: int) -> Counter[int]:
    """Two ways are as bad as two hundred."""
    return Counter({place: min(count * ways, 2) for place, count in counted.items() if ways})


def explodes(pattern: str, flags: int = 0) -> bool:
    """Whether some repeat of the expression can read one text in two ways, and so in exponentially many."""
    try:
        automaton = _Automaton(pattern, flags)
        return _doubles(automaton.consumes, automaton.follow)
    except (_TooMuchError, re.error, RecursionError, OverflowError):
        return False


def _doubles(consumes: list[frozenset[str]], follow: list[Counter[int]]) -> bool:
    """Whether a place leads back to itself in two ways: through two different places, or over one edge that counts twice.

    Walks pairs of places that two readings of one text have come to. Raises _TooMuchError when there are too many.
    """
    after = _pairs(consumes, follow)
    before: dict[_Pair, set[_Pair]] = {pair: set() for pair in after}
    for pair, following in after.items():
        for found in following:
            before[found].add(pair)
    for place, ways in enumerate(follow):
        here = (place, place)
        circle = _reached(after, here) & _reached(before, here)
        if any(left != right for left, right in circle):
            return True
        if any(count > 1 and (other, other) in circle for other, count in ways.items()):
            return True
    return False


def _pairs(consumes: list[frozenset[str]], follow: list[Counter[int]]) -> dict[_Pair, set[_Pair]]:
    """Every pair that two readings can come to from one place, with those that may be next."""
    waiting = [(place, place) for place in range(len(consumes))]
    after: dict[_Pair, set[_Pair]] = {pair: set() for pair in waiting}
    steps = 0
    while waiting:
        left, right = waiting.pop()
        found = {(a, b) for a in follow[left] for b in follow[right] if consumes[a] & consumes[b]}
        steps += len(follow[left]) * len(follow[right])
        if steps > MOST_STEPS:
            raise _TooMuchError
        waiting += [pair for pair in found if pair not in after]
        after.update({pair: set() for pair in found if pair not in after})
        after[left, right] = found
    return after


def _reached(edges: dict[_Pair, set[_Pair]], start: _Pair) -> set[_Pair]:
    """Every pair reached from one by a step or more, and itself."""
    seen, waiting = {start}, [start]
    while waiting:
        fresh = edges[waiting.pop()] - seen
        seen |= fresh
        waiting += fresh
    return seen


def _takes(op: Any, value: Any, char: str) -> bool:
    match op:
        case ops.LITERAL:
            return bool(ord(char) == value)
        case ops.NOT_LITERAL:
            return bool(ord(char) != value)
        case ops.ANY:
            return char != "\n"
        case ops.RANGE:
            return bool(value[0] <= ord(char) <= value[1])
        case ops.CATEGORY:
            return _CATEGORIES[value].match(char) is not None
        case ops.IN:
            negated = value[0][0] is ops.NEGATE
            return any(_takes(inner, what, char) for inner, what in value[negated:]) is not negated
        case _:
            raise _TooMuchError


_CATEGORIES = {
    ops.CATEGORY_DIGIT: re.compile(r"\d"),
    ops.CATEGORY_NOT_DIGIT: re.compile(r"\D"),
    ops.CATEGORY_SPACE: re.compile(r"\s"),
    ops.CATEGORY_NOT_SPACE: re.compile(r"\S"),
    ops.CATEGORY_WORD: re.compile(r"\w"),
    ops.CATEGORY_NOT_WORD: re.compile(r"\W"),
}


def _edges(nodes: Any) -> set[str]:
    """The characters the expression itself tells apart, with their neighbours."""
    numbers: set[int] = set()

    def walk(value: Any) -> None:
        if isinstance(value, tuple) and len(value) == 2 and value[0] in (ops.LITERAL, ops.NOT_LITERAL):
            numbers.add(value[1])
        elif isinstance(value, tuple) and len(value) == 2 and value[0] is ops.RANGE:
            numbers.update(value[1])
        elif isinstance(value, list | tuple | parser.SubPattern):
            for inner in value:
                walk(inner)

    walk(nodes)
    near = {number + step for number in numbers for step in (-1, 0, 1)}
    return {chr(number) for number in near if 0 <= number < 0x110000}
