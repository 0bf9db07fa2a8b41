"""How the items of a list are marked in Markdown, which counts by figures alone."""

from __future__ import annotations

import re

#: Beyond it letters are figures: nobody reads a Roman number of twenty signs.
_MAX_LETTERED = 3_999
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
#: What begins an item but words: those are escaped.
_BLOCK = re.compile(r"[>|#] ?|```|[-*] |\d{1,9}[.)] ")
_TOP_NUMBER = re.compile(r"^(\d{1,9})\. ", re.MULTILINE)
_TOP_BULLET = re.compile(r"^- ", re.MULTILINE)


def kind(name: str, letters: str) -> str:
    """The list it is to a renderer, "ul" or "ol": one that is counted by letters is one of points that begin with them."""
    return "ul" if letters else name


def item(text: str, name: str, number: int, letters: str) -> str:
    """The item with its marker, its further lines below its first word."""
    marker = "- "
    if letters:
        between = "\n\n" if _BLOCK.match(text) else " "
        text = f"{_lettered(number, letters)}.{between}{text}"
    elif name == "ol":
        marker = f"{number}. "
    first, *lines = text.split("\n")
    indent = " " * len(marker)
    return "\n".join([marker + first, *(indent + line if line else "" for line in lines)])


def with_other_marker(items: str, kind: str) -> str:
    """The items of a list as one that is not read as the same as the list before it."""
    return _TOP_NUMBER.sub(r"\1) ", items) if kind == "ol" else _TOP_BULLET.sub("* ", items)


def _lettered(number: int, letters: str) -> str:
    """The number as `type` says: "a", "A", "i" or "I"."""
    if not 0 < number <= _MAX_LETTERED:
        return str(number)
    shown = _roman(number) if letters in "iI" else _alphabetic(number)
    return shown.upper() if letters.isupper() else shown


def _alphabetic(number: int) -> str:
    shown = ""
    while number:
        number, letter = divmod(number - 1, 26)
        shown = chr(ord("a") + letter) + shown
    return shown


def _roman(number: int) -> str:
    shown = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        shown += sign * count
    return shown
