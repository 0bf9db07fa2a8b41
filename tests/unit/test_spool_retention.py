"""What retention removes, what it keeps, and that the accounts stay true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.spools import CONTENT, TARGET, files_of, place, put, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.model import KeyClue, Target, ThreadClue
from bridge.spool import Item, Spool, Swept

pytestmark = pytest.mark.anyio

DAY_S = 86_400.0
LARGE = b"x" * 5_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path, clock: FixedClock) -> Iterator[Spool]:
    keep = settings(
        folder, keep_raw_days=7, keep_dead_days=90, keep_threads_days=730, inline_limit_bytes=1_000
    )
    opened = Spool.open(keep, clock=clock)
    yield opened
    assert opened.audit() == {}
    opened.close()


async def ended(spool: Spool, clock: FixedClock, state: str, content: bytes = CONTENT) -> Item:
    await put(spool, clock, content)
    (item,) = await spool.unsorted(1)
    await place(spool, item)
    await spool.settle(item.seq, state)  # type: ignore[arg-type]  # one of Settled
    return item


@pytest.mark.parametrize("state", ["delivered", "dropped"])
@pytest.mark.parametrize("content", [CONTENT, LARGE])
async def test_the_raw_mail_goes_after_its_days_and_the_row_stays(
    spool: Spool, clock: FixedClock, folder: Path, state: str, content: bytes
) -> None:
    item = await ended(spool, clock, state, content)
    clock.advance(7 * DAY_S)
    assert await spool.sweep() == Swept()
    clock.advance(1)
    assert await spool.sweep() == Swept(raw=1)
    assert spool.operator.raw(item.id) is None
    assert files_of(folder) == []
    (summary,) = spool.operator.show(item.id)
    assert (summary.state, summary.raw_kept, summary.size_bytes) == (state, False, len(content))


async def test_what_is_dead_held_or_waiting_keeps_its_raw_mail(spool: Spool, clock: FixedClock) -> None:
    items = [await ended(spool, clock, "dead"), await ended(spool, clock, "held", LARGE)]
    items.append((await put_and_place(spool, clock))[0])
    clock.advance(30 * DAY_S)
    assert await spool.sweep() == Swept()
    assert all(spool.operator.raw(item.id) is not None for item in items)


async def test_a_mail_is_kept_while_one_of_its_deliveries_needs_it(
    spool: Spool, clock: FixedClock, folder: Path
) -> None:
    mail_id = await put(
        spool, clock, LARGE, targets=(TARGET, Target("sales", "globex", ("s@globex.example",)))
    )
    first, second = await spool.unsorted(2)
    await spool.settle(first.seq, "delivered")
    await spool.settle(second.seq, "dead", "422")
    clock.advance(8 * DAY_S)
    await spool.sweep()
    assert files_of(folder) == [mail_id]
    spool.operator.retry(second.id)
    await spool.settle(second.seq, "delivered")
    clock.advance(8 * DAY_S)
    await spool.sweep()
    assert files_of(folder) == []


async def test_rows_go_with_all_that_hangs_on_them_and_stay_in_the_accounts(
    spool: Spool, clock: FixedClock, folder: Path
) -> None:
    item, _ = await put_and_place(spool, clock)
    await spool.record(item.seq, plan="{}", steps=[("create", "k")], begun=0)
    await spool.settle(item.seq, "delivered")
    await ended(spool, clock, "dead", LARGE)
    held = await ended(spool, clock, "held")
    waiting, _ = await put_and_place(spool, clock)
    before = spool.ledger()
    clock.advance(91 * DAY_S)
    assert (await spool.sweep()).deliveries == 2
    assert spool.ledger() == before
    assert {state: count for state, count in spool.counts().items() if count} == {"held": 1, "ready": 1}
    assert [summary.id for summary in spool.operator.list(tuple(spool.counts()))] == [held.id, waiting.id]
    assert spool.operator.trace(item.id) == ()
    assert files_of(folder) == []


async def test_a_long_sweep_goes_in_portions(
    spool: Spool, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.spool.retention.PORTION", 2)
    for _ in range(5):
        await ended(spool, clock, "delivered")
    clock.advance(100 * DAY_S)
    assert await spool.sweep() == Swept(raw=5, deliveries=5)


async def test_threads_are_forgotten_last_and_only_when_nothing_names_them(
    spool: Spool, clock: FixedClock
) -> None:
    key = KeyClue("order-7", "the order number")
    item, first = await put_and_place(spool, clock, sorting(key, message_id="<a>", related_ids=("<r>",)))
    await spool.settle(item.seq, "delivered")
    clock.advance(700 * DAY_S)
    await spool.sweep()
    item, second = await put_and_place(
        spool, clock, sorting(ThreadClue(("<a>",), "References"), related_ids=("<a>",))
    )
    await spool.settle(item.seq, "delivered")
    assert second.conversation == first.conversation

    clock.advance(100 * DAY_S)  # <r> and the key are past their time, <a> was named again
    assert await spool.sweep() == Swept(raw=1, deliveries=1, thread_ids=2, conversations=0)
    clock.advance(700 * DAY_S)
    assert await spool.sweep() == Swept(thread_ids=1, conversations=1)
    _, third = await put_and_place(spool, clock, sorting(ThreadClue(("<a>",), "References")))
    assert third.conversation is not None
    assert first.conversation is not None
    assert third.conversation.number > first.conversation.number


async def test_a_held_mail_keeps_its_conversation(spool: Spool, clock: FixedClock) -> None:
    item = await ended(spool, clock, "held")
    clock.advance(2_000 * DAY_S)
    assert (await spool.sweep()).conversations == 0
    spool.operator.retry(item.id)
    (claimed,) = await spool.claim(1)
    assert claimed.conversation is not None


async def test_swept_space_goes_back_to_the_disk(spool: Spool, clock: FixedClock, folder: Path) -> None:
    for _ in range(300):
        await ended(spool, clock, "delivered", b"x" * 1_000)

    def pages() -> int:
        with spool._engine.connect() as connection:
            return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())

    before = pages()
    clock.advance(100 * DAY_S)
    await spool.sweep()
    assert pages() < before / 2


@pytest.mark.parametrize("state", ["delivered", "dead"])
async def test_a_wall_clock_that_jumps_ahead_removes_nothing(
    spool: Spool, clock: FixedClock, state: str
) -> None:
    """A clock that is wrong for a minute must not cost dead letters, raw mails and threads."""
    item = await ended(spool, clock, state)
    clock.at += timedelta(days=5_000)
    assert await spool.sweep() == Swept()
    assert spool.operator.raw(item.id) == CONTENT
