"""Where fuzzing begins: the corpus and the builders of the tests, cut to each target; kept inputs; and what was ever found."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

from support import outlook, signed
from targets import LONGEST_BYTES

HERE = Path(__file__).parent
CORPUS = HERE.parent / "corpus"
#: Inputs that broke a promise once: `found/TARGET/NAME`.
FOUND = HERE / "found"
#: Inputs that reach code no mail of the corpus reaches: `seeds/TARGET/NAME`, written by `--keep-new`.
SEEDS = HERE / "seeds"


def kept(target: str) -> Iterator[tuple[str, bytes]]:
    """Committed inputs of one target, with their names."""
    for folder in (SEEDS / target, FOUND / target):
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            yield f"{folder.parent.name}/{target}/{path.name}", path.read_bytes()


def made(target: str) -> Iterator[bytes]:
    """Inputs made of what the other tests have."""
    match target:
        case "parser":
            yield from (mail for mail in _mails() if len(mail) <= LONGEST_BYTES)
        case "html":
            yield from _parts("text/html")
        case "tnef":
            yield from _parts("application/ms-tnef")
            yield from _streams()
        case "trimmer":
            for words in (*_parts("text/plain"), *_parts("text/html")):
                yield b"\0" + words
                yield words + b"\0Yes.\n\nOn Mon, 2 Nov 2026 at 10:15, A <a@b.example> wrote:\n" + words
        case "formats":
            kinds = ("text/calendar", "text/vcard", "application/pkcs7-mime", "message/delivery-status")
            for kind in (
                *kinds,
                "message/disposition-notification",
                "message/feedback-report",
                "text/x-vcard",
            ):
                yield from _parts(kind)
            yield signed.message(b"Content-Type: text/plain\n\nwords", piece=5, indefinite=True)
            yield signed.message(b"x", kind=signed.COMPRESSED)
            yield b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\nwords\n-----BEGIN PGP SIGNATURE-----\n"


def _mails() -> Iterator[bytes]:
    for path in sorted(CORPUS.rglob("*.eml")):
        yield path.read_bytes()


def _parts(kind: str) -> Iterator[bytes]:
    """The decoded parts of one type of all mails of the corpus."""
    for content in _mails():
        for part in message_from_bytes(content).walk():
            if part.get_content_type() != kind:
                continue
            payload = part.get_payload(decode=True)
            if payload is None:
                payload = b"\n".join(bytes(inner) for inner in part.get_payload())
            if 0 < len(payload) <= LONGEST_BYTES // 2:
                yield payload


def _streams() -> Iterator[bytes]:
    rich = b"{\\rtf1\\ansicpg1252\\fromhtml1 {\\*\\htmltag64 <p>}Hello \\'e4 \\u-10179?\\u56832?\\par }"
    plain = b'{\\rtf1{\\fonttbl{\\f0\\fcharset128 x;}}\\f0 {\\field{\\*\\fldinst HYPERLINK "http://a"}{\\fldrslt b}}\\bin3 abc}'
    yield from (rich, plain, outlook.compressed(rich), outlook.compressed(plain))
    inner = outlook.stream(outlook.file(b"B.TXT", b"b"), outlook.attribute(outlook.OLD_BODY, b"old words"))
    yield outlook.stream(
        outlook.attribute(outlook.MESSAGE_CLASS, b"IPM.Microsoft Schedule.MtgReq\0"),
        outlook.message(
            outlook.unicode(outlook.BODY, "Words"),
            outlook.unicode(outlook.SUBJECT, "Title"),
            outlook.unicode((outlook.APPOINTMENT, 0x8208), "Room"),
            (outlook.BINARY, outlook.RTF, outlook.compressed(rich)),
            (outlook.TIME, (outlook.APPOINTMENT, 0x820D), b"\0\x80\x3e\xd5\xde\xb1\x9d\x01"),
            (outlook.STRING8, outlook.HTML, b"<p>x</p>"),
        ),
        outlook.file(b"A.TXT", b"a", outlook.unicode(outlook.LONG_NAME, "a long name.txt")),
        outlook.file(b"", b"", (outlook.OBJECT, outlook.DATA, bytes(16) + inner)),
    )
