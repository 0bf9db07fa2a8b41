"""Kinds of elements, and questions to one element of lxml's tree, each answered without a look at the rest of it."""

from __future__ import annotations

import re
from enum import Enum
from itertools import islice
from typing import Any

from bridge.compose import appearance
from bridge.compose.appearance import Sheet

# fmt: off
#: Left out with all that is in them.
DROPPED = frozenset((
    "head", "script", "style", "title", "template", "object", "embed", "applet", "iframe", "frame",
    "frameset", "noframes", "svg", "select", "datalist", "audio", "video", "canvas",
    "meta", "link", "base", "param", "source", "track", "col", "colgroup", "xml", "dialog", "progress",
    "meter",
))
#: What stands in them stands on lines of its own.
LINES = frozenset((
    "html", "body", "div", "center", "address", "section", "article", "header", "footer", "main", "nav",
    "aside", "figure", "figcaption", "fieldset", "legend", "form", "details", "summary", "dl", "dt",
    "dd", "hgroup", "caption", "search", "optgroup", "thead", "tbody", "tfoot",
))
# fmt: on
#: Those with room above and below, unless a style says otherwise.
APART = frozenset(("dl", "figure", "fieldset"))
#: What they are in the cleaned tree.
INLINE = {
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

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff]"
)
_DROPPED_PREFIXES = frozenset(("v", "w", "x", "m"))


def seen(text: str) -> str:
    """The text of a node or attribute without what `hygiene` keeps out of a mail: entities can bring it back.

    lxml takes none of it either: what is written into its tree has to pass here (ValueError).
    """
    return _UNSEEN.sub("", text) if _UNSEEN.search(text) else text


def sheet(root: Any) -> Sheet:
    css = "\n".join(style.text or "" for style in root.iter("style"))
    return appearance.sheet(css) if css else Sheet()


def namespace_is_text(tag: str) -> bool:
    """Word's smart tags (`st1:City`) hold words; its drawings and settings do not."""
    prefix = tag.partition(":")[0]
    return tag == "o:p" or (prefix not in _DROPPED_PREFIXES and prefix != "o")


def length(element: Any) -> int:
    return sum(len(text) for text in element.itertext() if not text.isspace())


def in_head(row: Any) -> bool:
    parent = row.getparent()
    return parent is not None and parent.tag == "thead"


def number(element: Any, *names: str) -> dict[str, str]:
    """Those of the attributes that are numbers."""
    values = {name: (element.get(name) or "").strip() for name in names}
    return {name: value[:9] for name, value in values.items() if value.isascii() and value.isdigit()}


def may_stand_bare(element: Any, target: str) -> bool:
    """Whether a URL or address written out here would end where the link does."""
    before = element.getprevious()
    parent = element.getparent()
    ahead = (before.tail if before is not None else parent.text if parent is not None else "") or " "
    behind = element.tail or " "
    if target.startswith("mailto:"):
        return (ahead[-1].isspace() or ahead[-1] in "<([\"'") and (
            behind[0].isspace() or behind[0] in ">)],.;:\"'"
        )
    return ahead[-1].isspace() and behind[0].isspace()


#: No code has more elements; nor are more looked at for each of many that stand one in the other.
_MAX_IN_CODE = 500
_NO_CODE = frozenset(("a", "img", "pre"))
_LINES_OF_WORDS = _NO_CODE | {"br", "p", "div", "table"}


def is_more_than_code(element: Any) -> bool:
    """Whether the element holds what code cannot show: links, pictures; or lines, where Notes writes whole mails in `<tt>`."""
    more = _LINES_OF_WORDS if element.tag == "tt" else _NO_CODE
    inner = list(islice(element.iterdescendants(), _MAX_IN_CODE))
    return len(inner) == _MAX_IN_CODE or any(each.tag in more for each in inner)


def alt(element: Any) -> dict[str, str]:
    words = element.get("alt")
    if words is None:
        return {}
    return {"alt": " ".join(seen(words[:1_000]).split())}


class Use(Enum):
    """What a picture is there for, by its size."""

    #: To count readers, to draw a line, to keep a distance: no reader sees it as a picture.
    NONE = 0
    #: An icon, or the logo of a signature.
    ORNAMENT = 1
    PICTURE = 2


def use(element: Any) -> Use:
    width, height = _size(element, "width"), _size(element, "height")
    if min(width, height) <= _MAX_LINE:
        return Use.NONE
    small = max(width, height) <= _MAX_ICON or min(width, height) < _MAX_LOGO_HEIGHT
    return Use.ORNAMENT if small else Use.PICTURE


#: In points of the screen.
_MAX_LINE = 2
_MAX_ICON = 100
_MAX_LOGO_HEIGHT = 50
_UNSIZED = 10_000


def _size(element: Any, name: str) -> int:
    """How wide or high the picture is shown; very much where nothing says so."""
    said = (element.get(name) or "").strip().removesuffix("px")
    if not said and (style := element.get("style")):
        said = appearance.sizes(style).get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 5 else _UNSIZED


def words(element: Any) -> str:
    """What the element says besides its pictures."""
    return " ".join("".join(element.itertext()).split())


def write_target(element: Any, target: str) -> None:
    """Where a link leads, behind its words unless they say it: preformatted lines hold no link."""
    said = words(element)
    if not said or target.partition(":")[2].strip("/") in said:
        return
    behind = f" <{target}>"
    if len(element):
        element[-1].tail = seen((element[-1].tail or "") + behind)
    else:
        element.text = seen((element.text or "") + behind)


_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_DIGITS = re.compile(r"\s*[+-]?[0-9]{1,9}\s*")


def raise_digits(element: Any) -> None:
    """Raised digits as signs of their own: 10³ must not become 103."""
    if len(element) == 0 and element.text and _DIGITS.fullmatch(element.text):
        element.text = seen(element.text).translate(_RAISED)


#: Wingdings, as Word's AutoCorrect and its bullets use it: `:-)` is a J there, and `-->` an à.
_SIGNS = str.maketrans(
    dict(zip("JKLFnlovqý", "☺😐☹☞■●☐❖❑☒", strict=True)) | dict(zip("§Øüûþàßèçó", "▪➢✓✗☑→←➔⇐⇔", strict=True))
)
#: The same letters where a program wrote them as the font numbers them.
_FONT_OWN = str.maketrans({0xF000 + code: chr(code) for code in range(0x20, 0x100)})


def write_signs(element: Any) -> None:
    """Signs of a font of signs as what they show."""
    if element.text:
        element.text = seen(element.text).translate(_FONT_OWN).translate(_SIGNS)


def is_in_signs(element: Any) -> bool:
    """Whether it is a `<font>` of signs."""
    return (element.get("face") or "").strip().lower() == "wingdings"


_TYPED = frozenset(
    ("text", "email", "tel", "number", "url", "date", "time", "datetime-local", "month", "week", "search")
)


def entered(element: Any) -> str:
    """What a reader sees in a field of a form: whether its box is ticked, or what was typed."""
    kind = (element.get("type") or "text").strip().lower()
    chosen = element.get("checked") is not None
    if kind == "checkbox":
        return "☑ " if chosen else "☐ "
    if kind == "radio":
        return "◉ " if chosen else "○ "
    return f" {seen((element.get('value') or '')[:1_000])} " if kind in _TYPED else ""


def letters(element: Any) -> str:
    """How a list counts its items, "" for by figures."""
    kind = (element.get("type") or "").strip()
    return kind if kind in ("a", "A", "i", "I") else ""


_WORD_NUMBER = re.compile(r"\(?(\d{1,9})[.)]?")
_SYMBOL_FONT = re.compile(
    r"font-family:\s{0,9}[\"']?(?:symbol|wingdings|webdings|courier new)", re.IGNORECASE
)
#: Elements of an item before its marker is in one, and texts of a marker: items within items are not looked through each time.
_MAX_BEFORE_MARKER = 50
_MAX_IN_MARKER = 20


def word_marker(element: Any) -> tuple[str, str, str]:
    """Which list Word meant by the marker it drew, its first number, and the marker where no list shows it: `1.2`, `b)`."""
    drawn = False
    for span in islice(element.iter(), _MAX_BEFORE_MARKER):
        style = (span.get("style") or "") if span.tag == "span" else ""
        drawn = drawn or _SYMBOL_FONT.search(style[:500]) is not None
        if "mso-list:" not in style.replace(" ", ""):
            continue
        marker = "".join(islice(span.itertext(), _MAX_IN_MARKER)).strip()[:40]
        if match := _WORD_NUMBER.fullmatch(marker):
            return "ol", match[1], ""
        is_bullet = drawn or not any(map(str.isalnum, marker))
        return "ul", "1", "" if is_bullet else " ".join(marker.split())
    return "ul", "1", ""
