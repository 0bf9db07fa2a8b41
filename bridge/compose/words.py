"""The words of a mail as plain lines, for rules that look for something in them; never what is posted.

Linear in the size of the mail and bounded by the caller's limit. HTML is taken apart roughly: tags become blanks or line ends.
"""

from __future__ import annotations

import html
import re

from bridge.model import Mail, Written

_MAX_HTML = 1_000_000
_LINES = frozenset(
    {
        "address",
        "article",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
    }
    | {"ol", "p", "pre", "section", "table", "tbody", "tr", "ul"}
)
#: Cells stay on their row's line, so that a label and its value do.
_CELLS = frozenset({"td", "th"})
_HIDDEN = frozenset({"script", "style", "template", "title"})
#: Embeddings, overrides and isolates of bidirectional text; the marks LRM and RLM and the joiners of emoji stay.
_OVERRIDES = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]{0,15})")
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
    markup = markup[:_MAX_HTML]
    found: list[str] = []
    at = 0
    while (opening := markup.find("<", at)) >= 0:
        found.append(markup[at:opening])
        at = _after(markup, opening, found)
    found.append(markup[at:])
    lines = (" ".join(line.split()) for line in unescape("".join(found)).split("\n"))
    return "\n".join(line for line in lines if line)


def unescape(text: str) -> str:
    """The text with its character references resolved; one that no character has so long a number for stays."""
    return _REFERENCE.sub(lambda match: html.unescape(match.group()), text)


def _after(markup: str, opening: int, found: list[str]) -> int:
    """Where the text goes on behind the tag at `opening`; a line end or blank it stands for is added to `found`."""
    if markup.startswith("<!--", opening):
        closing = markup.find("-->", opening + 4)
        return len(markup) if closing < 0 else closing + 3
    closing = markup.find(">", opening)
    if closing < 0:
        return len(markup)
    match = _NAME.match(markup, opening + 1)
    if match is None:
        if markup[opening + 1] not in "!?/":
            found.append("<")
            return opening + 1
        return closing + 1
    name = match.group(1).lower()
    if name in _HIDDEN and markup[opening + 1] != "/":
        end = re.compile(f"</{name}", re.IGNORECASE).search(markup, closing)
        return len(markup) if end is None else end.start()
    if name in _CELLS:
        found.append(" ")
    elif name in _LINES:
        found.append("\n")
    return closing + 1
