"""The main job: a mail that arrives by SMTP becomes a message of a Re:amaze conversation."""

from __future__ import annotations

import hashlib
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest
from support import rig

pytestmark = pytest.mark.anyio

PLAIN = """\
From: Ann Lee <ann@customer.example>
To: support@example.com
Subject: {subject}
Message-ID: <{id}@customer.example>
{more}
{body}
"""


def plain(id: str, *, subject: str = "Broken lamp", body: str = "It does not shine.", more: str = "") -> str:
    return PLAIN.format(id=id, subject=subject, body=body, more=more).replace("\n", "\r\n")


async def test_a_mail_becomes_the_first_message_of_a_conversation(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        mail_id = await bridge.send(plain("1"))
        await bridge.settled()
        (message,) = bridge.only_conversation()
        (conversation,) = bridge.sandbox.conversations
        assert conversation.subject == "Broken lamp"
        assert conversation.channel == "support"
        assert (message.user.name, message.user.email) == ("Ann Lee", "ann@customer.example")
        assert message.body.strip() == "It does not shine."
        assert bridge.state(mail_id) == "delivered"


async def test_an_answer_joins_the_conversation_of_the_mail_it_answers(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(plain("1"))
        await bridge.send(plain("2", subject="Something else", more="In-Reply-To: <1@customer.example>\n"))
        await bridge.settled()
        assert len(bridge.only_conversation()) == 2


async def test_two_mails_of_one_new_thread_that_arrive_together_make_one_conversation(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        thread = "References: <root@customer.example>\n"
        for number in range(5):
            await bridge.send(
                plain(str(number), subject=f"Part {number}", body=f"part {number}", more=thread)
            )
        await bridge.settled()
        first, *others = [message.body.strip() for message in bridge.only_conversation()]
        assert first == "part 0"
        assert others == [f"**Subject:** Part {n}\n\npart {n}" for n in range(1, 5)]


async def test_both_files_of_a_mail_arrive_byte_by_byte(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = (
        "ann@customer.example",
        "Files",
        "<f@customer.example>",
    )
    mail.set_content("Two files.")
    contents = bytes(range(256)) * 40, b"PK\x03\x04" + b"second" * 9
    mail.add_attachment(contents[0], maintype="application", subtype="pdf", filename="Größe.pdf")
    mail.add_attachment(contents[1], maintype="application", subtype="zip", filename="b.zip")
    async with rig.running(tmp_path) as bridge:
        await bridge.send(mail.as_bytes().replace(b"\n", b"\r\n"))
        await bridge.settled()
        files = [file for message in bridge.only_conversation() for file in message.files]
        assert [file.sha256 for file in files] == [
            hashlib.sha256(content).hexdigest() for content in contents
        ]
        assert [file.name for file in files] == ["Größe.pdf", "b.zip"]


async def test_one_transaction_for_two_routes_makes_two_deliveries(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        mail_id = await bridge.send(plain("1"), to=("support@example.com", "sales@example.com"))
        await bridge.settled()
        assert sorted(conversation.channel for conversation in bridge.sandbox.conversations) == [
            "sales",
            "support",
        ]
        assert [trace.summary.state for trace in bridge.daemon.trace(mail_id)] == ["delivered", "delivered"]


async def test_an_answer_to_two_routes_joins_the_conversation_of_each(tmp_path: Path) -> None:
    both = ("support@example.com", "sales@example.com")
    async with rig.running(tmp_path) as bridge:
        await bridge.send(plain("1"), to=both)
        await bridge.send(plain("2", more="In-Reply-To: <1@customer.example>\n"), to=both)
        await bridge.settled()
        assert [len(bridge.sandbox.messages(one.slug)) for one in bridge.sandbox.conversations] == [2, 2]


async def test_a_recipient_no_route_wants_is_refused(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            await bridge.send(plain("1"), to="nobody@example.com")
        assert refused.value.smtp_code == 550
        assert b"5.1.1" in refused.value.smtp_error


async def test_mail_for_the_postmaster_is_taken_whoever_it_is(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(plain("1"), to="postmaster", reverse_path="")
        await bridge.settled()
        assert len(bridge.sandbox.conversations) == 1


async def test_the_same_mail_sent_twice_is_one_message(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(plain("1"))
        again = await bridge.send(plain("1"))
        await bridge.settled()
        assert len(bridge.only_conversation()) == 1
        assert bridge.state(again) == "dropped"


async def test_the_same_id_on_other_words_is_another_mail(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(plain("1", body="first"))
        await bridge.send(plain("1", body="second"))
        await bridge.settled()
        assert bridge.said() == ["first", "second"]


async def test_a_stranger_never_joins_silently(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(plain("1"))
        answer = plain("2", more="In-Reply-To: <1@customer.example>\n").replace("Ann Lee <ann@", "Eve <eve@")
        await bridge.send(answer, reverse_path="eve@customer.example")
        await bridge.settled()
        notes = [message.body for message in bridge.only_conversation() if message.internal]
        assert len(notes) == 1
        assert "had not taken part" in notes[0]


async def test_a_mail_of_garbage_is_posted_with_the_original(tmp_path: Path) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(b"\x00\xff\xfe garbage without any header\r\n" + bytes(range(128, 256)) + b"\r\n")
        await bridge.settled()
        assert len(bridge.sandbox.conversations) == 1


async def test_a_conversation_that_is_gone_is_replaced_by_a_new_one_and_the_note_says_so(
    tmp_path: Path,
) -> None:
    async with rig.running(tmp_path) as bridge:
        await bridge.send(plain("1"))
        await bridge.settled()
        bridge.sandbox.faults.script(404)
        await bridge.send(plain("2", more="In-Reply-To: <1@customer.example>\n"))
        await bridge.settled()
        assert len(bridge.sandbox.conversations) == 2
        assert any(
            "no longer exists" in message.body for message in bridge.sandbox.posted if message.internal
        )


async def test_what_is_left_waiting_at_a_stop_is_delivered_by_the_next_start(tmp_path: Path) -> None:
    async with rig.running(tmp_path, change=lambda data: data["reamaze"].update(parallel=1)) as first:
        first.sandbox.faults.script(*["slow:0.2"] * 3)
        sent = [await first.send(plain(str(number), subject=f"Mail {number}")) for number in range(6)]
    async with rig.running(tmp_path) as second:
        await second.settled()
        assert [second.state(mail_id) for mail_id in sent] == ["delivered"] * 6
    assert len(first.sandbox.conversations) + len(second.sandbox.conversations) == 6
