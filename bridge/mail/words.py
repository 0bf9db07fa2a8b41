"""RFC 2047 encoded words as senders really write them, in one linear pass.

Adjacent words are joined as bytes before their charset is applied, since mailers cut them in mid-character; raw 8-bit
text, raw blanks and unknown charsets are read as well as they can be. `decode` never fails.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp

from bridge.mail import charsets

_OPENING = re.compile(rb"=\?([^?\s=\"<>()]{1,80})\?([bBqQ])\?")
_NOT_BASE64 = bytes(
    byte
    for byte in range(256)
    if byte not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)


def decode(value: bytes, hint: str | None = None) -> str:
    """The text of an unfolded header value; `hint` is a charset to believe for raw 8-bit text that is no UTF-8."""
    if b"=?" not in value:
        return (
            value.decode("ascii")
            if value.isascii() and b"\x1b" not in value
            else charsets.decode(value, None, hint)
        )
    pieces: list[str] = []
    run = _Run()
    position = 0
    while (opening := _OPENING.search(value, position)) is not None:
        closing = value.find(b"?=", opening.end())
        if closing < 0 and _breaks_off(opening[1], value[opening.end() :]):
            closing = len(value.rstrip(b"?"))
        if closing < 0:
            break
        # Blanks between two words belong to neither; anything else ends the run.
        between = value[position : opening.start()]
        if between and (not run or not between.isspace()):
            run.settle(pieces)
            pieces.append(_raw(between, hint))
        run.add(opening[1], opening[2], value[opening.end() : closing], pieces)
        position = closing + 2
    run.settle(pieces)
    if position < len(value):
        pieces.append(_raw(value[position:], hint))
    return "".join(pieces)


def _breaks_off(charset: bytes, rest: bytes) -> bool:
    """Whether the value ends within a word, as one that was cut to some length does: no word holds a blank."""
    return len(rest.split()) == 1 and bool(charsets.codecs_for(charset.decode("ascii", "replace")))


def _raw(value: bytes, hint: str | None) -> str:
    return (
        value.decode("ascii")
        if value.isascii() and b"\x1b" not in value
        else charsets.decode(value, None, hint)
    )


class _Run:
    """Neighbouring words of one charset, collected as bytes."""

    def __init__(self) -> None:
        self._charset = b""
        self._decoded = bytearray()
        self._quoted = bytearray()
        self._base64 = b""

    def __bool__(self) -> bool:
        return bool(self._charset)

    def add(self, charset: bytes, encoding: bytes, text: bytes, pieces: list[str]) -> None:
        """Take in one more word; one of another charset settles those before it."""
        charset = charset.lower()
        if charset != self._charset:
            self.settle(pieces)
            self._charset = charset
        if encoding in b"qQ":
            # A word may end in the middle of an escape, to be continued in the next word.
            self._settle_base64()
            self._quoted += text
            return
        # Or in the middle of a base64 quantum; what has padding ends there, though more may follow.
        self._settle_quoted()
        *padded, last = text.split(b"=")
        for digits in padded:
            self._base64 += digits.translate(None, _NOT_BASE64)
            self._settle_base64()
        self._base64 += last.translate(None, _NOT_BASE64)
        if len(self._base64) % 4 == 0:
            self._settle_base64()

    def settle(self, pieces: list[str]) -> None:
        """Add the text so far to `pieces`; the run starts anew."""
        self._settle_quoted()
        self._settle_base64()
        if self._decoded:
            pieces.append(charsets.decode(bytes(self._decoded), self._charset.decode("ascii", "replace")))
            self._decoded.clear()
        self._charset = b""

    def _settle_quoted(self) -> None:
        if self._quoted:
            self._decoded += a2b_qp(self._quoted, header=True)
            self._quoted.clear()

    def _settle_base64(self) -> None:
        if self._base64:
            self._decoded += unpadded_base64(self._base64)
            self._base64 = b""


def unpadded_base64(digits: bytes) -> bytes:
    """What base64 digits without padding stand for; a lone last digit is dropped."""
    digits = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
    try:
        return a2b_base64(digits + b"=" * (-len(digits) % 4))
    except Base64Error:  # not reachable with digits alone; total by construction
        return b""
