"""Quotes in the HTML of a mail: how each mail program marks them, and the cleaned tree as lines that can be left out.

Linear in the tree, without recursion. What stands in a line is left out with the nodes that held nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.compose import quotes
from bridge.compose.quotes import Line, Mark
from bridge.compose.tree import INLINE, Break, Node

# Outlook (desktop, web, phone), Hotmail, Zimbra and their kin: the mail answered begins here and nothing comes after it.
_REST_IDS = frozenset(
    (
        "divrplyfwdmsg",
        "appendonsend",
        "stopspelling",
        "zwchr",
        "ms-outlook-mobile-reference-message",
        "mail-editor-reference-message-container",
        "olk_src_body_section",
    )
)
_REST_CLASSES = frozenset(
    ("outlookmessageheader", "ms-outlook-mobile-reference-message", "mail-editor-reference-message-container")
)
# Gmail, Thunderbird, Apple and Front name the line above their quote.
_ATTRIBUTION_IDS = frozenset(("reply-intro",))  # Roundcube
_ATTRIBUTION_CLASSES = frozenset(("gmail_attr", "moz-cite-prefix", "quote-header", "front-attribution"))
_MARKED_TAGS = frozenset(("div", "hr", "p", "span", "table"))
#: A quoted mail and not an indentation, whatever its borders say.
_QUOTE_CLASSES = ("yahoo_quoted", "tutanota_quote", "alimail-quote", "bloop_original_html")
_QUOTE_NAMES = frozenset(("quote",))


def mark(element: Any) -> Mark:
    """What an element says about quotes by its name alone."""
    if element.tag not in _MARKED_TAGS or not element.attrib:
        return Mark.NONE
    name = (element.get("id") or "").lower().removeprefix("x_")
    if name in _REST_IDS:
        return Mark.REST
    if name in _ATTRIBUTION_IDS:
        return Mark.ATTRIBUTION
    classes = element.get("class")
    if not classes:
        return Mark.NONE
    named = {each.removeprefix("x_") for each in classes.lower().split()}
    if not _REST_CLASSES.isdisjoint(named):
        return Mark.REST
    return Mark.NONE if _ATTRIBUTION_CLASSES.isdisjoint(named) else Mark.ATTRIBUTION


def is_quote(element: Any) -> bool:
    """Whether a `<div>` is what others write as `<blockquote>`: Yahoo's, GMX's, Tutanota's, that of OTRS and Znuny."""
    if element.get("type") == "cite":
        return True
    classes = element.get("class")
    if classes and any(name in classes for name in _QUOTE_CLASSES):
        return True
    return element.get("name") in _QUOTE_NAMES


@dataclass(slots=True)
class Begin:
    """An element that says something about quotes begins at ``node.children[start]``."""

    mark: Mark
    node: Node
    start: int


@dataclass(slots=True)
class _Place:
    """A node and the tokens, numbered through the tree, that stand in it."""

    node: Node
    parent: Node
    index: int
    start: int
    end: int = 0


@dataclass(slots=True)
class Page:
    """A cleaned tree as lines."""

    root: Node
    lines: list[Line] = field(default_factory=list)
    #: The first token of each line, and behind them the number of all tokens.
    starts: list[int] = field(default_factory=list)
    tokens: list[tuple[Node, int]] = field(default_factory=list)
    places: list[_Place] = field(default_factory=list)

    def pictures(self, ranges: Sequence[tuple[int, int]]) -> list[str]:
        """What the pictures in the lines of the ranges refer to."""
        tokens = (
            token for start, end in ranges for token in self.tokens[self.starts[start] : self.starts[end]]
        )
        found = (node.children[index] for node, index in tokens)
        return [child.get("src") or "" for child in found if isinstance(child, Node) and child.name == "img"]

    def drop(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Take the lines of the ranges out of the tree."""
        gone: dict[Node, set[int]] = {}
        spans = [(self.starts[start], self.starts[end]) for start, end in ranges if start < end]
        for start, end in spans:
            for node, index in self.tokens[start:end]:
                gone.setdefault(node, set()).add(index)
        for place in self.places:
            for start, end in spans:
                if start <= place.start < place.end <= end:
                    gone.setdefault(place.parent, set()).add(place.index)
        for node, indexes in gone.items():
            node.children = [child for index, child in enumerate(node.children) if index not in indexes]

    def set_off(self, start: int) -> bool:
        """Make one quote of all that stands from this line on, in place of the rule above it.

        False, and nothing done, where the line begins within a list, a cell or another node that goes on below it.
        """
        root, token = self.root, self.starts[start]
        first = next(
            (place.index for place in self.places if place.parent is root and place.start == token), None
        )
        if self.tokens[token][0] is root:
            first = self.tokens[token][1]
        if first is None:
            return False
        quote = Node("blockquote", {}, root)
        quote.children, root.children[first:] = root.children[first:], [quote]
        for node in quote.nodes():
            node.parent = quote
        above = next((at for at, child in enumerate(quote.children) if _is_said(child)), None)
        if above is not None and _is_rule(quote.children[above]):
            quote.children[above] = Break.LINE
        self.tokens = [
            (quote, at - first) if node is root and at >= first else (node, at) for node, at in self.tokens
        ]
        for place in self.places:
            if place.parent is root and place.index >= first:
                place.parent, place.index = quote, place.index - first
        return True

    def drop_all_but(self, kept: tuple[int, int]) -> None:
        self.drop(((0, kept[0]), (kept[1], len(self.lines))))


def _is_said(child: Node | str | Break) -> bool:
    return isinstance(child, Node) or (isinstance(child, str) and bool(child.strip()))


def _is_rule(child: Node | str | Break) -> bool:
    return isinstance(child, Node) and child.name == "hr"


def page(root: Node, begins: Sequence[Begin]) -> Page:
    """The lines of the tree as a reader sees them."""
    return _Reader(root, begins).read()


class _Reader:
    def __init__(self, root: Node, begins: Sequence[Begin]) -> None:
        self._page = Page(root)
        self._begins: dict[Node, list[Begin]] = {}
        for begin in reversed(begins):
            self._begins.setdefault(begin.node, []).append(begin)
        self._words: list[str] = []
        self._first = 0
        self._depth = 0
        self._mark = Mark.NONE
        self._pictured = False
        self._unsaid = False
        self._strikes = 0
        self._marks = 0
        self._marked: list[str] = []

    def read(self) -> Page:
        page = self._page
        root = page.root
        stack: list[tuple[Node, Iterator[tuple[int, Node | str | Break]], _Place | None]] = []
        stack.append((root, self._children(root), None))
        while stack:
            node, rest, place = stack[-1]
            for index, child in rest:
                self._meet(node, index)
                if isinstance(child, Node) and child.name not in ("img", "hr"):
                    inner = _Place(child, node, index, len(page.tokens))
                    page.places.append(inner)
                    self._enter(child)
                    stack.append((child, self._children(child), inner))
                    break
                page.tokens.append((node, index))
                self._token(node, child)
            else:
                stack.pop()
                if place is not None:
                    place.end = len(page.tokens)
                    self._leave(node)
        self._end_line()
        page.starts.append(len(page.tokens))
        return page

    def _children(self, node: Node) -> Iterator[tuple[int, Node | str | Break]]:
        if node.name == "pre":
            split: list[Node | str | Break] = []
            for child in node.children:
                split += child.splitlines(keepends=True) if isinstance(child, str) else [child]
            node.children = split
        return iter(list(enumerate(node.children)))

    def _meet(self, node: Node, index: int) -> None:
        """Take up what begins at this child or before it."""
        begins = self._begins.get(node)
        while begins and begins[-1].start <= index:
            begin = begins.pop()
            self._end_line()
            if self._mark is not Mark.REST:
                self._mark = begin.mark

    def _enter(self, node: Node) -> None:
        if node.name in ("td", "th"):
            self._cell()
        elif node.name not in INLINE:
            self._end_line()
        self._depth += node.name == "blockquote"
        self._strikes += node.name == "del"
        self._marks += "marked" in node.attrs

    def _leave(self, node: Node) -> None:
        self._meet(node, len(node.children))
        if node.name not in INLINE and node.name not in ("td", "th"):
            self._end_line()
        self._depth -= node.name == "blockquote"
        self._strikes -= node.name == "del"
        if "marked" in node.attrs:
            self._marks -= 1
            self._marked.append("\n")

    def _token(self, node: Node, child: Node | str | Break) -> None:
        if isinstance(child, Break):
            if child is Break.CELL:
                self._cell()
            else:
                self._end_line()
        elif isinstance(child, str):
            self._say(child)
            if node.name == "pre" and child.endswith("\n"):
                self._end_line()
        elif child.name == "hr":
            self._end_line(but_one=True)
            self._say("-----")
            self._end_line()
        else:
            self._picture(child)

    def _cell(self) -> None:
        """A cell begins; in the first of a row nothing stands yet."""
        self._words.append(" | " if any(map(str.strip, self._words)) else " ")

    def _picture(self, image: Node) -> None:
        if (image.get("src") or "")[:5].lower() in ("http:", "https", "//"):
            self._say(image.get("alt") or "")
        else:
            self._say("")
            self._pictured = True
            self._unsaid = self._unsaid or (image.get("src") or "")[:5].lower() == "data:"

    def _say(self, words: str) -> None:
        self._unsaid = self._unsaid or (self._strikes > 0 and bool(words.strip()))
        self._words.append(words)
        if self._marks:
            self._marked.append(words)

    def _end_line(self, *, but_one: bool = False) -> None:
        """End the line with the tokens so far, `but_one` without the last."""
        tokens = len(self._page.tokens) - but_one
        if tokens <= self._first:
            return
        text = quotes.BLANKS.sub(" ", "".join(self._words)).lstrip(" ")
        says = bool(text.strip()) or self._pictured
        mark = self._mark if says else Mark.NONE
        marked = tuple(filter(str.strip, "".join(self._marked).split("\n"))) if self._marked else ()
        line = quotes.of(text, self._depth, mark, pictured=self._pictured, unsaid=self._unsaid, marked=marked)
        self._page.lines.append(line)
        self._page.starts.append(self._first)
        self._first = tokens
        self._words.clear()
        self._marked.clear()
        if says:
            self._mark = Mark.NONE
        self._pictured = self._unsaid = False
