"""The bridge's own secret keys."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.errors import StartError
from bridge.staging import keys

ONE, TWO = "11" * 32, "22" * 32


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "keys"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_is_made_once_and_stays(tmp_path: Path) -> None:
    (first,) = keys.load(tmp_path / "spool")
    assert len(first) == 32
    assert keys.load(tmp_path / "spool") == (first,)
    path = tmp_path / "spool" / "keys"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_two_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: keys.load(tmp_path), range(16)))
    assert len(found) == 1


def test_every_line_is_a_key_and_the_first_comes_first(tmp_path: Path) -> None:
    written(tmp_path, f"{TWO}\n\n  {ONE.upper()}  \n")
    assert keys.load(tmp_path) == (bytes.fromhex(TWO), bytes.fromhex(ONE))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_keys_that_others_may_read_are_refused_with_the_fix(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, ONE, mode)
    with pytest.raises(StartError, match=f"chmod 600 {path}"):
        keys.load(tmp_path)


@pytest.mark.parametrize("line", ["not hex", "11" * 15, "1", "ключ"])
def test_a_bad_key_is_named_by_its_line_and_not_shown(tmp_path: Path, line: str) -> None:
    written(tmp_path, f"{ONE}\n{line}\n")
    with pytest.raises(StartError, match=r"keys:2: expected a key") as caught:
        keys.load(tmp_path)
    assert ONE not in str(caught.value)
    assert f": {line}" not in str(caught.value)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "\n")
    with pytest.raises(StartError, match="holds no key"):
        keys.load(tmp_path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="spool folder"):
        keys.load(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_keys_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    written(tmp_path, ONE, 0o000)
    with pytest.raises(StartError, match="cannot read"):
        keys.load(tmp_path)
