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
from bridge.intake.limits import UNIX, Connections, Networks
from bridge.intake.login import Logins
from bridge.intake.replies import Reply
from bridge.intake.store import Incoming, Store
from bridge.intake.trace import Hops
from bridge.model import Envelope, Target


class Guest(Protocol):
    """A session as the intake sees it."""

    def expire(self, now_s: float) -> None: ...

    def leave(self) -> None: ...

    def abort(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that has arrived as a whole."""

    mail_id: str
    envelope: Envelope
    content: bytes | Incoming
    #: What the peer sent, without our trace field.
    size_bytes: int


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
    #: The ids of mails whose commit is under way. It outlives the session that began it.
    commits: set[str] = field(default_factory=set)
    stopping: bool = False
    lmtp: bool = field(init=False)
    networks: Networks = field(init=False)
    trusted: Networks = field(init=False)
    logins: Logins = field(init=False)

    def __post_init__(self) -> None:
        self.lmtp = self.listener.kind is ListenerKind.LMTP
        self.networks = Networks(self.listener.networks)
        self.trusted = Networks(self.listener.trusted)
        self.logins = Logins(self.listener, self.clock)

    def admit(self, peer: str) -> Reply | None:
        """Count the connection, or the reply that turns it away uncounted."""
        return self.turns_away(peer) or self.connections.admit(peer)

    def turns_away(self, peer: str) -> Reply | None:
        """The reply to a peer from whom nothing is taken; None for others."""
        if self.stopping:
            return replies.STOPPING
        return None if peer == UNIX or self.networks.holds(peer) else replies.NOT_ALLOWED

    def collector(self, trace: bytes) -> Collector:
        return Collector(
            trace,
            size_limit_bytes=self.settings.size_limit_bytes,
            threshold_bytes=self.settings.memory_threshold_bytes,
            max_hops=self.settings.max_hops,
            hops=Hops(self.hostname),
            incoming=self.spool.incoming,
        )

    def commit(self, mail: Mail, done: Callable[[Reply], None]) -> None:
        """Begin to put the mail into the spool. `done` hears the reply in a later turn of the loop, whatever happens."""

        def ended(error: Exception | None) -> None:
            self.commits.discard(mail.mail_id)
            done(_answer(mail, wanted, error))

        wanted: tuple[Target, ...] = ()
        self.commits.add(mail.mail_id)
        try:
            wanted = _wanted(mail, self.targets)
            self.spool.begin_put(mail.mail_id, mail.envelope, mail.content, wanted, ended)
        except Exception as error:  # noqa: BLE001 - unknown means temporary
            asyncio.get_running_loop().call_soon(ended, error)

    def refused(
        self,
        reply: Reply,
        peer: str,
        *,
        because: str | None = None,
        login: str | None = None,
        **personal: object,
    ) -> Reply:
        """Log the refusal; `because` is what the peer is not told."""
        log.info(
            "refused",
            listener=self.listener.name,
            peer=peer,
            reply=reply.short,
            why=reply.text,
            because=because,
            login=login,
            **log.personal(**personal),
        )
        return reply


async def put(spool: Store[Any], targets: Callable[[Sequence[str]], tuple[Target, ...]], mail: Mail) -> Reply:
    """Put the mail into the spool and say so; never raises."""
    wanted: tuple[Target, ...] = ()
    try:
        wanted = _wanted(mail, targets)
        await spool.put(mail.mail_id, mail.envelope, mail.content, wanted)
    except Exception as error:  # noqa: BLE001 - unknown means temporary
        return _answer(mail, wanted, error)
    return _answer(mail, wanted, None)


class _NoRouteError(Exception):
    """No route takes any of the recipients that were accepted a moment ago."""


def _wanted(mail: Mail, targets: Callable[[Sequence[str]], tuple[Target, ...]]) -> tuple[Target, ...]:
    """One target for every route that takes one of the mail's recipients."""
    wanted = targets(mail.envelope.recipients)
    if not wanted:
        raise _NoRouteError("no route takes its recipients")
    return wanted


def _answer(mail: Mail, wanted: Sequence[Target], error: Exception | None) -> Reply:
    """What the peer hears once the mail is committed, or will not be.

    The answer is 250 after the commit and no sooner. Every other ending is temporary, and its cause is not the peer's business.
    """
    envelope = mail.envelope
    facts = {
        "id": mail.mail_id,
        "listener": envelope.listener,
        "peer": envelope.peer,
        "size_bytes": mail.size_bytes,
        "recipients": len(envelope.recipients),
    }
    if error is not None:
        reply = replies.NO_ROUTE_NOW if isinstance(error, _NoRouteError) else refusal_for(error)
        log.error("refused", **facts, reply=reply.short, why=repr(error))
        _discard(mail.content)
        return reply
    log.info(
        "accepted",
        **facts,
        routes=",".join([target.route for target in wanted]),
        tls=envelope.tls or "no",
        login=envelope.login,
        **log.personal(reverse_path=envelope.reverse_path, to=",".join(envelope.recipients)),
    )
    return replies.queued(mail.mail_id)


def _discard(content: bytes | Incoming) -> None:
    if isinstance(content, bytes):
        return
    try:
        content.discard()
    except Exception as error:  # noqa: BLE001 - an orphan file is removed at the next start
        log.warning("trouble", doing="discarding content", error=repr(error))
