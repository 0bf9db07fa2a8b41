"""Rich text as Outlook sends it: LZFu undone, and the HTML or the plain words within it (MS-OXRTFCP, MS-OXRTFEX).

One pass over tokens with a bounded stack of groups. Never fails; what is broken ends the text where it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from bridge.mail import charsets, hygiene
from bridge.mail.pieces import Pieces

#: Rich text after decompression; the rest is cut.
MOST_BYTES = 2 * 1024 * 1024
#: Each costs a step of Python; Outlook's own text has one in about ten bytes.
_TOKENS = 500_000
_DEPTH = 500
_FONTS = 2_000

_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par "
    rb"\pard\plain\f0\fs20\b\i\u\tab\tx"
)


def decompressed(packed: bytes, limit: int = MOST_BYTES) -> bytes:
    """The rich text, at most `limit` bytes of it; empty where it is none."""
    magic = packed[8:12]
    if magic == b"MELA":
        return packed[16 : 16 + limit]
    if magic != b"LZFu":
        return b""
    size = min(int.from_bytes(packed[4:8], "little"), limit)
    out = bytearray(_DICTIONARY)
    wanted = len(out) + size
    position, end = 16, len(packed)
    while position < end and len(out) < wanted:
        flags = packed[position]
        position += 1
        if flags == 0:
            out += packed[position : position + 8]
            position += 8
            continue
        for bit in range(8):
            if not flags >> bit & 1:
                out += packed[position : position + 1]
                position += 1
                continue
            if position + 2 > end:
                return bytes(out[len(_DICTIONARY) : wanted])
            reference = packed[position] << 8 | packed[position + 1]
            position += 2
            back = (len(out) - (reference >> 4)) % 4096
            if back == 0 or back > len(out):
                # A reference to where the next byte goes is the end mark.
                return bytes(out[len(_DICTIONARY) : wanted])
            length = (reference & 15) + 2
            start = len(out) - back
            run = bytes(out[start : start + length])
            out += (run * (length // len(run) + 1))[:length]
    return bytes(out[len(_DICTIONARY) : wanted])


@dataclass(frozen=True, slots=True)
class Read:
    """One of both: HTML where the rich text was made of it, else the words."""

    text: str | None = None
    html: str | None = None


_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\",
    re.DOTALL,
)
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer headerl headerr footerl footerr filetbl listtable "
    b"listoverridetable revtbl rsidtbl themedata colorschememapping datastore latentstyles xmlnstbl mhtmltag bkmkstart "
    b"bkmkend objdata objclass".split()
)
_BREAKS = frozenset(b"par line row sect page".split())
_CHARACTERS = {
    b"tab": "\t",
    b"cell": "\t",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"lquote": "\u2018",
    b"rquote": "\u2019",
    b"ldblquote": "\u201c",
    b"rdblquote": "\u201d",
    b"bullet": "\u2022",
    b"emspace": "\u2003",
    b"enspace": "\u2002",
}
_SYMBOLS = {b"~": "\u00a0", b"_": "\u2011", b"{": "{", b"}": "}", b"\\": "\\", b"\n": "\n", b"\r": "\n"}
_CODEPAGES = {
    128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256,
    186: 1257, 204: 1251, 222: 874, 238: 1250, 255: 437,
}  # fmt: skip
_LINK = re.compile(r'HYPERLINK\s{1,10}(?:\\[a-z]\s{1,10})?"([^"\s]{1,2000})"')


@dataclass(slots=True)
class _Group:
    """What holds within one pair of braces."""

    skipped: bool = False
    #: Within a fragment of the HTML that the rich text was made of.
    tag: bool = False
    #: Between \htmlrtf and \htmlrtf0: made for readers of rich text alone.
    shadow: bool = False
    #: How many characters stand in for one \u.
    substitutes: int = 1
    font: int = 0
    #: Within the table of fonts.
    fonts: bool = False
    #: Within the instruction of a field, and where the field's own words began.
    instruction: bool = False
    opened_at: int = -1

    def within(self) -> _Group:
        """What holds at the start of a group in this one."""
        return _Group(
            self.skipped, self.tag, self.shadow, self.substitutes, self.font, self.fonts, self.instruction
        )


@dataclass(slots=True)
class _Reader:
    html: bool
    codepage: int = 1252
    group: _Group = field(default_factory=_Group)
    stack: list[_Group] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    #: What comes before the first field, which is the first to look back at what it says.
    settled: Pieces = field(default_factory=Pieces)
    looks_back: bool = False
    pending: bytearray = field(default_factory=bytearray)
    instruction: list[str] = field(default_factory=list)
    fonts: dict[int, int] = field(default_factory=dict)
    #: Characters still to be dropped behind a \u.
    dropped: int = 0
    #: High half of a character beyond the first plane.
    high: int = 0
    starred: bool = False
    lost: int = 0

    def run(self, source: bytes) -> str:
        for token in islice(_TOKEN.finditer(source), _TOKENS):
            word, number, byte, symbol, brace, text = token.groups()
            if text is not None:
                self.raw(text)
            elif byte is not None:
                self.byte(int(byte, 16))
            elif word is not None:
                self.settle()
                self.word(word, None if number is None else int(number))
            elif brace is not None:
                self.settle()
                self.opening() if brace == b"{" else self.closing()
            elif symbol is not None:
                self.settle()
                self.symbol(symbol)
        self.settle()
        return self.settled.taken() + "".join(self.out)

    # -- characters --

    def raw(self, text: bytes) -> None:
        if self.dropped:
            taken = min(self.dropped, len(text))
            self.dropped -= taken
            text = text[taken:]
        self.pending += text

    def byte(self, value: int) -> None:
        if self.dropped:
            self.dropped -= 1
        else:
            self.pending.append(value)

    def settle(self) -> None:
        """Decode the bytes so far: those of one character may stand in several tokens."""
        if not self.pending:
            return
        codepage = _CODEPAGES.get(self.fonts.get(self.group.font, 0), self.codepage)
        taken = bytes(self.pending)
        self.pending.clear()
        self.say(taken.decode("ascii") if taken.isascii() else charsets.decode(taken, label(codepage)))

    def say(self, text: str) -> None:
        if self.group.instruction and len(self.instruction) < 100:
            self.instruction.append(text)
        elif not self.group.skipped and (self.group.tag or not self.group.shadow):
            if self.looks_back:
                self.out.append(text)
            else:
                self.settled.add(text)

    def symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self.starred = True
        elif self.dropped:
            self.dropped -= 1
        elif symbol in _SYMBOLS:
            self.say(_SYMBOLS[symbol])

    # -- groups --

    def opening(self) -> None:
        self.dropped = 0
        if len(self.stack) >= _DEPTH:
            self.lost += 1
            return
        self.stack.append(self.group)
        self.group = self.group.within()

    def closing(self) -> None:
        self.dropped = 0
        if self.lost:
            self.lost -= 1
        elif self.stack:
            if self.group.opened_at >= 0:
                self.point(self.group.opened_at)
            self.group = self.stack.pop()

    def point(self, opened_at: int) -> None:
        """Say where a link leads if its words do not."""
        link = _LINK.search("".join(self.instruction))
        self.instruction.clear()
        if link and link[1].removeprefix("mailto:") not in "".join(self.out[opened_at:]):
            self.out.append(f" <{link[1]}>")

    # -- control words --

    def word(self, word: bytes, number: int | None) -> None:
        starred, self.starred = self.starred, False
        if word == b"u" and number is not None:
            # Signed and of two bytes by the book; some programs write the whole number.
            self.unicode(number if 0xFFFF < number <= 0x10FFFF else number & 0xFFFF)
            return
        self.dropped = 0
        if self.state(word, number):
            return
        if word in _SKIPPED or (starred and not self.destination(word)):
            self.group.skipped = True
        elif word in _BREAKS:
            self.say("\n")
        elif word in _CHARACTERS:
            self.say(_CHARACTERS[word])

    def destination(self, word: bytes) -> bool:
        """Whether a group that other readers may skip is read here."""
        if word == b"htmltag":
            self.group.tag = self.html
            return self.html
        if word == b"fldinst":
            self.group.instruction = not self.html
            return not self.html
        return False

    def state(self, word: bytes, number: int | None) -> bool:
        """Take in a word that says how to read on."""
        group = self.group
        match word:
            case b"htmlrtf":
                group.shadow = self.html and number != 0
            case b"uc":
                group.substitutes = min(max(number or 0, 0), 10)
            case b"f":
                group.font = number or 0
            case b"fcharset" if group.fonts:
                if len(self.fonts) < _FONTS:
                    self.fonts[group.font] = number or 0
            case b"fonttbl":
                group.skipped = group.fonts = True
            case b"ansicpg":
                self.codepage = number or 1252
            case b"field" if not self.html:
                group.opened_at = len(self.out)
                self.looks_back = True
                self.instruction.clear()
            case b"bin":
                group.skipped = True
            case _:
                return False
        return True

    def unicode(self, unit: int) -> None:
        self.dropped = self.group.substitutes
        if 0xD800 <= unit < 0xDC00:
            self.high = unit
        elif 0xDC00 <= unit < 0xE000 and self.high:
            self.say(chr(0x10000 + (self.high - 0xD800 << 10) + unit - 0xDC00))
            self.high = 0
        elif not 0xDC00 <= unit < 0xE000:
            self.say(chr(unit))


def read(source: bytes) -> Read:
    """The HTML that the rich text was made of, else its words."""
    source = source[:MOST_BYTES]
    if source.lstrip()[:5] != b"{\\rtf":
        return Read()
    html = b"\\fromhtml1" in source[:4_096]
    found = hygiene.clean(_Reader(html).run(source))
    if not found.strip():
        return Read()
    return Read(html=found) if html else Read(text=found.strip("\n") + "\n")


def label(codepage: int) -> str:
    """The charset's name for a code page of Windows."""
    known = {65001: "utf-8", 65000: "utf-7", 20127: "ascii", 20866: "koi8-r", 21866: "koi8-u", 1200: "utf-16le",
             51932: "euc-jp", 51949: "euc-kr", 50220: "iso-2022-jp", 50221: "iso-2022-jp", 50222: "iso-2022-jp",
             50225: "iso-2022-kr", 52936: "hz", 54936: "gb18030", 1361: "johab", 10000: "macintosh"}  # fmt: skip
    if 28591 <= codepage <= 28605:
        return f"iso-8859-{codepage - 28590}"
    return known.get(codepage, f"cp{codepage}")
