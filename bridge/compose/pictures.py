"""The pictures that came with a mail: by what names its words refer to them, where they stand, and which nobody would see.

Decided by reference alone: a disposition says what a mail program meant to do, not what stands in the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bridge.compose import once
from bridge.compose.length import MARK
from bridge.model import FILE_MARK, Attached, Leaf, Mail, Written

#: Pictures that no browser, or hardly one, shows: of phones, faxes, Office, and SVG, which is never handed out as such.
_UNSHOWN = re.compile(
    r"image/(?:hei[cf].*|tiff?|x-tiff|(?:x-)?[ew]mf|svg.*)|\S*\.(?:hei[cf]|tiff?|[ew]mf|svg)", re.IGNORECASE
)


def named(markdown: str, mail: Mail) -> str:
    """The body with the names of pictures that would not be seen, which are attached instead."""
    unshown = {
        leaf.index
        for leaf in _attached(mail)
        if _UNSHOWN.fullmatch(leaf.content_type) or _UNSHOWN.fullmatch((leaf.filename or "").replace(" ", ""))
    }
    if not unshown:
        return markdown
    return once.SHOWN.sub(
        lambda match: (
            f"[picture: {match['alt'] or 'attached'}]" if int(match["leaf"]) in unshown else match[0]
        ),
        markdown,
    )


def references(mail: Mail) -> dict[str, int]:
    """Every way a picture may be referred to; the first leaf of a name has it."""
    found: dict[str, int] = {}
    for leaf in _attached(mail):
        for name in (leaf.content_id, leaf.content_location):
            if name:
                found.setdefault(name, leaf.index)
                found.setdefault(name.lower(), leaf.index)
    for leaf in _attached(mail):
        if leaf.filename and _is_picture(leaf):
            found.setdefault(leaf.filename, leaf.index)
            found.setdefault(leaf.filename.lower(), leaf.index)
    return found


def _attached(mail: Mail) -> Iterator[Leaf]:
    attached = {block.leaf for block in mail.blocks if isinstance(block, Attached)}
    return (leaf for leaf in mail.leaves if leaf.index in attached)


def _is_picture(leaf: Leaf) -> bool:
    if leaf.content_type.startswith("image/"):
        return True
    name = (leaf.filename or "").lower()
    return leaf.content_type == "application/octet-stream" and name.endswith(
        (".png", ".jpg", ".jpeg", ".gif")
    )


def stand_between_words(mail: Mail, place: int) -> bool:
    """Whether a block is a picture that Apple Mail put between two stretches of words, and not one at their end."""
    block = mail.blocks[place]
    if not isinstance(block, Attached):
        return False
    leaf = mail.leaves[block.leaf]
    if leaf.disposition == "attachment" or not leaf.content_type.startswith("image/"):
        return False
    return any(isinstance(later, Written) and _has_words(later) for later in mail.blocks[place + 1 :])


def _has_words(block: Written) -> bool:
    return bool((block.text and block.text.strip()) or (block.html and block.html.strip()))


def joined(chunks: Sequence[str]) -> str:
    """The chunks joined; a picture between words that the words also refer to stands only where they do."""
    referred: set[str] = set()
    for chunk in chunks:
        if not _ALONE.fullmatch(chunk):
            referred.update(match[1] for match in MARK.finditer(chunk))
    kept = []
    for chunk in chunks:
        alone = _ALONE.fullmatch(chunk)
        if chunk and not (alone and alone[1] in referred):
            kept.append(chunk)
    return "\n\n".join(kept)


_ALONE = re.compile(rf"!\[[^\n]*\]\({FILE_MARK[0]}(-?\d+){FILE_MARK[1]}\)")
