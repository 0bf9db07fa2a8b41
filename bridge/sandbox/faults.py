"""What goes wrong on purpose: on a share of the calls by chance, or on the next calls by a script.

A fault is written `KIND[:VALUE][-before|-after]`. "Before" means nothing was applied, "after" that everything was and only the
answer is spoilt; the difference cannot be seen from outside, which is why both exist.

    200, ok         no fault                      reset       the TCP connection is reset
    503, 429:7      that status as JSON; the      refused     as if nobody listened (never applied)
                    value is its Retry-After      timeout     no answer until the peer gives up
    html-502        that status as an HTML page   slow:2      the right answer, 2 seconds late
    2xx-errors      200 with an `errors` object   truncated   the right answer, cut JSON (applied)
    empty           200 without a body (applied)  cut         the connection ends within the answer (applied)
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import Literal

Kind = Literal["status", "html", "errors", "reset", "refused", "timeout", "slow", "truncated", "cut", "empty"]

#: Every kind a chaos run meets; all short enough for one.
EVERY = (
    "refused",
    "reset-before",
    "reset-after",
    "503",
    "503-after",
    "500-after",
    "429:1",
    "html-502",
    "html-504-after",
    "timeout-before",
    "timeout-after",
    "truncated",
    "cut",
    "empty",
    "2xx-errors",
    "slow:0.2",
)

_NAMED: dict[str, Kind] = {
    "2xx-errors": "errors",
    "reset": "reset",
    "refused": "refused",
    "timeout": "timeout",
    "slow": "slow",
    "truncated": "truncated",
    "cut": "cut",
    "empty": "empty",
}
_SPOILS_THE_ANSWER = frozenset({"slow", "truncated", "cut", "empty"})


@dataclass(frozen=True, slots=True)
class Fault:
    #: As it was written.
    spec: str
    kind: Kind
    #: Whether the call is applied first.
    after: bool
    status: int = 0
    #: `slow`: how late; `status` and `html`: the Retry-After.
    seconds: float | None = None


def parse(spec: str | int) -> Fault | None:
    """The fault a word stands for; None for "no fault". Raises ValueError for a word that is none."""
    text = str(spec)
    if text in ("200", "ok"):
        return None
    name, place = text, ""
    for suffix in ("-before", "-after"):
        if text.endswith(suffix):
            name, place = text.removesuffix(suffix), suffix
    name, _, value = name.partition(":")
    try:
        seconds = float(value) if value else None
        kind, status = _kind(name)
    except ValueError:
        raise ValueError(f"not a fault: {text!r}; see `bridge.sandbox.faults` for the words") from None
    if kind == "refused" and place == "-after":
        raise ValueError("a refused connection applies nothing: `refused-after` makes no sense")
    after = place == "-after" or (not place and kind in _SPOILS_THE_ANSWER)
    return Fault(text, kind, after, status, seconds)


def _kind(name: str) -> tuple[Kind, int]:
    if name in _NAMED:
        return _NAMED[name], 0
    kind: Kind = "html" if name.startswith("html-") else "status"
    status = int(name.removeprefix("html-"))
    if not 200 <= status <= 599:
        raise ValueError(name)
    return kind, status


class Faults:
    """Decides call by call; a script comes before a standing fault, and that before chance."""

    def __init__(self, rate: float = 0.0, seed: int = 0, kinds: tuple[str, ...] = EVERY) -> None:
        self._script: deque[tuple[Fault | None, str]] = deque()
        self._standing: list[tuple[Fault | None, str]] = []
        self.chance(rate, seed, kinds)

    def chance(self, rate: float, seed: int, kinds: tuple[str, ...]) -> None:
        """Meet one of `kinds` on that share of the calls; the same seed makes the same sequence."""
        self._rate = rate
        self._kinds = tuple(parse(kind) for kind in kinds)
        self._random = random.Random(seed)  # noqa: S311 - faults must repeat, not surprise

    def script(self, *specs: str | int, on: str = "") -> None:
        """What the next calls meet, one each, in order; `on` names a part of "METHOD /path" they must have."""
        self._script.extend((parse(spec), on) for spec in specs)

    def always(self, spec: str | int, *, on: str = "") -> None:
        """What every such call meets until `clear`."""
        self._standing.append((parse(spec), on))

    def clear(self) -> None:
        """Forget the script and the standing faults."""
        self._script.clear()
        self._standing.clear()

    @property
    def left(self) -> int:
        """How much of the script has not been met."""
        return len(self._script)

    def next(self, call: str) -> Fault | None:
        """What this call meets. `call` is "METHOD /path"."""
        for place, (fault, on) in enumerate(self._script):
            if on in call:
                del self._script[place]
                return fault
        for fault, on in self._standing:
            if on in call:
                return fault
        if self._kinds and self._random.random() < self._rate:
            return self._random.choice(self._kinds)
        return None
