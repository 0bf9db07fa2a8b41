"""Upload by PUT: once, streamed, to a server that may be a WebDAV share, and gone after its time."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.clock import FixedClock
from bridge.config import schema
from bridge.errors import FileGoneError, StagingError, StagingLaterError, StagingRefusedError, StartError
from bridge.model import File
from bridge.staging.files import Store
from bridge.staging.put import Put
from bridge.web import Request, Response, Route, Server, Starlette, bind

pytestmark = pytest.mark.anyio

UPLOAD = "http://dav/share/{sha256}/{token}/{name}"
PUBLIC = "http://public/{sha256}/{token}/{name}"
SECRET = "s3cret-dav-passphrase"


class Depot:
    """A server that takes PUT, MKCOL, HEAD and DELETE; answers what a test queues first."""

    def __init__(self, *, collections: bool = False) -> None:
        self.files: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.folders = {"/", "/share/"}
        self.needs_folders = collections
        self.log: list[str] = []
        self.headers: list[httpx.Headers] = []
        self.queued: dict[str, list[Response | Exception]] = {}
        methods = ["PUT", "MKCOL", "HEAD", "DELETE"]
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=methods)])

    def queue(self, method: str, *answers: Response | Exception | int) -> None:
        self.queued[method] = [Response(status_code=a) if isinstance(a, int) else a for a in answers]

    def count(self, method: str) -> int:
        return sum(line == method for line in self.log)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/share") if request.url.hostname == "dav" else request.url.path
        self.log.append(request.method)
        self.headers.append(httpx.Headers(request.headers.raw))
        if self.queued.get(request.method):
            queued = self.queued[request.method].pop(0)
            if isinstance(queued, Exception):
                raise queued
            return queued
        match request.method:
            case "PUT":
                folder = request.url.path.rpartition("/")[0] + "/"
                if self.needs_folders and folder not in self.folders:
                    return Response(status_code=409)
                self.files[path] = await request.body()
                self.types[path] = request.headers["content-type"]
                return Response(status_code=201)
            case "MKCOL":
                folder = request.url.path
                parent = folder.rstrip("/").rpartition("/")[0] + "/"
                if folder in self.folders or parent not in self.folders:
                    return Response(status_code=405 if folder in self.folders else 409)
                self.folders.add(folder)
                return Response(status_code=201)
            case "HEAD":
                content = self.files.get(path)
                if content is None:
                    return Response(status_code=404)
                return Response(headers={"content-length": str(len(content))})
            case _:
                return Response(status_code=204 if self.files.pop(path, None) is not None else 404)


class Place:
    """A `Put` over a depot, and files to stage."""

    def __init__(self, folder: Path, clock: FixedClock, depot: Depot, **put: Any) -> None:
        put = {"url": UPLOAD, "public_url": PUBLIC, **put}
        self.folder = folder
        self.depot = depot
        self.store = Store(folder / "files")
        settings = schema.Staging(put=schema.Put(**put), max_file_bytes=2_000_000)
        self.put = Put(settings, folder, clock, httpx.ASGITransport(depot.app))

    def file(
        self,
        content: bytes = b"content",
        name: str = "offer.pdf",
        content_type: str = "application/pdf",
        **more: Any,
    ) -> File:
        path, size_bytes, sha256 = self.store.write([content])
        return File(
            leaf=1,
            name=name,
            content_type=content_type,
            path=path,
            size_bytes=size_bytes,
            sha256=sha256,
            **more,
        )

    def records(self) -> list[Path]:
        return sorted((self.folder / "put").glob("*"))


@pytest.fixture
def place(tmp_path: Path, clock: FixedClock) -> Iterator[Place]:
    place = Place(tmp_path, clock, Depot())
    yield place
    assert place.put._uploads._locks == {}, "a lock was left behind"


async def test_a_file_is_uploaded_and_can_be_fetched_at_its_public_url(
    place: Place, clock: FixedClock
) -> None:
    file = place.file()
    staged = await place.put.stage(file, "m1")
    ((path, content),) = place.depot.files.items()
    assert content == b"content"
    assert place.depot.types[path] == "application/pdf"
    assert staged.url == f"http://public{path}"
    assert path.startswith(f"/{file.sha256}/")
    assert path.endswith("/offer.pdf")
    assert len(path.split("/")[2]) >= 32  # the unguessable part
    assert staged.expires_at == clock.now() + timedelta(days=30)
    assert place.depot.log == ["PUT", "HEAD"]


async def test_the_same_file_is_uploaded_once(place: Place, tmp_path: Path, clock: FixedClock) -> None:
    file = place.file()
    first = await place.put.stage(file, "m1")
    again = await asyncio.gather(*(place.put.stage(file, f"m{n}") for n in range(2, 6)))
    restarted = await Place(tmp_path, clock, place.depot).put.stage(file, "m9")
    assert {first.url, restarted.url, *(each.url for each in again)} == {first.url}
    assert place.depot.count("PUT") == 1


async def test_mails_with_the_same_file_at_once_upload_it_once(place: Place) -> None:
    file = place.file()
    staged = await asyncio.gather(*(place.put.stage(file, f"m{n}") for n in range(5)))
    assert len({each.url for each in staged}) == 1
    assert place.depot.count("PUT") == 1


async def test_another_name_is_another_url(place: Place) -> None:
    one = await place.put.stage(place.file(name="a.pdf"), "m1")
    two = await place.put.stage(place.file(name="b.pdf"), "m1")
    assert one.url.rpartition("/")[2] == "a.pdf"
    assert two.url.rpartition("/")[2] == "b.pdf"
    assert len(place.depot.files) == 2


async def test_a_name_a_server_would_run_is_made_inert(place: Place) -> None:
    staged = await place.put.stage(place.file(b"<?php", "shell.php", "application/x-php"), "m1")
    assert staged.name == "shell.php"
    assert staged.url.endswith("/shell_php.bin")
    assert list(place.depot.types.values()) == ["application/octet-stream"]


@pytest.mark.parametrize("name", ["a b/ç?#%.pdf", "{token}{sha256}.pdf", "../../x", ".."])
async def test_any_name_is_one_segment(place: Place, name: str) -> None:
    staged = await place.put.stage(place.file(name=name), "m1")
    raw = httpx.URL(staged.url).raw_path.decode()
    assert raw.count("/") == 3
    assert ".." not in raw.split("/")
    assert "{" not in raw


async def test_a_crash_while_uploading_repeats_the_same_url(
    place: Place, tmp_path: Path, clock: FixedClock
) -> None:
    file = place.file()
    place.depot.queue("PUT", RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        await place.put.stage(file, "m1")
    (record,) = place.records()
    (planned,) = json.loads(record.read_text())
    staged = await Place(tmp_path, clock, place.depot).put.stage(file, "m1")
    assert planned["token"] in staged.url


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'[{"name": "offer.pdf"}]', b"\xff"])
async def test_a_damaged_record_means_a_new_upload(place: Place, content: bytes) -> None:
    file = place.file()
    await place.put.stage(file, "m1")
    place.records()[0].write_bytes(content)
    await place.put.stage(file, "m2")
    assert place.depot.count("PUT") == 2


async def test_a_body_is_streamed_with_its_length(tmp_path: Path, clock: FixedClock) -> None:
    seen: dict[str, str] = {}
    chunks = 0

    async def answer(request: Request) -> Response:
        nonlocal chunks
        seen.update(request.headers)
        async for chunk in request.stream():
            chunks += bool(chunk)
        return Response(status_code=201)

    server = Server(
        Starlette(routes=[Route("/{p:path}", answer, methods=["PUT", "HEAD"])]), bind("127.0.0.1:0")
    )
    await server.start()
    try:
        base = f"http://127.0.0.1:{server.port}/{{sha256}}/{{name}}"
        settings = schema.Staging(put=schema.Put(url=base, public_url=base))
        put = Put(settings, tmp_path, clock)
        place = Place(tmp_path, clock, Depot())
        await put.stage(place.file(bytes(3_000_000), "big.zip", "application/zip"), "m1")
        await put.close()
    finally:
        await server.stop()
    assert seen["content-length"] == "3000000"
    assert "transfer-encoding" not in seen
    assert chunks > 1


# -- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, StagingLaterError),
        (400, StagingRefusedError),
        (401, StagingLaterError),
        (403, StagingLaterError),
        (405, StagingLaterError),
        (408, StagingLaterError),
        (411, StagingRefusedError),
        (413, StagingRefusedError),
        (415, StagingRefusedError),
        (422, StagingRefusedError),
        (423, StagingLaterError),
        (429, StagingLaterError),
        (500, StagingLaterError),
        (503, StagingLaterError),
        (507, StagingLaterError),
    ],
)
async def test_an_answer_to_the_upload_means(place: Place, status: int, error: type[StagingError]) -> None:
    place.depot.queue("PUT", status)
    with pytest.raises(StagingError, match=str(status)) as caught:
        await place.put.stage(place.file(), "m1")
    assert type(caught.value) is error
    place.depot.queued.clear()
    await place.put.stage(place.file(), "m1")


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("20", 20.0),
        ("99999999", 86_400.0),
        ("Mon, 02 Nov 2026 09:31:00 GMT", 60.0),
        ("soon", None),
        ("", None),
    ],
)
async def test_the_wait_a_server_asks_for_is_handed_on(
    place: Place, value: str, wait_s: float | None
) -> None:
    place.depot.queue("PUT", Response(status_code=503, headers={"retry-after": value}))
    with pytest.raises(StagingLaterError) as caught:
        await place.put.stage(place.file(), "m1")
    assert caught.value.retry_after_s == wait_s


async def test_missing_collections_of_a_webdav_share_are_made(tmp_path: Path, clock: FixedClock) -> None:
    place = Place(tmp_path, clock, Depot(collections=True))
    await place.put.stage(place.file(), "m1")
    assert list(place.depot.files.values()) == [b"content"]
    assert place.depot.count("PUT") == 2


async def test_a_share_that_lets_nothing_be_made_is_tried_later(place: Place) -> None:
    place.depot.queue("PUT", 409, 409)
    place.depot.queue("MKCOL", 403, 403, 403)
    with pytest.raises(StagingLaterError, match="409"):
        await place.put.stage(place.file(), "m1")
    assert place.depot.count("PUT") == 1


async def test_no_connection_is_tried_later(tmp_path: Path, clock: FixedClock) -> None:
    def dead(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    place = Place(tmp_path, clock, Depot())
    settings = schema.Staging(put=schema.Put(url=UPLOAD, public_url=PUBLIC))
    with pytest.raises(StagingLaterError, match="ConnectError"):
        await Put(settings, tmp_path, clock, httpx.MockTransport(dead)).stage(place.file(), "m1")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_link_that_is_seen_to_be_dead_is_not_handed_out(place: Place, status: int) -> None:
    place.depot.queue("HEAD", status)
    with pytest.raises(StagingLaterError, match=f"HEAD.*{status}"):
        await place.put.stage(place.file(), "m1")


async def test_a_public_file_of_another_size_is_not_handed_out(place: Place) -> None:
    place.depot.queue("HEAD", Response(headers={"content-length": "3"}))
    with pytest.raises(StagingLaterError, match="has 3"):
        await place.put.stage(place.file(), "m1")


@pytest.mark.parametrize("status", [302, 405, 500, 501])
async def test_a_look_that_tells_nothing_is_no_objection(place: Place, status: int) -> None:
    place.depot.queue("HEAD", status)
    await place.put.stage(place.file(), "m1")


async def test_a_public_address_out_of_reach_is_no_objection(tmp_path: Path, clock: FixedClock) -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        if request.method == "HEAD":
            raise httpx.ConnectTimeout("no way out", request=request)
        return httpx.Response(201)

    place = Place(tmp_path, clock, Depot())
    settings = schema.Staging(put=schema.Put(url=UPLOAD, public_url=PUBLIC))
    await Put(settings, tmp_path, clock, httpx.MockTransport(answering)).stage(place.file(), "m1")


async def test_a_file_too_large_is_refused_before_it_is_sent(place: Place) -> None:
    with pytest.raises(StagingRefusedError):
        await place.put.stage(place.file(bytes(2_000_001)), "m1")
    assert place.depot.log == []


async def test_a_swept_file_must_be_decoded_again(place: Place) -> None:
    file = place.file()
    file.path.unlink()
    with pytest.raises(FileGoneError):
        await place.put.stage(file, "m1")


# -- secrets ---------------------------------------------------------------------------------------


async def test_headers_go_to_the_upload_and_never_to_the_public_url(
    tmp_path: Path, clock: FixedClock
) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    headers = {"Authorization": schema.Secret(file=tmp_path / "secret"), "X-Area": "mail"}
    place = Place(tmp_path, clock, Depot(), headers=headers)
    await place.put.stage(place.file(), "m1")
    put, head = place.depot.headers
    assert put["authorization"] == SECRET
    assert put["x-area"] == "mail"
    assert "authorization" not in head


@pytest.mark.parametrize("trouble", [httpx.ReadError("x"), httpx.ConnectError("x"), 401, 422])
async def test_a_secret_header_is_in_no_error_or_log(
    tmp_path: Path,
    clock: FixedClock,
    trouble: Exception | int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DAV", SECRET)

    def answering(_request: httpx.Request) -> httpx.Response:
        if isinstance(trouble, Exception):
            raise trouble
        return httpx.Response(trouble)

    headers = {"Authorization": schema.Secret(env="DAV")}
    settings = schema.Staging(put=schema.Put(url=UPLOAD, public_url=PUBLIC, headers=headers))
    put = Put(settings, tmp_path, clock, httpx.MockTransport(answering))
    with pytest.raises(StagingError) as caught:
        await put.stage(Place(tmp_path, clock, Depot()).file(), "m1")
    error: BaseException | None = caught.value
    while error is not None:
        assert not isinstance(error, httpx.HTTPError)
        error = error.__cause__ or error.__context__
    shown = (
        "".join(traceback.format_exception(caught.value)) + repr(put) + caplog.text + capsys.readouterr().err
    )
    assert SECRET not in shown


def test_a_secret_that_cannot_be_read_stops_the_start(tmp_path: Path, clock: FixedClock) -> None:
    headers = {"Authorization": schema.Secret(file=tmp_path / "none")}
    with pytest.raises(StartError, match=r"headers\.Authorization"):
        Place(tmp_path, clock, Depot(), headers=headers)


# -- sweeping --------------------------------------------------------------------------------------


async def test_an_expired_file_is_taken_off_the_server(place: Place, clock: FixedClock) -> None:
    staged = await place.put.stage(place.file(), "m1")
    clock.at = staged.expires_at - timedelta(seconds=1)
    await place.put.sweep()
    assert place.depot.files
    clock.advance(2)
    assert await place.put.sweep() >= 1
    assert place.depot.files == {}
    assert place.records() == []


async def test_a_file_staged_again_is_kept_for_the_later_time(place: Place, clock: FixedClock) -> None:
    file = place.file()
    first = await place.put.stage(file, "m1")
    clock.advance(10 * 86_400)
    second = await place.put.stage(file, "m2")
    assert second.expires_at == first.expires_at + timedelta(days=10)
    clock.at = first.expires_at + timedelta(seconds=1)
    await place.put.sweep()
    assert place.depot.files


async def test_pictures_of_a_body_are_kept_long(place: Place, clock: FixedClock) -> None:
    staged = await place.put.stage(place.file(b"p", "logo.png", "image/png", inline=True), "m1")
    assert staged.expires_at == clock.now() + timedelta(days=3_650)


@pytest.mark.parametrize(
    ("status", "forgotten"), [(204, True), (404, True), (410, True), (403, False), (503, False)]
)
async def test_what_cannot_be_deleted_now_is_tried_at_the_next_sweep(
    place: Place, clock: FixedClock, status: int, forgotten: bool
) -> None:
    await place.put.stage(place.file(), "m1")
    clock.advance(31 * 86_400)
    place.depot.queue("DELETE", status)
    await place.put.sweep()
    assert (place.records() == []) is forgotten
    await place.put.sweep()
    assert place.records() == []


async def test_a_server_that_keeps_everything_is_not_asked_to_delete(
    tmp_path: Path, clock: FixedClock
) -> None:
    place = Place(tmp_path, clock, Depot(), delete=False)
    await place.put.stage(place.file(), "m1")
    clock.advance(31 * 86_400)
    await place.put.sweep()
    assert place.depot.count("DELETE") == 0
    assert place.records() == []
