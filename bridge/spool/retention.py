"""What is removed when it is no longer needed: raw mails first, then the rows, then the memory of threads.

Everything goes in small portions, each one operation of the writer, so that mail never waits for the broom. What a portion
removes it books, and the accounts stay true. Held mail and what still waits is never touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, exists, select, update

from bridge.spool import ledger, schema
from bridge.spool.schema import (
    conversations,
    deliveries,
    events,
    keys,
    mails,
    participants,
    said,
    steps,
    thread_ids,
)

PORTION = 200
#: Database pages given back in one operation.
PAGES = 1_000
_row = deliveries.c


@dataclass(frozen=True, slots=True)
class Portion:
    """What one operation removed: how many, and the mails whose files may go now that it is committed."""

    count: int
    files: tuple[str, ...] = ()


def raw(connection: Connection, before_us: int) -> Portion:
    """Let go of the content of mails whose every delivery was delivered or dropped before then."""
    seqs = connection.execute(
        select(_row.seq)
        .where(_row.keeps_raw == 1, _row.settled_at < before_us, _row.state.in_(("delivered", "dropped")))
        .order_by(_row.settled_at)
        .limit(PORTION)
    ).scalars().all()  # fmt: skip
    connection.execute(update(deliveries).where(_row.seq.in_(seqs)).values(keeps_raw=0))
    return Portion(len(seqs), _release_content(connection, _mails_of(connection, seqs)))


def settled(connection: Connection, before_us: int) -> Portion:
    """Remove deliveries that ended before then, with their steps and events, and mails that have none left."""
    found = connection.execute(
        select(_row.seq, _row.state, _row.mail_id)
        .where(
            _row.keeps_raw.in_((0, 1)),
            _row.settled_at < before_us,
            _row.state.in_(("delivered", "dropped", "dead")),
        )
        .limit(PORTION)
    ).all()
    seqs = [row.seq for row in found]
    connection.execute(delete(steps).where(steps.c.seq.in_(seqs)))
    connection.execute(delete(events).where(events.c.seq.in_(seqs)))
    connection.execute(delete(deliveries).where(_row.seq.in_(seqs)))
    ended = Counter(row.state for row in found)
    ledger.add(connection, **{f"swept_{state}": count for state, count in ended.items()})
    files = _release_content(connection, [row.mail_id for row in found])
    connection.execute(
        delete(mails).where(
            mails.c.id.in_([row.mail_id for row in found]),
            ~exists().where(_row.mail_id == mails.c.id),
        )
    )
    return Portion(len(seqs), files)


def forget_ids(connection: Connection, before_us: int) -> Portion:
    """Forget Message-IDs and keys that no mail has named since then."""
    count = 0
    for table in (thread_ids, keys):
        old = select(table.c.digest).where(table.c.seen_at < before_us).limit(PORTION)
        digests = connection.execute(old).scalars().all()
        connection.execute(delete(table).where(table.c.digest.in_(digests)))
        count += len(digests)
    return Portion(count)


def forget_conversations(connection: Connection, before_us: int) -> Portion:
    """Forget conversations without mail since then that nothing refers to any more."""
    number = conversations.c.number
    unused: tuple[ColumnElement[bool], ...] = tuple(
        ~exists().where(table.c.conversation == number) for table in (deliveries, thread_ids, keys)
    )
    old = select(number).where(conversations.c.last_at < before_us, *unused).limit(PORTION)
    numbers = connection.execute(old).scalars().all()
    connection.execute(delete(participants).where(participants.c.conversation.in_(numbers)))
    connection.execute(delete(said).where(said.c.conversation.in_(numbers)))
    connection.execute(delete(conversations).where(number.in_(numbers)))
    return Portion(len(numbers))


def purge(connection: Connection, mail_id: str) -> tuple[str, ...]:
    """Let go of a mail's content unless another delivery needs it. Returns the mails whose files may go."""
    return _release_content(connection, [mail_id])


def _mails_of(connection: Connection, seqs: Sequence[int]) -> Sequence[str]:
    return connection.execute(select(_row.mail_id).where(_row.seq.in_(seqs)).distinct()).scalars().all()


def _release_content(connection: Connection, mail_ids: Sequence[str]) -> tuple[str, ...]:
    """Empty the rows of mails that no delivery keeps. Returns those whose content is a file."""
    unneeded = connection.execute(
        select(mails.c.id, mails.c.stored).where(
            mails.c.id.in_(mail_ids),
            mails.c.stored != schema.GONE,
            ~exists().where(_row.mail_id == mails.c.id, _row.keeps_raw == 1),
        )
    ).all()
    connection.execute(
        update(mails)
        .where(mails.c.id.in_([row.id for row in unneeded]))
        .values(stored=schema.GONE, content=None)
    )
    return tuple(row.id for row in unneeded if row.stored == schema.FILE)


def shrink(connection: Connection) -> bool:
    """Give some freed pages back to the file system; says whether that went well and more are left."""
    if connection.dialect.name != "sqlite":
        return False
    free = _free_pages(connection)
    # The driver's own cursor: the pragma frees one page a step, and yields rows that have no columns.
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA incremental_vacuum({PAGES})")
    cursor.fetchall()
    cursor.close()
    return 0 < _free_pages(connection) < free


def _free_pages(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one())


def named_by_rows(connection: Connection, mail_ids: Sequence[str]) -> set[str]:
    """Which of the files of that name a row still needs."""
    needed = select(mails.c.id).where(mails.c.id.in_(mail_ids), mails.c.stored == schema.FILE)
    return set(connection.execute(needed).scalars())
