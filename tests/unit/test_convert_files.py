"""One mail in a worker: zips are made in the store, the same each time; a forward shows its author's words and no others."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.composing import OWN, a_route, a_sender, an_envelope
from support.mails import file, html, mixed, part, plain

from bridge import convert
from bridge.model import Draft

INNER = (
    "From: Olga Bauer <olga@customer.example>\r\nSubject: Lost key\r\nDate: Sun, 1 Nov 2026 20:00:00 +0100\r\n\r\n"
    "I lost my key.\r\n"
)


def a_job(folder: Path, content: bytes, *, max_file_bytes: int = 1_000_000, **route: Any) -> convert.Job:
    return convert.Job(
        content=content,
        envelope=an_envelope(login="ann"),
        route=a_route(**route),
        recipients=("support@example.com",),
        sender=a_sender(staff=["ann@example.com"], staff_logins={"ann": ["ann@example.com"]}),
        own=OWN,
        keys=(b"k" * 32,),
        store=folder,
        max_file_bytes=max_file_bytes,
    )


def drafted(folder: Path, content: bytes, **given: Any) -> Draft:
    return convert.draft(a_job(folder, content, **given))


def with_files(count: int) -> bytes:
    return mixed(plain("Scans."), *(file(f"page {n}".encode(), name=f"{n}.pdf") for n in range(count)))


def test_the_zip_is_a_file_of_the_store(tmp_path: Path) -> None:
    made = drafted(tmp_path, with_files(6), files={"many": "zip", "max_follow_ups": 2})
    assert [one.name for one in made.files] == ["0.pdf", "1.pdf", "more-files.zip"]
    packed = made.files[-1]
    assert (packed.leaf, packed.content_type) == (-1, "application/zip")
    assert packed.size_bytes == packed.path.stat().st_size
    with zipfile.ZipFile(packed.path) as found:
        assert [found.read(name) for name in ("2.pdf", "5.pdf")] == [b"page 2", b"page 5"]
    assert made.note == ()


def test_a_zip_that_was_swept_is_made_again_as_it_was(tmp_path: Path) -> None:
    given = {"files": {"many": "zip", "max_follow_ups": 0}}
    first = drafted(tmp_path, with_files(4), **given).files[-1]
    first.path.unlink()
    again = drafted(tmp_path, with_files(4), **given).files[-1]
    assert again == first
    assert again.path.exists()


def test_no_zip_is_larger_than_a_file_may_be_and_each_has_its_name(tmp_path: Path) -> None:
    content = mixed(plain("x"), *(file(bytes(30_000), name=f"{n}.bin") for n in range(6)))
    made = drafted(tmp_path, content, max_file_bytes=100_000, files={"many": "zip", "max_follow_ups": 0})
    assert [one.name for one in made.files] == ["more-files.zip", "more-files-2.zip"]
    assert all(one.size_bytes <= 100_000 for one in made.files)


def forwarded(*parts: bytes, subject: str = "Fwd: Lost key") -> bytes:
    return mixed(*parts, head=(f"Subject: {subject}", "Message-ID: <1@example.com>"))


def attached() -> bytes:
    return part("Content-Type: message/rfc822", "Content-Disposition: attachment", body=INNER)


def test_106_a_mail_attached_to_a_forward_names_the_author(tmp_path: Path) -> None:
    content = forwarded(plain("Please answer her."), attached())
    made = drafted(tmp_path, content, forwards="original")
    assert (made.user.email, made.subject) == ("olga@customer.example", "Lost key")
    assert "passed this on; the author is who the attached mail names" in made.note[0]
    sorting = convert.sort(a_job(tmp_path, content, forwards="original"))
    assert (sorting.user.email, sorting.subject) == ("olga@customer.example", "Lost key")


def test_two_attached_mails_leave_the_forwarder_the_author(tmp_path: Path) -> None:
    content = forwarded(plain("Both, please."), attached(), attached())
    made = drafted(tmp_path, content, forwards="original")
    assert made.user.email == "ann@example.com"


def test_by_default_the_forwarder_stays_the_author_and_the_note_names_the_original(tmp_path: Path) -> None:
    made = drafted(tmp_path, forwarded(plain("Please answer her."), attached()))
    assert made.user.email == "ann@example.com"
    assert made.subject == "Fwd: Lost key"
    assert "A forward of a mail from Olga Bauer <olga@customer.example>" in made.note[0]


# -- what the forwarder wrote ----------------------------------------------------------------------

HEADER = "From: Olga Bauer <olga@customer.example>\nDate: Sun, 1 Nov 2026 20:00:00\nSubject: Lost key\nTo: ann@example.com\n"
BLOCK = f"---------- Forwarded message ---------\n{HEADER}\nI lost my key.\n"


def passed_on(*parts: bytes) -> bytes:
    return mixed(*parts, head=("Subject: Fwd: Lost key", "Message-ID: <2@example.com>"))


def test_what_the_forwarder_wrote_stands_in_the_note_and_not_in_the_authors_words(tmp_path: Path) -> None:
    text = f"She again. Be quick!\n\n-- \nAnn\n\n{BLOCK}"
    made = drafted(tmp_path, passed_on(plain(text)), forwards="original")
    assert made.body.startswith("---------- Forwarded message ---------")
    assert "She again" not in made.body
    assert made.body.endswith("I lost my key.")
    assert made.note[-1] == "Who passed it on wrote: She again. Be quick! -- Ann"


def test_in_html_too_also_where_apple_mail_puts_it_in_a_quote(tmp_path: Path) -> None:
    header = HEADER.replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    inner = f"<div>Begin forwarded message:</div><br><div>{header}</div><br><div>I lost <b>my</b> key.</div>"
    for block in (inner, f'<blockquote type="cite">{inner}</blockquote>'):
        content = passed_on(html(f"<html><body><div>She <i>again</i>.</div>{block}</body></html>"))
        made = drafted(tmp_path, content, forwards="original")
        assert made.user.email == "olga@customer.example"
        assert "again" not in made.body
        assert "I lost **my** key." in made.body
        assert made.note[-1] == "Who passed it on wrote: She again."


def test_a_trim_that_is_off_and_a_forward_that_is_kept_change_nothing_of_this(tmp_path: Path) -> None:
    content = passed_on(plain(f"She again.\n\n{BLOCK}"))
    off = drafted(tmp_path, content, forwards="original", body={"trim": "off"})
    assert "She again" not in off.body
    kept = drafted(tmp_path, content)
    assert kept.body.startswith("She again.")
    assert not any("Who passed it on wrote" in line for line in kept.note)


def test_more_than_a_note_holds_stays_in_the_body(tmp_path: Path) -> None:
    made = drafted(
        tmp_path, passed_on(plain("Many long words. " * 600 + f"\nThe end.\n{BLOCK}")), forwards="original"
    )
    assert made.user.email == "olga@customer.example"
    assert "The end." in made.body


def test_the_words_of_an_attached_mail_are_shown_and_the_forwarders_noted(tmp_path: Path) -> None:
    made = drafted(tmp_path, forwarded(plain("Please answer her."), attached()), forwards="original")
    assert made.body.startswith("Forwarded as an attachment:\n\n> From: Olga Bauer")
    assert "> I lost my key." in made.body
    assert "Please answer her." not in made.body
    assert made.note[-1] == "Who passed it on wrote: Please answer her."
    assert [one.content_type for one in made.files] == ["message/rfc822"]


def test_recipients_beyond_the_cap_go_along_as_a_file(tmp_path: Path) -> None:
    """Case 120: what is over a cap is not lost."""
    people = ", ".join(f"p{number}@example.net" for number in range(5))
    mail = f"From: anna@example.net\r\nCc: {people}\r\nSubject: Lamp\r\n\r\nHello.\r\n"
    made = drafted(tmp_path, mail.encode(), copy_recipients=True, max_copied=3)
    assert made.recipients == ("p0@example.net", "p1@example.net", "p2@example.net")
    (file,) = made.files
    assert file.name == "recipients.txt"
    assert file.path.read_text() == "p3@example.net\np4@example.net\n"
    assert made.note == ("2 further recipients of the mail are not copied; recipients.txt names them.",)


# -- mails that were cut off -----------------------------------------------------------------------

LINES = (b"JVBERi0xLjQKJcOkw7zDtsOf" * 3 + b"\r\n") * 20


def ending_in(encoded: bytes) -> bytes:
    return (
        b"From: anna@example.net\r\nSubject: Scan\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nSee the scan.\r\n--b\r\nContent-Type: application/pdf; name=scan.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded
    )


@pytest.mark.parametrize(
    ("encoded", "note"),
    [
        (LINES[:-7] + b"\r\n", "The mail ends in the middle of scan.pdf: it was cut off on its way."),
        (
            LINES,
            "The mail ends with scan.pdf and without its last boundary: it may have been cut off on its way.",
        ),
    ],
)
def test_a_mail_that_was_cut_off_on_its_way_says_so(tmp_path: Path, encoded: bytes, note: str) -> None:
    """Case 47, where the boundary that is missing took bytes of a file with it."""
    made = drafted(tmp_path, ending_in(encoded))
    assert made.note == (note,)
    assert [one.name for one in made.files] == ["scan.pdf"]


def test_of_a_mail_of_one_part_only_its_encoding_tells_that_it_was_cut_off(tmp_path: Path) -> None:
    head = b"From: anna@example.net\r\nContent-Type: application/pdf; name=scan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    (note,) = drafted(tmp_path, head + LINES[:-7] + b"\r\n").note
    assert note == "The mail seems to end in the middle of scan.pdf: it may have been cut off on its way."
    assert drafted(tmp_path, head + LINES).note == ()
    assert drafted(tmp_path, head + LINES[:-7] + b"\r\n\r\n--\r\nScanned by the gateway\r\n").note == ()


@pytest.mark.parametrize(
    "encoded", [LINES + b"--b--\r\n", LINES + b"AA==\r\n", LINES[:-7] + b"\r\n--b--\r\n"]
)
def test_a_mail_that_is_whole_or_only_lacks_its_boundary_is_no_news(tmp_path: Path, encoded: bytes) -> None:
    """Case 47."""
    assert drafted(tmp_path, ending_in(encoded)).note == ()


def test_a_text_that_is_too_long_to_be_read_goes_along_in_the_mail_as_it_came(tmp_path: Path) -> None:
    content = mixed(plain("x" * 79 + "\r\n" + "a line of a log\r\n" * 70_000 + "the last"))
    made = drafted(tmp_path, content)
    assert [one.name for one in made.files] == ["full-text.md", "original.eml"]
    assert made.files[1].path.read_bytes() == content
    assert any("bytes of its text were read" in line for line in made.note)
