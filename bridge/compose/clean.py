"""HTML of a mail, hostile or broken, as a small tree that holds only what a reader is meant to see.

One iterative pass over lxml's tree: what is hidden, active or for tracking is gone, wrappers are gone, layout tables are
lines, and what is left are about thirty kinds of nodes with words and breaks between them. Depth and number of
nodes are bounded, the time is linear, and no words are lost to a bound: beyond it they go on without their markup.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from lxml import etree

from bridge.compose import appearance, reference, table
from bridge.compose.appearance import Look, Sheet


class Break(IntEnum):
    """What stands between words where a node begins or ends."""

    BR = 0  #: a `<br>`: a second one in a row leaves an empty line
    LINE = 1  #: a block begins or ends: a new line, if not on one already
    GAP = 2  #: a paragraph begins or ends: an empty line
    CELL = 3  #: the next cell of a row that stands on one line


class Node:
    """An element of the cleaned tree, with as much of BeautifulSoup's face as markdownify's rules look at."""

    __slots__ = ("attrs", "children", "name", "parent")

    def __init__(self, name: str, attrs: dict[str, str], parent: Node | None) -> None:
        self.name = name
        self.attrs = attrs
        self.parent = parent
        self.children: list[Node | str | Break] = []

    def get(self, name: str, default: str | None = None) -> str | None:
        return self.attrs.get(name, default)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one HTML part may cost."""

    #: Longer HTML is not parsed at all.
    chars: int = 3_000_000
    #: Further elements lose their markup, not their words.
    elements: int = 20_000
    #: Nodes within nodes; deeper ones are unwrapped.
    depth: int = 60
    quotes: int = 12
    links: int = 2_000
    #: All `data:` pictures together, as they stand in the HTML.
    data_chars: int = 30_000_000


@dataclass(slots=True)
class Cleaned:
    root: Node
    #: True where not all words could be read: the parser gave up on the depth.
    broken: bool = False
    #: True where markup was dropped to stay within the limits.
    flattened: bool = False
    hidden_chars: int = 0
    #: Links that lead anywhere, and the schemes of those that were made neutral.
    links: int = 0
    refused: Counter[str] = field(default_factory=Counter)


# fmt: off
_DROPPED = frozenset((
    "head", "script", "style", "title", "template", "object", "embed", "applet", "iframe", "frame",
    "frameset", "noframes", "svg", "select", "datalist", "audio", "video", "canvas", "map", "area",
    "meta", "link", "base", "param", "source", "track", "col", "colgroup", "xml", "dialog", "progress",
    "meter",
))
# fmt: on
_DROPPED_PREFIXES = frozenset(("v", "w", "x", "m"))
# fmt: off
_LINES = frozenset((
    "html", "body", "div", "center", "address", "section", "article", "header", "footer", "main", "nav",
    "aside", "figure", "figcaption", "fieldset", "legend", "form", "details", "summary", "dl", "dt",
    "dd", "hgroup", "caption", "search", "optgroup", "thead", "tbody", "tfoot", "tr", "td", "th",
    "table",
))
# fmt: on
_INLINE = {
    "b": "b",
    "strong": "b",
    "i": "i",
    "em": "i",
    "cite": "i",
    "dfn": "i",
    "var": "i",
    "s": "del",
    "del": "del",
    "strike": "del",
    "code": "code",
    "kbd": "code",
    "samp": "code",
    "tt": "code",
    "q": "q",
}
#: Nodes that stand within a line.
INLINE = frozenset(("a", "b", "i", "del", "q", "code"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LISTS = {"ul": "ul", "ol": "ol", "menu": "ul", "dir": "ul"}
#: libxml2 stops at 2,048 nested elements and throws away the rest of the mail.
_PARSER_DEPTH = 2_040
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff]")


def parse(html: str) -> Any | None:
    """lxml's tree of the HTML, None where there is nothing in it."""
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, recover=True, no_network=True
    )
    try:
        return etree.fromstring(html.replace("\x00", "").encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        return None


def clean(root: Any, limits: Limits) -> Cleaned:
    return _Cleaner(root, limits).run()


def seen(text: str) -> str:
    """The text of a node or attribute without what `hygiene` keeps out of a mail: entities can bring it back."""
    return _UNSEEN.sub("", text) if _UNSEEN.search(text) else text


class _Open:
    """What is to be undone where an element ends."""

    __slots__ = ("after", "at", "no_size", "quiet")

    def __init__(self, at: Node, after: Break | None, no_size: bool, quiet: bool) -> None:
        self.at = at
        self.after = after
        self.no_size = no_size
        self.quiet = quiet


class _Cleaner:
    def __init__(self, root: Any, limits: Limits) -> None:
        self._source = root
        self._limits = limits
        self._root = Node("body", {}, None)
        self._at = self._root
        self._depth = 0
        self._no_size = False
        #: Within a row that stands on one line: blocks break nothing.
        self._quiet = False
        self._left = limits.elements
        self._looks: dict[str, Look] = {}
        self._sheet = _sheet(root)
        self._result = Cleaned(self._root)

    def run(self) -> Cleaned:
        opened: list[_Open] = []
        walk = etree.iterwalk(self._source, events=("start", "end"))
        for event, element in walk:
            if event == "end":
                self._close(opened.pop())
                if element.tail:
                    self._text(element.tail)
                continue
            opened.append(_Open(self._at, None, self._no_size, self._quiet))
            if len(opened) >= _PARSER_DEPTH:
                self._result.broken = True
            if self._open(element, opened[-1]):
                if element.text:
                    self._text(element.text)
            else:
                walk.skip_subtree()
        return self._result

    # -- one element -------------------------------------------------------------------------------

    def _open(self, element: Any, opened: _Open) -> bool:
        """Enter an element; False to leave it out with everything in it."""
        tag = element.tag
        if not isinstance(tag, str) or tag in _DROPPED:
            return False
        if ":" in tag:
            return _namespace_is_text(tag)
        look = self._look(element)
        if look.hidden or element.get("hidden") is not None or self._hidden_by_class(element):
            self._result.hidden_chars += _length(element)
            return False
        if look.no_size is not None:
            self._no_size = look.no_size
        if look.word_marker:
            return False
        self._left -= 1
        if self._left < 0:
            self._result.flattened = True
            if tag == "br" or tag in _LINES or tag == "p" or tag in _HEADINGS or tag == "li":
                self._break(Break.BR if tag == "br" else Break.LINE)
            return True
        self._enter(tag, element, look, opened)
        return True

    def _enter(self, tag: str, element: Any, look: Look, opened: _Open) -> None:  # noqa: PLR0912 - a table of tags
        if tag == "br":
            self._break(Break.BR)
        elif tag == "p":
            self._paragraph(element, look, opened)
        elif tag == "img":
            self._image(element)
        elif tag == "a":
            self._link(element)
        elif tag in _INLINE:
            self._inline(_INLINE[tag], look)
        elif tag == "table":
            self._table(element, opened)
        elif tag in ("tr", "td", "th"):
            self._cell(tag, element, opened)
        elif tag in _LINES:
            if look.divider:
                self._rule()
            self._block(Break.LINE, opened)
        elif tag in _HEADINGS or tag == "pre":
            self._container(tag, element, opened)
        elif tag == "blockquote":
            self._quote(element, look, opened)
        elif tag in _LISTS:
            self._list(_LISTS[tag], element, opened)
        elif tag == "li":
            self._item(element, opened)
        elif tag == "hr":
            self._rule()
        elif look.bold or look.italic:
            self._styled(look)

    def _close(self, opened: _Open) -> None:
        at = opened.at
        while self._at is not at and self._at.parent is not None:
            self._at = self._at.parent
            self._depth -= 1
        self._no_size = opened.no_size
        self._quiet = opened.quiet
        if opened.after is not None:
            self._break(opened.after)

    def _text(self, text: str) -> None:
        if self._no_size and not text.isspace():
            self._result.hidden_chars += len(text)
            return
        if self._at.name not in ("ul", "ol"):
            self._at.children.append(seen(text))
        elif not text.isspace():
            at, depth = self._at, self._depth
            self._last_item()
            self._at.children.append(seen(text))
            self._at, self._depth = at, depth

    def _break(self, kind: Break) -> None:
        if self._at.name == "pre":
            if kind is Break.BR:
                self._at.children.append("\n")
        elif self._quiet and kind is not Break.CELL:
            self._at.children.append(" ")
        else:
            self._at.children.append(kind)

    def _push(self, name: str, attrs: dict[str, str] | None = None) -> bool:
        """Go into a new node, unless that would be too deep."""
        if self._at.name == "pre":
            return False
        if name != "li" and self._at.name in ("ul", "ol"):
            self._last_item()
        if self._depth >= self._limits.depth:
            return False
        node = Node(name, attrs or {}, self._at)
        self._at.children.append(node)
        self._at = node
        self._depth += 1
        return True

    def _leaf(self, name: str, attrs: dict[str, str]) -> None:
        """A node that holds no other."""
        at, depth = self._at, self._depth
        if self._push(name, attrs):
            self._at, self._depth = at, depth

    def _flat(self) -> bool:
        """Whether no block can stand here: within a link, a heading, a row on one line."""
        return self._quiet or self._within("a", "pre", *_HEADINGS)

    # -- kinds of elements -------------------------------------------------------------------------

    def _block(self, kind: Break, opened: _Open) -> None:
        self._break(kind)
        opened.after = kind

    def _paragraph(self, element: Any, look: Look, opened: _Open) -> None:
        classes = element.get("class") or ""
        if look.word_list is not None and "MsoListParagraph" in classes and not self._flat():
            self._word_item(element, look.word_list[1])
            return
        tight = look.tight or (classes.startswith("Mso") and not self._sheet.word_gap)
        self._block(Break.LINE if tight else Break.GAP, opened)

    def _inline(self, name: str, look: Look) -> None:
        if name == "b" and look.normal:
            return  # Google Docs wraps whole documents in such a <b>
        if not self._within(name) and not (name == "b" and self._within_heading()):
            self._push_inline(name)

    def _styled(self, look: Look) -> None:
        if look.bold:
            self._inline("b", look)
        if look.italic:
            self._inline("i", look)

    def _push_inline(self, name: str) -> None:
        # Two bold words side by side are one: `**a****b**` would show its asterisks.
        last = self._at.children[-1] if self._at.children else None
        if isinstance(last, Node) and last.name == name and self._depth < self._limits.depth:
            self._at = last
            self._depth += 1
        else:
            self._push(name)

    def _within(self, *names: str) -> bool:
        node: Node | None = self._at
        while node is not None:
            if node.name in names:
                return True
            node = node.parent
        return False

    def _within_heading(self) -> bool:
        return self._within("h1", "h2", "h3", "h4", "h5", "h6", "th")

    def _link(self, element: Any) -> None:
        href = element.get("href")
        if not href or self._within("a"):
            return
        target = reference.link(seen(href))
        if target.refused:
            self._result.refused[target.refused] += 1
        if target.url:
            self._result.links += 1
            if self._result.links <= self._limits.links:
                bare = {"bare": "yes"} if self._may_stand_bare(element) else {}
                self._push("a", {"href": target.url, **bare})

    def _may_stand_bare(self, element: Any) -> bool:
        """Whether a URL written out here would end where the link does."""
        before = element.getprevious()
        ahead = (before.tail if before is not None else element.getparent().text) or " "
        return ahead[-1].isspace() and (not element.tail or element.tail[0].isspace())

    def _image(self, element: Any) -> None:
        source = (element.get("src") or "").strip()
        if source and not _is_pixel(element, self._look(element)):
            self._leaf("img", {"src": source, **_alt(element)})

    def _rule(self) -> None:
        if self._flat():
            self._break(Break.LINE)
        else:
            self._leaf("hr", {})

    def _container(self, name: str, element: Any, opened: _Open) -> None:
        if self._flat():
            self._block(Break.LINE, opened)
            return
        attrs = {}
        if name == "pre" and (
            "moz-quote-pre" in (element.get("class") or "") or element.get("wrap") is not None
        ):
            attrs["prose"] = "yes"
        self._push(name, attrs)

    def _quote(self, element: Any, look: Look, opened: _Open) -> None:
        cited = element.get("type") == "cite" or "quote" in (element.get("class") or "")
        indented = look.no_border and not cited
        if indented or self._flat() or self._count("blockquote") >= self._limits.quotes:
            self._block(Break.LINE, opened)
        else:
            self._push("blockquote")

    def _count(self, *names: str) -> int:
        count = 0
        node: Node | None = self._at
        while node is not None:
            count += node.name in names
            node = node.parent
        return count

    def _list(self, name: str, element: Any, opened: _Open) -> None:
        if self._flat() or self._count("ul", "ol") >= self._limits.quotes:
            self._block(Break.LINE, opened)
            return
        if self._at.name in ("ul", "ol"):  # a list right within a list belongs to the item before it
            self._last_item()
        attrs = {}
        start = (element.get("start") or "").strip()
        if name == "ol" and start.isascii() and start.isdigit():
            attrs["start"] = start[:9]
        self._push(name, attrs)

    def _last_item(self) -> None:
        last = next((child for child in reversed(self._at.children) if isinstance(child, Node)), None)
        if last is not None and last.name == "li" and self._depth < self._limits.depth:
            self._at = last
            self._depth += 1
        else:
            self._push("li")

    def _item(self, element: Any, opened: _Open) -> None:
        if self._at.name not in ("ul", "ol") and (self._flat() or not self._loose_list()):
            self._block(Break.LINE, opened)
            return
        value = (element.get("value") or "").strip()
        attrs = {"value": value[:9]} if value.isascii() and value.isdigit() else {}
        self._push("li", attrs)

    def _loose_list(self) -> bool:
        """Go into a list for an item that stands in none: the one made for the item before it, or a new one."""
        at = self._at
        last = at.children[-1] if at.children else None
        if isinstance(last, Node) and last.name == "ul" and last.get("loose"):
            self._at = last
            self._depth += 1
            return True
        return self._push("ul", {"loose": "yes"})

    def _word_item(self, element: Any, level: int) -> None:
        """Outlook writes lists as paragraphs with a bullet of its own drawing before the words."""
        name, start = _word_marker(element)
        level = min(level, self._limits.quotes)
        holder = self._at
        for deep in range(level):
            last = next((child for child in reversed(holder.children) if not _is_blank(child)), None)
            if isinstance(last, Node) and last.get("word") and (deep < level - 1 or last.name == name):
                self._at = last
            else:
                attrs = {"word": "yes", "start": start} if deep == level - 1 else {"word": "yes"}
                if not self._push(name if deep == level - 1 else "ul", attrs):
                    return
                self._depth -= 1
            self._depth += 1
            holder = self._at
            if deep < level - 1:
                self._last_item()
                holder = self._at
        self._push("li")

    # -- tables ------------------------------------------------------------------------------------

    def _table(self, element: Any, opened: _Open) -> None:
        if self._flat() or self._within("table", "li"):
            self._block(Break.LINE, opened)
            return
        kind = table.kind(element)
        if kind is table.Kind.DATA:
            self._push("table")
        else:
            self._block(Break.GAP, opened)

    def _cell(self, tag: str, element: Any, opened: _Open) -> None:
        if self._at.name == "table" and tag == "tr":
            self._push("tr", {"head": "yes"} if _in_head(element) else {})
        elif self._at.name == "tr" and tag != "tr":
            spans = {name: value for name in ("colspan", "rowspan") if (value := element.get(name))}
            self._push(tag, spans)
            self._quiet = True
        elif tag == "tr":
            one_line = not self._quiet and table.stands_on_a_line(element)
            self._block(Break.LINE if one_line else Break.GAP, opened)
            self._quiet = self._quiet or one_line
            if one_line:
                opened.after = Break.LINE
        elif self._quiet:
            self._break(Break.CELL)
        else:
            self._block(Break.LINE, opened)

    # -- looks -------------------------------------------------------------------------------------

    def _look(self, element: Any) -> Look:
        style = element.get("style")
        if not style:
            return appearance.PLAIN
        known = self._looks.get(style)
        if known is None:
            known = self._looks[style] = appearance.look(style)
        return known

    def _hidden_by_class(self, element: Any) -> bool:
        hidden = self._sheet.hidden
        if not hidden:
            return False
        classes = element.get("class")
        return bool(classes) and not hidden.isdisjoint(classes.lower().split())


def _sheet(root: Any) -> Sheet:
    css = "\n".join(style.text or "" for style in root.iter("style"))
    return appearance.sheet(css) if css else Sheet()


def _namespace_is_text(tag: str) -> bool:
    """Word's smart tags (`st1:City`) hold words; its drawings and settings do not."""
    prefix = tag.partition(":")[0]
    return tag == "o:p" or (prefix not in _DROPPED_PREFIXES and prefix != "o")


def _length(element: Any) -> int:
    return sum(len(text) for text in element.itertext() if not text.isspace())


def _in_head(row: Any) -> bool:
    parent = row.getparent()
    return parent is not None and parent.tag == "thead"


def _is_blank(child: Node | str | Break) -> bool:
    return isinstance(child, Break) or (isinstance(child, str) and not child.strip())


def _alt(element: Any) -> dict[str, str]:
    alt = element.get("alt")
    if alt is None:
        return {}
    return {"alt": " ".join(seen(alt[:1_000]).split())}


def _is_pixel(element: Any, look: Look) -> bool:
    """Whether the picture is there to count readers: a point in size, or hidden."""
    sizes = [(element.get(name) or "").strip().removesuffix("px") for name in ("width", "height")]
    return look.hidden or all(size in ("0", "1") for size in sizes) or "0" in sizes


_WORD_NUMBER = re.compile(r"\(?(\d{1,9})[.)]")


def _word_marker(element: Any) -> tuple[str, str]:
    """Which list Word meant, by the marker it drew, and the number it starts at."""
    for span in element.iter("span"):
        if "mso-list:" in (span.get("style") or "").replace(" ", ""):
            marker = "".join(span.itertext()).strip()[:40]
            if match := _WORD_NUMBER.match(marker):
                return "ol", match[1]
            if re.match(r"[a-z]{1,4}[.)]", marker, re.IGNORECASE):
                return "ol", "1"
            break
    return "ul", "1"
