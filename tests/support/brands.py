"""A client of Re:amaze over a plain function, or over the stand-in without a port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from bridge.clock import Clock, FixedClock
from bridge.config.schema import Brand, Reamaze, Secret
from bridge.reamaze import Client

TOKEN = "tok-5f2b8c1d9e"
USER = "bridge@example.com"
BASE = "https://acme.reamaze.io/api/v1"

Answering = Callable[[httpx.Request], httpx.Response]


async def nap(_seconds: float) -> None:
    """Waiting, for tests that do not care how long."""


def client(
    answering: Answering | httpx.AsyncBaseTransport,
    *,
    clock: Clock | None = None,
    base_url: str = BASE,
    user: str = USER,
    token: str = TOKEN,
    sleep: Callable[[float], Awaitable[None]] = nap,
    **settings: Any,
) -> Client:
    brand = Brand(base_url=base_url, user=user, token=Secret(env="REAMAZE_TOKEN"))
    transport = (
        answering if isinstance(answering, httpx.AsyncBaseTransport) else httpx.MockTransport(answering)
    )
    return Client(
        brand,
        Reamaze(brands={"acme": brand}, **settings),
        clock=clock or FixedClock(),
        transport=transport,
        token=token,
        sleep=sleep,
    )
