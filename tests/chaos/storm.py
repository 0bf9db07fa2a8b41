"""A chaos run: a real daemon under real SMTP load, a Re:amaze that fails a fifth of its calls, and `kill -9` at random moments.

At its end every letter that was answered 250 must have been posted exactly once, in the order of its thread, with all files byte
by byte. Everything that happens by chance follows from the seed; when it happens is the machine's.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import random
import re
import signal
import smtplib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support import ports, verdict
from support.marked import PNG, Letter, letter
from support.process import LEASHED, ROOT, Process
from support.rig import settings

from bridge.sandbox import read_journal

#: What Re:amaze may make of a repeat and show of it; the seed picks one.
BEHAVIOURS: tuple[dict[str, Any], ...] = (
    {"repeated_origin_id": "duplicate"},
    {"repeated_origin_id": "duplicate", "data_filter": "ignored", "origin_id_on_create": "ignored"},
    {"repeated_origin_id": "existing", "data_filter": "ignored", "page_size": 5},
    {"repeated_origin_id": "refuse", "scope": "brand", "lists_late_calls": 1},
)
#: How long what was taken may take to be delivered when the load has ended.
DRAIN_S = 180.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How rough it is."""

    seed: int
    seconds: float
    #: It goes on until there were so many kills, but no longer than six times the seconds.
    least_kills: int = 0
    #: Mean time that a daemon lives once it takes mail.
    kill_every_s: float = 6.0
    #: Share of the kills that come while it starts.
    kills_at_start: float = 0.15
    #: Between the kills, one end in so many is a SIGTERM: a stop must leave things as safely as a death.
    stops: float = 0.1
    fault_rate: float = 0.2
    senders: int = 4
    #: Letters a second, of all senders together.
    rate: float = 4.0
    #: A daemon need not import itself at each start.
    forked: bool = False
    #: Most letters of a run.
    letters: int = 20_000


@dataclasses.dataclass(slots=True)
class Report:
    """What happened, and what is wrong."""

    offered: int = 0
    accepted: int = 0
    threads: int = 0
    files: int = 0
    file_bytes: int = 0
    kills: int = 0
    #: Of these, while the daemon was still starting.
    kills_at_start: int = 0
    stops: int = 0
    calls: int = 0
    faults: dict[str, int] = dataclasses.field(default_factory=dict)
    found: int = 0
    deferred: int = 0
    ledger: dict[str, int] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    lost: int = 0
    doubled: int = 0
    wrong: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        yield f"{self.offered:7} letters offered, some again after a connection died"
        yield f"{self.accepted:7} accepted, in {self.threads} conversations, with {self.files} files of {self.file_bytes:,} bytes"
        yield f"{self.ledger.get('dropped', 0):7} accepted a second time after a lost 250, and dropped as duplicates"
        hourly = self.kills / self.seconds * 3600
        yield f"{self.kills:7} kills ({hourly:.0f} an hour), {self.kills_at_start} of them at a start"
        yield f"{self.stops:7} stops by SIGTERM"
        yield f"{self.calls:7} calls of Re:amaze's API"
        yield f"{sum(self.faults.values()):7} of them met a fault: " + ", ".join(
            f"{kind} {count}" for kind, count in sorted(self.faults.items())
        )
        yield f"{self.deferred:7} deferrals"
        yield f"{self.found:7} messages found by read-back after a doubt"
        yield f"{self.ledger.get('delivered', 0):7} delivered"
        yield f"{self.ledger.get('dead', 0) + self.ledger.get('held', 0):7} dead or held"
        yield f"{self.lost:7} lost"
        yield f"{self.doubled:7} doubled"
        yield f"{len(self.wrong):7} otherwise wrong"
        yield from self.wrong[:40]


class Storm:
    def __init__(self, folder: Path, weather: Weather) -> None:
        self._folder = folder
        self._weather = weather
        self._random = random.Random(weather.seed)
        self._report = Report()
        self._letters: list[Letter] = []
        self._journal = folder / "journal.jsonl"
        self._counts = folder / "counts.json"
        self._began_s = time.monotonic()
        self._over = asyncio.Event()
        #: The daemon takes mail: while it does not, senders try again once a second.
        self._up = asyncio.Event()
        #: It has taken a letter since its start.
        self._took = asyncio.Event()

    async def run(self) -> Report:
        sandbox_port = ports.free()
        config = self._config(f"http://127.0.0.1:{sandbox_port}/api/v1")
        process = Process(self._folder, config, forked=self._weather.forked)
        stand_in = self._stand_in(sandbox_port)
        try:
            await self._rage(process, stand_in)
            await self._judge(process, stand_in)
        finally:
            process.kill()
            stand_in.kill()
            stand_in.wait()
        return self._report

    # -- who takes part ------------------------------------------------------------------------------

    def _config(self, base_url: str) -> dict[str, Any]:
        data = settings(self._folder, base_url)
        smtp, files = ports.free(), ports.free()
        data["smtp"]["listeners"][0]["listen"] = f"127.0.0.1:{smtp}"
        data["staging"]["serve"] = {
            "listen": f"127.0.0.1:{files}",
            "public_url": f"http://127.0.0.1:{files}",
        }
        data["reamaze"] |= {"read_timeout_s": 1.0, "connect_timeout_s": 2.0, "look_again_s": 0.2}
        data["retry"] = {
            "first_delay_s": 0.1,
            "max_delay_s": 1.0,
            "max_attempts": 10_000,
            "outage_first_pause_s": 0.05,
            "outage_max_pause_s": 0.5,
            # What kills the daemon here comes from outside: no mail is to blame.
            "strikes": 50,
        }
        return data

    def _stand_in(self, number: int) -> subprocess.Popen[bytes]:
        behaviour = {
            **BEHAVIOURS[self._weather.seed % len(BEHAVIOURS)],
            "fault_rate": self._weather.fault_rate,
            "fault_seed": self._weather.seed,
            "keep_calls": 10,
            # The daemon serves the files, and is dead half of the time.
            "fetch_retries": 600,
            "fetch_retry_s": 0.2,
            "pictures": "none",
        }
        script = Path(__file__).with_name("standin.py")
        arguments = [str(number), str(self._journal), str(self._counts), json.dumps(behaviour)]
        with (self._folder / "stand-in.log").open("wb") as log:
            return subprocess.Popen(
                [*LEASHED, sys.executable, str(script), *arguments],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    # -- the storm -----------------------------------------------------------------------------------

    async def _rage(self, process: Process, stand_in: subprocess.Popen[bytes]) -> None:
        """Load, faults and kills until the time is over; then one more start."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._weather.senders):
                group.create_task(self._send(process, number))
            killing = group.create_task(self._kill(process))
            await asyncio.sleep(self._weather.seconds)
            enough = lambda: self._report.kills >= self._weather.least_kills  # noqa: E731 - asked again and again
            await _within(5 * self._weather.seconds, enough)
            self._over.set()
            await killing
            if stand_in.poll() is not None:
                raise RuntimeError((self._folder / "stand-in.log").read_text())
        self._report.seconds = time.monotonic() - self._began_s

    async def _kill(self, process: Process) -> None:
        """Start the daemon and kill it, over and over; when the time is over, one more start."""
        dice = random.Random(self._weather.seed + 1)
        while not self._over.is_set():
            starting = asyncio.create_task(process.start())
            if dice.random() < self._weather.kills_at_start:
                await asyncio.sleep(dice.uniform(0.0, 1.0))
            else:
                await starting
                self._took.clear()
                self._up.set()
                # A life in which nothing happens shows nothing.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._took.wait(), 5.0)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(
                        self._over.wait(), dice.uniform(0.0, 2 * self._weather.kill_every_s)
                    )
            self._up.clear()
            if not process.alive:
                self._report.wrong += (f"the daemon ended by itself: {process.status}",)
            if starting.done() and dice.random() < self._weather.stops:
                self._report.stops += 1
                await self._stop(process)
            else:
                self._report.kills += 1
                self._report.kills_at_start += not starting.done()
                process.kill()
            await starting
        await process.start()
        self._up.set()

    async def _stop(self, process: Process) -> None:
        status = await asyncio.to_thread(process.stop)
        if status != 0:
            self._report.wrong += (f"SIGTERM ended the daemon with status {status}",)

    async def _send(self, process: Process, number: int) -> None:
        """One sender: opens threads and goes on with them, each letter only when the one before was taken."""
        dice = random.Random(f"{self._weather.seed} {number}")
        threads: dict[str, int] = {}
        while not self._over.is_set() and len(self._letters) < self._weather.letters:
            going_on = [thread for thread, count in threads.items() if count < 8]
            goes_on = going_on and dice.random() < 0.6
            thread = dice.choice(going_on[-20:]) if goes_on else f"s{number}t{len(threads)}"
            one = written(dice, thread, threads.get(thread, 0))
            threads[thread] = threads.get(thread, 0) + 1
            await self._offer(process, one)
            self._letters.append(dataclasses.replace(one, content=b""))
            self._report.files += len(one.files) + len(one.pictures)
            self._report.file_bytes += len(one.content)
            await asyncio.sleep(dice.expovariate(self._weather.rate / self._weather.senders))

    async def _offer(self, process: Process, one: Letter) -> None:
        """Offer a letter until it is taken, as a mail server would."""
        while True:
            self._report.offered += 1
            try:
                await asyncio.to_thread(process.send, one)
            except (OSError, smtplib.SMTPException):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._up.wait(), 1.0)
                await asyncio.sleep(0.02)
            else:
                self._took.set()
                return

    # -- the judgement -------------------------------------------------------------------------------

    async def _judge(self, process: Process, stand_in: subprocess.Popen[bytes]) -> None:
        report = self._report
        with contextlib.closing(process.spool()) as spool:
            if not await _within(DRAIN_S, lambda: spool.ledger()["waiting"] == 0):
                report.wrong += (f"not delivered after {DRAIN_S:.0f} s: {spool.counts()}",)
            if not await _within(60.0, self._fetched):
                report.wrong += ("not every file was fetched",)
            posted = verdict.in_journal(self._journal)
            report.wrong += tuple(await asyncio.to_thread(verdict.wrong_pictures, self._letters, posted))
            report.ledger = spool.ledger()
            if difference := spool.audit():
                report.wrong += (f"the accounts are wrong by {difference}",)
        await self._stop(process)
        stand_in.send_signal(signal.SIGTERM)
        await asyncio.to_thread(stand_in.wait, 30)
        self._count(posted, process.log.read_text(errors="replace"))

    def _fetched(self) -> bool:
        """Whether the stand-in has said of every file it was told of what became of it."""
        events = read_journal(self._journal)
        told = sum(
            len(event["attachments"]) for event in events if event["event"] in ("conversation", "message")
        )
        return told == sum(event["event"] in ("file", "file-missing") for event in events)

    def _count(self, posted: tuple[verdict.Posted, ...], log: str) -> None:
        report = self._report
        judged = verdict.judge(self._letters, posted)
        report.accepted = len(self._letters)
        report.threads = len({one.thread for one in self._letters})
        report.lost, report.doubled = len(judged.lost), len(judged.doubled)
        report.wrong += judged.faults
        if report.ledger["delivered"] != report.accepted:
            report.wrong += (f"{report.accepted} letters were accepted, but the ledger says {report.ledger}",)
        met = Counter(json.loads(self._counts.read_text()))
        report.calls = met.pop("calls")
        report.faults = dict(met)
        report.found = len(re.findall(r"^event=found ", log, re.MULTILINE))
        report.deferred = len(re.findall(r"^event=deferred ", log, re.MULTILINE))


def written(dice: random.Random, thread: str, number: int) -> Letter:
    """A letter of some form: mostly short words, now and then files, a picture, HTML, something to be noted."""
    sizes = dice.choice(((), (), (), (2_000,), (40_000,), (900, 7_000), (3_000, 300, 12_000), (400_000,)))
    return letter(
        thread,
        number,
        files=[dice.randbytes(dice.randint(1, size)) for size in sizes],
        picture=PNG + dice.randbytes(500) if dice.random() < 0.15 else None,
        words=" ".join(
            dice.choices(("lamp", "light", "cord", "broken", "again", "please"), k=dice.randint(3, 90))
        ),
        html=dice.random() < 0.3,
        note=dice.random() < 0.15,
    )


async def _within(seconds: float, reached: Any) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(reached):
                await asyncio.sleep(0.1)
    except TimeoutError:
        return False
    return True
