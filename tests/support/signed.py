"""Small builders of CMS messages in BER: enough of one for whoever looks for what is in it."""

from __future__ import annotations

SIGNED = bytes.fromhex("2a864886f70d010702")
ENVELOPED = bytes.fromhex("2a864886f70d010703")
COMPRESSED = bytes.fromhex("2a864886f70d0109100109")
DATA = bytes.fromhex("2a864886f70d010701")
SHA256 = bytes.fromhex("608648016503040201")


def element(tag: int, *content: bytes, indefinite: bool = False) -> bytes:
    body = b"".join(content)
    if indefinite:
        return bytes([tag, 0x80]) + body + b"\0\0"
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def octets(content: bytes, *, piece: int | None = None, indefinite: bool = False) -> bytes:
    """An octet string, whole or in pieces."""
    if piece is None:
        return element(0x04, content)
    pieces = (element(0x04, content[start : start + piece]) for start in range(0, len(content), piece))
    return element(0x24, *pieces, indefinite=indefinite)


def message(
    content: bytes, *, kind: bytes = SIGNED, piece: int | None = None, indefinite: bool = False
) -> bytes:
    """A message around `content`: in DER, or as a program writes it that does not know the length beforehand."""

    def around(tag: int, *inner: bytes) -> bytes:
        return element(tag, *inner, indefinite=indefinite)

    held = octets(content, piece=piece, indefinite=indefinite)
    algorithm = element(0x30, element(0x06, SHA256), element(0x05))
    algorithms = algorithm if kind == COMPRESSED else element(0x31, algorithm)
    inner = around(0x30, element(0x06, DATA), around(0xA0, held))
    signers = element(0x31, b"\x30\x03\x02\x01\x01")
    body = around(0x30, element(0x02, b"\x01"), algorithms, inner, signers)
    return around(0x30, element(0x06, kind), around(0xA0, body))
