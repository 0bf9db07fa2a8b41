"""Once and no more: what is said after a doubt, and when."""

from __future__ import annotations

import pytest

from bridge.clock import FixedClock
from bridge.delivery.once import Once
from bridge.errors import AmbiguousError, LaterError, OutageError, RefusedError
from bridge.model import Receipt

pytestmark = pytest.mark.anyio

SAID = Receipt(slug="said")
FOUND = Receipt(slug="found", found=True)


class Desk:
    """Finds what it is told to, look by look, and counts what is said."""

    def __init__(self, *looks: Receipt | None, answer: Receipt | Exception = SAID) -> None:
        self.looks = list(looks)
        self.answer = answer
        self.said = 0

    async def look(self) -> Receipt | None:
        return self.looks.pop(0)

    async def say(self) -> Receipt:
        self.said += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def once(clock: FixedClock) -> Once:
    return Once("d20", look_again_s=0.001, clock=clock)


async def test_what_was_never_begun_is_said_without_a_look(once: Once) -> None:
    desk = Desk()
    assert await once.say(desk.look, desk.say, began=False) == SAID


@pytest.mark.parametrize("looks", [(FOUND,), (None, FOUND)])
async def test_what_is_found_at_either_look_is_not_said_again(
    looks: tuple[Receipt | None, ...], once: Once
) -> None:
    desk = Desk(*looks)
    assert await once.say(desk.look, desk.say, began=True) == FOUND
    assert desk.said == 0


async def test_what_is_not_there_at_the_second_look_is_said(once: Once) -> None:
    desk = Desk(None, None)
    once.in_doubt = True
    assert await once.say(desk.look, desk.say, began=True) == SAID
    assert not once.in_doubt


async def test_while_the_lost_call_may_still_arrive_nothing_is_said(once: Once) -> None:
    desk = Desk(None)
    once.in_doubt, once.arrives_within_s = True, 42.0
    with pytest.raises(LaterError) as caught:
        await once.say(desk.look, desk.say, began=True)
    assert caught.value.retry_after_s == 42.0
    assert (desk.said, once.in_doubt) == (0, True)


async def test_what_arrived_meanwhile_is_found_without_waiting(once: Once) -> None:
    once.arrives_within_s = 42.0
    assert await once.say(Desk(FOUND).look, Desk().say, began=True) == FOUND


async def test_a_refusal_of_the_repeat_itself_is_no_refusal(once: Once) -> None:
    desk = Desk(None, None, FOUND, answer=RefusedError("taken", status=422))
    assert await once.say(desk.look, desk.say, began=True) == FOUND


async def test_a_refusal_of_what_is_nowhere_stands(once: Once) -> None:
    desk = Desk(None, None, None, None, answer=RefusedError("bad", status=422))
    with pytest.raises(RefusedError):
        await once.say(desk.look, desk.say, began=True)


@pytest.mark.parametrize(
    ("error", "doubt"),
    [
        (OutageError("429"), False),
        (RefusedError("422"), False),
        (LaterError("408"), False),
        (AmbiguousError("503"), True),
        (KeyError("a bug"), True),
    ],
)
async def test_only_an_answer_that_says_so_leaves_no_doubt(error: Exception, doubt: bool, once: Once) -> None:
    desk = Desk(answer=error)
    with pytest.raises(type(error)):
        await once.hear(desk.say())
    assert once.in_doubt is doubt


@pytest.mark.parametrize(("asked_s", "waits_s"), [(None, 30.0), (10.0, 30.0), (90.0, 90.0)])
async def test_what_took_long_to_come_to_nothing_is_given_as_long_again(
    asked_s: float | None, waits_s: float, once: Once, clock: FixedClock
) -> None:
    """A gateway's 503 after half a minute: Re:amaze may be at it still."""

    async def say() -> Receipt:
        clock.advance(30)
        raise AmbiguousError("503", retry_after_s=asked_s)

    with pytest.raises(AmbiguousError) as caught:
        await once.hear(say())
    assert caught.value.retry_after_s == waits_s
