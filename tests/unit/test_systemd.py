"""The units are right in systemd's own eyes, and tight, and the bridge works within them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import tools

from bridge.config import schema

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "systemd" / "reamaze-bridge.service"
SOCKET = ROOT / "systemd" / "reamaze-bridge.socket"

#: systemd's figure from 0 (nothing allowed) to 10; a unit without any sandboxing has 9.6.
MOST_EXPOSURE = 1.5


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = tools.need("systemd-analyze")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)


def setting(name: str, unit: Path = SERVICE) -> str:
    """The last value of a setting, as systemd takes it."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)[-1]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as they are installed, with a program that exists on this machine."""
    program = setting("ExecStart").split()[0]
    (tmp_path / SERVICE.name).write_text(SERVICE.read_text().replace(f"={program} ", "=/bin/true "))
    shutil.copy(SOCKET, tmp_path)
    return tmp_path


def test_systemd_finds_nothing_wrong_with_the_units(installed: Path) -> None:
    done = analyze("verify", installed / SERVICE.name, installed / SOCKET.name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_would_find_a_wrong_setting(installed: Path) -> None:
    unit = installed / SERVICE.name
    unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHouse=yes"))
    assert "ProtectHouse" in analyze("verify", unit, installed / SOCKET.name).stderr


def test_the_service_is_hardly_exposed() -> None:
    done = analyze("security", "--offline=true", SERVICE)
    found = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    print("exposure", found[1])
    assert float(found[1]) <= MOST_EXPOSURE


def test_a_bad_config_is_not_started_again_and_again() -> None:
    assert setting("RestartPreventExitStatus") == "78"
    assert setting("Restart") == "on-failure"


def test_the_service_waits_longer_for_a_stop_than_the_bridge_takes() -> None:
    assert int(setting("TimeoutStopSec")) > schema.Operate().stop_within_s + 10


def test_the_readme_of_the_service_names_what_the_units_bring() -> None:
    text = SERVICE.read_text()
    assert f"listen: systemd:{setting('FileDescriptorName', SOCKET)}" in text
    assert f"{{credential: {setting('LoadCredential').partition(':')[0]}}}" in text
    assert f"/var/lib/{setting('StateDirectory')}/spool" in text
    assert setting("ListenStream", SOCKET) == "25"


WORK = """
import asyncio, ctypes, mmap, multiprocessing, os, resource, ssl, sys
import httpx, lxml.html, markdownify, pebble, sqlalchemy, uvicorn, uvloop
from bridge.config import load

def convert(text):
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    return markdownify.markdownify(lxml.html.tostring(lxml.html.fromstring(text), encoding="unicode")).strip()

def refused(what):
    try:
        what()
    except PermissionError:
        return True

async def connect():
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b""
        writer.close()
    return await asyncio.to_thread(os.getpid) == os.getpid()

if __name__ == "__main__":
    database = sqlalchemy.create_engine(f"sqlite:///{sys.argv[1]}/spool.db")
    with database.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("CREATE TABLE mails (id INTEGER)")
    database.dispose()
    with pebble.ProcessPool(2, context=multiprocessing.get_context("forkserver")) as pool:
        assert pool.schedule(convert, args=["<p>a <b>word</b>"], timeout=30).result() == "a **word**"
    ssl.create_default_context()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(connect())
    assert refused(lambda: os.chroot("/"))
    assert refused(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC))
    print("worked")
"""


def test_all_that_the_bridge_is_made_of_works_within_the_units_limits(tmp_path: Path) -> None:
    tools.need("systemd-analyze")
    script = tmp_path / "work.py"
    script.write_text(WORK)
    confined = ROOT / "tests" / "support" / "confined.py"
    done = subprocess.run(
        [sys.executable, confined, SERVICE, sys.executable, script, tmp_path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "worked\n"), done.stderr
