"""One line for each mail: what was accepted or refused, and nobody's address unless the config allows it."""

from __future__ import annotations

from typing import Any

import pytest
from support.logged import capture_logs
from support.smtp import KNOWN, PEER, FakeStore, Peer, reception

from bridge import log
from bridge.errors import SpoolFullError

pytestmark = pytest.mark.anyio


async def events(
    *, to: str = KNOWN, content: bytes = b"Subject: secret\r\n", **changes: Any
) -> list[dict[str, Any]]:
    peer = await Peer.connect(reception(**changes))
    with capture_logs() as seen:
        await peer.mail(content, to)
    return [dict(event) for event in seen]


async def test_an_accepted_mail_is_one_line() -> None:
    """Pitfall 17: aiosmtpd wrote twelve lines, with addresses."""
    assert await events() == [
        {
            "event": "accepted",
            "id": "m1",
            "listener": "mx",
            "peer": PEER,
            "size_bytes": 17,
            "recipients": 1,
            "routes": "example.org",
            "tls": "no",
            "login": None,
            "log_level": "info",
        }
    ]


async def test_a_refused_recipient_is_one_line_without_its_address() -> None:
    (event,) = await events(to="nobody@example.org")
    assert (event["event"], event["reply"], event["peer"]) == ("refused", "550 5.1.1", PEER)
    assert "nobody" not in str(event)


async def test_refused_content_is_one_line() -> None:
    (event,) = await events(settings={"size_limit_bytes": 5})
    assert (event["event"], event["reply"]) == ("refused", "552 5.3.4")


async def test_why_there_is_no_room_is_told_to_the_operator_alone() -> None:
    peer_hears = await (
        await Peer.connect(reception(store=FakeStore(no_room=SpoolFullError("/spool: 3 bytes free"))))
    ).say("MAIL FROM:<a@example.net>")
    assert "3 bytes" not in peer_hears
    event = (await events(store=FakeStore(no_room=SpoolFullError("/spool: 3 bytes free"))))[0]
    assert (event["reply"], event["because"]) == ("452 4.3.1", "/spool: 3 bytes free")


async def test_trouble_is_told_to_the_operator_alone() -> None:
    (event,) = await events(store=FakeStore(fails=RuntimeError("the cause")))
    assert (event["log_level"], event["reply"], event["id"]) == ("error", "451 4.3.0", "m1")
    assert "the cause" in event["why"]


async def test_addresses_are_logged_where_the_config_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_personal_data", True)
    (event,) = await events()
    assert (event["reverse_path"], event["to"]) == ("anna@example.net", KNOWN)
    (event,) = await events(to="nobody@example.org")
    assert event["recipient"] == "nobody@example.org"
