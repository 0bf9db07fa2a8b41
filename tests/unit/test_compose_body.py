"""The body is the better version of the words, in the order of the mail, with its pictures at their place."""

from __future__ import annotations

from typing import Any

import pytest
from support.rendered import lines

from bridge.compose import body, files, length
from bridge.compose.body import Body
from bridge.model import FILE_MARK, Attached, Leaf, Mail, Span, Written

STUB = "View this email in your browser: https://news.example/v?id=1"


def a_mail(*blocks: Written | Attached, **leaves: dict[str, Any]) -> Mail:
    """A mail of these blocks; a leaf of each number that is named `leaf_N`, a picture unless told otherwise."""
    made = []
    for index in range(10):
        values: dict[str, Any] = {
            "section": str(index + 1),
            "content_type": "image/png",
            "content": Span(0, 0),
        }
        made.append(Leaf(index=index, **(values | leaves.get(f"leaf_{index}", {}))))
    return Mail(blocks=blocks, leaves=tuple(made))


def composed(
    *blocks: Written | Attached, leaves: dict[str, dict[str, Any]] | None = None, **options: Any
) -> Body:
    mail = a_mail(*blocks, **(leaves or {}))
    return body.compose(mail, naming=files.plan(mail), **options)


def text(words: str | None, html: str | None = None) -> Written:
    return Written(words, html)


def mark(index: int) -> str:
    return f"{FILE_MARK[0]}{index}{FILE_MARK[1]}"


# -- which version ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefer", "words", "html", "markdown"),
    [
        ("auto", "text", "<p>html</p>", "html"),
        ("html", "text", "<p>html</p>", "html"),
        ("text", "text", "<p>html</p>", "text"),
        ("auto", "text", None, "text"),
        ("html", "text", None, "text"),
        ("text", None, "<p>html</p>", "html"),
        ("auto", " \n", "<p>html</p>", "html"),
        ("text", " \n", "<p>html</p>", "html"),
        ("auto", "text", "<p>&nbsp;</p>", "text"),
        ("html", "text", "<style>x</style>", "text"),
        ("auto", "text", "", "text"),
        ("auto", "J", "<p><span style='font-family:Wingdings'>J</span></p>", "☺"),
        ("auto", "text", "<p>👍</p>", "👍"),
        ("auto", "text", "<p>|</p><hr>", "text"),
        ("text", STUB, "<p>html</p>", "html"),
        ("text", "Your e-mail client does not support HTML.", "<p>html</p>", "html"),
        ("auto", STUB, "<p>html</p>", "html"),
        ("auto", "All the news of May.", f"<p>{STUB}</p>", "All the news of May."),
        ("html", "All the news of May.", "<p>View in browser</p>", "All the news of May."),
        ("auto", "Se não vê as imagens, abra no navegador", "<p>html</p>", "html"),
        ("text", "メールが見られない場合はブラウザでご覧ください", "<p>html</p>", "html"),
        (
            "auto",
            "The news.",
            "<p>View in browser</p><p>The news of May.</p>",
            "View in browser\n\nThe news of May.",
        ),
        ("auto", STUB, None, STUB),
        ("auto", None, "<p>View in browser</p>", "View in browser"),
        ("text", "---", "<p>html</p>", "\\---"),
    ],
)
def test_the_better_version_wins(prefer: str, words: str | None, html: str | None, markdown: str) -> None:
    """Case 50."""
    assert composed(text(words, html), prefer=prefer).markdown == markdown


@pytest.mark.parametrize(
    ("prefer", "words", "html", "chosen"),
    [
        ("auto", "text", None, "the text: there is no HTML"),
        ("text", "text", "<p>html</p>", "the text: the route prefers it"),
        ("auto", "text", "<p>&nbsp;</p>", "the text: the HTML says nothing"),
        (
            "auto",
            "All the news.",
            f"<p>{STUB}</p>",
            "the text: the HTML only says that it is the one to read",
        ),
        ("auto", "text", "<div>" * 5_000 + "html", "the text: the HTML could not be converted as a whole"),
        ("auto", None, "<p>html</p>", "the HTML: there is no text"),
        ("html", "text", "<p>html</p>", "the HTML: the route prefers it"),
        ("text", STUB, "<p>html</p>", "the HTML: the text only says that this is the one to read"),
        ("auto", "text", "<p>html</p>", "the HTML: it says as much, with its lists, links and tables"),
    ],
)
def test_explain_is_told_which_version_won_and_why(
    prefer: str, words: str | None, html: str | None, chosen: str
) -> None:
    assert composed(text(words, html), prefer=prefer).chosen == (chosen,)


def test_links_beyond_their_limit_are_in_the_mail_that_goes_along() -> None:
    made = composed(text(None, "<a href='https://x.example/1'>x</a> " * 2_001))
    assert made.trouble
    assert made.remarks == ("Of 2001 links only the first 2000 can be followed.",)


def test_a_long_mail_that_mentions_a_browser_is_no_stub() -> None:
    words = "You can view it in your browser. " + "But the words are here. " * 40
    assert composed(text(words, "<p>html</p>"), prefer="text").markdown.startswith("You can")


def test_html_that_cannot_be_converted_gives_way_to_the_text() -> None:
    """Case 99."""
    made = composed(text("the text", "<div>" * 5_000 + "html"))
    assert made.markdown == "the text"
    assert made.trouble
    assert made.remarks == ("The HTML part could not be converted as a whole: the text part is shown.",)


def test_html_that_cannot_be_converted_and_stands_alone_loses_its_tags() -> None:
    """Case 99."""
    made = composed(text(None, "<div>" * 5_000 + "html"))
    assert made.markdown == "html"
    assert made.trouble
    assert len(made.remarks) == 1


def test_without_conversion_the_text_is_taken_or_the_tags_are_stripped() -> None:
    assert composed(text("the text", "<p>html</p>"), convert_html=False).markdown == "the text"
    made = composed(text(None, "<p><b>html</b></p>"), convert_html=False)
    assert (made.markdown, made.trouble) == ("html", True)


# -- several stretches -----------------------------------------------------------------------------


def test_stretches_of_words_stand_in_their_order() -> None:
    """Case 53."""
    made = composed(text("one"), Attached(0), text(None, "<p>two</p>"), text(None), text("three"))
    assert made.markdown.replace(f"![image.png]({mark(0)})", "PICTURE") == "one\n\nPICTURE\n\ntwo\n\nthree"


@pytest.mark.parametrize(
    "blocks", [(), (text(None),), (text("", ""),), (Attached(0),), (text(" \n", "<p></p>"), Attached(0))]
)
def test_a_mail_without_words_says_so(blocks: tuple[Written | Attached, ...]) -> None:
    """Cases 48 and 49."""
    made = composed(*blocks)
    assert made.markdown == body.NO_TEXT
    assert made.inline == frozenset()


# -- pictures --------------------------------------------------------------------------------------


def test_a_picture_between_words_stands_there() -> None:
    """Case 51."""
    made = composed(text("before"), Attached(0), text("after"), leaves={"leaf_0": {"filename": "lamp_1.png"}})
    assert made.markdown == f"before\n\n![lamp_1.png]({mark(0)})\n\nafter"
    assert made.inline == {0}


@pytest.mark.parametrize(
    "leaf",
    [
        {"disposition": "attachment"},
        {"content_type": "application/pdf", "disposition": "inline"},
    ],
)
def test_what_is_no_picture_to_be_shown_is_only_attached(leaf: dict[str, Any]) -> None:
    """Case 60."""
    made = composed(text("before"), Attached(0), text("after"), leaves={"leaf_0": leaf})
    assert made.markdown == "before\n\nafter"
    assert made.inline == frozenset()


def test_an_inline_picture_that_nothing_refers_to_is_attached() -> None:
    """Case 62."""
    made = composed(text(None, "<p>words</p>"), Attached(0), leaves={"leaf_0": {"disposition": "inline"}})
    assert made.markdown == "words"
    assert made.inline == frozenset()


@pytest.mark.parametrize(
    "leaf",
    [
        {"content_id": "image001.png@01DA"},
        {"filename": "image001.png@01DA", "disposition": "gibberish"},
        {"content_location": "image001.png@01DA"},
        {"content_id": "IMAGE001.PNG@01DA", "content_type": "application/octet-stream"},
    ],
)
def test_reference_decides_and_not_disposition(leaf: dict[str, Any]) -> None:
    """Cases 61 and 63."""
    made = composed(
        text(None, "<p>a<img alt='x' src='cid:image001.png@01DA'></p>"), Attached(0), leaves={"leaf_0": leaf}
    )
    assert made.markdown == f"a![x]({mark(0)})"
    assert made.inline == {0}


def test_a_picture_between_words_that_the_words_refer_to_stands_once() -> None:
    html = "<p>see <img alt='x' src='cid:a'></p>"
    made = composed(text(None, html), Attached(0), text("after"), leaves={"leaf_0": {"content_id": "a"}})
    assert made.markdown == f"see ![x]({mark(0)})\n\nafter"


@pytest.mark.parametrize(
    "placeholder", ["[image: a_b.png]", "[cid:a_b.png]", "[CID:a_b.png]", "[image:a_b.png]"]
)
def test_a_placeholder_in_the_text_becomes_the_picture(placeholder: str) -> None:
    """Case 64."""
    leaves = {"leaf_0": {"filename": "a_b.png"}}
    made = composed(text(f"see {placeholder} *here*"), Attached(0), leaves=leaves)
    assert made.markdown == f"see ![a_b.png]({mark(0)}) \\*here\\*"
    assert made.inline == {0}


def test_a_placeholder_of_no_picture_stays_as_it_is() -> None:
    assert (
        composed(text("[image: b.png]"), Attached(0), leaves={"leaf_0": {"filename": "a.png"}}).markdown
        == "[image: b.png]"
    )


def test_pictures_may_be_only_attached() -> None:
    html = "<p>a <img src='cid:a'></p>"
    leaves = {"leaf_0": {"content_id": "a", "filename": "lamp.png"}}
    made = composed(text(None, html), Attached(0), leaves=leaves, pictures="attach")
    assert made.markdown == "a [picture: lamp.png]"
    assert made.inline == frozenset()


@pytest.mark.parametrize(
    "leaf",
    [
        {"content_type": "image/heic"},
        {"content_type": "image/tiff"},
        {"content_type": "image/x-emf"},
        {"content_type": "image/svg+xml"},
        {"content_type": "application/octet-stream", "filename": "my lamp.HEIC"},
    ],
)
def test_a_picture_that_browsers_do_not_show_is_named_and_attached(leaf: dict[str, Any]) -> None:
    named = leaf | {"content_id": "a"}
    made = composed(
        text(None, "<p>a <img alt='lamp' src='cid:a'></p>"), Attached(0), leaves={"leaf_0": named}
    )
    assert made.markdown == "a [picture: lamp]"
    assert made.inline == frozenset()


def test_data_pictures_of_two_stretches_are_told_apart() -> None:
    """Case 66."""
    html = "<img alt='x' src='data:image/jpeg;base64,{}'>"
    made = composed(text(None, html.format("YWJj")), text(None, html.format("ZGVm")))
    assert [picture.content for picture in made.data_pictures] == [b"abc", b"def"]
    assert [picture.name for picture in made.data_pictures] == ["picture-1.jpg", "picture-1-2.jpg"]
    first, second = (picture.index for picture in made.data_pictures)
    assert made.markdown == f"![x]({mark(first)})\n\n![x]({mark(second)})"
    assert made.inline == frozenset()


# -- resolving -------------------------------------------------------------------------------------


def test_marks_become_urls_and_unknown_ones_their_words() -> None:
    markdown = f"a ![one]({mark(0)}) ![two]({mark(1)}) [![three]({mark(-2)})](https://x.example) b"
    assert body.resolve(markdown, {0: "https://f.example/0", -2: "https://f.example/2"}) == (
        "a ![one](https://f.example/0) two [![three](https://f.example/2)](https://x.example) b"
    )


@pytest.mark.parametrize("markdown", ["", "no mark", f"{FILE_MARK[0]}x{FILE_MARK[1]}", "![a](b)"])
def test_a_body_without_marks_is_unchanged(markdown: str) -> None:
    assert body.resolve(markdown, {0: "https://f.example"}) == markdown


def test_a_picture_without_a_url_leaves_a_name_with_brackets_whole() -> None:
    assert body.resolve(f"a ![scan\\[1\\].png]({mark(0)}) b", {}) == "a scan\\[1\\].png b"


def test_a_mark_alone_resolves_to_its_url_or_nothing() -> None:
    assert body.resolve(f"x {mark(1)} y", {1: "u"}) == "x u y"
    assert body.resolve(f"x {mark(1)} y", {}) == "x  y"


# -- the limit -------------------------------------------------------------------------------------


def test_a_long_body_is_cut_between_paragraphs_and_goes_along_whole() -> None:
    words = "\n\n".join(f"paragraph {number}" for number in range(500))
    made = composed(text(words), max_chars=2_000)
    assert len(made.markdown) <= 2_000
    assert made.overflow == words
    head, _, last = made.markdown.rpartition("\n\n")
    assert last == length.CUT
    assert words.startswith(head + "\n\n")


@pytest.mark.parametrize("unit", ["word ", "x", "line\n", "> quote\n>\n", "ü"])
def test_a_body_of_one_piece_is_cut_too(unit: str) -> None:
    made = composed(text(unit * 3_000), max_chars=1_000)
    assert len(made.markdown) <= 1_000
    assert made.markdown.endswith(length.CUT)
    assert made.overflow is not None
    assert len(made.overflow) > 2_000


def test_a_fence_that_is_cut_is_closed() -> None:
    made = composed(text(None, "x<pre>" + "code *x*\n" * 500 + "</pre>"), max_chars=1_000)
    assert lines(made.markdown)[-1] == length.CUT.strip("*")


@pytest.mark.parametrize("limit", range(1_000, 1_090, 3))
def test_a_long_line_is_never_cut_within_a_link_a_word_or_an_escape(limit: int) -> None:
    link = "[Item](https://shop.example/a-path-that-is-long)"
    for unit in (link + " ", "word* ", "\\*"):
        html = link.replace("[Item](", '<a href="').replace(")", '">Item</a> ')
        words = text(None, html * 60) if unit[0] == "[" else text(unit * 600)
        made = composed(words, max_chars=limit)
        cut = made.markdown.removesuffix(length.CUT).rstrip()
        assert made.markdown.endswith(length.CUT)
        assert made.overflow is not None
        assert made.overflow.startswith(cut)
        assert (made.overflow[len(cut) :].startswith(" ")) or unit == "\\*"
        assert (len(cut) - len(cut.rstrip("\\"))) % 2 == 0


def test_a_picture_is_known_by_its_name_in_a_file_that_goes_along() -> None:
    given = {"content_id": "a", "filename": "my chart.png", "content_type": "image/png"}
    html = (
        f"<p>{'word ' * 400}</p><img src='cid:a' alt='Chart'><img src='data:image/png;base64,iVBORw0KGgo='>"
    )
    made = composed(text(None, html), Attached(0), leaves={"leaf_0": given}, max_chars=1_000)
    assert made.overflow is not None
    assert made.overflow.endswith("![Chart](my%20chart.png)![picture-1.png](picture-1.png)")


@pytest.mark.parametrize("limit", range(959 + len(length.CUT), 970 + len(length.CUT)))
def test_a_picture_is_not_cut_in_half_and_is_inline_only_where_it_is_shown(limit: int) -> None:
    html = "<p>" + "x" * 950 + "<img alt='lamp' src='cid:a'></p><p>" + "y" * 500
    made = composed(text(None, html), Attached(0), leaves={"leaf_0": {"content_id": "a"}}, max_chars=limit)
    assert made.inline == frozenset()
    assert FILE_MARK[0] not in made.markdown
    assert "![" not in made.markdown
    assert made.overflow is not None
    assert "lamp" in made.overflow
    assert FILE_MARK[0] not in made.overflow


def test_a_body_within_the_limit_is_whole() -> None:
    made = composed(text("short"), max_chars=1_000)
    assert (made.markdown, made.overflow) == ("short", None)
