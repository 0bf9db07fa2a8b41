"""Reads what stands behind a label in the lines of a mail: "Order no.: 4711", as forms and machines write it.

Linear in the lines, and each line is looked at only as far as a label and its value can reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.compose import words
from bridge.model import Mail

_MAX_LINES = 2_000
_MAX_CHARS = 1_000
_AROUND = " \t*_|>-•\xa0"
_COLONS = (":", "：", "=")


def lines(mail: Mail) -> list[str]:
    """The lines of the mail's words that are looked at."""
    return words.text(mail).split("\n")[:_MAX_LINES]


def values(lines: Sequence[str], label: str, others: Sequence[str] = ()) -> Iterator[str]:
    """What stands behind the label, on its line or, where that is all the line says, on the next one.

    A next line that begins with one of the `others` is another label's: the value was left empty.
    """
    wanted = _name(label)
    for number, line in enumerate(lines):
        value = _behind(line, wanted)
        if value == "" and number + 1 < len(lines):
            below = lines[number + 1]
            if all(_behind(below, _name(other)) is None for other in others):
                value = below[:_MAX_CHARS].strip(" \t*_|>\xa0")
        if value:
            yield value


def _name(label: str) -> str:
    return " ".join(label.lower().split()).rstrip(":： =")


def _behind(line: str, wanted: str) -> str | None:
    """What the line says behind the label; None where it does not begin with it."""
    plain = line[:_MAX_CHARS].strip(_AROUND)
    if not wanted or not plain.lower().startswith(wanted):
        return None
    rest = plain[len(wanted) :].lstrip(" \t*_|\xa0")
    if rest and rest[0] not in _COLONS:
        return None
    return rest[1:].strip(" \t*_|\xa0")
