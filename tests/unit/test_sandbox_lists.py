"""Lists: pages, filters that may do nothing, and entries that come late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from support.simulator import InProcess, client

from bridge.clock import FixedClock
from bridge.sandbox import Behaviour, Sandbox

pytestmark = pytest.mark.anyio


def new(number: int, *, user: str = "mira@customer.example", **more: Any) -> dict[str, Any]:
    conversation = {
        "subject": f"Order {number}",
        "category": "orders",
        "user": {"name": "Mira", "email": user},
        "message": {"body": f"Where is order {number}?", "origin_id": f"k{number}"},
        "data": {"bridge_key": f"k{number}"},
    }
    return {"conversation": {**conversation, **more}}


async def fill(http: httpx.AsyncClient, clock: FixedClock, count: int) -> None:
    for number in range(count):
        assert (await http.post("conversations", json=new(number))).status_code == 201
        clock.advance(60)


async def slugs(http: httpx.AsyncClient, **query: str) -> list[str]:
    return [c["slug"] for c in (await http.get("conversations", params=query)).json()["conversations"]]


async def test_a_list_comes_in_pages_newest_first(clock: FixedClock) -> None:
    sandbox = Sandbox(Behaviour(page_size=2), clock=clock)
    async with client(transport=InProcess(sandbox)) as http:
        await fill(http, clock, 5)
        first = (await http.get("conversations")).json()
        assert (first["page_size"], first["page_count"], first["total_count"]) == (2, 3, 5)
        assert await slugs(http) == ["order-4", "order-3"]
        assert await slugs(http, page="3") == ["order-0"]
        assert await slugs(http, page="4") == []
        assert await slugs(http, page="x") == ["order-4", "order-3"]


async def test_messages_come_newest_first_and_their_count_may_leave_out_the_first(clock: FixedClock) -> None:
    sandbox = Sandbox(Behaviour(page_size=3, short_count=True), clock=clock)
    async with client(transport=InProcess(sandbox)) as http:
        await fill(http, clock, 1)
        for number in range(3):
            payload = {"body": f"reminder {number}", "user": {"email": "mira@customer.example"}}
            await http.post("conversations/order-0/messages", json={"message": payload})
        whole = (await http.get("conversations/order-0/messages")).json()
        last = (await http.get("conversations/order-0/messages", params={"page": "2"})).json()
    assert [m["body"] for m in whole["messages"]] == ["reminder 2", "reminder 1", "reminder 0"]
    assert (whole["total_count"], whole["page_count"]) == (3, 1)
    assert [m["body"] for m in last["messages"]] == ["Where is order 0?"]


async def test_data_is_left_out_of_lists_and_filters_them(clock: FixedClock) -> None:
    sandbox = Sandbox(clock=clock)
    async with client(transport=InProcess(sandbox)) as http:
        await fill(http, clock, 3)
        query = {"data[bridge_key]": "k1"}
        found = (await http.get("conversations", params=query)).json()["conversations"]
        assert [c["slug"] for c in found] == ["order-1"]
        assert "data" not in found[0]
        assert "last_staff_message" not in found[0]
        sandbox.behaviour = replace(sandbox.behaviour, data_in_lists=True, data_filter="ignored")
        found = (await http.get("conversations", params=query)).json()["conversations"]
        assert [c["data"]["bridge_key"] for c in found] == ["k2", "k1", "k0"]


async def test_the_filter_does_nothing_unless_it_is_switched_on(clock: FixedClock) -> None:
    sandbox = Sandbox(clock=clock)
    async with client(transport=InProcess(sandbox)) as http:
        await fill(http, clock, 2)
        await http.put("conversations/order-0", json={"conversation": {"status": 4}})
        for wanted in ("open", "archived", "all"):
            assert len(await slugs(http, filter=wanted)) == 2
        sandbox.behaviour = replace(sandbox.behaviour, list_filter="honoured")
        assert await slugs(http, filter="open") == ["order-1"]
        assert await slugs(http, filter="archived") == ["order-0"]
        assert await slugs(http) == ["order-1"]
        assert len(await slugs(http, filter="all")) == 2


async def test_something_new_can_come_late(clock: FixedClock) -> None:
    sandbox = Sandbox(Behaviour(lists_late_calls=2), clock=clock)
    async with client(transport=InProcess(sandbox)) as http:
        await fill(http, clock, 1)
        assert [await slugs(http) for _ in range(3)] == [[], [], ["order-0"]]
        assert (await http.get("conversations/order-0")).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"for": "paul@customer.example"}, ["order-7"]),
        ({"category": "sales"}, ["order-8"]),
        ({"tag": "vip"}, ["order-8"]),
        ({"q": "order 7"}, ["order-7"]),
        ({"origin": "email"}, []),
        ({"origin": "api", "category": "sales"}, ["order-8"]),
        ({"end_date": "2026-11-02T09:30:30Z"}, ["order-0"]),
        ({"start_date": "2026-11-02T09:31:30Z"}, ["order-8", "order-7"]),
        ({"start_date": "yesterday"}, ["order-8", "order-7", "order-1", "order-0"]),
    ],
)
async def test_conversations_are_found_by_what_is_documented(
    clock: FixedClock, query: dict[str, str], found: list[str]
) -> None:
    sandbox = Sandbox(clock=clock)
    async with client(transport=InProcess(sandbox)) as http:
        await fill(http, clock, 2)
        await http.post("conversations", json=new(7, user="paul@customer.example"))
        await http.post("conversations", json=new(8, category="sales", tag_list=["vip", "de"]))
        assert await slugs(http, **query) == found


async def test_messages_are_found_by_who_sent_them(clock: FixedClock) -> None:
    sandbox = Sandbox(clock=clock)
    async with client(transport=InProcess(sandbox)) as http:
        await fill(http, clock, 2)
        await http.post("conversations/order-0/messages", json={"message": {"body": "Sent today."}})

        async def bodies(**query: str) -> list[str]:
            return [m["body"] for m in (await http.get("messages", params=query)).json()["messages"]]

        assert await bodies(sent_by="Bridge@example.com") == ["Sent today."]
        assert await bodies(sent_by="mira@customer.example") == ["Where is order 1?", "Where is order 0?"]
        assert len(await bodies(filter="staff")) == 3
        sandbox.behaviour = replace(sandbox.behaviour, list_filter="honoured")
        assert await bodies(filter="staff") == ["Sent today."]
        assert await bodies(category="sales") == []


async def test_lists_can_keep_the_origin_id_to_themselves(clock: FixedClock) -> None:
    sandbox = Sandbox(Behaviour(origin_id_in_lists=False), clock=clock)
    async with client(transport=InProcess(sandbox)) as http:
        await fill(http, clock, 1)
        item = (await http.get("messages", params={"include": "original_body"})).json()["messages"][0]
    assert "origin_id" not in item
    assert "original_body" in item


async def test_lists_can_be_ordered_by_the_latest_change(clock: FixedClock) -> None:
    sandbox = Sandbox(clock=clock)
    async with client(transport=InProcess(sandbox)) as http:
        await fill(http, clock, 3)
        await http.post("conversations/order-0/messages", json={"message": {"body": "On its way."}})
        assert await slugs(http, sort="changed") == ["order-0", "order-2", "order-1"]
        assert await slugs(http, sort="updated") == ["order-2", "order-1", "order-0"]
