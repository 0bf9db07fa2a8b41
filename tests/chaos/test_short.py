"""The chaos run in short: half a minute of load, faults and kills. `python tests/chaos` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest
from storm import Storm, Weather

pytestmark = pytest.mark.anyio


async def test_whatever_is_accepted_is_posted_once_through_faults_and_kills(tmp_path: Path) -> None:
    weather = Weather(
        seed=1, seconds=12.0, least_kills=10, kill_every_s=0.7, rate=10.0, stops=0.0, forked=True
    )
    report = await Storm(tmp_path, weather).run()
    print("\n".join(report.lines()))
    assert report.wrong == ()
    assert report.kills >= 10
    assert report.accepted >= 10
    assert report.faults
