"""The mail answered, below a client's own mark: quoted where it stays, and so told from the author's words (case 101)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import promises
from support.composing import a_mail

from bridge.compose import body, said
from bridge.compose.trim import Trimmer
from bridge.model import Written

BLOCK = (
    "<b>From:</b> Desk &lt;d@x.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Ann<br><b>Subject:</b> Lamp"
)
DIVIDED = f"<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal>{BLOCK}</p></div>"
#: The same line as other programs write it that have handled the mail since.
PASSED_ON = [
    DIVIDED.replace("border:none;border-top:solid #E1E1E1 1.0pt", style)
    for style in (
        "mso-element:para-border-div;border:none;border-top:solid windowtext 1.0pt;padding:3.0pt 0in 0in 0in",
        "border-width:1pt medium medium; border-style:solid none none; border-color:rgb(225,225,225) currentcolor currentcolor",
        "border-style: solid none none none",
        "border-right:none;border-bottom:none;border-left:none;border-image:initial;border-top:1pt solid rgb(225,225,225)",
        "border-top: 1pt solid rgb(181, 196, 223); border-right: medium none; border-left: medium none",
    )
]
OUTLOOK_WEB = f"<div id='appendonsend'></div><hr><div id='divRplyFwdMsg'>{BLOCK}</div>"
MOBILE = f"<div id='ms-outlook-mobile-reference-message'><hr>{BLOCK}</div>"
QUOTED = "> **From:** Desk \\<d@x.example>  \n> **Sent:** Monday  \n> **To:** Ann  \n> **Subject:** Lamp\n>\n> Which lamp?"


def shown(html: str, **rules: object) -> str:
    mail = a_mail(blocks=(Written(None, html, (0,)),))
    return body.compose(mail, trimmer=Trimmer(**rules)).markdown  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["off", "lossless"])
@pytest.mark.parametrize("head", [DIVIDED, *PASSED_ON, OUTLOOK_WEB, MOBILE])
def test_history_that_stays_is_a_quote_in_place_of_the_rule_above_it(head: str, mode: str) -> None:
    assert shown(f"<p>The one in the hall.</p>{head}<p>Which lamp?</p>", mode=mode) == (
        f"The one in the hall.\n\n{QUOTED}"
    )


def test_history_within_history_is_one_quote_and_keeps_its_own_marks() -> None:
    earlier = f"{OUTLOOK_WEB}<blockquote>The lamp flickers.</blockquote><ul><li>in the hall</li></ul>"
    made = shown(f"<p>The one in the hall.</p>{DIVIDED}<p>Which lamp?</p>{earlier}")
    assert made.startswith(f"The one in the hall.\n\n{QUOTED}\n>\n> ---\n>\n> **From:** Desk")
    assert made.endswith("> > The lamp flickers.\n>\n> - in the hall")


@pytest.mark.parametrize(
    "html",
    [
        f"<p>A form was sent.</p><hr><div>{BLOCK}</div><p>Which lamp?</p>",
        f"<p>A form was sent.</p><div>{BLOCK}</div><p>Which lamp?</p>",
        "<p>Hello,</p><div id='appendonsend'></div><p>Which lamp?</p>",
        "<p>Hello,</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>From: our shop</p></div><p>Which lamp?</p>",
        f"{DIVIDED}<p>Which lamp?</p>",
        f"<p>-- </p><p>Ann</p>{OUTLOOK_WEB}<p>Which lamp?</p>",
        f"<p>Hello,</p>{DIVIDED}<p>---------- Forwarded message ---------</p><p>Which lamp?</p>".replace(
            "<b>From", "---------- Forwarded message ---------<br><b>From"
        ),
    ],
    ids=[
        "form with a rule",
        "form",
        "no header",
        "no block",
        "nothing above",
        "a signature above",
        "a forward",
    ],
)
def test_what_may_be_the_authors_own_is_no_quote(html: str) -> None:
    made = shown(html)
    assert made.splitlines()[-1] == "Which lamp?"
    assert not any(line.startswith(">") for line in made.splitlines())


def test_what_a_mail_passes_on_is_no_quote() -> None:
    html = f"<p>Please take over.</p>{OUTLOOK_WEB}<p>Which lamp?</p>"
    assert ">" not in shown(html, forward=True).replace("\\<d@x.example>", "")
    assert shown(html, passed_on="Fwd: Lamp").endswith("\n\nWhich lamp?")


def test_history_above_the_authors_words_in_another_part_is_no_quote() -> None:
    blocks = (
        Written(None, f"<p>See below.</p>{OUTLOOK_WEB}<p>Which lamp?</p>"),
        Written("In the hall.", None),
    )
    made = body.compose(a_mail(blocks=blocks), trimmer=Trimmer("lossless", known=frozenset()))
    assert made.markdown.endswith("\n\nWhich lamp?\n\nIn the hall.")


def test_history_that_begins_within_a_list_or_a_table_stays_as_it_is() -> None:
    made = shown(f"<ul><li>Hello,{OUTLOOK_WEB}<p>Which lamp?</p></li></ul><p>Bye</p>")
    assert made.startswith("- Hello,")
    assert ">" not in made.replace("\\<d@x.example>", "")
    assert made.endswith("Bye")


def test_of_history_of_which_only_the_earlier_part_is_known_the_rest_is_a_quote() -> None:
    known = said.digests("The lamp flickers.\nPlease help.")
    earlier = f"{DIVIDED}<p>The lamp flickers.</p><p>Please help.</p>"
    made = shown(
        f"<p>The one in the hall.</p>{OUTLOOK_WEB}<p>Which lamp?</p>{earlier}", mode="lossless", known=known
    )
    assert made == f"The one in the hall.\n\n{QUOTED}"


def test_history_that_is_known_goes_without_leaving_an_empty_quote() -> None:
    known = said.digests("Which lamp?")
    html = f"<p>The one in the hall.</p>{OUTLOOK_WEB}<p>Which lamp?</p>"
    assert shown(html, mode="lossless", known=known) == "The one in the hall."


def test_history_by_rule_goes_along_as_the_mail_shows_it() -> None:
    html = f"<p>The one in the hall.</p>{OUTLOOK_WEB}<p>Which lamp?</p>"
    made = body.compose(a_mail(blocks=(Written(None, html),)), trimmer=Trimmer("quotes"))
    assert made.markdown == "The one in the hall."
    assert made.quoted.endswith("\n\nWhich lamp?")


@pytest.mark.parametrize(
    "red",
    [
        "<span style='color:red'>Yes.</span>",
        "<span style='font-size:11pt;color: rgb(200, 38, 19)'>Yes.</span>",
        "<font color='#C00000'>Yes.</font>",
        "<span style='color:#ee0000'>Yes.</span>",
    ],
)
def test_an_answer_in_red_between_the_lines_of_history_is_bold(red: str) -> None:
    """Case 102: nothing else tells "my answers in red" from what they answer."""
    question = f"<p>Which lamp?</p><p>Is it new? {red}</p>"
    assert shown(f"<p>See below.</p>{OUTLOOK_WEB}{question}").endswith("> Is it new? **Yes.**")
    assert "> Is it new? **Yes.**" in shown(f"<p>See below.</p><blockquote>{question}</blockquote>")


@pytest.mark.parametrize("color", ["blue", "#1F497D", "rgb(x", "#f0f", "#ff9999", "rgb(0,0,0)", "red dish"])
def test_no_other_color_is_bold_nor_red_in_the_authors_own_words(color: str) -> None:
    html = f"<p>See below.</p>{OUTLOOK_WEB}<p>Is it new? <font color='{color}'>Yes.</font></p>"
    assert "**Yes.**" not in shown(html)
    assert "**Yes.**" not in shown(html.replace("color='", "style='color:"))
    assert shown("<p>It is <span style='color:red'>urgent</span>.</p>") == "It is urgent."


def test_a_picture_within_history_keeps_its_place() -> None:
    html = f"<p>The one in the hall.</p>{OUTLOOK_WEB}<p>Which <img src='https://x.example/l.png' alt='lamp'>?</p>"
    assert shown(html).endswith("> Which [lamp](https://x.example/l.png)?")


PIECES = st.sampled_from(
    [
        "<p>The one in the hall.</p>",
        *(
            "<ul><li>one",
            "<li>two",
            "</ul>",
            "<ol start=3><li>three",
            "</ol>",
            "<blockquote>said",
            "</blockquote>",
        ),
        *(
            "<table border=1><tr><th>a<th>b<tr><td>c<td>d",
            "</table>",
            "<b>bold",
            "</b>",
            "<pre>x\ny",
            "</pre>",
        ),
        *(
            " words ",
            "<br>",
            "<hr>",
            "<img src='https://x.example/l.png' alt=lamp>",
            "<a href='https://x.example'>link</a>",
        ),
        *(DIVIDED, OUTLOOK_WEB, MOBILE),
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_quote_is_made_without_a_word_more_or_less(html: str) -> None:
    promises.quoting_keeps_words(a_mail(blocks=(Written(None, html),)))
