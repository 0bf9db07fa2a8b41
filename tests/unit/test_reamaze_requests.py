"""The exact bodies that are posted."""

from __future__ import annotations

from dataclasses import replace

from bridge.model import Message, New, User
from bridge.reamaze import requests

NEW = New(channel="support", subject="A broken lamp")
MESSAGE = Message(user=User("Ada", "ada@example.net"), body="It is **dark**.", key="k1")


def test_a_conversation_is_opened_with_this() -> None:
    assert requests.create(NEW, MESSAGE) == {
        "conversation": {
            "subject": "A broken lamp",
            "category": "support",
            "user": {"name": "Ada", "email": "ada@example.net"},
            "message": {"body": "It is **dark**.", "origin_id": "k1", "suppress_autoresolve": True},
            "data": {"bridge_key": "k1"},
        }
    }


def test_a_message_is_appended_with_this() -> None:
    assert requests.append(MESSAGE) == {
        "message": {
            "body": "It is **dark**.",
            "origin_id": "k1",
            "suppress_autoresolve": True,
            "user": {"name": "Ada", "email": "ada@example.net"},
        }
    }


def test_quiet_is_spelled_both_ways_inside_the_message() -> None:
    quiet = replace(MESSAGE, suppress_notifications=True)
    for message in (
        requests.append(quiet)["message"],
        requests.create(NEW, quiet)["conversation"]["message"],
    ):
        assert message["suppress_notifications"] is True
        assert message["suppress_notification"] is True


def test_an_internal_note_is_invisible_to_customers() -> None:
    assert requests.append(replace(MESSAGE, internal=True))["message"]["visibility"] == 1
    assert "visibility" not in requests.append(MESSAGE)["message"]


def test_one_file_goes_as_attachment_and_several_as_attachments() -> None:
    one = requests.append(replace(MESSAGE, attachments=("https://f/1",)))["message"]
    assert one["attachment"] == "https://f/1"
    assert "attachments" not in one
    two = requests.append(replace(MESSAGE, attachments=("https://f/1", "https://f/2")))["message"]
    assert two["attachments"] == ["https://f/1", "https://f/2"]
    assert "attachment" not in two


def test_recipients_and_tags_are_sent_where_there_are_any() -> None:
    body = requests.create(NEW, replace(MESSAGE, recipients=("cc@example.org",), tags=("bridge", "vip")))
    assert body["conversation"]["message"]["recipients"] == ["cc@example.org"]
    assert body["conversation"]["tag_list"] == ["bridge", "vip"]


def test_a_user_without_a_name_is_sent_without_one() -> None:
    body = requests.append(replace(MESSAGE, user=User("", "ada@example.net")))
    assert body["message"]["user"] == {"email": "ada@example.net"}
