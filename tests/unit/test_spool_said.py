"""What was said in a conversation is remembered with the delivery that said it, within a bound, and forgotten with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.spools import BRAND, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.model import KeyClue
from bridge.spool import Item, Spool, said

pytestmark = pytest.mark.anyio

LINES = (b"line one", b"line two")


@pytest.fixture
def spool(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "spool"), clock=clock)
    yield opened
    opened.close()


async def claimed(spool: Spool, clock: FixedClock, key: str = "k") -> tuple[Item, int]:
    """A delivery that is under way, and the number of its conversation."""
    _, placed = await put_and_place(spool, clock, sorting(KeyClue(key, "a key")))
    (item,) = await spool.claim(1)
    assert placed.conversation is not None
    return item, placed.conversation.number


async def test_what_a_delivery_said_is_known_once_it_is_settled(spool: Spool, clock: FixedClock) -> None:
    item, number = await claimed(spool, clock)
    assert await spool.said(number) == b""
    await spool.settle(item.seq, "delivered", heard=frozenset(LINES))
    assert await spool.said(number) == b"".join(LINES)


async def test_conversations_do_not_know_each_others_lines(spool: Spool, clock: FixedClock) -> None:
    one, first = await claimed(spool, clock, "a")
    two, second = await claimed(spool, clock, "b")
    await spool.settle(one.seq, "delivered", heard=[LINES[0]])
    await spool.settle(two.seq, "delivered", heard=[LINES[1]])
    assert (await spool.said(first), await spool.said(second)) == LINES


async def test_what_is_said_twice_is_remembered_once(spool: Spool, clock: FixedClock) -> None:
    _, number = await claimed(spool, clock)
    await spool.hear(number, LINES)
    await spool.hear(number, LINES[:1])
    await spool.hear(number, ())
    assert await spool.said(number) == b"".join(LINES)


async def test_a_conversation_that_is_gone_takes_its_lines_along(spool: Spool, clock: FixedClock) -> None:
    _, number = await claimed(spool, clock)
    await spool.set_slug(number, "a-broken-kettle")
    await spool.hear(number, LINES)
    await spool.set_slug(number, "another-name")
    assert await spool.said(number) != b""
    await spool.set_slug(number, None)
    assert await spool.said(number) == b""


async def test_the_oldest_lines_of_a_long_conversation_are_forgotten(
    spool: Spool, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(said, "MOST", 10)
    _, number = await claimed(spool, clock)
    batches = [[b"%08d" % (batch * 4 + line) for line in range(4)] for batch in range(4)]
    for batch in batches:
        clock.advance(1)
        await spool.hear(number, batch)
    kept = await spool.said(number)
    assert kept == b"".join(line for batch in batches[1:] for line in batch)


async def test_answers_of_a_conversation_are_read_newest_first_and_of_its_namesakes_too(
    spool: Spool, clock: FixedClock
) -> None:
    numbers = []
    for name in ("a", "b", "other"):
        item, number = await claimed(spool, clock, name)
        await spool.record(
            item.seq, plan="{}", steps=[("stage 0", "s"), ("post", "p"), ("note", "n")], begun=0
        )
        await spool.record(item.seq, finished=(0, f'"{name} staged"'))
        await spool.record(item.seq, finished=(1, f'"{name} posted"'), slug="s" if name != "other" else "o")
        await spool.settle(item.seq, "delivered", finished=(2, f'"{name} noted"'))
        numbers.append(number)
    both = ('"b noted"', '"b posted"', '"a noted"', '"a posted"')
    assert await spool.answers(numbers[0], "s") == both
    assert [await spool.knows(BRAND, slug) for slug in ("s", "o", "x")] == [True, True, False]
    assert not await spool.knows("another", "s")
    # Its conversation has another name by now: what was posted before stands where it was posted.
    await spool.set_slug(numbers[0], None)
    assert await spool.answers(numbers[0], "s") == both
    assert await spool.answers(numbers[1], "s") == both[:2]


async def test_lines_are_forgotten_with_their_conversation(tmp_path: Path, clock: FixedClock) -> None:
    keep = settings(tmp_path / "spool", keep_raw_days=1, keep_dead_days=1, keep_threads_days=2)
    spool = Spool.open(keep, clock=clock)
    item, number = await claimed(spool, clock)
    await spool.settle(item.seq, "delivered", heard=LINES)
    clock.advance(8 * 86_400)
    assert (await spool.sweep()).conversations == 1
    assert await spool.said(number) == b""
    spool.close()
