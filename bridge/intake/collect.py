"""Collects the content of one mail: small content in memory, large content in a file while it arrives.

Memory stays below the threshold whatever is sent. Once refused, the rest is counted by nobody and kept nowhere; the refusal
is told at the end of the content, where the protocol has a place for it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from bridge import log
from bridge.errors import SpoolFullError
from bridge.intake import replies
from bridge.intake.replies import Reply
from bridge.intake.store import Incoming
from bridge.intake.trace import Hops

#: A mail that came through this bridge once may come back by an alias; three times is a loop.
MAX_OWN_HOPS = 2

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def refusal_for(error: Exception) -> Reply:
    """The reply for trouble with the spool: full or broken, and always to be tried again."""
    full = isinstance(error, SpoolFullError) or (isinstance(error, OSError) and error.errno in _FULL)
    return replies.NO_ROOM if full else replies.TRY_LATER


class Collector:
    def __init__(
        self,
        trace: bytes,
        *,
        size_limit_bytes: int,
        threshold_bytes: int,
        max_hops: int,
        hops: Hops,
        incoming: Callable[[], Incoming],
    ) -> None:
        self._memory = bytearray(trace)
        self._large: Incoming | None = None
        self._open = incoming
        self._size_limit_bytes = size_limit_bytes
        self._threshold_bytes = threshold_bytes
        self._max_hops = max_hops
        self._hops = hops
        #: What the peer sent, without the trace field.
        self.size_bytes = 0
        #: Why this content will not be taken; None while it may.
        self.refusal: Reply | None = None

    def add(self, piece: bytes) -> None:
        """Take the next piece. Trouble is kept in `refusal`; nothing is raised."""
        if self.refusal is not None:
            return
        self.size_bytes += len(piece)
        if self.size_bytes > self._size_limit_bytes:
            self.refuse(replies.TOO_LARGE)
            return
        if not self._hops.ended:
            self._hops.feed(piece)
        try:
            self._keep(piece)
        except Exception as error:  # noqa: BLE001 - whatever the spool's trouble is, the peer keeps the mail
            log.warning("trouble", doing="writing content", error=repr(error))
            self.refuse(refusal_for(error))

    def _keep(self, piece: bytes) -> None:
        if self._large is not None:
            self._large.write(piece)
        elif len(self._memory) + len(piece) <= self._threshold_bytes:
            self._memory += piece
        else:
            self._large = self._open()
            self._large.write(bytes(self._memory))
            self._large.write(piece)
            self._memory.clear()

    def refuse(self, reply: Reply) -> None:
        """Refuse the content and let go of what is kept of it; the first reason stands."""
        if self.refusal is None:
            self.refusal = reply
            self.discard()

    def end(self) -> None:
        """Judge what only the whole content shows."""
        if self._hops.received > self._max_hops:
            self.refuse(replies.TOO_MANY_HOPS)
        elif self._hops.own > MAX_OWN_HOPS:
            self.refuse(replies.OWN_LOOP)

    def content(self) -> bytes | Incoming:
        """What to put into the spool, the trace field first; the collector lets go of it."""
        if self._large is not None:
            return self._large
        content = bytes(self._memory)
        self._memory.clear()
        return content

    def discard(self) -> None:
        self._memory.clear()
        large, self._large = self._large, None
        if large is None:
            return
        try:
            large.discard()
        except Exception as error:  # noqa: BLE001 - an orphan file is removed at the next start
            log.warning("trouble", doing="discarding content", error=repr(error))
