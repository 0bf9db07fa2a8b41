"""From rows to values."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, bindparam, select

from bridge.spool import schema
from bridge.spool.envelopes import unpack, unpack_all
from bridge.spool.files import Files
from bridge.spool.prepared import Prepared
from bridge.spool.schema import conversations, deliveries, events, mails, steps
from bridge.spool.steady import Steady, from_us
from bridge.spool.values import ConversationRow, Event, Item, Step, Summary

#: A row of whatever columns its statement named, of SQLAlchemy or of a prepared statement.
AnyRow = Any

_CONVERSATION = (
    conversations.c.number,
    conversations.c.channel,
    conversations.c.subject,
    conversations.c.slug,
    conversations.c.candidate_slug,
    conversations.c.candidate_always,
)
#: `brand` is the same in both tables and taken from the delivery.
_LISTED = (
    deliveries,
    mails.c.size_bytes,
    mails.c.stored,
    *(column.label(f"conversation_{column.name}") for column in _CONVERSATION),
)


def _joined(*columns: Any, of: FromClause) -> Select[Any]:
    return select(*columns).select_from(of.outerjoin(conversations))


_ITEM = Prepared(
    _joined(*_LISTED, mails.c.envelope, mails.c.content, of=deliveries.join(mails)).where(
        deliveries.c.seq == bindparam("which")
    )
)
_STEPS = Prepared(select(steps).where(steps.c.seq == bindparam("which")).order_by(steps.c.index))
_ONE_CONVERSATION = Prepared(
    select(conversations.c.brand, *_CONVERSATION).where(conversations.c.number == bindparam("which"))
)


def conversation(connection: Connection, number: int) -> ConversationRow:
    """The one of that number, which something in the database refers to."""
    row = _ONE_CONVERSATION.first(connection, which=number)
    return ConversationRow(
        number=row.number,
        brand=row.brand,
        channel=row.channel,
        subject=row.subject,
        slug=row.slug,
        candidate_slug=row.candidate_slug,
        candidate_always=bool(row.candidate_always),
    )


def items(connection: Connection, seqs: Sequence[int], files: Files, steady: Steady) -> tuple[Item, ...]:
    """The deliveries with all that sorting or delivering them needs, oldest first; without those that cannot be read."""
    found = []
    for seq in sorted(seqs):
        row = _ITEM.first(connection, which=seq)
        with contextlib.suppress(ValueError, TypeError, KeyError):
            if row is not None:
                found.append(_item(row, steps_of(connection, seq), files, steady))
    return tuple(found)


def steps_of(connection: Connection, seq: int) -> tuple[Step, ...]:
    return tuple(
        Step(
            index=row.index,
            name=row.name,
            key=row.key,
            begun_at=None if row.begun_at is None else from_us(row.begun_at),
            finished_at=None if row.finished_at is None else from_us(row.finished_at),
            answer=row.answer,
        )
        for row in _STEPS.all(connection, which=seq)
    )


def events_of(connection: Connection, seq: int) -> tuple[Event, ...]:
    wanted = select(events).where(events.c.seq == seq).order_by(events.c.number)
    return tuple(Event(from_us(row.at), row.event, row.detail) for row in connection.execute(wanted))


def summaries(
    connection: Connection,
    wanted: ColumnElement[bool],
    limit: int,
    steady: Steady,
    *,
    newest_first: bool = False,
) -> tuple[Summary, ...]:
    order = deliveries.c.seq.desc() if newest_first else deliveries.c.seq
    # A delivery is listed also when its mail is gone, which only a hand in the database can bring about.
    found = _joined(*_LISTED, of=deliveries.outerjoin(mails)).where(wanted).order_by(order).limit(limit)
    return tuple(_summary(row, steady) for row in connection.execute(found))


def item_id(mail_id: str, part: int) -> str:
    return mail_id if part == 1 else f"{mail_id}.{part}"


def _item(row: AnyRow, planned: tuple[Step, ...], files: Files, steady: Steady) -> Item:
    return Item(
        seq=row.seq,
        id=item_id(row.mail_id, row.part),
        mail_id=row.mail_id,
        route=row.route,
        brand=row.brand,
        recipients=unpack_all(row.recipients),
        envelope=unpack(row.envelope, from_us(row.received_at)),
        content=_content(row, files),
        size_bytes=row.size_bytes,
        state=row.state,
        attempts=row.attempts,
        strikes=row.strikes,
        received_at=from_us(row.received_at),
        waiting_at=from_us(row.received_at) if row.waiting_at is None else steady.to_wall(row.waiting_at),
        next_at=steady.to_wall(row.next_at) if row.next_at else None,
        conversation=_of_delivery(row),
        plan=row.plan,
        steps=planned,
        reason=row.reason,
        message_id=row.message_id,
        stranger=bool(row.stranger),
    )


def _summary(row: AnyRow, steady: Steady) -> Summary:
    return Summary(
        seq=row.seq,
        id=item_id(row.mail_id, row.part),
        mail_id=row.mail_id,
        route=row.route,
        brand=row.brand,
        recipients=unpack_all(row.recipients),
        state=row.state,
        reason=row.reason,
        attempts=row.attempts,
        received_at=from_us(row.received_at),
        next_at=steady.to_wall(row.next_at) if row.next_at else None,
        settled_at=None if row.settled_at is None else from_us(row.settled_at),
        size_bytes=row.size_bytes or 0,
        summary=row.summary,
        author=row.author,
        message_id=row.message_id,
        conversation=_of_delivery(row),
        raw_kept=row.stored not in (None, schema.GONE),
    )


def _of_delivery(row: AnyRow) -> ConversationRow | None:
    if row.conversation_number is None:
        return None
    return ConversationRow(
        number=row.conversation_number,
        brand=row.brand,
        channel=row.conversation_channel,
        subject=row.conversation_subject,
        slug=row.conversation_slug,
        candidate_slug=row.conversation_candidate_slug,
        candidate_always=bool(row.conversation_candidate_always),
    )


def _content(row: AnyRow, files: Files) -> bytes | Path:
    if row.stored == schema.FILE:
        return files.path_of(row.mail_id)
    return bytes(row.content) if row.stored == schema.INLINE else b""
