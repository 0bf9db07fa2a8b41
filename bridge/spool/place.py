"""Sorting a mail into its conversation: duplicates out, verdicts kept, then the first clue that hits.

One operation of the writer: what one mail registers, the next one finds, so two mails of a new thread that arrive together
make one conversation. A stranger, an author the conversation does not know, is always reported, and where the route wants it
gets a conversation of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from sqlalchemy import Connection, case, exists, select, update

from bridge.errors import SpoolError
from bridge.model import Clue, KeyClue, SlugClue, Sorting, ThreadClue, TokenClue
from bridge.spool import lanes, ledger, rows, schema
from bridge.spool.rows import AnyRow
from bridge.spool.schema import conversations, deliveries, digest, keys, participants, thread_ids
from bridge.spool.steady import SECOND, Steady
from bridge.spool.values import Placed, Settled

#: Ids of one mail that are looked up or learned; more is no thread but an attack on the index.
MAX_IDS = 200
_VERDICTS: dict[str, Settled] = {"hold": "held", "held": "held", "drop": "dropped", "dropped": "dropped"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the route and its brand say about placing."""

    channel: str
    brand: str
    stranger_joins: bool
    duplicate_window_s: float


@dataclass(frozen=True, slots=True)
class _Hit:
    conversation: int
    because: str
    stranger: bool


@dataclass(frozen=True, slots=True)
class _Miss:
    """A new conversation is needed, perhaps with a slug that is still to be verified."""

    because: str
    stranger: bool = False
    candidate: SlugClue | None = None


def place(connection: Connection, seq: int, sorting: Sorting, rules: Rules, steady: Steady) -> Placed:
    row = _delivery(connection, seq)
    if row.state != "new":
        known = None if row.conversation is None else rows.conversation(connection, row.conversation)
        return Placed(row.state, known, "it is no longer waiting to be sorted")
    _describe(connection, seq, sorting)
    if not row.released:
        earlier = _duplicate(connection, row, sorting, rules)
        if earlier is not None:
            return _end(connection, seq, "dropped", f"duplicate of {earlier}", steady, duplicate_of=earlier)
        if sorting.verdict is not None:
            verdict, reason = sorting.verdict
            return _end(connection, seq, _VERDICTS[verdict], reason, steady)
    found = _find(connection, row, sorting, rules)
    if isinstance(found, _Hit):
        number = found.conversation
        _touch(connection, number, row.received_at)
    else:
        number = _open(connection, row, sorting, rules, found)
    _register(connection, row, sorting, rules, number)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.seq == seq)
        .values(state="behind", conversation=number, strikes=0, next_at=0, stranger=int(found.stranger))
    )
    lanes.arrange(connection, number)
    lanes.note(connection, steady.wall_us(), "sorted", [(seq, found.because)])
    return Placed(
        lanes.state_of(connection, seq),
        rows.conversation(connection, number),
        found.because,
        stranger=found.stranger,
    )


# -- before the clues ------------------------------------------------------------------------------


def _delivery(connection: Connection, seq: int) -> AnyRow:
    columns = deliveries.c
    row = connection.execute(
        select(
            columns.seq,
            columns.state,
            columns.route,
            columns.received_at,
            columns.released,
            columns.conversation,
        ).where(columns.seq == seq)
    ).first()
    if row is None:
        raise SpoolError(f"there is no delivery number {seq}")
    return row


def _describe(connection: Connection, seq: int, sorting: Sorting) -> None:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.seq == seq)
        .values(
            message_id=_text(sorting.message_id[:998]) or None,
            author=_text(sorting.user.email),
            summary=_text(sorting.summary),
        )
    )


def _duplicate(connection: Connection, row: AnyRow, sorting: Sorting, rules: Rules) -> str | None:
    """The id of an earlier delivery of the same mail on the same route; otherwise this one is remembered."""
    if not sorting.duplicate_key:
        return None
    key = digest(rules.brand, row.route, sorting.duplicate_key)
    columns = deliveries.c
    earlier = connection.execute(
        select(columns.mail_id, columns.part)
        .where(
            columns.duplicate_key == key,
            columns.seq != row.seq,
            columns.state.not_in(("dropped", "dead")),
            columns.received_at >= row.received_at - int(rules.duplicate_window_s * SECOND),
        )
        .order_by(columns.seq)
        .limit(1)
    ).first()
    connection.execute(update(deliveries).where(columns.seq == row.seq).values(duplicate_key=key))
    return None if earlier is None else rows.item_id(earlier.mail_id, earlier.part)


def _end(
    connection: Connection,
    seq: int,
    state: Settled,
    reason: str,
    steady: Steady,
    *,
    duplicate_of: str | None = None,
) -> Placed:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.seq == seq)
        .values(
            state=state,
            reason=reason,
            waiting_at=None,
            settled_at=steady.wall_us(),
            next_at=0,
            strikes=0,
        )
    )
    ledger.moved(connection, "new", state)
    lanes.note(connection, steady.wall_us(), state, [(seq, reason)])
    return Placed(state, None, reason, duplicate_of=duplicate_of)


# -- the clues -------------------------------------------------------------------------------------


def _find(connection: Connection, row: AnyRow, sorting: Sorting, rules: Rules) -> _Hit | _Miss:
    for clue in sorting.clues:
        found = _follow(connection, clue, row, sorting, rules)
        if found is not None:
            return found
    return _Miss("nothing it names is known: a new conversation")


def _follow(
    connection: Connection, clue: Clue, row: AnyRow, sorting: Sorting, rules: Rules
) -> _Hit | _Miss | None:
    match clue:
        case SlugClue():
            return _by_slug(connection, clue, sorting, rules)
        case TokenClue():
            number = _by_number(connection, clue.conversation, rules.brand)
        case ThreadClue():
            number = _by_ids(connection, clue.message_ids, rules.brand)
        case KeyClue():
            number = _by_key(connection, clue, row, rules)
        case _:
            assert_never(clue)
    if number is None:
        return None
    stranger = not _takes_part(connection, number, sorting)
    if stranger and not rules.stranger_joins and not isinstance(clue, KeyClue):
        return _Miss(
            f"{clue.because}, but the author does not take part there: a new conversation", stranger=True
        )
    return _Hit(number, clue.because, stranger)


def _by_slug(connection: Connection, clue: SlugClue, sorting: Sorting, rules: Rules) -> _Hit | _Miss:
    """A slug is taken at its word only where the route says so, or where the author is known to take part."""
    columns = conversations.c
    slug = _text(clue.slug)
    takes_part = exists().where(
        participants.c.conversation == columns.number, participants.c.email == _email(sorting)
    )
    verified = columns.slug == slug
    candidate = columns.candidate_slug == slug
    named = [
        verified if clue.always else verified & takes_part,
        candidate & (columns.candidate_always == 1) if clue.always else candidate & takes_part,
    ]
    for condition in named:
        newest = select(columns.number).where(columns.brand == rules.brand, condition)
        number = connection.execute(newest.order_by(columns.number.desc()).limit(1)).scalar()
        if number is not None:
            return _Hit(number, clue.because, stranger=False)
    return _Miss(f"{clue.because}, to be verified", candidate=clue)


def _by_number(connection: Connection, number: int, brand: str) -> int | None:
    columns = conversations.c
    found = select(columns.number).where(columns.number == number, columns.brand == brand)
    return connection.execute(found).scalar()


def _by_ids(connection: Connection, message_ids: Sequence[str], brand: str) -> int | None:
    digests = [digest(brand, message_id) for message_id in message_ids[:MAX_IDS]]
    columns = thread_ids.c
    known = {
        bytes(found.digest): found.conversation
        for found in connection.execute(
            select(columns.digest, columns.conversation).where(columns.digest.in_(digests))
        )
    }
    return next((known[each] for each in digests if each in known), None)


def _by_key(connection: Connection, clue: KeyClue, row: AnyRow, rules: Rules) -> int | None:
    found = connection.execute(
        select(conversations.c.number, conversations.c.last_at)
        .join(keys, keys.c.conversation == conversations.c.number)
        .where(keys.c.digest == digest(rules.brand, row.route, clue.key))
    ).first()
    if found is None:
        return None
    if clue.window_s is not None and row.received_at - found.last_at > clue.window_s * SECOND:
        return None
    return int(found.number)


def _takes_part(connection: Connection, number: int, sorting: Sorting) -> bool:
    columns = participants.c
    found = select(columns.email).where(columns.conversation == number, columns.email == _email(sorting))
    return connection.execute(found).first() is not None


# -- after the clues -------------------------------------------------------------------------------


def _open(connection: Connection, row: AnyRow, sorting: Sorting, rules: Rules, found: _Miss) -> int:
    candidate = found.candidate
    number: int = connection.execute(
        conversations.insert()
        .values(
            brand=rules.brand,
            channel=rules.channel,
            subject=_text(sorting.subject),
            candidate_slug=None if candidate is None else _text(candidate.slug),
            candidate_always=int(candidate is not None and candidate.always),
            created_at=row.received_at,
            last_at=row.received_at,
        )
        .returning(conversations.c.number)
    ).scalar_one()
    return number


def _touch(connection: Connection, number: int, received_at: int) -> None:
    last_at = conversations.c.last_at
    connection.execute(
        update(conversations)
        .where(conversations.c.number == number)
        .values(last_at=case((last_at < received_at, received_at), else_=last_at))
    )


def _register(connection: Connection, row: AnyRow, sorting: Sorting, rules: Rules, number: int) -> None:
    """Remember the author, the ids and the keys, so that later mails find the conversation."""
    taking_part = schema.insert(connection, participants).on_conflict_do_nothing()
    connection.execute(taking_part, {"conversation": number, "email": _email(sorting)})

    def seen(digested: bytes) -> dict[str, Any]:
        return {"digest": digested, "conversation": number, "seen_at": row.received_at}

    # What another conversation owns stays there; only the time is brought up to date.
    known = schema.insert(connection, thread_ids)
    known = known.on_conflict_do_update(index_elements=["digest"], set_={"seen_at": known.excluded.seen_at})
    related = [
        message_id for message_id in sorting.related_ids[-MAX_IDS:] if message_id != sorting.message_id
    ]
    if related:
        connection.execute(known, [seen(digest(rules.brand, each)) for each in dict.fromkeys(related)])
    if sorting.message_id:
        own = schema.insert(connection, thread_ids)
        own = own.on_conflict_do_update(
            index_elements=["digest"],
            set_={"conversation": own.excluded.conversation, "seen_at": own.excluded.seen_at},
        )
        connection.execute(own, seen(digest(rules.brand, sorting.message_id)))
    for clue in sorting.clues:
        if isinstance(clue, KeyClue) and clue.register:
            _register_key(connection, clue, row, rules, number)


def _register_key(connection: Connection, clue: KeyClue, row: AnyRow, rules: Rules, number: int) -> None:
    """The key names this conversation from now on, unless it still names another."""
    owner = _by_key(connection, clue, row, rules) or number
    named = schema.insert(connection, keys)
    named = named.on_conflict_do_update(
        index_elements=["digest"],
        set_={"conversation": named.excluded.conversation, "seen_at": named.excluded.seen_at},
    )
    connection.execute(
        named,
        {
            "digest": digest(rules.brand, row.route, clue.key),
            "conversation": owner,
            "seen_at": row.received_at,
        },
    )


def _email(sorting: Sorting) -> str:
    return _text(sorting.user.email.lower())


def _text(value: str) -> str:
    """Text a database takes: a lone surrogate or a NUL must not fail the mail it came in."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
