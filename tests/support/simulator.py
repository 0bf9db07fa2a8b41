"""Re:amaze for a test: the stand-in on a real port, or below httpx without one.

On a port resets and time-outs are the network's own; in-process they are the errors httpx would have raised.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from bridge.clock import Clock
from bridge.sandbox import Behaviour, Sandbox, Unanswered
from bridge.web import Server, bind


@dataclass(slots=True)
class Simulator:
    """A stand-in on a port of its own; `stop` and `start` make it refuse connections in between."""

    sandbox: Sandbox
    server: Server
    port: int

    @property
    def url(self) -> str:
        """The page, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What a brand's `base_url` is in the config."""
        return f"{self.url}/api/v1"

    def brand_url(self, brand: str) -> str:
        """The same for one of several brands."""
        return f"{self.url}/{brand}/api/v1"

    async def stop(self) -> None:
        await self.server.stop()

    async def start(self) -> None:
        self.server = Server(self.sandbox.app, bind(f"127.0.0.1:{self.port}"))
        await self.server.start()


@contextlib.asynccontextmanager
async def on_port(
    behaviour: Behaviour = Behaviour(),  # noqa: B008 - frozen
    *,
    clock: Clock | None = None,
    journal: Path | None = None,
) -> AsyncIterator[Simulator]:
    sandbox = Sandbox(behaviour, clock=clock, journal=journal)
    server = Server(sandbox.app, bind("127.0.0.1:0"))
    await server.start()
    simulator = Simulator(sandbox, server, server.port)
    try:
        yield simulator
    finally:
        await sandbox.close()
        await simulator.stop()


class InProcess(httpx.AsyncBaseTransport):
    """Calls a stand-in without a port: the `transport` of an httpx client."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = httpx.ASGITransport(sandbox.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except Unanswered as unanswered:
            raise _ERRORS[unanswered.how](f"{unanswered.how} on purpose", request=request) from unanswered


_ERRORS = {
    "refused": httpx.ConnectError,
    "reset": httpx.ReadError,
    "timeout": httpx.ReadTimeout,
    "cut": httpx.RemoteProtocolError,
}


def client(
    behaviour: Behaviour = Behaviour(),  # noqa: B008 - frozen
    *,
    base_url: str = "http://sandbox/api/v1",
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """An httpx client that speaks as the documentation asks."""
    return httpx.AsyncClient(
        base_url=base_url,
        auth=(behaviour.user, behaviour.token),
        headers={"Accept": "application/json"},
        transport=transport,
        timeout=5.0,
    )
