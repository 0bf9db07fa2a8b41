"""What is written about the bridge is so."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

import bridge
from bridge.cli.app import commands
from bridge.config import outline
from bridge.intake import pipe, replies

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GATE = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "bridge").rglob("*.py")}


def section(title: str) -> str:
    """The text below a heading, up to the next one of its rank."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


# -- the version, the top level, the example -------------------------------------------------------


def test_the_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert bridge.__version__ == project["version"] == version("reamaze-bridge")
    newest = re.search(r"\*\*([\d.]+)\*\*", section("Changes"))
    assert newest
    assert newest[1] == bridge.__version__


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
    named = set(re.findall(r"reamaze-bridge ([a-z]+)", text))
    assert named == {"sandbox", "run", "check"}
    assert named <= set(commands.list_commands(click.Context(commands)))


# -- README: order and commands --------------------------------------------------------------------


def test_the_readme_goes_in_the_order_a_newcomer_asks() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == [
        "What it promises",
        "Try it in five minutes",
        "Install as a service",
        "Point your mail server at it",
        "Configure",
        "How a mail becomes a message",
        "Operate",
        "Limits and non-goals",
        "Security",
        "Read the code",
        "Changes",
    ]


def subcommands(group: click.Command) -> list[str]:
    return list(group.commands) if isinstance(group, click.Group) else []


def test_the_table_of_commands_names_each_and_no_other() -> None:
    rows = re.findall(r"^\| `reamaze-bridge ([a-z]+)` \|(.*)\|$", section("Operate"), re.MULTILINE)
    context = click.Context(commands)
    assert sorted(name for name, _ in rows) == sorted(commands.list_commands(context))
    queue = commands.get_command(context, "queue")
    assert queue is not None
    assert re.findall(r"`([a-z-]+)`", dict(rows)["queue"]) == [*subcommands(queue)]


def calls() -> Iterator[list[str]]:
    """Every call of the program in the README, wherever it stands."""
    # Behind a path or a backtick; a line that ends in a backslash goes on.
    for found in re.findall(r"(?:bin/|`)reamaze-bridge ([a-z]+\b[^`\n\"|#&>]*)", README.replace("\\\n", " ")):
        if not found.startswith("argv"):
            yield found.split()


def test_every_call_in_the_readme_is_one_the_program_understands() -> None:
    context = click.Context(commands)
    seen = 0
    for name, *words in calls():
        command = commands.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group) and words:
            command = command.get_command(context, words.pop(0))
            assert command is not None, name
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known, (name, words)
        seen += 1
    assert seen > 25


def test_the_commands_that_do_everything_are_in_the_readme() -> None:
    shell = "\n".join(blocks("sh"))
    assert "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/reamaze-bridge demo\n" in shell
    assert "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/pytest\n" in shell
    assert "REAMAZE_TOKEN=sandbox .venv/bin/reamaze-bridge run -c config.example.yaml" in shell


def test_the_readme_tells_what_the_gate_runs_in_its_order() -> None:
    told = re.findall(r"`([^`]+)`", section("Read the code").partition("`bash .ci/run`")[2])
    run = [
        line.replace('"', "").removeprefix("$dev/") for line in GATE.splitlines() if line.startswith('"$dev/')
    ]
    tools = [line for line in run if not line.startswith("python")]
    assert tools
    assert told[: len(tools)] == tools


# -- README: places, keys, names -------------------------------------------------------------------


def test_the_map_names_exactly_what_exists() -> None:
    rows = re.findall(r"^\| (`bridge/.*?) \|", section("Read the code"), re.MULTILINE)
    named = [place for row in rows for place in re.findall(r"`bridge/([^`]+)`", row)]
    existing = {f"{path.parent.name}/" for path in (ROOT / "bridge").glob("*/__init__.py")}
    existing |= {path.name for path in (ROOT / "bridge").glob("*.py")} - {"__init__.py"}
    assert sorted(named) == sorted(existing)


def test_every_file_the_readme_names_exists() -> None:
    named = set(re.findall(r"(?<![\w/-])((?:bridge|tests|systemd|\.ci)/[\w./-]*\w/?)", README))
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_speaks_of_keys_that_exist() -> None:
    known = {".".join(str(part) for part in path) for path, _ in outline.walk()}
    sections = {key.partition(".")[0] for key in known}
    named = {
        key
        for key in re.findall(r"`([a-z_]+(?:\.[a-z_*]+)+)(?::[^`]*)?`", README)
        if key.partition(".")[0] in sections
    }
    assert len(named) > 5
    assert named - known == set()


def keys_of(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield ".".join((*path, key))
                yield from keys_of(inner, (*path, key))
        case list():
            for inner in value:
                yield from keys_of(inner, path)
        case _:
            return


def test_every_piece_of_config_in_the_readme_is_a_piece_of_one() -> None:
    known = {".".join(str(part) for part in path) for path, _ in outline.walk()}
    pieces = blocks("yaml")
    assert pieces
    for piece in pieces:
        for key in keys_of(yaml.safe_load(piece)):
            # A brand's name is the administrator's.
            general = re.sub(r"^reamaze\.brands\.\w+", "reamaze.brands.*", key)
            assert general in known or general == "reamaze.brands.*", key


def test_every_reply_in_the_readme_is_one_of_the_dialogue() -> None:
    spoken = {
        reply.short for reply in vars(replies).values() if isinstance(reply, replies.Reply) and reply.enhanced
    }
    told = set(re.findall(r"`(\d{3} \d\.\d\.\d+)`", README))
    assert len(told) >= 5
    assert told <= spoken


def test_every_log_event_in_the_readme_is_one_of_the_log() -> None:
    events = re.findall(
        r"`([a-z]+(?:-[a-z]+)*)`", section("Operate").partition("Log events")[2].partition("\n\n")[0]
    )
    assert len(events) > 12
    said = "\n".join(SOURCES.values())
    assert [event for event in events if f'"{event}"' not in said] == []
    shown = re.findall(r"^event=([a-z-]+) ", "\n".join(blocks()), re.MULTILINE)
    assert set(shown) <= set(events)


def test_the_statuses_of_pipe_in_the_readme_are_those_of_pipe() -> None:
    told = section("Operate").partition("`pipe` answers")[2].partition(".")[0]
    assert {int(status) for status in re.findall(r"\b(\d+) \w", told)} == set(pipe.Exit) - {pipe.Exit.USAGE}


def test_what_installs_the_service_is_what_the_unit_expects() -> None:
    unit = (ROOT / "systemd" / "reamaze-bridge.service").read_text()
    install = section("Install as a service")
    program = re.search(r"^ExecStart=(\S+) run -c (\S+)$", unit, re.MULTILINE)
    credential = re.search(r"^LoadCredential=([\w-]+):(\S+)$", unit, re.MULTILINE)
    state = re.search(r"^StateDirectory=(\S+)$", unit, re.MULTILINE)
    assert program
    assert credential
    assert state
    for word in (*program.groups(), f"{credential[1]}:{credential[2]}", f"{{credential: {credential[1]}}}"):
        assert word in install, word
    assert f"folder: /var/lib/{state[1]}/" in install
    assert "systemctl enable --now reamaze-bridge.socket reamaze-bridge.service" in install


@pytest.mark.parametrize("word", ["simply", "easily", "just"])
def test_the_readme_does_not_talk_down(word: str) -> None:
    lines = [
        line for line in README.splitlines() if re.search(rf"\b{word}\b", line) and "just now" not in line
    ]
    assert lines == []


# -- maps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["compose", "mail"])
def test_the_map_of_a_large_package_names_every_module_and_no_other(package: str) -> None:
    folder = ROOT / "bridge" / package
    text = SOURCES[folder / "__init__.py"].partition("Where to read what:")[2].partition('"""')[0]
    named = re.findall(r"`(\w+)`", text)
    assert sorted(named) == sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
