"""Clues to the conversation, in their order, and the signed tokens among them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.composing import KEYS, a_mail, a_route, an_address, an_envelope

from bridge.compose import conversation
from bridge.model import (
    Address,
    Automatic,
    Clue,
    KeyClue,
    Kind,
    Mail,
    SlugClue,
    ThreadClue,
    TokenClue,
    User,
    Written,
)

ANNA = User("Anna Berg", "anna@example.net")


def clues(
    mail: Mail, *, trusted: bool = False, recipients: tuple[str, ...] = (), **threading: Any
) -> tuple[Clue, ...]:
    known, user = threading.pop("known", True), threading.pop("user", ANNA)
    return conversation.clues(
        mail,
        an_envelope(trusted=trusted),
        a_route(conversation=threading),
        recipients=recipients,
        user=user,
        keys=KEYS,
        known=known,
    )


def by_subject(mail: Mail, user: User = ANNA, **threading: Any) -> KeyClue | None:
    found = conversation.clues(
        mail, an_envelope(), a_route(conversation=threading), recipients=(), user=user, keys=KEYS
    )
    return next(
        (clue for clue in found if isinstance(clue, KeyClue) and clue.key.startswith("subject:")), None
    )


# -- tokens ----------------------------------------------------------------------------------------


@given(
    st.integers(0, 2**63),
    st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4, unique=True),
    st.booleans(),
)
def test_a_token_is_read_back_by_every_key_that_was_ever_first(
    number: int, keys: list[bytes], shout: bool
) -> None:
    token = conversation.token(number, keys)
    assert conversation.read_token(token.upper() if shout else token, [b"newer", *keys]) == number
    assert len(token) <= 23


@given(st.integers(0, 2**40), st.integers(0, 60), st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz"))
def test_a_token_with_one_changed_character_is_none_of_ours(number: int, place: int, char: str) -> None:
    token = conversation.token(number, KEYS)
    place %= len(token)
    forged = token[:place] + char + token[place + 1 :]
    assert forged == token or conversation.read_token(forged, KEYS) is None


@given(st.text(max_size=40))
def test_any_other_text_is_no_token(text: str) -> None:
    assert conversation.read_token(text, KEYS) is None


def test_a_token_of_another_bridge_never_matches() -> None:
    """Section 3, thread 13: same shape, other key."""
    foreign = conversation.token(7, (b"their key",))
    assert conversation.read_token(foreign, KEYS) is None
    assert conversation.read_token(foreign, ()) is None


def test_a_number_has_one_spelling() -> None:
    token = conversation.token(7, KEYS)
    assert conversation.read_token("0" + token, KEYS) is None


@pytest.mark.parametrize(("number", "keys"), [(-1, KEYS), (1, ())])
def test_a_token_cannot_be_made_of_nothing(number: int, keys: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="token"):
        conversation.token(number, keys)


def test_only_our_own_token_is_taken_out_of_a_subject() -> None:
    ours, theirs = conversation.subject_token(7, KEYS), conversation.subject_token(7, (b"theirs",))
    assert conversation.without_tokens(f"Lamp {ours} {theirs}", KEYS) == f"Lamp {theirs}"
    assert conversation.without_tokens("Lamp  two", KEYS) == "Lamp  two"


# -- the order of the clues ------------------------------------------------------------------------


def test_clues_come_in_the_order_of_their_strength() -> None:
    token = conversation.token(7, KEYS)
    mail = a_mail(
        subject=f"Re: Order 4711 {conversation.subject_token(8, KEYS)}",
        headers=(("X-Slug", "old-lamp"),),
        in_reply_to=("3@example.net",),
        references=("1@example.net", "2@example.net"),
    )
    found = clues(
        mail,
        trusted=True,
        recipients=(f"support+{token}@example.com",),
        slug_header="X-Slug",
        patterns=[{"match": "Order (\\d+)", "key": "order-{1}"}],
        slug_from_subject="participant",
    )
    assert [type(clue) for clue in found] == [
        SlugClue,
        TokenClue,
        TokenClue,
        ThreadClue,
        KeyClue,
        KeyClue,
        SlugClue,
    ]
    assert found[0] == SlugClue("old-lamp", found[0].because, always=True)
    assert [clue.conversation for clue in found if isinstance(clue, TokenClue)] == [7, 8]
    assert isinstance(found[3], ThreadClue)
    assert found[3].message_ids == ("3@example.net", "2@example.net", "1@example.net")
    assert isinstance(found[4], KeyClue)
    assert found[4].key == "key:order-4711"
    assert isinstance(found[6], SlugClue)
    assert (found[6].slug, found[6].always) == ("order-4711", False)


def test_every_clue_can_be_switched_off() -> None:
    mail = a_mail(subject=f"Lamp {conversation.subject_token(8, KEYS)}", in_reply_to=("3@example.net",))
    found = clues(
        mail,
        recipients=(f"support+{conversation.token(7, KEYS)}@example.com",),
        plus_token=False,
        subject_token=False,
        references=False,
        subject=False,
    )
    assert found == ()


def test_the_slug_header_of_an_untrusted_peer_is_no_clue() -> None:
    """Case 116."""
    mail = a_mail(headers=(("X-Slug", "old-lamp"),))
    assert not any(isinstance(clue, SlugClue) for clue in clues(mail, slug_header="X-Slug"))


@pytest.mark.parametrize("value", ["..", "a/b", "a b", "x" * 400])
def test_a_header_that_cannot_be_a_slug_is_no_clue(value: str) -> None:
    mail = a_mail(headers=(("X-Slug", value),))
    assert not any(isinstance(clue, SlugClue) for clue in clues(mail, trusted=True, slug_header="X-Slug"))


@pytest.mark.parametrize("place", ["recipient", "second plus", "To", "Cc", "Delivered-To", "upper case"])
def test_a_plus_token_is_found_wherever_the_address_survived(place: str) -> None:
    """A mail server in front may have rewritten the envelope to the base address; the signature is the proof."""
    token = conversation.token(7, KEYS)
    plussed = f"support+{token}@example.com"
    mail, recipients = a_mail(), ("support@example.com",)
    match place:
        case "recipient":
            recipients = (plussed,)
        case "second plus":
            recipients = (f"support+vip+{token}@example.com",)
        case "upper case":
            recipients = (plussed.upper(),)
        case "To":
            mail = a_mail(to=(an_address(plussed),))
        case "Cc":
            mail = a_mail(cc=(an_address(plussed),))
        case _:
            mail = a_mail(headers=(("Delivered-To", plussed),))
    assert clues(mail, recipients=recipients)[0] == TokenClue(7, "a signed token in the plus-address")


# -- ids -------------------------------------------------------------------------------------------


def test_free_text_and_repeated_ids_do_no_harm() -> None:
    """Cases 36 and 37."""
    mail = a_mail(in_reply_to=("", "<b@x>", "b@x"), references=("a@x", " <b@x> ", "", "c @x"))
    assert conversation.thread_ids(mail) == ("b@x", "c@x", "a@x")


def test_hundreds_of_ids_are_bounded_and_the_newest_kept() -> None:
    """Case 37."""
    mail = a_mail(references=tuple(f"{number}@x" for number in range(500)))
    found = conversation.thread_ids(mail)
    assert len(found) == conversation.MAX_IDS
    assert found[0] == "499@x"


def test_an_endless_id_is_known_by_its_digest() -> None:
    """Case 34."""
    long = "a" * 500 + "@x"
    assert conversation.plain_id(f"< {long} >") == conversation.plain_id(long)
    assert len(conversation.plain_id(long)) < conversation.MAX_ID_CHARS


# -- patterns --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ({"where": "subject", "match": r"#(\d+)", "key": "t-{1}"}, "key:t-12"),
        ({"where": "subject", "match": r"#(?P<number>\d+)", "key": "t-{number}"}, "key:t-12"),
        ({"where": "body", "match": r"(?i)invoice\s+(\w+)", "key": "{1}"}, "key:ab9"),
        ({"where": "header:X-Ticket", "match": r"^(\w+)$", "key": "{1}"}, "key:zz"),
        ({"where": "subject", "match": r"#\d+", "key": "{0}"}, "key:#12"),
        ({"where": "subject", "match": r"#(\d+)(x)?", "key": "{1}{2}"}, None),
        ({"where": "subject", "match": r"#(\d+)", "key": "{{{1}}}"}, "key:{12}"),
        ({"where": "subject", "match": r"nothing", "key": "all"}, None),
        ({"where": "header:X-Absent", "match": r".*", "key": "all"}, None),
    ],
)
def test_a_pattern_of_the_route_names_the_conversation(pattern: dict[str, str], key: str | None) -> None:
    """Section 3, threads 17 and 18."""
    mail = a_mail(subject="Ticket #12 Lamp", text="Your\nINVOICE Ab9", headers=(("x-ticket", "ZZ"),))
    found = clues(mail, patterns=[pattern], subject=False)
    assert [clue.key for clue in found if isinstance(clue, KeyClue)] == ([key] if key else [])


@pytest.mark.parametrize(
    ("adopt", "expected"),
    [
        ("always", SlugClue("ticket-12-b", "", always=True)),
        ("participant", SlugClue("ticket-12-b", "", always=False)),
        ("never", KeyClue("slug:ticket-12-b", "")),
    ],
)
def test_a_pattern_may_build_a_slug(adopt: str, expected: SlugClue | KeyClue) -> None:
    without = {"match": r"#(\d+)(x)?", "slug": "{2}", "adopt": adopt}
    assert clues(a_mail(subject="About #12 B!"), patterns=[without], subject=False) == ()
    pattern = {"match": r"#(\d+ \w+)", "slug": "Ticket {1}", "adopt": adopt}
    (found,) = clues(a_mail(subject="About #12 B!"), patterns=[pattern], subject=False)
    match found, expected:
        case (SlugClue(slug, _, always), SlugClue()):
            assert (slug, always) == (expected.slug, expected.always)
        case (KeyClue(key), KeyClue()):
            assert key == expected.key
        case _:
            pytest.fail(f"{found} instead of {expected}")


def test_a_key_finds_no_conversation_beyond_its_window() -> None:
    given = {"patterns": [{"match": r"#(\d+)", "key": "{1}"}], "key": "all", "subject": False}
    for days in (None, 7):
        found = clues(a_mail(subject="#12"), **given, key_window_days=days)
        windows = [clue.window_s for clue in found if isinstance(clue, KeyClue)]
        assert windows == [days and days * 86_400] * 2


def test_a_long_key_is_bounded_and_still_its_own() -> None:
    keys = set()
    for text in ("a" * 9_000 + "1", "a" * 9_000 + "2"):
        (found,) = clues(a_mail(subject=text), patterns=[{"match": "(.+)", "key": "{1}"}], subject=False)
        assert isinstance(found, KeyClue)
        assert len(found.key) < 250
        keys.add(found.key)
    assert len(keys) == 2


def test_a_key_cannot_forge_a_clue_of_another_kind() -> None:
    subject_key = by_subject(a_mail())
    assert subject_key is not None
    (found,) = clues(
        a_mail(subject=subject_key.key), patterns=[{"match": "(.+)", "key": "{1}"}], subject=False
    )
    assert isinstance(found, KeyClue)
    assert found.key != subject_key.key


# -- the subject -----------------------------------------------------------------------------------


def test_the_same_subject_of_the_same_participant_is_one_conversation_for_a_while() -> None:
    first, answer = by_subject(a_mail(subject="Broken lamp")), by_subject(a_mail(subject="RE: broken  lamp"))
    assert first is not None
    assert answer is not None
    assert first.key == answer.key
    assert first.window_s == 14 * 86_400
    assert "anna" not in first.key


def test_another_participant_or_another_subject_is_another_conversation() -> None:
    keys = {
        clue.key
        for clue in (
            by_subject(a_mail()),
            by_subject(a_mail(), User("Bo", "bo@example.net")),
            by_subject(a_mail(subject="Broken lamps")),
        )
        if clue
    }
    assert len(keys) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Re:",
        "(no subject)",
        "RE: (no subject)",
        "Fwd: Broken lamp",
        "WG: Broken lamp",
        "[Fwd: Broken lamp]",
    ],
)
def test_empty_subjects_and_forwards_never_join_by_subject(text: str) -> None:
    """Section 3, thread 15."""
    assert by_subject(a_mail(subject=text)) is None
    assert not any(
        isinstance(clue, SlugClue) for clue in clues(a_mail(subject=text), slug_from_subject="always")
    )


def test_a_token_in_the_subject_does_not_change_what_it_is_about() -> None:
    token = conversation.subject_token(8, KEYS)
    assert by_subject(a_mail(subject=f"Broken lamp {token}")) == by_subject(a_mail())


@pytest.mark.parametrize("kind", [Kind.GENERATED, Kind.BOUNCE, Kind.RECEIPT, Kind.ABUSE])
def test_notifications_under_one_subject_are_not_one_matter(kind: Kind) -> None:
    assert by_subject(a_mail(automatic=Automatic(kind, "test"))) is None


def test_an_out_of_office_joins_by_subject_but_leaves_no_trace() -> None:
    """Case 112."""
    found = by_subject(
        a_mail(subject="Automatic reply: Broken lamp", automatic=Automatic(Kind.REPLY, "test"))
    )
    human = by_subject(a_mail())
    assert found is not None
    assert human is not None
    assert (found.key, found.register, human.register) == (human.key, False, True)


def test_mails_of_a_form_that_are_to_be_answered_to_others_are_not_one_matter() -> None:
    form = User("WordPress", "wordpress@shop.example")

    def registered(asked: str, subject: str = "New contact request") -> list[KeyClue]:
        given = a_mail(subject=subject, reply_to=(Address("", asked),) if asked else ())
        return [clue for clue in clues(given, user=form) if isinstance(clue, KeyClue)]

    anna, by_form = registered("anna@example.net")
    bo, _ = registered("bo@example.net")
    assert (anna.window_s, by_form.window_s) == (14 * 86_400, -1.0)
    assert anna.key != bo.key
    assert registered("anna@example.net") == [anna, by_form]
    # The form's own address, and an answer of one who asks for answers elsewhere.
    for asked, subject in (("", "New contact request"), ("office@shop.example", "New contact request")):
        (alone,) = registered(asked, subject)
        assert (alone.key, alone.window_s) == (by_form.key, 14 * 86_400)
    (answer,) = registered("anna@example.net", "Re: New contact request")
    assert (answer.key, answer.window_s) == (by_form.key, 14 * 86_400)


def test_where_nobody_reads_nobody_answers_by_subject() -> None:
    assert by_subject(a_mail(), User("Shop", "no-reply@shop.example")) is None


def test_senders_nobody_knows_do_not_share_a_matter_by_subject() -> None:
    assert clues(a_mail(), known=False) == ()


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "markup",
    [
        "<" * 900_000,
        "<a " * 300_000,
        "<style>" * 120_000,
        "<!--" * 200_000,
        "&#" * 400_000,
        "&#" + "9" * 900_000,
    ],
)
def test_hostile_html_is_read_for_patterns_in_linear_time(markup: str) -> None:
    started = time.process_time()
    clues(a_mail(blocks=(Written(None, markup),)), patterns=[{"where": "body", "match": "Order", "key": "x"}])
    assert time.process_time() - started < 2.0
