"""The stand-in's API: what it answers, what it refuses, and what each switch changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from support.simulator import InProcess, client

from bridge.clock import FixedClock
from bridge.sandbox import Behaviour, Sandbox
from bridge.sandbox.state import slug_of

pytestmark = pytest.mark.anyio

USER = {"name": "Mira Vogel", "email": "mira@customer.example"}
Desk = tuple[Sandbox, httpx.AsyncClient]
Opened = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def desk(clock: FixedClock) -> Opened:
    @asynccontextmanager
    async def opened(**switches: Any) -> AsyncIterator[Desk]:
        behaviour = Behaviour(**{"pictures": "none", **switches})
        sandbox = Sandbox(behaviour, clock=clock)
        async with client(behaviour, transport=InProcess(sandbox)) as http:
            yield sandbox, http
        await sandbox.close()

    return opened


def new(body: str = "It leaks.", *, key: str | None = "k1", **more: Any) -> dict[str, Any]:
    message = {"body": body, **({"origin_id": key} if key else {}), **more.pop("message", {})}
    whole = {"subject": "Broken kettle", "category": "support", "user": USER, "message": message, **more}
    return {"conversation": {name: value for name, value in whole.items() if value is not None}}


def message(body: str = "Any news?", *, key: str | None = "k2", **more: Any) -> dict[str, Any]:
    whole = {"body": body, "user": USER, **({"origin_id": key} if key else {}), **more}
    return {"message": {name: value for name, value in whole.items() if value is not None}}


THREAD = "conversations/broken-kettle/messages"


# -- answers ---------------------------------------------------------------------------------------


async def test_a_new_conversation_is_answered_with_its_slug_and_the_documented_keys(desk: Opened) -> None:
    async with desk() as (_, http):
        answer = await http.post("conversations", json=new(data={"bridge_key": "k1"}, tag_list=["mail"]))
    body = answer.json()
    assert answer.status_code == 201
    assert (body["slug"], body["status"], body["message_count"]) == ("broken-kettle", 0, 1)
    assert (body["data"], body["tag_list"], body["origin"]) == ({"bridge_key": "k1"}, ["mail"], 7)
    assert body["created_at"] == "2026-11-02T01:30:00.000-08:00"
    assert body["followers"][0]["customer?"] is True
    assert body["category"]["slug"] == "support"
    assert body["last_staff_message"] is None


async def test_a_message_is_answered_with_its_conversation(desk: Opened) -> None:
    async with desk() as (_, http):
        await http.post("conversations", json=new())
        answer = await http.post(THREAD, json=message())
    body = answer.json()
    assert answer.status_code == 201
    assert (body["body"], body["visibility"], body["origin_id"]) == ("Any news?", 0, "k2")
    assert body["user"] == USER
    assert body["conversation"]["slug"] == "broken-kettle"


@pytest.mark.parametrize(("path", "wrapper"), [("conversations", "conversation"), (THREAD, "message")])
async def test_answers_can_be_wrapped_and_200(desk: Opened, path: str, wrapper: str) -> None:
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new())
        sandbox.behaviour = replace(sandbox.behaviour, wrapped=True, create_status=200)
        answer = await http.post(path, json=new(key="k9") if wrapper == "conversation" else message())
    assert answer.status_code == 200
    assert list(answer.json()) == [wrapper]


# -- the door --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 401])
async def test_wrong_credentials_are_refused(desk: Opened, status: int) -> None:
    async with desk(bad_credentials=status) as (sandbox, http):
        wrong = await http.post("conversations", json=new(), auth=("bridge@example.com", "guess"))
        none = await http.post("conversations", json=new(), auth=None, headers={"Authorization": "Basic %%"})
    assert [wrong.status_code, none.status_code] == [status, status]
    assert sandbox.conversations == ()


async def test_json_is_answered_only_where_it_is_asked_for(desk: Opened) -> None:
    async with desk() as (sandbox, http):
        assert (await http.get("staff", headers={"Accept": "*/*"})).status_code == 406
        assert (await http.get("staff.json", headers={"Accept": "*/*"})).status_code == 200
        sandbox.behaviour = replace(sandbox.behaviour, no_accept="html")
        page = await http.get("staff", headers={"Accept": "*/*"})
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_an_unknown_brand_or_slug_is_404_in_three_looks(desk: Opened) -> None:
    async with desk(brands=("acme",)) as (sandbox, http):
        assert (await http.get("staff")).status_code == 404
        url = "https://acme.reamaze.io/api/v1/conversations/none"
        assert (await http.get(url)).json() == {"error": "Not found"}
        sandbox.behaviour = replace(sandbox.behaviour, not_found="empty")
        assert (await http.get(url)).content == b""
        sandbox.behaviour = replace(sandbox.behaviour, not_found="html")
        assert (await http.get(url)).text.startswith("<!DOCTYPE html>")


async def test_brands_share_nothing(desk: Opened) -> None:
    async with desk() as (sandbox, http):
        for url in ("https://acme.reamaze.io/api/v1", "http://127.0.0.1:1/zenith/api/v1"):
            assert (await http.post(f"{url}/conversations", json=new())).json()["slug"] == "broken-kettle"
        assert [c.brand for c in sandbox.conversations] == ["acme", "zenith"]
        with pytest.raises(KeyError, match="2 conversations"):
            sandbox.messages("broken-kettle")
        assert len(sandbox.messages("broken-kettle", "acme")) == 1


@pytest.mark.parametrize(("form", "pattern"), [("seconds", "60"), ("date", "Mon, 02 Nov 2026 09:31:00 GMT")])
async def test_a_call_over_the_rate_is_429_until_the_minute_is_over(
    desk: Opened, clock: FixedClock, form: str, pattern: str
) -> None:
    async with desk(rate_per_minute=2, retry_after=form) as (_, http):
        answers = [await http.get("staff") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].headers["retry-after"] == pattern
        clock.advance(61)
        assert (await http.get("staff")).status_code == 200


async def test_a_429_can_come_without_retry_after_and_as_a_page(desk: Opened) -> None:
    async with desk(rate_per_minute=1, retry_after="none", rate_body="html") as (_, http):
        await http.get("staff")
        answer = await http.get("staff")
    assert answer.status_code == 429
    assert "retry-after" not in answer.headers
    assert answer.text.startswith("<!DOCTYPE html>")


# -- what is refused -------------------------------------------------------------------------------

WRONG_CONVERSATIONS = [
    (new(category="nowhere"), "category"),
    (new(category={"slug": "support"}), "category"),
    (new(category=None), "category"),
    (new(user=None), "user"),
    (new(user={"name": "Mira"}), "user.email"),
    (new(user={"name": "Mira", "email": "not an address"}), "user.email"),
    (new(user={"email": "a@b.example", "phone": "1"}), "user.phone"),
    (new(contact=USER, user=None), "contact"),
    (new(slug="mine"), "slug"),
    (new("  "), "message.body"),
    (new(message={"body": 7}), "message.body"),
    (new(message={"body": "a\0b"}), "message.body"),
    (new(message={"html": "<p>"}), "message.html"),
    (new(message={"attachment": "ftp://files.example/a"}), "message.attachment"),
    (new(message={"attachments": "http://files.example/a"}), "message.attachments"),
    (new(message={"recipients": ["nobody"]}), "message.recipients"),
    (new(message={"visibility": 3}), "message.visibility"),
    (new(message={"suppress_notifications": "yes"}), "message.suppress_notifications"),
    (new(tag_list="a,b"), "tag_list"),
    (new(data={"nested": {"a": 1}}), "data.nested"),
    (new(status=12), "status"),
    (new(status=5), "hold_until"),
    (new(subject=["a"]), "subject"),
]


@pytest.mark.parametrize(("payload", "field"), WRONG_CONVERSATIONS)
async def test_a_conversation_unlike_the_documentation_is_422(
    desk: Opened, payload: dict[str, Any], field: str
) -> None:
    async with desk() as (sandbox, http):
        answer = await http.post("conversations", json=payload)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert sandbox.posted == ()


async def test_all_mistakes_are_told_at_once(desk: Opened) -> None:
    async with desk() as (_, http):
        answer = await http.post("conversations", json=new(" ", category="nowhere", user={"name": "M"}))
    assert set(answer.json()["errors"]) == {"category", "user.email", "message.body"}


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b'{"message":{}}', "application/json", 400),
        (b'{"conversation":{"subject":"\\ud800"}}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"subject=x", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_what_is_no_such_payload_is_refused(
    desk: Opened, content: bytes, content_type: str, status: int
) -> None:
    async with desk() as (_, http):
        answer = await http.post("conversations", content=content, headers={"Content-Type": content_type})
    assert answer.status_code == status


async def test_a_refusal_comes_in_three_shapes(desk: Opened) -> None:
    async with desk() as (sandbox, http):
        bodies = []
        for shape in ("fields", "error", "errors"):
            sandbox.behaviour = replace(sandbox.behaviour, invalid=shape)
            bodies.append((await http.post("conversations", json=new(category="nowhere"))).json())
    text = "category does not exist"
    assert bodies == [{"errors": {"category": ["does not exist"]}}, {"error": text}, {"errors": text}]


async def test_strictness_can_be_let_go_of(desk: Opened) -> None:
    async with desk(unknown_channel=404, empty_message="accept", unknown_keys="ignore") as (_, http):
        assert (await http.post("conversations", json=new(category="nowhere"))).status_code == 404
        answer = await http.post("conversations", json=new("", message={"html": "x"}))
        assert answer.status_code == 201


# -- repeated calls --------------------------------------------------------------------------------


async def test_a_repeated_origin_id_can_be_answered_with_the_first_message(desk: Opened) -> None:
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new())
        first = await http.post(THREAD, json=message())
        again = await http.post(THREAD, json=message("Other words"))
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(sandbox.posted) == 2
    assert sandbox.doubles() == ()


async def test_a_repeated_origin_id_can_be_refused(desk: Opened) -> None:
    async with desk(repeated_origin_id="refuse") as (sandbox, http):
        await http.post("conversations", json=new())
        await http.post(THREAD, json=message())
        again = await http.post(THREAD, json=message())
    assert (again.status_code, list(again.json()["errors"])) == (422, ["origin_id"])
    assert sandbox.doubles() == ()


async def test_a_repeated_origin_id_can_be_posted_again_and_is_noticed(desk: Opened) -> None:
    async with desk(repeated_origin_id="duplicate") as (sandbox, http):
        await http.post("conversations", json=new())
        for _ in range(2):
            assert (await http.post(THREAD, json=message())).status_code == 201
    assert sandbox.doubles() == ("k2",)


@pytest.mark.parametrize(("scope", "conversations"), [("conversation", 2), ("brand", 1), ("account", 1)])
async def test_a_repeated_create_makes_a_second_conversation_unless_the_scope_is_wide(
    desk: Opened, scope: str, conversations: int
) -> None:
    async with desk(scope=scope) as (sandbox, http):
        slugs = {(await http.post("conversations", json=new())).json()["slug"] for _ in range(2)}
    assert len(sandbox.conversations) == len(slugs) == conversations
    assert sandbox.doubles() == (("k1",) if conversations == 2 else ())


async def test_an_account_knows_an_origin_id_across_its_brands(desk: Opened) -> None:
    async with desk(scope="account") as (sandbox, http):
        for brand in ("acme", "zenith"):
            await http.post(f"http://x/{brand}/api/v1/conversations", json=new())
    assert [c.brand for c in sandbox.conversations] == ["acme"]


async def test_doubles_are_noticed_even_where_creating_ignores_the_origin_id(desk: Opened) -> None:
    async with desk(origin_id_on_create="ignored", scope="brand") as (sandbox, http):
        for _ in range(2):
            await http.post("conversations", json=new())
        listed = (await http.get(THREAD)).json()["messages"]
    assert [item["origin_id"] for item in listed] == [None]
    assert sandbox.doubles() == ("k1",)


async def test_an_origin_id_that_is_a_number_is_text(desk: Opened) -> None:
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new(key=None, message={"origin_id": 42}))
    assert sandbox.posted[0].origin_id == "42"


# -- who, flags, status ----------------------------------------------------------------------------


async def test_a_message_without_user_is_the_token_owner_s_and_resolves(desk: Opened) -> None:
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new())
        await http.post(THREAD, json=message(user=None))
    posted = sandbox.posted[1]
    assert (posted.user.email, posted.user.staff) == ("bridge@example.com", True)
    assert sandbox.conversations[0].status == 2
    assert "mira@customer.example" in posted.notified


@pytest.mark.parametrize(
    ("switches", "extra", "status"),
    [
        ({}, {}, 2),
        ({"staff_reply_status": 1}, {}, 1),
        ({}, {"suppress_autoresolve": True}, 0),
        ({}, {"visibility": 1}, 0),
    ],
)
async def test_a_staff_message_resolves_unless_told_not_to(
    desk: Opened, switches: dict[str, Any], extra: dict[str, Any], status: int
) -> None:
    async with desk(staff=("Anna@acme.example",), **switches) as (sandbox, http):
        await http.post("conversations", json=new())
        await http.post(THREAD, json=message(user={"email": "anna@acme.example"}, **extra))
    assert sandbox.conversations[0].status == status


@pytest.mark.parametrize(("status", "after"), [(0, 0), (1, 0), (2, 0), (3, 3), (4, 0), (5, 5), (6, 0)])
async def test_a_customer_message_reopens_what_is_closed(desk: Opened, status: int, after: int) -> None:
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new(status=status, hold_until="2026-12-01T00:00:00Z"))
        await http.post(THREAD, json=message())
        assert sandbox.conversations[0].status == after


async def test_reopening_can_be_switched_off(desk: Opened) -> None:
    async with desk(reopens=False) as (sandbox, http):
        await http.post("conversations", json=new(status=2))
        await http.post(THREAD, json=message())
    assert sandbox.conversations[0].status == 2


@pytest.mark.parametrize(
    ("spelling", "flag", "quiet"),
    [
        ("both", "suppress_notifications", True),
        ("both", "suppress_notification", True),
        ("plural", "suppress_notifications", True),
        ("plural", "suppress_notification", False),
        ("singular", "suppress_notifications", False),
        ("singular", "suppress_notification", True),
    ],
)
async def test_only_the_right_spelling_keeps_the_desk_quiet(
    desk: Opened, spelling: str, flag: str, quiet: bool
) -> None:
    async with desk(suppress_spelling=spelling) as (sandbox, http):
        await http.post("conversations", json=new(message={flag: True}))
    assert sandbox.posted[0].flags == (flag,)
    assert sandbox.posted[0].notified == (() if quiet else ("bridge@example.com",))


async def test_a_flag_outside_the_message_is_not_heeded(desk: Opened) -> None:
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new(suppress_notifications=True))
    assert sandbox.posted[0].flags == ()
    assert sandbox.posted[0].notified == ("bridge@example.com",)


async def test_recipients_stay_participants(desk: Opened) -> None:
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new(message={"recipients": ["paul@customer.example"]}))
        found = (await http.get("conversations", params={"for": "Paul@customer.example"})).json()
    assert [c["slug"] for c in found["conversations"]] == ["broken-kettle"]
    assert sandbox.conversations[0].has("paul@customer.example")


# -- reading and changing --------------------------------------------------------------------------


async def test_a_conversation_is_changed_by_put(desk: Opened) -> None:
    async with desk(staff=("anna@acme.example",)) as (_, http):
        await http.post("conversations", json=new(tag_list=["old"]))
        change = {
            "status": 2,
            "tag_list": ["new"],
            "data": {"k": "v"},
            "category": "sales",
            "assignee": {"email": "anna@acme.example"},
        }
        answer = await http.put("conversations/broken-kettle", json={"conversation": change})
        assert answer.status_code == 200
        body = (await http.get("conversations/broken-kettle")).json()
        assert (body["status"], body["tag_list"], body["data"]) == (2, ["new"], {"k": "v"})
        assert (body["category"]["slug"], body["assignee"]["email"]) == ("sales", "anna@acme.example")
        held = await http.put("conversations/broken-kettle", json={"conversation": {"status": 5}})
        assert (held.status_code, list(held.json()["errors"])) == (422, ["hold_until"])


async def test_a_conversation_is_found_by_the_origin_id_of_its_first_message(desk: Opened) -> None:
    async with desk() as (_, http):
        await http.post("conversations", json=new())
        query = {"id_type": "origin", "category": "support"}
        assert (await http.get("conversations/k1", params=query)).json()["slug"] == "broken-kettle"
        assert (await http.get("conversations/k1")).status_code == 404


async def test_channels_staff_and_contacts_are_told(desk: Opened) -> None:
    async with desk(channels=("help", "returns"), staff=("anna.berg@acme.example",)) as (_, http):
        await http.post("conversations", json=new(category="help"))
        channels = (await http.get("channels", params={"channel": "email"})).json()
        assert [c["slug"] for c in channels["channels"]] == ["help", "returns"]
        assert (await http.get("channels/returns")).json()["name"] == "Returns"
        assert (await http.get("channels/none")).status_code == 404
        staff = (await http.get("staff")).json()["staff"]
        assert [(s["name"], s["email"]) for s in staff] == [
            ("Bridge", "bridge@example.com"),
            ("Anna Berg", "anna.berg@acme.example"),
        ]
        assert (await http.get("contacts/Mira@customer.example")).json()["name"] == "Mira Vogel"
        assert (await http.get("contacts/nobody@customer.example")).status_code == 404


@pytest.mark.parametrize(
    ("subject", "slug"),
    [
        ("Knock, knock?", "knock-knock"),
        ("Do you read me?", "do-you-read-me"),
        ("Conversations are awesome", "conversations-are-awesome"),
        ("It's über  $5.00!", "its-uber-$5.00"),
        ("Привет", "conversation"),
        ("", "conversation"),
    ],
)
async def test_a_slug_is_made_of_the_subject(subject: str, slug: str) -> None:
    assert slug_of(subject) == slug


@pytest.mark.parametrize("style", ["subject", "hash", "long", "odd"])
async def test_every_style_of_slug_can_be_posted_to(desk: Opened, style: str) -> None:
    async with desk(slugs=style) as (_, http):
        slugs = [(await http.post("conversations", json=new(key=None))).json()["slug"] for _ in range(3)]
        assert len(set(slugs)) == 3
        assert (len(slugs[0]) > 200) is (style == "long")
        assert ("$" in slugs[0]) is (style == "odd")
        for slug in slugs:
            path = httpx.URL(f"http://sandbox/api/v1/conversations/{slug.replace('$', '%24')}/messages")
            assert (await http.post(path, json=message())).json()["conversation"]["slug"] == slug


async def test_times_carry_the_offset_of_the_account(desk: Opened, clock: FixedClock) -> None:
    async with desk(utc_offset_hours=5) as (_, http):
        created_at = (await http.post("conversations", json=new())).json()["created_at"]
    at = datetime.fromisoformat(created_at)
    assert (at, at.utcoffset()) == (clock.now(), timedelta(hours=5))


def test_every_switch_says_what_it_does() -> None:
    for field in fields(Behaviour):
        assert field.metadata["help"], field.name


@pytest.mark.parametrize(
    "switches", [{"fault_rate": 1.5}, {"page_size": 0}, {"channels": ()}, {"fault_kinds": ("earthquake",)}]
)
def test_a_switch_that_makes_no_sense_is_refused(switches: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected|not a fault"):
        Behaviour(**switches)
