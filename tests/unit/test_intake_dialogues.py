"""Every script of tests/dialogues, line for line.

A script begins with `#` lines that say what it shows. `listener:` and `smtp:` set keys of the config, `spool:` switches trouble
on. `C:` is a line of the client, sent with CRLF; `R:` is sent as it is, with escapes read. What stands between two `S:` blocks
is sent at once. `S:` is a line of the server; `S: (closed)` means that it closed the connection. `=` counts the mails stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.smtp import FakeStore, Peer, reception

from bridge.errors import SpoolBrokenError, SpoolFullError

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parents[1] / "dialogues"
SCRIPTS = sorted(FOLDER.glob("*.txt"))


@dataclass
class Script:
    listener: dict[str, Any] = field(default_factory=dict)
    smtp: dict[str, Any] = field(default_factory=dict)
    spool: str = ""
    #: What is sent, and what must be heard then.
    turns: list[tuple[bytes, list[str]]] = field(default_factory=lambda: [(b"", [])])
    stored: int = 0


def read(path: Path) -> Script:
    script = Script()
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, text = line.partition(" ")
        match key:
            case "S:":
                script.turns[-1][1].append(text)
            case "C:" | "R:":
                said = (
                    text.encode() + b"\r\n"
                    if key == "C:"
                    else text.encode().decode("unicode_escape").encode("latin-1")
                )
                sent, heard = script.turns[-1]
                if heard:
                    script.turns.append((said, []))
                else:
                    script.turns[-1] = (sent + said, heard)
            case "listener:" | "smtp:":
                settings = script.listener if key == "listener:" else script.smtp
                settings.update(_setting(pair) for pair in text.split())
            case "spool:":
                script.spool = text
            case "=":
                script.stored = int(text)
            case _:
                assert not line or line.startswith("#"), f"{path.name}: {line!r} means nothing"
    return script


def _setting(pair: str) -> tuple[str, Any]:
    key, _, value = pair.partition("=")
    found = yaml.safe_load(value)
    return key, tuple(found) if isinstance(found, list) else found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
async def test_the_dialogue_goes_as_written(path: Path) -> None:
    script = read(path)
    store = FakeStore()
    if script.spool == "full":
        store.no_room = SpoolFullError("the reserve is reached")
    elif script.spool:
        store.fails = {
            "full at the end": SpoolFullError("secret"),
            "broken": SpoolBrokenError("/secret/path"),
        }[script.spool]
    peer = Peer(reception(store=store, settings=script.smtp, **script.listener))
    for sent, expected in script.turns:
        if sent:
            peer.session.data_received(sent)
        heard = (await peer.hear()).split("\r\n")[:-1]
        if peer.closed:
            heard.append("(closed)")
        assert heard == expected, f"after {sent!r}"
    assert len(store.stored) == script.stored


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 15
