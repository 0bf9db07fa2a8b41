"""The draft of a mail: its files, recipients, flags, note and decisions; and the examples that `check` runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.composing import OWN, Words, a_mail, a_route, a_sender, an_address, an_envelope

from bridge.compose import check, draft, note
from bridge.config.schema import Example
from bridge.facts import ReadReceipt
from bridge.model import Attached, Author, Automatic, Draft, File, Kind, Leaf, Mail, Span, User, Written

ANNA = Author(User("Anna Berg", "anna@example.net"), "From")
BULK = Automatic(Kind.GENERATED, "Precedence: bulk")


def a_file(leaf: int, name: str) -> File:
    return File(
        leaf=leaf, name=name, content_type="image/png", path=Path(name), size_bytes=1234, sha256=f"{leaf}"
    )


def a_leaf(index: int, **given: Any) -> Leaf:
    return Leaf(index=index, section=f"{index + 1}", content_type="image/png", content=Span(0, 9), **given)


def drafted(
    mail: Mail,
    *,
    body: Words | None = None,
    author: Author = ANNA,
    files: tuple[File, ...] = (),
    remarks: tuple[str, ...] = (),
    **route: Any,
) -> Draft:
    return draft.draft(
        mail,
        an_envelope(),
        a_route(**route),
        sender=a_sender(),
        own=OWN,
        recipients=("support+x@example.com",),
        author=author,
        body=body or Words(),
        files=files,
        remarks=remarks,
    )


WITH_PICTURES = a_mail(
    blocks=(Written("Hello", None, (0,)), Attached(1), Attached(2)),
    leaves=(a_leaf(0), a_leaf(1, filename="a.png"), a_leaf(2, filename="b.png")),
)


def test_an_ordinary_mail_needs_no_note() -> None:
    found = drafted(a_mail(), tags=["mail", "mail"])
    assert (found.user, found.subject, found.body) == (ANNA.user, "Broken lamp", "Hello")
    assert (found.note, found.files, found.recipients) == ((), (), ())
    assert found.tags == ("mail",)
    assert not found.suppress_notifications


def test_files_keep_their_order_and_the_body_says_which_are_inline() -> None:
    files = (a_file(2, "b.png"), a_file(1, "a.png"), a_file(-1, "original.eml"))
    found = drafted(WITH_PICTURES, files=files, body=Words(inline=frozenset({1})))
    assert [(file.name, file.inline) for file in found.files] == [
        ("b.png", False),
        ("a.png", True),
        ("original.eml", False),
    ]
    assert found.note == ()


def test_a_part_that_went_nowhere_is_named_in_the_note() -> None:
    """Every leaf ends in the body, as a file, or as a line of the note."""
    found = drafted(WITH_PICTURES, files=(a_file(1, "a.png"),))
    assert found.note == ("Part 3 (image/png, b.png) is neither in the text nor among the files.",)


def test_the_note_has_each_remark_once_and_the_authors_first() -> None:
    author = Author(ANNA.user, "From", ("The address was guessed.",))
    found = drafted(
        a_mail(defects=("The date was guessed.", "A table was flattened.")),
        author=author,
        body=Words(remarks=("A table was flattened.",)),
        remarks=("The mail joins a conversation of others.",),
    )
    assert found.note == (
        "The address was guessed.",
        "The mail joins a conversation of others.",
        "A table was flattened.",
        "The date was guessed.",
    )


def test_what_was_left_out_is_explained_with_its_evidence() -> None:
    found = drafted(a_mail(), body=Words(trimmed=("3 lines left out: known",), unproved=True))
    assert [line.because for line in found.decisions if line.what == "trimming"] == [
        "3 lines left out: known"
    ]
    assert found.unproved


def test_a_subject_that_was_cut_is_whole_in_the_note() -> None:
    """Case 29."""
    long = "lamp " * 1_000
    found = drafted(a_mail(subject=long))
    assert len(found.subject) <= 250
    assert long.strip() in found.note[-1]


# -- notifications ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("automatic", "route", "quiet"),
    [
        (None, {}, False),
        (None, {"quiet": True}, True),
        (BULK, {}, True),
        (BULK, {"automatic": "post"}, False),
        (BULK, {"automatic": "hold"}, True),
        (BULK, {"automatic": "post", "quiet": True}, True),
    ],
)
def test_automatic_mail_is_posted_quietly(
    automatic: Automatic | None, route: dict[str, Any], quiet: bool
) -> None:
    """Case 112; section 3, thread 30."""
    assert drafted(a_mail(automatic=automatic), **route).suppress_notifications is quiet


# -- recipients ------------------------------------------------------------------------------------


def copied(*to: str, **route: Any) -> tuple[str, ...]:
    mail = a_mail(to=tuple(map(an_address, to[:1])), cc=tuple(map(an_address, to[1:])))
    return drafted(mail, **({"copy_recipients": True} | route)).recipients


def test_nobody_is_copied_unless_the_route_says_so() -> None:
    assert copied("bo@example.net", copy_recipients=False) == ()


def test_people_in_to_and_cc_are_copied_once_in_lower_case() -> None:
    assert copied("Bo@Example.net", "cy@example.net", "bo@example.net") == (
        "bo@example.net",
        "cy@example.net",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("List-Post", "<mailto:users@lists.example>"),
        ("List-Post", "<mailto:Users@lists.example?subject=x>, <https://lists.example/users>"),
        ("List-Id", "Users of the lamp <users.lists.example>"),
        ("X-BeenThere", "users@lists.example"),
        ("Mailing-list", "list users@lists.example; contact users+owners@lists.example"),
    ],
)
def test_a_mail_list_takes_no_part(field: str, value: str) -> None:
    mail = a_mail(
        to=(an_address("users@lists.example"), an_address("bo@example.net")), headers=((field, value),)
    )
    assert drafted(mail, copy_recipients=True).recipients == ("bo@example.net",)


@pytest.mark.parametrize(
    "email",
    [
        "support@example.com",
        "SALES+token@example.com",
        "support+x@example.com",
        "anna@example.net",
        "unknown@invalid.example",
        "no-reply@shop.example",
        "noreply-orders@shop.example",
        "MAILER-DAEMON@mx.example",
        "acme@reamaze.com",
        "not an address",
        "",
    ],
)
def test_neither_ours_nor_the_author_nor_machines_are_copied(email: str) -> None:
    """Cases 16, 17 and 120."""
    assert copied(email) == ()


def test_an_address_the_route_itself_takes_is_not_copied() -> None:
    assert copied("other@example.com", "bo@example.net", recipients=["@example.com"]) == ("bo@example.net",)


def test_a_hundred_recipients_are_capped_and_counted() -> None:
    """Case 120."""
    mail = a_mail(to=tuple(an_address(f"p{number}@example.net") for number in range(100)))
    found = drafted(mail, copy_recipients=True, max_copied=20)
    assert len(found.recipients) == 20
    assert found.note == ("80 further recipients of the mail are not copied; recipients.txt names them.",)


def test_automatic_mail_copies_nobody() -> None:
    mail = a_mail(to=(an_address("bo@example.net"),), automatic=BULK)
    assert drafted(mail, copy_recipients=True).recipients == ()


# -- the subject ----------------------------------------------------------------------------------


def test_a_subject_that_the_conversation_does_not_say_stands_above_the_words() -> None:
    mail = a_mail(subject="[RESOLVED] High *load*")
    found = draft.headed(drafted(mail), mail, mail.subject, "[FIRING] High load")
    assert found.body == "**Subject:** [RESOLVED] High \\*load\\*\n\nHello"
    assert (
        found.decisions[-1].because == "above the words, for the conversation is called “[FIRING] High load”"
    )
    assert draft.headed(drafted(mail), mail, mail.subject, "[RESOLVED] High *load*").body == "Hello"


def test_a_report_needs_no_subject_above_its_words() -> None:
    mail = a_mail(subject="Undelivered mail", facts=(ReadReceipt(leaf=0),))
    assert draft.headed(drafted(mail), mail, mail.subject, "Broken lamp").body == "Hello"


# -- decisions -------------------------------------------------------------------------------------


def test_every_decision_is_explained() -> None:
    mail = a_mail(blocks=WITH_PICTURES.blocks, leaves=WITH_PICTURES.leaves, automatic=BULK)
    found = drafted(
        mail, files=(a_file(1, "a.png"), a_file(-1, "original.eml")), body=Words(inline=frozenset({1}))
    )
    explained = {decision.what: decision.because for decision in found.decisions}
    assert explained["author"] == "anna@example.net: From"
    assert explained["body"] == "text of 1 (image/png)"
    assert explained["file a.png"] == "shown in the body: 2 (image/png, a.png), 1,234 bytes"
    assert explained["file original.eml"] == "attached: made by the bridge, 1,234 bytes"
    assert "3 (image/png, b.png)" in explained["part"]
    assert "Precedence: bulk" in explained["notifications"]


# -- the note --------------------------------------------------------------------------------------


def test_nothing_to_say_makes_no_note() -> None:
    assert note.render(()) == ""
    assert note.render(("", "  ")) == ""
    assert note.lines(("", " \n ")) == ()


def test_a_note_is_a_short_list_with_the_mails_id() -> None:
    assert (
        note.render(("One.", "Two\nlines."), mail_id="01abc")
        == "Mail bridge, mail 01abc:\n\n- One.\n- Two lines."
    )


def test_a_note_shows_the_senders_markup_as_text() -> None:
    rendered = note.render(("<b>[x](http://e.example)</b> *a* `b`\n# c",))
    assert rendered.splitlines()[2:] == ["- \\<b\\>\\[x\\](http://e.example)\\</b\\> \\*a\\* \\`b\\` \\# c"]


def test_a_flood_of_remarks_is_cut_and_counted() -> None:
    found = note.lines([f"Part {number} was skipped." for number in range(500)] + ["x" * 9_000])
    assert len(found) == note.MAX_LINES
    assert found[-1] == "482 further remarks are left out."
    assert all(len(line) <= note.MAX_CHARS for line in found)


# -- examples of a route ---------------------------------------------------------------------------

RULES: dict[str, Any] = {
    "author": [
        {"use": "body", "when_from": ["shop@example.org"], "email": "E-mail:"},
        {"use": "header", "email": "X-By"},
    ],
    "conversation": {
        "patterns": [
            {"match": r"Order (\w+)", "key": "order-{1}"},
            {"match": r"Case (\d+)", "slug": "case-{1}", "adopt": "always"},
        ]
    },
}


@pytest.mark.parametrize(
    "example",
    [
        {"from": "Shop <shop@example.org>", "body": "E-mail: Bo@example.net", "author": "bo@example.net"},
        {"headers": {"X-By": "bo@example.net"}, "author": "Bo@example.net"},
        {"author": "customer@example.net"},
        {"subject": "Re: Order A7", "key": "order-A7"},
        {"subject": "Case 12", "slug": "case-12"},
        {"subject": "Lamp"},
    ],
)
def test_an_example_that_holds_is_silent(example: dict[str, Any]) -> None:
    assert check.run(a_route(**RULES), Example.model_validate(example)) == ()


def test_an_example_that_does_not_hold_says_what_came_instead() -> None:
    example = Example.model_validate(
        {"subject": "Order A7", "author": "bo@example.net", "key": "order-b", "slug": "case-1"}
    )
    wrong = check.run(a_route(**RULES), example)
    assert wrong == (
        'expected author "bo@example.net", got "customer@example.net" (From, as no rule found another; the rule body is only '
        "for mail from shop@example.org, and this is from customer@example.net; the rule header finds none: the mail has no "
        "header field X-By)",
        'expected key "order-b", got "order-a7"',
        'expected slug "case-1", got none (the pattern Case (\\d+) fits nowhere in “Order A7” (subject))',
    )


FORM: dict[str, Any] = {
    "fields": [
        {"name": "order", "label": "Order no."},
        {"name": "total", "label": "Total", "type": "number"},
        {"name": "host", "use": "header", "label": "X-Host"},
        {"name": "case", "use": "subject", "match": r"Case (\d+)"},
    ],
    "author": [
        {"use": "reply-to"},
        {"use": "body", "email": "E-mail", "name": "Name"},
        {"use": "fields", "email": "{order}@shop.example"},
    ],
    "subject": "Order {order}",
    "tags": ["{host}"],
    "conversation": {"key": "{order}", "patterns": [{"match": r"Case (\d+)", "key": "case-{1}"}]},
}


def test_an_example_may_expect_a_name_a_subject_tags_and_that_there_is_no_key() -> None:
    body = "Order no.: 7\nE-mail: kim@roe.example\nName: Kim Roe"
    good = {
        "body": body,
        "headers": {"X-Host": "web01"},
        "author_name": "Kim Roe",
        "new_subject": "Order 7",
        "tags": ["web01"],
        "key": "7",
    }
    assert check.run(a_route(**FORM), Example.model_validate(good)) == ()
    assert check.run(a_route(**FORM), Example.model_validate({"body": "Hello", "key": "", "tags": []})) == ()
    wrong = {"body": body, "author_name": "Kim", "new_subject": "Order", "tags": ["web01"], "key": ""}
    assert check.run(a_route(**FORM), Example.model_validate(wrong)) == (
        'expected author_name "Kim", got "Kim Roe" (rule body E-mail)',
        'expected new_subject "Order", got "Order 7"',
        'expected key "", got "7" (the pattern Case (\\d+) fits nowhere in “” (subject))',
        'expected tags "web01", got none ({host} lacks host: the mail has no header field X-Host)',
    )


@pytest.mark.parametrize(
    ("mail", "expected", "cause"),
    [
        (
            {"body": "Order number: 7"},
            {"order": "7"},
            "begins with “Order no.” and a colon; the nearest is “Order number”",
        ),
        ({"body": "Hello"}, {"order": "7"}, "no line begins with “Order no.” and a colon)"),
        ({"body": "Order no.:\nTotal: 8"}, {"order": "7"}, "nothing stands behind “Order no.” in this mail"),
        (
            {"body": "Total: 1,200"},
            {"total": "1200"},
            "“1,200” is no number, or could be two; `type: number-comma` or",
        ),
        (
            {"headers": {"X-Hosts": "web01"}},
            {"host": "web01"},
            "no header field X-Host; the nearest is “X-Hosts”",
        ),
        (
            {"subject": "case 8"},
            {"case": "8"},
            "fits nowhere in “case 8” (subject); it does but for its capitals: begin it with",
        ),
        ({"subject": ""}, {"case": "8"}, "the mail's subject is empty"),
    ],
)
def test_an_example_names_the_cause_and_what_is_nearest(
    mail: dict[str, Any], expected: dict[str, str], cause: str
) -> None:
    (said,) = check.run(a_route(**FORM), Example.model_validate({**mail, "fields": expected}))
    assert "got none (" in said
    assert cause in said


def test_an_example_says_why_each_rule_found_no_author() -> None:
    example = Example.model_validate({"body": "E-mail: unknown", "author": "kim@roe.example"})
    (said,) = check.run(a_route(**FORM), example)
    assert said == (
        'expected author "kim@roe.example", got "customer@example.net" (From, as no rule found another; '
        "the rule reply-to finds none: the mail has no Reply-To; "
        "the rule body finds none: “unknown” is no address; "
        "the rule fields finds none: {order}@shop.example lacks order: no line begins with “Order no.” and a colon)"
    )


def test_an_address_of_ours_is_no_author_in_an_example_either() -> None:
    example = Example.model_validate(
        {"headers": {"Reply-To": "support@example.com"}, "author": "support@example.com"}
    )
    route = a_route(author=[{"use": "reply-to"}])
    assert check.run(route, example) == ()
    (said,) = check.run(route, example, own=OWN)
    assert said.endswith("the rule reply-to finds none: support@example.com is an address of ours)")
