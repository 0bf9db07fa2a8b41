"""The first look at a mail: its ids, whether it came before, and whether it may go on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from support.composing import KEYS, OWN, a_mail, a_route, a_sender, an_address, an_envelope

from bridge.compose import conversation, sort
from bridge.facts import AbuseReport, DeliveryReport, Fact, ReadReceipt, Undelivered
from bridge.model import Attached, Automatic, Kind, Leaf, Mail, Sorting, Span, Written

OUT_OF_OFFICE = Automatic(Kind.REPLY, "Auto-Submitted: auto-replied")


def sorted_(
    mail: Mail, *, sender: Any = None, digest: str = "d1", path: str = "anna@example.net", **route: Any
) -> Sorting:
    return sort.sort(
        mail,
        an_envelope(reverse_path=path),
        a_route(**route),
        sender=sender or a_sender(),
        own=OWN,
        keys=KEYS,
        recipients=("support@example.com",),
        content_digest=digest,
    )


def with_file(size: int = 100, name: str = "lamp.jpg", start: int = 0, **given: Any) -> Mail:
    leaves = (
        Leaf(index=0, section="1", content_type="text/plain", content=Span(0, 5)),
        Leaf(
            index=1, section="2", content_type="image/jpeg", content=Span(start, start + size), filename=name
        ),
    )
    return a_mail(blocks=(Written("Hello", None, (0,)), Attached(1)), leaves=leaves, **given)


# -- ids -------------------------------------------------------------------------------------------


def test_a_mail_without_id_is_named_by_its_content() -> None:
    """Case 33."""
    first, again, other = (sorted_(a_mail(message_id=None), digest=digest) for digest in ("d1", "d1", "d2"))
    assert first.message_id == "d1@no-message-id"
    assert first.duplicate_key == again.duplicate_key
    assert first.duplicate_key != other.duplicate_key


def test_an_id_is_normalised() -> None:
    """Case 34."""
    assert sorted_(a_mail(message_id=" <1 @example.net> ")).message_id == "1@example.net"


def test_every_id_the_mail_names_is_learned_but_its_own() -> None:
    """Section 3, thread 16."""
    found = sorted_(a_mail(in_reply_to=("2@x",), references=("1@x", "2@x", "1@example.net")))
    assert found.related_ids == ("2@x", "1@x")


# -- duplicates ------------------------------------------------------------------------------------


def key(mail: Mail, **given: Any) -> str:
    return sorted_(mail, **given).duplicate_key


def test_the_same_mail_over_two_paths_is_the_same() -> None:
    date = datetime(2026, 11, 1, tzinfo=UTC)
    one = with_file(date_at=date, headers=(("Received", "from a"),))
    other = with_file(
        start=900, date_at=date, headers=(("Received", "from b"),), subject="[EXTERNAL] Broken lamp"
    )
    assert key(one) == key(other, path="other@example.net", digest="d2")
    assert key(a_mail(text="One line\nand two")) == key(a_mail(text="One line \r\nand two\r\n"))


@pytest.mark.parametrize(
    "other",
    [
        with_file(size=101),
        with_file(name="lamp2.jpg"),
        with_file(authors=(an_address("bo@example.net"),)),
        with_file(date_at=datetime(2026, 11, 1, tzinfo=UTC)),
        with_file(subject="Another"),
        with_file(message_id="2@example.net"),
        a_mail(text="Hello"),
    ],
)
def test_the_same_id_with_other_content_is_another_mail(other: Mail) -> None:
    """Case 35; section 3, thread 10: devices reuse ids."""
    assert key(with_file()) != key(other)


# -- what the spool and the operator see -----------------------------------------------------------


def test_the_subject_of_a_new_conversation_is_without_our_token() -> None:
    token = conversation.subject_token(8, KEYS)
    assert sorted_(a_mail(subject=f"Lamp {token}")).subject == "Lamp"
    assert sorted_(a_mail(subject=token), default_subject="Mail").subject == "Mail"


def test_the_summary_is_one_bounded_line() -> None:
    summary = sorted_(a_mail(subject="Lamp\n" * 1_000)).summary
    assert summary.startswith("Anna Berg <anna@example.net>: Lamp Lamp")
    assert len(summary) <= 200
    assert "\n" not in summary


# -- the verdict -----------------------------------------------------------------------------------


def test_an_ordinary_mail_goes_on() -> None:
    assert sorted_(a_mail()).verdict is None


def verdict(mail: Mail, **given: Any) -> tuple[str, str]:
    found = sorted_(mail, **given).verdict
    assert found is not None
    return found


def test_a_route_on_hold_holds_even_what_it_would_drop() -> None:
    assert verdict(a_mail(automatic=OUT_OF_OFFICE), hold=True, automatic="drop")[0] == sort.HELD


@pytest.mark.parametrize(
    ("policy", "state"), [("post", None), ("quiet", None), ("hold", "held"), ("drop", "dropped")]
)
def test_automatic_mail_goes_where_the_route_says(policy: str, state: str | None) -> None:
    found = sorted_(a_mail(automatic=OUT_OF_OFFICE), automatic=policy).verdict
    assert (found[0] if found else None) == state
    if found:
        assert "Auto-Submitted: auto-replied" in found[1]


def test_mail_of_our_own_address_is_held() -> None:
    """Case 119."""
    state, because = verdict(a_mail(authors=(an_address("Support@example.com"),)))
    assert state == sort.HELD
    assert "own addresses" in because


def test_unproved_staff_is_held_where_the_config_says_so() -> None:
    """Case 118."""
    sender = a_sender(staff=["anna@example.net"], unproved_staff="hold")
    assert verdict(a_mail(), sender=sender)[0] == sort.HELD


@pytest.mark.parametrize(
    "given",
    [
        {"headers": (("X-Reamaze-Embed", "1"),)},
        {"authors": (an_address("notifications@reamaze.com"),)},
        {"sender": an_address("x@mail.reamaze.io")},
        {"headers": (("Return-Path", "<bounce@reamaze.com>"),)},
        {"message_id": "abc@reamaze.com"},
        {"path": "SRS0=ab=7K=reamaze.com=bounce@forwarder.example"},
    ],
)
def test_what_reamaze_itself_sent_is_held_and_never_dropped(given: dict[str, Any]) -> None:
    """Case 114; reamaze-api.md 9.4."""
    path = given.pop("path", "anna@example.net") if "path" in given else "anna@example.net"
    state, because = verdict(a_mail(**given), path=path)
    assert state == sort.HELD
    assert "Re:amaze" in because


@pytest.mark.parametrize(
    "given",
    [
        {"in_reply_to": ("abc@reamaze.com",), "references": ("abc@reamaze.com",)},
        {"authors": (an_address("x@notreamaze.com"),)},
        {"authors": (an_address("x@reamaze.com.example.net"),)},
        {"to": (an_address("acme@reamaze.com"),)},
    ],
)
def test_a_customers_answer_to_reamaze_goes_on(given: dict[str, Any]) -> None:
    assert sorted_(a_mail(**given)).verdict is None


def test_a_slug_header_of_the_config_is_no_sign_of_a_loop() -> None:
    mail = a_mail(headers=(("X-Reamaze-Slug", "old-lamp"),))
    assert sorted_(mail, conversation={"slug_header": "X-Reamaze-Slug"}).verdict is None
    assert verdict(mail)[0] == sort.HELD


def test_a_mail_of_nothing_sorts() -> None:
    found = sorted_(Mail(), path="")
    assert found.user.email == "unknown@invalid.example"
    assert found.subject == "(no subject)"
    assert found.message_id == "d1@no-message-id"
    assert found.clues == ()


# -- what programs say of earlier mail -------------------------------------------------------------

FAILED = DeliveryReport(leaf=1, recipients=(Undelivered(address="b@example.net", action="failed"),))


@pytest.mark.parametrize(
    ("kind", "facts", "tie"),
    [
        (Kind.BOUNCE, (FAILED,), "report"),
        (Kind.RECEIPT, (ReadReceipt(leaf=1, disposition="displayed"),), "report"),
        (Kind.ABUSE, (AbuseReport(leaf=1, feedback="abuse"),), "report"),
        (Kind.BOUNCE, (), "reply"),
        (Kind.REPLY, (), "reply"),
        (Kind.REPLY, (FAILED,), "reply"),
        (Kind.GENERATED, (FAILED,), ""),
    ],
)
def test_only_what_is_shown_as_a_report_is_tied_as_one(kind: Kind, facts: tuple[Fact, ...], tie: str) -> None:
    mail = a_mail(automatic=Automatic(kind, "its fields"), facts=facts, about=("1@example.com",))
    assert sorted_(mail).tie == tie


def test_words_of_a_person_are_tied_by_nothing() -> None:
    assert sorted_(a_mail(facts=(FAILED,))).tie == ""
