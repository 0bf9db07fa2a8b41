"""Mails with many files: each arrives, by the route's rule, and nobody else waits for them (mail-cases 91)."""

from __future__ import annotations

import hashlib
import io
import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from support import rig

pytestmark = pytest.mark.anyio

COUNT = 70


def contents(count: int = COUNT) -> list[bytes]:
    return [f"page {number}\n".encode() * (number + 1) for number in range(count)]


def with_files(count: int = COUNT) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = (
        "ann@customer.example",
        "Scans",
        "<s@customer.example>",
    )
    mail.set_content("All my scans.")
    for number, content in enumerate(contents(count)):
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"scan-{number:02}.pdf")
    return mail.as_bytes().replace(b"\n", b"\r\n")


def digests(found: Any) -> list[str]:
    return [hashlib.sha256(content).hexdigest() for content in found]


def by_rule(**files: Any) -> rig.Change:
    return lambda data: data["routes"][0].update(files=files)


async def test_other_mails_do_not_wait_for_seventy_files(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(with_files())
        await bridge.until(lambda: len(bridge.sandbox.posted) > 3)
        await bridge.send(
            "From: bo@other.example\r\nSubject: Short\r\nMessage-ID: <b@other.example>\r\n\r\nHello\r\n"
        )
        await bridge.until(lambda: any(message.body == "Hello" for message in bridge.sandbox.posted))
        assert len(bridge.sandbox.posted) < COUNT
        await bridge.settled()


async def test_the_rest_goes_as_one_zip(tmp_path: Path) -> None:
    async with rig.running(tmp_path, change=by_rule(many="zip", max_follow_ups=3)) as bridge:
        await bridge.send(with_files())
        await bridge.settled()
        messages = bridge.only_conversation()
        assert len(messages) == 4
        files = [file for message in messages for file in message.files]
        assert [file.name for file in files] == [
            "scan-00.pdf",
            "scan-01.pdf",
            "scan-02.pdf",
            "more-files.zip",
        ]
        with zipfile.ZipFile(io.BytesIO(files[-1].content)) as packed:
            assert packed.testzip() is None
            assert digests(map(packed.read, packed.namelist())) == digests(contents()[3:])
        assert "67 more files are in more-files.zip: scan-03.pdf, " in messages[0].body


async def test_the_rest_goes_as_links_below_the_text(tmp_path: Path) -> None:
    async with rig.running(tmp_path, change=by_rule(many="links", max_follow_ups=1)) as bridge:
        await bridge.send(with_files(5))
        await bridge.settled()
        first, second = bridge.only_conversation()
        assert [file.name for message in (first, second) for file in message.files] == [
            "scan-00.pdf",
            "scan-01.pdf",
        ]
        lines = first.body.split("\n\n")[-1].split("\n")
        assert [line.partition("](http://127.0.0.1:")[0] for line in lines] == [
            f"- [scan-0{n}.pdf" for n in (2, 3, 4)
        ]
