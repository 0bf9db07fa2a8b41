"""A put that is begun and not waited for keeps the same promise, and its caller always hears how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.spools import CONTENT, TARGET, envelope, settings

from bridge import faults
from bridge.clock import FixedClock
from bridge.errors import SpoolBrokenError
from bridge.spool import Spool

pytestmark = pytest.mark.anyio

LARGE = b"x" * 300_000


@pytest.fixture
def spool(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "spool"), clock=clock)
    yield opened
    faults.install(None)
    opened.close()


def begin(spool: Spool, mail_id: str, content: bytes) -> asyncio.Future[Exception | None]:
    """Its end, as a future."""
    end: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    spool.begin_put(mail_id, envelope(), content, [TARGET], end.set_result)
    return end


@pytest.mark.parametrize("content", [CONTENT, LARGE])
async def test_its_end_is_told_after_the_commit_and_in_a_later_turn(spool: Spool, content: bytes) -> None:
    reached: list[str] = []
    faults.install(reached.append)
    end = begin(spool, spool.new_id(), content)
    assert not end.done()
    assert await end is None
    assert reached[-1] == "spool.after-commit"
    (item,) = await spool.unsorted(10)
    assert (item.content if isinstance(item.content, bytes) else item.content.read_bytes()) == content


@pytest.mark.parametrize("content", [CONTENT, LARGE])
async def test_what_went_wrong_is_told_to_the_one_it_happened_to(spool: Spool, content: bytes) -> None:
    taken, fine = spool.new_id(), spool.new_id()
    assert await begin(spool, taken, CONTENT) is None
    again, other = begin(spool, taken, content), begin(spool, fine, content)
    assert isinstance(await again, SpoolBrokenError)
    assert await other is None
    assert {item.mail_id for item in await spool.unsorted(10)} == {taken, fine}


async def test_a_caller_that_raises_leaves_the_others_their_answer(spool: Spool) -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: heard.append(context["exception"])
    )

    def raises(_error: Exception | None) -> None:
        raise LookupError("its own trouble")

    ends = []
    for _ in range(5):
        spool.begin_put(spool.new_id(), envelope(), CONTENT, [TARGET], raises)
        ends.append(begin(spool, spool.new_id(), CONTENT))
    assert await asyncio.gather(*ends) == [None] * 5
    assert [type(error) for error in heard] == [LookupError] * 5


async def test_a_closed_spool_or_a_mail_without_target_is_told_at_once(spool: Spool) -> None:
    with pytest.raises(ValueError, match="target"):
        spool.begin_put(spool.new_id(), envelope(), CONTENT, [], lambda _error: None)
    spool.close()
    with pytest.raises(SpoolBrokenError, match="closed"):
        begin(spool, spool.new_id(), CONTENT)
