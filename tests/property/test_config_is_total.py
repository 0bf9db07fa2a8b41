"""Whatever the config file holds, it is a config or a list of mistakes, and no secret is told."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.config import load
from bridge.config.schema import Config
from bridge.errors import ConfigError

EXAMPLE = (Path(__file__).parents[2] / "config.example.yaml").read_text(encoding="utf-8")
#: The example without its words: every setting in as few characters as it takes.
BARE = (
    "\n".join(line for line in EXAMPLE.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    + "\n"
)
LINES = BARE.splitlines(keepends=True)

#: What a file of this kind is written with, so that the reader is reached and not only its first line.
WORDS = st.sampled_from(
    (
        *(
            "- ",
            ": ",
            "\n",
            "\n  ",
            "\n    ",
            "[",
            "]",
            "{",
            "}",
            "&a ",
            "*a",
            "<<: ",
            "'",
            '"',
            "|\n",
            ">",
            "# ",
            "\t",
        ),
        *(
            "!!int ",
            "!!bool ",
            "!!timestamp ",
            "!!binary ",
            "!x ",
            "~",
            "0",
            "1e400",
            "0b_",
            "._",
            "on",
            ".nan",
            "=",
        ),
        *("hostname", "smtp", "listeners", "routes", "token", "brands", "recipients", "\ud7ff", "\x00"),
    )
)


def answered(text: str) -> Config | tuple[str, ...]:
    try:
        return load.load(Path("c.yaml"), text=text)
    except ConfigError as error:
        found = error.mistakes
    assert found
    assert all(mistake.startswith("c.yaml:") and "\n" not in mistake for mistake in found)
    return found


def test_the_bare_example_is_a_config() -> None:
    assert isinstance(answered(BARE), Config)


@given(st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=60).map("".join)))
@settings(deadline=None, max_examples=200)
def test_any_text_is_answered(text: str) -> None:
    answered(text)


@given(st.integers(0, len(LINES) - 1), st.lists(WORDS, max_size=6).map("".join), st.integers(0, 40))
@settings(deadline=None, max_examples=100)
def test_the_example_with_one_line_gone_wrong_is_answered(number: int, words: str, column: int) -> None:
    line = LINES[number]
    answered("".join([*LINES[:number], line[:column] + words + line[column:], *LINES[number + 1 :]]))


@given(st.lists(WORDS, max_size=8).map("".join))
@settings(deadline=None, max_examples=100)
def test_what_stands_where_a_token_is_expected_is_never_told(words: str) -> None:
    found = answered(
        BARE.replace("      token:\n        env: REAMAZE_TOKEN\n", f"      token: {words}hunter2{words}\n")
    )
    assert not any("hunter2" in mistake for mistake in found if isinstance(found, tuple))
