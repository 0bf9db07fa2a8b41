"""The mail's own fields: words, folds, ids, dates, and what a broken line does to its neighbours."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from support.mails import mail as mail_of

from bridge import mail
from bridge.mail import Limits, words
from bridge.model import Written


def subject(value: str | bytes, *lines: str, hint: str | None = None) -> str:
    raw = value.encode() if isinstance(value, str) else value
    extra = (f"Content-Type: text/plain; charset={hint}",) if hint else ()
    return mail.parse(mail_of(b"Subject: " + raw, *lines, *extra)).subject


@pytest.mark.parametrize(
    ("case", "value", "text"),
    [
        (0, "Hello", "Hello"),
        (0, "=?utf-8?Q?Caf=C3=A9_cr=C3=A8me?=", "Café crème"),
        (0, "=?UTF-8?b?R3LDvMOfZQ==?= aus Wien", "Grüße aus Wien"),
        (0, "Re: =?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Re: Grüße"),
        (0, "=?utf-8?Q?a?=b =?utf-8?Q?c?=", "ab c"),
        (12, "=?x-martian?Q?na=EFve?=", "naïve"),
        (24, "a\0b\x07c \u202egnp.exe\u202c 🎉👩\u200d💻", "abc gnp.exe 🎉👩\u200d💻"),
        (25, "Grüße", "Grüße"),
        (25, "Grüße".encode("cp1252"), "Grüße"),
        (25, "“smart” – €5".encode("cp1252"), "“smart” – €5"),
        (26, "=?us-ascii?Q?ABC / 123?=", "ABC / 123"),
        (26, "=?utf-8?B?R3LD vMOf ZQ==?=", "Grüße"),
        (27, "=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?=", "Grüße"),
        (27, "=?utf-8?B?R3LD?=\r\n =?utf-8?B?vMOfZQ==?=", "Grüße"),
        (27, "=?utf-8?B?R3LDv?= =?utf-8?B?MOfZQ==?=", "Grüße"),
        (27, "=?utf-8?B?R3LD?= =?UTF-8?Q?=BC=C3=9Fe?=", "Grüße"),
        (28, b"=?gb2312?B?" + b64encode("喆和€".encode("gb18030")) + b"?=", "喆和€"),
        (29, "folded\r\n\t  with\r\n odd\t\tblanks", "folded with odd blanks"),
        (80, "=?iso-2022-jp?B?GyRCLSEbKEI=?=", "①"),
        (80, "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?iso-2022-jp?B?GyRCOGwbKEI=?=", "日本語"),
        (79, "=?cp-850?Q?caf=82?=", "café"),
        (79, "=?utf8?Q?=C3=A9?= =?iso-8859-1?Q?=93=E9=94?=", "é“é”"),
        (27, "=?utf-8?Q?Gr=C3=?= =?utf-8?Q?BC=C3=9Fe?=", "Grüße"),
        (27, "=?utf-8?Q?Gr=C?= =?utf-8?Q?3=BC=C3=9Fe?=", "Grüße"),
        (75, "=?utf-8?B?R3LDvA==w59l?=", "Grüße"),
        (29, "=?utf-8?Q?Gr=C3=BC=C3=9Fe_a", "Grüße a"),
        (29, "=?utf-8?Q?Hello?= =?utf-8?B?R3LDvMOfZQ", "HelloGrüße"),
        (29, "=?utf-8?Q?Gr=C3=BC=C3=9Fe?", "Grüße"),
        (0, "=?utf-8?Q?open question", "=?utf-8?Q?open question"),
        (0, "=?martian?Q?open", "=?martian?Q?open"),
        (0, "=?utf-8?X?no?= =?=", "=?utf-8?X?no?= =?="),
        (0, "100% =?= what?=", "100% =?= what?="),
    ],
)  # fmt: skip
def test_a_subject(case: int, value: str | bytes, text: str) -> None:
    assert subject(value) == text


def test_raw_text_is_read_by_the_charset_of_the_mail() -> None:
    """Case 25: 8-bit text without any charset, in a mail whose body names one."""
    assert subject("Привет из Москвы".encode("koi8-r"), hint="koi8-r") == "Привет из Москвы"


def test_raw_text_is_read_by_the_charset_that_the_body_is_in() -> None:
    """Case 25: three letters tell nothing of themselves, a body without a charset does."""
    body = "Здравствуйте! Во вложении акт сверки.".encode("cp1251")
    found = mail.parse(
        mail_of("Subject: Акт".encode("cp1251"), author="Яна <y@x.example>".encode("cp1251"), body=body)
    )
    assert (found.subject, found.authors[0].name) == ("Акт", "Яна")


def test_a_subject_is_cut_at_its_limit_and_told() -> None:
    """Case 29."""
    found = mail.parse(mail_of("Subject: " + "x" * 12_000))
    assert len(found.subject) == 10_000
    assert any("subject" in defect for defect in found.defects)


@pytest.mark.parametrize("line", ["", "Subject:", "Subject:   "])
def test_no_subject_is_an_empty_one(line: str) -> None:
    """Cases 23 and 40."""
    assert mail.parse(mail_of(line) if line else mail_of()).subject == ""


def test_55_000_words_are_joined_in_one_pass() -> None:
    text = words.decode(b"=?utf-8?Q?=C3=A9?= " * 55_000)
    assert text.strip() == "é" * 55_000


@pytest.mark.parametrize(
    ("case", "value", "wanted"),
    [
        (33, "", None),
        (34, "<abc@example.com>", "abc@example.com"),
        (34, "  < abc@\r\n example.com >  ", "abc@example.com"),
        (34, "abc@example.com", "abc@example.com"),
        (34, "<abc>", "abc"),
        (34, "<abc@example.com", "abc@example.com"),
        (34, "<<abc@example.com>>", "abc@example.com"),
        (19, "<[b378f]@example.com>", "[b378f]@example.com"),
        (40, "<>", None),
    ],
)
def test_a_message_id(case: int, value: str, wanted: str | None) -> None:
    assert mail.parse(mail_of(f"Message-ID: {value}")).message_id == wanted


def test_long_ids_stay_different_and_bounded() -> None:
    """Case 34."""
    one, two = (
        mail.parse(mail_of(f"Message-ID: <{'x' * 900}{tail}@example.com>")).message_id for tail in "ab"
    )
    assert one is not None
    assert two is not None
    assert one != two
    assert len(one) == len(two) == 500


@pytest.mark.parametrize(
    ("case", "value", "wanted"),
    [
        (36, "", ()),
        (36, "<a@x.example> <b@x.example>", ("a@x.example", "b@x.example")),
        (36, 'Your message of "Mon, 2 Nov" <a@x.example>', ("a@x.example",)),
        (36, "Your message of Monday", ()),
        (36, "a@x.example", ("a@x.example",)),
        (37, "<a@x.example>,<b@x.example>,\r\n <a@x.example>", ("a@x.example", "b@x.example")),
        (37, "<a@x.example> <> <b@x\r\n .example>", ("a@x.example", "b@x.example")),
        (37, "<a@x.example <b@x.example>", ("a@x.example", "b@x.example")),
    ],
)
def test_ids_this_mail_answers(case: int, value: str, wanted: tuple[str, ...]) -> None:
    found = mail.parse(mail_of(f"In-Reply-To: {value}", f"References: {value}"))
    assert found.in_reply_to == wanted
    assert found.references == wanted


def test_of_200_references_the_first_and_the_newest_are_kept() -> None:
    """Case 37."""
    found = mail.parse(mail_of("References: " + " ".join(f"<{n}@x.example>" for n in range(200))))
    assert len(found.references) == 100
    assert found.references[0] == "0@x.example"
    assert found.references[-1] == "199@x.example"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("Mon, 2 Nov 2026 10:30:00 +0100", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
        ("2 Nov 2026 09:30 GMT (a comment)", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
        ("Mon, 2 Nov 2026 09:30:00 -0000", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
        ("Sun, 2 Nov 97 09:30:00 +0000", datetime(1997, 11, 2, 9, 30, tzinfo=UTC)),
        ("2026-11-02T09:30:00Z", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
        ("2026-11-02 10:30:00+01:00", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
        ("2026-11-32T09:30:00Z", None),
        ("Mon, 2 Nov 2026 59:10 +0000", None),
        ("yesterday", None),
        ("Mon, 2 Nov 99999 09:30:00 +0000", None),
        ("Thu, 1 Jan 1925 00:00:00 +0000", None),
    ],
)
def test_a_date(value: str, wanted: datetime | None) -> None:
    """Case 31."""
    found = mail.parse(mail_of(f"Date: {value}"))
    assert found.date_at == wanted
    assert any("date" in defect for defect in found.defects) == (wanted is None)
    assert found.header("date") == value


def test_a_missing_date_is_no_defect() -> None:
    """Case 31."""
    assert mail.parse(mail_of()).defects == ()


@pytest.mark.parametrize(
    ("case", "content"),
    [
        (32, b"Resent-Date: never\r\nFrom: ann@example.com\r\nSubject: S\r\n\r\nHello\r\n"),
        (38, b"From ann@example.com Mon Nov  2 09:30:00 2026\nFrom: ann@example.com\nSubject: S\n\nHello\n"),
        (38, b">From ann@example.com Mon Nov  2 09:30:00 2026\nFrom: ann@example.com\nSubject: S\n\nHello\n"),
        (38, b"\r\n\r\nFrom: ann@example.com\r\nSubject: S\r\n\r\nHello\r\n"),
        (38, b"\xef\xbb\xbfFrom: ann@example.com\r\nSubject: S\r\n\r\nHello\r\n"),
        (39, b"From: ann@example.com\r\nno colon here\r\nSubject: S\r\n\r\nHello\r\n"),
        (38, b"From: ann@example.com\n>From ann@example.com Mon Nov  2 09:30:00 2026\nSubject: S\n\nHello\n"),
        (39, b"From : ann@example.com\r\nSubject \t: S\r\n\r\nHello\r\n"),
        (39, "X-Prüfung: 1\r\nFrom: ann@example.com\r\nSubject: S\r\n\r\nHello\r\n".encode()),
        (39, b" From: ann@example.com\r\nSubject: S\r\n\r\nHello\r\n"),
        (39, b"From: ann@example.com\r\nSubject: S\r\nHello\r\n"),
        (42, b"From: ann@example.com\nSubject: S\n\nHello\n"),
        (42, b"From: ann@example.com\r\nSubject: S\n\r\nHello\n"),
        (42, b"From: ann@example.com\r\r\nSubject: S\r\r\n\r\r\nHello\r\r\n"),
    ],
)
def test_broken_lines_leave_their_neighbours_alone(case: int, content: bytes) -> None:
    found = mail.parse(content)
    assert [author.email for author in found.authors] == ["ann@example.com"]
    assert found.subject == "S"
    (block,) = found.blocks
    assert getattr(block, "text", "").strip() == "Hello"


@pytest.mark.parametrize(
    "content",
    [
        b"From now on the door is closed.\r\nPlease ring.\r\n",
        b"Subject: S\r\nFrom now on the door is closed.\r\nPlease ring.\r\n",
    ],
)
def test_words_that_begin_like_a_line_of_mbox_are_words(content: bytes) -> None:
    """Devices and scripts leave out the header, or the empty line behind it."""
    (block,) = mail.parse(content).blocks
    assert getattr(block, "text", "") == "From now on the door is closed.\nPlease ring.\n"


def test_an_indented_first_field_is_not_lost_in_the_trace_field_before_it() -> None:
    trace = b"Received: from kiosk (192.0.2.7)\r\n\tby mx.example.com with SMTP id 1;\r\n\tMon, 2 Nov 2026 09:30:00 +0000\r\n"
    found = mail.parse(trace + b"  From: kiosk@example.com\r\nSubject: Paper\r\n\r\nIt is out of paper.\r\n")
    assert [address.email for address in found.authors] == ["kiosk@example.com"]
    assert found.subject == "Paper"
    assert (found.header("received") or "").endswith("09:30:00 +0000")
    assert found.blocks == (Written("It is out of paper.\n", None, (0,)),)


def test_a_skipped_header_line_is_told() -> None:
    """Case 39."""
    found = mail.parse(b"From: ann@example.com\nno colon here\nSubject: S\n\nHello\n")
    assert found.defects == ("A header line is no field and was skipped: 'no colon here'.",)


def test_prose_without_any_header_is_the_body() -> None:
    found = mail.parse(b"Dear team,\nplease note: the lift is stuck.\n\nAnn")
    assert found.headers == ()
    assert getattr(found.blocks[0], "text", "") == "Dear team,\nplease note: the lift is stuck.\n\nAnn"


def test_a_parameter_that_lost_its_fold_still_counts() -> None:
    found = mail.parse(b'Content-Type: application/pdf;\nname="offer.pdf"\nSubject: S\n\nx')
    assert found.leaves[0].filename == "offer.pdf"


def test_fields_are_kept_decoded_in_order() -> None:
    found = mail.parse(mail_of("X-Order: =?utf-8?Q?=C3=A9?=", "x-order: two", "X-Empty:"))
    assert found.headers[1:] == (("X-Order", "é"), ("x-order", "two"), ("X-Empty", ""))
    assert found.header("X-ORDER") == "é"
    assert found.header("x-empty") is None


class TestLimits:
    """Case 41."""

    def test_fields_are_counted(self) -> None:
        found = mail.parse(b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\nHello")
        assert len(found.headers) == 1000
        assert "Only the first 1000 header fields were read." in found.defects

    def test_a_field_is_cut(self) -> None:
        found = mail.parse(mail_of("X-Long: " + "y" * 200_000, "Subject: S"))
        assert len(found.header("x-long") or "") == 64 * 1024
        assert found.subject == "S"

    def test_a_header_is_cut_and_the_body_is_found_behind_it(self) -> None:
        found = mail.parse(b"Subject: S\r\n" + b"X: y\r\n" * 100_000 + b"\r\nHello", Limits(fields=10**6))
        assert found.subject == "S"
        assert getattr(found.blocks[0], "text", "") == "Hello"
        assert any("was cut to 262144" in defect for defect in found.defects)

    def test_defects_are_bounded(self) -> None:
        found = mail.parse(b"".join(b"odd %d\nX-%d: y\n" % (n, n) for n in range(900)) + b"\n")
        assert len(found.defects) <= 101
