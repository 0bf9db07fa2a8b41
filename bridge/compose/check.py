"""Runs a route's inline examples, so that a rule is tested where it is written.

An example becomes a mail and goes through the code that real mail goes through; what differs comes back, one sentence each, with
the likely cause behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime

from bridge.compose import address, author, conversation, fields, sort, unfound
from bridge.config.schema import Example, Route, Sender
from bridge.model import Address, Envelope, KeyClue, Mail, SlugClue, Written


def run(
    route: Route,
    example: Example,
    sender: Sender | None = None,
    *,
    own: Collection[str] = frozenset(),
    mail: Mail | None = None,
) -> tuple[str, ...]:
    """What the route does otherwise than the example expects; empty when all is as expected.

    `own` are the addresses of ours, `mail` is what the example's `file` holds.
    """
    return tuple(_differences(route, example, sender or Sender(), own, mail or _mail(example)))


def _differences(
    route: Route, example: Example, sender: Sender, own: Collection[str], mail: Mail
) -> Iterator[str]:
    found = fields.read(mail, route)
    values = found.values
    choice = author.decide(mail, _envelope(mail), route, sender, own, values=values)
    user = choice.author.user
    clues = conversation.clues(mail, _envelope(mail), route, recipients=(), user=user, keys=(), values=values)
    names = [clue.key.partition(":") for clue in clues if isinstance(clue, KeyClue)]
    slugs = [clue.slug for clue in clues if isinstance(clue, SlugClue)]
    tags = fields.tags(route, values)
    lacking = [*unfound.patterns(mail, route), *unfound.templates(mail, route, values)]
    why = {name: [reason] for name, reason in unfound.fields(mail, route, values)}

    def lacks(what: str) -> list[str]:
        return [reason for which, reason in lacking if which == what]

    by_author = (choice.author.because, *unfound.authors(mail, route, sender, own, values))
    results: tuple[tuple[str, str | None, list[str], Iterable[str]], ...] = (
        ("author", example.author and address.canonical(example.author), [user.email], by_author),
        ("author_name", example.author_name, [user.name], by_author[:1]),
        (
            "new_subject",
            example.new_subject,
            [sort.subject_of(mail, route, choice, found, ())],
            lacks("new_subject"),
        ),
        (
            "key",
            example.key and example.key.casefold(),
            [key for kind, _, key in names if kind == "key"],
            lacks("key"),
        ),
        ("slug", example.slug, slugs + [key for kind, _, key in names if kind == "slug"], lacks("slug")),
        ("tags", None if example.tags is None else _listed(example.tags), [_listed(tags)], lacks("tags")),
        *(
            (f"field {name}", wanted, [values.get(name, "")], why.get(name, []))
            for name, wanted in example.fields.items()
        ),
    )
    for what, wanted, got, causes in results:
        if wanted is not None and wanted not in (got or [""]):
            yield _differs(what, wanted, got, "; ".join(causes))


def _listed(tags: Iterable[str]) -> str:
    return ", ".join(sorted(tags))


def _differs(what: str, wanted: str, got: list[str], causes: str) -> str:
    listing = ", ".join(f'"{entry}"' for entry in got if entry) or "none"
    return f'expected {what} "{wanted}", got {listing}' + (f" ({causes})" if causes else "")


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


def _envelope(mail: Mail) -> Envelope:
    """As from a trusted peer: an example tests the rules, not who may use them."""
    return Envelope(
        reverse_path=next((entry.email for entry in mail.authors), ""),
        recipients=(),
        peer="pipe",
        helo="",
        listener="check",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        trusted=True,
    )
