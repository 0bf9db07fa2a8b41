"""Putting mails: the hot path, one pair of statements for all puts of a batch.

A put commits the mail and one delivery for each of its targets. Content in a file is on the disk, under its final name, before
the row that names it can be.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bridge import faults
from bridge.model import Envelope, Target
from bridge.spool import ledger, schema, trouble
from bridge.spool.envelopes import pack
from bridge.spool.files import Files, Incoming
from bridge.spool.steady import Steady, to_us

_INSERT_MAILS = schema.mails.insert()
_INSERT_DELIVERIES = schema.deliveries.insert()


@dataclass(slots=True, eq=False)
class Put:
    """One mail to be stored."""

    mail_id: str
    envelope: Envelope
    content: bytes | Incoming
    size_bytes: int
    targets: Sequence[Target]


class Puts:
    """What the writer does with the puts of a batch: files first, rows next, leftovers last."""

    def __init__(self, files: Files, steady: Steady) -> None:
        self._files = files
        self._steady = steady
        self._brands: set[str] = set()

    def prepare(self, puts: Sequence[Put]) -> dict[Put, Exception | None]:
        """Bring their files to their places, safely. Returns what went wrong with each, if anything."""
        errors: dict[Put, Exception | None] = dict.fromkeys(puts)
        moved: list[Put] = []
        dirty: set[Path] = set()
        for put in puts:
            if isinstance(put.content, Incoming):
                try:
                    dirty |= self._files.keep(put.content, put.mail_id)
                    moved.append(put)
                except OSError as error:
                    errors[put] = trouble.of_system(self._files.folder, error)
        try:
            for folder in dirty:
                faults.point("spool:before-folder-fsync")
                self._files.storage.fsync_folder(folder)
                faults.point("spool:after-folder-fsync")
        except OSError as error:
            errors.update(dict.fromkeys(moved, trouble.of_system(self._files.folder, error)))
        return errors

    def insert(self, connection: Connection, puts: Sequence[Put]) -> None:
        if not puts:
            return
        now = self._steady.now_us()
        mails: list[dict[str, Any]] = []
        deliveries: list[dict[str, Any]] = []
        for put in puts:
            received_at = to_us(put.envelope.received_at)
            inline = isinstance(put.content, bytes)
            mails.append(
                {
                    "id": put.mail_id,
                    "envelope": pack(put.envelope),
                    "stored": schema.INLINE if inline else schema.FILE,
                    "size_bytes": put.size_bytes,
                    "received_at": received_at,
                    "content": put.content if inline else None,
                }
            )
            deliveries += [
                {
                    "mail_id": put.mail_id,
                    "part": part,
                    "route": target.route,
                    "brand": target.brand,
                    "recipients": json.dumps(target.recipients),
                    "state": "new",
                    "next_at": 0,
                    "waiting_at": now,
                    "received_at": received_at,
                }
                for part, target in enumerate(put.targets, 1)
            ]
        self._learn_brands(connection, puts)
        connection.execute(_INSERT_MAILS, mails)
        connection.execute(_INSERT_DELIVERIES, deliveries)
        ledger.add(connection, accepted=len(deliveries))

    def finish(self, outcomes: Mapping[Put, Exception | None]) -> None:
        """Let go of the files that rows name now; remove those of puts that failed."""
        for put, error in outcomes.items():
            if error is None:
                self._brands.update(target.brand for target in put.targets)
            if isinstance(put.content, Incoming):
                if error is None:
                    put.content.close()
                else:
                    # Best effort: the peer hears 451, and what stays is an orphan that the next start removes.
                    with contextlib.suppress(OSError):
                        put.content.remove()

    def _learn_brands(self, connection: Connection, puts: Sequence[Put]) -> None:
        fresh = {target.brand for put in puts for target in put.targets} - self._brands
        if fresh:
            known = schema.insert(connection, schema.brands).on_conflict_do_nothing()
            connection.execute(known, [{"brand": brand} for brand in fresh])
