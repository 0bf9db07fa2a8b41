"""The durable queue as the other steps see it: a synchronous core on one writer thread behind an asyncio face.

When `put` returns, the mail is on the disk; when `claim` returns, the strike is. Every awaited method is one operation of the
writer: it happened and is committed, or it raised and left nothing behind.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine

from bridge.clock import Clock
from bridge.config.schema import DAY_S
from bridge.config.schema import Spool as Settings
from bridge.model import Envelope, Sorting, Target
from bridge.spool import (
    borrowed,
    claims,
    engine,
    fetches,
    files,
    ledger,
    migrate,
    place,
    retention,
    said,
    told,
    trouble,
)
from bridge.spool.belief import Belief
from bridge.spool.files import Files, Incoming, Storage
from bridge.spool.ids import Ids
from bridge.spool.operator import Operator
from bridge.spool.puts import Puts
from bridge.spool.room import Room
from bridge.spool.steady import SECOND, Steady
from bridge.spool.taking import Ended, Taking, new_put
from bridge.spool.upkeep import Upkeep
from bridge.spool.values import Item, Placed, Settled, Swept
from bridge.spool.writer import Writer

T = TypeVar("T")

#: Nothing is deferred for longer: what seems to be was written under a clock that ran ahead.
LONGEST_WAIT_S = DAY_S


class Spool:
    """One folder with its database and files."""

    def __init__(
        self, settings: Settings, clock: Clock, parts: Files, database: Engine, lock: int | None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._files = parts
        self._engine = database
        self._lock = lock
        self._ids = Ids(clock)
        self._steady = Steady(clock)
        self._writer = Writer(database, settings.folder, Puts(parts, self._steady), clock)
        self._taking = Taking(settings, self._writer, parts, self._ids)
        self._belief = Belief(clock)
        self._upkeep = Upkeep(settings, self._writer, parts, self._belief)
        self._room = Room(settings, database, parts, clock, self._steady)
        self.stuck, self.closed = self._room.stuck, self._room.closed
        self._handed_out: set[int] = set()
        self._handing_out = asyncio.Lock()
        self.operator = Operator(database, self._writer, parts, self._steady)

    @classmethod
    def open(
        cls, settings: Settings, *, clock: Clock, exclusive: bool = True, storage: Storage | None = None
    ) -> Self:
        """Open the spool, made or migrated where needed. `exclusive` is the daemon, which also tidies up.

        Raises SpoolVersionError for a spool of a newer bridge, SpoolBrokenError when the storage fails or another
        daemon runs on the folder, SpoolFullError when the disk is full.
        """
        folder = settings.folder
        with trouble.translated(folder):
            parts = Files(folder, storage or Storage())
            lock = files.lock(folder) if exclusive else None
            database = engine.create(folder / "spool.db")
            parts.give_to_owner(folder / "spool.db")
            try:
                with (
                    database.connect().execution_options(**{engine.WRITES: True}) as connection,
                    connection.begin(),
                ):
                    migrate.to_latest(connection, folder)
            except BaseException:
                database.dispose()
                if lock is not None:
                    os.close(lock)
                raise
        spool = cls(settings, clock, parts, database, lock)
        if exclusive:
            try:
                spool._recover()
            except BaseException:
                spool.close()
                raise
        return spool

    def close(self) -> None:
        """Commit what is under way and let go of the folder; may be called twice."""
        self._writer.close()
        self._engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # -- taking mail -------------------------------------------------------------------------------

    def new_id(self) -> str:
        """A fresh id of 13 characters that sorts after all earlier ones of this process."""
        return self._ids.new()

    def room(self, size_bytes: int) -> None:
        """Raises SpoolFullError when a mail of that size may not be taken now."""
        self._room.check(size_bytes)

    def incoming(self) -> Incoming:
        """A file for content too large for memory. Raises SpoolFullError or SpoolBrokenError."""
        return self._taking.incoming()

    async def put(
        self, mail_id: str, envelope: Envelope, content: bytes | Incoming, targets: Sequence[Target]
    ) -> None:
        """Store one mail so that neither a crash nor a power cut can lose it, with one delivery a target.

        When this returns, the mail is committed and the peer may be told 250. The caller may go away: what was begun
        is finished. When it raises, nothing is left but perhaps an orphan file, which the next start removes.
        """
        await self._taking.put(new_put(mail_id, envelope, content, targets))

    def begin_put(
        self,
        mail_id: str,
        envelope: Envelope,
        content: bytes | Incoming,
        targets: Sequence[Target],
        ended: Ended,
    ) -> None:
        """The same without waiting: `ended` is called in a later turn of the loop, with what `put` would raise."""
        self._taking.begin_put(new_put(mail_id, envelope, content, targets), ended)

    def put_now(
        self, mail_id: str, envelope: Envelope, content: bytes | Incoming, targets: Sequence[Target]
    ) -> None:
        """The same, blocking, for a process without an event loop."""
        self._taking.put_now(new_put(mail_id, envelope, content, targets))

    # -- sorting -----------------------------------------------------------------------------------

    async def unsorted(self, limit: int) -> tuple[Item, ...]:
        """The oldest mails that are not yet sorted nor handed out by this process; each gets a strike."""
        async with self._handing_out:
            handed_out = frozenset(self._handed_out)
            items = await self._handed(
                lambda connection: claims.unsorted(connection, limit, handed_out, self._files, self._steady)
            )
            self._handed_out.update(item.seq for item in items)
            return items

    async def borrow(self, folder: Path, sorting: Sorting, *, brand: str, channel: str, route: str) -> None:
        """Take over what the spool in that folder knows of the conversations this mail may belong to; it is only read.

        Raises SpoolError when it cannot be.
        """

        def copy(target: Connection) -> None:
            with trouble.translated(folder), engine.to_look(folder / "spool.db").connect() as source:
                borrowed.copy(source, target, sorting, brand=brand, channel=channel, route=route)

        await self._writer.submit(copy)

    async def place(
        self,
        item: Item,
        sorting: Sorting,
        *,
        channel: str,
        brand: str,
        stranger_joins: bool,
        duplicate_window_s: float,
    ) -> Placed:
        """Give a mail its conversation and its place in the order, or end it as duplicate, held or dropped.

        One that was sent elsewhere since it was handed out stays unsorted, and is handed out again.
        """
        rules = place.Rules(channel, brand, stranger_joins, duplicate_window_s)
        return await self._taken_back(
            item.seq, lambda connection: place.place(connection, item, sorting, rules, self._steady)
        )

    # -- delivering --------------------------------------------------------------------------------

    async def claim(self, limit: int, *, without_brands: Collection[str] = ()) -> tuple[Item, ...]:
        """The oldest deliveries that are due, now busy and each with a strike. If cancelled, they are given back."""
        return await self._handed(
            lambda connection: claims.claim(connection, limit, without_brands, self._files, self._steady)
        )

    async def _handed(self, run: Callable[[Connection], tuple[Item, ...]]) -> tuple[Item, ...]:
        handed = self._writer.submit(run)
        try:
            return await asyncio.shield(handed)
        except asyncio.CancelledError:
            handed.add_done_callback(self._unhand)
            raise

    def _unhand(self, handed: asyncio.Future[tuple[Item, ...]]) -> None:
        if not handed.cancelled() and handed.exception() is None:
            self.let_go([item.seq for item in handed.result()])

    def let_go(self, seqs: Sequence[int]) -> None:
        """`give_back` for who cannot wait. A spool that is closed meanwhile, or fails, leaves that to the next start."""
        self._writer.submit_quietly(
            lambda connection: claims.give_back(connection, seqs, self._steady), stirs=True
        )
        self._handed_out.difference_update(seqs)

    async def waits(self, brand: str) -> bool:
        """Whether anything of the brand is still to be delivered."""
        return await asyncio.to_thread(self._read, lambda connection: claims.waits(connection, brand))

    async def record(
        self,
        seq: int,
        *,
        plan: str | None = None,
        steps: Sequence[tuple[str, str]] = (),
        finished: tuple[int, str] | None = None,
        slug: str | None = None,
        begun: int | None = None,
        undone: int | None = None,
    ) -> None:
        """Write down the plan with its steps (name, key), a step finished with its answer (JSON), a step begun.

        `slug` is what the answer called the conversation. `undone` takes a beginning back: its call is known to have
        changed nothing, so nobody need look for it.

        Any combination, in this order, in one transaction. Raises SpoolError for a step the plan does not have.
        """
        await self._writer.submit(
            lambda connection: claims.record(
                connection,
                seq,
                self._steady,
                plan=plan,
                planned=steps,
                finished=finished,
                slug=slug,
                begun=begun,
                undone=undone,
            )
        )

    async def set_slug(self, conversation: int, slug: str | None) -> None:
        """The conversation's slug at Re:amaze; None when it is gone or the candidate was not verified."""
        await self._writer.submit(lambda connection: claims.set_slug(connection, conversation, slug))

    async def settle(
        self,
        seq: int,
        state: Settled,
        reason: str = "",
        *,
        finished: tuple[int, str] | None = None,
        slug: str | None = None,
        heard: Collection[bytes] = (),
    ) -> None:
        """End a delivery; the next of its conversation becomes ready in the same transaction.

        `finished` and `slug` are those of `record`, for the step that was the last; `heard` are digests of the lines that
        now stand in the conversation.
        """
        await self._taken_back(
            seq,
            lambda connection: claims.settle(
                connection, seq, state, reason, self._steady, finished=finished, slug=slug, heard=heard
            ),
        )

    async def said(self, conversation: int) -> bytes:
        """The digests of the lines that are known to stand in the conversation, in one piece."""
        return await asyncio.to_thread(self._read, lambda connection: said.read(connection, conversation))

    async def hear(self, conversation: int, digests: Collection[bytes]) -> None:
        """Remember lines that were read in the conversation at Re:amaze."""
        await self._writer.submit(lambda connection: said.learn_anew(connection, conversation, digests))

    async def answers(self, conversation: int, slug: str) -> tuple[str, ...]:
        """What Re:amaze answered to the messages that stand in the conversation of that slug, as far as they are ours."""
        return await asyncio.to_thread(
            self._read, lambda connection: told.answers(connection, conversation, slug)
        )

    async def knows(self, brand: str, slug: str) -> bool:
        """Whether the conversation of that slug is one of the index."""
        return await asyncio.to_thread(self._read, lambda connection: told.knows(connection, brand, slug))

    async def defer(self, seq: int, until: datetime, reason: str, *, counts: bool = True) -> None:
        """Not now: ready again at `until`, a day ahead at most. An outage does not count as an attempt."""
        await self._taken_back(
            seq, lambda connection: claims.defer(connection, seq, until, reason, self._steady, counts=counts)
        )

    async def give_back(self, seqs: Sequence[int]) -> None:
        """Undo a handing-out that was not acted upon, as when stopping: neither attempt nor strike remains."""
        await self._writer.submit(
            lambda connection: claims.give_back(connection, seqs, self._steady), stirs=True
        )
        self._handed_out.difference_update(seqs)

    async def _taken_back(self, seq: int, run: Callable[[Connection], T]) -> T:
        """Run what ends a handing-out. Whatever comes of it, the item may be handed out again if it is still new."""
        try:
            return await self._writer.submit(run, stirs=True)
        finally:
            self._handed_out.discard(seq)

    async def fetched(self, id_: str, sha256: str) -> None:
        """Write down that a file of a delivery was fetched."""
        await self._writer.submit(lambda connection: fetches.note(connection, id_, sha256, self._steady))

    # -- waiting -----------------------------------------------------------------------------------

    @property
    def stirred(self) -> int:
        """Grows with every commit of this process that may give someone something to do."""
        return self._writer.stirred

    async def wait(self, seen: int, within_s: float) -> None:
        """Return once `stirred` has grown past `seen`, at the latest after `within_s` seconds.

        Read `stirred` before asking for work: then nothing that comes in between is missed. Other processes and due
        times do not stir, so `within_s` bounds how long they wait.
        """
        await self._writer.wait(seen, within_s)

    # -- accounts and upkeep -----------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """How many deliveries are in each state now."""
        return self._read(ledger.counts)

    def ledger(self) -> dict[str, int]:
        """Totals since the spool was made: accepted = delivered + waiting + held + dead + dropped."""
        return self._read(ledger.read)

    def audit(self) -> dict[str, int]:
        """By how much counted rows differ from the accounts, per state; empty when all is well."""
        return self._read(ledger.audit)

    def oldest_s(self) -> float:
        """For how long the oldest waiting delivery has waited; 0 when none does."""
        return self._room.oldest_s()

    async def sweep(self) -> Swept:
        """Remove what is past its time, in portions between which mail goes on."""
        return await self._upkeep.sweep()

    def cautious_now(self) -> datetime:
        """The time by which things may be removed: a wall clock that leapt far ahead is not believed at once."""
        return self._belief.now()

    def _recover(self) -> None:
        """Take up what a dead daemon left: its claims, and the files of puts it never committed."""
        longest_us = int(LONGEST_WAIT_S * SECOND)
        self._writer.call(self._belief.load)
        self._writer.call(lambda connection: claims.recover(connection, self._steady, longest_us))
        with trouble.translated(self._settings.folder), self._engine.connect() as connection:
            self._files.sweep_orphans(lambda names: retention.named_by_rows(connection, tuple(names)))

    def _read(self, run: Callable[[Connection], T]) -> T:
        with trouble.translated(self._settings.folder), self._engine.connect() as connection:
            return run(connection)
