"""Plain text as Markdown that shows it as it was written.

Rendered, it gives the same words on the same lines; raw, it reads like the mail. Lines end in hard breaks, indentation and
columns hold by no-break spaces, drawn tables stand in a fence, `>` quotes are quotes. Total and linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bridge.compose import elements, escape
from bridge.compose.trim import Trimmer
from bridge.compose.words import unescape

_NBSP = "\u00a0"
_MAX_QUOTE_DEPTH = 12
_TAB = 8
#: A run of blanks longer than any column is cut: a megabyte of them is an attack, not a layout.
_MAX_BLANKS = 120
#: Sheets of paper have had 132 columns; a longer line is prose behind a label, which no fence would wrap.
_MAX_ALIGNED = 132

_QUOTE = re.compile(r" ?((?:>[ ]?)+)")
_LONG_BLANKS = re.compile(rf"[ \t]{{{_MAX_BLANKS},}}")
_GAP = re.compile(r" {2,}")
_WIDE_GAP = re.compile(r"(?<=\S) {3,}(?=\S)")
#: A word behind a gap: numbers of one column end below each other.
_BEHIND_GAP = re.compile(r"(?<=\S) {2,}(\S+)")
_DRAWN_RULE = re.compile(r"[ \t]*+(?=[-=+|: ]*+\Z).*?(?:-{3}|={3})|[ \t]*+_{3}[_ ]*+\Z")
#: `----  ------  ---` below the heads of columns.
_RULED_COLUMNS = re.compile(r" *(?:-{2,}|={2,})(?: +(?:-{2,}|={2,}))+\Z")
#: What stands in code and in no address or list.
_CODE = re.compile(r"[={}]|;\Z|\w\([^()]{0,80}\)[:;]?\Z|</|\$[\w({]|^ *[$#] \S")
_BOX = re.compile(r"[\u2500-\u257f]")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Neighbouring lines of one quote depth; `after_gap` where an empty line of depth `gap_depth` stood before it."""

    depth: int
    lines: tuple[str, ...]
    gap_depth: int


def to_markdown(text: str) -> str:
    """The text as Markdown; "" when nothing is in it."""
    lines = _LONG_BLANKS.sub(" " * _MAX_BLANKS, text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    lines = _undoubled([line.expandtabs(_TAB).rstrip(" ") for line in lines])
    out: list[str] = []
    depth_before = 0
    for paragraph in _paragraphs(lines):
        if out:
            out.append(">" * min(depth_before, paragraph.depth, paragraph.gap_depth))
        prefix = ">" * paragraph.depth + " " if paragraph.depth else ""
        out += [prefix + line for line in _shown(paragraph.lines)]
        depth_before = paragraph.depth
    return "\n".join(out)


def trimmed(text: str, trimmer: Trimmer) -> str:
    """The same for what the trimmer leaves of the text."""
    kept, gone = trimmer.text(text)
    if gone:
        trimmer.quoted.append(to_markdown(gone))
    return to_markdown(kept)


def _undoubled(lines: list[str]) -> list[str]:
    """Outlook doubles every line end of its text part: then each line is followed by an empty one, each empty one by three."""
    runs: list[int] = []
    empty = 0
    for line in lines:
        if line:
            runs.append(empty)
            empty = 0
        else:
            empty += 1
    between = runs[1:]
    if len(between) < 4 or sum(run >= 3 for run in between) < 2 or any(run % 2 == 0 for run in between):
        return lines
    kept: list[str] = []
    empty = 0
    for line in lines:
        if line:
            if kept:
                kept += [""] * ((empty - 1) // 2)
            kept.append(line)
            empty = 0
        else:
            empty += 1
    return kept


def _paragraphs(lines: Sequence[str]) -> Iterator[_Paragraph]:
    split = [_split_quote(line) for line in lines]
    depths = {depth for depth, _ in split}
    prompts = 3 in depths and not depths & {
        1,
        2,
    }  # ">>> " of an interpreter, not a quote of a quote of a quote
    current: list[str] = []
    depth = gap_depth = _MAX_QUOTE_DEPTH
    for line, (line_depth, words) in zip(lines, split, strict=True):
        here, content = (0, line) if prompts else (line_depth, words)
        if not content.strip():
            if current:
                yield _Paragraph(depth, tuple(current), gap_depth)
                current = []
                gap_depth = _MAX_QUOTE_DEPTH
            gap_depth = min(gap_depth, here)
            continue
        if current and here == depth + 1 and _closes_address(current[-1], content):
            here, content = depth, "> " + content
        if current and here != depth:
            yield _Paragraph(depth, tuple(current), gap_depth)
            current = []
            gap_depth = _MAX_QUOTE_DEPTH
        depth = here
        current.append(content)
    if current:
        yield _Paragraph(depth, tuple(current), gap_depth)


def _closes_address(before: str, words: str) -> bool:
    """Whether the line is the end of `On Monday Ann <ann@example.com` / `> wrote:`, which a client wrapped there."""
    return before.rfind("<") > before.rfind(">") and len(words) < 60 and words.rstrip().endswith((":", "："))


def _split_quote(line: str) -> tuple[int, str]:
    match = _QUOTE.match(line)
    if match is None:
        return 0, line
    depth = match[1].count(">")
    return min(depth, _MAX_QUOTE_DEPTH), line[match.end() :]


def _shown(lines: Sequence[str]) -> list[str]:
    """One paragraph as the lines of Markdown that show it."""
    if _is_drawing(lines):
        return fenced("\n".join(lines)).split("\n")
    out = []
    escaped_lines = escape.inline("\n".join(lines)).split("\n")
    for number, (raw, escaped) in enumerate(zip(lines, escaped_lines, strict=True)):
        words = escaped.lstrip(" ")
        indent = len(escaped) - len(words)
        if not indent:
            words = escape.line(words, opens=number == 0)
        if "  " in raw:
            words = _GAP.sub(lambda gap: _NBSP * (len(gap[0]) - 1) + " ", words)
        out.append(_NBSP * indent + words)
    return [line + "  " for line in out[:-1]] + out[-1:]


def _is_drawing(lines: Sequence[str]) -> bool:
    """Whether only a fixed pitch keeps these lines readable: drawn or aligned tables, indented code."""
    if len(lines) < 2 or any("://" in line for line in lines):
        return False
    rules = sum(1 for line in lines if _DRAWN_RULE.match(line))
    drawn = sum(1 for line in lines if "|" in line or _BOX.search(line))
    if drawn and (rules or any(_BOX.search(line) for line in lines)) and drawn + rules >= 3:
        return True
    if all(line.startswith("    ") for line in lines):
        return max(map(len, lines)) <= 120 and any(_CODE.search(line) for line in lines)
    if len(lines) < 3:
        return False
    if any(_RULED_COLUMNS.match(line) for line in lines):
        return True
    if max(map(len, lines)) > _MAX_ALIGNED:
        return False
    worded = [line for line in lines if not _DRAWN_RULE.match(line)]
    begins = [{gap.end() for gap in _WIDE_GAP.finditer(line)} for line in worded]
    ends = [{word.end() for word in _BEHIND_GAP.finditer(line)} for line in worded]
    pairs = zip(pairwise(begins), pairwise(ends), strict=True)
    aligned = sum(1 for (left, below), (right, under) in pairs if left & below or len(right & under) > 1)
    return len(worded) > 2 and aligned >= (len(worded) - 1) * (0.5 if rules else 0.8)


def fenced(text: str) -> str:
    """The text in a fence that nothing within it can close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


# -- HTML that could not be converted --------------------------------------------------------------

# fmt: off
_LINE_TAGS = frozenset((
    "br", "p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote",
    "hr", "pre", "section", "article", "header", "footer", "dt", "dd",
))
# fmt: on
_SILENT_TAGS = frozenset(("style", "script", "title", "head", "template"))
_TAG_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9:]{0,30})")


#: Characters of words, or ends of lines, that are read of HTML with the mail as it came beside them. Measured, 5 MB of `<li>a`:
#: 10 s of CPU and 660 MB.
_MAX_BROKEN = 500_000


def from_broken_html(source: str) -> str:
    """The words of HTML that no converter could take, by stripping its tags in one linear pass; the first of very many."""
    words: list[str] = []
    position = said = 0
    unclosed: set[str] = set()
    while (start := source.find("<", position)) >= 0 and said < _MAX_BROKEN:
        words.append(source[position:start])
        said += start - position + 1
        if source.startswith("<!--", start):
            end = source.find("-->", start + 4)
            position = len(source) if end < 0 else end + 3
            continue
        name = _TAG_NAME.match(source, start + 1)
        if name is None and not source.startswith(("<!", "<?"), start):
            words.append("<")
            position = start + 1
            continue
        end = source.find(">", start)
        if end < 0:
            position = start
            break
        position = end + 1
        tag = name[1].lower() if name else ""
        if tag in _SILENT_TAGS and source[start + 1] != "/" and tag not in unclosed:
            if (closing := _find_closing(source, tag, position)) >= 0:
                position = closing
            else:
                unclosed.add(tag)  # never search to the end for it again
        elif tag in _LINE_TAGS:
            words.append("\n")
    words.append(source[position:])
    text = elements.seen(unescape("".join(words)[:_MAX_BROKEN]))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return to_markdown("\n".join(lines))


def _find_closing(source: str, tag: str, position: int) -> int:
    match = re.compile(f"</{tag}", re.IGNORECASE).search(source, position)
    return match.start() if match else -1
