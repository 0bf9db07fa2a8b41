"""Emphasis that ends where a renderer sees it end.

CommonMark lets markers open and close emphasis only beside the right neighbours: `**Name:**Max` shows its asterisks. What comes
next is known only when it is said, so a closed emphasis is settled then: its punctuation steps out of it, or its markers go.
"""

from __future__ import annotations

import unicodedata

from bridge.compose import escape

#: Punctuation that means nothing to Markdown, so that it can step out of emphasis.
MOVABLE = frozenset(".,:;!?/%-+=@#&|^)(\"'„“”‚‘’«»‹›…–—¿¡€$§。，、：；！？（）「」『』")


def is_punctuation(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "PS"


def is_wordlike(character: str) -> bool:
    return bool(character) and not character.isspace() and not is_punctuation(character)


def _step_out(parts: list[str], index: int, opening: str) -> None:
    """`**Name:**Max` shows its asterisks: the punctuation steps out of the emphasis, or the emphasis goes."""
    while index < len(parts) and parts[index][-1:] in ("*", "~", "_"):
        chunk = parts[index]
        if opening not in ("", chunk[-1]):
            return  # another marker follows: punctuation, at which this one may end
        if chunk[-1] == "_":
            start = _opening_underscore(chunk)
            if start < 0:
                return
            # Underscores close nothing within a word; asterisks do, but are misread beside others.
            parts[index] = chunk[:start] + chunk[start + 1 : -1]
            continue
        inner = chunk.rstrip(chunk[-1])
        if inner.endswith("\\"):
            inner = chunk[: len(inner) + 1]  # an asterisk of the words, escaped
        markers = chunk[len(inner) :]
        last = inner[-1:]
        kept = inner[:-1]
        if (len(kept) - len(kept.rstrip("\\"))) % 2:
            kept = kept[:-1]  # it is escaped, and steps out with its backslash
        kept = kept.rstrip(" \n")
        if not is_punctuation(last):
            return
        if last in MOVABLE and kept.strip("*~") and not (last == ")" and "](" in inner):
            emptied = bool(markers) and kept.endswith(markers)
            shown = kept.removesuffix(markers) if emptied else kept + markers
            parts[index] = shown + inner[len(kept) :]
            return
        if not markers or inner.count(markers) % 2 == 0:
            return
        start = inner.rfind(markers)
        parts[index] = inner[:start] + inner[start + len(markers) :]


def settle(parts: list[str], index: int, opening: str) -> None:
    """Make the emphasis that ended end for a renderer too, and what stands right before it, if that begins otherwise now."""
    while 0 <= index < len(parts):
        before = parts[index]
        _step_out(parts, index, opening)
        if parts[index][:1] != before[:1] and (not index or parts[index - 1].endswith("\n")):
            parts[index] = escape.line(parts[index])
        join(parts, index)
        if parts[index][:1] == before[:1] or not is_wordlike(parts[index][:1]):
            return
        index, opening = index - 1, ""


def join(parts: list[str], index: int) -> None:
    """Bold words that lost what stood between them are one: `**a****b**` shows its asterisks."""
    if 0 < index < len(parts):
        before, after = parts[index - 1], parts[index]
        for marker in ("**", "~~", "_"):
            opened = before.removesuffix(marker)
            if opened != before and after.startswith(marker) and not opened.endswith("\\"):
                rest = after.removeprefix(marker)
                parts[index - 1] = opened
                parts[index] = _upright(rest) if rest.startswith("_") and is_wordlike(opened[-1:]) else rest
                return


def _upright(chunk: str) -> str:
    """The chunk without the italics at its beginning, since they would open within a word."""
    end = 0
    while (end := chunk.find("_", end + 1)) >= 0:
        before, after = chunk[end - 1], chunk[end + 1 : end + 2]
        if before != "\\" and not (before.isalnum() and after.isalnum()):
            return chunk[1:end] + chunk[end + 1 :]
    return chunk


def _opening_underscore(chunk: str) -> int:
    """Where the emphasis opens that the last character closes; -1 where that is no marker."""
    if chunk.endswith("\\_"):
        return -1
    start = len(chunk) - 1
    while (start := chunk.rfind("_", 0, start)) > 0:
        before, after = chunk[start - 1], chunk[start + 1]
        if before != "\\" and not (before.isalnum() and after.isalnum()):
            break
    return start
