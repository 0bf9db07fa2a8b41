"""What is left out in the ways people answer: below a quote, by a file alone, in a colour; and what their mail servers add."""

from __future__ import annotations

import pytest
from support.answers import HEAD, KNOWN, ORIGINAL, STAFF, lossless, quoted
from support.composing import a_mail

from bridge.compose import body, said, trim
from bridge.compose.trim import Trimmer
from bridge.model import Attached, Leaf, Span, Written

PARAGRAPHS = "<p>The lamp in the hall flickers.<br>I have changed the bulb.</p><p>What else can I do?</p>"
OUTLOOK = "From: Support\nSent: Monday\nTo: Ann\nSubject: Lamp"


def composed(html: str, mode: trim.Mode = "lossless", known: frozenset[bytes] = KNOWN) -> body.Body:
    mail = a_mail(blocks=(Written(None, html, (0,)),))
    return body.compose(mail, trimmer=Trimmer(mode, known=known))


# -- below the quote -------------------------------------------------------------------------------


BOTH = f"{STAFF}\n\n{HEAD}\n\n{quoted(ORIGINAL)}"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\n{quoted(ORIGINAL)}\n\nBelow.",
        f"{HEAD}\n\n{quoted(BOTH)}\nBelow.",
        f"{quoted(HEAD)}\n>\n{quoted(ORIGINAL)}\n\n\nBelow.",
        f"\n{HEAD}\n{quoted(ORIGINAL)}\n\n\nBelow.\n",
    ],
)
def test_whole_messages_above_all_that_the_author_says_go_like_those_below_it(text: str) -> None:
    """Case 102: Thunderbird and mutt begin an answer below what it answers."""
    trimmer = Trimmer("lossless", known=KNOWN)
    assert trimmer.text(text) == ("Below.", "")
    assert trimmer.known_lines


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\n> The lamp in the hall flickers.\n\nBelow.",
        f"{HEAD}\n{quoted('I have changed the bulb.')}\n>\n> What else can I do?\n\nBelow.",
        f"Above.\n\n{HEAD}\n{quoted(ORIGINAL)}\n\nBelow.",
        f"{HEAD}\n{quoted(ORIGINAL)}\n\nBelow.\n\n{quoted(STAFF)}",
        f"{HEAD}\n{quoted(ORIGINAL)}\n\nBelow.\n\n{HEAD}\n{quoted(STAFF)}",
        f"{HEAD}\n{quoted(ORIGINAL)}\n> New.\n\nBelow.",
        f"{HEAD}\n{quoted(ORIGINAL)}\n\n-- \nAnn Lee",
        f"---------- Forwarded message ---------\n{quoted(ORIGINAL)}\n\nBelow.",
    ],
)
def test_a_part_of_a_message_above_an_answer_says_what_is_answered(text: str) -> None:
    assert lossless(text) == text


def test_a_part_of_a_message_stays_above_an_answer_also_where_it_was_quoted_before() -> None:
    part = f"{HEAD}\n\n> What else can I do?"
    assert lossless(f"{part}\n\nBelow.", KNOWN | said.digests(f"Nothing.\n\n{part}")) == f"{part}\n\nBelow."


def test_a_quote_above_the_answer_goes_from_html_with_its_attribution() -> None:
    html = (
        f'<div class="moz-cite-prefix">{HEAD.replace("<", "&lt;")}<br></div><blockquote type="cite"><p>The lamp in the hall '
        "flickers.<br>I have changed the bulb.</p><p>What else can I do?</p></blockquote><p>Below.</p>"
    )
    assert composed(html).markdown == "Below."


# -- by a file alone -------------------------------------------------------------------------------


def a_reply_with(*pictures: str) -> body.Body:
    """Nothing but the known quote of Outlook, which shows the picture `logo`, and these pictures beside it."""
    words = Leaf(index=0, section="1", content_type="text/html", content=Span(0, 1))
    leaves = tuple(
        Leaf(index=at, section=str(at), content_type="image/png", content=Span(0, 1), content_id=name)
        for at, name in enumerate(pictures, 1)
    )
    html = (
        "<div><br></div><div id=appendonsend></div><hr><div id=divRplyFwdMsg><b>From:</b> S<br><b>Sent:</b> Mo<br><b>To:</b> A"
        f"<br><b>Subject:</b> Lamp</div><div>{PARAGRAPHS}<img src='cid:logo'></div>"
    )
    blocks = (Written(None, html, (0,)), *(Attached(leaf.index) for leaf in leaves))
    mail = a_mail(blocks=blocks, leaves=(words, *leaves))
    return body.compose(mail, trimmer=Trimmer("lossless", known=KNOWN, filed=bool(pictures)))


def test_a_file_is_an_answer_and_the_known_quote_below_it_goes() -> None:
    assert a_reply_with("logo", "photo").markdown == body.NO_TEXT
    assert a_reply_with("photo").markdown == body.NO_TEXT


def test_a_picture_of_the_quote_is_no_answer() -> None:
    assert "What else can I do?" in a_reply_with("logo").markdown
    assert "What else can I do?" in a_reply_with().markdown


@pytest.mark.parametrize("mode", ["lossless", "quotes"])
def test_beside_a_file_a_quote_with_anything_new_in_it_stays(mode: trim.Mode) -> None:
    text = f"{HEAD}\n\n{quoted(ORIGINAL)}\n> New."
    assert Trimmer(mode, known=KNOWN, filed=True).text(text) == (text, "")


# -- what mail servers and programs add ------------------------------------------------------------


WARNING = "CAUTION: This mail came from outside.\nDo not open what you do not expect."
WARNED = f"{OUTLOOK}\n\n{WARNING}\n\n{ORIGINAL}"
TWO = KNOWN | said.digests(f"Yes.\n\n{quoted(WARNED)}")


def warned(words: str, warning: str = WARNING) -> str:
    return f"No.\n\n{OUTLOOK}\n\n{warning}\n\n{words}"


def test_a_warning_that_a_mail_server_puts_above_every_mail_of_strangers_is_known_above_the_next_one() -> (
    None
):
    assert lossless(warned(ORIGINAL), TWO) == "No."
    assert lossless(warned(STAFF), TWO) == "No."
    assert lossless(warned(f"{STAFF}\n\n{OUTLOOK}\n\n{WARNING}\n\n{ORIGINAL}"), TWO) == "No."


@pytest.mark.parametrize(
    "text",
    [
        warned(STAFF, f"{WARNING}\nNew."),
        warned(STAFF, f"New.\n{WARNING}"),
        warned(STAFF, "The lamp in the hall flickers."),
        warned(STAFF, ORIGINAL),
        warned(f"New.\n\n{STAFF}"),
        warned(STAFF).replace("Lamp", "Light"),
    ],
)
def test_nothing_else_is_a_warning_above_a_message(text: str) -> None:
    assert lossless(text, TWO) == text


EM_CLIENT = (
    '<p>Yes.</p><div>------ Original Message ------</div><div>Von "S" &lt;s@x.example&gt;</div><div>An "A" &lt;a@x.example&gt;; '
    '"B" &lt;b@x.example&gt;</div><div>Cc "C" &lt;c@x.example&gt;</div><div>Datum 02.11.2026 10:15:00</div><div>Betreff Re: Lampe'
    f"</div><div><br></div><div id=x1><blockquote type=cite class=cite2>{PARAGRAPHS}</blockquote></div>"
)


def test_a_header_without_colons_goes_with_what_it_introduces() -> None:
    assert composed(EM_CLIENT).markdown == "Yes."
    assert composed(EM_CLIENT, mode="quotes", known=frozenset()).markdown == "Yes."


@pytest.mark.parametrize(
    "answer", ["To me it is new.", "Date and place are wrong.", "Please write to B, too.", "From me:"]
)
def test_an_answer_within_a_header_without_colons_stays(answer: str) -> None:
    html = EM_CLIENT.replace("<div>Datum", f"<div>{answer}</div><div>Datum")
    assert answer in composed(html).markdown


# -- in a colour -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "marked",
    [
        "<span style='color:red'>the bulb</span>",
        "<span style='color: #C00000; font-size: 11pt'>the bulb</span>",
        "<font color='#ff0000'>the bulb</font>",
        "<b><font color='#ff0000'>the bulb</font></b>",
        "<span style='background:yellow;mso-highlight:yellow'>the bulb</span>",
        "<span style='background-color: rgb(255, 255, 0);'>the bulb</span>",
        "<span style='background-color:#ffff00'><i>the</i> bulb</span>",
        "<b>the bulb</b><span style='color:red'>.</span> <span style='color:red'>Twice</span>",
    ],
)
def test_a_quote_stays_in_which_its_author_marked_words_by_a_colour(marked: str) -> None:
    quote = PARAGRAPHS.replace("the bulb", marked)
    html = f"<p>As I marked it.</p><blockquote type=cite><div>{HEAD}</div>{quote}</blockquote>"
    outlook = (
        "<p>As I marked it.</p><div style='border:none;border-top:solid #E1E1E1'><p class=MsoNormal><b>Von:</b> S<br>"
        f"<b>Gesendet:</b> Mo<br><b>An:</b> A<br><b>Betreff:</b> Lampe</p></div>{quote}"
    )
    assert "the bulb" in composed(outlook).markdown.replace("_", "")
    made = composed(html)
    assert "the bulb" in made.markdown.replace("_", "")
    assert "**" in made.markdown
    # Once it is in the conversation, the next mail that quotes it brings nothing new.
    assert composed(html, known=KNOWN | said.digests(made.markdown)).markdown == "As I marked it."


def test_words_that_were_bold_when_they_were_said_may_be_red() -> None:
    quote = STAFF.replace("**serial number**", "<span style='color:red'>serial number</span>").replace(
        "[photo](https://x.example/how)", "photo"
    )
    assert composed(f"<p>Yes.</p><blockquote type=cite><p>{quote}</p></blockquote>").markdown == "Yes."


def test_a_red_signature_in_the_history_below_the_mail_that_is_answered_says_nothing() -> None:
    red = PARAGRAPHS.replace("What else", "<span style='color:red'>What else</span>")
    staff = STAFF.replace("[photo](https://x.example/how)", "photo")
    inner = f"<p>{staff}</p><div>{HEAD}</div><blockquote type=cite>{red}</blockquote>"
    html = f"<p>Yes.</p><div>{HEAD}</div><blockquote type=cite>{inner}</blockquote>"
    assert composed(html).markdown == "Yes."


@pytest.mark.parametrize("style", ["color:#1F497D", "color:black", "background:white", "background:#f5f5f5"])
def test_any_other_colour_says_nothing(style: str) -> None:
    html = f"<p>Yes.</p><blockquote type=cite><div style='{style}'><span style='{style}'>{PARAGRAPHS}</span></div></blockquote>"
    assert composed(html).markdown == "Yes."
