"""Looking ahead: a spool that knows nothing places a mail as the one it borrows from would, and changes nothing there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.spools import BRAND, TARGET, place, put, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.errors import SpoolError
from bridge.model import Clue, KeyClue, SlugClue, Target, ThreadClue, TokenClue
from bridge.spool import Placed, Spool

pytestmark = pytest.mark.anyio

KEY = KeyClue("subject:kettle", "the same subject", window_s=86_400.0)
CLUES: list[Clue] = [
    ThreadClue(("<unknown>", "<a>"), "References"),
    TokenClue(1, "the plus address"),
    KEY,
    SlugClue("the-kettle", "the header", always=False),
    SlugClue("the-kettle", "the header", always=True),
]


@pytest.fixture
def known(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "known"), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def empty(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "empty"), clock=clock)
    yield opened
    opened.close()


async def learn(known: Spool, clock: FixedClock) -> None:
    """A conversation of Anna's with a slug, a key and an id, and one that has nothing to do with it."""
    _, placed = await put_and_place(known, clock, sorting(KEY, message_id="<a>"))
    assert placed.conversation is not None
    await known.set_slug(placed.conversation.number, "the-kettle")
    await put_and_place(known, clock, sorting(message_id="<other>", author="eve@example.net"))


def said(placed: Placed) -> tuple[object, ...]:
    row = placed.conversation
    return row and (row.number, row.slug, row.subject), placed.because, placed.stranger


@pytest.mark.parametrize(
    "clue", CLUES, ids=lambda clue: f"{type(clue).__name__}-{getattr(clue, 'always', '')}"
)
@pytest.mark.parametrize("author", ["anna@example.net", "eve@example.net"])
async def test_a_mail_is_placed_as_it_would_be_there(
    known: Spool, empty: Spool, clock: FixedClock, clue: Clue, author: str, tmp_path: Path
) -> None:
    await learn(known, clock)
    mail = sorting(clue, message_id="<b>", author=author)
    await put(empty, clock)
    (item,) = await empty.unsorted(1)
    await empty.borrow(tmp_path / "known", mail, brand=BRAND, channel="support", route=item.route)
    ahead = await place(empty, item, mail)
    _, there = await put_and_place(known, clock, mail)
    if there.conversation is not None and there.conversation.number == 1:
        assert said(ahead) == said(there)
    else:  # a new one, whose number is of no account
        assert (ahead.because, ahead.stranger) == (there.because, there.stranger)


async def test_nothing_is_borrowed_for_another_brand(
    known: Spool, empty: Spool, clock: FixedClock, tmp_path: Path
) -> None:
    await learn(known, clock)
    mail = sorting(*CLUES, message_id="<b>")
    await put(empty, clock, targets=(Target("support", "globex", TARGET.recipients),))
    (item,) = await empty.unsorted(1)
    await empty.borrow(tmp_path / "known", mail, brand="globex", channel="support", route=item.route)
    placed = await place(empty, item, sorting(*CLUES[:3]))
    assert placed.because == "nothing it names is known: a new conversation"


async def test_looking_changes_nothing_there(
    known: Spool, empty: Spool, clock: FixedClock, tmp_path: Path
) -> None:
    await learn(known, clock)
    known.close()
    before = (tmp_path / "known" / "spool.db").read_bytes()
    await empty.borrow(tmp_path / "known", sorting(*CLUES), brand=BRAND, channel="support", route="support")
    assert (tmp_path / "known" / "spool.db").read_bytes() == before


async def test_a_spool_that_is_none_is_said_to_be_none(empty: Spool, tmp_path: Path) -> None:
    (tmp_path / "known").mkdir()
    with pytest.raises(SpoolError, match="cannot be opened"):
        await empty.borrow(
            tmp_path / "known", sorting(*CLUES), brand=BRAND, channel="support", route="support"
        )
    assert not (tmp_path / "known" / "spool.db").exists()
    (tmp_path / "known" / "spool.db").write_bytes(b"what is this? " * 1_000)
    with pytest.raises(SpoolError, match="not a database"):
        await empty.borrow(
            tmp_path / "known", sorting(*CLUES), brand=BRAND, channel="support", route="support"
        )
