"""Signed, compressed and encrypted mail: S/MIME and PGP, without any key. Cases 67 to 69."""

from __future__ import annotations

import zlib

import pytest
from support import mails, signed

from bridge import mail
from bridge.compose import body, files
from bridge.facts import Sealed
from bridge.mail import Limits, cms, openpgp
from bridge.mail.cms import Kind, Opened
from bridge.model import Attached, Mail, Written

ENTITY = mails.multipart(
    "mixed", mails.plain("The signed words."), mails.file(b"%PDF-1.7 x", name="terms.pdf")
)
LIMIT = 1_000_000


def _opaque(content: bytes, kind: str = "signed-data", content_type: str = "application/pkcs7-mime") -> bytes:
    part = mails.file(content, content_type=f"{content_type}; smime-type={kind}", name="smime.p7m")
    return mails.fields("From: Ann <ann@example.com>", "MIME-Version: 1.0") + part


def _shown(found: Mail) -> str:
    return body.compose(found, naming=files.plan(found)).markdown


# -- the walk --------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [None, 7, 1000])
@pytest.mark.parametrize("indefinite", [False, True])
def test_content_is_found_in_every_form_of_ber(piece: int | None, indefinite: bool) -> None:
    message = signed.message(ENTITY, piece=piece, indefinite=indefinite)
    assert cms.read(message, LIMIT) == Opened(Kind.SIGNED, ENTITY)


def test_pieces_within_pieces_are_joined() -> None:
    inner = signed.octets(b"one two ", piece=3, indefinite=True)
    held = signed.element(0x24, inner, signed.octets(b"three"), indefinite=True)
    body = signed.element(0x30, signed.element(0x06, signed.DATA), signed.element(0xA0, held))
    sequence = signed.element(0x30, signed.element(0x02, b"\1"), signed.element(0x31, b""), body)
    message = signed.element(0x30, signed.element(0x06, signed.SIGNED), signed.element(0xA0, sequence))
    assert cms.read(message, LIMIT) == Opened(Kind.SIGNED, b"one two three")


def test_armour_and_base64_that_were_left_on_are_undone() -> None:
    message = signed.message(ENTITY)
    base64 = mails.encodebytes(message)
    assert cms.read(base64, LIMIT) == Opened(Kind.SIGNED, ENTITY)
    pem = b"-----BEGIN PKCS7-----\n" + base64 + b"-----END PKCS7-----\n"
    assert cms.read(pem, LIMIT) == Opened(Kind.SIGNED, ENTITY)


def test_compressed_content_is_inflated_within_the_limit() -> None:
    message = signed.message(zlib.compress(ENTITY), kind=signed.COMPRESSED)
    assert cms.read(message, LIMIT) == Opened(Kind.COMPRESSED, ENTITY)
    bomb = signed.message(zlib.compress(bytes(1_000_000)), kind=signed.COMPRESSED)
    assert cms.read(bomb, 10_000) == Opened(Kind.COMPRESSED, None)


def test_what_packs_tighter_than_anything_that_is_sent_is_no_content() -> None:
    """80 KB that become 60 MB are an attack, and each leaf of it would hold its bytes."""
    bomb = signed.message(zlib.compress(bytes(20_000_000)), kind=signed.COMPRESSED)
    assert cms.read(bomb, 64_000_000) == Opened(Kind.COMPRESSED, None)
    small = signed.message(zlib.compress(bytes(1_000_000)), kind=signed.COMPRESSED)
    assert cms.read(small, 64_000_000) == Opened(Kind.COMPRESSED, bytes(1_000_000))


def test_what_was_inflated_counts_against_the_room_of_the_mail() -> None:
    entity = b"Content-Type: application/pdf\r\n\r\n" + bytes(1_000_000)
    packed = mails.file(
        signed.message(zlib.compress(entity), kind=signed.COMPRESSED),
        content_type="application/pkcs7-mime; smime-type=compressed-data",
        name="smime.p7m",
    )
    found = mail.parse(mails.mixed(*[packed] * 5), Limits(unwrap_bytes=2_500_000))
    assert [leaf.content_type for leaf in found.leaves].count("application/pdf") == 2
    assert (
        mails.peak(lambda: mail.parse(mails.mixed(*[packed] * 5), Limits(unwrap_bytes=2_500_000))) < 9_000_000
    )


@pytest.mark.parametrize(
    ("name", "content", "inner"),
    [
        ("fattura.xml.p7m", b'<?xml version="1.0"?><Fattura/>', "application/xml"),
        ("Contract.pdf.P7M", b"%PDF-1.7 x", "application/pdf"),
        ("unknown.p7m", b"\0\1\2", "application/octet-stream"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/pkcs7-mime", "application/octet-stream"])
def test_a_signed_file_is_a_file_twice_and_no_words(
    name: str, content: bytes, inner: str, content_type: str
) -> None:
    """The signed one is the document before the law, the one within is what an agent can open."""
    raw = mails.mixed(
        mails.plain("The invoice"), mails.file(signed.message(content), content_type=content_type, name=name)
    )
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=The invoice", name, name[:-4]]
    assert mails.contents(raw, found)[1] == content
    assert found.leaves[2].content_type == inner
    assert any("not verified" in defect for defect in found.defects)


def test_a_signed_mail_under_any_name_is_words() -> None:
    part = mails.file(signed.message(ENTITY), content_type="application/octet-stream", name="Order.p7m")
    assert mails.shape(mail.parse(mails.mixed(part)))[0] == "nothing"
    assert "text=The signed words." in mails.shape(mail.parse(mails.mixed(part)))
    headless = signed.message(b"\r\nThe signed words.\r\n")
    part = mails.file(headless, content_type="application/pkcs7-mime", name="Order.p7m")
    assert "text=The signed words." in mails.shape(mail.parse(mails.mixed(part)))


@pytest.mark.parametrize("cut", [1, 3, 12, 20, 40])
def test_a_message_that_breaks_off_has_no_content(cut: int) -> None:
    found = cms.read(signed.message(ENTITY)[:cut], LIMIT)
    assert found is None or found.content is None


def test_what_is_no_message_is_none() -> None:
    assert cms.read(b"", LIMIT) is None
    assert cms.read(b"%PDF-1.7", LIMIT) is None
    assert cms.read(b"0\x80" * 5000, LIMIT) is None
    assert cms.read(signed.element(0x30, signed.element(0x06, b"\x2a\x03")), LIMIT) is None


# -- the mail --------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["application/pkcs7-mime", "application/x-pkcs7-mime"])
def test_an_opaque_signed_mail_is_unwrapped_and_marked(content_type: str) -> None:
    """Case 68."""
    raw = _opaque(signed.message(ENTITY, piece=50, indefinite=True), content_type=content_type)
    found = mail.parse(raw)
    assert mails.shape(found) == ["nothing", "text=The signed words.", "terms.pdf"]
    assert mails.contents(raw, found) == [b"%PDF-1.7 x"]
    assert [leaf.section for leaf in found.leaves] == ["1", "1.1", "1.2"]
    assert found.defects == ("Part 1: the mail is signed with S/MIME; the signature was not verified.",)
    assert _shown(found) == "The signed words."


def test_a_p7m_by_name_alone_is_unwrapped() -> None:
    message = signed.message(mails.plain("By name."))
    raw = mails.mixed(mails.file(message, content_type="application/octet-stream", name="smime.p7m"))
    assert mails.shape(mail.parse(raw)) == ["nothing", "text=By name."]


def test_signed_within_signed_is_unwrapped() -> None:
    inner = mails.file(
        signed.message(mails.plain("Core.")), content_type="application/pkcs7-mime", name="smime.p7m"
    )
    found = mail.parse(_opaque(signed.message(inner)))
    assert _shown(found) == "Core."


def test_signing_cannot_be_nested_without_end() -> None:
    entity = mails.plain("Core.")
    for _ in range(6):
        entity = mails.file(signed.message(entity), content_type="application/pkcs7-mime", name="smime.p7m")
    found = mail.parse(_opaque(signed.message(entity)))
    assert mails.shape(found)[-1] == "smime.p7m"
    assert any("too deep" in defect for defect in found.defects)


def test_parts_within_a_signed_message_are_bounded() -> None:
    entity = mails.multipart("mixed", *(mails.plain(f"word {n}") for n in range(50)))
    found = mail.parse(_opaque(signed.message(entity)), Limits(unwrap_leaves=10))
    assert len(found.leaves) <= 12


def test_a_signed_mail_that_cannot_be_read_stays_a_file() -> None:
    raw = _opaque(b"\x30\x03\x02\x01\x01")
    found = mail.parse(raw)
    assert mails.shape(found) == ["smime.p7m"]
    assert any("could not be read" in defect for defect in found.defects)


def test_certificates_alone_are_a_file_without_remark() -> None:
    found = mail.parse(_opaque(signed.message(b""), kind="certs-only"))
    assert (mails.shape(found), found.defects) == (["smime.p7m"], ())


@pytest.mark.parametrize("kind", ["enveloped-data", "authenveloped-data", "signed-data"])
def test_an_encrypted_mail_says_so_and_keeps_its_file(kind: str) -> None:
    """Case 69. What it is counts, and not what it says of itself."""
    found = mail.parse(_opaque(signed.message(b"secret", kind=signed.ENVELOPED), kind=kind))
    assert found.facts == (Sealed(0, "S/MIME"),)
    assert mails.shape(found) == ["smime.p7m"]
    assert "Encrypted with S/MIME" in _shown(found)
    assert "attached as smime.p7m" in _shown(found)


def test_a_signed_multipart_shows_its_words_and_its_signature_once() -> None:
    """Case 67."""
    signature = mails.file(b"sig", content_type="application/pkcs7-signature", name="smime.p7s")
    found = mail.parse(mails.mixed(mails.plain("Words"), signature, kind="signed; protocol=x"))
    assert mails.shape(found) == ["text=Words", "smime.p7s"]
    assert _shown(found) == "Words"


# -- PGP -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["Version: 1", "Version: 1\r\n", "version:1\r\n\r\n"])
def test_pgp_mime_encrypted_says_so_and_keeps_what_is_encrypted(words: str) -> None:
    version = mails.part("Content-Type: application/pgp-encrypted", body=words)
    secret = mails.file(
        b"-----BEGIN PGP MESSAGE-----", content_type="application/octet-stream", name="encrypted.asc"
    )
    found = mail.parse(mails.mixed(version, secret, kind='encrypted; protocol="application/pgp-encrypted"'))
    assert found.blocks == (Written(None, None, (0,)), Attached(1))
    assert found.facts == (Sealed(1, "PGP"),)
    assert "Encrypted with PGP" in _shown(found)
    assert "encrypted.asc" in _shown(found)


def test_a_version_of_pgp_mime_that_says_more_is_a_file() -> None:
    version = mails.part("Content-Type: application/pgp-encrypted", body="Version: 1\r\nor so\r\n")
    found = mail.parse(mails.mixed(version, kind="encrypted"))
    assert [type(block) for block in found.blocks] == [Attached]


ARMOURED = "-----BEGIN PGP MESSAGE-----\n\nhQEMA1abc\n=abcd\n-----END PGP MESSAGE-----"


def test_an_inline_pgp_message_becomes_a_file() -> None:
    raw = mails.mail(body=f"Hi,\n\n{ARMOURED}\n\nAnn\n")
    found = mail.parse(raw)
    assert mails.shape(found) == ["text=Hi,\n\n\n\nAnn", "message.asc"]
    assert mails.contents(raw, found) == [ARMOURED.encode()]
    assert _shown(found).startswith("*(Encrypted with PGP")
    assert "hQEMA1abc" not in _shown(found)


def test_an_inline_signed_text_is_freed_of_its_armour() -> None:
    text = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nDear desk,\n- -- not a signature\nAnn\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"
    )
    found = mail.parse(mails.mail(body=text))
    assert mails.shape(found) == ["text=Dear desk,\n-- not a signature\nAnn", "signature.asc"]
    assert found.defects == ("Part 1: signed with PGP; the signature was not verified.",)


@pytest.mark.parametrize(
    ("armoured", "shape"),
    [
        (f"Hi,\n\n{ARMOURED}\n", ["text=Hi,", "message.asc"]),
        (ARMOURED, ["nothing", "message.asc"]),
        (
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nDear desk\n"
            "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n",
            ["text=Dear desk", "signature.asc"],
        ),
    ],
)
def test_a_rich_version_that_shows_armour_gives_way_to_the_text_that_was_freed_of_it(
    armoured: str, shape: list[str]
) -> None:
    """Add-ons of web mail write their armour into both versions."""
    rich = f"<div>{armoured.replace(chr(10), '<br>')}</div>"
    parts = (mails.plain(armoured), mails.html(rich))
    assert mails.shape(mail.parse(mails.mixed(*parts, kind="alternative"))) == shape


def test_a_rich_version_without_armour_stays() -> None:
    parts = (mails.plain(f"Hi,\n\n{ARMOURED}\n"), mails.html("<p>Hi, see the file</p>"))
    found = mail.parse(mails.mixed(*parts, kind="alternative"))
    assert mails.shape(found) == ["text=Hi, html=<p>Hi, see the file</p>", "message.asc"]


@pytest.mark.parametrize(
    "text",
    [
        "> -----BEGIN PGP MESSAGE-----\n> hQ\n> -----END PGP MESSAGE-----",
        "-----BEGIN PGP MESSAGE-----\nno end",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\nx\n-----END PGP PUBLIC KEY BLOCK-----",
        "The line -----BEGIN PGP MESSAGE----- within words\n-----END PGP MESSAGE-----",
    ],
)
def test_armour_that_is_quoted_or_open_stays_text(text: str) -> None:
    assert openpgp.read(text) is None
    (block,) = mail.parse(mails.mail(body=text)).blocks
    assert isinstance(block, Written)
    assert (block.text or "").strip() == text
