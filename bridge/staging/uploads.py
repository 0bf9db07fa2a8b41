"""What `put` has uploaded and where: one small JSON file a content, `<folder>/<sha256>.json`, written before the upload.

An unreadable record counts as none: the file is uploaded again under a new token.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from dataclasses import replace as changed
from datetime import UTC, datetime
from pathlib import Path

from bridge.staging.files import replace


@dataclass(frozen=True, slots=True)
class Upload:
    """One content under one name."""

    name: str
    #: Unguessable; fills `{token}` of the URL.
    token: str
    until: datetime
    done: bool = False


class Uploads:
    """The records below one folder. Whoever reads and changes one holds its lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def locked(self, digest: str) -> AsyncIterator[None]:
        """One holder a content: two mails with the same file upload it once."""
        lock, holders = self._locks.get(digest, (asyncio.Lock(), 0))
        self._locks[digest] = lock, holders + 1
        try:
            async with lock:
                yield
        finally:
            lock, holders = self._locks.pop(digest)
            if holders > 1:
                self._locks[digest] = lock, holders - 1

    def digests(self) -> Iterator[str]:
        """Every content with a record."""
        yield from [path.stem for path in self._folder.glob("*.json")]

    def plan(self, digest: str, name: str, until: datetime) -> Upload:
        """The upload for that name, new or as it was, kept at least until then."""
        uploads = self._read(digest)
        known = uploads.get(name) or Upload(name, secrets.token_urlsafe(24), until)
        upload = changed(known, until=max(known.until, until))
        if uploads.get(name) != upload:
            self._write(digest, {**uploads, name: upload})
        return upload

    def finish(self, digest: str, name: str) -> None:
        uploads = self._read(digest)
        self._write(digest, {**uploads, name: changed(uploads[name], done=True)})

    def expired(self, digest: str, now: datetime) -> tuple[Upload, ...]:
        return tuple(upload for upload in self._read(digest).values() if upload.until < now)

    def forget(self, digest: str, name: str) -> None:
        uploads = self._read(digest)
        uploads.pop(name, None)
        if uploads:
            self._write(digest, uploads)
        else:
            self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"

    def _read(self, digest: str) -> dict[str, Upload]:
        try:
            return {
                record["name"]: Upload(
                    str(record["name"]),
                    str(record["token"]),
                    datetime.fromtimestamp(record["until"], UTC),
                    bool(record["done"]),
                )
                for record in json.loads(self._path(digest).read_bytes())
            }
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, KeyError, OverflowError):
            return {}

    def _write(self, digest: str, uploads: dict[str, Upload]) -> None:
        records = [asdict(upload) | {"until": upload.until.timestamp()} for upload in uploads.values()]
        replace(self._path(digest), json.dumps(records).encode())
