"""The words and files of a mail in the order they stand in it.

Alternatives become one `Written`, the files around them stay at their place, and every leaf is named in exactly
one block, whatever the tree looks like.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bridge.mail import decode, enriched, flowed, leaves, uu
from bridge.mail.headers import Content
from bridge.mail.limits import Limits
from bridge.mail.parameters import Parameterised
from bridge.mail.split import Part
from bridge.model import Attached, Leaf, Span, Written

Block = Written | Attached

_UU_FILES = 100
_STATUS = "message/delivery-status"


@dataclass(slots=True)
class Reader:
    """Walks the tree once; `leaves` and `defects` fill as it goes."""

    content: Content
    limits: Limits
    defects: list[str]
    leaves: list[Leaf] = field(default_factory=list)
    text_bytes: int = 0

    def read(self, part: Part) -> list[Block]:
        """The blocks of a part and all below it; as deep as the splitter allows and no deeper."""
        if not part.children:
            return self._leaf(part)
        if part.content_type == "multipart/related":
            return self._related(part)
        if part.content_type == "multipart/report":
            _let_speak(part)
        groups = [self.read(child) for child in part.children]
        if part.content_type == "multipart/alternative":
            return self._alternative(groups)
        return [block for group in groups for block in group]

    def _leaf(self, part: Part) -> list[Block]:
        leaf = leaves.read(self.content, part, len(self.leaves), self.limits, self.defects)
        self.leaves.append(leaf)
        if not leaves.is_words(leaf, alone=not leaf.within):
            return [Attached(leaf.index)]
        if self.text_bytes >= self.limits.all_text_bytes:
            self.defects.append(f"Part {leaf.section}: text beyond the limit of all texts is kept as a file.")
            return [Attached(leaf.index)]
        if leaf.content_type == "text/html":
            return [self._html(leaf)]
        return self._text(leaf)

    def _html(self, leaf: Leaf) -> Written:
        decoded = self._head(leaf)
        text = decode.read(decoded, leaf)
        return Written(None, text if text.strip() else None, (leaf.index,))

    def _text(self, leaf: Leaf) -> list[Block]:
        """Plain text, cut around the files that were uuencoded into it."""
        if leaf.encoding == "x-uuencode":
            # The text as it stands: the file in it has its own name, and what is around it is not lost.
            leaf = self.leaves[leaf.index] = replace(leaf, encoding="identity")
        source: Content
        if isinstance(leaf.content, Span) and leaf.encoding == "identity":
            source, start, end = self.content, leaf.content.start, leaf.content.end
        else:
            source = self._head(leaf)
            start, end = 0, len(source)
        found = uu.find(source, start, end, _UU_FILES)
        if not found:
            decoded = source if isinstance(source, bytes) and source is not self.content else self._head(leaf)
            return [Written(self._as_written(decoded, leaf), None, (leaf.index,))]
        blocks: list[Block] = []
        for number, block in enumerate(found, 1):
            blocks += self._stretch(source, start, block.start, leaf)
            blocks.append(Attached(self._uuencoded(source, block, leaf, number)))
            start = block.end
        blocks += self._stretch(source, start, end, leaf)
        if not any(isinstance(block, Written) for block in blocks):
            return [Written(None, None, (leaf.index,)), *blocks]
        return _naming(blocks, (leaf.index,))

    def _stretch(self, source: Content, start: int, end: int, leaf: Leaf) -> list[Written]:
        text = self._as_written(source[start : min(end, start + self.limits.text_bytes)], leaf)
        return [Written(text, None)] if text else []

    def _uuencoded(self, source: Content, block: uu.Block, text: Leaf, number: int) -> int:
        in_place = source is self.content
        leaf = Leaf(
            index=len(self.leaves),
            section=f"{text.section}.{number}",
            content_type="application/octet-stream",
            content=Span(block.start, block.end) if in_place else source[block.start : block.end],
            encoding="x-uuencode",
            disposition="attachment",
            filename=block.filename or None,
            within=text.within,
        )
        self.leaves.append(leaf)
        return leaf.index

    def _head(self, leaf: Leaf) -> bytes:
        decoded, cut = decode.head(self.content, leaf, self.limits.text_bytes)
        if cut:
            self.defects.append(
                f"Part {leaf.section}: only the first {len(decoded)} bytes of its text were read."
            )
        self.text_bytes += len(decoded)
        return decoded

    def _as_written(self, decoded: bytes, leaf: Leaf) -> str | None:
        text = decode.read(decoded, leaf)
        if leaf.content_type in ("text/enriched", "text/richtext"):
            text = enriched.plain(text)
        parameters = dict(leaf.parameters)
        if parameters.get("format", "").lower() == "flowed":
            text = flowed.unwrap(text, delsp=parameters.get("delsp", "").lower() == "yes")
        return text if text.strip() else None

    def _related(self, part: Part) -> list[Block]:
        """The root's words, then its parts as files; only a nameless text that nothing can refer to is words as well."""
        start = part.type.parameters.get("start", "").strip("<> ")
        first = next(
            (place for place, child in enumerate(part.children) if start and _id(child) == start),
            0,
        )
        blocks: list[Block] = []
        order = [first, *(place for place in range(len(part.children)) if place != first)]
        for place in order:
            child = part.children[place]
            found = self.read(child)
            if place != first and _id(child):
                found = [Attached(index) for block in found for index in _leaves(block)]
            blocks += found
        return blocks

    def _alternative(self, groups: list[list[Block]]) -> list[Block]:
        """One `Written` of the last usable text and the last usable HTML; what else there is are files."""
        written = [[block for block in group if isinstance(block, Written)] for group in groups]
        files = [block for group in groups for block in group if isinstance(block, Attached)]
        rich = _last(place for place, found in enumerate(written) if any(block.html for block in found))
        plain = _last(
            place
            for place, found in enumerate(written)
            if place != rich and any(block.text for block in found) and not any(block.html for block in found)
        )
        if rich is None and plain is None:
            unused = tuple(index for found in written for block in found for index in block.leaves)
            return [Written(None, None, unused), *files] if unused else [*files]
        if rich is None and len(texts := self._unranked(written)) > 1:
            everything = tuple(index for found in written for index in _all_leaves(found))
            return [*_naming(texts, everything), *files]
        text = (
            "\n\n".join(block.text for block in written[plain] if block.text) if plain is not None else None
        )
        chosen = {rich, plain}
        spare = [block for place, found in enumerate(written) if place not in chosen for block in found]
        blocks: list[Block] = [Written(text, None)] if rich is None else self._rich(groups[rich], text)
        named = tuple(
            index
            for place in sorted(p for p in chosen if p is not None)
            for index in _all_leaves(written[place])
        )
        kept = _same_words(spare, blocks)
        others = [index for block in spare if block not in kept for index in block.leaves]
        named += tuple(index for block in kept for index in block.leaves)
        own = {block.leaf for block in blocks if isinstance(block, Attached)}
        blocks = _naming(blocks, named)
        return (
            blocks
            + [block for block in files if block.leaf not in own]
            + [Attached(index) for index in others]
        )

    def _unranked(self, written: list[list[Written]]) -> list[Block]:
        """Different plain texts, of which none is a better version of another: a list's footer, a script's two halves."""
        texts: dict[str, Block] = {}
        for found in written:
            for block in found:
                if block.text:
                    texts.setdefault(_squeezed(block.text), block)
        types = {self.leaves[index].content_type for block in texts.values() for index in _leaves(block)}
        return list(texts.values()) if types == {"text/plain"} else []

    def _rich(self, group: list[Block], text: str | None) -> list[Block]:
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


def _let_speak(report: Part) -> None:
    """Some servers declare the words of a report as its status: the first of two is for people (RFC 6522)."""
    first, *others = report.children
    if first.content_type == _STATUS and any(other.content_type == _STATUS for other in others):
        first.type = Parameterised("text/plain", first.type.parameters)


def _naming(blocks: list[Block], named: tuple[int, ...]) -> list[Block]:
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


def _leaves(block: Block) -> tuple[int, ...]:
    return block.leaves if isinstance(block, Written) else (block.leaf,)


def _all_leaves(found: list[Written]) -> list[int]:
    return [index for block in found for index in block.leaves]


def _id(part: Part) -> str:
    return part.header.first("content-id").decode("latin-1").strip("<> \t")


def _last(places: Iterable[int]) -> int | None:
    found = list(places)
    return found[-1] if found else None
