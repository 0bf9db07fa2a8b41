"""What is known to stand in a conversation at Re:amaze, as digests of its lines: written when a message is known to be there.

Bounded for each conversation: the oldest lines are forgotten first, and what is forgotten only leaves a quote standing.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, delete, func, select

from bridge.spool.prepared import Prepared
from bridge.spool.schema import said, upsert

#: Lines of one conversation; those written together are forgotten together.
MOST = 20_000

_of_conversation = said.c.conversation == bindparam("number")
_LEARN = upsert(said, "at")
_ALL = Prepared(select(said.c.digest).where(_of_conversation).order_by(said.c.digest))
_COUNT = Prepared(select(func.count()).select_from(said).where(_of_conversation))
_NEWEST = Prepared(
    select(said.c.at).where(_of_conversation).order_by(said.c.at.desc()).limit(1).offset(bindparam("skipped"))
)
_FORGET_OLD = Prepared(delete(said).where(_of_conversation, said.c.at < bindparam("since")))
_FORGET = Prepared(delete(said).where(_of_conversation))


def learn(connection: Connection, conversation: int, digests: Collection[bytes], at_us: int) -> None:
    if not digests:
        return
    _LEARN.run_tuples(
        connection, ("conversation", "digest", "at"), [(conversation, each, at_us) for each in digests]
    )
    if _COUNT.scalar(connection, number=conversation) > MOST:
        since = _NEWEST.scalar(connection, number=conversation, skipped=MOST - 1)
        _FORGET_OLD.run(connection, number=conversation, since=since)


def read(connection: Connection, conversation: int) -> bytes:
    """The digests in one piece, in their order."""
    return b"".join(bytes(row.digest) for row in _ALL.all(connection, number=conversation))


def forget(connection: Connection, conversation: int) -> None:
    """The conversation is gone at Re:amaze: nothing stands there any more."""
    _FORGET.run(connection, number=conversation)
