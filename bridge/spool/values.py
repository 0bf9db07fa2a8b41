"""What the spool hands out: items, their steps and conversations, and what an operator sees of them.

Every value is a snapshot: it says what was so when its transaction ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from bridge.model import Envelope

#: States of a delivery that still has to happen.
WAITING = ("new", "ready", "behind", "busy")
#: States of a delivery that is over, unless an operator takes it up again.
SETTLED = ("delivered", "held", "dead", "dropped")

Settled = Literal["delivered", "held", "dead", "dropped"]


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation as the spool knows it; Re:amaze knows it by its slug, once there is one."""

    number: int
    brand: str
    channel: str
    subject: str
    slug: str | None
    #: Named by a clue and not yet verified at Re:amaze: `set_slug` confirms it or, with None, takes it away.
    candidate_slug: str | None = None
    #: Whether the candidate is taken whoever takes part in it.
    candidate_always: bool = False

    def with_slug(self, slug: str | None) -> ConversationRow:
        """The same once its slug is known, or known to be gone; no candidate is left either way."""
        return replace(self, slug=slug, candidate_slug=None, candidate_always=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the stored plan."""

    index: int
    name: str
    key: str
    #: When it was first begun; a later attempt does not move it, so that a read-back looks far enough.
    begun_at: datetime | None = None
    finished_at: datetime | None = None
    #: JSON text.
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One delivery, handed out to be sorted or delivered."""

    seq: int
    #: The mail's id; ".2", ".3" … appended for its further deliveries.
    id: str
    mail_id: str
    route: str
    brand: str
    recipients: tuple[str, ...]
    envelope: Envelope
    #: The bytes, or the file that holds them; b"" once retention has removed them.
    content: bytes | Path
    size_bytes: int
    state: str
    #: Tries that ended in a deferral or an end.
    attempts: int
    #: Times it was handed out since it last came back, this time included.
    strikes: int
    received_at: datetime
    #: Since when it waits: its arrival, or the moment an operator took it up again.
    waiting_at: datetime
    #: Not before; None for at once.
    next_at: datetime | None
    conversation: ConversationRow | None
    plan: str | None
    steps: tuple[Step, ...]
    reason: str
    message_id: str | None
    #: The author had not taken part in the conversation before.
    stranger: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a mail was sorted, and on what evidence."""

    state: str
    conversation: ConversationRow | None
    because: str
    #: The author does not take part in the conversation the clue named.
    stranger: bool = False
    #: Id of the earlier delivery that this one repeats.
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One line of a listing."""

    seq: int
    id: str
    mail_id: str
    route: str
    brand: str
    recipients: tuple[str, ...]
    state: str
    reason: str
    attempts: int
    received_at: datetime
    next_at: datetime | None
    settled_at: datetime | None
    size_bytes: int
    #: Author and subject as the sorting put them; personal data.
    summary: str
    author: str
    message_id: str | None
    conversation: ConversationRow | None
    #: Whether the mail as it came is still kept.
    raw_kept: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One change of state in a delivery's life."""

    at: datetime
    event: str
    detail: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole life of one delivery."""

    summary: Summary
    envelope: Envelope
    plan: str | None
    steps: tuple[Step, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """What retention removed."""

    raw: int = 0
    deliveries: int = 0
    thread_ids: int = 0
    conversations: int = 0
