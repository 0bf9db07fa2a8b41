"""The HTTP server and peers who waste its time: every wait ends, and whoever waits for longest makes room."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from bridge.web import (
    Limits,
    PlainTextResponse,
    Receive,
    Request,
    Route,
    Scope,
    Send,
    Server,
    Starlette,
    bind,
)

pytestmark = pytest.mark.anyio

LARGE_BYTES = 32 * 1024 * 1024
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
WITHIN_S = 20.0


class Site:
    """A server with a page at once, one that waits until it may go on, one with no end to speak of, one that reads."""

    def __init__(self, limits: Limits | None) -> None:
        self.asked = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.ended = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/hello", self._hello),
                Route("/slow", self._slow),
                Route("/read", self._read, methods=["POST"]),
                Route("/large", _Large(self)),
            ]
        )
        self.server = Server(self.app, bind("127.0.0.1:0"), limits)

    @property
    def connections(self) -> int:
        return len(self.server._server.server_state.connections)

    async def _hello(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    async def _slow(self, _: Request) -> PlainTextResponse:
        self.asked.set()
        await self.may_go_on.wait()
        return PlainTextResponse("at last")

    async def _read(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.server.port)

    async def ask(self, request: bytes = GET) -> bytes:
        """The status line of the answer."""
        reader, writer = await self.connect()
        with contextlib.closing(writer):
            writer.write(request)
            return await asyncio.wait_for(reader.readline(), WITHIN_S)


class _Large:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(LARGE_BYTES // 65_536):
                await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._site.ended.set()


@contextlib.asynccontextmanager
async def served(limits: Limits | None = None) -> AsyncIterator[Site]:
    site = Site(limits)
    await site.server.start()
    try:
        yield site
    finally:
        site.may_go_on.set()
        await site.server.stop()


async def ends(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server ends the connection."""
    try:
        return await asyncio.wait_for(reader.read(), WITHIN_S)
    except ConnectionResetError:
        return b""


async def test_many_silent_peers_keep_nobody_out() -> None:
    async with served() as site, contextlib.AsyncExitStack() as stack:
        for number in range(400):
            _, writer = await site.connect()
            stack.callback(writer.close)
            if number % 3:
                writer.write(b"GET /hello HTTP/1.1\r\nX: "[: number % 25])
        assert await site.ask() == b"HTTP/1.1 200 OK\r\n"
        assert site.connections <= Limits().connections


async def test_who_has_waited_for_longest_makes_room() -> None:
    async with served(Limits(connections=3)) as site, contextlib.AsyncExitStack() as stack:
        peers = []
        for _ in range(5):
            reader, writer = await site.connect()
            stack.callback(writer.close)
            writer.write(b"GET")
            await writer.drain()
            peers.append((reader, writer))
            await asyncio.sleep(0.02)
        for reader, _ in peers[:2]:
            assert await ends(reader) == b""
        for reader, writer in peers[2:]:
            writer.write(GET[3:])
            assert await asyncio.wait_for(reader.readline(), WITHIN_S) == b"HTTP/1.1 200 OK\r\n"


async def test_who_is_being_answered_is_not_put_out() -> None:
    async with served(Limits(connections=2)) as site:
        answers = [asyncio.create_task(site.ask(GET.replace(b"hello", b"slow"))) for _ in range(2)]
        await asyncio.wait_for(site.asked.wait(), WITHIN_S)
        await asyncio.sleep(0.1)
        with contextlib.suppress(ConnectionResetError):
            assert await site.ask() == b""
        site.may_go_on.set()
        assert await asyncio.gather(*answers) == [b"HTTP/1.1 200 OK\r\n"] * 2


@pytest.mark.parametrize("said", [b"", b"GET /hello HTTP/1.1\r\nX: "])
async def test_a_header_that_does_not_come_is_not_waited_for(said: bytes) -> None:
    async with served(Limits(header_s=0.1)) as site:
        reader, writer = await site.connect()
        with contextlib.closing(writer):
            writer.write(said)
            assert await ends(reader) == b""


@pytest.mark.parametrize("after", [b"", GET])
async def test_a_header_that_comes_in_drips_gets_no_more_time(after: bytes) -> None:
    """Nor does the second one of a connection."""
    async with served(Limits(header_s=0.3, idle_s=600)) as site:
        reader, writer = await site.connect()
        with contextlib.closing(writer):
            writer.write(after)
            drips = 0
            while not reader.at_eof() and drips < 400:
                with contextlib.suppress(ConnectionError):
                    writer.write(b"GET /hello HTTP/1.1\r\nX: "[drips : drips + 1] or b"x")
                    await writer.drain()
                drips += 1
                await asyncio.sleep(0.02)
                if after and drips == 1:
                    assert await asyncio.wait_for(reader.readuntil(b"hello"), WITHIN_S)
            assert drips < 400


async def test_a_connection_that_is_kept_is_not_kept_for_ever() -> None:
    async with served(Limits(idle_s=0.1)) as site:
        reader, writer = await site.connect()
        with contextlib.closing(writer):
            writer.write(GET)
            assert (await ends(reader)).endswith(b"hello")


async def test_a_connection_can_be_used_again_and_again() -> None:
    async with served(Limits(header_s=0.2)) as site:
        reader, writer = await site.connect()
        with contextlib.closing(writer):
            for _ in range(4):
                writer.write(GET)
                assert await asyncio.wait_for(reader.readuntil(b"hello"), WITHIN_S)
                await asyncio.sleep(0.1)
            writer.write(GET * 3)
            for _ in range(3):
                assert await asyncio.wait_for(reader.readuntil(b"hello"), WITHIN_S)


async def test_an_answer_may_take_its_time() -> None:
    async with served(Limits(header_s=0.05, body_s=0.05, idle_s=0.05, stalled_s=0.05)) as site:
        answer = asyncio.create_task(site.ask(GET.replace(b"hello", b"slow")))
        await asyncio.sleep(0.3)
        site.may_go_on.set()
        assert await answer == b"HTTP/1.1 200 OK\r\n"


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with served(Limits(body_s=0.1)) as site:
        reader, writer = await site.connect()
        with contextlib.closing(writer):
            writer.write(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc")
            assert await ends(reader) == b""
        assert await site.ask(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde") == (
            b"HTTP/1.1 200 OK\r\n"
        )


async def test_a_reader_who_does_not_read_is_not_waited_for() -> None:
    async with served(Limits(stalled_s=0.2)) as site:
        _, writer = await site.connect()
        with contextlib.closing(writer):
            writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's
            writer.write(GET.replace(b"hello", b"large"))
            await asyncio.wait_for(site.ended.wait(), WITHIN_S)


async def test_a_slow_reader_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_web.LARGE_BYTES", 4 * 1024 * 1024)
    async with served(Limits(stalled_s=1.0, header_s=0.1, idle_s=0.5)) as site:
        reader, writer = await site.connect()
        with contextlib.closing(writer):
            writer.write(GET.replace(b"hello", b"large").replace(b"1.1", b"1.0"))
            size_bytes = 0
            while chunk := await asyncio.wait_for(reader.read(65_536), WITHIN_S):
                size_bytes += len(chunk)
                await asyncio.sleep(0.005)
            assert size_bytes > LARGE_BYTES
