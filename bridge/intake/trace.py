"""The bridge's own Received field, and the count of those that are there already.

Both stand at the edge to hostile input: what the peer calls itself is reduced to harmless characters before it becomes part
of a header, and hops are counted in one bounded, linear pass while the content arrives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

#: A header section longer than this is no header; counting stops.
MAX_SCAN_BYTES = 1024 * 1024

#: The mark in `by HOSTNAME (reamaze-bridge)` by which a loop through this very bridge is known.
PRODUCT = "reamaze-bridge"

_UNSAFE = re.compile(r"[^A-Za-z0-9._:\[\]-]")


def received(
    *,
    helo: str,
    peer: str,
    hostname: str,
    protocol: str,
    mail_id: str,
    recipients: Sequence[str],
    at: datetime,
) -> bytes:
    """The header field with its CRLF. A single recipient is named; several would tell each of the others."""
    name = _UNSAFE.sub("?", helo[:255]) or "unknown"
    # A non-ASCII address would make the header 8-bit, an overlong one the line.
    one = recipients[0] if len(recipients) == 1 else ""
    named = f"\r\n\tfor <{one}>" if one and one.isascii() and len(one) <= 320 else ""
    return (
        f"Received: from {name} ({_literal(peer)})\r\n"
        f"\tby {hostname} ({PRODUCT}) with {protocol} id {mail_id}{named};\r\n"
        f"\t{_date(at.replace(microsecond=0))}\r\n"
    ).encode("ascii", "replace")


#: Many mails arrive within one second.
_date = lru_cache(maxsize=4)(format_datetime)


def _literal(peer: str) -> str:
    """An address as RFC 5321 writes it within a Received field; "unix" and "pipe" as they are."""
    if ":" in peer:
        return f"[IPv6:{_UNSAFE.sub('?', peer)}]"
    return f"[{peer}]" if peer[:1].isdigit() else peer


def protocol(*, lmtp: bool, extended: bool, tls: bool, login: bool, utf8: bool) -> str:
    """The word after `with` (RFC 3848, RFC 6531)."""
    if not extended and not lmtp:
        return "SMTP"
    base = "LMTP" if lmtp else ("SMTP" if utf8 else "ESMTP")
    return f"{'UTF8' if utf8 else ''}{base}{'S' if tls else ''}{'A' if login else ''}"


class _Count:
    """How often a needle occurs in a stream, also across the edges of its pieces."""

    __slots__ = ("_needle", "_tail", "count")

    def __init__(self, needle: bytes, tail: bytes = b"") -> None:
        self._needle = needle
        self._tail = tail
        self.count = 0

    def feed(self, piece: bytes) -> None:
        window = self._tail + piece
        self.count += window.count(self._needle)
        # Shorter than the needle, so nothing is counted twice.
        self._tail = window[1 - len(self._needle) :]


class Hops:
    """Counts Received fields in the header section of content that arrives in pieces."""

    __slots__ = ("_edge", "_fields", "_own", "_scanned_bytes", "ended")

    def __init__(self, hostname: str) -> None:
        self._fields = _Count(b"\nreceived:", b"\n")
        self._own = _Count(f"by {hostname} ({PRODUCT})".lower().encode())
        self._edge = b"\r\n"
        self._scanned_bytes = 0
        #: True once the header section is over, and nothing more need be fed.
        self.ended = False

    @property
    def received(self) -> int:
        return self._fields.count

    @property
    def own(self) -> int:
        return self._own.count

    def feed(self, piece: bytes) -> None:
        # The empty line may lie across the edge of two pieces.
        across = (self._edge + piece[:3]).find(b"\r\n\r\n")
        end = across - len(self._edge) if across >= 0 else piece.find(b"\r\n\r\n")
        if across >= 0 or end >= 0:
            self.ended = True
            piece = piece[: end + 4]
        self._scanned_bytes += len(piece)
        if self._scanned_bytes >= MAX_SCAN_BYTES:
            self.ended = True
        header = piece.lower()
        self._fields.feed(header)
        self._own.feed(header)
        self._edge = (self._edge + piece)[-3:]
