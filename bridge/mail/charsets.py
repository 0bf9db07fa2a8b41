"""Bytes to text whatever the mail says of them: declared charset, UTF-8, a hint, a guess, cp1252.

`decode` always answers. A label is looked up in a closed table and never handed to `codecs.lookup`: Python would decode
base64 or rot13 on a sender's word, and remember every unknown label for the life of the process. Where a charset has a
superset that real mailers mean by it (iso-8859-1 → cp1252, gb2312 → gb18030), the superset is used.
"""

from __future__ import annotations

import re
from codecs import register_error
from encodings.aliases import aliases
from itertools import islice

from bridge.mail import guess

_NAMES = """
ascii utf_8 utf_7 utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le cp037 cp273 cp437 cp500
cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866
cp869 cp874 cp875 cp932 cp949 cp950 cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253
cp1254 cp1255 cp1256 cp1257 cp1258 latin_1 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6
iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16
iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_3 iso2022_jp_2004 iso2022_jp_ext iso2022_kr big5
big5hkscs gb2312 gbk gb18030 hz johab euc_jp euc_jis_2004 euc_jisx0213 euc_kr shift_jis
shift_jis_2004 shift_jisx0213 koi8_r koi8_t koi8_u kz1048 ptcp154 mac_roman mac_latin2
mac_cyrillic mac_greek mac_turkish mac_iceland tis_620 hp_roman8
"""
_CODECS = frozenset(_NAMES.split())
#: What real mailers mean, best first.
_SUPERSETS = {
    "latin_1": ("cp1252",),
    "iso8859_8": ("iso8859_8", "cp1255"),
    "iso8859_9": ("cp1254",),
    "iso8859_11": ("cp874",),
    "tis_620": ("cp874",),
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "euc_kr": ("cp949",),
    "big5": ("cp950", "big5hkscs"),
    "big5hkscs": ("big5hkscs", "cp950"),
    "cp950": ("cp950", "big5hkscs"),
    "shift_jis": ("cp932", "shift_jis_2004"),
    "euc_jp": ("euc_jp", "euc_jis_2004"),
    "utf_16": ("utf_16",),
}
_EXTRA_LABELS = {
    "utf8mb4": "utf_8",
    "xutf8": "utf_8",
    "unicode11utf7": "utf_7",
    "unicode11utf8": "utf_8",
    "csunicode11utf7": "utf_7",
    "unicode": "utf_16",
    "csunicode": "utf_16",
    "ucs2": "utf_16",
    "iso10646ucs2": "utf_16",
    "ansi": "cp1252",
    "ansix341968": "ascii",
    "iso646us": "ascii",
    "latin1": "latin_1",
    "iso88598i": "iso8859_8",
    "iso88598e": "iso8859_8",
    "iso88596i": "iso8859_6",
    "iso88596e": "iso8859_6",
    "ksc56011987": "euc_kr",
    "ksc5601": "euc_kr",
    "xwindows949": "cp949",
    "uhc": "cp949",
    "xeuckr": "euc_kr",
    "xgbk": "gbk",
    "xgb": "gbk",
    "cngb": "gb2312",
    "gb": "gb2312",
    "gb231280": "gb2312",
    "xgb231280": "gb2312",
    "hzgb2312": "hz",
    "cnbig5": "big5",
    "xxbig5": "big5",
    "big5eten": "big5",
    "big5uao": "big5",
    "xbig5": "big5",
    "euctw": "big5",
    "xsjis": "shift_jis",
    "sjis": "shift_jis",
    "mskanji": "shift_jis",
    "xmscp932": "shift_jis",
    "windows31j": "shift_jis",
    "cswindows31j": "shift_jis",
    "xeucjp": "euc_jp",
    "xeuc": "euc_jp",
    "eucjpms": "euc_jp",
    "xeucjpms": "euc_jp",
    "cp51932": "euc_jp",
    "jis": "iso2022_jp",
    "iso2022jpms": "iso2022_jp",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "cp50222": "iso2022_jp",
    "koi8": "koi8_r",
    "koi": "koi8_r",
    "koi8ru": "koi8_u",
    "macintosh": "mac_roman",
    "mac": "mac_roman",
    "xmacroman": "mac_roman",
    "xmaccyrillic": "mac_cyrillic",
    "xmacce": "mac_latin2",
    "xmaccentraleurroman": "mac_latin2",
    "maccentraleurope": "mac_latin2",
    "xmacgreek": "mac_greek",
    "xmacturkish": "mac_turkish",
    "visual": "iso8859_8",
    "logical": "iso8859_8",
}
#: Where a charset of Unix has no characters (0x80 to 0x9F), the one of Windows that is meant.
_WINDOWS = {
    "iso8859_2": "cp1250",
    "iso8859_4": "cp1257",
    "iso8859_5": "cp1251",
    "iso8859_6": "cp1256",
    "iso8859_7": "cp1253",
    "iso8859_13": "cp1257",
}
_UPPER_CONTROL = re.compile(rb"[\x80-\x84\x86-\x9f]")
#: What KOI8-R has for corners of tables are letters of Ukrainian in KOI8-U: they are where they touch a letter.
_UKRAINIAN = re.compile(
    rb"[\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd][\xc0-\xff]|[\xc0-\xff][\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd]"
)
_MULTIBYTE = re.compile(r"utf|iso2022|gb|hz|big5|euc|shift|cp9(?:32|49|50)|johab")
_SEVEN_BIT = frozenset({"utf_7", "hz"})
_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_SAMPLE_CHARS = 20_000
#: Declared so, a text has no zero bytes of its own.
_WITHOUT_ZEROS = frozenset({"ascii", "utf_8", "cp1252"})
_JIS = "iso2022_jp"
_JIS_ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\([DOPQ]|\([BIJHA]|\.[AF]|\$A)")
#: Stands once, at the start of a line, and the letters behind it between shifts.
_KOREAN = b"\x1b$)C"
_MOST_ESCAPES = 100_000
_MOST_LONE = 10_000
#: Characters of UTF-8.
_WHOLE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_GUESSED_BYTES = 64 * 1024
_BEYOND_LATIN = re.compile("[\u0250-\u1dff\u2c00-\ufffc]")
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
_PREFIXED = re.compile(r"(?:cp|windows|win|ibm|ms|xcp|xwindows|dos|oem)(\d{3,4})")


def _table() -> dict[str, str]:
    table = {codec.replace("_", ""): codec for codec in _CODECS}
    table |= {alias.replace("_", ""): codec for alias, codec in aliases.items() if codec in _CODECS}
    return table | _EXTRA_LABELS


_LABELS = _table()


def codecs_for(label: str | None) -> tuple[str, ...]:
    """The Python codecs to try for a charset label, best first; empty for a label that names no charset of text."""
    if not label:
        return ()
    key = _NOT_ALNUM.sub("", label[:80].lower().split(";")[0].split("*")[0].removeprefix("charset="))
    codec = _LABELS.get(key)
    if codec is None and (numbered := _PREFIXED.fullmatch(key)):
        codec = _LABELS.get("cp" + numbered[1])
    if codec is None and key.startswith(("iso8859", "8859", "iso88591", "latin")):
        codec = _LABELS.get("iso8859" + key.removeprefix("iso").removeprefix("8859"), "latin_1")
    if codec is None:
        return ()
    return _SUPERSETS.get(codec, (codec,))


def decode(content: bytes, declared: str | None = None, hint: str | None = None) -> str:
    """The text of `content`, never failing: what cannot be read by any charset of the chain becomes U+FFFD.

    `hint` is a charset named elsewhere (an HTML meta tag, the mail's own body) that is believed after UTF-8.
    """
    codecs = codecs_for(declared)
    if content.isascii() and not (codecs and codecs[0] in _SEVEN_BIT) and b"\0" not in content:
        return _jis(content) if b"\x1b" in content else content.decode("ascii")
    if (text := _by_mark(content)) is not None:
        return text
    if codecs and codecs[0].startswith("utf_16"):
        codecs = _utf_16(content, codecs)
    if (codecs[:1] or ("ascii",))[0] in _WITHOUT_ZEROS and (order := _order_of_utf_16(content)):
        return content.decode(order, "replace")
    # Other charsets accept nearly any bytes, and valid UTF-8 of some length is no accident: it is asked first.
    # Escapes of JIS are none either, and the footer that a gateway puts below them may well be UTF-8.
    declared_first = (
        codecs
        and _MULTIBYTE.match(codecs[0])
        and (codecs[0] == "utf_8" or codecs[0].startswith(_JIS) or not _surely_utf_8(content))
    )
    trial = codecs if declared_first else ("utf_8", *codecs)
    for codec in (*trial, "utf_8", *codecs_for(hint)):
        if (read := _strictly(content, codec)) is not None:
            return read if codec == "utf_8" else _unless_foreign(content, codec, read)
    return _roughly(content, codecs)


def guessed(content: bytes) -> str | None:
    """The charset of the beginning of a text that names none; None where that is ASCII, UTF-8 or cannot be told."""
    # The last character may be cut.
    in_utf_8 = content.isascii() or content.decode("utf_8", "replace").count("\ufffd") <= 1
    return None if in_utf_8 else guess.any_letters(content)


def _surely_utf_8(content: bytes) -> bool:
    """Whether these bytes are UTF-8 whatever else they are called: a few characters could be by chance, many are not."""
    if content.isascii() or (text := _strictly(content, "utf_8")) is None:
        return False
    foreign = [char for char in text[:_SAMPLE_CHARS] if not char.isascii()]
    return len(foreign) >= 8 or sum(char >= "\u0800" for char in foreign) >= 2


def _unless_foreign(content: bytes, codec: str, read: str) -> str:
    """What was read, unless it is foreign: all the world's letters are called Latin-1, and Russian by its other charset."""
    found = guess.script(content) if codec == "cp1252" else guess.instead(content, codec)
    return content.decode(found, "replace") if found else read


def _strictly(content: bytes, codec: str) -> str | None:
    if codec.startswith(_JIS):
        return _jis(content) if content.isascii() or _JIS_ESCAPE.search(content) else None
    if codec in _WINDOWS and _UPPER_CONTROL.search(content):
        codec = _WINDOWS[codec]
    elif codec == "koi8_r" and _UKRAINIAN.search(content):
        codec = "koi8_u"
    try:
        return content.decode(codec)
    except (UnicodeError, ValueError):
        return _from_halves(content) if codec == "utf_8" else None


def _from_halves(content: bytes) -> str | None:
    """UTF-8 in which characters beyond the first plane stand as two (CESU-8), as some databases and Java write them."""
    if _HALF.search(content) is None:
        return None
    try:
        halves = content.decode("utf_8", "surrogatepass")
    except UnicodeError:
        return None
    return halves.encode("utf_16_le", "surrogatepass").decode("utf_16_le", "replace")


def _roughly(content: bytes, codecs: tuple[str, ...]) -> str:
    """The first reading that is nearly right, else that of a guess, else cp1252."""
    declared = codecs[0] if codecs else "ascii"
    in_utf_8 = False
    for codec in (*codecs[:1], "utf_8"):
        if _MULTIBYTE.match(codec) or codec == "cp1252":
            text = content.decode(codec, "replace")
            sample = text[:_SAMPLE_CHARS]
            broken = sample.count("\ufffd")
            foreign = sum(not char.isascii() for char in sample)
            # Each costs a step of Python.
            mended = (
                codec == "utf_8" and text.count("\ufffd") <= _MOST_LONE and not _BEYOND_LATIN.search(text)
            )
            # Whole sequences of UTF-8 are no accident, however many bytes between them are none.
            if broken * 20 <= foreign or (codec == "utf_8" and broken * 2 <= foreign):
                return content.decode(codec, _LONE) if mended else _unless_foreign(content, codec, text)
            in_utf_8 = in_utf_8 or (mended and declared == "utf_8" and broken < foreign)
    if in_utf_8 and not guess.script(_WHOLE.sub(b"", content[:_GUESSED_BYTES])):
        return content.decode("utf_8", _LONE)
    if declared != "ascii" and not _MULTIBYTE.match(declared):
        return content.decode(guess.script(content) or declared, "replace")
    return content.decode(guess.any_letters(content) or "cp1252", "replace")


def _by_mark(content: bytes) -> str | None:
    if content.startswith(b"\xef\xbb\xbf"):
        return _strictly(content[3:], "utf_8")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" in content[:4096]:
        return content.decode("utf_16", "replace")
    return None


def _order_of_utf_16(content: bytes) -> str | None:
    """The byte order of a text that is UTF-16 though it does not say so: zeros in every other place, and hardly elsewhere."""
    sample = content[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if len(sample) < 8 or max(even, odd) * 4 < len(sample) or min(even, odd) * 20 > max(even, odd):
        return None
    return "utf_16_be" if even > odd else "utf_16_le"


def _utf_16(content: bytes, codecs: tuple[str, ...]) -> tuple[str, ...]:
    """The byte order by where the zeros are; no UTF-16 at all without any."""
    sample = content[:4096]
    if b"\0" not in sample:
        return ()
    if codecs[0] != "utf_16":
        return codecs
    return ("utf_16_be",) if sample[::2].count(0) >= sample[1::2].count(0) else ("utf_16_le",)


def _lone(error: UnicodeError) -> tuple[str, int]:
    """A single byte among UTF-8 that is a letter or mark of cp1252: a template in one, what was filled in in the other."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    content, start, end = error.object, error.start, error.end
    beside = content[end : end + 1]
    # A cut-off sequence ends in the middle of one: what goes on, or was begun before, is no single byte.
    alone = end - start == 1 and beside and not 0x80 <= beside[0] < 0xC0
    if alone and (content[start] >= 0xC0 or start == 0 or content[start - 1] < 0x80):
        return content[start:end].decode("cp1252", "replace"), end
    return "\ufffd", end


_LONE = "reamaze-bridge-lone-byte"
register_error(_LONE, _lone)


def _jis(content: bytes) -> str:
    """ISO-2022-JP as it is sent: with the vendors' rows, which Python's codec refuses and cp932 knows."""
    if content.startswith(_KOREAN) or b"\n" + _KOREAN in content:
        return content.decode("iso2022_kr", "replace")
    if _JIS_ESCAPE.search(content) is None:
        return content.decode("ascii", "replace")
    try:
        return content.decode("iso2022_jp_ext")
    except UnicodeError:
        pass
    pieces: list[str] = []
    position, state = 0, b"(B"
    for escape in islice(_JIS_ESCAPE.finditer(content), _MOST_ESCAPES):
        pieces.append(_jis_run(content[position : escape.start()], state))
        position, state = escape.end(), escape[1]
    pieces.append(_jis_run(content[position:], state))
    return "".join(pieces)


def _jis_run(run: bytes, state: bytes) -> str:
    if state in (b"$@", b"$B"):
        # A line end inside the run means the escape back was lost.
        return "\n".join(_kanji(line) for line in run.split(b"\n"))
    if state == b"(I":
        return bytes(byte | 0x80 if byte > 0x20 else byte for byte in run).decode("cp932", "replace")
    if state.startswith(b"$"):
        codec = {b"$(D": "iso2022_jp_2", b"$A": "iso2022_jp_2"}.get(state, "iso2022_jp_2004")
        return (b"\x1b" + state + run + b"\x1b(B").decode(codec, "replace")
    if run.isascii():
        return run.decode("ascii")
    # JIS knows no such bytes: a gateway's footer, or the narrow kana of old mailers.
    text = _strictly(run, "utf_8")
    return run.decode("cp932", "replace") if text is None else text


def _kanji(run: bytes) -> str:
    """Two-byte JIS X 0208 with NEC and IBM rows, by way of Shift_JIS."""
    pairs = [_shifted(row, cell) for row, cell in zip(run[::2], run[1::2], strict=False)]
    try:
        return b"".join(pairs).decode("cp932")
    except UnicodeError:
        # One by one, so that an unknown character (a carrier's emoji) is one replacement and no half of the next.
        return "".join(_strictly(pair, "cp932") or "\ufffd" for pair in pairs)


def _shifted(row: int, cell: int) -> bytes:
    if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
        return bytes((row, cell)) if row < 0x80 and cell < 0x80 else b"?"
    lead = (row + 1) // 2 + (0x70 if row <= 0x5E else 0xB0)
    trail = cell + (0x1F if cell < 0x60 else 0x20) if row % 2 else cell + 0x7E
    return bytes((lead, trail))
