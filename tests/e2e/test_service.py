"""The daemon as its unit runs it: confined, with a token by credential, a port by socket, and systemd told how it is."""

from __future__ import annotations

import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import tools
from support.process import LEASHED

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "systemd" / "reamaze-bridge.service"
CONFINED = (sys.executable, str(ROOT / "tests" / "support" / "confined.py"), str(SERVICE))

CONFIG = """\
hostname: bridge.example.com
smtp: {listeners: [{name: port, listen: systemd:smtp}]}
spool: {folder: spool, min_free_bytes: 0}
routes:
  - {name: support, recipients: [support@example.com], brand: acme, channel: support}
staging: {serve: {listen: "127.0.0.1:0", public_url: "http://127.0.0.1:1"}}
reamaze:
  brands:
    acme: {base_url: "http://127.0.0.1:1/api/v1", user: bridge@example.com, token: {credential: reamaze-token}}
operate: {listen: null}
"""

#: What systemd does there: the socket becomes descriptor 3, and the process learns its own number.
BETWEEN_FORK_AND_EXEC = """
import os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
os.dup2(int(sys.argv[1]), 3)
os.execv(sys.argv[2], sys.argv[2:])
"""

REFUSED = """
import mmap, os
for what in (
    lambda: os.chroot("/"),
    lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
):
    try:
        what()
    except PermissionError:
        print("refused")
"""


@pytest.fixture(autouse=True)
def systemd() -> None:
    tools.need("systemd-analyze")


def test_the_confinement_of_these_tests_confines() -> None:
    done = subprocess.run(
        [*CONFINED, sys.executable, "-c", REFUSED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("refused\nrefused\n", "")


def test_six_mails_find_their_way_within_the_limits_of_the_unit() -> None:
    done = subprocess.run(
        [*CONFINED, sys.executable, "-m", "bridge", "demo", "--once"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def notified(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(0.1)
        yield sock


@pytest.fixture
def port() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def daemon(tmp_path: Path, notified: socket.socket, port: socket.socket) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "reamaze-token").write_text("sandbox\n")
    environ = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")} | {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "1000000",
        "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"),
        "LISTEN_FDS": "1",
        "LISTEN_FDNAMES": "smtp",
    }
    command = [*CONFINED, sys.executable, "-m", "bridge", "run", "-c", str(tmp_path / "config.yaml")]
    process = subprocess.Popen(
        [*LEASHED, sys.executable, "-c", BETWEEN_FORK_AND_EXEC, str(port.fileno()), *command],
        env=environ,
        pass_fds=[port.fileno()],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def heard(state: str, daemon: subprocess.Popen[str], notified: socket.socket) -> None:
    """Return when systemd hears that state; fails with the daemon's log if it ends instead."""
    for _ in range(300):
        try:
            if state in notified.recv(4096).decode().splitlines():
                return
        except TimeoutError:
            if daemon.poll() is not None:
                break
    daemon.kill()
    pytest.fail(f"systemd never heard {state}: {daemon.communicate()[1]}")


def test_the_service_is_ready_takes_mail_is_watched_and_stops(
    daemon: subprocess.Popen[str], notified: socket.socket, port: socket.socket
) -> None:
    heard("READY=1", daemon, notified)
    with smtplib.SMTP(*port.getsockname(), timeout=30) as client:
        client.ehlo("mx.example.net")
        answers = client.sendmail("anna@example.net", ["support@example.com"], b"Subject: x\r\n\r\ny\r\n")
    assert answers == {}
    heard("WATCHDOG=1", daemon, notified)
    daemon.send_signal(signal.SIGTERM)
    heard("STOPPING=1", daemon, notified)
    _, log = daemon.communicate(timeout=60)
    assert daemon.returncode == 0, log
    assert re.search(r"^event=accepted ", log, re.MULTILINE), log
    assert "sandbox" not in log


def test_a_bad_config_ends_with_the_status_that_the_unit_does_not_start_again(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("hostnam: x\n")
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "run", "-c", str(tmp_path / "config.yaml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert f"RestartPreventExitStatus={done.returncode}\n" in SERVICE.read_text()
    assert "hostnam: unknown key; did you mean `hostname`?" in done.stderr
