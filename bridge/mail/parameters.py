"""Content-Type and Content-Disposition with their parameters, in every misuse of RFC 2045, 2047 and 2231.

`read` is linear and never fails: unclosed quotes, unquoted blanks, missing semicolons, continuations out of order,
percent-encoded characters cut in two, encoded words inside quotes, raw 8-bit names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from bridge.mail import charsets, hygiene, words

_PARAMETERS = 200
_HEAD = re.compile(rb"[^\s;,=\"]*+")
#: Comments (RFC 5322 section 3.2.2) stand between things and belong to none.
_GAP = re.compile(rb"(?:[\s;,]++|\([^()]*+\))*+")
_BEFORE = re.compile(rb"(?:[\s\"]++|\([^()]*+\))*+")
_NAME = re.compile(rb"([^\s;=\"]++)\s*+=\s*+(?:\([^()]*+\)\s*+)?+")
_SKIPPED = re.compile(rb"[^\s;]*+[\s;]?")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*+)"?', re.DOTALL)
#: A name may have quotes of its own: only one that something follows closes it.
_QUOTED_NAME = re.compile(
    rb'"((?:[^"\\]|\\.|"(?!\s{0,20}+(?:[;,(]|\Z|[A-Za-z0-9*_-]{1,40}+\s{0,5}+=)))*+)"?', re.DOTALL
)
_UNQUOTED = re.compile(rb"[^;]*+")
_APOSTROPHES = re.compile(rb"'([^'\"]*+)'(?=\s*+(?:;|\Z))")
_TOKEN = re.compile(rb"[^\s;]*+")
#: Values that may hold unquoted blanks; any other ends at one.
_FREE = ("name", "filename", "boundary")
_FILES = ("name", "filename")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}|[^%\s])++")
_SECTIONED = re.compile(r"([^*]+)\*(\d{1,6})?(\*)?")
_ESCAPED = re.compile(rb'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A head such as ``text/plain`` (lower case) and its parameters, lower-case names in order of appearance."""

    head: str
    parameters: dict[str, str]


def read(value: bytes, hint: str | None = None) -> Parameterised:
    """The parts of a structured field's unfolded value; the first of a repeated parameter counts."""
    start = _end(_BEFORE, value, 0)
    end = _end(_HEAD, value, start)
    if value[end : end + 1] == b"=" and b"/" not in value[start:end]:
        # No head at all: filename="a.pdf"
        end = start
    found, rest = value[start:end].partition(b"(")[0], value[end:]
    return Parameterised(found.decode("ascii", "replace").lower(), _joined(_raw(rest), hint))


def _raw(rest: bytes) -> list[tuple[str, bytes]]:
    pairs: list[tuple[str, bytes]] = []
    position = _end(_GAP, rest, 0)
    while position < len(rest) and len(pairs) < _PARAMETERS:
        name = _NAME.match(rest, position)
        if name is None:
            position = _end(_GAP, rest, max(_end(_SKIPPED, rest, position), position + 1))
            continue
        label = name[1].decode("latin-1").lower()
        if quoted := (_QUOTED_NAME if label in _FILES else _QUOTED).match(rest, name.end()):
            value, position = _ESCAPED.sub(rb"\1", quoted[1]), quoted.end()
        elif label in _FILES and (marked := _APOSTROPHES.match(rest, name.end())):
            value, position = marked[1], marked.end()
        else:
            position = _end(_UNQUOTED if label.startswith(_FREE) else _TOKEN, rest, name.end())
            value = rest[name.end() : position].strip()
        pairs.append((label, value))
        position = _end(_GAP, rest, position)
    return pairs


def _end(pattern: re.Pattern[bytes], content: bytes, position: int) -> int:
    found = pattern.match(content, position)
    return found.end() if found else position


def _joined(pairs: list[tuple[str, bytes]], hint: str | None) -> dict[str, str]:
    """Plain parameters decoded, and RFC 2231 sections put together; an extended value beats the plain one."""
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for name, value in pairs:
        sectioned = _SECTIONED.fullmatch(name)
        if sectioned is None:
            plain.setdefault(name, hygiene.clean(words.decode(value, hint)))
            continue
        number = int(sectioned[2] or 0)
        extended = sectioned[3] is not None or sectioned[2] is None
        sections.setdefault(sectioned[1], {}).setdefault(number, (value, extended))
    for name in _FILES:
        if "%" in plain.get(name, ""):
            plain[name] = _from_percent(plain[name])
    whole = ((name, _extended(found, hint)) for name, found in sections.items())
    return plain | {name: value for name, value in whole if value or name not in plain}


def _from_percent(name: str) -> str:
    """A name that was written as a link would have it, if that gives letters beyond ASCII and nothing else is odd in it."""
    if _PERCENT.fullmatch(name) and name.isascii():
        try:
            found = unquote_to_bytes(name).decode("utf-8")
        except UnicodeDecodeError:
            return name
        return name if found.isascii() else hygiene.clean(found)
    return name


def _extended(sections: dict[int, tuple[bytes, bool]], hint: str | None) -> str:
    charset: str | None = None
    decoded = bytearray()
    for place, number in enumerate(sorted(sections)):
        value, extended = sections[number]
        if extended and place == 0 and value.count(b"'") >= 2:
            label, _, value = value.split(b"'", 2)
            charset = label.decode("ascii", "replace")
        decoded += unquote_to_bytes(value) if extended else value
    whole = bytes(decoded)
    text = words.decode(whole, hint) if b"=?" in whole else charsets.decode(whole, charset, hint)
    return hygiene.clean(text)
