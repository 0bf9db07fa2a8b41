"""Where the words of a conversion go on: the lines and blanks owed, and the nodes under way.

One cursor goes along with the words of a block, through all inline nodes within it. It owes blanks and line ends until the next
words come: so none stand at the edges of emphasis or of a block, and a `<br>`, a block's edge and a paragraph's edge give
the lines a reader of the mail saw.
"""

from __future__ import annotations

from operator import length_hint

from bridge.compose import emphasis
from bridge.compose.table import Cell, Row
from bridge.compose.tree import INLINE, Break, Node

_LINE_ENDS = ("  \n", "\n\n")
#: What stands in a cell of its own to part those beside it, or ends what a sign in the first cell began.
_PARTING = frozenset("|·•‧∙/»›”")


class Cursor:
    """The state of the line in one block."""

    __slots__ = ("cell", "cell_chars", "closed", "ghost", "last", "one_line", "owed", "said", "space")

    def __init__(self, *, one_line: bool) -> None:
        #: Whether anything was said in this block.
        self.said = False
        #: Line ends owed before the next words: 0, 1 or 2.
        self.owed = 0
        #: A blank is owed before the next words.
        self.space = False
        #: Only a no-break space since the last break: an empty line, if a break follows.
        self.ghost = False
        #: The next words are another cell of the row on this line.
        self.cell = False
        self.cell_chars = 0
        #: The last character said, without markers.
        self.last = ""
        #: Breaks are blanks here: a heading, a cell of a table.
        self.one_line = one_line
        #: Where emphasis stands that ended just now.
        self.closed: tuple[list[str], int] | None = None

    @property
    def line_is_open(self) -> bool:
        return self.said and not self.owed

    def meet(self, kind: Break) -> None:
        """Owe what a break asks for."""
        if kind is Break.CELL:
            self.cell = self.cell or self.line_is_open
            return
        if not self.said:
            return
        if kind is Break.GAP or (self.ghost and self.owed):
            self.owed = 2
        elif kind is Break.BR:
            self.owed = min(2, self.owed + 1)
        else:
            self.owed = max(self.owed, 1)
        self.ghost = self.space = self.cell = False

    def settle(self) -> None:
        """Nothing is owed: words have come."""
        self.said = True
        self.owed = 0
        self.space = self.ghost = self.cell = False
        self.closed = None


class Frame:
    """A node under way, with what it has said so far."""

    __slots__ = (
        "blocky",
        "cells",
        "children",
        "count",
        "cursor",
        "list_end",
        "node",
        "parent",
        "parts",
        "picture",
        "rest",
        "rows",
        "starts",
        "tags",
    )

    def __init__(self, node: Node, parent: Frame | None, tags: frozenset[str], cursor: Cursor) -> None:
        self.node = node
        self.parent = parent
        self.tags = tags
        self.cursor = cursor
        self.children = _joined(node.children)
        #: The children still to come.
        self.rest = iter(self.children)
        self.parts: list[str] = []
        #: Whether its first words started a line.
        self.starts = False
        #: Whether a list, quote, heading, fence or table stands in it.
        self.blocky = False
        #: A picture without words of its own stands in this link.
        self.picture = False
        #: Items of a list so far.
        self.count = 0
        #: Kind and last number of a list that ended just now.
        self.list_end: tuple[str, int] | None = None
        #: Cells of a row, rows of a table.
        self.cells: list[Cell] = []
        self.rows: list[Row] = []

    def place(self) -> Frame:
        """Where blanks and line ends go that are owed: outside of inline nodes that have not begun."""
        frame = self
        while not frame.parts and frame.node.name in INLINE and frame.parent is not None:
            frame = frame.parent
        return frame

    def line_ends(self) -> bool:
        """Whether the child under way is the last one on its line."""
        left = length_hint(self.rest)
        following = self.children[-left] if left else Break.LINE
        if isinstance(following, Node):
            return following.name not in INLINE and following.name != "img"
        return isinstance(following, Break)

    def block(self) -> Frame:
        """The nearest node around it that is not inline."""
        frame = self
        while frame.node.name in INLINE and frame.parent is not None:
            frame = frame.parent
        return frame

    def say(self, words: str, indent: str = "") -> None:
        """Words on the line of the cursor, after whatever it owes."""
        cursor = self.cursor
        place = self.place()
        separator = self._separator(place, words)
        if separator:
            place.parts.append(separator)
        elif cursor.closed is not None and emphasis.is_wordlike(words[0]):
            emphasis.settle(*cursor.closed, self._opening(place))
        if indent:
            # No marker opens before a blank.
            place.parts.append(indent)
        if cursor.owed or not cursor.said:
            cursor.cell_chars = 0
            frame = self
            while frame is not place and frame.parent is not None:
                frame.starts = True
                frame = frame.parent
        elif cursor.cell:
            cursor.cell_chars = 0
        cursor.cell_chars += len(words)
        self.parts.append(words)
        self.block().list_end = None
        cursor.settle()
        cursor.last = words[-1]

    def _opening(self, place: Frame) -> str:
        """What the outermost node will write that begins with these words: its marker, "" for none, "[" for a link."""
        frame, outermost = self, ""
        while frame is not place and frame.parent is not None:
            outermost = frame.node.name
            frame = frame.parent
        return {"": "", "b": "*", "i": "_", "del": "~"}.get(outermost, "[")

    def _separator(self, place: Frame, words: str) -> str:
        cursor = self.cursor
        if cursor.owed:
            if cursor.one_line or "a" in place.tags:
                return " "
            return "\n\n" if cursor.owed == 2 else "  \n"
        if cursor.cell:
            is_label = cursor.last == ":" or (cursor.cell_chars <= 3 and not cursor.last.isalnum())
            return " " if is_label or words in _PARTING or words[0] in ":：" else " | "
        return " " if cursor.space and cursor.said else ""

    def say_block(self, block: str, *, tight: bool = False) -> None:
        """A block with an empty line before it; within an item of a list, a list follows without.

        One without words parts what stands around it all the same.
        """
        cursor = self.cursor
        if not block:
            cursor.meet(Break.LINE)
            return
        if self.parts and self.parts[-1] in _LINE_ENDS:
            self.parts.pop()
        if cursor.said:
            self.parts.append("\n" if tight else "\n\n")
        self.parts.append(block)
        frame = self
        while frame.node.name in INLINE and frame.parent is not None:
            frame.blocky = True
            frame = frame.parent
        frame.list_end = None
        cursor.settle()
        cursor.owed = 2
        cursor.last = ""

    def last_character(self) -> str:
        """What stands right before the next words; "" where nothing does."""
        parts = self.place().parts
        return parts[-1][-1] if parts and parts[-1] else ""

    def escape_bang(self) -> None:
        """`Wow!` right before a link would make a picture of it."""
        parts = self.place().parts
        if parts and parts[-1].endswith("!"):
            parts[-1] = parts[-1][:-1] + "\\!"

    def mark_picture(self) -> None:
        """Tell the link around it that a picture without words stands there."""
        frame = self
        while frame.node.name in INLINE and frame.parent is not None:
            frame.picture = True
            frame = frame.parent


def _joined(children: list[Node | str | Break]) -> list[Node | str | Break]:
    """The children, words side by side as one string: markup may begin in one element and end in the next."""
    previous: object = None
    for child in children:
        if type(child) is str is previous:
            break
        previous = type(child)
    else:
        return children
    joined: list[Node | str | Break] = []
    words: list[str] = []
    for child in children:
        if isinstance(child, str):
            words.append(child)
            continue
        if words:
            joined.append("".join(words))
            words.clear()
        joined.append(child)
    return [*joined, "".join(words)] if words else joined
