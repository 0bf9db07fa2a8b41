"""Outlook's own items in winmail.dat: meetings on the clock of their zone, tasks, contacts, and mails within the mail."""

from __future__ import annotations

from datetime import datetime

import pytest
from support import mails, outlook

from bridge import mail
from bridge.facts import Contact, Event, Forwarded, Moment, Person, Repeat
from bridge.mail import outlook as items
from bridge.mail import wallclock
from bridge.mail.mapi import Properties

BERLIN = "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"


def _wrapped(stream: bytes) -> bytes:
    return mails.mixed(mails.file(stream, content_type="application/ms-tnef", name="winmail.dat"))


def _own(number: int) -> tuple[bytes, int]:
    return (outlook.APPOINTMENT, number)


def _meeting(
    kind: bytes, *found: outlook.Property, start: str = "2026-02-03T13:00", end: str = "2026-02-03T14:30"
) -> bytes:
    return outlook.stream(
        outlook.attribute(outlook.MESSAGE_CLASS, kind + b"\0"),
        outlook.message(
            outlook.unicode(outlook.SUBJECT, "Review"),
            outlook.at(_own(0x820D), datetime.fromisoformat(start)),
            outlook.at(_own(0x820E), datetime.fromisoformat(end)),
            *found,
        ),
    )


def _event(stream: bytes) -> Event:
    (fact,) = mail.parse(_wrapped(stream)).facts
    assert isinstance(fact, Event)
    return fact


def _clock(written: str, zone: str, offset_h: int) -> Moment:
    return Moment(datetime.fromisoformat(written), zone=zone, offset_s=offset_h * 3600)


# -- meetings and tasks ----------------------------------------------------------------------------


def test_a_meeting_of_outlook_is_a_meeting() -> None:
    stream = _meeting(b"IPM.Microsoft Schedule.MtgReq", outlook.unicode(_own(0x8208), "Room 4"))
    assert _event(stream) == Event(
        leaf=0,
        method="REQUEST",
        title="Review",
        start=_clock("2026-02-03T13:00", "UTC", 0),
        end=_clock("2026-02-03T14:30", "UTC", 0),
        location="Room 4",
    )


@pytest.mark.parametrize(
    ("day", "shown", "offset_h"),
    [("2026-02-03T13:00", "2026-02-03T14:00", 1), ("2026-07-03T13:00", "2026-07-03T15:00", 2)],
)
def test_times_are_those_of_the_zone_that_came_along(day: str, shown: str, offset_h: int) -> None:
    definition = (outlook.BINARY, _own(0x825E), outlook.zone_definition("W. Europe Standard Time", -60))
    rule = (outlook.BINARY, _own(0x8233), outlook.zone_rule(-60))
    described = outlook.unicode(_own(0x8234), BERLIN)
    by_definition = _event(
        _meeting(b"IPM.Schedule.Meeting.Request", definition, described, start=day, end=day)
    )
    assert by_definition.start == _clock(shown, "Europe/Berlin", offset_h)
    by_rule = _event(_meeting(b"IPM.Schedule.Meeting.Request", rule, described, start=day, end=day))
    assert by_rule.start == _clock(shown, "Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", offset_h)


def test_a_zone_that_never_changes_its_clocks_has_one_offset() -> None:
    rule = (outlook.BINARY, _own(0x8233), outlook.zone_rule(-330, changes=False))
    assert _event(_meeting(b"IPM.Schedule.Meeting.Request", rule)).start == Moment(
        datetime.fromisoformat("2026-02-03T18:30"), zone="", offset_s=19_800
    )


@pytest.mark.parametrize(
    "broken", [b"", b"\x02\x01", b"\x02\x01\xff\xff\x02\x00\xff\xff", b"\x00" * 48, b"\xff" * 200]
)
def test_a_zone_that_cannot_be_read_is_none(broken: bytes) -> None:
    assert wallclock.read(broken, broken[:40], "").ahead_s(datetime.fromisoformat("2026-02-03T13:00")) is None


@pytest.mark.parametrize(
    ("rule", "start", "end"),
    [
        ((outlook.zone_rule(-60),), "2026-02-02T23:00", "2026-02-04T23:00"),
        ((outlook.zone_rule(300),), "2026-02-03T05:00", "2026-02-05T05:00"),
        ((), "2026-02-02T23:00", "2026-02-04T23:00"),
        ((), "2026-02-03T05:00", "2026-02-05T05:00"),
    ],
)
def test_whole_days_are_those_of_the_zone(rule: tuple[bytes, ...], start: str, end: str) -> None:
    found = [(outlook.BINARY, _own(0x8233), one) for one in rule]
    event = _event(
        _meeting(b"IPM.Schedule.Meeting.Request", outlook.flag(_own(0x8215)), *found, start=start, end=end)
    )
    assert (event.start, event.end) == (
        Moment(datetime.fromisoformat("2026-02-03"), all_day=True),
        Moment(datetime.fromisoformat("2026-02-04"), all_day=True),
    )


def test_an_update_of_a_series_says_so_and_tells_its_rule() -> None:
    event = _event(
        _meeting(
            b"IPM.Schedule.Meeting.Request",
            outlook.number(_own(0x8201), 2),
            outlook.flag(_own(0x8223)),
            outlook.unicode(_own(0x8232), "every Tuesday from 14:00 to 15:30"),
        )
    )
    assert event.sequence == 2
    assert event.repeat == Repeat(frequency="", words="every Tuesday from 14:00 to 15:30")


def test_who_invites_whom_is_told() -> None:
    stream = _meeting(
        b"IPM.Microsoft Schedule.MtgReq", outlook.unicode(_own(0x823B), "Desk; eve@example.net")
    )
    named = _event(stream + outlook.person(outlook.OWNER, b"Bob Ray", b"SMTP:bob@example.net"))
    assert named.organiser == Person("Bob Ray", "bob@example.net")
    assert named.attendees == (Person("Desk", ""), Person("", "eve@example.net"))
    rows = outlook.recipients(("Desk", "desk@shop.example", 1), ("Eve", "eve@example.net", 2))
    assert _event(stream + rows).attendees == (
        Person("Desk", "desk@shop.example"),
        Person("Eve", "eve@example.net", optional=True),
    )


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (b"IPM.Schedule.Meeting.Resp.Pos", "ACCEPTED"),
        (b"IPM.Schedule.Meeting.Resp.Neg", "DECLINED"),
        (b"IPM.Schedule.Meeting.Resp.Tent", "TENTATIVE"),
        (b"IPM.Microsoft Schedule.MtgRespP", "ACCEPTED"),
    ],
)
def test_an_answer_to_an_invitation_says_who_answers_what(kind: bytes, answer: str) -> None:
    who = (outlook.unicode(0x42, "Bob Ray"), outlook.unicode(0x65, "/O=CORP/CN=BOB"))
    event = _event(_meeting(kind, *who))
    assert (event.method, event.attendees) == ("REPLY", (Person("Bob Ray", "", answer),))
    # The owner of an answer is who had invited.
    unnamed = _event(_meeting(kind) + outlook.person(outlook.OWNER, b"Desk", b"SMTP:desk@shop.example"))
    assert unnamed.attendees == (Person("", "", answer),)
    from_old = _event(_meeting(kind) + outlook.person(outlook.FROM, b"Bob Ray", b"SMTP:bob@example.net"))
    assert from_old.attendees == (Person("Bob Ray", "bob@example.net", answer),)


def test_an_answer_that_proposes_another_time_says_both() -> None:
    event = _event(
        _meeting(
            b"IPM.Schedule.Meeting.Resp.Tent",
            outlook.flag(_own(0x8257)),
            outlook.at(_own(0x8250), datetime.fromisoformat("2026-02-04T09:00")),
            outlook.at(_own(0x8251), datetime.fromisoformat("2026-02-04T10:00")),
        )
    )
    assert event.method == "COUNTER"
    assert (event.start, event.end) == (
        _clock("2026-02-04T09:00", "UTC", 0),
        _clock("2026-02-04T10:00", "UTC", 0),
    )
    assert event.instead_of == _clock("2026-02-03T13:00", "UTC", 0)


# -- what is attached ------------------------------------------------------------------------------


def _with(name: str, inner: bytes, words: str = "See below.") -> bytes:
    return _wrapped(
        outlook.stream(outlook.message(outlook.unicode(outlook.BODY, words)), outlook.attached(name, inner))
    )


def _earlier(*more: bytes) -> bytes:
    return outlook.stream(
        outlook.person(outlook.FROM, b"Eve Muster", b"SMTP:eve@example.net"),
        outlook.old_time(outlook.DATE_SENT, datetime.fromisoformat("2026-02-01T08:30")),
        outlook.message(
            outlook.unicode(outlook.SUBJECT, "Größe 3"), outlook.unicode(outlook.BODY, "The earlier words.")
        ),
        outlook.recipients(
            ("Bob Ray", "bob@example.net", 1), ("", "desk@shop.example", 2), ("Blind", "blind@example.net", 3)
        ),
        *more,
    )


def test_an_attached_message_goes_along_as_the_mail_that_it_is() -> None:
    raw = _with("Your order", _earlier(outlook.file(b"OLD.TXT", b"old")))
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=See below.", "Your order.eml"]
    (content,) = mails.contents(raw, found)
    inner = mail.parse(content)
    assert [(one.name, one.email) for one in inner.authors] == [("Eve Muster", "eve@example.net")]
    assert ([one.email for one in inner.to], [one.email for one in inner.cc]) == (
        ["bob@example.net"],
        ["desk@shop.example"],
    )
    assert inner.subject == "Größe 3"
    assert inner.date_at == datetime.fromisoformat("2026-02-01T08:30+00:00")
    assert mails.shape(inner) == ["text=The earlier words.", "OLD.TXT"]
    assert mails.contents(content, inner) == [b"old"]
    assert inner.defects == ()
    assert b"blind" not in content


def test_an_attached_message_alone_is_shown_as_passed_on() -> None:
    facts = mail.parse(_with("Your order", _earlier(), words="")).facts
    assert [(one.author, one.words) for one in facts if isinstance(one, Forwarded)] == [
        ('"Eve Muster" <eve@example.net>', (("The earlier words.", None),))
    ]


def test_the_header_that_a_message_came_with_counts() -> None:
    header = (
        "Received: from mx\r\nFrom: =?utf-8?Q?J=C3=B8rn?= <jorn@example.net>\r\n"
        "Message-ID: <1@example.net>\r\nContent-Type: text/html\r\n"
    )
    inner = outlook.stream(
        outlook.message(
            outlook.unicode(0x7D, header),
            outlook.unicode(0x42, "Somebody"),
            (outlook.STRING8, outlook.HTML, b"<p>Words</p>"),
        )
    )
    raw = _with("Your order", inner)
    (content,) = mails.contents(raw, mail.parse(raw))
    found = mail.parse(content)
    assert [(one.name, one.email) for one in found.authors] == [("Jørn", "jorn@example.net")]
    assert found.message_id == "1@example.net"
    assert mails.shape(found) == ["html=<p>Words</p>"]


def test_messages_within_attached_messages_are_mails_within_mails() -> None:
    raw = _with("Outer", _earlier(outlook.attached("Inner", _earlier(outlook.file(b"DEEP.TXT", b"deep")))))
    (content,) = mails.contents(raw, mail.parse(raw))
    outer = mail.parse(content)
    assert mails.shape(outer) == ["text=The earlier words.", "Größe 3.eml"]
    (deeper,) = mails.contents(content, outer)
    assert mails.contents(deeper, mail.parse(deeper)) == [b"deep"]


def test_attached_messages_are_opened_to_the_limit_and_no_deeper() -> None:
    stream = _earlier()
    for _ in range(5):
        stream = _earlier(outlook.attached("Next", stream))
    raw = _wrapped(stream)
    (content,) = mails.contents(raw, mail.parse(raw))
    assert content.count(b"Content-Type: message/rfc822") == 2
    assert content.count(b'filename="Next.dat"') == 1


def test_an_attached_message_with_nothing_to_show_stays_a_file() -> None:
    inner = outlook.stream(outlook.attribute(outlook.MESSAGE_CLASS, b"IPM.DistList\0"))
    raw = _with("A list", inner)
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=See below.", "A list.dat"]
    assert mails.contents(raw, found) == [inner]
    assert found.defects == ("Part 1.1: A list.dat holds neither words nor files.",)


def test_an_attached_appointment_and_a_task_are_told() -> None:
    appointment = mail.parse(
        _with("Review", _meeting(b"IPM.Appointment", outlook.unicode(outlook.BODY, "Agenda")))
    )
    assert mails.shape(appointment) == ["text=See below.", "Review.eml"]
    assert [(one.method, one.title) for one in appointment.facts if isinstance(one, Event)] == [
        ("", "Review")
    ]
    task = outlook.stream(
        outlook.attribute(outlook.MESSAGE_CLASS, b"IPM.Task\0"),
        outlook.message(
            outlook.unicode(outlook.SUBJECT, "Order lamps"),
            outlook.at((outlook.TASK, 0x8105), datetime.fromisoformat("2026-02-20")),
        ),
    )
    assert mail.parse(_with("Order lamps", task)).facts == (
        Event(
            leaf=0,
            task=True,
            title="Order lamps",
            end=Moment(datetime.fromisoformat("2026-02-20"), all_day=True),
        ),
    )


def test_an_attached_contact_is_a_card() -> None:
    contact = outlook.stream(
        outlook.attribute(outlook.MESSAGE_CLASS, b"IPM.Contact\0"),
        outlook.message(
            outlook.unicode(0x3001, "Eve Muster; Dr."),
            outlook.unicode(0x3A11, "Muster"),
            outlook.unicode(0x3A06, "Eve"),
            outlook.unicode(0x3A16, "Muster, Sons & Co"),
            outlook.unicode(0x3A08, "+49 30 123"),
            outlook.unicode((outlook.ADDRESS, 0x8083), "eve@example.net"),
            outlook.unicode((outlook.ADDRESS, 0x8046), "Berlin"),
            outlook.unicode(outlook.BODY, "Met at the fair.\r\nCalls back."),
        ),
    )
    raw = _with("Eve Muster", contact)
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=See below.", "Eve Muster.vcf"]
    assert found.facts == (
        Contact(
            leaf=1,
            name="Eve Muster; Dr.",
            organisation="Muster, Sons & Co",
            phones=("+49 30 123",),
            emails=("eve@example.net",),
        ),
    )
    (card,) = mails.contents(raw, found)
    assert b"N:Muster;Eve\r\n" in card
    assert b"ADR;TYPE=WORK:;;;Berlin\r\n" in card
    assert b"NOTE:Met at the fair.\\nCalls back.\r\n" in card


def test_an_item_of_another_class_is_no_event_and_no_card() -> None:
    nothing = Properties({}, 1252, 1_000)
    assert items.event("ipm.note", nothing, title="x", author=None, invited=()) is None
    assert items.card("ipm.note", nothing, notes="x") == b""
