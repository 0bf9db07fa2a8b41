"""Expressions that a hostile text could keep busy for ever are told from those that it could not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge import stopwatch
from bridge.config import crosscheck, load
from bridge.config.backtracking import explodes
from bridge.errors import ConfigError

#: An expression, and a text that it cannot come to an end with.
EXPLOSIVE = {
    r"(a+)+$": "a" * 60 + "!",
    r"(a|aa)+$": "a" * 90 + "!",
    r"(a|a)*b": "a" * 60,
    r"(a*)*b": "a" * 60,
    r"(\w+\s?)*x": "a" * 60 + "!",
    r"(.*,)+\d": "," * 60,
    r"([a-z]+[.-]?)+@example\.com": "a" * 60,
    r"^(([a-z])+.)+[A-Z]([a-z])+$": "a" * 80,
    r"(x+x+)+y": "x" * 60,
    r"((a?)+)+b": "a" * 60,
    r"(a|b|ab)*c": "ab" * 40,
    r"(?:a|[^b])*b": "a" * 60,
    r"(?i:(a|Ab?)+)$": "a" * 60 + "!",
    r"(?i)(a|Ab?)+$": "a" * 60 + "!",
    r"(\d|[0-9]x?)+;": "1" * 60,
}
SAFE = (
    r"Order (\d+)",
    r"(\d+-)+x",
    r".*Order.*#(\d+).*",
    r"sales-.*@example\.com",
    r"(\w+\.)*\w+@example\.com",
    r"([a-z]+[.-])*[a-z]+@example\.com",
    r"(\d{1,3}\.){3}\d{1,3}",
    r"(foo|bar)+",
    r"\[#(\d+)\]",
    r"(?P<order>[A-Z]{2}-\d+)",
    r"^Re: (.*)$",
    r"[^@]+@(mail|desk)\.example\.com",
    r"(?:[^,]*,)+\d",
    r"\d+(\.\d+)*",
    r"(a|b|c)*d",
    r"(\d|[0-9])+;",
    r"(?=a+)b(?!c+)",
)


@pytest.mark.parametrize(("pattern", "text"), EXPLOSIVE.items(), ids=EXPLOSIVE)
def test_what_explodes_is_found_and_does(pattern: str, text: str) -> None:
    assert explodes(pattern)
    with pytest.raises(stopwatch.OutOfTime), stopwatch.within(0.1):
        re.search(pattern, text)


@pytest.mark.parametrize("pattern", SAFE)
def test_what_reads_a_text_in_one_way_is_left_alone(pattern: str) -> None:
    assert not explodes(pattern)


def test_case_counts_where_the_expression_ignores_it() -> None:
    assert not explodes(r"(a|Ab?)+$")
    assert explodes(r"(a|Ab?)+$", re.IGNORECASE)


@pytest.mark.parametrize(
    "pattern",
    [
        "(" * 5,
        "[",
        r"(a)\1*",
        "(" + "a?" * 140 + ")*b",
        ".*a" * 70,
        "(x|" * 200 + "y" + ")*" * 200,
        "a{1,9999}" * 50,
    ],
    ids=lambda pattern: pattern[:12],
)
def test_whatever_it_is_given_it_answers_soon(pattern: str) -> None:
    with stopwatch.within(5.0):
        explodes(pattern)


CONFIG = """\
hostname: bridge.example.com
smtp: {listeners: [{name: mx, listen: 127.0.0.1:2525}]}
spool: {folder: spool}
routes:
  - name: support
    recipients: ['%s']
    brand: acme
    channel: support
    conversation: {patterns: [{match: '%s', key: '{1}'}]}
staging: {serve: {public_url: "http://127.0.0.1:8025"}}
reamaze: {brands: {acme: {base_url: "http://127.0.0.1:1", user: a@b.example, token: {env: TOKEN}}}}
"""


def test_a_recipient_that_could_stop_the_daemon_is_a_mistake() -> None:
    text = CONFIG % (r"/([a-z]+[.-]?)+@example\.com/", r"Order (\d+)")
    with pytest.raises(
        ConfigError, match=r"c\.yaml:6:18: routes\[0\]\.recipients\[0\]: an address made for it could"
    ):
        load.read(Path("c.yaml"), text=text)


def test_a_pattern_that_costs_its_mail_half_a_second_is_a_warning() -> None:
    loaded = load.read(Path("c.yaml"), text=CONFIG % (r"/[a-z.-]+@example\.com/", r"((\w+)\s?)*x"))
    (warning,) = [line for line in loaded.warnings if "a mail made for it" in line]
    assert "routes[0].conversation.patterns[0].match" in warning
    assert list(crosscheck.warnings(loaded.config))
