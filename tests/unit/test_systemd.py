"""The units are right in systemd's own eyes, and tight, and the bridge works within them."""

from __future__ import annotations

import re
import shutil
import subprocess
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


def test_a_bad_config_is_looked_at_seldom_though_a_peer_waits_at_the_socket() -> None:
    """The socket starts the service for whoever waits there, and asks neither Restart nor RestartSec."""
    shell = re.fullmatch(r"/bin/sh -c '(.*)'", setting("ExecStopPost"))
    assert shell
    for status, rests in (("78", True), ("0", False), ("1", False), ("", False)):
        said = subprocess.run(
            ["/bin/sh", "-c", f"sleep() {{ echo rests $1; }}; {shell[1]}"],
            env={"EXIT_STATUS": status},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert said.stdout == f"rests {setting('RestartSec')}\n" * rests


def test_the_service_waits_longer_for_a_stop_than_the_bridge_takes() -> None:
    assert int(setting("TimeoutStopSec")) > schema.Operate().stop_within_s + 10


def test_the_readme_of_the_service_names_what_the_units_bring() -> None:
    text = SERVICE.read_text()
    assert f"listen: systemd:{setting('FileDescriptorName', SOCKET)}" in text
    assert f"{{credential: {setting('LoadCredential').partition(':')[0]}}}" in text
    assert f"/var/lib/{setting('StateDirectory')}/spool" in text
    assert setting("ListenStream", SOCKET) == "25"
