"""Staging by HTTP PUT to a server of the operator's choice: WebDAV, an upload folder, a presigned prefix.

A file is uploaded once for each name it bears: `<spool folder>/put/<sha256>.json` remembers where. It is written before the
upload, so that a crash repeats the same URL and leaves no orphan. Names are made inert: that server may take less care.
Raises StagingRefusedError for an answer about the file itself, StagingLaterError for everything else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bridge import log
from bridge.clock import Clock
from bridge.config import schema
from bridge.errors import FileGoneError, StagingError, StagingLaterError, StagingRefusedError, StartError
from bridge.model import File, StagedFile
from bridge.staging import media
from bridge.staging.files import Store
from bridge.staging.uploads import Upload, Uploads

#: Answers that speak of this file; every other refusal is about the place, and the place can be mended.
_ABOUT_THE_FILE = frozenset({400, 406, 411, 413, 414, 415, 422, 431})
_CHUNK_BYTES = 256 * 1024
_LONGEST_WAIT_S = schema.DAY_S
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_DEEPEST = 8

#: A proxy named by the environment is for the world outside.
_DIRECT: dict[str, httpx.AsyncBaseTransport | None] = {
    "all://localhost": None,
    "all://127.0.0.1": None,
    "all://[::1]": None,
}


class Put:
    """Staging with links to another server, uploaded by PUT and removed by DELETE."""

    def __init__(
        self,
        settings: schema.Staging,
        folder: Path,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        cautious: Callable[[], datetime] | None = None,
    ) -> None:
        if settings.put is None:
            raise ValueError("the config has no staging.put")
        self._settings = settings
        self._put = settings.put
        self._store = Store(folder / "files")
        self._uploads = Uploads(folder / "put")
        self._clock = clock
        #: What has expired is told by the time that a leap of the clock does not move.
        self._cautious = cautious or clock.now
        self._headers = _headers(settings.put)
        self._http = httpx.AsyncClient(
            transport=transport,
            mounts=_DIRECT if transport is None else None,
            timeout=_TIMEOUT,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=4),
        )

    async def stage(self, file: File, delivery: str) -> StagedFile:
        if file.size_bytes > self._settings.max_file_bytes:
            raise StagingRefusedError(
                f"{file.size_bytes} bytes are more than staging.max_file_bytes ({self._settings.max_file_bytes})"
            )
        keep_days = self._settings.keep_inline_days if file.inline else self._settings.keep_days
        until = (self._clock.now() + timedelta(days=keep_days)).replace(microsecond=0)
        name = media.inert_name(file.name)
        try:
            async with self._uploads.locked(file.sha256):
                upload = self._uploads.plan(file.sha256, name, until)
                if not upload.done:
                    await self._upload(file, upload)
                    self._uploads.finish(file.sha256, name)
                    log.info("uploaded", id=delivery, sha256=file.sha256, size=file.size_bytes)
        except FileNotFoundError as error:
            raise FileGoneError("the decoded file was swept") from error
        except OSError as error:
            raise StagingLaterError(f"the file cannot be uploaded: {error.strerror}") from error
        return StagedFile(
            name=file.name,
            content_type=media.safe_type(file.content_type),
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            url=_filled(self._put.public_url, file.sha256, upload),
            expires_at=upload.until,
        )

    async def sweep(self) -> int:
        """Take expired files off the server and out of the store. What cannot be removed now is tried at the next sweep."""
        now = self._cautious()
        removed = 0
        for digest in self._uploads.digests():
            async with self._uploads.locked(digest):
                for upload in self._uploads.expired(digest, now):
                    if await self._delete(digest, upload):
                        self._uploads.forget(digest, upload.name)
                        removed += 1
        return removed + await asyncio.to_thread(self._store.sweep, now)

    async def close(self) -> None:
        await self._http.aclose()

    async def _upload(self, file: File, upload: Upload) -> None:
        url = _filled(self._put.url, file.sha256, upload)
        answer = await self._send(file, url)
        if answer.status_code in (404, 409) and await self._make_collections(url):
            answer = await self._send(file, url)
        if not answer.is_success:
            raise self._failure("the upload", answer)
        await self._look(_filled(self._put.public_url, file.sha256, upload), file.size_bytes)

    async def _send(self, file: File, url: str) -> httpx.Response:
        path = self._store.path(file.sha256)
        headers = {
            **self._headers,
            "content-type": media.safe_type(file.content_type),
            "content-length": str(path.stat().st_size),
        }
        return await self._ask("PUT", url, headers, _chunks(path))

    async def _make_collections(self, url: str) -> bool:
        """Make the missing parent collections of a WebDAV server, outermost first; whether any was made."""
        parts = urlsplit(url)
        segments = parts.path.split("/")[1:-1]
        made = False
        for depth in range(1, min(len(segments), _DEEPEST) + 1):
            parent = f"{parts.scheme}://{parts.netloc}/{'/'.join(segments[:depth])}/"
            answer = await self._ask("MKCOL", parent, self._headers)
            made = made or answer.status_code == 201
        return made

    async def _look(self, url: str, size_bytes: int) -> None:
        """Refuse to hand out a link that is seen to be dead. Where the look itself fails, the upload's answer stands."""
        try:
            answer = await self._ask("HEAD", url, {})
        except StagingLaterError as error:
            # The public address of a server often cannot be reached from the inside.
            log.warning("upload-not-checked", reason=str(error))
            return
        length = answer.headers.get("content-length")
        if answer.status_code in (401, 403, 404, 410):
            raise StagingLaterError(f"uploaded, but HEAD of the public URL answers {answer.status_code}")
        if answer.status_code == 200 and length is not None and length != str(size_bytes):
            raise StagingLaterError(f"uploaded {size_bytes} bytes, but the public URL has {length[:20]}")

    async def _delete(self, digest: str, upload: Upload) -> bool:
        if not self._put.delete:
            return True
        try:
            answer = await self._ask("DELETE", _filled(self._put.url, digest, upload), self._headers)
        except StagingError:
            return False
        return answer.is_success or answer.status_code in (404, 410)

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], content: AsyncIterator[bytes] | None = None
    ) -> httpx.Response:
        """The answer's head; its body is never read."""
        lost = ""
        try:
            async with self._http.stream(method, url, headers=headers, content=content) as answer:
                return answer
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            lost = type(error).__name__
        # Outside the handler: httpx's error holds the request, and so the secret headers.
        raise StagingLaterError(f"no answer to {method}: {lost}")

    def _failure(self, what: str, answer: httpx.Response) -> StagingError:
        status = answer.status_code
        if status in _ABOUT_THE_FILE:
            return StagingRefusedError(f"{what} was answered {status} {answer.reason_phrase[:80]}")
        return StagingLaterError(
            f"{what} was answered {status} {answer.reason_phrase[:80]}",
            _retry_after_s(answer.headers.get("retry-after"), self._clock.now()),
        )


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk


def _filled(template: str, digest: str, upload: Upload) -> str:
    return (
        template.replace("{sha256}", digest)
        .replace("{token}", upload.token)
        .replace("{name}", media.quoted_name(upload.name))
    )


def _headers(settings: schema.Put) -> dict[str, str]:
    """The configured headers with their secrets read. Raises StartError with the place of a secret, never its value."""
    headers = {}
    for name, value in settings.headers.items():
        try:
            headers[name] = value.read() if isinstance(value, schema.Secret) else value
        except (OSError, KeyError, UnicodeError) as error:
            raise StartError(
                f"the secret of staging.put.headers.{name} cannot be read ({type(error).__name__}): check its file, "
                f"environment variable or credential"
            ) from None
    return headers


def _retry_after_s(value: str | None, now: datetime) -> float | None:
    if value is None:
        return None
    if value.isascii() and value.isdigit() and len(value) < 12:
        return min(float(value), _LONGEST_WAIT_S)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return min(max((parsedate_to_datetime(value) - now).total_seconds(), 0.0), _LONGEST_WAIT_S)
    return None
