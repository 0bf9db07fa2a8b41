"""The outermost layer: numbers and records every API call, and spoils the ones that a fault falls on.

On a real port a fault is real: a reset is an RST, a cut answer ends within its announced length, a time-out lasts until the
peer gives up. In-process there is no connection, so these raise `Unanswered`, which a test's transport turns into the error
its HTTP library would have raised.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.sandbox.faults import Fault, Faults
from bridge.sandbox.state import State
from bridge.web import ASGIApp, Message, Receive, Scope, Send

MAX_REQUEST_BYTES = 16 * 1024 * 1024
_KEPT_CHARS = 64 * 1024
_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends RST


class Unanswered(Exception):
    """In-process only: the call got no answer; `how` is "refused", "reset", "timeout" or "cut"."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """One API call as it came, and what was answered. The Authorization header is not kept."""

    number: int
    at: datetime
    method: str
    path: str
    query: str
    #: The JSON that was sent; None for none, or for what is no JSON.
    request: Any = None
    #: None where no answer was given.
    status: int | None = None
    #: The body of the answer, cut to a bound.
    answer: str = ""
    #: What went wrong on purpose; "" for nothing.
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Wire:
    """The ASGI app of the stand-in."""

    def __init__(self, app: ASGIApp, state: State, faults: Faults, calls: deque[Call]) -> None:
        self._app = app
        self._state = state
        self._faults = faults
        self._closed = asyncio.Event()
        self._calls = calls

    def close(self) -> None:
        """Let go of every call that is kept waiting."""
        self._closed.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "/api/" not in scope["path"]:
            await self._app(scope, receive, send)
            return
        call = self._begin(scope)
        body = await _read(receive)
        if body is None:
            return
        call.request = _json(body)
        if self._state.behaviour.latency_s:
            await asyncio.sleep(self._state.behaviour.latency_s)
        fault = self._faults.next(f"{call.method} {call.path}")
        if fault is not None:
            call.fault = fault.spec
        answer: _Answer | None = None
        if len(body) > MAX_REQUEST_BYTES:
            answer = _plain(413, '{"error":"Request Entity Too Large"}', "application/json")
        elif fault is None or fault.after:
            answer = await self._apply(scope, call, body)
        spoilt = answer if fault is None else await self._spoil(fault, answer, call, receive, send)
        if spoilt is not None:
            call.status, call.answer = spoilt.status, _text(spoilt.body)
            await _send(send, spoilt)

    def _begin(self, scope: Scope) -> Call:
        self._state.calls += 1
        call = Call(
            number=self._state.calls,
            at=self._state.clock.now(),
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
        )
        self._calls.append(call)
        return call

    async def _apply(self, scope: Scope, call: Call, body: bytes) -> _Answer:
        """What the API answers, kept back."""
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        path = scope["path"]
        inner = {**scope, "path": path.removesuffix(".json"), "sandbox.call": call.number}
        inner["sandbox.json"] = path.endswith(".json")
        await self._app(inner, receive, send)
        start = next(message for message in sent if message["type"] == "http.response.start")
        content = b"".join(message.get("body", b"") for message in sent)
        return _Answer(start["status"], list(start["headers"]), content)

    async def _spoil(
        self, fault: Fault, answer: _Answer | None, call: Call, receive: Receive, send: Send
    ) -> _Answer | None:
        """What is answered instead; None where nothing more is to be sent."""
        match fault.kind:
            case "status":
                return _failure(fault, f'{{"error":"{fault.status} on purpose"}}', "application/json")
            case "html":
                return _failure(fault, _HTML.format(f"{fault.status} on purpose"), "text/html")
            case "errors":
                return _plain(200, '{"errors":{"base":["failed on purpose"]}}', "application/json")
            case "empty":
                return _plain(200, "", "application/json")
            case "truncated":
                body = answer.body if answer else b'{"slug":"half an ans'
                return _plain(answer.status if answer else 200, body[: len(body) // 2], "application/json")
            case "slow":
                await self._linger(asyncio.sleep(1.0 if fault.seconds is None else fault.seconds))
                return answer or _plain(503, '{"error":"slow on purpose"}', "application/json")
            case "timeout":
                await self._hang(receive, send)
            case "cut":
                await _cut(answer or _plain(200, '{"slug":"half an answer"}', ""), call, receive, send)
            case "reset" | "refused":
                await _reset(fault.kind, receive, send)
        return None

    async def _hang(self, receive: Receive, send: Send) -> None:
        if _transport(send) is None:
            raise Unanswered("timeout")
        await self._linger(receive())
        await _reset("timeout", receive, send)

    async def _linger(self, awaitable: Awaitable[Any]) -> None:
        """Until that is done, or the stand-in closes."""
        waits = [asyncio.ensure_future(awaitable), asyncio.ensure_future(self._closed.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


# -- what leaves -----------------------------------------------------------------------------------


async def _send(send: Send, answer: _Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _cut(answer: _Answer, call: Call, receive: Receive, send: Send) -> None:
    call.status = answer.status
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    half = answer.body[: len(answer.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    transport = _transport(send)
    if transport is None:
        raise Unanswered("cut")
    transport.close()  # what was sent still leaves
    await _gone(receive)


async def _reset(how: str, receive: Receive, send: Send) -> None:
    transport = _transport(send)
    if transport is None:
        raise Unanswered(how)
    # Through a duplicate of the descriptor, since what uvloop hands out as socket has no setsockopt.
    handed = transport.get_extra_info("socket")
    if handed is not None and handed.fileno() >= 0:
        with socket.socket(fileno=os.dup(handed.fileno())) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    # uvicorn takes a call that ends without an answer for a fault of the app, unless it has seen the disconnect.
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(send: Callable[..., Any]) -> asyncio.Transport | None:
    """The connection below uvicorn's `send`; None in-process. ASGI has no word for "reset", so this looks behind it."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    return transport if isinstance(transport, asyncio.Transport) or hasattr(transport, "abort") else None


async def _read(receive: Receive) -> bytes | None:
    """The request's body, at most a chunk more than the bound; None when the peer is gone before its end."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if len(body) <= MAX_REQUEST_BYTES:
            body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _failure(fault: Fault, body: str, content_type: str) -> _Answer:
    answer = _plain(fault.status, body, content_type)
    if fault.seconds is not None:
        answer.headers.append((b"retry-after", f"{fault.seconds:g}".encode()))
    return answer


def _plain(status: int, body: str | bytes, content_type: str) -> _Answer:
    content = body.encode() if isinstance(body, str) else body
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(content)).encode())]
    return _Answer(status, headers, content)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


def _text(body: bytes) -> str:
    return body[:_KEPT_CHARS].decode(errors="replace")
