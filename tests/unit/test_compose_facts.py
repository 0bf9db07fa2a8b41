"""What parts say to machines, in an agent's words: meetings, reports, closed mail, cards, mails handed on. Cases 57 to 71."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from support import mails, rendered
from support.composing import a_mail, a_route, a_sender, an_envelope

from bridge import mail
from bridge.compose import (
    body,
    calendar,
    conversation,
    facts,
    files,
    proof,
    recurrence,
    report,
    status,
    times,
)
from bridge.facts import (
    AbuseReport,
    Contact,
    DeliveryReport,
    Event,
    Forwarded,
    Moment,
    Original,
    Person,
    ReadReceipt,
    Repeat,
    Sealed,
    Undelivered,
)
from bridge.model import ThreadClue, User, Written


def at(written: str, **given: Any) -> Moment:
    return Moment(datetime.fromisoformat(written), **given)


BERLIN = {"zone": "Europe/Berlin", "offset_s": 3600}


def an_event(**given: Any) -> Event:
    values: dict[str, Any] = {"leaf": 1, "method": "REQUEST", "title": "Review"}
    return Event(**(values | given))


def lines(markdown: str) -> list[str]:
    return [line.rstrip() for line in markdown.split("\n")]


# -- meetings --------------------------------------------------------------------------------------


def test_an_invitation_says_what_when_where_and_who() -> None:
    event = an_event(
        start=at("2026-02-03T14:00", **BERLIN),
        end=at("2026-02-03T15:30", **BERLIN),
        location="Room 4",
        link="https://teams.example/l/1",
        organiser=Person("Ann Lee", "ann@example.com"),
        attendees=(
            Person("Bob", "bob@example.net", "ACCEPTED"),
            Person("", "cy@example.net", "NEEDS-ACTION", optional=True),
        ),
        further_attendees=4,
    )
    assert lines(calendar.words(event)) == [
        "**Invitation: Review**",
        "When: Tuesday, 3 February 2026, 14:00–15:30 (Europe/Berlin, UTC+1)",
        "Where: Room 4",
        "Join: https://teams.example/l/1",
        "Organiser: Ann Lee (ann@example.com)",
        "Invited: Bob (bob@example.net) – accepted, cy@example.net – optional, and 4 more",
    ]


@pytest.mark.parametrize(
    ("given", "heading"),
    [
        ({"sequence": 1}, "**Updated invitation: Review**"),
        ({"method": "CANCEL"}, "**Cancelled: Review**"),
        ({"status": "CANCELLED"}, "**Cancelled: Review**"),
        ({"method": "COUNTER"}, "**Another time is proposed: Review**"),
        ({"method": "PUBLISH"}, "**Calendar entry: Review**"),
        ({"method": "", "task": True}, "**Task: Review**"),
        (
            {"method": "REPLY", "attendees": (Person("Bob", "b@x.example", "ACCEPTED"),)},
            "**Bob accepts: Review**",
        ),
        (
            {"method": "REPLY", "attendees": (Person("", "b@x.example", "DECLINED"),)},
            "**b@x.example declines: Review**",
        ),
        ({"method": "REPLY", "attendees": (Person("Bob", "", "TENTATIVE"),)}, "**Bob may come: Review**"),
        ({"method": "REPLY"}, "**Answer to an invitation: Review**"),
        (
            {"method": "REPLY", "attendees": (Person("", "", "DECLINED"),)},
            "**Answer to an invitation, declined: Review**",
        ),
        (
            {"method": "COUNTER", "attendees": (Person("Bob", "b@x.example", "TENTATIVE"),)},
            "**Bob proposes another time: Review**",
        ),
        ({"title": ""}, "**Invitation: without a title**"),
        ({"title": "*urgent* [x](http://e)"}, "**Invitation: \\*urgent\\* [x\\](http://e)**"),
    ],
)
def test_the_heading_says_what_is_asked(given: dict[str, Any], heading: str) -> None:
    assert lines(calendar.words(an_event(**given)))[0] == heading


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (at("2026-02-03T14:00", zone="UTC", offset_s=0), at("2026-02-03T15:00", zone="UTC", offset_s=0),
         "Tuesday, 3 February 2026, 14:00–15:00 UTC"),
        (at("2026-02-03T22:00"), at("2026-02-04T01:00"), "Tuesday, 3 February 2026, 22:00 to Wednesday, 4 February 2026, 01:00"),
        (at("2026-02-03", all_day=True), at("2026-02-03", all_day=True), "Tuesday, 3 February 2026, all day"),
        (at("2026-02-03", all_day=True), at("2026-02-05", all_day=True),
         "Tuesday, 3 February 2026 to Thursday, 5 February 2026, all day"),
        (at("2026-02-03T14:00", zone="Asia/Calcutta", offset_s=19800), None,
         "Tuesday, 3 February 2026, 14:00 (Asia/Calcutta, UTC+5:30)"),
        (at("2026-02-03T14:00", zone="Home", offset_s=-12600), None, "Tuesday, 3 February 2026, 14:00 (Home, UTC-3:30)"),
        (at("2026-02-03T14:00", zone="Home"), None, "Tuesday, 3 February 2026, 14:00 (Home)"),
        (at("2026-02-03T09:00", **BERLIN), at("2026-02-03T11:00", zone="Europe/Lisbon", offset_s=0),
         "Tuesday, 3 February 2026, 09:00 (Europe/Berlin, UTC+1) to Tuesday, 3 February 2026, 11:00 (Europe/Lisbon, UTC)"),
        (None, at("2026-02-03", all_day=True), "until Tuesday, 3 February 2026, all day"),
        (None, None, ""),
    ],
)  # fmt: skip
def test_times_are_said_on_the_wall_clock_of_their_zone(
    start: Moment | None, end: Moment | None, said: str
) -> None:
    assert times.span(start, end) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"frequency": "WEEKLY", "days": ("TU",)}, "every week on Tuesday"),
        ({"frequency": "WEEKLY", "days": ("MO", "TU", "WE", "TH", "FR")}, "every weekday"),
        ({"frequency": "WEEKLY", "interval": 2, "days": ("MO", "FR"), "count": 10},
         "every 2 weeks on Monday and Friday, 10 times"),
        ({"frequency": "MONTHLY", "days": ("1TU", "-1FR")}, "every month on the first Tuesday and the last Friday"),
        ({"frequency": "MONTHLY", "month_days": (15, -1)}, "every month on day 15 and the last day"),
        ({"frequency": "DAILY", "until": at("2026-06-30", all_day=True), "exceptions": 2},
         "every day, until Tuesday, 30 June 2026, without 2 of the dates"),
        ({"frequency": "X-MOON"}, "by a rule that stands in the file"),
        ({"frequency": "DAILY", "days": ("MO", "TU", "WE", "TH", "FR")}, "every weekday"),
        ({"frequency": "DAILY", "count": 1}, "every day, once"),
        ({"frequency": "MONTHLY", "days": ("TU",), "position": 2}, "every month on the second Tuesday"),
        ({"frequency": "MONTHLY", "days": ("MO", "TU", "WE", "TH", "FR"), "position": -1}, "every month on the last weekday"),
        ({"frequency": "MONTHLY", "days": ("SA", "SU"), "position": 1}, "every month on the first day of the weekend"),
        ({"frequency": "MONTHLY", "days": ("MO", "WE"), "position": 1}, "every month, by a rule that stands in the file"),
        ({"frequency": "MONTHLY", "days": ("FR",), "month_days": (13,)}, "every month, by a rule that stands in the file"),
        ({"frequency": "YEARLY", "days": ("-1SU",), "months": (3,)}, "every year on the last Sunday of March"),
        ({"frequency": "YEARLY", "month_days": (5,), "months": (11,)}, "every year on 5 November"),
        ({"frequency": "YEARLY", "month_days": (-1,), "months": (2, 6)}, "every year on the last day of February and June"),
        ({"frequency": "YEARLY", "months": (3,)}, "every year in March"),
        ({"frequency": "YEARLY", "more": True, "count": 3}, "every year, by a rule that stands in the file, 3 times"),
        ({"frequency": "WEEKLY", "dates": (at("2026-02-05", all_day=True),)},
         "every week, also on Thursday, 5 February 2026, all day"),
        ({"frequency": "", "exceptions": 1}, "by a rule that stands in the file, without 1 of the dates"),
        ({"frequency": "", "words": "every *other* day"}, "every \\*other\\* day"),
    ],
)  # fmt: skip
def test_recurrence_is_said_in_words(given: dict[str, Any], said: str) -> None:
    assert recurrence.words(Repeat(**given)) == said


def test_single_dates_are_told_with_their_time_only_where_it_differs() -> None:
    start = at("2026-02-03T09:00", **BERLIN)
    days = tuple(at(f"2026-02-{day:02}T09:00", **BERLIN) for day in range(4, 16))
    said = recurrence.words(Repeat(frequency="", dates=days[:2]), start)
    assert said == "on Wednesday, 4 February 2026 and Thursday, 5 February 2026"
    assert recurrence.words(Repeat(frequency="", dates=days), start).endswith(
        "Friday, 13 February 2026 and 2 more"
    )
    other = recurrence.words(Repeat(frequency="", dates=(at("2026-02-04T11:00", **BERLIN),)), start)
    assert other == "on Wednesday, 4 February 2026, 11:00 (Europe/Berlin, UTC+1)"


def test_what_is_attached_to_a_meeting_is_named() -> None:
    event = an_event(files=(("Plan", "https://d.example/1"), ("", "https://d.example/2")))
    assert lines(calendar.words(event))[1] == ("Attached: Plan (https://d.example/1), https://d.example/2")


@pytest.mark.parametrize(("said", "comments"), [("I am\r\nglad to come.\r\n", 0), ("See you.", 1)])
def test_a_comment_that_the_mail_says_too_is_said_once(said: str, comments: int) -> None:
    event = an_event(method="REPLY", attendees=(Person("Bob", "", "ACCEPTED"),), comment="I am glad to come.")
    shown = facts.before(a_mail(text=said, facts=(event,)), {})
    assert shown[0].count("Comment: ") == comments


def test_a_proposal_says_which_time_it_would_replace() -> None:
    event = an_event(
        method="COUNTER",
        start=at("2026-02-03T14:00"),
        instead_of=at("2026-02-03T09:00"),
        attendees=(Person("Bob", "b@x.example", "TENTATIVE"),),
        comment="Later, please?",
    )
    assert lines(calendar.words(event)) == [
        "**Bob proposes another time: Review**",
        "When: Tuesday, 3 February 2026, 14:00",
        "Instead of: Tuesday, 3 February 2026, 09:00",
        "Comment: Later, please?",
    ]


def test_an_invitation_stands_before_the_words_and_its_file_goes_along() -> None:
    """Case 71."""
    ics = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Review\r\nDTSTART:20260203T130000Z\r\n"
        "DESCRIPTION:Only in the calendar\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    raw = mails.mixed(
        mails.plain("Please come."),
        mails.part("Content-Type: text/calendar; charset=utf-8", body=ics),
        kind="alternative",
    )
    found = mail.parse(raw)
    naming = files.plan(found)
    assert [name.name for name in naming] == ["invite.ics"]
    made = body.compose(found, naming=naming)
    assert lines(made.markdown) == [
        "**Invitation: Review**", "When: Tuesday, 3 February 2026, 13:00 UTC", "", "Please come.",
    ]  # fmt: skip
    alone = mail.parse(mails.fields("Content-Type: text/calendar") + b"\r\n" + ics.encode())
    assert body.compose(alone).markdown.endswith("Only in the calendar")


# -- reports ---------------------------------------------------------------------------------------

ORIGINAL = Original(
    author="Desk <desk@shop.example>",
    recipient="bob@example.net",
    subject="Your lamps",
    date="Tue",
    message_id="1@x",
)


def test_a_delivery_report_says_who_why_and_of_which_mail() -> None:
    """Case 57."""
    told = DeliveryReport(
        leaf=1,
        reporter="mx.shop.example",
        recipients=(
            Undelivered(
                address="bob@example.net",
                action="failed",
                status="5.1.1",
                diagnostic="550 5.1.1 <bob@example.net>: no *such* user",
                remote="mail.example.net",
            ),
            Undelivered(address="cy@example.net", action="delayed", status="4.2.2", retried_until="Friday"),
        ),
        original=ORIGINAL,
    )
    assert lines(report.delivery(told)) == [
        "**Delivery report: the mail could not be delivered to everybody**",
        "",
        "- bob@example.net: could not be delivered: the mailbox does not exist (5.1.1)",
        "  mail.example.net says: 550 5.1.1 \\<bob@example.net>: no \\*such\\* user",
        "- cy@example.net: is not delivered yet; the server goes on trying: the mailbox is full (4.2.2), until Friday",
        "",
        "Subject of the mail: Your lamps",
        "Sent: Tue",
        "From: Desk \\<desk@shop.example>",
        "To: bob@example.net",
        "Reported by: mx.shop.example",
    ]


def test_a_delivery_report_counts_whom_it_does_not_name() -> None:
    done = tuple(Undelivered(address=f"{what}@x.example", action=what) for what in ("delivered", "relayed"))
    said = lines(report.delivery(DeliveryReport(leaf=1, recipients=done, further_recipients=3)))
    assert said[0] == "**Delivery report: what became of the mail**"
    assert said[-1] == "- and 3 further recipients"


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("5.1.1", "the mailbox does not exist"),
        ("4.2.2", "the mailbox is full"),
        ("5.7.26", "the mail is not authenticated (DMARC, SPF or DKIM)"),
        ("5.1.010", "the address is not known there, or its domain takes no mail"),
        ("5.7.999", "it was refused for reasons of security or policy"),
        ("5.0.0", ""),
        ("5.5.0", ""),
        ("5.3.0", ""),
        ("5.5.4", "the servers did not understand each other: a parameter was wrong"),
        ("5.4.1", "the receiving server refuses the address"),
        ("4.4.1", "the receiving server does not answer"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_a_status_has_a_meaning(code: str, meaning: str) -> None:
    assert status.meaning(code) == meaning


@pytest.mark.parametrize(
    ("disposition", "said"), [("displayed", "was opened"), ("x_y_", "has become “x_y\\_”")]
)
def test_a_receipt_says_what_became_of_the_mail(disposition: str, said: str) -> None:
    told = ReadReceipt(
        leaf=1,
        reader="bob@example.net",
        disposition=disposition,
        automatic=True,
        error="5.7.1",
        original=ORIGINAL,
    )
    found = lines(report.receipt(told))
    assert found[0] == f"**Read receipt: the mail {said}**"
    assert found[1] == "By: bob@example.net (answered by the program itself)"
    assert found[2:4] == ["Error: 5.7.1", "Subject of the mail: Your lamps"]


def test_an_abuse_report_says_what_is_complained_of() -> None:
    told = AbuseReport(
        leaf=1, feedback="abuse", source="192.0.2.7", about=("a.example", "b.example"), original=ORIGINAL
    )
    found = lines(report.abuse(told))
    assert found[0] == "**Abuse report: a recipient marked the mail as spam**"
    assert found[-2:] == ["Sent from: 192.0.2.7", "Named in it: a.example, b.example"]


def test_the_conversation_of_the_mail_that_is_reported_on_is_named() -> None:
    found = a_mail(about=("sent@shop.example", "asked@example.net"), references=("old@example.net",))
    clues = conversation.clues(
        found,
        an_envelope(),
        a_route(),
        recipients=(),
        user=User("", "mailer-daemon@x.example"),
        keys=(),
        known=True,
    )
    clue = next(clue for clue in clues if isinstance(clue, ThreadClue))
    assert clue.message_ids == ("sent@shop.example", "asked@example.net", "old@example.net")
    assert clue.because == "the mail this report is about"


# -- others ----------------------------------------------------------------------------------------


def test_closed_mail_is_announced_with_its_file() -> None:
    """Case 69."""
    (said,) = facts.before(a_mail(facts=(Sealed(0, "S/MIME"),)), {0: "smime_1.p7m"})
    assert " ".join(rendered.lines(said)) == (
        "(Encrypted with S/MIME: only the recipient's key can open it, and it cannot be read here. "
        "It is attached as smime_1.p7m.)"
    )


def test_a_card_is_one_line_behind_the_words() -> None:
    card = Contact(
        leaf=1,
        name="Anna *Berg*",
        organisation="Berg",
        phones=("+49 30 1",),
        emails=("a@b.example",),
        further=2,
    )
    made = body.compose(a_mail(facts=(card,)))
    assert made.markdown.endswith(
        "broken.\n\nContact: Anna \\*Berg\\*, Berg, +49 30 1, a@b.example, and 2 more in the file"
    )


def test_a_mail_handed_on_without_a_word_is_quoted() -> None:
    handed = Forwarded(
        leaf=1,
        author="Ann <ann@example.com>",
        date="Tue",
        subject="Lamp",
        files=("lamp.jpg", "bill.pdf"),
        words=(("It is dark.\n\nAnn", None), (None, "<p>And <b>cold</b></p><script>x</script>")),
    )
    made = body.compose(a_mail(blocks=(Written(None, None, (0,)),), facts=(handed,)))
    assert lines(made.markdown) == [
        "Forwarded as an attachment:",
        "",
        "> From: Ann \\<ann@example.com>",
        "> Date: Tue",
        "> Subject: Lamp",
        "> Files in it: lamp.jpg, bill.pdf",
        ">",
        "> It is dark.",
        ">",
        "> Ann",
        ">",
        "> And **cold**",
    ]


@pytest.mark.parametrize(
    ("method", "first"), [("REQUEST", True), ("CANCEL", True), ("PUBLISH", False), ("", False)]
)
def test_what_asks_for_something_stands_before_the_words_and_an_entry_behind_them(
    method: str, first: bool
) -> None:
    made = body.compose(a_mail(text="The author's words.", facts=(an_event(method=method),)))
    assert made.markdown.startswith("**") == first
    assert made.markdown.endswith("words.") == first


def test_what_an_entry_is_about_stands_below_it_where_the_mail_says_nothing() -> None:
    entry = an_event(method="PUBLISH", description="Bring the plans.")
    made = body.compose(a_mail(blocks=(Written(None, None, (0,)),), facts=(entry,)))
    assert made.markdown == "**Calendar entry: Review**\n\nBring the plans."


def test_the_same_said_twice_is_said_once() -> None:
    assert len(facts.before(a_mail(facts=(an_event(), an_event(leaf=2))), {})) == 1


def test_what_is_proved_of_a_journal_envelope_proves_nothing_of_the_author_within() -> None:
    inner = mails.mail("Subject: Plan", body="x", author="boss@example.com")
    raw = mails.fields(
        "From: anybody@evil.example",
        "X-MS-Journal-Report:",
        "Authentication-Results: mx.example.com; dmarc=pass",
    ) + mails.multipart(
        "mixed", mails.plain("Sender: x"), mails.part("Content-Type: message/rfc822", body=inner)
    )
    found = mail.parse(raw)
    assert [author.email for author in found.authors] == ["boss@example.com"]
    proved = proof.of(
        found, an_envelope(trusted=True), a_sender(authserv_ids=["mx.example.com"]), "boss@example.com"
    )
    assert not proved.holds
