"""Which route takes a recipient, and which deliveries a mail asks for.

Looks at the envelope alone, never at a header, and reads at most `address.MAX_CHARS` characters of a recipient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from bridge.compose import address
from bridge.config.schema import Config, Route
from bridge.model import Target

_POSTMASTER = "postmaster"


def find(routes: Iterable[Route], recipient: str) -> Route | None:
    """The first route that takes the recipient; None when no route wants it.

    RFC 5321 asks that postmaster is heard: without a route of its own it goes to the first route of its domain, or
    of all where it stands without a domain.
    """
    routes = tuple(routes)
    recipient = _plain(recipient)
    if not recipient or len(recipient) > address.MAX_CHARS:
        return None
    taken = next((route for route in routes if _takes(route, recipient)), None)
    if taken is not None or recipient.partition("@")[0] != _POSTMASTER:
        return taken
    domain = address.host(recipient)
    return next((route for route in routes if not domain or domain in _domains(route)), None)


def targets(routes: Sequence[Route], recipients: Iterable[str]) -> tuple[Target, ...]:
    """One delivery for each route that is asked for, in the order of the recipients; those no route takes are left out."""
    found: dict[str, tuple[Route, list[str]]] = {}
    for recipient in recipients:
        route = find(routes, recipient)
        if route is not None:
            chosen = found.setdefault(route.name, (route, []))[1]
            if recipient not in chosen:
                chosen.append(recipient)
    return tuple(Target(route.name, route.brand, tuple(chosen)) for route, chosen in found.values())


def targets_of_all(routes: Sequence[Route], recipients: Sequence[str]) -> tuple[Target, ...]:
    """The same where nothing may be left over: a postmaster's mail that no route claims goes to the first route."""
    return targets(routes, recipients) or (Target(routes[0].name, routes[0].brand, tuple(recipients)),)


def plus(recipient: str) -> str:
    """The part between "+" and "@"; "" when there is none."""
    return _plain(recipient).rpartition("@")[0].partition("+")[2]


def own_addresses(config: Config) -> frozenset[str]:
    """Every address that is ours by the config: routes that name one, and `sender.own`.

    Routes of a whole domain or a pattern are not among them: people of that domain write mail, too.
    """
    named = (
        _plain(entry)
        for route in config.routes
        for entry in route.recipients
        if not entry.startswith("@") and not _is_pattern(entry)
    )
    return frozenset(named) | frozenset(_plain(entry) for entry in config.sender.own)


def _plain(recipient: str) -> str:
    return recipient.strip().strip("<>").lower()


def _is_pattern(entry: str) -> bool:
    return len(entry) > 2 and entry[0] == entry[-1] == "/"


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error:
        return None


def _takes(route: Route, recipient: str) -> bool:
    return any(_matches(entry.strip(), recipient) for entry in route.recipients)


def _matches(entry: str, recipient: str) -> bool:
    if _is_pattern(entry):
        pattern = _compiled(entry[1:-1])
        return pattern is not None and pattern.fullmatch(recipient) is not None
    entry = entry.lower()
    if entry.startswith("@"):
        return recipient.endswith(entry) and len(recipient) > len(entry)
    return entry in (recipient, address.without_plus(recipient))


def _domains(route: Route) -> frozenset[str]:
    return frozenset(address.host(entry) for entry in route.recipients if not _is_pattern(entry))
