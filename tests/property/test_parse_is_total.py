"""Whatever bytes come, there is a Mail, its promises hold, and every leaf is accounted for exactly once."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.promises import FORBIDDEN, parsed
from support.strategies import mail_bytes, trees

from bridge import mail
from bridge.mail import assemble, hygiene, unwrap
from bridge.model import Attached, Mail, Span, Written


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000))
@example(b"")
@example(b"\0")
@example(b"Content-Type: text/plain; name*")
@example(b'To: "\n\n')
@example(b"To: (c):\n\n")
@example(b"Message-ID: <[x]>\n\n")
@example(b"Content-Type: multipart/mixed\n\n")
@example(b"From: @\nContent-Type: x; name*0=a; name*1*=b; name=c\n\n")
def test_raw_bytes_parse(content: bytes) -> None:
    """Case 19."""
    parsed(content)


@settings(max_examples=400, deadline=None)
@given(mail_bytes)
def test_bytes_of_the_alphabet_of_mail_parse(content: bytes) -> None:
    parsed(content)


@settings(max_examples=150, deadline=None)
@given(trees, st.binary(max_size=60), st.integers(0, 500))
def test_trees_parse_also_when_damaged(tree: bytes, noise: bytes, place: int) -> None:
    parsed(tree[:place] + noise + tree[place + len(noise) :])


@settings(max_examples=150, deadline=None)
@given(trees)
def test_line_ends_make_no_difference(tree: bytes) -> None:
    """Case 42."""
    crlf, lf = parsed(tree), parsed(tree.replace(b"\r\n", b"\n"))
    for name in (field.name for field in fields(Mail) if field.name != "leaves"):
        assert getattr(crlf, name) == getattr(lf, name)
    assert [(leaf.section, leaf.filename) for leaf in crlf.leaves] == [
        (leaf.section, leaf.filename) for leaf in lf.leaves
    ]


#: Words of its own, without which a mail takes those of a part that has a name.
_OPENED = b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n\r\nOpening\r\n--outer\r\n"


@settings(max_examples=150, deadline=None)
@given(trees, trees)
@example(
    b"Content-Type: text/html\r\n\r\n<p>other words</p>",
    b"Content-Type: text/enriched\r\n\r\n<p>other words</p>",
)
def test_words_and_files_of_a_mixed_mail_are_those_of_its_parts(first: bytes, second: bytes) -> None:
    whole = _OPENED + first + b"\r\n--outer\r\n" + second + b"\r\n--outer--"
    alone = [parsed(_OPENED + one + b"\r\n--outer--") for one in (first, second)]
    together = parsed(whole)
    assert len(together.leaves) - 1 == sum(len(one.leaves) - 1 for one in alone)
    parts = unwrap.joined([block for one in alone for block in one.blocks[1:]])
    assert [(block.text, block.html) for block in together.blocks if isinstance(block, Written)] == [
        ("Opening", None),
        *((block.text, block.html) for block in parts if isinstance(block, Written)),
    ]


@given(st.text())
def test_clean_text_holds_nothing_that_breaks(text: str) -> None:
    """Case 83."""
    cleaned = hygiene.clean(text)
    assert FORBIDDEN.search(cleaned) is None
    assert hygiene.clean(cleaned) == cleaned
    assert "\n" not in hygiene.line(text)


@given(
    st.text(
        alphabet=st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\xad"), max_size=50
    )
)
def test_letters_of_every_script_are_left_alone(text: str) -> None:
    """Case 82."""
    assert hygiene.clean(text) == text


def test_a_mistake_of_the_parser_still_gives_the_mail(monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("boundary")

    monkeypatch.setattr(assemble, "split", broken)
    content = b"Subject: x\r\n\r\nHello"
    found = mail.parse(content)
    assert found.blocks == (Attached(0),)
    assert found.leaves[0].content == Span(0, len(content))
    assert "KeyError" in found.defects[0]
