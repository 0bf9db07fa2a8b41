"""What a mail costs the spool while a million others wait, against an empty queue; and how long a start takes with them."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from bridge.clock import SystemClock
from bridge.config.schema import Spool as Settings
from bridge.model import Envelope, KeyClue, Sorting, Target, ThreadClue, User
from bridge.spool import Item, Spool

CONTENT = b"Subject: waiting\r\n\r\n" + b"x" * 180
TARGET = Target("support", "bench", ("support@bench.example",))
MAILS = 400  # a round
STEPS = ("put", "sort", "deliver")

# A third is not sorted yet, a third is due, a third is behind another one of its conversation.
_FILL = (
    """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
    INSERT INTO mails (id, envelope, stored, size_bytes, received_at, content)
    SELECT printf('0%012d', n), '["a@b.example",["support@bench.example"],"192.0.2.1","h","l",null,null,false]',
           1, 200, {now} - {count} + n, zeroblob(200) FROM numbers
    """,
    """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n <= {count} / 3)
    INSERT INTO conversations (number, brand, channel, subject, candidate_always, created_at, last_at)
    SELECT n, 'bench', 'support', 's', 0, {now}, {now} FROM numbers
    """,
    "INSERT INTO brands VALUES ('bench')",
    """
    INSERT INTO deliveries (mail_id, part, route, brand, recipients, state, next_at, waiting_at, received_at, attempts,
                            strikes, released, keeps_raw, stranger, author, summary, reason, conversation)
    SELECT id, 1, 'support', 'bench', '["support@bench.example"]',
           CASE rowid % 3 WHEN 0 THEN 'new' WHEN 1 THEN 'ready' ELSE 'behind' END, 0, received_at, received_at, 0,
           0, 0, 1, 0, '', '', '', CASE rowid % 3 WHEN 0 THEN NULL ELSE rowid / 3 + 1 END FROM mails
    """,
    "UPDATE ledger SET count = {count} WHERE name = 'accepted'",
)


def measure(quick: bool) -> list[tuple[str, str, str]]:
    count = 100_000 if quick else 1_000_000
    rounds = 3 if quick else 7
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        with closing(_open(folder / "full")) as spool:
            spool._writer.call(lambda connection: _fill(connection, count))
        began = time.perf_counter()
        full = _open(folder / "full")
        opened_s = time.perf_counter() - began
        # The daemon counts everything once before it takes mail.
        if full.audit():
            raise RuntimeError(f"the spool was filled wrongly: {full.audit()}")
        started_s = time.perf_counter() - began
        with closing(full), closing(_open(folder / "empty")) as empty:
            spent = asyncio.run(_rounds({"empty": empty, "full": full}, rounds))
    cost = {who: {step: statistics.median(of[step] for of in spent[who]) for step in STEPS} for who in spent}
    total = {who: sum(steps.values()) for who, steps in cost.items()}
    shares = ", ".join(f"{step} {cost['full'][step]:.2f} : {cost['empty'][step]:.2f}" for step in STEPS)
    return [
        (
            f"CPU a mail in the spool with {count:,} mails waiting, against an empty queue",
            f"{total['full'] / total['empty']:.2f}× ({total['full']:.2f} : {total['empty']:.2f} ms; {shares})",
            "≤ 1.2×",
        ),
        (f"  opening the spool with {count:,} mails waiting", f"{opened_s:.2f} s", ""),
        ("  and counting all of them, before mail is taken", f"{started_s:.2f} s", ""),
    ]


def _open(folder: Path) -> Spool:
    settings = Settings(folder=folder, min_free_bytes=0, max_waiting=10_000_000)
    return Spool.open(settings, clock=SystemClock())


def _fill(connection: Connection, count: int) -> None:
    now = int(time.time() * 1_000_000)
    for statement in _FILL:
        connection.exec_driver_sql(statement.format(count=count, now=now))


async def _rounds(spools: dict[str, Spool], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Milliseconds of CPU a mail and step, round by round, taking turns; the first round is not counted."""
    spent: dict[str, list[dict[str, float]]] = {who: [] for who in spools}
    for number in range(rounds + 1):
        for who, spool in spools.items():
            spool.room(len(CONTENT))
            of_round = {}
            for step, run in zip(STEPS, (_put, _sort, _deliver), strict=True):
                before_s = time.process_time()
                await run(spool)
                of_round[step] = (time.process_time() - before_s) / MAILS * 1e3
            if number:
                spent[who].append(of_round)
    return spent


async def _put(spool: Spool) -> None:
    async def client() -> None:
        for _ in range(MAILS // 10):
            envelope = Envelope(
                reverse_path="a@bench.example",
                recipients=TARGET.recipients,
                peer="192.0.2.1",
                helo="h",
                listener="l",
                received_at=datetime.now(UTC),
            )
            await spool.put(spool.new_id(), envelope, CONTENT, (TARGET,))

    await asyncio.gather(*(client() for _ in range(10)))


async def _sort(spool: Spool) -> None:
    for _ in range(MAILS // 20):
        items = await spool.unsorted(20)
        await asyncio.gather(*(_place(spool, item) for item in items))


async def _place(spool: Spool, item: Item) -> None:
    own = f"{item.seq}@bench.example"
    sorting = Sorting(
        user=User("A", f"a{item.seq}@bench.example"),
        clues=(
            ThreadClue((f"before-{own}",), "References"),
            KeyClue(f"key {item.seq}", "subject", window_s=9.0),
        ),
        subject="waiting",
        message_id=own,
        related_ids=(f"before-{own}",),
        duplicate_key=own,
    )
    await spool.place(
        item,
        sorting,
        channel="support",
        brand="bench",
        stranger_joins=True,
        duplicate_window_s=86_400.0,
    )


async def _deliver(spool: Spool) -> None:
    left = MAILS
    while left:
        items = await spool.claim(min(8, left))
        await asyncio.gather(*(_carry(spool, item) for item in items))
        left -= len(items)


async def _carry(spool: Spool, item: Item) -> None:
    await spool.record(item.seq, plan="{}", steps=[("post", f"key {item.seq}"), ("note", "n")], begun=0)
    await spool.settle(item.seq, "delivered", finished=(0, "{}"), slug=f"slug-{item.seq}")
