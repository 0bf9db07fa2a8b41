"""A mail's way through the spool: put, sorted, claimed, tried, ended."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.spools import CONTENT, TARGET, envelope, place, put, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.errors import SpoolBrokenError, SpoolError
from bridge.model import Target, ThreadClue
from bridge.spool import SETTLED, Item, Spool, Step

pytestmark = pytest.mark.anyio


@pytest.fixture
def spool(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "spool"), clock=clock)
    yield opened
    opened.close()


def reply(to: str, message_id: str = "") -> ThreadClue:
    return ThreadClue((to,), "In-Reply-To")


async def lane(spool: Spool, clock: FixedClock, length: int) -> list[Item]:
    """So many mails of one conversation, sorted and waiting."""
    items = []
    for number in range(length):
        item, _ = await put_and_place(
            spool, clock, sorting(reply("<first>"), message_id="<first>" if number == 0 else f"<m{number}>")
        )
        items.append(item)
    return items


def states(spool: Spool, *items: Item) -> list[str]:
    found = {summary.seq: summary.state for summary in spool.operator.list((*SETTLED, *spool.counts()))}
    return [found[item.seq] for item in items]


# -- put -------------------------------------------------------------------------------------------


async def test_a_mail_that_was_put_is_there_after_a_restart(tmp_path: Path, clock: FixedClock) -> None:
    first = Spool.open(settings(tmp_path), clock=clock)
    given = envelope(
        clock.now(), login="anna", tls="TLSv1.3", trusted=True, recipients=("a@b.example", "ü@b.example")
    )
    mail_id = first.new_id()
    await first.put(mail_id, given, CONTENT, [TARGET])
    first.close()

    second = Spool.open(settings(tmp_path), clock=clock)
    (item,) = await second.unsorted(10)
    second.close()
    assert (item.id, item.mail_id, item.content, item.size_bytes) == (mail_id, mail_id, CONTENT, len(CONTENT))
    assert item.envelope == given
    assert (item.route, item.brand, item.recipients) == ("support", "acme", ("help@acme.example",))
    assert (item.state, item.strikes, item.attempts, item.next_at) == ("new", 1, 0, None)
    assert item.received_at == item.waiting_at == clock.now()


async def test_a_peer_that_writes_broken_characters_gets_its_mail_stored(
    spool: Spool, clock: FixedClock
) -> None:
    given = envelope(clock.now(), helo='"\\\udcff\x00', reverse_path="\udc80@example.net")
    await spool.put(spool.new_id(), given, b"", [Target("support", "acme", ("\udcfc@acme.example",))])
    (item,) = await spool.unsorted(1)
    assert item.envelope == given
    assert item.recipients == ("\udcfc@acme.example",)


async def test_a_mail_for_two_routes_makes_two_deliveries(spool: Spool, clock: FixedClock) -> None:
    other = Target("sales", "globex", ("sales@globex.example",))
    mail_id = await put(spool, clock, targets=(TARGET, other))
    items = await spool.unsorted(10)
    assert [item.id for item in items] == [mail_id, f"{mail_id}.2"]
    assert [item.brand for item in items] == ["acme", "globex"]
    assert spool.ledger()["accepted"] == 2


async def test_an_id_that_is_taken_is_refused_and_the_first_mail_stays(
    spool: Spool, clock: FixedClock
) -> None:
    mail_id = await put(spool, clock, b"first")
    with pytest.raises(SpoolBrokenError):
        await spool.put(mail_id, envelope(clock.now()), b"second", [TARGET])
    (item,) = await spool.unsorted(10)
    assert item.content == b"first"
    assert spool.ledger()["accepted"] == 1


async def test_a_mail_without_a_target_is_a_mistake(spool: Spool, clock: FixedClock) -> None:
    with pytest.raises(ValueError, match="target"):
        await spool.put(spool.new_id(), envelope(clock.now()), CONTENT, [])
    with pytest.raises(ValueError, match="target"):
        spool.put_now(spool.new_id(), envelope(clock.now()), CONTENT, [])


async def test_a_put_is_finished_though_its_caller_went_away(spool: Spool, clock: FixedClock) -> None:
    task = asyncio.create_task(spool.put(spool.new_id(), envelope(clock.now()), CONTENT, [TARGET]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await put(spool, clock)  # commits behind it
    assert spool.counts()["new"] == 2


def test_a_process_without_an_event_loop_puts_and_waits(spool: Spool, clock: FixedClock) -> None:
    spool.put_now(spool.new_id(), envelope(clock.now()), CONTENT, [TARGET])
    assert spool.counts()["new"] == 1


async def test_a_closed_spool_takes_nothing(spool: Spool, clock: FixedClock) -> None:
    spool.close()
    with pytest.raises(SpoolBrokenError, match="closed"):
        await put(spool, clock)


# -- unsorted --------------------------------------------------------------------------------------


async def test_mails_are_sorted_in_order_of_arrival_whatever_the_clock_says(
    spool: Spool, clock: FixedClock
) -> None:
    first = await put(spool, clock)
    clock.at -= timedelta(days=30)
    second = await put(spool, clock)
    clock.at += timedelta(days=60)
    third = await put(spool, clock)
    assert [item.id for item in await spool.unsorted(10)] == [first, second, third]


async def test_an_unsorted_mail_is_handed_out_once(spool: Spool, clock: FixedClock) -> None:
    first, second = await put(spool, clock), await put(spool, clock)
    assert [item.id for item in await spool.unsorted(1)] == [first]
    assert [item.id for item in await spool.unsorted(1)] == [second]
    assert await spool.unsorted(1) == ()


async def test_two_askers_at_once_get_different_mails(spool: Spool, clock: FixedClock) -> None:
    for _ in range(4):
        await put(spool, clock)
    one, other = await asyncio.gather(spool.unsorted(2), spool.unsorted(2))
    assert len({item.seq for item in one + other}) == 4


async def test_every_handing_out_of_an_unsorted_mail_is_a_strike(tmp_path: Path, clock: FixedClock) -> None:
    struck = []
    for _ in range(3):
        spool = Spool.open(settings(tmp_path), clock=clock)
        if not struck:
            await put(spool, clock)
        (item,) = await spool.unsorted(1)
        struck.append(item.strikes)
        spool.close()
    assert struck == [1, 2, 3]


async def test_placing_takes_the_strikes_away(spool: Spool, clock: FixedClock) -> None:
    await put_and_place(spool, clock)
    (item,) = await spool.claim(1)
    assert item.strikes == 1


async def test_a_mail_whose_sorting_was_deferred_comes_back_in_time(spool: Spool, clock: FixedClock) -> None:
    await put(spool, clock)
    (item,) = await spool.unsorted(1)
    await spool.defer(item.seq, clock.now() + timedelta(seconds=30), "the workers are gone")
    assert await spool.unsorted(1) == ()
    clock.advance(30)
    (again,) = await spool.unsorted(1)
    assert (again.seq, again.state, again.reason) == (item.seq, "new", "the workers are gone")


async def test_a_mail_that_could_not_be_placed_is_handed_out_again(spool: Spool, clock: FixedClock) -> None:
    await put(spool, clock)
    (item,) = await spool.unsorted(1)
    with pytest.raises(KeyError):
        await place(spool, item, sorting(verdict=("nonsense", "")))
    (again,) = await spool.unsorted(1)
    assert again.seq == item.seq


# -- claim -----------------------------------------------------------------------------------------


async def test_what_was_claimed_is_busy_and_claimed_by_no_other(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    (claimed,) = await spool.claim(10)
    assert (claimed.seq, claimed.state, claimed.strikes) == (item.seq, "busy", 1)
    assert claimed.content == CONTENT
    assert claimed.conversation is not None
    assert await spool.claim(10) == ()


async def test_the_oldest_is_claimed_first_also_when_it_was_deferred(spool: Spool, clock: FixedClock) -> None:
    old, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.defer(old.seq, clock.now() + timedelta(seconds=5), "later")
    young, _ = await put_and_place(spool, clock)
    clock.advance(10)
    assert [item.seq for item in await spool.claim(2)] == [old.seq, young.seq]


async def test_a_brand_in_an_outage_is_left_out(spool: Spool, clock: FixedClock) -> None:
    await put_and_place(spool, clock)
    other, _ = await put_and_place(spool, clock, target=Target("sales", "globex", ("s@globex.example",)))
    assert [item.seq for item in await spool.claim(10, without_brands={"acme"})] == [other.seq]
    assert await spool.claim(10, without_brands=["acme", "globex"]) == ()


async def test_a_claim_whose_caller_was_cancelled_is_given_back(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    seen = spool.stirred
    task = asyncio.create_task(spool.claim(1))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await spool.wait(seen, 5.0)
    (claimed,) = await spool.claim(1)
    assert (claimed.seq, claimed.strikes, claimed.attempts) == (item.seq, 1, 0)


async def test_giving_back_leaves_neither_strike_nor_attempt(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.give_back([item.seq])
    (again,) = await spool.claim(1)
    assert (again.strikes, again.attempts) == (1, 0)

    await put(spool, clock)
    (unsorted,) = await spool.unsorted(1)
    await spool.give_back([unsorted.seq])
    (unsorted_again,) = await spool.unsorted(1)
    assert (unsorted_again.seq, unsorted_again.strikes) == (unsorted.seq, 1)


# -- lanes -----------------------------------------------------------------------------------------


async def test_only_the_head_of_a_conversation_is_ready(spool: Spool, clock: FixedClock) -> None:
    items = await lane(spool, clock, 3)
    assert states(spool, *items) == ["ready", "behind", "behind"]
    assert [item.seq for item in await spool.claim(10)] == [items[0].seq]
    assert await spool.claim(10) == ()


@pytest.mark.parametrize("end", SETTLED)
async def test_when_the_head_ends_the_next_is_ready(spool: Spool, clock: FixedClock, end: str) -> None:
    items = await lane(spool, clock, 3)
    await spool.claim(1)
    await spool.settle(items[0].seq, end, "because")  # type: ignore[arg-type]  # one of Settled
    assert states(spool, *items) == [end, "ready", "behind"]


async def test_a_deferred_head_holds_its_conversation_up_and_no_other(
    spool: Spool, clock: FixedClock
) -> None:
    items = await lane(spool, clock, 2)
    other, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.defer(items[0].seq, clock.now() + timedelta(seconds=60), "later")
    assert [item.seq for item in await spool.claim(10)] == [other.seq]
    assert states(spool, *items) == ["ready", "behind"]


async def test_a_mail_sorted_after_its_follower_still_goes_first(spool: Spool, clock: FixedClock) -> None:
    await put(spool, clock)
    await put(spool, clock)
    early, late = await spool.unsorted(2)
    await place(spool, late, sorting(reply("<root>"), message_id="<late>", related_ids=("<root>",)))
    await place(spool, early, sorting(reply("<root>"), message_id="<early>", related_ids=("<root>",)))
    assert states(spool, early, late) == ["ready", "behind"]


async def test_a_follower_on_its_way_is_not_called_back(spool: Spool, clock: FixedClock) -> None:
    await put(spool, clock)
    await put(spool, clock)
    early, late = await spool.unsorted(2)
    await place(spool, late, sorting(reply("<root>"), message_id="<late>", related_ids=("<root>",)))
    await spool.claim(1)
    await place(spool, early, sorting(reply("<root>"), message_id="<early>", related_ids=("<root>",)))
    assert states(spool, early, late) == ["behind", "busy"]


# -- defer and settle ------------------------------------------------------------------------------


async def test_a_deferred_delivery_is_due_when_its_time_has_come(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    until = clock.now() + timedelta(seconds=30)
    await spool.defer(item.seq, until, "503")
    clock.advance(29)
    assert await spool.claim(1) == ()
    clock.advance(1)
    (again,) = await spool.claim(1)
    assert (again.attempts, again.strikes, again.reason, again.next_at) == (1, 1, "503", until)


async def test_an_outage_counts_no_attempt(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.defer(item.seq, clock.now(), "outage", counts=False)
    (again,) = await spool.claim(1)
    assert again.attempts == 0


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(hours=-1), timedelta(days=400)])
async def test_a_clock_that_jumps_neither_delays_nor_hastens_a_retry(
    spool: Spool, clock: FixedClock, jump: timedelta
) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.defer(item.seq, clock.now() + timedelta(seconds=30), "later")
    clock.at += jump
    assert await spool.claim(1) == ()
    clock.advance(30)
    (again,) = await spool.claim(1)
    assert again.seq == item.seq


async def test_settling_twice_changes_and_books_nothing(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.settle(item.seq, "delivered")
    await spool.settle(item.seq, "dead", "no")
    await spool.defer(item.seq, clock.now(), "no")
    assert states(spool, item) == ["delivered"]
    assert spool.audit() == {}


async def test_a_delivery_that_does_not_exist_is_a_spool_error(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    missing = dataclasses.replace(item, seq=item.seq + 7)
    for attempt in (
        place(spool, missing),
        spool.settle(missing.seq, "delivered"),
        spool.defer(missing.seq, clock.now(), ""),
        spool.record(missing.seq, begun=0),
    ):
        with pytest.raises(SpoolError, match="no delivery"):
            await attempt


# -- the plan --------------------------------------------------------------------------------------


async def test_a_plan_and_its_progress_survive_a_restart(tmp_path: Path, clock: FixedClock) -> None:
    spool = Spool.open(settings(tmp_path), clock=clock)
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    started = clock.now()
    await spool.record(item.seq, plan='{"v": 1}', steps=[("stage", "k0"), ("create", "k1")], begun=0)
    clock.advance(2)
    await spool.record(item.seq, finished=(0, '{"url": "u"}'), begun=1)
    spool.close()

    spool = Spool.open(settings(tmp_path), clock=clock)
    (again,) = await spool.claim(1)
    spool.close()
    assert again.plan == '{"v": 1}'
    assert again.strikes == 2
    assert again.steps == (
        Step(0, "stage", "k0", started, clock.now(), '{"url": "u"}'),
        Step(1, "create", "k1", clock.now(), None, None),
    )


async def test_beginning_a_step_again_keeps_its_first_beginning(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.record(item.seq, plan="{}", steps=[("create", "k")])
    first = clock.now()
    await spool.record(item.seq, begun=0)
    clock.advance(60)
    await spool.record(item.seq, begun=0)
    (claimed,) = await spool.claim(1)
    assert claimed.steps[0].begun_at == first


async def test_a_changed_plan_keeps_the_progress_of_equal_steps(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.record(item.seq, plan="1", steps=[("stage", "a"), ("append", "b"), ("note", "c")])
    await spool.record(item.seq, finished=(0, "{}"))
    await spool.record(item.seq, plan="2", steps=[("stage", "a"), ("create", "d")])
    (claimed,) = await spool.claim(1)
    assert claimed.plan == "2"
    assert [(step.name, step.finished_at is not None) for step in claimed.steps] == [
        ("stage", True),
        ("create", False),
    ]


async def test_a_step_outside_of_the_plan_is_refused_whole(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.record(item.seq, plan="{}", steps=[("create", "k")])
    with pytest.raises(SpoolError, match="no step 3"):
        await spool.record(item.seq, finished=(0, "{}"), begun=3)
    (claimed,) = await spool.claim(1)
    assert claimed.steps[0].finished_at is None


async def test_recording_keeps_the_strikes(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.record(item.seq, plan="{}", steps=[("create", "k")], begun=0)
    (summary,) = spool.operator.trace(item.id)
    assert summary.summary.state == "busy"
    await spool.give_back([item.seq])
    (again,) = await spool.claim(1)
    assert again.strikes == 1


async def test_a_learned_slug_is_handed_out_with_the_next_mail(spool: Spool, clock: FixedClock) -> None:
    first, _second = await lane(spool, clock, 2)
    (claimed,) = await spool.claim(1)
    assert claimed.conversation is not None
    await spool.set_slug(claimed.conversation.number, "the-kettle")
    await spool.settle(first.seq, "delivered")
    (follower,) = await spool.claim(1)
    assert follower.conversation is not None
    assert follower.conversation.slug == "the-kettle"


# -- waiting ---------------------------------------------------------------------------------------


async def test_a_put_wakes_who_waits(spool: Spool, clock: FixedClock) -> None:
    waiting = asyncio.create_task(spool.wait(spool.stirred, 30.0))
    await asyncio.sleep(0)
    await put(spool, clock)
    await asyncio.wait_for(waiting, 5.0)


async def test_a_put_between_asking_and_waiting_is_not_missed(spool: Spool, clock: FixedClock) -> None:
    seen = spool.stirred
    await put(spool, clock)
    await asyncio.wait_for(spool.wait(seen, 30.0), 5.0)


async def test_a_claim_that_found_nothing_wakes_nobody(spool: Spool) -> None:
    seen = spool.stirred
    await spool.claim(1)
    await spool.unsorted(1)
    assert spool.stirred == seen


async def test_a_beginning_that_did_nothing_is_taken_back(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.record(item.seq, plan="{}", steps=[("create", "k")], begun=0)
    await spool.record(item.seq, undone=0)
    (claimed,) = await spool.claim(1)
    assert claimed.steps[0].begun_at is None
