"""The cheap first look at a mail: whose it is, which conversation its clues name, whether it came before, whether it may go on.

Total: any Mail value gives a Sorting. Nothing here is dropped but by a rule of the route that says so; what looks like a loop is
held, where an operator sees it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Literal

from bridge.compose import address, author, candidates, conversation, fields, subject
from bridge.compose.fields import NONE, Fields
from bridge.config.schema import Quiet, Route, Sender
from bridge.facts import AbuseReport, DeliveryReport, ReadReceipt
from bridge.model import Attached, Envelope, Kind, Mail, Sorting, Span, Written

_MAX_RELATED = 100
_MAX_SUMMARY = 200

HELD = "held"
DROPPED = "dropped"


def sort(
    mail: Mail,
    envelope: Envelope,
    route: Route,
    *,
    sender: Sender,
    own: Collection[str],
    keys: Sequence[bytes],
    recipients: Sequence[str],
    content_digest: str,
    found: Fields = NONE,
    attached: Mail | None = None,
) -> Sorting:
    """What must be known of the mail before its place in the order can be.

    `content_digest` names a mail without Message-ID: the same bytes twice are one mail. `found` are the route's fields,
    `attached` is its only attached mail.
    """
    choice = author.decide(
        mail, envelope, route, sender, own, values=found.values, attached=attached, remarks=False
    )
    user = choice.author.user
    message_id = conversation.plain_id(mail.message_id or "") or f"{content_digest}@no-message-id"
    related = (entry for entry in conversation.thread_ids(mail) if entry != message_id)
    written = conversation.without_tokens(mail.subject, keys)
    return Sorting(
        user=user,
        clues=conversation.clues(
            mail,
            envelope,
            route,
            recipients=recipients,
            user=user,
            keys=keys,
            known=choice.known,
            values=found.values,
            original=choice.passed_on(mail),
        ),
        subject=subject_of(mail, route, choice, found, keys),
        message_id=message_id,
        related_ids=tuple(related)[:_MAX_RELATED],
        duplicate_key=duplicate_key(mail, message_id, content_digest),
        summary=" ".join(f"{user.name} <{user.email}>: {written[:_MAX_SUMMARY]}".split())[:_MAX_SUMMARY],
        verdict=_verdict(mail, envelope, route, choice),
        tie=_tie(mail),
    )


def own_subject(mail: Mail, choice: author.Choice, keys: Sequence[bytes]) -> str:
    """The subject of the mail that is passed on, or its own."""
    return choice.passed_on(mail) or conversation.without_tokens(mail.subject, keys)


def subject_of(mail: Mail, route: Route, choice: author.Choice, found: Fields, keys: Sequence[bytes]) -> str:
    """The subject of a new conversation: the mail's own within the route's template."""
    own = own_subject(mail, choice, keys)
    return subject.shown(fields.subject(route, own, found.values), route.default_subject)


def duplicate_key(mail: Mail, message_id: str, content_digest: str) -> str:
    """Equal for the same mail over two paths, different for other words or files under a reused Message-ID.

    Trace fields, blanks and what a gateway puts before the subject do not count; the author's own Date does, because devices
    that number every mail alike still date it.
    """
    digest = hashlib.sha256()

    def add(*values: str) -> None:
        for value in values:
            digest.update(value.encode("utf-8", "replace") + b"\0")

    add(message_id, *(address.canonical(entry.email) for entry in mail.authors[:10]))
    add(subject.key(mail.subject), mail.date_at.isoformat() if mail.date_at else content_digest)
    for block in mail.blocks:
        match block:
            case Written(text, html):
                add("words", " ".join((text or "").split()), " ".join((html or "").split()))
            case Attached(index) if 0 <= index < len(mail.leaves):
                leaf = mail.leaves[index]
                content = leaf.content
                size = content.end - content.start if isinstance(content, Span) else len(content)
                add("file", leaf.filename or "", leaf.content_type, str(size))
            case Attached():
                add("file")
    return digest.hexdigest()[:40]


def _tie(mail: Mail) -> Literal["", "report", "reply"]:
    """Whether a program speaks of an earlier mail, so that it belongs to that mail's conversation whoever sent it.

    The mark is easily forged. What stands behind it is a report only where its form was read, and is then shown as one.
    """
    if mail.automatic is None or mail.automatic.kind is Kind.GENERATED:
        return ""
    told = any(isinstance(fact, DeliveryReport | ReadReceipt | AbuseReport) for fact in mail.facts)
    return "report" if told and mail.automatic.kind is not Kind.REPLY else "reply"


def _verdict(mail: Mail, envelope: Envelope, route: Route, choice: author.Choice) -> tuple[str, str] | None:
    """Why the mail is not delivered; None to deliver it. A route's own hold comes first: it asks to see everything."""
    automatic = mail.automatic
    if route.hold:
        return HELD, f"route {route.name} holds every mail"
    if automatic is not None and route.automatic is Quiet.DROP:
        return DROPPED, f"route {route.name} drops automatic mail: {automatic.because}"
    if choice.hold:
        return HELD, choice.hold
    own_mail = _of_reamaze(mail, envelope, route)
    if own_mail:
        return HELD, f"sent by Re:amaze itself, so posting it could loop: {own_mail}"
    if automatic is not None and route.automatic is Quiet.HOLD:
        return HELD, f"route {route.name} holds automatic mail: {automatic.because}"
    return None


def _of_reamaze(mail: Mail, envelope: Envelope, route: Route) -> str:
    """The evidence that Re:amaze sent this mail; "" without any. In-Reply-To is none: customers answer Re:amaze's mails."""
    configured = {route.conversation.slug_header.lower()}
    configured |= {pattern.where.partition(":")[2].lower() for pattern in route.conversation.patterns}
    configured |= {name.lower() for rule in route.author for name in (rule.email, rule.name)}
    for name, _ in mail.headers:
        if name.lower().startswith("x-reamaze") and name.lower() not in configured:
            return f"header {name[:60]}"
    places = (
        *(("From", entry.email) for entry in mail.authors),
        ("Sender", mail.sender.email if mail.sender else ""),
        ("the reverse-path", candidates.unwrapped(envelope.reverse_path)),
        ("Return-Path", (mail.header("return-path") or "").strip("<> ")),
        ("Message-ID", mail.message_id or ""),
    )
    return next((f"{place} is {value[:100]}" for place, value in places if address.of_reamaze(value)), "")
