"""What is known to stand in a conversation at Re:amaze, as digests of its lines: written when a message is known to be there.

Bounded for each conversation: the oldest lines are forgotten first, and what is forgotten only leaves a quote standing.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, delete, func, select

from bridge.spool.prepared import Prepared
from bridge.spool.schema import said

DIGEST_BYTES = 8
#: Digests of one conversation, two or three a line; those written together are forgotten together.
MOST = 50_000

_of_conversation = said.c.conversation == bindparam("lane")
# One row for all lines of a message: measured 0.05 ms of CPU for ninety lines, where a row for each takes 0.4.
_LEARN = Prepared(
    said.insert().values({name: bindparam(name) for name in ("conversation", "count", "digests")})
)
_ALL = Prepared(select(said.c.digests).where(_of_conversation))
_COUNT = Prepared(select(func.sum(said.c.count)).where(_of_conversation))
_NEWEST_FIRST = Prepared(
    select(said.c.number, said.c.count.label("lines")).where(_of_conversation).order_by(said.c.number.desc())
)
_FORGET_OLD = Prepared(delete(said).where(_of_conversation, said.c.number <= bindparam("last")))
_FORGET = Prepared(delete(said).where(_of_conversation))


def learn(connection: Connection, conversation: int, digests: Collection[bytes]) -> None:
    if not digests:
        return
    _LEARN.run(connection, conversation=conversation, count=len(digests), digests=b"".join(digests))
    if _COUNT.scalar(connection, lane=conversation) > MOST:
        _forget_oldest(connection, conversation)


def learn_anew(connection: Connection, conversation: int, digests: Collection[bytes]) -> None:
    """The same for lines of which some may be known."""
    learn(connection, conversation, frozenset(digests) - _known(connection, conversation))


def read(connection: Connection, conversation: int) -> bytes:
    """The digests in one piece, in their order."""
    return b"".join(sorted(_known(connection, conversation)))


def forget(connection: Connection, conversation: int) -> None:
    """The conversation is gone at Re:amaze: nothing stands there any more."""
    _FORGET.run(connection, lane=conversation)


def _known(connection: Connection, conversation: int) -> frozenset[bytes]:
    joined = b"".join(bytes(row.digests) for row in _ALL.all(connection, lane=conversation))
    return frozenset(joined[at : at + DIGEST_BYTES] for at in range(0, len(joined), DIGEST_BYTES))


def _forget_oldest(connection: Connection, conversation: int) -> None:
    newer = 0
    for row in _NEWEST_FIRST.all(connection, lane=conversation):
        if newer >= MOST:
            _FORGET_OLD.run(connection, lane=conversation, last=row.number)
            return
        newer += row.lines
