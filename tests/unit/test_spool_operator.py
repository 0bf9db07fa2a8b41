"""What an operator sees and does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.spools import CONTENT, TARGET, envelope, files_of, place, put, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.errors import SpoolError
from bridge.model import Target, ThreadClue
from bridge.spool import Item, Spool

pytestmark = pytest.mark.anyio

SALES = Target("sales", "globex", ("sales@globex.example",))


@pytest.fixture
def spool(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "spool", inline_limit_bytes=1_000), clock=clock)
    yield opened
    assert opened.audit() == {}
    opened.close()


async def buried(spool: Spool, clock: FixedClock, *, message_id: str = "", reason: str = "422") -> Item:
    item, _ = await put_and_place(spool, clock, sorting(message_id=message_id))
    await spool.settle(item.seq, "dead", reason)
    return item


def state(spool: Spool, item: Item) -> str:
    (summary,) = spool.operator.show(item.id)
    return summary.state


# -- looking ---------------------------------------------------------------------------------------


async def test_a_listing_shows_what_needs_attention_by_arrival(spool: Spool, clock: FixedClock) -> None:
    dead = await buried(spool, clock)
    delivered, _ = await put_and_place(spool, clock)
    await spool.settle(delivered.seq, "delivered")
    waiting = await put(spool, clock)
    assert [summary.id for summary in spool.operator.list()] == [dead.id, waiting]
    assert [summary.id for summary in spool.operator.list(["delivered"])] == [delivered.id]


async def test_a_long_listing_is_read_page_by_page(spool: Spool, clock: FixedClock) -> None:
    ids = [await put(spool, clock) for _ in range(5)]
    first = spool.operator.list(limit=2)
    second = spool.operator.list(limit=2, after=first[-1].seq)
    assert [summary.id for summary in first + second] == ids[:4]
    newest = spool.operator.list(limit=2, newest_first=True)
    older = spool.operator.list(limit=2, newest_first=True, after=newest[-1].seq)
    assert [summary.id for summary in newest + older] == ids[:0:-1]


async def test_a_summary_says_who_what_and_why(spool: Spool, clock: FixedClock) -> None:
    await put(spool, clock)
    (item,) = await spool.unsorted(1)
    placed = await place(spool, item, sorting(message_id="<a@x>", summary="Anna: The kettle"))
    await spool.claim(1)
    until = clock.now() + timedelta(seconds=30)
    await spool.defer(item.seq, until, "503 of Re:amaze")
    (summary,) = spool.operator.show(item.id)
    assert (summary.summary, summary.author) == ("Anna: The kettle", "anna@example.net")
    assert (summary.state, summary.reason, summary.attempts) == ("ready", "503 of Re:amaze", 1)
    assert (summary.next_at, summary.settled_at, summary.raw_kept) == (until, None, True)
    assert summary.conversation == placed.conversation


async def test_an_id_names_all_deliveries_of_a_mail_or_one(spool: Spool, clock: FixedClock) -> None:
    mail_id = await put(spool, clock, targets=(TARGET, SALES))
    assert [summary.id for summary in spool.operator.show(mail_id.upper())] == [mail_id, f"{mail_id}.2"]
    assert [summary.route for summary in spool.operator.show(f"{mail_id}.2")] == ["sales"]
    assert spool.operator.show("nothing") == ()


async def test_the_raw_mail_can_be_had(spool: Spool, clock: FixedClock, tmp_path: Path) -> None:
    small, large = await put(spool, clock), await put(spool, clock, b"x" * 2_000)
    assert spool.operator.raw(small) == CONTENT
    path = spool.operator.raw(f"{large}.2")
    assert isinstance(path, Path)
    assert path.read_bytes() == b"x" * 2_000
    assert spool.operator.raw("nothing") is None


async def test_a_trace_tells_the_whole_life(spool: Spool, clock: FixedClock) -> None:
    given = envelope(clock.now(), login="anna")
    await spool.put(spool.new_id(), given, CONTENT, [TARGET])
    (item,) = await spool.unsorted(1)
    await place(spool, item, sorting(message_id="a@x"))
    await spool.claim(1)
    await spool.record(item.seq, plan="{}", steps=[("create", "k")], begun=0)
    clock.advance(3)
    await spool.defer(item.seq, clock.now(), "time-out")
    await spool.claim(1)
    clock.advance(2)
    await spool.record(item.seq, finished=(0, '{"slug": "s"}'))
    await spool.settle(item.seq, "delivered")

    for wanted in (item.id, "a@x", "<a@x>"):
        (trace,) = spool.operator.trace(wanted)
        assert [(event.event, event.detail) for event in trace.events] == [
            ("sorted", "nothing it names is known: a new conversation"),
            ("claimed", ""),
            ("deferred", "time-out"),
            ("claimed", ""),
            ("delivered", ""),
        ]
        assert trace.envelope == given
        assert trace.plan == "{}"
        (step,) = trace.steps
        assert step.begun_at is not None
        assert step.finished_at is not None
        assert (step.finished_at - step.begun_at).total_seconds() == 5
    assert spool.operator.trace("<other@x>") == ()


# -- retry -----------------------------------------------------------------------------------------


async def test_a_dead_letter_taken_up_again_starts_afresh_and_keeps_its_plan(
    spool: Spool, clock: FixedClock
) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.record(item.seq, plan="{}", steps=[("create", "k")], begun=0)
    await spool.settle(item.seq, "dead", "422")
    assert spool.operator.retry(item.id) == 1
    (again,) = await spool.claim(1)
    assert (again.attempts, again.strikes, again.plan, len(again.steps)) == (0, 1, "{}", 1)
    assert spool.ledger() == {"accepted": 1, "waiting": 1, "delivered": 0, "held": 0, "dead": 0, "dropped": 0}


async def test_retry_makes_a_deferred_delivery_due_at_once(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.defer(item.seq, clock.now() + timedelta(hours=1), "later")
    spool.operator.retry(item.id)
    assert [claimed.seq for claimed in await spool.claim(1)] == [item.seq]


async def test_a_mail_held_by_rule_is_let_through_by_a_retry(spool: Spool, clock: FixedClock) -> None:
    rule = sorting(verdict=("hold", "the route holds"), duplicate_key="k")
    item, _ = await put_and_place(spool, clock, rule)
    spool.operator.retry(item.id)
    (again,) = await spool.unsorted(1)
    assert again.seq == item.seq
    assert (await place(spool, again, rule)).state == "ready"


async def test_a_retried_delivery_takes_its_old_place_in_its_lane(spool: Spool, clock: FixedClock) -> None:
    first = await buried(spool, clock, message_id="<a>")
    follow = [
        (await put_and_place(spool, clock, sorting(ThreadClue(("<a>",), "References"))))[0] for _ in range(2)
    ]
    await spool.claim(1)
    spool.operator.retry(first.id)
    assert [state(spool, item) for item in (first, *follow)] == ["behind", "busy", "behind"]
    await spool.settle(follow[0].seq, "delivered")
    assert [state(spool, item) for item in (first, *follow)] == ["ready", "delivered", "behind"]


async def test_all_dead_letters_since_a_time_are_taken_up(spool: Spool, clock: FixedClock) -> None:
    old = await buried(spool, clock)
    clock.advance(3_600)
    since = clock.now()
    fresh = [await buried(spool, clock) for _ in range(3)]
    held, _ = await put_and_place(spool, clock)
    await spool.settle(held.seq, "held")
    assert spool.operator.retry_all(since=since) == 3
    assert [state(spool, item) for item in (old, *fresh, held)] == ["dead", "ready", "ready", "ready", "held"]
    assert spool.operator.retry_all(states=["dead", "held", "delivered"]) == 2


# -- hold, drop, redirect --------------------------------------------------------------------------


async def test_holding_the_head_lets_the_next_pass(spool: Spool, clock: FixedClock) -> None:
    head, _ = await put_and_place(spool, clock, sorting(message_id="<a>"))
    following, _ = await put_and_place(spool, clock, sorting(ThreadClue(("<a>",), "References")))
    assert spool.operator.hold(head.id, "let me look") == 1
    assert [claimed.seq for claimed in await spool.claim(5)] == [following.seq]
    assert state(spool, head) == "held"


async def test_what_is_being_delivered_is_not_touched(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    for change in (
        lambda: spool.operator.hold(item.id, ""),
        lambda: spool.operator.drop(item.id, ""),
        lambda: spool.operator.retry(item.id),
        lambda: spool.operator.redirect(item.id, SALES),
    ):
        with pytest.raises(SpoolError, match="being delivered"):
            change()
    assert state(spool, item) == "busy"


async def test_what_is_delivered_stays_delivered(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.settle(item.seq, "delivered")
    with pytest.raises(SpoolError, match="is delivered"):
        spool.operator.retry(item.id)
    with pytest.raises(SpoolError, match="no mail"):
        spool.operator.retry("nothing")


async def test_dropping_keeps_the_raw_mail_unless_told(
    spool: Spool, clock: FixedClock, tmp_path: Path
) -> None:
    kept, purged = await put(spool, clock), await put(spool, clock, b"x" * 2_000)
    spool.operator.drop(kept, "spam")
    spool.operator.drop(purged, "spam", purge=True)
    assert spool.operator.raw(kept) == CONTENT
    assert spool.operator.raw(purged) is None
    assert files_of(tmp_path / "spool") == []
    assert [summary.raw_kept for summary in spool.operator.list(["dropped"])] == [True, False]


async def test_purging_one_delivery_keeps_the_mail_for_the_other(spool: Spool, clock: FixedClock) -> None:
    mail_id = await put(spool, clock, targets=(TARGET, SALES))
    spool.operator.drop(f"{mail_id}.2", "spam", purge=True)
    assert spool.operator.raw(mail_id) == CONTENT


async def test_a_redirected_mail_starts_over_on_its_new_route(spool: Spool, clock: FixedClock) -> None:
    item = await buried(spool, clock)
    follow, _ = await put_and_place(spool, clock)
    assert spool.operator.redirect(item.id, SALES) == 1
    (again,) = await spool.unsorted(1)
    assert (again.seq, again.route, again.brand, again.recipients) == (
        item.seq,
        *("sales", "globex"),
        SALES.recipients,
    )
    assert (again.conversation, again.plan, again.attempts) == (None, None, 0)
    placed = await place(spool, again)
    assert placed.state == "ready"
    assert [claimed.seq for claimed in await spool.claim(5)] == [item.seq, follow.seq]


async def test_redirecting_the_head_lets_the_next_pass(spool: Spool, clock: FixedClock) -> None:
    head, _ = await put_and_place(spool, clock, sorting(message_id="<a>"))
    following, _ = await put_and_place(spool, clock, sorting(ThreadClue(("<a>",), "References")))
    spool.operator.redirect(head.id, SALES)
    assert [state(spool, item) for item in (head, following)] == ["new", "ready"]


async def test_what_was_partly_posted_is_not_sent_elsewhere(spool: Spool, clock: FixedClock) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.claim(1)
    await spool.record(item.seq, plan="{}", steps=[("create", "k")], begun=0)
    await spool.settle(item.seq, "dead", "422")
    with pytest.raises(SpoolError, match="has begun"):
        spool.operator.redirect(item.id, SALES)
    assert state(spool, item) == "dead"


@pytest.mark.parametrize(
    "target",
    [
        SALES,
        Target(TARGET.route, TARGET.brand, ("another@acme.example",)),
        Target(TARGET.route, "other", TARGET.recipients),
    ],
)
async def test_what_is_sent_elsewhere_while_it_is_sorted_is_sorted_by_the_rules_of_its_new_route(
    spool: Spool, clock: FixedClock, target: Target
) -> None:
    await put(spool, clock)
    (item,) = await spool.unsorted(1)
    assert spool.operator.redirect(item.id, target) == 1
    held = sorting(verdict=("hold", "a rule of the old route"))
    assert (await place(spool, item, held)).state == "new"
    (again,) = await spool.unsorted(1)
    assert (again.seq, again.route, again.brand, again.recipients) == (
        item.seq,
        target.route,
        target.brand,
        target.recipients,
    )
    assert again.strikes == 1
    assert (await place(spool, again)).state == "ready"
