"""What a wall clock that was wrong for a while must not do: nothing is posted twice for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import rig, simulator

from bridge.clock import SystemClock
from bridge.config.schema import Config
from bridge.daemon import Daemon
from bridge.sandbox import Behaviour

pytestmark = pytest.mark.anyio

MAIL = "From: Ann <ann@customer.example>\r\nSubject: Lamp {0}\r\nMessage-ID: <{0}@customer.example>\r\n\r\nHello\r\n"


class Wrong(SystemClock):
    """A clock that is ahead by days, until it is set right."""

    days = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(days=self.days)


async def test_a_mail_taken_by_a_clock_that_was_ahead_is_found_where_it_was_posted(tmp_path: Path) -> None:
    clock = Wrong()
    # The list of conversations is all there is to find it by, and it is long enough to be read with care.
    behaviour = Behaviour(
        data_filter="ignored", origin_id_on_create="ignored", repeated_origin_id="duplicate", slugs="hash"
    )
    with rig.polling():
        async with simulator.on_port(behaviour) as stand_in:
            data = rig.settings(tmp_path, stand_in.base_url)
            data["retry"] |= {"first_delay_s": 1.0, "max_delay_s": 1.0}
            async with Daemon(Config.model_validate(data), clock=clock).started() as daemon:
                bridge = rig.Rig(daemon, stand_in.sandbox)
                for number in range(5):
                    await bridge.send(MAIL.format(number))
                await bridge.settled()
                stand_in.sandbox.faults.script("reset-after", on="POST /api/v1/conversations")
                clock.days = 3
                mail_id = await bridge.send(MAIL.format("six"))
                await bridge.until(lambda: daemon.trace(mail_id)[0].summary.reason != "")
                clock.days = 0
                await bridge.settled()
            assert len(stand_in.sandbox.posted) == 6
