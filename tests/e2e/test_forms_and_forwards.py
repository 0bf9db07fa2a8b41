"""Mail that somebody else sends in a person's name: forms, forwards, and the alerts of machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import rig

pytestmark = pytest.mark.anyio

FORM = """\
From: Shop <forms@shop.example>
To: support@example.com
Subject: Contact form
Message-ID: <{id}@shop.example>

Order no.: {order}
Name: Anna Berg
E-mail: anna@customer.example
Phone: +49 30 123456
Total: {total}

{words}
"""
FORWARD = """\
From: Ben Ito <ben@partner.example>
To: support@example.com
Subject: Fwd: Lost key
Message-ID: <f1@partner.example>

Yours, I think.

---------- Forwarded message ---------
From: Olga Bauer <olga@customer.example>
Date: Sun, Nov 1, 2026 at 8:00 PM
Subject: Lost key
To: <ben@partner.example>

I lost my key.
"""
ANSWER = """\
From: Olga Bauer <olga@customer.example>
To: support@example.com
Subject: Re: Lost key
Message-ID: <a1@customer.example>
In-Reply-To: <unknown@reamaze.com>

I found it.
"""
ALERT = """\
From: Monitor <monitor@ops.example>
To: support@example.com
Subject: PROBLEM: {host} check {number} is critical
Message-ID: <{host}-{number}@ops.example>
Auto-Submitted: auto-generated

Number {number}.
"""


def sent(text: str, **values: Any) -> str:
    return text.format(**values).replace("\n", "\r\n")


def ruled(**route: Any) -> rig.Change:
    return lambda data: data["routes"][0].update(route)


async def test_28_a_form_opens_its_senders_conversation_and_later_forms_join_it(tmp_path: Path) -> None:
    change = ruled(
        author=[{"use": "body", "when_from": ["forms@shop.example"], "email": "E-mail:", "name": "Name:"}],
        fields=[
            {"name": "order", "label": "Order no.:"},
            {"name": "total", "label": "Total:", "type": "number"},
            {"name": "phone", "label": "Phone:", "type": "phone", "send": "contact"},
        ],
        subject="Order {order}",
        conversation={"key": "order-{order}", "subject": False},
    )
    async with rig.running(tmp_path, change=change) as bridge:
        await bridge.send(sent(FORM, id=1, order="4711", total="1.234,50 EUR", words="Where is it?"))
        await bridge.send(sent(FORM, id=2, order="4711", total="a lot", words="It came."))
        await bridge.send(sent(FORM, id=3, order="4712", total="7", words="Another."))
        await bridge.settled()
        first, second = sorted(bridge.sandbox.conversations, key=lambda one: one.subject)
        assert (first.subject, first.author.email, first.author.name) == (
            "Order 4711",
            "anna@customer.example",
            "Anna Berg",
        )
        assert {key: value for key, value in first.data.items() if key != "bridge_key"} == {
            "order": "4711",
            "total": "1234.50",
        }
        assert second.subject == "Order 4712"
        said = bridge.sandbox.messages(first.slug)
        assert [message.body.rsplit("\n", 1)[-1] for message in said if not message.internal] == [
            "Where is it?",
            "It came.",
        ]
        (note,) = [message.body for message in said if message.internal]
        assert "The field total says “a lot”" in note


async def test_27_a_forward_opens_its_authors_conversation_and_their_answer_finds_it(tmp_path: Path) -> None:
    change = ruled(forwards="original", forwarders=["@partner.example"])
    async with rig.running(tmp_path, change=change) as bridge:
        await bridge.send(sent(FORWARD))
        await bridge.settled()
        await bridge.send(sent(ANSWER))
        await bridge.settled()
        (conversation,) = bridge.sandbox.conversations
        assert (conversation.subject, conversation.author.email) == ("Lost key", "olga@customer.example")
        forward, note, answer = bridge.only_conversation()
        assert "I lost my key." in forward.body
        assert forward.user.name == "Olga Bauer"
        assert "Ben Ito \\<ben@partner.example\\> passed this on" in note.body
        assert note.internal
        assert answer.body == "I found it."


async def test_27_a_forward_joins_no_earlier_conversation_by_its_subject(tmp_path: Path) -> None:
    change = ruled(forwards="original", forwarders=["@partner.example"])
    async with rig.running(tmp_path, change=change) as bridge:
        await bridge.send(sent(ANSWER))
        await bridge.settled()
        await bridge.send(sent(FORWARD))
        await bridge.settled()
        assert len(bridge.sandbox.conversations) == 2


async def test_an_alert_that_joins_its_source_says_its_own_subject(tmp_path: Path) -> None:
    rules = [
        {"name": "host", "use": "subject", "match": r"PROBLEM: (\S+) check"},
        {"name": "day", "use": "header", "label": "Date", "type": "date", "send": "none"},
    ]
    change = ruled(
        fields=rules, subject="Alerts of {host}", conversation={"key": "{host} {day}"}, tags=["{host}"]
    )
    dated = "Date: Mon, 2 Nov 2026 09:12:33 +0100\n" + ALERT
    async with rig.running(tmp_path, change=change) as bridge:
        for number in (1, 2):
            await bridge.send(sent(dated, host="db1", number=number))
        await bridge.send(sent(dated.replace("2 Nov", "3 Nov"), host="db1", number=3))
        await bridge.settled()
        later, first = sorted(
            bridge.sandbox.conversations, key=lambda one: len(bridge.sandbox.messages(one.slug))
        )
        assert (first.subject, later.subject, list(first.tags)) == ("Alerts of db1", "Alerts of db1", ["db1"])
        assert [message.body for message in bridge.sandbox.messages(first.slug)] == [
            f"**Subject:** PROBLEM: db1 check {number} is critical\n\nNumber {number}." for number in (1, 2)
        ]


async def test_a_word_in_the_subject_of_an_answer_alone_is_read(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(sent(ANSWER))
        await bridge.settled()
        empty = ANSWER.replace("a1@", "a2@").replace("unknown@reamaze.com", "a1@customer.example")
        await bridge.send(
            sent(empty.replace("Re: Lost key", "Re: Lost key - found!").replace("I found it.\n", ""))
        )
        await bridge.settled()
        _, said = bridge.only_conversation()
        assert said.body == "**Subject:** Re: Lost key - found!\n\n(no text)"


async def test_fifty_alerts_of_one_source_are_one_quiet_conversation(tmp_path: Path) -> None:
    pattern = {"where": "subject", "match": r"PROBLEM: (\S+) check", "key": "alerts-{1}"}
    change = ruled(conversation={"patterns": [pattern]})
    async with rig.running(tmp_path, change=change) as bridge:
        for number in range(50):
            await bridge.send(sent(ALERT, host="db1" if number % 10 else "web7", number=number))
        await bridge.settled()
        counts = sorted(len(bridge.sandbox.messages(one.slug)) for one in bridge.sandbox.conversations)
        assert counts == [5, 45]
        assert all(message.flags and not message.notified for message in bridge.sandbox.posted)
