"""One embedded HTTP server for staged files, health and the sandbox. Owns starlette and uvicorn.

uvicorn takes over SIGINT and SIGTERM when it serves; embedded in a daemon that is wrong, so `Server` leaves signals alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.errors import StartError

__all__ = [
    "ASGIApp",
    "FileResponse",
    "HTMLResponse",
    "JSONResponse",
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


class _Embedded(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """An ASGI app on one bound socket, between `start` and `stop`."""

    def __init__(self, app: ASGIApp, sock: socket.socket) -> None:
        self._sock = sock
        self._server = _Embedded(
            uvicorn.Config(
                app, log_config=None, access_log=False, lifespan="off", server_header=False, date_header=True
            )
        )
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
