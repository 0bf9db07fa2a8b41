"""Handing deliveries out and taking them back: unsorted, claim, record, defer, settle.

A strike is written in the transaction that hands an item out and taken away when it comes back, so an item that kills the process
is counted although nobody lived to tell. What was out when a process died is handed out one at a time from then on: if one of
them is the killer, it is struck again and the others are not. Each function here is one operation of the writer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, select, update

from bridge.errors import SpoolError
from bridge.spool import lanes, ledger, rows, schema
from bridge.spool.files import Files
from bridge.spool.rows import AnyRow
from bridge.spool.schema import brands, conversations, deliveries, steps
from bridge.spool.steady import Steady
from bridge.spool.values import WAITING, Item, Settled

_row = deliveries.c
_of_brand = (_row.state == bindparam("wanted"), _row.brand == bindparam("of"))
# Two queries, so that what is due at once and what was deferred are each read in the order of the index.
AT_ONCE = (
    select(_row.seq, _row.strikes)
    .where(*_of_brand, _row.next_at == 0)
    .order_by(_row.seq)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
DEFERRED = (
    select(_row.seq, _row.strikes)
    .where(*_of_brand, _row.next_at > 0, _row.next_at <= bindparam("now"))
    .order_by(_row.next_at, _row.seq)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_ONE = select(_row.state, _row.conversation, _row.attempts, _row.strikes).where(
    _row.seq == bindparam("which")
)


#: Only what was taken up after a crash has more than the one strike of being under way.
_UNDER_SUSPICION = select(_row.seq).where(_row.state == "busy", _row.strikes > 1).limit(1)


def due(
    connection: Connection, state: str, limit: int, now: int, without: Collection[str] = ()
) -> list[tuple[int, int]]:
    """The oldest deliveries of a state that are due, by arrival: number and strikes."""
    found: list[tuple[int, int]] = []
    for brand in connection.execute(select(brands.c.brand)).scalars().all():
        if brand not in without:
            wanted = {"wanted": state, "of": brand, "most": limit}
            for query in (AT_ONCE, DEFERRED):
                rows_of = connection.execute(query, {**wanted, "now": now})
                found += [(row.seq, row.strikes) for row in rows_of]
    return sorted(found)[:limit]


def unsorted(
    connection: Connection, limit: int, handed_out: Collection[int], files: Files, steady: Steady
) -> tuple[Item, ...]:
    oldest = due(connection, "new", limit + len(handed_out), steady.now_us())
    waiting = [(seq, strikes) for seq, strikes in oldest if seq not in handed_out][:limit]
    # Up to the first that is under suspicion, which goes alone: sorting keeps to the order of arrival.
    calm = next((place for place, (_, strikes) in enumerate(waiting) if strikes), len(waiting))
    seqs = [seq for seq, _ in waiting[: calm or 1]]
    if seqs:
        connection.execute(update(deliveries).where(_row.seq.in_(seqs)).values(strikes=_row.strikes + 1))
    return rows.items(connection, seqs, files, steady)


def claim(
    connection: Connection, limit: int, without_brands: Collection[str], files: Files, steady: Steady
) -> tuple[Item, ...]:
    waiting = due(connection, "ready", limit, steady.now_us(), without_brands)
    suspects = [seq for seq, strikes in waiting if strikes]
    if suspects and connection.execute(_UNDER_SUSPICION).first() is None:
        suspects = suspects[1:]
    seqs = [seq for seq, _ in waiting if seq not in suspects]
    if seqs:
        connection.execute(
            update(deliveries).where(_row.seq.in_(seqs)).values(state="busy", strikes=_row.strikes + 1)
        )
        lanes.note(connection, steady.wall_us(), "claimed", [(seq, "") for seq in seqs])
    return rows.items(connection, seqs, files, steady)


def give_back(connection: Connection, seqs: Sequence[int], steady: Steady) -> None:
    """Undo a handing-out that nobody acted upon: no attempt, no strike."""
    undone = [seq for seq in seqs if _one(connection, seq).state in ("busy", "new")]
    connection.execute(
        update(deliveries)
        .where(_row.seq.in_(undone))
        .values(
            state=case((_row.state == "busy", "ready"), else_=_row.state),
            strikes=case((_row.strikes > 0, _row.strikes - 1), else_=0),
        )
    )
    lanes.note(connection, steady.wall_us(), "given back", [(seq, "") for seq in undone])


def recover(connection: Connection, steady: Steady, longest_wait_us: int) -> int:
    """Make what a dead process had claimed ready again. Returns how many there were."""
    busy = connection.execute(select(_row.seq).where(_row.state == "busy")).scalars().all()
    connection.execute(update(deliveries).where(_row.state == "busy").values(state="ready"))
    lanes.note(connection, steady.wall_us(), "recovered", [(seq, "") for seq in busy])
    # A wall clock that was far ahead when these were deferred must not keep them waiting now.
    connection.execute(
        update(deliveries)
        .where(_row.state.in_(("ready", "new")), _row.next_at > steady.now_us() + longest_wait_us)
        .values(next_at=0)
    )
    return len(busy)


def record(
    connection: Connection,
    seq: int,
    steady: Steady,
    *,
    plan: str | None,
    planned: Sequence[tuple[str, str]],
    finished: tuple[int, str] | None,
    begun: int | None,
    undone: int | None,
) -> None:
    _one(connection, seq)
    now = steady.wall_us()
    if plan is not None:
        connection.execute(update(deliveries).where(_row.seq == seq).values(plan=plan))
        _set_steps(connection, seq, planned)
    if finished is not None:
        index, answer = finished
        _set_step(
            connection,
            seq,
            index,
            finished_at=now,
            answer=answer,
            begun_at=func.coalesce(steps.c.begun_at, now),
        )
        # A mail that gets on is not the one that kills the daemon; poison dies at the same step each time.
        connection.execute(update(deliveries).where(_row.seq == seq, _row.strikes > 1).values(strikes=1))
    if begun is not None:
        # The first beginning counts: a read-back must look as far as the first call that may have been heard.
        _set_step(connection, seq, begun, begun_at=func.coalesce(steps.c.begun_at, now))
    if undone is not None:
        _set_step(connection, seq, undone, begun_at=None)


def set_slug(connection: Connection, conversation: int, slug: str | None) -> None:
    connection.execute(
        update(conversations)
        .where(conversations.c.number == conversation)
        .values(slug=slug, candidate_slug=None, candidate_always=0)
    )


def settle(connection: Connection, seq: int, state: Settled, reason: str, steady: Steady) -> None:
    row = _one(connection, seq)
    if row.state not in WAITING:
        return
    connection.execute(
        update(deliveries)
        .where(_row.seq == seq)
        .values(
            state=state,
            reason=reason,
            next_at=0,
            waiting_at=None,
            settled_at=steady.wall_us(),
            strikes=0,
            attempts=row.attempts + (row.state == "busy"),
        )
    )
    ledger.moved(connection, row.state, state)
    lanes.note(connection, steady.wall_us(), state, [(seq, reason)])
    if row.conversation is not None:
        lanes.arrange(connection, row.conversation)


def defer(
    connection: Connection, seq: int, until: datetime, reason: str, steady: Steady, *, counts: bool
) -> None:
    row = _one(connection, seq)
    if row.state not in ("busy", "new"):
        return
    connection.execute(
        update(deliveries)
        .where(_row.seq == seq)
        .values(
            state="ready" if row.state == "busy" else "new",
            reason=reason,
            next_at=max(1, steady.from_wall(until)),
            strikes=0,
            attempts=row.attempts + counts,
        )
    )
    lanes.note(connection, steady.wall_us(), "deferred", [(seq, reason)])


def _one(connection: Connection, seq: int) -> AnyRow:
    row = connection.execute(_ONE, {"which": seq}).first()
    if row is None:
        raise SpoolError(f"there is no delivery number {seq}")
    return row


def _set_steps(connection: Connection, seq: int, planned: Sequence[tuple[str, str]]) -> None:
    """Write the steps of a plan; a step that is already there under the same key keeps its progress."""
    of_seq = steps.c.seq == seq
    there = dict(connection.execute(select(steps.c.index, steps.c.key).where(of_seq)).all())
    kept = {index for index, (_name, key) in enumerate(planned) if there.get(index) == key}
    connection.execute(delete(steps).where(of_seq, steps.c.index.not_in(kept)))
    added = [
        {"seq": seq, "index": index, "name": name, "key": key}
        for index, (name, key) in enumerate(planned)
        if index not in kept
    ]
    if added:
        connection.execute(schema.steps.insert(), added)


def _set_step(connection: Connection, seq: int, index: int, **values: Any) -> None:
    changed = connection.execute(
        update(steps).where(steps.c.seq == seq, steps.c.index == index).values(values)
    )
    if changed.rowcount != 1:
        raise SpoolError(f"delivery number {seq} has no step {index}")
