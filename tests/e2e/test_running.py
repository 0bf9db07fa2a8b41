"""The daemon as a process: what it says while it runs and afterwards, what stops it from starting, and how it ends."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from support import ports, rig, simulator
from support.command import Done, call
from support.process import LEASHED, Process
from support.spools import settings as spool_settings

from bridge import web
from bridge.clock import SystemClock
from bridge.sandbox import Behaviour
from bridge.sandbox.wire import Call
from bridge.spool import Spool

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
TOKEN = "Zt0k3nZ-9f8e7d6c"
USER = "bridge@example.com"
#: Every form in which the token could be seen.
SECRETS = (
    TOKEN,
    base64.b64encode(f"{USER}:{TOKEN}".encode()).decode(),
    base64.b64encode(TOKEN.encode()).decode(),
)
WITHIN_S = 30.0
Change = Callable[[dict[str, Any]], None]


class World:
    """A daemon, the stand-in it posts to, and the commands beside them."""

    def __init__(self, folder: Path, stand_in: simulator.Simulator, data: dict[str, Any]) -> None:
        self.sandbox = stand_in.sandbox
        self.config = folder / "config.yaml"
        self.operate = f"http://{data['operate']['listen']}"
        self.daemon = Process(folder, data)

    async def call(self, *arguments: str, stdin: bytes = b"") -> Done:
        """A command on this config, in a thread: the stand-in lives in this loop."""
        command, *rest = arguments
        words = [command] if command != "queue" else [command, rest.pop(0)]
        return await asyncio.to_thread(lambda: call(*words, "-c", self.config, *rest, stdin=stdin))

    async def send(self, mail: EmailMessage | bytes, to: str = "support@example.com") -> str:
        content = mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP)
        return await asyncio.to_thread(self._send, content, to)

    def _send(self, content: bytes, to: str) -> str:
        with smtplib.SMTP("127.0.0.1", self.daemon.smtp_port, timeout=30) as client:
            client.ehlo("client.example")
            client.mail("ann@customer.example")
            client.rcpt(to)
            code, answer = client.data(content)
        assert code == 250, answer
        return answer.decode().rsplit(" ", 1)[-1]

    async def until(self, reached: Callable[[str], bool], *arguments: str) -> Done:
        """What the command said once it said the right thing."""
        end = time.monotonic() + WITHIN_S
        while True:
            done = await self.call(*arguments)
            if reached(done.text):
                return done
            assert time.monotonic() < end, done.said + self.daemon.log.read_text()
            await asyncio.sleep(0.1)

    async def delivered(self, mail_id: str) -> None:
        await self.until(lambda text: f"{mail_id}  delivered" in text, "trace", mail_id)

    async def stop(self) -> int:
        return await asyncio.to_thread(self.daemon.stop)


@contextlib.asynccontextmanager
async def world(
    folder: Path, change: Change | None = None, *, started: bool = True, behaviour: Behaviour | None = None
) -> AsyncIterator[World]:
    async with simulator.on_port(behaviour or Behaviour(token=TOKEN, user=USER)) as stand_in:
        data = settings(folder, stand_in.base_url)
        if change is not None:
            change(data)
        found = World(folder, stand_in, data)
        try:
            if started:
                assert await found.daemon.start(), found.daemon.log.read_text()
            yield found
        finally:
            found.daemon.kill()


def settings(folder: Path, base_url: str) -> dict[str, Any]:
    data = rig.settings(folder, base_url)
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    data["smtp"]["listeners"][0]["listen"] = f"127.0.0.1:{ports.free()}"
    data["operate"] = {"listen": f"127.0.0.1:{ports.free()}", "stop_within_s": 4}
    return data


def a_mail(number: int = 1, *, files: int = 0, html: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ann Lee <ann@customer.example>", "support@example.com"
    mail["Subject"], mail["Message-ID"] = f"Broken lamp {number}", f"<{number}@customer.example>"
    mail.set_content(f"Lamp {number} is *dark*.\n")
    if html:
        mail.add_alternative(html, subtype="html")
    for each in range(files):
        content = bytes((number + each) % 256 for number in range(500))
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"bill {each}.pdf")
    return mail


# -- beside a daemon -------------------------------------------------------------------------------


async def test_the_life_of_a_mail_is_told_while_the_daemon_runs_and_afterwards(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        mail_id = await there.send(a_mail(files=1))
        await there.delivered(mail_id)
        running = await there.call("status")
        assert running.status == 0, running.said
        assert f"answers at {there.operate.removeprefix('http://')}" in running.text
        assert re.search(r"^delivered +1 in all$", running.text, re.MULTILINE)
        async with httpx.AsyncClient(base_url=there.operate) as http:
            assert (await http.get("/health")).json()["status"] == "ok"
            assert 'reamaze_bridge_account_total{what="delivered"} 1.0' in (await http.get("/metrics")).text
            assert "All is well" in (await http.get("/")).text
        # The stand-in fetches the file when it has answered.
        told = (await there.until(lambda text: " fetched" in text, "trace", mail_id)).text
        assert (await there.call("trace", "<1@customer.example>")).text == told
        assert (await there.call("trace", "1@customer.example")).text == told
        for line in (
            r"accepted from 127\.0\.0\.1 \(client\.example\) by main, [\d,]+ bytes",
            r"sorted: nothing it names is known: a new conversation",
            r"claimed",
            r"step stage 0: url http://\S+, .*expires at \S+.* \(\d+ ms\) \[\w{32}\]",
            r"step post: slug broken-lamp-1, created at \S+, said \w+ \(\d+ ms\) \[\w{32}\]",
            r"delivered",
        ):
            assert re.search(
                rf"^  \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{3}}  {line}",
                told,
                re.MULTILINE,
            ), (line, told)
        compared = await there.call("replay")
        assert (compared.status, compared.text) == (0, "1 mail compared, 0 would differ.\n")
        assert await there.stop() == 0
        stopped = await there.call("status")
        assert stopped.status == 1
        assert "trouble      the daemon does not run" in stopped.text
        assert (await there.call("trace", mail_id)).text == told


# -- secrets ---------------------------------------------------------------------------------------


async def test_the_token_is_seen_nowhere_whatever_is_asked(tmp_path: Path) -> None:
    seen: list[str] = []

    async def ask(there: World, *arguments: str, stdin: bytes = b"") -> None:
        seen.append((await there.call(*arguments, stdin=stdin)).said)

    def more_talk(data: dict[str, Any]) -> None:
        data["log"] = {"level": "debug", "personal_data": True}

    async with world(tmp_path, more_talk) as there, httpx.AsyncClient(base_url=there.operate) as http:
        good = await there.send(a_mail(1, files=2))
        await there.delivered(good)
        # From now on Re:amaze refuses the token, and says which.
        there.sandbox.behaviour = Behaviour(token="another", user=USER)
        there.sandbox.faults.script("401", "403")
        bad = await there.send(a_mail(2))
        await there.until(lambda text: "is paused" in text, "status")
        (tmp_path / "mail.eml").write_bytes(a_mail(3, files=1).as_bytes(policy=SMTP))
        for mail_id in (good, bad):
            for command in (["trace"], ["queue", "show"], ["queue", "export"]):
                await ask(there, *command, mail_id)
        for command in (["status"], ["check"], ["check", "--online"], ["queue", "list"], ["replay"]):
            await ask(there, *command)
        await ask(there, "explain", str(tmp_path / "mail.eml"))
        await ask(there, "explain", str(tmp_path / "mail.eml"), "--json")
        await ask(there, "queue", "drop", bad, stdin=b"n\n")
        seen += [(await http.get(path)).text for path in ("/", "/health", "/metrics")]
        assert await there.stop() == 0
        seen.append(there.daemon.log.read_text())
    assert any("403" in text for text in seen)
    assert all(len(text) > 10 for text in seen)
    for secret in SECRETS:
        assert [text for text in seen if secret in text] == []


# -- explain ---------------------------------------------------------------------------------------


def posted(calls: tuple[Call, ...]) -> list[dict[str, Any]]:
    return [
        {"method": call.method, "path": call.path.removeprefix("/api/v1"), "json": call.request}
        for call in calls
        if call.method == "POST"
    ]


def alike(requests: list[dict[str, Any]]) -> str:
    """The requests without what is new each time: keys, ids, signed links, and what Re:amaze calls the conversation."""
    text = json.dumps(requests, indent=1, sort_keys=True)
    text = re.sub(r"http://127\.0\.0\.1:\d+/f/[^/\"]+/", "http://FILES/", text)
    text = re.sub(r'"(origin_id|bridge_key)": "\w{32}"', r'"\1": "KEY"', text)
    text = re.sub(r"mail \w{13}", "mail ID", text)
    return re.sub(r"/conversations/[\w-]+/messages", "/conversations/SLUG/messages", text)


MAILS = {
    "a plain one": a_mail(),
    "one with three files": a_mail(files=3),
    "one of HTML": a_mail(
        html="<p>Dear <b>all</b>,</p><ul><li>one</li><li>two <a href='javascript:x'>no</a></li></ul>"
    ),
    "one nobody signed": b"Subject: no author\r\n\r\nHello #1\r\n",
    "an out-of-office": b"From: a@b.example\r\nAuto-Submitted: auto-replied\r\nSubject: away\r\n\r\nI am away.\r\n",
    "garbage": b"\x00\xff\xfe no header at all\r\n" + bytes(range(128, 256)) + b"\r\n",
}


async def test_explain_prints_exactly_the_requests_the_daemon_then_makes(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        for name, mail in MAILS.items():
            file = tmp_path / "mail.eml"
            file.write_bytes(mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP))
            before = len(there.sandbox.calls)
            said = await there.call("explain", str(file), "--json", "--reverse-path", "ann@customer.example")
            assert len(there.sandbox.calls) == before, "explaining asks nobody"
            await there.delivered(await there.send(mail))
            made = posted(there.sandbox.calls[before:])
            assert alike(json.loads(said.text)) == alike(made), name


async def test_explain_knows_the_conversations_of_the_spool(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        await there.delivered(await there.send(a_mail()))
        reply = a_mail(2)
        reply["In-Reply-To"] = "<1@customer.example>"
        (tmp_path / "mail.eml").write_bytes(reply.as_bytes(policy=SMTP))
        said = await there.call("explain", str(tmp_path / "mail.eml"), "--json")
        await there.delivered(await there.send(reply))
        (request,) = json.loads(said.text)
        (made,) = posted(there.sandbox.calls)[1:]
        assert request["path"] == made["path"] == "/conversations/broken-lamp-1/messages"
        told = (await there.call("explain", str(tmp_path / "mail.eml"))).text
        assert "conversation  broken-lamp-1: In-Reply-To" in told


# -- what stops it from starting -------------------------------------------------------------------


def refused(folder: Path, change: Change) -> Done:
    data = settings(folder, "http://127.0.0.1:1/api/v1")
    change(data)
    (folder / "config.yaml").write_text(json.dumps(data, default=str))
    return call("run", "-c", folder / "config.yaml")


def one_line(done: Done, status: int, pattern: str) -> None:
    assert done.status == status, done.said
    assert re.search(pattern, done.err), done.err
    events = [line for line in done.err.splitlines() if not line.startswith("event=")]
    assert len(events) == 1, done.err
    assert "Traceback" not in done.err
    assert not any(secret in done.said for secret in SECRETS)


#: Who listens, how the config says where, and how the mistake names it.
LISTENS: list[tuple[str, Callable[[dict[str, Any], str], None], str]] = [
    (
        "smtp",
        lambda data, listen: data["smtp"]["listeners"][0].update(listen=listen),
        r"listener main: cannot listen on {listen}: Address",
    ),
    (
        "staging",
        lambda data, listen: data["staging"]["serve"].update(listen=listen),
        r"cannot listen on {listen} \(`staging\.serve\.listen`\): Address",
    ),
    (
        "operate",
        lambda data, listen: data["operate"].update(listen=listen),
        r"cannot listen on {listen} \(`operate\.listen`\): Address",
    ),
]


@pytest.mark.parametrize(
    ("use", "said"), [entry[1:] for entry in LISTENS], ids=[entry[0] for entry in LISTENS]
)
def test_a_port_in_use_is_named_with_its_place_in_the_config(
    tmp_path: Path, use: Callable[[dict[str, Any], str], None], said: str
) -> None:
    with web.bind("127.0.0.1:0") as taken:
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        done = refused(tmp_path, lambda data: use(data, listen))
    one_line(done, 1, said.format(listen=listen) + r" already in use.*`ss -ltnp`")


def test_a_file_in_the_place_of_the_spool_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    one_line(
        refused(tmp_path, lambda _: None),
        1,
        r"spool .*/spool: a file stands where a folder should be; .*`spool\.folder`",
    )
    done = refused(tmp_path, lambda data: data["spool"].update(folder=tmp_path / "spool" / "deeper"))
    one_line(done, 1, "a file stands where a folder should be")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_spool_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir(mode=0o500)
    one_line(refused(tmp_path, lambda _: None), 1, "must be able to write there")


def test_a_spool_where_nothing_can_be_made_is_named(tmp_path: Path) -> None:
    done = refused(tmp_path, lambda data: data["spool"].update(folder="/proc/spool"))
    one_line(done, 1, "spool /proc/spool: ")


def test_a_second_daemon_on_the_same_spool_is_refused(tmp_path: Path) -> None:
    first = Spool.open(spool_settings(tmp_path / "spool"), clock=SystemClock())
    try:
        one_line(
            refused(tmp_path, lambda _: None),
            1,
            "another bridge runs on it; stop that one, or give this one a folder",
        )
    finally:
        first.close()


@pytest.mark.parametrize("trouble", ["missing", "of another", "locked", "no key"])
def test_a_certificate_that_cannot_be_used_is_named_with_its_fix(tmp_path: Path, trouble: str) -> None:
    authority = trustme.CA()
    issued, other = authority.issue_cert("bridge.example.com"), authority.issue_cert("other.example.com")
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    match trouble:
        case "of another":
            other.private_key_pem.write_to_path(key)
        case "locked":
            plain = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
            locked = plain.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"secret"),
            )
            key.write_bytes(locked)
        case "no key":
            key.write_text("what is this?")
    said = {
        "missing": "No such file",
        "of another": "the key does not belong to the certificate",
        "locked": "a file is not in PEM, or the key has a passphrase",
        "no key": "a file is not in PEM, or the key has a passphrase",
    }
    tls = {"certificate": certificate, "key": key}
    done = refused(tmp_path, lambda data: data["smtp"]["listeners"][0].update(tls=tls))
    one_line(done, 1, rf"cannot use the certificate of listener main: {said[trouble]}.*`tls\.key`")


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ({"env": "REAMAZE_TOKEN_OF_NOBODY"}, "the environment variable REAMAZE_TOKEN_OF_NOBODY is not set"),
        ({"file": "/nowhere/token"}, "cannot read /nowhere/token: No such file or directory"),
        ({"credential": "reamaze-token"}, "no credentials are here"),
    ],
    ids=["env", "file", "credential"],
)
def test_a_missing_token_is_a_wrong_config(
    tmp_path: Path, token: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    done = refused(tmp_path, lambda data: data["reamaze"]["brands"]["acme"].update(token=token))
    one_line(done, 78, rf"config\.yaml:1:\d+: reamaze\.brands\.acme\.token: {said}")
    assert not (tmp_path / "spool").exists(), "nothing is started"


def test_a_brand_that_does_not_exist_is_a_wrong_config(tmp_path: Path) -> None:
    done = refused(tmp_path, lambda data: data["routes"][0].update(brand="acne"))
    one_line(done, 78, r'routes\[0\]\.brand: no brand "acne" .*; did you mean "acme"\?')
    assert not (tmp_path / "spool").exists()


async def test_an_address_that_cannot_be_resolved_stops_nothing(tmp_path: Path) -> None:
    def nowhere(data: dict[str, Any]) -> None:
        data["reamaze"]["brands"]["acme"]["base_url"] = "https://acme.reamaze.invalid/api/v1"

    async with world(tmp_path, nowhere) as there:
        mail_id = await there.send(a_mail())
        done = await there.until(lambda text: "is paused" in text, "status")
        assert done.status == 1
        assert re.search(r'trouble +brand "acme" is paused: no connection: ', done.text)
        assert re.search(r"^waiting +1, the oldest for", done.text, re.MULTILINE)
        assert f"{mail_id}  ready: no connection" in (await there.call("trace", mail_id)).text
        assert await there.stop() == 0


# -- how it ends -----------------------------------------------------------------------------------


async def test_a_stop_in_the_middle_of_deliveries_is_clean_and_the_rest_follows(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        there.sandbox.faults.script(*["slow:60"] * 4)
        sent = [await there.send(a_mail(number)) for number in range(8)]
        await there.until(lambda text: re.search(r"^  busy +4$", text, re.MULTILINE) is not None, "status")
        began = time.monotonic()
        assert await there.stop() == 0
        assert time.monotonic() - began < 30, "it waited for calls that take a minute"
        assert (await there.call("queue", "list")).text.count("support") == 8
        there.sandbox.faults.clear()
        assert await there.daemon.start()
        for mail_id in sent:
            await there.delivered(mail_id)
        assert there.sandbox.doubles() == ()
        bodies = sorted(message.body for message in there.sandbox.posted)
        assert bodies == [f"Lamp {number} is \\*dark\\*." for number in range(8)]


async def test_a_hang_up_stops_nothing_and_an_interrupt_stops_cleanly(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        os.kill(there.daemon.pid, signal.SIGHUP)
        mail = a_mail().as_bytes(policy=SMTP)
        done = await there.call("pipe", "--recipient", "support@example.com", stdin=mail)
        await there.delivered(done.err.split()[-1])
        assert "event=reload-ignored" in there.daemon.log.read_text()
        os.kill(there.daemon.pid, signal.SIGINT)
        for _ in range(600):
            if not there.daemon.alive:
                break
            await asyncio.sleep(0.05)
        assert there.daemon.status == 0
        log = there.daemon.log.read_text()
        assert log.rstrip().splitlines()[-1].startswith("event=stopped ")
        assert "Traceback" not in log


# -- trying ----------------------------------------------------------------------------------------


def test_the_demo_shows_six_mails_also_where_its_ports_are_taken() -> None:
    with contextlib.ExitStack() as stack:
        for number in (2525, 8027):
            with contextlib.suppress(OSError):  # another program was first: that will do
                stack.enter_context(socket.create_server(("127.0.0.1", number)))
        done = subprocess.run(
            [sys.executable, "-m", "bridge", "demo", "--once"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("delivered") == 6
    assert done.stdout.count("byte-identical") == 3
    assert "127.0.0.1:2525" not in done.stdout
    assert "All six are as they should be." in done.stdout


def test_the_sandbox_runs_alone_until_it_is_told_to_stop() -> None:
    process = subprocess.Popen(
        [
            *LEASHED,
            sys.executable,
            "-m",
            "bridge",
            "sandbox",
            "--listen",
            "127.0.0.1:0",
            "--token",
            "mine",
            "--create-status",
            "200",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        address = re.search(r"http://\S+/api/v1", process.stdout.readline())
        assert address
        answer = httpx.get(
            f"{address[0]}/channels", auth=(USER, "mine"), headers={"accept": "application/json"}
        )
        assert answer.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()
