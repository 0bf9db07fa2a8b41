"""Small builders of the values that composing starts from; what a test does not name is unremarkable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge.config.schema import Route, Sender
from bridge.model import Address, Envelope, Leaf, Mail, Span, Written

OWN = frozenset({"support@example.com", "sales@example.com"})
KEYS = (b"k" * 32,)
ANNA = Address("Anna Berg", "anna@example.net")


@dataclass(frozen=True)
class Words:
    """What the conversion of a body gives a draft."""

    markdown: str = "Hello"
    inline: frozenset[int] = frozenset()
    remarks: tuple[str, ...] = ()
    trimmed: tuple[str, ...] = ()
    unproved: bool = False
    known_lines: int = 0
    chosen: tuple[str, ...] = ()


def a_mail(**given: Any) -> Mail:
    """A short mail of Anna's; `text` is its only words."""
    text = given.pop("text", "Hello, the lamp is broken.")
    values: dict[str, Any] = {
        "authors": (ANNA,),
        "subject": "Broken lamp",
        "message_id": "1@example.net",
        "blocks": (Written(text, None, (0,)),),
        "leaves": (Leaf(index=0, section="1", content_type="text/plain", content=Span(0, len(text))),),
    }
    return Mail(**(values | given))


def an_envelope(**given: Any) -> Envelope:
    values: dict[str, Any] = {
        "reverse_path": "anna@example.net",
        "recipients": ("support@example.com",),
        "peer": "192.0.2.7",
        "helo": "mx.example.net",
        "listener": "front",
        "received_at": datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
    }
    return Envelope(**(values | given))


def a_route(**given: Any) -> Route:
    values: dict[str, Any] = {
        "name": "support",
        "recipients": ["support@example.com"],
        "brand": "acme",
        "channel": "support",
    }
    return Route.model_validate(values | given)


def a_sender(**given: Any) -> Sender:
    return Sender.model_validate(given)


def an_address(text: str) -> Address:
    """`Anna <anna@example.net>` without a parser: what stands in angle brackets is the address."""
    name, bracket, rest = text.partition("<")
    return Address(name.strip(), rest.rstrip(">")) if bracket else Address("", text)
