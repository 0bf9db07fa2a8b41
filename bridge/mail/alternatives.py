"""Versions of the same words (multipart/alternative) made one: the richest that says anything, and its plain text.

Every leaf of every version is named in exactly one block, and what says something else than what is chosen goes along as a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bridge.mail import openpgp
from bridge.model import Attached, Leaf, Written

Block = Written | Attached

#: Versions that only some programs can show, and what is told of them: no file beside a version that all can.
_SPECIAL = {
    "text/x-amp-html": "An interactive version of the mail (AMP) was left out.",
    "text/watch-html": "A version of the mail for watches was left out.",
    "text/x-watch-html": "A version of the mail for watches was left out.",
    "text/vnd.google.email-reaction+json": "",  # the emoji is in every version
}


def merged(groups: list[list[Block]], leaves: Sequence[Leaf], defects: list[str]) -> list[Block]:
    """The blocks of all versions as those of one; what was left out is told in `defects`."""
    if any(_freed(group, leaves) for group in groups):
        groups = [[_without_armour(block) for block in group] for group in groups]
    return _Versions(leaves, defects).merged(groups)


def _freed(group: list[Block], leaves: Sequence[Leaf]) -> bool:
    """Whether a text was freed of PGP's armour, which is a file within it."""
    texts = tuple(
        f"{leaves[index].section}." for block in group if isinstance(block, Written) for index in block.leaves
    )
    armour = (leaves[block.leaf] for block in group if isinstance(block, Attached))
    return any(leaf.content_type in openpgp.TYPES and leaf.section.startswith(texts) for leaf in armour)


def _without_armour(block: Block) -> Block:
    """Nothing in place of HTML that shows armour: only a text can be freed of it."""
    if isinstance(block, Written) and openpgp.BEGIN in (block.html or ""):
        return replace(block, html=None)
    return block


@dataclass(frozen=True, slots=True)
class _Versions:
    leaves: Sequence[Leaf]
    defects: list[str]

    def merged(self, groups: list[list[Block]]) -> list[Block]:
        """One `Written` of the last usable text and the last usable HTML; what else there is are files."""
        written = [[block for block in group if isinstance(block, Written)] for group in groups]
        files = [block for group in groups for block in group if isinstance(block, Attached)]
        files, special = self.without_special(files, words=any(written))
        rich = _last(place for place, found in enumerate(written) if any(block.html for block in found))
        plain = _last(
            place
            for place, found in enumerate(written)
            if place != rich and any(block.text for block in found) and not any(block.html for block in found)
        )
        if rich is None and plain is None:
            unused = tuple(index for found in written for block in found for index in block.leaves) + special
            return [Written(None, None, unused), *files] if unused else [*files]
        if rich is None and len(texts := self.unranked(written)) > 1:
            everything = tuple(index for found in written for index in _all_leaves(found))
            return [*naming(texts, everything + special), *files]
        text = (
            "\n\n".join(block.text for block in written[plain] if block.text) if plain is not None else None
        )
        chosen = {rich, plain}
        spare = [block for place, found in enumerate(written) if place not in chosen for block in found]
        blocks: list[Block] = [Written(text, None)] if rich is None else self.rich(groups[rich], text)
        named = tuple(
            index
            for place in sorted(p for p in chosen if p is not None)
            for index in _all_leaves(written[place])
        )
        kept = _same_words(spare, blocks)
        others = [index for block in spare if block not in kept for index in block.leaves]
        named += tuple(index for block in kept for index in block.leaves)
        gone = set(special)
        blocks = [block for block in blocks if not (isinstance(block, Attached) and block.leaf in gone)]
        own = {block.leaf for block in blocks if isinstance(block, Attached)}
        blocks = naming(blocks, named + special)
        return (
            blocks
            + [block for block in files if block.leaf not in own]
            + [Attached(index) for index in others]
        )

    def unranked(self, written: list[list[Written]]) -> list[Block]:
        """Different plain texts, of which none is a better version of another: a list's footer, a script's two halves."""
        texts: dict[str, Block] = {}
        for found in written:
            for block in found:
                if block.text:
                    texts.setdefault(_squeezed(block.text), block)
        types = {self.leaves[index].content_type for block in texts.values() for index in leaves_of(block)}
        return list(texts.values()) if types == {"text/plain"} else []

    def without_special(
        self, files: list[Attached], *, words: bool
    ) -> tuple[list[Attached], tuple[int, ...]]:
        """Versions for few programs are no files where there are words."""
        kept: list[Attached] = []
        special: list[int] = []
        for file in files:
            told = _SPECIAL.get(self.leaves[file.leaf].content_type) if words else None
            if told is None:
                kept.append(file)
                continue
            if told:
                self.defects.append(told)
            special.append(file.leaf)
        return kept, tuple(special)

    def rich(self, group: list[Block], text: str | None) -> list[Block]:
        """HTML in several pieces (Apple Mail): joined, unless pictures stand between them and would lose their place."""
        pieces = [block for block in group if isinstance(block, Written)]
        if len(pieces) == 1:
            piece = pieces[0]
            return [replace(block, text=text or piece.text) if block is piece else block for block in group]
        places = [place for place, block in enumerate(group) if isinstance(block, Written)]
        between = group[places[0] : places[-1]]
        pictures = any(
            isinstance(block, Attached) and self.leaves[block.leaf].content_type.startswith("image/")
            for block in between
        )
        if pictures or not all(piece.html or not piece.text for piece in pieces):
            return group
        joined = Written(text, "\n".join(piece.html for piece in pieces if piece.html))
        return [joined, *(block for block in group if isinstance(block, Attached))]


def naming(blocks: list[Block], named: tuple[int, ...]) -> list[Block]:
    """The first words name every leaf of the alternatives, the others none."""
    out: list[Block] = []
    for block in blocks:
        if isinstance(block, Written):
            out.append(replace(block, leaves=named))
            named = ()
        else:
            out.append(block)
    return out


def _same_words(spare: list[Written], blocks: list[Block]) -> list[Written]:
    """The alternatives that say nothing else than what is shown, or nothing at all."""
    if not spare:
        return []
    shown = {
        _squeezed(text) for block in blocks if isinstance(block, Written) for text in (block.text, block.html)
    }
    return [
        block
        for block in spare
        if _squeezed(block.text) in shown | {""} and _squeezed(block.html) in shown | {""}
    ]


def _squeezed(text: str | None) -> str:
    return "".join((text or "").split())


def leaves_of(block: Block) -> tuple[int, ...]:
    return block.leaves if isinstance(block, Written) else (block.leaf,)


def _all_leaves(found: list[Written]) -> list[int]:
    return [index for block in found for index in block.leaves]


def _last(places: Iterable[int]) -> int | None:
    found = list(places)
    return found[-1] if found else None
