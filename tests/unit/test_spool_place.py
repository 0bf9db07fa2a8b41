"""Sorting a mail into its conversation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.spools import TARGET, place, put, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.model import KeyClue, SlugClue, Target, ThreadClue, TokenClue
from bridge.spool import Placed, Spool

pytestmark = pytest.mark.anyio

OTHER_BRAND = Target("sales", "globex", ("sales@globex.example",))
DAY_S = 86_400.0


@pytest.fixture
def spool(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "spool"), clock=clock)
    yield opened
    opened.close()


def refers(*message_ids: str) -> ThreadClue:
    return ThreadClue(message_ids, "References")


def number(placed: Placed) -> int:
    assert placed.conversation is not None
    return placed.conversation.number


# -- new conversations -----------------------------------------------------------------------------


async def test_a_mail_that_names_nothing_known_opens_a_conversation(spool: Spool, clock: FixedClock) -> None:
    _, placed = await put_and_place(spool, clock, sorting(refers("<unknown>"), subject="Hot water"))
    assert (placed.state, placed.stranger, placed.duplicate_of) == ("ready", False, None)
    assert placed.conversation is not None
    assert (placed.conversation.channel, placed.conversation.subject) == ("support", "Hot water")
    assert (placed.conversation.slug, placed.conversation.candidate_slug) == (None, None)


async def test_two_mails_of_a_new_thread_that_come_together_make_one_conversation(
    spool: Spool, clock: FixedClock
) -> None:
    _, first = await put_and_place(spool, clock, sorting(message_id="<a>"))
    _, second = await put_and_place(spool, clock, sorting(refers("<a>"), message_id="<b>"))
    assert number(first) == number(second)
    assert (second.state, second.because) == ("behind", "References")


async def test_two_answers_to_a_mail_that_was_never_seen_find_each_other(
    spool: Spool, clock: FixedClock
) -> None:
    _, first = await put_and_place(
        spool, clock, sorting(refers("<gone>"), message_id="<a>", related_ids=("<gone>",))
    )
    _, second = await put_and_place(
        spool, clock, sorting(refers("<gone>"), message_id="<b>", related_ids=("<gone>",))
    )
    assert number(first) == number(second)


async def test_the_clues_are_followed_best_first(spool: Spool, clock: FixedClock) -> None:
    _, one = await put_and_place(spool, clock, sorting(message_id="<one>"))
    _, two = await put_and_place(spool, clock, sorting(message_id="<two>"))
    _, placed = await put_and_place(
        spool, clock, sorting(refers("<none>", "<two>", "<one>"), refers("<one>"))
    )
    assert number(placed) == number(two) != number(one)
    _, placed = await put_and_place(
        spool, clock, sorting(TokenClue(number(one), "the plus address"), refers("<two>"))
    )
    assert (number(placed), placed.because) == (number(one), "the plus address")


async def test_a_thread_of_one_brand_is_not_found_by_another(spool: Spool, clock: FixedClock) -> None:
    _, first = await put_and_place(spool, clock, sorting(message_id="<a>"))
    _, second = await put_and_place(
        spool, clock, sorting(refers("<a>"), TokenClue(number(first), "token")), target=OTHER_BRAND
    )
    assert number(first) != number(second)


async def test_a_token_of_a_conversation_that_never_was_is_passed_over(
    spool: Spool, clock: FixedClock
) -> None:
    _, placed = await put_and_place(spool, clock, sorting(TokenClue(4711, "token")))
    assert number(placed) == 1


async def test_hostile_text_is_stored_as_far_as_it_can_be(spool: Spool, clock: FixedClock) -> None:
    bad = "\udcff\x00"
    _, placed = await put_and_place(
        spool,
        clock,
        sorting(
            refers(bad),
            KeyClue(bad, "key"),
            author=f"anna{bad}@example.net",
            message_id=bad * 5_000,
            subject=bad,
            summary=bad,
            duplicate_key=bad,
            related_ids=tuple(f"{number}{bad}" for number in range(5_000)),
        ),
    )
    assert placed.state == "ready"


# -- what is remembered ----------------------------------------------------------------------------


async def test_an_id_belongs_to_the_conversation_that_named_it_first(spool: Spool, clock: FixedClock) -> None:
    _, first = await put_and_place(spool, clock, sorting(message_id="<a>", related_ids=("<shared>",)))
    await put_and_place(spool, clock, sorting(message_id="<b>", related_ids=("<shared>", "<a>")))
    _, third = await put_and_place(spool, clock, sorting(refers("<shared>")))
    _, fourth = await put_and_place(spool, clock, sorting(refers("<a>")))
    assert number(third) == number(fourth) == number(first)


async def test_whoever_repeats_a_known_id_does_not_draw_later_answers_to_themselves(
    spool: Spool, clock: FixedClock
) -> None:
    _, first = await put_and_place(spool, clock, sorting(message_id="<a>", related_ids=("<b>",)))
    _, second = await put_and_place(spool, clock, sorting(message_id="<b>"))
    _, third = await put_and_place(spool, clock, sorting(refers("<b>")))
    assert number(second) != number(first)
    assert number(third) == number(first)


async def test_a_key_finds_the_conversation_within_its_window(spool: Spool, clock: FixedClock) -> None:
    clue = KeyClue("kettle/anna", "the subject", window_s=14 * DAY_S)
    _, first = await put_and_place(spool, clock, sorting(clue))
    clock.advance(13 * DAY_S)
    _, second = await put_and_place(spool, clock, sorting(clue))
    clock.advance(13 * DAY_S)
    _, third = await put_and_place(spool, clock, sorting(clue))
    assert number(first) == number(second) == number(third)
    clock.advance(15 * DAY_S)
    _, fourth = await put_and_place(spool, clock, sorting(clue))
    assert number(fourth) != number(first)
    _, fifth = await put_and_place(spool, clock, sorting(clue))
    assert number(fifth) == number(fourth)


async def test_a_key_without_a_window_is_known_for_ever(spool: Spool, clock: FixedClock) -> None:
    clue = KeyClue("order-7", "the order number")
    _, first = await put_and_place(spool, clock, sorting(clue))
    clock.advance(3_000 * DAY_S)
    _, second = await put_and_place(spool, clock, sorting(clue))
    assert number(first) == number(second)


async def test_a_key_is_of_its_route(spool: Spool, clock: FixedClock) -> None:
    clue = KeyClue("order-7", "the order number")
    _, first = await put_and_place(spool, clock, sorting(clue))
    _, second = await put_and_place(
        spool, clock, sorting(clue), target=Target("other", "acme", ("o@acme.example",))
    )
    assert number(first) != number(second)


async def test_a_key_that_is_not_to_be_registered_is_not(spool: Spool, clock: FixedClock) -> None:
    clue = KeyClue("order-7", "the order number", register=False)
    _, first = await put_and_place(spool, clock, sorting(clue))
    _, second = await put_and_place(spool, clock, sorting(clue))
    assert number(first) != number(second)


async def test_a_mail_found_by_its_thread_registers_its_key(spool: Spool, clock: FixedClock) -> None:
    _, first = await put_and_place(spool, clock, sorting(message_id="<a>"))
    clue = KeyClue("kettle/anna", "the subject", window_s=DAY_S)
    await put_and_place(spool, clock, sorting(refers("<a>"), clue))
    _, third = await put_and_place(spool, clock, sorting(clue))
    assert number(third) == number(first)


async def test_a_key_that_names_a_live_conversation_is_not_taken_over(
    spool: Spool, clock: FixedClock
) -> None:
    key = KeyClue("order-7", "the order number")
    _, order = await put_and_place(spool, clock, sorting(key))
    await put_and_place(spool, clock, sorting(message_id="<else>"))
    await put_and_place(spool, clock, sorting(refers("<else>"), key))
    _, later = await put_and_place(spool, clock, sorting(key))
    assert number(later) == number(order)


# -- strangers -------------------------------------------------------------------------------------


async def test_a_stranger_that_joins_is_reported(spool: Spool, clock: FixedClock) -> None:
    _, first = await put_and_place(spool, clock, sorting(message_id="<a>"))
    _, placed = await put_and_place(spool, clock, sorting(refers("<a>"), author="Mallory@example.org"))
    assert (number(placed), placed.stranger) == (number(first), True)


async def test_who_has_written_before_is_no_stranger_in_whatever_case(
    spool: Spool, clock: FixedClock
) -> None:
    await put_and_place(spool, clock, sorting(message_id="<a>", author="Anna@Example.net"))
    _, placed = await put_and_place(spool, clock, sorting(refers("<a>"), author="anna@example.NET"))
    assert placed.stranger is False


@pytest.mark.parametrize("by_token", [True, False])
async def test_a_stranger_may_be_made_to_open_a_conversation(
    spool: Spool, clock: FixedClock, by_token: bool
) -> None:
    _, first = await put_and_place(spool, clock, sorting(message_id="<a>"))
    clue = TokenClue(number(first), "the token") if by_token else refers("<a>")
    _, placed = await put_and_place(
        spool,
        clock,
        sorting(clue, author="m@example.org", message_id="<m>", related_ids=("<a>",)),
        stranger_joins=False,
    )
    assert number(placed) != number(first)
    assert placed.stranger is True
    assert "does not take part" in placed.because
    _, answer = await put_and_place(spool, clock, sorting(refers("<a>")), stranger_joins=False)
    assert number(answer) == number(first)
    _, own = await put_and_place(
        spool, clock, sorting(refers("<m>"), author="m@example.org"), stranger_joins=False
    )
    assert (number(own), own.stranger) == (number(placed), False)


@pytest.mark.parametrize(("tie", "reported"), [("report", False), ("reply", True)])
@pytest.mark.parametrize("by_token", [True, False])
async def test_what_a_program_says_of_a_mail_joins_that_mails_conversation_as_a_guest(
    spool: Spool, clock: FixedClock, tie: str, reported: bool, by_token: bool
) -> None:
    """Anybody can forge it: it adds a message, and opens no way for more."""
    _, first = await put_and_place(spool, clock, sorting(message_id="<a>"))
    clue = TokenClue(number(first), "the token") if by_token else refers("<a>")
    key = KeyClue("order-7", "the order number")
    forged = sorting(
        clue, key, author="m@example.org", message_id="<m>", related_ids=("<a>", "<planted>"), tie=tie
    )
    _, placed = await put_and_place(spool, clock, forged, stranger_joins=False)
    assert (number(placed), placed.stranger) == (number(first), reported)
    for next_clue in (refers("<a>"), refers("<planted>"), key):
        words = sorting(next_clue, author="m@example.org")
        _, later = await put_and_place(spool, clock, words, stranger_joins=False)
        assert number(later) != number(first)


async def test_a_report_from_who_takes_part_is_a_mail_like_others(spool: Spool, clock: FixedClock) -> None:
    _, first = await put_and_place(spool, clock, sorting(message_id="<a>"))
    away = sorting(refers("<a>"), message_id="<away>", related_ids=("<gone>",), tie="reply")
    _, placed = await put_and_place(spool, clock, away, stranger_joins=False)
    assert (number(placed), placed.stranger) == (number(first), False)
    _, later = await put_and_place(spool, clock, sorting(refers("<gone>")), stranger_joins=False)
    assert number(later) == number(first)


async def test_a_key_joins_also_a_stranger_and_says_so(spool: Spool, clock: FixedClock) -> None:
    key = KeyClue("order-7", "the order number")
    _, first = await put_and_place(spool, clock, sorting(key))
    _, placed = await put_and_place(spool, clock, sorting(key, author="m@example.org"), stranger_joins=False)
    assert (number(placed), placed.stranger) == (number(first), True)


async def test_the_stranger_is_known_when_the_mail_is_claimed(spool: Spool, clock: FixedClock) -> None:
    first, _ = await put_and_place(spool, clock, sorting(message_id="<a>"))
    await put_and_place(spool, clock, sorting(refers("<a>"), author="m@example.org"))
    (known,) = await spool.claim(1)
    await spool.settle(first.seq, "delivered")
    (stranger,) = await spool.claim(1)
    assert (known.stranger, stranger.stranger) == (False, True)


# -- slugs -----------------------------------------------------------------------------------------


async def test_a_slug_that_is_not_known_becomes_a_candidate(spool: Spool, clock: FixedClock) -> None:
    _, placed = await put_and_place(spool, clock, sorting(SlugClue("order-7", "the header", always=True)))
    assert placed.conversation is not None
    assert (placed.conversation.slug, placed.conversation.candidate_slug) == (None, "order-7")
    assert placed.conversation.candidate_always is True


async def test_a_slug_learned_earlier_is_found(spool: Spool, clock: FixedClock) -> None:
    _, first = await put_and_place(spool, clock)
    await spool.set_slug(number(first), "order-7")
    _, placed = await put_and_place(spool, clock, sorting(SlugClue("order-7", "the header", always=False)))
    assert number(placed) == number(first)
    assert placed.conversation is not None
    assert placed.conversation.slug == "order-7"


async def test_a_candidate_still_to_be_verified_is_shared_by_its_author_alone(
    spool: Spool, clock: FixedClock
) -> None:
    clue = SlugClue("order-7", "the pattern", always=False)
    _, first = await put_and_place(spool, clock, sorting(clue))
    _, again = await put_and_place(spool, clock, sorting(clue))
    _, other = await put_and_place(spool, clock, sorting(clue, author="m@example.org"))
    assert number(again) == number(first) != number(other)
    assert other.conversation is not None
    assert other.conversation.candidate_slug == "order-7"


async def test_a_known_slug_of_others_is_verified_before_a_stranger_gets_in(
    spool: Spool, clock: FixedClock
) -> None:
    _, first = await put_and_place(spool, clock)
    await spool.set_slug(number(first), "order-7")
    clue = SlugClue("order-7", "the pattern", always=False)
    _, placed = await put_and_place(spool, clock, sorting(clue, author="m@example.org"))
    assert number(placed) != number(first)
    assert placed.conversation is not None
    assert (placed.conversation.slug, placed.conversation.candidate_slug) == (None, "order-7")


async def test_a_slug_taken_at_its_word_lets_everyone_in(spool: Spool, clock: FixedClock) -> None:
    clue = SlugClue("order-7", "the header", always=True)
    _, first = await put_and_place(spool, clock, sorting(clue))
    _, placed = await put_and_place(spool, clock, sorting(clue, author="m@example.org"), stranger_joins=False)
    assert (number(placed), placed.stranger) == (number(first), False)


async def test_a_refused_candidate_is_gone(spool: Spool, clock: FixedClock) -> None:
    clue = SlugClue("order-7", "the pattern", always=True)
    _, first = await put_and_place(spool, clock, sorting(clue))
    await spool.set_slug(number(first), None)
    (claimed,) = await spool.claim(1)
    assert claimed.conversation is not None
    assert claimed.conversation.candidate_slug is None
    _, second = await put_and_place(spool, clock, sorting(clue))
    assert number(second) != number(first)


# -- duplicates and verdicts -----------------------------------------------------------------------


async def test_the_same_mail_twice_on_a_route_is_dropped_with_the_id_of_the_first(
    spool: Spool, clock: FixedClock
) -> None:
    first, _ = await put_and_place(spool, clock, sorting(duplicate_key="k"))
    second, placed = await put_and_place(spool, clock, sorting(duplicate_key="k"))
    assert (placed.state, placed.duplicate_of) == ("dropped", first.id)
    (summary,) = spool.operator.show(second.id)
    assert (summary.state, summary.reason) == ("dropped", f"duplicate of {first.id}")
    assert spool.ledger()["dropped"] == 1


async def test_the_same_mail_on_another_route_is_no_duplicate(spool: Spool, clock: FixedClock) -> None:
    await put(spool, clock, targets=(TARGET, OTHER_BRAND))
    placed = [await place(spool, item, sorting(duplicate_key="k")) for item in await spool.unsorted(2)]
    assert [each.state for each in placed] == ["ready", "ready"]


async def test_a_duplicate_beyond_the_window_is_another_mail(spool: Spool, clock: FixedClock) -> None:
    await put_and_place(spool, clock, sorting(duplicate_key="k"), duplicate_window_s=60)
    clock.advance(61)
    _, placed = await put_and_place(spool, clock, sorting(duplicate_key="k"), duplicate_window_s=60)
    assert placed.state == "ready"


@pytest.mark.parametrize("ended", ["dead", "dropped"])
async def test_what_was_never_delivered_makes_no_duplicates(
    spool: Spool, clock: FixedClock, ended: str
) -> None:
    first, _ = await put_and_place(spool, clock, sorting(duplicate_key="k"))
    await spool.settle(first.seq, ended)  # type: ignore[arg-type]  # one of Settled
    _, placed = await put_and_place(spool, clock, sorting(duplicate_key="k"))
    assert placed.state == "ready"


@pytest.mark.parametrize(("verdict", "state"), [("hold", "held"), ("drop", "dropped")])
async def test_a_verdict_of_the_route_ends_it_before_any_conversation(
    spool: Spool, clock: FixedClock, verdict: str, state: str
) -> None:
    item, placed = await put_and_place(spool, clock, sorting(message_id="<a>", verdict=(verdict, "by rule")))
    assert (placed.state, placed.conversation, placed.because) == (state, None, "by rule")
    (summary,) = spool.operator.show(item.id)
    assert (summary.reason, summary.message_id, summary.author) == ("by rule", "<a>", "anna@example.net")
    assert await spool.claim(1) == ()


async def test_placing_what_an_operator_held_meanwhile_leaves_it_held(
    spool: Spool, clock: FixedClock
) -> None:
    await put(spool, clock)
    (item,) = await spool.unsorted(1)
    spool.operator.hold(item.id, "let me look")
    assert (await place(spool, item)).state == "held"


async def test_old_mail_sorted_late_does_not_make_a_conversation_older(
    spool: Spool, clock: FixedClock
) -> None:
    clue = KeyClue("kettle", "the subject", window_s=DAY_S)
    await put(spool, clock)
    (early,) = await spool.unsorted(1)
    clock.advance(timedelta(days=2).total_seconds())
    _, late = await put_and_place(spool, clock, sorting(clue))
    await place(spool, early, sorting(clue))
    clock.advance(DAY_S / 2)
    _, third = await put_and_place(spool, clock, sorting(clue))
    assert number(third) == number(late)
