"""Reads the content after DATA in chunks: finds its end, undoes dot-stuffing, and judges line endings.

Only CRLF.CRLF ends the content, wherever the chunks are cut; no mixture of bare CR and LF does (SMTP smuggling). There is no
limit to a line. A chunk costs one search for a dot and one for a line feed, not a loop over its lines.
"""

from __future__ import annotations

import re

from bridge.intake import replies
from bridge.intake.collect import Collector

_END = b"\r\n.\r\n"
#: What may be the beginning of the end: kept back until more is known. Longest first.
_BEGINNINGS = (b"\r\n.\r", b"\r\n.", b"\r\n", b"\r")

#: One pass finds what needs a closer look: a bare line feed, or a dot at the start of a line. `\n` leads, so the search is a
#: memchr: 0.5 ms a MB, against 1.5 ms for counting both kinds of line ends.
_ODD = re.compile(rb"\n(?:(?<!\r\n)|\.)")
_BARE_LF = re.compile(rb"\n(?<!\r\n)")


class ContentReader:
    """Fed with what arrives until `feed` says that the content is over; the pieces go to the collector."""

    __slots__ = ("_kept", "_legacy", "_skip", "collector", "stuck")

    def __init__(self, collector: Collector, *, legacy: bool) -> None:
        self.collector = collector
        self._legacy = legacy
        # The line end of the DATA command itself counts: an empty mail is a dot right away.
        self._kept = b"\r\n"
        self._skip = 2
        #: True when the peer ends its lines with LF alone and waits for an answer that its dot will never bring.
        self.stuck = False

    def feed(self, data: bytes) -> bytes | None:
        """What follows the end of the content; None while there is no end."""
        window = self._kept + data if self._kept else data
        odd = _ODD.search(window)
        if odd is None:
            self._emit(window[: self._keep_back(window)])
            return None
        stuffed = window.find(b"\r\n.", max(odd.start() - 1, 0))
        end = window.find(_END, stuffed) if stuffed >= 0 else -1
        # The line end before the dot belongs to the content.
        piece = window[: end + 2] if end >= 0 else window[: self._keep_back(window)]
        bare = _BARE_LF.search(piece) is not None
        if stuffed >= 0:
            piece = self._unstuff(piece)
        if bare and not self._legacy:
            self.collector.refuse(replies.BARE_LF)
        self._emit(piece)
        if end >= 0:
            self.collector.end()
            return window[end + len(_END) :]
        self.stuck = bare and not self._legacy and data.endswith(b"\n.\n")
        return None

    def _keep_back(self, window: bytes) -> int:
        """Where to cut, so that no end and no stuffed dot is cut in two."""
        cut = len(window)
        for beginning in _BEGINNINGS:
            if window.endswith(beginning):
                cut -= len(beginning)
                break
        self._kept = window[cut:]
        return cut

    def _unstuff(self, piece: bytes) -> bytes:
        return piece.replace(b"\r\n.", b"\r\n")

    def _emit(self, piece: bytes) -> None:
        if self._skip and piece:
            piece, self._skip = piece[self._skip :], 0
        if not piece:
            return
        self.collector.add(to_crlf(piece) if self._legacy else piece)


def to_crlf(piece: bytes) -> bytes:
    """Every line end as CRLF, be it CR, LF or CRLF. A piece must not end within a CRLF."""
    if b"\r" in piece or b"\n" in piece:
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return piece
