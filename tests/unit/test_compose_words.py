"""HTML as plain lines for rules: a line for a block or a row, nothing that is hidden, and linear whatever comes."""

from __future__ import annotations

import time

import pytest

from bridge.compose import words

LINES = [
    ("<p>one</p><p>two</p>", "one\ntwo"),
    ("one<br>two<BR/>three", "one\ntwo\nthree"),
    ("<tr><td>Name:</td><td>Ann</td></tr><tr><td>Size:</td></tr>", "Name: Ann\nSize:"),
    ("a  <b>b</b>\tc", "a b c"),
    ("&lt;p&gt; &amp; &#65;", "<p> & A"),
    ("1 < 2 and <3 are less > than", "1 < 2 and <3 are less > than"),
    ("said <ann@customer.example>", "said"),
    ("<!-- <p>not</p> -->shown<!-- never ended <p>not</p>", "shown"),
    ("<style>p {}</style>a<SCRIPT>if (a > b) {}</script>b<title>never ended <p>not</p>", "ab"),
    ("<scripture>shown</scripture>", "shown"),
    ("<?xml version='1'?><!DOCTYPE html></ p>shown", "shown"),
    ("shown <p class='never ended", "shown"),
]

HOSTILE = [
    "<",
    "< ",
    "<1",
    "<a",
    "</",
    "<!--",
    "<!-->",
    "<title>",
    "<script><title>",
    "<style></styl",
    "<p>",
    "&",
]


@pytest.mark.parametrize(("markup", "lines"), LINES)
def test_html_becomes_the_lines_a_reader_sees(markup: str, lines: str) -> None:
    assert words.from_html(markup) == lines


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("end", ["", ">"])
def test_a_megabyte_of_anything_takes_no_second(piece: str, end: str) -> None:
    markup = piece * (1_000_000 // len(piece) - 1) + end
    before_s = time.process_time()
    words.from_html(markup)
    assert time.process_time() - before_s < 1.0
