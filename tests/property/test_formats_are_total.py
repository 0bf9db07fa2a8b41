"""Whatever bytes stand in a format within a mail, reading them ends without an exception, within its caps and in linear time."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import mails, outlook, promises, signed
from support.promises import FORBIDDEN

from bridge import mail
from bridge.compose import body, files
from bridge.mail import bounces, calendar, cms, mapi, openpgp, reports, rtf, tnef, vcard
from bridge.model import Written

_LIMIT = 100_000


def _pieces(*pieces: bytes) -> st.SearchStrategy[bytes]:
    """Bytes of the alphabet of a format."""
    return st.lists(st.sampled_from(pieces) | st.binary(max_size=4), max_size=60).map(b"".join)


_RTF = _pieces(
    b"{\\rtf1", b"\\fromhtml1 ", b"{\\*\\htmltag64 <p>}", b"\\htmlrtf ", b"\\htmlrtf0 ", b"\\'e4", b"\\u-10179?", b"\\u56832?",
    b"{", b"}", b"\\par ", b"\\uc9 ", b"\\f1 ", b"{\\fonttbl{\\f1\\fcharset128 x;}}", b"\\*", b"\\bin99 ", b"\\ansicpg932 ",
    b"{\\field{\\*\\fldinst HYPERLINK \"http://a\"}{\\fldrslt ", b"words ", b"\\", b"\\ansicpg99999999999 ", b"\xff",
)  # fmt: skip
_ICS = _pieces(
    b"BEGIN:VCALENDAR\n", b"BEGIN:VEVENT\n", b"END:VEVENT\n", b"SUMMARY:x\\,\\n\n", b"DTSTART:20260203T130000Z\n", b"\n ",
    b"DTSTART;TZID=\"a\":20260203T130000\n", b"DTEND:00010101\n", b"DURATION:P9999W\n",
    b"RRULE:FREQ=YEARLY;BYDAY=-9SU;BYMONTH=12\n",
    b"BEGIN:VTIMEZONE\nTZID:a\n", b"BEGIN:STANDARD\n", b"END:STANDARD\n", b"TZOFFSETTO:-9900\n", b"DTSTART:00010101T000000\n",
    b"ATTENDEE;CN=\"x;:\";PARTSTAT=ACCEPTED:mailto:a@b\n", b"ORGANIZER:\n", b"METHOD:REPLY\n", b";=:", b"SEQUENCE:99\n",
    b"DTSTART:99991231T235959\n", b"BEGIN:VCARD\n", b"N:a;b\n", b"TEL;QUOTED-PRINTABLE:=\n=",
    b"EXDATE:,,\n", b"DTSTART;VALUE=DATE:99991231\n",
)  # fmt: skip
_REPORT = _pieces(
    b"Final-Recipient: rfc822; a@b.example\n", b"Action: failed\n", b"Status: 5.1.1\n", b"Diagnostic-Code: smtp; 550\n",
    b"\n", b":",
    b"Disposition: x/y; z\n", b"Feedback-Type: abuse\n", b"Original-Message-ID: <a@b>\n", b"<a@b.example>:\n", b"550 5.1.1 no\n",
    b"--- original message\n", b"Message-ID: <x@y>\n", b"a@b.example... ", b"\r\n", b" ", b"-----BEGIN PGP MESSAGE-----\n",
    b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\n", b"-----BEGIN PGP SIGNATURE-----\n", b"\n-----END PGP SIGNATURE-----\n",
    b"\n-----END PGP MESSAGE-----\n",
)  # fmt: skip
_BER = _pieces(
    signed.element(0x06, signed.SIGNED), signed.element(0x06, signed.COMPRESSED), b"\x30\x80", b"\x30\x10", b"\xa0\x80",
    b"\x24\x80", b"\x04\x03abc", b"\0\0", b"\x02\x01\x01", b"\x31\0", signed.element(0x06, signed.DATA),
    b"\x04\x84\xff\xff\xff\xff",
    b"\xa0\x20", b"\x30\x88" + b"\x7f" * 8,
)  # fmt: skip

_STREAM = outlook.stream(
    outlook.attribute(outlook.MESSAGE_CLASS, b"IPM.Microsoft Schedule.MtgReq\0"),
    outlook.message(
        outlook.unicode(outlook.BODY, "Words"),
        outlook.unicode((outlook.APPOINTMENT, 0x8208), "Room"),
        (
            outlook.BINARY,
            outlook.RTF,
            outlook.compressed(b"{\\rtf1\\fromhtml1 {\\*\\htmltag64 <p>}Hello\\par }"),
        ),
        (outlook.TIME, (outlook.APPOINTMENT, 0x820D), b"\xff" * 8),
    ),
    outlook.file(b"A.TXT", b"a", outlook.unicode(outlook.LONG_NAME, "a long name.txt")),
    outlook.file(
        b"", b"", (outlook.OBJECT, outlook.DATA, bytes(16) + outlook.stream(outlook.file(b"B", b"b")))
    ),
)
_MESSAGE = signed.message(b"Content-Type: text/plain\n\nwords", piece=5, indefinite=True)


def _damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a few of them changed, and perhaps cut."""
    change = st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255))

    def apply(changes: list[tuple[int, int]], end: int) -> bytes:
        out = bytearray(whole)
        for place, value in changes:
            out[place] = value
        return bytes(out[:end])

    return st.builds(apply, st.lists(change, max_size=8), st.integers(0, len(whole)))


# -- each format alone -----------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(_damaged(_STREAM) | st.binary(max_size=200).map(lambda tail: _STREAM[:6] + tail))
def test_tnef_ends(content: bytes) -> None:
    promises.winmail(content)


@settings(max_examples=200, deadline=None)
@given(_RTF)
@example(b"{\\rtf1\\fromhtml1 \\u-10179?\\u56832?\\u56832?")
def test_rich_text_ends(content: bytes) -> None:
    for source in (content, b"{\\rtf1 " + content, b"{\\rtf1\\fromhtml1 " + content):
        promises.rich_text(source)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 2**32 - 1))
def test_decompression_ends_within_its_limit(packed: bytes, size: int) -> None:
    head = b"\0\0\0\0" + size.to_bytes(4, "little") + b"LZFu" + bytes(4)
    assert len(rtf.decompressed(head + packed, limit=1_000)) <= 1_000


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=3_000) | _RTF)
def test_what_is_compressed_comes_back(rich: bytes) -> None:
    assert rtf.decompressed(outlook.compressed(rich)) == rich


@settings(max_examples=200, deadline=None)
@given(_damaged(_MESSAGE) | _BER | st.binary(max_size=100))
def test_ber_ends(content: bytes) -> None:
    promises.signed(content, _LIMIT)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=500), st.none() | st.integers(1, 50), st.booleans())
def test_signed_content_comes_back(content: bytes, piece: int | None, indefinite: bool) -> None:
    found = cms.read(signed.message(content, piece=piece, indefinite=indefinite), _LIMIT)
    assert found is not None
    assert found.content == content


@settings(max_examples=200, deadline=None)
@given(_ICS)
def test_calendars_and_cards_end(content: bytes) -> None:
    promises.calendars_and_cards(mail.decode.read(content, mail.parse(b"").leaves[0]))


@settings(max_examples=200, deadline=None)
@given(_REPORT)
def test_reports_end(content: bytes) -> None:
    promises.reported(content, content.decode("latin-1"))


# -- and all the way to the words ------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "text/calendar", "text/vcard", "application/ms-tnef", "application/pkcs7-mime", "message/delivery-status",
                    "message/disposition-notification", "message/feedback-report", "message/rfc822", "text/plain",
                ]
            ),
            _damaged(_STREAM) | _damaged(_MESSAGE) | _ICS | _REPORT,
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["mixed", "alternative", "report", "encrypted", "related"]),
    st.sampled_from(["", "X-MS-Journal-Report: ", "Return-Path: <>", "X-Failed-Recipients: a@b.example"]),
)  # fmt: skip
def test_every_mail_of_such_parts_is_shown_and_accounted_for(
    parts: list[tuple[str, bytes]], kind: str, head: str
) -> None:
    raw = mails.mixed(
        *(mails.file(content, content_type=content_type, name=None) for content_type, content in parts),
        kind=kind,
        head=(head, "Subject: failure notice"),
    )
    found = mail.parse(raw)
    assert not any("could not be read (" in defect or "summary" in defect for defect in found.defects), (
        found.defects
    )
    named = [
        index
        for block in found.blocks
        for index in (block.leaves if isinstance(block, Written) else (block.leaf,))
    ]
    assert sorted(named) == list(range(len(found.leaves)))
    assert all(fact.leaf is None or 0 <= fact.leaf < len(found.leaves) for fact in found.facts)
    shown = body.compose(found, naming=files.plan(found))
    assert shown.markdown
    assert FORBIDDEN.search(re.sub("\ufdd0-?\\d+\ufdd1", "", shown.markdown)) is None


# -- time ------------------------------------------------------------------------------------------

_MB = 1024 * 1024
_DEEP = outlook.stream(
    outlook.message((outlook.BINARY, outlook.RTF, outlook.compressed(b"{\\rtf1 " + b"{}" * 20_000)))
)
_COSTLY = {
    "calendar of events": lambda: calendar.read("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n" * 30_000),
    "calendar of folds": lambda: calendar.read("BEGIN:VEVENT\nSUMMARY:x" + "\n x" * 300_000),
    "calendar of parameters": lambda: calendar.read("BEGIN:VEVENT\n" + "SUMMARY" + ';A="' * 200_000),
    "calendar of colons": lambda: calendar.read("BEGIN:VEVENT\nATTENDEE" + ";a=b" * 15_000 + ":x"),
    "cards of soft breaks": lambda: vcard.read("BEGIN:VCARD\nN;QUOTED-PRINTABLE:" + "=\n" * 400_000),
    "rich text of braces": lambda: rtf.read(b"{\\rtf1 " + b"{" * _MB),
    "rich text of pairs": lambda: rtf.read(b"{\\rtf1 " + b"{}" * (_MB // 4)),
    "rich text of links": lambda: rtf.read(b"{\\rtf1 " + b"{\\field{\\*\\fldinst HYPERLINK \"x\"}{x" * 20_000),
    "rich text of backslashes": lambda: rtf.read(b"{\\rtf1 " + b"\\" * _MB),
    "properties that lie": lambda: mapi.parse(b"\xff\xff\xff\x7f" + b"\x1e\x10\x00\x10\xff\xff\x00\x00" * 100_000),
    "attributes of nothing": lambda: tnef.read(outlook.stream(*[outlook.attribute(0x12345, b"")] * 50_000)),
    "sequences without end": lambda: cms.read(b"\x30\x80" * (_MB // 2), _LIMIT),
    "pieces of one byte": lambda: cms.read(signed.message(bytes(100_000), piece=1, indefinite=True), _MB),
    "bounce of dashes": lambda: bounces.read("-" * _MB + "\n" + "> " * _MB, b""),
    "bounce of addresses": lambda: bounces.read("<a@b.example>: 550 no\n" * 50_000, b""),
    "bounce of near addresses": lambda: bounces.read(("a" * 500 + "@" + "b." * 200 + "\n") * 1_000, b""),
    "a mail of winmail.dats": lambda: mail.parse(
        mails.mixed(*[mails.file(_DEEP, content_type="application/ms-tnef", name=None)] * 300)
    ),
    "a mail of calendars": lambda: mail.parse(
        mails.mixed(*[mails.file(b"BEGIN:VEVENT\nEND:VEVENT\n" * 2_000, content_type="text/calendar")] * 200)
    ),
    "status of blanks": lambda: reports.delivery(b"\n \t" * (_MB // 4), leaf=0, original=None),
    "armour that never ends": lambda: openpgp.read("-----BEGIN PGP MESSAGE-----\n" * 30_000),
}  # fmt: skip


@pytest.mark.parametrize("name", _COSTLY)
def test_hostile_input_costs_no_more_than_its_size(name: str) -> None:
    start = process_time()
    _COSTLY[name]()
    assert process_time() - start < 6
