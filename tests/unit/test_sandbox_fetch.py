"""Attachments: when they are fetched, how often, and what a failure does."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.simulator import InProcess, client

from bridge.sandbox import Behaviour, Sandbox, read_journal
from bridge.sandbox.fetch import name_of
from bridge.web import Request, Response, Route, Server, Starlette, bind

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 5_000


@dataclass(slots=True)
class Shelf:
    """A file server that notes what was asked of it."""

    url: str = ""
    seen: list[str] = field(default_factory=list)
    #: How many times /flaky/ fails before it works.
    flaky: int = 0

    async def serve(self, request: Request) -> Response:
        kind, name = request.path_params["kind"], request.path_params["name"]
        self.seen.append(f"{kind}/{name}")
        match kind:
            case "moved":
                return Response(status_code=302, headers={"Location": f"/ok/{name}"})
            case "gone":
                return Response("no", 404)
            case "flaky" if self.flaky > 0:
                self.flaky -= 1
                return Response("later", 503)
            case "local":
                return Response(status_code=302, headers={"Location": "file:///etc/hostname"})
            case _:
                return Response(CONTENT, media_type="Application/PDF; name=x")


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    found = Shelf()
    app = Starlette(routes=[Route("/{kind}/{name:path}", found.serve)])
    server = Server(app, bind("127.0.0.1:0"))
    await server.start()
    found.url = f"http://127.0.0.1:{server.port}"
    yield found
    await server.stop()


@asynccontextmanager
async def desk(
    journal: Path | None = None, **switches: Any
) -> AsyncIterator[tuple[Sandbox, httpx.AsyncClient]]:
    behaviour = Behaviour(**switches)
    sandbox = Sandbox(behaviour, journal=journal)
    async with client(behaviour, transport=InProcess(sandbox)) as http:
        yield sandbox, http
    await sandbox.close()


def new(*urls: str, body: str = "See the files.") -> dict[str, Any]:
    several = {"attachments": list(urls)} if len(urls) > 1 else {}
    single = {"attachment": urls[0]} if len(urls) == 1 else {}
    return {
        "conversation": {
            "subject": "Files",
            "category": "support",
            "user": {"email": "mira@customer.example"},
            "message": {"body": body, "origin_id": "k1", **several, **single},
        }
    }


async def test_a_file_is_fetched_after_the_answer_byte_for_byte(shelf: Shelf) -> None:
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new(f"{shelf.url}/ok/price%20list.pdf"))
        await sandbox.idle()
        (stored,) = sandbox.posted[0].files
        assert (stored.name, stored.content_type) == ("price list.pdf", "application/pdf")
        assert stored.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert stored.content == CONTENT
        listed = (await http.get("conversations/files/messages")).json()["messages"][0]["attachments"]
        assert (listed[0]["file_file_name"], listed[0]["file_file_size"]) == ("price list.pdf", len(CONTENT))
        again = await http.get(listed[0]["url"])
        assert again.content == CONTENT
        assert again.headers["content-disposition"].startswith("attachment")
    assert shelf.seen == ["ok/price list.pdf"]


async def test_a_file_can_be_fetched_before_the_answer(shelf: Shelf) -> None:
    async with desk(fetch="before") as (sandbox, http):
        await http.post("conversations", json=new(f"{shelf.url}/ok/a.pdf", f"{shelf.url}/ok/b.pdf"))
        assert [file.name for file in sandbox.posted[0].files] == ["a.pdf", "b.pdf"]


async def test_a_file_can_be_left_alone(shelf: Shelf) -> None:
    async with desk(fetch="never") as (sandbox, http):
        await http.post("conversations", json=new(f"{shelf.url}/ok/a.pdf"))
        await sandbox.idle()
        assert [a.stored for a in sandbox.posted[0].attachments] == [None]
    assert shelf.seen == []


async def test_a_delayed_fetch_is_given_up_when_the_stand_in_closes(shelf: Shelf) -> None:
    async with desk(fetch="delayed", fetch_delay_s=3_600.0) as (_, http):
        assert (await http.post("conversations", json=new(f"{shelf.url}/ok/a.pdf"))).status_code == 201
    assert shelf.seen == []


async def test_a_file_can_be_fetched_several_times(shelf: Shelf) -> None:
    async with desk(fetch_times=3) as (sandbox, http):
        await http.post("conversations", json=new(f"{shelf.url}/ok/a.pdf"))
        await sandbox.idle()
        assert sandbox.posted[0].attachments[0].fetches == 3
    assert shelf.seen == ["ok/a.pdf"] * 3


async def test_a_fetch_that_fails_is_silent_and_can_be_tried_again(shelf: Shelf) -> None:
    shelf.flaky = 2
    async with desk(fetch_retries=2, fetch_retry_s=0.0) as (sandbox, http):
        answer = await http.post("conversations", json=new(f"{shelf.url}/flaky/a.pdf"))
        assert answer.status_code == 201
        await sandbox.idle()
        assert len(sandbox.posted[0].files) == 1
    assert len(shelf.seen) == 3


async def test_a_file_that_is_gone_is_missing_from_the_message(shelf: Shelf) -> None:
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new(f"{shelf.url}/gone/a.pdf"))
        await sandbox.idle()
        assert sandbox.posted[0].files == ()
        assert sandbox.posted[0].attachments[0].failure == "answered 404"
        assert (await http.get("messages")).json()["messages"][0]["attachments"] == []


async def test_a_file_that_is_gone_can_be_a_422_and_posts_nothing(shelf: Shelf) -> None:
    async with desk(fetch_failure="422") as (sandbox, http):
        answer = await http.post("conversations", json=new(f"{shelf.url}/gone/a.pdf"))
        assert (answer.status_code, list(answer.json()["errors"])) == (422, ["attachment"])
        assert sandbox.posted == ()


@pytest.mark.parametrize(
    ("switches", "kind", "failure"),
    [
        ({}, "moved", ""),
        ({"fetch_redirects": False}, "moved", "answered 302"),
        ({"fetch_private": False}, "ok", "the address is private"),
        ({"fetch_max_bytes": 1_000}, "ok", "larger than 1000 bytes"),
        ({}, "local", "answered 302"),
    ],
)
async def test_the_limits_of_fetching(
    shelf: Shelf, switches: dict[str, Any], kind: str, failure: str
) -> None:
    async with desk(**switches) as (sandbox, http):
        await http.post("conversations", json=new(f"{shelf.url}/{kind}/a.pdf"))
        await sandbox.idle()
        assert sandbox.posted[0].attachments[0].failure == failure
        assert len(sandbox.posted[0].files) == (0 if failure else 1)


async def test_a_file_that_breaks_off_is_not_taken_for_the_whole() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, desk() as (sandbox, http):
        port = server.sockets[0].getsockname()[1]
        await http.post("conversations", json=new(f"http://127.0.0.1:{port}/a.pdf"))
        await sandbox.idle()
        attachment = sandbox.posted[0].attachments[0]
    assert attachment.stored is None
    assert attachment.failure == "4 bytes came, 100 were announced"


async def test_several_urls_can_be_ignored_where_one_is_not(shelf: Shelf) -> None:
    urls = (f"{shelf.url}/ok/a.pdf", f"{shelf.url}/ok/b.pdf")
    async with desk(attachments_on_create="ignored", attachments_on_messages="ignored") as (sandbox, http):
        await http.post("conversations", json=new(*urls))
        payload = {"body": "More", "attachment": urls[0], "attachments": list(urls)}
        await http.post("conversations/files/messages", json={"message": payload})
        await sandbox.idle()
        assert [[f.name for f in m.files] for m in sandbox.posted] == [[], ["a.pdf"]]


async def test_pictures_of_a_body_are_loaded_from_this_machine_alone(shelf: Shelf) -> None:
    body = f"![one]({shelf.url}/ok/one.png) ![two](https://cdn.invalid/two.png)"
    async with desk() as (sandbox, http):
        await http.post("conversations", json=new(body=body))
        await sandbox.idle()
        assert [a.url for a in sandbox.posted[0].attachments] == [f"{shelf.url}/ok/one.png"]
        assert sandbox.posted[0].files == ()
    assert shelf.seen == ["ok/one.png"]


async def test_the_journal_tells_messages_and_files_after_the_end(shelf: Shelf, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    async with desk(journal) as (sandbox, http):
        sandbox.faults.script("reset-after")
        with pytest.raises(httpx.ReadError):
            await http.post("conversations", json=new(f"{shelf.url}/ok/a.pdf", body="Zeile\u2028zwei"))
        await sandbox.idle()
    with journal.open("a") as file:
        file.write('{"event": "cut by a cr')
    posted, fetched = read_journal(journal)
    assert (posted["event"], posted["key"], posted["slug"]) == ("conversation", "k1", "files")
    assert posted["body"] == "Zeile\u2028zwei"
    assert (fetched["event"], fetched["sha256"]) == ("file", hashlib.sha256(CONTENT).hexdigest())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("t/abc/a.pdf", "a.pdf"),
        ("t/R%C3%A9sum%C3%A9.docx?x=1#y", "Résumé.docx"),
        ("t/..%2F..%2Fetc", "....etc"),
        ("t/", "file"),
    ],
)
def test_a_name_is_the_last_segment_of_the_path(path: str, name: str) -> None:
    assert name_of(f"http://files.example/{path}") == name
