"""What turns the direction of text stays where right-to-left words need it, and goes where it deceives (mail-cases 82, 86)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.composing import a_mail

from bridge.compose import bidi, body

LRE, RLE, PDF, LRO, RLO = "\u202a\u202b\u202c\u202d\u202e"
LRI, RLI, FSI, PDI = "\u2066\u2067\u2068\u2069"
RLM, LRM, ALM = "\u200f\u200e\u061c"


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        f"שלום {RLM}!{LRM} {ALM}",
        f"{RLE}שלום{PDF} world",
        f"a {RLI}שלום {LRI}x{PDI}{PDI} b",
        f"{FSI}+972 3 1234567{PDI}",
        f"{RLE}a {LRI}b{PDI} c{PDF}\n{LRE}d{PDF}",
    ],
)
def test_what_is_closed_on_its_line_stays(text: str) -> None:
    assert bidi.settled(text) == (text, False)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"a {RLE}b", "a b"),
        (f"a {RLE}b\nc{PDF}", "a b\nc"),
        (f"a{PDF}{PDI}b", "ab"),
        (f"{RLI}a{PDF}b", "ab"),
        (f"{RLI}a{PDF}b{PDI}", f"{RLI}ab{PDI}"),
        (f"{RLI}a{RLE}b{PDI}c{PDF}", f"{RLI}ab{PDI}c"),
        (f"{RLE}a{PDI}b{PDF}", f"{RLE}ab{PDF}"),
    ],
)
def test_what_would_turn_around_words_that_follow_goes(text: str, left: str) -> None:
    assert bidi.settled(text) == (left, False)


@pytest.mark.parametrize(
    "text", [f"Pay to {RLO}87654321{PDF} now", f"Pay to {LRO}87654321 now", f"{RLO}Pay to 87654321 now"]
)
def test_an_override_goes_though_it_is_closed(text: str) -> None:
    assert bidi.settled(text) == ("Pay to 87654321 now", True)


def test_the_note_says_that_words_read_backwards() -> None:
    made = body.compose(a_mail(text=f"See {RLO}gpj.exe{PDF}"))
    assert made.markdown == "See gpj.exe"
    assert made.remarks == ("Signs by which words read backwards were taken out of the text.",)


def test_a_megabyte_of_openers_costs_little_and_leaves_nothing() -> None:
    assert bidi.settled(RLE * 300_000 + PDI * 300_000) == ("", False)


@given(st.text(st.sampled_from([*"ab\n", LRE, RLE, PDF, LRO, RLO, LRI, RLI, FSI, PDI, RLM]), max_size=40))
def test_of_any_text_only_such_signs_go_and_a_second_look_finds_nothing(text: str) -> None:
    left, _ = bidi.settled(text)
    signs = str.maketrans("", "", LRE + RLE + PDF + LRO + RLO + LRI + RLI + FSI + PDI)
    assert left.translate(signs) == text.translate(signs)
    assert bidi.settled(left) == (left, False)
