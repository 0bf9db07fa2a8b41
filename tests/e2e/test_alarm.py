"""An operator is told of each dead letter, once, where the config says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import rig

pytestmark = pytest.mark.anyio

MAIL = "From: ann@customer.example\r\nSubject: Mail {0}\r\nMessage-ID: <{0}@customer.example>\r\n\r\nText {0}.\r\n"


def with_alert(data: dict[str, Any]) -> None:
    data["operate"]["alert"] = {"brand": "acme", "channel": "orders"}


async def test_dead_letters_of_a_day_are_told_in_one_conversation(tmp_path: Path) -> None:
    async with rig.running(tmp_path, change=with_alert) as bridge:
        sent = []
        for number in (1, 2):
            bridge.sandbox.faults.script(422)
            sent.append(await bridge.send(MAIL.format(number)))
            await bridge.until(lambda: bridge.state(sent[-1]) == "dead")
        await bridge.until(lambda: len(bridge.sandbox.posted) == 2)
        (alarm,) = bridge.sandbox.conversations
        assert alarm.channel == "orders"
        for mail_id, message in zip(sent, bridge.sandbox.messages(alarm.slug), strict=True):
            assert f"reamaze-bridge queue retry {mail_id}" in message.body
            assert "422" in message.body


async def test_without_a_channel_nobody_is_told_by_mail(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        bridge.sandbox.faults.script(422)
        mail_id = await bridge.send(MAIL.format(1))
        await bridge.until(lambda: bridge.state(mail_id) == "dead")
        await bridge.send(MAIL.format(2))
        await bridge.settled()
        assert bridge.said() == ["Text 2."]


async def test_an_alarm_that_cannot_be_told_harms_no_mail(tmp_path: Path) -> None:
    async with rig.running(tmp_path, change=with_alert) as bridge:
        bridge.sandbox.faults.script(422, 503, on="POST")
        mail_id = await bridge.send(MAIL.format(1))
        await bridge.until(lambda: bridge.state(mail_id) == "dead")
        await bridge.send(MAIL.format(2))
        await bridge.settled()
        assert "Text 2." in bridge.said()
