"""A config that changed while mail waited: what cannot be carried out any more is held and says so, nothing is sent astray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import rig, simulator

from bridge.config.schema import Config
from bridge.daemon import Daemon
from bridge.sandbox import Behaviour

pytestmark = pytest.mark.anyio

MAIL = (
    "From: Ann <ann@customer.example>\r\nSubject: Lamp\r\nMessage-ID: <1@customer.example>\r\n\r\nHello\r\n"
)


def other_name(data: dict[str, Any]) -> None:
    data["routes"][0]["name"] = "helpdesk"


def other_brand(data: dict[str, Any]) -> None:
    data["reamaze"]["brands"]["globex"] = data["reamaze"]["brands"]["acme"]
    data["routes"][0]["brand"] = "globex"


@pytest.mark.parametrize("change", [other_name, other_brand])
async def test_a_mail_whose_route_is_another_by_now_is_held(change: rig.Change, tmp_path: Path) -> None:
    async with simulator.on_port(Behaviour()) as stand_in:
        data = rig.settings(tmp_path, stand_in.base_url)
        async with Daemon(Config.model_validate(data), intake_only=True).started() as daemon:
            mail_id = await rig.Rig(daemon, stand_in.sandbox).send(MAIL)
        change(data)
        async with rig.bridge(data, stand_in.sandbox) as bridge:
            await bridge.settled()
            (trace,) = bridge.daemon.trace(mail_id)
            assert trace.summary.state == "held"
            assert (
                'the route "support" for the brand "acme" is no longer in the config' in trace.summary.reason
            )
            assert stand_in.sandbox.calls == ()
