"""Cards of contacts (vCard 2.1, 3.0, 4.0): who, where, how to reach them; pictures and keys are left in the file.

`read` is linear, bounded in cards and values, and never fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bridge.facts import Contact
from bridge.mail import contentlines

MOST_CARDS = 5
_MOST_VALUES = 4
_LINES = 20_000
_CHARS = 200


@dataclass(slots=True)
class _Card:
    name: str = ""
    parts: str = ""
    organisation: str = ""
    phones: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)

    def add(self, line: contentlines.Line) -> None:
        match line.name:
            case "FN":
                self.name = self.name or contentlines.line(line.value, _CHARS)
            case "N":
                family, given = (*contentlines.fields(line.value), "", "")[:2]
                self.parts = contentlines.line(f"{given} {family}", _CHARS)
            case "ORG":
                said = filter(
                    None, (contentlines.line(one, _CHARS) for one in contentlines.fields(line.value))
                )
                self.organisation = ", ".join(said)[:_CHARS]
            case "TEL":
                _keep(self.phones, contentlines.line(line.value, _CHARS).removeprefix("tel:"))
            case "EMAIL":
                _keep(self.emails, contentlines.line(line.value, _CHARS).removeprefix("mailto:"))
            case _:
                pass


def read(text: str, *, leaf: int = 0) -> tuple[Contact, ...]:
    """At most `MOST_CARDS` contacts of the part."""
    cards: list[_Card] = []
    inside = False
    for line in contentlines.read(text, _LINES):
        if line.name == "BEGIN" and line.value.strip().upper() == "VCARD":
            cards.append(_Card())
            inside = True
        elif line.name == "END":
            inside = False
        elif inside:
            cards[-1].add(line)
    found = [
        Contact(
            leaf=leaf,
            name=card.name or card.parts,
            organisation=card.organisation,
            phones=tuple(card.phones),
            emails=tuple(card.emails),
        )
        for card in cards
        if card.name or card.parts or card.organisation or card.phones or card.emails
    ]
    shown = found[:MOST_CARDS]
    if len(found) > len(shown):
        shown[-1] = replace(shown[-1], further=len(found) - len(shown))
    return tuple(shown)


def _keep(values: list[str], value: str) -> None:
    if value and value not in values and len(values) < _MOST_VALUES:
        values.append(value)
