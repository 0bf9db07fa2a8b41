"""Death at every step: the real daemon dies at each fault point, is started again, and nothing is lost or doubled.

The points are read from the code, so a new one is covered by being there. Those of the spool are visited at its own level by
`test_spool_crash`, and here two of them for all. `CRASHES=all` dies at every one of them, and at every further visit of each
point, not only at the first: some minutes instead of one.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import os
import smtplib
from dataclasses import dataclass
from pathlib import Path

import pytest
import test_spool_crash
from support import ports, rig, simulator, verdict
from support.marked import PNG, Letter, letter
from support.process import Process

from bridge import faults
from bridge.plan import Action
from bridge.sandbox import Behaviour, Sandbox
from bridge.spool import Spool
from bridge.web import ASGIApp, Message, Receive, Scope, Send, Server, bind

pytestmark = pytest.mark.anyio

BRIDGE = Path(__file__).parents[2] / "bridge"
#: Deaths that run side by side: starting a daemon keeps a core busy for a second.
TOGETHER = 3

LETTERS = (
    letter(
        "lamp",
        0,
        author="ann@customer.example",
        files=(bytes(range(256)) * 30, b"second" * 500),
        picture=PNG + bytes(3_000),
        note=True,
    ),
    letter("lamp", 1, author="ann@customer.example", note=True),
)

#: Points that only an earlier death leads to.
DOUBT = {"looked"}
#: Deaths on the way back from an earlier one, and again at the same place.
AGAIN = (
    ("begun-post", "looked"),
    ("called-post", "looked"),
    ("called-follow-up", "called-follow-up"),
    ("before-settle", "before-settle"),
)
#: Of the spool's points, those that die every time.
OFTEN = {"spool.after-rename", "spool.after-commit"}
EVERY = os.environ.get("CRASHES") == "all"
#: A life takes some seconds; a busy machine is given its time.
WITHIN_S = 180.0
#: How long a daemon that is armed but has nothing left to do is given to die.
GRACE_S = 0.5


def points() -> list[str]:
    """Every fault point of the code, with what its name is made of filled in."""
    found: dict[str, None] = {}
    for file in sorted(BRIDGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("point", "faults.point"):
                found.update(dict.fromkeys(_names(node.args[0])))
    return list(found)


def _names(argument: ast.expr) -> list[str]:
    match argument:
        case ast.Constant(value=str(name)):
            return [name]
        case ast.JoinedStr():
            text = ast.unparse(argument)[2:-1]
            if text.count("{") == text.count("{step.action.value}") == 1:
                return [text.replace("{step.action.value}", action.value) for action in Action]
    raise ValueError(f"a point's name that cannot be read from the code: {ast.unparse(argument)}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the letters."""

    #: How the daemon ended, start after start, the last one left out.
    deaths: tuple[int | None, ...]
    faults: tuple[str, ...]


class Life:
    """The letters, a stand-in of Re:amaze, and a daemon that dies at each of these points in turn."""

    def __init__(self, folder: Path, crashes: tuple[str, ...]) -> None:
        self._folder = folder
        self._crashes = crashes
        self._deaths: list[int | None] = []

    async def run(self) -> Outcome:
        # As unhelpful as it may be: it posts again whatever is sent again, and every way to look but one is closed.
        behaviour = Behaviour(
            repeated_origin_id="duplicate",
            origin_id_on_create="ignored",
            data_filter="ignored",
            fetch_retries=400,
            fetch_retry_s=0.05,
        )
        async with simulator.on_port(behaviour) as stand_in:
            process = Process(self._folder, _settings(self._folder, stand_in.base_url))
            starting = asyncio.create_task(self._start_again(process))
            try:
                async with asyncio.timeout(WITHIN_S):
                    for one in LETTERS:
                        await _accepted(process, one)
                    with contextlib.closing(process.spool()) as spool:
                        await self._settled(process, spool, starting)
                        found = await _wrong(spool, stand_in.sandbox)
            except TimeoutError:
                found = (f"not over after {WITHIN_S:g} s: {process.log.read_text()[-1500:]}",)
            finally:
                starting.cancel()
                process.kill()
            return Outcome(tuple(self._deaths), found)

    async def _start_again(self, process: Process) -> None:
        """Start the daemon once for each crash, and once more to stay."""
        for crash in self._crashes:
            await process.start(crash_at=crash)
            while process.alive:
                await asyncio.sleep(0.01)
            self._deaths.append(process.status)
        await process.start()

    async def _settled(self, process: Process, spool: Spool, starting: asyncio.Task[None]) -> None:
        """Return when nothing waits any more, and the daemon has died as often as it will, and is up."""
        while spool.ledger()["waiting"]:
            await asyncio.sleep(0.02)
        deaths = -1
        while not starting.done() and deaths < len(self._deaths):
            deaths = len(self._deaths)
            await asyncio.wait((starting,), timeout=GRACE_S)
        await process.listening()


def _settings(folder: Path, base_url: str) -> dict[str, object]:
    data = rig.settings(folder, base_url)
    files, smtp = ports.free(), ports.free()
    data["smtp"] = {
        "listeners": [{"name": "main", "listen": f"127.0.0.1:{smtp}"}],
        # The first letter passes through a file, the second one through a row.
        "memory_threshold_bytes": 4_096,
    }
    data["spool"]["inline_limit_bytes"] = 4_096
    data["staging"]["serve"] = {
        "listen": f"127.0.0.1:{files}",
        "public_url": f"http://127.0.0.1:{files}",
    }
    data["workers"] = {"processes": 1}
    data["reamaze"]["read_timeout_s"] = 1.0
    return data


async def _accepted(process: Process, one: Letter) -> None:
    """Offer it as a mail server would: again and again until it is taken."""
    while True:
        try:
            await asyncio.to_thread(process.send, one)
        except (OSError, smtplib.SMTPException):
            await asyncio.sleep(0.05)
        else:
            return


async def _wrong(spool: Spool, sandbox: Sandbox) -> tuple[str, ...]:
    """What is not as it should be, now that all is over."""
    await sandbox.idle()
    posted = verdict.in_sandbox(sandbox)
    found = [
        *verdict.judge(LETTERS, posted).faults,
        *await asyncio.to_thread(verdict.wrong_pictures, LETTERS, posted),
        *(f"key {key} is doubled" for key in sandbox.doubles()),
    ]
    ledger = spool.ledger()
    # A letter whose 250 was lost was sent again: that is the duplicate which is dropped.
    if (ledger["delivered"], ledger["held"], ledger["dead"]) != (len(LETTERS), 0, 0) or spool.audit():
        found.append(f"the ledger says {ledger}, counted otherwise: {spool.audit()}")
    return tuple(found)


# -- the matrix ------------------------------------------------------------------------------------

FIRST = [
    (name,)
    for name in points()
    if name not in DOUBT and (EVERY or name in OFTEN or not name.startswith("spool."))
]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, ...], Outcome]:
    """Every life that this run asks for, some at a time."""
    wanted = [
        item.callspec.params["crashes"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path and hasattr(item, "callspec")
    ]
    slots = asyncio.Semaphore(TOGETHER)

    async def one(crashes: tuple[str, ...]) -> Outcome:
        async with slots:
            return await Life(tmp_path_factory.mktemp("life"), crashes).run()

    async def every() -> list[Outcome]:
        return await asyncio.gather(*(one(crashes) for crashes in wanted))

    return dict(zip(wanted, asyncio.run(every()), strict=True))


@pytest.mark.parametrize("crashes", [*FIRST, *AGAIN], ids=",".join)
def test_whenever_the_bridge_dies_every_letter_is_posted_once(
    crashes: tuple[str, ...], outcomes: dict[tuple[str, ...], Outcome]
) -> None:
    assert outcomes[crashes].faults == ()
    assert outcomes[crashes].deaths == (faults.CRASH_STATUS,) * len(crashes)


def test_every_point_of_the_spool_is_visited_at_its_own_level() -> None:
    visited = {point.partition(":")[0] for point in test_spool_crash.POINTS}
    assert {name for name in points() if name.startswith("spool.")} == visited


@pytest.mark.skipif(not EVERY, reason="minutes: CRASHES=all asks for it")
def test_at_every_further_visit_of_a_point_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    async def visit(name: str, number: int) -> Outcome:
        return await Life(tmp_path_factory.mktemp("life"), (f"{name}:{number}",)).run()

    async def every_visit() -> dict[str, tuple[str, ...]]:
        wrong = {}
        for (name,) in FIRST:
            number = 2
            while True:
                some = range(number, number + TOGETHER)
                lives = await asyncio.gather(*(visit(name, each) for each in some))
                wrong |= {f"{name}:{each}": life.faults for each, life in zip(some, lives, strict=True)}
                number += TOGETHER
                if not all(life.deaths for life in lives):
                    break
        return wrong

    wrong = asyncio.run(every_visit())
    print(f"{len(wrong)} lives")
    assert {crash: found for crash, found in wrong.items() if found} == {}


class Dawdling:
    """A stand-in that takes its first post in and does nothing about it until it is told to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.taken = asyncio.Event()
        self.release = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "POST" or self.taken.is_set():
            await self._app(scope, receive, send)
            return
        whole = await receive()
        self.taken.set()
        await self.release.wait()

        async def again() -> Message:
            return whole

        await self._app(scope, again, send)


async def test_a_call_that_arrives_after_the_bridge_died_and_is_back_is_not_made_again(
    tmp_path: Path,
) -> None:
    sandbox = Sandbox(Behaviour(repeated_origin_id="duplicate"))
    dawdling = Dawdling(sandbox.app)
    server = Server(dawdling, bind("127.0.0.1:0"))
    await server.start()
    data = _settings(tmp_path, f"http://127.0.0.1:{server.port}/api/v1")
    data["reamaze"]["read_timeout_s"] = 4.0
    process = Process(tmp_path, data)
    one = letter("slow", 0)
    try:
        async with asyncio.timeout(WITHIN_S):
            assert await process.start()
            await _accepted(process, one)
            await dawdling.taken.wait()
            process.kill()
            assert await process.start()
            while not any(call.path.endswith("/messages") for call in sandbox.calls):
                await asyncio.sleep(0.01)
            # It has looked everywhere. What it looked for comes now.
            await asyncio.sleep(1.0)
            assert sandbox.posted == ()
            dawdling.release.set()
            with contextlib.closing(process.spool()) as spool:
                while spool.ledger()["waiting"]:
                    await asyncio.sleep(0.05)
    finally:
        process.kill()
        dawdling.release.set()
        await sandbox.close()
        await server.stop()
    assert verdict.judge([one], verdict.in_sandbox(sandbox)).faults == ()
