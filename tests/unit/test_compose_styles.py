"""What the styles of a mail mean for its words: line ends, gaps, weight and signs are what the reader saw, whoever styled them."""

from __future__ import annotations

import time

import pytest

from bridge.compose import html
from bridge.compose.html import Limits


def converted(source: str) -> str:
    return html.to_markdown(source).markdown


# -- line ends that a style keeps ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<div style='white-space: pre-wrap'>one\ntwo\r\n\r\nthree</div>", "one  \ntwo\n\nthree"),
        ("<p style='white-space:pre-line'>one\n<b>two\nthree</b>\nfour</p>", "one  \n**two  \nthree**  \nfour"),
        ("<div style='white-space-collapse: preserve'>one\n  two\n\tx</div>", "one  \n\xa0\xa0two  \n" + "\xa0" * 8 + "x"),
        ("<style>.Msg{white-space:pre-wrap}</style><div class='a msg'>one\ntwo</div>", "one  \ntwo"),
        ("<div style='white-space:pre'><span style='white-space:normal'>one\ntwo</span>\nthree</div>", "one two  \nthree"),
        ("<div style='white-space:pre'>one\n<table><tr><td>two\nthree</td></tr></table></div>", "one\n\ntwo three"),
        ("<textarea>one\ntwo</textarea>", "one  \ntwo"),
        ("<div style='white-space:pre'><pre>one\n  two</pre>\nx</div>", "```\none\n  two\n```\n\nx"),
        ("<p style='white-space:nowrap'>one\ntwo</p>", "one two"),
        ("<p>It says white-space: pre\nhere</p>", "It says white-space: pre here"),
    ],
)  # fmt: skip
def test_lines_end_where_the_style_keeps_their_ends(source: str, markdown: str) -> None:
    assert converted(source) == markdown


def test_the_message_of_a_form_keeps_its_lines_beside_its_label() -> None:
    assert converted(
        "<table><tr><td>Message:</td><td style='white-space:pre-wrap'>Hello,\n\nno light.</td></tr></table>"
    ) == ("Message:\n\nHello,\n\nno light.")


@pytest.mark.parametrize("words", ["a\n" * 500_000, "\n" * 1_000_000, " " * 1_000_000, "<b>a</b>\n" * 50_000])
def test_keeping_lines_is_bounded_in_time_and_loses_no_words(words: str) -> None:
    began = time.process_time()
    result = html.to_markdown(f"<div style='white-space:pre-wrap'>{words}end</div>")
    assert time.process_time() - began < 2
    assert "end" in result.markdown


def test_beyond_the_limit_lines_run_together_and_the_text_part_is_the_better_one() -> None:
    result = html.to_markdown("<div style='white-space:pre'>" + "a\n" * 20, limits=Limits(elements=10))
    assert result.markdown.split() == ["a"] * 20
    assert result.trouble
