"""Staging by the bridge itself: signed, expiring links below `/f/`, answered so that no file can do harm.

A link holds everything that is needed to answer it, so links survive restarts and cost no memory. The signed token decides what
is served and under which name; the name at the URL's end is for those who read URLs. Whoever lacks a valid token learns nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer

from bridge import log, web
from bridge.clock import Clock
from bridge.config import schema
from bridge.errors import FileGoneError, StagingLaterError, StagingRefusedError
from bridge.model import File, StagedFile
from bridge.staging import media
from bridge.staging.files import Store

#: Called with the file's SHA-256 and the delivery's id each time a file was fetched to its end.
OnFetch = Callable[[str, str], Awaitable[None] | None]

_LONGEST_TOKEN = 4_096


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows."""

    sha256: str
    content_type: str
    #: Seconds since the epoch.
    until: int
    inline: bool
    name: str
    delivery: str


class Serve:
    """Staging with links to the bridge's own HTTP listener; `routes` answer them."""

    def __init__(
        self,
        settings: schema.Staging,
        folder: Path,
        keys: Sequence[bytes],
        clock: Clock,
        on_fetch: OnFetch | None = None,
        *,
        cautious: Callable[[], datetime] | None = None,
    ) -> None:
        if settings.serve is None:
            raise ValueError("the config has no staging.serve")
        self._settings = settings
        self._base = settings.serve.public_url.rstrip("/")
        self._store = Store(folder / "files")
        self._clock = clock
        #: What has expired is told by the time that a leap of the clock does not move.
        self._cautious = cautious or clock.now
        self._on_fetch = on_fetch
        self._tokens = URLSafeSerializer(
            list(reversed(keys)),  # itsdangerous signs with the last
            salt="staged-file",
            signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
        )

    @property
    def routes(self) -> list[web.Route]:
        # GET answers HEAD too. Without the second route starlette would redirect there with a slash.
        return [
            web.Route("/f/{token}/{name:path}", self._answer, methods=["GET"]),
            web.Route("/f/{token}", self._answer, methods=["GET"]),
        ]

    async def stage(self, file: File, delivery: str) -> StagedFile:
        if file.size_bytes > self._settings.max_file_bytes:
            raise StagingRefusedError(
                f"{file.size_bytes} bytes are more than staging.max_file_bytes ({self._settings.max_file_bytes})"
            )
        inline = file.inline and file.content_type in media.PICTURES
        keep_days = self._settings.keep_inline_days if file.inline else self._settings.keep_days
        until = (self._clock.now() + timedelta(days=keep_days)).replace(microsecond=0)
        try:
            await asyncio.to_thread(self._store.extend, self._store.path(file.sha256), until)
        except FileNotFoundError as error:
            raise FileGoneError("the decoded file was swept") from error
        except OSError as error:
            raise StagingLaterError(f"the file cannot be kept: {error.strerror}") from error
        content_type = media.safe_type(file.content_type)
        grant = Grant(file.sha256, content_type, int(until.timestamp()), inline, file.name, delivery)
        return StagedFile(
            name=file.name,
            content_type=content_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            url=f"{self._base}/f/{self._token(grant)}/{media.quoted_name(file.name)}",
            expires_at=until,
        )

    async def sweep(self) -> int:
        return await asyncio.to_thread(self._store.sweep, self._cautious())

    async def close(self) -> None:
        """Nothing is held open."""

    def _token(self, grant: Grant) -> str:
        fields = (
            grant.sha256,
            grant.content_type,
            grant.until,
            int(grant.inline),
            grant.name,
            grant.delivery,
        )
        return str(self._tokens.dumps(fields))

    def _grant(self, token: str) -> Grant | None:
        if len(token) > _LONGEST_TOKEN:
            return None
        try:
            digest, content_type, until, inline, name, delivery = self._tokens.loads(token)
        except (BadData, ValueError, TypeError):
            return None
        return Grant(digest, content_type, until, bool(inline), name, delivery)

    async def _answer(self, request: web.Request) -> web.Response:
        grant = self._grant(request.path_params["token"])
        if grant is None:
            return web.PlainTextResponse("Not found", 404)
        if grant.until <= self._cautious().timestamp():
            return web.PlainTextResponse("Gone", 410)
        path = self._store.path(grant.sha256)
        try:
            found = await asyncio.to_thread(os.stat, path)
        except OSError as error:
            log.error("file-missing", id=grant.delivery, sha256=grant.sha256, error=error.strerror)
            return web.PlainTextResponse("Not found", 404)
        return _Fetch(path, found, grant, self._on_fetch)


class _Fetch(web.FileResponse):
    """One answer with the file; tells `on_fetch` when a GET got its last byte."""

    def __init__(self, path: Path, found: os.stat_result, grant: Grant, on_fetch: OnFetch | None) -> None:
        super().__init__(
            path,
            filename=grant.name,
            stat_result=found,
            content_disposition_type="inline" if grant.inline else "attachment",
            headers=_headers(grant),
        )
        self._grant = grant
        self._on_fetch = on_fetch

    async def __call__(self, scope: web.Scope, receive: web.Receive, send: web.Send) -> None:
        to_its_end = whole = False

        async def watched(message: web.Message) -> None:
            nonlocal to_its_end, whole
            await send(message)
            if message["type"] == "http.response.start":
                to_its_end = _to_its_end(message)
            whole = (
                to_its_end and message["type"] == "http.response.body" and not message.get("more_body", False)
            )

        await super().__call__(scope, receive, watched)
        if whole and scope["method"] == "GET":
            await self._tell()

    async def _tell(self) -> None:
        if self._on_fetch is None:
            return
        try:
            told = self._on_fetch(self._grant.sha256, self._grant.delivery)
            if told is not None:
                await told
        except Exception as error:  # noqa: BLE001 - the file is already with its reader
            log.error("fetch-unrecorded", id=self._grant.delivery, error=type(error).__name__)


def _to_its_end(start: web.Message) -> bool:
    """Whether the answer holds the file's last byte: all of it, or a range that reaches there."""
    if start["status"] != 206:
        return bool(start["status"] == 200)
    headers: dict[bytes, bytes] = dict(start["headers"])
    span, _, size = headers.get(b"content-range", b"").rpartition(b"/")
    return size.isdigit() and span.endswith(b"-%d" % (int(size) - 1))


def _headers(grant: Grant) -> dict[str, str]:
    return {
        # Given outright: starlette would claim UTF-8 for every text.
        "content-type": grant.content_type,
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex, nofollow",
        "cross-origin-resource-policy": "cross-origin" if grant.inline else "same-origin",
        "cache-control": "private, max-age=86400, immutable" if grant.inline else "private, no-store",
        "etag": f'"{grant.sha256}"',
        # The file's own time is its expiry.
        "last-modified": "Thu, 01 Jan 1970 00:00:00 GMT",
    }
