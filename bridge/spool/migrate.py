"""The schema's version: one integer in `meta`, and hand-written steps from each version to the next.

A spool of an older bridge is brought up step by step in one transaction; one of a newer bridge is refused untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, select, update

from bridge.errors import SpoolBrokenError, SpoolVersionError
from bridge.spool import schema

Migration = Callable[[Connection], None]


def _remember_what_was_said(connection: Connection) -> None:
    schema.said.create(connection)


#: ``STEPS[n]`` leads from version n + 1 to version n + 2. A release that changes a table appends one.
STEPS: tuple[Migration, ...] = (_remember_what_was_said,)


def to_latest(connection: Connection, folder: Path, steps: tuple[Migration, ...] = STEPS) -> None:
    """Create or migrate the tables. Raises SpoolVersionError for a newer spool, SpoolBrokenError for what is none."""
    latest = len(steps) + 1
    if not inspect(connection).has_table(schema.meta.name):
        schema.metadata.create_all(connection)
        connection.execute(schema.meta.insert().values(key="version", value=str(latest)))
        connection.execute(schema.ledger.insert(), [{"name": name, "count": 0} for name in schema.COUNTERS])
        return
    stored = connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == "version")).scalar()
    if stored is None or not stored.isdecimal():
        raise SpoolBrokenError(
            f"spool {folder}: the database does not say its version, so it is damaged or not a spool of the bridge; "
            "put a backup in its place, or name an empty folder (`spool.folder`)"
        )
    version = int(stored)
    if version > latest:
        raise SpoolVersionError(
            f"spool {folder}: written by a newer bridge (version {version}, this one knows {latest}); "
            "install that release again, or give this one an empty folder"
        )
    for step in steps[version - 1 :]:
        step(connection)
    connection.execute(update(schema.meta).where(schema.meta.c.key == "version").values(value=str(latest)))
