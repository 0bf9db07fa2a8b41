"""What intake asks of the spool: an id, room, a place for large content, and one durable put."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from bridge.model import Envelope, Target


class Incoming(Protocol):
    """Content too large for memory, written down while it arrives."""

    @property
    def size_bytes(self) -> int: ...

    def write(self, chunk: bytes, /) -> object: ...

    def discard(self) -> object:
        """Remove it, unless a put has taken it; may be called any number of times."""
        ...


Large = TypeVar("Large", bound=Incoming)


class Store(Protocol[Large]):
    def new_id(self) -> str: ...

    def room(self, size_bytes: int, /) -> object:
        """Raise SpoolFullError where content of that size cannot be taken now."""
        ...

    def incoming(self) -> Large: ...

    async def put(
        self, mail_id: str, envelope: Envelope, content: bytes | Large, targets: Sequence[Target], /
    ) -> object:
        """Return once the mail is committed: neither a crash nor a power cut can lose it."""
        ...

    def begin_put(
        self,
        mail_id: str,
        envelope: Envelope,
        content: bytes | Large,
        targets: Sequence[Target],
        ended: Callable[[Exception | None], None],
        /,
    ) -> object:
        """The same without waiting: once it is committed or has failed, `ended` is called with what went wrong, if anything."""
        ...
