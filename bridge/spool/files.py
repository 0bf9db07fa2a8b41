"""Content too large for a row: written while it arrives, safe on disk before its row commits, removed when nothing names it.

`incoming/` holds what is still arriving, `content/<last two of the id>/<id>` what a row names. A file under way is locked by the
process that writes it, so the sweep at a daemon's start can tell an orphan from a mail that `pipe` is just taking.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from bridge import faults
from bridge.errors import SpoolBrokenError
from bridge.spool import trouble

Known = Callable[[Collection[str]], Collection[str]]


class Storage:
    """Every file operation of the spool; tests replace it to make the nth one fail."""

    def create(self, path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def write(self, file: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]

    def fsync(self, file: int) -> None:
        os.fsync(file)

    def fsync_folder(self, path: Path) -> None:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.fsync(folder)
        finally:
            os.close(folder)

    def rename(self, old: Path, new: Path) -> None:
        old.rename(new)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def free_bytes(self, path: Path) -> int:
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize


class Incoming:
    """A file that grows while its mail arrives. It is discarded unless a put takes it."""

    def __init__(self, files: Files, path: Path) -> None:
        self._files = files
        self.path = path
        self.size_bytes = 0
        self._taken = False
        self._file: int | None = None
        self._file = files.create(path)

    def write(self, data: bytes) -> None:
        """Append. Raises SpoolFullError or SpoolBrokenError when the disk fails."""
        if self._file is None:
            raise ValueError("this content was discarded")
        try:
            self._files.storage.write(self._file, data)
        except OSError as error:
            raise trouble.of_system(self._files.folder, error) from error
        self.size_bytes += len(data)

    def discard(self) -> None:
        """Remove the file, unless a put has taken it; may be called any number of times."""
        if not self._taken:
            # What cannot be removed now is an orphan that the next start removes.
            with contextlib.suppress(OSError):
                self.remove()

    # -- the spool's own use -----------------------------------------------------------------------

    def seal(self) -> None:
        """Take the file over and flush it to the disk; slow, for a thread."""
        if self._file is None or self._taken:
            raise ValueError("this content was discarded or put before")
        self._taken = True
        faults.point("spool.before-file-fsync")
        self._files.storage.fsync(self._file)
        faults.point("spool.after-file-fsync")

    def read(self) -> bytes:
        if self._file is None:
            raise ValueError("this content was discarded")
        return os.pread(self._file, self.size_bytes, 0)

    def remove(self) -> None:
        """Remove the file wherever it is by now."""
        try:
            if self._file is not None:
                self._files.storage.unlink(self.path)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the file and its lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        self.close()


class Files:
    """The two folders of a spool."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        self.storage = storage
        self.folder = folder
        self.incoming = folder / "incoming"
        self.content = folder / "content"
        for path in (folder, self.incoming, self.content):
            storage.make_folder(path)
            self.give_to_owner(path)
        # A mkdir with 0700 leaves an existing, wider folder as it is.
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(0o700)

    def create(self, path: Path) -> int:
        file = self.storage.create(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.give_to_owner(file)
        except OSError:
            os.close(file)
            raise
        return file

    def start(self, name: str) -> Incoming:
        return Incoming(self, self.incoming / name)

    def path_of(self, mail_id: str) -> Path:
        # The last characters are chance, the first are time: the last ones spread evenly.
        return self.content / mail_id[-2:] / mail_id

    def keep(self, incoming: Incoming, mail_id: str) -> set[Path]:
        """Move a sealed file to its place. Returns the folders to fsync before its row commits."""
        path = self.path_of(mail_id)
        dirty = {path.parent}
        if not path.parent.is_dir():
            self.storage.make_folder(path.parent)
            self.give_to_owner(path.parent)
            dirty.add(self.content)
        faults.point("spool.before-rename")
        self.storage.rename(incoming.path, path)
        incoming.path = path
        faults.point("spool.after-rename")
        return dirty

    def remove(self, mail_ids: Iterable[str]) -> None:
        for mail_id in mail_ids:
            self.storage.unlink(self.path_of(mail_id))

    def sweep_orphans(self, known: Known) -> int:
        """Remove what no row names and no process is writing. Returns how many files went."""
        removed = sum(self._remove_orphan(path, lambda _: ()) for path in _entries(self.incoming))
        for folder in _entries(self.content):
            names = [path.name for path in _entries(folder)]
            named = known(names) if names else ()
            removed += sum(self._remove_orphan(folder / name, known) for name in names if name not in named)
        return removed

    def _remove_orphan(self, path: Path, known: Known) -> bool:
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            # Asked again under the lock: its row may have been committed a moment ago.
            if known([path.name]):
                return False
            self.storage.unlink(path)
            return True
        finally:
            os.close(file)

    def give_to_owner(self, place: Path | int) -> None:
        # An administrator's `pipe` or `queue` runs as root: what it leaves must stay the daemon's to read.
        if os.geteuid() == 0:
            owner = self.folder.stat()
            os.chown(place, owner.st_uid, owner.st_gid)


def _entries(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield Path(entry.path)


def lock(folder: Path) -> int:
    """The lock that only one daemon can hold on a spool. Raises SpoolBrokenError when another does."""
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise SpoolBrokenError(
            f"spool {folder}: another bridge runs on it; stop that one, or give this one a folder of its own (`spool.folder`)"
        ) from None
    return file
