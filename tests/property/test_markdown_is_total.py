"""Any words at all become Markdown in bounded time, and plain text comes out of a renderer word for word and line for line."""

from __future__ import annotations

import time

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import promises
from support.rendered import kinds, lines

from bridge.compose import body, html, plain
from bridge.compose.html import Limits
from bridge.model import FILE_MARK, Mail, Written

#: What `mail.hygiene` lets through.
ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="".join(FILE_MARK)), max_size=200
)
_MARKUP = [
    *"#*_`~[]()<>!|\\&-+=.:;1 \n\t\u00a0",
    *(
        "\n\n",
        "    ",
        "```",
        "~~~",
        "***",
        "---",
        "===",
        "- ",
        "1. ",
        "> ",
        ">> ",
        "# ",
        "**",
        "__",
        "~~",
        "](",
        "]: ",
        "&amp;",
    ),
    *(
        "<b>",
        "</b>",
        "<!--",
        "<?x",
        "<a@b.c>",
        "<https://x.example/a>",
        "http://x.example/_y_",
        "www.x.example",
        "| - |",
    ),
    *("|---|", "word", "a", "é", "日本", "שלום", "\u200d", "[image: a]", "\u2028", "%20"),
]
MARKUP_TEXT = st.lists(st.sampled_from(_MARKUP), max_size=40).map("".join)
_TAGS = [
    *(
        "p",
        "div",
        "span",
        "b",
        "i",
        "a",
        "td",
        "tr",
        "th",
        "table",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
    ),
    *("h1", "br", "hr", "img", "style", "o:p", "font", "strong", "tbody", "head"),
]
_ATTRIBUTES = [
    *(
        "",
        " style='display:none'",
        " style='font-weight:bold'",
        " style='font-size:0'",
        " border=1",
        " colspan=3",
        " type=cite",
    ),
    *(
        " href='https://x.example/a_(b)'",
        " href='javascript:x'",
        " src='cid:a'",
        " src='https://x.example/x.png'",
        " alt='[x'",
    ),
    *(
        " class=MsoListParagraph style='mso-list:l0 level3 lfo1'",
        " class=MsoNormal",
        " start=7",
        " value=3",
        " rowspan=2",
        " style='white-space:pre-wrap'",
        " style='font-family:Wingdings'",
    ),
]
_PIECES = st.one_of(
    st.tuples(st.sampled_from(_TAGS), st.sampled_from(_ATTRIBUTES)).map(lambda pair: f"<{pair[0]}{pair[1]}>"),
    st.sampled_from(_TAGS).map(lambda tag: f"</{tag}>"),
    st.sampled_from(_MARKUP),
    st.sampled_from(
        [
            "&nbsp;",
            "&lt;",
            "&#0;",
            "&#11;",
            "&#xFDD0;",
            "&zwnj;",
            "<!--",
            "-->",
            "<![if x]>",
            "\x00",
            "\ud800",
        ]
    ),
)
ANY_HTML = st.lists(_PIECES, max_size=60).map("".join)


_ASIDE = dict.fromkeys(map(ord, "<>\u200b\u200c\u200d\u034f\u00ad\ufeff\u2060\u2007"))


def seen(text: str) -> list[str]:
    """The lines of a text as a reader compares them: angle brackets and invisible characters aside."""
    plain_lines = text.translate(_ASIDE).split("\n")
    return [" ".join(line.split()) for line in plain_lines if line.strip()]


@settings(max_examples=200, deadline=None)
@given(st.one_of(ANY_TEXT, MARKUP_TEXT))
@example("a\n=")
@example("*a\n*b*")
@example("> a\nb\n>> c")
@example("`a\n\n`b")
@example("[a]: b\n[a]")
@example("a\\\nb\\")
@example("    a\nb")
@example("x\n| - |")
def test_plain_text_is_rendered_word_for_word_and_line_for_line(text: str) -> None:
    markdown = plain.to_markdown(text)
    assert seen("\n".join(lines(markdown))) == seen(text)
    assert kinds(markdown) <= {"blockquote", "fence", "link"}


@settings(max_examples=200, deadline=None)
@given(ANY_HTML)
def test_any_html_becomes_markdown_without_tags(source: str) -> None:
    promises.without_tags(promises.converted(source, Limits(elements=40, depth=8, links=5)))


@settings(max_examples=200, deadline=None)
@given(st.one_of(ANY_TEXT, MARKUP_TEXT))
@example("http://_]:")
def test_words_in_html_are_rendered_word_for_word(text: str) -> None:
    words = " ".join(text.split())
    source = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    markdown = html.to_markdown(f"<p>{source}</p>").markdown
    assert seen(" ".join(lines(markdown))) == seen(words)
    assert kinds(markdown) <= {"link"}


_WORDS = st.sampled_from(
    [
        "a",
        "b c",
        " ",
        "x!",
        "(y)",
        "Name:",
        '"q"',
        "1",
        "-",
        "é",
        "日本",
        "。",
        "don't",
        "50%",
        "a_b",
        "*",
    ]
).map(lambda word: (word, word))
_LINE_ENDS = st.sampled_from(
    [
        ("<br>", " "),
        ("<br><br>", " "),
        ("&nbsp;&nbsp;n", " n"),
        ("<span style='display:block'>z</span>", " z "),
        ("<i style='white-space:pre'>x\ny</i>", "x y"),
    ]
)
#: HTML of nested links, bold and italic words and ends of lines, each with the words alone.
EMPHASIS = st.recursive(
    st.one_of(_WORDS, _WORDS, _LINE_ENDS),
    lambda inner: st.tuples(
        st.sampled_from(["b", "i", "span", "a href='https://x.example/'"]), st.lists(inner, max_size=3)
    ).map(
        lambda pair: (
            f"<{pair[0]}>{''.join(source for source, _ in pair[1])}</{pair[0].partition(' ')[0]}>",
            "".join(words for _, words in pair[1]),
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(EMPHASIS, max_size=5))
@example([("--<span>-</span>", "---")])
@example([("1<span>.</span> x", "1. x")])
@example([("a<i>a<br><br>b</i>", "aa b")])
@example([("<b>a<br>-</b>a", "a -a")])
@example([("<b>a<br><br>b:</b>c", "a b:c")])
@example([("<a href='tel:1'><b>a</b><br><br><b>b</b></a>", "a b")])
def test_no_marker_of_emphasis_or_links_is_ever_seen(pieces: list[tuple[str, str]]) -> None:
    markdown = html.to_markdown(f"<p>{''.join(source for source, _ in pieces)}</p>").markdown
    assert " ".join(lines(markdown)) == " ".join("".join(words for _, words in pieces).split())


@settings(max_examples=200, deadline=None)
@given(
    ANY_HTML,
    st.one_of(ANY_TEXT, MARKUP_TEXT),
    st.sampled_from(["auto", "html", "text"]),
    st.integers(1_000, 1_100),
)
def test_any_words_become_a_body(source: str, text: str, prefer: body.Prefer, limit: int) -> None:
    made = body.compose(Mail(blocks=(Written(text * 9, source * 9),)), prefer=prefer, max_chars=limit)
    assert made.markdown
    assert len(made.markdown) <= limit
    assert (made.overflow is None) or len(made.overflow) > limit
    assert FILE_MARK[0] not in body.resolve(made.markdown, {})


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(_MARKUP + [f"<{tag}>" for tag in _TAGS]), st.sampled_from(_MARKUP))
def test_a_repeated_piece_costs_linear_time(piece: str, other: str) -> None:
    source = (piece + other) * 5_000
    began = time.process_time()
    html.to_markdown(source)
    plain.to_markdown(source)
    plain.from_broken_html(source)
    assert time.process_time() - began < 2
