"""Shows a body as a help desk would: Markdown rendered, HTML tags literally, bare addresses of the web as links.

Owns markdown-it-py. The result is safe to put into a page: no tag comes from the body, and links are http, https, mailto, tel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

#: Beyond this a body is shown as it is: rendering is no place for patience.
MAX_CHARS = 200_000
MAX_PICTURES = 20

_BARE = re.compile(r"https?://[^\s<>\"\u00a0]{1,2000}")
_TRAILING = ".,;:!?'\"*_~)]}»”’…"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:")
#: Each of these runs in the direction of its own words.
_DIRECTED = frozenset({"paragraph_open", "heading_open", "list_item_open", "th_open", "td_open"})
_SCHEMES = ("http:", "https:", "mailto:", "tel:")


def render(body: str, *, hard_breaks: bool, pictures_at: Mapping[str, str]) -> str:
    """HTML. A picture shows from `pictures_at` (its URL to the page's own copy), else as a link to it."""
    if len(body) > MAX_CHARS:
        return f"<pre>{escape(body[:MAX_CHARS])}\n…</pre>"
    parser = _parser(hard_breaks=hard_breaks)
    tokens = parser.parse(body)
    for token in tokens:
        if token.children:
            token.children = [_local(child, pictures_at) for child in token.children]
        if token.type in _DIRECTED:
            token.attrs["dir"] = "auto"
        # The page's policy lets no style attribute in.
        align = str(token.attrs.pop("style", "")).removeprefix("text-align:")
        if align in ("right", "center"):
            token.attrs["class"] = align
    return str(parser.renderer.render(tokens, parser.options, {}))


def pictures(body: str) -> tuple[str, ...]:
    """The URLs of the pictures a body shows, in order, each once, bounded."""
    if len(body) > MAX_CHARS or "![" not in body:
        return ()
    found = dict.fromkeys(
        str(child.attrs["src"])
        for token in _parser(hard_breaks=False).parse(body)
        for child in token.children or ()
        if child.type == "image"
    )
    return tuple(found)[:MAX_PICTURES]


class _Safe(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        scheme = url.strip().lower()
        return scheme.startswith(_SCHEMES) or not _SCHEME.match(scheme)


def _parser(*, hard_breaks: bool) -> MarkdownIt:
    parser = _Safe("commonmark", {"html": False, "breaks": hard_breaks})
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.push("bare_links", _link_bare)
    return parser


def _local(token: Token, pictures_at: Mapping[str, str]) -> Token:
    if token.type != "image":
        return token
    url = str(token.attrs.get("src", ""))
    if url in pictures_at:
        token.attrs["src"] = pictures_at[url]
        return token
    shown = Token("html_inline", "", 0)
    name = escape(token.content or "picture")
    shown.content = f'<a class="remote" href="{escape(url)}" rel="noreferrer">{name}</a>'
    return shown


def _link_bare(state: StateCore) -> None:
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        inside, children = 0, []
        for token in block.children:
            inside += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            children.extend([token] if token.type != "text" or inside else _split(token))
        block.children = children


def _split(token: Token) -> list[Token]:
    parts: list[Token] = []
    at = 0
    for match in _BARE.finditer(token.content):
        url = match[0].rstrip(_TRAILING)
        end = match.start() + len(url)
        parts += [_text(token.content[at : match.start()], token.level)]
        opening, closing = Token("link_open", "a", 1), Token("link_close", "a", -1)
        opening.attrs = {"href": url}
        parts += [opening, _text(url, token.level + 1), closing]
        at = end
    return [*parts, _text(token.content[at:], token.level)]


def _text(content: str, level: int) -> Token:
    token = Token("text", "", 0)
    token.content = content
    token.level = level
    return token
