"""The store of decoded files: whole or absent, kept until its time, swept after."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.staging import files
from bridge.staging.files import Store

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files")


def everything(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file() and path.name != "lock"]


def test_a_file_lies_under_its_digest(store: Store) -> None:
    path, size_bytes, sha256 = store.write([b"ab", b"", b"c"], until=UNTIL)
    assert sha256 == hashlib.sha256(b"abc").hexdigest()
    assert path == store.root / sha256[:2] / sha256 == store.path(sha256)
    assert path.read_bytes() == b"abc"
    assert size_bytes == 3
    assert path.stat().st_mtime == UNTIL.timestamp()
    assert everything(store) == [path]


def test_files_are_for_the_bridge_alone(store: Store) -> None:
    path = store.write([b"abc"], until=UNTIL).path
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_same_bytes_are_stored_once_and_kept_for_the_longer_time(store: Store) -> None:
    first = store.write([b"abc"], until=UNTIL)
    inode = first.path.stat().st_ino
    store.write([b"a", b"bc"], until=UNTIL - timedelta(days=5))
    assert first.path.stat().st_mtime == UNTIL.timestamp()
    store.write([b"abc"], until=UNTIL + timedelta(days=5))
    assert first.path.stat().st_mtime == (UNTIL + timedelta(days=5)).timestamp()
    assert first.path.stat().st_ino == inode
    assert everything(store) == [first.path]


def test_a_damaged_file_is_replaced(store: Store) -> None:
    path = store.write([b"abc"], until=UNTIL).path
    path.write_bytes(b"a")
    assert store.write([b"abc"], until=UNTIL).path.read_bytes() == b"abc"


def test_a_file_beyond_the_limit_leaves_nothing(store: Store) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1_000

    with pytest.raises(ValueError, match="5000"):
        store.write(endless(), limit_bytes=5_000)
    assert everything(store) == []
    assert store.write([b"x" * 5_000], limit_bytes=5_000).size_bytes == 5_000


def test_a_source_that_fails_leaves_nothing(store: Store) -> None:
    def failing() -> Iterator[bytes]:
        yield b"x"
        raise RuntimeError("decoder")

    with pytest.raises(RuntimeError):
        store.write(failing())
    assert everything(store) == []


def test_a_fresh_file_outlives_the_longest_outage(store: Store) -> None:
    path = store.write([b"abc"]).path
    assert store.sweep(datetime.now(UTC) + timedelta(days=13)) == 0
    assert store.sweep(datetime.now(UTC) + timedelta(days=15)) == 1
    assert not path.exists()


def test_time_is_only_ever_extended(store: Store) -> None:
    path = store.write([b"abc"], until=UNTIL).path
    store.extend(path, UNTIL - timedelta(days=1))
    assert path.stat().st_mtime == UNTIL.timestamp()
    store.extend(path, UNTIL + timedelta(days=1))
    assert path.stat().st_mtime == (UNTIL + timedelta(days=1)).timestamp()


def test_a_file_that_is_gone_cannot_be_extended(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.extend(store.path("0" * 64), UNTIL)


@pytest.mark.parametrize(
    "digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "é" * 64]
)
def test_only_a_digest_names_a_file(store: Store, digest: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        store.path(digest)


def test_a_sweep_removes_what_is_over_and_nothing_else(store: Store) -> None:
    old = store.write([b"old"], until=UNTIL - timedelta(seconds=1)).path
    new = store.write([b"new"], until=UNTIL).path
    assert store.sweep(UNTIL) == 1
    assert not old.exists()
    assert new.exists()
    assert store.sweep(UNTIL + timedelta(seconds=1)) == 1


def test_an_empty_store_is_swept_in_peace(store: Store) -> None:
    assert store.sweep(UNTIL) == 0


def test_what_a_dead_writer_left_is_swept_after_a_day(store: Store) -> None:
    store.write([b"x"], until=UNTIL)
    left = store.root / "incomplete" / "left"
    left.write_bytes(b"half")
    written = datetime.fromtimestamp(left.stat().st_mtime, UTC)
    store.sweep(written + timedelta(hours=1))
    assert left.exists()
    store.sweep(written + timedelta(hours=25))
    assert not left.exists()


def test_a_sweep_does_not_take_what_was_extended_while_it_looked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.write([b"abc"], until=UNTIL).path
    later = UNTIL + timedelta(days=1)
    lock = Store._lock

    def extended_first(self: Store, how: int) -> object:
        if path.stat().st_mtime < later.timestamp():
            os.utime(path, (later.timestamp(), later.timestamp()))
        return lock(self, how)

    monkeypatch.setattr(Store, "_lock", extended_first)
    assert store.sweep(UNTIL + timedelta(hours=1)) == 0
    assert path.exists()


def test_writers_and_a_sweep_side_by_side_lose_nothing(store: Store) -> None:
    now = datetime.now(UTC)
    kept: list[Path] = []
    done = threading.Event()

    def sweeping() -> None:
        while not done.is_set():
            store.sweep(now)

    sweeper = threading.Thread(target=sweeping)
    sweeper.start()
    try:
        for number in range(60):
            content = str(number % 6).encode()
            store.write([content], until=now - timedelta(days=1))  # the sweeper may take it
            kept.append(store.write([content], until=now + timedelta(days=1)).path)
            assert kept[-1].exists()
    finally:
        done.set()
        sweeper.join()


def test_a_small_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "record.json"
    files.replace(path, b"one")
    files.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_a_worker_that_imports_the_store_loads_no_server_and_no_client() -> None:
    script = (
        "import sys, bridge.staging.files; "
        "print([m for m in ('httpx', 'starlette', 'itsdangerous', 'asyncio', 'uvicorn') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


# -- free space ------------------------------------------------------------------------------------


def test_what_is_kept_back_is_not_written_to(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    free_bytes = disk.f_bavail * disk.f_frsize
    with pytest.raises(OSError, match="min_free_bytes") as caught:
        Store(tmp_path / "files", free_bytes).write([b"x"])
    assert caught.value.errno == errno.ENOSPC
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file() and path.name != "lock"] == []
    assert Store(tmp_path / "files", free_bytes // 2).write([b"x"]).size_bytes == 1


def test_the_free_space_is_looked_at_again_while_a_large_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program may fill the disk meanwhile, and the size of a file is known when it is written."""
    free_bytes = iter((1 << 40, 1 << 40, 100))
    looked = []

    def look(_: int) -> SimpleNamespace:
        looked.append(next(free_bytes))
        return SimpleNamespace(f_bavail=looked[-1], f_frsize=1)

    monkeypatch.setattr(os, "fstatvfs", look)
    megabyte = bytes(1024 * 1024)
    with pytest.raises(OSError, match="only 100 bytes free"):
        Store(tmp_path / "files", 1_000).write([megabyte] * 100)
    assert len(looked) == 3
