"""HTML reads in Markdown as it read in the mail (mail-cases 61 to 66, 96 to 100), whoever wrote it and however broken."""

from __future__ import annotations

import re
import time
from html import unescape

import markdownify
import pytest
from support import client_html
from support.rendered import kinds, lines, links

from bridge.compose import html
from bridge.compose.html import Limits
from bridge.model import FILE_MARK

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAYAAABytg0kAAAAEklEQVR4nGP4z8DwHwyBNBgAAEnhB/nJVOskAAAAAElFTkSuQmCC"


def converted(source: str) -> str:
    return html.to_markdown(source).markdown


def mark(index: int) -> str:
    return f"{FILE_MARK[0]}{index}{FILE_MARK[1]}"


# -- lines and paragraphs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("10<sup>3</sup> m<sup>-2</sup>, the 2<sup>nd</sup>, CO<sub>2</sub>", "10³ m⁻², the 2nd, CO2"),
        ("<div>one</div><div>two</div>", "one  \ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<div>one<br></div><div>two</div>", "one  \ntwo"),
        ("one<br>two<br><br>three<br><br><br><br>four", "one  \ntwo\n\nthree\n\nfour"),
        ("<p style='margin:0'>one</p><p style='margin: 0cm'>two</p>", "one  \ntwo"),
        (
            "<p style='margin-top:0;margin-bottom:0'>one</p><p style='margin-top:0;margin-bottom:0'>two</p>",
            "one  \ntwo",
        ),
        ("<p style='margin:0 0 16px 0'>one</p><p>two</p>", "one\n\ntwo"),
        ("<p>a\n   b\t c</p>", "a b c"),
        ("<p>10&nbsp;000&nbsp;&nbsp; EUR</p>", "10 000 EUR"),
        ("<div>x</div><div>&nbsp;&nbsp; y</div>", "x  \n\u00a0\u00a0\u00a0y"),
        ("<p>one</p>&nbsp;<p></p><p>&nbsp;</p><div></div>two", "one\n\ntwo"),
        ("a <!-- no --> b<?php no ?>", "a b"),
        ("<dl><dt>Term</dt><dd>What it is</dd></dl>", "Term  \nWhat it is"),
        ("one<hr>two", "one\n\n---\n\ntwo"),
        ("<bdo dir=rtl>שלום</bdo> <ruby>漢<rt>kan</rt></ruby> 👩‍👩‍👧", "שלום 漢kan 👩‍👩‍👧"),
    ],
)
def test_lines_and_paragraphs_stand_as_the_reader_saw_them(source: str, markdown: str) -> None:
    """Case 96."""
    assert converted(source) == markdown


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "markdown"),
    [
        ("# no heading", "\\# no heading"),
        ("1. no list", "1\\. no list"),
        ("- no list", "\\- no list"),
        ("5 * 3 and snake_case", "5 * 3 and snake_case"),
        ("*no* _no_", "\\*no\\* \\_no\\_"),
        ("&lt;b&gt;no&lt;/b&gt; a &lt; b", "\\<b>no\\</b> a < b"),
        ("R&amp;D &amp;amp; co", "R&D \\&amp; co"),
        ("C:\\dir", "C:\\dir"),
        ("[a](b)", "[a\\](b)"),
        ("`x`", "\\`x\\`"),
        ("________", "\\________"),
        ("** *** __", "** *** __"),
        ("Bye<br>________", "Bye  \n\\________"),
        ("Bye<p>--<br>Ann", "Bye\n\n--  \nAnn"),
        ("Bye<br>--<br>Ann", "Bye  \n\\--  \nAnn"),
        ("see https://x.example/a_b, ok", "see https://x.example/a_b, ok"),
    ],
)
def test_words_that_look_like_markup_are_escaped_and_only_those(words: str, markdown: str) -> None:
    """Case 95."""
    assert converted(f"<p>{words}</p>") == markdown
    assert kinds(markdown) == set()


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("a __<i> b</i>__ c", "a \\_\\_ _b_\\_\\_ c"),
        ("a *<i>b</i>* c", "a \\*_b_\\* c"),
        ("<b>__ __</b>", "**\\_\\_ \\_\\_**"),
        ("<ul><li>--</ul>", "- \\--"),
        ("--<span>-</span>", "\\---"),
        ("1<span>.</span> a", "1\\. a"),
        ("[a]<span>(https://x.example)</span>", "[a\\](https://x.example)"),
        ("a &amp;<span>amp;</span> b", "a \\&amp; b"),
    ],
)
def test_marks_are_escaped_where_markup_touches_them(source: str, markdown: str) -> None:
    assert converted(source) == markdown
    assert "".join("".join(lines(markdown)).split()) == "".join(
        unescape(re.sub("<[^>]*>", "", source)).split()
    )


def test_words_start_a_line_after_a_break_too() -> None:
    assert converted("x<br># y<div>- z</div>w # v") == "x  \n\\# y  \n\\- z  \nw # v"


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<b>bold</b> <i>it</i> <s>gone</s>", "**bold** _it_ ~~gone~~"),
        ("a<b> bold </b>b", "a **bold** b"),
        ("<b>one</b><b>two</b>", "**onetwo**"),
        ("<b>Name:</b>Max", "**Name**:Max"),
        ("<b>Name: </b>Max", "**Name:** Max"),
        ("x<b>(y)</b>z", "x(**y**)z"),
        ("<b>a<br>b</b>", "**a  \nb**"),
        ("<b>a<br><br>b</b>", "**a**\n\n**b**"),
        ("<b><br></b>x", "x"),
        ("<b></b># x", "\\# x"),
        ("<b><ul><li>a</li></ul></b>", "- a"),
        ("<b style='font-weight:normal'>docs</b>", "docs"),
        ("<i style='font-style: normal'>When</i> <i>now</i>", "When _now_"),
        ("<b style='font-weight:normal;font-style:italic'>x</b>", "_x_"),
        ("1<sup style='font-weight:bold'>st</sup>", "1**st**"),
        ("<b><i>a.</i></b>b <s>c.</s>d", "a.b ~~c~~.d"),
        ("<b>5*</b>x <b>Name*:</b>Max", "5\\*x **Name\\***:Max"),
        ("<i>a</i><b>b!</b>c <i>€</i><b>a</b>", "_a_**b**!c _€_**a**"),
        ("<b>!</b>a <i>*</i>c <b>_</b>b", "!a \\*c \\_b"),
        ("x<b>a</b><i>b</i>y <i>A_B</i>x", "x**a**by A_Bx"),
        ("<span style='font-weight:bold'>b</span> <font style='font-style: italic'>i</font>", "**b** _i_"),
        ("<b><strong>x</strong></b>", "**x**"),
        ("H<sub>2</sub>O <u>u</u> <mark>m</mark>", "H2O u m"),
        ("<code>a_b</code> <tt>c`d</tt>", "`a_b` `` c`d ``"),
        ("<q>x</q>", '"x"'),
        ("un<i>frigging</i>believable", "unfriggingbelievable"),
        ("un<b>frigging</b>believable", "un**frigging**believable"),
        ("<i>x</i>y <b><i>z</i></b>", "xy **_z_**"),
        ("x<br><i>&nbsp;&nbsp;a</i><br><b>&nbsp; &nbsp;b</b>", "x  \n\xa0\xa0_a_  \n\xa0\xa0\xa0**b**"),
    ],
)
def test_emphasis_is_where_a_renderer_will_see_it(source: str, markdown: str) -> None:
    assert converted(source) == markdown
    assert not any("**" in line for line in lines(markdown))


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<h1>Title <b>x</b></h1>text", "# Title x\n\ntext"),
        ("<h3>a<br>b</h3>", "### a b"),
        ("<h2></h2><h2>&nbsp;</h2>x", "x"),
        ("<h2><img src='http://x.example/l.png' alt=''></h2>x", "x"),
        ("<h2>No #</h2>", "## No \\#"),
        ("<h2>a<hr>b<h3>c</h3></h2>", "## a b c"),
    ],
)
def test_headings(source: str, markdown: str) -> None:
    assert converted(source) == markdown


@pytest.mark.parametrize(
    "block", ["<h2></h2>", "<h2>&nbsp;</h2>", "<blockquote><br></blockquote>", "<ul><li></li></ul>", "<ul></ul>", "<pre> </pre>",
              "<table border=1><tr><td></td><td></td></tr><tr><td></td><td></td></tr></table>"]
)  # fmt: skip
def test_a_block_without_words_parts_the_words_around_it(block: str) -> None:
    assert converted(f"Thanks{block}Ann") == "Thanks  \nAnn"
    assert converted(f"<b>Thanks{block}Ann</b>{block}") == "**Thanks  \nAnn**"


# -- lists and quotes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ol start=3><li>x<li>y</ol>", "3. x\n4. y"),
        ("<ol><li value=7>x<li>y</ol>", "7. x\n8. y"),
        ("<ol><li>x</ol><ol start=2><li>y</ol>", "1. x\n\n2. y"),
        ("<ul><li>x</ul><ul><li>y</ul>", "- x\n\n* y"),
        ("<ol><li>x<ul><li>y</ul></ol>", "1. x\n   - y"),
        ("<li>loose</li><li>items</li>", "- loose\n- items"),
        ("<ul><li><p>a</p></li><li><p>b</p><p>c</p></li></ul>", "- a\n- b\n\n  c"),
        ("<ul><li></li></ul>x", "x"),
        ("<ul>stray<li>a</li></ul>", "- stray\n- a"),
        ("<ol><li># a</li></ol>", "1. \\# a"),
    ],
)
def test_lists(source: str, markdown: str) -> None:
    """Case 96."""
    assert converted(source) == markdown


def test_two_lists_in_a_row_stay_two_for_a_renderer() -> None:
    assert lines(converted("<ol><li>a<li>b</ol><ol><li>c</ol>")) == ["a", "b", "c"]
    assert converted("<ol><li>a<li>b</ol><ol><li>c</ol>") == "1. a\n2. b\n\n1) c"


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc"),
        ("<blockquote type=cite><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        (
            "<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>indented</blockquote>x",
            "indented  \nx",
        ),
        ("<blockquote></blockquote>x", "x"),
        ("<div type='cite' style='border:none;border-left:solid blue 1.5pt'><p>a</p></div>x", "> a\n\nx"),
    ],
)
def test_quotes(source: str, markdown: str) -> None:
    assert converted(source) == markdown


def test_preformatted_text_stands_in_a_fence() -> None:
    assert converted("x<pre>a\n  <b>b</b>*</pre>") == "x\n\n```\na\n  b*\n```"


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("x<br><br><tt>Hello *all*,<br>the 1. lamp<br><br>- ok</tt><br>y", "x\n\nHello \\*all\\*,  \nthe 1. lamp\n\n\\- ok  \ny"),
        ("x<hr><br><code>a = *b<br>c</code>", "x\n\n---\n\n```\na = *b\nc\n```"),
        ("x<br><code>a<br>c</code>y", "x\n\n```\na\nc\n```\n\ny"),
        ("see <tt>a_b</tt> <code>c <b>d</b></code>", "see `a_b` `c d`"),
        ("<tt>as <a href='https://x.example/1'>*here*</a><br>b</tt>", "as [\\*here\\*](https://x.example/1)  \nb"),
        ("<code><a href='https://x.example/1'>run()</a></code>", "[run()](https://x.example/1)"),
    ],
)  # fmt: skip
def test_lines_of_a_typewriter_are_words_and_lines_of_code_are_code(source: str, markdown: str) -> None:
    assert converted(source) == markdown


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("x<code><pre>a\n  *b</pre></code>y", "x\n\n```\na\n  *b\n```\n\ny"),
        ("x<pre>a<div>b\n</div><p>c</p>d</pre>", "x\n\n```\na\nb\nc\nd\n```"),
        ("x<pre><div>a</div><div><br></div><div>  b</div></pre>", "x\n\n```\na\n\n  b\n```"),
        (
            "x<pre>a <a href='https://x.example/1'>b<i>c</i></a> d</pre>",
            "x\n\n```\na bc <https://x.example/1> d\n```",
        ),
        (
            "x<pre>a <a href='http://x.example/'>x.example</a>\n<a href='mailto:a@x.example'>a@x.example</a></pre>",
            "x\n\n```\na x.example\na@x.example\n```",
        ),
        ("<pre>a <a href='https://x.example/1'>b</a></pre>", "a b <https://x.example/1>"),
    ],
)
def test_preformatted_lines_stand_in_one_fence_and_say_where_links_lead(source: str, markdown: str) -> None:
    assert converted(source) == markdown


def test_a_mail_that_is_all_preformatted_is_plain_text() -> None:
    assert converted("<html><body><pre>Hello,\n\n# see https://x.example/a\n</pre></body></html>") == (
        "Hello,\n\n\\# see https://x.example/a"
    )


def test_so_is_one_that_is_preformatted_line_by_line() -> None:
    assert converted("<pre>Hello,</pre><pre><br></pre><pre>it is *dark*.</pre>") == (
        "Hello,\n\nit is \\*dark\\*."
    )


# -- tables ----------------------------------------------------------------------------------------


def test_a_table_of_data_stays_a_table() -> None:
    """Case 96."""
    markdown = converted(client_html.ORDER)
    assert kinds(markdown) >= {"table", "th", "td", "link", "strong"}
    assert lines(markdown) == [
        "Thank you for your order.",
        "Item Qty Price",
        "Garden | hose 2 19,90 €",
        "Spade 1 24,50 €",
        "Total 64,30 €",
        "Name: Max Muster",
        "Phone | 030 1234",
    ]


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        (
            "<table border=1><tr><td>1</td><td>2</td></tr><tr><td rowspan=2>3</td><td>4</td></tr><tr><td>5</td></tr></table>",
            "|     |     |\n| --- | --- |\n| 1   | 2   |\n| 3   | 4   |\n|     | 5   |",
        ),
        (
            "<table><tr><th>A</th><th>B</th></tr><tr><td>x<br>y</td><td><p>z</p></td></tr></table>",
            "| A   | B   |\n| --- | --- |\n| x y | z   |",
        ),
        (
            "<table border=1><tr><td>Name:<td>Ann<tr><td>Room:<td>A<tr><td>Ask:<td>b</table>",
            "|       |     |\n| ----- | --- |\n| Name: | Ann |\n| Room: | A   |\n| Ask:  | b   |",
        ),
        (
            "<table border=1><tr><td><b>Name</b><td>Ann<tr><td><b>Room</b><td>A<tr><td><b>Ask</b><td>b</table>",
            "|          |     |\n| -------- | --- |\n| **Name** | Ann |\n| **Room** | A   |\n| **Ask**  | b   |",
        ),
        (
            "<table border=1><tr><td></td><td>2024<td>2025<tr><td>Sales<td></td><td>7<tr><td>Returns<td>1<td>2</table>",
            "|         | 2024 | 2025 |\n| ------- | ---- | ---- |\n| Sales   |      | 7    |\n| Returns | 1    | 2    |",
        ),
        (
            "<table border=1><tr><td>Item<td>Q1<td></td><tr><td>Hose<td>12,00 €<td>new</table>",
            "| Item | Q1      |     |\n| ---- | ------- | --- |\n| Hose | 12,00 € | new |",
        ),
        (
            "<table border=1><tr><td>Hose 5m<td>2<td>1.1.2026<tr><td>Spade<td>1<td>2.1.2026</table>",
            "|         |     |          |\n| ------- | --- | -------- |\n| Hose 5m | 2   | 1.1.2026 |\n"
            "| Spade   | 1   | 2.1.2026 |",
        ),
        (
            "<table><tr><td><table><tr><td><a href='https://x.example/f'>F</a></table><td><table><tr><td>Call us</table></table>",
            "[F](https://x.example/f) | Call us",
        ),
        ("x<table><tr><td><table><tr><td>Button</table></table>y", "x\n\nButton\n\ny"),
        ("<table><tr><td><table><tr><td>a<tr><td>b</table><td>c</table>", "a  \nb\n\nc"),
        ("<table border=1><tr><td>alone</td></tr></table>", "alone"),
        ("<table><tr><td>•</td><td>point</td></tr></table>", "• point"),
        ("<table><tr><td>a</td><td></td><td>b</td></tr></table>", "a | b"),
        (
            "<table><tr><td>a</td><td>: b</td></tr><tr><td>c</td><td>:</td><td>d</td></tr></table>",
            "a : b  \nc : d",
        ),
        (
            "<table><tr><td>a</td><td>|</td><td>b</td><td>&nbsp;&bull;</td><td>c</td></tr></table>",
            "a | b • c",
        ),
        (
            "<table border=1><tr><td colspan=2>Jobs<tr><td>7<td>of 8<tr><td colspan=2>Details"
            "<tr><td><b>Name</b><td><b>State</b><tr><td>DC<td>ok</table>",
            "|      |      |\n| ---- | ---- |\n| Jobs |      |\n| 7    | of 8 |\n\nDetails\n\n"
            "| Name | State |\n| ---- | ----- |\n| DC   | ok    |",
        ),
        (
            "<table><tr><th colspan=2>November</th></tr><tr><th>A<th>B</tr><tr><td>1<td>2</td></tr></table>",
            "November\n\n| A   | B   |\n| --- | --- |\n| 1   | 2   |",
        ),
        (
            "<table border=0><tr><td class=xl65>Item<td class=xl65>Qty<td class=xl65>Price<tr><td class=xl66>Hose<td>2<td>19,90"
            "<tr><td></td><td></td><td>19,90<tr height=0 style='display:none'><td></td><td></td><td></td></table>",
            "| Item | Qty | Price |\n| ---- | --- | ----- |\n| Hose | 2   | 19,90 |\n|      |     | 19,90 |",
        ),
        (
            "<table border=1><thead><tr><th>Item<th>Sum</thead><tfoot><tr><td>Total<td>9</tfoot><tr><td>Hose<td>9</table>",
            "| Item  | Sum |\n| ----- | --- |\n| Hose  | 9   |\n| Total | 9   |",
        ),
        ("<table role=presentation border=1><tr><td>a<td>b<tr><td>c<td>d</table>", "a | b  \nc | d"),
        (
            "<table><tr><td><table><tr><td><p>in</p></td></tr></table></td><td><p>a</p><p>b</p></td></tr></table>",
            "in\n\na\n\nb",
        ),
    ],
)
def test_tables_of_data_and_of_layout(source: str, markdown: str) -> None:
    """Case 96."""
    assert converted(source) == markdown


# -- links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<a href='https://x.example/a'>here</a>", "[here](https://x.example/a)"),
        (
            "<a href='https://x.example/a'>\n<table><tr><td><b>View</b> it</td></tr></table></a> now",
            "[**View** it](https://x.example/a)  \nnow",
        ),
        (
            "<a href='https://x.example/a'><img src='https://x.example/i' alt='Lamp'><table><tr><td>View</td></tr></table></a>",
            "[Lamp View](https://x.example/a)",
        ),
        (
            "<a href='https://x.example/a?b=>&c=1'><table><tr><td>View</td></tr></table></a>",
            "View",
        ),
        (
            "<table><tr><td><a href='https://x.example/a'>unclosed</td><td><table><tr><td>b</td></tr></table></td></tr></table></a>c",
            "[unclosed](https://x.example/a) | b\n\nc",
        ),
        (
            "<a href='https://x.example/a'><table><tr><td>never closed<a href='https://x.example/b'>b</a></table>",
            "never closed[b](https://x.example/b)",
        ),
        (
            "<img src='https://x.example/a.jpg' alt='Sale' usemap='#m'><map name=m><area href='https://x.example/l' alt='Lamps'>"
            "<area href='https://x.example/c' title='Cables'><area href='https://x.example/d'><area alt='none'></map>",
            "[Sale](https://x.example/a.jpg)  \n[Lamps](https://x.example/l)  \n[Cables](https://x.example/c)",
        ),
        ("<a name=top></a><table><tr><td>View</td></tr></table>", "View"),
        ("<a href='https://x.example/a'>https://x.example/a</a>", "https://x.example/a"),
        (
            "x<a href='https://x.example/a'>https://x.example/a</a>",
            "x[https://x.example/a](https://x.example/a)",
        ),
        ("<a href='https://x.example/a (1)]'>a]b</a>", "[a\\]b](https://x.example/a%20%281%29%5D)"),
        ("<a href='mailto:a@x.example'>a@x.example</a>", "a@x.example"),
        ("<a href='mailto:a@x.example'>write</a>", "[write](mailto:a@x.example)"),
        ("<a href='tel:+4930'>call</a>", "[call](tel:+4930)"),
        ("<a href='javascript:alert(1)'>x</a>", "x"),
        ("<a href=' java\nscript:alert(1)'>x</a>", "x"),
        ("<a href='data:text/html,x'>x</a> <a href='vbscript:x'>y</a> <a href='file:///etc'>z</a>", "x y z"),
        ("<a href='#top'>up</a> <a href='page.html'>rel</a> <a name=x>anchor</a>", "up rel anchor"),
        (
            "<a href='//x.example/y'>x</a> <a href='www.x.example'>y</a>",
            "[x](https://x.example/y) [y](http://www.x.example)",
        ),
        ("<a href='https://x.example'><div>a</div><div>b</div></a>", "[a b](https://x.example)"),
        (
            "<a href='https://x.example'><b>a</b><br><br><b>b</b><br><i>c</i></a>",
            "[**a** **b** _c_](https://x.example)",
        ),
        ("<b>x<a href='https://x.example'><br><br>a</a></b>", "**x**\n\n**[a](https://x.example)**"),
        ("<a href='https://x.example'></a>x", "x"),
        ("Wow!<a href='https://x.example'>x</a>", "Wow\\![x](https://x.example)"),
        ("<a href='#'># x</a>", "\\# x"),
        ("<a href='https://x.example/?a=1&amp;copy;=2'>x</a>", "[x](https://x.example/?a=1&amp;copy;=2)"),
    ],
)
def test_links_lead_only_where_a_reader_may_follow(source: str, markdown: str) -> None:
    """Cases 97 and 98."""
    assert converted(source) == markdown


@pytest.mark.parametrize(
    ("shown", "target", "host"),
    [
        ("www.bank.example", "https://evil.example/x", "evil.example"),
        ("https://bank.example/login", "http://bank.example.evil.test/", "bank.example.evil.test"),
        ("help@bank.example", "mailto:thief@evil.test", "evil.test"),
        ("bank.example", "https://www.bank.example/", ""),
        ("bank.example", "https://click.bank.example/", ""),
        ("invoice.pdf", "https://files.example/1", ""),
        ("Dr. Who", "https://x.example", ""),
        ("www.bank.example", "https://bank.example@evil.test/", "evil.test"),
    ],
)
def test_a_link_that_names_another_host_shows_where_it_leads(shown: str, target: str, host: str) -> None:
    """Case 97."""
    markdown = converted(f"<a href='{target}'>{shown}</a>")
    assert markdown.endswith(f" (→ {host})" if host else ")")
    assert links(markdown) != []


def test_a_url_of_two_kilobytes_is_kept() -> None:
    """Case 98."""
    url = "https://x.example/" + "a" * 2_000
    assert links(converted(f"<a href='{url}'>x</a>")) == [url]


def test_links_that_could_do_harm_are_remarked_once() -> None:
    remarks = html.to_markdown("<a href='javascript:1'>x</a><a href='JavaScript:2'>y</a>").remarks
    assert remarks == ("Links that could do harm were made plain words (javascript).",)


# -- pictures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "cid:image001.png@01DA",
        "CID:image001.png@01DA",
        "cid:image001.png%4001DA",
        "image001.png@01DA",
        "image001.png",
        "cid:image001.png",
        "attachments/image001.png",
    ],
)
def test_a_picture_is_found_however_it_is_referred_to(source: str) -> None:
    """Cases 61 and 63."""
    result = html.to_markdown(
        f"<p>see <img src='{source}' alt='the lamp'></p>",
        pictures={"image001.png@01DA": 3, "image001.png@01da": 3, "image001.png": 3},
    )
    assert result.markdown == f"see ![the lamp]({mark(3)})"
    assert result.referenced == {3}
    assert result.remarks == ()


def test_a_picture_is_named_where_pictures_are_only_attached() -> None:
    result = html.to_markdown("<img src='cid:x'>", pictures={"x": 1}, names={1: "lamp_1.png"}, attach=True)
    assert result.markdown == "[picture: lamp_1.png]"
    assert result.referenced == {1}


def test_a_picture_that_did_not_come_along_is_remarked() -> None:
    result = html.to_markdown("<p>x <img src='cid:gone@x' alt='Logo'></p>")
    assert result.markdown == "x [picture: Logo]"
    assert result.remarks == ("Pictures are referred to but did not come along: gone@x.",)


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<img src='https://x.example/lamp.jpg' alt='Lamp'>", "[Lamp](https://x.example/lamp.jpg)"),
        ("<img src='https://x.example/lamp.jpg'>", "[lamp.jpg](https://x.example/lamp.jpg)"),
        ("Fine <img src='https://x.example/1f44d.png' alt='👍🏽'>", "Fine 👍🏽"),
        ("x<img src='https://x.example/deco.jpg' alt=''>", "x"),
        ("x<img src='https://x.example/o.gif?id=1' width=1 height=1>", "x"),
        ("x<img src='https://x.example/o.gif' width=1px height=1px alt='y'>", "x"),
        ("x<img src='https://x.example/o.gif' width='0'>", "x"),
        ("x<img>", "x"),
        (
            "<a href='https://x.example/p'><img src='https://x.example/p.jpg' alt='Spade'></a>",
            "[Spade](https://x.example/p)",
        ),
        (
            "<a href='https://x.example/p'><img src='https://x.example/p.jpg' alt=''></a>",
            "[x.example](https://x.example/p)",
        ),
        (
            "<a href='https://x.example/f'><img src='https://x.example/f.png' alt='Follow' width=24></a> "
            "<a href='https://x.example/f'>Follow</a>",
            "[Follow](https://x.example/f)",
        ),
        (
            "<a href='https://x.example/f'><img src='https://x.example/f.png' alt='Bug' width=16> Follow</a>",
            "[Bug Follow](https://x.example/f)",
        ),
        ("<img src='https://x.example/a.png' alt='a [b](c)\n d'>", "[a (b)(c) d](https://x.example/a.png)"),
    ],
)
def test_pictures_of_the_net_are_linked_and_traces_are_gone(source: str, markdown: str) -> None:
    """Case 97."""
    assert converted(source) == markdown


def test_a_data_picture_becomes_a_file() -> None:
    """Case 66."""
    result = html.to_markdown(f"<p>x</p><img alt='dot' src='data:image/png;base64,{PNG}'>")
    (picture,) = result.data_pictures
    assert result.markdown == f"x\n\n![dot]({mark(picture.index)})"
    assert picture.index < -1
    assert (picture.content_type, picture.content[:4], picture.name) == (
        "image/png",
        b"\x89PNG",
        "picture-1.png",
    )


def test_a_data_picture_in_percents_is_one_and_a_single_point_is_none() -> None:
    percents, point = "image/gif,GIF89a%02%00%02%00", "image/gif;base64,R0lGODlhAQABAAAAACw"
    result = html.to_markdown(f"<p>x</p><img src='data:{percents}'><img src='data:{point}'>")
    assert [picture.content for picture in result.data_pictures] == [b"GIF89a\2\0\2\0"]


def test_a_data_picture_of_megabytes_is_no_reason_to_give_up() -> None:
    """Case 66."""
    result = html.to_markdown(f"<p># x</p><img src='data:image/jpeg;base64,{'A' * 4_000_000}'>")
    assert not result.trouble
    assert len(result.data_pictures[0].content) == 3_000_000
    assert len(result.markdown) < 100


def test_the_same_data_picture_a_hundred_times_is_one_file() -> None:
    result = html.to_markdown("<p>x</p>" + f"<img alt='dot' src='data:image/png;base64,{PNG}'>" * 100)
    (picture,) = result.data_pictures
    assert result.markdown.count(mark(picture.index)) == 100
    assert not result.trouble


def test_more_data_pictures_than_a_mail_may_hold_are_left_out_and_told() -> None:
    source = "".join(f"<img alt='{n}' src='data:image/gif;base64,{n:08}'>" for n in range(7))
    result = html.to_markdown(source, limits=Limits(data_pictures=5))
    assert len(result.data_pictures) == 5
    assert result.markdown.endswith("[picture: 5][picture: 6]")
    assert result.remarks == ("The HTML holds too many pictures: 2 are left out.",)
    assert result.trouble, "the mail as it came goes along"


@pytest.mark.parametrize(
    "source", ["data:text/html;base64,PGI+", "data:image/svg+xml,<svg>", "data:image/png;base64,", "data:"]
)
def test_data_that_is_no_bitmap_is_left_out(source: str) -> None:
    result = html.to_markdown(f"x<img alt='y' src='{source}'>")
    assert result.markdown == "xy"
    assert result.data_pictures == ()


# -- what nobody is meant to see -------------------------------------------------------------------


@pytest.mark.parametrize(
    "hidden",
    [
        "<div style='display:none'>NO</div>",
        "<div style='DISPLAY : none !important;color:red'>NO<p>NO</p></div>",
        "<span style='visibility:hidden'>NO</span>",
        "<span style='font-size:0'>NO</span>",
        "<span style='font-size:0px;line-height:0'>NO</span>",
        "<div style='max-height:0;overflow:hidden'>NO</div>",
        "<div style='height:0px;overflow:hidden'>NO</div>",
        "<div style='opacity:0'>NO</div>",
        "<div hidden>NO</div>",
        "<style>.pre{display:none}</style><div class='x Pre'>NO</div>",
        "<title>NO</title><script>NO</script><style>NO</style><template>NO</template>",
        "<head><meta name=x content=NO><xml><o:x>NO</o:x></xml></head>",
        "<!--[if mso]>NO<![endif]--><!-- NO -->",
        "<?xml:namespace prefix='o' NO ?><v:shape><v:textbox>NO</v:textbox></v:shape>",
        "<select><option>NO</select><object>NO</object><svg><text>NO</text></svg>",
    ],
)
def test_what_is_hidden_is_gone(hidden: str) -> None:
    """Case 96."""
    markdown = converted(f"<html><body>{hidden}<p>seen</p></body></html>")
    assert markdown == "seen"


@pytest.mark.parametrize(
    "shown",
    [
        "<div style='font-size:0'><span style='font-size:14px'>YES</span></div>",
        "<div style='font-size:0.9em'>YES</div>",
        "<a style='mso-hide:all' href='https://x.example'>YES</a>",
        "<div style='max-height:0.5in'>YES</div>",
        "<div style='opacity:0.7'>YES</div>",
        "<div style='overflow:hidden;width:100%'>YES</div>",
        "<div style='overflow:hidden;line-height:0'>YES</div>",
        "<style>@media print {.x{display:none}} .y{color:red}</style><div class=x>YES</div>",
        "<!--[if !mso]><!-->YES<!--<![endif]-->",
        "<![if !vml]>YES<![endif]>",
        "<st1:City w:st='on'>YES</st1:City>",
        "<div aria-hidden=true>YES</div>",
        "<noscript>YES</noscript>",
        "<textarea>YES</textarea><button></button>",
    ],
)
def test_what_is_shown_stays(shown: str) -> None:
    assert "YES" in converted(f"<p>seen</p>{shown}")


def test_entities_cannot_bring_back_what_hygiene_keeps_out() -> None:
    """Case 83."""
    markdown = converted(
        "a&#xFDD0;7&#xFDD1;b&#0;&#1;&#x85;&#xD800;c<img src='https://x.example/a' alt='&#xFDD0;'>"
    )
    assert not any(character in markdown for character in (*FILE_MARK, "\0", "\x01", "\x85"))
    markdown.encode()


# -- clients ---------------------------------------------------------------------------------------


def test_outlook() -> None:
    markdown = html.to_markdown(
        client_html.OUTLOOK_REPLY, pictures={"image001.jpg@01DA0B1C.7E5F3A90": 4}
    ).markdown
    assert markdown == (
        "Dear Ms Okafor,\n\n"
        "the pump arrived with a **cracked** housing (see photo). Please send us:\n\n"
        "- a new housing\n  - with gasket\n- a return label\n\n"
        f"![A picture containing metal Description automatically generated]({mark(4)})\n\n"
        "Kind regards  \n**Piet de Vries**  \nHydro BV | [www.hydro.example](http://www.hydro.example/)\n\n"
        "> **From:** Support \\<support@pumps.example>  \n> **Sent:** Tuesday, 3 February 2026 09:12  \n"
        "> **To:** Piet de Vries \\<piet@hydro.example>  \n> **Subject:** Your order 4711\n>\n"
        "> How can we help?"
    )


def test_gmail() -> None:
    assert converted(client_html.GMAIL_REPLY) == (
        "Hi Sam,\n\nYes, **both** of them. The second one says _E-42_.\n\n1\\. unplug  \n2\\. wait\n\n"
        "Link: https://help.example.com/reset?id=7&x=1\n\nLena  \n+49 30 1234\n\n"
        "On Tue, 3 Feb 2026 at 09:12, Sam \\<sam@shop.example> wrote:\n\n> Do both show it?\n>\n> Sam"
    )


def test_apple_mail() -> None:
    assert converted(client_html.APPLE_REPLY) == (
        "Hello,\n\nit works now. Thank you!\n\n- Model: X1\n- Serial: 99\n\n"
        "> On 3. Feb 2026, at 09:12, Desk \\<desk@x.example> wrote:\n>\n> Which model?\n>\n> Desk"
    )


def test_thunderbird() -> None:
    assert converted(client_html.THUNDERBIRD_REPLY) == (
        "Hello,  \nthe log says:\n\n```\nerror: disk_full\n  at write()\n```\n\nAny idea?\n\n"
        "Am 03.02.26 um 09:12 schrieb Desk:\n\n"
        "> Please send the log.  \n> See [https://x.example/\\_faq\\_](https://x.example/_faq_)\n>\n> Desk"
    )


def test_a_signature_that_is_preformatted_is_no_code() -> None:
    source = "<p>Bye</p><pre class='moz-signature' cols='72'>-- \nAnn Lee\nDesk 4</pre>"
    assert converted(source) == "Bye\n\n--  \nAnn Lee  \nDesk 4"


@pytest.mark.parametrize(
    "attributes", ["class=k9mail dir=auto", "style='white-space: pre-wrap; font-family: Arial, sans-serif'"]
)
def test_preformatted_prose_is_no_code(attributes: str) -> None:
    source = f"<p>Form</p><pre {attributes}>Name: Ann\n\nIs it <b>here</b>?</pre>"
    assert converted(source) == "Form\n\nName: Ann\n\nIs it here?"


def test_code_that_may_be_wrapped_is_code_still() -> None:
    for font in ("", "font-family: Menlo, monospace"):
        source = f"<p>Log</p><pre style='white-space: pre-wrap; {font}'>a = 1</pre>"
        assert converted(source) == "Log\n\n```\na = 1\n```"


def test_outlook_on_the_web() -> None:
    assert converted(client_html.OWA_REPLY) == (
        "Good morning\n\nThe invoice is wrong.  \nAna  \nBuyer\n\n---\n\n"
        "**From:** Desk \\<desk@x.example>  \n**Sent:** Tuesday\n\nHere is your invoice."
    )


def test_yahoo() -> None:
    assert converted(client_html.YAHOO_REPLY) == (
        "Where is my parcel?\n\nJoe\n\n"
        "> On Tuesday, February 3, 2026, 09:12, Shop \\<shop@x.example> wrote:\n>\n> It left **today**."
    )


def test_a_newsletter() -> None:
    assert converted(client_html.NEWSLETTER) == (
        "[Garten GmbH](https://garten.example/) | [View in browser](https://garten.example/v?u=1)\n\n"
        "# Spring is _here_\n\nDear customer,\n\neverything grows. So do our offers:\n\n"
        "**Spade**  \nEUR 19.90\n\n**Rake**  \nEUR 14.90\n\n[Order now](https://click.garten.example/c?id=1)\n\n"
        "Garten GmbH, Beetweg 1  \n[Unsubscribe](https://garten.example/u) | [Privacy](https://garten.example/p)"
    )


# -- broken and hostile ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>one<p>two", ["one", "two"]),
        ("just words", ["just words"]),
        ("<html><body>one</body></html><html><body>two</body></html>", ["one", "two"]),
        ("<b>a<p>b", ["a", "b"]),
        ("a</div></b>b", ["ab"]),
        ("<p a='<b>'>x", ["x"]),
        ("\ufeff<p>x", ["x"]),
        ("<?xml version='1.0' encoding='utf-16'?><p>ü", ["ü"]),
        ("\ud800x", ["?x"]),
        ("x\0y", ["xy"]),
    ],
)
def test_broken_html_keeps_its_words(source: str, words: list[str]) -> None:
    """Case 100."""
    assert lines(converted(source)) == words


@pytest.mark.parametrize(
    "source", ["", " \n", "<p></p>", "<!--", "<style>x</style>", "<img>", "&nbsp;&zwnj;"]
)
def test_html_without_words_is_empty(source: str) -> None:
    assert converted(source) == ""


HOSTILE = {
    "divs": "<div>" * 50_000 + "end",
    "tables": "<table><tr><td>" * 16_666 + "end",
    "unclosed bold": "<b>x" * 50_000 + "end",
    "quotes": "<blockquote>x" * 1_900 + "end",
    "items": "<ol>" + "<li>x" * 50_000 + "end",
    "lists": "<ul><li>x" * 900 + "end",
    "line breaks": "a<br>" * 60_000 + "end",
    "blanks": "<p>x" + " " * 1_000_000 + "end",
    "newlines": "\n" * 1_000_000 + "end",
    "no-break": "&nbsp;" * 100_000 + "end",
    "rows of tables": "<table><tr><td>x<td>" * 5_000 + "end",
    "wide rows of tables": ("<table><tr><td>x<td>" * 19 + "<b>x</b>" * 500) * 40 + "end",
    "columns": "<table border=1><tr>" + "<td colspan=1000>x</td>" * 5_000 + "</tr></table>end",
    "rows": "<table border=1>" + "<tr><td rowspan=1000>x<td>y</tr>" * 3_000 + "</table>end",
    "links": "<a href='https://x.example/'>x</a> " * 5_000 + "end",
    "tags": "<a " * 50_000 + ">end",
    "brackets": "<" * 200_000 + " end",
    "entities": "&a" * 100_000 + "end",
    "stars": "*a" * 50_000 + "end",
    "style": f"<p style='{'margin:0;' * 20_000}'>end",
    "sheet": "<style>" + "@media{" * 50_000 + "</style>end",
    "word list": "<p class=MsoListParagraph style='mso-list:l0 level9 lfo1'>x</p>" * 3_000 + "end",
    "emphasis": "<b>x!</b>y" * 9_000 + "end",
    "zeros of styles": "".join(f"<p style='opacity:{'0' * 1_900}x{number}'>a</p>" for number in range(60))
    + "end",
    "links within links": "<ul><li>" * 40
    + "<a href='https://x.example'><div>" * 900
    + "<b>y</b> z<br>" * 6_000
    + "end",
    "items within items": "<p style='mso-list:l0 level1 lfo1'><span>" * 900
    + "<b>y</b> z<br>" * 6_000
    + "end",
    "rows within rows": "<table><tr>" + "<td><div><tr>" * 600 + "<i></i>" * 20_000 + "end",
    "cells within cells": "<table><tr>" + "<td>a<td><font>" * 600 + "<i></i>" * 20_000 + "end",
    "everything": "<i><s><q><b><ul><li><blockquote><a href='https://x.example'><table border=1><tr><td>" * 200
    + "end",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_html_is_bounded_in_time_and_size_and_keeps_its_last_word(source: str) -> None:
    """Case 99."""
    began = time.process_time()
    result = html.to_markdown(source)
    assert time.process_time() - began < 2
    assert len(result.markdown) < 20 * len(source) + 1_000
    assert "end" in result.markdown


def test_html_over_its_size_limit_only_loses_its_tags() -> None:
    result = html.to_markdown("<p>" + "x" * 100 + "</p>", limits=Limits(chars=50))
    assert result.markdown == "x" * 100
    assert result.trouble
    assert result.remarks != ()


def test_beyond_the_limit_of_elements_only_the_markup_is_lost() -> None:
    result = html.to_markdown("<p><b>a</b></p>" * 5, limits=Limits(elements=6))
    assert lines(result.markdown) == ["a"] * 5
    assert result.trouble
    assert result.remarks != ()


def test_beyond_the_limit_of_links_only_the_target_is_lost() -> None:
    result = html.to_markdown("<a href='https://x.example'>x</a> " * 3, limits=Limits(links=2))
    assert links(result.markdown) == ["https://x.example"] * 2
    assert lines(result.markdown) == ["x x x"]
    assert result.remarks == ("Of 3 links only the first 2 can be followed.",)


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("Dear team,\n\n  * one &amp; two\nsee <https://a.example/b?c=d>\n", "Dear team,\n\n\xa0\xa0* one & two  \nsee <https://a.example/b?c=d>"),
        ("Ask <ann@a.example>\nor me", "Ask \\<ann@a.example>  \nor me"),
        ("one\ntwo<br>three", "one two  \nthree"),
        ("one\n<!-- two -->three", "one three"),
        ("&nbsp;\n&#1;\n", ""),
    ],
)  # fmt: skip
def test_plain_text_declared_as_html_keeps_its_lines_and_links(source: str, markdown: str) -> None:
    assert converted(source).strip("\xa0 ") == markdown.strip("\xa0 ")


def test_words_that_are_all_hidden_are_shown_after_all() -> None:
    result = html.to_markdown("<div style='display:none'>Hello</div>")
    assert result.markdown == "Hello"
    assert result.trouble


def test_a_newsletter_costs_less_than_half_of_plain_markdownify() -> None:
    source = client_html.NEWSLETTER.replace("</body></html>", "") * 15
    ours = min(_cpu_s(lambda: html.to_markdown(source)) for _ in range(3))
    plain = min(_cpu_s(lambda: markdownify.markdownify(source, bs4_options="lxml")) for _ in range(3))
    assert ours < plain / 2


def _cpu_s(convert: object) -> float:
    assert callable(convert)
    began = time.process_time()
    convert()
    return time.process_time() - began


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<div style='white-space:pre-wrap'>a&#11;b\nc</div>", "ab  \nc"),
        ("<div style='white-space:pre-wrap'>a<br>&#8;b\nc</div>", "a  \nb  \nc"),
        ("<pre>x <a href='https://x.example/1'>y&#8;</a></pre>", "x y <https://x.example/1>"),
        ("<pre>x <a href='https://x.example/1'><b>y</b>&#xffff;</a></pre>", "x y <https://x.example/1>"),
        ("10<sup>&#31;3</sup>", "10³"),
        ("<font face=Wingdings>J&#1;</font>", "☺"),
    ],
)
def test_a_control_that_an_entity_stands_for_keeps_no_words_from_being_written_anew(
    source: str, markdown: str
) -> None:
    made = html.to_markdown(source)
    assert made.markdown == markdown
    assert not made.trouble
