"""Texts of a route that its fields are filled into: "Order {order}"."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from bridge.config import values
from bridge.config.section import MisplacedError

#: Stands for the mail's own subject in a route's `subject`.
OWN_SUBJECT = "subject"

BROKEN = "a brace without its other half; {order} stands for a value, and {{ or }} for a brace itself"

Place = tuple[str | int, ...]


def check(place: Place, template: str, known: Sequence[str]) -> None:
    """Raises MisplacedError where the template is broken or asks for a field that is not known."""
    try:
        names = values.names_in(template)
    except ValueError:
        raise MisplacedError(place, BROKEN) from None
    for name in names:
        if name not in known:
            raise MisplacedError(place, f"{{{name}}} asks for a field that {unknown(name, known)}")


def unknown(name: str, known: Sequence[str]) -> str:
    """The rest of a sentence about a name that is none of the route's fields."""
    near = difflib.get_close_matches(name[:80], known, n=1)
    if near:
        return f"`fields` does not name; did you mean `{near[0]}`?"
    there = ", ".join(f"`{each}`" for each in known)
    return f"`fields` does not name; there is {there}" if there else "`fields` does not name; add it there"
