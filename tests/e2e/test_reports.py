"""Reports of a mail stand in its conversation, whoever may have sent them: quietly, and with no way in for more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import rig

pytestmark = pytest.mark.anyio

FIRST = """\
From: Ann Lee <ann@customer.example>
To: support@example.com
Subject: Flickering lamp
Message-ID: <1@customer.example>

The lamp in the hall flickers.
"""
BOUNCE = """\
From: Mail Delivery Subsystem <mailer-daemon@mx.elsewhere.example>
To: support@example.com
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce@mx.elsewhere.example>
References: <planted@attacker.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Your mail came back.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.elsewhere.example

Final-Recipient: rfc822; bob@elsewhere.example
Action: failed
Status: 5.1.1
--b
Content-Type: text/rfc822-headers

Message-ID: <1@customer.example>
Subject: Flickering lamp
--b--
"""
AWAY = """\
From: Eve <eve@elsewhere.example>
To: support@example.com
Subject: Automatic reply: Flickering lamp
Message-ID: <away@elsewhere.example>
In-Reply-To: <1@customer.example>
Auto-Submitted: auto-replied

I am away.
"""


def strangers_open_their_own(data: dict[str, Any]) -> None:
    data["routes"][0]["conversation"] = {"stranger": "new"}


def wire(mail: str) -> str:
    return mail.replace("\n", "\r\n")


async def answered(bridge: rig.Rig, by: str) -> None:
    """A customer's mail is delivered, and then what a program sends about it."""
    await bridge.send(wire(FIRST))
    await bridge.settled()
    await bridge.send(wire(by), reverse_path="")
    await bridge.settled()


async def test_a_bounce_lands_quietly_and_without_a_note_where_the_mail_is_that_it_is_about(
    tmp_path: Path,
) -> None:
    async with rig.running(tmp_path, change=strangers_open_their_own) as bridge:
        await answered(bridge, BOUNCE)
        messages = bridge.only_conversation()
        assert messages[1].body.startswith("**Delivery report: the mail could not be delivered**")
        assert any(flag.startswith("suppress_notification") for flag in messages[1].flags)
        assert not any(message.internal for message in messages)


async def test_who_forges_a_bounce_has_added_a_message_and_no_more(tmp_path: Path) -> None:
    async with rig.running(tmp_path, change=strangers_open_their_own) as bridge:
        await answered(bridge, BOUNCE.replace("mailer-daemon@mx.elsewhere.example", "eve@attacker.example"))
        for number, names in enumerate(("1@customer.example", "planted@attacker.example")):
            await bridge.send(
                wire(
                    f"From: eve@attacker.example\nTo: support@example.com\nSubject: Pay {number}\n"
                    f"Message-ID: <pay{number}@attacker.example>\nIn-Reply-To: <{names}>\n\nPay here.\n"
                )
            )
            await bridge.settled()
        opened = [conversation.subject for conversation in bridge.sandbox.conversations]
        assert sorted(filter(None, opened)) == ["Flickering lamp", "Pay 0", "Pay 1"]
        reported = bridge.sandbox.messages("flickering-lamp")[1]
        assert reported.body.startswith("**Delivery report")


async def test_free_words_that_only_say_they_are_automatic_do_not_pass_for_a_participants(
    tmp_path: Path,
) -> None:
    async with rig.running(tmp_path, change=strangers_open_their_own) as bridge:
        await answered(bridge, AWAY)
        _, away, note = bridge.only_conversation()
        assert any(flag.startswith("suppress_notification") for flag in away.flags)
        assert "had not taken part" in note.body
