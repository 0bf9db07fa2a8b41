"""Handing deliveries out and taking them back: unsorted, claim, record, defer, settle.

A strike is written in the transaction that hands an item out and taken away when it comes back, so an item that kills the process
is counted although nobody lived to tell. What was out when a process died is handed out one at a time from then on: if one of
them is the killer, it is struck again and the others are not. Each function here is one operation of the writer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, delete, func, select, update

from bridge.errors import SpoolError
from bridge.spool import lanes, rows, said
from bridge.spool.files import Files
from bridge.spool.prepared import Prepared
from bridge.spool.rows import AnyRow
from bridge.spool.schema import brands, conversations, deliveries, steps
from bridge.spool.steady import Steady
from bridge.spool.values import WAITING, Item, Settled

#: Only a repair or a hand in the database can bring it about.
UNREADABLE = (
    "its mail is gone from the spool's database, or cannot be read there; was the database repaired or changed by hand? "
    "Where a backup has the mail, hand it in again"
)

_row = deliveries.c
_of_brand = (_row.state == bindparam("wanted"), _row.brand == bindparam("of"))
# Two queries, so that what is due at once and what was deferred are each read in the order of the index.
_AT_ONCE = Prepared(
    select(_row.seq, _row.strikes)
    .where(*_of_brand, _row.next_at == 0)
    .order_by(_row.seq)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_DEFERRED = Prepared(
    select(_row.seq, _row.strikes)
    .where(*_of_brand, _row.next_at > 0, _row.next_at <= bindparam("now"))
    .order_by(_row.next_at, _row.seq)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
#: Only what was taken up after a crash has more than the one strike of being under way.
_UNDER_SUSPICION = Prepared(select(_row.seq).where(_row.state == "busy", _row.strikes > 1).limit(1))
_ANY = Prepared(select(_row.seq).where(*_of_brand).limit(1))
_BRANDS = Prepared(select(brands.c.brand))

_of_seq = _row.seq == bindparam("which")
_ONE = Prepared(select(_row.state, _row.conversation).where(_of_seq))
_STRIKE = Prepared(update(deliveries).where(_of_seq).values(strikes=_row.strikes + 1))
_CLAIM = Prepared(update(deliveries).where(_of_seq).values(state="busy", strikes=_row.strikes + 1))
_GIVE_BACK = Prepared(
    update(deliveries)
    .where(_of_seq)
    .values(
        state=case((_row.state == "busy", "ready"), else_=_row.state),
        strikes=case((_row.strikes > 0, _row.strikes - 1), else_=0),
    )
)
_DEFER = Prepared(
    update(deliveries)
    .where(_of_seq)
    .values(
        state=case((_row.state == "busy", "ready"), else_=_row.state),
        reason=bindparam("because"),
        next_at=bindparam("due"),
        attempts=_row.attempts + bindparam("tried"),
        strikes=0,
    )
)
_SET_PLAN = Prepared(update(deliveries).where(_of_seq).values(plan=bindparam("made")))
_GOT_ON = Prepared(update(deliveries).where(_of_seq, _row.strikes > 1).values(strikes=1))
_SET_SLUG = Prepared(
    update(conversations)
    .where(conversations.c.number == bindparam("which"))
    .values(slug=bindparam("learned"), candidate_slug=None, candidate_always=0)
)

_step = steps.c
_of_step = (_step.seq == bindparam("which"), _step.index == bindparam("place"))
_STEPS = Prepared(select(_step.index, _step.key).where(_step.seq == bindparam("which")))
_ADD_STEP = Prepared(
    steps.insert().values({name: bindparam(name) for name in ("seq", "index", "name", "key")})
)
_DROP_STEP = Prepared(delete(steps).where(*_of_step))
# The first beginning counts: a read-back must look as far as the first call that may have been heard.
_begun_first = func.coalesce(_step.begun_at, bindparam("now"))
_BEGIN = Prepared(update(steps).where(*_of_step).values(begun_at=_begun_first))
_FINISH = Prepared(
    update(steps)
    .where(*_of_step)
    .values(begun_at=_begun_first, finished_at=bindparam("now"), answer=bindparam("said"))
)
_UNDO = Prepared(update(steps).where(*_of_step).values(begun_at=None))


def due(
    connection: Connection, state: str, limit: int, now: int, without: Collection[str] = ()
) -> list[tuple[int, int]]:
    """The oldest deliveries of a state that are due, by arrival: number and strikes."""
    found: list[tuple[int, int]] = []
    for (brand,) in _BRANDS.all(connection):
        if brand not in without:
            wanted = {"wanted": state, "of": brand, "most": limit}
            found += _AT_ONCE.all(connection, **wanted)
            found += _DEFERRED.all(connection, **wanted, now=now)
    return sorted(found)[:limit]


def unsorted(
    connection: Connection, limit: int, handed_out: Collection[int], files: Files, steady: Steady
) -> tuple[Item, ...]:
    oldest = due(connection, "new", limit + len(handed_out), steady.now_us())
    waiting = [(seq, strikes) for seq, strikes in oldest if seq not in handed_out][:limit]
    # Up to the first that is under suspicion, which goes alone: sorting keeps to the order of arrival.
    calm = next((place for place, (_, strikes) in enumerate(waiting) if strikes), len(waiting))
    seqs = [seq for seq, _ in waiting[: calm or 1]]
    _STRIKE.run_many(connection, [{"which": seq} for seq in seqs])
    return _items(connection, seqs, files, steady)


def claim(
    connection: Connection, limit: int, without_brands: Collection[str], files: Files, steady: Steady
) -> tuple[Item, ...]:
    waiting = due(connection, "ready", limit, steady.now_us(), without_brands)
    suspects = [seq for seq, strikes in waiting if strikes]
    if suspects and _UNDER_SUSPICION.first(connection) is None:
        suspects = suspects[1:]
    seqs = [seq for seq, _ in waiting if seq not in suspects]
    _CLAIM.run_many(connection, [{"which": seq} for seq in seqs])
    lanes.note(connection, steady.wall_us(), "claimed", [(seq, "") for seq in seqs])
    return _items(connection, seqs, files, steady)


def _items(connection: Connection, seqs: Sequence[int], files: Files, steady: Steady) -> tuple[Item, ...]:
    """The deliveries as values. What cannot be read is buried: it must not keep the others from being handed out."""
    found = rows.items(connection, seqs, files, steady)
    for seq in sorted(set(seqs) - {item.seq for item in found}):
        row = _one(connection, seq)
        lanes.end(connection, seq, row.state, "dead", reason=UNREADABLE, steady=steady, lane=row.conversation)
    return found


def waits(connection: Connection, brand: str) -> bool:
    return any(_ANY.first(connection, wanted=state, of=brand) is not None for state in WAITING)


def give_back(connection: Connection, seqs: Sequence[int], steady: Steady) -> None:
    """Undo a handing-out that nobody acted upon: no attempt, no strike."""
    undone = [seq for seq in seqs if _one(connection, seq).state in ("busy", "new")]
    _GIVE_BACK.run_many(connection, [{"which": seq} for seq in undone])
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
    slug: str | None,
    begun: int | None,
    undone: int | None,
) -> None:
    row = _one(connection, seq)
    now = steady.wall_us()
    if plan is not None:
        _SET_PLAN.run(connection, which=seq, made=plan)
        _set_steps(connection, seq, planned)
    if finished is not None:
        _finish(connection, seq, finished, now)
        # A mail that gets on is not the one that kills the daemon; poison dies at the same step each time.
        _GOT_ON.run(connection, which=seq)
    if slug is not None:
        set_slug(connection, row.conversation, slug)
    if begun is not None:
        _change_step(connection, _BEGIN, seq, begun, now=now)
    if undone is not None:
        _change_step(connection, _UNDO, seq, undone)


def set_slug(connection: Connection, conversation: int, slug: str | None) -> None:
    _SET_SLUG.run(connection, which=conversation, learned=slug)
    if slug is None:
        said.forget(connection, conversation)


def settle(
    connection: Connection,
    seq: int,
    state: Settled,
    reason: str,
    steady: Steady,
    *,
    finished: tuple[int, str] | None,
    slug: str | None,
    heard: Collection[bytes],
) -> None:
    row = _one(connection, seq)
    if finished is not None:
        _finish(connection, seq, finished, steady.wall_us())
    if slug is not None:
        set_slug(connection, row.conversation, slug)
    if heard:
        said.learn(connection, row.conversation, heard)
    if row.state in WAITING:
        lanes.end(connection, seq, row.state, state, reason=reason, steady=steady, lane=row.conversation)


def defer(
    connection: Connection, seq: int, until: datetime, reason: str, steady: Steady, *, counts: bool
) -> None:
    if _one(connection, seq).state not in ("busy", "new"):
        return
    due_at = max(1, steady.from_wall(until))
    _DEFER.run(connection, which=seq, because=reason, due=due_at, tried=int(counts))
    lanes.note(connection, steady.wall_us(), "deferred", [(seq, reason)])


def _one(connection: Connection, seq: int) -> AnyRow:
    row = _ONE.first(connection, which=seq)
    if row is None:
        raise SpoolError(f"there is no delivery number {seq}")
    return row


def _set_steps(connection: Connection, seq: int, planned: Sequence[tuple[str, str]]) -> None:
    """Write the steps of a plan; a step that is already there under the same key keeps its progress."""
    there: dict[int, str] = {row.index: row.key for row in _STEPS.all(connection, which=seq)}
    kept = {index for index, (_name, key) in enumerate(planned) if there.get(index) == key}
    _DROP_STEP.run_many(connection, [{"which": seq, "place": index} for index in there.keys() - kept])
    _ADD_STEP.run_many(
        connection,
        [
            {"seq": seq, "index": index, "name": name, "key": key}
            for index, (name, key) in enumerate(planned)
            if index not in kept
        ],
    )


def _finish(connection: Connection, seq: int, finished: tuple[int, str], now: int) -> None:
    index, answer = finished
    _change_step(connection, _FINISH, seq, index, now=now, said=answer)


def _change_step(connection: Connection, change: Prepared, seq: int, index: int, **values: object) -> None:
    if change.run(connection, which=seq, place=index, **values) != 1:
        raise SpoolError(f"delivery number {seq} has no step {index}")
