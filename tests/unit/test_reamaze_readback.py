"""Looking whether something was posted: against the stand-in in all its ways, and against lists that behave oddly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from support.brands import client
from support.simulator import InProcess

from bridge.clock import FixedClock
from bridge.errors import CredentialsError, LaterError, MissingError, OutageError, ReamazeError, RefusedError
from bridge.model import Message, New, User
from bridge.reamaze import Client, Sought, alike, readback
from bridge.sandbox import Behaviour, Sandbox

pytestmark = pytest.mark.anyio

NEW = New(channel="support", subject="A broken lamp")
ADA = User("Ada", "Ada@example.net")
SINCE = FixedClock().now()


def message(key: str, user: User = ADA) -> Message:
    return Message(user=user, body=f"About {key}.", key=key)


def at(sandbox: Sandbox, clock: FixedClock) -> Client:
    return client(
        InProcess(sandbox),
        clock=clock,
        base_url="http://acme/api/v1",
        user=sandbox.behaviour.user,
        token=sandbox.behaviour.token,
    )


# -- against the stand-in --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(),
        Behaviour(data_filter="ignored"),
        Behaviour(data_filter="ignored", data_in_lists=True),
        Behaviour(data_filter="ignored", origin_id_on_create="ignored"),
        Behaviour(data_filter="ignored", origin_id_in_lists=False),
        Behaviour(list_filter="honoured", slugs="odd"),
        Behaviour(page_size=2, data_filter="ignored", slugs="hash"),
        Behaviour(wrapped=True),
    ],
    ids=str,
)
async def test_a_conversation_is_found_among_others_of_its_sender(
    clock: FixedClock, behaviour: Behaviour
) -> None:
    sandbox = Sandbox(behaviour, clock=clock)
    asking = at(sandbox, clock)
    others = User("Bo", "bo@example.net")
    made = {}
    for number in range(7):
        clock.advance(60)
        made[f"k{number}"] = (await asking.create(NEW, message(f"k{number}"))).slug
        await asking.create(NEW, message(f"other{number}", others))
    for key in ("k0", "k3", "k6"):
        # A fresh client knows nothing yet, as after a restart.
        found = await at(sandbox, clock).find_conversation(Sought(key=key), ADA.email, SINCE)
        assert found is not None
        assert (found.slug, found.found) == (made[key], True)
        assert datetime.fromisoformat(found.created_at) > SINCE
    assert await at(sandbox, clock).find_conversation(Sought(key="never"), ADA.email, SINCE) is None


async def test_only_messages_tell_where_data_is_not_kept(clock: FixedClock) -> None:
    sandbox = Sandbox(Behaviour(data_filter="ignored"), clock=clock)
    asking = at(sandbox, clock)
    slug = (await asking.create(NEW, message("k1"))).slug
    for conversation in sandbox.conversations:
        conversation.data.clear()
    found = await at(sandbox, clock).find_conversation(Sought(key="k1"), ADA.email, SINCE)
    assert found is not None
    assert found.slug == slug


@pytest.mark.parametrize("page_size", [1, 3, 30])
async def test_a_message_is_found_on_whatever_page(clock: FixedClock, page_size: int) -> None:
    sandbox = Sandbox(Behaviour(page_size=page_size, short_count=True), clock=clock)
    asking = at(sandbox, clock)
    slug = (await asking.create(NEW, message("k0"))).slug
    for number in range(1, 9):
        clock.advance(1)
        await asking.append(slug, message(f"k{number}"))
    for key in ("k1", "k5", "k8"):
        found = await asking.find_message(slug, Sought(key=key))
        assert found is not None
        assert found.found
    assert await asking.find_message(slug, Sought(key="k99")) is None
    assert await asking.find_message("no-such-conversation", Sought(key="k1")) is None


@pytest.mark.parametrize("repeated", ["existing", "refuse", "duplicate"])
@pytest.mark.parametrize("fault", ["reset-after", "timeout-after", "truncated", "cut", "empty", "503-after"])
async def test_after_an_unclear_answer_one_look_tells(clock: FixedClock, repeated: Any, fault: str) -> None:
    sandbox = Sandbox(Behaviour(repeated_origin_id=repeated), clock=clock)
    asking = at(sandbox, clock)
    sandbox.faults.script(fault)
    with pytest.raises(ReamazeError):
        await asking.create(NEW, message("k1"))
    found = await asking.find_conversation(Sought(key="k1"), ADA.email, SINCE)
    assert found is not None
    sandbox.faults.script(fault)
    with pytest.raises(ReamazeError):
        await asking.append(found.slug, message("k2"))
    assert await asking.find_message(found.slug, Sought(key="k2")) is not None
    assert sandbox.doubles() == ()


async def test_a_list_that_lags_behind_shows_it_at_a_later_look(clock: FixedClock) -> None:
    sandbox = Sandbox(Behaviour(lists_late_calls=4), clock=clock)
    asking = at(sandbox, clock)
    slug = (await asking.create(NEW, message("k1"))).slug
    assert await asking.find_conversation(Sought(key="k1"), ADA.email, SINCE) is None
    found = await asking.find_conversation(Sought(key="k1"), ADA.email, SINCE)
    assert found is not None
    assert found.slug == slug


async def test_a_repeat_that_reamaze_refuses_is_found_though_the_look_before_came_too_early(
    clock: FixedClock,
) -> None:
    sandbox = Sandbox(Behaviour(repeated_origin_id="refuse", scope="brand"), clock=clock)
    asking = at(sandbox, clock)
    first = await asking.create(NEW, message("k1"))
    again = await asking.create(NEW, message("k1"))
    assert (again.slug, again.found) == (first.slug, True)
    await asking.append(first.slug, message("k2"))
    assert (await asking.append(first.slug, message("k2"))).found
    assert sandbox.doubles() == ()


# -- against lists that behave oddly ---------------------------------------------------------------


class Lists:
    """A `Look` over plain lists: which path and query give which items; counts what is asked."""

    def __init__(self, **lists: Any) -> None:
        self.data: list[dict[str, Any]] | ReamazeError = lists.get("data", [])
        self.sender: list[dict[str, Any]] | ReamazeError = lists.get("sender", [])
        self.messages: list[dict[str, Any]] | ReamazeError = lists.get("messages", [])
        self.singles: dict[str, dict[str, Any]] = lists.get("singles", {})
        self.asked: list[str] = []

    async def __call__(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        self.asked.append(path)
        if path == "/conversations":
            return self._page("conversations", self.sender if "for" in query else self.data, query)
        if path.endswith("/messages"):
            return self._page("messages", self.messages, query)
        if (slug := path.rpartition("/")[2]) in self.singles:
            return self.singles[slug]
        raise MissingError("answered 404", status=404)

    def _page(
        self, name: str, items: list[dict[str, Any]] | ReamazeError, query: Mapping[str, str]
    ) -> dict[str, Any]:
        if isinstance(items, ReamazeError):
            raise items
        start = (int(query["page"]) - 1) * 30
        return {"page_size": 30, name: items[start : start + 30]}


def conversation(slug: str, *, minutes: float = 1, email: str = "ada@example.net") -> dict[str, Any]:
    return {
        "slug": slug,
        "created_at": (SINCE + timedelta(minutes=minutes)).isoformat(),
        "author": {"email": email},
    }


def holding(slug: str, key: object) -> dict[str, Any]:
    return {"slug": slug, "created_at": "2026-11-02T09:31:00Z", "data": {"bridge_key": key}}


async def find(lists: Lists, key: str = "k1", known: readback.Known | None = None) -> str | None:
    found = await readback.find_conversation(
        lists, known or readback.Known(FixedClock()), Sought(key=key), "ada@example.net", SINCE
    )
    return found.slug if found else None


async def test_an_ignored_filter_costs_no_call_for_conversations_of_others() -> None:
    others = [conversation(f"o{n}", email=f"{n}@example.net") for n in range(30)]
    lists = Lists(data=others, sender=[conversation("mine")], singles={"mine": holding("mine", "k1")})
    assert await find(lists) == "mine"
    assert lists.asked == ["/conversations", "/conversations", "/conversations/mine"]


async def test_an_honoured_filter_finds_it_under_a_merged_contact() -> None:
    lists = Lists(
        data=[conversation("mine", email="new@example.net")], singles={"mine": holding("mine", "k1")}
    )
    assert await find(lists) == "mine"


async def test_a_filter_that_is_ignored_is_not_believed() -> None:
    lists = Lists(data=[conversation("another")], singles={"another": holding("another", "k2")})
    assert await find(lists) is None


async def test_conversations_from_before_the_mail_are_not_fetched() -> None:
    old = [conversation(f"o{n}", minutes=-60 * 25) for n in range(40)]
    lists = Lists(sender=old)
    assert await find(lists) is None
    assert not [path for path in lists.asked if path.startswith("/conversations/")]


async def test_what_was_fetched_once_is_not_fetched_again(clock: FixedClock) -> None:
    lists = Lists(
        sender=[conversation("a"), conversation("b", minutes=-5)],
        singles={"a": holding("a", "k7"), "b": conversation("b", minutes=-5)},
    )
    clock.advance(3 * 86_400)
    known = readback.Known(clock)
    assert await find(lists, known=known) is None
    lists.asked.clear()
    assert await find(lists, known=known) is None
    assert not [path for path in lists.asked if path.startswith("/conversations/")]
    assert await find(lists, "k7", known) == "a"


async def test_a_busy_sender_is_looked_through_in_several_looks_and_never_guessed() -> None:
    many = [conversation(f"m{n}") for n in range(100)]
    lists = Lists(sender=many, singles={f"m{n}": holding(f"m{n}", f"other{n}") for n in range(100)})
    known = readback.Known(FixedClock())
    with pytest.raises(LaterError):
        await find(lists, known=known)
    assert await find(lists, known=known) is None


@pytest.mark.parametrize("which", ["sender", "messages"])
async def test_a_list_without_end_is_no_proof(which: str) -> None:
    item = conversation("x", email="other@example.net") | {"origin_id": "k0"}
    endless = [{**item, "number": n} for n in range(5_000)]
    lists = Lists(**{which: endless})
    with pytest.raises(LaterError, match="too long"):
        await find(lists)
    assert len(lists.asked) < 50


async def test_the_newest_messages_of_a_long_conversation_are_enough() -> None:
    lists = Lists(messages=[conversation("x", minutes=-n) | {"number": n} for n in range(5_000)])
    assert await readback.find_message(lists, "x", Sought(key="k1")) is None
    assert len(lists.asked) == 20


async def test_the_oldest_messages_of_a_long_conversation_prove_nothing() -> None:
    lists = Lists(messages=[conversation("x", minutes=n) | {"number": n} for n in range(5_000)])
    with pytest.raises(LaterError, match="too long"):
        await readback.find_message(lists, "x", Sought(key="k1"))


@pytest.mark.parametrize("which", ["sender", "messages"])
async def test_a_long_list_from_new_to_old_is_read_as_far_as_the_mail(which: str) -> None:
    hourly = [conversation(f"x{n}", minutes=-60 * n, email="o@example.net") for n in range(5_000)]
    lists = Lists(**{which: hourly})
    assert await find(lists) is None
    assert len(lists.asked) == 3


@pytest.mark.parametrize("which", ["sender", "messages"])
async def test_a_list_from_old_to_new_is_read_to_its_end(which: str) -> None:
    old = [conversation(f"x{n}", minutes=n - 100 * 1_440, email="o@example.net") for n in range(200)]
    mine = conversation("mine") | {"origin_id": "k1", "conversation": conversation("mine")}
    lists = Lists(**{which: [*old, mine]}, singles={"mine": holding("mine", "k1")})
    assert await find(lists) == "mine"


async def test_a_list_that_knows_no_pages_is_read_once() -> None:
    items = [conversation(f"m{n}", email="other@example.net") for n in range(30)]

    async def look(path: str, _query: Mapping[str, str]) -> dict[str, Any]:
        return {"messages": []} if path == "/messages" else {"conversations": items}

    assert (
        await readback.find_conversation(
            look, readback.Known(FixedClock()), Sought(key="k1"), "ada@example.net", SINCE
        )
        is None
    )


@pytest.mark.parametrize("origin_id", ["4711", 4711])
async def test_origin_ids_are_compared_as_text(origin_id: object) -> None:
    lists = Lists(
        messages=[{"origin_id": None}, {}, {"origin_id": origin_id, "created_at": "2026-11-02T09:31:00Z"}]
    )
    found = await readback.find_message(lists, "s", Sought(key="4711"))
    assert found is not None
    assert found.created_at == "2026-11-02T09:31:00Z"


async def test_one_refused_way_leaves_the_others() -> None:
    lists = Lists(
        data=RefusedError("answered 400"),
        sender=MissingError("answered 404"),
        messages=[{"origin_id": "k1", "created_at": "x", "conversation": {"slug": "mine"}}],
    )
    assert await find(lists) == "mine"


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (RefusedError("answered 400"), LaterError),
        (MissingError("answered 404"), LaterError),
        (CredentialsError("answered 403"), CredentialsError),
        (OutageError("answered 503"), OutageError),
        (LaterError("answered 408"), LaterError),
    ],
)
async def test_a_failure_to_look_is_not_taken_for_nothing_there(
    error: ReamazeError, raised: type[ReamazeError]
) -> None:
    lists = Lists(data=error, sender=error, messages=error)
    with pytest.raises(ReamazeError) as caught:
        await find(lists)
    assert type(caught.value) is raised


@pytest.mark.parametrize("answer", [{}, {"messages": None}, {"messages": {"a": 1}}])
async def test_an_answer_that_is_no_list_is_not_taken_for_an_empty_one(answer: dict[str, Any]) -> None:
    asking = client(lambda _request: httpx.Response(200, json=answer))
    with pytest.raises(LaterError):
        await asking.find_message("s", Sought(key="k1"))


@pytest.mark.parametrize(
    "item",
    [
        "odd",
        None,
        {},
        {"slug": None},
        {"slug": ["x"]},
        {"slug": "s", "created_at": "yesterday", "author": []},
    ],
    ids=repr,
)
async def test_odd_items_are_passed_over(item: Any) -> None:
    lists = Lists(
        data=[item],
        sender=[item, conversation("mine")],
        messages=[item],
        singles={"mine": holding("mine", "k1")},
    )
    assert await find(lists) == "mine"


def test_only_so_many_conversations_are_remembered() -> None:
    known = readback.Known(FixedClock())
    for number in range(readback.REMEMBERED + 5):
        known.learn(f"s{number}", "other")
    assert not known.is_another("s0", "k1")
    assert known.is_another(f"s{readback.REMEMBERED}", "k1")


def test_times_of_the_api_are_read_with_any_offset() -> None:
    from bridge.reamaze.lists import time

    assert time("2014-05-25T21:58:53.286-07:00") == datetime(2014, 5, 26, 4, 58, 53, 286_000, UTC)
    assert time("2026-11-02T09:30:00Z") == SINCE
    assert time("2026-11-02T09:30:00") == SINCE
    assert time("soon") is None
    assert time(None) is None


async def test_conversations_the_client_itself_made_are_not_fetched(clock: FixedClock) -> None:
    sandbox = Sandbox(Behaviour(data_filter="ignored"), clock=clock)
    asking = at(sandbox, clock)
    for number in range(5):
        await asking.create(NEW, message(f"k{number}"))
    before = len(sandbox.calls)
    assert await asking.find_conversation(Sought(key="never"), ADA.email, SINCE) is None
    # One call a way to look, and none for a single conversation.
    assert len(sandbox.calls) - before == 3


# -- where lists show no keys ----------------------------------------------------------------------


def of(said: Message, *others: str) -> Sought:
    return Sought(key=said.key, content=alike.content(said), since=SINCE, others=others)


HIDDEN = [
    Behaviour(
        origin_id_in_lists=False, repeated_origin_id="duplicate", bodies_in_lists=bodies, page_size=size
    )
    for bodies in ("kept", "html")
    for size in (2, 30)
]


@pytest.mark.parametrize("behaviour", HIDDEN, ids=lambda each: f"{each.bodies_in_lists}-{each.page_size}")
@pytest.mark.parametrize("internal", [False, True])
async def test_a_message_without_a_key_is_known_by_what_it_says(
    clock: FixedClock, behaviour: Behaviour, internal: bool
) -> None:
    sandbox = Sandbox(behaviour, clock=clock)
    asking = at(sandbox, clock)
    slug = (await asking.create(NEW, message("k0"))).slug
    said = replace(
        message("k1"),
        internal=internal,
        body="Two  words & \\<one\\>\n\n![pict](https://files.example/f/a.b/p.png)",
    )
    assert await asking.find_message(slug, of(said)) is None
    clock.advance(60)
    await asking.append(slug, said)
    for _ in range(5):
        clock.advance(1)
        await asking.append(slug, message("k2"))
    found = await asking.find_message(slug, of(said))
    assert found is not None
    assert datetime.fromisoformat(found.created_at) == SINCE + timedelta(seconds=60)
    told_anew = replace(said, body=said.body.replace("a.b", "c.d"))
    for same in (told_anew, replace(said, user=User("A.", "ADA@example.net "))):
        assert await asking.find_message(slug, of(same)) is not None
    for another in (
        replace(said, internal=not internal),
        replace(said, user=User("Bo", "bo@example.net")),
        replace(said, body=said.body.replace("one", "two")),
    ):
        assert await asking.find_message(slug, of(another)) is None


async def test_what_another_mail_said_in_the_same_words_is_not_taken_for_this_one(clock: FixedClock) -> None:
    sandbox = Sandbox(HIDDEN[0], clock=clock)
    asking = at(sandbox, clock)
    said = replace(message("k1"), body="ok")
    first = await asking.create(NEW, replace(said, key="k0"))
    clock.advance(1)
    second = await asking.append(first.slug, replace(said, key="k2"))
    others = (first.created_at, second.created_at)
    assert await asking.find_message(first.slug, of(said, *others)) is None
    clock.advance(1)
    third = await asking.append(first.slug, said)
    found = await asking.find_message(first.slug, of(said, *others))
    assert found is not None
    assert found.created_at == third.created_at


async def test_what_was_said_in_the_same_words_long_before_counts_on_neither_side(clock: FixedClock) -> None:
    sandbox = Sandbox(HIDDEN[0], clock=clock)
    asking = at(sandbox, clock)
    said = replace(message("k1"), body="ok")
    first = await asking.create(NEW, replace(said, key="k0"))
    clock.advance(3 * 86_400)
    later = replace(of(said), since=clock.now())
    # Its answer may have been swept: it is another's all the same.
    assert await asking.find_message(first.slug, later) is None
    await asking.append(first.slug, said)
    for others in ((), (first.created_at,)):
        assert await asking.find_message(first.slug, replace(later, others=others)) is not None


async def test_where_one_key_is_shown_none_is_guessed(clock: FixedClock) -> None:
    said = message("k1")
    same = {
        "body": said.body,
        "user": {"email": ADA.email},
        "visibility": 0,
        "created_at": SINCE.isoformat(),
    }
    assert await readback.find_message(Lists(messages=[same]), "s", of(said)) is not None
    for shown in ("another", None):
        lists = Lists(messages=[*([same] * 40), {"origin_id": shown, "created_at": SINCE.isoformat()}])
        assert await readback.find_message(lists, "s", of(said)) is None
    assert await readback.find_message(Lists(messages=[same]), "s", Sought(key="k1")) is None


@pytest.mark.parametrize("created_at", [None, "", "soon", 7])
async def test_a_message_that_does_not_say_when_it_was_made_is_no_proof(created_at: object) -> None:
    said = message("k1")
    same = {"body": said.body, "user": {"email": ADA.email}, "visibility": 0, "created_at": created_at}
    assert await readback.find_message(Lists(messages=[same]), "s", of(said)) is None


async def test_a_list_without_keys_is_read_no_further_than_the_call_can_have_been(clock: FixedClock) -> None:
    hourly = [
        {"body": "x", "created_at": (SINCE - timedelta(hours=n)).isoformat(), "number": n} for n in range(500)
    ]
    lists = Lists(messages=hourly)
    assert await readback.find_message(lists, "s", of(message("k1"))) is None
    assert len(lists.asked) == 1


@pytest.mark.parametrize("body", ["<" * 100_000, "](" * 50_000, "&" * 100_000, "<a" * 50_000, "\ud800"])
def test_any_body_has_its_content(body: str) -> None:
    assert len(alike.content(replace(message("k1"), body=body))) == 32


def test_marks_of_joy_are_words_too() -> None:
    happy, sad = (replace(message("k1"), body=body) for body in ("\U0001f44d", "\U0001f44e"))
    assert alike.content(happy) != alike.content(sad)


NOTHING_KEPT = Behaviour(
    origin_id_in_lists=False,
    data_on_create="ignored",
    repeated_origin_id="duplicate",
    slugs="hash",
    page_size=3,
)


def opening(said: Message, *taken: str) -> Sought:
    async def is_taken(slug: str) -> bool:
        return slug in taken

    return replace(of(said), taken=is_taken)


async def test_a_conversation_without_any_key_is_known_by_what_opened_it(clock: FixedClock) -> None:
    sandbox = Sandbox(NOTHING_KEPT, clock=clock)
    asking = at(sandbox, clock)
    for number in range(5):
        slug = (await asking.create(NEW, message(f"k{number}"))).slug
        clock.advance(300)
        await asking.append(slug, message("k7"))
    said = message("k7")
    # As after a restart; that it was said within a conversation is no sign that it opened one.
    fresh = at(sandbox, clock)
    assert await fresh.find_conversation(opening(said), ADA.email, SINCE) is None
    made = await asking.create(NEW, said)
    await asking.create(NEW, message("k8"))
    found = await fresh.find_conversation(opening(said), ADA.email, SINCE)
    assert found is not None
    assert (found.slug, found.found) == (made.slug, True)
    assert await fresh.find_conversation(opening(said, made.slug), ADA.email, SINCE) is None
    assert await fresh.find_conversation(replace(opening(said), taken=None), ADA.email, SINCE) is None


async def test_of_two_mails_that_say_the_same_only_one_takes_what_is_there(clock: FixedClock) -> None:
    sandbox = Sandbox(NOTHING_KEPT, clock=clock)
    made = await at(sandbox, clock).create(NEW, message("k1"))
    fresh = at(sandbox, clock)
    one, another = opening(message("k1")), opening(replace(message("k1"), key="k2"))
    for _ in range(2):
        found = await fresh.find_conversation(one, ADA.email, SINCE)
        assert found is not None
        assert found.slug == made.slug
        assert await fresh.find_conversation(another, ADA.email, SINCE) is None


async def test_where_conversations_keep_their_keys_one_without_is_nobodys(clock: FixedClock) -> None:
    sandbox = Sandbox(NOTHING_KEPT, clock=clock)
    asking = at(sandbox, clock)
    native = (await asking.create(NEW, message("k1"))).slug
    sandbox.behaviour = replace(NOTHING_KEPT, data_on_create="kept")
    await asking.create(NEW, message("k2"))
    fresh = at(sandbox, clock)
    assert await fresh.find_conversation(opening(message("k1")), ADA.email, SINCE) is None
    assert native in {each.slug for each in sandbox.conversations}


# -- data that shows up late -----------------------------------------------------------------------


async def test_that_a_young_conversation_has_no_key_is_not_remembered(clock: FixedClock) -> None:
    lists = Lists(sender=[conversation("mine")], singles={"mine": conversation("mine")})
    known = readback.Known(clock)
    assert await find(lists, known=known) is None
    clock.advance(10)
    lists.singles["mine"] = holding("mine", "k1")
    assert await find(lists, known=known) == "mine"


async def test_that_a_conversation_never_shows_a_key_is_remembered_after_a_while(clock: FixedClock) -> None:
    many = [conversation(f"m{n}") for n in range(100)]
    lists = Lists(sender=many, singles={f"m{n}": conversation(f"m{n}") for n in range(100)})
    known = readback.Known(clock)
    for wait_s in (0, readback.SHOWS_ITS_KEY_WITHIN_S, 0):
        with pytest.raises(LaterError):
            await find(lists, known=known)
        clock.advance(wait_s)
    # Those that could be fetched at first are known by now.
    lists.asked.clear()
    assert await find(lists, known=known) is None
    assert len([path for path in lists.asked if path.startswith("/conversations/")]) == 40


# -- reading what was said -------------------------------------------------------------------------


async def test_what_was_said_is_read_without_the_notes(clock: FixedClock) -> None:
    sandbox = Sandbox()
    desk = at(sandbox, clock)
    slug = (await desk.create(NEW, message("1"))).slug
    await desk.append(slug, message("2"))
    await desk.append(slug, replace(message("3"), internal=True, body="For us alone.\nTwo lines."))
    await desk.append(slug, replace(message("4"), body="Two\nlines."))
    assert sorted(await desk.bodies(slug)) == ["About 1.", "About 2.", "Two\nlines."]


async def test_no_more_than_the_newest_messages_are_read(clock: FixedClock) -> None:
    sandbox = Sandbox(Behaviour(page_size=30))
    desk = at(sandbox, clock)
    slug = (await desk.create(NEW, message("0"))).slug
    for number in range(1, 100):
        await desk.append(slug, message(str(number)))
    bodies = await desk.bodies(slug)
    assert len(bodies) == readback.READ_MESSAGES
    assert "About 99." in bodies
    assert "About 0." not in bodies


async def test_messages_without_words_are_passed_over() -> None:
    messages = [{"body": None}, {"body": 7, "visibility": 0}, {"body": ""}, {"body": "yes", "visibility": 0}]

    async def look(path: str, query: Mapping[str, str]) -> dict[str, Any]:
        del path, query
        return {"messages": messages}

    assert await readback.bodies(look, "a-broken-lamp") == ("yes",)
