"""Form mail: typed values from labelled lines and header fields, and what is made of them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from support.composing import OWN, Words, a_mail, a_route, a_sender, an_envelope

from bridge.compose import author, check, draft, fields, sort
from bridge.config.rules import FieldRule
from bridge.config.schema import Example, Route
from bridge.model import Draft, KeyClue, Mail, Message, New, User, Written
from bridge.reamaze import requests

FORM = """\
A new order came in.

Order no.: 4711-A
Name:   Anna Berg
*E-mail*: Anna@Example.net
Total: 1.234,50 EUR
Due on = 2 November 2026
Phone: +49 (0)30 123 456-7
Remarks:
Please ring twice.
"""
RULES: list[dict[str, Any]] = [
    {"name": "order", "label": "Order no.:"},
    {"name": "total", "label": "Total", "type": "number"},
    {"name": "due", "label": "Due on", "type": "date"},
    {"name": "email", "label": "E-mail", "type": "email", "send": "contact"},
    {"name": "phone", "label": "Phone", "type": "phone", "send": "contact"},
    {"name": "remarks", "label": "Remarks", "send": "none"},
    {"name": "system", "use": "header", "label": "X-System"},
]


def a_form(**given: Any) -> Route:
    return a_route(**({"fields": RULES} | given))


def values(text: str, **given: Any) -> dict[str, str]:
    return dict(fields.read(a_mail(text=text), a_form(**given)).values)


def rule(kind: str) -> FieldRule:
    return FieldRule.model_validate({"name": "value", "label": "Value", "type": kind})


# -- reading ---------------------------------------------------------------------------------------


def test_28_a_form_is_read_by_its_labels_and_checked_by_its_types() -> None:
    mail = a_mail(text=FORM, headers=(("X-System", "shop-3"),))
    assert fields.read(mail, a_form()).values == {
        "order": "4711-A",
        "total": "1234.50",
        "due": "2026-11-02",
        "email": "anna@example.net",
        "phone": "+49301234567",
        "remarks": "Please ring twice.",
        "system": "shop-3",
    }


def test_the_cells_of_an_html_form_are_lines_too() -> None:
    html = (
        "<table><tr><td><b>Order no.:</b></td><td>4711</td></tr><tr><th>Total</th><td>: 12</td></tr></table>"
    )
    mail = a_mail(blocks=(Written(None, html, (0,)),))
    assert fields.read(mail, a_form()).values == {"order": "4711", "total": "12"}


def test_an_empty_value_does_not_take_the_next_label_for_one() -> None:
    found = values("Order no.:\nTotal: 5\nRemarks:\nE-mail: a@example.net")
    assert found == {"total": "5", "email": "a@example.net"}
    rules = {"author": [{"use": "body", "email": "Mail:", "name": "Full name:"}]}
    assert "order" not in values("Order no.:\nFull name: Anna", **rules)


def test_a_label_is_not_found_within_other_words() -> None:
    assert values("My order no.: is 4711\nTotal of all things: 5\nTotally: 4") == {}


def test_the_first_value_that_is_one_counts() -> None:
    assert values("Total: see below\nTotal: 7\nTotal: 8") == {"total": "7"}


def test_what_is_not_of_its_type_is_not_used_and_the_note_says_so() -> None:
    found = fields.read(a_mail(text="Total: a lot\nE-mail: none"), a_form())
    assert found.values == {}
    assert found.remarks == (
        "The field total says “a lot”, which is no number, or could be two: it was not used.",
        "The field email says “none”, which is no address: it was not used.",
    )


def test_what_is_missing_is_no_remark() -> None:
    assert fields.read(a_mail(text="Hello"), a_form()) == fields.Fields({})


def test_every_value_is_one_bounded_line() -> None:
    found = values("Order no.: " + "x" * 50_000 + "\nRemarks: \u202ea\u202c b")
    assert len(found["order"]) <= 1_000
    assert found["remarks"] == "a b"


# -- types -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "12", "12"),
        ("number", "-12", "-12"),
        ("number", "0012", "12"),
        ("number", "12,5", "12.5"),
        ("number", "12.50", "12.50"),
        ("number", "0,125", "0.125"),
        ("number", "1.234,5", "1234.5"),
        ("number", "1,234.5", "1234.5"),
        ("number", "1'234'567", "1234567"),
        ("number", "1 234 567,8", "1234567.8"),
        ("number", "1\xa0234,80 €", "1234.80"),
        ("number", "USD 99.00", "99.00"),
        ("number", "1.234.567", "1234567"),
        ("number", "1.234", ""),
        ("number", "1,234", ""),
        ("number", "1.234.5", ""),
        ("number", "1,234,5", ""),
        ("number", "12 pieces", ""),
        ("number", "1e5", ""),
        ("number", "９", "9"),
        ("number", "٣", ""),
        ("number", "9" * 400, ""),
        ("number", "", ""),
        ("date", "2026-11-02", "2026-11-02"),
        ("date", "2026-11-02T09:30:00Z", "2026-11-02"),
        ("date", "2026/11/2", "2026-11-02"),
        ("date", "02.11.2026", "2026-11-02"),
        ("date", "2. 11. 2026", "2026-11-02"),
        ("date", "02.11.2026 09:30", "2026-11-02"),
        ("date", "13/11/2026", "2026-11-13"),
        ("date", "11/13/2026", "2026-11-13"),
        ("date", "11/11/2026", "2026-11-11"),
        ("date", "02/11/2026", ""),
        ("date", "2-11-2026", ""),
        ("date", "2 November 2026", "2026-11-02"),
        ("date", "Mon, 2 Nov 2026 09:30:00 +0100", "2026-11-02"),
        ("date", "November 2nd, 2026", "2026-11-02"),
        ("date", "2. März 2026", "2026-03-02"),
        ("date", "2 de enero de 2026", "2026-01-02"),
        ("date", "30.02.2026", ""),
        ("date", "2026-13-01", ""),
        ("date", "tomorrow", ""),
        ("date", "2 Foo 2026", ""),
        ("date", "02.11.26", ""),
        ("email", "Anna <Anna@Example.net>", "anna@example.net"),
        ("email", "anna@", ""),
        ("phone", "+49 (0)30 123456", "+4930123456"),
        ("phone", "030/123 456", "030123456"),
        ("phone", "tel:+1-202-555-0100", "+12025550100"),
        ("phone", "call me", ""),
        ("phone", "123", ""),
        ("phone", "1" * 30, ""),
        ("text", "  a   b ", "a b"),
    ],
)
def test_a_value_is_written_in_one_way_or_not_used(kind: str, text: str, value: str) -> None:
    assert fields.checked(rule(kind), text) == value


# -- templates -------------------------------------------------------------------------------------


def test_a_template_is_filled_or_gives_nothing() -> None:
    assert fields.filled("order-{order} {total}", {"order": "a b", "total": "5"}) == "order-a b 5"
    assert fields.filled("order-{order}", {}) == ""
    assert fields.filled("{order}{{x}}", {"order": "{total}"}) == "{total}{x}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"subject": "Order {nr}"}, "`subject` asks for {nr}, which `fields` does not name"),
        ({"conversation": {"key": "{subject}"}}, "`conversation.key` asks for {subject}"),
        ({"subject": "Order {order.__class__}"}, "asks for {order.__class__}"),
        ({"subject": "Order {"}, "has a brace without its partner"),
        ({"fields": [RULES[0], RULES[0]]}, "two of `fields` are called `order`"),
        ({"fields": [{"name": "subject", "label": "x"}]}, "a field cannot be called `subject`"),
        ({"fields": [{"name": "bridge_key", "label": "x"}]}, "a field cannot be called `bridge_key`"),
    ],
)
def test_a_rule_that_cannot_work_is_a_mistake_of_the_config(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        a_form(**given)
    assert message in str(caught.value)


# -- what becomes of them --------------------------------------------------------------------------


def sorting(mail: Mail, route: Route) -> Any:
    return sort.sort(
        mail, an_envelope(), route, sender=a_sender(), own=OWN, keys=(), recipients=(), content_digest=""
    )


def drafted(mail: Mail, route: Route) -> Draft:
    sender = a_sender()
    found = fields.read(mail, route)
    choice = author.decide(mail, an_envelope(), route, sender, OWN)
    return draft.draft(
        mail,
        an_envelope(),
        route,
        sender=sender,
        own=OWN,
        recipients=(),
        author=choice.author,
        body=Words(),
        title=sort.subject_of(mail, route, choice, found, ()),
        found=found,
    )


def test_the_conversation_is_named_by_the_fields() -> None:
    route = a_form(subject="Order {order}: {subject}", conversation={"key": "order-{order}"})
    made = sorting(a_mail(text=FORM, subject="New order"), route)
    assert made.subject == "Order 4711-A: New order"
    (key,) = [clue for clue in made.clues if isinstance(clue, KeyClue) and clue.key.startswith("key:")]
    assert key.key == "key:order-4711-a"
    assert key.because == "the route's key order-{order}"
    without = sorting(a_mail(text="Hello", subject="New order"), route)
    assert without.subject == "New order"
    assert not any(isinstance(clue, KeyClue) and clue.key.startswith("key:") for clue in without.clues)


def test_the_fields_become_custom_fields_of_conversation_and_contact() -> None:
    made = drafted(a_mail(text=FORM), a_form(subject="Order {order}"))
    assert made.subject == "Order 4711-A"
    assert dict(made.data) == {"order": "4711-A", "total": "1234.50", "due": "2026-11-02"}
    assert dict(made.contact) == {"email": "anna@example.net", "phone": "+49301234567"}
    decision = next(one for one in made.decisions if one.what == "field order")
    assert decision.because == "“4711-A”, as the body says behind “Order no.:”"


def test_an_invalid_value_is_told_in_the_note() -> None:
    assert "The field total says “free”" in drafted(a_mail(text="Total: free"), a_form()).note[0]


def test_custom_fields_are_told_when_the_conversation_is_opened_and_not_again() -> None:
    message = Message(
        user=User("Anna", "anna@example.net"),
        body="Hello",
        key="k",
        data=(("order", "4711"), ("bridge_key", "forged")),
        contact=(("phone", "+4930"),),
    )
    opened = requests.create(New("support", "Order"), message)["conversation"]
    assert opened["data"] == {"order": "4711", "bridge_key": "k"}
    assert opened["user"] == {"name": "Anna", "email": "anna@example.net", "data": {"phone": "+4930"}}
    assert "data" not in str(requests.append(message))


# -- examples --------------------------------------------------------------------------------------


def test_an_example_says_which_fields_it_expects() -> None:
    route = a_form(conversation={"key": "order-{order}"})
    given = {"body": "Order no.: 4711\nTotal: 5", "key": "order-4711"}
    good = Example.model_validate({**given, "fields": {"order": "4711", "total": "5", "due": ""}})
    assert check.run(route, good) == ()
    bad = Example.model_validate({**given, "fields": {"order": "4712", "due": "2026-11-02", "total": ""}})
    assert check.run(route, bad) == (
        'expected field order "4712", got "4711"',
        'expected field due "2026-11-02", got none',
        'expected field total "", got "5"',
    )
