"""One brand of Re:amaze, as its REST API has it. Owns httpx (with `staging.put`).

Every call ends in what was asked for or in one error of the ReamazeError tree, whose class says what to do. The token is in no
error, no repr and no log line: httpx's exceptions, which hold the request, never leave this module.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from bridge import __version__
from bridge.clock import Clock
from bridge.config import schema
from bridge.errors import (
    AmbiguousError,
    CredentialsError,
    LaterError,
    MissingError,
    OutageError,
    ReamazeError,
    RefusedError,
)
from bridge.model import Message, New, Receipt, User
from bridge.reamaze import answers, cause, lists, readback, requests
from bridge.reamaze import slug as slugs
from bridge.reamaze.alike import Sought
from bridge.reamaze.answers import Answer, Call, JsonObject, Lost
from bridge.reamaze.limiter import Limiter, Sleep

if find_spec("sniffio") is None:
    # httpcore asks for it several times a call, and Python searches its whole path each time: measured 0.35 of 1.5 ms CPU.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # Python's own mark of a module that is not there

#: An answer beyond this is not read: one message, or a page of thirty.
ANSWER_BYTES = 1024 * 1024
PAGE_BYTES = 8 * 1024 * 1024

#: A refusal with these may be of a repeat: the key was posted before, and an earlier look came too early.
_MAYBE_REPEATED = frozenset({400, 409, 422})
_LOOK_BACK = timedelta(days=10)

#: httpx's errors before the request left; after every other one Re:amaze may have got it.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)

#: A proxy named by the environment is for the world outside.
_DIRECT: dict[str, httpx.AsyncBaseTransport | None] = {
    "all://localhost": None,
    "all://127.0.0.1": None,
    "all://[::1]": None,
}


class Client:
    """Posts to one brand, looks things up there, and keeps to its pace."""

    def __init__(
        self,
        brand: schema.Brand,
        settings: schema.Reamaze,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        token: str | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        token = brand.token.held("the token of Re:amaze") if token is None else token
        self._base = normalised(brand.base_url)
        self._clock = clock
        self._limiter = Limiter(settings.calls_per_minute, clock=clock, sleep=sleep)
        self._parallel = asyncio.Semaphore(settings.parallel)
        self._known = readback.Known(clock)
        self._secrets = _spellings(brand.user, token)
        # A server that drips its answer keeps every single read within its time-out.
        self._total_s = settings.connect_timeout_s + 2 * settings.read_timeout_s
        self._http = httpx.AsyncClient(
            transport=transport,
            mounts=_DIRECT if transport is None else None,
            auth=httpx.BasicAuth(brand.user, token),
            headers={
                "accept": "application/json",
                # A small answer that unpacks to a huge one is not wanted.
                "accept-encoding": "identity",
                "user-agent": f"reamaze-bridge/{__version__}",
            },
            timeout=httpx.Timeout(settings.read_timeout_s, connect=settings.connect_timeout_s, pool=None),
            limits=httpx.Limits(max_connections=settings.parallel, keepalive_expiry=15.0),
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"Client({self._base!r})"

    async def close(self) -> None:
        await self._http.aclose()

    # -- posting -----------------------------------------------------------------------------------

    async def create(self, new: New, message: Message) -> Receipt:
        """Open a conversation with the message."""
        body = requests.create(new, message)
        try:
            made = await self._post(Call.CREATE, "/conversations", body)
        except MissingError as error:
            raise await self._no_such_channel(new.channel, error) from None
        except (RefusedError, LaterError) as error:
            if error.status not in _MAYBE_REPEATED:
                raise
            since = self._clock.now() - _LOOK_BACK
            found = await self.find_conversation(Sought(key=message.key), message.user.email, since)
            return _found_or(error, found)
        receipt = answers.receipt(made)
        self._known.learn(receipt.slug, message.key)
        return receipt

    async def append(self, slug: str, message: Message) -> Receipt:
        """Add the message to a conversation. Raises MissingError when there is no such conversation."""
        path = f"/conversations/{slugs.segment(slug)}/messages"
        body = requests.append(message)
        try:
            made = await self._post(Call.APPEND, path, body)
        except MissingError:
            await self._brand_must_answer()
            raise
        except (RefusedError, LaterError) as error:
            if error.status not in _MAYBE_REPEATED:
                raise
            return _found_or(error, await self.find_message(slug, Sought(key=message.key)))
        return answers.receipt(made, slug=slug)

    # -- looking -----------------------------------------------------------------------------------

    async def find_message(self, slug: str, sought: Sought) -> Receipt | None:
        """The message that is sought, if the conversation has it."""
        try:
            return await readback.find_message(self._look, slug, sought)
        except MissingError:
            await self._brand_must_answer()
            return None

    async def find_conversation(self, sought: Sought, email: str, since: datetime) -> Receipt | None:
        """The conversation that the message opened, if there is one."""
        return await readback.find_conversation(self._look, self._known, sought, email, since)

    async def takes_part(self, slug: str, email: str) -> bool:
        """Whether that address is author or follower. Raises MissingError when there is no such conversation."""
        try:
            body = await self._look(f"/conversations/{slugs.segment(slug)}", {})
        except MissingError:
            await self._brand_must_answer()
            raise
        followers = body.get("followers")
        people = [body.get("author"), *(followers if isinstance(followers, list) else [])]
        wanted = email.strip().casefold()
        return bool(wanted) and any(lists.email(person) == wanted for person in people)

    async def bodies(self, slug: str) -> tuple[str, ...]:
        """What the newest messages of the conversation say, staff's too. Raises MissingError when there is none such."""
        return await readback.bodies(self._look, slug)

    async def channels(self) -> tuple[lists.Channel, ...]:
        return await lists.channels(self._look)

    async def staff(self) -> tuple[User, ...]:
        return await lists.staff(self._look)

    # -- what an answer leaves open ----------------------------------------------------------------

    async def _no_such_channel(self, channel: str, error: MissingError) -> ReamazeError:
        """What 404 to a create means: a brand, or a channel, that does not exist. The list of channels tells."""
        channels = await self._brand_must_answer()
        if channels is None or any(each.slug == channel for each in channels):
            return LaterError(error.reason, status=error.status)
        return RefusedError(f"the brand has no channel {channel!r}", status=error.status)

    async def _brand_must_answer(self) -> tuple[lists.Channel, ...] | None:
        """The channels, or None where the token may not see them. Raises OutageError when the brand itself is unknown.

        A mistyped host answers 404 to everything; taken for a missing conversation, every thread would be torn.
        """
        try:
            return await self.channels()
        except MissingError:
            reason = f"{self._base} answers 404 to everything: check `base_url`"
            raise OutageError(reason, status=404) from None
        except (CredentialsError, RefusedError, LaterError):
            return None

    # -- calls -------------------------------------------------------------------------------------

    async def _post(self, call: Call, path: str, body: requests.Body) -> JsonObject:
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return await self._call(call, "POST", path, content=content, limit_bytes=ANSWER_BYTES)

    async def _look(self, path: str, query: Mapping[str, str]) -> JsonObject:
        return await self._call(Call.LOOK, "GET", path, params=query, limit_bytes=PAGE_BYTES)

    async def _call(self, call: Call, method: str, path: str, *, limit_bytes: int, **how: Any) -> JsonObject:
        async with self._parallel:
            await self._limiter.take()
            fact = await self._exchange(method, path, limit_bytes, **how)
        outcome = answers.verdict(call, fact, self._clock.now())
        if not isinstance(outcome, ReamazeError):
            return outcome
        if outcome.retry_after_s and isinstance(outcome, OutageError | AmbiguousError):
            self._limiter.pause(outcome.retry_after_s)
        raise outcome

    async def _exchange(self, method: str, path: str, limit_bytes: int, **how: Any) -> Answer | Lost:
        """The facts of one call. No exception of httpx leaves it, nor hides in another's context."""
        headers = {"content-type": "application/json"}
        try:
            async with (
                asyncio.timeout(self._total_s),
                self._http.stream(method, self._base + path, headers=headers, **how) as response,
            ):
                body = await _body(response, limit_bytes)
                return Answer(
                    status=response.status_code,
                    body=body,
                    said=answers.words(body, self._secrets),
                    retry_after=response.headers.get("retry-after"),
                )
        except TimeoutError:
            return Lost(how="time-out", sent=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Lost(how=cause.of(error), sent=not isinstance(error, _NOT_SENT))


async def _body(response: httpx.Response, limit_bytes: int) -> JsonObject | None:
    content = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > limit_bytes:
                return None
    except httpx.HTTPError:  # the status stands, whatever became of the body
        return None
    return answers.parsed(bytes(content))


def _found_or(error: ReamazeError, found: Receipt | None) -> Receipt:
    """What is already there, where the refusal was of a repeat; else the refusal is raised."""
    if found is None:
        raise error
    return found


def normalised(base_url: str) -> str:
    """The base without user, query or trailing slash; the documented path where there is none."""
    parts = urlsplit(base_url.strip())
    host = parts.netloc.rpartition("@")[2].lower()
    return urlunsplit((parts.scheme.lower(), host, parts.path.rstrip("/") or "/api/v1", "", ""))


def _spellings(user: str, token: str) -> tuple[str, ...]:
    """The forms in which an answer could echo the credentials."""
    return base64.b64encode(f"{user}:{token}".encode()).decode(), token
