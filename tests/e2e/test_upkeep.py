"""The daemon looks after itself: its chores go on after one failed, and its watchdog is fed while it does its work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from support import rig
from support.logged import capture_logs

from bridge import daemon, notify
from bridge.clock import FixedClock
from bridge.config.schema import Config
from bridge.delivery.loop import Loop
from bridge.errors import SpoolError
from bridge.sandbox import Sandbox
from bridge.spool import Item, Spool
from bridge.workers import Workers

pytestmark = pytest.mark.anyio


async def test_a_chore_that_fails_is_done_again_next_time_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles: list[Exception] = [PermissionError("not yours"), RuntimeError("a bug of ours")]
    done = asyncio.Event()

    def audit(_: Spool) -> dict[str, int]:
        if troubles:
            raise troubles.pop()
        done.set()
        return {}

    async with rig.running(tmp_path) as bridge:
        monkeypatch.setattr(Spool, "audit", audit)
        with capture_logs() as log:
            chore = asyncio.create_task(bridge.daemon._every(0.001, bridge.daemon._account))
            await asyncio.wait_for(done.wait(), 10)
            assert not chore.done()
            chore.cancel()
    failed = [line["error"] for line in log if line["event"] == "upkeep-failed"]
    assert failed == ["RuntimeError", "PermissionError"]


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemd is told from now on, which has the watchdog fed all the time."""
    told: list[str] = []
    monkeypatch.setattr(notify, "send", told.append)
    monkeypatch.setattr(notify, "watchdog_interval_s", lambda: 0.01)
    return told


async def fed(told: list[str]) -> None:
    async with asyncio.timeout(10):
        while "WATCHDOG=1" not in told:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("intake_only", [True, False])
async def test_the_watchdog_is_fed_by_what_the_daemon_was_started_for(
    intake_only: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = watched(monkeypatch)
    clock = FixedClock()
    config = Config.model_validate(rig.settings(tmp_path, "http://127.0.0.1:1/api/v1"))
    async with daemon.Daemon(config, clock=clock, intake_only=intake_only).started():
        for _ in range(3):
            clock.advance(daemon.STUCK_AFTER_S * 2)
            told.clear()
            await fed(told)


async def test_what_is_claimed_while_the_daemon_stops_is_left_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed, stopped = asyncio.Event(), asyncio.Event()
    claim = Spool.claim

    async def slow(spool: Spool, limit: int, *, without_brands: Collection[str] = ()) -> tuple[Item, ...]:
        items = await claim(spool, limit, without_brands=without_brands)
        if items:
            claimed.set()
            await stopped.wait()
        return items

    monkeypatch.setattr(Spool, "claim", slow)
    async with rig.running(tmp_path) as bridge:
        mail_id = await bridge.send("Subject: Lamp\r\n\r\nHello\r\n")
        await asyncio.wait_for(claimed.wait(), 10)
        loop = bridge.daemon._loop
        assert loop is not None
        await loop.stop(1.0)
        stopped.set()
        await bridge.until(lambda: bridge.state(mail_id) != "busy")
        assert bridge.state(mail_id) == "ready"
        assert bridge.sandbox.calls == ()


# -- what must not stand still ----------------------------------------------------------------------


@pytest.mark.parametrize("task", ["_sort_some", "_carry_some"])
async def test_a_task_that_stands_still_does_not_hide_behind_the_other(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = watched(monkeypatch)
    begun, never = asyncio.Event(), asyncio.Event()

    async def stand_still(_: Loop) -> bool:
        begun.set()
        await never.wait()
        return False

    monkeypatch.setattr(Loop, task, stand_still)
    clock = FixedClock()
    config = Config.model_validate(rig.settings(tmp_path, "http://127.0.0.1:1/api/v1"))
    with rig.polling():
        async with daemon.Daemon(config, clock=clock).started() as running:
            assert running._loop is not None
            await asyncio.wait_for(begun.wait(), 10)
            clock.advance(daemon.STUCK_AFTER_S * 2)
            async with asyncio.timeout(10):
                while max(running._loop._turned_at_s.values()) != clock.monotonic_s():
                    await asyncio.sleep(0.01)
            told.clear()
            await asyncio.sleep(0.1)
            assert "WATCHDOG=1" not in told
            assert max(running._loop._turned_at_s.values()) == clock.monotonic_s()
            never.set()
            await fed(told)


async def test_stopping_while_mail_is_sorted_leaves_no_strike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorting = asyncio.Event()

    async def take_long(*_: Any, **__: Any) -> list[Any]:
        sorting.set()
        await asyncio.sleep(600)
        return []

    monkeypatch.setattr(Workers, "run", take_long)
    data = rig.settings(tmp_path, "http://127.0.0.1:1/api/v1")
    data["operate"]["stop_within_s"] = 0.2
    config = Config.model_validate(data)
    async with daemon.Daemon(config).started() as running:
        await rig.Rig(running, Sandbox()).send("Subject: Lamp\r\n\r\nHello\r\n")
        await asyncio.wait_for(sorting.wait(), 10)
    with contextlib.closing(Spool.open(config.spool, clock=running.clock)) as spool:
        (item,) = await spool.unsorted(1)
        # That of being handed out just now.
        assert item.strikes == 1


async def test_a_brand_whose_only_mail_was_held_is_not_shown_as_paused(tmp_path: Path) -> None:
    with rig.polling():
        async with rig.running(tmp_path, change=rig.impatient) as bridge:
            bridge.sandbox.faults.always("503")
            mail_id = await bridge.send("Subject: Lamp\r\n\r\nHello\r\n")
            await bridge.until(lambda: "acme" in bridge.daemon.snapshot().paused)
            assert bridge.daemon._spool is not None
            await bridge.until(lambda: held(bridge.daemon._spool, mail_id))
            await bridge.until(lambda: not bridge.daemon.snapshot().paused)
            bridge.sandbox.faults.clear()
            await bridge.send("Subject: Lamp\r\n\r\nHello\r\n")
            await bridge.settled()
            assert bridge.state(mail_id) == "held"


def held(spool: Spool | None, mail_id: str) -> bool:
    """Hold it, unless it is under way at this moment."""
    assert spool is not None
    try:
        return spool.operator.hold(mail_id, "by hand") == 1
    except SpoolError:
        return False
