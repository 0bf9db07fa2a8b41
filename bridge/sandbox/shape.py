"""The JSON of the API, key for key as documented and seen: the keys with a question mark, the times with an offset."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any
from urllib.parse import quote

from bridge.sandbox.behaviour import Behaviour
from bridge.sandbox.state import Conversation, Message, Person, Stored

ORIGIN_API = 7
CHANNEL_EMAIL = 1


class Shape:
    """Renders for one brand, with links below `base_url`."""

    def __init__(self, behaviour: Behaviour, brand: str, base_url: str) -> None:
        self._behaviour = behaviour
        self._brand = brand
        self._base_url = base_url.rstrip("/")
        self._zone = timezone(timedelta(hours=behaviour.utc_offset_hours))

    def time(self, at: datetime) -> str:
        return at.astimezone(self._zone).isoformat(timespec="milliseconds")

    def channel(self, slug: str) -> dict[str, Any]:
        name = slug.replace("-", " ").replace("_", " ").title()
        email = f"{slug}@{self._brand}.reamaze.example"
        return {"name": name, "slug": slug, "email": email, "channel": CHANNEL_EMAIL}

    def person(self, person: Person) -> dict[str, Any]:
        return {
            "id": 776_593_000 + person.number,
            "name": person.name or None,
            "data": {},
            "email": person.email,
            "twitter": None,
            "facebook": None,
            "instagram": None,
            "mobile": None,
            "friendly_name": None,
            "display_name": person.name or person.email,
        }

    def follower(self, person: Person) -> dict[str, Any]:
        return {
            **self.person(person),
            "staff?": person.staff,
            "customer?": not person.staff,
            "bot?": False,
        }

    def conversation(self, conversation: Conversation, *, listed: bool = False) -> dict[str, Any]:
        """One conversation; `listed` leaves out what lists leave out."""
        customer, staff = conversation.last(staff=False), conversation.last(staff=True)
        whole: dict[str, Any] = {
            "subject": conversation.subject,
            "slug": conversation.slug,
            "created_at": self.time(conversation.created_at),
            "updated_at": self.time(conversation.changed_at),
            "origin": ORIGIN_API,
            "data": conversation.data,
            "hold_until": conversation.hold_until,
            "author": self.person(conversation.author),
            "assignee": self.person(conversation.assignee) if conversation.assignee else None,
            "perma_url": f"{self._base_url}/conversations/{quote(conversation.brand, safe='')}/"
            f"{quote(conversation.slug, safe='')}",
            "tag_list": list(conversation.tags),
            "status": conversation.status,
            "display_subject": conversation.subject or "(no subject)",
            "category": {**self.channel(conversation.channel), "settings_display_html_email": "auto"},
            "last_customer_message": self._last(customer),
            "last_staff_message": self._last(staff),
            "followers": [self.follower(person) for person in conversation.followers],
            "message": {"body": conversation.messages[0].body},
            "readOnly": False,
            "message_count": len(conversation.messages),
        }
        if listed:
            left_out = {"last_staff_message"} | (set() if self._behaviour.data_in_lists else {"data"})
            whole = {key: value for key, value in whole.items() if key not in left_out}
        return whole

    def _last(self, message: Message | None) -> dict[str, Any] | None:
        return {"body": message.body, "created_at": self.time(message.created_at)} if message else None

    def posted(self, conversation: Conversation, message: Message) -> dict[str, Any]:
        """The answer to a posted message."""
        return {
            "body": message.body,
            "visibility": int(message.internal),
            "created_at": self.time(message.created_at),
            "origin_id": message.origin_id,
            "user": {"name": message.user.name or None, "email": message.user.email},
            "conversation": self._brief(conversation),
        }

    def message(self, conversation: Conversation, message: Message, *, original: bool) -> dict[str, Any]:
        """One message of a list."""
        kept = self._behaviour.bodies_in_lists == "kept"
        item: dict[str, Any] = {
            "body": message.body if kept else f"<p>{escape(' '.join(message.body.split()))}&nbsp;</p>",
            "visibility": int(message.internal),
            "origin": ORIGIN_API,
            "created_at": self.time(message.created_at),
            "user": {
                "name": message.user.name or None,
                "email": message.user.email,
                "mobile": None,
                "staff?": message.user.staff,
            },
            "recipients": [{"name": None, "email": address} for address in message.recipients],
            "direct_recipients": [],
            "attachments": [self.file(stored) for stored in message.files],
            "meta": {"Subject": conversation.subject},
            "conversation": {**self._brief(conversation), "followers": []},
        }
        if self._behaviour.origin_id_in_lists:
            item["origin_id"] = message.origin_id
        if original:
            item["original_body"] = None
        return item

    def file(self, stored: Stored) -> dict[str, Any]:
        url = f"{self._base_url}{file_path(stored)}"
        image = stored.content_type.startswith("image/")
        return {
            "file_file_name": stored.name,
            "file_content_type": stored.content_type,
            "file_file_size": stored.size_bytes,
            "url": url,
            "thumb_url": url if image else None,
            "image?": image,
        }

    def contact(self, person: Person) -> dict[str, Any]:
        return {**self.person(person), "_id": f"{person.number:024x}", "id": None, "notes": []}

    def staff(self, person: Person) -> dict[str, Any]:
        role = {"id": 1, "name": "Administrator", "admin?": True, "default?": True, "permissions": {}}
        return {
            "name": person.name,
            "email": person.email,
            "display_name": person.name,
            "notification_email": person.email,
            "role": role,
        }

    def _brief(self, conversation: Conversation) -> dict[str, Any]:
        return {
            "subject": conversation.subject,
            "slug": conversation.slug,
            "created_at": self.time(conversation.created_at),
            "category": {"id": 1, **self.channel(conversation.channel)},
        }


def file_path(stored: Stored) -> str:
    """Where the stand-in shows a file it fetched."""
    return f"/files/{stored.sha256}/{quote(stored.name, safe='')}"
