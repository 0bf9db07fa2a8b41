"""HTML of a mail, hostile or broken, as a small tree that holds only what a reader is meant to see.

One iterative pass over lxml's tree: what is hidden, active or for tracking is gone, wrappers are gone, layout tables are
lines, and what is left are about thirty kinds of nodes with words and breaks between them. Depth and number of
nodes are bounded, the time is linear, and no words are lost to a bound: beyond it they go on without their markup.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from lxml import etree

from bridge.compose import appearance, elements, quoted, reference, table
from bridge.compose.appearance import Look
from bridge.compose.quotes import Mark
from bridge.compose.tree import BOLD, HEADINGS, LISTS, Break, Builder, Limits, Node

#: libxml2 stops at 2,048 nested elements and throws away the rest of the mail.
_PARSER_DEPTH = 2_040
_A = frozenset(("a",))
_ITEM = frozenset(("li",))
_LINE_LEVEL = frozenset(("a", "sup", *elements.INLINE))
_QUOTES = frozenset(("blockquote",))
_NO_TABLE = frozenset(("table", "li"))
_CODE = frozenset(("code",))
#: Mail programs say by these that a `<pre>` holds the plain text of a mail.
_PROSE = frozenset(("k9mail", "moz-quote-pre", "moz-signature"))
_FLATTENED = elements.LINES | HEADINGS | {"p", "li", "pre", "blockquote", "tr", "td", "th", "table", "hr"}


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
    #: Targets of links that have words, each with the words of its last link.
    worded: dict[str, str] = field(default_factory=dict)
    #: Where mail programs say that a quote begins.
    begins: list[quoted.Begin] = field(default_factory=list)


def clean(root: Any, limits: Limits) -> Cleaned:
    return _Cleaner(root, limits).run()


class _Open:
    """What is to be undone where an element ends."""

    __slots__ = ("after", "at", "no_size", "quiet")

    def __init__(self, at: Node, no_size: bool, quiet: bool) -> None:
        self.at = at
        self.after: Break | None = None
        self.no_size = no_size
        self.quiet = quiet


_Rule = Callable[["_Cleaner", Any, Look, "_Open"], None]


class _Cleaner:
    def __init__(self, root: Any, limits: Limits) -> None:
        self._source = root
        self._limits = limits
        self._tree = Builder(limits)
        self._no_size = False
        #: What follows belongs to a mail answered.
        self._answered = False
        self._left = limits.elements
        self._looks: dict[str, Look] = {}
        self._sheet = elements.sheet(root)
        self._result = Cleaned(self._tree.root)

    def run(self) -> Cleaned:
        opened: list[_Open] = []
        walk = etree.iterwalk(self._source, events=("start", "end"))
        for event, element in walk:
            if event == "end":
                self._close(opened.pop())
                if element.tail:
                    self._text(element.tail)
                continue
            opened.append(_Open(self._tree.at, self._no_size, self._tree.quiet))
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
        if not isinstance(tag, str) or tag in elements.DROPPED:
            return False
        if ":" in tag:
            return elements.namespace_is_text(tag)
        look = self._look(element)
        if look is not appearance.PLAIN:
            if look.word_marker and self._tree.within(_ITEM):
                return False
            if look.no_size is not None:
                self._no_size = look.no_size
        if look.hidden or self._is_hidden(element, look):
            self._result.hidden_chars += elements.length(element)
            return False
        self._left -= 1
        if self._left >= 0:
            self._enter(tag, element, look, opened)
            return True
        self._result.flattened = True
        if tag == "br":
            self._tree.break_(Break.BR)
        elif tag in _FLATTENED:
            self._tree.break_(Break.LINE)
        return True

    def _enter(self, tag: str, element: Any, look: Look, opened: _Open) -> None:
        mark = quoted.mark(element) if element.attrib else Mark.NONE
        if mark is Mark.NONE and look.divider:
            mark = Mark.DIVIDER
        if mark is not Mark.NONE:
            at = self._tree.at
            self._result.begins.append(quoted.Begin(mark, at, len(at.children)))
            self._answered = self._answered or mark in (Mark.REST, Mark.DIVIDER)
        rule = self._RULES.get(tag)
        if look.block and (rule is None or tag in _LINE_LEVEL):
            self._between(Break.LINE, opened)
        if rule is not None:
            rule(self, element, look, opened)
        elif look is not appearance.PLAIN or tag == "font":
            if look.gap:
                self._tree.text(" ")
            if look.signs or elements.is_in_signs(element):
                elements.write_signs(element)
            red = look.red or (tag == "font" and appearance.is_red((element.get("color") or "").lower()))
            self._styled(look)
            if (red or look.highlit) and self._is_quoted():
                self._tree.mark()

    def _close(self, opened: _Open) -> None:
        tree = self._tree
        if tree.at is not opened.at:
            tree.back_to(opened.at)
        self._no_size = opened.no_size
        tree.quiet = opened.quiet
        if opened.after is not None:
            tree.break_(opened.after)

    def _text(self, text: str) -> None:
        if self._no_size and not text.isspace():
            self._result.hidden_chars += len(text)
        else:
            self._tree.text(elements.seen(text))

    def _between(self, kind: Break, opened: _Open) -> None:
        """A break before the element and one after it."""
        self._tree.break_(kind)
        opened.after = kind

    def _apart(self, look: Look, opened: _Open, margin: float) -> None:
        """A line of its own, or a paragraph where its style leaves room; `margin` is what it has where it says nothing."""
        if look is appearance.PLAIN:
            self._between(Break.GAP if margin else Break.LINE, opened)
            return
        if look.display != "inline":
            above, below = look.leaves_room(margin)
            self._tree.break_(Break.GAP if above else Break.LINE)
            opened.after = Break.GAP if below else Break.LINE
        self._styled(look)

    # -- kinds of elements -------------------------------------------------------------------------

    def _br(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        self._tree.break_(Break.BR)

    def _line(self, element: Any, look: Look, opened: _Open) -> None:
        if look.divider:
            self._rule(element, look, opened)
        if element.attrib and quoted.is_quote(element):
            self._quote(element, look, opened)
            return
        self._apart(look, opened, appearance.PARAGRAPH if element.tag in elements.APART else 0.0)

    def _paragraph(self, element: Any, look: Look, opened: _Open) -> None:
        classes = element.get("class") or ""
        if look.word_list is not None and not self._tree.is_flat():
            name, start, marker = elements.word_marker(element)
            self._tree.word_item(name, start, look.word_list[1])
            if marker:
                self._tree.text(elements.seen(marker) + " ")
            return
        self._apart(look, opened, self._sheet.margin(classes))

    def _inline(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        name = elements.INLINE[element.tag]
        if name == "b":
            # Google Docs wraps whole documents in a <b> of normal weight.
            self._styled(look, bold=not look.normal)
        elif name == "i" and look.upright:
            return
        elif name != "code" or not (self._tree.within(_CODE) or elements.is_more_than_code(element)):
            self._push_inline(name)

    def _styled(self, look: Look, *, bold: bool = False) -> None:
        if (bold or look.bold) and not self._tree.within(BOLD):
            self._push_inline("b")
        if look.italic:
            self._push_inline("i")
        if look.strike:
            self._push_inline("del")

    def _is_quoted(self) -> bool:
        """Whether the words belong to a mail answered, where an answer between its lines is told by its colour alone."""
        return self._answered or self._tree.within(_QUOTES)

    def _push_inline(self, name: str, attrs: dict[str, str] | None = None) -> None:
        if not self._tree.within(frozenset((name,))):
            self._tree.push_inline(name, attrs)

    def _link(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        href = element.get("href")
        if not href or self._tree.within(_A):
            return
        target = reference.link(elements.seen(href))
        if target.refused:
            self._result.refused[target.refused] += 1
        if target.url:
            self._result.links += 1
            if self._tree.at.name == "pre":
                elements.write_target(element, target.url)
            elif self._result.links <= self._limits.links:
                bare = {"bare": "yes"} if elements.may_stand_bare(element, target.url) else {}
                # Links within links, where none can stand, are not read again and again.
                if self._tree.push("a", {"href": target.url, **bare}) and (words := elements.words(element)):
                    self._result.worded[target.url] = words

    def _image(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        source = (element.get("src") or "").strip()
        use = elements.use(element) if source else elements.Use.NONE
        if use is not elements.Use.NONE:
            small = {"small": "yes"} if use is elements.Use.ORNAMENT else {}
            self._tree.leaf("img", {"src": elements.seen(source), **elements.alt(element), **small})

    def _area(self, element: Any, look: Look, opened: _Open) -> None:
        """A part of a picture that leads somewhere, by the words that are read where no picture is shown."""
        words = elements.alt(element).get("alt") or element.get("title")
        if words and element.get("href"):
            self._between(Break.LINE, opened)
            self._link(element, look, opened)
            self._tree.text(elements.seen(words[:1_000]))

    def _field(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        self._tree.text(elements.entered(element))

    def _raised(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        elements.raise_digits(element)
        if look.bold or look.italic:
            self._styled(look)

    def _rule(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        if self._tree.is_flat():
            self._tree.break_(Break.LINE)
        else:
            self._tree.leaf("hr", {})

    def _heading(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        if self._tree.is_flat():
            self._between(Break.LINE, opened)
        else:
            self._tree.push(element.tag)

    def _pre(self, element: Any, look: Look, opened: _Open) -> None:
        if self._tree.is_flat():
            self._between(Break.LINE, opened)
            return
        mail_program = not _PROSE.isdisjoint((element.get("class") or "").split())
        prose = mail_program or look.prose or element.get("wrap") is not None
        self._tree.push("pre", {"prose": "yes"} if prose else {})

    def _quote(self, element: Any, look: Look, opened: _Open) -> None:
        cited = element.get("type") == "cite" or "quote" in (element.get("class") or "")
        indented = look.no_border and not cited
        if indented or self._tree.is_flat() or self._tree.is_too_level(_QUOTES):
            self._between(Break.LINE, opened)
        else:
            self._tree.push("blockquote")

    # -- lists and tables --------------------------------------------------------------------------

    def _list(self, element: Any, look: Look, opened: _Open) -> None:
        tree = self._tree
        if tree.is_flat() or tree.is_too_level(LISTS):
            self._between(Break.LINE, opened)
            return
        if element.tag != "ol":
            tree.push("ul")
            return
        letters = look.letters or elements.letters(element)
        tree.push("ol", elements.number(element, "start") | ({"letters": letters} if letters else {}))

    def _item(self, element: Any, look: Look, opened: _Open) -> None:
        tree = self._tree
        if tree.at.name not in LISTS and (tree.is_flat() or not tree.loose_list()):
            self._between(Break.LINE, opened)
            return
        if look.letters and tree.at.name == "ol":
            tree.at.attrs.setdefault("letters", look.letters)
        tree.push("li", elements.number(element, "value"))

    def _table(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        if self._tree.is_flat() or self._tree.within(_NO_TABLE):
            self._between(Break.LINE, opened)
        elif table.kind(element) is table.Kind.DATA:
            self._tree.push("table")
        else:
            self._between(Break.GAP, opened)

    def _row(self, element: Any, look: Look, opened: _Open) -> None:  # noqa: ARG002 - one of the rules
        if self._tree.at.name == "table":
            self._tree.push("tr", {"head": "yes"} if elements.in_head(element) else {})
        elif self._tree.quiet:
            self._tree.break_(Break.LINE)
        elif table.stands_on_a_line(element):
            self._between(Break.LINE, opened)
            self._tree.quiet = True
        else:
            self._between(Break.GAP, opened)

    def _cell(self, element: Any, look: Look, opened: _Open) -> None:
        if self._tree.at.name == "tr":
            self._tree.push(element.tag, elements.number(element, "colspan", "rowspan"))
            self._tree.quiet = True
        elif self._tree.quiet:
            self._tree.break_(Break.CELL)
        else:
            self._between(Break.GAP, opened)
        if look is not appearance.PLAIN or element.tag == "th":
            self._styled(look, bold=element.tag == "th")

    # -- looks -------------------------------------------------------------------------------------

    def _look(self, element: Any) -> Look:
        style = element.get("style")
        if not style:
            return appearance.PLAIN
        known = self._looks.get(style)
        if known is None:
            known = self._looks[style] = appearance.look(style)
        return known

    def _is_hidden(self, element: Any, look: Look) -> bool:
        if element.get("hidden") is not None:
            return True
        if not self._sheet.hidden or not (classes := element.get("class")):
            return False
        names = [f"{tag}.{name}" for name in classes.lower().split() for tag in ("", element.tag)]
        said = [self._sheet.hidden[name] for name in names if name in self._sheet.hidden]
        return any(said) or (bool(said) and not look.display)

    _RULES: ClassVar[dict[str, _Rule]] = {
        **dict.fromkeys(elements.LINES, _line),
        **dict.fromkeys(elements.INLINE, _inline),
        **dict.fromkeys(HEADINGS, _heading),
        **dict.fromkeys(("ul", "ol", "menu", "dir"), _list),
        "a": _link,
        "area": _area,
        "blockquote": _quote,
        "br": _br,
        "hr": _rule,
        "img": _image,
        "input": _field,
        "li": _item,
        "p": _paragraph,
        "pre": _pre,
        "sup": _raised,
        "table": _table,
        "td": _cell,
        "th": _cell,
        "tr": _row,
    }
