"""A text put together of many small pieces at a few times its own size.

A list of strings of two characters takes thirty times what they say; here they are joined every thousand.
"""

from __future__ import annotations

_TOGETHER = 1_000


class Pieces:
    """What has been added, in order."""

    __slots__ = ("_joined", "_loose")

    def __init__(self) -> None:
        self._joined: list[str] = []
        self._loose: list[str] = []

    def add(self, piece: str) -> None:
        self._loose.append(piece)
        if len(self._loose) >= _TOGETHER:
            self._joined.append("".join(self._loose))
            self._loose.clear()

    def taken(self) -> str:
        """All of it as one; nothing is left."""
        whole = "".join((*self._joined, *self._loose))
        self._joined.clear()
        self._loose.clear()
        return whole
