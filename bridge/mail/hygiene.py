"""Free text made harmless: what every name, subject and body passes before it is anything else.

`clean` is what the values of `bridge.model` promise: no NUL, no lone surrogate, no C0 or C1 control but tab and newline,
no Unicode noncharacter. Emoji, joiners and right-to-left marks stay. Both functions are linear and never fail.
"""

from __future__ import annotations

import re

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17)
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85]")
_REMOVED = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f{_NONCHARACTERS}]+")
_SUSPECT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")
# Embeddings, overrides and isolates: in a one-line value they only serve to show something else than is there.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: Every byte of ASCII that `clean` would touch.
_ASCII_SUSPECT = bytes([*range(0x09), *range(0x0B, 0x20), 0x7F])


def clean(text: str) -> str:
    """The text with "\\n" line ends, without controls and noncharacters; lone surrogates become U+FFFD."""
    if text.isascii():
        encoded = text.encode("ascii")
        if len(encoded.translate(None, _ASCII_SUSPECT)) == len(encoded):
            return text
    elif _SUSPECT.search(text) is None:
        return text
    text = _BREAKS.sub("\n", text)
    text = _REMOVED.sub("", text)
    return _SURROGATES.sub("\ufffd", text)


def line(text: str) -> str:
    """`clean` for a value of one line: blanks and line ends become single spaces, and nothing turns the text around."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(_BIDI.sub("", clean(text)).split())
