"""Every mail by SMTP through a whole bridge, and what Re:amaze was told of it.

Each mail goes to two routes at once: one that chooses between text and HTML, one that prefers the text. Neither
looks for a conversation, so each mail opens its own and nothing of another mail is mistaken for its words.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agreement.cases import Case
from support import rig
from support.logged import capture_logs

from bridge.plan import Action, PlannedStep
from bridge.sandbox.state import Message

CHOICES = ("auto", "text")
#: Mails under way at a time; each batch has the rig's own limit of time.
BATCH = 25


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file as Re:amaze got it."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """What one delivery said."""

    state: str
    reason: str = ""
    subject: str = ""
    user_name: str = ""
    user_email: str = ""
    body: str = ""
    note: str = ""
    quiet: bool = False
    #: Attached, in order; and shown in the body.
    files: tuple[Fetched, ...] = ()
    pictures: tuple[Fetched, ...] = ()
    #: Files that Re:amaze was told of and did not get.
    unfetched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail and what became of it, by the route's choice of words."""

    case: Case
    #: Why it was refused; "" for 250.
    refusal: str = ""
    posted: dict[str, Posted] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    sent: list[Sent] = field(default_factory=list)
    #: Warnings and errors of the bridge, one line each.
    trouble: list[str] = field(default_factory=list)


async def send(cases: Sequence[Case], folder: Path) -> Run:
    """All cases through one bridge with its spool in the folder. Raises TimeoutError when a batch does not settle."""
    run = Run()
    with capture_logs() as events:
        async with rig.running(folder, change=_change) as bridge:
            for start in range(0, len(cases), BATCH):
                batch = cases[start : start + BATCH]
                accepted = [await _offered(bridge, case) for case in batch]
                await bridge.settled()
                said = {message.key: message for message in bridge.sandbox.posted}
                for case, (mail_id, refusal) in zip(batch, accepted, strict=True):
                    posted = dict(_posted(bridge, said, mail_id)) if mail_id else {}
                    run.sent.append(Sent(case, refusal, posted))
    run.trouble = [
        " ".join(f"{key}={value}" for key, value in event.items())
        for event in events
        if event["log_level"] in ("warning", "error", "critical")
    ]
    return run


def _change(data: dict[str, Any]) -> None:
    data["smtp"]["listeners"][0]["legacy"] = True
    # Suites share mails with each other; every copy is to be delivered.
    data["spool"]["duplicate_window_days"] = 1e-9
    data["routes"] = [
        {
            "name": choice,
            "recipients": [f"{choice}@example.com"],
            "brand": "acme",
            "channel": "support",
            "default_subject": "(no subject)",
            "conversation": {"references": False, "subject": False, "subject_token": False},
            "body": {"prefer": choice, "max_chars": 1_000_000, "original": "never"},
        }
        for choice in CHOICES
    ]


async def _offered(bridge: rig.Rig, case: Case) -> tuple[str, str]:
    """The mail's id, or why it was refused."""
    try:
        recipients = tuple(f"{choice}@example.com" for choice in CHOICES)
        return await bridge.send(case.content, to=recipients, reverse_path=""), ""
    except smtplib.SMTPException as error:
        return "", str(error)


def _posted(bridge: rig.Rig, said: dict[str | None, Message], mail_id: str) -> Iterator[tuple[str, Posted]]:
    subjects = {
        conversation.slug: conversation.subject or "" for conversation in bridge.sandbox.conversations
    }
    for trace in bridge.daemon.trace(mail_id):
        delivery = trace.summary
        first = said.get(PlannedStep(Action.POST).key(delivery.id))
        if first is None:
            yield delivery.route, Posted(delivery.state, delivery.reason)
            continue
        messages = bridge.sandbox.messages(first.slug)
        attachments = [attachment for message in messages for attachment in message.attachments]
        fetched = [
            (Fetched(stored.name, stored.content_type, stored.content), found.picture)
            for found in attachments
            if (stored := found.stored) is not None
        ]
        yield (
            delivery.route,
            Posted(
                state=delivery.state,
                reason=delivery.reason,
                subject=subjects[first.slug],
                user_name=first.user.name,
                user_email=first.user.email,
                body=first.body,
                note="\n".join(message.body for message in messages if message.internal),
                quiet=any(flag.startswith("suppress_notification") for flag in first.flags),
                files=tuple(found for found, picture in fetched if not picture),
                pictures=tuple(found for found, picture in fetched if picture),
                unfetched=tuple(found.url for found in attachments if found.stored is None),
            ),
        )
