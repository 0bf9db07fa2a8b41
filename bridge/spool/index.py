"""The index of threads: which conversation a slug, a token, a Message-ID or a key names, and who takes part in it.

Every look-up is bounded and walks an index, whatever a sender writes and however many conversations there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, bindparam, case, exists, select, update

from bridge.model import KeyClue, SlugClue
from bridge.spool.prepared import Prepared
from bridge.spool.schema import conversations, digest, keys, participants, thread_ids, upsert
from bridge.spool.steady import SECOND

#: Ids of one mail that are looked up or learned; more is no thread but an attack on the index.
MAX_IDS = 200

_conversation = conversations.c


def _newest(*conditions: object) -> Prepared:
    wanted: Select[tuple[int]] = select(_conversation.number).where(
        _conversation.brand == bindparam("of"),
        *conditions,  # type: ignore[arg-type]  # column expressions, of several kinds
    )
    return Prepared(wanted.order_by(_conversation.number.desc()).limit(1))


_takes_part = exists().where(
    participants.c.conversation == _conversation.number, participants.c.email == bindparam("email")
)
_verified = _conversation.slug == bindparam("wanted")
_candidate = _conversation.candidate_slug == bindparam("wanted")
_SLUG_OF_ANYONE = (_newest(_verified), _newest(_candidate, _conversation.candidate_always == 1))
_SLUG_OF_PARTICIPANT = (_newest(_verified, _takes_part), _newest(_candidate, _takes_part))

_NUMBER = Prepared(
    select(_conversation.number).where(
        _conversation.number == bindparam("wanted"), _conversation.brand == bindparam("of")
    )
)
_ID = Prepared(select(thread_ids.c.conversation).where(thread_ids.c.digest == bindparam("wanted")))
_KEY = Prepared(
    select(_conversation.number, _conversation.last_at)
    .join(keys, keys.c.conversation == _conversation.number)
    .where(keys.c.digest == bindparam("wanted"))
)
_PARTICIPANT = Prepared(
    select(participants.c.email).where(
        participants.c.conversation == bindparam("number"), participants.c.email == bindparam("who")
    )
)
_OPEN = Prepared(
    conversations.insert()
    .values(
        {
            name: bindparam(name)
            for name in (
                "brand",
                "channel",
                "subject",
                "candidate_slug",
                "candidate_always",
                "created_at",
                "last_at",
            )
        }
    )
    .returning(_conversation.number)
)
_TOUCH = Prepared(
    update(conversations)
    .where(_conversation.number == bindparam("wanted"))
    .values(
        last_at=case(
            (_conversation.last_at < bindparam("now"), bindparam("now")), else_=_conversation.last_at
        )
    )
)
_TAKE_PART = upsert(participants)
_SEE_ID = upsert(thread_ids, "seen_at")
_SET_KEY = upsert(keys, "conversation", "seen_at")


# -- what the index knows things by ---------------------------------------------------------------


def id_digest(message_id: str, brand: str, channel: str) -> bytes:
    return digest(brand, channel, message_id)


def key_digest(clue: KeyClue, brand: str, route: str) -> bytes:
    return digest(brand, route, clue.key)


# -- looking up ------------------------------------------------------------------------------------


def by_slug(connection: Connection, clue: SlugClue, slug: str, brand: str, email: str) -> int | None:
    """A slug is taken at its word only where the clue says so, or where the author is known to take part."""
    for named in _SLUG_OF_ANYONE if clue.always else _SLUG_OF_PARTICIPANT:
        values = (
            {"of": brand, "wanted": slug} if clue.always else {"of": brand, "wanted": slug, "email": email}
        )
        number: int | None = named.scalar(connection, **values)
        if number is not None:
            return number
    return None


def by_number(connection: Connection, number: int, brand: str) -> int | None:
    found: int | None = _NUMBER.scalar(connection, wanted=number, of=brand)
    return found


def by_ids(connection: Connection, message_ids: Sequence[str], brand: str, channel: str) -> int | None:
    """The conversation of the first id that is known in the channel.

    Not beyond the channel: a mail to two of them, or forwarded to another, has its own conversation in each.
    """
    for message_id in message_ids[:MAX_IDS]:
        number: int | None = _ID.scalar(connection, wanted=id_digest(message_id, brand, channel))
        if number is not None:
            return number
    return None


def by_key(connection: Connection, clue: KeyClue, brand: str, route: str, received_at: int) -> int | None:
    """The conversation the key names, unless its last mail is older than the clue's window."""
    found = _KEY.first(connection, wanted=key_digest(clue, brand, route))
    if found is None:
        return None
    if clue.window_s is not None and received_at - found.last_at > clue.window_s * SECOND:
        return None
    return int(found.number)


def takes_part(connection: Connection, number: int, email: str) -> bool:
    return _PARTICIPANT.first(connection, number=number, who=email) is not None


# -- learning --------------------------------------------------------------------------------------


def open_conversation(
    connection: Connection,
    *,
    brand: str,
    channel: str,
    subject: str,
    candidate_slug: str | None,
    candidate_always: bool,
    at: int,
) -> int:
    number: int = _OPEN.scalar(
        connection,
        brand=brand,
        channel=channel,
        subject=subject,
        candidate_slug=candidate_slug,
        candidate_always=int(candidate_always),
        created_at=at,
        last_at=at,
    )
    return number


def touch(connection: Connection, number: int, at: int) -> None:
    """The conversation had mail then; it never gets older by it."""
    _TOUCH.run(connection, wanted=number, now=at)


def join(connection: Connection, number: int, email: str) -> None:
    _TAKE_PART.run(connection, conversation=number, email=email)


def learn_ids(
    connection: Connection,
    own: str,
    related: Iterable[str],
    *,
    brand: str,
    channel: str,
    number: int,
    at: int,
) -> None:
    """The mail's own id and those it relates to name this conversation, unless they name one already.

    Also its own: whoever repeats a known id in a mail of theirs must not draw later answers to themselves.
    """
    fresh = [each for each in dict.fromkeys([own, *list(related)[-MAX_IDS:]]) if each]
    _SEE_ID.run_many(
        connection,
        [
            {"digest": id_digest(each, brand, channel), "conversation": number, "seen_at": at}
            for each in fresh
        ],
    )


def learn_key(connection: Connection, clue: KeyClue, *, brand: str, route: str, number: int, at: int) -> None:
    """The key names this conversation from now on, unless it still names another."""
    owner = by_key(connection, clue, brand, route, at) or number
    _SET_KEY.run(connection, digest=key_digest(clue, brand, route), conversation=owner, seen_at=at)
