"""The intake: every listener of the config, from `start` to `stop`.

Nothing it accepted depends on it afterwards: a mail answered 250 is the spool's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from bridge import log
from bridge.clock import Clock
from bridge.config.schema import Listener, ListenerKind, Smtp
from bridge.errors import StartError
from bridge.intake import listeners
from bridge.intake.limits import Connections, peer_name
from bridge.intake.listeners import Bound
from bridge.intake.reception import Reception
from bridge.intake.session import BridgeSMTP
from bridge.intake.store import Store
from bridge.intake.tls import HANDSHAKE_TIMEOUT_S, Certificate, failure
from bridge.model import Target

_BACKLOG = 1024
_WATCH_EVERY_S = 1.0
_CERTIFICATES_EVERY_S = 60.0
#: How long no connection is taken after one could not be.
_ACCEPT_AGAIN_S = 1.0


class Intake:
    def __init__(
        self,
        settings: Smtp,
        *,
        hostname: str,
        spool: Store[Any],
        targets: Callable[[Sequence[str]], tuple[Target, ...]],
        wants: Callable[[str], bool],
        stuck: Callable[[str], bool] = lambda recipient: False,  # noqa: ARG005 - nothing is stuck by default
        clock: Clock,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._settings = settings
        self._hostname = hostname
        self._spool = spool
        self._targets = targets
        self._wants = wants
        self._stuck = stuck
        self._clock = clock
        self._environ = environ
        self._connections = Connections(
            most=settings.max_connections, most_per_peer=settings.max_connections_per_peer
        )
        #: Connections of `smtps` before they can say a word.
        self._handshakes = Connections(
            most=settings.max_connections, most_per_peer=settings.max_connections_per_peer
        )
        self._receptions: list[Reception] = []
        self._certificates: list[Certificate] = []
        self._servers: list[asyncio.Server] = []
        #: What takes the connections of `smtps`, and each of their handshakes.
        self._doors: set[asyncio.Task[None]] = set()
        self._sockets: list[tuple[Listener, socket.socket]] = []
        self._watch: asyncio.Task[None] | None = None
        self._bound: tuple[Bound, ...] = ()
        # aiosmtpd writes twelve INFO lines a mail with its addresses, and at DEBUG the content.
        logging.getLogger("mail.log").setLevel(logging.WARNING)

    @property
    def addresses(self) -> Mapping[str, Bound]:
        """Listener name → where it takes mail; known from `start` on. Of several sockets the first, IPv4 one."""
        return {address.listener: address for address in reversed(self._bound)}

    @property
    def open_connections(self) -> int:
        return self._connections.open

    async def start(self) -> None:
        """Take mail on every listener, or on none. Raises StartError."""
        try:
            for listener in self._settings.listeners:
                await self._listen(listener)
        except BaseException:
            self._close_listeners()
            raise
        self._bound = tuple(listeners.bound(listener.name, sock) for listener, sock in self._sockets)
        for listener, address in zip((listener for listener, _ in self._sockets), self._bound, strict=True):
            log.info("listening", listener=listener.name, kind=str(listener.kind), address=str(address))
        self._watch = asyncio.create_task(self._watching())

    async def _listen(self, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        certificate = Certificate(listener.name, listener.tls) if listener.tls is not None else None
        if certificate is not None:
            self._certificates.append(certificate)
        reception = Reception(
            listener=listener,
            settings=self._settings,
            hostname=self._hostname,
            spool=self._spool,
            targets=self._targets,
            wants=self._wants,
            stuck=self._stuck,
            clock=self._clock,
            connections=self._connections,
            tls=certificate.context if certificate is not None else None,
        )
        self._receptions.append(reception)
        template = BridgeSMTP(reception, loop)
        try:
            sockets = listeners.open_sockets(listener.listen, self._environ)
        except StartError as error:
            raise StartError(f"listener {listener.name}: {error}") from error
        for sock in sockets:
            self._sockets.append((listener, sock))
            if listener.kind is ListenerKind.SMTPS:
                sock.listen(_BACKLOG)
                self._open(self._take_in(sock, reception, template))
            elif sock.family == socket.AF_UNIX:
                self._servers.append(
                    await loop.create_unix_server(template.clone, sock=sock, backlog=_BACKLOG)
                )
            else:
                self._servers.append(await loop.create_server(template.clone, sock=sock, backlog=_BACKLOG))

    def _open(self, door: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(door)
        self._doors.add(task)
        task.add_done_callback(self._doors.discard)

    async def _take_in(self, sock: socket.socket, reception: Reception, template: BridgeSMTP) -> None:
        """Take connections that begin with TLS.

        A server of asyncio's asks nobody who he is before his handshake is over: those who never begin one, from wherever,
        would use up the process's descriptors.
        """
        while True:
            try:
                opened, address = await asyncio.get_running_loop().sock_accept(sock)
            except OSError as error:
                log.warning(
                    "trouble", doing="accepting", listener=reception.listener.name, error=error.strerror
                )
                await asyncio.sleep(_ACCEPT_AGAIN_S)
                continue
            peer = peer_name(address)
            reply = reception.turns_away(peer) or self._handshakes.admit(peer)
            if reply is None:
                self._open(self._shake_hands(opened, peer, reception, template))
            else:
                # Without TLS there is no word for it.
                reception.refused(reply, peer)
                opened.close()

    async def _shake_hands(
        self, opened: socket.socket, peer: str, reception: Reception, template: BridgeSMTP
    ) -> None:
        opened.setblocking(False)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                template.clone, opened, ssl=reception.tls, ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S
            )
        except (OSError, ssl.SSLError) as error:
            log.info("refused", listener=reception.listener.name, peer=peer, why=failure(error))
            opened.close()
        finally:
            self._handshakes.release(peer)

    async def _watching(self) -> None:
        certificates_s = 0.0
        while True:
            await asyncio.sleep(_WATCH_EVERY_S)
            self.expire()
            certificates_s += _WATCH_EVERY_S
            if certificates_s >= _CERTIFICATES_EVERY_S:
                certificates_s = 0.0
                for certificate in self._certificates:
                    certificate.refresh()

    def expire(self) -> None:
        """End what takes too long, in every session."""
        now_s = self._clock.monotonic_s()
        for session in [session for reception in self._receptions for session in reception.sessions]:
            session.expire(now_s)

    async def stop(self, within_s: float) -> None:
        """Take no more mail: idle peers hear 421 now, busy ones finish first, and what is not done in time is cut."""
        for reception in self._receptions:
            reception.stopping = True
        self._close_listeners()
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        for session in [session for reception in self._receptions for session in reception.sessions]:
            session.leave()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._drained()
        for session in [session for reception in self._receptions for session in reception.sessions]:
            session.abort()
        # connection_lost comes with the next turns of the loop.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _drained(self) -> None:
        # Polling a few times in the life of a process is simpler than an event in every session.
        while any(reception.sessions or reception.commits for reception in self._receptions):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    def _close_listeners(self) -> None:
        # Server.wait_closed() is not awaited: from Python 3.12 on it waits for every open connection.
        for server in self._servers:
            server.close()
        self._servers.clear()
        for door in self._doors:
            door.cancel()
        for listener, sock in self._sockets:
            sock.close()
            if listener.listen.startswith("unix:"):
                Path(listener.listen.removeprefix("unix:")).unlink(missing_ok=True)
        self._sockets.clear()
