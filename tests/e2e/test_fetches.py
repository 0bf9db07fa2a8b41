"""Whether Re:amaze fetched a mail's files is written down, and a file nobody fetched is an alarm."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from support import rig

from bridge import web
from bridge.sandbox import Behaviour

pytestmark = pytest.mark.anyio


def with_two_files() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = (
        "ann@customer.example",
        "Files",
        "<f@customer.example>",
    )
    mail.set_content("Two files.")
    mail.add_attachment(b"first", maintype="application", subtype="pdf", filename="a.pdf")
    mail.add_attachment(b"second", maintype="application", subtype="zip", filename="b.zip")
    return mail.as_bytes(policy=SMTP)


async def missing(bridge: rig.Rig) -> dict[str, int]:
    spool, now = bridge.daemon._spool, bridge.daemon.clock.now()
    assert spool is not None
    return spool.operator.never_fetched(now - timedelta(minutes=5), now + timedelta(minutes=5))


async def test_a_fetch_stands_in_the_life_of_its_mail(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        mail_id = await bridge.send(with_two_files())
        await bridge.settled()
        await bridge.until(lambda: len(fetches(bridge, mail_id)) == 2)
        assert await missing(bridge) == {}


async def test_a_file_nobody_fetched_is_missed_by_its_mail(tmp_path: Path) -> None:
    async with rig.running(tmp_path, behaviour=Behaviour(fetch="never")) as bridge:
        mail_id = await bridge.send(with_two_files())
        await bridge.until(lambda: bridge.state(mail_id) == "delivered")
        assert fetches(bridge, mail_id) == []
        assert await missing(bridge) == {mail_id: 2}


async def test_a_file_fetched_often_is_written_down_once(tmp_path: Path) -> None:
    async with rig.running(tmp_path, behaviour=Behaviour(fetch_times=4)) as bridge:
        mail_id = await bridge.send(with_two_files())
        await bridge.settled()
        await bridge.until(
            lambda: all(one.fetches == 4 for m in bridge.sandbox.posted for one in m.attachments)
        )
        # Whoever fetches has the last byte before that is written down.
        await bridge.until(lambda: len(fetches(bridge, mail_id)) >= 2)
        assert len(fetches(bridge, mail_id)) == 2


def fetches(bridge: rig.Rig, mail_id: str) -> list[str]:
    (trace,) = bridge.daemon.trace(mail_id)
    return [event.detail for event in trace.events if event.event == "fetched"]


async def test_silent_peers_keep_neither_a_fetch_nor_a_look_at_its_health_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "Limits", functools.partial(web.Limits, connections=20))

    def with_health(data: dict[str, Any]) -> None:
        data["operate"]["listen"] = "127.0.0.1:0"

    async with rig.running(tmp_path, change=with_health) as bridge, contextlib.AsyncExitStack() as stack:
        operate, staging = bridge.daemon.operate_port, bridge.daemon.staging_port
        for number in range(100):
            _, writer = await asyncio.open_connection("127.0.0.1", (operate, staging)[number % 2])
            stack.callback(writer.close)
            writer.write(b"GET / HTTP/1.1\r\n"[: number % 20])
        mail_id = await bridge.send(with_two_files())
        await bridge.settled()
        await bridge.until(lambda: len(fetches(bridge, mail_id)) == 2)
        reader, writer = await asyncio.open_connection("127.0.0.1", operate)
        stack.callback(writer.close)
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await asyncio.wait_for(reader.readline(), 10) == b"HTTP/1.1 200 OK\r\n"
