"""Who wrote it, a machine or a human: on what evidence, and on what not."""

from __future__ import annotations

import pytest
from support.mails import mail as mail_of
from support.mails import mixed, part, plain

from bridge import mail
from bridge.model import Kind

MACHINES = [
    (57, "<>", ["Auto-Submitted: auto-generated"], Kind.GENERATED),
    (59, "ann@example.com", ["X-Failed-Recipients: bob@example.com"], Kind.BOUNCE),
    (109, "ann@example.com", ["Auto-Submitted: auto-replied"], Kind.REPLY),
    (109, "ann@example.com", ["Auto-Submitted: auto-replied (vacation); x=y"], Kind.REPLY),
    (109, "ann@example.com", ["Auto-Submitted: Auto-Generated"], Kind.GENERATED),
    (109, "ann@example.com", ["Auto-Submitted: auto-notified"], Kind.GENERATED),
    (
        109,
        "ann@example.com",
        ["Auto-Submitted: auto-generated", "Subject: Automatic reply: Order"],
        Kind.REPLY,
    ),
    (109, "ann@example.com", ["X-Autoreply: yes"], Kind.REPLY),
    (109, "ann@example.com", ["X-Autorespond: holiday"], Kind.REPLY),
    (109, "ann@example.com", ["X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent"], Kind.REPLY),
    (109, "ann@example.com", ["Precedence: auto_reply"], Kind.REPLY),
    (109, "ann@example.com", ["Precedence: bulk"], Kind.GENERATED),
    (109, "ann@example.com", ["Precedence: junk"], Kind.GENERATED),
    (112, "ann@example.com", ["Subject: Automatic reply: Order 7"], Kind.REPLY),
    (112, "ann@example.com", ["Subject: Out of Office: Order 7"], Kind.REPLY),
    (112, "ann@example.com", ["Subject: =?utf-8?Q?Automatische_Antwort=3A_Auftrag?="], Kind.REPLY),
    (112, "ann@example.com", ["Subject: Réponse automatique : commande"], Kind.REPLY),
    *(
        (112, "ann@example.com", [f"Subject: {words}: 7"], Kind.REPLY)
        for words in (
            "Automatikus válasz",
            "Răspuns automat",
            "Αυτόματη απάντηση",
            "תשובה אוטומטית",
            "رد تلقائي",
            "自动回复",
            "自動返信",
            "부재중 자동 회신",
            "Fuori sede",
            "Thư trả lời tự động",
            "Автоматична відповідь",
            "Afwezigheidsbericht",
        )
    ),
    (
        109,
        "reports@example.com",
        ["Subject: Report Domain: shop.example Submitter: example.com Report-ID: <1.2>"],
        Kind.GENERATED,
    ),
    (
        109,
        "reports@example.com",
        ["Subject: Report domain: a.example Submitter: b.example Report-ID: 7"],
        Kind.GENERATED,
    ),
    (109, "pec@example.com", ["X-Ricevuta: avvenuta-consegna"], Kind.GENERATED),
    (59, "MDaemon@example.com", ["Return-Path: <>", "Subject: Permanent Delivery Failure"], Kind.BOUNCE),
    (113, "ann@example.com", ["Return-Path: <>"], Kind.GENERATED),
    (113, "MAILER-DAEMON@example.com", [], Kind.BOUNCE),
    (113, "Mail Delivery <Mailer-Daemon@example.com>", ["Auto-Submitted: no"], Kind.BOUNCE),
    (113, "postmaster@example.com", [], Kind.GENERATED),
    (113, "postmaster@example.com", ["Subject: Undeliverable: Order"], Kind.BOUNCE),
    (113, "postmaster@example.com", ["Return-Path: <>"], Kind.BOUNCE),
    (59, None, ["Return-Path: <>", "Subject: Delivery Status Notification (Failure)"], Kind.BOUNCE),
]
HUMANS = [
    (109, ["Auto-Submitted: no"]),
    (109, ["Auto-Submitted: no (not at all)", "Precedence: bulk"]),
    (110, ["Precedence: list", "List-Id: <users.example.com>"]),
    (111, ["X-Auto-Response-Suppress: All"]),
    (111, ["X-Auto-Response-Suppress: DR, OOF, AutoReply"]),
    (109, ["X-Autoreply: no"]),
    (112, ["Subject: Re: Automatic reply: Order 7"]),
    (112, ["Subject: Fuori sede la luce è rotta"]),
    (112, ["Subject: Out of office next week, please call"]),
    (113, ["Subject: Undeliverable: what does this mean?"]),
    (109, ["Subject: Report domain: our new one"]),
    (113, ["Return-Path: <ann@example.com>"]),
    (109, []),
]


@pytest.mark.parametrize(("case", "author", "lines", "kind"), MACHINES)
def test_machines_are_known(case: int, author: str | None, lines: list[str], kind: Kind) -> None:
    found = mail.parse(mail_of(*lines, author=author))
    assert found.automatic is not None
    assert found.automatic.kind is kind
    assert found.automatic.because


@pytest.mark.parametrize(("case", "lines"), HUMANS)
def test_humans_are_not_taken_for_machines(case: int, lines: list[str]) -> None:
    assert mail.parse(mail_of(*lines)).automatic is None


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        ("delivery-status", Kind.BOUNCE),
        ("disposition-notification", Kind.RECEIPT),
        ("feedback-report", Kind.ABUSE),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_reports_are_known_by_their_type_or_part(report: str, kind: Kind, declared: bool) -> None:
    """Cases 57 and 58."""
    raw = mixed(plain("Sorry"), part(f"Content-Type: message/{report}", body="Action: failed"), kind="report")
    raw = (
        raw.replace(b"multipart/report;", f"multipart/report; report-type={report};".encode())
        if declared
        else raw
    )
    found = mail.parse(raw)
    assert found.automatic is not None
    assert (found.automatic.kind, found.automatic.because) == (
        kind,
        f"multipart/report; report-type={report}",
    )


def test_a_report_in_an_ordinary_multipart_is_a_bounce() -> None:
    """Case 57."""
    found = mail.parse(
        mixed(plain("Sorry"), part("Content-Type: message/delivery-status", body="Action: failed"))
    )
    assert found.automatic is not None
    assert found.automatic.kind is Kind.BOUNCE


def test_a_bounce_somebody_forwards_is_a_human_mail() -> None:
    """Case 57: the report lies within the attached mail."""
    bounce = mixed(plain("Sorry"), part("Content-Type: message/delivery-status", body="x"), kind="report")
    raw = mixed(
        plain("What is this?"), part("Content-Type: message/rfc822", body=bounce.replace(b"b-7f3a", b"inner"))
    )
    assert mail.parse(raw).automatic is None


def test_so_is_one_whose_parts_were_taken_along_as_files() -> None:
    """Case 57: there is no multipart/report, and the subject says that somebody passes it on."""
    parts = (plain("What is this?"), part("Content-Type: message/delivery-status", body="Action: failed"))
    raw = b"Subject: Fwd: Undelivered Mail Returned to Sender\n" + mixed(*parts)
    assert mail.parse(raw).automatic is None


def test_the_evidence_is_named() -> None:
    found = mail.parse(mail_of("Auto-Submitted: auto-replied (vacation)"))
    assert found.automatic is not None
    assert found.automatic.because == "Auto-Submitted: auto-replied"
