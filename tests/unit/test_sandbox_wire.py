"""The faults: what a peer sees, and what was applied nonetheless."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from support.simulator import InProcess, client, on_port

from bridge.sandbox import Behaviour, Sandbox
from bridge.sandbox.faults import Faults, parse

pytestmark = pytest.mark.anyio

USER = {"name": "Mira Vogel", "email": "mira@customer.example"}
NEW = {
    "conversation": {
        "subject": "Broken kettle",
        "category": "support",
        "message": {"body": "It leaks.", "origin_id": "k1"},
        "user": USER,
    }
}

#: Spec, the error a client sees (None for an answer), and whether the call was applied.
FAULTS = [
    ("reset-before", httpx.ReadError, False),
    ("reset-after", httpx.ReadError, True),
    ("timeout-before", httpx.ReadTimeout, False),
    ("timeout-after", httpx.ReadTimeout, True),
    ("cut", httpx.RemoteProtocolError, True),
    ("truncated", None, True),
    ("empty", None, True),
    ("slow:0", None, True),
    ("503", None, False),
    ("503-after", None, True),
    ("html-502", None, False),
    ("2xx-errors", None, False),
    ("2xx-errors-after", None, True),
    ("ok", None, True),
]


@pytest.mark.parametrize(("spec", "error", "applied"), FAULTS)
async def test_a_fault_in_process_is_the_error_of_the_library(
    spec: str, error: type[Exception] | None, applied: bool
) -> None:
    sandbox = Sandbox()
    sandbox.faults.script(spec)
    async with client(transport=InProcess(sandbox)) as http:
        if error is None:
            await http.post("conversations", json=NEW)
        else:
            with pytest.raises(error):
                await http.post("conversations", json=NEW)
    assert len(sandbox.posted) == int(applied)
    await sandbox.close()


@pytest.mark.parametrize(("spec", "error", "applied"), FAULTS)
async def test_a_fault_on_a_port_is_the_network_s_own(
    spec: str, error: type[Exception] | None, applied: bool
) -> None:
    async with on_port() as simulator, client(base_url=simulator.base_url) as http:
        simulator.sandbox.faults.script(spec)
        if error is None:
            await http.post("conversations", json=NEW)
        else:
            with pytest.raises(error):
                await http.post("conversations", json=NEW, timeout=0.2)
        assert len(simulator.sandbox.posted) == int(applied)
        assert simulator.sandbox.faults.left == 0


async def test_a_reset_is_an_rst() -> None:
    async with on_port() as simulator, client(base_url=simulator.base_url) as http:
        simulator.sandbox.faults.script("reset-after")
        with pytest.raises(httpx.ReadError) as caught:
            await http.post("conversations", json=NEW)
    cause: BaseException | None = caught.value
    while cause is not None and not isinstance(cause, ConnectionResetError):
        cause = cause.__cause__ or cause.__context__
    assert isinstance(cause, ConnectionResetError)


async def test_a_refused_connection_is_one_that_was_never_made() -> None:
    sandbox = Sandbox()
    sandbox.faults.script("refused")
    async with client(transport=InProcess(sandbox)) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("staff")


async def test_a_stopped_stand_in_refuses_until_it_is_started_again() -> None:
    async with on_port() as simulator, client(base_url=simulator.base_url) as http:
        await simulator.stop()
        with pytest.raises(httpx.ConnectError):
            await http.get("staff")
        await simulator.start()
        assert (await http.get("staff")).status_code == 200


async def test_the_answers_of_faults_look_like_those_of_a_real_front() -> None:
    sandbox = Sandbox()
    sandbox.faults.script("html-502", "429:7", "2xx-errors", "truncated")
    async with client(transport=InProcess(sandbox)) as http:
        gateway = await http.get("staff")
        assert (gateway.status_code, gateway.headers["content-type"]) == (502, "text/html")
        assert (await http.get("staff")).headers["retry-after"] == "7"
        assert "errors" in (await http.get("staff")).json()
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            (await http.get("staff")).json()


async def test_a_script_can_wait_for_one_kind_of_call() -> None:
    sandbox = Sandbox()
    sandbox.faults.script(503, on="POST")
    async with client(transport=InProcess(sandbox)) as http:
        assert (await http.get("staff")).status_code == 200
        assert (await http.post("conversations", json=NEW)).status_code == 503
        assert (await http.post("conversations", json=NEW)).status_code == 201


async def test_a_standing_fault_lasts_until_it_is_cleared() -> None:
    sandbox = Sandbox()
    sandbox.faults.always(503, on="/acme/")
    async with client(base_url="http://x/acme/api/v1", transport=InProcess(sandbox)) as http:
        assert [(await http.get("staff")).status_code for _ in range(2)] == [503, 503]
        assert (await http.get("http://x/other/api/v1/staff")).status_code == 200
        sandbox.faults.clear()
        assert (await http.get("staff")).status_code == 200


def test_chance_with_the_same_seed_meets_the_same_calls() -> None:
    runs = [[faults.next("GET /") for _ in range(400)] for faults in (Faults(0.2, 7), Faults(0.2, 7))]
    assert runs[0] == runs[1]
    met = [fault for fault in runs[0] if fault is not None]
    assert 40 < len(met) < 120
    assert {fault.kind for fault in met} >= {"reset", "timeout", "html", "truncated", "errors"}


@pytest.mark.parametrize("spec", ["", "reset-sideways", "999", "slow:soon", "refused-after", "html-"])
def test_a_word_that_is_no_fault_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"not a fault|makes no sense"):
        parse(spec)


async def test_every_call_is_recorded_without_its_credentials() -> None:
    sandbox = Sandbox(Behaviour(token="t0p-secret"))
    sandbox.faults.script("ok", "reset-after")
    async with client(Behaviour(token="t0p-secret"), transport=InProcess(sandbox)) as http:
        await http.get("conversations", params={"for": "mira@customer.example"})
        with pytest.raises(httpx.ReadError):
            await http.post("conversations", json=NEW)
    listed, posted = sandbox.calls
    assert (listed.method, listed.path, listed.query) == (
        "GET",
        "/api/v1/conversations",
        "for=mira%40customer.example",
    )
    assert (listed.status, listed.fault) == (200, "")
    assert posted.request == NEW
    assert (posted.status, posted.fault) == (None, "reset-after")
    assert "t0p-secret" not in repr(sandbox.calls)


async def test_a_request_beyond_all_measure_is_answered_413() -> None:
    sandbox = Sandbox()
    async with client(transport=InProcess(sandbox)) as http:
        answer = await http.post("conversations", content=b" " * (17 * 1024 * 1024))
    assert answer.status_code == 413
    assert sandbox.posted == ()


async def test_closing_lets_go_of_a_call_that_hangs() -> None:
    sandbox = Sandbox()
    sandbox.faults.script("slow:3600")
    async with client(transport=InProcess(sandbox)) as http:
        answer = asyncio.create_task(http.get("staff"))
        async with asyncio.timeout(5):
            while not sandbox.calls or not sandbox.calls[0].fault:
                await asyncio.sleep(0)
            await sandbox.close()
            assert (await answer).status_code == 200


async def test_a_peer_that_leaves_within_its_request_has_posted_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with on_port() as simulator:
        reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        writer.write(b"POST /api/v1/conversations HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        await writer.drain()
        async with asyncio.timeout(5):
            while not simulator.sandbox.calls:
                await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
        assert await reader.read() == b""
    assert simulator.sandbox.calls[0].status is None
    assert simulator.sandbox.posted == ()
    assert caplog.messages == []
