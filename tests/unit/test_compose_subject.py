"""Subjects: what they are about, whether they pass something on, how they are shown, which slug they suggest."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.compose import slug, subject

ANY_TEXT = st.text(
    st.one_of(st.sampled_from(list("[]():;Re fwdFWDaAWsv  \t123")), st.characters(codec="utf-8")), max_size=60
)


@pytest.mark.parametrize(
    ("written", "about"),
    [
        ("Re: Fwd: [Fwd: FW: Policy]]", "Policy"),
        ("AW: Policy", "Policy"),
        ("SV: Policy", "Policy"),
        ("WG: Policy", "Policy"),
        ("TR: Policy", "Policy"),
        ("RE[5]: Policy", "Policy"),
        ("Re^2: Policy", "Policy"),
        ("Re(3): Policy", "Policy"),
        ("Re; Policy", "Policy"),
        ("Re : : Policy", "Policy"),
        ("RE:AW:  Antw: Policy", "Policy"),
        ("Odp: Policy", "Policy"),
        ("YNT: Policy", "Policy"),
        ("İLT: Policy", "Policy"),
        ("TOV: Policy", "Policy"),
        ("Vast: Policy", "Policy"),
        ("Atb.: Policy", "Policy"),
        ("回复：Policy", "Policy"),
        ("Ответ: Policy", "Policy"),
        ("Trả lời: Policy", "Policy"),
        ("Réponse automatique : Policy", "Policy"),
        ("Policy (fwd)", "Policy"),
        ("[Fwd: Policy (fwd)]", "Policy"),
        ("[EXTERNAL] Re: Policy", "Policy"),
        ("EXTERNAL: AW: Policy", "Policy"),
        ("Re: External email: Policy", "Policy"),
        ("{Spam?} Policy", "Policy"),
        ("*** SPAM *** Re: Policy", "Policy"),
        ("[**EXTERNAL**] Policy", "Policy"),
        ("Caution: hot", "Caution: hot"),
        ("External drive is hot", "External drive is hot"),
        ("Re: [EXT] AW: Policy", "Policy"),
        ("[staff] Re: Policy", "[staff] Policy"),
        ("Re: [staff] Re: [staff] Policy", "[staff] Policy"),
        ("Policy [draft]", "Policy [draft]"),
        ("Re: Policy [draft]", "Policy [draft]"),
        ("Request for a lamp", "Request for a lamp"),
        ("Rethink: a lamp", "Rethink: a lamp"),
        ("Re a lamp", "Re a lamp"),
        ("Awful: a lamp", "Awful: a lamp"),
        (": noah", ": noah"),
        ("Re:", ""),
        ("  Re:\t \n", ""),
        ("[Fwd: ]", ""),
        ("", ""),
    ],
)
def test_only_prefixes_are_taken_off(written: str, about: str) -> None:
    """Case 30, and case 23 for what is nothing but a prefix."""
    assert subject.normalise(written) == about


def test_gateway_tags_stay_where_they_are_asked_to() -> None:
    assert subject.normalise("[EXTERNAL] Re: Policy", tags=False) == "[EXTERNAL] Policy"


@pytest.mark.parametrize(
    ("written", "forward", "reply"),
    [
        ("Fwd: lamp", True, False),
        ("WG: AW: lamp", True, False),
        ("[EXTERNAL] FW: lamp", True, False),
        ("[Fwd: lamp]", True, False),
        ("转发：lamp", True, False),
        ("Doorst: lamp", True, False),
        ("Re: Fwd: lamp", False, True),
        ("lamp", False, False),
        ("Forward: march", False, False),
    ],
)
def test_the_outermost_prefix_says_whether_it_is_a_forward(written: str, forward: bool, reply: bool) -> None:
    assert (subject.is_forward(written), subject.is_reply(written)) == (forward, reply)


def test_one_matter_has_one_key_whatever_its_prefix_case_or_blanks() -> None:
    assert (
        len({subject.key(text) for text in ("Broken lamp", "RE: broken  LAMP", "AW: [EXT] Broken\tlamp")})
        == 1
    )
    assert subject.key("Order 11") != subject.key("Order 12")


@pytest.mark.parametrize("nothing", ["", "   ", "Re:", "Fwd: Re:", "\t\n"])
def test_a_subject_that_says_nothing_becomes_the_default(nothing: str) -> None:
    """Case 23."""
    assert subject.shown(nothing, "(no subject)") == "(no subject)"


def test_a_subject_is_shown_as_written_in_one_line() -> None:
    """Cases 24 and 29: folds are blanks, the override that turns text around is gone, emoji stay whole."""
    assert subject.shown("Re: \u202eInvoice\r\n\t 👩‍🔧 due", "-") == "Re: Invoice 👩‍🔧 due"


def test_a_long_subject_is_cut_and_says_so() -> None:
    """Case 29."""
    shown = subject.shown("lamp " * 2_000, "-")
    assert len(shown) <= subject.MAX_CHARS
    assert shown.endswith("…")
    assert subject.is_cut("lamp " * 2_000)
    assert not subject.is_cut("lamp")


@pytest.mark.parametrize(
    "text",
    [
        "Re: " * 20_000,
        "[" * 80_000,
        "[Re: " * 15_000 + "]" * 20_000,
        "re " * 30_000,
        "(fwd)" * 20_000,
        "Re" + ": " * 40_000,
    ],
)
def test_a_hostile_subject_costs_no_more_than_its_length(text: str) -> None:
    started = time.process_time()
    subject.normalise(text)
    assert time.process_time() - started < 0.5


@given(ANY_TEXT)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = subject.normalise(text)
    assume(not once.startswith((":", "：")))  # "Re: :" is one prefix
    assert subject.normalise("Re: " + once) == subject.normalise(once)


@given(ANY_TEXT)
def test_a_reply_is_about_what_it_answers(text: str) -> None:
    assume(not text.lstrip().startswith((":", "：")))
    assert subject.key("Re: " + text) == subject.key(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Knock, knock?", "knock-knock"),
        ("Do you read me?", "do-you-read-me"),
        ("Conversations are awesome", "conversations-are-awesome"),
        ("  Größe & Maß  ", "grosse-mass"),
        ("Café – très bien", "cafe-tres-bien"),
        ("Invoice v1.2 for $30", "invoice-v1.2-for-$30"),
        ("a - b", "a-b"),
        ("..", ""),
        ("订单", ""),
        ("???", ""),
        ("", ""),
    ],
)
def test_a_slug_is_guessed_as_the_documentation_shows(text: str, name: str) -> None:
    assert slug.from_subject(text) == name


@given(ANY_TEXT)
def test_a_guessed_slug_is_valid_and_stays_as_it_is(text: str) -> None:
    name = slug.from_subject(text)
    assert name == "" or slug.valid(name)
    assert slug.from_subject(name) == name


@pytest.mark.parametrize(
    ("text", "about", "differs"),
    [
        ("Re: Broken lamp", "Broken lamp", False),
        ("broken  LAMP", "Re: Broken lamp", False),
        ("[EXTERNAL] AW: Broken lamp", "Broken lamp", False),
        ("Automatic reply: Broken lamp", "Broken lamp", False),
        ("Re: Broken lamp, please cancel", "Broken lamp", True),
        ("New request", "Order 7: New request", False),
        ("New request", "Order 7: New requests", True),
        ("New request", "Order 7 (New request)", False),
        ("[Shop] New request", "Order 7: “[Shop] New request”", False),
        ("New request", "Order 7 (New request-2)", True),
        ("No", "Not working", True),
        ("[RESOLVED] High load", "[FIRING] High load", True),
        ("", "Broken lamp", False),
        ("Re:", "Broken lamp", False),
        ("Abwesenheitsnotiz: AW: Broken lamp", "Broken lamp", False),
        ("Out of Office AutoReply: Broken lamp", "Broken lamp", False),
        ("Odpowiedź automatyczna: Broken lamp", "Broken lamp", False),
        ("자동 회신: Broken lamp", "Broken lamp", False),
        ("Out of office", "Broken lamp", True),
        ("Re: " + "long " * 80, "long " * 80, False),
        ("long " * 80, "Re: " + "long " * 80, False),
        ("Re: " + "long " * 80, subject.shown("long " * 80, ""), False),
        ("short " * 80, "long " * 80, True),
        ("Broken lamp", "(no subject)", True),
    ],
)
def test_a_subject_that_says_something_else_is_known(text: str, about: str, differs: bool) -> None:
    assert subject.differs(text, about) is differs


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a-b", True),
        ("A.b$_9", True),
        ("x" * 300, True),
        ("x" * 301, False),
        ("..", False),
        (".", False),
        ("a/b", False),
        ("a b", False),
        ("", False),
        ("é", False),
    ],
)
def test_a_slug_that_could_be_another_path_is_none(text: str, good: bool) -> None:
    assert slug.valid(text) is good
