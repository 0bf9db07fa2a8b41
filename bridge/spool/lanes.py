"""The lane of a conversation: its waiting deliveries, of which only the head may be taken up.

Everyone behind the head has the state `behind` and is seen by no claim, so a claim costs the same however many wait, and
messages of one conversation are posted in order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from bridge.spool import ledger
from bridge.spool.prepared import Prepared
from bridge.spool.schema import deliveries, events
from bridge.spool.steady import Steady
from bridge.spool.values import Settled

_row = deliveries.c
_HEADS = Prepared(
    select(_row.seq, _row.state, _row.plan, _row.attempts).where(
        _row.conversation == bindparam("lane"), or_(_row.state == "ready", _row.state == "busy")
    )
)
_NEXT = Prepared(
    select(_row.seq)
    .where(_row.conversation == bindparam("lane"), _row.state == "behind")
    .order_by(_row.seq)
    .limit(1)
)
_SET_STATE = Prepared(
    update(deliveries).where(_row.seq == bindparam("which")).values(state=bindparam("becomes"))
)
_END = Prepared(
    update(deliveries)
    .where(_row.seq == bindparam("which"))
    .values(
        state=bindparam("becomes"),
        reason=bindparam("because"),
        attempts=_row.attempts + bindparam("tried"),
        settled_at=bindparam("now"),
        next_at=0,
        waiting_at=None,
        strikes=0,
    )
)
_EVENT = Prepared(
    insert(events).values(
        {name: bindparam(name) for name in ("seq", "at", "event", "detail")},
    )
)


def arrange(connection: Connection, lane: int) -> None:
    """Give the lane its head, after one came, left or went back to waiting."""
    following = _NEXT.scalar(connection, lane=lane)
    if following is None:
        return
    heads = _HEADS.all(connection, lane=lane)
    if not heads:
        _SET_STATE.run(connection, which=following, becomes="ready")
    elif len(heads) == 1 and following < heads[0].seq:
        # An earlier mail was sorted later: it goes first, unless its follower is already on its way.
        head = heads[0]
        if head.state == "ready" and head.plan is None and head.attempts == 0:
            _SET_STATE.run(connection, which=head.seq, becomes="behind")
            _SET_STATE.run(connection, which=following, becomes="ready")


def end(
    connection: Connection,
    seq: int,
    before: str,
    state: Settled,
    *,
    reason: str,
    steady: Steady,
    lane: int | None,
) -> None:
    """End a delivery: booked, written down, and the next of its lane made ready."""
    now = steady.wall_us()
    _END.run(connection, which=seq, becomes=state, because=reason, tried=int(before == "busy"), now=now)
    ledger.moved(connection, before, state)
    note(connection, now, state, [(seq, reason)])
    if lane is not None:
        arrange(connection, lane)


def note(connection: Connection, at: int, event: str, changes: Iterable[tuple[int, str]]) -> None:
    """Write down one event for each (seq, detail), for `trace`."""
    _EVENT.run_many(
        connection, [{"seq": seq, "at": at, "event": event, "detail": detail} for seq, detail in changes]
    )
