"""What the stand-in knows: contacts, conversations and messages, and the rules by which they change.

Everything here runs between two awaits of one event loop, so each call applies wholly or not at all. Nothing is validated
here (`check` did) and nothing is rendered (`shape` does).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge.clock import Clock
from bridge.sandbox.behaviour import Behaviour
from bridge.sandbox.check import Change, NewConversation, NewMessage
from bridge.sandbox.errors import Invalid

OPEN, RESPONDED, DONE, SPAM, ARCHIVED, ON_HOLD, AUTO_DONE = range(7)
STATUS_NAMES = (
    "Open",
    "Responded",
    "Done",
    "Spam",
    "Archived",
    "On Hold",
    "Auto-Done",
    "AI Agent Assigned",
    "AI Agent Done",
    "Spam (AI)",
)
_REOPENED = frozenset({RESPONDED, DONE, ARCHIVED, AUTO_DONE})


@dataclass(frozen=True, slots=True)
class Person:
    """A contact or a staff user."""

    number: int
    name: str
    email: str
    staff: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file the stand-in fetched, on disk under its digest."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    path: Path

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()


@dataclass(slots=True, eq=False)
class Attachment:
    """One URL of a message, and what came of it."""

    url: str
    #: Referred to by the body, not attached: shown in its place.
    picture: bool = False
    stored: Stored | None = None
    #: How often it was fetched.
    fetches: int = 0
    #: Why it could not be, the last time it was tried.
    failure: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class Message:
    number: int
    brand: str
    slug: str
    body: str
    user: Person
    created_at: datetime
    internal: bool
    #: What lists show: None where none was sent, or where it was ignored.
    origin_id: str | None
    #: The origin_id as it was sent, whatever became of it.
    key: str | None
    recipients: tuple[str, ...]
    attachments: list[Attachment]
    #: The suppress flags that were sent, by their spelling.
    flags: tuple[str, ...]
    #: Who would have got an e-mail about it.
    notified: tuple[str, ...]
    #: The number of the call that posted it.
    call: int

    @property
    def files(self) -> tuple[Stored, ...]:
        """The attached files that were fetched."""
        return tuple(a.stored for a in self.attachments if a.stored is not None and not a.picture)


@dataclass(slots=True, eq=False, kw_only=True)
class Conversation:
    number: int
    brand: str
    slug: str
    subject: str | None
    channel: str
    author: Person
    status: int
    tags: tuple[str, ...]
    data: dict[str, Any]
    created_at: datetime
    changed_at: datetime
    call: int
    assignee: Person | None = None
    hold_until: str | None = None
    #: Author, recipients and everybody who wrote, in order of appearance.
    followers: list[Person] = field(default_factory=list)
    #: Oldest first.
    messages: list[Message] = field(default_factory=list)

    def last(self, *, staff: bool) -> Message | None:
        """The newest message of that side that both sides see."""
        return next((m for m in reversed(self.messages) if m.user.staff is staff and not m.internal), None)

    def has(self, email: str) -> bool:
        """Whether that address takes part."""
        return any(person.email.lower() == email.lower() for person in self.followers)


class State:
    def __init__(self, behaviour: Behaviour, clock: Clock, applied: Callable[[dict[str, Any]], None]) -> None:
        self.behaviour = behaviour
        self.clock = clock
        self._applied = applied
        #: How many calls have been made; lists that run late count by it.
        self.calls = 0
        self._conversations: dict[tuple[str, str], Conversation] = {}
        self._contacts: dict[str, Person] = {}
        self._origins: dict[tuple[str, ...], tuple[Conversation, Message]] = {}
        self.messages: list[Message] = []

    # -- reading -------------------------------------------------------------------------------------

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """Every conversation, oldest first."""
        return tuple(self._conversations.values())

    def listed(self, item: Conversation | Message) -> bool:
        """Whether lists show it yet."""
        late = self.behaviour.lists_late_calls
        return late == 0 or self.calls - item.call > late

    def conversation(self, brand: str, slug: str) -> Conversation | None:
        return self._conversations.get((brand, slug))

    def conversation_of(self, message: Message) -> Conversation:
        return self._conversations[message.brand, message.slug]

    def contact(self, email: str) -> Person | None:
        return self._contacts.get(email.lower())

    def staff(self) -> tuple[Person, ...]:
        behaviour = self.behaviour
        return tuple(self.person("", email) for email in dict.fromkeys((behaviour.user, *behaviour.staff)))

    def doubles(self) -> tuple[str, ...]:
        """The keys that exist in two messages or two conversations, whatever was done about them."""
        keys = Counter(message.key for message in self.messages if message.key)
        return tuple(key for key, count in keys.items() if count > 1)

    # -- changing ------------------------------------------------------------------------------------

    def person(self, name: str, email: str) -> Person:
        """The contact or staff user of that address; a new one if need be, and the first name given stays."""
        known = self._contacts.get(email.lower())
        if known is not None and (known.name or not name):
            return known
        behaviour = self.behaviour
        staff = email.lower() in {address.lower() for address in (behaviour.user, *behaviour.staff)}
        if staff and not name:
            name = email.partition("@")[0].replace(".", " ").title()
        number = known.number if known else len(self._contacts) + 1
        person = Person(number, name, email, staff)
        self._contacts[email.lower()] = person
        return person

    def repeated(
        self, brand: str, slug: str | None, origin_id: str | None
    ) -> tuple[Conversation, Message] | None:
        """The message that has this origin_id already, within the scope. Raises Invalid where repeats are refused."""
        behaviour = self.behaviour
        if origin_id is None or behaviour.repeated_origin_id == "duplicate":
            return None
        # A create that repeats has no conversation yet, so within that scope nothing can be known of it.
        if slug is None and (behaviour.scope == "conversation" or behaviour.origin_id_on_create == "ignored"):
            return None
        found = self._origins.get(self._scope(brand, slug, origin_id))
        if found is not None and behaviour.repeated_origin_id == "refuse":
            raise Invalid({"origin_id": ["has already been taken"]})
        return found

    def create(self, brand: str, new: NewConversation, call: int) -> tuple[Conversation, bool]:
        """The conversation, and whether it is new. Raises Invalid."""
        known = self.repeated(brand, None, new.message.origin_id)
        if known is not None:
            return known[0], False
        author = self.person(*new.user)
        now = self.clock.now()
        conversation = Conversation(
            number=len(self._conversations) + 1,
            brand=brand,
            slug=self._slug(brand, new.subject or ""),
            subject=new.subject,
            channel=new.channel,
            author=author,
            status=OPEN,
            tags=new.tags,
            data=dict(new.data) if self.behaviour.data_on_create == "kept" else {},
            created_at=now,
            changed_at=now,
            call=call,
            assignee=self.person("", new.assignee) if new.assignee else None,
            hold_until=new.hold_until,
        )
        self._conversations[brand, conversation.slug] = conversation
        self._follow(conversation, (author,))
        message = self._message(conversation, new.message, self.person(*(new.message.user or new.user)), call)
        if new.status is not None:
            conversation.status = new.status
        self._tell("conversation", conversation, message)
        return conversation, True

    def append(
        self, conversation: Conversation, new: NewMessage, call: int
    ) -> tuple[Conversation, Message, bool]:
        """The message with its conversation, and whether it is new. Raises Invalid."""
        known = self.repeated(conversation.brand, conversation.slug, new.origin_id)
        if known is not None:
            return *known, False
        user = self.person(*new.user) if new.user else self.person("", self.behaviour.user)
        message = self._message(conversation, new, user, call)
        self._tell("message", conversation, message)
        return conversation, message, True

    def change(self, conversation: Conversation, change: Change) -> None:
        if change.status is not None:
            conversation.status = change.status
        conversation.hold_until = change.hold_until if conversation.status == ON_HOLD else None
        if change.tags is not None:
            conversation.tags = change.tags
        if change.channel is not None:
            conversation.channel = change.channel
        if change.assignee is not None:
            conversation.assignee = self.person("", change.assignee)
        conversation.data.update(change.data)
        conversation.changed_at = self.clock.now()

    # -- the rules -----------------------------------------------------------------------------------

    def _message(self, conversation: Conversation, new: NewMessage, user: Person, call: int) -> Message:
        opening = not conversation.messages
        kept = not (opening and self.behaviour.origin_id_on_create == "ignored")
        message = Message(
            number=len(self.messages) + 1,
            brand=conversation.brand,
            slug=conversation.slug,
            body=new.body,
            user=user,
            created_at=self.clock.now(),
            internal=new.internal,
            origin_id=new.origin_id if kept else None,
            key=new.origin_id,
            recipients=new.recipients,
            attachments=[Attachment(url) for url in new.attachments],
            flags=new.flags,
            notified=self._notified(conversation, new, user),
            call=call,
        )
        conversation.messages.append(message)
        self.messages.append(message)
        self._follow(conversation, (user, *(self.person("", address) for address in new.recipients)))
        conversation.changed_at = message.created_at
        self._transit(conversation, new, user)
        if message.origin_id is not None:
            scope = self._scope(conversation.brand, conversation.slug, message.origin_id)
            self._origins.setdefault(scope, (conversation, message))
        return message

    def _scope(self, brand: str, slug: str | None, origin_id: str) -> tuple[str, ...]:
        match self.behaviour.scope:
            case "conversation":
                return (brand, slug or "", origin_id)
            case "brand":
                return (brand, origin_id)
            case "account":
                return (origin_id,)

    def _follow(self, conversation: Conversation, people: Iterable[Person]) -> None:
        for person in people:
            if not conversation.has(person.email):
                conversation.followers.append(person)

    def _transit(self, conversation: Conversation, new: NewMessage, user: Person) -> None:
        if new.internal:
            return
        if user.staff:
            if not new.suppress_autoresolve:
                conversation.status = self.behaviour.staff_reply_status
        elif conversation.status in _REOPENED and self.behaviour.reopens:
            conversation.status = OPEN

    def _notified(self, conversation: Conversation, new: NewMessage, user: Person) -> tuple[str, ...]:
        spelling = {"plural": "suppress_notifications", "singular": "suppress_notification"}
        honoured = spelling.get(self.behaviour.suppress_spelling)
        if any(flag.startswith("suppress_notification") and honoured in (None, flag) for flag in new.flags):
            return ()
        told = [person.email for person in self.staff()]
        if user.staff and not new.internal:
            told += [conversation.author.email, *new.recipients]
        return tuple(dict.fromkeys(address for address in told if address.lower() != user.email.lower()))

    def _slug(self, brand: str, subject: str) -> str:
        stem = slug_of(subject)
        match self.behaviour.slugs:
            case "subject":
                pass
            case "hash":
                seed = f"{brand} {subject} {len(self._conversations)}".encode()
                stem = f"{stem}-{hashlib.sha256(seed).hexdigest()[:12]}"
            case "long":
                stem = f"{stem}-".ljust(260, "x")
            case "odd":
                stem = f"{stem}.v1.0-$5"
        slug, count = stem, 1
        while (brand, slug) in self._conversations:
            count += 1
            slug = f"{stem}-{count}"
        return slug

    def _tell(self, event: str, conversation: Conversation, message: Message) -> None:
        self._applied(
            {
                "event": event,
                "at": message.created_at.isoformat(),
                "call": message.call,
                "brand": conversation.brand,
                "slug": conversation.slug,
                "subject": conversation.subject,
                "channel": conversation.channel,
                "status": conversation.status,
                "number": message.number,
                "key": message.key,
                "user": {"name": message.user.name, "email": message.user.email},
                "internal": message.internal,
                "body": message.body,
                "recipients": list(message.recipients),
                "attachments": [attachment.url for attachment in message.attachments],
                "flags": list(message.flags),
            }
        )


_DROPPED = re.compile(r"[^\w$.]+")


def slug_of(subject: str) -> str:
    """Lower case, punctuation dropped, blanks to hyphens; "conversation" where nothing is left."""
    flat = unicodedata.normalize("NFKD", subject.lower()).encode("ascii", "ignore").decode().replace("'", "")
    words = [word.strip(".") for word in _DROPPED.split(flat)]
    return "-".join(word for word in words if word)[:240] or "conversation"
