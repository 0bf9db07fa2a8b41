"""Plain text is shown as it was written (mail-cases 93, 95, 104), and reads well where Markdown is not rendered."""

from __future__ import annotations

import time

import pytest
from support.rendered import kinds, lines

from bridge.compose import plain

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("#1 is wrong", "\\#1 is wrong"),
        ("# heading", "\\# heading"),
        ("we are #1", "we are #1"),
        ("*no* emphasis", "\\*no\\* emphasis"),
        ("5 * 3 * 2", "5 * 3 * 2"),
        ("one* star", "one* star"),
        ("_this_ or __that__", "\\_this\\_ or \\_\\_that\\_\\_"),
        ("snake_case_name", "snake_case_name"),
        ("a `code` b", "a \\`code\\` b"),
        ("it`s", "it`s"),
        ("```", "\\```"),
        ("~~gone~~", "\\~\\~gone\\~\\~"),
        ("<b>bold</b>", "\\<b>bold\\</b>"),
        ("a < b, I <3 you", "a < b, I <3 you"),
        ("Max <max@x.example>", "Max \\<max@x.example>"),
        ("AT&T &amp; co", "AT&T \\&amp; co"),
        ("1. first", "1\\. first"),
        ("7) seventh", "7\\) seventh"),
        ("3.5 kg", "3.5 kg"),
        ("- item", "\\- item"),
        ("+ item", "\\+ item"),
        ("-5 degrees", "-5 degrees"),
        ("---", "\\---"),
        ("Title\n=====", "Title  \n\\====="),
        ("=====\nTitle", "=====  \nTitle"),
        ("Bye\n-- \nAnn", "Bye  \n\\--  \nAnn"),
        ("-- \nAnn", "--  \nAnn"),
        ("[a](b)", "[a\\](b)"),
        ("[1]: http://x.example", "\\[1]: http://x.example"),
        ("[a]b]: c", "[a]b\\]: c"),
        ("at [1]: http://x.example", "at [1\\]: http://x.example"),
        ("Wang <123@qq.example>", "Wang \\<123@qq.example>"),
        ("10~20 cm, 30~40 cm", "10\\~20 cm, 30\\~40 cm"),
        ("~5 or ~10, C:\\PROGRA~1", "~5 or ~10, C:\\PROGRA\\~1"),
        ("/~ann and /~bob", "/~ann and /~bob"),
        ("10~20 cm", "10~20 cm"),
        ("see [1] and [x]", "see [1] and [x]"),
        ("C:\\Users\\max", "C:\\Users\\max"),
        ("a\\*b", "a\\\\*b"),
        ("| a | b |\nx", "| a | b |  \nx"),
    ],
)
def test_what_would_become_markup_is_escaped_and_only_that(text: str, markdown: str) -> None:
    """Case 95."""
    assert plain.to_markdown(text) == markdown
    assert kinds(markdown) == set()
    assert lines(markdown) == [" ".join(line.split()) for line in text.split("\n")]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("see https://x.example/a_b_c?q=1&b=2.", "see https://x.example/a_b_c?q=1&b=2."),
        ("(https://x.example/)", "(https://x.example/)"),
        ("(see https://x.example/a(b))", "(see https://x.example/a(b))"),
        (
            "(https://x.example/a_(b)_c) d_",
            "([https://x.example/a\\_(b)\\_c](https://x.example/a_%28b%29_c)) d\\_",
        ),
        ("<https://x.example/_y_>", "<https://x.example/_y_>"),
        ("www.x.example/_y_", "[www.x.example/\\_y\\_](http://www.x.example/_y_)"),
        (
            "https://x.example/*a* and",
            "[https://x.example/\\*a](https://x.example/*a)\\* and",
        ),
    ],
)
def test_a_bare_url_stays_as_it_is_or_becomes_a_link_to_itself(text: str, markdown: str) -> None:
    assert plain.to_markdown(text) == markdown
    assert "em" not in kinds(markdown)


def test_lines_end_in_hard_breaks_and_paragraphs_in_an_empty_line() -> None:
    assert plain.to_markdown("one\ntwo\n\n\n\nthree\r\nfour\rfive\n") == "one  \ntwo\n\nthree  \nfour  \nfive"


def test_indentation_and_columns_hold_by_no_break_spaces() -> None:
    assert plain.to_markdown("a:\n  b  c\n\td") == f"a:  \n{NBSP * 2}b{NBSP} c  \n{NBSP * 8}d"


@pytest.mark.parametrize(
    "table",
    [
        "+-----+-----+\n| a   | b   |\n+-----+-----+",
        "Item         Qty   Price\nHose           2   19.90\nSpade          1   24.50",
        "Name      Wert\n-----     ----\nBreite    10",
        "Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1        40G   31G  7.0G  82% /\n"
        "/dev/sdb1       1.8T  1.1T  640G  64% /srv",
        "__________________\nPos   Item   Menge\n1     Lamp      10\n2     Hose       5\n__________________",
        "Issue History\nModified         User           Field\n==============================================\n"
        "2026-11-02 09:00 anna           New Issue\n2026-11-02 09:12 bob            Note Added: 34\n"
        "==============================================",
        "┌───┬───┐\n│ a │ b │\n└───┴───┘",
        "    def f(x):\n        return *x",
        "    $ make *\n    done",
        "Pos  Item         Total\n---  -----------  -----\n  1  M4 * 20       4,90",
    ],
)
def test_a_drawn_table_and_indented_code_stand_in_a_fence(table: str) -> None:
    assert plain.to_markdown(f"See:\n\n{table}\n\nBye") == f"See:\n\n```\n{table}\n```\n\nBye"


@pytest.mark.parametrize(
    "words",
    [
        "It is broken.  I tried twice.  No luck.\nPlease help me.  I need it soon.  Thanks.\nBye for now.  Anna",
        "Nov  2 09:12:01 srv1 sshd[1]: Failed\nNov  2 09:12:03 srv1 sshd[1]: Failed\nNov  2 09:12:09 srv1 cron: x",
        "Name:    Anna\nTown:    Oslo",
        "Anna Berg\n__________\nLamps and more\nOslo",
        "JOB RUN:\tBackup\nSTATUS:\t\tFailed\nMESSAGE:\tThe job failed. "
        + "The last step was the backup. " * 5,
    ],
)
def test_words_with_wide_blanks_are_no_table(words: str) -> None:
    assert "```" not in plain.to_markdown(words)


def test_an_address_or_a_list_that_is_indented_is_no_code() -> None:
    assert plain.to_markdown("To:\n\n    Ann Lee\n    Main St (5)\n\n\t- a\n\t- b") == (
        f"To:\n\n{NBSP * 4}Ann Lee  \n{NBSP * 4}Main St (5)\n\n{NBSP * 8}- a  \n{NBSP * 8}- b"
    )


def test_a_fence_cannot_be_closed_from_within() -> None:
    markdown = plain.fenced("a\n````\n# b")
    assert markdown == "`````\na\n````\n# b\n`````"
    assert kinds(markdown) == {"fence"}


def test_words_set_in_two_columns_by_chance_are_no_table() -> None:
    text = "It is late.   I know.\nBut the lamp   is dark.\nAnd cold."
    assert "```" not in plain.to_markdown(text)


def test_quotes_stay_quotes_at_their_depth_and_end_where_they_end() -> None:
    markdown = plain.to_markdown("Yes.\n> one\n> * two *\n>\n> > deep\n> out\nmine")
    assert markdown == "Yes.\n\n> one  \n> \\* two *\n>\n>> deep\n>\n> out\n\nmine"
    assert lines(markdown) == ["Yes.", "one", "* two *", "deep", "out", "mine"]
    assert kinds(markdown) == {"blockquote"}


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("Am Montag schrieb Ann <ann@x.example\n> :\n> Hi", "Am Montag schrieb Ann \\<ann@x.example  \n\\> :\n\n> Hi"),
        ("> Ann <ann@x.example\n>> wrote:\n>\n>> Hi", "> Ann \\<ann@x.example  \n> \\> wrote:\n>\n>> Hi"),
        ("2 <3 and\n> he said: yes", "2 <3 and\n\n> he said: yes"),
        ("Ann <ann@x.example> wrote:\n> I said:", "Ann \\<ann@x.example> wrote:\n\n> I said:"),
    ],
)  # fmt: skip
def test_an_address_that_was_wrapped_at_its_end_begins_no_quote(text: str, markdown: str) -> None:
    assert plain.to_markdown(text) == markdown
    assert "em" not in kinds(markdown)


def test_two_quotes_with_an_empty_line_between_stay_two() -> None:
    assert plain.to_markdown("> a\n\n> b") == "> a\n\n> b"


def test_the_prompt_of_an_interpreter_is_no_quote() -> None:
    """Case 104."""
    markdown = plain.to_markdown("I typed\n>>> print(1)\n1")
    assert lines(markdown) == ["I typed", ">>> print(1)", "1"]


def test_the_depth_of_quotes_is_bounded() -> None:
    assert plain.to_markdown(">" * 10_000 + " x") == ">" * 12 + " x"


def test_outlooks_doubled_line_ends_are_undone() -> None:
    """Case 93."""
    text = "Hello,\n\n\n\nfirst line\n\nsecond line\n\nthird line\n\n\n\nBye\n\nAnn"
    assert plain.to_markdown(text) == "Hello,\n\nfirst line  \nsecond line  \nthird line\n\nBye  \nAnn"


def test_paragraphs_of_one_line_stay_paragraphs() -> None:
    text = "Hello,\n\nfirst\n\nsecond\n\nthird\n\nBye"
    assert plain.to_markdown(text) == text


def test_the_signature_mark_is_no_heading() -> None:
    assert plain.to_markdown("Bye\n-- \nAnn") == "Bye  \n\\--  \nAnn"


def test_scripts_of_the_world_are_unchanged() -> None:
    """Case 82."""
    text = "שלום עולם\nمرحبا\n\u200f(עברית)\n日本語、テスト。\n👩‍👩‍👧 ok"
    assert plain.to_markdown(text).replace("  \n", "\n") == text


@pytest.mark.parametrize("text", ["", "\n\n", "   \n\t\n"])
def test_nothing_stays_nothing(text: str) -> None:
    assert plain.to_markdown(text) == ""


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>one<br>two</p><script>x()</script><p>3 &lt; 4", "one  \ntwo\n\n3 < 4"),
        ("a<!-- hidden -->b", "ab"),
        ("<style>p{}</style>x <b", "x \\<b"),
        ("a < b and <", "a < b and <"),
        ("<style>never closed", "never closed"),
        ("&#x202e;&#0;x", "\u202e\ufffdx"),
    ],
)
def test_broken_html_loses_its_tags_and_none_of_its_words(html: str, markdown: str) -> None:
    assert plain.from_broken_html(html) == markdown


@pytest.mark.parametrize(
    "text",
    [
        " " * 500_000,
        "\n" * 300_000,
        ">" * 500_000,
        "> > " * 200_000,
        "*a" * 100_000,
        "a~" * 200_000,
        "_a " * 100_000,
        "`" * 500_000,
        "[" * 500_000,
        "\\" * 200_000,
        "http://" * 100_000,
        "|-" * 300_000,
        "- " * 300_000,
        "a   b\n" * 50_000,
        "<style" * 100_000,
        "<!--" * 200_000,
        "&#" * 300_000,
        "a\n" + "-" * 500_000 + "x",
        "*a* *b* https://a.example/" + "." * 500_000 + "b",
        "&#" + "1" * 500_000 + ";",  # Python makes no number of more than 4,300 digits
    ],
    ids=lambda text: repr(text[:6]),
)
def test_a_megabyte_of_anything_is_quick(text: str) -> None:
    began = time.process_time()
    plain.to_markdown(text)
    plain.from_broken_html(text)
    assert time.process_time() - began < 4


def test_of_very_long_html_that_nobody_can_take_the_first_words_are_read() -> None:
    made = plain.from_broken_html("<li>lamp" * 150_000)
    assert made.startswith("lamp  \nlamp")
    assert 490_000 < len(made.replace("  \n", "\n")) <= 500_000
