"""Known by what it says: for accounts whose lists of messages do not show the `origin_id` that a message was posted with.

What is said is compared by its author, its visibility and its words alone, because Re:amaze may give a body back with other white
space, with entities, or as HTML. Two messages that say the same are no mistake of anybody's: a customer may write "ok" twice. So
likeness never decides alone; it is counted, see `Sought`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from bridge.model import Message, Receipt
from bridge.reamaze import lists
from bridge.reamaze.answers import JsonObject, text

#: The clocks of bridge and Re:amaze may differ by less than this.
CLOCKS_APART = timedelta(days=1)
#: A conversation and the message that opens it are made in one call.
AT_ONCE = timedelta(seconds=60)

#: A tag of HTML; what a mail said in such words is escaped.
_TAG = re.compile(r"<(?<!\\<)/?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")
#: A picture, which HTML shows by a tag alone; and where a link leads: it is signed anew when it is told again.
_PICTURE = re.compile(r"!\[[^\[\]]*\]\([^()\s]*\)")
_TARGET = re.compile(r"\]\([^()\s]*\)")
#: All of ASCII but letters and digits.
_NO_WORDS = bytes(code for code in range(128) if not chr(code).isalnum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A message that may have been posted, and how it would be known again."""

    key: str
    #: What it says, by `content`; "" to know it by its key alone.
    content: str = ""
    #: No later than the first call that may have posted it.
    since: datetime | None = None
    #: When the messages that say the same and are known to be another's were made, as Re:amaze wrote it.
    others: tuple[str, ...] = ()
    #: Whether the conversation of that slug is known to be another's; without it, none is known by what it says.
    taken: Callable[[str], Awaitable[bool]] | None = None

    @property
    def floor(self) -> datetime | None:
        """Nothing older is it, whichever of the two clocks is wrong; None where it is known by its key alone."""
        return None if self.since is None or not self.content else self.since - CLOCKS_APART

    def among(self, slug: str, items: Iterable[JsonObject]) -> Receipt | None:
        """The message, if more of those that say the same are there than are known to be another's.

        Counted rather than compared by time: every answer of a post is stored with what it said and when Re:amaze made it, so
        each equal message that is listed is another's or this one's. Both times are of Re:amaze's clock, of which one floor
        leaves out the same on both sides. Where a person at Re:amaze removed one of them, this one is said twice rather
        than never.
        """
        floor = self.floor
        if floor is None:
            return None
        alike = [
            item
            for item in items
            if _not_before(item.get("created_at"), floor) and listed(item) == self.content
        ]
        others = [other for other in self.others if _not_before(other, floor)]
        if len(alike) <= len(others):
            return None
        times = [text(item.get("created_at")) for item in alike]
        return Receipt(
            slug=slug, created_at=next((at for at in times if at not in others), times[0]), found=True
        )


def opens(item: JsonObject, sought: Sought) -> bool:
    """Whether a listed message says what is sought, and its conversation began with it."""
    conversation, floor = item.get("conversation"), sought.floor
    if floor is None or not isinstance(conversation, dict) or listed(item) != sought.content:
        return False
    at, began_at = lists.time(item.get("created_at")), lists.time(conversation.get("created_at"))
    return at is not None and began_at is not None and at >= floor and abs(at - began_at) <= AT_ONCE


def content(message: Message) -> str:
    """A digest of what the message says, to be compared with that of a listed one."""
    return _digest(message.user.email.strip().casefold(), message.internal, message.body)


def listed(item: JsonObject) -> str:
    """The same of a message in a list."""
    body = item.get("body")
    return _digest(
        lists.email(item.get("user")), item.get("visibility") == 1, body if isinstance(body, str) else ""
    )


def _digest(author: str, internal: bool, body: str) -> str:
    return sha256(f"{author}\0{int(internal)}\0{_words(body)}".encode("utf-8", "replace")).hexdigest()[:32]


def _words(body: str) -> str:
    """Letters, digits and symbols: what neither Markdown nor HTML put there, and nobody changes on the way."""
    bare = html.unescape(_TAG.sub("", _TARGET.sub("]", _PICTURE.sub("", body))))
    # A thirtieth of the CPU of asking each character what it is.
    joined = "".join(bare.split()).encode("utf-8", "surrogatepass")
    return joined.translate(None, _NO_WORDS).decode("utf-8", "surrogatepass")


def _not_before(created_at: object, floor: datetime) -> bool:
    """Whether something was made then or later; what does not say when was not."""
    at = lists.time(created_at)
    return at is not None and at >= floor
