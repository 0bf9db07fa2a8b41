"""A line of the log is one line, whoever had a hand in what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from bridge import log

HOSTILE = "a\nevent=dead id=x\r\x1b[2J\x9b31m\x07\u2028b\u202ec\u2066d\x00\ud800"


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    log.configure()  # takes back the leave to say personal data
    structlog.configure(**before)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.removesuffix("\n").split("\n")


def test_a_hostile_value_stays_one_value_of_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    log.info("accepted", id="d20", helo=HOSTILE)
    (line,) = lines(capsys)
    assert line.startswith("event=accepted id=d20 helo=")
    assert line.isprintable()
    assert " event=dead" not in line


def test_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(format="json")
    log.info("accepted", id="d20", helo=HOSTILE)
    (line,) = lines(capsys)
    assert line.isprintable()
    assert json.loads(line)["helo"] == log.printable(HOSTILE)


def test_what_is_printable_is_left_as_it_is() -> None:
    assert log.printable("Grüße aus 東京 🙁, שלום") == "Grüße aus 東京 🙁, שלום"
    assert log.printable("\x1b\u202e\n") == "\\x1b\\u202e\\x0a"


def test_what_was_not_said_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    log.info("sorted", id="d20", conversation=None, state="ready")
    (line,) = lines(capsys)
    assert line.startswith("event=sorted id=d20 state=ready level=info ")


def test_personal_data_is_in_the_log_only_where_the_config_allows_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for allowed in (False, True):
        log.configure(personal_data=allowed)
        log.info("sorted", id="d20", **log.personal(subject="Hello", author="ann@customer.example"))
    kept, told = lines(capsys)
    assert "Hello" not in kept
    assert "ann@" not in kept
    assert "subject=Hello author=ann@customer.example" in told


def test_less_than_the_level_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(level="warning")
    log.info("accepted", id="d20")
    log.warning("deferred", id="d20")
    (line,) = lines(capsys)
    assert line.startswith("event=deferred ")
