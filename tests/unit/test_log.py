"""A line of the log is one line, whoever had a hand in what it says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.logged import as_before

from bridge import log

HOSTILE = "a\nevent=dead id=x\r\x1b[2J\x9b31m\x07\u2028b\u202ec\u2066d\x00\ud800"


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    with as_before():
        yield


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


def test_values_are_told_apart_from_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    log.info("sorted", id="d20", because='it says "a=b" \\ c', stranger=True, ms=3, slug="")
    (line,) = lines(capsys)
    assert line.startswith(
        r'event=sorted id=d20 because="it says \"a=b\" \\ c" stranger=true ms=3 slug= level=info timestamp='
    )


def test_what_is_no_text_cannot_break_the_line_either(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("logfmt", "json"):
        log.configure(format=form)  # type: ignore[arg-type]  # one of the two
        log.error("trouble", error=ValueError(HOSTILE), names=[HOSTILE])
    logfmt, as_json = lines(capsys)
    assert logfmt.isprintable()
    assert as_json.isprintable()


def test_a_line_tells_its_time_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(format="json")
    log.info("accepted")
    (line,) = lines(capsys)
    at = datetime.fromisoformat(json.loads(line)["timestamp"])
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def test_a_line_that_cannot_be_written_costs_nobody_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    log.configure()
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr("sys.stderr", full)
        log.info("accepted", id="d20")
        with contextlib.suppress(OSError):
            full.close()
        log.info("accepted", id="d21")
    monkeypatch.setattr("sys.stderr", None)
    log.info("accepted", id="d22")
