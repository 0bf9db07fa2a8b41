"""Zips of stored files: read by others, the same bytes each time, in flat memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from bridge.staging import zips


def on_disk(folder: Path, *contents: bytes) -> list[tuple[str, Path]]:
    made = []
    for number, content in enumerate(contents):
        path = folder / str(number)
        path.write_bytes(content)
        made.append((f"Größe {number}.txt", path))
    return made


def test_another_reader_finds_every_file_whole(tmp_path: Path) -> None:
    contents = (b"first", b"", bytes(range(256)) * 3_000)
    with zipfile.ZipFile(io.BytesIO(b"".join(zips.chunks(on_disk(tmp_path, *contents))))) as read:
        assert read.testzip() is None
        assert read.namelist() == ["Größe 0.txt", "Größe 1.txt", "Größe 2.txt"]
        assert tuple(read.read(name) for name in read.namelist()) == contents
        assert {entry.date_time for entry in read.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in read.infolist()} == {0o100644}


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    files = on_disk(tmp_path, b"a", b"b")
    once = b"".join(zips.chunks(files))
    files[0][1].touch()
    assert b"".join(zips.chunks(files)) == once
    assert b"".join(zips.chunks(files[::-1])) != once


def test_an_empty_zip_is_one_too() -> None:
    with zipfile.ZipFile(io.BytesIO(b"".join(zips.chunks([])))) as read:
        assert read.namelist() == []


def test_more_than_a_zip_can_count_is_refused(tmp_path: Path) -> None:
    (file,) = on_disk(tmp_path, b"")
    with pytest.raises(ValueError, match="files"):
        list(zips.chunks([file] * (zips.MAX_FILES + 1)))


def test_more_than_a_zip_can_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_BYTES", 1_000)
    with pytest.raises(ValueError, match="bytes"):
        list(zips.chunks(on_disk(tmp_path, b"x" * 1_001)))
    with pytest.raises(ValueError, match="bytes"):
        list(zips.chunks(on_disk(tmp_path, b"x" * 600, b"x" * 600)))


def test_memory_is_a_chunk_and_not_a_file(tmp_path: Path) -> None:
    files = on_disk(tmp_path, *[b"x" * 8_000_000] * 3)
    tracemalloc.start()
    try:
        assert sum(len(chunk) for chunk in zips.chunks(files)) > 24_000_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
