"""Reports on earlier mail: deliveries, receipts, complaints; with a part for machines or in words alone. Cases 57, 58, 59."""

from __future__ import annotations

import base64

import pytest
from support import mails, outlook

from bridge import mail
from bridge.facts import AbuseReport, DeliveryReport, Fact, Forwarded, Original, ReadReceipt, Undelivered
from bridge.mail import bounces, reports
from bridge.model import Kind, Mail

STATUS = (
    "Reporting-MTA: dns; mx.shop.example\r\nArrival-Date: Tue, 3 Feb 2026 09:00:00 +0100\r\n\r\n"
    "Final-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Remote-MTA: dns; mail.example.net\r\nDiagnostic-Code: smtp; 550 5.1.1 No such\r\n user here\r\n"
)
ORIGINAL = mails.fields(
    "From: Desk <desk@shop.example>",
    "To: bob@example.net",
    "Subject: =?utf-8?q?Ihre_Anfrage_f=C3=BCr_Lampen?=",
    "Date: Tue, 3 Feb 2026 08:59:00 +0100",
    "Message-ID: <sent-1@shop.example>",
    "In-Reply-To: <asked-1@example.net>",
    "References: <asked-0@example.net> <asked-1@example.net>",
)
TOLD = Original(
    author="Desk <desk@shop.example>",
    recipient="bob@example.net",
    subject="Ihre Anfrage für Lampen",
    date="Tue, 3 Feb 2026 08:59:00 +0100",
    message_id="sent-1@shop.example",
)


def _report(kind: str, status: str, *others: bytes, words: str = "It failed.") -> Mail:
    machine = mails.part(f"Content-Type: message/{kind}", body=status)
    head = ("Return-Path: <>", "Subject: Undeliverable")
    return mail.parse(
        mails.mixed(mails.plain(words), machine, *others, kind=f"report; report-type={kind}", head=head)
    )


def _the(found: Mail) -> Fact:
    (fact,) = found.facts
    return fact


def _bounce(text: str, *head: str) -> Mail:
    return mail.parse(
        mails.mail(
            "Return-Path: <>", "Subject: failure notice", *head, body=text, author="MAILER-DAEMON@mx.example"
        )
    )


# -- with a part for machines ----------------------------------------------------------------------


def test_a_delivery_report_is_read_and_tied_to_the_mail_it_is_about() -> None:
    """Case 57."""
    found = _report(
        "delivery-status", STATUS, mails.part("Content-Type: message/rfc822", body=ORIGINAL + b"\r\nHi")
    )
    assert _the(found) == DeliveryReport(
        leaf=1,
        reporter="mx.shop.example",
        arrived="Tue, 3 Feb 2026 09:00:00 +0100",
        recipients=(
            Undelivered(
                address="bob@example.net",
                action="failed",
                status="5.1.1",
                diagnostic="550 5.1.1 No such user here",
                remote="mail.example.net",
            ),
        ),
        original=TOLD,
    )
    assert found.about == ("sent-1@shop.example", "asked-1@example.net", "asked-0@example.net")
    assert found.automatic is not None
    assert found.automatic.kind is Kind.BOUNCE


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822-headers", "message/global"])
def test_headers_alone_name_the_mail_too(kind: str) -> None:
    """Case 58."""
    found = _report("delivery-status", STATUS, mails.part(f"Content-Type: {kind}", body=ORIGINAL))
    assert found.about[0] == "sent-1@shop.example"
    fact = _the(found)
    assert isinstance(fact, DeliveryReport)
    assert fact.original == TOLD


def test_every_recipient_is_told_to_a_limit() -> None:
    one = "\r\nFinal-Recipient: rfc822;a{n}@example.net\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
    status = "Reporting-MTA: dns; mx\r\n" + "".join(one.format(n=n) for n in range(30))
    fact = _the(_report("delivery-status", status))
    assert isinstance(fact, DeliveryReport)
    assert (len(fact.recipients), fact.further_recipients) == (20, 10)
    assert {recipient.action for recipient in fact.recipients} == {"delayed"}


@pytest.mark.parametrize("status", ["", "Reporting-MTA: dns; mx\r\n", "no fields at all", "\r\n\r\n\r\n"])
def test_a_status_without_recipients_is_only_a_file(status: str) -> None:
    assert _report("delivery-status", status).facts == ()


def test_a_status_hidden_in_the_diagnostic_is_found() -> None:
    found = reports.delivery(
        b"Final-Recipient: rfc822;a@b.example\nAction: failed\nDiagnostic-Code: smtp;550 5.7.1 no\n",
        leaf=0,
        original=None,
    )
    assert found is not None
    assert found.recipients[0].status == "5.7.1"


def test_a_read_receipt_is_read() -> None:
    status = (
        "Reporting-UA: desk.example; Mailer 1\r\nFinal-Recipient: rfc822;bob@example.net\r\n"
        "Original-Message-ID: <sent-1@shop.example>\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n"
    )
    found = _report("disposition-notification", status)
    assert _the(found) == ReadReceipt(
        leaf=1,
        reader="bob@example.net",
        disposition="displayed",
        original=Original(message_id="sent-1@shop.example"),
    )
    assert found.about == ("sent-1@shop.example",)


def test_a_receipt_a_program_sent_says_so() -> None:
    status = "Disposition: automatic-action/MDN-sent-automatically; deleted/error\r\nError: mailbox gone\r\n"
    fact = _the(_report("disposition-notification", status))
    assert isinstance(fact, ReadReceipt)
    assert (fact.automatic, fact.disposition, fact.error) == (True, "deleted", "mailbox gone")


def test_an_abuse_report_is_read() -> None:
    status = (
        "Feedback-Type: abuse\r\nUser-Agent: Loop/1\r\nVersion: 1\r\nOriginal-Mail-From: <desk@shop.example>\r\n"
        "Arrival-Date: Tue, 3 Feb 2026 09:00:00 +0100\r\nSource-IP: 192.0.2.7\r\nReported-Domain: shop.example\r\n"
    )
    found = _report("feedback-report", status, mails.part("Content-Type: message/rfc822", body=ORIGINAL))
    assert _the(found) == AbuseReport(
        leaf=1,
        feedback="abuse",
        reporter="Loop/1",
        source="192.0.2.7",
        arrived="Tue, 3 Feb 2026 09:00:00 +0100",
        about=("shop.example",),
        original=TOLD,
    )
    assert found.about[0] == "sent-1@shop.example"


def test_a_mail_within_a_human_mail_ties_nothing() -> None:
    raw = mails.mixed(mails.plain("See this"), mails.part("Content-Type: message/rfc822", body=ORIGINAL))
    assert mail.parse(raw).about == ()


# -- in words alone --------------------------------------------------------------------------------

QMAIL = """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<bob@example.net>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 User unknown
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Return-Path: <desk@shop.example>
Message-ID: <sent-1@shop.example>
Subject: Your lamps
To: bob@example.net
"""
EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. The following address(es) failed:

  bob@example.net
    SMTP error from remote mail server after RCPT TO:<bob@example.net>:
    host mail.example.net [192.0.2.1]: 552 5.2.2 mailbox full

------ This is a copy of your message, including all the headers. ------

Message-ID: <sent-1@shop.example>
Subject: Your lamps
"""
SENDMAIL = """The original message was received at Tue, 3 Feb 2026 09:00:00 +0100

   ----- The following addresses had permanent fatal errors -----
<bob@example.net>
    (reason: 550 5.1.1 <bob@example.net>... User unknown)

   ----- Transcript of session follows -----
... while talking to mail.example.net.:
"""
EXCHANGE = """Your message

  To:      bob@example.net
  Subject: Your lamps
  Sent:    Tue, 3 Feb 2026 09:00:00 +0100

did not reach the following recipient(s):

bob@example.net on Tue, 3 Feb 2026 09:00:05 +0100
    The e-mail account does not exist at the organization this message was sent to.
    <mail.example.net #5.1.1>
"""


@pytest.mark.parametrize(
    ("text", "status", "named"),
    [(QMAIL, "5.1.1", True), (EXIM, "5.2.2", True), (SENDMAIL, "5.1.1", False), (EXCHANGE, "5.1.1", False)],
)
def test_reports_in_words_are_understood(text: str, status: str, named: bool) -> None:
    """Case 59."""
    found = _bounce(text)
    fact = _the(found)
    assert isinstance(fact, DeliveryReport)
    assert fact.leaf is None
    assert [(one.address, one.action, one.status) for one in fact.recipients] == [
        ("bob@example.net", "failed", status)
    ]
    assert found.about == (("sent-1@shop.example",) if named else ())


@pytest.mark.parametrize(
    "opening",
    [
        "--- Below this line is a copy of the message.\n\n",
        "------ This is a copy of your message, including all the headers. ------\n\n",
        "--- The header of the original message is following. ---\n\n",
        "   ----- Original message follows -----\n\n",
        "",
    ],
)
@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_the_copy_below_the_words_is_a_file_and_tied_like_any_other(opening: str, encoding: str) -> None:
    words = "<bob@example.net>:\n550 5.1.1 User unknown\n\n"
    copy = (
        "Received: from desk by mx; Tue, 3 Feb 2026 09:00:00 +0100\nMessage-ID: <sent-1@shop.example>\n"
        "In-Reply-To: <asked-1@example.net>\nSubject: =?utf-8?Q?Your_lamps_f=C3=BCr?=\n =?utf-8?Q?_M=C3=BCller?=\n"
        "From: desk@shop.example\nContent-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe\n"
    ).encode("latin-1")
    body = (words + opening).encode() + copy
    if encoding == "base64":
        body = base64.encodebytes(body)
    raw = mails.mail(
        "Return-Path: <>",
        "Subject: failure notice",
        f"Content-Transfer-Encoding: {encoding}",
        author="MAILER-DAEMON@mx.example",
        body=body,
    )
    found = mail.parse(raw)
    assert mails.shape(found) == [f"text={words.strip()}", "Your lamps für Müller.eml"]
    assert mails.contents(raw, found) == [copy]
    assert found.about == ("sent-1@shop.example", "asked-1@example.net")
    fact = _the(found)
    assert isinstance(fact, DeliveryReport)
    assert fact.original is not None
    assert fact.original.subject == "Your lamps für Müller"


@pytest.mark.parametrize(
    "below",
    [
        "Original message: none was kept.\nSubject: x\nTo: y\n",
        "Received: yesterday\n",
        "> From: a@b.example\n",
    ],
)
def test_what_is_no_copy_stays_words(below: str) -> None:
    text = f"<bob@example.net>:\n550 5.1.1 User unknown\n\n{below}"
    assert mails.shape(_bounce(text)) == [f"text={text.strip()}"]


def test_a_persons_words_above_a_copy_stay_one() -> None:
    assert len(mails.shape(mail.parse(mails.mail("Subject: Look", body=QMAIL)))) == 1


def _told(text: str, *fields: str) -> list[tuple[str, str, str, str]]:
    fact = _the(_bounce(text, *fields))
    assert isinstance(fact, DeliveryReport)
    return [(one.address, one.action, one.status, one.diagnostic) for one in fact.recipients]


def test_no_status_is_made_up_where_the_server_gave_none() -> None:
    text = EXIM.replace("552 5.2.2 mailbox full", "552 mailbox full")
    [(_, action, status, diagnostic)] = _told(text)
    assert (action, status) == ("failed", "")
    assert diagnostic.endswith("552 mailbox full")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "A message that you sent could not be delivered to one or more of its recipients. This is a\n"
            "permanent error. The following address(es) failed:\n\n  bob@example.net\n    Unrouteable address\n"
            "  eve@example.net\n    (generated from all@example.net)\n    451 try later: retry timeout exceeded\n",
            [
                ("bob@example.net", "failed", "Unrouteable address"),
                (
                    "eve@example.net",
                    "failed",
                    "(generated from all@example.net) 451 try later: retry timeout exceeded",
                ),
            ],
        ),
        (
            "A message that you sent has not yet been delivered to one or more of its recipients\n"
            "after more than 24 hours on the queue on mx.example.\n\n  bob@example.net\n"
            "    Delay reason: Connection timed out\n\nNo action is required on your part.\n",
            [("bob@example.net", "delayed", "Delay reason: Connection timed out")],
        ),
        (
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
            "<bob@example.net>:\nSorry, I couldn't find any host named example.net.\n\n"
            "<eve@example.net>:\nI'm not going to try again; this message has been in the queue too long.\n",
            [
                ("bob@example.net", "failed", "Sorry, I couldn't find any host named example.net."),
                (
                    "eve@example.net",
                    "failed",
                    "I'm not going to try again; this message has been in the queue too long.",
                ),
            ],
        ),
        (
            "Sorry, we were unable to deliver your message.\n\n<bob@example.net>:\n554: delivery error: no account\n",
            [("bob@example.net", "failed", "554: delivery error: no account")],
        ),
        (
            "<bob@example.net>\n    (reason: 550 5.1.1 User unknown)\n",
            [("bob@example.net", "failed", "550 5.1.1 User unknown")],
        ),
        (
            "It could not be delivered.\n\nRecipient: bob@example.net\nReason: 550 5.1.1 unknown\nSubject: Lamps\n",
            [("bob@example.net", "failed", "Reason: 550 5.1.1 unknown")],
        ),
    ],
    ids=["exim", "exim waits", "qmail", "yahoo", "sendmail", "a gateway"],
)
def test_a_servers_own_words_are_the_reason_with_a_code_or_without(
    text: str, told: list[tuple[str, str, str]]
) -> None:
    """Case 59."""
    assert [(address, action, said) for address, action, _, said in _told(text)] == told


def test_an_address_that_only_stands_there_is_no_failure() -> None:
    text = "The mail could not be delivered.\n\nbob@example.net (bob@example.net)\n\nAsk\n\nhelp@example.org\n\nfor help.\n"
    assert _bounce(text).facts == ()


def test_what_is_said_of_the_mail_is_no_reason() -> None:
    assert (
        _bounce("It could not be delivered.\n\nRecipient: bob@example.net\nSubject: Your lamps\n").facts == ()
    )


def test_a_report_that_names_the_mail_it_is_about_is_tied_to_it() -> None:
    status = (
        "Reporting-MTA: dns; mx\r\nX-Original-Message-ID: <sent-1@shop.example>\r\n\r\n"
        "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    )
    assert _report("delivery-status", status).about == ("sent-1@shop.example",)


def test_an_answer_of_several_lines_is_told_without_its_repeated_code() -> None:
    status = (
        "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; "
    )
    status += "550-5.1.1 No such account.\r\n 550-5.1.1 Look for typing\r\n 550 5.1.1 errors. - smtp\r\n"
    found = reports.delivery(status.encode(), leaf=0, original=None)
    assert found is not None
    assert found.recipients[0].diagnostic == "550 5.1.1 No such account. Look for typing errors. - smtp"


def test_a_recipient_that_an_empty_line_cut_in_two_is_one() -> None:
    status = (
        b"Reporting-MTA: dns; x\n\n\nFinal-Recipient: rfc822; a@b.example\n\nAction: failed\nStatus: 5.1.1\n"
    )
    other = b"\nFinal-Recipient: rfc822; c@d.example\nAction: delayed\nStatus: 4.4.1\n"
    found = reports.delivery(status + other, leaf=0, original=None)
    assert found is not None
    assert [(one.address, one.action, one.status) for one in found.recipients] == [
        ("a@b.example", "failed", "5.1.1"),
        ("c@d.example", "delayed", "4.4.1"),
    ]


def test_an_international_report_names_its_recipient_in_unicode() -> None:
    """Case 57, by RFC 6533."""
    status = "Final-Recipient: utf-8; j\\x{F6}rg@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    raw = mails.mixed(
        mails.plain("It failed."),
        mails.part("Content-Type: message/global-delivery-status", body=status),
        kind="report; report-type=global-delivery-status",
    )
    found = mail.parse(raw)
    fact = _the(found)
    assert isinstance(fact, DeliveryReport)
    assert fact.recipients[0].address == "jörg@b.example"
    assert found.automatic is not None
    assert found.automatic.kind is Kind.BOUNCE


def test_a_status_of_blank_lines_costs_no_memory() -> None:
    """A group that may repeat keeps a mark for each time around: 25 MB for half a megabyte."""
    content = b"a: b\n" + b" \n" * 250_000
    assert mails.peak(lambda: reports.groups(content)) < 6 * len(content)


def test_failed_recipients_of_the_header_are_told() -> None:
    found = _bounce(
        "The account that you tried to reach is over quota. 452-4.2.2\n",
        "X-Failed-Recipients: a@b.example, c@d.example",
    )
    fact = _the(found)
    assert isinstance(fact, DeliveryReport)
    assert [(one.address, one.status) for one in fact.recipients] == [
        ("a@b.example", "4.2.2"),
        ("c@d.example", "4.2.2"),
    ]


def test_a_bounce_without_from_is_recognised() -> None:
    found = mail.parse(mails.mail("Return-Path: <>", "Subject: failure notice", body=QMAIL, author=None))
    assert isinstance(_the(found), DeliveryReport)


def test_words_of_people_are_no_report() -> None:
    assert mail.parse(mails.mail("Subject: Hello", body=QMAIL)).facts == ()
    assert _bounce("Sorry.\n\nbob@example.net\n\nwrote to us in 2026.").facts == ()


def test_a_diagnosis_ends_with_its_paragraph() -> None:
    found = bounces.read(
        "<a@b.example>: 550 5.1.1 unknown\n\n<c@d.example>: host mx.d.example said: 452 4.2.2 full\n", b""
    )
    assert found is not None
    assert [(one.diagnostic, one.remote) for one in found.recipients] == [
        ("550 5.1.1 unknown", ""),
        ("host mx.d.example said: 452 4.2.2 full", "mx.d.example"),
    ]


# -- envelopes and forwards ------------------------------------------------------------------------


def _journal(*head: str, inner: bytes | None = None) -> Mail:
    said = mails.plain(
        "Sender: ann@example.com\r\nSubject: Plan\r\nRecipient: bob@example.net\r\nRecipient: blind@example.net\r\n"
    )
    body = inner or mails.mail(
        "To: bob@example.net", "Subject: Plan", "Message-ID: <in@example.com>", body="The words.\r\n"
    )
    nested = mails.part("Content-Type: message/rfc822", body=body)
    fields = mails.fields("From: journal@corp.example", "Subject: Journal", "X-MS-Journal-Report:", *head)
    return mail.parse(fields + mails.multipart("mixed", said, nested))


def test_a_journal_envelope_hands_over_the_mail_within() -> None:
    found = _journal("Message-ID: <out@corp.example>")
    assert [author.email for author in found.authors] == ["ann@example.com"]
    assert [entry.email for entry in found.to] == ["bob@example.net"]
    assert (found.subject, found.message_id) == ("Plan", "in@example.com")
    assert mails.shape(found) == ["text=The words."]
    assert any("journal envelope" in defect and "blind@example.net" in defect for defect in found.defects)


def test_a_journaled_mail_brings_no_stamps_of_servers_along() -> None:
    inner = mails.mail(
        "Subject: Plan",
        "Authentication-Results: mx.corp.example; dmarc=pass",
        "X-Original-To: x",
        "Delivered-To: y",
        body="x",
    )
    found = _journal("Authentication-Results: mx.corp.example; dmarc=none", "Received: by mx", inner=inner)
    assert found.headers_named("authentication-results") == ("mx.corp.example; dmarc=none",)
    assert found.header("x-original-to") is None
    assert found.header("delivered-to") is None
    # Two of them, so that no proof of the envelope's From counts for the author within.
    assert found.headers_named("from") == ("Ann Lee <ann@example.com>", "journal@corp.example")


def test_files_of_a_journaled_mail_are_its_files() -> None:
    inner = mails.mixed(mails.plain("See file"), mails.file(b"%PDF-1.7 j"))
    said = mails.plain("Sender: a@b.example")
    raw = mails.fields("X-MS-Journal-Report: ") + mails.multipart(
        "mixed", said, mails.part("Content-Type: message/rfc822", body=inner), boundary="outer"
    )
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=See file", "offer.pdf"]
    assert mails.contents(raw, found) == [b"%PDF-1.7 j"]


def test_a_journaled_mail_that_was_encoded_is_a_file_and_no_gibberish() -> None:
    inner = mails.mail("Subject: Plan", body="The words.\r\n")
    raw = mails.fields("From: journal@corp.example", "Subject: Journal", "X-MS-Journal-Report: ")
    nested = mails.file(inner, content_type="message/rfc822", name=None, disposition="")
    found = mail.parse(raw + mails.multipart("mixed", mails.plain("Sender: ann@example.com"), nested))
    assert mails.shape(found) == ["text=Sender: ann@example.com", "Plan.eml"]
    assert found.subject == "Journal"


def test_of_a_mail_that_was_journaled_twice_nothing_is_lost() -> None:
    """A protected mail is journaled as it came and opened."""
    nested = [
        mails.part("Content-Type: message/rfc822", body=mails.mail(f"Subject: {one}"))
        for one in ("Closed", "Open")
    ]
    raw = mails.fields("From: journal@corp.example", "X-MS-Journal-Report: ")
    found = mail.parse(raw + mails.multipart("mixed", mails.plain("Sender: ann@example.com"), *nested))
    assert mails.shape(found) == ["text=Sender: ann@example.com", "Closed.eml", "Open.eml"]


def test_an_automatic_envelope_makes_no_automatic_mail() -> None:
    assert _journal("Return-Path: <>", "Auto-Submitted: auto-generated").automatic is None


def _certified(kind: str, *, signed: bool = True) -> Mail:
    inner = mails.mixed(mails.plain("Tre lampade"), mails.file(b"%PDF-1.7 o"), head=("Subject: Ordine",))
    around = mails.multipart(
        "mixed",
        mails.multipart(
            "alternative", mails.plain("Il messaggio\r\nè incluso."), mails.html(), boundary="words"
        ),
        mails.file(b"<postacert/>", content_type="application/xml", name="daticert.xml"),
        mails.part('Content-Type: message/rfc822; name="postacert.eml"', body=inner),
        boundary="around",
    )
    if signed:
        signature = mails.file(b"s", content_type="application/pkcs7-signature", name="smime.p7s")
        around = mails.multipart("signed", around, signature, boundary="signed")
    fields = (
        'From: "Per conto di: ann@example.com" <pec@provider.example>',
        "Subject: POSTA CERTIFICATA: Ordine",
    )
    return mail.parse(mails.fields(*fields, f"X-Trasporto: {kind}") + around)


@pytest.mark.parametrize(
    ("kind", "signed"), [("posta-certificata", True), ("errore", True), ("posta-certificata", False)]
)
def test_certified_mail_is_the_mail_within(kind: str, signed: bool) -> None:
    found = _certified(kind, signed=signed)
    assert [author.email for author in found.authors] == ["ann@example.com"]
    assert found.subject == "Ordine"
    assert mails.shape(found) == ["text=Tre lampade", "offer.pdf"]
    assert found.headers_named("from")[1:] == ('"Per conto di: ann@example.com" <pec@provider.example>',)
    assert any("certified mail" in defect and "Il messaggio è incluso." in defect for defect in found.defects)


def test_another_mark_of_transport_is_no_envelope() -> None:
    assert _certified("lumaca").subject == "POSTA CERTIFICATA: Ordine"


def test_a_mail_forwarded_without_a_word_is_shown_and_kept() -> None:
    inner = mails.mail("Subject: Broken lamp", "Date: Tue, 3 Feb 2026 09:00:00 +0100", body="It is dark.\r\n")
    raw = mails.mixed(mails.plain(" \r\n"), mails.part("Content-Type: message/rfc822", body=inner))
    found = mail.parse(raw)
    assert mails.shape(found) == ["nothing", "Broken lamp.eml"]
    assert found.facts == (
        Forwarded(
            leaf=1,
            author="Ann Lee <ann@example.com>",
            date="Tue, 3 Feb 2026 09:00:00 +0100",
            subject="Broken lamp",
            words=(("It is dark.\n", None),),
        ),
    )


@pytest.mark.parametrize("words", [mails.plain("See her mail."), mails.html("<p>See her mail.")])
def test_a_mail_beside_words_is_a_file(words: bytes) -> None:
    inner = mails.mail("Subject: Broken lamp", body="It is dark.\r\n")
    found = mail.parse(mails.mixed(words, mails.part("Content-Type: message/rfc822", body=inner)))
    assert found.facts == ()


def test_files_of_a_mail_that_is_passed_on_are_named() -> None:
    files = (mails.file(name="lamp.jpg"), mails.file(name=None, disposition=""))
    words = mails.multipart("mixed", mails.plain("See it"), *files, boundary="in")
    inner = mails.fields("From: a@b.example") + words
    raw = mails.mixed(mails.part("Content-Type: message/rfc822", body=inner))
    assert [fact.files for fact in mail.parse(raw).facts if isinstance(fact, Forwarded)] == [
        ("lamp.jpg", "application/pdf")
    ]


def test_words_that_stand_twice_in_a_mail_that_is_passed_on_are_told_once() -> None:
    stream = outlook.stream(outlook.message(outlook.unicode(outlook.BODY, "See the plan of today.")))
    parts = (
        mails.plain("See the plan of today."),
        mails.file(stream, content_type="application/ms-tnef", name="winmail.dat"),
    )
    inner = mails.fields("From: a@b.example") + mails.multipart("mixed", *parts, boundary="in")
    (fact,) = mail.parse(mails.mixed(mails.part("Content-Type: message/rfc822", body=inner))).facts
    assert isinstance(fact, Forwarded)
    assert fact.words == (("See the plan of today.", None),)


def test_a_mail_that_only_its_name_tells_is_one() -> None:
    """Phones and gateways attach mails as any other file."""
    inner = mails.mail("Subject: Broken lamp", body="It is dark.\r\n")
    named = mails.file(inner, content_type="application/octet-stream", name="Broken lamp.EML")
    (fact,) = mail.parse(mails.mixed(named)).facts
    assert isinstance(fact, Forwarded)
    assert fact.words == (("It is dark.\n", None),)
    other = mails.file(inner, content_type="application/octet-stream", name="Broken lamp.txt")
    assert mail.parse(mails.mixed(other)).facts == ()


def test_a_mail_forwarded_with_words_is_only_kept() -> None:
    """Case 54."""
    inner = mails.part("Content-Type: message/rfc822", body=mails.mail("Subject: x", body="inner"))
    assert mail.parse(mails.mixed(mails.plain("Please see."), inner)).facts == ()


def test_many_mails_within_are_only_kept() -> None:
    inner = mails.part("Content-Type: message/rfc822", body=mails.mail("Subject: x", body="inner"))
    assert mail.parse(mails.mixed(*[inner] * 4)).facts == ()
    assert len(mail.parse(mails.mixed(*[inner] * 3)).facts) == 3
