"""The daemon looks after itself: its chores go on after one failed, and its watchdog is fed while it does its work."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support import rig

from bridge import daemon, notify
from bridge.clock import FixedClock
from bridge.config.schema import Config
from bridge.spool import Spool

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


@pytest.mark.parametrize("intake_only", [True, False])
async def test_the_watchdog_is_fed_by_what_the_daemon_was_started_for(
    intake_only: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(notify, "send", told.append)
    monkeypatch.setattr(notify, "watchdog_interval_s", lambda: 0.01)
    clock = FixedClock()
    config = Config.model_validate(rig.settings(tmp_path, "http://127.0.0.1:1/api/v1"))
    async with daemon.Daemon(config, clock=clock, intake_only=intake_only).started():
        for _ in range(3):
            clock.advance(daemon.STUCK_AFTER_S * 2)
            told.clear()
            async with asyncio.timeout(10):
                while "WATCHDOG=1" not in told:
                    await asyncio.sleep(0.01)
