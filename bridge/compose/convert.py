"""markdownify's converter, driven by a stack over the cleaned tree, with rules of its own where mail needs other ones.

Never recursive, so no depth of nesting can end it. Words are escaped here, where it is known whether they start a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from markdownify import MarkdownConverter

from bridge.compose import attributions, emphasis, escape, lists, plain, reference, table
from bridge.compose.attributions import Strength
from bridge.compose.cursor import Cursor, Frame
from bridge.compose.emphasis import MOVABLE, is_punctuation, is_wordlike
from bridge.compose.reference import DataPicture
from bridge.compose.tree import INLINE, Break, Limits, Node
from bridge.model import FILE_MARK

_INVISIBLE = "\u200b\u200c\u200d\u034f\u00ad\ufeff\u2060\u2007"
_BLANK = " \t\r\n\f\xa0\u2028\u2029"
#: A single blank is left alone: nearly all are, and matching them would cost more than all the rest.
_BLANKS = re.compile(f"[{_BLANK[1:]}][{_BLANK}{_INVISIBLE}]*| [{_BLANK}{_INVISIBLE}]+")
_INDENT = re.compile(r"[ \t\r\n]*(\xa0[\xa0 ]+)")
_MAX_INDENT = 40
_MAX_ALT = 120
_EMPHASIS = frozenset(("b", "i", "del"))
_ONE_LINE = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "td", "th"))
Rule = Callable[[Node, str, frozenset[str]], str]


class Converter(MarkdownConverter):
    """One conversion: used once, then asked what it met."""

    def __init__(
        self,
        pictures: Mapping[str, int],
        names: Mapping[int, str],
        *,
        attach: bool,
        limits: Limits,
        worded: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(heading_style="atx", bullets="-", autolinks=False)
        self._rules: dict[str, Rule] = {}
        self._pictures = pictures
        self._names = names
        self._attach = attach
        self._limits = limits
        #: Targets that words or a picture lead to: a picture without words need not lead there once more.
        self._led_to = set(worded or ())
        self._worded = worded or {}
        self._typed = False
        self._data_chars = 0
        #: By their source, so that one picture a hundred times is one file.
        self._data_pictures: dict[str, DataPicture] = {}
        self.referenced: set[int] = set()
        self.data_pictures: list[DataPicture] = []
        #: Sources of pictures that are referred to but did not come along.
        self.missing: list[str] = []
        #: How many `data:` pictures were one too many.
        self.left_out = 0

    # -- the walk ----------------------------------------------------------------------------------

    def convert_tree(self, root: Node) -> str:
        """The whole tree as Markdown, without recursion."""
        frame = Frame(root, None, frozenset(), Cursor(one_line=False))
        self._typed = _is_typed(root)
        while True:
            for child in frame.rest:
                if isinstance(child, str):
                    self._text(frame, child)
                elif isinstance(child, Break):
                    frame.cursor.meet(child)
                elif child.children:
                    frame = _enter(frame, child)
                    break
                else:
                    self._leaf(frame, child)
            else:
                if frame.parent is None:
                    return "".join(frame.parts).strip("\n ")
                self._leave(frame.parent, frame)
                frame = frame.parent

    def _text(self, frame: Frame, text: str) -> None:
        if "pre" in frame.tags:
            frame.parts.append(text)
            return
        cursor = frame.cursor
        words = _BLANKS.sub(" ", text)
        core = words.strip(" ")
        if not core or not core.strip(_INVISIBLE):
            if words:
                cursor.space = True
                cursor.ghost = cursor.ghost or "\xa0" in text
            return
        indent = ""
        if words[0] == " ":
            if "\xa0" in text[:2] and not cursor.line_is_open and (match := _INDENT.match(text)):
                indent = "\xa0" * min(len(match[1]), _MAX_INDENT)
            cursor.space = True
        if "_noformat" not in frame.tags:
            starts = not cursor.line_is_open and not cursor.one_line and not indent
            at_place = frame.place() is frame
            core = self._escaped(core, frame, at_place=at_place, blank_behind=words[-1] == " ")
            if starts and at_place:
                opens = cursor.owed == 2 or (not cursor.said and "li" not in frame.tags)
                core = escape.line(core, opens=opens)
        frame.say(core, indent)
        cursor.space = words[-1] == " "

    def _escaped(self, core: str, frame: Frame, *, at_place: bool, blank_behind: bool) -> str:
        if "a" in frame.tags:
            return escape.label(core)
        cursor = frame.cursor
        before = at_place and (cursor.space or cursor.cell or not cursor.line_is_open)
        # A blank at the end of an inline node goes behind its marker.
        behind = frame.node.name not in INLINE and (blank_behind or frame.line_ends())
        return escape.inline(core, edge=True, blank=(before, behind))

    def _leaf(self, frame: Frame, node: Node) -> None:
        if node.name == "hr":
            frame.say_block("---")
        elif node.name == "img":
            if words := self.convert_img(node, "", frame.tags):
                frame.say(words)
            else:
                frame.mark_picture()
        elif node.name in ("td", "th"):
            # What stands in the cells after it stays in its columns.
            self._leave_cell(frame, node, "")
        elif node.name not in INLINE:
            frame.say_block("")

    def _leave(self, parent: Frame, frame: Frame) -> None:
        name = frame.node.name
        if name in INLINE:
            self._leave_inline(parent, frame, name)
            return
        text = "".join(frame.parts).strip("\n ")
        if name in ("td", "th"):
            self._leave_cell(parent, frame.node, text)
        elif name == "tr":
            if frame.cells:
                head = bool(frame.node.get("head")) or not any(c.name == "td" for c in frame.node.nodes())
                parent.rows.append((frame.cells, head))
        elif name == "li":
            self._leave_item(parent, frame, text)
        elif name in ("ul", "ol"):
            self._leave_list(parent, frame)
        elif name == "table":
            for block in (text, table.render(frame.rows)):
                parent.say_block(block)
        else:
            parent.say_block(self._rule(name)(frame.node, "".join(frame.parts), frame.tags).strip("\n"))

    def _leave_cell(self, row: Frame, node: Node, text: str) -> None:
        row.cells.append((text, _span(node, "colspan"), _span(node, "rowspan")))

    def _leave_inline(self, parent: Frame, frame: Frame, name: str) -> None:
        text = "".join(frame.parts)
        if not text:
            if name == "a" and frame.picture:
                target = frame.node.attrs["href"]
                if target in self._led_to:
                    return
                self._led_to.add(target)
                parent.say(f"[{escape.label(reference.host(target))}]({escape.destination(target)})")
            return
        if name in _EMPHASIS:
            text = self._emphasised(parent, frame, text)
        elif name == "a":
            text = self.convert_a(frame.node, text, parent.tags)
            if text.startswith("["):
                parent.escape_bang()
        elif name == "code" and "\n" in text:
            frame.cursor.owed = max(frame.cursor.owed, 1)
            parent.say_block(plain.fenced(text.replace("  \n", "\n")))
            return
        elif name == "q" or "_noformat" not in parent.tags:
            text = self._rule(name)(frame.node, text, parent.tags)
        if not text:
            return
        parent.parts.append(text)
        if name in _EMPHASIS:
            emphasis.join(parent.parts, len(parent.parts) - 1)

    def _rule(self, name: str) -> Rule:
        """The method for a node: markdownify's, or one of those below."""
        rule = self._rules.get(name)
        if rule is None:
            found: Rule | None = getattr(self, "convert_" + name, None)
            if found is None:
                level = int(name[1:])
                found = partial(self.convert_hN, level)
            rule = self._rules[name] = found
        return rule

    # -- emphasis ----------------------------------------------------------------------------------

    def _emphasised(self, parent: Frame, frame: Frame, text: str) -> str:
        """The text in its markers, where a renderer will see them as such; a block within takes no emphasis."""
        if "_noformat" in parent.tags:
            return text
        if frame.blocky:
            return escape.line(text) if frame.starts else text
        rule = self._rule(frame.node.name)
        frame.cursor.closed = (parent.parts, len(parent.parts))
        first, *others = text.split("\n\n")
        paragraphs = [self._begun(parent, frame, first)]
        for one in others:
            words = one.lstrip("\xa0")
            paragraphs.append("\xa0" * (len(one) - len(words)) + rule(frame.node, words, parent.tags))
        return "\n\n".join(paragraphs)

    def _begun(self, parent: Frame, frame: Frame, text: str) -> str:
        """The first paragraph of it, which may begin within a word."""
        rule = self._rule(frame.node.name)
        if not is_wordlike(parent.last_character()):
            return rule(frame.node, text, parent.tags)
        if frame.node.name == "i":
            return text
        # `x**(y)**` shows its asterisks: what opens with punctuation opens after it. `***` is one run, `~~**` is two.
        first = text.lstrip("~" if frame.node.name == "del" else "*")[:1]
        if not is_punctuation(first):
            return rule(frame.node, text, parent.tags)
        if text[0] != first or first not in MOVABLE or text.startswith("!["):
            return text
        rest = text[1:].lstrip(" ")
        lead = text[: len(text) - len(rest)]
        return lead + rule(frame.node, rest, parent.tags) if rest else lead

    def convert_i(self, el: Node, text: str, parent_tags: frozenset[str]) -> str:  # noqa: ARG002 - markdownify's signature
        """With underscores, as Re:amaze's own editor does: `***a**b**c***` is read in another way than it is meant."""
        return f"_{text}_"

    # -- links and pictures ------------------------------------------------------------------------

    def convert_a(self, el: Node, text: str, parent_tags: frozenset[str]) -> str:  # noqa: ARG002 - markdownify's signature
        """A link; bare where the words are the URL; with the true host where the words name another one."""
        target = el.attrs["href"]
        if el.get("bare") and escape.label(target.removeprefix("mailto:")) == text:
            bare = target.removeprefix("mailto:")
            if escape.inline(bare, edge=True) == bare:
                return bare
        shown = f"[{text}]({escape.destination(target)})"
        hidden = reference.hides(_UNESCAPE.sub(r"\1", text), target)
        return f"{shown} (→ {hidden})" if hidden else shown

    def convert_img(self, el: Node, text: str, parent_tags: frozenset[str]) -> str:  # noqa: ARG002 - markdownify's signature
        """A picture that came along by its mark, one from the net as a link to it, another one by its words; else nothing."""
        source = el.attrs["src"]
        alt = _alt(el.get("alt") or "")
        within_link = "a" in parent_tags
        if source[:5].lower() == "data:":
            return self._data(source, alt)
        leaf = reference.picture(source, self._pictures)
        if leaf is not None:
            self.referenced.add(leaf)
            return self._shown(leaf, alt or _alt(self._names.get(leaf, "")))
        if source[:4].lower() == "cid:":
            self.missing.append(source[4:][:100])
            return f"[picture: {alt or 'missing'}]" if not within_link else alt
        if within_link and el.get("small") and alt == self._worded.get(_led_to(el)):
            return ""  # an icon beside the link that says the same
        target = reference.link(source).url
        if not target.startswith("http") or within_link or el.get("small") or _is_emoji(alt):
            return alt
        if el.get("alt") is None:
            alt = _alt(reference.shown_name(target))
        return f"[{alt}]({escape.destination(target)})" if alt else ""

    def _shown(self, index: int, alt: str) -> str:
        if self._attach:
            return f"[picture: {alt or 'attached'}]"
        return f"![{alt}]({FILE_MARK[0]}{index}{FILE_MARK[1]})"

    def _data(self, source: str, alt: str) -> str:
        picture = self._data_pictures.get(source)
        if picture is None:
            self._data_chars += len(source)
            if (
                self._data_chars > self._limits.data_chars
                or len(self.data_pictures) >= self._limits.data_pictures
            ):
                self.left_out += 1
                return f"[picture: {alt}]" if alt else ""
            picture = reference.data_picture(source, -2 - len(self.data_pictures))
            if picture is None or reference.is_point(picture.content):
                return alt
            self._data_pictures[source] = picture
            self.data_pictures.append(picture)
        return self._shown(picture.index, alt or picture.name)

    # -- blocks ------------------------------------------------------------------------------------

    def convert_pre(self, el: Node, text: str, parent_tags: frozenset[str]) -> str:  # noqa: ARG002 - markdownify's signature
        """A fence, or plain text where the sender's client only wrapped plain text in `<pre>`, or the line above a quote."""
        if not text.strip():
            return ""
        if el.get("prose") or self._typed or attributions.attribution(text.strip()) is Strength.STRONG:
            return plain.to_markdown(text)
        return plain.fenced(text.strip("\n"))

    def convert_hN(self, n: int, el: Node, text: str, parent_tags: frozenset[str]) -> str:  # noqa: ARG002 - markdownify's signature
        if not any(character.isalnum() for character in text) or text.startswith("!["):
            return text
        if text.endswith("#"):
            text = text[:-1] + "\\#"
        return f"{'#' * n} {text}"

    def convert_blockquote(self, el: Node, text: str, parent_tags: frozenset[str]) -> str:
        text = text.strip("\n ")
        if not text:
            return ""
        return str(super().convert_blockquote(el, text, parent_tags))  # type: ignore[misc] # not in its stub

    def _leave_item(self, parent: Frame, frame: Frame, text: str) -> None:
        if not text:
            return
        if value := frame.node.get("value"):
            parent.count = int(value) - int(parent.node.get("start") or 1)
        number = int(parent.node.get("start") or 1) + parent.count
        parent.count += 1
        letters = parent.node.get("letters") or ""
        parent.parts.append(lists.item(text, parent.node.name, number, letters))

    def _leave_list(self, parent: Frame, frame: Frame) -> None:
        if not frame.parts:
            parent.say_block("")
            return
        first = int(frame.node.get("start") or 1)
        kind = lists.kind(frame.node.name, frame.node.get("letters") or "")
        items = "\n".join(frame.parts)
        block = parent.block()
        # Two lists in a row would be read as one: the second changes its marker, unless it goes on counting.
        clash = (
            block.list_end is not None
            and block.list_end[0] == kind
            and not (kind == "ol" and block.list_end[1] + 1 == first)
        )
        if clash:
            items = lists.with_other_marker(items, kind)
        within_item = parent.node.name == "li"
        parent.say_block(items, tight=within_item)
        block.list_end = (kind + "'" if clash else kind, first + frame.count - 1)


_UNESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def _is_typed(root: Node) -> bool:
    """Whether all there is in the mail is preformatted: a program's plain text."""
    said = [child for child in root.children if not isinstance(child, Break)]
    return all(child.name == "pre" if isinstance(child, Node) else not child.strip() for child in said)


def _is_emoji(alt: str) -> bool:
    """Whether the picture only draws its sign."""
    return 0 < len(alt) <= 12 and not alt.isascii() and not any(map(str.isalnum, alt))


def _led_to(node: Node) -> str:
    """The target of the link around a node."""
    above: Node | None = node
    while above is not None and above.name != "a":
        above = above.parent
    return above.attrs["href"] if above is not None else ""


def _span(node: Node, name: str) -> int:
    value = node.get(name) or "1"
    return max(1, min(100, int(value))) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _alt(words: str) -> str:
    """Words for the brackets of a picture: one line, no brackets of their own."""
    words = " ".join(words.split())
    if len(words) > _MAX_ALT:
        words = words[: _MAX_ALT - 1].rstrip() + "…"
    return escape.label(words.replace("[", "(").replace("]", ")"))


def _enter(parent: Frame, node: Node) -> Frame:
    name = node.name
    tags = parent.tags | {name}
    if name in ("pre", "code"):
        tags |= {"_noformat"}
    if name in INLINE:
        return Frame(node, parent, tags, parent.cursor)
    return Frame(node, parent, tags, Cursor(one_line=name in _ONE_LINE))
