"""The words of a mail as plain lines, for rules that look for something in them; never what is posted.

Linear in the size of the mail and bounded by the caller's limit. HTML is taken apart roughly: tags become blanks or line ends.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.model import Mail, Written

_MAX_HTML = 1_000_000
_LINES = (
    "address article blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section table tbody tr ul"
)
#: What a tag stands for; cells stay on their row's line, so that a label and its value do.
_STANDS_FOR = {**dict.fromkeys(_LINES.split(), "\n"), "td": " ", "th": " "}
# A comment or a hidden element that does not end hides all the rest. Each alternative is linear: what it has read, it takes.
_MARKUP = re.compile(
    r"<!--(?:.*?-->|.*)"
    r"|<(?P<hidden>script|style|template|title)(?![a-z0-9])[^>]*>(?:.*?(?=</(?P=hidden))|.*)"
    r"|</?(?P<tag>[a-z][a-z0-9]{0,15})[^>]*>"
    r"|<[!?/][^>]*>",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
#: What a row, a cell and a heading begin with while a table is taken apart; no mail holds such a sign.
_ROW, _CELL, _HEADING = "\x1e", "\x1f", "\x1d"
_BEGINS = {"table": _ROW, "tr": _ROW, "td": _CELL, "th": _CELL + _HEADING}
#: Embeddings, overrides and isolates of bidirectional text; the marks LRM and RLM and the joiners of emoji stay.
_OVERRIDES = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
# Bounded references only: html.unescape raises on a number of more than 4,300 digits.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});?")


def text(mail: Mail, limit: int = 100_000) -> str:
    """The author's words in order, at most `limit` characters."""
    found: list[str] = []
    room = limit
    for block in mail.blocks:
        if room <= 0:
            break
        if isinstance(block, Written):
            words = block.text if block.text and not block.text.isspace() else from_html(block.html or "")
            found.append(words[:room])
            room -= len(words) + 1
    return "\n".join(found)[:limit]


def one_line(text: str, limit: int) -> str:
    """A header's text for people: one line, without the overrides that let a name read backwards, cut at `limit`."""
    line = " ".join(text[: 4 * limit].translate(_OVERRIDES).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def from_html(markup: str) -> str:
    """The text of an HTML part, one line for a block or a table row."""
    return "\n".join(_lines(_MARKUP.sub(_stands_for, _finished(markup))))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, or the words between two of them as its one cell."""

    #: The lines of each cell.
    cells: tuple[tuple[str, ...], ...]
    #: Whether it names the columns below.
    headings: bool = False


def rows(markup: str) -> Iterator[Row]:
    """The text of an HTML part in rows, without those that are empty. A table within a cell has its rows behind that one."""
    for row in _MARKUP.sub(_begins, _finished(markup)).split(_ROW):
        before, *cells = row.split(_CELL)
        headings = len(cells) > 1 and all(cell.startswith(_HEADING) for cell in cells)
        # The signs are blanks, and go as these do.
        found = tuple(map(_lines, (before, *cells) if before.strip() else cells))
        if any(found):
            yield Row(found, headings)


def _finished(markup: str) -> str:
    """What is read of an HTML part: a tag that never ends is none, and no words come after it."""
    markup = markup[:_MAX_HTML]
    unfinished = markup.find("<", markup.rfind(">") + 1)
    return markup[:unfinished] if unfinished >= 0 else markup


def _lines(text: str) -> tuple[str, ...]:
    lines = (" ".join(line.split()) for line in unescape(text).split("\n"))
    return tuple(line for line in lines if line)


def _stands_for(match: re.Match[str]) -> str:
    tag = match["tag"]
    return _STANDS_FOR.get(tag.lower(), "") if tag else ""


def _begins(match: re.Match[str]) -> str:
    tag = (match["tag"] or "").lower()
    if tag in ("td", "th") and match[0].startswith("</"):
        return ""
    return _BEGINS.get(tag) or _STANDS_FOR.get(tag, "")


def unescape(text: str) -> str:
    """The text with its character references resolved; one that no character has so long a number for stays."""
    return _REFERENCE.sub(lambda match: html.unescape(match.group()), text)
