"""Mail from programs that are not ours: swaks, and a real Postfix that forwards to the bridge.

Postfix runs from a folder of its own, on ports of its own, and ends when the test does, however that ends; the system's, if there
is one, is not touched. It needs root and the package's users, as Postfix always does.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import smtplib
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from support import ports, rig, tools
from support.process import LEASHED

pytestmark = pytest.mark.anyio

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relay_domains = example.com
transport_maps = inline:{{ support@example.com=smtp:[127.0.0.1]:{bridge} }}
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
"""

MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""


async def test_swaks_with_a_file_and_starttls_refused_politely(tmp_path: Path) -> None:
    swaks = tools.need("swaks")
    (tmp_path / "readings.csv").write_bytes(b"day;kWh\r\n1;12\r\n")
    async with rig.running(tmp_path) as bridge:
        command = [swaks, "--server", f"127.0.0.1:{bridge.port}", "--to", "support@example.com"]
        command += [
            "--from",
            "ann@customer.example",
            "--h-Subject",
            "From swaks",
            "--body",
            "Hello from swaks.",
        ]
        command += ["--attach", f"@{tmp_path / 'readings.csv'}", "--tls-optional"]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "250 2.0.0" in done.stdout
        await bridge.settled()
        (message,) = bridge.only_conversation()
        assert "Hello from swaks." in message.body
        assert [file.content for file in message.files] == [b"day;kWh\r\n1;12\r\n"]


async def test_swaks_logs_in_and_by_that_proves_staff(tmp_path: Path) -> None:
    swaks = tools.need("swaks")
    tools.need_perl("Net::SSLeay", "libnet-ssleay-perl")
    (tmp_path / "password").write_text("s3cret paper\n")
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")

    def with_logins(data: dict[str, Any]) -> None:
        (listener,) = data["smtp"]["listeners"]
        listener["tls"] = {"certificate": tmp_path / "cert.pem", "key": tmp_path / "key.pem"}
        listener["logins"] = [{"user": "anna", "password": {"file": tmp_path / "password"}}]
        listener["require_login"] = True
        data["sender"] = {"staff": ["@example.com"], "staff_logins": {"anna": ["anna@example.com"]}}

    async with rig.running(tmp_path, change=with_logins) as bridge:
        command = [swaks, "--server", f"127.0.0.1:{bridge.port}", "--to", "support@example.com", "--tls"]
        command += ["--from", "anna@example.com", "--h-Subject", "From staff", "--body", "Hello from Anna."]
        command += ["--auth-user", "anna", "--auth-password"]
        for password, status in (("guessed", 28), ("s3cret paper", 0)):
            done = await asyncio.to_thread(
                subprocess.run, [*command, password], capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == status, done.stdout + done.stderr
        await bridge.settled()
        (message,) = bridge.only_conversation()
        assert message.body == "Hello from Anna."
        assert message.user.email == "anna@example.com"


async def test_postfix_forwards_to_the_bridge(tmp_path: Path) -> None:
    tools.need("postfix")
    async with rig.running(tmp_path) as bridge, postfix(bridge.port) as port:
        for number in range(5):
            await asyncio.to_thread(_submit, port, number)
        await bridge.until(lambda: len(bridge.sandbox.conversations) == 5)
        await bridge.settled()
        assert sorted(bridge.said()) == [
            f"Mail {number} through Postfix: Grüße, 日本." for number in range(5)
        ]


def _submit(port: int, number: int) -> None:
    content = (
        f"From: Ann <ann{number}@customer.example>\r\nTo: support@example.com\r\nSubject: Postfix {number}\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"Mail {number} through Postfix: Grüße, 日本.\r\n"
    ).encode()
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail(f"ann{number}@customer.example", ["support@example.com"], content, ["BODY=8BITMIME"])


@asynccontextmanager
async def postfix(bridge: int) -> AsyncIterator[int]:
    """A Postfix of our own; its SMTP port."""
    if os.geteuid() != 0:
        pytest.skip("Postfix must be started by root")
    # Postfix wants a path every one of its users may walk, which pytest's folders are not.
    folder = Path("/var/tmp") / f"bridge-postfix-{os.getpid()}"
    port = ports.free()
    try:
        for name in ("config", "queue", "data"):
            (folder / name).mkdir(parents=True)
        user = pwd.getpwnam("postfix")
        os.chown(folder / "data", user.pw_uid, user.pw_gid)
        (folder / "config/main.cf").write_text(MAIN_CF.format(folder=folder, bridge=bridge))
        (folder / "config/master.cf").write_text(MASTER_CF.format(port=port))
        config = ("-c", str(folder / "config"))
        await _said(tools.need("postfix"), *config, "check")
        programs = await _said(tools.need("postconf"), *config, "-h", "daemon_directory")
        # In a process group of its own, which it ends as a whole.
        with (folder / "said").open("wb") as sink:
            master = subprocess.Popen(
                [*LEASHED, f"{programs.strip()}/master", "-s", *config],
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        try:
            await _answers(port, folder / "log")
            yield port
        finally:
            master.terminate()
            await asyncio.to_thread(master.wait, 60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _said(*command: str) -> str:
    done = await asyncio.to_thread(
        subprocess.run, command, check=True, capture_output=True, text=True, timeout=60
    )
    return str(done.stdout)


async def _answers(port: int, log: Path) -> None:
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return
    except TimeoutError:
        raise RuntimeError(f"Postfix does not answer: {log.read_text()}") from None
