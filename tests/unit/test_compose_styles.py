"""What the styles of a mail mean for its words: line ends, gaps, weight and signs are what its reader saw."""

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
        ("<p style='white-space:pre'><i>if</i> x:</p><p style='white-space:pre'><i>  y</i></p>", "_if_ x:\n\n\xa0\xa0_y_"),
        ("<p style='white-space:pre-wrap'>a <b>  b</b></p>", "a **b**"),
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


# -- room between lines ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<style>P {margin-top:0;margin-bottom:0;}</style><p>a</p><p>b</p><p><br></p><p>c</p>", "a  \nb\n\nc"),
        ("<style>p, td {margin: 0 !important}</style><p>a</p><p style='margin-bottom:12pt'>b</p><p>c</p>", "a  \nb\n\nc"),
        ("<style>p {color:red} .x p {margin:0}</style><p>a</p><p>b</p>", "a\n\nb"),
        ("<style>p.MsoNormal {margin:0cm; margin-bottom:8.0pt}</style><p class=MsoNormal>a<p class=MsoNormal>b", "a\n\nb"),
        ("<p class=MsoNormal>a<p class=MsoNormal style='margin-bottom:12.0pt'>b<p class=MsoNormal>c", "a  \nb\n\nc"),
        ("<style>p.p1 {margin: 0.0px 0.0px 0.0px 0.0px}</style><p class=p1>a</p><p class='p1 x'>b</p><p>c</p>", "a  \nb\n\nc"),
        ("<style>.Lead{margin-top:1cm} div.x{margin:0}</style><p class=x>a</p><p class=lead style='margin-top:0'>b", "a\n\nb"),
        ("<div style='margin-bottom: 16px'>a</div><div>b</div><div>c</div>", "a\n\nb  \nc"),
        ("<div>a</div><div style='padding:0 0 1em'>b</div><div>c</div>", "a  \nb\n\nc"),
        ("<div style='margin:0 0 10px 0'>a</div>b", "a\n\nb"),
        ("<div style='margin:0 20px'>a</div><div style='padding:2px 12px'>b</div>", "a  \nb"),
        ("<div>a</div><div style='margin-top:auto;padding-top:x'>b</div>", "a  \nb"),
    ],
)  # fmt: skip
def test_lines_are_as_far_apart_as_their_styles_put_them(source: str, markdown: str) -> None:
    assert converted(source) == markdown


# -- weight ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<p style='font-weight:bold;color:red'>Last reminder</p>x", "**Last reminder**\n\nx"),
        ("<div style='font-weight:600'>Name<br>Ann</div>x", "**Name  \nAnn**  \nx"),
        ("<div style='font: bold 20px Arial'>Total</div>", "**Total**"),
        ("<table><tr><td style='font-weight:700'>Order</td><td>4711</td></tr></table>", "**Order** | 4711"),
        ("<table><tr><th>Order<td>4711<tr><th>Date<td>2 Nov</table>", "**Order** | 4711  \n**Date** | 2 Nov"),
        ("<table><tr><td><b>Order:</b></td><td>4711</td></tr></table>", "**Order:** 4711"),
        ("<h2 style='font-weight:bold'>Title</h2>", "## Title"),
        ("<p style='font-style:italic'>so</p>", "_so_"),
    ],
)  # fmt: skip
def test_words_weigh_what_the_style_of_their_block_gives_them(source: str, markdown: str) -> None:
    assert converted(source) == markdown


def test_a_bold_row_is_the_head_of_its_table() -> None:
    bold = "<td style='font-weight:bold'>"
    assert converted(f"<table border=1><tr>{bold}A{bold}B<tr><td>1<td>2</table>") == (
        "| A   | B   |\n| --- | --- |\n| 1   | 2   |"
    )


# -- signs, letters and boxes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("Thanks <span style='font-family:Wingdings'>J</span>", "Thanks ☺"),
        ('File <span style="font-family:&quot;Wingdings&quot;;color:red">à</span> Print', "File → Print"),
        ("<font face='Wingdings'>L&#61515;</font>", "☹😐"),
        ("<span style='font-family:\"Wingdings 2\"'>J</span>", "J"),
        ("<span style='font-family:Calibri;mso-font-charset:2'>J</span>", "J"),
    ],
)
def test_letters_of_a_font_of_signs_are_the_signs(source: str, markdown: str) -> None:
    assert converted(source) == markdown


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<ol type=a><li>x<li>y</ol>", "- a. x\n- b. y"),
        ("<ol><li>x<ol type=i start=4><li>y<li>z</ol></ol>", "1. x\n   - iv. y\n   - v. z"),
        ("<ol style='list-style-type: upper-alpha' start=27><li>x</ol>", "- AA. x"),
        ("<ol><li style='list-style-type:lower-roman'>x<li>y</ol>", "- i. x\n- ii. y"),
        ("<ol type=1><li>x</ol><ul type=disc><li>y</ul>", "1. x\n\n- y"),
        ("<ol type=A><li><p>x</p><p>y</p></ol>", "- A. x\n\n  y"),
        ("<ol type=A><li><ul><li>x</ul></ol>", "- A.\n\n  - x"),
        ("<ol type=A start=0><li>x</ol><ul><li>y</ul>", "- 0. x\n\n* y"),
    ],
)
def test_a_list_keeps_the_letters_that_others_refer_to(source: str, markdown: str) -> None:
    assert converted(source) == markdown


def word_item(marker: str, words: str, *, level: int = 1, font: str = "") -> str:
    return (
        f"<p class=MsoListParagraph style='mso-list:l0 level{level} lfo1'><![if !supportLists]><span style='font-family:{font}'>"
        f"<span style='mso-list:Ignore'>{marker}<span>&nbsp;&nbsp; </span></span></span><![endif]>{words}</p>"
    )


def test_the_markers_that_word_drew_stay_where_no_list_shows_them() -> None:
    items = word_item("1.", "Scope") + word_item("1.1", "Parts", level=2) + word_item("b)", "Tools", level=2)
    assert converted(items) == "1. Scope\n   - 1.1 Parts\n   - b) Tools"
    bullets = (
        word_item("o", "a", font="Courier New") + word_item("ü", "b", font="Wingdings") + word_item("§", "c")
    )
    assert converted(bullets) == "- a\n- b\n- c"


def test_a_number_that_word_drew_is_a_list_in_any_paragraph_and_a_word_in_a_heading_or_cell() -> None:
    normal = word_item("1.", "a") + word_item("2.", "b")
    assert converted(normal.replace("MsoListParagraph", "MsoNormal")) == "1. a\n2. b"
    heading = word_item("2", "Scope").replace("<p class=MsoListParagraph", "<h2").replace("</p>", "</h2>")
    assert converted(heading) == "## 2 Scope"
    assert converted(f"<table><tr><td>{word_item('1.', 'a')}</td><td>b</td></tr></table>") == "1\\. a | b"


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<ul><li><input type=checkbox checked>done<li><input type=checkbox> open</ul>", "- ☑ done\n- ☐ open"),
        ("<input type=radio>Yes <input type=Radio checked>No", "○ Yes ◉ No"),
        ("Name:<input value='Ann Lee'><input type=hidden value=x><input type=submit value=Send>", "Name: Ann Lee"),
        ("a<dl><dt>b<dd>c</dl>d<figure>e</figure>", "a\n\nb  \nc\n\nd\n\ne"),
    ],
)  # fmt: skip
def test_forms_and_figures_read_as_they_were_seen(source: str, markdown: str) -> None:
    assert converted(source) == markdown


# -- what stands on lines of its own, and what is seen ---------------------------------------------


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("x <span style='display:block'>a</span><span style='display: block !important'>b</span>c", "x  \na  \nb  \nc"),
        ("<b style='display:block'>Head</b>text", "**Head**  \ntext"),
        ("<a style='display:block' href='tel:1'>a</a><a style='display:block' href='tel:2'>b</a>", "[a](tel:1)  \n[b](tel:2)"),
        ("<div style='display:inline'>a</div> <p style='display:inline'>b</p> c", "a b c"),
        ("<span style='display:inline-block'>a</span>b", "ab"),
    ],
)  # fmt: skip
def test_the_display_of_an_element_ends_its_lines(source: str, markdown: str) -> None:
    assert converted(source) == markdown


@pytest.mark.parametrize(
    "source",
    [
        "<style>.m{display:none}</style><div class=m style='display:block'>YES</div>",
        "<style>.m{display:none} .M {display:block}</style><div class=m>YES</div>",
        "<style>table.m{display:none}</style><div class=m>YES</div>",
        "<style>.x .m{display:none}</style><div class=m>YES</div>",
    ],
)
def test_a_class_hides_only_where_nothing_shows_it_after_all(source: str) -> None:
    assert converted(source) == "YES"


@pytest.mark.parametrize(
    "source",
    [
        "<style>.m{display:none !important}</style><div class=m style='display:block'>NO</div>",
        "<style>.m{display:none!important} .m{display:block}</style><div class=m>NO</div>",
        "<style>td.m, Div.M {color:red;display : none}</style><div class='a m'>NO</div>",
    ],
)
def test_a_class_that_hides_for_good_hides(source: str) -> None:
    assert converted(f"{source}<p>seen</p>") == "seen"
