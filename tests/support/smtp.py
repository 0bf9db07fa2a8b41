"""SMTP in memory: a session without a socket, a spool that notices misuse, and a peer that sends bytes and reads replies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.clock import FixedClock
from bridge.config.schema import Listener, Smtp
from bridge.intake.limits import Connections
from bridge.intake.reception import Reception
from bridge.intake.session import BridgeSMTP
from bridge.model import Envelope, Target

HOSTNAME = "mx.example.org"
PEER = "192.0.2.7"
KNOWN = "help@example.org"


@dataclass
class FakeIncoming:
    """Large content; writing after the end of its life is a mistake."""

    written: bytearray = field(default_factory=bytearray)
    discarded: bool = False
    fails: Exception | None = None
    writes: int = 0

    @property
    def size_bytes(self) -> int:
        return len(self.written)

    def write(self, chunk: bytes) -> None:
        assert not self.discarded, "written after it was discarded"
        if self.fails is not None:
            raise self.fails
        self.writes += 1
        self.written += chunk

    def discard(self) -> None:
        self.discarded = True


@dataclass
class Stored:
    mail_id: str
    envelope: Envelope
    content: bytes
    targets: tuple[Target, ...]

    @property
    def body(self) -> bytes:
        """The content without the bridge's trace field, which has three lines or four."""
        lines = self.content.split(b"\r\n")
        assert lines[0].startswith(b"Received: from ")
        after = next(number for number, line in enumerate(lines[1:], 1) if not line.startswith(b"\t"))
        return b"\r\n".join(lines[after:])


@dataclass
class FakeStore:
    """A spool whose trouble is switched on; an id it did not give, or gave before, fails the test."""

    stored: list[Stored] = field(default_factory=list)
    files: list[FakeIncoming] = field(default_factory=list)
    no_room: Exception | None = None
    fails: Exception | None = None
    write_fails: Exception | None = None
    #: While set, puts wait for it.
    gate: asyncio.Event | None = None
    asked_bytes: list[int] = field(default_factory=list)
    _given: int = 0
    _open: set[str] = field(default_factory=set)
    _puts: list[asyncio.Task[None]] = field(default_factory=list)

    def new_id(self) -> str:
        self._given += 1
        self._open.add(f"m{self._given}")
        return f"m{self._given}"

    def room(self, size_bytes: int) -> None:
        self.asked_bytes.append(size_bytes)
        if self.no_room is not None:
            raise self.no_room

    def incoming(self) -> FakeIncoming:
        self.files.append(FakeIncoming(fails=self.write_fails))
        return self.files[-1]

    async def put(
        self, mail_id: str, envelope: Envelope, content: bytes | FakeIncoming, targets: Sequence[Target]
    ) -> None:
        self._open.remove(mail_id)
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        if isinstance(content, FakeIncoming):
            assert not content.discarded, "put after it was discarded"
            content = bytes(content.written)
        self.stored.append(Stored(mail_id, envelope, content, tuple(targets)))

    def begin_put(
        self,
        mail_id: str,
        envelope: Envelope,
        content: bytes | FakeIncoming,
        targets: Sequence[Target],
        ended: Callable[[Exception | None], None],
    ) -> None:
        async def put() -> None:
            try:
                await self.put(mail_id, envelope, content, targets)
            except Exception as error:  # noqa: BLE001 - as the spool does
                ended(error)
            else:
                ended(None)

        self._puts.append(asyncio.get_running_loop().create_task(put()))


def routes(recipients: Sequence[str]) -> tuple[Target, ...]:
    """One target for each domain, named after it."""
    domains = dict.fromkeys(recipient.rpartition("@")[2] for recipient in recipients)
    return tuple(
        Target(domain or "postmaster", "acme", tuple(r for r in recipients if r.rpartition("@")[2] == domain))
        for domain in domains
    )


def wants(recipient: str) -> bool:
    return recipient in (
        KNOWN,
        "sales@example.org",
        "info@other.example",
        "grün@example.org",
        "stuck@example.org",
    )


def smtp(*listeners: Listener, **changes: Any) -> Smtp:
    return Smtp(listeners=listeners or (listener(),), **changes)


def listener(**changes: Any) -> Listener:
    values: dict[str, Any] = {
        "name": "mx",
        "listen": "127.0.0.1:0",
        "networks": ("192.0.2.0/24", "127.0.0.0/8", "::1/128"),
    }
    return Listener(**{**values, **changes})


def reception(
    *,
    store: FakeStore | None = None,
    clock: FixedClock | None = None,
    settings: dict[str, Any] | None = None,
    targets: Callable[[Sequence[str]], tuple[Target, ...]] = routes,
    wanted: Callable[[str], bool] = wants,
    **changes: Any,
) -> Reception:
    one = listener(**changes)
    chosen = smtp(one, **(settings or {}))
    return Reception(
        listener=one,
        settings=chosen,
        hostname=HOSTNAME,
        spool=store if store is not None else FakeStore(),
        targets=targets,
        wants=wanted,
        stuck=lambda recipient: recipient.startswith("stuck@"),
        clock=clock or FixedClock(),
        connections=Connections(most=chosen.max_connections, most_per_peer=chosen.max_connections_per_peer),
    )


class MemoryTransport(asyncio.Transport):
    """What was written, and whether the session closed, cut or paused the connection."""

    def __init__(self, peername: object) -> None:
        super().__init__({"peername": peername})
        self.sent = bytearray()
        self.writes = 0
        self.closed = False
        self.aborted = False
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed, "written after close"
        self.writes += 1
        self.sent += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Peer:
    """One connection to a listener. `await Peer.connect(reception)` has read the greeting."""

    def __init__(self, at: Reception, peername: object = (PEER, 40_000)) -> None:
        self.transport = MemoryTransport(peername)
        self.session = BridgeSMTP(at, asyncio.get_running_loop()).clone()
        self.session.connection_made(self.transport)

    @classmethod
    async def connect(cls, at: Reception, peername: object = (PEER, 40_000)) -> Peer:
        peer = cls(at, peername)
        peer.greeting = await peer.hear()
        return peer

    greeting = ""

    async def hear(self) -> str:
        """What the session has said since it was last asked, once it has nothing more to do."""
        for _ in range(8):
            await asyncio.sleep(0)
        heard = bytes(self.transport.sent).decode()
        self.transport.sent.clear()
        return heard

    async def say(self, *lines: str) -> str:
        """Send lines with CRLF, all at once, and return the replies."""
        return await self.send("".join(f"{line}\r\n" for line in lines).encode())

    async def send(self, data: bytes) -> str:
        self.session.data_received(data)
        return await self.hear()

    async def mail(self, content: bytes = b"Subject: x\r\n\r\nhello\r\n", to: str = KNOWN) -> str:
        """Send one mail, commands pipelined; the reply to its content."""
        await self.say("EHLO client.example", "MAIL FROM:<anna@example.net>", f"RCPT TO:<{to}>", "DATA")
        return await self.send(content + b".\r\n")

    def half_close(self) -> bool | None:
        return self.session.eof_received()

    def vanish(self, error: Exception | None = None) -> None:
        self.transport.closed = True
        self.session.connection_lost(error)

    @property
    def closed(self) -> bool:
        return self.transport.closed
