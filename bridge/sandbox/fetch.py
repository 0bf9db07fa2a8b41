"""Fetches attachments the way the API says Re:amaze does: by HTTP, on its own account, from the URL it was given.

Bounded in size and time, never through a proxy, http and https only. Files are kept on disk under their digest, so a test can
compare them byte for byte and memory stays flat.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import re
import socket
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from bridge.sandbox.behaviour import Behaviour
from bridge.sandbox.state import Attachment, Message, Stored

_CHUNK_BYTES = 256 * 1024
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_PARALLEL = 4


class FetchError(Exception):
    """A URL could not be fetched; the text says why."""


class Fetcher:
    """Fetches in the background; `idle` waits for what is under way, `close` gives it up."""

    def __init__(
        self, behaviour: Callable[[], Behaviour], told: Callable[[Message, Attachment], None]
    ) -> None:
        self._behaviour = behaviour
        self._tell = told
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(_PARALLEL)

    async def before(self, urls: Sequence[str]) -> list[Attachment]:
        """The attachments of a message that is not yet applied, fetched."""
        found = [Attachment(url) for url in urls]
        await asyncio.gather(*(self._fetch(attachment) for attachment in found))
        return found

    def later(self, message: Message, attachments: Sequence[Attachment], delay_s: float = 0.0) -> None:
        """Fetch in the background, and tell the result."""
        for attachment in attachments:
            task = asyncio.create_task(self._run(message, attachment, delay_s))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def told(self, message: Message, attachments: Sequence[Attachment]) -> None:
        """Tell what `before` fetched, now that it has a message."""
        for attachment in attachments:
            self._tell(message, attachment)

    async def idle(self) -> None:
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.idle()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    async def _run(self, message: Message, attachment: Attachment, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await self._fetch(attachment)
        self._tell(message, attachment)

    async def _fetch(self, attachment: Attachment) -> None:
        behaviour = self._behaviour()
        times = 1 if attachment.picture else behaviour.fetch_times
        tries_left = 0 if attachment.picture else behaviour.fetch_retries
        while times > 0:
            attachment.fetches += 1
            try:
                async with self._slots:
                    attachment.stored = await asyncio.to_thread(
                        download, attachment.url, behaviour, self._path()
                    )
            except FetchError as error:
                attachment.failure = str(error)
                if tries_left == 0:
                    return
                tries_left -= 1
                await asyncio.sleep(behaviour.fetch_retry_s)
            else:
                attachment.failure = ""
                times -= 1

    def _path(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
        return Path(self._folder.name)


def download(url: str, behaviour: Behaviour, folder: Path) -> Stored:
    """The file behind a URL, stored in the folder. Blocks; raises FetchError."""
    if not behaviour.fetch_private and private(url):
        raise FetchError("the address is private")
    opener = _opener(redirects=behaviour.fetch_redirects)
    request = urllib.request.Request(url, headers={"User-Agent": "Re:amaze stand-in"})  # noqa: S310 - _opener knows http(s) alone
    deadline = time.monotonic() + behaviour.fetch_timeout_s
    try:
        with opener.open(request, timeout=min(10.0, behaviour.fetch_timeout_s)) as answer:
            content_type = str(answer.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
            expected = answer.headers.get("Content-Length")
            sha256, size_bytes, path = _store(answer, folder, behaviour.fetch_max_bytes, deadline)
    except urllib.error.HTTPError as error:
        error.close()
        raise FetchError(f"answered {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise FetchError(f"{type(error).__name__}: {error}") from error
    if expected is not None and expected.isdigit() and int(expected) != size_bytes:
        raise FetchError(f"{size_bytes} bytes came, {expected} were announced")
    return Stored(
        name=name_of(url),
        content_type=content_type if _TYPE.fullmatch(content_type) else "application/octet-stream",
        size_bytes=size_bytes,
        sha256=sha256,
        path=path,
    )


def _store(answer: Any, folder: Path, limit_bytes: int, deadline: float) -> tuple[str, int, Path]:
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        part = Path(file.name)
        try:
            sha256, size_bytes = _copy(answer, file, limit_bytes, deadline)
        except BaseException:
            part.unlink()
            raise
    path = folder / sha256
    part.replace(path)
    return sha256, size_bytes, path


def _copy(answer: Any, file: IO[bytes], limit_bytes: int, deadline: float) -> tuple[str, int]:
    digest, size_bytes = hashlib.sha256(), 0
    while chunk := answer.read(_CHUNK_BYTES):
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            raise FetchError(f"larger than {limit_bytes} bytes")
        if time.monotonic() > deadline:
            raise FetchError("took too long")
        digest.update(chunk)
        file.write(chunk)
    return digest.hexdigest(), size_bytes


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def _opener(*, redirects: bool) -> urllib.request.OpenerDirector:
    # Put together by hand: build_opener would add file: and ftp:, and the proxies of the environment.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler() if redirects else _NoRedirects(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def name_of(url: str) -> str:
    """The file name: the last segment of the path, as Re:amaze most likely takes it."""
    segment = unquote(urlsplit(url).path.rpartition("/")[2])
    plain = "".join(c for c in segment if c.isprintable() and c not in "/\\")
    return plain[:200] or "file"


def private(url: str) -> bool:
    """Whether the host is, or has an address, that is not of the open net; an unknown host is not."""
    with contextlib.suppress(OSError, ValueError):
        for *_, address in socket.getaddrinfo(urlsplit(url).hostname, None):
            if not ipaddress.ip_address(address[0]).is_global:
                return True
    return False


def loopback(url: str) -> bool:
    """Whether the host names this machine outright; nothing is resolved."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
