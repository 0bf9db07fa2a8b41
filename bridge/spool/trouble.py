"""What a failure of the storage means: full, or broken. Decided by codes, never by an error's text.

Every text says what failed, the usual cause, and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bridge.errors import SpoolBrokenError, SpoolError, SpoolFullError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_FOLDER = frozenset({errno.ENOTDIR, errno.EEXIST})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})

#: Primary result code of SQLite to the sentence an operator reads.
_SENTENCES = {
    sqlite3.SQLITE_BUSY: "another process holds the database; end what writes to it (a backup, a shell)",
    sqlite3.SQLITE_LOCKED: "another process holds the database; end what writes to it (a backup, a shell)",
    sqlite3.SQLITE_READONLY: "the database cannot be written; give the folder and its files to the bridge's user",
    sqlite3.SQLITE_PERM: "the database cannot be written; give the folder and its files to the bridge's user",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened; check that the folder exists and belongs to the bridge's user",
    sqlite3.SQLITE_IOERR: "the disk failed; look into the kernel's log and check the file system",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; stop the bridge, keep a copy, rebuild it with `sqlite3 .recover`",
    sqlite3.SQLITE_NOTADB: "the file is not a database of the bridge; is the folder right?",
}


@contextlib.contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn failures of the file system and the database into SpoolFullError or SpoolBrokenError."""
    try:
        yield
    except SpoolError:
        raise
    except OSError as error:
        raise of_system(folder, error) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise of_database(folder, error) from error


def of_system(folder: Path, error: OSError) -> SpoolError:
    if error.errno in _FULL:
        return SpoolFullError(f"spool {folder}: no space left; free some or enlarge the file system")
    if error.errno in _READ_ONLY:
        return SpoolBrokenError(
            f"spool {folder}: {error.strerror}; the bridge's user must be able to write there. Call this as that user or as "
            "root; else give it the folder, or name another (`spool.folder`)"
        )
    if error.errno in _NO_FOLDER:
        return SpoolBrokenError(
            f"spool {folder}: a file stands where a folder should be; move it away, or name another (`spool.folder`)"
        )
    return SpoolBrokenError(f"spool {folder}: {error.strerror or type(error).__name__}; check the disk")


def of_database(folder: Path, error: Exception) -> SpoolError:
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_FULL:
        return SpoolFullError(f"spool {folder}: no space left; free some or enlarge the file system")
    if primary in _SENTENCES:
        return SpoolBrokenError(f"spool {folder}: {_SENTENCES[primary]}")
    name = getattr(original, "sqlite_errorname", type(original).__name__)
    return SpoolBrokenError(f"spool {folder}: the database refused a statement ({name})")
