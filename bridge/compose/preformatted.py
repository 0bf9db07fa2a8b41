"""Line ends and indentation that a style keeps (`white-space: pre-wrap`), written out in lxml's tree: `<br>`, no-break spaces.

Forms, chats and ticket systems wrap plain text in such an element. So the rules for tables, quotes and lines need not know of
it. Linear; `<pre>` has rules of its own.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lxml import etree

from bridge.compose import appearance, elements
from bridge.compose.tree import HEADINGS

#: One of these is in every mail worth a look, and looking for them costs next to nothing.
_SIGNS = ("white-space", "WHITE-SPACE", "<textarea", "<TEXTAREA")
_WORTH_A_LOOK = re.compile(r"white-space[\w-]*\s{0,9}:\s{0,9}(?:pre|break)|<textarea", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n?|\n")
_OTHERS = frozenset(("pre", "style", "script", "head"))
#: What begins a line, or ends one, besides those that stand on lines of their own.
_BEGINNING = frozenset(
    ("p", "br", "hr", "li", "ul", "ol", "td", "th", "tr", "table", "blockquote", *HEADINGS)
)
_MAX_INDENT = 40
_TAB = 8


def may_be_in(html: str) -> bool:
    """Whether to look at all."""
    return any(sign in html for sign in _SIGNS) and _WORTH_A_LOOK.search(html) is not None


def settle(root: Any, max_lines: int) -> None:
    """Write out what the styles of the tree keep, in the tree itself; beyond `max_lines` line ends go as they went before."""
    left = max_lines
    for place in _places(root):
        left -= _write_out(place, left)
        if left <= 0:
            break


class _Place(NamedTuple):
    """Words whose line ends are kept: those in an element, or those behind it."""

    element: Any
    behind: bool
    #: Whether they begin a line.
    begin: bool


def _places(root: Any) -> list[_Place]:
    """All of them, in the order of the mail."""
    kept_classes = elements.sheet(root).preformatted
    known: dict[str, bool | None] = {}
    keeps = [False]
    found: list[_Place] = []
    begin = True
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        behind = event == "end"
        if behind:
            keeps.pop()
        else:
            keeps.append(_keeps(element, known, kept_classes, otherwise=keeps[-1]))
            if element.tag in _OTHERS:
                walk.skip_subtree()
                continue
        begin = begin or element.tag in elements.LINES or element.tag in _BEGINNING
        words = element.tail if behind else element.text
        if words:
            if keeps[-1]:
                found.append(_Place(element, behind, begin))
            begin = begin and words.isspace()
    return found


def _keeps(
    element: Any, known: dict[str, bool | None], kept_classes: frozenset[str], *, otherwise: bool
) -> bool:
    if element.tag == "textarea":
        return True
    style = element.get("style")
    if style:
        if style not in known:
            known[style] = appearance.keeps_lines(style)
        said = known[style]
        if said is not None:
            return said
    if kept_classes and not kept_classes.isdisjoint((element.get("class") or "").lower().split()):
        return True
    # Without a doctype, and few mails have one, a table does not inherit it.
    return otherwise and element.tag != "table"


def _write_out(place: _Place, room: int) -> int:
    """Break the words into their lines; how many line ends there were."""
    element, behind, begin = place
    words = elements.seen(element.tail if behind else element.text)
    first, *lines = _LINE_END.split(words, maxsplit=room)
    first = _indented(first) if begin else first
    if behind:
        element.tail = None
    for line in reversed(lines):
        br = etree.Element("br")
        br.tail = _indented(line)
        if behind:
            element.addnext(br)
        else:
            element.insert(0, br)
    if behind:
        element.tail = first
    else:
        element.text = first
    return len(lines)


def _indented(line: str) -> str:
    words = line.lstrip(" \t")
    indent = len(line[: min(len(line) - len(words), _MAX_INDENT)].expandtabs(_TAB))
    return "\xa0" * indent + words if indent > 1 and words else line
