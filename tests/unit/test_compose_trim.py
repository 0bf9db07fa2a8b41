"""What is left out of a reply and what is not (mail-cases 53, 101 to 108): all that is known goes, nothing else is lost."""

from __future__ import annotations

import pytest
from support.answers import HEAD, KNOWN, ORIGINAL, STAFF, lossless, quoted
from support.composing import a_mail

from bridge.compose import body, said, trim
from bridge.compose.trim import Trimmer
from bridge.model import Attached, Leaf, Span, Written


def composed(html: str | None = None, text: str | None = None, **rules: object) -> body.Body:
    mail = a_mail(blocks=(Written(text, html, (0,)),))
    return body.compose(mail, trimmer=Trimmer(**{"mode": "lossless", "known": KNOWN, **rules}))  # type: ignore[arg-type]


# -- lossless --------------------------------------------------------------------------------------


def test_a_quote_of_what_is_known_goes_with_its_attribution() -> None:
    assert lossless(f"It is 4711.\n\n{HEAD}\n\n{quoted(ORIGINAL)}\n") == "It is 4711."


@pytest.mark.parametrize(
    "quote",
    [
        quoted(ORIGINAL),
        quoted(ORIGINAL, ">"),
        quoted(ORIGINAL, "> > "),
        quoted(ORIGINAL).upper(),
        quoted(ORIGINAL).replace(" ", "\u00a0"),
        quoted("The lamp in the\nhall flickers.\nI have changed the bulb.\n\nWhat else can\nI do?"),
        quoted("The lamp in the hall flickers. I have changed the bulb.\n\nWhat else can I do?"),
        quoted("The lamp in\nthe hall flickers. I have\nchanged the bulb.\n\nWhat else can I do?"),
        quoted("Please send the *serial number*, which is on the base of the lamp, and a photo of it."),
        quoted(
            "Please send the serial number, which is on the base of the lamp, and a photo <https://x.example/how> of it."
        ),
        quoted(
            "Please send the serial number, which is\non the base of the lamp,\nand a photo\n<https://x.example/how> of it."
        ),
        quoted(f"{ORIGINAL}\n\n{HEAD}\n\n{quoted(STAFF)}"),
        quoted(
            f"{STAFF}\n-----Original Message-----\nFrom: Ann\nSent: Monday\nTo: you\nSubject: Lamp\n\n{ORIGINAL}"
        ),
        quoted(f"[image: logo.png]\n{ORIGINAL}\n-----\n"),
    ],
)
def test_a_line_is_known_again_however_it_was_quoted(quote: str) -> None:
    assert lossless(f"It is 4711.\n\n{HEAD}\n{quote}") == "It is 4711."


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("flickers", "flickered"),
        ("bulb.", "bulb. Twice."),
        ("What else", "NEW\n> What else"),
        ("> I have changed the bulb.", "> I have changed the bulb.\n> \U0001f44d"),
        ("> I have changed the bulb.", "> I have changed the bulb.\n> ?!"),
        ("> I have changed the bulb.", "> I have changed the bulb.\n> https://x.example/new"),
    ],
)
def test_a_quote_with_anything_new_in_it_stays_as_it_is(was: str, becomes: str) -> None:
    text = f"It is 4711.\n\n{HEAD}\n\n{quoted(ORIGINAL)}".replace(was, becomes)
    trimmer = Trimmer("lossless", known=KNOWN)
    assert trimmer.text(text) == (text, "")
    assert trimmer.unproved


QUESTIONS = "Hello,\n\n1. Is it plugged in?\n2. Is the red light on?\n3. Is it new?\n\nRosa"
ASKED = said.digests(QUESTIONS) | said.digests("Yes\n\nok")
OUTLOOK = "From: Support\nSent: Monday\nTo: Ann\nSubject: Lamp"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("in?\n2", "in?\nYes\n2"),
        ("in?\n2", "in? Yes\n2"),
        ("new?", "new?\nok"),
        ("Rosa", "Rosa\n\nok"),
        ("Hello,", "Yes\n\nHello,"),
        ("in?\n2", "in?\n\nYes\n\n2"),
        ("in?\n2", "in?\nOn 2 Nov 2026 at 10:15 you wrote:\n2"),
        ("in?", "in? \u2713"),
        ("in?", "in? \u274c"),
        ("in?", "in???"),
        ("in?", "in? <----"),
        ("1. Is it plugged in?\n2. Is the red light on?", "2. Is the red light on?\n1. Is it plugged in?"),
        ("1. Is it plugged in?\n", ""),
        ("Hello,\n\n1. Is it plugged in?\n", ""),
    ],
)
@pytest.mark.parametrize("marks", ["", "> "])
def test_a_quote_stays_that_its_author_changed_if_only_by_words_that_were_said_before(
    was: str, becomes: str, marks: str
) -> None:
    """Case 102: an answer among the lines of a quote may be a line that an earlier mail has too."""
    introduction = HEAD if marks else OUTLOOK
    text = f"See below.\n\n{introduction}\n\n{quoted(QUESTIONS, marks)}"
    assert lossless(text, ASKED) == "See below."
    changed = f"See below.\n\n{introduction}\n\n{quoted(QUESTIONS.replace(was, becomes), marks)}"
    assert lossless(changed, ASKED) == changed


@pytest.mark.parametrize("mode", ["lossless", "quotes"])
def test_a_quote_stays_that_its_author_leads_over_to(mode: trim.Mode) -> None:
    """Without it "this is the line I mean:" means nothing."""
    text = f"This is the line I mean:\n\n{quoted(ORIGINAL)}"
    trimmer = Trimmer(mode, known=KNOWN)
    assert trimmer.text(text) == (text, "")
    assert trimmer.because == ["the quote stays: the author's own words lead over to it"]
    attributed = f"No.\n\nO 2/11/26 ás 10:15, Rosa Lind escribiu:\n\n{quoted(ORIGINAL)}"
    assert Trimmer(mode, known=KNOWN).text(attributed)[0] == "No.\n\nO 2/11/26 ás 10:15, Rosa Lind escribiu:"


@pytest.mark.parametrize("answer", ["in?\nI think so,\nbut it is dark there.", "in? I think so."])
@pytest.mark.parametrize("marks", ["", "> "])
def test_a_quote_that_was_answered_between_its_lines_stays_in_every_mode(answer: str, marks: str) -> None:
    """Case 102: what is known tells the author's lines from those of a program that changed some."""
    introduction = HEAD if marks else OUTLOOK
    answered = QUESTIONS.replace("in?", answer)
    text = f"See below.\n\n{introduction}\n\n{quoted(answered, marks)}"
    trimmer = Trimmer("quotes", known=ASKED)
    assert trimmer.text(text) == (text, "")
    assert trimmer.because[0].endswith("stays: the author wrote between its lines")
    changed = QUESTIONS.replace("plugged in", "pluged in")
    assert (
        Trimmer("quotes", known=ASKED).text(f"No.\n\n{introduction}\n\n{quoted(changed, marks)}")[0] == "No."
    )


def test_a_link_that_was_wrapped_away_from_its_words_is_known() -> None:
    known = said.digests("Please see [our guide](https://x.example/how?a=1&b=2): it has pictures.")
    quote = "> Please see our guide\n> <https://x.example/how?a=1&b=2>\n> : it has pictures."
    assert lossless(f"I did.\n\n{HEAD}\n{quote}", known) == "I did."
    assert lossless(f"I did.\n\n{HEAD}\n{quote.replace('how', 'who')}", known) != "I did."


SIGNATURE = "Lamp Shop, 12 Main Street, 10115 Berlin\nTel. +49 30 1234567, www.lamps.example"


def test_a_signature_that_no_message_has_is_known_once_it_was_posted_with_a_quote() -> None:
    """What Re:amaze puts below every answer of staff; what stands above it differs from answer to answer."""
    seen = said.digests(f"No.\n\n> Is it new?\n>\n> {SIGNATURE}") | said.digests("Is it new?")
    known = KNOWN | seen | said.digests("Yes")
    signed = f"{STAFF}\n\n{SIGNATURE}"
    assert lossless(f"It is 4711.\n\n{HEAD}\n{quoted(signed)}", known) == "It is 4711."
    assert lossless(f"It is 4711.\n\n{OUTLOOK}\n\n{signed}", known) == "It is 4711."
    for answered in (
        f"{STAFF}\n\nYes\n\n{SIGNATURE}",
        f"Yes\n\n{STAFF}\n\n{SIGNATURE}",
        f"{STAFF}\n\n{SIGNATURE}\n\nYes",
    ):
        text = f"It is 4711.\n\n{OUTLOOK}\n\n{answered}"
        assert lossless(text, known) == text


DISCLAIMER = "This message is confidential.\nPlease delete it if you are not whom it is for."


@pytest.mark.parametrize("mode", ["lossless", "quotes"])
def test_a_footer_that_every_mail_brings_is_no_answer_below_the_quote(mode: trim.Mode) -> None:
    """Case 53: what a gateway puts there hides no answer, and it stays."""
    known = (
        KNOWN
        | said.digests(f"It flickers.\n\nAnn\n\n{DISCLAIMER}")
        | said.digests("That was wrong, sorry, and I know it.")
    )
    reply = f"It is 4711.\n\n{HEAD}\n{quoted(ORIGINAL)}"
    kept = Trimmer(mode, known=known).text(f"{reply}\n\n{DISCLAIMER}")[0]
    assert kept == f"It is 4711.\n\n\n{DISCLAIMER}"
    answers = ("Another one.", DISCLAIMER.replace("delete", "keep"), f"No.\n{DISCLAIMER}", "Ann")
    for below in (*answers, "That was wrong, sorry, and I know it."):
        text = f"{reply}\n\n{below}"
        assert Trimmer(mode, known=known).text(text) == (text, "")


def test_history_that_was_posted_with_its_own_introduction_is_known_below_it() -> None:
    first = f"Can you help?\n\n{OUTLOOK}\n\n{ORIGINAL}"
    known = said.digests(first) | said.digests(STAFF)
    again = quoted(f"{STAFF}\n\n{HEAD}\n{quoted(first)}")
    assert lossless(f"It is 4711.\n\n{HEAD}\n{again}", known) == "It is 4711."


def test_a_first_mail_keeps_its_history() -> None:
    text = f"Please see below.\n\n{HEAD}\n\n{quoted(ORIGINAL)}"
    assert lossless(text, frozenset()) == text


def test_the_known_rest_of_a_quote_goes_and_its_new_beginning_stays() -> None:
    """Staff's signature is in no message; the history under it is."""
    new = f"It is 4711.\n\n{HEAD}\n\n> The workshop, 12 Main Street"
    assert lossless(f"{new}\n>\n> {HEAD}\n>\n{quoted(ORIGINAL, '> > ')}").rstrip("\n>") == new


def test_a_header_block_in_cells_is_one_where_a_separator_announces_it() -> None:
    block = "From | Support\nSent | Monday\nTo | Ann\nSubject | Lamp"
    assert lossless(f"It is 4711.\n\n-----Original Message-----\n{block}\n\n{ORIGINAL}") == "It is 4711."
    text = f"It is 4711.\n\n{block}\n\n{ORIGINAL}"
    assert lossless(text) == text


def test_an_unmarked_quote_goes_where_it_is_known() -> None:
    block = "From: Support\nSent: Monday\nTo: Ann\nSubject: Lamp"
    assert lossless(f"It is 4711.\n________________\n{block}\n\n{ORIGINAL}") == "It is 4711."
    long = "It is 4711, and I would like to know whether that is the number you mean, or the one below it."
    assert lossless(f"{long}\n{block}\n\n{ORIGINAL}") == long
    text = f"It is 4711.\n\n{block}\n\n{ORIGINAL}\nand one more thing"
    assert lossless(text) == text


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("-----Původní zpráva-----", "It is 4711."),
        ("Message du 02/11/26 10:15", "It is 4711."),
        ("---- Cancel it, please ----", "It is 4711.\n\n---- Cancel it, please ----"),
    ],
)
def test_a_title_above_a_header_block_goes_only_where_its_words_are_those_of_programs(
    title: str, kept: str
) -> None:
    block = "From: Support <support@example.com>\nSent: Monday\nTo: Ann\nSubject: Lamp"
    assert lossless(f"It is 4711.\n\n{title}\n{block}\n\n{ORIGINAL}") == kept


@pytest.mark.parametrize("separator", ["", "-----Original Message-----\n"])
def test_words_among_the_lines_of_a_header_block_are_not_taken_for_it(separator: str) -> None:
    block = f"{separator}From: Support\nSent: Monday\nmy house is on fire\nTo: Ann\nSubject: Lamp"
    text = f"Hello\n\n{block}\n\n{ORIGINAL}"
    assert lossless(text) == text


@pytest.mark.parametrize(
    "block",
    [
        "From: Support\n<support@example.com>\nSent: Monday\nTo: Ann\n<ann@example.net>,\n<tim@example.net>\nSubject: Lamp",
        'Кому: Ann Lee <ann@example.net>;\nТема: Lamp;\n02.11.2026, 10:15, "Support" <support@example.com>:',
    ],
    ids=["addresses torn from their names", "whom it answers below it"],
)
def test_a_header_block_may_say_more_than_its_labels(block: str) -> None:
    assert lossless(f"It is 4711.\n\n{block}\n\n{ORIGINAL}") == "It is 4711."


@pytest.mark.parametrize("end", ["", "\n"])
def test_an_attribution_with_nothing_under_it_stays(end: str) -> None:
    text = f"It is 4711.\n\n{HEAD}\n"
    assert lossless(text) == text
    inner = f"{ORIGINAL}\n\n{HEAD}{end}"
    text = f"It is 4711.\n\n{HEAD}\n\n{quoted(inner)}"
    assert lossless(text) == text


# -- what is never touched -------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["lossless", "quotes"])
@pytest.mark.parametrize(
    "text",
    [
        f"{quoted(ORIGINAL)}\n\nBelow.",
        f"{HEAD}\n> The lamp in the hall flickers.\nStill?\n> I have changed the bulb.\nGood.",
        f"> The lamp in the hall flickers.\nStill?\n\n{HEAD}\n{quoted(ORIGINAL)}",
        quoted(ORIGINAL),
        f"{HEAD}\n{quoted(ORIGINAL)}",
        f"\n-- \nAnn\n\n{HEAD}\n{quoted(ORIGINAL)}",
        f"--\nAnn Lee\n{quoted(ORIGINAL)}",
        f"For you.\n\n---------- Forwarded message ---------\nFrom: Ann\nDate: Monday\nSubject: Lamp\nTo: you\n\n{ORIGINAL}",
        f"For you.\n\nBegin forwarded message:\n\n{quoted(ORIGINAL)}",
        f"For you.\n\n> Begin forwarded message:\n>\n{quoted(ORIGINAL)}",
        "-- \nAnn Lee",
        "if a -> b:\n    c >> d",
        "",
        "   ",
    ],
)
def test_interleaved_answers_forwards_and_what_would_leave_nothing_stay(text: str, mode: trim.Mode) -> None:
    """Cases 102, 104 to 106 and 108."""
    trimmer = Trimmer(mode, known=KNOWN)
    assert trimmer.text(text) == (text, "")
    assert not trimmer.cut


@pytest.mark.parametrize("mode", ["lossless", "quotes"])
def test_a_mail_that_its_subject_calls_a_forward_stays(mode: trim.Mode) -> None:
    """Case 106."""
    text = f"For you.\n\n{HEAD}\n\n{quoted(ORIGINAL)}"
    trimmer = Trimmer(mode, known=KNOWN, forward=True)
    assert trimmer.text(text) == (text, "")
    assert trimmer.because == ["the quote stays: the mail passes it on"]


def test_a_signature_below_the_quote_is_no_answer_and_stays() -> None:
    assert lossless(f"Yes.\n\n{HEAD}\n{quoted(ORIGINAL)}\n\n-- \nAnn Lee") == "Yes.\n\n\n-- \nAnn Lee"


@pytest.mark.parametrize("answer", ["\U0001f44d", "OK", "!!", "4", "да", "好"])
def test_the_shortest_answer_is_one(answer: str) -> None:
    assert lossless(f"{answer}\n\n{HEAD}\n{quoted(ORIGINAL)}") == answer


# -- quotes ----------------------------------------------------------------------------------------


def test_any_quote_goes_and_what_is_not_known_goes_along() -> None:
    words = "Something new,\nin two lines."
    made = composed(text=f"It is 4711.\n\n{HEAD}\n\n{quoted(words)}", mode="quotes")
    assert made.markdown == "It is 4711."
    assert made.quoted.endswith("> Something new,  \n> in two lines.")
    assert "On Mon, Nov 2, 2026" in made.quoted
    assert made.remarks == ("The quoted mail below the answer was left out; it goes along as a file.",)
    assert made.unproved
    made = composed(text=f"It is 4711.\n\n{HEAD}\n\n> Dear Ann,\n{quoted(ORIGINAL)}", mode="quotes")
    assert (made.markdown, "Dear Ann," in made.quoted) == ("It is 4711.", True)


def test_a_known_quote_goes_without_a_file() -> None:
    made = composed(text=f"It is 4711.\n\n{HEAD}\n\n{quoted(ORIGINAL)}", mode="quotes")
    assert (made.markdown, made.quoted) == ("It is 4711.", "")


def test_what_goes_along_of_html_keeps_its_links_and_lists() -> None:
    quote = (
        "<ul><li>one</li><li><a href='https://x.example/2'>two</a></li></ul>"
        "<table border=1><tr><th>a<th>b<tr><td>1<td>2</table>"
    )
    made = composed(
        f"<p>Yes.</p><div class='moz-cite-prefix'>He:</div><blockquote type='cite'>{quote}</blockquote>",
        mode="quotes",
    )
    assert made.markdown == "Yes."
    assert "> - [two](https://x.example/2)" in made.quoted
    assert "> | 1   | 2   |" in made.quoted


# -- HTML ------------------------------------------------------------------------------------------

PARAGRAPHS = "<p>The lamp in the hall flickers.<br>I have changed the bulb.</p><p>What else can I do?</p>"


@pytest.mark.parametrize(
    "html",
    [
        f"<div>Yes.</div><div class='gmail_attr'>{HEAD}</div><blockquote class='gmail_quote'>{PARAGRAPHS}"
        "</blockquote>",
        f"<p>Yes.</p><div id='appendonsend'></div><hr><div id='divRplyFwdMsg'><b>From:</b> S<br><b>Sent:</b> Mo<br><b>To:</b> A"
        f"<br><b>Subject:</b> Lamp</div><div>{PARAGRAPHS}</div>",
        f"<p>Yes.</p><div style='border:none;border-top:solid #E1E1E1'><p class=MsoNormal><b>Von:</b> S<br><b>Gesendet:</b> Mo"
        f"<br><b>An:</b> A<br><b>Betreff:</b> Lampe</p></div>{PARAGRAPHS}",
        f"<p>Yes.</p><blockquote type='cite'><div>{HEAD}</div><br>{PARAGRAPHS}</blockquote>",
        f"<p>Yes.</p><div class='yahoo_quoted'><div>{HEAD}</div>{PARAGRAPHS}</div>",
        f"<p>Yes.</p><div class='protonmail_quote'>{HEAD}<br><blockquote type='cite'>{PARAGRAPHS}</blockquote></div>",
        f"<table><tr><td>Yes.</td></tr><tr><td><blockquote type='cite'>{PARAGRAPHS}</blockquote></td></tr></table>",
        f"<pre>Yes.\n\n{HEAD.replace('<', '&lt;')}\n{quoted(ORIGINAL)}</pre>",
        f"<p>Yes.</p><blockquote type=cite><img src=cid:logo><p>Please send the <b>serial number</b>, which is on the base of "
        f"the lamp, and a <a href='https://safe.example/?u=x'>photo</a> of it.</p><div>{HEAD}</div>{PARAGRAPHS}</blockquote>",
    ],
)
def test_a_known_quote_of_html_goes_whole(html: str) -> None:
    """Case 101."""
    made = composed(html)
    assert made.markdown == "Yes."
    assert made.known_lines >= 3
    assert composed(html, known=frozenset()).markdown != "Yes."


def test_a_quote_stays_of_which_its_author_struck_something_out() -> None:
    html = f"<p>As I marked it.</p><blockquote type=cite><div>{HEAD}</div>{PARAGRAPHS}</blockquote>"
    assert composed(html).markdown == "As I marked it."
    assert "~~the bulb~~" in composed(html.replace("the bulb", "<s>the bulb</s>")).markdown


def test_a_quote_stays_that_holds_a_picture_in_itself() -> None:
    """Left out it would be nowhere: it is no part of the mail."""
    picture = "<img src='data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=='>"
    html = f"<p>Yes.</p><blockquote type=cite><div>{HEAD}</div>{PARAGRAPHS}{picture}</blockquote>"
    assert len(composed(html).data_pictures) == 1


def test_pictures_of_a_quote_that_is_left_out_are_named() -> None:
    pictures = tuple(
        Leaf(index=at, section=str(at), content_type="image/png", content=Span(0, 1), content_id=f"p{at}")
        for at in (1, 2, 3)
    )
    html = (
        f"<p>Yes.<img src='cid:p1'></p><blockquote type=cite><div>{HEAD}</div>{PARAGRAPHS}<img src='cid:p1'>"
        "<img src='cid:p2'></blockquote>"
    )
    text = f"Yes. [cid:p1]\n\n{HEAD}\n{quoted(ORIGINAL)}\n> [cid:p2]"
    files = tuple(Attached(at) for at in (0, 1, 2, 3))
    words = Leaf(index=0, section="0", content_type="text/html", content=Span(0, 1))
    for block in (Written(None, html, (0,)), Written(text, None, (0,))):
        mail = a_mail(blocks=(block, *files[1:]), leaves=(words, *pictures))
        made = body.compose(mail, trimmer=Trimmer("lossless", known=KNOWN))
        assert made.inline == {1}
        assert made.quoted_pictures == {2}


def test_lists_tables_and_pictures_of_the_answer_are_left_alone() -> None:
    answer = (
        "<ol><li>one</li><li>two</li></ol>"
        "<table border=1><tr><th>a<th>b<tr><td>1<td>2</table><p><img src='https://x.example/i' alt=i></p>"
    )
    plainly = composed(answer).markdown
    assert (
        composed(f"{answer}<div>{HEAD}</div><blockquote type=cite>{PARAGRAPHS}</blockquote>").markdown
        == plainly
    )


def test_an_answer_that_is_a_picture_is_one() -> None:
    html = f"<img src='cid:p'><div>{HEAD}</div><blockquote type=cite>{PARAGRAPHS}</blockquote>"
    picture = Leaf(index=0, section="2", content_type="image/png", content=Span(0, 1), content_id="p")
    mail = a_mail(blocks=(Written(None, html), Attached(0)), leaves=(picture,))
    made = body.compose(mail, trimmer=Trimmer("lossless", known=KNOWN))
    assert made.markdown.startswith("![")
    assert "flickers" not in made.markdown


def test_of_two_versions_only_the_one_shown_counts() -> None:
    made = composed(
        f"<p>Yes.</p><blockquote type=cite>{PARAGRAPHS}</blockquote>",
        f"Yes.\n\n{quoted(ORIGINAL)}",
        mode="lossless",
    )
    assert made.known_lines == 3


def test_a_text_that_is_shown_in_place_of_empty_html_is_trimmed() -> None:
    assert composed("<div></div>", f"Yes.\n\n{HEAD}\n{quoted(ORIGINAL)}").markdown == "Yes."


# -- several parts ---------------------------------------------------------------------------------


def blocks(*texts: str) -> str:
    mail = a_mail(blocks=tuple(Written(text, None, (at,)) for at, text in enumerate(texts)))
    return body.compose(mail, trimmer=Trimmer("lossless", known=KNOWN)).markdown


def test_a_quote_is_left_out_though_the_footer_of_a_list_follows() -> None:
    """Case 53."""
    footer = "_______________________________________________\nlist mailing list\nlist@lists.example"
    shown = blocks(f"Yes.\n\n{quoted(ORIGINAL)}", footer)
    assert "flickers" not in shown
    assert "list mailing list" in shown


def test_a_quote_stays_where_the_author_goes_on_in_another_part() -> None:
    """Case 102."""
    assert "flickers" in blocks(f"See:\n\n{quoted(ORIGINAL)}", "That is wrong.")


def test_a_quote_in_two_parts_goes_from_both() -> None:
    assert blocks(f"Yes.\n\n{HEAD}\n> The lamp in the hall flickers.", "> I have changed the bulb.") == "Yes."


# -- signatures ------------------------------------------------------------------------------------


def cut_signature(text: str, mode: trim.Mode = "off") -> str:
    return Trimmer(mode, "cut", KNOWN).text(text)[0]


def test_a_signature_goes_only_by_rule() -> None:
    """Case 107."""
    assert (
        composed(text="Yes.\n\n-- \nAnn Lee\nMain Street 1").markdown
        == "Yes.\n\n--  \nAnn Lee  \nMain Street 1"
    )
    assert cut_signature("Yes.\n\n-- \nAnn Lee\nMain Street 1") == "Yes."


@pytest.mark.parametrize(
    "text",
    [
        "Yes.\n--\nAnn",
        "Yes.\n---\nAnn",
        "Yes.\n -- \nAnn",
        "Yes.\n\nSent from my iPhone",
        "Yes.\n\nKind regards\nAnn",
        "-- \nAnn Lee",
        "> -- \n> Ann",
        "Yes.\n-- \n" + "more\n" * 30,
        "Yes.\n-- \n" + "long " * 900,
    ],
)
def test_what_does_not_stand_below_its_mark_is_no_signature(text: str) -> None:
    """Cases 107 and 108."""
    assert cut_signature(text) == text


def test_of_two_marks_the_last_begins_the_signature() -> None:
    """Case 107."""
    assert cut_signature("Yes.\n-- \nsection\n-- \nAnn") == "Yes.\n-- \nsection"


def test_a_signature_goes_from_above_and_from_below_the_quote() -> None:
    assert cut_signature(f"Yes.\n\n-- \nAnn\n\n{HEAD}\n{quoted(ORIGINAL)}", "lossless") == "Yes."
    assert cut_signature(f"Yes.\n\n{HEAD}\n{quoted(ORIGINAL)}\n\n-- \nAnn", "lossless") == "Yes."


def test_the_note_keeps_the_words_of_a_signature_unless_the_conversation_has_them() -> None:
    made = composed(text="Yes.\n\n-- \nAnn Lee\n\nMain Street 1", signatures="cut")
    assert made.remarks == ("A signature was left out: Ann Lee, Main Street 1",)
    known = said.digests("Dear all,\n-- \nAnn Lee\n\nMain Street 1")
    again = composed(text="Yes.\n\n-- \nAnn Lee\n\nMain Street 1", signatures="cut", known=known)
    assert again.remarks == ()
    assert again.trimmed == (
        'a signature of 3 lines left out below "-- ": every one is in this conversation already',
    )


def test_a_signature_in_html_goes_too() -> None:
    html = "<div>Yes.</div><span class='gmail_signature_prefix'>-- </span><br><div class='gmail_signature'>Ann<br>Lee</div>"
    assert composed(html, signatures="cut").markdown == "Yes."


# -- what is told ----------------------------------------------------------------------------------


def test_off_looks_at_nothing() -> None:
    text = f"Yes.\n\n{HEAD}\n{quoted(ORIGINAL)}"
    trimmer = Trimmer("off", known=KNOWN)
    assert trimmer.text(text) == (text, "")
    assert trimmer.because == []


def test_of_what_is_proved_only_the_explanation_tells_with_its_evidence() -> None:
    made = composed(text=f"Yes.\n\n{HEAD}\n{quoted(ORIGINAL)}")
    assert made.remarks == ()
    assert made.known_lines == 4
    assert made.trimmed == (
        "4 lines left out by an attribution line: every one is in this conversation already: "
        "“On Mon, Nov 2, 2026 at 10:15 AM Support <support@example.co…” … “What else can I do?”",
    )
    assert not made.unproved
    stays = composed(text=f"Yes.\n\n{HEAD}\n> new")
    assert stays.trimmed == (
        "the quote by an attribution line stays: not all of it is known to be in this conversation",
    )
    assert stays.remarks == ()


# -- what was said ---------------------------------------------------------------------------------


def test_html_that_staff_wrote_is_known_again() -> None:
    known = said.digests("<p>Please&nbsp;send it.</p><p>Thank <b>you</b></p>")
    assert lossless(f"Done.\n\n{HEAD}\n> Please send it.\n>\n> Thank you", known) == "Done."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("yes", "no"),
        ("1", "2"),
        (":)", ":("),
        ("\U0001f44d", "\U0001f44e"),
        ("?", "!"),
        ("https://x/a", "https://x/b"),
        ("é", "e"),
    ],
)
def test_what_differs_in_a_letter_or_a_sign_is_not_the_same(one: str, other: str) -> None:
    assert said.key(one) != said.key(other)


@pytest.mark.parametrize("line", ["", "   ", ">", "> >", "-----", "***", "_____", "\u00a0", "\\--  "])
def test_a_line_that_only_draws_says_nothing(line: str) -> None:
    assert said.key(line) == ""


def test_digests_travel_in_one_piece() -> None:
    assert said.unpack(said.pack(KNOWN)) == KNOWN
    assert said.unpack(b"") == frozenset()


def test_no_more_than_a_bound_of_a_message_is_remembered() -> None:
    """Each line, and below which it stands."""
    assert len(said.digests("\n".join(map(str, range(2 * said.MAX_LINES))))) < 3 * said.MAX_LINES
