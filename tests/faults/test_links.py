"""A mail may wait for longer than the links to its files live: what Re:amaze is told can be fetched all the same."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import rig, simulator
from support.marked import PNG

from bridge.clock import SystemClock
from bridge.config.schema import Config
from bridge.daemon import Daemon
from bridge.sandbox import Behaviour

pytestmark = pytest.mark.anyio

MAIL = """\
From: Ann Lee <ann@customer.example>
Subject: Two files
Message-ID: <links@customer.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Here they are.
--b
Content-Type: image/png; name=one.png
Content-Disposition: attachment
Content-Transfer-Encoding: base64

{png}
--b
Content-Type: text/csv; name=two.csv
Content-Disposition: attachment

a,b
--b--
"""


class Later(SystemClock):
    """A clock that can be turned ahead by days."""

    days = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(days=self.days)


@pytest.mark.parametrize("call", ["POST /api/v1/conversations", "/messages"])
async def test_a_file_can_be_fetched_however_long_its_mail_waited(call: str, tmp_path: Path) -> None:
    """Whether it is Re:amaze's first message that waits, or only the one with the second file."""
    clock = Later()
    with rig.polling():
        async with simulator.on_port(Behaviour()) as stand_in:
            sandbox = stand_in.sandbox
            sandbox.faults.always("503-before", on=call)
            data = rig.settings(tmp_path, stand_in.base_url)
            data["retry"]["outage_first_pause_s"] = 0.5
            data["staging"]["keep_days"] = 2
            async with Daemon(Config.model_validate(data), clock=clock).started() as daemon:
                bridge = rig.Rig(daemon, sandbox)
                mail_id = await bridge.send(
                    MAIL.format(png=base64.b64encode(PNG).decode()).replace("\n", "\r\n")
                )
                await bridge.until(lambda: daemon.trace(mail_id)[0].summary.reason != "")
                clock.days = 3
                sandbox.faults.clear()
                await bridge.settled()
            attached = [each for message in sandbox.posted for each in message.attachments]
            assert len(attached) == 2
            assert [each.failure for each in attached] == ["", ""]
