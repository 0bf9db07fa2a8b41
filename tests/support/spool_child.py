"""What a child process does to a spool before it is killed: run by the crash tests, in a process of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
from pathlib import Path

from bridge import faults
from bridge.clock import SystemClock
from bridge.model import ThreadClue
from bridge.spool import Spool
from support.spools import CONTENT, TARGET, envelope, place, settings, sorting

INLINE_LIMIT = 1_000
LARGE = b"0123456789" * 1_000


def open_spool(folder: Path, *, exclusive: bool = True) -> Spool:
    return Spool.open(
        settings(folder, inline_limit_bytes=INLINE_LIMIT), clock=SystemClock(), exclusive=exclusive
    )


def put_until_killed(folder: Path, said: int, *, exclusive: bool = True, count: int | None = None) -> None:
    """Put mail from ten clients and write each id to the descriptor `said` once its put has returned."""
    asyncio.run(_put(open_spool(folder, exclusive=exclusive), said, count))


async def _put(spool: Spool, said: int, count: int | None) -> None:
    numbers = itertools.count() if count is None else iter(range(count))

    async def client() -> None:
        for number in numbers:
            mail_id = spool.new_id()
            content = LARGE if number % 7 == 0 else CONTENT
            await spool.put(mail_id, envelope(SystemClock().now()), content, [TARGET])
            os.write(said, f"{mail_id}\n".encode())

    await asyncio.gather(*(client() for _ in range(10)))
    spool.close()


def live_and_die(folder: Path, said: int, crash_at: str) -> None:
    """Take two mails of one conversation from arrival to delivery, and say each thing that was acknowledged."""
    spool = open_spool(folder)
    faults.install(faults.crash_at(crash_at))
    asyncio.run(_live(spool, said))


async def _live(spool: Spool, said: int) -> None:
    def say(what: str) -> None:
        os.write(said, f"{what}\n".encode())

    for content in (CONTENT, LARGE):
        incoming = spool.incoming()
        incoming.write(content)
        mail_id = spool.new_id()
        await spool.put(mail_id, envelope(SystemClock().now()), incoming, [TARGET])
        say(f"put {mail_id}")
    for item in await spool.unsorted(2):
        await place(spool, item, sorting(ThreadClue(("<root>",), "References"), related_ids=("<root>",)))
        say(f"placed {item.id}")
    for _ in range(2):
        (item,) = await spool.claim(2)
        say(f"claimed {item.id}")
        await spool.record(item.seq, plan="{}", steps=[("create", item.id)], begun=0)
        say(f"begun {item.id}")
        await spool.record(item.seq, finished=(0, "{}"))
        say(f"finished {item.id}")
        await spool.settle(item.seq, "delivered")
        say(f"delivered {item.id}")
    spool.close()
