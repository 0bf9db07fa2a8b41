"""What is written about the bridge is so."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import bridge

ROOT = Path(__file__).parents[1]


def test_the_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert bridge.__version__ == project["version"] == version("reamaze-bridge")


def test_the_command_says_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert bridge.__version__ in done.stdout


def test_the_top_level_stays_as_it_is() -> None:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert {name.partition("/")[0] for name in listed.stdout.splitlines()} == {
        ".ci", ".gitignore", "README.md", "bridge", "config.example.yaml", "pyproject.toml", "systemd", "tests",
    }  # fmt: skip


def test_the_first_command_of_the_example_is_one_the_bridge_has() -> None:
    text = (ROOT / "config.example.yaml").read_text()
    commands = set(re.findall(r"reamaze-bridge ([a-z]+)", text))
    assert commands == {"sandbox", "run", "check"}
    shown = subprocess.run(
        [sys.executable, "-m", "bridge", "--help"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert all(re.search(rf"^  {command} ", shown, re.MULTILINE) for command in commands)
