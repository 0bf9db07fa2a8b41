"""A reply shows what is new: what it quotes is left out where the conversation holds it, and stands where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import rig

pytestmark = pytest.mark.anyio

FIRST = "The lamp in the hall flickers since Monday.\nI have changed the bulb already."
STAFF = """\
Thank you for telling us. Please send the serial number,
it is on the **base** of the lamp.

Kind regards,
The workshop"""


def mail(number: int, body: str, *, answers: int | None = None, subject: str = "Flickering lamp") -> str:
    thread = f"In-Reply-To: <{answers}@customer.example>\n" if answers else ""
    return (
        f"From: Ann Lee <ann@customer.example>\nTo: support@example.com\nSubject: {subject}\n"
        f"Message-ID: <{number}@customer.example>\n{thread}\n{body}\n"
    ).replace("\n", "\r\n")


def quoted(
    answer: str, words: str, *, attribution: str = "On Tue, 3 Nov 2026 at 09:12, Support wrote:"
) -> str:
    return f"{answer}\n\n{attribution}\n\n" + "\n".join(f"> {line}".rstrip() for line in words.split("\n"))


async def staff_says(bridge: rig.Rig, body: str) -> None:
    """An answer that a person writes at Re:amaze: no mail of it ever comes to the bridge."""
    (conversation,) = bridge.sandbox.conversations
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(bridge.sandbox.app),
        base_url="http://127.0.0.1",
        auth=("bridge@example.com", "sandbox"),
        headers={"accept": "application/json"},
    ) as client:
        answer = await client.post(
            f"/api/v1/conversations/{conversation.slug}/messages",
            json={"message": {"body": body, "visibility": 0, "origin_id": "by-hand"}},
        )
    assert answer.is_success, answer.text


def reads(bridge: rig.Rig) -> Sequence[Any]:
    """The calls by which the bridge read a conversation's messages."""
    return [call for call in bridge.sandbox.calls if call.method == "GET" and call.path.endswith("/messages")]


def notes(bridge: rig.Rig) -> str:
    return "\n".join(message.body for message in bridge.sandbox.posted if message.internal)


async def test_a_reply_that_quotes_what_the_bridge_posted_shows_its_own_words(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(mail(1, FIRST))
        await bridge.settled()
        await bridge.send(mail(2, quoted("And now it smells.", FIRST), answers=1))
        await bridge.settled()
        assert bridge.said()[1] == "And now it smells."
        assert notes(bridge) == ""
        assert reads(bridge) == []


async def test_a_first_mail_keeps_its_history(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(mail(1, quoted("Can you help with this?", FIRST), subject="Re: Flickering lamp"))
        await bridge.settled()
        (said,) = bridge.said()
        assert "> The lamp in the hall flickers since Monday." in said
        assert notes(bridge) == ""


async def test_what_staff_answered_at_reamaze_is_read_there_and_left_out(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(mail(1, FIRST))
        await bridge.settled()
        await staff_says(bridge, STAFF)
        wrapped = STAFF.replace("**", "*").replace("send the ", "send the\n")
        history = (
            wrapped
            + "\n>\n> On Mon, 2 Nov 2026 at 08:00, Ann Lee wrote:\n>\n> "
            + FIRST.replace("\n", "\n> ")
        )
        await bridge.send(mail(2, quoted("It is 4711.", history), answers=1))
        await bridge.settled()
        assert bridge.said()[-1] == "It is 4711."
        assert len(reads(bridge)) == 1
        # What was read is remembered: the next quote of it needs no look.
        await bridge.send(mail(3, quoted("Any news?", STAFF.replace("**", "")), answers=2))
        await bridge.settled()
        assert bridge.said()[-1] == "Any news?"
        assert len(reads(bridge)) == 1


async def test_a_quote_that_is_not_in_the_conversation_stays(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(mail(1, FIRST))
        await bridge.settled()
        changed = FIRST.replace("Monday", "Tuesday")
        await bridge.send(mail(2, quoted("See below.", changed), answers=1))
        await bridge.settled()
        assert "> The lamp in the hall flickers since Tuesday." in bridge.said()[1]


async def test_an_answer_between_quoted_lines_stays_with_them(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(mail(1, FIRST))
        await bridge.settled()
        await bridge.send(mail(2, quoted("See below.", FIRST) + "\n\nThat was wrong, sorry.", answers=1))
        await bridge.settled()
        assert "> I have changed the bulb already." in bridge.said()[1]


async def test_an_answer_below_what_staff_wrote_shows_its_own_words(tmp_path: Path) -> None:
    """As Thunderbird and mutt begin it; a part of a message above the answer says what is answered."""
    async with rig.running(tmp_path) as bridge:
        await bridge.send(mail(1, FIRST))
        await bridge.settled()
        await staff_says(bridge, STAFF)
        await bridge.send(mail(2, quoted("", STAFF).lstrip("\n") + "\n\nIt is 4711.", answers=1))
        await bridge.settled()
        assert bridge.said()[-1] == "It is 4711."
        part = STAFF.partition("\n\n")[0]
        await bridge.send(mail(3, quoted("", part).lstrip("\n") + "\n\nWhere exactly?", answers=1))
        await bridge.settled()
        assert "> Thank you for telling us." in bridge.said()[-1]


async def test_a_conversation_that_is_gone_takes_what_was_left_out_with_it(tmp_path: Path) -> None:
    """The plan leaves the quote out; the new conversation, opened for want of the old one, shows it."""
    async with rig.running(tmp_path) as bridge:
        await bridge.send(mail(1, FIRST))
        await bridge.settled()
        bridge.sandbox.faults.script(404)
        await bridge.send(mail(2, quoted("And now it smells.", FIRST), answers=1))
        await bridge.settled()
        assert "> I have changed the bulb already." in bridge.said()[-1]


async def test_a_route_may_leave_out_any_quote_and_send_it_along(tmp_path: Path) -> None:
    def change(data: dict[str, Any]) -> None:
        data["routes"][0]["body"] = {"trim": "quotes"}

    async with rig.running(tmp_path, change=change) as bridge:
        await bridge.send(mail(1, quoted("Can you help with this?", FIRST)))
        await bridge.settled()
        (message, _) = bridge.only_conversation()
        assert message.body == "Can you help with this?"
        (file,) = message.files
        assert file.name == "quoted-text.md"
        assert b"I have changed the bulb already." in file.content
        assert "goes along as a file" in notes(bridge)


async def test_a_route_may_leave_all_as_it_is(tmp_path: Path) -> None:
    def change(data: dict[str, Any]) -> None:
        data["routes"][0]["body"] = {"trim": "off"}

    async with rig.running(tmp_path, change=change) as bridge:
        await bridge.send(mail(1, FIRST))
        await bridge.settled()
        await bridge.send(mail(2, quoted("And now it smells.", FIRST), answers=1))
        await bridge.settled()
        assert "> I have changed the bulb already." in bridge.said()[1]
        assert reads(bridge) == []
