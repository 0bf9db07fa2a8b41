"""What the index of another spool knows of a mail, copied into this one: for looking ahead without changing anything there.

Only what the mail's own clues name is copied, so the cost does not grow with the other spool.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, or_, select

from bridge.model import KeyClue, SlugClue, Sorting, ThreadClue, TokenClue
from bridge.spool import index
from bridge.spool.schema import conversations, keys, participants, said, thread_ids, upsert

#: Conversations that may share one slug; the newest decide.
MOST_OF_A_SLUG = 20


def copy(
    source: Connection, target: Connection, sorting: Sorting, *, brand: str, channel: str, route: str
) -> None:
    """Copy the conversations that the clues name, with the ids and keys they are named by, the author's part in them and
    what is known to be said there.
    """
    named_by_id = _rows(source, thread_ids, _ids(sorting, brand, channel))
    named_by_key = _rows(
        source,
        keys,
        [index.key_digest(clue, brand, route) for clue in sorting.clues if isinstance(clue, KeyClue)],
    )
    numbers = {row["conversation"] for row in (*named_by_id, *named_by_key)}
    numbers |= {clue.conversation for clue in sorting.clues if isinstance(clue, TokenClue)}
    numbers |= set(_of_slugs(source, [c.slug for c in sorting.clues if isinstance(c, SlugClue)], brand))
    columns = conversations.c
    known = source.execute(select(conversations).where(columns.number.in_(numbers), columns.brand == brand))
    rows = [dict(row) for row in known.mappings()]
    there = {row["number"] for row in rows}
    _write(target, conversations, rows)
    _write(target, thread_ids, [row for row in named_by_id if row["conversation"] in there])
    _write(target, keys, [row for row in named_by_key if row["conversation"] in there])
    taking_part = source.execute(
        select(participants).where(
            participants.c.conversation.in_(there), participants.c.email == sorting.user.email.lower()
        )
    )
    _write(target, participants, [dict(row) for row in taking_part.mappings()])
    spoken = source.execute(select(said).where(said.c.conversation.in_(there)))
    _write(target, said, [dict(row) for row in spoken.mappings()])


def _ids(sorting: Sorting, brand: str, channel: str) -> list[bytes]:
    named = [clue.message_ids for clue in sorting.clues if isinstance(clue, ThreadClue)]
    return [index.id_digest(each, brand, channel) for ids in named for each in ids[: index.MAX_IDS]]


def _rows(source: Connection, table: Table, digests: list[bytes]) -> list[dict[str, Any]]:
    found = source.execute(select(table).where(table.c.digest.in_(digests)))
    return [dict(row) for row in found.mappings()]


def _of_slugs(source: Connection, slugs: Iterable[str], brand: str) -> list[int]:
    columns = conversations.c
    found: list[int] = []
    for slug in slugs:
        wanted = select(columns.number).where(
            columns.brand == brand, or_(columns.slug == slug, columns.candidate_slug == slug)
        )
        newest = wanted.order_by(columns.number.desc()).limit(MOST_OF_A_SLUG)
        found += source.execute(newest).scalars()
    return found


def _write(target: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    upsert(table).run_many(target, rows)
