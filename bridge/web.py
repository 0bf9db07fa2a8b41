"""One embedded HTTP server for staged files, health and the sandbox. Owns starlette and uvicorn.

uvicorn takes over SIGINT and SIGTERM when it serves; embedded in a daemon that is wrong, so `Server` leaves signals alone. It
also waits for ever for a header that does not come and for a reader who does not read: here every wait for a peer ends, and
whoever has waited for longest makes room for who comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bridge.errors import StartError

__all__ = [
    "ASGIApp",
    "FileResponse",
    "HTMLResponse",
    "JSONResponse",
    "Limits",
    "Message",
    "Mount",
    "PlainTextResponse",
    "Receive",
    "Request",
    "Response",
    "Route",
    "Scope",
    "Send",
    "Server",
    "Starlette",
    "bind",
]


def bind(listen: str, *, key: str = "listen") -> socket.socket:
    """A bound TCP socket for "host:port" or "[v6]:port". Raises StartError naming cause, fix and where it was asked for."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdecimal() or int(port) > 65_535:
        raise StartError(
            f'cannot listen on "{listen}" (`{key}`): expected "host:port" such as 127.0.0.1:8027'
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without IPPROTO_TCP asyncio leaves Nagle on, which costs 40 ms a small answer.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, int(port)))
    except OSError as error:
        sock.close()
        raise StartError(
            f"cannot listen on {listen} (`{key}`): {error.strerror}. Another program may hold the port, or it needs "
            f"more rights; choose another, or see who has it with `ss -ltnp`"
        ) from error
    sock.setblocking(False)
    return sock


@dataclass(frozen=True, slots=True)
class Limits:
    """What a peer may take up of a server."""

    connections: int = 256
    #: From the first byte, or the connection, to the end of a request's header.
    header_s: float = 10.0
    #: For the rest of a request.
    body_s: float = 60.0
    #: Between an answer and the next request.
    idle_s: float = 15.0
    #: For a reader to take up what is already written, 64 KB at most.
    stalled_s: float = 60.0


class _Config(uvicorn.Config):
    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.limits = limits
        super().__init__(
            app,
            http=_Bounded,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=True,
            timeout_keep_alive=1,  # `_Bounded` has its own times
        )


class _Bounded(H11Protocol):
    """One connection: whatever is to come from its peer has its time, and nothing else has."""

    config: _Config

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limits = self.config.limits
        #: What is waited for, since when (of the loop's clock), and the end of the wait.
        self._awaited = ""
        self.waits_since_s = self.loop.time()
        self._end: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._await("header", self._limits.header_s)
        if len(self.connections) > self._limits.connections:
            waiting = [each for each in self.connections if isinstance(each, _Bounded) and not each.busy]
            min(waiting, key=lambda each: each.waits_since_s).abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await("", 0.0)
        self._has_read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.busy:
            # Another byte of the same header gives it no more time.
            self._await("header", self._limits.header_s)
        elif self.cycle.more_body:
            self._await("body", self._limits.body_s)
        else:
            self._await("", 0.0)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()
        if not self.busy:
            self._await("next", self._limits.idle_s)
        if self.transport.get_write_buffer_size():
            self._must_read()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._must_read()

    def resume_writing(self) -> None:
        self._has_read()
        super().resume_writing()

    def _must_read(self) -> None:
        self._has_read()
        self._reading = self.loop.call_later(self._limits.stalled_s, self._stalled)

    def abort(self) -> None:
        """End it at once, whatever is still to be written."""
        self.connections.discard(self)
        self.transport.abort()

    def _stalled(self) -> None:
        if self.transport.get_write_buffer_size():
            self.abort()

    def _has_read(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _await(self, what: str, seconds: float) -> None:
        """Wait for that from now on, unless it is waited for already; "" for nothing."""
        if what == self._awaited:
            return
        if self._end is not None:
            self._end.cancel()
        self._awaited, self.waits_since_s = what, self.loop.time()
        self._end = self.loop.call_later(seconds, self.abort) if what else None


class _Embedded(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """An ASGI app on one bound socket, between `start` and `stop`."""

    def __init__(self, app: ASGIApp, sock: socket.socket, limits: Limits | None = None) -> None:
        self._sock = sock
        self._server = _Embedded(_Config(app, limits or Limits()))
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return int(self._sock.getsockname()[1])

    async def start(self) -> None:
        """Return when the socket answers."""
        self._sock.listen(128)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._sock]))
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        self._server.should_exit = True
        # Keep-alive connections that never close must not hold the daemon up.
        self._server.force_exit = True
        if self._task is not None:
            await self._task
        self._sock.close()
