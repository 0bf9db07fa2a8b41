"""Names of files in every misuse of RFC 2045, 2047 and 2231, and the types of parts."""

from __future__ import annotations

import pytest
from support.mails import fields, mixed, part

from bridge import mail
from bridge.model import Leaf


def leaf(*lines: str | bytes, body: bytes = b"x") -> Leaf:
    (found,) = mail.parse(fields("Subject: S", *lines) + b"\r\n" + body).leaves
    return found


@pytest.mark.parametrize(
    ("case", "disposition", "wanted"),
    [
        (84, 'attachment; filename="offer.pdf"', "offer.pdf"),
        (84, "attachment; filename=offer.pdf", "offer.pdf"),
        (84, "attachment; filename=my offer (2).pdf; size=3", "my offer (2).pdf"),
        (84, 'attachment; filename="a;b=c.pdf"', "a;b=c.pdf"),
        (84, r'attachment; filename="a\"b.pdf"', 'a"b.pdf'),
        (84, r'attachment; filename="C:\temp\new.pdf"', r"C:\temp\new.pdf"),
        (84, 'attachment; filename="offer.pdf', "offer.pdf"),
        (84, "attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf", "Grüße.pdf"),
        (84, "attachment; filename*=UTF-8'de'%E2%82%AC.pdf", "€.pdf"),
        (84, "attachment; filename*=\"utf-8''Gr%C3%BC%C3%9Fe.pdf\"", "Grüße.pdf"),
        (84, "attachment; filename*=iso-8859-1''Gr%FC%DFe.pdf", "Grüße.pdf"),
        (84, "attachment; filename*=x-martian''Gr%FC%DFe.pdf", "Grüße.pdf"),
        (84, "attachment; filename*=Gr%C3%BC%C3%9Fe.pdf", "Grüße.pdf"),
        (84, "attachment; filename*0=\"a long \"; filename*1=\"name.pdf\"", "a long name.pdf"),
        (84, "attachment; filename*1=\"name.pdf\"; filename*0=\"a long \"", "a long name.pdf"),
        (84, "attachment; filename*0*=utf-8''Gr%C3; filename*1*=%BC%C3%9Fe; filename*2=.pdf", "Grüße.pdf"),
        (84, "attachment; filename*0*=utf-8''a%20; filename*2=c.pdf", "a c.pdf"),
        (84, 'attachment; filename*0="=?utf-8?B?R3LDvM"; filename*1="OfZQ==?=.pdf"', "Grüße.pdf"),
        (84, 'attachment; filename="=?utf-8?Q?Gr=C3=BC=C3=9Fe=2Epdf?="', "Grüße.pdf"),
        (84, "attachment; filename==?utf-8?Q?Gr=C3=BC=C3=9Fe=2Epdf?=", "Grüße.pdf"),
        (84, 'attachment; filename="=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe.pdf?="', "Grüße.pdf"),
        (84, 'attachment; filename="Grüße.pdf"', "Grüße.pdf"),
        (84, 'attachment; filename="Grüße.pdf"'.encode("cp1252"), "Grüße.pdf"),
        (84, 'ATTACHMENT; FileName = "offer.pdf" ;', "offer.pdf"),
        (84, 'attachment; filename="my "best" offer.pdf"; size=3', 'my "best" offer.pdf'),
        (84, 'attachment; filename="offer.pdf" size=3', "offer.pdf"),
        (84, 'attachment; filename="offer.pdf" (mine)', "offer.pdf"),
        (85, "attachment; filename=first.pdf; filename=second.pdf", "first.pdf"),
        (85, "attachment; filename=plain.pdf; filename*=utf-8''better.pdf", "better.pdf"),
        (86, 'attachment; filename="../../etc/passwd"', "../../etc/passwd"),
        (86, 'attachment; filename="cod\u202efdp.exe"', "cod\u202efdp.exe"),
        (86, 'attachment; filename="a\0b\x07.pdf"', "ab.pdf"),
        (87, "attachment", None),
        (87, 'attachment; filename=""', None),
        (19, "attachment; filename*", None),
        (19, "attachment; filename*0*; filename*x=1; =; ;;=", None),
    ],
)  # fmt: skip
def test_a_file_name(case: int, disposition: str | bytes, wanted: str | None) -> None:
    raw = disposition.encode() if isinstance(disposition, str) else disposition
    found = leaf("Content-Type: application/pdf", b"Content-Disposition: " + raw)
    assert found.filename == wanted
    assert found.disposition == "attachment"


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (
            ("Content-Type: image/png; name=type.png", "Content-Disposition: inline; filename=shown.png"),
            "shown.png",
        ),
        (("Content-Type: image/png; name=type.png", "Content-Disposition: inline"), "type.png"),
        (("Content-Type: image/png; name*=utf-8''t%C3%BCpe.png",), "tüpe.png"),
        (("Content-Type: image/png", "Content-Disposition: inline; name=odd.png"), "odd.png"),
        (("Content-Type: image/png; filename=odd.png",), "odd.png"),
    ],
)
def test_where_a_name_can_hide(lines: tuple[str, ...], wanted: str) -> None:
    """Case 85."""
    assert leaf(*lines).filename == wanted


def test_a_name_stands_without_a_disposition_too() -> None:
    """Case 61."""
    assert leaf("Content-Type: image/png", 'Content-Disposition: filename="odd.png"').filename == "odd.png"


def test_raw_names_are_in_the_charset_of_the_text() -> None:
    """Case 84: a scanner of Japan; the second byte of its first character is a backslash."""
    name = "表示.pdf".encode("cp932")
    found = mail.parse(
        mixed(
            part("Content-Type: text/plain; charset=shift_jis", body="送信".encode("cp932")),
            part(b'Content-Type: application/pdf; name="' + name + b'"', body="x"),
            part(
                "Content-Type: application/pdf",
                b'Content-Disposition: inline; filename="' + name + b'"',
                body="x",
            ),
        )
    )
    assert [one.filename for one in found.leaves[1:]] == ["表示.pdf", "表示.pdf"]


@pytest.mark.parametrize(
    ("case", "lines", "content_type", "charset"),
    [
        (43, (), "text/plain", None),
        (43, ("Content-Type:",), "text/plain", None),
        (43, ("Content-Type: ;",), "text/plain", None),
        (44, ("Content-Type: text",), "text/plain", None),
        (44, ("Content-Type: TEXT/HTML; CharSet=UTF-8;",), "text/html", "UTF-8"),
        (44, ("Content-Type: text/html charset=utf-8",), "text/html", "utf-8"),
        (44, ("Content-Type: text/plain; charset=utf-8 format=flowed",), "text/plain", "utf-8"),
        (44, ('Content-Type: text/plain; charset = "utf-8" (really)',), "text/plain", "utf-8"),
        (44, ("Content-Type: text/plain; charset=utf-8; charset=koi8-r",), "text/plain", "utf-8"),
        (45, ("Content-Type: rubbish", "Content-Type: text/html"), "text/html", None),
        (45, ("Content-Type: text/html", "Content-Type: text/plain"), "text/html", None),
        (19, ("Content-Type: text/plain; name*",), "text/plain", None),
        (0, ("Content-Type: image/svg+xml",), "image/svg+xml", None),
    ],
)
def test_a_type(case: int, lines: tuple[str, ...], content_type: str, charset: str | None) -> None:
    found = leaf(*lines)
    assert (found.content_type, found.charset) == (content_type, charset)


def test_further_parameters_are_kept() -> None:
    found = leaf("Content-Type: application/pkcs7-mime; smime-type=Signed-Data; name=smime.p7m")
    assert found.parameters == (("smime-type", "Signed-Data"),)
    assert found.filename == "smime.p7m"


@pytest.mark.parametrize(
    ("disposition", "wanted"),
    [("inline", "inline"), ("ATTACHMENT", "attachment"), ("rubbish", ""), ('"inline"', "inline"), ("", "")],
)
def test_a_disposition(disposition: str, wanted: str) -> None:
    """Case 61."""
    assert leaf("Content-Type: image/png", f"Content-Disposition: {disposition}").disposition == wanted


@pytest.mark.parametrize("value", ["<logo@x>", "logo@x", " < logo@x > ", "<logo@x"])
def test_a_content_id_has_no_brackets(value: str) -> None:
    """Case 63."""
    assert leaf("Content-Type: image/png", f"Content-ID: {value}").content_id == "logo@x"


def test_location_and_description_are_kept() -> None:
    """Case 87."""
    found = leaf(
        "Content-Type: image/png", "Content-Location: logo.png", "Content-Description: =?utf-8?Q?L=C3=B6go?="
    )
    assert (found.content_location, found.description) == ("logo.png", "Lögo")
