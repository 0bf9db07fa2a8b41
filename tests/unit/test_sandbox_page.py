"""The page: what an agent sees, and what hostile mail cannot do to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.simulator import InProcess, client

from bridge.sandbox import Behaviour, Sandbox, markdown, style, view
from bridge.sandbox.state import Stored

pytestmark = pytest.mark.anyio

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(Behaviour(staff=("anna@acme.example",), fetch="never", pictures="none"))
    yield made
    await made.close()


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with client(transport=InProcess(sandbox)) as made:
        yield made


async def post(http: httpx.AsyncClient, subject: str, body: str, **message: Any) -> str:
    user = message.pop("user", {"name": "Mira Vogel", "email": "mira@customer.example"})
    payload = {
        "subject": subject,
        "category": "support",
        "user": user,
        "message": {"body": body, "origin_id": "k1", **message},
    }
    answer = await http.post("conversations", json={"conversation": payload})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["slug"])


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def test_an_empty_inbox_says_how_to_fill_it(http: httpx.AsyncClient) -> None:
    page = (await http.get("http://sandbox/")).text
    assert "No conversations yet" in page
    assert "http://sandbox/api/v1" in page


async def test_the_inbox_shows_the_newest_conversation_first(http: httpx.AsyncClient) -> None:
    await post(http, "Older", "First words", attachment="http://files.example/a.pdf")
    slug = await post(http, "Newer", "**Second** words")
    page = (await http.get("http://sandbox/")).text
    assert page.index("Newer") < page.index("Older")
    assert f'href="/conversations/sandbox/{slug}"' in page
    assert "Mira Vogel" in page
    assert "Second words" in page
    assert "Newer" not in (await http.get("http://sandbox/?channel=sales")).text


async def test_a_conversation_tells_customer_staff_and_note_apart(http: httpx.AsyncClient) -> None:
    slug = await post(http, "Kettle", "It **leaks**.  \nReally.", suppress_notifications=True)
    for body, more in (
        ("We send a new one.", {"user": {"name": "Anna Berg", "email": "anna@acme.example"}}),
        ("A part was skipped.", {"visibility": 1}),
    ):
        await http.post(f"conversations/{slug}/messages", json={"message": {"body": body, **more}})
    page = (await http.get(f"http://sandbox/conversations/sandbox/{slug}")).text
    sides = [attrs.get("class") for tag, attrs in Tags(page).found if tag == "article"]
    assert sides == ["message customer", "message staff", "message note"]
    assert "<strong>leaks</strong>.<br" in page
    assert "Internal note" in page
    assert "mira@customer.example" in page
    assert "quiet" in page
    assert ">k1<" in page


async def test_nothing_of_a_mail_becomes_markup(http: httpx.AsyncClient) -> None:
    user = {"name": EVIL, "email": "mira@customer.example"}
    slug = await post(http, EVIL, EVIL + "\n\n[x](javascript:alert(1))", user=user)
    await http.get("conversations", params={"q": EVIL})
    for path in ("/", f"/conversations/sandbox/{slug}", "/calls"):
        tags = Tags((await http.get(f"http://sandbox{path}")).text).found
        assert not [tag for tag, _ in tags if tag in ("script", "iframe", "form", "object", "base")]
        for _, attrs in tags:
            assert not [name for name in attrs if name.startswith("on") or name == "style"]
            assert not str(attrs.get("href", "")).startswith("javascript:")


async def test_a_page_lets_nothing_in_but_its_own_sheet(http: httpx.AsyncClient) -> None:
    answer = await http.get("http://sandbox/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert f"<style>{style.CSS}</style>" in answer.text
    assert [tag for tag, attrs in Tags(answer.text).found if tag == "link" or "src" in attrs] == []


async def test_the_calls_show_what_was_sent_and_answered(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    await post(http, "Kettle", "It leaks.")
    sandbox.faults.script("html-502")
    await http.get("staff")
    page = (await http.get("http://sandbox/calls?open=1")).text
    assert page.index(">GET<") < page.index(">POST<")
    assert "html-502" in page
    assert "&quot;origin_id&quot;: &quot;k1&quot;" in page
    opened = [attrs["id"] for tag, attrs in Tags(page).found if tag == "details" and "open" in attrs]
    assert opened == ["c1"]


async def test_what_does_not_exist_is_404(http: httpx.AsyncClient) -> None:
    assert (await http.get("http://sandbox/conversations/sandbox/none")).status_code == 404
    assert (await http.get("http://sandbox/files/00/none")).status_code == 404


async def test_a_picture_of_the_body_shows_from_the_stand_in_s_own_copy(
    sandbox: Sandbox, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    url = "http://files.example/t/cup.png"
    slug = await post(http, "Cup", f"Look: ![cup]({url})", attachment=url)
    sandbox.posted[0].attachments[0].stored = Stored(
        name="cup.png", content_type="image/png", size_bytes=4, sha256="ab", path=tmp_path / "x"
    )
    page = (await http.get(f"http://sandbox/conversations/sandbox/{slug}")).text
    pictures = [attrs["src"] for tag, attrs in Tags(page).found if tag == "img" and attrs["alt"] == "cup"]
    assert pictures == ["/files/ab/cup.png"]


# -- Markdown --------------------------------------------------------------------------------------


def rendered(body: str, *, hard_breaks: bool = False, **pictures_at: str) -> str:
    return markdown.render(body, hard_breaks=hard_breaks, pictures_at=pictures_at)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a https://shop.example/x?a=1&b=2.", 'href="https://shop.example/x?a=1&amp;b=2"'),
        ("(see http://shop.example/x)", 'href="http://shop.example/x"'),
        ("<https://shop.example>", 'href="https://shop.example"'),
        ("`https://shop.example`", "<code>https://shop.example</code>"),
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
        ("~~gone~~", "<s>gone</s>"),
        ("| a | b |\n|---|--:|\n| 1 | 2 |", '<td dir="auto" class="right">2</td>'),
        ("شكرا", '<p dir="auto">شكرا</p>'),
    ],
)
def test_a_body_is_rendered_as_a_help_desk_would(body: str, expected: str) -> None:
    assert expected in rendered(body)


def test_a_link_s_own_text_is_not_linked_again() -> None:
    assert rendered("[https://a.example](https://b.example)").count("<a ") == 1


def test_a_single_line_break_shows_only_where_it_is_switched_on() -> None:
    assert "<br" not in rendered("one\ntwo")
    assert "<br" in rendered("one\ntwo", hard_breaks=True)
    assert "<br" in rendered("one  \ntwo")


def test_a_picture_shows_from_the_page_or_as_a_link() -> None:
    body = "![a *nice* cup](http://files.example/cup.png)"
    shown = markdown.render(
        body, hard_breaks=False, pictures_at={"http://files.example/cup.png": "/files/1/cup.png"}
    )
    assert '<img src="/files/1/cup.png" alt="a nice cup"' in shown
    remote = rendered(body)
    assert "<img" not in remote
    assert 'class="remote" href="http://files.example/cup.png"' in remote
    assert markdown.pictures(body) == ("http://files.example/cup.png",)


def test_a_body_beyond_all_measure_is_shown_as_it_is() -> None:
    shown = rendered("[" * (markdown.MAX_CHARS + 1))
    assert shown.startswith("<pre>[[[")
    assert markdown.pictures("![x](http://a.example/x)" + " " * markdown.MAX_CHARS) == ()


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 bytes"), (1, "1 byte"), (2_048, "2 KB"), (2_500_000, "2.4 MB")]
)
def test_a_size_is_written_as_a_person_would(size_bytes: int, text: str) -> None:
    assert view.size(size_bytes) == text


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [("image/png", True), ("text/plain", True), ("image/svg+xml", False), ("text/html", False)],
)
async def test_only_plain_pictures_and_text_open_in_the_browser(
    sandbox: Sandbox, http: httpx.AsyncClient, tmp_path: Path, content_type: str, shown: bool
) -> None:
    await post(http, "Kettle", "See the file.", attachment="http://files.example/x")
    (tmp_path / "x").write_bytes(b"<svg onload=alert(1)>")
    sandbox.posted[0].attachments[0].stored = Stored(
        name="ü x.bin", content_type=content_type, size_bytes=21, sha256="ab", path=tmp_path / "x"
    )
    answer = await http.get("http://sandbox/files/ab/%C3%BC%20x.bin")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("inline" if shown else "attachment")
    assert answer.headers["content-type"].startswith(content_type if shown else "application/octet-stream")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
