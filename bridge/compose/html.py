"""HTML of a mail as Markdown that reads like the mail: markdownify's rules, driven over a cleaned tree.

Total, bounded and linear, whatever comes; never an HTML tag in the result. markdownify walks BeautifulSoup's tree by recursion;
here its rules run over the cleaner's own nodes by a stack, with one page-like cursor that knows where lines start and end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.compose import clean, document, elements, plain, quoted
from bridge.compose.clean import Cleaned
from bridge.compose.convert import Converter
from bridge.compose.quotes import Mark
from bridge.compose.reference import DataPicture
from bridge.compose.tree import Limits
from bridge.compose.trim import Trimmer
from bridge.compose.words import unescape

__all__ = ["Converted", "DataPicture", "Limits", "to_markdown"]


@dataclass(frozen=True, slots=True)
class Converted:
    markdown: str
    #: Leaves that stand in the words as pictures.
    referenced: frozenset[int] = frozenset()
    #: What was cut, refused or is missing: sentences for the note.
    remarks: tuple[str, ...] = ()
    data_pictures: tuple[DataPicture, ...] = ()
    #: True where no word is missing, but links that were beyond their limit.
    cut: bool = False
    #: True where words may be missing or markup was given up: another version of them would be better.
    trouble: bool = False


def to_markdown(
    html: str,
    *,
    pictures: Mapping[str, int] | None = None,
    names: Mapping[int, str] | None = None,
    attach: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    trimmer: Trimmer | None = None,
) -> Converted:
    """The words of the HTML as Markdown.

    `pictures` maps Content-ID, Content-Location and file name to the leaf; such a picture stands as `FILE_MARK` in a
    Markdown image, or as its name in brackets where pictures are only attached. `trimmer` decides what is left out.
    """
    trimmer = trimmer or Trimmer()
    if _is_plain(html):
        # A browser would run its lines together and hide each `<https://…>` in it.
        return Converted(plain.trimmed(elements.seen(unescape(html)), trimmer))
    if len(html) > limits.chars and len(html) - _data_chars(html) > limits.chars:
        words = plain.from_broken_html(html)
        return Converted(words, remarks=(_TOO_LONG,), trouble=True)
    root = document.parse(html, limits)
    if root is None:
        return Converted(plain.from_broken_html(html), trouble=bool(html.strip()))
    cleaned = clean.clean(root, limits)
    if cleaned.broken:
        return Converted(plain.from_broken_html(html), remarks=(_TOO_DEEP,), trouble=True)
    if (gone := _trim(root, cleaned, trimmer, limits)) is not None:
        aside = Converter({}, names or {}, attach=True, limits=limits)
        trimmer.quoted.append(aside.convert_tree(gone.root))
    converter = Converter(pictures or {}, names or {}, attach=attach, limits=limits, worded=cleaned.worded)
    markdown = converter.convert_tree(cleaned.root)
    if not markdown and cleaned.hidden_chars:
        return Converted(plain.from_broken_html(html), remarks=(_ALL_HIDDEN,), trouble=True)
    return Converted(
        markdown,
        frozenset(converter.referenced),
        tuple(_remarks(cleaned, converter, limits)),
        tuple(converter.data_pictures),
        cut=cleaned.links > limits.links,
        trouble=cleaned.flattened or converter.left_out > 0,
    )


def _trim(root: Any, cleaned: Cleaned, trimmer: Trimmer, limits: Limits) -> Cleaned | None:
    """Take out of the tree what the trimmer leaves out, and quote the history that stays.

    Gives back a tree of what has to go along as a file, if anything has.
    """
    marked = any(begin.mark in (Mark.REST, Mark.DIVIDER) for begin in cleaned.begins)
    if trimmer.idle and not marked:
        return None
    page = quoted.page(cleaned.root, cleaned.begins)
    if marked and (history := trimmer.history(page.lines)) is not None:
        page.set_off(history.start)
    cut = trimmer.look(page.lines)
    if cut is None:
        return None
    trimmer.pictures += page.pictures(cut.ranges)
    page.drop(cut.ranges)
    if cut.unproved is None:
        return None
    gone = clean.clean(root, limits)
    quoted.page(gone.root, gone.begins).drop_all_but(cut.unproved)
    return gone


_MARKUP = re.compile(r"<(?:[!?]|/?[A-Za-z][A-Za-z0-9-]{0,20}(?::[A-Za-z][A-Za-z0-9]{0,20})?[\s/>])")


def _is_plain(html: str) -> bool:
    """Whether it is lines of plain text: declared as HTML by more than one gateway and many a script."""
    return ("\n" in html.strip() or "<http" in html) and _MARKUP.search(html) is None


def _data_chars(html: str) -> int:
    """How much of the HTML is pictures: it costs next to nothing to convert."""
    return sum(len(match[0]) for match in _BASE64.finditer(html))


_BASE64 = re.compile(r";base64,[A-Za-z0-9+/=%]*")


def _remarks(cleaned: Cleaned, converter: Converter, limits: Limits) -> Iterator[str]:
    if cleaned.flattened:
        yield "The HTML has too many elements: its later part is shown without formatting."
    if cleaned.links > limits.links:
        yield f"Of {cleaned.links} links only the first {limits.links} can be followed."
    if cleaned.refused:
        schemes = ", ".join(sorted(cleaned.refused))
        yield f"Links that could do harm were made plain words ({schemes})."
    if converter.missing:
        names = ", ".join(dict.fromkeys(converter.missing[:5]))
        yield f"Pictures are referred to but did not come along: {names}."
    if converter.left_out:
        yield f"The HTML holds too many pictures: {converter.left_out} are left out."


_TOO_LONG = "The HTML is too long to convert: its words are shown without formatting."
_ALL_HIDDEN = "All words of the HTML are hidden from its readers; they are shown without formatting."
_TOO_DEEP = "The HTML is nested too deeply to convert: its words are shown without formatting."
