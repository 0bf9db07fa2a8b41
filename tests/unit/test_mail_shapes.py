"""Shapes of mail that few programs make and every help desk gets: forms, Macintosh files, pieces, pointers, old encodings."""

from __future__ import annotations

from base64 import encodebytes
from time import process_time

import pytest
from support import mails

from bridge import mail
from bridge.facts import Forwarded
from bridge.mail import decode, endings, uu
from bridge.mail.limits import Limits
from bridge.model import Written

FULL_LINE = "M" + "8" * 60


def _fork(*lines: str) -> bytes:
    return mails.part("Content-Type: application/applefile", *lines, body="\0\x05\x16\x07")


def test_the_resource_fork_of_a_macintosh_file_does_not_take_its_name() -> None:
    """It stands first under the same name, and whoever opens it finds no document."""
    fork = _fork('Content-Disposition: attachment; filename="Plan.pdf"')
    pair = mails.multipart("appledouble", fork, mails.file(name="Plan.pdf"), boundary="inner")
    raw = mails.mixed(mails.plain("See the plan"), pair)
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=See the plan", "nothing", "Plan.pdf"]
    assert found.leaves[2].content_type == "application/pdf"
    assert found.defects == ("The resource fork of a file from a Macintosh was left out.",)


def test_a_macintosh_file_has_the_name_its_fork_has() -> None:
    fork = _fork('Content-Disposition: attachment; filename="Plan.pdf"')
    raw = mails.mixed(fork, mails.file(name=None, disposition=""), kind="appledouble")
    assert mails.shape(mail.parse(raw)) == ["nothing", "Plan.pdf"]


def test_a_fork_without_its_file_is_kept() -> None:
    assert [leaf.content_type for leaf in mail.parse(mails.mixed(_fork(), kind="appledouble")).leaves] == [
        "application/applefile"
    ]
    assert mails.shape(mail.parse(mails.mixed(_fork("Content-ID: <a>"), kind="appledouble"))) == [
        "application/applefile"
    ]


def test_a_form_that_was_mailed_shows_its_fields_by_their_names() -> None:
    raw = mails.mixed(
        mails.part('Content-Disposition: form-data; name="order"', body="4711"),
        mails.part('Content-Disposition: form-data; name="words"', body="It is\r\nbroken."),
        mails.part('Content-Disposition: form-data; name="empty"', body=""),
        mails.file(b"%PDF-", name=None, disposition='form-data; name="upload"; filename="bill.pdf"'),
        kind="form-data",
    )
    assert mails.shape(mail.parse(raw)) == [
        "text=order: 4711",
        "text=words: It is\nbroken.",
        "nothing",
        "bill.pdf",
    ]


def test_a_piece_of_a_mail_says_that_it_is_one() -> None:
    raw = mails.mail('Content-Type: message/partial; id="a@b"; number=2; total=3', body="U29tZSBieXRlcw==")
    found = mail.parse(raw)
    assert mails.shape(found) == ["piece 2 of 3.eml"]
    assert any("piece 2 of 3 of a larger one" in defect for defect in found.defects)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'access-type=anon-ftp; site="ftp.example"; directory="drafts"; name="d.txt"',
            "d.txt, anon-ftp, site ftp.example, directory drafts",
        ),
        ('access-type=URL; URL="https://f.example/a.pdf"', "URL, url https://f.example/a.pdf"),
    ],
)
def test_a_part_that_only_points_to_a_file_says_where_it_is(said: str, told: str) -> None:
    """Its bytes are the header of what is elsewhere: under the file's own name they would be a broken file."""
    part = mails.part(
        f"Content-Type: message/external-body; {said}", body="Content-Type: application/pdf\r\n"
    )
    found = mail.parse(mails.mixed(mails.plain(), part))
    assert found.defects == (f"Part 2 only points to a file that is kept elsewhere: {told}.",)
    assert found.leaves[1].filename in ("d.txt (kept elsewhere).txt", "file (kept elsewhere).txt")


@pytest.mark.parametrize("kind", ["text/x-watch-html", "text/watch-html"])
def test_a_version_for_watches_is_no_file_beside_words(kind: str) -> None:
    watch = mails.part(f"Content-Type: {kind}", body="<b>Hi</b>")
    found = mail.parse(mails.mixed(mails.plain("Hi there"), watch, kind="alternative"))
    assert mails.shape(found) == ["text=Hi there"]
    assert found.blocks == (Written("Hi there", None, (0, 1)),)


def test_the_machine_readable_version_of_a_reaction_is_no_file_and_no_remark() -> None:
    reaction = mails.part(
        "Content-Type: text/vnd.google.email-reaction+json", body='{"emoji":"👍","version":1}'
    )
    found = mail.parse(mails.mixed(mails.plain("👍"), reaction, kind="alternative"))
    assert found.blocks == (Written("👍", None, (0, 1)),)
    assert found.defects == ()


def test_a_special_version_beside_two_texts_is_accounted_for() -> None:
    amp = mails.part("Content-Type: text/x-amp-html", body="<html amp4email>")
    found = mail.parse(mails.mixed(mails.plain("One"), mails.plain("Two"), amp, kind="alternative"))
    named = [index for block in found.blocks if isinstance(block, Written) for index in block.leaves]
    assert sorted(named) == [0, 1, 2]


# -- words in a part that has a name ---------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        ('Content-Type: text/plain; name="body.txt"',),
        ('Content-Type: text/plain; name="body.txt"', "Content-Disposition: inline; filename=body.txt"),
        ("Content-Type: text/plain", "Content-Disposition: attachment"),
        ('Content-Type: text/html; name="body.html"', "Content-Disposition: inline"),
    ],
)
def test_words_under_a_name_are_words_where_there_are_no_others(lines: tuple[str, ...]) -> None:
    found = mail.parse(mails.mixed(mails.part(*lines, body="The words"), mails.file()))
    shape = mails.shape(found)
    assert shape[0].endswith("=The words")
    assert shape[1:] == ["offer.pdf"]


def test_a_file_of_text_stays_a_file_even_where_it_is_all() -> None:
    named = ("Content-Type: text/plain", 'Content-Disposition: attachment; filename="log.txt"')
    assert mails.shape(mail.parse(mails.mixed(mails.part(*named, body="x")))) == ["log.txt"]


def test_a_text_beside_an_empty_body_stays_a_file() -> None:
    log = mails.part('Content-Type: text/plain; name="log.txt"', body="00:01 up")
    assert mails.shape(mail.parse(mails.mixed(mails.plain(" "), log))) == ["nothing", "log.txt"]


# -- files within the text -------------------------------------------------------------------------


def test_a_file_in_base64_by_uuencode_is_decoded_where_it_stands() -> None:
    text = f"Before\n\nbegin-base64 644 table.csv\n{encodebytes(b'a;b' * 40).decode()}====\nAfter\n"
    raw = mails.mail(body=text)
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=Before", "table.csv", "text=After"]
    assert mails.contents(raw, found) == [b"a;b" * 40]
    assert found.leaves[1].content_type == "text/csv"


@pytest.mark.parametrize("text", ["begin-base64 644 a\nYWJj\n", "begin-base64 644 a\nnot base64!\n====\n"])
def test_what_only_begins_like_base64_stays_text(text: str) -> None:
    assert mails.shape(mail.parse(mails.mail(body=text))) == [f"text={text.strip()}"]


def test_a_uuencoded_file_that_breaks_off_with_the_mail_is_what_there_is_of_it() -> None:
    text = "See here\n\nbegin 644 big.zip\n" + f"{FULL_LINE}\n" * 20 + FULL_LINE[:17]
    raw = mails.mail(body=text)
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=See here", "big.zip"]
    assert len(mails.contents(raw, found)[0]) >= 20 * 45


def test_prose_that_begins_a_number_is_prose() -> None:
    text = "begin 644 of them\n" + f"{FULL_LINE}\nand so on\n" * 2
    assert len(mail.parse(mails.mail(body=text)).leaves) == 1


@pytest.mark.parametrize(
    "piece",
    [b"\nbegin-base64 644 a\nAAAA\n", b"\nbegin-base64 644 a\nAAAA\n====x", b"\nbegin-base64 644 a\n"],
)
def test_files_that_begin_without_end_are_searched_once(piece: bytes) -> None:
    content = piece * (2 * 1024 * 1024 // len(piece))
    started = process_time()
    assert uu.find(content, 0, len(content), 100) == ()
    assert process_time() - started < 1


# -- types -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("Angebot.PDF", "application/pdf"),
        ("a.b.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("noending", endings.OPAQUE),
        ("odd.xyz", endings.OPAQUE),
        ("", endings.OPAQUE),
        (None, endings.OPAQUE),
    ],
)
def test_a_file_without_a_type_has_that_of_its_ending(name: str | None, content_type: str) -> None:
    assert endings.content_type(name) == content_type


def test_what_is_declared_opaque_keeps_its_type() -> None:
    raw = mails.mixed(mails.file(b"x", content_type="application/octet-stream", name="a.pdf"))
    assert mail.parse(raw).leaves[0].content_type == "application/octet-stream"


def test_two_thousand_mails_within_a_digest_are_listed_in_linear_time() -> None:
    raw = mails.mixed(*[b"\r\nSubject: x\r\n\r\nx"] * 1_900, kind="digest")
    started = process_time()
    assert len(mail.parse(raw).leaves) == 1_900
    assert process_time() - started < 1


def test_a_flowed_text_of_short_lines_costs_few_times_its_size() -> None:
    content = b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 300_000
    assert mails.peak(lambda: mail.parse(content)) < 6 * len(content)


def test_an_enriched_text_of_short_lines_costs_few_times_its_size() -> None:
    content = b"Content-Type: text/enriched\n\n" + b"<b>a\n\n" * 150_000
    assert mails.peak(lambda: mail.parse(content)) < 6 * len(content)


def test_decoding_stops_where_the_file_in_the_text_ends() -> None:
    raw = mails.mail(body="begin 644 a.txt\n#86)C\n`\nend\nand words\n")
    found = mail.parse(raw, Limits())
    assert [b"".join(decode.chunks(raw, leaf)) for leaf in found.leaves[1:]] == [b"abc"]


@pytest.mark.parametrize("content_type", ["message/rfc822", "application/octet-stream"])
def test_a_mail_that_is_forwarded_without_a_word_is_shown_whatever_a_phone_calls_it(
    content_type: str,
) -> None:
    """Case 54."""
    inner = b"From: Zed <z@x.example>\r\nSubject: Lost key\r\n\r\nI have lost my key.\r\n"
    found = mail.parse(
        mails.mixed(mails.plain(""), mails.file(inner, content_type=content_type, name="lost.eml"))
    )
    assert [fact.words for fact in found.facts if isinstance(fact, Forwarded)] == [
        (("I have lost my key.\n", None),)
    ]
    said = mail.parse(
        mails.mixed(mails.plain("See."), mails.file(inner, content_type=content_type, name="lost.eml"))
    )
    assert said.facts == ()
