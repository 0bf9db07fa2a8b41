"""Whatever a mail is made of, each piece of it is in the body, in a file or named in the note once the mail is drafted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from support import mails
from support.composing import OWN, a_route, a_sender, an_envelope

from bridge import convert
from bridge.model import Draft


@dataclass(frozen=True)
class Piece:
    """A leaf: header lines of it, and its content around a word that is nowhere else."""

    head: tuple[str, ...]
    content: str
    #: One of several versions of the same words: not all of them have to be shown.
    words: bool


@dataclass(frozen=True)
class Several:
    kind: str
    inside: tuple[Piece | Several, ...]


WORDS = [
    Piece(("Content-Type: text/plain; charset=utf-8",), "Some {} here.\r\n", words=True),
    Piece(("Content-Type: text/plain", "Content-Disposition: inline"), "> {}\r\n> and more\r\n", words=True),
    Piece(("Content-Type: text/html; charset=utf-8",), "<p>Some <b>{}</b> here</p>\r\n", words=True),
    Piece(("Content-Type: text/html",), "<img src='cid:x'><div>{}</div>\r\n", words=True),
    Piece(("Content-Type: text/enriched",), "<bold>{}</bold>\r\n", words=True),
    Piece((), "{}\r\n", words=True),
]
FILES = [
    Piece(("Content-Type: application/pdf; name=a.pdf",), "%PDF {}", words=False),
    Piece(("Content-Type: image/png", "Content-ID: <x>"), "\x7fPNG {}", words=False),
    Piece(("Content-Type: image/gif", "Content-Disposition: inline; filename=a.pdf"), "GIF89a {}", words=False),
    Piece(("Content-Type: text/plain; name=log.txt", "Content-Disposition: attachment"), "{}", words=False),
    Piece(("Content-Type: text/html", "Content-Disposition: attachment; filename=p.html"), "<p>{}</p>", words=False),
    Piece(("Content-Type: text/calendar; method=REQUEST",), "BEGIN:VEVENT\r\nSUMMARY:{}\r\nEND:VEVENT\r\n", words=False),
    Piece(("Content-Type: text/vcard",), "BEGIN:VCARD\r\nFN:{}\r\nEND:VCARD\r\n", words=False),
    Piece(("Content-Type: text/csv",), "a;{}\r\n", words=False),
    Piece(("Content-Type: message/rfc822",), "Subject: inner\r\n\r\n{}\r\n", words=False),
    Piece(("Content-Type: application/ms-tnef",), "no stream at all {}", words=False),
    Piece(("Content-Type: application/pkcs7-mime",), "no message at all {}", words=False),
    Piece(("Content-Type: message/delivery-status",), "Final-Recipient: rfc822; {}@x.example\r\n", words=False),
    Piece(("Content-Type: application/x-{}",), "{}", words=False),
]  # fmt: skip
KINDS = ["mixed", "mixed", "alternative", "related", "report", "signed", "digest", "x-unknown", "parallel"]
TREES = st.recursive(
    st.sampled_from([*WORDS, *FILES]),
    lambda inner: st.builds(
        Several, st.sampled_from(KINDS), st.lists(inner, min_size=1, max_size=4).map(tuple)
    ),
    max_leaves=7,
)


def written(node: Piece | Several, numbers: Iterator[int]) -> tuple[bytes, object]:
    """The node as bytes, and what to look for: a word, or the pieces of a multipart."""
    if isinstance(node, Piece):
        word = f"zq{next(numbers)}qz"
        content = mails.part(*(line.format(word) for line in node.head), body=node.content.format(word))
        return content, (word, node.words)
    boundary = f"b{next(numbers)}b"
    made = [written(inner, numbers) for inner in node.inside]
    content = mails.multipart(node.kind, *(content for content, _ in made), boundary=boundary)
    return content, [node.kind, *(look for _, look in made)]


def missing(look: object, seen: str, *, other: bool = False) -> list[str]:
    """Words that are to be seen and are not; of `other` versions of the same words only the files count."""
    if isinstance(look, tuple):
        word, is_version = look
        return [] if word in seen or (other and is_version) else [word]
    assert isinstance(look, list)
    kind, *inside = look
    gone = [word for one in inside for word in missing(one, seen, other=other or kind == "alternative")]
    if kind == "alternative" and not other and not any(not missing(one, seen) for one in inside):
        gone.append(f"every version of {inside}")
    return gone


def seen_of(draft: Draft) -> str:
    held = b"\n".join(file.path.read_bytes() for file in draft.files).decode("utf-8", "replace")
    return "\n".join((draft.body, *draft.note, held))


@settings(max_examples=250, deadline=None)
@given(TREES, st.sampled_from(["auto", "html", "text"]), st.sampled_from(["off", "lossless", "quotes"]))
def test_every_piece_of_a_mail_is_in_its_draft(tree: Piece | Several, prefer: str, trim: str) -> None:
    content, look = written(tree, iter(range(1000)))
    whole = mails.fields("From: Ann Lee <ann@example.com>", "Subject: pieces", "MIME-Version: 1.0") + content
    with tempfile.TemporaryDirectory() as folder:
        draft = convert.draft(
            convert.Job(
                content=whole,
                envelope=an_envelope(),
                route=a_route(body={"prefer": prefer, "trim": trim, "original": "never"}),
                recipients=("support@example.com",),
                sender=a_sender(),
                own=OWN,
                keys=(b"k" * 32,),
                store=Path(folder),
                max_file_bytes=1_000_000,
            )
        )
        assert missing(look, seen_of(draft)) == []
    assert draft.body
