"""winmail.dat and the rich text in it: words, files, names; and what happens when it is broken. Case 70."""

from __future__ import annotations

import pytest
from support import mails, outlook

from bridge import mail
from bridge.mail import Limits, endings, rtf, tnef
from bridge.model import Mail, Written

HTML_RTF = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fcharset204 Arial;}}"
    rb"{\colortbl\red0\green0\blue0;}\uc1\pard\plain\deftab360 \f0\fs24 "
    rb"{\*\htmltag19 <html>}{\*\htmltag50 <body>}\htmlrtf \lang1031 \htmlrtf0 "
    rb"{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Gr\'fc\'dfe from \u8364? {\*\htmltag84 &amp;}"
    rb"\htmlrtf{\b\htmlrtf0{\*\htmltag84 <b>}bold\htmlrtf}\htmlrtf0{\*\htmltag92 </b>}"
    rb"\htmlrtf\par}\htmlrtf0{\*\htmltag72 </p>}{\*\mhtmltag84 <img src=x>}{\*\htmltag58 </body>}}"
)


def _wrapped(stream: bytes, *others: bytes, name: str | None = "winmail.dat") -> bytes:
    wrapper = mails.file(stream, content_type="application/ms-tnef", name=name)
    return mails.mixed(*others, wrapper)


def _words(found: Mail) -> list[Written]:
    return [block for block in found.blocks if isinstance(block, Written) and (block.text or block.html)]


# -- rich text -------------------------------------------------------------------------------------


def test_the_published_examples_are_decompressed() -> None:
    hello = (
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert rtf.decompressed(bytes.fromhex(hello)) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    run = "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0"
    assert rtf.decompressed(bytes.fromhex(run)) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_what_was_compressed_comes_back() -> None:
    rich = HTML_RTF + b"{" + b"ab" * 3000 + bytes(range(256)) * 20
    assert rtf.decompressed(outlook.compressed(rich)) == rich


def test_uncompressed_rich_text_is_taken_as_it_is() -> None:
    packed = outlook.compressed(HTML_RTF)
    assert rtf.decompressed(packed[:8] + b"MELA" + bytes(4) + HTML_RTF) == HTML_RTF


def test_decompression_stops_at_its_limit() -> None:
    bomb = outlook.compressed(b"a" * 5000)
    assert rtf.decompressed(bomb, limit=100) == b"a" * 100


@pytest.mark.parametrize("cut", [0, 5, 12, 16, 17, 40])
def test_rich_text_that_breaks_off_gives_what_stands_before(cut: int) -> None:
    packed = outlook.compressed(HTML_RTF)
    assert HTML_RTF.startswith(rtf.decompressed(packed[:cut]))


def test_html_comes_out_of_rich_text_without_what_was_made_for_other_readers() -> None:
    found = rtf.read(HTML_RTF)
    assert found.text is None
    assert found.html == "<html><body><p>Grüße from € &amp;<b>bold</b></p></body>"


def test_rich_text_becomes_words() -> None:
    rich = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset128 Gothic;}}"
        rb"{\stylesheet{\s0 Normal;}}{\*\generator Word;}{\info{\title not shown}}\f0 Dear Ann,\par\par "
        rb"first\line second\tab third\par \f1\'cf\'f0\'e8\'e2\'e5\'f2\f0\par \f2\'83\'41\f0  \u128512?\u-10179?\u-8704?"
        rb"\par \{braces\} and \\ \~ {\pict\pngblip 89504e47}done\par }"
    )
    assert rtf.read(rich).text == (
        "Dear Ann,\n\nfirst\nsecond\tthird\nПривет\nア 😀😀\n{braces} and \\ \u00a0 done\n"
    )


def test_numbers_and_bullets_of_lists_are_words() -> None:
    rich = rb"{\rtf1\ansi {\*\pn\pnlvlbody{\pntxta .}}{\pntext\f0 1.\tab}One\par {\pntext\f0\'b7\tab}Two\par}"
    assert rtf.read(rich).text == "1.\tOne\n·\tTwo\n"


def test_a_link_in_rich_text_says_where_it_leads() -> None:
    rich = (
        rb'{\rtf1 See {\field{\*\fldinst HYPERLINK "https://shop.example/o?id=1"}{\fldrslt {\ul the order}}} and '
        rb'{\field{\*\fldinst{HYPERLINK "http://a.example/"}}{\fldrslt http://a.example/}}.}'
    )
    assert rtf.read(rich).text == "See the order <https://shop.example/o?id=1> and http://a.example/.\n"


@pytest.mark.parametrize("start", ["{\\rtf1 ", "{\\rtf1\\fromhtml1 "])
def test_rich_text_of_single_characters_costs_few_times_its_size(start: str) -> None:
    source = (start + "\\u8364?" * 100_000 + "}").encode()
    found = rtf.read(source)
    assert (found.text or found.html or "").strip() == "\u20ac" * 100_000
    assert mails.peak(lambda: rtf.read(source)) < 6 * len(source)


def test_what_is_no_rich_text_gives_no_words() -> None:
    assert rtf.read(b"<html>hello") == rtf.Read()
    assert rtf.read(b"{\\rtf1 {\\fonttbl{\\f0 Arial;}}}") == rtf.Read()


def test_groups_without_end_are_read() -> None:
    assert rtf.read(b"{\\rtf1 " + b"{" * 5000 + b"deep" + b"}" * 5000 + b" after}").text == "deep after\n"


# -- the stream ------------------------------------------------------------------------------------


def test_words_and_files_are_taken_out_of_winmail_dat() -> None:
    stream = outlook.stream(
        outlook.message(outlook.unicode(outlook.BODY, "Please see the plan.\r\nAnn")),
        outlook.file(
            b"PLAN~1.PDF", b"%PDF-1.7 plan", outlook.unicode(outlook.LONG_NAME, "Plan für 2026.pdf")
        ),
        outlook.file(b"NOTES.TXT", b"notes"),
    )
    raw = _wrapped(stream)
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=Please see the plan.\nAnn", "Plan für 2026.pdf", "NOTES.TXT"]
    assert mails.contents(raw, found) == [b"%PDF-1.7 plan", b"notes"]
    assert [leaf.section for leaf in found.leaves] == ["1", "1.1", "1.2"]
    assert found.defects == ()


def test_a_mail_that_is_all_winmail_dat_is_read() -> None:
    stream = outlook.stream(outlook.message(outlook.unicode(outlook.BODY, "Only here.")))
    head = mails.fields("From: Ann <ann@example.com>", "Content-Type: application/ms-tnef")
    assert mails.shape(mail.parse(head + b"\r\n" + stream)) == ["text=Only here."]


def test_html_of_winmail_dat_finds_its_pictures() -> None:
    stream = outlook.stream(
        outlook.message((outlook.BINARY, outlook.HTML, b'<p>Look: <img src="cid:pic@1">')),
        outlook.file(
            b"a.png",
            b"\x89PNG",
            outlook.unicode(outlook.CONTENT_ID, "<pic@1>"),
            outlook.unicode(outlook.MIME_TAG, "image/png"),
        ),
    )
    found = mail.parse(_wrapped(stream))
    assert _words(found)[0].html == '<p>Look: <img src="cid:pic@1">'
    picture = found.leaves[1]
    assert (picture.content_id, picture.content_type, picture.disposition) == ("pic@1", "image/png", "")


def test_compressed_rich_text_is_the_body_where_nothing_else_is() -> None:
    stream = outlook.stream(outlook.message((outlook.BINARY, outlook.RTF, outlook.compressed(HTML_RTF))))
    assert "Grüße from €" in (_words(mail.parse(_wrapped(stream)))[0].html or "")


def test_old_text_is_read_in_the_code_page_of_the_stream() -> None:
    stream = outlook.stream(
        outlook.attribute(outlook.OLD_BODY, "Привет".encode("cp1251") + b"\0"), codepage=1251
    )
    assert _words(mail.parse(_wrapped(stream)))[0].text == "Привет"


def test_the_same_words_beside_winmail_dat_are_shown_once() -> None:
    words = "Dear team, please find the corrected offer attached to this mail. Regards, Ann"
    stream = outlook.stream(
        outlook.message((outlook.BINARY, outlook.HTML, f"<div>{words.replace(',', ',<br>')}</div>".encode()))
    )
    found = mail.parse(_wrapped(stream, mails.plain(words + "\r\n\r\nDisclaimer: none.")))
    (block,) = found.blocks
    assert isinstance(block, Written)
    assert block.text is not None
    assert block.text.startswith("Dear team")
    assert block.html is not None
    assert block.leaves == (0, 1)


def test_other_words_beside_winmail_dat_are_both_shown() -> None:
    stream = outlook.stream(
        outlook.message(outlook.unicode(outlook.BODY, "The lamp in hall nine is dark again."))
    )
    found = mail.parse(_wrapped(stream, mails.plain("Forwarded by the gateway of Contoso")))
    assert len(_words(found)) == 2


def test_a_winmail_dat_by_name_alone_is_opened() -> None:
    stream = outlook.stream(outlook.message(outlook.unicode(outlook.BODY, "By name.")))
    raw = mails.mixed(mails.file(stream, content_type="application/octet-stream", name="WINMAIL.DAT"))
    assert mails.shape(mail.parse(raw)) == ["text=By name."]


@pytest.mark.parametrize(
    "stream", [b"", b"no stream at all", b"\x78\x9f\x3e\x22\x01\x00", b"\x78\x9f\x3e\x22" + b"\xff" * 50]
)
def test_what_cannot_be_taken_apart_stays_a_file_with_a_remark(stream: bytes) -> None:
    raw = _wrapped(stream, mails.plain("Hello"))
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=Hello", "winmail.dat"]
    assert mails.contents(raw, found) == [stream]
    assert any("winmail.dat could not be taken apart" in defect for defect in found.defects)


def test_a_stream_that_breaks_off_gives_what_stood_before() -> None:
    stream = outlook.stream(
        outlook.message(outlook.unicode(outlook.BODY, "Hello")), outlook.file(b"a.bin", b"x" * 1000)
    )
    raw = _wrapped(stream[:-300])
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=Hello", "a.bin"]
    assert mails.contents(raw, found)[0].startswith(b"x" * 600)
    assert any("breaks off" in defect for defect in found.defects)


def test_a_file_may_stand_in_its_properties_an_object_behind_its_class() -> None:
    stream = outlook.stream(
        outlook.file(b"a.bin", b"", (outlook.BINARY, outlook.DATA, b"The bytes of the file.")),
        outlook.file(
            b"b.xls", b"", (outlook.OBJECT, outlook.DATA, bytes(16) + b"\xd0\xcf\x11\xe0 and so on")
        ),
    )
    raw = _wrapped(stream)
    found = mail.parse(raw)
    assert mails.shape(found)[-2:] == ["a.bin", "b.xls"]
    assert mails.contents(raw, found)[-2:] == [b"The bytes of the file.", b"\xd0\xcf\x11\xe0 and so on"]


def test_an_empty_file_keeps_its_name() -> None:
    stream = outlook.stream(outlook.file(b"EMPTY.TXT", b""))
    assert mails.shape(mail.parse(_wrapped(stream))) == ["nothing", "EMPTY.TXT"]


def test_wrappers_within_wrappers_are_opened_to_the_limit_and_no_deeper() -> None:
    stream = outlook.stream(outlook.message(outlook.unicode(outlook.BODY, "Core")))
    for _ in range(4):
        stream = outlook.stream(outlook.file(b"winmail.dat", stream))
    raw = _wrapped(stream)
    found = mail.parse(raw)
    assert mails.shape(found)[-1] == "winmail.dat"
    assert any("too deep" in defect for defect in found.defects)
    assert "text=Core" in mails.shape(mail.parse(raw, Limits(unwrap_depth=5)))


def test_a_wrapper_that_is_too_large_stays_a_file() -> None:
    stream = outlook.stream(outlook.file(b"a.bin", b"x" * 5000))
    raw = _wrapped(stream)
    found = mail.parse(raw, Limits(unwrap_bytes=1000))
    assert mails.shape(found) == ["winmail.dat"]
    assert mails.contents(raw, found) == [stream]


def test_more_files_than_the_limit_leave_the_wrapper_there() -> None:
    stream = outlook.stream(*(outlook.file(b"%d.txt" % n, b"x") for n in range(5)))
    found = mail.parse(_wrapped(stream), Limits(unwrap_leaves=2))
    assert mails.shape(found) == ["nothing", "0.txt", "1.txt", "winmail.dat"]
    inner = outlook.stream(*(outlook.file(b"%d.txt" % n, b"x") for n in range(4)))
    found = mail.parse(
        _wrapped(outlook.stream(*[outlook.file(b"in.dat", inner)] * 3)), Limits(unwrap_leaves=4)
    )
    assert mails.shape(found).count("0.txt") == 1


def test_counts_that_lie_are_not_believed() -> None:
    lying = outlook.stream(
        outlook.attribute(outlook.MESSAGE_PROPERTIES, b"\xff\xff\xff\x7f" + b"\x1e\x10\x00\x10" + b"\xff" * 8)
    )
    assert tnef.read(lying) is None


def test_a_mail_of_nothing_but_settings_is_left_out_with_a_word() -> None:
    stream = outlook.stream(outlook.message(outlook.unicode(outlook.SUBJECT, "Only a subject")))
    found = mail.parse(_wrapped(stream, mails.plain("Hello")))
    assert mails.shape(found) == ["text=Hello", "nothing"]
    assert found.defects == ("Part 2: winmail.dat holds neither words nor files and was left out.",)


@pytest.mark.parametrize("kind", [b"IPM.DistList\0", b"IPM.StickyNote\0", b"REPORT.IPM.Note.NDR\0"])
def test_an_item_that_may_say_more_than_is_read_stays_a_file(kind: bytes) -> None:
    stream = outlook.stream(outlook.attribute(outlook.MESSAGE_CLASS, kind))
    found = mail.parse(_wrapped(stream, mails.plain("Hello")))
    assert mails.shape(found) == ["text=Hello", "winmail.dat"]
    assert found.defects == ("Part 2: winmail.dat holds neither words nor files.",)


def test_properties_that_break_off_are_not_all_there() -> None:
    whole = outlook.properties(
        outlook.unicode(outlook.SUBJECT, "Hello"), outlook.unicode(outlook.BODY, "Words")
    )
    stream = outlook.stream(outlook.attribute(outlook.MESSAGE_PROPERTIES, whole[:-8]))
    found = mail.parse(_wrapped(stream, mails.plain("Hello")))
    assert mails.shape(found) == ["text=Hello", "winmail.dat"]
    assert found.defects == ("Part 2: winmail.dat could not be taken apart.",)


@pytest.mark.parametrize(
    "name", ["budget.xlsx", "Angebot.PDF", "photo.jpeg", "invite.ics", "page.html", "unknown.zzz"]
)
def test_a_file_of_winmail_dat_has_the_type_of_its_name(name: str) -> None:
    stream = outlook.stream(outlook.file(name.encode(), b"content"))
    (file,) = [leaf for leaf in mail.parse(_wrapped(stream)).leaves if leaf.filename == name]
    assert file.content_type == endings.content_type(name)
    assert (file.content_type == "application/octet-stream") == name.endswith("zzz")


def test_a_type_that_outlook_names_counts_unless_it_says_nothing() -> None:
    def typed(mime: str) -> str:
        stream = outlook.stream(outlook.file(b"a.pdf", b"x", outlook.unicode(outlook.MIME_TAG, mime)))
        return mail.parse(_wrapped(stream)).leaves[-1].content_type

    assert typed("application/x-acrobat") == "application/x-acrobat"
    assert typed("application/octet-stream") == "application/pdf"


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("application/x-tnef", "win.dat"),
        ("application/octet-stream", "ATT00001.dat"),
        ("application/octet-stream", None),
        ("application/octet-stream", "noname"),
    ],
)
def test_a_winmail_dat_under_another_name_is_known_by_its_first_bytes(
    content_type: str, name: str | None
) -> None:
    stream = outlook.stream(outlook.message(outlook.unicode(outlook.BODY, "The words")))
    raw = mails.mixed(mails.file(stream, content_type=content_type, name=name))
    assert [block.text for block in _words(mail.parse(raw))] == ["The words"]
    other = mails.mixed(mails.file(b"No stream", content_type="application/octet-stream", name=name))
    assert mail.parse(other).defects == ()
