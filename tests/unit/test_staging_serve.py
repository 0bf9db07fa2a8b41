"""Links answered by the bridge itself: what they give, for how long, and what they never do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bridge.clock import FixedClock
from bridge.config import schema
from bridge.errors import FileGoneError, StagingRefusedError
from bridge.model import File, StagedFile
from bridge.staging.files import Store
from bridge.staging.put import Put
from bridge.staging.serve import OnFetch, Serve
from bridge.web import Server, Starlette, bind

pytestmark = pytest.mark.anyio

KEY, OLD_KEY = b"k" * 32, b"o" * 32
PDF = b"%PDF-1.7 " + bytes(range(256)) * 600


class Site:
    """A staging with its routes, and a reader of its links."""

    def __init__(
        self,
        folder: Path,
        clock: FixedClock,
        *,
        keys: tuple[bytes, ...] = (KEY,),
        on_fetch: OnFetch | None = None,
    ) -> None:
        self.fetched: list[tuple[str, str]] = []
        settings = schema.Staging(
            serve=schema.Serve(public_url="https://files.example.com/mail/"), max_file_bytes=500_000
        )
        self.clock = clock
        self.store = Store(folder / "files")
        self.serve = Serve(settings, folder, keys, clock, on_fetch or self._note)
        app = Starlette(routes=self.serve.routes)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bridge")

    def _note(self, sha256: str, delivery: str) -> None:
        self.fetched.append((sha256, delivery))

    def file(
        self,
        content: bytes = PDF,
        name: str = "offer.pdf",
        content_type: str = "application/pdf",
        *,
        inline: bool = False,
    ) -> File:
        path, size_bytes, sha256 = self.store.write([content], until=self.clock.now())
        return File(
            leaf=1,
            name=name,
            content_type=content_type,
            path=path,
            size_bytes=size_bytes,
            sha256=sha256,
            inline=inline,
        )

    async def get(self, staged: StagedFile | str, method: str = "GET", **headers: str) -> httpx.Response:
        url = staged if isinstance(staged, str) else staged.url
        # A reverse proxy takes the prefix off.
        path = urlsplit(url)._replace(scheme="", netloc="").geturl().removeprefix("/mail")
        return await self.http.request(method, path, headers=headers)


@pytest.fixture
def site(tmp_path: Path, clock: FixedClock) -> Site:
    return Site(tmp_path, clock)


async def test_a_staged_file_is_fetched_byte_for_byte(site: Site, clock: FixedClock) -> None:
    file = site.file()
    staged = await site.serve.stage(file, "m1")
    assert staged.url.startswith("https://files.example.com/mail/f/")
    assert staged.url.endswith("/offer.pdf")
    assert staged.expires_at == clock.now() + timedelta(days=30)
    assert (staged.name, staged.content_type, staged.size_bytes, staged.sha256) == (
        "offer.pdf",
        "application/pdf",
        len(PDF),
        file.sha256,
    )
    for _ in range(3):  # never single-use
        answer = await site.get(staged)
        assert answer.status_code == 200
        assert answer.content == PDF
    assert answer.headers["content-length"] == str(len(PDF))
    assert site.fetched == [(file.sha256, "m1")] * 3


async def test_every_answer_is_harmless(site: Site) -> None:
    answer = await site.get(await site.serve.stage(site.file(), "m1"))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="offer.pdf"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "content_type", ["text/html", "image/svg+xml", "text/javascript", "application/xhtml+xml"]
)
@pytest.mark.parametrize("inline", [True, False])
async def test_what_a_browser_would_run_is_a_download_of_bytes(
    site: Site, content_type: str, inline: bool
) -> None:
    file = site.file(b"<script>alert(1)</script>", "page.html", content_type, inline=inline)
    answer = await site.get(await site.serve.stage(file, "m1"))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "image/gif", "image/webp"])
async def test_a_picture_in_the_body_is_shown_in_place_and_kept_long(
    site: Site, clock: FixedClock, content_type: str
) -> None:
    file = site.file(b"picture", "logo.img", content_type, inline=True)
    staged = await site.serve.stage(file, "m1")
    answer = await site.get(staged)
    assert answer.headers["content-disposition"] == 'inline; filename="logo.img"'
    assert answer.headers["content-type"] == content_type
    assert "max-age" in answer.headers["cache-control"]
    assert staged.expires_at == clock.now() + timedelta(days=3_650)
    attached = await site.get(await site.serve.stage(site.file(b"picture", "logo.img", content_type), "m1"))
    assert attached.headers["content-disposition"].startswith("attachment;")


async def test_text_is_not_said_to_be_utf_8(site: Site) -> None:
    answer = await site.get(await site.serve.stage(site.file(b"\xe4", "a.txt", "text/plain"), "m1"))
    assert answer.headers["content-type"] == "text/plain"


@pytest.mark.parametrize(
    "name", ["Übersicht – Mai.pdf", 'a"b\\c.pdf', "100%.pdf", "x;y=z.pdf", "r\u202egpj.pdf"]
)
async def test_any_name_arrives_in_the_header_and_breaks_nothing(site: Site, name: str) -> None:
    staged = await site.serve.stage(site.file(name=name), "m1")
    assert staged.name == name
    answer = await site.get(staged)
    assert answer.content == PDF
    assert httpx.URL("x://h/" + answer.headers["content-disposition"].partition("''")[2]).path == f"/{name}"


async def test_the_signed_name_counts_not_the_one_in_the_url(site: Site) -> None:
    staged = await site.serve.stage(site.file(), "m1")
    answer = await site.get(staged.url.replace("offer.pdf", "evil.html"))
    assert answer.headers["content-disposition"] == 'attachment; filename="offer.pdf"'


async def test_head_says_all_but_the_bytes_and_is_no_fetch(site: Site) -> None:
    staged = await site.serve.stage(site.file(), "m1")
    for _ in range(2):
        answer = await site.get(staged, "HEAD")
        assert answer.status_code == 200
        assert answer.headers["content-length"] == str(len(PDF))
        assert answer.content == b""
    assert site.fetched == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_changed_by_a_link(site: Site, method: str) -> None:
    staged = await site.serve.stage(site.file(), "m1")
    assert (await site.get(staged, method)).status_code == 405
    assert (await site.get(staged)).content == PDF


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=0-9", 206, PDF[:10]),
        ("bytes=-5", 206, PDF[-5:]),
        (f"bytes={len(PDF) - 3}-", 206, PDF[-3:]),
        (f"bytes={len(PDF)}-", 416, None),
        ("bytes=9-2", 400, None),
        ("lines=1-2", 400, None),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(5_000)), 200, PDF),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_ranges_are_answered(site: Site, asked: str, status: int, content: bytes | None) -> None:
    answer = await site.get(await site.serve.stage(site.file(), "m1"), range=asked)
    assert answer.status_code == status
    if content is not None:
        assert answer.content == content


@pytest.mark.parametrize(
    ("asked", "fetched"),
    [
        ("bytes=0-9", False),
        ("bytes=5-", True),
        ("bytes=-5", True),
        (f"bytes={len(PDF)}-", False),
        ("bytes=0-0,5-6", False),
        ("lines=1-2", False),
    ],
)
async def test_a_file_was_fetched_when_its_last_byte_was(site: Site, asked: str, fetched: bool) -> None:
    await site.get(await site.serve.stage(site.file(), "m1"), range=asked)
    assert bool(site.fetched) is fetched


async def test_a_range_goes_on_only_with_the_same_file(site: Site) -> None:
    file = site.file()
    staged = await site.serve.stage(file, "m1")
    head = await site.get(staged, "HEAD")
    assert head.headers["etag"] == f'"{file.sha256}"'
    assert (
        await site.get(staged, **{"range": "bytes=5-", "if-range": head.headers["etag"]})
    ).status_code == 206
    assert (await site.get(staged, **{"range": "bytes=5-", "if-range": '"other"'})).status_code == 200


async def test_an_empty_file_can_be_fetched(site: Site) -> None:
    answer = await site.get(await site.serve.stage(site.file(b"", "empty.txt"), "m1"))
    assert (answer.status_code, answer.content) == (200, b"")


# -- who may not -----------------------------------------------------------------------------------


async def test_a_link_ends_with_its_time(site: Site, clock: FixedClock) -> None:
    staged = await site.serve.stage(site.file(), "m1")
    clock.at = staged.expires_at - timedelta(seconds=1)
    assert (await site.get(staged)).status_code == 200
    clock.advance(1)
    answer = await site.get(staged)
    assert (answer.status_code, answer.text) == (410, "Gone")


async def test_a_changed_token_opens_nothing(site: Site, tmp_path: Path, clock: FixedClock) -> None:
    staged = await site.serve.stage(site.file(), "m1")
    token = urlsplit(staged.url).path.split("/")[3]
    stranger = await Site(tmp_path, clock, keys=(OLD_KEY,)).serve.stage(site.file(), "m1")
    body, _, signature = token.rpartition(".")
    wrong = [
        "x",
        "",
        "..",
        "%2e%2e%2f%2e%2e%2fkeys",
        "%00",
        "é",
        token[:-1],
        token + "A",
        body,
        f"{body}.",
        f".{signature}",
        f"A{token}",
        ("B" if token[3] != "B" else "C").join((token[:3], token[4:])),
        urlsplit(stranger.url).path.split("/")[3],
        "x" * 5_000,
        site.file().sha256,
    ]
    for each in wrong:
        answer = await site.get(f"https://files.example.com/mail/f/{each}/offer.pdf")
        assert answer.status_code == 404, each
        assert answer.text in ("Not found", "Not Found")
    assert site.fetched == []


@pytest.mark.parametrize("name", ["../keys", "%2e%2e/%2e%2e/keys", "..%2f..%2fkeys", "a/../../keys", "%00"])
async def test_the_name_in_the_url_leads_nowhere(site: Site, tmp_path: Path, name: str) -> None:
    (tmp_path / "keys").write_text("secret")
    staged = await site.serve.stage(site.file(), "m1")
    answer = await site.get(staged.url.replace("offer.pdf", name))
    assert "secret" not in answer.text
    assert answer.content == PDF or answer.status_code == 404


async def test_links_outlive_a_restart_and_a_new_key(tmp_path: Path, clock: FixedClock) -> None:
    before = Site(tmp_path, clock, keys=(OLD_KEY,))
    staged = await before.serve.stage(before.file(), "m1")
    assert (await Site(tmp_path, clock, keys=(KEY, OLD_KEY)).get(staged)).content == PDF
    assert (await Site(tmp_path, clock, keys=(KEY,)).get(staged)).status_code == 404
    new = await Site(tmp_path, clock, keys=(KEY, OLD_KEY)).serve.stage(before.file(), "m1")
    assert (await Site(tmp_path, clock, keys=(KEY,)).get(new)).content == PDF


# -- keeping and sweeping --------------------------------------------------------------------------


async def test_a_file_is_kept_as_long_as_its_longest_link(site: Site, clock: FixedClock) -> None:
    file = site.file()
    staged = await site.serve.stage(file, "m1")
    clock.advance(10 * 86_400)
    again = await site.serve.stage(file, "m2")
    clock.at = staged.expires_at + timedelta(days=1)
    assert await site.serve.sweep() == 0
    assert (await site.get(staged)).status_code == 410
    assert (await site.get(again)).content == PDF
    clock.at = again.expires_at + timedelta(days=1)
    assert await site.serve.sweep() == 1
    assert not file.path.exists()


async def test_a_swept_file_cannot_be_staged(site: Site) -> None:
    file = site.file()
    file.path.unlink()
    with pytest.raises(FileGoneError):
        await site.serve.stage(file, "m1")


async def test_a_link_to_a_lost_file_is_answered_404(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    file = site.file()
    staged = await site.serve.stage(file, "m1")
    file.path.unlink()
    assert (await site.get(staged)).status_code == 404
    assert site.fetched == []


async def test_a_file_too_large_is_refused_for_good(site: Site) -> None:
    with pytest.raises(StagingRefusedError, match="max_file_bytes"):
        await site.serve.stage(site.file(b"x" * 500_001), "m1")


# -- telling ---------------------------------------------------------------------------------------


async def test_a_fetch_may_be_told_to_something_asynchronous(tmp_path: Path, clock: FixedClock) -> None:
    told = []

    async def note(sha256: str, delivery: str) -> None:
        told.append((sha256, delivery))

    site = Site(tmp_path, clock, on_fetch=note)
    await site.get(await site.serve.stage(site.file(), "m7"))
    assert told == [(site.file().sha256, "m7")]


async def test_a_teller_that_fails_does_not_spoil_the_fetch(tmp_path: Path, clock: FixedClock) -> None:
    def failing(_sha256: str, _delivery: str) -> Awaitable[None] | None:
        raise RuntimeError("the spool is closed")

    site = Site(tmp_path, clock, on_fetch=failing)
    assert (await site.get(await site.serve.stage(site.file(), "m1"))).content == PDF


async def test_a_fetch_that_breaks_off_is_none(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock)
    site.serve = Serve(
        schema.Staging(serve=schema.Serve(public_url="https://files.example.com/mail")),
        tmp_path,
        (KEY,),
        clock,
        site._note,
    )
    # More than the kernel buffers for a peer that does not read.
    staged = await site.serve.stage(site.file(bytes(30_000_000)), "m1")
    server = Server(Starlette(routes=site.serve.routes), bind("127.0.0.1:0"))
    await server.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        path = urlsplit(staged.url).path.removeprefix("/mail")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: bridge\r\n\r\n".encode())
        assert await reader.readexactly(12) == b"HTTP/1.1 200"
        writer.transport.abort()
    finally:
        await server.stop()
    assert site.fetched == []


def test_each_staging_asks_for_its_own_section(tmp_path: Path, clock: FixedClock) -> None:
    serve = schema.Staging(serve=schema.Serve(public_url="https://files.example.com"))
    put = schema.Staging(put=schema.Put(url="http://u/{token}", public_url="http://p/{token}"))
    with pytest.raises(ValueError, match=r"staging\.put"):
        Put(serve, tmp_path, clock)
    with pytest.raises(ValueError, match=r"staging\.serve"):
        Serve(put, tmp_path, (KEY,), clock)
