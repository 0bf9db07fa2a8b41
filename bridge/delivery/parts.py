"""What a delivery leans on, wired once: the config, the spool, where conversions run, where files and messages go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bridge import convert
from bridge.clock import Clock
from bridge.config.schema import Config, Route
from bridge.model import Message, New, Receipt
from bridge.reamaze import Sought
from bridge.spool import Item, Spool
from bridge.staging import Staging

Result = TypeVar("Result")


class Desk(Protocol):
    """Re:amaze as an attempt needs it; `reamaze.Client` is one, and `explain` has another that only takes notes."""

    async def create(self, new: New, message: Message) -> Receipt: ...

    async def append(self, slug: str, message: Message) -> Receipt: ...

    async def find_message(self, slug: str, sought: Sought) -> Receipt | None: ...

    async def find_conversation(self, sought: Sought, email: str, since: datetime) -> Receipt | None: ...

    async def takes_part(self, slug: str, email: str) -> bool: ...

    async def bodies(self, slug: str) -> tuple[str, ...]: ...


class Runner(Protocol):
    """Where conversions run: in `Workers`, or in the process itself."""

    @property
    def long(self) -> int:
        """How many calls take long, and wait for each other."""
        ...

    async def run(
        self, function: Callable[..., Result], *arguments: Any, patiently: bool = True
    ) -> Result: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a delivery needs, wired once by the daemon."""

    config: Config
    spool: Spool
    workers: Runner
    staging: Staging
    clients: Mapping[str, Desk]
    #: Secrets for tokens, newest first.
    keys: tuple[bytes, ...]
    #: Addresses of ours.
    own: frozenset[str]
    clock: Clock
    #: Since when this process delivers.
    started_at: datetime

    def route(self, name: str) -> Route | None:
        return next((route for route in self.config.routes if route.name == name), None)

    def route_of(self, item: Item) -> Route | None:
        """The route of a waiting mail; None where the config no longer has it for the brand that the mail was taken for."""
        route = self.route(item.route)
        return route if route is not None and route.brand == item.brand else None

    def job(
        self,
        item: Item,
        route: Route,
        *,
        effort: convert.Effort = convert.Effort.FULL,
        remarks: tuple[str, ...] = (),
        said: bytes | None = None,
    ) -> convert.Job:
        return convert.Job(
            content=item.content,
            envelope=item.envelope,
            route=route,
            recipients=item.recipients,
            sender=self.config.sender,
            own=self.own,
            keys=self.keys,
            store=self.config.spool.folder / "files",
            max_file_bytes=self.config.staging.max_file_bytes,
            min_free_bytes=self.config.spool.min_free_bytes,
            effort=effort,
            remarks=remarks,
            about=item.conversation.subject if item.conversation else "",
            said=said,
        )
