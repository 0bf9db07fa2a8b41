"""What an operator does with the queue: look, take up again, hold, drop, redirect. Also from a process beside the daemon.

Every method blocks: looking reads a snapshot, changing waits for the commit. What is being delivered at the moment is not to be
touched; everything else is, and each change is written down for `trace`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, or_, select, update

from bridge.errors import SpoolError
from bridge.model import Target
from bridge.spool import envelopes, fetches, lanes, ledger, retention, rows, schema, trouble
from bridge.spool.envelopes import pack_all, unpack
from bridge.spool.files import Files
from bridge.spool.rows import AnyRow
from bridge.spool.schema import deliveries, mails, steps
from bridge.spool.steady import Steady, to_us
from bridge.spool.values import WAITING, Settled, Summary, Trace
from bridge.spool.writer import Writer

T = TypeVar("T")
PORTION = 200
_row = deliveries.c


class Operator:
    def __init__(self, engine: Engine, writer: Writer, files: Files, steady: Steady) -> None:
        self._engine = engine
        self._writer = writer
        self._files = files
        self._steady = steady

    # -- looking -----------------------------------------------------------------------------------

    def list(
        self,
        states: Sequence[str] = (*WAITING, "held", "dead"),
        *,
        limit: int = 100,
        after: int = 0,
        newest_first: bool = False,
    ) -> tuple[Summary, ...]:
        """Deliveries in those states, by arrival; `after` is the `seq` of the last one seen."""
        wanted: ColumnElement[bool] = _row.state.in_(states)
        if after:
            wanted &= _row.seq < after if newest_first else _row.seq > after
        return self._read(
            lambda connection: rows.summaries(
                connection, wanted, limit, self._steady, newest_first=newest_first
            )
        )

    def show(self, id_: str) -> tuple[Summary, ...]:
        """The deliveries of a mail, or the one delivery, by id. Empty when there is none."""
        return self._read(lambda connection: rows.summaries(connection, _has_id(id_), PORTION, self._steady))

    def trace(self, wanted: str) -> tuple[Trace, ...]:
        """The life of what has that id or that Message-ID (with or without its angle brackets), by arrival."""
        message_id = wanted.strip().removeprefix("<").removesuffix(">")

        def read(connection: Connection) -> tuple[Trace, ...]:
            named = or_(_has_id(wanted), _row.message_id == message_id)
            found = rows.summaries(connection, named, PORTION, self._steady)
            return tuple(self._trace(connection, summary) for summary in found)

        return self._read(read)

    def raw(self, id_: str) -> bytes | Path | None:
        """The mail as it came, or the file that holds it; None when it is not, or no longer, kept."""

        def read(connection: Connection) -> bytes | Path | None:
            mail_id = id_.partition(".")[0]
            found = connection.execute(
                select(mails.c.stored, mails.c.content).where(mails.c.id == mail_id)
            ).first()
            if found is None or found.stored == schema.GONE:
                return None
            return self._files.path_of(mail_id) if found.stored == schema.FILE else bytes(found.content)

        return self._read(read)

    def never_fetched(self, since: datetime, until: datetime) -> dict[str, int]:
        """How many attached files nobody fetched, by delivery, of what was delivered between these times."""
        return self._read(lambda connection: fetches.missing(connection, to_us(since), to_us(until)))

    # -- changing ----------------------------------------------------------------------------------

    def retry(self, id_: str) -> int:
        """Take up again what is dead or held, and at once what waits for its next try. Returns how many it was."""
        return self._change(id_, self._take_up, from_states=("dead", "held", "ready", "new"))

    def retry_all(self, *, since: datetime | None = None, states: Sequence[Settled] = ("dead",)) -> int:
        """Take up again everything dead (or held) that ended since then. Returns how many it was."""
        wanted: list[ColumnElement[bool]] = [_row.state.in_(states), _row.state.in_(("dead", "held"))]
        if since is not None:
            wanted.append(_row.settled_at >= to_us(since))

        def portion(connection: Connection) -> int:
            found = self._rows(connection, *wanted, limit=PORTION)
            for row in found:
                self._take_up(connection, row)
            return len(found)

        total = 0
        while (count := self._writer.call(portion, stirs=True)) > 0:
            total += count
        return total

    def hold(self, id_: str, reason: str) -> int:
        """Keep back what waits, until `retry`. Returns how many it was."""
        return self._change(
            id_,
            lambda connection, row: self._end(connection, row, "held", reason),
            from_states=("new", "ready", "behind"),
        )

    def drop(self, id_: str, reason: str, *, purge: bool = False) -> int:
        """Give up what waits, is held or dead; the raw mail stays until retention takes it, or goes at once."""
        released: list[str] = []

        def end(connection: Connection, row: AnyRow) -> None:
            self._end(connection, row, "dropped", reason)
            if purge:
                connection.execute(update(deliveries).where(_row.seq == row.seq).values(keeps_raw=0))
                released.extend(retention.purge(connection, row.mail_id))

        count = self._change(id_, end, from_states=("new", "ready", "behind", "held", "dead"))
        with trouble.translated(self._files.folder):
            self._files.remove(released)
        return count

    def redirect(self, id_: str, target: Target) -> int:
        """Send a delivery to other recipients, by their route, from the start. Returns how many it was."""
        return self._change(
            id_,
            lambda connection, row: self._redirect(connection, row, target),
            from_states=("new", "ready", "behind", "held", "dead"),
        )

    # -- within the writer's transaction -----------------------------------------------------------

    def _change(
        self, id_: str, change: Callable[[Connection, AnyRow], None], *, from_states: Sequence[str]
    ) -> int:
        def run(connection: Connection) -> int:
            found = self._rows(connection, _has_id(id_), limit=PORTION)
            if not found:
                raise SpoolError(f"there is no mail {id_}")
            if any(row.state == "busy" for row in found):
                raise SpoolError(f"mail {id_} is being delivered at this moment; try again")
            changeable = [row for row in found if row.state in from_states]
            if not changeable:
                raise SpoolError(
                    f"mail {id_} is {found[0].state}; this can be done while it is {_either(from_states)}"
                )
            for row in changeable:
                change(connection, row)
            return len(changeable)

        return self._writer.call(run, stirs=True)

    def _rows(self, connection: Connection, *wanted: ColumnElement[bool], limit: int) -> Sequence[AnyRow]:
        found = select(
            _row.seq, _row.state, _row.mail_id, _row.conversation, _row.waiting_at, _row.plan, _row.settled_at
        ).where(*wanted)
        return connection.execute(found.order_by(_row.seq).limit(limit)).all()

    def _take_up(self, connection: Connection, row: AnyRow) -> None:
        if not _has_spoken(connection, row.seq):
            # Nothing was said yet: an operator who mended the config wants today's rules, not the plan of then.
            _forget_plan(connection, row.seq)
        waits = row.state in WAITING
        state = row.state if waits else ("new" if row.conversation is None else "behind")
        now = self._steady.now_us()
        connection.execute(
            update(deliveries)
            .where(_row.seq == row.seq)
            .values(
                state=state,
                next_at=0,
                # The age limit counts from here: what was dead for a month is not too old to be tried.
                waiting_at=row.waiting_at if waits else now,
                settled_at=None,
                attempts=0,
                strikes=0,
                released=1,
            )
        )
        ledger.moved(connection, row.state, state)
        lanes.note(connection, self._steady.wall_us(), "retried", [(row.seq, f"was {row.state}")])
        if row.conversation is not None:
            lanes.arrange(connection, row.conversation)

    def _end(self, connection: Connection, row: AnyRow, state: Settled, reason: str) -> None:
        lanes.end(
            connection, row.seq, row.state, state, reason=reason, steady=self._steady, lane=row.conversation
        )

    def _redirect(self, connection: Connection, row: AnyRow, target: Target) -> None:
        if _has_spoken(connection, row.seq):
            raise SpoolError("its delivery has begun; it can be retried or dropped, but not sent elsewhere")
        schema.LEARN_BRAND.run(connection, brand=target.brand)
        _forget_plan(connection, row.seq)
        connection.execute(
            update(deliveries)
            .where(_row.seq == row.seq)
            .values(
                route=target.route,
                brand=target.brand,
                recipients=pack_all(target.recipients),
                conversation=None,
                duplicate_key=None,
            )
        )
        lanes.note(
            connection, self._steady.wall_us(), "redirected", [(row.seq, ", ".join(target.recipients))]
        )
        if row.conversation is not None:
            connection.execute(update(deliveries).where(_row.seq == row.seq).values(state="new"))
            ledger.moved(connection, row.state, "new")
            lanes.arrange(connection, row.conversation)
        fresh = self._rows(connection, _row.seq == row.seq, limit=1)[0]
        self._take_up(connection, fresh)

    # -- reading -----------------------------------------------------------------------------------

    def _trace(self, connection: Connection, summary: Summary) -> Trace:
        seq = summary.seq
        envelope = connection.execute(select(mails.c.envelope).where(mails.c.id == summary.mail_id)).scalar()
        plan = connection.execute(select(_row.plan).where(_row.seq == seq)).scalar_one()
        return Trace(
            summary,
            unpack(envelope or envelopes.NOTHING, summary.received_at),
            plan,
            rows.steps_of(connection, seq),
            rows.events_of(connection, seq),
        )

    def _read(self, run: Callable[[Connection], T]) -> T:
        with trouble.translated(self._files.folder), self._engine.connect() as connection:
            return run(connection)


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _has_id(id_: str) -> ColumnElement[bool]:
    mail_id, _, part = id_.lower().partition(".")
    wanted = _row.mail_id == mail_id
    return wanted & (_row.part == int(part)) if part.isdecimal() else wanted


def _has_spoken(connection: Connection, seq: int) -> bool:
    """Whether Re:amaze has, or may have, heard of the delivery. Staging a file tells it nothing."""
    begun = select(func.count()).where(
        steps.c.seq == seq, steps.c.begun_at.is_not(None), steps.c.name.not_like("stage %")
    )
    return bool(connection.execute(begun).scalar_one())


def _forget_plan(connection: Connection, seq: int) -> None:
    connection.execute(delete(steps).where(steps.c.seq == seq))
    connection.execute(update(deliveries).where(_row.seq == seq).values(plan=None))
