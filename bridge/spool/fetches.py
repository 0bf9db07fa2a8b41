"""Whether the files of delivered mails were fetched: the one sign that they arrived.

Re:amaze says nothing of a file it could not fetch. So each whole fetch is written down once, and what nobody fetched within a
while is told to an operator.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, exists, select

from bridge.spool import lanes, rows
from bridge.spool.schema import deliveries, events, steps
from bridge.spool.steady import Steady

EVENT = "fetched"
#: How much of a digest stands in an event: enough to tell the files of one mail apart.
SHOWN = 12
#: Deliveries looked at in one go; what is beyond is looked at by nobody, and one alarm serves for all.
MOST = 10_000


def note(connection: Connection, id_: str, sha256: str, steady: Steady) -> None:
    """Write down that a file of the delivery was fetched; only the first time, however often it is."""
    mail_id, _, part = id_.partition(".")
    seq = connection.execute(
        select(deliveries.c.seq).where(deliveries.c.mail_id == mail_id, deliveries.c.part == int(part or "1"))
    ).scalar()
    shown = sha256[:SHOWN]
    known = exists().where(events.c.seq == seq, events.c.event == EVENT, events.c.detail == shown)
    if seq is not None and not connection.execute(select(known)).scalar():
        lanes.note(connection, steady.wall_us(), EVENT, [(seq, shown)])


def missing(connection: Connection, since_us: int, until_us: int) -> dict[str, int]:
    """How many attached files nobody fetched, by delivery, of what was delivered between these times."""
    found: defaultdict[str, int] = defaultdict(int)
    for seq, id_, sha256 in _attached(connection, since_us, until_us):
        fetched = exists().where(
            events.c.seq == seq, events.c.event == EVENT, events.c.detail == sha256[:SHOWN]
        )
        if not connection.execute(select(fetched)).scalar():
            found[id_] += 1
    return dict(found)


def _attached(connection: Connection, since_us: int, until_us: int) -> Iterator[tuple[int, str, str]]:
    """The files that were staged to be attached; a picture in the text is loaded by its readers, if ever."""
    wanted = (
        select(deliveries.c.seq, deliveries.c.mail_id, deliveries.c.part, steps.c.answer)
        .join(steps, steps.c.seq == deliveries.c.seq)
        .where(
            deliveries.c.state == "delivered",
            deliveries.c.settled_at >= since_us,
            deliveries.c.settled_at < until_us,
            steps.c.name.like("stage %"),
            steps.c.answer.is_not(None),
        )
        .limit(MOST)
    )
    for row in connection.execute(wanted).all():
        answer = json.loads(row.answer)
        if answer.get("attached") and "sha256" in answer:
            yield row.seq, rows.item_id(row.mail_id, row.part), answer["sha256"]
