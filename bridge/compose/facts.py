"""What the parts of a mail say to machines, as chunks of the body: what is pressing before the author's words, the rest behind.

Total; a fact without words gives no chunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from bridge.compose import calendar, escape, plain, report, words
from bridge.facts import (
    AbuseReport,
    Contact,
    DeliveryReport,
    Event,
    Fact,
    Forwarded,
    ReadReceipt,
    Sealed,
)
from bridge.model import Mail, Written

_COMPARED_CHARS = 20_000


def before(mail: Mail, names: Mapping[int, str]) -> list[str]:
    """What asks or answers something: invitations, reports, and what cannot be read here."""
    told = (
        _without_echo(fact, mail) if isinstance(fact, Event) and fact.comment else fact for fact in mail.facts
    )
    return _chunks(mail, [fact for fact in told if not _goes_along(fact)], names)


def after(mail: Mail, names: Mapping[int, str]) -> list[str]:
    """What goes along as any file does: cards of contacts, entries for a calendar."""
    return _chunks(mail, [fact for fact in mail.facts if _goes_along(fact)], names)


def _goes_along(fact: Fact) -> bool:
    return isinstance(fact, Contact) or (isinstance(fact, Event) and fact.method in ("", "PUBLISH"))


def _chunks(mail: Mail, told: Sequence[Fact], names: Mapping[int, str]) -> list[str]:
    """The facts in words; and what meetings are about, where the mail itself says nothing."""
    chunks = [_words(fact, names) for fact in told]
    if not any(isinstance(block, Written) and (block.text or block.html) for block in mail.blocks):
        described = (fact.description for fact in told if isinstance(fact, Event))
        chunks += (plain.to_markdown(text) for text in dict.fromkeys(described) if text.strip())
    return list(dict.fromkeys(filter(None, chunks)))


def _without_echo(event: Event, mail: Mail) -> Event:
    """The event without a comment that the mail itself says too, as Outlook's answers do."""
    said = "".join(words.text(mail, _COMPARED_CHARS).split())
    return replace(event, comment="") if "".join(event.comment.split()) in said else event


def forwarded(fact: Forwarded, body: str) -> str:
    """A mail that was handed on without a word, as a quote."""
    said = (
        ("From", fact.author),
        ("Date", fact.date),
        ("Subject", fact.subject),
        ("Files in it", ", ".join(fact.files)),
    )
    head = "  \n".join(f"{label}: {_said(text)}" for label, text in said if text)
    whole = "\n\n".join(filter(None, (head, body)))
    quoted = "\n".join(f"> {line}" if line else ">" for line in whole.split("\n"))
    return f"Forwarded as an attachment:\n\n{quoted}" if whole else ""


def _words(fact: Fact, names: Mapping[int, str]) -> str:
    match fact:
        case Event():
            return calendar.words(fact)
        case DeliveryReport():
            return report.delivery(fact)
        case ReadReceipt():
            return report.receipt(fact)
        case AbuseReport():
            return report.abuse(fact)
        case Sealed(leaf, scheme):
            return _sealed(scheme, names.get(leaf, ""))
        case Contact():
            return _contact(fact, names.get(fact.leaf, ""))
        case Forwarded():
            return ""  # told with the words of the mail, by `forwarded`
        case _:
            assert_never(fact)


def _sealed(scheme: str, name: str) -> str:
    where = f" It is attached as {_said(name)}." if name else ""
    return f"*(Encrypted with {scheme}: only the recipient's key can open it, and it cannot be read here.{where})*"


def _contact(contact: Contact, name: str) -> str:
    said = (contact.name, contact.organisation, *contact.phones, *contact.emails)
    line = f"Contact{f' ({_said(name)})' if name else ''}: {', '.join(_said(text) for text in said if text)}"
    return f"{line}, and {contact.further} more in the file" if contact.further else line


def _said(text: str) -> str:
    return escape.inline(text, edge=True)
