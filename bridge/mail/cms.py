"""S/MIME without keys (RFC 5652): what a signed or compressed message holds, and that an enveloped one is closed.

A minimal walk over BER and DER down the one path to the content, through indefinite lengths and octet strings in pieces. Nothing
is verified. Iterative, bounded in elements, and never fails: what cannot be walked gives None.
"""

from __future__ import annotations

import re
import zlib
from binascii import Error as Base64Error
from binascii import a2b_base64
from dataclasses import dataclass
from enum import StrEnum

_ELEMENTS = 200_000
#: What compressed content may always come to, and how many times its size beyond that: nothing that is sent packs tighter.
_FREE_BYTES = 4 * 1024 * 1024
_RATIO = 100
_SEQUENCE, _OID, _OCTETS, _PIECES, _CONTENT = 0x30, 0x06, 0x04, 0x24, 0xA0
_PKCS7 = bytes.fromhex("2a864886f70d0107")
_SMIME = bytes.fromhex("2a864886f70d01091001")
_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]{1,40}-----([A-Za-z0-9+/=\s]*+)-----END")


class Kind(StrEnum):
    SIGNED = "signed"
    COMPRESSED = "compressed"
    ENVELOPED = "enveloped"


_KINDS = {
    _PKCS7 + b"\x02": Kind.SIGNED,
    _PKCS7 + b"\x03": Kind.ENVELOPED,
    _PKCS7 + b"\x04": Kind.ENVELOPED,
    _PKCS7 + b"\x06": Kind.ENVELOPED,
    _SMIME + b"\x09": Kind.COMPRESSED,
    _SMIME + b"\x17": Kind.ENVELOPED,
}


@dataclass(frozen=True, slots=True)
class Opened:
    kind: Kind
    #: None where it is closed, detached or broken.
    content: bytes | None = None


class _BrokenError(Exception):
    """The bytes are not what the path needs."""


@dataclass(slots=True)
class _Walk:
    content: bytes
    position: int = 0
    elements: int = 0

    def header(self) -> tuple[int, int | None]:
        """Tag and end of the element here, None for an indefinite one; the position is behind its header."""
        content, position = self.content, self.position
        self.elements += 1
        if position + 2 > len(content) or self.elements > _ELEMENTS:
            raise _BrokenError
        tag, length = content[position], content[position + 1]
        position += 2
        if tag & 0x1F == 0x1F:
            raise _BrokenError
        if length == 0x80:
            self.position = position
            return tag, None
        if length & 0x80:
            width = length & 0x7F
            if width > 8 or position + width > len(content):
                raise _BrokenError
            length = int.from_bytes(content[position : position + width], "big")
            position += width
        self.position = position
        return tag, position + length

    def enter(self, tag: int) -> None:
        """Go into the element here."""
        found, _ = self.header()
        if found != tag:
            raise _BrokenError

    def primitive(self, tag: int) -> bytes:
        found, end = self.header()
        if found != tag or end is None or end > len(self.content):
            raise _BrokenError
        start, self.position = self.position, end
        return self.content[start:end]

    def skip(self) -> None:
        """Go behind the element here."""
        open_ones = 0
        while True:
            tag, end = self.header()
            if tag == 0 and end == self.position and open_ones:
                open_ones -= 1
            elif end is None:
                open_ones += 1
            else:
                self.position = end
            if open_ones == 0:
                return

    def octets(self) -> bytes:
        """An octet string, in one or in pieces."""
        tag, end = self.header()
        if tag == _OCTETS and end is not None:
            return self.content[self.position : end]
        if tag != _PIECES:
            raise _BrokenError
        pieces: list[bytes] = []
        # Ends of the strings that are open; None until an end mark.
        open_ones: list[int | None] = [end]
        while open_ones and self.position < len(self.content):
            if open_ones[-1] is not None and self.position >= open_ones[-1]:
                open_ones.pop()
                continue
            tag, end = self.header()
            if tag == _OCTETS and end is not None:
                pieces.append(self.content[self.position : end])
                self.position = end
            elif tag == _PIECES and len(open_ones) < 20:
                open_ones.append(end)
            elif tag == 0 and open_ones[-1] is None:
                open_ones.pop()
            else:
                raise _BrokenError
        return b"".join(pieces)


def read(content: bytes, limit: int) -> Opened | None:
    """What kind of message this is, with its content where that can be had, at most `limit` bytes; None for anything else."""
    walk = _Walk(_binary(content))
    try:
        walk.enter(_SEQUENCE)
        kind = _KINDS.get(walk.primitive(_OID))
    except _BrokenError:
        return None
    if kind is None or kind is Kind.ENVELOPED:
        return Opened(kind) if kind else None
    try:
        walk.enter(_CONTENT)
        walk.enter(_SEQUENCE)
        walk.skip()  # version
        walk.skip()  # algorithms
        walk.enter(_SEQUENCE)
        walk.primitive(_OID)
        walk.enter(_CONTENT)
        found = walk.octets()
    except _BrokenError:
        return Opened(kind)
    if kind is Kind.COMPRESSED:
        return Opened(kind, _inflated(found, limit))
    return Opened(kind, found if len(found) <= limit else None)


def _inflated(packed: bytes, limit: int) -> bytes | None:
    limit = min(limit, max(_FREE_BYTES, _RATIO * len(packed)))
    try:
        unpacking = zlib.decompressobj()
        found = unpacking.decompress(packed, limit)
    except zlib.error:
        return None
    return found if unpacking.eof else None


def _binary(content: bytes) -> bytes:
    """The bytes without an armour that some gateways leave on."""
    if content[:1] == b"\x30":
        return content
    pem = _PEM.search(content) if content[:200].lstrip().startswith(b"-----") else None
    text = pem[1] if pem else content
    if not text[:100].lstrip().startswith(b"MI"):
        return content
    try:
        return a2b_base64(text)
    except Base64Error:
        return content
