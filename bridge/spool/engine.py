"""The database below the spool: opened so that a commit means on disk, and two processes can share it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, create_engine, event

#: How long a writer waits for another process's transaction.
BUSY_TIMEOUT_S = 10.0
#: Set on a connection that will write: its transactions take the write lock at once.
WRITES = "bridge_writes"


def create(path: Path) -> Engine:
    """An engine on the database file, which is made first, readable by its owner alone."""
    # SQLite gives its journal files the mode of the database file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    engine = create_engine(f"sqlite:///{path}", pool_size=2, max_overflow=8)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def to_look(path: Path) -> Engine:
    """An engine that only reads a database that is there, and may be another program's at this moment."""
    engine = create_engine(f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true", poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transaction handling begins late and deferred; `_begin` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    # First of all: two processes that open at once meet in the next line.
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    # Pages freed by retention can go back to the disk. It has an effect before the first table alone, and after that it
    # would wait for the lock of whoever writes.
    if cursor.execute("PRAGMA page_count").fetchone() == (0,):
        cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # 16 MB of journal between checkpoints, each of which is two more flushes: measured a fifth more puts a second. 64 MB, or
    # pages of 8 or 16 KB, gain no more.
    cursor.execute("PRAGMA wal_autocheckpoint = 4000")
    # After a burst the journal shrinks back to this instead of keeping its largest size for good.
    cursor.execute(f"PRAGMA journal_size_limit = {64 * 1024 * 1024}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and takes the write lock later can fail with BUSY at any statement.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")
