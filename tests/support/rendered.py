"""What a reader sees of Markdown, by a renderer that is not ours and knows tables and strike-through."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token

_RENDERER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def tokens(markdown: str) -> list[Token]:
    return _RENDERER.parse(markdown)


def lines(markdown: str) -> list[str]:
    """The lines of words, without blank ones; the cells of a row stand on one line, blanks are single."""
    found: list[str] = []
    row: list[str] | None = None
    for token in tokens(markdown):
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            found.append(" ".join(row))
            row = None
        elif token.type in ("fence", "code_block"):
            found += token.content.split("\n")
        elif token.type == "inline":
            shown = _inline(token)
            if row is None:
                found += shown
            else:
                row += shown
    return [" ".join(line.split()) for line in found if line.strip()]


def _inline(token: Token) -> list[str]:
    shown = [""]
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            shown.append("")
        elif child.type == "image":
            shown[-1] += child.content
        else:
            shown[-1] += child.content
    return shown


def kinds(markdown: str) -> set[str]:
    """The kinds of markup in it, as the renderer names them, but for paragraphs, words and line ends."""
    plain = {"paragraph_open", "paragraph_close", "inline", "text", "softbreak", "hardbreak"}
    flat = [inner for token in tokens(markdown) for inner in (token, *(token.children or ()))]
    return {
        token.type.removesuffix("_open").removesuffix("_close") for token in flat if token.type not in plain
    }


def links(markdown: str) -> list[str]:
    """Where its links lead."""
    flat = [inner for token in tokens(markdown) for inner in (token.children or ())]
    return [str(token.attrs["href"]) for token in flat if token.type == "link_open"]
