"""Free text made harmless: what every name, subject and body passes before it is anything else.

`clean` is what the values of `bridge.model` promise: no NUL, no lone surrogate, no C0 or C1 control but tab and newline,
no Unicode noncharacter. Emoji, joiners and right-to-left marks stay. Both functions are linear and never fail.
"""

from __future__ import annotations

import re

_NONCHARACTERS = (
    *range(0xFDD0, 0xFDF0),
    *(plane * 0x10000 + last for plane in range(17) for last in (0xFFFE, 0xFFFF)),
)
#: A C1 control in text is a character of cp1252 that somebody took for Latin-1.
_C1 = {number: bytes((number,)).decode("cp1252", "ignore") for number in range(0x80, 0xA0)}
_TABLE: dict[int, str | None] = {
    **dict.fromkeys((*range(0x20), 0x7F, *_NONCHARACTERS)),
    **_C1,
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **dict.fromkeys((0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029), "\n"),
    0x09: "\t",
}
# What `clean` leaves alone, as a possessive run: many times faster than a search for what it does not.
_UNTOUCHED = re.compile("[\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0001fffd]*+")
# Embeddings, overrides and isolates: in a one-line value they only serve to show something else than is there.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: What sets the colours of a terminal: the output of programs that was mailed.
_TERMINAL = re.compile("\x1b\\[[0-?]*+[ -/]*+[@-~]")
#: Every byte of ASCII that `clean` would touch.
_ASCII_SUSPECT = bytes([*range(0x09), *range(0x0B, 0x20), 0x7F])


def clean(text: str) -> str:
    """The text with "\\n" line ends, without controls and noncharacters; lone surrogates become U+FFFD."""
    if text.isascii():
        encoded = text.encode("ascii")
        if len(encoded.translate(None, _ASCII_SUSPECT)) == len(encoded):
            return text
    elif _UNTOUCHED.fullmatch(text):
        return text
    if "\x1b" in text:
        text = _TERMINAL.sub("", text)
    return text.replace("\r\n", "\n").translate(_TABLE)


def line(text: str) -> str:
    """`clean` for a value of one line: blanks and line ends become single spaces, and nothing turns the text around."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(_BIDI.sub("", clean(text)).split())
