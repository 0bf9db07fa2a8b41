"""Calendar parts and cards as senders write them: folds, zones, rules, answers; twice in one mail; broken. Case 71."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from support import mails

from bridge import mail
from bridge.facts import Contact, Event, Moment, Person, Repeat
from bridge.mail import Limits, calendar, vcard, zones

BERLIN = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def wall(written: str) -> datetime:
    return datetime.fromisoformat(written)


def a_calendar(*lines: str, method: str = "REQUEST", zones: str = "", kind: str = "VEVENT") -> str:
    head = f"BEGIN:VCALENDAR\nVERSION:2.0\n{f'METHOD:{method}' if method else 'PRODID:x'}\n{zones}"
    return head + f"BEGIN:{kind}\n" + "\n".join(lines) + f"\nEND:{kind}\nEND:VCALENDAR\n"


def the_event(*lines: str, **given: str) -> Event:
    (event,) = calendar.read(a_calendar(*lines, **given))
    return event


# -- reading ---------------------------------------------------------------------------------------


def test_an_invitation_is_read() -> None:
    event = the_event(
        "UID:7@example.com",
        "SEQUENCE:2",
        "STATUS:CONFIRMED",
        "SUMMARY;LANGUAGE=en:Review\\, part two\\; with a very l",
        " ong title",
        "DTSTART;TZID=W. Europe Standard Time:20260203T140000",
        "DTEND;TZID=W. Europe Standard Time:20260203T153000",
        "LOCATION:Room 4\\nFirst floor",
        'ORGANIZER;CN="Lee, Ann":mailto:ann@example.com',
        "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Bob:MAILTO:bob@example.net",
        "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;CN=cy@example.net:mailto:cy@example.net",
        "DESCRIPTION:Bring the plans.\\n\\nAnn",
        "X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.example/l/1",
        "BEGIN:VALARM",
        "DESCRIPTION:REMINDER",
        "TRIGGER:-PT15M",
        "END:VALARM",
        zones=BERLIN,
    )
    assert event == Event(
        leaf=0,
        method="REQUEST",
        uid="7@example.com",
        sequence=2,
        status="CONFIRMED",
        title="Review, part two; with a very long title",
        start=Moment(wall("2026-02-03T14:00"), zone="Europe/Berlin", offset_s=3600),
        end=Moment(wall("2026-02-03T15:30"), zone="Europe/Berlin", offset_s=3600),
        location="Room 4, First floor",
        link="https://teams.example/l/1",
        organiser=Person("Lee, Ann", "ann@example.com"),
        attendees=(
            Person("Bob", "bob@example.net", "ACCEPTED"),
            Person("", "cy@example.net", "NEEDS-ACTION", optional=True),
        ),
        description="Bring the plans.\n\nAnn",
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DTSTART:20260203T130000Z", Moment(wall("2026-02-03T13:00"), zone="UTC", offset_s=0)),
        ("DTSTART:20260203T130000", Moment(wall("2026-02-03T13:00"))),
        ("DTSTART;VALUE=DATE:20260203", Moment(wall("2026-02-03"), all_day=True)),
        ("DTSTART:2026-02-03T13:00:00Z", Moment(wall("2026-02-03T13:00"), zone="UTC", offset_s=0)),
        ("DTSTART;TZID=Mars/Base:20260203T130000", Moment(wall("2026-02-03T13:00"), zone="Mars/Base")),
        (
            "DTSTART;TZID=/x.org/2/Europe/Paris:20260203T130000",
            Moment(wall("2026-02-03T13:00"), zone="Europe/Paris"),
        ),
        ("DTSTART:20260230T130000", None),
        ("DTSTART:soon", None),
        ("DTSTART:00000000T000000", None),
    ],
)
def test_times_are_read_as_written(line: str, expected: Moment | None) -> None:
    assert the_event("SUMMARY:x", line).start == expected


@pytest.mark.parametrize(
    ("written", "offset_h"),
    [
        ("20260203T120000", 1),
        ("20260703T120000", 2),
        ("20260329T010000", 1),
        ("20260329T040000", 2),
        ("20261025T040000", 1),
    ],
)
def test_the_offset_is_that_of_the_day(written: str, offset_h: int) -> None:
    event = the_event(f"DTSTART;TZID=W. Europe Standard Time:{written}", "SUMMARY:x", zones=BERLIN)
    assert event.start is not None
    assert event.start.offset_s == offset_h * 3600


def test_rules_of_a_zone_that_ended_count_no_more() -> None:
    until = "BEGIN:DAYLIGHT\nDTSTART:19800406T020000\nTZOFFSETTO:+0900\n"
    until += "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=19990404T000000Z\nEND:DAYLIGHT\n"
    later = "BEGIN:STANDARD\nDTSTART:20000101T000000\nTZOFFSETTO:+0530\nEND:STANDARD\n"
    zone = f"BEGIN:VTIMEZONE\nTZID:Home\n{until}{later}END:VTIMEZONE\n"
    event = the_event("DTSTART;TZID=Home:20260703T120000", "SUMMARY:x", zones=zone)
    assert event.start is not None
    assert event.start.offset_s == 19_800


def test_a_zone_of_single_changes_has_the_last_one() -> None:
    changes = (
        "BEGIN:DAYLIGHT\nDTSTART:20250330T020000\nTZOFFSETTO:+0200\nRDATE:20260329T020000\nEND:DAYLIGHT\n"
    )
    changes += (
        "BEGIN:STANDARD\nDTSTART:20251026T030000\nTZOFFSETTO:+0100\nRDATE:20261025T030000\nEND:STANDARD\n"
    )
    zone = f"BEGIN:VTIMEZONE\nTZID:Home\n{changes}END:VTIMEZONE\n"
    for written, offset_s in (
        ("20260203T120000", 3_600),
        ("20260703T120000", 7_200),
        ("20261103T120000", 3_600),
    ):
        start = the_event(f"DTSTART;TZID=Home:{written}", "SUMMARY:x", zones=zone).start
        assert start is not None
        assert start.offset_s == offset_s


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU",
        "FREQ=YEARLY;BYYEARDAY=90",
        "FREQ=MONTHLY",
    ],
)
def test_a_zone_with_a_rule_that_is_not_understood_has_no_offset(rule: str) -> None:
    zone = BERLIN.replace("FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", rule)
    start = the_event("DTSTART;TZID=W. Europe Standard Time:20260703T120000", "SUMMARY:x", zones=zone).start
    assert start == Moment(wall("2026-07-03T12:00"), zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (("DTSTART:20260203T130000", "DURATION:PT1H30M"), Moment(wall("2026-02-03T14:30"))),
        (("DTSTART:20260203T130000", "DURATION:P1W"), Moment(wall("2026-02-10T13:00"))),
        (
            ("DTSTART;VALUE=DATE:20260203", "DTEND;VALUE=DATE:20260206"),
            Moment(wall("2026-02-05"), all_day=True),
        ),
        (
            ("DTSTART;VALUE=DATE:20260203", "DTEND;VALUE=DATE:20260204"),
            Moment(wall("2026-02-03"), all_day=True),
        ),
        (("DTSTART;VALUE=DATE:20260203",), None),
        (("DTSTART:99991231T130000", "DURATION:P90000D"), None),
    ],
)
def test_ends_are_the_last_moment(lines: tuple[str, ...], end: Moment | None) -> None:
    assert the_event("SUMMARY:x", *lines).end == end


def test_outlooks_whole_days_are_whole_days() -> None:
    event = the_event(
        "SUMMARY:x", "DTSTART:20260203T000000", "DTEND:20260204T000000", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"
    )
    assert (event.start, event.end) == (Moment(wall("2026-02-03"), all_day=True),) * 2


def test_a_rule_of_recurrence_is_read() -> None:
    event = the_event(
        "SUMMARY:x",
        "DTSTART:20260203T130000",
        "RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=1TU,-1FR,+2MO;UNTIL=20260630T120000Z;BYMONTHDAY=-1,15",
        "EXDATE:20260302T130000,20260402T130000",
        "EXDATE:20260502T130000",
    )
    assert event.repeat == Repeat(
        frequency="MONTHLY",
        interval=2,
        until=Moment(wall("2026-06-30T12:00"), zone="UTC", offset_s=0),
        days=("1TU", "-1FR", "2MO"),
        month_days=(-1, 15),
        exceptions=3,
    )


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", {"days": ("TU",), "position": 2}),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=1,3", {"days": ("TU",), "position": 1, "more": True}),
        ("FREQ=MONTHLY;BYMONTH=3,4,15;WKST=MO", {"months": (3, 4)}),
        ("FREQ=MONTHLY;BYHOUR=13;BYMINUTE=0;BYSECOND=0", {}),
        ("FREQ=MONTHLY;BYHOUR=9,15", {"more": True}),
        ("FREQ=MONTHLY;BYWEEKNO=20", {"more": True}),
    ],
)
def test_of_a_rule_no_part_is_forgotten(rule: str, given: dict[str, Any]) -> None:
    event = the_event("SUMMARY:x", "DTSTART:20260203T130000", f"RRULE:{rule}")
    assert event.repeat == Repeat(frequency="MONTHLY", **given)


def test_a_rule_of_the_form_of_old_is_one() -> None:
    assert the_event("SUMMARY:x", "RRULE:W1 TH #4").repeat == Repeat(frequency="")


def test_single_dates_are_read_without_the_first() -> None:
    event = the_event(
        "SUMMARY:x",
        "DTSTART:20260203T130000Z",
        "RDATE;VALUE=PERIOD:20260203T130000Z/PT1H,20260210T130000Z/20260210T140000Z",
        "RDATE:20260217T130000Z,soon",
    )
    utc = {"zone": "UTC", "offset_s": 0}
    dates = (Moment(wall("2026-02-10T13:00"), **utc), Moment(wall("2026-02-17T13:00"), **utc))
    assert event.repeat == Repeat(frequency="", dates=dates)


def test_a_proposal_brings_the_time_it_would_replace() -> None:
    lines = ("SUMMARY:x", "DTSTART:20260203T130000", "X-MS-OLK-ORIGINALSTART:20260203T090000")
    assert the_event(*lines, method="COUNTER").instead_of == Moment(wall("2026-02-03T09:00"))
    assert the_event(*lines).instead_of is None


def test_what_is_attached_to_a_meeting_by_a_link_is_named() -> None:
    event = the_event(
        "SUMMARY:x",
        "ATTACH;VALUE=BINARY;ENCODING=BASE64:AAAA",
        "ATTACH;FILENAME=Plan:https://docs.example/1",
        "ATTACH:CID:part1@example.com",
    )
    assert event.files == (("Plan", "https://docs.example/1"),)


def test_files_that_stand_in_a_calendar_are_files_beside_it() -> None:
    large = "QUJD" * 50_000
    lines = (
        f"ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=text/plain;X-APPLE-FILENAME=agenda.txt:{large}",
        'ATTACH;FMTTYPE=application/pdf;ENCODING="BASE64":QUJD\n QUJD',
        "ATTACH;ENCODING=BASE64:A",
        "ATTACH;ENCODING=BASE64:Ä",
    )
    text = a_calendar("SUMMARY:x", *lines).replace("\n", "\r\n")
    raw = mails.mixed(mails.plain(), mails.part("Content-Type: text/calendar", body=text))
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=Hello", "text/calendar", "agenda.txt", "application/pdf"]
    assert mails.contents(raw, found)[1:] == [b"ABC" * 50_000, b"ABCABC"]
    assert [fact.title for fact in found.facts if isinstance(fact, Event)] == ["x"]


def test_the_method_of_the_part_counts_where_the_calendar_is_silent() -> None:
    text = a_calendar("SUMMARY:x", method="")
    assert calendar.read(text, method="cancel")[0].method == "CANCEL"
    assert calendar.read(text, method="nonsense")[0].method == ""


def test_tasks_are_tasks() -> None:
    event = the_event("SUMMARY:x", "DUE:20260203T130000", kind="VTODO")
    assert (event.task, event.end) == (True, Moment(wall("2026-02-03T13:00")))


def test_many_events_and_many_people_are_counted() -> None:
    people = "\n".join(f"ATTENDEE:mailto:a{n}@example.com" for n in range(70))
    one = f"BEGIN:VEVENT\nSUMMARY:x\n{people}\nEND:VEVENT\n"
    found = calendar.read("BEGIN:VCALENDAR\n" + one * 8 + "END:VCALENDAR")
    assert (len(found), found[-1].further_events) == (5, 3)
    assert (len(found[0].attendees), found[0].further_attendees) == (50, 20)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BEGIN:VCALENDAR\nEND:VCALENDAR",
        "BEGIN:VEVENT\nEND:VEVENT",
        "no calendar",
        "END:VEVENT\nEND:X\nSUMMARY:x",
        "BEGIN:VFREEBUSY\nSUMMARY:x\nEND:VFREEBUSY",
    ],
)
def test_what_holds_no_event_gives_none(text: str) -> None:
    assert calendar.read(text) == ()


def test_a_calendar_that_breaks_off_gives_what_it_says() -> None:
    assert calendar.read("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Half")[0].title == "Half"


def test_only_links_of_the_web_are_links() -> None:
    assert the_event(
        "SUMMARY:x", "URL:javascript:alert(1)", "X-GOOGLE-CONFERENCE:https://meet.example/a"
    ).link == ("https://meet.example/a")


def test_a_zone_by_the_name_that_windows_shows_is_without_the_offset_of_winter() -> None:
    assert zones.name("(UTC+01:00) Amsterdam, Berlin") == "Amsterdam, Berlin"
    assert zones.name("(GMT) Greenwich Standard Time") == "Atlantic/Reykjavik"
    assert zones.name("(UTC)") == "(UTC)"


@pytest.mark.parametrize("written", ["Customized Time Zone", "tzone://Microsoft/Custom"])
def test_a_zone_whose_name_says_nothing_has_none(written: str) -> None:
    assert zones.name(written) == ""


def test_a_zone_without_a_name_that_is_known_stays_as_written() -> None:
    assert zones.name("Tokyo Standard Time") == "Asia/Tokyo"
    assert zones.name("Mars Standard Time") == "Mars Standard Time"


# -- in a mail -------------------------------------------------------------------------------------

ICS = a_calendar("UID:7", "SUMMARY:Review", "DTSTART:20260203T130000Z").replace("\n", "\r\n")


def _invited(*files: bytes) -> bytes:
    versions = mails.multipart(
        "alternative",
        mails.plain("You are invited."),
        mails.part("Content-Type: text/calendar; charset=utf-8; method=REQUEST", body=ICS),
        boundary="inner",
    )
    return mails.mixed(versions, *files)


def test_an_alternative_calendar_is_a_fact_and_a_file() -> None:
    found = mail.parse(_invited())
    assert [(type(fact), fact.leaf) for fact in found.facts] == [(Event, 1)]
    assert mails.shape(found) == ["text=You are invited.", "text/calendar"]


def test_the_same_calendar_twice_is_one_file_and_one_fact() -> None:
    """Google sends it as an alternative and as invite.ics."""
    twin = mails.file(ICS.encode(), content_type="application/ics", name="invite.ics")
    found = mail.parse(_invited(twin))
    assert mails.shape(found) == ["text=You are invited.", "invite.ics"]
    assert [fact.leaf for fact in found.facts] == [2]


def test_the_same_calendar_twice_and_no_words_is_one_file() -> None:
    parts = [
        mails.part("Content-Type: text/calendar; charset=utf-8", body=ICS),
        mails.file(ICS.encode(), content_type="application/ics", name="invite.ics"),
    ]
    found = mail.parse(mails.mixed(*parts))
    assert mails.shape(found) == ["invite.ics", "nothing"]
    assert len(found.facts) == 1


def test_the_lines_of_an_address_stand_on_one() -> None:
    event = the_event("SUMMARY:x", "LOCATION:Fair\\nFair Road 1\\, 50679 Cologne\\,\\nGermany\\n")
    assert event.location == "Fair, Fair Road 1, 50679 Cologne, Germany"


def test_another_calendar_beside_is_another_file() -> None:
    other = mails.file(ICS.replace("Review", "Retreat").encode(), content_type="text/calendar", name="b.ics")
    found = mail.parse(_invited(other))
    assert len(found.facts) == 2
    assert mails.shape(found) == ["text=You are invited.", "text/calendar", "b.ics"]


@pytest.mark.parametrize("more", ["X-SEAT:4\r\n", "X-A:1\r\n" * 40_000])
def test_a_calendar_of_the_same_meeting_that_says_more_is_another_file(more: str) -> None:
    twin, end = ICS.replace("END:VEVENT", f"{more}END:VEVENT"), "X-SEAT:5\r\nEND:VCALENDAR"
    parts = [
        mails.file(twin.encode(), content_type="text/calendar", name="a.ics"),
        mails.file(twin.replace("END:VCALENDAR", end).encode(), content_type="text/calendar", name="b.ics"),
    ]
    assert mails.shape(mail.parse(mails.mixed(*parts))) == ["a.ics", "b.ics"]


def test_a_calendar_by_its_name_alone_is_read() -> None:
    raw = mails.mixed(mails.file(ICS.encode(), content_type="application/octet-stream", name="Meeting.ICS"))
    assert len(mail.parse(raw).facts) == 1


def test_of_a_large_calendar_the_beginning_is_read() -> None:
    large = ICS.replace("END:VEVENT", "X-PICTURE:" + "A" * 20_000 + "\r\nEND:VEVENT")
    raw = mails.mixed(mails.file(large.encode(), content_type="text/calendar", name="large.ics"))
    found = mail.parse(raw, Limits(fact_bytes=10_000))
    assert [fact.title for fact in found.facts if isinstance(fact, Event)] == ["Review"]
    assert mails.contents(raw, found) == [large.encode()]


def test_beyond_the_limit_of_all_facts_there_are_only_files() -> None:
    raw = mails.mixed(
        *(mails.file(ICS.encode(), content_type="text/calendar", name=f"{n}.ics") for n in range(9))
    )
    found = mail.parse(raw, Limits(all_fact_bytes=1_000))
    assert len(found.facts) == 1
    assert len(found.leaves) == 9


def test_an_amp_version_is_left_out_with_a_remark() -> None:
    """Case 66 and its kin: a version only some mail readers run."""
    raw = mails.mixed(
        mails.plain("Words"),
        mails.part("Content-Type: text/x-amp-html", body="<html amp4email>"),
        mails.html("<p>Words"),
        kind="alternative",
    )
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=Words html=<p>Words"]
    assert "An interactive version of the mail (AMP) was left out." in found.defects


def test_an_amp_version_alone_is_a_file() -> None:
    raw = mails.mixed(
        mails.part("Content-Type: text/x-amp-html", body="<html amp4email>"), kind="alternative"
    )
    assert mails.shape(mail.parse(raw)) == ["text/x-amp-html"]


# -- cards -----------------------------------------------------------------------------------------


def test_a_card_is_read() -> None:
    card = (
        "BEGIN:VCARD\nVERSION:3.0\nN:Berg;Anna;;Dr.;\nFN:Dr. Anna Berg\nORG:Berg\\, Söhne;Sales\n"
        "TEL;TYPE=WORK,VOICE:+49 30 1234\nitem1.TEL;type=CELL:+49 170 99\nEMAIL;TYPE=INTERNET:anna@berg.example\n"
        "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\n SkZJRg\nEND:VCARD\n"
    )
    assert vcard.read(card) == (
        Contact(
            leaf=0,
            name="Dr. Anna Berg",
            organisation="Berg, Söhne, Sales",
            phones=("+49 30 1234", "+49 170 99"),
            emails=("anna@berg.example",),
        ),
    )


def test_an_old_card_in_quoted_printable_is_read() -> None:
    card = (
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=\n=C3=B6rg\n"
        "TEL;WORK;VOICE:123\nEND:VCARD\n"
    )
    (found,) = vcard.read(card)
    assert (found.name, found.phones) == ("Jörg Müller", ("123",))


def test_a_soft_break_whose_next_line_is_indented_is_one() -> None:
    (event,) = calendar.read(
        "BEGIN:VEVENT\nSUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Caf=C3=A9=\n  at=20=\nten\nEND:VEVENT\n"
    )
    assert event.title == "Café at ten"


def test_an_address_book_is_counted() -> None:
    found = vcard.read("BEGIN:VCARD\nFN:x\nEND:VCARD\n" * 12)
    assert (len(found), found[-1].further) == (5, 7)


def test_a_card_in_a_mail_is_a_fact_and_a_file() -> None:
    card = mails.file(b"BEGIN:VCARD\r\nFN:Anna\r\nEND:VCARD", content_type="text/vcard", name="anna.vcf")
    found = mail.parse(mails.mixed(mails.plain("My card."), card))
    assert found.facts == (Contact(leaf=1, name="Anna"),)
    assert mails.shape(found) == ["text=My card.", "anna.vcf"]
