"""Spools, envelopes and sortings for tests, with only what a test cares about spelled out."""

from __future__ import annotations

import functools
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge.clock import Clock, SystemClock
from bridge.config.schema import Spool as Settings
from bridge.model import Clue, Envelope, Sorting, Target, User
from bridge.spool import Item, Placed, Spool, Storage

BRAND = "acme"
TARGET = Target("support", BRAND, ("help@acme.example",))
CONTENT = b"Subject: The kettle\r\n\r\nIt does not boil.\r\n"


def settings(folder: Path, **changes: Any) -> Settings:
    return Settings(folder=folder, **{"min_free_bytes": 0, **changes})


def envelope(received_at: datetime = datetime(2026, 11, 2, 9, 30, tzinfo=UTC), **changes: Any) -> Envelope:
    values: dict[str, Any] = {
        "reverse_path": "anna@example.net",
        "recipients": ("help@acme.example",),
        "peer": "192.0.2.7",
        "helo": "mail.example.net",
        "listener": "lan",
        "received_at": received_at,
    }
    return Envelope(**{**values, **changes})


def sorting(*clues: Clue, author: str = "anna@example.net", message_id: str = "", **changes: Any) -> Sorting:
    values: dict[str, Any] = {
        "user": User("Anna", author),
        "clues": clues,
        "subject": "The kettle",
        "message_id": message_id,
    }
    return Sorting(**{**values, **changes})


@functools.cache
def empty() -> bytes:
    """The database of a spool that has not taken a mail yet."""
    with tempfile.TemporaryDirectory() as folder:
        Spool.open(settings(Path(folder)), clock=SystemClock()).close()
        return (Path(folder) / "spool.db").read_bytes()


async def put(
    spool: Spool,
    clock: Clock,
    content: bytes = CONTENT,
    *,
    targets: Sequence[Target] = (TARGET,),
) -> str:
    mail_id = spool.new_id()
    await spool.put(mail_id, envelope(clock.now()), content, targets)
    return mail_id


async def place(spool: Spool, item: Item, sorted_as: Sorting | None = None, **changes: Any) -> Placed:
    values: dict[str, Any] = {
        "channel": "support",
        "brand": item.brand,
        "stranger_joins": True,
        "duplicate_window_s": 3_600.0,
    }
    return await spool.place(item, sorted_as or sorting(), **{**values, **changes})


async def put_and_place(
    spool: Spool, clock: Clock, sorted_as: Sorting | None = None, target: Target = TARGET, **changes: Any
) -> tuple[Item, Placed]:
    await put(spool, clock, targets=(target,))
    (item,) = await spool.unsorted(1)
    return item, await place(spool, item, sorted_as, **changes)


class FailingStorage(Storage):
    """A storage whose operations can be made to fail, by name, at their nth call from now."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.failing: dict[str, tuple[int, OSError]] = {}
        self.free = 1 << 40

    def fail(self, name: str, number: int, *, at: int = 1) -> None:
        self.failing[name] = (self.calls[name] + at, OSError(number, os.strerror(number)))

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        at, error = self.failing.get(name, (0, OSError()))
        if self.calls[name] == at:
            raise error

    def create(self, path: Path) -> int:
        self._called("create")
        return super().create(path)

    def write(self, file: int, data: bytes) -> None:
        self._called("write")
        super().write(file, data)

    def fsync(self, file: int) -> None:
        self._called("fsync")
        super().fsync(file)

    def fsync_folder(self, path: Path) -> None:
        self._called("fsync_folder")
        super().fsync_folder(path)

    def rename(self, old: Path, new: Path) -> None:
        self._called("rename")
        super().rename(old, new)

    def unlink(self, path: Path) -> None:
        self._called("unlink")
        super().unlink(path)

    def make_folder(self, path: Path) -> None:
        self._called("make_folder")
        super().make_folder(path)

    def free_bytes(self, path: Path) -> int:
        self._called("free_bytes")
        return self.free


def files_of(folder: Path) -> list[str]:
    """The names of all content files, arriving or kept."""
    return sorted(
        path.name for part in ("incoming", "content") for path in (folder / part).rglob("*") if path.is_file()
    )
