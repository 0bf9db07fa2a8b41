"""`config.example.yaml` is complete, true and loads, both as it stands and with everything that is off switched on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.config import load, outline, schema
from bridge.errors import ConfigError

FILE = Path(__file__).parents[2] / "config.example.yaml"
TEXT = FILE.read_text(encoding="utf-8")
LINES = TEXT.splitlines()
#: The example with everything that is off switched on.
ALL = re.sub(r"^(\s*)#(?=\S)", r"\1", TEXT, flags=re.MULTILINE)

#: A header field of uploads and a login have a secret; the ways to keep one are told at `token`.
HEADER = ("staging", "put", "headers", outline.ANY)
PASSWORD = ("smtp", "listeners", "logins", "password")
TOLD_AT_TOKEN = {
    *((*HEADER, way) for way in ("file", "env", "credential")),
    (*PASSWORD, "env"),
    (*PASSWORD, "credential"),
}
#: What the example has to say where the default is to have nothing.
CHOSEN = {("staging", "serve"), ("reamaze", "brands", outline.ANY, "token", "env")}

_KEY = re.compile(r"^\s*#?(?:- )?#?(?:- )?([a-z_]+):(?: |$)")


def test_it_loads_without_a_warning() -> None:
    assert load.read(FILE).warnings == ()


def test_it_runs_against_the_sandbox_with_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REAMAZE_TOKEN", "sandbox")
    loaded = load.read(FILE)
    assert load.secrets(loaded) == ((), ())
    brand = loaded.config.reamaze.brands["sandbox"]
    assert (brand.base_url, brand.user) == ("http://127.0.0.1:8027/api/v1", "bridge@example.com")
    assert "REAMAZE_TOKEN=sandbox reamaze-bridge run -c config.example.yaml" in TEXT


def test_what_is_off_is_right_too() -> None:
    with pytest.raises(ConfigError) as caught:
        load.load(FILE, text=ALL)
    # Only what excludes each other may stand in the way.
    assert [mistake.split(": ", 1)[1] for mistake in caught.value.mistakes] == [
        "routes[0].conversation.patterns[0]: give exactly one of `key` and `slug`",
        "staging: give exactly one of `serve` and `put`",
        "reamaze.brands.sandbox.token: give exactly one of `file`, `env` or `credential`",
    ]


def test_what_is_off_is_right_once_its_alternatives_are_chosen() -> None:
    text = re.sub(
        r"^\s*(slug: order-\{1\}|file: /etc/reamaze-bridge/token|credential: .*|slug: order-123)\n",
        "",
        ALL,
        flags=re.MULTILINE,
    )
    text = re.sub(r"^  serve:\n(?:    .*\n)+?(?=  # The bridge uploads)", "", text, flags=re.MULTILINE)
    config = load.load(FILE, text=text)
    assert config.staging.put is not None
    assert config.staging.put.headers.keys() == {"Authorization"}
    assert [rule.use for rule in config.routes[0].author] == ["body", "fixed"]
    assert config.routes[0].conversation.patterns[0].key == "order-{1}"


def test_every_key_of_the_schema_is_in_it_and_no_other() -> None:
    assert set(_paths(yaml.safe_load(ALL), ())) == {path for path, _ in outline.walk()} - TOLD_AT_TOKEN


def test_its_sections_stand_in_the_order_of_the_schema() -> None:
    assert list(yaml.safe_load(TEXT)) == list(schema.Config.model_fields)


def test_what_it_sets_is_the_default_where_there_is_one() -> None:
    compared = dict(_differences(load.load(FILE), ()))
    assert {path for path, equal in compared.items() if not equal} == CHOSEN
    assert len(compared) > 50


def test_the_settings_that_are_off_are_off_by_default() -> None:
    off = set(_paths(yaml.safe_load(ALL), ())) - set(_paths(yaml.safe_load(TEXT), ()))
    fields = dict(outline.walk())
    switched = {path for path in off if path[:-1] not in off}
    assert switched == {
        ("smtp", "listeners", "tls"),
        ("smtp", "listeners", "logins"),
        ("routes", "author"),
        ("routes", "fields"),
        ("routes", "conversation", "patterns"),
        ("routes", "examples"),
        ("staging", "put"),
        ("reamaze", "brands", outline.ANY, "token", "file"),
        ("reamaze", "brands", outline.ANY, "token", "credential"),
        ("operate", "alert"),
    }
    assert all(fields[path].get_default() in (None, ()) for path in switched)


def test_every_key_has_a_comment_above_it_or_above_its_group() -> None:
    bare = [
        line
        for number, line in enumerate(LINES)
        if _KEY.match(line)
        and not _explained(number)
        and line.strip("# :-") not in ("smtp", "sandbox", "spool", "sender", "log", "operate", "reamaze")
    ]
    assert bare == []


def test_a_key_without_a_default_says_so() -> None:
    silent = []
    for number, line in enumerate(LINES):
        key = _KEY.match(line)
        if key and _is_always_required(key[1]) and "No default" not in _comment(number):
            silent.append(line)
    assert silent == []


def test_the_words_above_a_number_name_the_same_number() -> None:
    wrong = []
    for number, line in enumerate(LINES):
        value = re.fullmatch(r"\s*[a-z_]+: (\d+)", line)
        if value and not re.search(rf"\b{value[1]}\b", _comment(number)):
            wrong.append(line)
    assert wrong == []


def test_no_line_is_too_long_to_read() -> None:
    assert [line for line in LINES if len(line) > 131] == []


def _is_always_required(key: str) -> bool:
    fields = [field for path, field in outline.walk() if path[-1] == key]
    return (
        bool(fields)
        and all(field.is_required() for field in fields)
        and key not in schema.Config.model_fields
    )


def _comment(number: int) -> str:
    """The prose right above a line, over keys that share it."""
    above = number - 1
    while above > 0 and _KEY.match(LINES[above]):
        above -= 1
    words: list[str] = []
    while above > 0 and LINES[above].lstrip().startswith("# "):
        words.insert(0, LINES[above].strip())
        above -= 1
    return " ".join(words)


def _explained(number: int) -> bool:
    return bool(_comment(number))


def _paths(data: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The paths of all keys, as `outline.walk` writes them: names of brands and header fields are no keys."""
    if isinstance(data, list):
        for item in data:
            yield from _paths(item, path)
    elif isinstance(data, dict):
        named = path in (
            ("reamaze", "brands"),
            ("staging", "put", "headers"),
            ("routes", "examples", "headers"),
            ("routes", "examples", "fields"),
        )
        for key, value in data.items():
            here = (*path, outline.ANY if named else key)
            if not named:
                yield here
            if here != HEADER:
                yield from _paths(value, here)


def _differences(section: schema.Section, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Each key with a default, and whether the section has it at that default."""
    for name, field in type(section).model_fields.items():
        here = (*path, field.alias or name)
        value = getattr(section, name)
        if not field.is_required():
            equal = value == field.get_default(call_default_factory=True)
            yield here, equal
            if equal:
                continue
        children = (
            value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        )
        inside = (*here, outline.ANY) if isinstance(value, dict) else here
        for child in children:
            if isinstance(child, schema.Section):
                yield from _differences(child, inside)
