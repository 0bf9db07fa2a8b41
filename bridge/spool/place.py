"""Sorting a mail into its conversation: duplicates out, verdicts kept, then the first clue that hits.

One operation of the writer: what one mail registers, the next one finds, so two mails of a new thread that arrive together
make one conversation. A stranger, an author the conversation does not know, is always reported, and where the route wants it
gets a conversation of their own. What a program sends about a mail joins that mail's conversation all the same, but as a guest:
whoever forged it has added a message, and neither an author nor an id by which more would find its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from sqlalchemy import Connection, bindparam, select, update

from bridge.errors import SpoolError
from bridge.model import Clue, KeyClue, SlugClue, Sorting, ThreadClue, TokenClue
from bridge.spool import index, lanes, rows
from bridge.spool.envelopes import unpack_all
from bridge.spool.prepared import Prepared
from bridge.spool.rows import AnyRow
from bridge.spool.schema import deliveries, digest
from bridge.spool.steady import SECOND, Steady
from bridge.spool.values import ConversationRow, Item, Placed, Settled

_VERDICTS: dict[str, Settled] = {"hold": "held", "held": "held", "drop": "dropped", "dropped": "dropped"}

_row = deliveries.c
_DELIVERY = Prepared(
    select(
        _row.seq,
        _row.state,
        _row.route,
        _row.brand,
        _row.recipients,
        _row.received_at,
        _row.released,
        _row.conversation,
    ).where(_row.seq == bindparam("which"))
)
_described: dict[str, Any] = {
    "message_id": bindparam("named"),
    "author": bindparam("who"),
    "summary": bindparam("what"),
    "duplicate_key": bindparam("duplicates"),
}
_DESCRIBE = Prepared(update(deliveries).where(_row.seq == bindparam("which")).values(_described))
_EARLIER = Prepared(
    select(_row.mail_id, _row.part)
    .where(
        _row.duplicate_key == bindparam("duplicates"),
        _row.seq != bindparam("which"),
        _row.state != "dropped",
        _row.state != "dead",
        _row.received_at >= bindparam("since"),
    )
    .order_by(_row.seq)
    .limit(1)
)
_PLACE = Prepared(
    update(deliveries)
    .where(_row.seq == bindparam("which"))
    .values(
        {
            **_described,
            "state": bindparam("becomes"),
            "conversation": bindparam("lane"),
            "stranger": bindparam("strange"),
            "strikes": 0,
            "next_at": 0,
        }
    )
)
_STATE = Prepared(select(_row.state).where(_row.seq == bindparam("which")))


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
    #: It joins, and nobody is made part of the conversation by it.
    guest: bool = False


@dataclass(frozen=True, slots=True)
class _Miss:
    """A new conversation is needed, perhaps with a slug that is still to be verified."""

    because: str
    stranger: bool = False
    candidate: SlugClue | None = None


def place(connection: Connection, item: Item, sorting: Sorting, rules: Rules, steady: Steady) -> Placed:
    seq = item.seq
    row = _DELIVERY.first(connection, which=seq)
    if row is None:
        raise SpoolError(f"there is no delivery number {seq}")
    if row.state != "new":
        known = None if row.conversation is None else rows.conversation(connection, row.conversation)
        return Placed(row.state, known, "it is no longer waiting to be sorted")
    if (row.route, row.brand, unpack_all(row.recipients)) != (item.route, item.brand, item.recipients):
        # An operator sent it elsewhere while it was looked at: it waits to be sorted by the rules of that route.
        return Placed("new", None, "it was sent to other recipients meanwhile: it is sorted again")
    described = _describe(row, sorting, rules)
    ended = None if row.released else _unplaced(connection, row, sorting, rules, described["duplicates"])
    if ended is not None:
        end, reason, duplicate_of = ended
        _DESCRIBE.run(connection, which=seq, **described)
        lanes.end(connection, seq, "new", end, reason=reason, steady=steady, lane=None)
        return Placed(end, None, reason, duplicate_of=duplicate_of)
    found = _find(connection, row, sorting, rules)
    if isinstance(found, _Hit):
        conversation = rows.conversation(connection, found.conversation)
        index.touch(connection, conversation.number, row.received_at)
    else:
        conversation = _open(connection, row, sorting, rules, found)
    number = conversation.number
    if isinstance(found, _Hit) and found.guest:
        _learn_ids(connection, row, sorting, rules, number, related=())
    else:
        _learn(connection, row, sorting, rules, number)
    # Nobody can be ahead of it in a lane that did not exist before.
    state = "behind" if isinstance(found, _Hit) else "ready"
    strange = int(found.stranger)
    _PLACE.run(connection, which=seq, becomes=state, lane=number, strange=strange, **described)
    if state == "behind":
        lanes.arrange(connection, number)
        state = _STATE.scalar(connection, which=seq)
    lanes.note(connection, steady.wall_us(), "sorted", [(seq, found.because)])
    return Placed(state, conversation, found.because, stranger=found.stranger)


# -- before the clues ------------------------------------------------------------------------------


def _describe(row: AnyRow, sorting: Sorting, rules: Rules) -> dict[str, Any]:
    """What listings show, and the key by which a duplicate is known."""
    key = sorting.duplicate_key
    return {
        "named": _text(sorting.message_id[:998]) or None,
        "who": _text(sorting.user.email),
        "what": _text(sorting.summary),
        "duplicates": digest(rules.brand, row.route, key) if key else None,
    }


def _unplaced(
    connection: Connection, row: AnyRow, sorting: Sorting, rules: Rules, duplicates: bytes | None
) -> tuple[Settled, str, str | None] | None:
    """The end of a mail that came before, or that a rule holds or drops: state, reason, and which it repeats."""
    earlier = _duplicate(connection, row, duplicates, rules)
    if earlier is not None:
        return "dropped", f"duplicate of {earlier}", earlier
    if sorting.verdict is not None:
        verdict, reason = sorting.verdict
        return _VERDICTS[verdict], reason, None
    return None


def _duplicate(connection: Connection, row: AnyRow, duplicates: bytes | None, rules: Rules) -> str | None:
    """The id of an earlier delivery of the same mail on the same route."""
    if duplicates is None:
        return None
    since = row.received_at - int(rules.duplicate_window_s * SECOND)
    earlier = _EARLIER.first(connection, which=row.seq, duplicates=duplicates, since=since)
    return None if earlier is None else rows.item_id(earlier.mail_id, earlier.part)


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
    email = _email(sorting)
    match clue:
        case SlugClue():
            number = index.by_slug(connection, clue, _text(clue.slug), rules.brand, email)
            if number is None:
                return _Miss(f"{clue.because}, to be verified", candidate=clue)
            return _Hit(number, clue.because, stranger=False)
        case TokenClue():
            number = index.by_number(connection, clue.conversation, rules.brand)
        case ThreadClue():
            number = index.by_ids(connection, clue.message_ids, rules.brand, rules.channel)
        case KeyClue():
            number = index.by_key(connection, clue, rules.brand, row.route, row.received_at)
        case _:
            assert_never(clue)
    if number is None:
        return None
    stranger = not index.takes_part(connection, number, email)
    if stranger and sorting.tie and isinstance(clue, ThreadClue | TokenClue):
        # A report is shown as one; free words under a name that nobody here knows are not to pass for a participant's.
        return _Hit(number, clue.because, stranger=sorting.tie == "reply", guest=True)
    if stranger and not rules.stranger_joins and not isinstance(clue, KeyClue):
        return _Miss(
            f"{clue.because}, but the author does not take part there: a new conversation", stranger=True
        )
    return _Hit(number, clue.because, stranger)


# -- after the clues -------------------------------------------------------------------------------


def _open(
    connection: Connection, row: AnyRow, sorting: Sorting, rules: Rules, found: _Miss
) -> ConversationRow:
    slug = None if found.candidate is None else _text(found.candidate.slug)
    always = found.candidate is not None and found.candidate.always
    subject = _text(sorting.subject)
    number = index.open_conversation(
        connection,
        brand=rules.brand,
        channel=rules.channel,
        subject=subject,
        candidate_slug=slug,
        candidate_always=always,
        at=row.received_at,
    )
    return ConversationRow(number, rules.brand, rules.channel, subject, None, slug, always)


def _learn(connection: Connection, row: AnyRow, sorting: Sorting, rules: Rules, number: int) -> None:
    """Remember the author, the ids and the keys, so that later mails find the conversation."""
    index.join(connection, number, _email(sorting))
    at = row.received_at
    _learn_ids(connection, row, sorting, rules, number, related=sorting.related_ids)
    for clue in sorting.clues:
        if isinstance(clue, KeyClue) and clue.register:
            index.learn_key(connection, clue, brand=rules.brand, route=row.route, number=number, at=at)


def _learn_ids(
    connection: Connection,
    row: AnyRow,
    sorting: Sorting,
    rules: Rules,
    number: int,
    *,
    related: Sequence[str],
) -> None:
    index.learn_ids(
        connection,
        sorting.message_id,
        related,
        brand=rules.brand,
        channel=rules.channel,
        number=number,
        at=row.received_at,
    )


def _email(sorting: Sorting) -> str:
    return _text(sorting.user.email.lower())


def _text(value: str) -> str:
    """Text a database takes: a lone surrogate or a NUL must not fail the mail it came in."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
