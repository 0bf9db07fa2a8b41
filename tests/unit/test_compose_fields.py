"""Form mail: typed values from labelled lines and header fields, and what is made of them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from support.composing import OWN, Words, a_mail, a_route, a_sender, an_envelope

from bridge.compose import author, check, draft, fields, sort, unfound
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
    found = fields.read(a_mail(text="Total: a lot\nE-mail: unknown"), a_form())
    assert found.values == {}
    assert found.remarks == (
        "The field total says “a lot”, which is no number, or could be two: it was not used.",
        "The field email says “unknown”, which is no address: it was not used.",
    )


def test_what_is_missing_is_no_remark() -> None:
    assert fields.read(a_mail(text="Hello"), a_form()) == fields.Fields({})


def test_every_value_is_one_bounded_line() -> None:
    found = values("Order no.: " + "x" * 50_000 + "\nRemarks: \u202ea\u202c b")
    assert len(found["order"]) <= 1_000
    assert found["remarks"] == "a b"


# -- expressions and defaults ----------------------------------------------------------------------


def read(mail: Mail, *rules: dict[str, Any], **given: Any) -> fields.Fields:
    return fields.read(mail, a_route(fields=list(rules), **given))


def test_an_expression_finds_a_value_in_the_subject_the_text_a_header_and_behind_a_label() -> None:
    mail = a_mail(
        subject="** PROBLEM Service Alert: web01/HTTP is CRITICAL **",
        text="in mailbox 200 from +49 30 1234567, on Monday\nMetric: load=4.2 (5 min)\n",
        headers=(("X-Zone", "eu; rack=7"),),
    )
    found = read(
        mail,
        {"name": "host", "use": "subject", "match": r"Alert: (\S+?)/"},
        {"name": "caller", "match": r"from (\+[\d ]+),", "type": "phone"},
        {"name": "load", "label": "Metric", "match": r"load=([\d.]+)", "type": "number"},
        {"name": "rack", "use": "header", "label": "X-Zone", "match": r"rack=(\d+)"},
        {"name": "whole", "use": "subject", "match": "PROBLEM|RECOVERY"},
    )
    assert found.values == {
        "host": "web01",
        "caller": "+49301234567",
        "load": "4.2",
        "rack": "7",
        "whole": "PROBLEM",
    }
    assert [one.because for one in found.decisions][:3] == [
        "“web01”, as `match` finds it in the subject",
        "“+49301234567”, as `match` finds it in the body",
        "“4.2”, as `match` finds it behind “Metric”",
    ]


def test_the_first_place_of_an_expression_that_is_of_the_type_counts() -> None:
    rule = {"name": "mail", "match": r"<([^<>]+)>", "type": "email"}
    assert read(a_mail(text="<b>Hello</b> <anna@example.net> <bo@example.net>"), rule).values == {
        "mail": "anna@example.net"
    }


def test_the_group_that_took_part_is_the_value() -> None:
    rule = {"name": "no", "use": "subject", "match": r"Order (\d+)|Case (\d+)"}
    assert read(a_mail(subject="Case 12"), rule).values == {"no": "12"}
    assert read(a_mail(subject="Order"), {**rule, "match": r"Order(x?)"}).values == {}


def test_a_default_stands_where_nothing_is_found() -> None:
    rule = {"name": "service", "label": "Service", "default": "host"}
    assert read(a_mail(text="Service: HTTP"), rule).values == {"service": "HTTP"}
    found = read(a_mail(text="Service: -"), rule)
    assert found.values == {"service": "host"}
    assert found.decisions[-1].because == "“host”, its default"


@pytest.mark.parametrize("nothing", ["-", "--", "n/a", "N/A", "none", "null", "—"])
def test_what_stands_for_nothing_is_no_value_and_no_remark(nothing: str) -> None:
    found = fields.read(a_mail(text=f"Order no.: {nothing}\nTotal: {nothing}"), a_form())
    assert (found.values, found.remarks) == ({}, ())


def test_tags_are_made_of_fields_where_there_are_any() -> None:
    rules = [{"name": "severity", "label": "Severity"}]
    route = a_route(fields=rules, tags=["monitoring", "{severity}", "severity: {severity}"])
    assert drafted(a_mail(text="Severity: High"), route).tags == ("monitoring", "High", "severity: High")
    assert drafted(a_mail(text="Hello"), route).tags == ("monitoring",)
    long = drafted(a_mail(text="Severity: " + "x" * 400), route).tags
    assert max(map(len, long)) <= 60


# -- the author of fields --------------------------------------------------------------------------


def written_by(mail: Mail, *rules: dict[str, Any], **author_rule: Any) -> User:
    route = a_route(fields=list(rules), author=[{"use": "fields", **author_rule}])
    return drafted(mail, route).user


def test_a_name_is_joined_of_the_fields_there_are() -> None:
    names = [
        {"name": "first", "label": "First name"},
        {"name": "last", "label": "Last name"},
        {"name": "mail", "use": "header", "label": "Reply-To", "type": "email"},
    ]
    given = {"email": "{mail}", "name": "{first} {last}"}
    headers = (("Reply-To", "Kim Roe <kim@roe.example>"),)
    mail = a_mail(text="First name: Kim\nLast name: Roe", headers=headers)
    assert written_by(mail, *names, **given) == User("Kim Roe", "kim@roe.example")
    assert written_by(a_mail(text="First name: Kim", headers=headers), *names, **given).name == "Kim"
    assert written_by(a_mail(text="Hello", headers=headers), *names, **given).name == "kim"
    assert written_by(a_mail(text="First name: Kim"), *names, **given).email == "anna@example.net"


def test_who_answers_or_passes_on_a_form_is_not_its_author() -> None:
    rule = {"name": "mail", "label": "E-mail", "type": "email"}
    text = "I called her.\n\n> E-mail: kim@roe.example"
    quoting: tuple[dict[str, Any], ...] = (
        {"in_reply_to": ("1@shop.example",)},
        {"references": ("1@shop.example",)},
        {"subject": "Fwd: New form"},
    )
    for given in quoting:
        mail = a_mail(text=text, **given)
        assert written_by(mail, rule, email="{mail}").email == "anna@example.net"
        assert written_by(mail, rule, email="{mail}", when_from=["@example.net"]).email == "kim@roe.example"
        route = a_route(author=[{"use": "body", "email": "E-mail"}])
        assert drafted(mail, route).user.email == "anna@example.net"
        (why,) = unfound.authors(mail, route, a_sender(), OWN, {})
        assert why.startswith("the rule body reads no answers and forwards")
    assert (
        written_by(a_mail(text=text, subject="Re: New form"), rule, email="{mail}").email == "kim@roe.example"
    )


def test_a_caller_becomes_a_user_by_their_number() -> None:
    rule = {"name": "caller", "use": "subject", "match": r"from (\S+)", "type": "phone"}
    given = {"email": "{caller}@phone.example.com", "name": "{caller}"}
    user = written_by(a_mail(subject="Voicemail from +49301234567"), rule, **given)
    assert user == User("+49301234567", "+49301234567@phone.example.com")


# -- templates -------------------------------------------------------------------------------------


def test_a_template_is_filled_or_gives_nothing() -> None:
    assert fields.filled("order-{order} {total}", {"order": "a b", "total": "5"}) == "order-a b 5"
    assert fields.filled("order-{order}", {}) == ""
    assert fields.filled("{order}{{x}}", {"order": "{total}"}) == "{total}{x}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"subject": "Order {ordr}"},
            "{ordr} asks for a field that `fields` does not name; did you mean `order`?",
        ),
        ({"conversation": {"key": "{subject}"}}, "{subject} asks for a field that `fields` does not name"),
        ({"subject": "Order {order.__class__}"}, "{order.__class__} asks for a field"),
        ({"subject": "Order {"}, "a brace without its other half"),
        ({"tags": ["{place}"]}, "{place} asks for a field"),
        ({"author": [{"use": "fields", "email": "{mail}"}]}, "{mail} asks for a field"),
        ({"fields": [RULES[0], RULES[0]]}, "another of `fields` is called `order` too"),
        (
            {"fields": [], "conversation": {"key": "{order}"}},
            "{order} asks for a field that `fields` does not name; add it there",
        ),
        ({"fields": [{"name": "subject", "label": "x"}]}, "a field cannot be called `subject`"),
        ({"fields": [{"name": "bridge_key", "label": "x"}]}, "a field cannot be called `bridge_key`"),
        ({"fields": [{"name": "x", "label": "::"}]}, "no letter and no digit that a line could begin with"),
        ({"fields": [{"name": "x"}]}, "give `label`, the words before the value, or `match`"),
        ({"fields": [{"name": "x", "use": "header"}]}, "`use: header` needs `label`"),
        ({"fields": [{"name": "x", "use": "subject"}]}, "`use: subject` needs `match`"),
        (
            {"fields": [{"name": "x", "use": "subject", "match": "x", "label": "x"}]},
            "`use: subject` reads no `label`",
        ),
        ({"fields": [{"name": "x", "use": "header", "label": "X-Order:"}]}, '; write "X-Order"'),
        ({"author": [{"use": "header", "email": "X From"}]}, '"X From" cannot be the name of a header field'),
        ({"author": [{"use": "body", "email": ":"}]}, "no letter and no digit"),
        ({"author": [{"use": "fields"}]}, "`use: fields` needs `email`: a template"),
        (
            {"author": [{"use": "reply-to", "name": "Name:"}]},
            "`use: reply-to` reads no `name`; to join Reply-To",
        ),
        (
            {"author": [{"use": "reply-to", "user": {"email": "a@example.net"}}]},
            "reads no `user`; only `fixed` does",
        ),
        ({"author": [{"use": "fixed", "email": "a@example.net"}]}, "`use: fixed` needs `user`"),
    ],
)
def test_a_rule_that_cannot_work_is_a_mistake_of_the_config(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        a_form(**given)
    assert message in str(caught.value)


# -- what becomes of them --------------------------------------------------------------------------


def sorting(mail: Mail, route: Route) -> Any:
    return sort.sort(
        mail,
        an_envelope(),
        route,
        sender=a_sender(),
        own=OWN,
        keys=(),
        recipients=(),
        content_digest="",
        found=fields.read(mail, route),
    )


def drafted(mail: Mail, route: Route) -> Draft:
    sender = a_sender()
    found = fields.read(mail, route)
    choice = author.decide(mail, an_envelope(), route, sender, OWN, values=found.values)
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
        'expected field due "2026-11-02", got none (no line begins with “Due on” and a colon)',
        'expected field total "", got "5"',
    )
