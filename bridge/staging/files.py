"""The content-addressed store of decoded files: `<spool folder>/files/<aa>/<sha256>`, shared by workers and staging.

A file is whole or absent: written aside, fsynced, renamed. Its mtime says when it may be removed, and that only ever
moves back. A sweep never removes what somebody has just written or extended. Light on purpose: worker processes import it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

_DIGEST = re.compile(r"[0-9a-f]{64}")

#: How long a file waits for its staging: a file swept by then is decoded again from the mail.
FRESH_S = 14 * 86_400.0

#: A file being written longer than this belongs to a process that died.
_ABANDONED_AFTER_S = 86_400.0

#: How much is written between two looks at the free space.
_LOOK_EVERY_BYTES = 4 * 1024 * 1024


class Stored(NamedTuple):
    path: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Store:
    """The store in one folder. It holds no state, so a worker process can have its own."""

    #: The spool's subfolder `files`.
    root: Path
    #: Free space that is never used.
    min_free_bytes: int = 0

    def path(self, digest: str) -> Path:
        """Where the file with that SHA-256 is or would be. Raises ValueError for anything but 64 hex digits."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError("not a SHA-256 in lower-case hex")
        return self.root / digest[:2] / digest

    def write(
        self, chunks: Iterable[bytes], *, limit_bytes: int | None = None, until: datetime | None = None
    ) -> Stored:
        """Store the bytes once, kept at least until then (by default `FRESH_S` from now).

        Raises ValueError when there are more than `limit_bytes`, and OSError, also before less than `min_free_bytes` is free.
        """
        # A worker has no clock of the daemon's; the file system's time is the computer's.
        until_s = time.time() + FRESH_S if until is None else until.timestamp()
        descriptor, name = tempfile.mkstemp(dir=self._aside())
        try:
            with os.fdopen(descriptor, "wb") as file:
                digest, size_bytes = self._copy(chunks, file, limit_bytes)
                # Before the fsync, so that after a power cut the file does not look expired.
                os.utime(file.fileno(), (until_s, until_s))
                os.fsync(file.fileno())
            stored = Stored(self.path(digest), size_bytes, digest)
            with self._lock(fcntl.LOCK_SH):
                if not _has(stored) or not _extend(stored.path, until_s):
                    make_folder(stored.path.parent)
                    Path(name).replace(stored.path)
                    sync_folder(stored.path.parent)
            return stored
        finally:
            Path(name).unlink(missing_ok=True)

    def extend(self, path: Path, until: datetime) -> None:
        """Keep the file at least until then. Raises FileNotFoundError when it is gone."""
        with self._lock(fcntl.LOCK_SH):
            if not _extend(path, until.timestamp()):
                raise FileNotFoundError(path)

    def sweep(self, now: datetime) -> int:
        """Remove the files whose time is over; how many."""
        removed = sum(self._remove(path, now.timestamp()) for path in self.root.glob("??/*"))
        for path in self._aside().iterdir():
            with contextlib.suppress(FileNotFoundError):
                # Not the mtime: that may already be the file's expiry.
                if path.stat().st_ctime < now.timestamp() - _ABANDONED_AFTER_S:
                    path.unlink()
        return removed

    def _copy(self, chunks: Iterable[bytes], file: BinaryIO, limit_bytes: int | None) -> tuple[str, int]:
        """The digest and size of what was written."""
        digest, size_bytes, looked_at = sha256(), 0, 0
        for chunk in chunks:
            size_bytes += len(chunk)
            if limit_bytes is not None and size_bytes > limit_bytes:
                raise ValueError(f"more than {limit_bytes} bytes")
            if size_bytes > looked_at:
                looked_at = size_bytes + _LOOK_EVERY_BYTES
                self._leave_room(file, len(chunk) + _LOOK_EVERY_BYTES)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        return digest.hexdigest(), size_bytes

    def _leave_room(self, file: BinaryIO, size_bytes: int) -> None:
        """Raises OSError when so much more would take what is kept back."""
        if self.min_free_bytes:
            disk = os.fstatvfs(file.fileno())
            free_bytes = disk.f_bavail * disk.f_frsize
            if free_bytes - size_bytes < self.min_free_bytes:
                raise OSError(
                    errno.ENOSPC,
                    f"only {free_bytes} bytes free, {self.min_free_bytes} are kept back (`spool.min_free_bytes`)",
                )

    def _remove(self, path: Path, now_s: float) -> bool:
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime >= now_s:
                return False
            with self._lock(fcntl.LOCK_EX):
                # Asked again under the lock: a writer may have extended it meanwhile.
                if path.stat().st_mtime < now_s:
                    path.unlink()
                    return True
        return False

    def _aside(self) -> Path:
        aside = self.root / "incomplete"
        make_folder(aside)
        return aside

    @contextlib.contextmanager
    def _lock(self, how: int) -> Iterator[None]:
        make_folder(self.root)
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


def make_folder(folder: Path) -> None:
    """The folder and its parents, for the bridge's user alone, durable."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the renames and new names within the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Write a small file so that a reader finds the old content or the new, never a part."""
    make_folder(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
        sync_folder(path.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def _has(stored: Stored) -> bool:
    try:
        return stored.path.stat().st_size == stored.size_bytes
    except FileNotFoundError:
        return False


def _extend(path: Path, until_s: float) -> bool:
    """Whether the file is there; its time is moved back if that is earlier."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        if os.fstat(descriptor).st_mtime < until_s:
            os.utime(descriptor, (until_s, until_s))
            os.fsync(descriptor)
        return True
    finally:
        os.close(descriptor)
