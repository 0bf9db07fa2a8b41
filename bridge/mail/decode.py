"""The bytes and the text of a leaf: transfer encodings undone in bounded chunks, charsets read by the chain.

`chunks` never holds more than a block of a leaf and never fails: broken base64, quoted-printable and uuencode give what
can be read of them.
"""

from __future__ import annotations

import re
from binascii import Error as CodingError
from binascii import a2b_qp, a2b_uu
from collections.abc import Iterator

from bridge.mail import charsets, hygiene, words
from bridge.mail.headers import Content
from bridge.mail.limits import Limits
from bridge.model import Leaf, Span

#: Encoded bytes taken at a time; a multiple of four.
BLOCK_BYTES = 256 * 1024
_LONGEST_LINE = 8 * 1024
_NOT_BASE64 = bytes(
    byte
    for byte in range(256)
    if byte not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
)
_MISWRITTEN = re.compile(rb"=(?:[ \t]|0D0A)")
_SOFT_BREAK = re.compile(rb"=[ \t]++(?=\r?\n)")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{4,}+(?:={1,2}|(?<=[A-Za-z0-9+/]{16}))[ \t]*+(?:[\r\n]|\Z)")
_PADDING = re.compile(rb"[=\s]*+")
_MORE_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4,80}+(?:={1,2}|(?<=[A-Za-z0-9+/]{16}))(?:\s|\Z|[A-Za-z0-9+/])")
#: What a list or a scanner wrote below: dashes, or an empty line and then what base64 has no digits for.
_FOOTER = re.compile(rb"\n(?:--|__)|\n[ \t\r]*+\n(?=[A-Za-z0-9+/= \t]{0,100}+[^A-Za-z0-9+/=\s])")
#: Each costs a step of Python: a mail of 7 MB whose every line is padded has fewer.
_MOST_PADDED = 100_000
_BEGIN = re.compile(rb"begin [0-7]{3,4} ")
#: What an equals sign is in quoted-printable, and what of it prose and code do not have: letters of UTF-8.
_QUOTED = re.compile(rb"=(?:[0-9A-F]{2}|[ \t]{0,9}\r?\n|[0-9A-F]?\Z)")
_QUOTED_UTF_8 = re.compile(rb"=(?:[CD][0-9A-F]|E[0-9A-F]=[89AB][0-9A-F])=[89AB][0-9A-F]")
_QUOTED_8BIT = re.compile(rb"=[89A-F][0-9A-F]")
_QUOTED_CONTROL = re.compile(rb"=(?:0[0-8BCEF]|1[0-9A-F]|7F)")
_SOFT = re.compile(rb"=[ \t]{0,9}\r?\n")
_BODY_OF_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{60,76}+\r?\n)*+[A-Za-z0-9+/]{1,76}+={0,2}\s*+\Z")
#: Where a page says what it is written in: in a meta tag, or in the declaration of XML.
_META = re.compile(
    rb"(?:<meta[^>]{0,200}?charset|<\?xml[^>]{0,100}?encoding)\s{0,5}=\s{0,5}[\"']?([\w.:-]{1,40})",
    re.IGNORECASE,
)


def chunks(content: Content, leaf: Leaf) -> Iterator[bytes]:
    """The decoded bytes of the leaf, in order; none of the chunks is empty."""
    blocks = _blocks(content, leaf.content)
    match leaf.encoding:
        case "base64":
            decoded = _base64(blocks)
        case "quoted-printable":
            decoded = _quoted_printable(blocks)
        case "x-uuencode":
            decoded = _uuencode(blocks)
        case _:
            decoded = blocks
    return filter(None, decoded)


def head(content: Content, leaf: Leaf, limit: int) -> tuple[bytes, bool]:
    """The first `limit` decoded bytes, and whether there are more; cut at a line end where one is near."""
    taken = bytearray()
    for chunk in chunks(content, leaf):
        taken += chunk
        if len(taken) > limit:
            line_end = taken.rfind(b"\n", max(0, limit - _LONGEST_LINE), limit)
            return bytes(taken[: line_end + 1 if line_end >= 0 else limit]), True
    return bytes(taken), False


def text(content: Content, leaf: Leaf, limit: int = Limits().text_bytes) -> str:
    """The clean text of a leaf by the charset chain, at most `limit` bytes of it; HTML may name its own charset."""
    return read(head(content, leaf, limit)[0], leaf)


def read(decoded: bytes, leaf: Leaf) -> str:
    """The clean text of decoded bytes of the leaf."""
    hint = None
    if leaf.content_type == "text/html" and (meta := _META.search(decoded, 0, 4096)):
        hint = meta[1].decode("ascii", "replace")
    return hygiene.clean(charsets.decode(decoded, leaf.charset, hint).replace("\r\n", "\n"))


def looks_like_base64(sample: bytes) -> bool:
    """False for plain words under a false Content-Transfer-Encoding."""
    if _BASE64_LINE.match(sample.lstrip()):
        return True
    odd = len(sample) - len(sample.translate(None, b".,<>:'(!?-"))
    if odd >= 4 and odd * 50 >= len(sample):
        return False
    letters = sample.translate(None, _NOT_BASE64)
    first = sample.strip().partition(b"\n")[0]
    if first.count(b" ") >= 3 and len(first) < first.count(b" ") * 12:
        return False
    small = len(letters) - len(letters.translate(None, b"abcdefghijklmnopqrstuvwxyz"))
    # A third of base64's digits are small letters, and nearly all of prose.
    return len(letters) < 24 or small * 20 < len(letters) * 17


def lost(sample: bytes) -> str:
    """The transfer encoding that the beginning of a text is in though none is declared; "" for text as it is."""
    if (
        b"=" in sample
        and b'="' not in sample
        and len(_QUOTED.findall(sample)) == sample.count(b"=")
        and not _QUOTED_CONTROL.search(sample)
    ):
        escaped = b"=3D" in sample or b"=20" in sample or _QUOTED_8BIT.search(sample)
        if _QUOTED_UTF_8.search(sample) or (escaped and _SOFT.search(sample)) or sample.count(b'=3D"') >= 2:
            return "quoted-printable"
    if len(sample) >= 60 and _BODY_OF_BASE64.match(sample):
        decoded = words.unpadded_base64(b"".join(sample.split()).rstrip(b"="))
        text = decoded.decode("utf-8", "replace")
        # Keys and hashes decode to anything but words.
        if text.count("\ufffd") <= 1 and " " in text and hygiene.clean(text) == text.replace("\r\n", "\n"):
            return "base64"
    return ""


def _blocks(content: Content, source: Span | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        content, source = source, Span(0, len(source))
    for start in range(source.start, source.end, BLOCK_BYTES):
        yield content[start : min(start + BLOCK_BYTES, source.end)]


def _until_footer(blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        footer = _FOOTER.search(block)
        if footer and block[: footer.start()].strip():
            yield block[: footer.start()]
            return
        yield block


def _base64(blocks: Iterator[bytes]) -> Iterator[bytes]:
    carry, settled, pads = b"", False, 0
    for block in _until_footer(blocks):
        position = 0
        while True:
            if settled:
                # Something ended here: a mailer that pads every line goes on, a list's footer does not.
                position = _end(_PADDING, block, position)
                if position == len(block):
                    break
                if _MORE_BASE64.match(block, position) is None:
                    return
                settled = False
            padding = block.find(b"=", position)
            digits = carry + block[position : padding if padding >= 0 else len(block)].translate(
                None, _NOT_BASE64
            )
            whole = len(digits) // 4 * 4
            carry = digits[whole:]
            yield words.unpadded_base64(digits[:whole])
            if padding < 0:
                break
            pads += 1
            if pads > _MOST_PADDED:
                return
            settled = bool(carry)
            yield words.unpadded_base64(carry)
            carry, position = b"", _end(_PADDING, block, padding)
    yield words.unpadded_base64(carry)


def _quoted_printable(blocks: Iterator[bytes]) -> Iterator[bytes]:
    carry = b""
    for block in blocks:
        joined = carry + block
        cut = joined.rfind(b"\n", len(carry)) + 1 or _before_escape(joined)
        if len(joined) - cut > _LONGEST_LINE:
            cut = len(joined)
        carry = joined[cut:]
        yield _qp(joined[:cut])
    yield _qp(carry)


def _before_escape(block: bytes) -> int:
    """Where to cut a block that holds no line end: not within an escape, a soft break, or blanks that may end in one."""
    escape = block.rfind(b"=")
    if escape >= 0 and (len(block) - escape < 6 or not block[escape + 1 :].strip(b" \t")):
        return escape
    return len(block)


def _qp(encoded: bytes) -> bytes:
    if b"=" not in encoded:
        return encoded
    if _MISWRITTEN.search(encoded):
        # Blanks behind a soft break, and what a known encoder makes of a line end.
        encoded = _SOFT_BREAK.sub(b"=", encoded).replace(b"=0D0A", b"=0D=0A")
    return a2b_qp(encoded)


def _uuencode(blocks: Iterator[bytes]) -> Iterator[bytes]:
    carry, begun = b"", False
    for block in blocks:
        lines = (carry + block).split(b"\n")
        carry = lines.pop()[-_LONGEST_LINE:]
        out = bytearray()
        for line in lines:
            if not begun:
                begun = _BEGIN.match(line) is not None
            elif line.rstrip() == b"end":
                yield bytes(out)
                return
            else:
                out += _uu_line(line)
        yield bytes(out)
    if begun and carry.rstrip() != b"end":
        yield _uu_line(carry)


def _uu_line(line: bytes) -> bytes:
    line = line.rstrip(b"\r\n")
    if not line or len(line) > _LONGEST_LINE:
        return b""
    try:
        return a2b_uu(line)
    except CodingError:
        # Some encoders add a checksum or lose trailing blanks: the length byte says how much counts.
        expected = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return a2b_uu(line[:expected])
        except CodingError:
            return b""


def _end(pattern: re.Pattern[bytes], content: bytes, position: int) -> int:
    found = pattern.match(content, position)
    return found.end() if found else position


_SHOWN = bytes((*b"\t\n\r\f\b\x1b", *range(0x20, 0x7F)))
#: Pages for a printer, rich text, markup: text to a program, and a file to a reader.
_FORMATS = (b"%", b"{\\rtf", b"<", b"\x1b%", b"begin:")


def is_text(sample: bytes) -> bool:
    """Whether the first bytes of something without a type are lines for a reader."""
    if not sample.strip() or b"\0" in sample or sample.lstrip()[:10].lower().startswith(_FORMATS):
        return False
    strange = sample.translate(None, _SHOWN)
    return all(byte >= 0x80 for byte in strange) and len(strange) * 4 <= len(sample)
