"""What all sessions of one listener share: its rules, the way into the spool, and who is here."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bridge import log
from bridge.clock import Clock
from bridge.config.schema import Listener, ListenerKind, Smtp
from bridge.intake import replies
from bridge.intake.collect import Collector, refusal_for
from bridge.intake.limits import Connections, Networks
from bridge.intake.replies import Reply
from bridge.intake.store import Incoming, Store
from bridge.intake.trace import Hops
from bridge.model import Envelope, Target


class Guest(Protocol):
    """A session as the intake sees it."""

    def expire(self, now_s: float) -> None: ...

    def leave(self) -> None: ...

    def abort(self) -> None: ...


@dataclass(slots=True, kw_only=True)
class Reception:
    listener: Listener
    settings: Smtp
    hostname: str
    spool: Store[Any]
    targets: Callable[[Sequence[str]], tuple[Target, ...]]
    wants: Callable[[str], bool]
    clock: Clock
    connections: Connections
    #: Whether mail for that recipient does not get away, so that no more of it is taken for now.
    stuck: Callable[[str], bool] = lambda recipient: False  # noqa: ARG005 - nothing is stuck by default
    tls: ssl.SSLContext | None = None
    #: Every open session; the intake's watch and stop go over them.
    sessions: set[Guest] = field(default_factory=set)
    #: Commits under way. They outlive the session that began them.
    commits: set[asyncio.Task[Reply]] = field(default_factory=set)
    stopping: bool = False
    lmtp: bool = field(init=False)
    networks: Networks = field(init=False)
    trusted: Networks = field(init=False)

    def __post_init__(self) -> None:
        self.lmtp = self.listener.kind is ListenerKind.LMTP
        self.networks = Networks(self.listener.networks)
        self.trusted = Networks(self.listener.trusted)

    def admit(self, peer: str) -> Reply | None:
        """Count the connection, or the reply that turns it away uncounted."""
        if self.stopping:
            return replies.STOPPING
        if peer != "unix" and not self.networks.holds(peer):
            return replies.NOT_ALLOWED
        return self.connections.admit(peer)

    def collector(self, trace: bytes) -> Collector:
        return Collector(
            trace,
            size_limit_bytes=self.settings.size_limit_bytes,
            threshold_bytes=self.settings.memory_threshold_bytes,
            max_hops=self.settings.max_hops,
            hops=Hops(self.hostname),
            incoming=self.spool.incoming,
        )

    def commit(self, mail_id: str, envelope: Envelope, collector: Collector) -> asyncio.Task[Reply]:
        """Begin to put the mail into the spool. The task's result is the reply; it never raises and is never cancelled."""
        task = asyncio.get_running_loop().create_task(
            put(
                self.spool,
                self.targets,
                mail_id,
                envelope,
                collector.content(),
                size_bytes=collector.size_bytes,
            )
        )
        self.commits.add(task)
        task.add_done_callback(self.commits.discard)
        return task

    def refused(self, reply: Reply, peer: str, **personal: object) -> Reply:
        log.info(
            "refused",
            listener=self.listener.name,
            peer=peer,
            reply=reply.short,
            why=reply.text,
            **log.personal(**personal),
        )
        return reply


async def put(
    spool: Store[Any],
    targets: Callable[[Sequence[str]], tuple[Target, ...]],
    mail_id: str,
    envelope: Envelope,
    content: bytes | Incoming,
    *,
    size_bytes: int,
) -> Reply:
    """Store the mail once for every route that takes one of its recipients, and say so; never raises.

    The answer is 250 after the commit and no sooner. Every other ending is temporary: the peer keeps the mail.
    """
    facts = {
        "id": mail_id,
        "listener": envelope.listener,
        "peer": envelope.peer,
        "size_bytes": size_bytes,
        "recipients": len(envelope.recipients),
    }
    try:
        wanted = targets(envelope.recipients)
        if not wanted:
            log.error(
                "refused", reply=replies.NO_ROUTE_NOW.short, why="no route takes its recipients", **facts
            )
            _discard(content)
            return replies.NO_ROUTE_NOW
        await spool.put(mail_id, envelope, content, wanted)
    except Exception as error:  # noqa: BLE001 - unknown means temporary, and its text is not the peer's business
        reply = refusal_for(error)
        log.error("refused", reply=reply.short, why=repr(error), **facts)
        _discard(content)
        return reply
    log.info(
        "accepted",
        **facts,
        routes=",".join(target.route for target in wanted),
        tls=envelope.tls or "no",
        **log.personal(reverse_path=envelope.reverse_path, to=",".join(envelope.recipients)),
    )
    return replies.queued(mail_id)


def _discard(content: bytes | Incoming) -> None:
    if isinstance(content, bytes):
        return
    try:
        content.discard()
    except Exception as error:  # noqa: BLE001 - an orphan file is removed at the next start
        log.warning("trouble", doing="discarding content", error=repr(error))
