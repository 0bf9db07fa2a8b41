"""Keeps a body within its limit: cut between paragraphs where that can be, never through a picture, an open fence closed."""

from __future__ import annotations

import re

from bridge.model import FILE_MARK

#: An inline file in a body.
MARK = re.compile(rf"{FILE_MARK[0]}(-?\d{{1,9}}){FILE_MARK[1]}")

CUT = "*(The mail is longer than what fits here: the whole text goes along as a file.)*"


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
        head = head[: _before_picture(whole, room)]
    if (fence := _open_fence(head)) is not None:
        head = f"{head.rstrip()}\n{fence}"
    return f"{head.rstrip()}\n\n{CUT}", whole


def _before_picture(markdown: str, room: int) -> int:
    """The place to cut: the room, or where the picture begins that stands across it."""
    end = 0
    for match in MARK.finditer(markdown):
        opening = markdown.rfind("![", end, match.start())
        end = match.end() + 1
        if end > room:
            return opening if 0 <= opening < room else room
    return room


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
