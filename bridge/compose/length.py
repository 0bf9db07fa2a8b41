"""Keeps a body within its limit: cut between paragraphs where that can be, never through a picture, an open fence closed."""

from __future__ import annotations

import re

from bridge.model import FILE_MARK

#: An inline file in a body.
MARK = re.compile(rf"{FILE_MARK[0]}(-?\d{{1,9}}){FILE_MARK[1]}")

#: The file that holds the whole of a body that was cut.
WHOLE_NAME = "full-text.md"
CUT = f"*(The mail is longer than what fits here: its text goes along as {WHOLE_NAME}.)*"

_MAX_WORD = 200
_MAX_LINK = 5_100


def within(whole: str, max_chars: int) -> tuple[str, str | None]:
    """The body within the limit, and the whole where that took something away."""
    if len(whole) <= max_chars:
        return whole, None
    room = max(0, max_chars - len(CUT) - 8)
    head = whole[:room]
    paragraph = head.rfind("\n\n")
    line = head.rfind("\n")
    if paragraph > room // 2:
        head = head[:paragraph]
    elif line > room // 2:
        head = head[:line]
    else:
        head = head[: _between_words(whole, room)]
    if (fence := _open_fence(head)) is not None:
        head = f"{head.rstrip()}\n{fence}"
    return f"{head.rstrip()}\n\n{CUT}", whole


#: Words in brackets and where they lead; a picture has a mark before them.
_LINK = re.compile(r"!?\[(?:[^\[\]\\\n]|\\.){0,1000}\]\([^()\s]{0,4000}\)")


def _between_words(markdown: str, room: int) -> int:
    """The place to cut a long line: before the picture, the link or the word that stands across the room."""
    start = max(0, room - _MAX_LINK)
    across = (link.start() for link in _LINK.finditer(markdown, start, room + _MAX_LINK) if link.end() > room)
    place = min(next(across, room), room)
    blank = markdown.rfind(" ", max(place - _MAX_WORD, 0), place)
    if blank > 0:
        return blank
    # An escape is two characters.
    slashes = place - len(markdown[:place].rstrip("\\"))
    return place - slashes % 2


_FENCE = re.compile(r"^(`{3,})", re.MULTILINE)


def _open_fence(markdown: str) -> str | None:
    """The fence that is open at the end."""
    fence: str | None = None
    for match in _FENCE.finditer(markdown):
        if fence is None:
            fence = match[1]
        elif len(match[1]) >= len(fence):
            fence = None
    return fence
