"""Runs a route's inline examples, so that a rule is tested where it is written.

An example becomes a mail and goes through the code that real mail goes through; what differs comes back, one sentence each.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.compose import address, author, conversation, fields
from bridge.config.schema import Example, Route, Sender
from bridge.model import Address, Envelope, KeyClue, Mail, SlugClue, Written


def run(route: Route, example: Example, sender: Sender | None = None) -> tuple[str, ...]:
    """What the route does otherwise than the example expects; empty when all is as expected."""
    mail = _mail(example)
    chosen = author.choose(mail, _envelope(example), route, sender or Sender(), frozenset())
    values = fields.read(mail, route).values
    found = conversation.clues(
        mail, _envelope(example), route, recipients=(), user=chosen.user, keys=(), values=values
    )
    keys = [
        clue.key.partition(":")[2]
        for clue in found
        if isinstance(clue, KeyClue) and clue.key.startswith("key:")
    ]
    slugs = [clue.slug for clue in found if isinstance(clue, SlugClue)]
    slugs += [clue.key[5:] for clue in found if isinstance(clue, KeyClue) and clue.key.startswith("slug:")]
    wrong: list[str] = []
    if example.author is not None and address.canonical(example.author) != chosen.user.email:
        wrong.append(f'expected author "{example.author}", got "{chosen.user.email}" ({chosen.because})')
    if example.key is not None and example.key.casefold() not in keys:
        wrong.append(f'expected key "{example.key}", got {_listing(keys)}')
    if example.slug is not None and example.slug not in slugs:
        wrong.append(f'expected slug "{example.slug}", got {_listing(slugs)}')
    for name, expected in example.fields.items():
        if values.get(name, "") != expected:
            wrong.append(f'expected field {name} "{expected}", got {_listing([values.get(name, "")])}')
    return tuple(wrong)


def _listing(found: list[str]) -> str:
    return ", ".join(f'"{entry}"' for entry in found if entry) or "none"


def _mail(example: Example) -> Mail:
    headers = {name.lower(): value for name, value in example.headers.items()}
    return Mail(
        authors=_addresses(headers.get("from", example.from_)),
        sender=next(iter(_addresses(headers.get("sender", ""))), None),
        reply_to=_addresses(headers.get("reply-to", "")),
        cc=_addresses(headers.get("cc", "")),
        subject=headers.get("subject", example.subject),
        message_id="example@bridge.invalid",
        headers=(("From", example.from_), ("Subject", example.subject), *example.headers.items()),
        blocks=(Written(example.body, None),),
    )


def _addresses(text: str) -> tuple[Address, ...]:
    found = address.read(text)
    return (found,) if found else ()


def _envelope(example: Example) -> Envelope:
    """As from a trusted peer: an example tests the rules, not who may use them."""
    written = address.read(example.from_)
    return Envelope(
        reverse_path=written.email if written else "",
        recipients=(),
        peer="pipe",
        helo="",
        listener="check",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        trusted=True,
    )
