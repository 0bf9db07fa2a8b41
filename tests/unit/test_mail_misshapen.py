"""Mail that programs built wrongly and readers show right: boundaries, types, names and encodings at odds with themselves."""

from __future__ import annotations

from base64 import b64decode, encodebytes
from time import process_time

import pytest
from support import mails

from bridge import mail
from bridge.mail import parameters
from bridge.model import Leaf, Written

HEAD = "From: Ann <ann@example.com>\nSubject: s\n"


def _shape(raw: str) -> list[str]:
    return mails.shape(mail.parse(raw.encode()))


def _file(disposition: str) -> str | None:
    return _part(f"Content-Disposition: {disposition}").filename


def _part(*lines: str) -> Leaf:
    return mail.parse(mails.mixed(mails.part("Content-Type: application/pdf", *lines, body="x"))).leaves[0]


# -- boundaries ------------------------------------------------------------------------------------


def test_a_multipart_with_the_boundary_of_its_parent_keeps_its_parts() -> None:
    """The plain and the rich version would stand one below the other."""
    inner = mails.part('Content-Type: multipart/alternative; boundary="b-7f3a"') + mails.joined(
        mails.plain("The words"), mails.html("<p>The words</p>")
    )
    raw = (
        mails.fields("From: Ann <ann@example.com>", 'Content-Type: multipart/mixed; boundary="b-7f3a"')
        + b"\r\n--b-7f3a\r\n"
        + inner
        + mails.joined(mails.file(name="offer.pdf"))
    )
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=The words html=<p>The words</p>", "offer.pdf"]
    assert [leaf.section for leaf in found.leaves] == ["1.1", "1.2", "2"]
    assert found.defects == ()


def test_a_shared_boundary_that_never_closes_is_read_to_the_end() -> None:
    raw = f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=b\n\n"
    assert _shape(raw + "--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>rich") == [
        "text=plain html=<p>rich"
    ]


def test_ten_thousand_multiparts_of_one_boundary_are_read_in_bounded_time() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 10_000
    started = process_time()
    mail.parse(raw)
    assert process_time() - started < 2


@pytest.mark.parametrize("closing", ["--b--", "--b  --", "--b--  ", "--b\t--\t"])
def test_a_boundary_with_blanks_behind_it_opens_and_closes(closing: str) -> None:
    raw = f'{HEAD}Content-Type: multipart/mixed; boundary="b  "\n\n--b  \n\nThe words\n{closing}\nnot shown'
    assert _shape(raw) == ["text=The words"]


@pytest.mark.parametrize("behind", ["", "\n", "  \n\n"])
def test_a_closing_boundary_without_a_line_of_its_own_is_no_text(behind: str) -> None:
    raw = f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nThe words--b--{behind}"
    assert _shape(raw) == ["text=The words"]
    assert _shape(f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nThe --b-- words") == [
        "text=The --b-- words"
    ]


def test_a_body_in_parts_without_a_header_that_says_so_is_taken_apart() -> None:
    parts = mails.joined(mails.plain("The words"), mails.html("<p>The words</p>"), boundary="x").decode()
    for notice in ("", "This is a multi-part message in MIME format.\n\n"):
        assert _shape(f"{HEAD}\n{notice}{parts}") == ["text=The words html=<p>The words</p>"]
    three = mails.joined(mails.plain("The words"), mails.file(name="a.pdf"), boundary="x").decode()
    assert _shape(f"{HEAD}\n{three}") == ["text=The words", "a.pdf"]


@pytest.mark.parametrize(
    "body",
    [
        "Look what came:\n\n--x\nContent-Type: text/plain\n\nx\n--x--\n",
        "> --x\nContent-Type: text/plain\n\nx\n--x--\n",
        "--x\nContent-Type: text/plain\n\nthat never ends\n",
        "-----------\n\nTotal: 5\n-----------\n\nThanks\n",
        "----------\nContent-Type: my shop says\n----------\nThanks\n----------\n",
        "--- \n\ntitle: x\n---\n\ntext\n-----\n",
        "--\nAnn\n--\nBob\n",
        "--Hello\n\nwords\n--Hello--\n",
        "Content-Type: text/html does not work.\n\nWhy?\n",
        "Content-Type: text/html\nOrder: 12\n\nWhy?\n",
        "Content-Language: en is what I ask for\n\nbye\n",
    ],
)
def test_words_in_the_shape_of_parts_or_fields_stay_words(body: str) -> None:
    found = mail.parse(f"{HEAD}\n{body}".encode())
    assert [block.text for block in found.blocks if isinstance(block, Written)] == [body]


def test_a_header_that_an_empty_line_cut_in_two_is_read_whole() -> None:
    parts = mails.joined(mails.plain("The words"), mails.file(name="a.pdf"), boundary="x").decode()
    raw = f"{HEAD}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n{parts}"
    assert _shape(raw) == ["text=The words", "a.pdf"]


def test_fields_that_a_script_wrote_into_the_body_are_read_as_header() -> None:
    """Case 39: the header that was given to it began with an empty line."""
    rest = "From: Ann <ann@lee.example>\nX-Mailer: PHP\nMIME-Version: 1.0\nContent-Type: text/html\n\n<p>hi"
    found = mail.parse(f"To: a@b.example\nSubject: s\n\n{rest}".encode())
    assert (mails.shape(found), found.authors[0].email) == (["html=<p>hi"], "ann@lee.example")
    assert found.header("X-Mailer") is None, "what servers are believed for comes from servers"
    pasted = rest.replace("MIME-Version: 1.0\n", "")
    assert _shape(f"{HEAD}\n{pasted}") == [f"text={pasted}"]


def test_a_part_whose_header_begins_with_an_empty_line_is_read_by_it() -> None:
    raw = (
        f"{HEAD}Content-Type: multipart/mixed; boundary=x\n\n--x\n\nContent-Type: text/html\n\n<p>hi\n--x--\n"
    )
    assert _shape(raw) == ["html=<p>hi"]


def test_a_mail_whose_lines_end_in_cr_alone_is_read() -> None:
    """Case 42: and so are the files in it, from the mail as it came."""
    file = f'Content-Type: application/pdf; name="a.pdf"\nContent-Transfer-Encoding: base64\n\n{encodebytes(b"%PDF").decode()}'
    raw = f"{HEAD}Content-Type: multipart/mixed; boundary=x\n\n--x\n\nThe words\nin lines\n--x\n{file}--x--\n"
    content = raw.replace("\n", "\r").encode() + b"\r\n"
    found = mail.parse(content)
    assert (found.subject, mails.shape(found)) == ("s", ["text=The words\nin lines", "a.pdf"])
    assert mails.contents(content, found) == [b"%PDF"]
    traced = mail.parse(b"Received: by mx;\r\n today\r\n" + content)
    assert (traced.header("Received"), traced.subject) == ("by mx; today", "s")
    long = b"From: a@b.example\rX-A: b\rX-B: c\r\r" + b"\r" * 500_000
    assert mails.peak(lambda: mail.parse(long)) < 6 * len(long)


# -- types -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "content_type"),
    [
        ("(as text) text/html (rich); charset=utf-8", "text/html"),
        ('"text/html"; charset=utf-8', "text/html"),
        ("text/htmlcharset=utf-8", "text/html"),
        ("application/xhtml+xml", "text/html"),
        ("text/plaintext", "text/plain"),
        ("text/unknown", "text/plain"),
        ("text/*", "text/plain"),
        ("*/*", "text/plain"),
        ("application/text", "text/plain"),
        ("plain/text", "text/plain"),
    ],
)
def test_words_under_a_type_that_is_none_are_words(said: str, content_type: str) -> None:
    """Case 44."""
    found = mail.parse(f"{HEAD}Content-Type: {said}\n\n<p>hi".encode())
    assert [leaf.content_type for leaf in found.leaves] == [content_type]
    assert mails.shape(found) != [content_type]


@pytest.mark.parametrize(
    ("said", "content_type"),
    [
        ("*/*; name=a.pdf", "application/octet-stream"),
        ("text/unknown; name=a.log", "text/unknown"),
        ("application/xhtml+xml; name=a.xhtml", "application/xhtml+xml"),
    ],
)
def test_a_file_under_such_a_type_stays_a_file(said: str, content_type: str) -> None:
    raw = mails.mixed(mails.plain(), mails.part(f"Content-Type: {said}", body="x"))
    assert mail.parse(raw).leaves[1].content_type == content_type


def test_comments_belong_to_no_parameter() -> None:
    """RFC 2045 section 5.1 has one in its own example."""
    found = parameters.read(
        b'text/plain (a; b=c) ; (x) charset=(why) "us-ascii" (Plain; text=yes); format=flowed'
    )
    assert found == parameters.Parameterised("text/plain", {"charset": "us-ascii", "format": "flowed"})


@pytest.mark.parametrize(
    "piece", [b"(", b"(a", b")", b"()", b"(a)(", b"a=(", b"a=()", b"'", b"a='", b'"', b"%41"]
)
def test_half_comments_and_quotes_are_read_in_linear_time(piece: bytes) -> None:
    content = b"text/plain; name=" + piece * (64 * 1024 // len(piece))
    started = process_time()
    parameters.read(content)
    assert process_time() - started < 1


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("disposition", "wanted"),
    [
        ("attachment; filename=\"Bill.pdf\"; filename*=UTF-8''", "Bill.pdf"),
        ("attachment; filename='Bill of May.pdf'", "Bill of May.pdf"),
        ("attachment; filename='Bill.pdf'; size=3", "Bill.pdf"),
        ("attachment; filename=Ann's list.pdf", "Ann's list.pdf"),
        ('attachment; filename="Gr%C3%B6%C3%9Fe.pdf"', "Größe.pdf"),
        ('attachment; filename="100%25.pdf"', "100%25.pdf"),
        ('attachment; filename="50%E4.pdf"', "50%E4.pdf"),
        ('attachment; filename="5 % of%C3%9F.pdf"', "5 % of%C3%9F.pdf"),
        ('attachment (now); filename=(a name) "x.pdf" (end)', "x.pdf"),
        ('attachment; filename="x.pdf" (and; filename=evil.exe)', "x.pdf"),
    ],
)
def test_a_file_name_under_odd_marks(disposition: str, wanted: str) -> None:
    """Cases 84 and 85."""
    assert _file(disposition) == wanted


# -- encodings -------------------------------------------------------------------------------------


def test_prose_with_an_equals_sign_under_a_false_base64_stays_prose() -> None:
    """Case 75."""
    text = "Hello=20world, this is not base64 at all."
    assert _shape(f"{HEAD}Content-Transfer-Encoding: base64\n\n{text}\n") == [f"text={text}"]


def test_html_that_lost_its_transfer_encoding_is_read_all_the_same() -> None:
    raw = f'{HEAD}Content-Type: text/html\n\n<p class=3D"a">Gr=C3=BC=C3=9Fe =\nan <b class=3D"b">alle</b>\n'
    found = mail.parse(raw.encode())
    assert mails.shape(found) == ['html=<p class="a">Grüße an <b class="b">alle</b>']
    assert any("transfer encoding was lost" in defect for defect in found.defects)
    link = f'{HEAD}Content-Type: text/html\n\n<a href="/?a=3D"x"&b=3D"y"">x</a>'
    assert mail.parse(link.encode()).leaves[0].encoding == "identity"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Gr=C3=BC=C3=9Fe an alle =E2=80=93 bald", "Grüße an alle – bald"),
        ("Gr=C3=BC=C3=9Fe aus dem Lager", "Grüße aus dem Lager"),
        ("Der Preis betr=E4gt f=\nnf Euro", "Der Preis beträgt fnf Euro"),
        ("a long line that =\ngoes on=20\nx =3D 5", "a long line that goes on \nx = 5"),
        ("UjNMRHZNT2ZaUQpIZWxsbyB0aGVyZSwgdGhpcyBpcyBhIGxvbmdlciB0ZXh0IG9mIG1pbmU=", None),
        ("SGVsbG8gdGhlcmUsIHRoaXMgaXMgYSBsb25nZXIgdGV4dCBvZiBtaW5lLCBHcsO8w59lIQ==", None),
    ],
)
def test_text_that_lost_its_transfer_encoding_is_read_all_the_same(body: str, text: str | None) -> None:
    """Case 74: gateways that write a header anew, and scripts that write no line of it."""
    found = mail.parse(f"{HEAD}\n{body}\n".encode())
    expected = text or b64decode(body).decode()
    assert mails.shape(found) == [f"text={expected}"]
    assert any("transfer encoding was lost" in defect for defect in found.defects)
    file = f'Content-Type: text/plain; name="a.txt"\nContent-Disposition: attachment\n\n{body}\n'
    (leaf,) = mail.parse(f"{HEAD}{file}".encode()).leaves
    assert leaf.encoding == "identity", "a file is what it is"


@pytest.mark.parametrize(
    "body",
    [
        "A=80 and B=FF are the registers",
        "width=20\nheight=30",
        "https://x.example/?a=1&b=2",
        "total =\nnet =\n",
        "==========\nTitle\n==========",
        "ids =3D and =C3 only",
        "k3JhbmRvbWtleXRoYXRpc25vdGV4dGF0YWxsYW5kaXNsb25nZW5vdWdodG9iZXJlYWQAAQ==",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0t",
        "f47ac10b58cc4372a5670e02b2c3d479f47ac10b58cc4372a5670e02b2c3d479",
    ],
)
def test_words_and_keys_in_the_shape_of_an_encoding_stay_as_they_are(body: str) -> None:
    assert _shape(f"{HEAD}\n{body}\n") == [f"text={body.strip()}"]


def test_a_multipart_that_a_gateway_encoded_as_a_whole_is_taken_apart() -> None:
    """Case 74: RFC 2045 section 6.4 forbids it."""
    parts = mails.joined(mails.plain("The words"), mails.file(name="a.pdf"), boundary="x")
    head = f"{HEAD}Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n"
    assert _shape(head + encodebytes(parts).decode()) == ["nothing", "text=The words", "a.pdf"]
    assert _shape(head + parts.decode()) == ["text=The words", "a.pdf"], "most only say so"
    assert _shape(head + "No parts at all, and no base64 either.") == [
        "nothing",
        "text=No parts at all, and no base64 either.",
    ]
    endless = head + encodebytes((head * 50).encode()).decode()
    assert mail.parse(endless.encode()).leaves


def test_a_page_of_html_that_is_called_plain_text_is_a_page() -> None:
    """Case 43: form plug-ins that write a page and forget to say so."""
    page = "<!DOCTYPE html>\n<html><body><p>Hello <b>there</b></p></body></html>"
    for declared in ("", "Content-Type: text/plain; charset=utf-8\n"):
        found = mail.parse(f"{HEAD}{declared}\n{page}\n".encode())
        assert mails.shape(found) == [f"html={page}"]
        assert any("is HTML" in defect for defect in found.defects)
    quoted = f"Look at my page:\n{page}"
    assert _shape(f"{HEAD}\n{quoted}\n") == [f"text={quoted}"]
    versions = mails.mixed(mails.plain(page), mails.html("<p>hi"), kind="alternative")
    assert len(mail.parse(versions).blocks) == 1


@pytest.mark.parametrize(
    ("text", "is_html"),
    [
        ("<h2>New</h2>\nName: <b>Ann</b><br>\n<p>Is it in stock?</p>", True),
        ('<table border="0"><tr><td>Name:</td><td>Ann</td></tr></table><br />', True),
        ("<p>Put this on my page:</p> thanks", False),
        ("My code: <b>Ann</b>", False),
        ('<div id="widget"></div>', False),
        ('<script src="https://x.example/a.js"></script>', False),
        ("<b@x.example> and <a@x.example>", False),
    ],
)
def test_a_fragment_of_html_that_a_script_calls_plain_text_is_html(text: str, is_html: bool) -> None:
    """Case 43: no word stands outside of its markup, and some stand within."""
    kind = "html" if is_html else "text"
    assert _shape(f"{HEAD}\n{text}\n") == [f"{kind}={text}"]


@pytest.mark.parametrize(
    ("content", "is_text"),
    [
        (b"Backup\n 10%\r100%\n\x1b[31mFAILED\x1b[0m: Gr\xfc\xdfe\n", True),
        (b"%PDF-1.4\n1 0 obj\n", False),
        (b"{\\rtf1 Backup}", False),
        (b"\x1b%-12345X@PJL\n", False),
        (b"<?xml version='1.0'?><a/>", False),
        (b"II*\0Backup", False),
        (b"PK\x03\x04 Backup", False),
        (b"\n", False),
    ],
)
def test_output_that_mailx_sends_without_a_type_is_words(content: bytes, is_text: bool) -> None:
    """Case 48: a control character in it is enough for `Content-Type: application/octet-stream`."""
    head = f"{HEAD}Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
    found = mail.parse(f"{head}\n{encodebytes(content).decode()}".encode())
    assert [isinstance(block, Written) for block in found.blocks] == [is_text]
    named = f"{head}Content-Disposition: attachment; filename=a.log\n\n{encodebytes(content).decode()}"
    assert _shape(named) == ["a.log"]


def test_text_that_exchange_gave_a_name_is_words_at_its_place() -> None:
    """Case 51: what an iPhone wrote behind a picture."""
    behind = mails.part(
        'Content-Type: text/html; name="ATT00001.htm"',
        'Content-Disposition: attachment; filename="ATT00001.htm"',
        body="<p>Best wishes",
    )
    own = mails.part(
        'Content-Type: text/plain; name="notes.txt"', "Content-Disposition: attachment", body="my notes"
    )
    found = mail.parse(mails.mixed(mails.html("<p>See"), mails.file(), behind, own))
    assert mails.shape(found) == ["html=<p>See", "offer.pdf", "html=<p>Best wishes", "notes.txt"]


# -- one thing twice -------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, -1])
def test_two_versions_of_the_same_words_one_behind_the_other_are_one(order: int) -> None:
    versions = (
        mails.plain("Schöne Grüße, Ann"),
        mails.html("<style>p {x: y}</style><p>Sch&ouml;ne <b>Gr&uuml;&szlig;e</b>,&nbsp;Ann"),
    )
    found = mail.parse(mails.mixed(*versions[::order], mails.file()))
    assert [bool(block.text and block.html) for block in found.blocks if isinstance(block, Written)] == [True]
    assert [block.leaves for block in found.blocks if isinstance(block, Written)] == [(0, 1)]


@pytest.mark.parametrize("rich", ["<p>Schöne Grüße, Ann und Bob</p>", "<p>Other words</p>", "<p></p>"])
def test_other_words_behind_are_shown_too(rich: str) -> None:
    found = mail.parse(mails.mixed(mails.plain("Schöne Grüße, Ann"), mails.html(rich)))
    assert len(found.blocks) == 2
