"""The words and files of a mail in the order they stand in it.

Alternatives become one `Written`, the files around them stay at their place, and every leaf is named in exactly
one block, whatever the tree looks like.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bridge.facts import Fact, Sealed
from bridge.mail import (
    alternatives,
    bounces,
    decode,
    endings,
    enriched,
    flowed,
    leaves,
    markup,
    openpgp,
    unwrap,
    uu,
)
from bridge.mail.alternatives import Block
from bridge.mail.headers import Content
from bridge.mail.limits import Limits
from bridge.mail.parameters import Parameterised
from bridge.mail.split import Part, split
from bridge.mail.unwrap import Room
from bridge.model import Attached, Leaf, Span, Written

_UU_FILES = 100
#: How far down the words of a bounce are looked for.
_BEFORE_THE_WORDS = 10
_STATUS = "message/delivery-status"
_SAMPLE_BYTES = 8 * 1024


@dataclass(slots=True)
class Reader:
    """Walks the tree once; `leaves` and `defects` fill as it goes."""

    content: Content
    limits: Limits
    defects: list[str]
    leaves: list[Leaf] = field(default_factory=list)
    text_bytes: int = 0
    #: Whether a text was longer than what is read of one.
    cut: bool = False
    #: What was learned on the way of parts that could not be taken as they are.
    facts: list[Fact] = field(default_factory=list)
    #: Wrappers that were taken apart: what is in them stands in their place.
    wrappers: set[int] = field(default_factory=set)
    room: Room | None = None
    #: A charset to believe for raw 8-bit names.
    hint: str | None = None

    def whole(self, root: Part) -> list[Block]:
        """The blocks of a mail, what is there twice only once."""
        found = unwrap.without_doubles(self.with_words(self.read(root)), frozenset(self.wrappers))
        return unwrap.joined(found)

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
            self._whole(part, groups)
            return alternatives.merged(groups, self.leaves, self.defects)
        if part.content_type == "multipart/appledouble":
            return self._without_fork([block for group in groups for block in group])
        return [block for group in groups for block in group]

    def _whole(self, part: Part, groups: list[list[Block]]) -> None:
        """Where the mail was cut off within the HTML and the plain text says more, the HTML is but a file."""
        *before, last = groups
        if part.children[-1].end < len(self.content) or not before:
            return
        rich = [block for block in last if isinstance(block, Written) and block.html]
        plain = [block for group in before for block in group if isinstance(block, Written) and block.text]
        if len(rich) != 1 or not plain or rich[0].html is None or not markup.breaks_off(rich[0].html):
            return
        if unwrap.count(Written("\n".join(block.text or "" for block in plain), None)) > unwrap.count(
            rich[0]
        ):
            self.defects.append("The mail ends within its HTML version: it was cut off on its way.")
            groups[-1] = [Attached(index) for block in last for index in alternatives.leaves_of(block)]

    def _leaf(self, part: Part) -> list[Block]:
        leaf = leaves.read(self.content, part, len(self.leaves), self.limits, self.defects, hint=self.hint)
        if leaves.may_be_output(leaf) and decode.is_text(decode.head(self.content, leaf, _SAMPLE_BYTES)[0]):
            self.defects.append(f"Part {leaf.section}: it is text without a type, and shown as such.")
            leaf = replace(leaf, content_type="text/plain")
        self.leaves.append(leaf)
        if not leaves.is_words(leaf, alone=not leaf.within):
            return self._file(leaf)
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
            if markup.is_all(decoded) and "multipart/alternative" not in leaf.within[-1:]:
                self.defects.append(
                    f"Part {leaf.section}: it is called plain text, but is HTML, and shown as such."
                )
                return [Written(None, decode.read(decoded, leaf), (leaf.index,))]
            return self._armoured(self._as_written(decoded, leaf), leaf)
        blocks: list[Block] = []
        for number, block in enumerate(found, 1):
            blocks += self._stretch(source, start, block.start, leaf)
            blocks.append(Attached(self._uuencoded(source, block, leaf, number)))
            start = block.end
        blocks += self._stretch(source, start, end, leaf)
        if not any(isinstance(block, Written) for block in blocks):
            return [Written(None, None, (leaf.index,)), *blocks]
        return alternatives.naming(blocks, (leaf.index,))

    def _stretch(self, source: Content, start: int, end: int, leaf: Leaf) -> list[Written]:
        text = self._as_written(source[start : min(end, start + self.limits.text_bytes)], leaf)
        return [Written(text, None)] if text else []

    def _uuencoded(self, source: Content, block: uu.Block, text: Leaf, number: int) -> int:
        in_place = source is self.content
        leaf = Leaf(
            index=len(self.leaves),
            section=f"{text.section}.{number}",
            content_type=endings.content_type(block.filename),
            content=Span(*block.encoded) if in_place else source[slice(*block.encoded)],
            encoding=block.encoding,
            disposition="attachment",
            filename=block.filename or None,
            within=text.within,
        )
        self.leaves.append(leaf)
        return leaf.index

    # -- files in two halves, words in a file --

    def _without_fork(self, blocks: list[Block]) -> list[Block]:
        """A file from a Macintosh without its resource fork, which has the file's own name and is of use nowhere else."""
        attached = [block.leaf for block in blocks if isinstance(block, Attached)]
        forks = [index for index in attached if self.leaves[index].content_type == "application/applefile"]
        data = [index for index in attached if index not in forks]
        if not forks or not data:
            return blocks
        self.defects.append("The resource fork of a file from a Macintosh was left out.")
        if self.leaves[data[0]].filename is None:
            self.leaves[data[0]] = replace(self.leaves[data[0]], filename=self.leaves[forks[0]].filename)
        words = [block for block in blocks if isinstance(block, Written)]
        return [Written(None, None, tuple(forks)), *words, *map(Attached, data)]

    def with_words(self, blocks: list[Block]) -> list[Block]:
        """Where there are no words at all, those of a part that is shown in place although it has a name."""
        if any(isinstance(block, Written) for block in blocks):
            return blocks
        for place, block in enumerate(blocks):
            if isinstance(block, Attached) and leaves.may_be_words(leaf := self.leaves[block.leaf]):
                found = [self._html(leaf)] if leaf.content_type == "text/html" else self._text(leaf)
                return [*blocks[:place], *found, *blocks[place + 1 :]]
        return blocks

    # -- mails below words --

    def parted(self, blocks: list[Block]) -> list[Block]:
        """The blocks of a bounce, with the mail that stands copied below its words as the file it is."""
        for place, block in enumerate(blocks[:_BEFORE_THE_WORDS]):
            if isinstance(block, Written) and block.text and not block.html and len(block.leaves) == 1:
                words = self._without_copy(self.leaves[block.leaves[0]], block)
                return [*blocks[:place], *words, *blocks[place + 1 :]]
        return blocks

    def _without_copy(self, leaf: Leaf, words: Written) -> list[Block]:
        inside = f"{leaf.section}."
        if leaf.content_type != "text/plain" or any(one.section.startswith(inside) for one in self.leaves):
            return [words]
        source: Content
        if isinstance(leaf.content, Span) and leaf.encoding == "identity":
            source, start, end = self.content, leaf.content.start, leaf.content.end
        else:
            source = b"".join(decode.chunks(self.content, leaf))
            start, end = 0, len(source)
        found = bounces.copy(source, start, end)
        if found is None:
            return [words]
        stop, begins = found
        copy = Leaf(
            index=len(self.leaves),
            section=f"{inside}1",
            content_type="message/rfc822",
            content=Span(begins, end) if source is self.content else source[begins:end],
            disposition="attachment",
            within=leaf.within,
        )
        self.leaves.append(leaves.named_by_subject(self.content, copy, self.limits))
        return [Written(self._as_written(source[start:stop], leaf), None, words.leaves), Attached(copy.index)]

    # -- leaves within leaves --

    def _file(self, leaf: Leaf) -> list[Block]:
        """The leaf as a file, or what is in it where it only wraps."""
        if leaf.content_type == openpgp.MESSAGE_TYPE and self._is_version(leaf):
            return [Written(None, None, (leaf.index,))]
        if not unwrap.wraps(leaf, self._first_bytes(leaf)):
            return [Attached(leaf.index)]
        room = self.room = self.room or unwrap.Room(
            self.limits.unwrap_depth,
            self.limits.unwrap_leaves,
            self.limits.unwrap_bytes,
            self.limits.unwrap_text_bytes,
        )
        decoded, more = decode.head(self.content, leaf, room.content_bytes)
        if more or room.depth == 0:
            self.defects.append(f"Part {leaf.section}: wrapped too deep or too large; it is kept as a file.")
            return [Attached(leaf.index)]
        room.content_bytes -= len(decoded)
        found = unwrap.opened(leaf, decoded, room)
        self.defects += found.remarks
        self.facts += found.facts
        if found.entity is not None:
            # What was compressed is larger than what came, and its parts keep their bytes.
            room.content_bytes -= max(0, len(found.entity) - len(decoded))
        room.depth -= 1
        blocks = [] if found.entity is None else self._entity(found.entity, leaf, room)
        fitting = found.files[: room.leaves]
        for number, file in enumerate(fitting, 1):
            blocks += self._file(self._found(file, leaf, number))
        room.depth += 1
        whole = len(fitting) == len(found.files)
        if not whole:
            self.defects.append(f"Part {leaf.section}: only the first {len(fitting)} of its files are here.")
        if not found.replaces:
            return [Attached(leaf.index), *blocks]
        self.wrappers.add(leaf.index)
        if not whole:
            return [Written(found.text, found.html), *blocks, Attached(leaf.index)]
        return [Written(found.text, found.html, (leaf.index,)), *blocks]

    def _first_bytes(self, leaf: Leaf) -> bytes:
        """A few of the leaf's bytes, still encoded."""
        held = leaf.content
        return (
            self.content[held.start : min(held.end, held.start + 20)] if isinstance(held, Span) else held[:20]
        )

    def _is_version(self, leaf: Leaf) -> bool:
        decoded, more = decode.head(self.content, leaf, 100)
        return not more and openpgp.is_version(decoded)

    def _found(self, file: unwrap.File, wrapper: Leaf, number: int) -> Leaf:
        """A leaf of a file that stood within another."""
        leaf = Leaf(
            index=len(self.leaves),
            section=f"{wrapper.section}.{number}",
            content_type=_type(file),
            content=file.content,
            disposition="" if file.content_id else "attachment",
            filename=file.name or None,
            content_id=file.content_id or None,
            content_location=file.content_location or None,
            within=wrapper.within,
        )
        self.leaves.append(leaf)
        if self.room is not None:
            self.room.leaves = max(0, self.room.leaves - 1)
        return leaf

    def _entity(self, content: bytes, wrapper: Leaf, room: Room) -> list[Block]:
        """The blocks of a MIME entity that stood within a leaf; its leaves carry their bytes along."""
        limits = replace(self.limits, parts=max(1, min(self.limits.parts, room.leaves)))
        tree = split(content, limits)
        inner = Reader(content, limits, self.defects, text_bytes=self.text_bytes, room=room)
        blocks = inner.read(tree.root)
        self.defects += tree.defects
        self.text_bytes = inner.text_bytes
        self.cut = self.cut or inner.cut
        room.leaves = max(0, room.leaves - len(inner.leaves))
        before = len(self.leaves)
        for leaf in inner.leaves:
            held = leaf.content
            self.leaves.append(
                replace(
                    leaf,
                    index=before + leaf.index,
                    section=f"{wrapper.section}.{leaf.section}",
                    content=content[held.start : held.end] if isinstance(held, Span) else held,
                    within=wrapper.within + leaf.within,
                )
            )
        self.wrappers |= {before + index for index in inner.wrappers}
        self.facts += (
            replace(fact, leaf=before + fact.leaf) for fact in inner.facts if fact.leaf is not None
        )
        return [_moved(block, before) for block in blocks]

    def _armoured(self, text: str | None, leaf: Leaf) -> list[Block]:
        """Text with PGP in it: what is closed and what only proves goes to files, what is signed stays."""
        found = openpgp.read(text) if text else None
        if found is None:
            return [Written(text, None, (leaf.index,))]
        blocks: list[Block] = [Written(found.text if found.text.strip() else None, None, (leaf.index,))]
        cut = [(armour, "message.asc", openpgp.MESSAGE_TYPE) for armour in found.messages]
        cut += [(armour, "signature.asc", openpgp.SIGNATURE_TYPE) for armour in found.signatures]
        for number, (armour, name, kind) in enumerate(cut, 1):
            file = self._found(unwrap.File(armour.encode(), name, kind), leaf, number)
            blocks.append(Attached(file.index))
            if kind == openpgp.MESSAGE_TYPE:
                self.facts.append(Sealed(file.index, "PGP"))
        if found.signatures:
            self.defects.append(f"Part {leaf.section}: signed with PGP; the signature was not verified.")
        return blocks

    def _head(self, leaf: Leaf) -> bytes:
        limit = self.limits.text_bytes if leaf.content_type == "text/html" else self.limits.plain_bytes
        decoded, cut = decode.head(self.content, leaf, limit)
        if cut:
            self.cut = True
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
        if not text.strip():
            return None
        return f"{leaf.description}: {text}" if leaf.description and leaves.is_field(leaf) else text

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
                found = [Attached(index) for block in found for index in alternatives.leaves_of(block)]
            blocks += found
        return blocks


def _let_speak(report: Part) -> None:
    """Some servers declare the words of a report as its status: the first of two is for people (RFC 6522)."""
    first, *others = report.children
    if first.content_type == _STATUS and any(other.content_type == _STATUS for other in others):
        first.type = Parameterised("text/plain", first.type.parameters)


def _type(file: unwrap.File) -> str:
    """The type that the file came with or, where that says nothing, that of its name."""
    if file.content_type and file.content_type not in endings.SAY_NOTHING:
        return file.content_type
    return endings.content_type(file.name)


def _moved(block: Block, places: int) -> Block:
    if isinstance(block, Attached):
        return Attached(block.leaf + places)
    return replace(block, leaves=tuple(index + places for index in block.leaves))


def _id(part: Part) -> str:
    return part.header.first("content-id").decode("latin-1").strip("<> \t")
