"""The cleaned tree: a few kinds of nodes, words, and breaks between them, built from top to bottom within bounds.

A node that would be too deep is not made: what it would have held goes into the one around it. A list holds items and nothing
else, `<pre>` holds words and nothing else, whatever the HTML says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

#: Nodes that stand within a line.
INLINE = frozenset(("a", "b", "i", "del", "q", "code"))
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
#: Nodes whose words are bold already.
BOLD = HEADINGS | {"b", "th"}
LISTS = frozenset(("ul", "ol"))


class Break(IntEnum):
    """What stands between words where an element begins or ends."""

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

    def nodes(self) -> list[Node]:
        return [child for child in self.children if isinstance(child, Node)]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one HTML part may cost."""

    #: Longer HTML is not parsed at all; `data:` pictures do not count.
    chars: int = 3_000_000
    #: Further elements lose their markup, not their words.
    elements: int = 20_000
    #: Nodes within nodes; deeper ones are unwrapped.
    depth: int = 60
    #: Quotes within quotes, lists within lists: each level repeats its prefix on every line.
    levels: int = 12
    #: Further links are words.
    links: int = 2_000
    #: All `data:` pictures together, as they stand in the HTML.
    data_chars: int = 30_000_000
    #: Further ones are left out.
    data_pictures: int = 300


class Builder:
    """The place in the tree where the next words go."""

    __slots__ = ("_depth", "_limits", "at", "quiet", "root")

    def __init__(self, limits: Limits) -> None:
        self.root = Node("body", {}, None)
        self.at = self.root
        #: Within a row that stands on one line, or a cell of data: blocks break nothing.
        self.quiet = False
        self._depth = 0
        self._limits = limits

    def push(self, name: str, attrs: dict[str, str] | None = None) -> bool:
        """Go into a new node, unless none can stand here."""
        if self.at.name == "pre":
            return False
        if name != "li" and self.at.name in LISTS:
            self.last_item()
        if self._depth >= self._limits.depth:
            return False
        node = Node(name, attrs or {}, self.at)
        self.at.children.append(node)
        self._into(node)
        return True

    def push_inline(self, name: str, attrs: dict[str, str] | None = None) -> None:
        """Go into an inline node: into the one right before, if it is the same, since `**a****b**` shows its asterisks."""
        last = self.at.children[-1] if self.at.children else None
        if isinstance(last, Node) and last.name == name and self._depth < self._limits.depth:
            self._into(last)
        else:
            self.push(name, attrs)

    def mark(self) -> None:
        """Make what follows bold, and let it be known for the author's doing rather than the sender's of the mail they quote."""
        if not self.within(BOLD):
            self.push_inline("b")
        node: Node | None = self.at
        while node is not None and node.name in INLINE and node.name != "b":
            node = node.parent
        if node is not None and node.name == "b":
            node.attrs["marked"] = "yes"

    def leaf(self, name: str, attrs: dict[str, str]) -> None:
        """A node that holds no other."""
        at, depth = self.at, self._depth
        if self.push(name, attrs):
            self.at, self._depth = at, depth

    def back_to(self, node: Node) -> None:
        """Out of the nodes below this one; an inline node that stayed empty is gone."""
        while self.at is not node and (parent := self.at.parent) is not None:
            if not self.at.children and self.at.name in INLINE and parent.children[-1] is self.at:
                parent.children.pop()
            self.at = parent
            self._depth -= 1

    def text(self, text: str) -> None:
        if self.at.name not in LISTS:
            self.at.children.append(text)
        elif not text.isspace():
            at, depth = self.at, self._depth
            self.last_item()
            self.at.children.append(text)
            self.at, self._depth = at, depth

    def break_(self, kind: Break) -> None:
        children = self.at.children
        if self.at.name == "pre":
            said = children and isinstance(last := children[-1], str) and not last.endswith("\n")
            if kind is Break.BR or said:
                children.append("\n")
        elif self.at.name in LISTS:
            if children and isinstance(item := children[-1], Node):
                item.children.append(kind)
        elif self.quiet and kind is not Break.CELL:
            children.append(" ")
        elif not (kind is Break.LINE and children and children[-1] in (Break.LINE, Break.GAP)):
            children.append(kind)

    def within(self, names: frozenset[str]) -> bool:
        node: Node | None = self.at
        while node is not None:
            if node.name in names:
                return True
            node = node.parent
        return False

    def is_flat(self) -> bool:
        """Whether no block can stand here: within a link, a heading, a row on one line."""
        return self.quiet or self.within(_FLAT)

    def is_too_level(self, names: frozenset[str]) -> bool:
        """Whether one more of these nodes would be one too many within each other."""
        count = 0
        node: Node | None = self.at
        while node is not None:
            count += node.name in names
            node = node.parent
        return count >= self._limits.levels

    # -- lists -------------------------------------------------------------------------------------

    def last_item(self) -> None:
        """From a list into its last item: what stands between items belongs to the one before."""
        last = self.at.children[-1] if self.at.children else None
        if isinstance(last, Node) and self._depth < self._limits.depth:
            self._into(last)
        else:
            self.push("li")

    def loose_list(self) -> bool:
        """Into a list for an item that stands in none: the one made for the item before it, or a new one."""
        last = self.at.children[-1] if self.at.children else None
        if isinstance(last, Node) and last.get("loose"):
            self._into(last)
            return True
        return self.push("ul", {"loose": "yes"})

    def word_item(self, name: str, start: str, level: int) -> None:
        """Into an item of Word's pseudo list, at its level below the lists made for the items before it."""
        level = max(1, min(level, self._limits.levels))
        for deep in range(1, level + 1):
            kind = name if deep == level else "ul"
            last = next((child for child in reversed(self.at.children[-4:]) if not _is_blank(child)), None)
            if isinstance(last, Node) and last.get("word") and (deep < level or last.name == kind):
                self._into(last)
            elif not self.push(kind, {"word": "yes", "start": start if deep == level else "1"}):
                return
            if deep < level:
                self.last_item()
        self.push("li")

    def _into(self, node: Node) -> None:
        self.at = node
        self._depth += 1


_FLAT = HEADINGS | {"a", "pre"}


def _is_blank(child: Node | str | Break) -> bool:
    return isinstance(child, Break) or (isinstance(child, str) and not child.strip())
