"""The client of one brand: what it sends, what it makes of the answers, and what it never shows."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from support.brands import BASE, TOKEN, USER, client
from support.simulator import on_port

from bridge.clock import FixedClock
from bridge.config.schema import Brand, Reamaze, Secret
from bridge.errors import (
    AmbiguousError,
    CredentialsError,
    LaterError,
    MissingError,
    OutageError,
    ReamazeError,
    RefusedError,
    StartError,
)
from bridge.model import Message, New, Receipt, User
from bridge.reamaze import Channel, Client, Sought
from bridge.reamaze.client import ANSWER_BYTES, normalised
from bridge.sandbox import Behaviour

pytestmark = pytest.mark.anyio

NEW = New(channel="support", subject="A broken lamp")
MESSAGE = Message(user=User("Ada", "ada@example.net"), body="It is dark: ночь 🌒", key="k1")
CREATED = {"slug": "a-broken-lamp", "created_at": "2026-11-02T01:30:00.000-08:00"}
APPENDED = {"created_at": "2026-11-02T01:31:00.000-08:00", "conversation": {"slug": "a-broken-lamp"}}


class Script:
    """Answers by (method, path), and remembers what was asked; anything else fails the test."""

    def __init__(self, **answers: object) -> None:
        self._answers = answers
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        name = f"{request.method} {request.url.path.removeprefix('/api/v1')}"
        answer = self._answers[name]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return httpx.Response(answer)
        if isinstance(answer, tuple):
            return httpx.Response(answer[0], json=answer[1])
        assert isinstance(answer, httpx.Response)
        return answer


def script(answers: dict[str, object]) -> Script:
    return Script(**answers)


CREATE = "POST /conversations"
APPEND = "POST /conversations/a-broken-lamp/messages"
MESSAGES = "GET /conversations/a-broken-lamp/messages"
CHANNELS = "GET /channels"
KNOWN = {"channels": [{"slug": "support", "name": "Support", "email": "support@acme.example"}]}
NOTHING: dict[str, object] = {
    "GET /conversations": (200, {"conversations": []}),
    "GET /messages": (200, {"messages": []}),
}


async def test_a_create_is_one_json_post_with_basic_auth() -> None:
    said = script({CREATE: (201, CREATED)})
    receipt = await client(said).create(NEW, MESSAGE)
    assert receipt == Receipt(slug="a-broken-lamp", created_at=CREATED["created_at"])
    (request,) = said.asked
    assert str(request.url) == f"{BASE}/conversations"
    assert request.headers["accept"] == "application/json"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert (
        request.headers["authorization"] == "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    )
    body = json.loads(request.content)
    assert body["conversation"]["message"]["body"] == MESSAGE.body
    assert body["conversation"]["data"] == {"bridge_key": "k1"}
    assert "ночь".encode() in request.content  # as UTF-8, not as escapes three times as long


async def test_an_append_goes_to_the_quoted_slug() -> None:
    paths = []

    def answering(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(200, json=APPENDED)

    receipt = await client(answering).append("a/b?c .$", MESSAGE)
    assert paths == [b"/api/v1/conversations/a%2Fb%3Fc%20.%24/messages"]
    assert receipt == Receipt(slug="a-broken-lamp", created_at=APPENDED["created_at"])


async def test_half_a_character_does_not_stop_a_post() -> None:
    said = script({CREATE: (201, CREATED)})
    await client(said).create(NEW, replace(MESSAGE, body="half \ud83d"))
    assert json.loads(said.asked[0].content)["conversation"]["message"]["body"] == "half ?"


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (httpx.ConnectError("x"), OutageError),
        (httpx.ConnectTimeout("x"), OutageError),
        (httpx.PoolTimeout("x"), OutageError),
        (httpx.ProxyError("x"), OutageError),
        (httpx.UnsupportedProtocol("x"), OutageError),
        (httpx.WriteTimeout("x"), AmbiguousError),
        (httpx.WriteError("x"), AmbiguousError),
        (httpx.ReadTimeout("x"), AmbiguousError),
        (httpx.ReadError("x"), AmbiguousError),
        (httpx.RemoteProtocolError("x"), AmbiguousError),
        (httpx.DecodingError("x"), AmbiguousError),
        (302, AmbiguousError),
        (403, CredentialsError),
        (429, OutageError),
        (500, AmbiguousError),
        (204, AmbiguousError),
    ],
    ids=str,
)
async def test_trouble_of_a_post_means(trouble: object, error: type[ReamazeError]) -> None:
    for name, call in (
        (CREATE, lambda it: it.create(NEW, MESSAGE)),
        (APPEND, lambda it: it.append("a-broken-lamp", MESSAGE)),
    ):
        with pytest.raises(ReamazeError) as caught:
            await call(client(script({name: trouble})))
        assert type(caught.value) is error


async def test_redirects_are_not_followed() -> None:
    elsewhere = httpx.Response(307, headers={"location": "https://evil.example/"})
    said = script({CREATE: elsewhere})
    with pytest.raises(AmbiguousError):
        await client(said).create(NEW, MESSAGE)
    assert len(said.asked) == 1


# -- 404 -------------------------------------------------------------------------------------------


async def test_404_to_an_append_is_a_missing_conversation() -> None:
    with pytest.raises(MissingError):
        await client(script({APPEND: 404, CHANNELS: (200, KNOWN)})).append("a-broken-lamp", MESSAGE)


@pytest.mark.parametrize(
    "call",
    [
        lambda it: it.create(NEW, MESSAGE),
        lambda it: it.append("a-broken-lamp", MESSAGE),
        lambda it: it.find_message("a-broken-lamp", Sought(key="k1")),
        lambda it: it.takes_part("a-broken-lamp", "ada@example.net"),
    ],
    ids=["create", "append", "find_message", "takes_part"],
)
async def test_404_to_everything_is_an_outage_and_tears_no_thread(
    call: Callable[[Client], Awaitable[object]],
) -> None:
    with pytest.raises(OutageError) as caught:
        await call(client(lambda _request: httpx.Response(404)))
    assert "base_url" in caught.value.reason


@pytest.mark.parametrize(
    ("channels", "error"),
    [
        ((200, {"channels": [{"slug": "sales"}]}), RefusedError),
        ((200, KNOWN), LaterError),
        (403, LaterError),
        (422, LaterError),
        (503, OutageError),
        (httpx.ConnectError("x"), OutageError),
    ],
    ids=str,
)
async def test_404_to_a_create_is_explained_by_the_channels(
    channels: object, error: type[ReamazeError]
) -> None:
    with pytest.raises(ReamazeError) as caught:
        await client(script({CREATE: 404, CHANNELS: channels})).create(NEW, MESSAGE)
    assert type(caught.value) is error


async def test_a_token_that_may_not_see_channels_still_tells_a_missing_conversation() -> None:
    with pytest.raises(MissingError):
        await client(script({APPEND: 404, CHANNELS: 403})).append("a-broken-lamp", MESSAGE)


# -- refusals of repeats ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_refused_repeat_is_found_and_not_an_error(status: int) -> None:
    there = {"messages": [{"origin_id": "k1", "created_at": "2026-11-02T09:00:00Z"}]}
    receipt = await client(script({APPEND: status, MESSAGES: (200, there)})).append("a-broken-lamp", MESSAGE)
    assert receipt == Receipt(slug="a-broken-lamp", created_at="2026-11-02T09:00:00Z", found=True)


async def test_a_real_refusal_stays_one_with_reamazes_words() -> None:
    answers: dict[str, object] = {CREATE: (422, {"errors": {"user": ["is invalid"]}}), **NOTHING}
    with pytest.raises(RefusedError) as caught:
        await client(script(answers)).create(NEW, MESSAGE)
    assert caught.value.reason == "answered 422: user: is invalid"
    assert caught.value.status == 422


async def test_a_message_too_large_is_refused_without_a_look() -> None:
    said = script({APPEND: 413})
    with pytest.raises(RefusedError):
        await client(said).append("a-broken-lamp", MESSAGE)
    assert len(said.asked) == 1


# -- pace ------------------------------------------------------------------------------------------


async def test_a_pause_asked_of_one_call_holds_for_all(clock: FixedClock) -> None:
    busy = httpx.Response(429, headers={"retry-after": "30"})
    said = script({CREATE: busy, APPEND: (201, APPENDED)})
    asking = client(said, clock=clock)
    with pytest.raises(OutageError) as caught:
        await asking.create(NEW, MESSAGE)
    assert caught.value.retry_after_s == 30.0
    clock.advance(10.0)
    with pytest.raises(OutageError) as caught:
        await asking.append("a-broken-lamp", MESSAGE)
    assert caught.value.retry_after_s == 20.0
    assert len(said.asked) == 1  # the second call was not even made
    clock.advance(20.0)
    await asking.append("a-broken-lamp", MESSAGE)


async def test_no_more_calls_run_at_once_than_allowed() -> None:
    running = most = 0

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal running, most
            running += 1
            most = max(most, running)
            for _ in range(5):
                await asyncio.sleep(0)
            running -= 1
            return httpx.Response(201, json=APPENDED)

    asking = client(Slow(), parallel=3)
    await asyncio.gather(*(asking.append("a-broken-lamp", MESSAGE) for _ in range(20)))
    assert most == 3


# -- hostile answers -------------------------------------------------------------------------------


class Endless(httpx.AsyncByteStream):
    def __init__(self) -> None:
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 64 * 1024
            yield b" " * (64 * 1024)


class Breaking(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"slug": "a'
        raise httpx.ReadError("cut")


class Dripping(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.005)
            yield b" "


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    body = Endless()
    with pytest.raises(AmbiguousError):
        await client(script({CREATE: httpx.Response(201, stream=body)})).create(NEW, MESSAGE)
    assert body.sent <= ANSWER_BYTES + 64 * 1024


async def test_an_answer_that_drips_for_ever_ends() -> None:
    asking = client(
        script({CREATE: httpx.Response(201, stream=Dripping())}), connect_timeout_s=0.02, read_timeout_s=0.02
    )
    with pytest.raises(AmbiguousError):
        await asking.create(NEW, MESSAGE)


@pytest.mark.parametrize(
    ("status", "error"), [(201, AmbiguousError), (413, RefusedError), (403, CredentialsError)]
)
async def test_the_status_stands_where_the_body_breaks_off(status: int, error: type[ReamazeError]) -> None:
    with pytest.raises(ReamazeError) as caught:
        await client(script({CREATE: httpx.Response(status, stream=Breaking())})).create(NEW, MESSAGE)
    assert type(caught.value) is error


# -- looking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "takes"),
    [("ada@example.net", True), (" ADA@example.net ", True), ("bo@example.net", True), ("eve@example.net", False), ("", False)],
)  # fmt: skip
async def test_who_takes_part_is_author_or_follower(email: str, takes: bool) -> None:
    body = {
        "slug": "s",
        "author": {"email": "Ada@Example.net"},
        "followers": [None, {"email": None}, {"email": "bo@example.net"}],
    }
    for answer in (body, {"conversation": body}):
        assert await client(script({"GET /conversations/s": (200, answer)})).takes_part("s", email) is takes


async def test_nobody_takes_part_in_a_conversation_that_is_not_there() -> None:
    with pytest.raises(MissingError):
        await client(script({"GET /conversations/s": 404, CHANNELS: (200, KNOWN)})).takes_part(
            "s", "a@example.net"
        )


async def test_channels_and_staff_are_listed() -> None:
    assert await client(script({CHANNELS: (200, KNOWN)})).channels() == (
        Channel("support", "Support", "support@acme.example"),
    )
    pages = {
        "1": {
            "page_size": 2,
            "staff": [{"name": "Bo", "email": "Bo@acme.example"}, {"email": "cy@acme.example"}],
        },
        "2": {"page_size": 2, "staff": [{"name": "Bo", "email": "bo@acme.example"}, "odd"]},
        "3": {"page_size": 2, "staff": []},
    }
    staff = await client(lambda request: httpx.Response(200, json=pages[request.url.params["page"]])).staff()
    assert staff == (User("Bo", "bo@acme.example"), User("", "cy@acme.example"))


async def test_wrong_credentials_show_at_the_cheapest_call() -> None:
    with pytest.raises(CredentialsError):
        await client(script({"GET /staff": 403})).staff()


# -- the secret ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadError(f"with {TOKEN}"),
        httpx.ConnectError(f"with {TOKEN}"),
        httpx.Response(422, json={"errors": {"token": [TOKEN], "auth": base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()}}),
        httpx.Response(200, json={"error": TOKEN}),
        httpx.Response(403, json={"error": f"bad token {TOKEN}"}),
    ],
    ids=str,
)  # fmt: skip
async def test_the_token_is_in_no_error_repr_or_log(
    answer: object, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    asking = client(script({CREATE: answer, **NOTHING}))
    with pytest.raises(ReamazeError) as caught:
        await asking.create(NEW, MESSAGE)
    error: BaseException | None = caught.value
    seen: list[BaseException] = []
    while error is not None:
        seen.append(error)
        # httpx's own errors hold the request and its headers: none may be reachable.
        assert not isinstance(error, httpx.HTTPError)
        error = error.__cause__ or error.__context__
    shown = "".join(traceback.format_exception(caught.value)) + repr(seen) + repr(asking) + str(asking)
    shown += caplog.text + capsys.readouterr().err
    assert TOKEN not in shown
    assert base64.b64encode(f"{USER}:{TOKEN}".encode()).decode() not in shown


async def test_a_slug_that_holds_the_token_is_left_as_it_is() -> None:
    said = script({CREATE: (201, {"slug": f"about-{TOKEN}"})})
    assert (await client(said).create(NEW, MESSAGE)).slug == f"about-{TOKEN}"


def made(secret: Secret) -> Client:
    brand = Brand(base_url=BASE, user=USER, token=secret)
    return Client(brand, Reamaze(brands={"acme": brand}), clock=FixedClock())


async def test_the_token_is_read_from_its_place(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    await made(Secret(file=tmp_path / "token")).close()


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_token_that_cannot_be_read_names_its_place(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(StartError, match="token of Re:amaze"):
        made(Secret(file=tmp_path / "token"))
    with pytest.raises(StartError, match="env NO_SUCH_VARIABLE"):
        made(Secret(env="NO_SUCH_VARIABLE"))


async def test_a_proxy_of_the_environment_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REAMAZE_TOKEN", Behaviour().token)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with on_port() as reamaze:
        brand = Brand(base_url=reamaze.base_url, user=Behaviour().user, token=Secret(env="REAMAZE_TOKEN"))
        asking = Client(brand, Reamaze(brands={"acme": brand}), clock=FixedClock())
        assert await asking.channels()
        await asking.close()


# -- the address -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://acme.reamaze.io/api/v1", "https://acme.reamaze.io/api/v1"),
        ("https://acme.reamaze.io/api/v1/", "https://acme.reamaze.io/api/v1"),
        ("https://acme.reamaze.io", "https://acme.reamaze.io/api/v1"),
        ("https://ACME.reamaze.io/", "https://acme.reamaze.io/api/v1"),
        ("http://127.0.0.1:8090/acme/api/v1", "http://127.0.0.1:8090/acme/api/v1"),
        ("https://user:pass@acme.reamaze.io/api/v1", "https://acme.reamaze.io/api/v1"),
    ],
)
def test_the_base_is_normalised(given: str, base: str) -> None:
    assert normalised(given) == base
