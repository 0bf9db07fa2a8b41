"""The tree of parts and what becomes of it: words and files in their order, and nothing lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.mails import contents, fields, file, html, joined, mixed, multipart, part, plain, shape
from support.mails import mail as mail_of

from bridge import mail
from bridge.compose import files
from bridge.model import Written

PNG = b"\x89PNG\r\n\x1a\n..."


def image(name: str | None = None, *lines: str, disposition: str = "inline") -> bytes:
    return file(PNG, *lines, content_type="image/png", name=name, disposition=disposition)


def within(kind: str, *parts: bytes) -> bytes:
    return multipart(kind, *parts, boundary="in")


def eml(*lines: str, body: bytes | str = "inner", name: str = "") -> bytes:
    return part(
        "Content-Type: message/rfc822" + (f'; name="{name}"' if name else ""), body=mail_of(*lines, body=body)
    )


CASES: Sequence[tuple[int, str, bytes, list[str]]] = [
    (0, "alternative", mixed(plain("T"), html("<p>H</p>"), kind="alternative"), ["text=T html=<p>H</p>"]),
    (0, "mixed with a file", mixed(plain("T"), file()), ["text=T", "offer.pdf"]),
    (
        0,
        "alternative in mixed",
        mixed(within("alternative", plain("T"), html("H")), file()),
        ["text=T html=H", "offer.pdf"],
    ),
    (
        0,
        "alternative with related",
        mixed(plain("T"), within("related", html("H"), image("a.png")), kind="alternative"),
        ["text=T html=H", "a.png"],
    ),
    (
        0,
        "related with alternative",
        mixed(within("alternative", plain("T"), html("H")), image("a.png"), kind="related"),
        ["text=T html=H", "a.png"],
    ),
    (
        0,
        "related with a start",
        fields('Content-Type: multipart/related; boundary=x; start="<root>"')
        + b"\r\n"
        + joined(image("a.png"), html("H", "Content-ID: <root>"), boundary="x"),
        ["html=H", "a.png"],
    ),
    (48, "a file alone in mixed", mixed(file()), ["offer.pdf"]),
    (48, "blank text and a file", mixed(plain(" \r\n"), file()), ["nothing", "offer.pdf"]),
    (50, "blank text, full html", mixed(plain(""), html("H"), kind="alternative"), ["html=H"]),
    (50, "text, blank html", mixed(plain("T"), html(" "), kind="alternative"), ["text=T"]),
    (50, "blank alternatives", mixed(plain(""), html(" "), kind="alternative"), ["nothing"]),
    (
        51,
        "text, image, text",
        mixed(plain("one"), image("a.png"), plain("two")),
        ["text=one", "a.png", "text=two"],
    ),
    (
        52,
        "Apple's pdf between html",
        mixed(
            plain("T"),
            within("mixed", html("H1"), file(disposition="inline"), html("H2")),
            kind="alternative",
        ),
        ["text=T html=H1\nH2", "offer.pdf"],
    ),
    (
        52,
        "Apple's picture between html",
        mixed(plain("T"), within("mixed", html("H1"), image("a.png"), html("H2")), kind="alternative"),
        ["html=H1", "a.png", "html=H2"],
    ),
    (
        52,
        "text with a file as the second alternative",
        mixed(plain("T"), within("mixed", plain("T"), file()), kind="alternative"),
        ["text=T", "offer.pdf"],
    ),
    (53, "a list's footer", mixed(plain("T"), plain("-- list footer")), ["text=T", "text=-- list footer"]),
    (53, "a footer behind html", mixed(html("H"), plain("footer")), ["html=H", "text=footer"]),
    (
        54,
        "a mail in the mail",
        mixed(plain("T"), eml("Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=")),
        ["text=T", "Grüße.eml"],
    ),
    (
        54,
        "a named mail in the mail",
        mixed(plain("T"), eml("Subject: S", name="old.eml")),
        ["text=T", "old.eml"],
    ),
    (54, "a mail without subject", mixed(eml()), ["message.eml"]),
    (
        54,
        "an encoded mail in the mail",
        mixed(file(mail_of("Subject: Inner"), content_type="message/rfc822", name=None)),
        ["Inner.eml"],
    ),
    (
        54,
        "a digest",
        mixed(
            plain("T"),
            within("digest", part(body=mail_of("Subject: one")), part(body=mail_of("Subject: two"))),
        ),
        ["text=T", "one.eml", "two.eml"],
    ),
    (
        55,
        "a mail in a mail in a mail",
        mixed(part("Content-Type: message/rfc822", body=fields("Subject: outer") + within("mixed", eml()))),
        ["outer.eml"],
    ),
    (
        57,
        "a delivery report",
        mixed(
            plain("Sorry"),
            part("Content-Type: message/delivery-status", body="Action: failed"),
            eml("Subject: lost"),
            kind="report",
        ),
        ["text=Sorry", "message/delivery-status", "lost.eml"],
    ),
    (
        58,
        "a delivery report with headers",
        mixed(plain("Sorry"), part("Content-Type: text/rfc822-headers", body="Subject: lost"), kind="report"),
        ["text=Sorry", "text/rfc822-headers"],
    ),
    (60, "an inline pdf", mixed(plain("T"), file(disposition="inline")), ["text=T", "offer.pdf"]),
    (
        61,
        "no disposition",
        mixed(html("H"), image(disposition="", name=None), kind="related"),
        ["html=H", "image/png"],
    ),
    (62, "an inline image nobody refers to", mixed(plain("T"), image()), ["text=T", "image/png"]),
    (
        67,
        "signed",
        mixed(
            plain("T"), file(content_type="application/pgp-signature", name="signature.asc"), kind="signed"
        ),
        ["text=T", "signature.asc"],
    ),
    (
        68,
        "opaque",
        fields("Content-Type: application/pkcs7-mime; name=smime.p7m") + b"\r\nMII",
        ["smime.p7m"],
    ),
    (
        69,
        "encrypted",
        mixed(
            part("Content-Type: application/pgp-encrypted", body="Version: 1"),
            part("Content-Type: application/octet-stream", body="x"),
            kind="encrypted",
        ),
        ["nothing", "application/octet-stream"],
    ),
    (
        70,
        "winmail.dat",
        mixed(plain("T"), file(content_type="application/ms-tnef", name="winmail.dat")),
        ["text=T", "winmail.dat"],
    ),
    (
        71,
        "an invitation as an alternative",
        mixed(
            plain("T"),
            part("Content-Type: text/calendar; method=REQUEST", body="BEGIN:VCALENDAR"),
            html("H"),
            kind="alternative",
        ),
        ["text=T html=H", "text/calendar"],
    ),
    (
        71,
        "an invitation alone",
        mixed(part("Content-Type: text/calendar", body="BEGIN:VCALENDAR"), kind="alternative"),
        ["text/calendar"],
    ),
    (72, "html alone", fields("Content-Type: text/html; name=document.html") + b"\r\n<p>H", ["html=<p>H"]),
    (73, "a pdf alone", file(), ["offer.pdf"]),
    (
        0,
        "a text file",
        mixed(plain("T"), plain("log", "Content-Disposition: attachment; filename=a.log")),
        ["text=T", "a.log"],
    ),
    (
        0,
        "a named inline text",
        mixed(plain("T"), plain("log", "Content-Disposition: inline; filename=a.log")),
        ["text=T", "a.log"],
    ),
    (
        0,
        "a nameless inline text",
        mixed(plain("T"), plain("more", "Content-Disposition: inline")),
        ["text=T", "text=more"],
    ),
    (
        0,
        "a nameless attached text",
        mixed(plain("T"), plain("log", "Content-Disposition: attachment")),
        ["text=T", "text/plain"],
    ),
    (
        0,
        "other text types",
        mixed(plain("T"), part("Content-Type: text/csv", body="a,b")),
        ["text=T", "text/csv"],
    ),
    (
        0,
        "plain texts as alternatives",
        mixed(plain("one"), plain("two"), plain("one"), file(), kind="alternative"),
        ["text=one", "text=two", "offer.pdf"],
    ),
    (0, "the same text twice", mixed(plain("one"), plain(" one "), kind="alternative"), ["text=one"]),
    (
        0,
        "enriched text",
        fields("Content-Type: text/enriched")
        + b"\r\n<bold>Now</bold> <<3\n<color><param>red</param>go</color>\n\nThen",
        ["text=Now <3 go\nThen"],
    ),
    (
        0,
        "a stylesheet among related parts",
        mixed(html("H"), plain("p{}", "Content-ID: <s>"), kind="related"),
        ["html=H", "text/plain"],
    ),
    (0, "an unknown multipart", mixed(plain("one"), plain("two"), kind="x-odd"), ["text=one", "text=two"]),
    (
        76,
        "a uuencoded file in the text",
        mail_of(body="Here:\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\nBye\r\n"),
        ["text=Here:", "a.txt", "text=Bye"],
    ),
    (
        76,
        "nothing but a uuencoded file",
        mail_of(body="begin 644 a.txt\n#86)C\n`\nend\n"),
        ["nothing", "a.txt"],
    ),
    (
        76,
        "prose that begins",
        mail_of(body="begin 644 times\r\nand never stop\r\nend\r\n"),
        ["text=begin 644 times\nand never stop\nend"],
    ),
    (
        76,
        "a text in the encoding of uuencode",
        mail_of("Content-Transfer-Encoding: x-uuencode", body="Here:\nbegin 644 a.txt\n#86)C\n`\nend\n"),
        ["text=Here:", "a.txt"],
    ),
    (
        76,
        "a part in the encoding of uuencode",
        mixed(
            part(
                "Content-Type: application/zip",
                "Content-Transfer-Encoding: x-uuencode",
                body="begin 644 a.zip\n#86)C\n`\nend",
            )
        ),
        ["a.zip"],
    ),
    (76, "no end", mail_of(body="begin 644 a.txt\n#86)C\n"), ["text=begin 644 a.txt\n#86)C"]),
]


@pytest.mark.parametrize(
    ("case", "what", "raw", "wanted"), CASES, ids=[f"{case}-{what}" for case, what, *_ in CASES]
)
@pytest.mark.parametrize("line_end", ["crlf", "lf"])
def test_words_and_files_stand_in_their_order(
    case: int, what: str, raw: bytes, wanted: list[str], line_end: str
) -> None:
    """Each with both line ends: case 42."""
    raw = raw.replace(b"\r\n", b"\n") if line_end == "lf" else raw
    assert shape(mail.parse(raw)) == wanted


def test_a_uuencoded_file_is_decoded_where_it_stands() -> None:
    """Case 76: also from an encoded part, and with its name in any charset."""
    raw = mail_of(
        body="Hi\nbegin 644 gr\xfc\xdfe.txt\n#86)C\n`\nend\nbegin 644 b\n#86)C\n`\nend\n".encode("cp1252")
    )
    found = mail.parse(raw)
    assert shape(found) == ["text=Hi", "grüße.txt", "b"]
    assert contents(raw, found) == [b"abc", b"abc"]
    assert [leaf.section for leaf in found.leaves] == ["1", "1.1", "1.2"]
    raw = mail_of("Content-Transfer-Encoding: base64", body=b"aGkKYmVnaW4gNjQ0IGEKIzg2KUMKYAplbmQK")
    found = mail.parse(raw)
    assert (shape(found), contents(raw, found)) == (["text=hi", "a"], [b"abc"])


@pytest.mark.parametrize("type_", ["<html>", "html", "text/html/x", "text\\html"])
def test_a_type_that_only_smells_of_html_is_html(type_: str) -> None:
    assert shape(mail.parse(mail_of(f"Content-Type: {type_}", body="Hi<br>Ann"))) == ["html=Hi<br>Ann"]


def test_the_words_of_a_report_declared_as_its_status_are_shown() -> None:
    status = "Content-Type: message/delivery-status"
    words = part(status, body="The mailbox of bob is full.")
    fields_ = part(status, body="Final-Recipient: rfc822; bob@example.com\r\nStatus: 5.2.2\r\n")
    assert shape(mail.parse(mixed(words, fields_, eml("Subject: Hi"), kind="report"))) == [
        "text=The mailbox of bob is full.",
        "message/delivery-status",
        "Hi.eml",
    ]
    assert shape(mail.parse(mixed(fields_, eml("Subject: Hi"), kind="report"))) == [
        "message/delivery-status",
        "Hi.eml",
    ]


def test_every_part_has_its_section_and_its_surroundings() -> None:
    found = mail.parse(mixed(within("alternative", plain("T"), html("H")), file()))
    assert [leaf.section for leaf in found.leaves] == ["1.1", "1.2", "2"]
    assert found.leaves[0].within == ("multipart/mixed", "multipart/alternative")
    assert found.blocks[0] == Written("T", "H", (0, 1))
    assert mail.parse(mail_of()).leaves[0].section == "1"


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("Re: Offer 1/2?", "Re_ Offer 1_2_.eml"),
        ("=?utf-8?Q?Gr=C3=B6=C3=9Fe?=", "Größe.eml"),
        ("", "message.eml"),
    ],
)
def test_a_mail_within_the_mail_is_a_file_named_by_its_subject(subject: str, name: str) -> None:
    inner = part("Content-Type: message/rfc822", body=mail_of(f"Subject: {subject}"))
    found = mail.parse(mixed(plain(), inner))
    assert shape(found)[1] == name
    assert files.plan(found)[0].name == name
    assert files.plan(found)[0].remark == ""
