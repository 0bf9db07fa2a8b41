"""Files get names that are safe anywhere, unique, and as near to the sender's as that allows (mail-cases 84 to 90)."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.compose import files
from bridge.compose.files import Naming
from bridge.model import Attached, Leaf, Mail, Span, Written


def a_leaf(index: int = 0, **given: Any) -> Leaf:
    values: dict[str, Any] = {"section": "2", "content_type": "application/pdf", "content": Span(0, 0)}
    return Leaf(index=index, **(values | given))


def planned(*leaves: dict[str, Any]) -> tuple[Naming, ...]:
    made = tuple(a_leaf(index, **given) for index, given in enumerate(leaves))
    return files.plan(Mail(leaves=made, blocks=tuple(Attached(leaf.index) for leaf in made)))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("offer.pdf", "offer.pdf"),
        ("Größe 1 (neu).pdf", "Größe 1 (neu).pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\ann\\x.pdf", "x.pdf"),
        ("C:x.pdf", "x.pdf"),
        ("CON", "_CON.pdf"),
        ("com1.pdf", "_com1.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("..", "application.pdf"),
        ("a\nb\tc.pdf", "a b c.pdf"),
        ("cod\u202efdp.exe", "codfdp.exe"),
        ("a<b>:c|d?.pdf", "a_b_c_d_.pdf"),
        ('say "hi".pdf', "say _hi_.pdf"),
        ("folder/", "folder.pdf"),
        ("   x.pdf . ", "x.pdf"),
        ("noextension", "noextension.pdf"),
        ("Offer 12.10.2026", "Offer 12.10.2026.pdf"),
        ("Offer v1.0", "Offer v1.0.pdf"),
        ("日本語.pdf", "日本語.pdf"),
        ("x\x00.pdf", "x.pdf"),
    ],
)
def test_a_name_is_safe_and_its_original_is_remarked(given: str, name: str) -> None:
    """Case 86."""
    (naming,) = planned({"filename": given})
    expected = "file.pdf" if name == "application.pdf" else name
    assert naming.name == expected
    # That an ending was added is nothing to tell.
    assert bool(naming.remark) == (expected not in (given, f"{given}.pdf"))
    assert "\u202e" not in naming.remark
    assert "\n" not in naming.remark


def test_a_name_that_is_only_composed_is_the_same_name() -> None:
    """Case 86: Macintoshes send an accent behind its letter."""
    (naming,) = planned({"filename": "Mu\u0308ller.pdf "})
    assert (naming.name, naming.remark) == ("Müller.pdf", "")


def test_a_number_ends_a_name_whose_type_is_not_known() -> None:
    (naming,) = planned({"filename": "backup.001", "content_type": "application/octet-stream"})
    assert naming.name == "backup.001"


def test_a_long_name_is_cut_and_keeps_its_extension() -> None:
    """Case 86."""
    (naming,) = planned({"filename": "ü" * 300 + ".tar.gz"})
    assert naming.name.endswith("ü.tar.gz")
    assert len(naming.name.encode()) <= 150


def test_two_files_of_one_name_are_told_apart() -> None:
    """Case 88."""
    names = [
        naming.name
        for naming in planned(*({"filename": name} for name in ("x.pdf", "X.pdf", "x.pdf", "x-2.pdf")))
    ]
    assert names == ["x.pdf", "X-2.pdf", "x-3.pdf", "x-2-2.pdf"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (
            {"content_location": "http://x.example/img/logo%20new.png?x=1", "content_type": "image/png"},
            "logo new.png",
        ),
        ({"content_id": "image001.png@01DA.55", "content_type": "image/png"}, "image001.png"),
        ({"content_id": "8f3e@x", "content_type": "image/png"}, "image.png"),
        ({"content_id": "part1.0A2B.0C3D@x", "content_type": "image/png"}, "image.png"),
        ({"description": "Signed: offer", "content_type": "application/pdf"}, "Signed_ offer.pdf"),
        ({"content_type": "text/calendar"}, "invite.ics"),
        ({"content_type": "message/rfc822", "description": "Re: Your lamp"}, "Re_ Your lamp.eml"),
        ({"content_type": "message/rfc822"}, "mail.eml"),
        ({"content_type": "application/pgp-signature"}, "signature.asc"),
        ({"content_type": "application/ms-tnef"}, "winmail.dat"),
        ({"content_type": "image/jpeg"}, "image.jpg"),
        ({"content_type": "application/x-unheard-of"}, "file.bin"),
        ({"content_type": "text/x-log"}, "text.txt"),
        ({"content_type": "nonsense"}, "file.bin"),
        ({"content_location": "http://[", "content_type": "image/gif"}, "image.gif"),
    ],
)
def test_a_file_without_a_name_gets_one_from_what_is_known(given: dict[str, Any], name: str) -> None:
    """Case 87, case 71, case 54."""
    (naming,) = planned(given)
    assert naming.name == name
    assert naming.remark == ""


def test_words_are_no_files() -> None:
    leaves = (a_leaf(0, content_type="text/html"), a_leaf(1, filename="x.pdf"))
    mail = Mail(leaves=leaves, blocks=(Written(None, "<p>x", (0,)), Attached(1)))
    assert [naming.leaf for naming in files.plan(mail)] == [1]


@pytest.mark.parametrize(
    ("declared", "served"),
    [
        ("image/png", "image/png"),
        (" Application/PDF ", "application/pdf"),
        ("text/plain", "text/plain"),
        ("message/rfc822", "message/rfc822"),
        ("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        ("text/html", files.OPAQUE),
        ("TEXT/HTML", files.OPAQUE),
        ("image/svg+xml", files.OPAQUE),
        ("application/xhtml+xml", files.OPAQUE),
        ("application/javascript", files.OPAQUE),
        ("text/xml", files.OPAQUE),
        ("application/x-msdownload", files.OPAQUE),
        ("multipart/mixed", files.OPAQUE),
        ("text", files.OPAQUE),
        ("a/b\r\nX: y", files.OPAQUE),
        ("", files.OPAQUE),
    ],
)
def test_a_type_that_a_browser_would_run_is_never_passed_on(declared: str, served: str) -> None:
    """Case 90."""
    assert files.servable(declared) == served
    assert planned({"content_type": declared, "filename": "x.dat"})[0].content_type == served


HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n\0",
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/gif": b"GIF89a",
    "image/webp": b"RIFF\x10\0\0\0WEBPVP8 ",
    "image/tiff": b"II*\0\x08",
    "application/pdf": b"%PDF-1.7",
    "application/zip": b"PK\x03\x04\x14",
    "application/gzip": b"\x1f\x8b\x08\0",
    "application/rtf": b"{\\rtf1",
    "application/x-ole-storage": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "application/x-msdownload": b"MZ\x90\0",
    "text/calendar": b"BEGIN:VCALENDAR\r\n",
    "text/html": b"\xef\xbb\xbf\n <!DOCTYPE html>",
}


@pytest.mark.parametrize(("kind", "head"), HEADS.items())
def test_what_a_file_is_shows_in_its_first_bytes(kind: str, head: bytes) -> None:
    assert files.sniff(head) == kind


@pytest.mark.parametrize("head", [b"", b"hello", b"\0\0\0\0", b"<p>x", b"RIFF....WAVE"])
def test_what_cannot_be_told_is_not_guessed(head: bytes) -> None:
    assert files.sniff(head) is None


@pytest.mark.parametrize(
    ("declared", "name", "head", "content_type", "checked_name"),
    [
        (files.OPAQUE, "scan.bin", HEADS["application/pdf"], "application/pdf", "scan.pdf"),
        (files.OPAQUE, "scan.dat", HEADS["image/png"], "image/png", "scan.dat"),
        ("image/png", "x.png", HEADS["image/png"], "image/png", "x.png"),
        ("image/png", "x.png", HEADS["image/jpeg"], "image/jpeg", "x.png"),
        ("image/png", "x.png", HEADS["text/html"], files.OPAQUE, "x.png"),
        ("image/png", "x.png", HEADS["application/x-msdownload"], files.OPAQUE, "x.png"),
        ("application/msword", "x.doc", HEADS["application/x-ole-storage"], "application/msword", "x.doc"),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "x.docx",
            HEADS["application/zip"],
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "x.docx",
        ),
        ("image/png", "x.png", b"unknown", "image/png", "x.png"),
        ("application/x-gtar", "x.tgz", HEADS["application/gzip"], "application/x-gtar", "x.tgz"),
        ("application/msword", "x.doc", HEADS["application/rtf"], "application/msword", "x.doc"),
        ("image/x-canon-cr2", "x.cr2", HEADS["image/tiff"], "image/x-canon-cr2", "x.cr2"),
    ],
)
def test_what_a_file_is_decides_over_what_it_says(
    declared: str, name: str, head: bytes, content_type: str, checked_name: str
) -> None:
    """Case 90."""
    checked = files.checked(Naming(0, name, declared), head, (name,))
    assert (checked.content_type, checked.name) == (content_type, checked_name)
    assert bool(checked.remark) == (declared not in (content_type, files.OPAQUE))


def test_an_extension_that_is_added_hits_no_other_file() -> None:
    checked = files.checked(
        Naming(0, "scan.bin", files.OPAQUE), HEADS["application/pdf"], ("scan.bin", "Scan.pdf")
    )
    assert checked.name == "scan-2.pdf"
