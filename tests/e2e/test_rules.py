"""What the commands say about a route's rules: before they are used, about one mail, and about those that came already."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from support import rig, simulator
from support.command import call

from bridge.sandbox import Behaviour

FORM = """\
From: Shop <forms@shop.example>
To: support@example.com
Subject: {subject}
Message-ID: <{number}@shop.example>
Content-Type: text/html; charset=utf-8

<table><tr><td>Order number</td><td>{order}</td></tr><tr><td>Mail</td><td>kim@roe.example</td></tr></table>
"""


def a_form(number: int, order: str, subject: str = "New form") -> str:
    return FORM.format(number=number, order=order, subject=subject).replace("\n", "\r\n")


def written(folder: Path, base_url: str = "http://127.0.0.1:1/api/v1", **route: Any) -> Path:
    """A config whose first route has these rules."""
    data = rig.settings(folder, base_url)
    data["routes"][0].update(route)
    path = folder / "config.yaml"
    path.write_text(json.dumps(data, default=str))  # JSON is YAML
    (folder / "token").chmod(0o600)
    return path


def test_an_example_may_be_a_mail_as_it_came(tmp_path: Path) -> None:
    (tmp_path / "form.eml").write_text(a_form(1, "4711"))
    rules: dict[str, Any] = {
        "fields": [{"name": "order", "label": "Order number"}],
        "author": [{"use": "body", "email": "Mail"}],
    }
    example: dict[str, Any] = {"file": "form.eml", "author": "kim@roe.example", "fields": {"order": "4711"}}
    good = call("check", "-c", written(tmp_path, **rules, examples=[example]))
    assert (good.status, good.text.partition("; ")[2]) == (0, "2 routes, 1 example as expected.\n")
    rules["fields"][0]["label"] = "Order no."
    bad = call("check", "-c", written(tmp_path, **rules, examples=[example]))
    assert bad.status == 78
    assert bad.err.endswith(
        'routes[0].examples[0]: expected field order "4711", got none (no line begins with “Order no.” and a colon; '
        "the nearest is “Order number”)\n"
    )


@pytest.mark.parametrize(
    ("example", "said"),
    [
        (
            {"file": "gone.eml"},
            "examples[0].file: cannot be read: No such file or directory; give the path of a mail",
        ),
        (
            {"file": "a.eml", "subject": "x"},
            "examples[0].subject: the mail is in `file`, which has its own `subject`",
        ),
        (
            {"fields": {"oder": "1"}},
            "examples[0].fields.oder: a field that `fields` does not name; add it there",
        ),
        ({"key": 12}, "examples[0].key: expected text, got 12 (put it in quotes)"),
    ],
)
def test_an_example_that_cannot_be_run_says_why(tmp_path: Path, example: dict[str, Any], said: str) -> None:
    done = call("check", "-c", written(tmp_path, examples=[example]))
    assert done.status == 78
    assert said in done.err


def test_explain_says_what_the_rules_looked_for_in_vain(tmp_path: Path) -> None:
    config = written(
        tmp_path,
        fields=[
            {"name": "order", "label": "Order no."},
            {"name": "host", "use": "header", "label": "X-Host"},
        ],
        author=[
            {"use": "fixed", "when_from": ["scan@office.example"], "user": {"email": "scan@office.example"}},
            {"use": "body", "when_from": ["forms@shop.example"], "email": "E-mail"},
        ],
    )
    done = call("explain", "-c", config, "-", stdin=a_form(1, "4711").encode())
    assert done.status == 0, done.said
    found = [line for line in done.text.splitlines() if line.startswith(("not found", "note"))]
    assert found == [
        "not found     author: the rule fixed is only for mail from scan@office.example, and this is from forms@shop.example",
        "not found     author: the rule body finds none: no line begins with “E-mail” and a colon; the nearest is “Mail”",
        "not found     field order: no line begins with “Order no.” and a colon; the nearest is “Order number”",
        "not found     field host: the mail has no header field X-Host",
        "note          No rule of the route found who wrote this mail from forms@shop.example, so it is posted as theirs.",
    ]


@pytest.mark.anyio
async def test_replay_says_which_mails_would_be_in_one_conversation(tmp_path: Path) -> None:
    async with simulator.on_port(Behaviour()) as stand_in:
        data = rig.settings(tmp_path, stand_in.base_url)
        async with rig.bridge(data, stand_in.sandbox) as bridge:
            ids = [
                await bridge.send(a_form(number, order, f"Form {number}"))
                for number, order in ((1, "4711"), (2, "4711"), (3, "4712"))
            ]
            await bridge.settled()
        config = written(
            tmp_path,
            stand_in.base_url,
            fields=[{"name": "order", "label": "Order number"}],
            conversation={"key": "{order}"},
            tags=["order"],
        )
        done = await asyncio.to_thread(lambda: call("replay", "-c", config))
    assert done.status == 0, done.said
    lines = done.text.splitlines()
    assert lines[-1] == "3 mails compared, 3 would differ."
    assert f"{ids[0]}  conversation: form-1 → the one of {ids[1]}, by the route's key {{order}}" in lines
    assert [line for line in lines if " conversation: " in line and ids[0] not in line[:20]] == []
    assert f"{ids[2]}  fields: (none) → order “4712”" in lines
    assert f"{ids[2]}  tags: (none) → order" in lines
