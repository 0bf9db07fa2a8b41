"""Nothing leaves a reply that is not in the conversation; trimming twice is trimming once; and no mail takes long."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from support.composing import a_mail
from support.promises import is_proved, only_what_is_known_goes

from bridge.compose import body, quotes, said
from bridge.compose.trim import Mode, Trimmer
from bridge.model import Written

SAID = (
    "The lamp is broken.",
    "Please send a photo of it.",
    "1. one",
    "*bold*",
    "https://x.example/a",
    "ok",
    "\U0001f44d",
)
NEW = (
    "Not said before.",
    "Yes",
    "no!",
    "?!",
    ":-)",
    "\U0001f44e",
    "https://x.example/b",
    "2",
    "my house is on fire",
    "a\tb",
)
FRAMES = (
    "On Mon, Nov 2, 2026 at 10:15 AM Rosa <rosa@s.example> wrote:",
    "Am 2. Nov. 2026 um 10:15 schrieb Rosa <rosa@s.example>:",
    "-----Original Message-----",
    "From: Rosa",
    "Sent: Monday",
    "To: Tim <tim@s.example>",
    "Subject: Lamp",
    "________________________________",
    "---------- Forwarded message ---------",
    "On Mon, Nov 2, 2026 at 10:15 AM Rosa <",
    "rosa@s.example> wrote:",
)
OTHER = ("", " ", "-- ", "--", "---", "[image: x.png]", "<https://x.example/t>", "> ")
LINES = st.builds(
    lambda marks, words: marks + words,
    st.sampled_from(["", "", "> ", ">", ">> ", "> > "]),
    st.sampled_from(SAID + NEW + FRAMES + OTHER),
)
TEXTS = st.lists(LINES, max_size=25).map("\n".join)
KNOWN = frozenset().union(*(said.digests(line) for line in SAID))
MODES = st.sampled_from(["lossless", "quotes"])


@given(TEXTS)
def test_lossless_takes_nothing_that_is_not_in_the_conversation(text: str) -> None:
    trimmer = Trimmer("lossless", known=KNOWN)
    lines = quotes.of_text(text)
    cut = trimmer.look(lines)
    if cut is None:
        return
    ((start, end),) = cut.ranges
    is_proved(lines[start:end], KNOWN)
    assert any(said.key(line.text) for line in lines[:start])


@given(TEXTS)
def test_lossless_takes_nothing_where_nothing_was_said(text: str) -> None:
    assert Trimmer("lossless").text(text) == (text, "")
    assert Trimmer("lossless", known=frozenset()).text(text) == (text, "")


@given(TEXTS, MODES)
@example("The lamp is broken.\n-- \n> The lamp is broken.\n", "lossless")
def test_trimming_twice_is_trimming_once(text: str, mode: Mode) -> None:
    assume(text.split("\n").count("-- ") < 2)  # of two marks the last begins the signature
    once = Trimmer(mode, "cut", KNOWN).text(text)[0]
    assert Trimmer(mode, "cut", KNOWN).text(once)[0] == once


@given(TEXTS)
def test_what_quotes_takes_goes_along(text: str) -> None:
    kept, gone = Trimmer("quotes").text(text)
    there = {line.strip() for line in f"{kept}\n{gone}".split("\n")}
    assert {line.strip() for line in text.split("\n") if line.strip()} <= there


@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<br>",
                "<blockquote type=cite>",
                "</blockquote>",
                "<div id=divRplyFwdMsg>",
                "<div>",
                "</div>",
                "<div class=gmail_attr>",
                "<hr id=stopSpelling>",
                "<pre>",
                "</pre>",
                "<li>",
                "<table>",
                "<tr>",
                "<td>",
                "</table>",
                "<a href=https://x.example>",
                "</a>",
                "<img src=cid:x>",
                "<b>",
                "</b>",
                *SAID,
                *NEW,
                *FRAMES[:6],
            ]
        ),
        max_size=40,
    ).map("".join),
    MODES,
)
def test_html_is_never_left_empty_and_keeps_what_was_never_said(html: str, mode: Mode) -> None:  # fmt: skip
    mail = a_mail(blocks=(Written(None, html),))
    whole = body.compose(mail)
    made = body.compose(mail, trimmer=Trimmer(mode, known=KNOWN))
    assert made.markdown
    found = said.key(made.markdown + made.quoted)
    for words in ("Not said before.", "my house is on fire"):
        if said.key(words) in said.key(whole.markdown):
            assert said.key(words) in found
    only_what_is_known_goes(mail, KNOWN)
    assert only_what_is_known_goes(mail, frozenset()) == whole.markdown


def cpu_s(run: Callable[[], object]) -> float:
    """What a run costs; the better of two, since others may use the same core."""
    costs = []
    for _ in range(2):
        began_s = time.process_time()
        run()
        costs.append(time.process_time() - began_s)
        if costs[0] < 0.5:
            break
    return min(costs)


N = 100_000
HOSTILE = {
    "On On On": "On " * (N // 3),
    "lines of On": "On\n" * (N // 3),
    "addresses": "On 1 a <mailto:a@b.c> " * (N // 22),
    "lines of addresses": "On 1 a <mailto:a@b.c>\n" * (N // 22),
    "empty lines": "\n" * N,
    "blanks": " " * N,
    "quoted attributions": ">On Mon wrote\n" * (N // 14),
    "attributions": "On Mon, 2 May 2016 at 10:00, A <a@b.c> wrote:\n" * (N // 47),
    "attributions between empty lines": "A <a@b.c> wrote:\n\n" * (N // 18),
    "dashes": "-" * N,
    "lines of dashes": "-\n" * (N // 2),
    "rules": "-----\n" * (N // 6),
    "labels": "From: a\n" * (N // 8),
    "header blocks": "From: a\nTo: b\nSubject: c\nDate: d\n" * (N // 33),
    "colons": "a:\n" * (N // 3),
    "marks": ">" * N,
    "lines of marks": "> \n" * (N // 3),
    "separators": "-----Original Message-----\n" * (N // 27),
    "signatures": "-- \n" * (N // 4),
    "brackets": "![a](" * (N // 5),
    "targets": "](" * (N // 2),
    "letters": "a\n" * (N // 2),
    "without blanks": "\u5199\u9053\uff1a\n" * (N // 4),
    "numbers": "1 " * (N // 2) + ":",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize(
    "below", ["", "Yes.\n\nOn Mon, 2 May 2016 at 10:00, A <a@b.c> wrote:\n"], ids=["alone", "quoted"]
)
def test_a_hundred_thousand_hostile_characters_take_less_than_a_second(text: str, below: str) -> None:
    assert cpu_s(lambda: Trimmer("lossless", "cut", said.digests(text)).text(below + text)) < 1.0


@pytest.mark.parametrize(
    "tag",
    [
        "<div class=gmail_attr>x</div>",
        "<div id=appendonsend></div>x<br>",
        "<blockquote type=cite>x",
        "<pre>&gt; x\n",
    ],
)
def test_hostile_html_costs_little_more_than_its_conversion(tag: str) -> None:
    mail = a_mail(blocks=(Written(None, "<p>Yes.</p>" + tag * (N // len(tag))),))
    plain_s = cpu_s(lambda: body.compose(mail))
    assert cpu_s(lambda: body.compose(mail, trimmer=Trimmer("quotes", "cut", KNOWN))) < 3 * plain_s + 1.0
