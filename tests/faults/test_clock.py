"""What a wall clock that was wrong for a while must not do: nothing is posted twice for it, and no file is gone."""

from __future__ import annotations

import asyncio
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import rig, simulator

from bridge import daemon
from bridge.clock import SystemClock
from bridge.config.schema import Config
from bridge.daemon import Daemon
from bridge.sandbox import Behaviour
from bridge.staging.serve import Serve

pytestmark = pytest.mark.anyio

MAIL = "From: Ann <ann@customer.example>\r\nSubject: Lamp {0}\r\nMessage-ID: <{0}@customer.example>\r\n\r\nHello\r\n"


FILE = (
    "From: Ann <ann@customer.example>\r\nSubject: A file\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment\r\n\r\na,b\r\n"
)


class Wrong(SystemClock):
    """A clock that is ahead by days, until it is set right."""

    days = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(days=self.days)


async def test_a_mail_taken_by_a_clock_that_was_ahead_is_found_where_it_was_posted(tmp_path: Path) -> None:
    clock = Wrong()
    # The list of conversations is all there is to find it by, and it is long enough to be read with care.
    behaviour = Behaviour(
        data_filter="ignored", origin_id_on_create="ignored", repeated_origin_id="duplicate", slugs="hash"
    )
    with rig.polling():
        async with simulator.on_port(behaviour) as stand_in:
            data = rig.settings(tmp_path, stand_in.base_url)
            data["retry"] |= {"first_delay_s": 1.0, "max_delay_s": 1.0}
            async with Daemon(Config.model_validate(data), clock=clock).started() as daemon:
                bridge = rig.Rig(daemon, stand_in.sandbox)
                for number in range(5):
                    await bridge.send(MAIL.format(number))
                await bridge.settled()
                stand_in.sandbox.faults.script("reset-after", on="POST /api/v1/conversations")
                clock.days = 3
                mail_id = await bridge.send(MAIL.format("six"))
                await bridge.until(lambda: daemon.trace(mail_id)[0].summary.reason != "")
                clock.days = 0
                await bridge.settled()
            assert len(stand_in.sandbox.posted) == 6


async def test_a_clock_that_leaps_ahead_takes_no_file_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one run and from one run to the next; the sweep that comes soon after each start changes nothing."""
    swept: list[int] = []
    sweep = Serve.sweep

    async def counted(serve: Serve) -> int:
        swept.append(await sweep(serve))
        return swept[-1]

    monkeypatch.setattr(Serve, "sweep", counted)
    monkeypatch.setattr(daemon, "FIRST_SWEEP_AFTER_S", 0.05)
    monkeypatch.setattr(daemon, "SWEEP_EVERY_S", 0.05)
    clock = Wrong()
    with rig.polling():
        async with simulator.on_port(Behaviour(fetch="never")) as stand_in:
            config = Config.model_validate(rig.settings(tmp_path, stand_in.base_url))
            async with Daemon(config, clock=clock).started() as running:
                bridge = rig.Rig(running, stand_in.sandbox)
                await bridge.send(FILE)
                await bridge.until(lambda: running.snapshot().waiting == 0 and bool(swept))
                ((link,),) = [each.attachments for each in stand_in.sandbox.posted]
                clock.days = 40
                before = len(swept)
                await bridge.until(lambda: len(swept) > before + 1)
                assert await asyncio.to_thread(fetched, link.url) == b"a,b\r\n"
            async with Daemon(config, clock=clock).started() as running:
                before = len(swept)
                await rig.Rig(running, stand_in.sandbox).until(lambda: len(swept) > before + 1)
                assert await asyncio.to_thread(fetched, link.url) == b"a,b\r\n"
    assert set(swept) == {0}


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        content: bytes = answer.read()
    return content
