"""What mail programs put around words and no agent wants to read (mail-cases 96, 97); what only looks like it stays."""

from __future__ import annotations

import pytest

from bridge.compose import html

NET = "https://cdn.example/i"


def converted(source: str) -> str:
    return html.to_markdown(source).markdown


@pytest.mark.parametrize(
    "picture",
    [
        f"<img src='{NET}/open.gif' style='width: 1px; height: 1px;'>",
        f"<img src='{NET}/open.gif' width=1 style='height:1px'>",
        f"<img src='{NET}/line.gif' width=600 height=1>",
        f"<img src='{NET}/any.png' style='min-width: 600px; height: 0;'>",
        f"<img src='{NET}/spacer.gif' width=600>",
        f"<img src='{NET}/spacer-600x2.gif'>",
        f"<img src='{NET}/sig/in.png' width=20 height=20>",
        f"<img src='{NET}/thumb_60.jpg' width=60 height=60>",
        f"<img src='{NET}/mail-sig/AIorK4w' width=196 height=38>",
        f"<img src='{NET}/photo.jpg' alt='' width=600 height=400>",
    ],
)
def test_a_picture_of_the_net_that_says_nothing_leaves_nothing(picture: str) -> None:
    assert converted(f"<p>Words.</p>{picture}") == "Words."


@pytest.mark.parametrize(
    ("picture", "shown"),
    [
        (f"<img src='{NET}/mug.jpg' width=800 height=600>", f"[mug.jpg]({NET}/mug.jpg)"),
        (f"<img src='{NET}/mug.jpg'>", f"[mug.jpg]({NET}/mug.jpg)"),
        (f"<img src='{NET}/mug.jpg' width=auto height='50%'>", f"[mug.jpg]({NET}/mug.jpg)"),
        (f"<img src='{NET}/a.jpg' alt='The mug' width=300>", f"[The mug]({NET}/a.jpg)"),
        (f"<img src='{NET}/logo.png' alt='Our logo' width=169 height=36>", "Our logo"),
        (f"<img src='{NET}/1f642.png' alt='\U0001f642' width=24 height=24>", "\U0001f642"),
    ],
)
def test_a_picture_of_the_net_that_says_something_is_there(picture: str, shown: str) -> None:
    assert converted(f"<p>{picture}</p>") == shown


def test_a_picture_that_leads_where_words_lead_too_is_no_second_link() -> None:
    pictured = "<a href='https://shop.example/tulip'><img alt='' src='https://cdn.example/t.jpg'></a>"
    worded = "<a href='https://shop.example/tulip'><b>Order</b></a>"
    assert converted(f"<p>{pictured}</p><p>{worded}</p>") == "[**Order**](https://shop.example/tulip)"
    assert converted(f"<p>{worded}</p><p>{pictured}</p>") == "[**Order**](https://shop.example/tulip)"
    assert converted(f"<p>{pictured}</p>") == "[shop.example](https://shop.example/tulip)"
    assert converted(f"<p>{pictured}</p>" * 3) == "[shop.example](https://shop.example/tulip)"


@pytest.mark.parametrize(
    "href", ["x-apple-data-detectors://0", "sms:+4912345", "webcal://x.example/c.ics", "about:blank"]
)
def test_a_link_that_leads_nowhere_here_is_words_without_a_warning(href: str) -> None:
    made = html.to_markdown(f"<p>on <a href='{href}'>Tuesday</a></p>")
    assert (made.markdown, made.remarks) == ("on Tuesday", ())
    assert html.to_markdown("<a href='javascript:x()'>Tuesday</a>").remarks != ()


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        (
            "Priority: <span style='text-decoration:line-through'>Medium</span> <span>High</span>",
            "Priority: ~~Medium~~ High",
        ),
        ("<span style='text-decoration: underline line-through'>a</span>", "~~a~~"),
        ("<span style='text-decoration-line:line-through'>a</span>", "~~a~~"),
        ("<span style='text-decoration:none'>a</span>", "a"),
        (
            "<b>Sam Idris</b><span style='padding-left:10px'></span><span>Comments</span>",
            "**Sam Idris** Comments",
        ),
        ("<b>a</b><span style='margin-left: 8pt'>b</span>", "**a** b"),
        ("<div>a<span style='float: right'>b</span></div>", "a b"),
        ("a<span style='padding-left:0px'>b</span><span style='padding-left:1px'>c</span>", "abc"),
    ],
)
def test_what_a_style_says_with_lines_and_room_is_said(source: str, markdown: str) -> None:
    assert converted(source) == markdown


def test_a_form_keeps_the_lines_of_what_somebody_wrote_into_it() -> None:
    row = "<tr><td style='border:1px solid #eee'><b>{}</b></td><td>{}</td></tr>"
    rows = row.format("Name", "Mia Chen") + row.format("Message", "Do you ship?<br>I need 3.")
    assert converted(f"<table>{rows}</table>") == (
        "**Name** | Mia Chen\n\n**Message**\n\nDo you ship?  \nI need 3."
    )
    single = rows.replace("<br>", " ")
    assert (
        converted(f"<table>{single}</table>").splitlines()[-1] == "| **Message** | Do you ship? I need 3. |"
    )


def test_the_line_above_a_quote_is_no_code() -> None:
    line = '在 2026-11-01 16:05:33，"客服" &lt;support@example.com&gt; 写道：'
    made = converted(f"<div>好</div><pre>{line}</pre><blockquote>您好</blockquote>")
    assert made == '好\n\n在 2026-11-01 16:05:33，"客服" \\<support@example.com> 写道：\n\n> 您好'
    assert "```" in converted("<div>好</div><pre>print(1)</pre><blockquote>您好</blockquote>")


def test_a_short_list_in_a_cell_leaves_its_table_one() -> None:
    items = "<ul class='wc-item-meta'><li><strong>Colour:</strong> <p>Silver</p></li></ul>"
    table = (
        "<table border=1><thead><tr><th>Product</th><th>Price</th></tr></thead>"
        f"<tbody><tr><td>Chain (#CH9){items}</td><td>29.00</td></tr></tbody></table>"
    )
    assert converted(table) == (
        "| Product                         | Price |\n"
        "| ------------------------------- | ----- |\n"
        "| Chain (#CH9) **Colour:** Silver | 29.00 |"
    )
    long = table.replace("Silver", "Silver and gold " * 20)
    assert "|" not in converted(long).partition("Silver")[2]
