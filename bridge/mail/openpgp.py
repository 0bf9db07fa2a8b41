"""PGP within a mail (RFC 4880 sections 6.2 and 7): a closed message is cut out, a signed text is freed of its armour.

Nothing is verified or opened. Linear, and never fails; armour that does not end is text like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BEGIN = "-----BEGIN PGP "
_MESSAGE = ("-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----")
_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = ("-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----")
_BLOCKS = 20
#: What is cut out of a text, as files: a closed message, and what only proves.
MESSAGE_TYPE, SIGNATURE_TYPE = TYPES = ("application/pgp-encrypted", "application/pgp-signature")
_VERSION = re.compile(rb"\s*Version:[ \t]*1\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Read:
    """The text without its armour, and what was cut out of it."""

    text: str
    messages: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()


def is_version(content: bytes) -> bool:
    """Whether a part says no more than that what follows it is encrypted with PGP (RFC 3156 section 4): no file for anybody."""
    return _VERSION.fullmatch(content) is not None


def read(text: str) -> Read | None:
    """None for a text without armour of its own; quoted armour belongs to another mail and stays."""
    if BEGIN not in text:
        return None
    out: list[str] = []
    messages: list[str] = []
    signatures: list[str] = []
    position = 0
    for _ in range(_BLOCKS):
        start = _line(text, BEGIN, position)
        if start < 0:
            break
        end = position
        if text.startswith(_MESSAGE[0], start) and (end := _end(text, _MESSAGE[1], start)) > 0:
            out.append(text[position:start])
            messages.append(text[start:end])
        elif text.startswith(_SIGNED, start) and (signature := _line(text, _SIGNATURE[0], start)) > 0:
            end = _end(text, _SIGNATURE[1], signature)
            end = len(text) if end < 0 else end
            out += (text[position:start], _signed(text[start + len(_SIGNED) : signature]))
            signatures.append(text[signature:end])
        else:
            end = start + len(BEGIN)
            out.append(text[position:end])
        position = end
    if not messages and not signatures:
        return None
    out.append(text[position:])
    return Read("".join(out), tuple(messages), tuple(signatures))


def _line(text: str, mark: str, position: int) -> int:
    """Where the next line that starts with the mark does."""
    if position == 0 and text.startswith(mark):
        return 0
    found = text.find("\n" + mark, max(position - 1, 0))
    return found + 1 if found >= 0 else -1


def _end(text: str, mark: str, position: int) -> int:
    found = text.find("\n" + mark, position)
    return found + 1 + len(mark) if found >= 0 else -1


def _signed(armoured: str) -> str:
    """The text behind the armour's header, its dashes unescaped."""
    head, blank, body = armoured.lstrip(" \t").partition("\n\n")
    if not blank or any(":" not in line for line in head.split("\n") if line.strip()):
        body = armoured.lstrip("\n")
    return "\n".join(line.removeprefix("- ") for line in body.split("\n"))
