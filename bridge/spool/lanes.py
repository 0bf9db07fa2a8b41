"""The lane of a conversation: its waiting deliveries, of which only the head may be taken up.

Everyone behind the head has the state `behind` and is seen by no claim, so a claim costs the same however many wait, and
messages of one conversation are posted in order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, insert, select, update

from bridge.spool.schema import deliveries, events

_row = deliveries.c
_HEADS = select(_row.seq, _row.state, _row.plan, _row.attempts, _row.next_at).where(
    _row.conversation == bindparam("lane"), _row.state.in_(("ready", "busy"))
)
_NEXT = (
    select(_row.seq)
    .where(_row.conversation == bindparam("lane"), _row.state == "behind")
    .order_by(_row.seq)
    .limit(1)
)
_SET_STATE = update(deliveries).where(_row.seq == bindparam("which")).values(state=bindparam("becomes"))
_EVENT = insert(events)


def arrange(connection: Connection, lane: int) -> None:
    """Give the lane its head, after one came, left or went back to waiting."""
    heads = connection.execute(_HEADS, {"lane": lane}).all()
    following = connection.execute(_NEXT, {"lane": lane}).scalar()
    if following is None:
        return
    if not heads:
        _set_state(connection, following, "ready")
    elif len(heads) == 1 and following < heads[0].seq:
        # An earlier mail was sorted later: it goes first, unless its follower is already on its way.
        head = heads[0]
        if head.state == "ready" and head.plan is None and head.attempts == 0:
            _set_state(connection, head.seq, "behind")
            _set_state(connection, following, "ready")


def state_of(connection: Connection, seq: int) -> str:
    return str(connection.execute(select(_row.state).where(_row.seq == seq)).scalar_one())


def note(connection: Connection, at: int, event: str, changes: Iterable[tuple[int, str]]) -> None:
    """Write down one event for each (seq, detail), for `trace`."""
    rows = [{"seq": seq, "at": at, "event": event, "detail": detail} for seq, detail in changes]
    if rows:
        connection.execute(_EVENT, rows)


def _set_state(connection: Connection, seq: int, state: str) -> None:
    connection.execute(_SET_STATE, {"which": seq, "becomes": state})
