"""Transfer encodings undone: exactly where they are right, as far as possible where they are not, and in pieces."""

from __future__ import annotations

import mmap
import tempfile
import tracemalloc
from base64 import b64encode, encodebytes
from binascii import b2a_uu
from collections.abc import Callable
from quopri import encodestring

import pytest
from support.mails import mail as mail_of

from bridge import mail
from bridge.mail import decode, flowed
from bridge.model import Leaf, Written

BINARY = bytes(range(256)) * 3000
LONG_TEXT = (
    "Grüße aus Wien, mit einem Satz, der lang genug ist, um umbrochen zu werden.\r\n" * 9000
).encode()


def decoded(encoding: str, body: bytes) -> bytes:
    content = mail_of("Content-Type: application/pdf", f"Content-Transfer-Encoding: {encoding}", body=body)
    (leaf,) = mail.parse(content).leaves
    return b"".join(decode.chunks(content, leaf))


def uuencoded(content: bytes) -> bytes:
    lines = b"".join(b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return b"begin 644 a.bin\n" + lines + b"`\nend\n"


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("base64", encodebytes),
        ("base64", b64encode),
        ("quoted-printable", encodestring),
        ("x-uuencode", uuencoded),
        ("8bit", bytes),
        ("", bytes),
    ],
)
@pytest.mark.parametrize("content", [BINARY, LONG_TEXT, b"", b"x"])
def test_what_was_encoded_comes_back(encoding: str, encode: Callable[[bytes], bytes], content: bytes) -> None:
    if encoding == "quoted-printable":
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"")
    assert decoded(encoding, encode(content)) == content


@pytest.mark.parametrize("shift", range(9))
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-uuencode"])
def test_no_border_between_two_blocks_is_seen(
    encoding: str, shift: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "BLOCK_BYTES", 64 + shift)
    text = b"caf\xc3\xa9 = 100% \xe2\x82\xac, and so on and on and on; " * 40
    encode = {"base64": encodebytes, "quoted-printable": encodestring, "x-uuencode": uuencoded}[encoding]
    assert decoded(encoding, encode(text)) == text
    if encoding != "x-uuencode":
        flat = encode(text).replace(b"=\n" if encoding == "quoted-printable" else b"\n", b"")
        assert decoded(encoding, flat) == text


@pytest.mark.parametrize(
    ("encoding", "body", "wanted"),
    [
        # 75: base64
        ("base64", b"SGVs bG8g\tV29y bGQ=", b"Hello World"),
        ("base64", b"SGVsbG8gV29ybGQ", b"Hello World"),
        ("base64", b"SGVsbG8gV29ybGQhX", b"Hello World!"),
        ("base64", b"SGVsbG8=\r\n-- \r\nAnn's list, unsubscribe at example.com", b"Hello"),
        ("base64", b"SGVsbG8=\r\nIFdvcmxk\r\n", b"Hello"),
        ("base64", b"SGVsbG8=\r\nIFdvcmxkIQ==\r\n", b"Hello World!"),
        ("base64", b"SGVs!bG8=", b"Hello"),
        ("base64", b"SGVsbG8g\r\n_____\r\nusers mailing list", b"Hello "),
        ("base64", b"SGVsbG8g\r\n\r\nScanned by a gateway.", b"Hello "),
        ("base64", b"\r\n\r\nSGVsbG8g\r\n\r\nV29ybGQh\r\n", b"Hello World!"),
        ("base64", b"=", b""),
        ("base64", b"====SGVsbG8gdG8geW91IGFsbA==", b"Hello to you all"),
        ("BASE64;", b"SGVsbG8=", b"Hello"),
        # 75: quoted-printable
        ("quoted-printable", b"caf=C3=A9", "café".encode()),
        ("quoted-printable", b"caf=c3=a9 =\r\nau lait", "café au lait".encode()),
        ("quoted-printable", b"soft =  \r\nbreak", b"soft break"),
        ("quoted-printable", b"one=0D0Atwo", b"one\r\ntwo"),
        ("quoted-printable", b"100% = all =ZZ =", b"100% = all =ZZ "),
        ("quoted-printable", "raw é".encode(), "raw é".encode()),
        ("quoted_printable", b"=41", b"A"),
        # 76
        ("x-uuencode", b"begin 644 a\r\n#86)C\r\n`\r\nend\r\nfooter", b"abc"),
        ("uuencode", b"noise\nbegin 644 a\n#86)C  x\n$86)C9", b"abcabcd"),
        # 74
        ("7-bit", b"=41", b"=41"),
        ("8bits", b"=41", b"=41"),
        ("plain", b"=41", b"=41"),
        ("text/html", b"=41", b"=41"),
        ('"base64"', b"QQ==", b"A"),
        ("buy now!!!", b"=41", b"=41"),
    ],
)
def test_broken_encodings_give_what_they_can(encoding: str, body: bytes, wanted: bytes) -> None:
    """Cases 74 to 76."""
    assert decoded(encoding, body) == wanted


@pytest.mark.parametrize(
    "body",
    [
        "Hello team,\r\n\r\nthe lift is stuck (again). Please come! It's the 3rd time: <nobody> cares.\r\n",
        "Hello team\r\n\r\nthe lift is stuck once more and nobody seems to care\r\n",
    ],
)
def test_plain_words_under_a_false_base64_stay_words(body: str) -> None:
    """Case 74."""
    content = mail_of("Content-Type: text/plain", "Content-Transfer-Encoding: base64", body=body)
    found = mail.parse(content)
    assert found.blocks == (Written(body.replace("\r\n", "\n"), None, (0,)),)
    assert found.defects == ("Part 1: declared as base64, but it is plain text.",)


def test_an_unknown_encoding_is_told() -> None:
    """Case 74."""
    found = mail.parse(mail_of("Content-Transfer-Encoding: base9000"))
    assert found.defects == ("Part 1: unknown transfer encoding 'base9000'; taken as it is.",)


def test_a_leaf_may_hold_its_bytes_itself() -> None:
    leaf = Leaf(
        index=0,
        section="1",
        content_type="text/plain",
        content=b"R3LDvMOfZQ==",
        encoding="base64",
        charset="utf-8",
    )
    assert decode.text(b"", leaf) == "Grüße"


def test_text_is_cut_at_a_line_end() -> None:
    content = b"\r\n" + b"a line of words\r\n" * 100
    (leaf,) = mail.parse(content).leaves
    assert decode.text(content, leaf, 50) == "a line of words\na line of words\n"
    assert decode.head(content, leaf, 10**6) == (content[2:], False)


def test_25_mb_are_decoded_from_a_map_with_a_few_mb() -> None:
    head = mail_of("Content-Type: application/pdf", "Content-Transfer-Encoding: base64", body=b"")
    line = encodebytes(bytes(57))
    with tempfile.TemporaryFile() as file:
        file.write(head)
        for _ in range(34):
            file.write(line * 10_000)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            tracemalloc.start()
            found = mail.parse(content)
            size_bytes = sum(map(len, decode.chunks(content, found.leaves[0])))
            _, peak_bytes = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert size_bytes == 34 * 10_000 * 57
    assert peak_bytes < 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("text", "delsp", "wanted"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("one \ntwo", True, "onetwo"),
        ("> quoted \n> words\nmine", False, "> quoted words\nmine"),
        (">> deep \n> less\n", False, ">> deep \n> less\n"),
        (" > not a quote\n From here", False, "> not a quote\nFrom here"),
        ("bye \n-- \nAnn \nLee", False, "bye \n-- \nAnn Lee"),
        (">\n> a", False, ">\n> a"),
        ("last ", False, "last "),
        ("", False, ""),
        ("\n\n", False, "\n\n"),
    ],
)
def test_flowed_text(text: str, delsp: bool, wanted: str) -> None:
    """Case 94."""
    assert flowed.unwrap(text, delsp=delsp) == wanted


def test_a_flowed_mail_is_unwrapped() -> None:
    """Case 94."""
    found = mail.parse(mail_of("Content-Type: text/plain; Format=Flowed; DelSp=Yes", body="one \r\ntwo\r\n"))
    assert found.blocks == (Written("onetwo\n", None, (0,)),)
