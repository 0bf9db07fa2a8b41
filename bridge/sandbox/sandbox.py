"""The stand-in as one object: an ASGI app to call, and everything it has seen to look at."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import IO, Any

from bridge.clock import Clock, SystemClock
from bridge.sandbox.api import Api
from bridge.sandbox.behaviour import Behaviour
from bridge.sandbox.faults import Faults
from bridge.sandbox.fetch import Fetcher
from bridge.sandbox.page import Page
from bridge.sandbox.state import Attachment, Conversation, Message, State
from bridge.sandbox.wire import Call, Wire
from bridge.web import ASGIApp, Starlette


class Sandbox:
    """A local Re:amaze. Made within a running event loop or not; `close` ends what runs in the background.

    `journal` gets a JSON line for every message that was applied and every file that was fetched, flushed at once, so
    that a run can be judged after the process has ended.
    """

    def __init__(
        self,
        behaviour: Behaviour = Behaviour(),  # noqa: B008 - frozen
        *,
        clock: Clock | None = None,
        journal: Path | None = None,
    ) -> None:
        self._journal: IO[str] | None = journal.open("a", encoding="utf-8") if journal else None
        self._state = State(behaviour, clock or SystemClock(), self._write)
        self._fetcher = Fetcher(lambda: self._state.behaviour, self._fetched)
        self.faults = Faults(behaviour.fault_rate, behaviour.fault_seed, behaviour.fault_kinds)
        self._calls: deque[Call] = deque(maxlen=behaviour.keep_calls)
        api, page = Api(self._state, self._fetcher), Page(self._state, self._calls)
        self._wire = Wire(
            Starlette(routes=[*api.routes, *page.routes]), self._state, self.faults, self._calls
        )

    @property
    def app(self) -> ASGIApp:
        """The API and the pages, for bridge.web.Server or an in-process transport."""
        return self._wire

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves from the next call on; set it to change that."""
        return self._state.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._state.behaviour = behaviour
        self.faults.chance(behaviour.fault_rate, behaviour.fault_seed, behaviour.fault_kinds)

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """Every conversation of every brand, oldest first."""
        return self._state.conversations

    @property
    def calls(self) -> tuple[Call, ...]:
        """The API calls and what was answered, oldest first, as many as `keep_calls`."""
        return tuple(self._calls)

    @property
    def posted(self) -> tuple[Message, ...]:
        """Every message of every conversation, in the order they were applied."""
        return tuple(self._state.messages)

    def messages(self, slug: str, brand: str | None = None) -> tuple[Message, ...]:
        """The messages of a conversation, oldest first. Raises KeyError when there is none, or none for sure."""
        found = [c for c in self.conversations if c.slug == slug and brand in (None, c.brand)]
        if len(found) != 1:
            raise KeyError(f"{len(found)} conversations have the slug {slug!r}")
        return tuple(found[0].messages)

    def doubles(self) -> tuple[str, ...]:
        """The origin_ids that exist in two messages or two conversations: what must never happen."""
        return self._state.doubles()

    async def idle(self) -> None:
        """Return when every fetch under way has ended."""
        await self._fetcher.idle()

    async def close(self) -> None:
        self._wire.close()
        await self._fetcher.close()
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _fetched(self, message: Message, attachment: Attachment) -> None:
        stored = attachment.stored
        self._write(
            {
                "event": "file" if stored else "file-missing",
                "brand": message.brand,
                "slug": message.slug,
                "number": message.number,
                "key": message.key,
                "url": attachment.url,
                "picture": attachment.picture,
                "name": stored.name if stored else None,
                "sha256": stored.sha256 if stored else None,
                "size_bytes": stored.size_bytes if stored else None,
                "failure": attachment.failure,
            }
        )

    def _write(self, event: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.write(json.dumps(event) + "\n")
            self._journal.flush()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The events of a journal; a last line that was cut by a crash is left out."""
    *whole, _cut = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in whole]
