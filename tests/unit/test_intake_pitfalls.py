"""The known pitfalls of aiosmtpd 1.4.6, by number: each is named where it is shown closed, and what they stand on is pinned."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from bridge.intake.session import BridgeSMTP

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.parametrize("number", range(1, 33))
def test_every_pitfall_has_a_test(number: int) -> None:
    places = [*HERE.glob("test_intake_*.py"), *(HERE.parent / "dialogues").glob("*.txt")]
    named: set[int] = set()
    for place in places:
        for words in re.findall(r"[Pp]itfalls? ([\d, and]+)", place.read_text(encoding="utf-8")):
            named.update(int(found) for found in re.findall(r"\d+", words))
    assert number in named


def test_aiosmtpd_is_pinned_to_what_the_session_was_written_for() -> None:
    """Pitfalls 11, 31 and 32: both advisories are fixed from 1.4.6 on; the subclass leans on internals of 1.4."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "aiosmtpd>=1.4.6,<1.5" in project["dependencies"]
    assert tuple(int(part) for part in version("aiosmtpd").split(".")[:2]) == (1, 4)


def test_what_the_session_replaces_is_still_there_to_be_replaced() -> None:
    """Pitfall 32: private names that a new aiosmtpd may change, in which case the override would silently do nothing."""
    for name in (
        "_handle_client",
        "_reset_timeout",
        "connection_made",
        "connection_lost",
        "eof_received",
        "data_received",
    ):
        assert callable(getattr(SMTP, name)), name
        assert getattr(BridgeSMTP, name) is not getattr(SMTP, name), name
    assert {"_timeout_handle", "_handler_coroutine"} <= set(SMTP.connection_lost.__code__.co_names)
    assert "_handle_client" in SMTP.connection_made.__code__.co_names
