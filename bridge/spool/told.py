"""What Re:amaze answered to the messages of a conversation: to tell a message from another that says the same."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, or_, select

from bridge.spool.prepared import Prepared
from bridge.spool.schema import conversations, deliveries, steps

#: Answers that are looked through; more messages than these are not read of a conversation either.
MOST = 1_000

#: Two conversations of the index can be one at Re:amaze, and one can have been another there.
_same = select(conversations.c.number).where(
    conversations.c.brand == bindparam("of"), conversations.c.slug == bindparam("called")
)
_KNOWN = Prepared(_same.limit(1))
_BRAND = Prepared(select(conversations.c.brand).where(conversations.c.number == bindparam("number")))
_ANSWERS = Prepared(
    select(steps.c.answer)
    .join(deliveries, deliveries.c.seq == steps.c.seq)
    .where(
        or_(deliveries.c.conversation == bindparam("number"), deliveries.c.conversation.in_(_same)),
        steps.c.answer.is_not(None),
        steps.c.name.not_like("stage %"),
    )
    .order_by(steps.c.seq.desc(), steps.c.index.desc())
    .limit(MOST)
)


def knows(connection: Connection, brand: str, slug: str) -> bool:
    """Whether a conversation of the index is called so at Re:amaze."""
    return _KNOWN.first(connection, of=brand, called=slug) is not None


def answers(connection: Connection, conversation: int, slug: str) -> tuple[str, ...]:
    """As JSON, newest first: of this conversation, and of every other one that is called so at Re:amaze."""
    brand = _BRAND.scalar(connection, number=conversation)
    found = _ANSWERS.all(connection, number=conversation, of=brand, called=slug)
    return tuple(row.answer for row in found)
