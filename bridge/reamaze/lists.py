"""Lists of the API, page by page: bounded, tolerant of what an item lacks, never trusting the counts they come with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bridge.errors import LaterError
from bridge.model import User
from bridge.reamaze.answers import JsonObject, text

PAGE_SIZE = 30

#: Asks for a path with parameters; returns the JSON object or raises from the ReamazeError tree.
Look = Callable[[str, Mapping[str, str]], Awaitable[JsonObject]]


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a conversation can be opened; `slug` is what a route names as its channel."""

    slug: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[JsonObject, ...]
    #: Whether this is the last page there is, not the last that was asked for.
    last: bool


async def pages(
    look: Look, path: str, name: str, query: Mapping[str, str], *, at_most: int
) -> AsyncIterator[Page]:
    """The pages of a list, up to about `at_most` items. Raises LaterError for an answer that holds no such list."""
    before: object = None
    seen = number = 0
    while seen < at_most and number < at_most:
        number += 1
        answer = await look(path, {**query, "page": str(number)})
        found = answer.get(name)
        if not isinstance(found, list):
            raise LaterError(f"{path} was answered without `{name}`")
        size = answer.get("page_size")
        full = size if isinstance(size, int) and size > 0 else PAGE_SIZE
        # Counts may leave out items: full pages are followed whatever the counts say. A page that comes
        # again is a list that knows no pages.
        last = len(found) < full or found == before
        before = found
        seen += len(found)
        yield Page(tuple(item for item in found if isinstance(item, dict)), last)
        if last:
            return


async def channels(look: Look) -> tuple[Channel, ...]:
    found: dict[str, Channel] = {}
    async for page in pages(look, "/channels", "channels", {}, at_most=500):
        for item in page.items:
            if slug := text(item.get("slug")):
                found[slug] = Channel(slug, text(item.get("name")), text(item.get("email")))
    return tuple(found.values())


async def staff(look: Look) -> tuple[User, ...]:
    found: dict[str, User] = {}
    async for page in pages(look, "/staff", "staff", {}, at_most=2_000):
        for item in page.items:
            if email := text(item.get("email")):
                found[email.lower()] = User(text(item.get("name")), email)
    return tuple(found.values())


def time(value: object) -> datetime | None:
    """An ISO 8601 time of the API, aware; None when it cannot be read."""
    try:
        at = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def email(person: object) -> str:
    """The address of a user object, comparable; "" when there is none."""
    return text(person.get("email")).strip().casefold() if isinstance(person, dict) else ""
