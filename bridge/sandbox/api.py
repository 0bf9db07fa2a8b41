"""The part of the Re:amaze API that a bridge meets: conversations, messages, channels, staff and contacts below /api/v1.

A brand is the first label of the host name or, where several are wanted on one address, the path before /api/v1:
`http://127.0.0.1:8027/acme/api/v1`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from bridge.sandbox import check, lists
from bridge.sandbox.behaviour import Behaviour
from bridge.sandbox.errors import Invalid, Refused
from bridge.sandbox.fetch import Fetcher, loopback
from bridge.sandbox.markdown import pictures
from bridge.sandbox.shape import Shape
from bridge.sandbox.state import Attachment, Conversation, Message, State
from bridge.web import HTMLResponse, JSONResponse, Mount, Request, Response, Route

DEFAULT_BRAND = "sandbox"
_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One call that passed the door: who may ask, in what brand, and how the answer is rendered."""

    request: Request
    number: int
    behaviour: Behaviour
    brand: str
    shape: Shape

    @property
    def slug(self) -> str:
        return str(self.request.path_params["slug"])

    async def payload(self) -> object:
        """The JSON that was sent. Raises Refused."""
        if self.request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Refused(415, "expected Content-Type: application/json")
        try:
            payload: object = json.loads(await self.request.body())
            json.dumps(payload, ensure_ascii=False).encode()  # a lone surrogate is JSON, but no text
            return payload
        except (ValueError, RecursionError):
            raise Refused(400, "the body is not JSON") from None


Handler = Callable[[Ask], Awaitable[Response]]


class Api:
    def __init__(self, state: State, fetcher: Fetcher) -> None:
        self._state = state
        self._fetcher = fetcher
        self._recent: deque[float] = deque()

    @property
    def routes(self) -> list[Mount]:
        """Where the API answers: at the root, and below a brand's name."""
        below = [
            Route("/conversations", self._at(self._conversations), methods=["GET"]),
            Route("/conversations", self._at(self._create), methods=["POST"]),
            Route("/conversations/{slug}", self._at(self._conversation), methods=["GET"]),
            Route("/conversations/{slug}", self._at(self._change), methods=["PUT"]),
            Route("/conversations/{slug}/messages", self._at(self._messages_of), methods=["GET"]),
            Route("/conversations/{slug}/messages", self._at(self._append), methods=["POST"]),
            Route("/messages", self._at(self._messages), methods=["GET"]),
            Route("/channels", self._at(self._channels), methods=["GET"]),
            Route("/channels/{slug}", self._at(self._channel), methods=["GET"]),
            Route("/staff", self._at(self._staff), methods=["GET"]),
            Route("/contacts/{email}", self._at(self._contact), methods=["GET"]),
            Route("/{rest:path}", self._at(self._nothing)),
        ]
        return [Mount("/api/v1", routes=below), Mount("/{brand}/api/v1", routes=below)]

    # -- the door ------------------------------------------------------------------------------------

    def _at(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            behaviour = self._state.behaviour
            try:
                ask = self._admit(request, behaviour)
                return await handler(ask)
            except Invalid as invalid:
                return _invalid(invalid, behaviour)
            except Refused as refused:
                return self._refused(refused, behaviour)

        return endpoint

    def _admit(self, request: Request, behaviour: Behaviour) -> Ask:
        brand = str(request.path_params.get("brand") or brand_of(request.url.hostname or ""))
        if behaviour.brands and brand not in behaviour.brands:
            raise Refused(404, "Not found")
        if not _may(request.headers.get("authorization", ""), behaviour):
            raise Refused(
                behaviour.bad_credentials, "Access denied: check the login e-mail and the API token"
            )
        if "application/json" not in request.headers.get("accept", "") and not request.scope.get(
            "sandbox.json"
        ):
            raise Refused(406, "Not Acceptable")
        self._count(behaviour)
        shape = Shape(behaviour, brand, f"{request.url.scheme}://{request.url.netloc}")
        return Ask(request, request.scope.get("sandbox.call", 0), behaviour, brand, shape)

    def _count(self, behaviour: Behaviour) -> None:
        if not behaviour.rate_per_minute:
            return
        now = self._state.clock.monotonic_s()
        while self._recent and self._recent[0] <= now - _WINDOW_S:
            self._recent.popleft()
        if len(self._recent) < behaviour.rate_per_minute:
            self._recent.append(now)
            return
        wait_s = max(1, round(self._recent[0] + _WINDOW_S - now))
        headers = {
            "none": {},
            "seconds": {"Retry-After": str(wait_s)},
            "date": {
                "Retry-After": format_datetime(
                    self._state.clock.now().replace(microsecond=0) + timedelta(seconds=wait_s), usegmt=True
                )
            },
        }[behaviour.retry_after]
        raise Refused(429, "Too many requests", headers)

    def _refused(self, refused: Refused, behaviour: Behaviour) -> Response:
        page = f"<!DOCTYPE html><title>Re:amaze</title><h1>{refused.status}</h1>"
        html = HTMLResponse(page, refused.status, refused.headers)
        match refused.status:
            case 406 if behaviour.no_accept == "html":
                return HTMLResponse(page)
            case 404 if behaviour.not_found == "html":
                return html
            case 404 if behaviour.not_found == "empty":
                return Response(status_code=404)
            case 429 if behaviour.rate_body == "html":
                return html
            case _:
                return JSONResponse({"error": refused.reason}, refused.status, refused.headers)

    # -- conversations and messages ------------------------------------------------------------------

    async def _create(self, ask: Ask) -> Response:
        new = check.conversation(await ask.payload(), ask.behaviour)
        self._state.repeated(ask.brand, None, new.message.origin_id)
        fetched = await self._before(ask, new.message.attachments)
        conversation, created = self._state.create(ask.brand, new, ask.number)
        if created:
            self._attach(ask.behaviour, conversation.messages[0], fetched)
        return _created(ask, "conversation", ask.shape.conversation(conversation), created=created)

    async def _append(self, ask: Ask) -> Response:
        conversation = self._find(ask)
        new = check.message(await ask.payload(), ask.behaviour)
        self._state.repeated(ask.brand, conversation.slug, new.origin_id)
        fetched = await self._before(ask, new.attachments)
        conversation, message, created = self._state.append(conversation, new, ask.number)
        if created:
            self._attach(ask.behaviour, message, fetched)
        return _created(ask, "message", ask.shape.posted(conversation, message), created=created)

    async def _before(self, ask: Ask, urls: tuple[str, ...]) -> list[Attachment] | None:
        """The files, where they are fetched before the answer; None where they are not. Raises Invalid."""
        behaviour = ask.behaviour
        if behaviour.fetch == "never" or (behaviour.fetch != "before" and behaviour.fetch_failure != "422"):
            return None
        fetched = await self._fetcher.before(urls)
        failures = [f"{item.url} could not be fetched: {item.failure}" for item in fetched if item.failure]
        if failures and behaviour.fetch_failure == "422":
            raise Invalid({"attachment": failures})
        return fetched

    def _attach(self, behaviour: Behaviour, message: Message, fetched: list[Attachment] | None) -> None:
        if fetched is not None:
            message.attachments = fetched
            self._fetcher.told(message, fetched)
        elif behaviour.fetch != "never":
            delay_s = behaviour.fetch_delay_s if behaviour.fetch == "delayed" else 0.0
            self._fetcher.later(message, tuple(message.attachments), delay_s)
        if behaviour.pictures == "local":
            attached = {attachment.url for attachment in message.attachments}
            shown = [
                Attachment(url, picture=True)
                for url in pictures(message.body)
                if loopback(url) and url not in attached
            ]
            message.attachments += shown
            self._fetcher.later(message, shown)

    async def _conversation(self, ask: Ask) -> Response:
        return JSONResponse(ask.shape.conversation(self._find(ask)))

    async def _change(self, ask: Ask) -> Response:
        conversation = self._find(ask)
        self._state.change(conversation, check.change(await ask.payload(), ask.behaviour))
        return JSONResponse(ask.shape.conversation(conversation))

    def _find(self, ask: Ask) -> Conversation:
        query = ask.request.query_params
        if query.get("id_type") == "origin":
            for conversation in self._state.conversations:
                ours = conversation.brand == ask.brand and conversation.channel == query.get("category")
                if ours and conversation.messages[0].origin_id == ask.slug:
                    return conversation
            raise Refused(404, "Not found")
        found = self._state.conversation(ask.brand, ask.slug)
        if found is None:
            raise Refused(404, "Not found")
        return found

    async def _conversations(self, ask: Ask) -> Response:
        mine = [c for c in self._state.conversations if c.brand == ask.brand and self._state.listed(c)]
        found = lists.conversations(mine, ask.request.query_params, ask.behaviour)
        render: Callable[[Any], dict[str, Any]] = lambda c: ask.shape.conversation(c, listed=True)  # noqa: E731 - as `render` of `_page`
        return self._page(ask, "conversations", found, render)

    async def _messages(self, ask: Ask) -> Response:
        return self._message_list(ask, [m for m in self._state.messages if m.brand == ask.brand])

    async def _messages_of(self, ask: Ask) -> Response:
        return self._message_list(ask, self._find(ask).messages)

    def _message_list(self, ask: Ask, messages: list[Message]) -> Response:
        listed = [m for m in messages if self._state.listed(m)]
        query = ask.request.query_params
        found = lists.messages(listed, query, ask.behaviour, self._state.conversation_of)
        original = "original_body" in query.get("include", "")
        left_out = 1 if ask.behaviour.short_count and found else 0

        def render(message: Any) -> dict[str, Any]:
            return ask.shape.message(self._state.conversation_of(message), message, original=original)

        return self._page(ask, "messages", found, render, left_out)

    def _page(
        self,
        ask: Ask,
        name: str,
        items: list[Any],
        render: Callable[[Any], dict[str, Any]],
        left_out: int = 0,
    ) -> Response:
        page = lists.page(items, ask.request.query_params, ask.behaviour.page_size)
        total = len(items) - left_out
        return JSONResponse(
            {
                "page_size": ask.behaviour.page_size,
                "page_count": -(-total // ask.behaviour.page_size),
                "total_count": total,
                name: [render(item) for item in page],
            }
        )

    # -- the account ---------------------------------------------------------------------------------

    async def _channels(self, ask: Ask) -> Response:
        wanted = ask.request.query_params.get("channel", "email")
        slugs = ask.behaviour.channels if wanted in ("email", "1") else ()
        found = [_channel(ask, slug) for slug in slugs]
        return JSONResponse({"total_count": len(found), "channels": found})

    async def _channel(self, ask: Ask) -> Response:
        if ask.slug not in ask.behaviour.channels:
            raise Refused(404, "Not found")
        return JSONResponse(_channel(ask, ask.slug))

    async def _staff(self, ask: Ask) -> Response:
        return self._page(ask, "staff", list(self._state.staff()), ask.shape.staff)

    async def _contact(self, ask: Ask) -> Response:
        person = self._state.contact(str(ask.request.path_params["email"]))
        if person is None:
            raise Refused(404, "Not found")
        return JSONResponse(ask.shape.contact(person))

    async def _nothing(self, _ask: Ask) -> Response:
        raise Refused(404, "Not found")


def brand_of(host: str) -> str:
    """The first label of a host name; the default brand for an address or a bare name of this machine."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return DEFAULT_BRAND if host in ("", "localhost") else host.partition(".")[0]
    return DEFAULT_BRAND


def _may(authorization: str, behaviour: Behaviour) -> bool:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, f"{behaviour.user}:{behaviour.token}".encode())


def _invalid(invalid: Invalid, behaviour: Behaviour) -> Response:
    match behaviour.invalid:
        case "fields":
            return JSONResponse({"errors": invalid.errors}, invalid.status)
        case "error":
            return JSONResponse({"error": str(invalid)}, invalid.status)
        case "errors":
            return JSONResponse({"errors": str(invalid)}, invalid.status)


def _created(ask: Ask, name: str, body: dict[str, Any], *, created: bool) -> Response:
    status = ask.behaviour.create_status if created else 200
    return JSONResponse({name: body} if ask.behaviour.wrapped else body, status)


def _channel(ask: Ask, slug: str) -> dict[str, Any]:
    return {
        **ask.shape.channel(slug),
        "visibility": 1,
        "spam_filter_enabled": True,
        "reply_from_origin": False,
        "verified": True,
        "settings_reply_from_name": "channel",
        "settings_signature": "",
        "brand": {"name": ask.brand.title(), "url": f"https://{ask.brand}.reamaze.example"},
    }
