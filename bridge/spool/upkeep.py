"""The spool's broom: what is past its time goes, in portions between which mail goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from bridge.config.schema import DAY_S
from bridge.config.schema import Spool as Settings
from bridge.spool import retention, trouble
from bridge.spool.belief import Belief
from bridge.spool.files import Files
from bridge.spool.steady import SECOND
from bridge.spool.values import Swept
from bridge.spool.writer import Writer

#: Rows are kept for so long at least: what Re:amaze answered to one message tells it from the next that says the same.
LEAST_ROWS_DAYS = 7.0


class Upkeep:
    def __init__(self, settings: Settings, writer: Writer, files: Files, belief: Belief) -> None:
        self._settings = settings
        self._writer = writer
        self._files = files
        self._belief = belief

    async def sweep(self) -> Swept:
        await self._writer.submit(self._belief.save)
        now = self._belief.now_us()
        keep = self._settings
        rows_days = max(keep.keep_dead_days, keep.keep_raw_days, LEAST_ROWS_DAYS)
        swept = Swept(
            raw=await self._sweep(retention.raw, now, keep.keep_raw_days),
            deliveries=await self._sweep(retention.settled, now, rows_days),
            thread_ids=await self._sweep(retention.forget_ids, now, keep.keep_threads_days),
            conversations=await self._sweep(retention.forget_conversations, now, keep.keep_threads_days),
        )
        while await self._writer.submit(retention.shrink):
            pass
        return swept

    async def _sweep(
        self, portion: Callable[[Connection, int], retention.Portion], now_us: int, days: float
    ) -> int:
        before_us = now_us - int(days * DAY_S * SECOND)
        total = 0
        while True:
            removed = await self._writer.submit(lambda connection: portion(connection, before_us))
            if removed.files:
                with trouble.translated(self._settings.folder):
                    await asyncio.to_thread(self._files.remove, removed.files)
            total += removed.count
            if removed.count < retention.PORTION:
                return total
