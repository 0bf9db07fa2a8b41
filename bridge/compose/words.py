"""The words of a mail as plain lines, for rules that look for something in them; never what is posted.

Linear in the size of the mail and bounded by the caller's limit. HTML is taken apart roughly: tags become blanks or line ends.
"""

from __future__ import annotations

import html
import re

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
    markup = markup[:_MAX_HTML]
    # A tag that never ends is none, and no words come after it.
    unfinished = markup.find("<", markup.rfind(">") + 1)
    if unfinished >= 0:
        markup = markup[:unfinished]
    text = unescape(_MARKUP.sub(_stands_for, markup))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _stands_for(match: re.Match[str]) -> str:
    tag = match["tag"]
    return _STANDS_FOR.get(tag.lower(), "") if tag else ""


def unescape(text: str) -> str:
    """The text with its character references resolved; one that no character has so long a number for stays."""
    return _REFERENCE.sub(lambda match: html.unescape(match.group()), text)
