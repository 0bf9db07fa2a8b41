"""What would become of a mail, and why: the code of production, with a desk that takes notes instead of posting.

The mail goes through a spool in a temporary folder, is sorted, planned and carried like any other; only Re:amaze, the
staging server and the worker processes are stood in for. So what `explain` says and what the daemon does cannot drift apart.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from bridge import convert
from bridge.clock import Clock, SystemClock
from bridge.compose import route as routing
from bridge.compose import unfound
from bridge.config import schema
from bridge.config.schema import DAY_S, Config
from bridge.delivery import drafting
from bridge.delivery.attempt import Attempt
from bridge.delivery.parts import Parts
from bridge.errors import BridgeError
from bridge.mail import parse
from bridge.model import Draft, Envelope, File, Mail, Message, New, Receipt, Sorting, StagedFile, Target
from bridge.reamaze import Sought, requests
from bridge.reamaze import slug as slugs
from bridge.spool import Placed, Spool
from bridge.staging import keys, media

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    mail: Mail
    route: str
    sorting: Sorting
    placed: Placed
    #: Why the conversations of the config's spool could not be looked up; "" when they were.
    unknown: str
    #: What would be said; None where the mail would be held or dropped.
    draft: Draft | None
    #: What the route's rules looked for and did not find, and what stands nearest to it.
    unfound: tuple[str, ...]
    #: What would be posted, call by call: method, path, JSON body. "SLUG" stands for what Re:amaze would answer.
    requests: tuple[dict[str, Any], ...]


class NoRouteForError(BridgeError):
    """No route takes the recipient."""


@dataclass(slots=True)
class _Notebook:
    """A desk that writes down what it is told and agrees to everything."""

    calls: list[dict[str, Any]] = field(default_factory=list)

    async def create(self, new: New, message: Message) -> Receipt:
        body = requests.create(new, message)
        self.calls.append({"method": "POST", "path": "/conversations", "json": body})
        return Receipt(slug="SLUG")

    async def append(self, slug: str, message: Message) -> Receipt:
        body = requests.append(message)
        path = f"/conversations/{slugs.segment(slug)}/messages"
        self.calls.append({"method": "POST", "path": path, "json": body})
        return Receipt(slug=slug)

    async def find_message(self, slug: str, sought: Sought) -> Receipt | None:
        del slug, sought
        return None

    async def find_conversation(self, sought: Sought, email: str, since: datetime) -> Receipt | None:
        del sought, email, since
        return None

    async def bodies(self, slug: str) -> tuple[str, ...]:
        # What staff answered is not known here, so a quote of it is explained as standing.
        self.calls.append(
            {"method": "GET", "path": f"/conversations/{slugs.segment(slug)}/messages", "json": None}
        )
        return ()

    async def takes_part(self, slug: str, email: str) -> bool:
        # Only Re:amaze knows; what follows is said as if it had said yes.
        del email
        self.calls.append({"method": "GET", "path": f"/conversations/{slugs.segment(slug)}", "json": None})
        return True


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Staging that makes up the links."""

    settings: schema.Staging
    clock: Clock

    async def stage(self, file: File, delivery: str) -> StagedFile:
        del delivery
        served = self.settings.serve.public_url if self.settings.serve else "https://put"
        return StagedFile(
            name=file.name,
            content_type=file.content_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            url=f"{served.rstrip('/')}/f/SIGNED/{media.quoted_name(file.name)}",
            expires_at=self.clock.now() + timedelta(days=self.settings.keep_days),
        )

    async def sweep(self) -> int:
        return 0

    async def close(self) -> None:
        """Nothing is held open."""


class _Here:
    """Runs conversions in this process: what they raise is to be seen."""

    long = 0

    async def run(
        self,
        function: Callable[..., Result],
        *arguments: Any,
        patiently: bool = True,  # noqa: ARG002 - as workers do
    ) -> Result:
        return function(*arguments)


async def explain(config: Config, content: bytes, envelope: Envelope) -> Explanation:
    """The whole way of a mail, up to but without the first call; it has no lasting effect. Raises NoRouteForError."""
    clock = SystemClock()
    route = routing.find(config.routes, envelope.recipients[0])
    if route is None:
        raise NoRouteForError(
            f"no route takes {envelope.recipients[0]}: the peer would hear 550 5.1.1. Routes take "
            + ", ".join(recipient for route in config.routes for recipient in route.recipients)
        )
    notebook = _Notebook()
    with tempfile.TemporaryDirectory(prefix="reamaze-bridge-explain-") as folder:
        settings = config.spool.model_copy(update={"folder": Path(folder), "min_free_bytes": 0})
        with closing(Spool.open(settings, clock=clock)) as spool:
            parts = Parts(
                # Decoded files go to the temporary folder too.
                config=config.model_copy(update={"spool": settings}),
                spool=spool,
                workers=_Here(),
                staging=_Shelf(config.staging, clock),
                clients={route.brand: notebook},
                keys=_keys(config.spool.folder),
                own=routing.own_addresses(config),
                clock=clock,
                started_at=clock.now(),
            )
            await spool.put(
                spool.new_id(), envelope, content, [Target(route.name, route.brand, envelope.recipients)]
            )
            (unsorted,) = await spool.unsorted(1)
            sorting = convert.sort(parts.job(unsorted, route))
            unknown = await _borrow(spool, config.spool.folder, sorting, route)
            placed = await spool.place(
                unsorted,
                sorting,
                channel=route.channel,
                brand=route.brand,
                stranger_joins=route.conversation.stranger == "note",
                duplicate_window_s=config.spool.duplicate_window_days * DAY_S,
            )
            draft = None
            for item in await spool.claim(1):
                draft = await drafting.draft(parts, item, route, item.conversation)
                await Attempt(parts, item).run()
    mail = parse(content)
    return Explanation(
        mail=mail,
        route=route.name,
        sorting=sorting,
        placed=placed,
        unknown=unknown,
        draft=draft,
        unfound=tuple(_unfound(mail, route, config)),
        requests=tuple(notebook.calls),
    )


def _unfound(mail: Mail, route: schema.Route, config: Config) -> Iterator[str]:
    values = convert.fields_of(mail, route)[0].values
    own = routing.own_addresses(config)
    for why in unfound.authors(mail, route, config.sender, own, values):
        yield f"author: {why}"
    for name, why in unfound.fields(mail, route, values):
        yield f"field {name}: {why}"


def _keys(folder: Path) -> tuple[bytes, ...]:
    """The keys that tokens of ours are signed with; one that signs nothing where there are none, or they may not be read."""
    try:
        return keys.load(folder) if (folder / "keys").exists() else (b"explain",)
    except (OSError, BridgeError):
        return (b"explain",)


async def _borrow(spool: Spool, folder: Path, sorting: Sorting, route: schema.Route) -> str:
    """Learn what the config's spool knows of the mail's conversation; says whether that could be done."""
    try:
        if not (folder / "spool.db").exists():
            return f"no conversation is known yet: there is no spool in {folder}"
        await spool.borrow(folder, sorting, brand=route.brand, channel=route.channel, route=route.name)
    except (OSError, BridgeError) as error:
        return f"conversations could not be looked up: {getattr(error, 'strerror', None) or error}"
    return ""
