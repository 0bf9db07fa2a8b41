"""The loop: sorts new mail in order of arrival, carries what is due, settles what ended.

Two tasks. The sorter finds each mail its conversation, one batch after the other, so two mails of one new thread meet in one
conversation. The carrier keeps up to `parallel` deliveries a brand under way, never two of one conversation: the spool sees
to that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, assert_never

from bridge import convert, log
from bridge.config.schema import DAY_S, Route
from bridge.delivery import retry
from bridge.delivery.alarm import Alarm
from bridge.delivery.attempt import Attempt, NoRouteError
from bridge.delivery.gate import Gates
from bridge.delivery.parts import Parts
from bridge.errors import (
    AmbiguousError,
    BridgeError,
    CredentialsError,
    LaterError,
    MissingError,
    OutageError,
    RefusedError,
    SpoolError,
    StagingLaterError,
)
from bridge.faults import point
from bridge.model import Dead, Deferred, Delivered, Outcome, Sorting
from bridge.spool import Item
from bridge.workers import WorkerError

#: Mails sorted in one worker call.
SORT_BATCH = 16
#: Deliveries that may be under way beside the others while their conversions, which take long, wait for each other.
MOST_LONG = 200
#: How often the spool is asked without having been told of anything: mail put there by another process, retries due.
POLL_S = 1.0
#: How long the loop rests after the spool itself failed.
SPOOL_REST_S = 5.0


@dataclass(frozen=True, slots=True)
class Held:
    """Kept for an operator; not an outcome of an attempt but of the config."""

    reason: str


class Loop:
    """Delivers until it is told to stop."""

    def __init__(self, parts: Parts, *, rng: Random | None = None) -> None:
        self._parts = parts
        self._rng = rng or Random()  # noqa: S311 - jitter needs no secrecy
        self.gates = Gates(parts.clock, parts.config.retry)
        self._alarm = Alarm(parts.config, parts.clients, parts.clock)
        #: What is under way, by task.
        self._running: dict[asyncio.Task[None], Item] = {}
        #: Numbers of deliveries whose next state could not be written down; given back when the spool works again.
        self._stranded: set[int] = set()
        self._limit = parts.config.reamaze.parallel * len(parts.config.reamaze.brands)
        self._stopping = False
        #: monotonic seconds of the last sign of progress of each task.
        self._turned_at_s = dict.fromkeys(("sorter", "carrier"), parts.clock.monotonic_s())
        #: The two tasks, and those of them that rest.
        self._turns: set[asyncio.Task[None]] = set()
        self._resting: set[asyncio.Task[None]] = set()

    @property
    def turned_at_s(self) -> float:
        """monotonic seconds since when one of the tasks has not turned; the watchdog asks for it."""
        return min(self._turned_at_s.values())

    async def run(self) -> None:
        """Run until `stop`; then wait for what is under way."""
        async with asyncio.TaskGroup() as group:
            for name, turn in (("sorter", self._sort_some), ("carrier", self._carry_some)):
                self._turns.add(group.create_task(self._turning(name, turn)))
        if self._running:
            await asyncio.wait(self._running)

    async def stop(self, within_s: float) -> None:
        """Take up nothing new and give what is under way its time; the rest is left to the next start, safely."""
        self._stopping = True
        for task in self._resting:
            task.cancel()
        began_s = self._parts.clock.monotonic_s()
        under_way = {*self._running, *(task for task in self._turns if not task.done())}
        if under_way:
            await asyncio.wait(under_way, timeout=within_s)
        left = dict(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        # Stopping is not the mail's fault: no strike remains.
        try:
            await self._parts.spool.give_back([item.seq for item in left.values()])
        except SpoolError as error:
            log.error("spool-failed", reason=str(error))
        await self._alarm.close(max(0.0, within_s - (self._parts.clock.monotonic_s() - began_s)))

    async def _turning(self, name: str, turn: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        """Take turns; rest between two only when there was nothing to do, and until the spool stirs."""
        spool = self._parts.spool
        while not self._stopping:
            self._progressed(name)
            seen = spool.stirred
            try:
                if not await turn():
                    await self._rest(spool.wait(seen, POLL_S))
            except SpoolError as error:
                log.error("spool-failed", reason=str(error), rest_s=SPOOL_REST_S)
                await self._rest(asyncio.sleep(SPOOL_REST_S))
            except Exception as error:  # noqa: BLE001 - a bug of ours must not stop the mail behind it
                log.error("turn-failed", error=type(error).__name__, at=_where(error))
                await self._rest(asyncio.sleep(SPOOL_REST_S))

    def _progressed(self, name: str) -> None:
        self._turned_at_s[name] = self._parts.clock.monotonic_s()

    async def _rest(self, rest: Coroutine[Any, Any, None]) -> None:
        """Wait, where a stop need not wait for it."""
        me = asyncio.current_task()
        if self._stopping or me is None:
            rest.close()
            return
        self._resting.add(me)
        try:
            await rest
        finally:
            self._resting.discard(me)

    # -- sorting -----------------------------------------------------------------------------------

    async def _sort_some(self) -> bool:
        items = await self._parts.spool.unsorted(SORT_BATCH)
        if not items:
            return False
        try:
            known = [(item, route) for item in items if (route := await self._fit(item)) is not None]
            sortings = await self._sortings(known)
            await asyncio.gather(
                *(
                    self._place(item, route, sorting)
                    for (item, route), sorting in zip(known, sortings, strict=True)
                )
            )
        except asyncio.CancelledError:
            # The bridge stops, which is not the mails' fault either.
            under_way = {item.seq for item in self._running.values()}
            self._parts.spool.let_go([item.seq for item in items if item.seq not in under_way])
            raise
        except BaseException:
            # Not the mails' fault: no strike remains of this turn.
            self._stranded.update(item.seq for item in items)
            raise
        return True

    async def _fit(self, item: Item) -> Route | None:
        """The item's route; without one, or struck too often, the item is settled instead."""
        if item.strikes > self._parts.config.retry.strikes:
            reason = f"sorting it failed {item.strikes - 1} times, or the bridge died of it"
            await self._settle(item, Dead(reason), 0.0)
            return None
        route = self._parts.route_of(item)
        if route is None:
            await self._settle(item, Held(_no_route(item)), 0.0)
        return route

    async def _sortings(self, items: list[tuple[Item, Route]]) -> list[Sorting]:
        """One worker call for all; where that fails, one each, so a hostile mail harms no other."""
        jobs = [self._parts.job(item, route) for item, route in items]
        try:
            return await self._parts.workers.run(convert.sort_all, jobs, patiently=False)
        except WorkerError:
            return [await self._sort_alone(item, job) for (item, _), job in zip(items, jobs, strict=True)]

    async def _sort_alone(self, item: Item, job: convert.Job) -> Sorting:
        # A batch of mails that are each given up after their time takes long, and is no standstill.
        self._progressed("sorter")
        try:
            return (await self._parts.workers.run(convert.sort_all, [job], patiently=False))[0]
        except WorkerError as error:
            log.warning("sorting-failed", id=item.id, reason=str(error))
            return Sorting(
                user=convert.author_of(item.envelope, self._parts.config.sender).user,
                clues=(),
                subject=job.route.default_subject,
                message_id=f"{item.mail_id}@unreadable",
            )

    async def _place(self, item: Item, route: Route, sorting: Sorting) -> None:
        try:
            placed = await self._parts.spool.place(
                item,
                sorting,
                channel=route.channel,
                brand=route.brand,
                stranger_joins=route.conversation.stranger == "note",
                duplicate_window_s=self._parts.config.spool.duplicate_window_days * DAY_S,
            )
        except SpoolError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours must cost one mail a strike, not the daemon
            # The strike of its handing-out stays, and too many of them bury it.
            log.error("unexpected", id=item.id, error=type(error).__name__, strikes=item.strikes)
            return
        point("placed")
        if sorting.remark:
            log.warning("sorted-without-patterns", id=item.id, route=route.name, reason=sorting.remark)
        log.info(
            "sorted",
            id=item.id,
            route=route.name,
            state=placed.state,
            conversation=placed.conversation.number if placed.conversation else None,
            because=placed.because,
            duplicate_of=placed.duplicate_of,
            **log.personal(author=sorting.user.email, subject=sorting.subject),
        )

    # -- carrying ----------------------------------------------------------------------------------

    async def _carry_some(self) -> bool:
        await self._give_back_stranded()
        # Who waits for a long conversion keeps no other mail waiting.
        free = self._limit - len(self._running) + min(self._parts.workers.long, MOST_LONG)
        if free <= 0:
            return False
        # After a pause a single mail goes first; which brand it is for is seen when it is claimed.
        to_probe = self.gates.to_probe()
        limit = 1 if to_probe else free
        items = await self._parts.spool.claim(limit, without_brands=self.gates.closed())
        if items:
            point("claimed")
        if self._stopping:
            # `stop` has seen to what was under way, and looks no more.
            await self._parts.spool.give_back([item.seq for item in items])
            return False
        for item in items:
            self.gates.claimed(item.brand)
            task = asyncio.create_task(self._carry(item))
            self._running[task] = item
            task.add_done_callback(self._carried)
        await self._open_idle(to_probe - {item.brand for item in items})
        return bool(items)

    async def _open_idle(self, brands: frozenset[str]) -> None:
        """A brand is not paused for mail that was held, dropped or buried meanwhile."""
        for brand in brands:
            if not await self._parts.spool.waits(brand):
                self.gates.forget(brand)

    async def _give_back_stranded(self) -> None:
        # One that was sorted before its batch failed may be under way by now: that one is nobody's to give.
        self._stranded.difference_update(item.seq for item in self._running.values())
        if self._stranded:
            given = sorted(self._stranded)
            await self._parts.spool.give_back(given)
            self._stranded.difference_update(given)

    def _carried(self, task: asyncio.Task[None]) -> None:
        item = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stranded.add(item.seq)
            log.error("unsettled", id=item.id, error=type(error).__name__, reason=str(error))

    async def _carry(self, item: Item) -> None:
        began_s = self._parts.clock.monotonic_s()
        outcome = await self._outcome(item)
        point("before-settle")
        await self._settle(item, outcome, self._parts.clock.monotonic_s() - began_s)
        point("after-settle")

    async def _outcome(self, item: Item) -> Outcome | Held:
        """What became of one attempt: every error has its class, and the class decides."""
        limit = self._parts.config.retry.strikes
        if item.strikes > limit:
            self.gates.ended(item.brand)
            return Dead(f"the bridge died {item.strikes - 1} times while delivering it")
        if item.brand not in self._parts.clients:
            return Held(f'the brand "{item.brand}" is no longer in the config')
        try:
            delivered = await Attempt(self._parts, item).run()
        except (OutageError, AmbiguousError) as error:
            return self._trouble(item, error)
        except (LaterError, StagingLaterError) as error:
            self.gates.ended(item.brand)
            return self._later(item, str(error), error.retry_after_s)
        except (RefusedError, MissingError) as error:
            self.gates.succeeded(item.brand)
            return Dead(str(error))
        except NoRouteError:
            self.gates.ended(item.brand)
            return Held(_no_route(item))
        except SpoolError:
            self.gates.ended(item.brand)
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours must cost one mail a strike, not the daemon
            self.gates.ended(item.brand)
            return self._poison(item, error)
        self.gates.succeeded(item.brand)
        return delivered

    def _trouble(self, item: Item, error: OutageError | AmbiguousError) -> Deferred | Dead:
        if isinstance(error, AmbiguousError) and not error.outage:
            self.gates.ended(item.brand)
            return self._later(item, str(error), error.retry_after_s)
        broke = error.status is not None and error.status >= 500
        if broke and self.gates.is_alone(item.brand, item.seq):
            self.gates.ended(item.brand)
            return self._later(item, str(error), error.retry_after_s)
        pause_s = self.gates.pause(
            item.brand,
            str(error),
            retry_after_s=error.retry_after_s,
            needs_operator=isinstance(error, CredentialsError),
        )
        # Where it may be this mail that Re:amaze breaks on, another one goes first after the pause.
        return Deferred(str(error), self._in(pause_s + 2 * POLL_S * broke), outage=True)

    def _later(self, item: Item, reason: str, retry_after_s: float | None) -> Deferred | Dead:
        settings = self._parts.config.retry
        attempts = item.attempts + 1
        given_up = retry.gives_up(
            settings, attempts=attempts, received_at=item.waiting_at, now=self._parts.clock.now()
        )
        if given_up is not None:
            return Dead(f"{given_up}; the last answer: {reason}")
        wait_s = max(retry_after_s or 0.0, retry.delay_s(settings, item.attempts, self._rng))
        return Deferred(reason, self._in(wait_s))

    def _poison(self, item: Item, error: Exception) -> Deferred | Dead:
        log.error(
            "unexpected", id=item.id, error=type(error).__name__, strikes=item.strikes, at=_where(error)
        )
        reason = f"unexpected {type(error).__name__} at {_where(error)}"
        if item.attempts + 1 >= self._parts.config.retry.strikes and not isinstance(error, BridgeError):
            return Dead(reason)
        return self._later(item, reason, None)

    def _in(self, seconds: float) -> datetime:
        return self._parts.clock.now() + timedelta(seconds=seconds)

    async def _settle(self, item: Item, outcome: Outcome | Held, took_s: float) -> None:
        spool, ms = self._parts.spool, round(took_s * 1000)
        if not isinstance(outcome, Deferred):
            self.gates.settled(item.seq)
        match outcome:
            case Delivered(slug, last, learned, said):
                await spool.settle(item.seq, "delivered", finished=last, slug=learned, heard=said)
                log.info("delivered", id=item.id, route=item.route, slug=slug, ms=ms)
            case Deferred(reason, until_at, outage):
                await spool.defer(item.seq, until_at, reason, counts=not outage)
                log.warning(
                    "deferred", id=item.id, route=item.route, until=until_at.isoformat(), reason=reason
                )
            case Dead(reason):
                await spool.settle(item.seq, "dead", reason)
                log.error("dead", id=item.id, route=item.route, reason=reason, attempts=item.attempts + 1)
                self._alarm.dead(item, reason)
            case Held(reason):
                await spool.settle(item.seq, "held", reason)
                log.warning("held", id=item.id, route=item.route, reason=reason)
            case _ as never:
                assert_never(never)


def _no_route(item: Item) -> str:
    return (
        f'the route "{item.route}" for the brand "{item.brand}" is no longer in the config; '
        "`reamaze-bridge queue edit-recipient` sends the mail on by another"
    )


def _where(error: Exception) -> str:
    """The innermost place of ours in the traceback: file and line, never a value."""
    place = "?"
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if "bridge" in code.co_filename:
            place = f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
