"""systemd is told the state of the service, and silence is harmless."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import notify


@pytest.fixture
def systemd() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        yield sock


def test_a_state_arrives_at_a_path(systemd: socket.socket, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    systemd.bind(address)
    assert notify.send("READY=1", "STATUS=taking mail", environ={"NOTIFY_SOCKET": address})
    assert systemd.recv(1024) == b"READY=1\nSTATUS=taking mail"


def test_a_state_arrives_at_an_abstract_name(systemd: socket.socket) -> None:
    name = f"reamaze-bridge-test-{os.getpid()}"
    systemd.bind("\0" + name)
    assert notify.send("STOPPING=1", environ={"NOTIFY_SOCKET": "@" + name})
    assert systemd.recv(1024) == b"STOPPING=1"


def test_a_status_stays_one_line(systemd: socket.socket, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    systemd.bind(address)
    notify.send("STATUS=two\nREADY=1", environ={"NOTIFY_SOCKET": address})
    assert systemd.recv(1024) == b"STATUS=two READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_systemd_nothing_is_sent(environ: dict[str, str]) -> None:
    assert not notify.send("READY=1", environ=environ)


def test_a_watcher_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    assert not notify.send("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})


def test_a_watcher_that_does_not_read_never_blocks_the_daemon(systemd: socket.socket, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    systemd.bind(address)
    environ = {"NOTIFY_SOCKET": address}
    assert not all(notify.send("WATCHDOG=1", environ=environ) for _ in range(5_000))


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_answered_at_half_its_time(environ: dict[str, str], interval_s: float | None) -> None:
    assert notify.watchdog_interval_s(environ) == interval_s
