"""Which tables hold data and which hold the page together, and how data tables look in Markdown.

Linear: a table that holds another is layout at the first sight of it, so every element is looked at by one table only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Any

# fmt: off
_BLOCKS = frozenset((
    "p", "div", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "blockquote",
    "center", "br", "section", "article", "form",
))
_BIG = frozenset((
    "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "blockquote", "form",
))
#: Within a cell they are no data's, and each of them would be looked through once more with every one around it.
_GRID = ("tr", "td", "th")
#: These may be within a cell of data, if little is in it.
_LISTS = frozenset(("ul", "ol"))
# fmt: on
_MAX_LISTED = 200
_MAX_COLUMNS = 30
_MAX_ROWS = 2_000
_MAX_LINE = 160
_MAX_LONE_CELL = 70
#: Elements before a table within a cell: tables within tables are not looked through again and again.
_MAX_IN_LINE = 20
#: Columns are lined up for who reads the Markdown raw, unless that makes lines too long for it.
_MAX_PADDED = 120


#: The class of every cell in a sheet that Excel has written as HTML.
_OF_EXCEL = re.compile(r"xl\d")


class Kind(Enum):
    DATA = "data"
    LAYOUT = "layout"


def kind(element: Any) -> Kind:
    """Whether the table is data: cells in rows and columns that belong together."""
    if (element.get("role") or "").lower() in ("presentation", "none"):
        return Kind.LAYOUT
    if next(element.iterdescendants("table"), None) is not None:
        return Kind.LAYOUT
    counts: list[int] = []
    below: dict[int, int] = {}
    headed = sheet = False
    for row in element.iterdescendants("tr"):
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        if _is_broken(row, cells) or any(map(_is_page, cells)):
            return Kind.LAYOUT
        if not cells or _is_unseen(row):
            continue
        if len(counts) >= _MAX_ROWS:
            return Kind.LAYOUT
        headed = headed or all(cell.tag == "th" for cell in cells)
        sheet = sheet or any(_OF_EXCEL.match(cell.get("class") or "") for cell in cells)
        # Cells that reach down from a row above count in each row they reach.
        counts.append(sum(_span(cell) for cell in cells) + below.pop(len(counts), 0))
        for cell in cells:
            for reached in range(len(counts), len(counts) + min(50, _span(cell, "rowspan")) - 1):
                below[reached] = below.get(reached, 0) + _span(cell)
    if not counts or not 2 <= max(counts) <= _MAX_COLUMNS:
        return Kind.LAYOUT
    if max(counts) == 2 and not headed and _holds_lines(element):
        return Kind.LAYOUT
    even = sum(1 for count in counts if count == max(counts)) >= 0.7 * len(counts)
    if headed:
        return Kind.DATA if len(counts) >= 2 else Kind.LAYOUT
    if sheet or _is_bordered(element):
        return Kind.DATA if even and len(counts) >= 2 else Kind.LAYOUT
    return (
        Kind.DATA if even and max(counts) >= 3 and len(counts) >= 3 and _is_filled(element) else Kind.LAYOUT
    )


def _is_unseen(row: Any) -> bool:
    """Whether it only gives the columns their width: Excel ends its tables so, Reporting Services begins them so."""
    style = (row.get("style") or "").replace(" ", "").lower()
    return "display:none" in style or (row.get("height") or "").strip() in ("0", "0px")


def stands_on_a_line(row: Any) -> bool:
    """Whether the cells of a layout row are short enough to be read side by side."""
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    if not cells or len(cells) > 12:
        return False
    length = filled = tables = 0
    for cell in cells:
        blocks = rows = 0
        for count, inner in enumerate(cell.iterdescendants()):
            # A button or an icon stands in a table of one row.
            if inner.tag == "table" and count < _MAX_IN_LINE:
                tables += 1
                continue
            if inner.tag in _BIG or inner.tag == "br":
                return False
            blocks += inner.tag in _BLOCKS
            rows += inner.tag == "tr"
            if blocks > 1 or rows > 1:
                return False
        words = sum(len(text.strip()) for text in cell.itertext())
        length += words
        filled += words > 0 or next(cell.iterdescendants("img"), None) is not None
        if length > _MAX_LINE:
            return False
    if tables:
        return filled > 1
    return len(cells) > 1 or length <= _MAX_LONE_CELL


def _is_broken(row: Any, cells: Sequence[Any]) -> bool:
    """Whether a row holds cells, and none of them as its own."""
    return not cells and next(row.iterdescendants(*_GRID), None) is not None


def _is_page(cell: Any) -> bool:
    """Whether a cell holds what no cell of data does."""
    length = len(cell.text or "")
    lists = False
    for inner in cell.iterdescendants():
        if inner.tag in _LISTS:
            lists = True
        elif inner.tag in _BIG or inner.tag in _GRID:
            return True
        length += len(inner.text or "") + len(inner.tail or "")
    return length > (_MAX_LISTED if lists else 1_500)


def _span(cell: Any, name: str = "colspan") -> int:
    value = (cell.get(name) or "1").strip()
    return (
        max(1, min(_MAX_COLUMNS + 1, int(value)))
        if value.isascii() and value.isdigit() and len(value) < 6
        else 1
    )


def _is_bordered(element: Any) -> bool:
    border = (element.get("border") or "0").strip()
    if border not in ("0", "", "0px", "none"):
        return True
    for inner in (element, *element.iterdescendants("td")):
        style = (inner.get("style") or "").lower()
        if "border" in style and "solid" in style:
            return True
        if inner is not element:
            break  # the first cell speaks for all
    return False


def _holds_lines(element: Any) -> bool:
    """Whether a cell holds lines that a table of Markdown would run together: the message in a form that somebody filled in."""
    for cell in element.iterdescendants("td"):
        broken = any(br.tail and not br.tail.isspace() for br in cell.iterdescendants("br"))
        if broken or sum(1 for _ in cell.iterdescendants("p", "div")) > 1:
            return True
    return False


def _is_filled(element: Any) -> bool:
    """Whether nearly every cell holds a few words and none a picture: a table pasted without its borders."""
    filled = cells = 0
    for cell in element.iterdescendants("td"):
        if _is_unseen(cell.getparent()):
            continue
        cells += 1
        if next(cell.iterdescendants("img"), None) is not None:
            return False
        length = sum(len(text.strip()) for text in cell.itertext())
        if length > 80:
            return False
        filled += length > 0
    return filled >= 0.7 * cells


_ESCAPED_PIPE = re.compile(r"(?<!\\)\|")
#: Text, and how many columns and rows it spans.
Cell = tuple[str, int, int]
#: Cells, and whether they are the head.
Row = tuple[Sequence[Cell], bool]


def render(rows: Sequence[Row]) -> str:
    """The rows as a table of Markdown, or several with their titles above them; "" when nothing is in them."""
    blocks: list[str] = []
    start = 0
    for place in range(len(rows)):
        if title := _title(rows, place):
            blocks += (_table(rows[start:place]), title)
            start = place + 1
    return "\n\n".join(filter(None, (*blocks, _table(rows[start:]))))


def _title(rows: Sequence[Row], place: int) -> str:
    """What stands across the whole table above the heads of columns; "" where the row is no such title."""
    (text, across, down), *others = rows[place][0]
    if across < 2 or down > 1 or others or place + 1 == len(rows):
        return ""
    below, is_head = rows[place + 1]
    heads = [head for head, _, _ in below if head]
    fits = sum(span for _, span, _ in below) <= across and len(heads) > 1
    return text if fits and (is_head or all(map(_is_bold, heads))) else ""


def _table(rows: Sequence[Row]) -> str:
    grid = _grid(rows)
    if not grid:
        return ""
    if rows[0][1] or _reads_like_a_head(grid):
        head, body = [_unbold(text) for text in grid[0]], grid[1:]
    else:
        head, body = [""] * len(grid[0]), grid
    widths = [max(3, *(len(row[column]) for row in [head, *body])) for column in range(len(head))]
    if sum(widths) + 3 * len(widths) > _MAX_PADDED:
        widths = [3] * len(widths)
    lines = [_line(head, widths), "| " + " | ".join("-" * width for width in widths) + " |"]
    lines += [_line(row, widths) for row in body]
    return "\n".join(lines)


def _grid(rows: Sequence[Row]) -> list[list[str]]:
    grid: list[list[str]] = []
    below: dict[int, int] = {}
    for cells, _ in rows:
        row: list[str] = []
        waiting = list(cells)
        while (waiting or below.get(len(row), 0) > 0) and len(row) < _MAX_COLUMNS:
            column = len(row)
            if below.get(column, 0) > 0:
                below[column] -= 1
                row.append("")
                continue
            text, across, down = waiting.pop(0)
            row += [_ESCAPED_PIPE.sub(r"\\|", text)] + [""] * (across - 1)
            for covered in range(column, column + across):
                below[covered] = down - 1
        grid.append(row[:_MAX_COLUMNS])
    grid = [row for row in grid if any(row)]
    width = max(map(len, grid), default=0)
    padded = [row + [""] * (width - len(row)) for row in grid]
    used = [column for column in range(width) if any(row[column] for row in padded)]
    return [[row[column] for column in used] for row in padded]


def _reads_like_a_head(grid: Sequence[Sequence[str]]) -> bool:
    first, rest = grid[0], grid[1:]
    filled = [text for text in first if text]
    if not rest or len(filled) < 2:
        return False
    if all(map(_is_bold, filled)):
        return True
    if all(_is_bold(row[0]) or row[0].endswith(":") for row in grid):
        return False  # each row bears its own label: a form that somebody filled in
    if len(first) > 2 and len(first) - len(filled) <= 1:
        if not first[0] and all(row[0] for row in rest):
            return True
        if not any(map(_is_number, filled)) and any(map(_is_of_numbers, zip(*rest, strict=True))):
            return True
    said = len(filled) == len(first) and len(grid) > 2
    return said and not any(character.isdigit() for text in first for character in text)


_NUMBER = re.compile(r"\W{0,3}\d[\d.,:/' \xa0-]*(?:%|€|[^\W\d]{1,3})?\W{0,2}")


def _is_number(text: str) -> bool:
    """Whether it is a figure, an amount, a date."""
    return _NUMBER.fullmatch(text) is not None


def _is_of_numbers(column: Sequence[str]) -> bool:
    filled = [text for text in column if text]
    return bool(filled) and all(map(_is_number, filled))


def _is_bold(text: str) -> bool:
    return text.startswith("**") and text.endswith("**")


def _unbold(text: str) -> str:
    inner = text[2:-2]
    return inner if text.startswith("**") and text.endswith("**") and "**" not in inner and inner else text


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
