"""What the agreement run calls equal, and that it finds what is not: a measure that cannot fail measures nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from agreement import cases, comparing, sending, words
from agreement.sending import Fetched, Posted, Sent

CONTENT = (
    b"From: Ann Lee <ann@customer.example>\nTo: support@example.com\nSubject: Broken lamp\n"
    b"Message-ID: <1@customer.example>\n\nIt does *not* shine.\n"
)
FILE = Fetched("lamp.txt", "text/plain", b"one\r\ntwo\r\n")
PICTURE = Fetched("lamp.png", "image/png", b"png")
POSTED = {
    "state": "delivered",
    "subject": "Broken lamp",
    "user_name": "Ann Lee",
    "user_email": "ann@customer.example",
    "body": "It does \\*not\\* shine.",
    "files": (FILE,),
    "pictures": (PICTURE,),
}


def compared(expected: dict[str, Any], **changed: Any) -> list[str]:
    """The fields that differ."""
    posted = Posted(**(POSTED | changed))
    case = cases.Case("lamp", CONTENT.replace(b"\n", b"\r\n"), expected)
    _, differences = comparing.compare([Sent(case, "", dict.fromkeys(sending.CHOICES, posted))])
    return [difference.field for difference in differences]


@pytest.mark.parametrize(
    ("field", "equal", "other"),
    [
        ("from_email", "Ann@Customer.example", "ann@other.example"),
        ("from_name", "Ann  Lee", "Ann"),
        ("subject", "Broken lamp", "broken lamp"),
        ("to", ["support@example.com"], ["sales@example.com"]),
        ("message_id", "<1@customer.example>", "2@customer.example"),
        ("in_reply_to", "", "<0@customer.example>"),
        ("is_auto_reply", False, True),
        ("body_text", "It does not\nshine", "It does shine"),
        ("body_text", "<p>It does <b>not</b> shine.</p>", "<p>It does</p>"),
        ("_body_contains", ["does not"], ["did not"]),
        ("reply_text", "It does\nshine.", "shine.\nIt does"),
        ("n_attachments", 1, 0),
        ("n_attachments", 2, 3),
        ("attachment_names", ["lamp.txt", None], ["lamp.txt", "lamp.txt"]),
        ("attachment_sizes", [8, None], [9]),
        ("attachment_sha256", [hashlib.sha256(b"one\ntwo\n").hexdigest()], ["0" * 64]),
    ],
)
def test_a_field_agrees_or_differs(field: str, equal: object, other: object) -> None:
    assert compared({field: equal}) == []
    assert compared({field: other}) == [field]


def test_a_mail_that_is_not_delivered_or_whose_file_is_missing_differs() -> None:
    assert compared({}, state="dead") == ["delivered"]
    assert compared({}, unfetched=("http://files.example/1",)) == ["files fetched"]


def test_a_refused_mail_differs_and_nothing_else_of_it_is_compared() -> None:
    case = cases.Case("lamp", CONTENT, {"subject": "other"})
    shares, (difference,) = comparing.compare([Sent(case, "550 no")])
    assert (difference.field, difference.got) == ("accepted", "550 no")
    assert list(shares) == [("accepted", False)]


def test_what_is_contested_is_counted_apart() -> None:
    case = cases.Case("lamp", CONTENT, {"subject": "other", "_contested": ["subject"]})
    posted = dict.fromkeys(sending.CHOICES, Posted(**POSTED))
    shares, (difference,) = comparing.compare([Sent(case, "", posted)])
    assert difference.contested
    assert shares["subject", True].equal == 0


def test_links_and_pictures_are_no_words() -> None:
    assert (
        words.squeezed(words.of_markdown("a ![lamp](http://x.example/l.png) [b](http://x.example)")) == "ab"
    )


def test_a_folder_is_read_with_the_line_ends_of_a_mail_server(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.eml").write_bytes(b"Subject: a\r\n\nb\n")
    (tmp_path / "set" / "a.expect.json").write_text(json.dumps({"subject": "a"}))
    (tmp_path / "b.eml").write_bytes(b"\n")
    found = list(cases.read(tmp_path))
    assert [(case.name, case.expected) for case in found] == [("b", None), ("set/a", {"subject": "a"})]
    assert found[1].content == b"Subject: a\r\n\r\nb\r\n"


@pytest.mark.anyio
async def test_mails_go_through_a_whole_bridge(tmp_path: Path) -> None:
    boundary = b"--b\n"
    mixed = (
        b"From: Ann <ann@customer.example>\nSubject: Two\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/mixed; boundary=b\n\n"
        + boundary
        + b"Content-Type: text/plain\n\nSee the file.\n"
        + boundary
        + b"Content-Type: application/x-lamp; name=lamp.bin\n\nbytes\n--b--\n"
    )
    expected = {"body_text": "See the file.", "attachment_sizes": [5], "attachment_names": ["lamp.bin"]}
    sent = [
        cases.Case("one", CONTENT.replace(b"\n", b"\r\n"), {"subject": "Broken lamp"}),
        cases.Case("two", mixed.replace(b"\n", b"\r\n"), expected),
        # The same mail again is delivered again: suites overlap.
        cases.Case("three", CONTENT.replace(b"\n", b"\r\n"), {"subject": "other"}),
    ]
    run = await sending.send(sent, tmp_path)
    shares, differences = comparing.compare(run.sent)
    assert [(difference.case, difference.field) for difference in differences] == [("three", "subject")]
    assert shares["delivered", False] == comparing.Share(3, 3)
    assert run.trouble == []


# -- reasons ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "changed", "reason"),
    [
        ({"body_text": "Quite other words."}, {}, "?"),
        ({"subject": "Other"}, {}, "?"),
        ({"body_text": ""}, {}, "the expectation leaves out words that stand in the mail"),
        ({"body_text": "does"}, {}, "all of it was posted, and more of the mail"),
        ({"body_text": "It not\nshine"}, {}, "?"),
        ({"body_text": "It\nnot\nshine."}, {}, "all of it was posted, and more of the mail"),
        ({"subject": "Brokenlamp"}, {}, "blanks between a word and an encoded word are kept"),
        (
            {"body_text": "It cannot =C3=A4=20 shine."},
            {},
            "the expectation holds quoted-printable that it does not decode",
        ),
        ({"body_text": "It cannot shÃ¤ne."}, {}, "the expectation holds bytes in a wrong charset"),
        ({"body_text": "Subject: Broken lamp"}, {}, "the expectation takes a broken header for words"),
        ({"body_text": "Content-Type: text/plain; It"}, {}, "the expectation has MIME among its words"),
        (
            {"body_text": "It does not shine."},
            {"body": "[lamp.jpg](https://x.example/lamp.jpg)\n\nIt does not shine."},
            "pictures without words are named",
        ),
        (
            {"body_text": "Returned."},
            {"body": "**Delivery report: x**"},
            "a report is told in words first, and the original is attached",
        ),
        ({"from_name": ""}, {}, "what the expectation gave up on was read"),
        (
            {"from_name": "Ann Lee <ann@customer.example>"},
            {},
            "completed, as Re:amaze needs a name and an address",
        ),
        ({"attachment_names": ["../lamp.txt"]}, {}, "names were made safe"),
        ({"attachment_names": ["lämp.txt"]}, {}, "a name in no charset was guessed otherwise"),
        ({"attachment_names": ["other.txt"]}, {}, "?"),
        ({"n_attachments": 3}, {}, "a text part is words and no file"),
        ({"n_attachments": 0}, {}, "a part the expectation passes over goes along"),
        ({"n_attachments": 9}, {}, "?"),
    ],
)
def test_a_difference_has_the_reason_that_its_evidence_shows(
    expected: dict[str, Any], changed: dict[str, Any], reason: str
) -> None:
    posted = Posted(**(POSTED | changed))
    case = cases.Case("lamp", CONTENT.replace(b"\n", b"\r\n"), expected)
    shares, (difference,) = comparing.compare([Sent(case, "", dict.fromkeys(sending.CHOICES, posted))])
    assert difference.reason == reason
    assert shares[difference.field, False].explained == (reason != "?")
