"""The words of a mail as one Markdown body: the better of its versions, in the order of the mail, pictures at their place.

`compose` never fails and never comes back empty; what is longer than the limit is handed over whole, to go along as a file.
`resolve` fills in the URLs of pictures once they are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote

from bridge.compose import (
    better,
    bidi,
    escape,
    facts,
    files,
    html,
    length,
    plain,
    reference,
    words,
    wrapped,
)
from bridge.compose import pictures as places
from bridge.compose.better import Prefer
from bridge.compose.files import Naming
from bridge.compose.html import Converted, Limits
from bridge.compose.length import MARK
from bridge.compose.reference import DataPicture
from bridge.compose.trim import PLACEHOLDER, Trimmer, own_words
from bridge.facts import Forwarded
from bridge.model import FILE_MARK, Mail, Written

NO_TEXT = "(no text)"


@dataclass(frozen=True, slots=True)
class Body:
    #: Inline pictures stand as `FILE_MARK`.
    markdown: str
    #: Leaves that stand in the words as pictures.
    inline: frozenset[int] = frozenset()
    #: Sentences for the note.
    remarks: tuple[str, ...] = ()
    #: The whole Markdown where `markdown` had to be cut, for a file that goes along.
    overflow: str | None = None
    #: Pictures that stood in the HTML itself; their indexes are -2 and downwards.
    data_pictures: tuple[DataPicture, ...] = ()
    #: Some words could not be converted as they are: the mail as it came should go along.
    trouble: bool = False
    #: Markdown of the quotes that were left out and stand nowhere else, for a file that goes along.
    quoted: str = ""
    #: What was left out, what was not, and on what evidence.
    trimmed: tuple[str, ...] = ()
    #: Leaves that stand as pictures in what was left out.
    quoted_pictures: frozenset[int] = frozenset()
    #: A quote stands that more knowledge of the conversation could prove to be in it.
    unproved: bool = False
    #: What a forwarder wrote above the mail that is passed on.
    aside: tuple[str, ...] = ()
    #: How many quoted lines were left out because the conversation has them.
    known_lines: int = 0
    #: Which version of each stretch of words is shown, and why.
    chosen: tuple[str, ...] = ()


@dataclass(slots=True)
class _Making:
    """A body under way."""

    mail: Mail
    prefer: Prefer
    attach: bool
    names: Mapping[int, str]
    pictures: Mapping[str, int]
    convert_html: bool
    trimmer: Trimmer
    #: The last block in which the author says something.
    last: int
    #: Whether the chunks so far say anything.
    says: bool = False
    chunks: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    data_pictures: list[DataPicture] = field(default_factory=list)
    trouble: bool = False
    #: Hosts of gateways whose wrapping was taken off links.
    gateways: list[str] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)


def compose(
    mail: Mail,
    *,
    prefer: Prefer = "auto",
    pictures: Literal["link", "attach"] = "link",
    max_chars: int = 60_000,
    naming: Sequence[Naming] = (),
    convert_html: bool = True,
    trimmer: Trimmer | None = None,
) -> Body:
    """The body of the mail; `naming` says what its files are called, `trimmer` what is left out of its words.

    Without `convert_html` an HTML part only loses its tags, in linear time: for a mail whose conversion overran.
    """
    names = {name.leaf: name.name for name in naming}

    def made(trimmer: Trimmer) -> tuple[_Making, str]:
        attach, last = pictures == "attach", _last_own(mail, trimmer)
        making = _Making(mail, prefer, attach, names, places.references(mail), convert_html, trimmer, last)
        return making, _written(making)

    making, whole = made(trimmer or Trimmer())
    if making.trimmer.cut and not better.is_anything(whole) and not _files(making):
        making, whole = made(Trimmer())
    markdown, overflow = length.within(whole, max_chars)
    inline = {int(match[1]) for match in MARK.finditer(markdown)}
    return Body(
        markdown or NO_TEXT,
        frozenset(index for index in inline if index >= 0),
        tuple(dict.fromkeys((*making.remarks, *_left_out(making.trimmer)))),
        None if overflow is None else _by_name(overflow, making),
        tuple(making.data_pictures),
        making.trouble,
        _by_name("\n\n".join(making.trimmer.quoted), making),
        tuple(making.trimmer.because),
        _referred(making) - inline,
        making.trimmer.unproved,
        tuple(making.trimmer.aside),
        making.trimmer.known_lines,
        tuple(dict.fromkeys(making.chosen)),
    )


def _files(making: _Making) -> set[int]:
    """The leaves that go along as files, whatever was left out."""
    attached = {block.leaf for block in making.mail.blocks if not isinstance(block, Written)}
    return attached - _referred(making) if making.trimmer.filed else set()


def _referred(making: _Making) -> frozenset[int]:
    """The leaves that pictures refer to which were left out."""
    found = (reference.picture(source, making.pictures) for source in making.trimmer.pictures)
    return frozenset(leaf for leaf in found if leaf is not None)


def _written(making: _Making) -> str:
    """The words of all blocks, with the pictures between them, and of what parts say to machines."""
    making.chunks += facts.before(making.mail, making.names)
    for place, block in enumerate(making.mail.blocks):
        if isinstance(block, Written):
            _write(making, block, place)
            making.says = making.says or better.is_anything(making.chunks[-1] if making.chunks else "")
        elif places.stand_between_words(making.mail, place):
            making.chunks.append(_shown(making, block.leaf))
    forwarded = [_forwarded(making, fact) for fact in making.mail.facts if isinstance(fact, Forwarded)]
    making.chunks += (*forwarded, *facts.after(making.mail, making.names))
    markdown, overridden = bidi.settled(places.named(places.joined(making.chunks), making.mail))
    if overridden:
        making.remarks.append("Signs by which words read backwards were taken out of the text.")
    if making.gateways:
        hosts = ", ".join(dict.fromkeys(making.gateways))
        making.remarks.append(f"Links by way of {hosts} lead straight to their targets here, unchecked.")
    return markdown


def _forwarded(making: _Making, fact: Forwarded) -> str:
    """A mail within the mail, as a quote; its pictures are in its file."""
    within = replace(making, pictures={}, trimmer=Trimmer(), chunks=[])
    for text, source in fact.words:
        _write(within, Written(text, source), 0)
    making.trouble = making.trouble or within.trouble
    return facts.forwarded(fact, "\n\n".join(filter(None, within.chunks)))


def _left_out(trimmer: Trimmer) -> Iterator[str]:
    """What went without being in the conversation: of the rest, which every reply brings, only `explain` tells."""
    if trimmer.quoted:
        yield "The quoted mail below the answer was left out; it goes along as a file."
    for signature in filter(None, trimmer.signed):
        yield f"A signature was left out: {signature}"


def _by_name(markdown: str, making: _Making) -> str:
    """Markdown for a file that goes along, where a picture is known by the name of its own file."""
    names = {**making.names, **{picture.index: picture.name for picture in making.data_pictures}}
    return resolve(markdown, {leaf: quote(name) for leaf, name in names.items()})


def resolve(markdown: str, urls: Mapping[int, str]) -> str:
    """The body with the URLs of its pictures and linked files; one without a URL leaves its words."""
    out: list[str] = []
    position = 0
    for match in MARK.finditer(markdown):
        opening = _opening(markdown, position, match.start())
        url = urls.get(int(match[1]))
        if url is not None or opening < 0:
            out.append(markdown[position : match.start()] + (url or ""))
            position = match.end()
            continue
        words = markdown[opening + 1 : match.start()].removesuffix("](")
        pictured = markdown.endswith("!", position, opening)
        out.append(markdown[position : opening - pictured] + words)
        position = match.end() + markdown.startswith(")", match.end())
    out.append(markdown[position:])
    return "".join(out)


def _opening(markdown: str, start: int, end: int) -> int:
    """The bracket that the words of a picture or link before `end` begin with; -1 where there is none."""
    at = markdown.rfind("[", start, end)
    while at > start and markdown[at - 1] == "\\":
        at = markdown.rfind("[", start, at)
    return at


# -- one stretch of words --------------------------------------------------------------------------


def _write(making: _Making, block: Written, place: int) -> None:
    text = block.text if block.text is not None and block.text.strip() else None
    source = block.html if block.html is not None and block.html.strip() else None
    text = text and wrapped.without(text, making.gateways.append)
    source = source and wrapped.without_in_html(source, making.gateways.append)
    trimmer = _trimmer(making, place)
    if source is None or (making.prefer == "text" and text is not None and not better.is_stub(text)):
        if text is not None:
            making.chosen.append(
                "the text: there is no HTML" if source is None else "the text: the route prefers it"
            )
            making.chunks.append(_from_text(making, text, trimmer))
        return
    converted = _converted(making, source, trimmer)
    making.trouble = making.trouble or converted.trouble
    why = better.text(converted, text) if text is not None else ""
    if text is not None and why:
        making.chosen.append(f"the text: {why}")
        if converted.trouble:
            making.remarks.append("The HTML part could not be converted as a whole: the text part is shown.")
        making.chunks.append(_from_text(making, text, _trimmer(making, place)))
        return
    making.chosen.append(f"the HTML: {better.html(making.prefer, text)}")
    making.trouble = making.trouble or converted.cut
    making.trimmer.adopt(trimmer)
    making.remarks += converted.remarks
    making.chunks.append(_renumbered(making, converted))


def _trimmer(making: _Making, place: int) -> Trimmer:
    """The rules for the block at that place among the others."""
    return making.trimmer.beside(before=making.says, after=place < making.last)


def _last_own(mail: Mail, trimmer: Trimmer) -> int:
    """The place of the last block with words of the author's own; -1 where it does not matter or there is none."""
    if trimmer.idle or sum(isinstance(block, Written) for block in mail.blocks) < 2:
        return -1
    for place in range(len(mail.blocks) - 1, -1, -1):
        block = mail.blocks[place]
        if isinstance(block, Written) and own_words(block.text or words.from_html(block.html or "")):
            return place
    return -1


def _converted(making: _Making, source: str, trimmer: Trimmer) -> Converted:
    if not making.convert_html:
        return Converted(plain.from_broken_html(source), trouble=True)
    limits = Limits(data_pictures=Limits().data_pictures - len(making.data_pictures))
    return html.to_markdown(
        source,
        pictures=making.pictures,
        names=making.names,
        attach=making.attach,
        limits=limits,
        trimmer=trimmer,
    )


def _renumbered(making: _Making, converted: Converted) -> str:
    """The Markdown, the numbers of its `data:` pictures moved on past those of the stretches before."""
    before = len(making.data_pictures)
    if not converted.data_pictures:
        return converted.markdown
    taken = {
        name.casefold() for name in (*making.names.values(), *(one.name for one in making.data_pictures))
    }
    for picture in converted.data_pictures:
        name = files.unique(picture.name, taken)
        making.data_pictures.append(replace(picture, index=picture.index - before, name=name))
    if not before:
        return converted.markdown

    def moved(match: re.Match[str]) -> str:
        index = int(match[1])
        return f"{FILE_MARK[0]}{index - before if index < -1 else index}{FILE_MARK[1]}"

    return MARK.sub(moved, converted.markdown)


# -- pictures --------------------------------------------------------------------------------------


def _from_text(making: _Making, text: str, trimmer: Trimmer) -> str:
    def placed(match: re.Match[str]) -> str:
        leaf = reference.picture((match[1] or match[2]).strip(), making.pictures)
        return match[0] if leaf is None else f"{FILE_MARK[0]}{leaf}{FILE_MARK[1]}"

    kept, gone = trimmer.text(text)
    if gone:
        trimmer.quoted.append(plain.to_markdown(gone))
    making.trimmer.adopt(trimmer)
    markdown = plain.to_markdown(PLACEHOLDER.sub(placed, kept) if making.pictures else kept)
    return MARK.sub(lambda match: _shown(making, int(match[1])), markdown)


def _shown(making: _Making, leaf: int) -> str:
    alt = escape.label(making.names.get(leaf, "picture"))
    return f"[picture: {alt}]" if making.attach else f"![{alt}]({FILE_MARK[0]}{leaf}{FILE_MARK[1]})"
