"""What the style of an HTML element means for a reader: is it seen, is it bold, does it leave a gap. Never an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ZERO = r"0*+(?:\.0*+)?(?:px|pt|em|rem|ex|%|cm|mm|in)?(?:!important)?(?:;|\Z)"
_BLANKS = re.compile(r"\s+")
_HIDDEN = re.compile(rf"(?:\A|;)(?:display:none|visibility:hidden|opacity:{_ZERO}|max-height:{_ZERO})")
_NO_BOX = re.compile(rf"(?:\A|;)(?:height|max-width|width):{_ZERO}")
_DISPLAY = re.compile(r"(?:\A|;)display:([a-z-]+)(!important)?")
_BLOCKS = frozenset(("block", "flex", "grid", "table", "list-item", "table-row"))
_FONT_SIZE = re.compile(r"(?:\A|;)font(?:-size)?:([^;]*)")
_ZERO_SIZE = re.compile(r"(?:\A|(?<=[^\d.]))0*+(?:\.0*+)?(?:px|pt|em|rem|ex|%)?(?:!important|/|\Z)")
_BOLD = re.compile(r"(?:\A|;)font(?:-weight:(?:bold|[6-9]00)|:(?:italic)?bold)")
_NORMAL = re.compile(r"(?:\A|;)font-weight:(?:normal|400)")
_ITALIC = re.compile(r"(?:\A|;)font-style:(?:italic|oblique)")
_UPRIGHT = re.compile(r"(?:\A|;)font-style:normal")
_COLOR = re.compile(r"(?:\A|;)color:(red|#[0-9a-f]{3,6}|rgb\([0-9,]{5,11}\))(?=;|!|\Z)")
_HIGHLIGHT = re.compile(
    r"(?:\A|;)(?:background(?:-color)?|mso-highlight):(?:yellow|lime|aqua|cyan|#ff0|#ffff00|#00ff00|#00ffff|"
    r"rgb\((?:255,255,0|0,255,0|0,255,255)\))(?=;|!|\Z)"
)
_STRIKE = re.compile(r"(?:\A|;)text-decoration(?:-line)?:[^;]{0,60}line-through")
#: Room that keeps words apart where nothing else does.
_GAP = re.compile(r"(?:\A|;)(?:(?:padding|margin)-left:(?:[4-9]|\d\d)\d?(?:px|pt)|float:right)")
_EDGE = re.compile(r"(?:\A|;)\s*(margin|padding)(-top|-bottom)?\s*:([^;]*)")
_LENGTH = re.compile(r"(\d{0,5}(?:\.\d{1,9})?)(px|pt|r?em|ex|cm|mm|in)?(?:!important)?\Z")
#: In points of the screen.
_UNITS = {"pt": 4 / 3, "em": 16.0, "rem": 16.0, "ex": 8.0, "cm": 37.8, "mm": 3.78, "in": 96.0}
#: As much room between two lines as makes two paragraphs of them.
_ROOM = 8.0
_NONE = (None, None)
#: What a browser leaves above and below a `<p>`.
PARAGRAPH = 16.0
#: Outlook's own, and what its web client and others make of it when they pass it on.
_DIVIDER = re.compile(
    r"(?:\A|;)(?:border:none;border-top:solid#?\w*\d|border-style:solidnonenone(?:none)?(?:;|\Z))"
)
_TOP_LINE = re.compile(r"(?:\A|;)border-top:[^;]{0,60}solid")
_NO_SIDES = re.compile(r"(?:\A|;)border-(?:left|right):(?:none|medium)")
#: Fonts whose letters are signs.
_SIGNS = re.compile(r"(?:\A|;)font-family:[\"']?wingdings[\"']?(?:[;,]|\Z)")
_LIST_KIND = re.compile(r"(?:\A|;)list-style(?:-type)?:(lower|upper)-(alpha|latin|roman)")
_RUNS_ON = re.compile(r"(?:\A|;)white-space:pre-(?:wrap|line)")
_FONT = re.compile(r"(?:\A|;)font-family:([^;]+)")
_FIXED_PITCH = re.compile(r"mono|courier|consolas|menlo")
_WORD_LIST = re.compile(r"(?:\A|;)mso-list:(l\d+)level(\d)")
#: A style longer than this is not read: no mailer writes one, and every pattern above would walk over it.
_MAX_STYLE = 2_000


@dataclass(frozen=True, slots=True)
class Look:
    """What one `style` attribute says."""

    hidden: bool = False
    #: What `display` says, "" for nothing.
    display: str = ""
    #: On lines of its own, whatever the element is.
    block: bool = False
    #: True for a font size of zero, which children may undo; None where the style does not say.
    no_size: bool | None = None
    bold: bool = False
    normal: bool = False
    italic: bool = False
    upright: bool = False
    strike: bool = False
    #: As answers are written between the lines of a quoted mail.
    red: bool = False
    #: As words of a quoted mail are marked with a pen.
    highlit: bool = False
    #: A blank before the words, where nothing else stands between them and those before.
    gap: bool = False
    #: Above and below, in points of the screen; None where the style does not say.
    margins: tuple[float | None, float | None] = _NONE
    padding: tuple[float | None, float | None] = _NONE
    #: Indentation that is not a quote.
    no_border: bool = False
    #: The line Outlook draws above the mail that is answered.
    divider: bool = False
    #: The letters stand for signs of the font.
    signs: bool = False
    #: Lines that are kept and run on, in a font that no code is shown in.
    prose: bool = False
    #: How the items of a list are counted where it is not by figures: as `type` says it, "a", "A", "i" or "I".
    letters: str = ""
    #: Word's pseudo list: its id and the level from 1.
    word_list: tuple[str, int] | None = None
    #: Word's hand-made bullet or number before the item.
    word_marker: bool = False

    def leaves_room(self, otherwise: float) -> tuple[bool, bool]:
        """Whether there is room above and below, as between paragraphs; `otherwise` is the margin of what says none."""
        above, below = self.margins
        padded_above, padded_below = self.padding
        return (
            (otherwise if above is None else above) + (padded_above or 0.0) >= _ROOM,
            (otherwise if below is None else below) + (padded_below or 0.0) >= _ROOM,
        )


PLAIN = Look()


def look(style: str) -> Look:
    if len(style) > _MAX_STYLE:
        return PLAIN
    squeezed = _BLANKS.sub("", style).lower()
    display, _ = _display(squeezed)
    hidden = bool(_HIDDEN.search(squeezed))
    if not hidden and "overflow:hidden" in squeezed:
        hidden = bool(_NO_BOX.search(squeezed))
    listed = _WORD_LIST.search(squeezed)
    return Look(
        hidden=hidden,
        display=display,
        block=display in _BLOCKS,
        no_size=_no_size(squeezed),
        bold=bool(_BOLD.search(squeezed)),
        normal=bool(_NORMAL.search(squeezed)),
        italic=bool(_ITALIC.search(squeezed)),
        upright=bool(_UPRIGHT.search(squeezed)),
        strike=bool(_STRIKE.search(squeezed)),
        red=any(map(is_red, _COLOR.findall(squeezed))),
        highlit=bool(_HIGHLIGHT.search(squeezed)),
        gap=bool(_GAP.search(squeezed)),
        margins=_edges(style, "margin") if "margin" in squeezed else _NONE,
        padding=_edges(style, "padding") if "padding" in squeezed else _NONE,
        no_border="border:none" in squeezed and "border-left:" not in squeezed,
        divider=_divides(squeezed),
        signs="wingdings" in squeezed and bool(_SIGNS.search(squeezed)),
        prose="white-space" in squeezed and _is_prose(squeezed),
        letters=_letters(squeezed),
        word_list=(listed[1], int(listed[2])) if listed else None,
        word_marker="mso-list:ignore" in squeezed,
    )


def _divides(squeezed: str) -> bool:
    return "border" in squeezed and bool(
        _DIVIDER.search(squeezed) or (_TOP_LINE.search(squeezed) and _NO_SIDES.search(squeezed))
    )


def _is_prose(squeezed: str) -> bool:
    font = _FONT.search(squeezed)
    return bool(font and _RUNS_ON.search(squeezed) and not _FIXED_PITCH.search(font[1]))


def _display(squeezed: str) -> tuple[str, bool]:
    """What the style says of it, and whether that is important; the last word counts."""
    found = _DISPLAY.findall(squeezed) if "display:" in squeezed else ()
    return (found[-1][0], bool(found[-1][1])) if found else ("", False)


def _letters(squeezed: str) -> str:
    found = _LIST_KIND.search(squeezed) if "list-style" in squeezed else None
    if found is None:
        return ""
    letter = "i" if found[2] == "roman" else "a"
    return letter.upper() if found[1] == "upper" else letter


def is_red(color: str) -> bool:
    """Whether a colour of CSS or HTML is one of the reds that mail programs offer."""
    if match := _RGB.fullmatch(color):
        red, *others = map(int, match.groups())
    elif match := _HEX.fullmatch(color):
        red, *others = (int(part, 16) for part in match.groups())
    else:
        return color in ("red", "#f00")
    return red >= _MIN_RED and max(others) <= _MAX_OTHER


_RGB = re.compile(r"rgb\(([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3})\)")
_HEX = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")
_MIN_RED, _MAX_OTHER = 0xB0, 0x40
_SIZE = re.compile(r"(?:\A|;)(?:max-)?(width|height):(\d{1,5})(?:\.\d{1,3})?(?:px|!|;|\Z)")


def sizes(style: str) -> dict[str, str]:
    """The width and height in points of the screen that a style gives."""
    if len(style) > _MAX_STYLE:
        return {}
    return dict(_SIZE.findall(_BLANKS.sub("", style).lower()))


_WHITE_SPACE = re.compile(r"(?:\A|;)white-space(?:-collapse)?:(\w+)")
_KEEPING = frozenset(("pre", "preserve", "break"))


def keeps_lines(style: str) -> bool | None:
    """Whether line ends in the words are kept; None where the style does not say."""
    if len(style) > _MAX_STYLE:
        return None
    said = _WHITE_SPACE.findall(_BLANKS.sub("", style).lower())
    return said[-1] in _KEEPING if said else None


def _no_size(squeezed: str) -> bool | None:
    sizes = _FONT_SIZE.findall(squeezed)
    if not sizes:
        return None
    return bool(_ZERO_SIZE.match(sizes[-1]))


def _edges(style: str, name: str) -> tuple[float | None, float | None]:
    """What a style says of its margins or padding above and below, in points of the screen."""
    above = below = None
    for kind, side, value in _EDGE.findall(style.lower()):
        lengths = [_length(one) for one in value.split()[:4]]
        if kind != name or not lengths:
            continue
        if side != "-bottom":
            above = lengths[0]
        if side != "-top":
            below = lengths[2] if len(lengths) > 2 and not side else lengths[0]
    return above, below


def _length(value: str) -> float:
    match = _LENGTH.match(value)
    return float(match[1] or 0) * _UNITS.get(match[2], 1.0) if match else 0.0


# -- the style sheet -------------------------------------------------------------------------------

_SIMPLE = re.compile(r"(?:[a-z]\w{0,10})?\.[\w-]+\Z")
_MAX_RULES = 500


@dataclass(frozen=True, slots=True)
class Sheet:
    """What little of a style sheet matters."""

    #: Classes, after the tag if they have one before them, that are hidden, and whether a `style` cannot undo that.
    hidden: Mapping[str, bool] = field(default_factory=dict)
    #: Classes whose words keep their line ends.
    preformatted: frozenset[str] = frozenset()
    #: Margins of paragraphs, by `p` and its classes, in points of the screen.
    margins: Mapping[str, float] = field(default_factory=dict)

    def margin(self, classes: str) -> float:
        """The margin of a `<p>` of these classes; those of Word have none but where it says so."""
        for name in classes.lower().split() if self.margins else ():
            said = self.margins.get(f"p.{name}", self.margins.get(f".{name}"))
            if said is not None:
                return said
        return 0.0 if classes.startswith("Mso") else self.margins.get("p", PARAGRAPH)


def sheet(css: str) -> Sheet:
    """The rules outside `@media` and the like: what hides only on a phone is seen by others."""
    hidden: dict[str, bool] = {}
    preformatted: set[str] = set()
    margins: dict[str, float] = {}
    for selectors, style in _rules(css[:200_000]):
        if "margin" in style and (said := [edge for edge in _edges(style, "margin") if edge is not None]):
            margins |= dict.fromkeys(_paragraphs(selectors), _at_all(max(said)))
        if "display" in style:
            _hide(hidden, selectors, *_display(_BLANKS.sub("", style)))
        if "white-space" in style and keeps_lines(style):
            preformatted |= {name.partition(".")[2] for name in _classes(selectors)}
    return Sheet(hidden, frozenset(preformatted), margins)


def _hide(hidden: dict[str, bool], selectors: str, display: str, important: bool) -> None:
    """Note which classes a rule hides, and which it shows after all."""
    for name in _classes(selectors) if display else ():
        if display == "none":
            hidden[name] = important or hidden.get(name, False)
        elif important or not hidden.get(name, False):
            hidden.pop(name, None)


def _at_all(margin: float) -> float:
    """The margin, if it is room for a paragraph."""
    return margin if margin >= _ROOM else 0.0


def _classes(selectors: str) -> set[str]:
    found = (_SIMPLE.match(selector.strip()) for selector in selectors.split(","))
    return {match[0] for match in found if match}


def _paragraphs(selectors: str) -> list[str]:
    """Which of the selectors are for paragraphs."""
    names = [selector.strip() for selector in selectors.split(",")]
    return [name for name in names if name == "p" or (name.startswith((".", "p.")) and _SIMPLE.match(name))]


def _rules(css: str) -> list[tuple[str, str]]:
    rules: list[tuple[str, str]] = []
    position = 0
    depth = 0
    while len(rules) < _MAX_RULES:
        opening = css.find("{", position)
        if opening < 0:
            break
        selectors = css[position:opening].rpartition("*/")[2].strip().lower()
        if selectors.lstrip("} \t\r\n").startswith("@"):
            depth = 1
            position = opening + 1
            while depth and position < len(css):
                next_open, next_close = css.find("{", position), css.find("}", position)
                if next_close < 0:
                    return rules
                if 0 <= next_open < next_close:
                    depth, position = depth + 1, next_open + 1
                else:
                    depth, position = depth - 1, next_close + 1
            continue
        closing = css.find("}", opening)
        if closing < 0:
            break
        style = css[opening + 1 : closing].lower()
        rules.append((selectors.replace("<!--", "").strip(), style))
        position = closing + 1
    return rules
