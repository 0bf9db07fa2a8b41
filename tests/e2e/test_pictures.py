"""How mails of well-known clients look to an agent: the help desk's page in a real Chromium.

`pytest tests/e2e/test_pictures.py --pictures FOLDER` keeps the pictures, for a person to look at.
"""

from __future__ import annotations

import asyncio
import html
import re
import struct
import subprocess
import urllib.request
from pathlib import Path

import pytest
from support import golden, rig, simulator, tools

pytestmark = pytest.mark.anyio

#: Mails of the corpus, each in the shape of a client.
CLIENTS = (
    "html/001-gmail-web",
    "html/003-outlook-desktop-word",
    "html/009-thunderbird-html-with-code",
    "html/019-newsletter-with-layout-tables",
    "attachments/013-apple-text-picture-text",
    "replies/003-outlook-desktop-border-top",
)
_TAGS = re.compile(r"<(?:style|script)[^>]*>.*?</(?:style|script)>|<[^>]*>", re.DOTALL)
#: Markup that a reader should never see as text.
_RAW = re.compile(r"\*\*\w|\]\(https?:|&lt;/?(?:p|br|div|td|span)\b|\w__\b")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1000,700",
)


async def test_mails_of_six_clients_look_as_they_should(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chromium = tools.need("chromium")
    kept = Path(request.config.getoption("--pictures") or tmp_path / "pictures")
    kept.mkdir(parents=True, exist_ok=True)
    async with simulator.on_port() as stand_in:
        data = rig.settings(tmp_path, stand_in.base_url)
        async with rig.bridge(data, stand_in.sandbox) as bridge:
            for name in CLIENTS:
                content = (golden.CORPUS / f"{name}.eml").read_bytes()
                await bridge.send(re.sub(rb"(?<!\r)\n", b"\r\n", content))
                await bridge.settled()
            conversations = bridge.sandbox.conversations
            assert len(conversations) == len(CLIENTS)
            for name, conversation in zip(CLIENTS, conversations, strict=True):
                address = f"{stand_in.url}/conversations/{conversation.brand}/{conversation.slug}"
                picture = kept / f"{name.replace('/', '-')}.png"
                page = await asyncio.to_thread(_look, chromium, address, picture, tmp_path / "profile")
                assert _size(picture) == (1000, 700)
                # An empty page of that size is a few kilobytes.
                assert picture.stat().st_size > 20_000
                words = html.unescape(_TAGS.sub(" ", page))
                assert conversation.subject is not None
                assert conversation.subject in words
                assert not (raw := _RAW.search(words)), f"{name} shows {raw}"


def _look(chromium: str, address: str, picture: Path, profile: Path) -> str:
    """The page's source, which no script changes; its picture is written."""
    command = [chromium, *FLAGS, f"--user-data-dir={profile}", f"--screenshot={picture}", address]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read().decode()


def _size(picture: Path) -> tuple[int, int]:
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)
