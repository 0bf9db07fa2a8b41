"""An operator is told of each dead letter, once, where the config says so."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support import rig

from bridge.model import Message, New, Receipt

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
            await bridge.until(lambda: len(bridge.sandbox.posted) == len(sent))
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


async def test_an_alarm_that_takes_long_to_tell_holds_up_neither_mail_nor_stop(tmp_path: Path) -> None:
    def patiently(data: dict[str, Any]) -> None:
        with_alert(data)
        data["operate"]["stop_within_s"] = 0.2
        data["reamaze"]["parallel"] = 1

    async with rig.running(tmp_path, change=patiently) as bridge:
        assert bridge.daemon._loop is not None
        client = bridge.daemon._loop._parts.clients["acme"]
        create, told = client.create, []

        async def slowly(new: New, message: Message) -> Receipt:
            if new.channel == "orders":
                told.append(message)
                await asyncio.sleep(600)
            return await create(new, message)

        client.create = slowly  # type: ignore[method-assign]
        bridge.sandbox.faults.script(422, 422, on="POST")
        dead = [await bridge.send(MAIL.format(number)) for number in (1, 2)]
        await bridge.until(lambda: all(bridge.state(mail_id) == "dead" for mail_id in dead))
        await bridge.until(lambda: bool(told))
        await bridge.send(MAIL.format(3))
        await bridge.settled()
        assert bridge.said() == ["Text 3."]
        assert len(told) == 1
