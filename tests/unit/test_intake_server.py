"""The intake on real sockets: listeners of every kind, TLS, starting, stopping, memory. On asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvloop
from support.smtp import HOSTNAME, KNOWN, FakeStore, listener, routes, smtp, wants

from bridge.clock import SystemClock
from bridge.config.schema import Listener, Tls
from bridge.errors import StartError
from bridge.intake import Intake, listeners
from bridge.intake.tls import Certificate

pytestmark = pytest.mark.anyio
#: What ends by itself has ended by then, however busy the machine is; what does not, would not have for minutes.
WITHIN_S = 20.0


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Pitfall 31: the daemon runs on uvloop; whatever leans on the loop is shown on both."""
    return "asyncio", {"loop_factory": uvloop.new_event_loop} if request.param == "uvloop" else {}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA, tmp_path: Path) -> Tls:
    return write_certificate(authority, tmp_path)


def write_certificate(authority: trustme.CA, folder: Path) -> Tls:
    certificate = authority.issue_cert(HOSTNAME)
    chain, key = folder / "cert.pem", folder / "key.pem"
    certificate.private_key_pem.write_to_path(key)
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    return Tls(certificate=chain, key=key)


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def made(
    *some: Listener, store: FakeStore | None = None, environ: dict[str, str] | None = None, **settings: Any
) -> Intake:
    return Intake(
        smtp(*some, **settings),
        hostname=HOSTNAME,
        spool=store or FakeStore(),
        targets=routes,
        wants=wants,
        clock=SystemClock(),
        environ=environ or {},
    )


@contextlib.asynccontextmanager
async def running(*some: Listener, **changes: Any) -> AsyncIterator[Intake]:
    intake = made(*some, **changes)
    await intake.start()
    try:
        yield intake
    finally:
        await intake.stop(5)


class Client:
    """A client that says one thing and reads one reply."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, intake: Intake, name: str = "mx", **tls: Any) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", intake.addresses[name].port, **tls))

    async def reply(self) -> str:
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), WITHIN_S)).decode()
            lines.append(line)
            if line[3:4] != "-":
                return "".join(lines)

    async def say(self, line: str) -> str:
        self.writer.write(line.encode() + b"\r\n")
        return await self.reply()

    async def mail(self, content: bytes = b"Subject: x\r\n\r\nhello\r\n") -> str:
        for line in ("EHLO client.example", "MAIL FROM:<anna@example.net>", f"RCPT TO:<{KNOWN}>", "DATA"):
            reply = await self.say(line)
            if reply[0] not in "23":
                return reply
        self.writer.write(content + b".\r\n")
        await self.writer.drain()
        return await self.reply()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def client(intake: Intake, name: str = "mx", **tls: Any) -> AsyncIterator[Client]:
    one = await Client.connect(intake, name, **tls)
    try:
        yield one
    finally:
        await one.close()


# -- sockets ---------------------------------------------------------------------------------------


async def test_a_mail_comes_in_by_tcp() -> None:
    store = FakeStore()
    async with running(store=store) as intake, client(intake) as one:
        assert await one.reply() == "220 mx.example.org ESMTP\r\n"
        assert await one.mail() == "250 2.0.0 Ok: queued as m1\r\n"
    assert store.stored[0].envelope.peer == "127.0.0.1"


async def test_a_star_is_both_families_on_one_port() -> None:
    """Pitfall 26: the default was ::1 alone, and port 0 did not work."""
    store = FakeStore()
    async with running(listener(listen="*:0"), store=store) as intake:
        port = intake.addresses["mx"].port
        for host in ("127.0.0.1", "::1"):
            one = Client(*await asyncio.open_connection(host, port))
            await one.reply()
            assert (await one.mail()).startswith("250")
            await one.close()
    assert [stored.envelope.peer for stored in store.stored] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "localhost:0", "*:0"])
async def test_small_replies_do_not_wait_for_nagle(listen: str) -> None:
    """Pitfall 27: a listening socket of protocol 0 leaves Nagle on for every connection it accepts."""
    sockets = listeners.open_sockets(listen, {})
    assert {sock.proto for sock in sockets} == {socket.IPPROTO_TCP}
    for sock in sockets:
        sock.close()


async def test_lmtp_by_a_unix_socket(tmp_path: Path) -> None:
    """Pitfall 26: unix sockets work; the mail server's group may connect, and the path goes with the listener."""
    store, path = FakeStore(), tmp_path / "lmtp"
    at = listener(listen=f"unix:{path}", kind="lmtp", trusted=("127.0.0.0/8",))
    async with running(at, store=store) as intake:
        assert (str(intake.addresses["mx"]), path.stat().st_mode & 0o777) == (f"unix:{path}", 0o660)
        one = Client(*await asyncio.open_unix_connection(path))
        await one.reply()
        for line in ("LHLO x", "MAIL FROM:<>", f"RCPT TO:<{KNOWN}>", "DATA"):
            await one.say(line)
        assert (await one.say(".")).startswith("250")
        await one.close()
    assert (store.stored[0].envelope.peer, store.stored[0].envelope.trusted) == ("unix", True)
    assert not path.exists()


async def test_a_unix_socket_left_by_a_killed_process_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
    async with running(listener(listen=f"unix:{path}")):
        with pytest.raises(StartError, match="answers there already"):
            await made(listener(listen=f"unix:{path}")).start()
        assert path.exists()


async def test_a_file_in_the_way_of_a_unix_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    path.write_text("precious")
    with pytest.raises(StartError, match="a file is in the way"):
        await made(listener(listen=f"unix:{path}")).start()
    assert path.read_text() == "precious"


SYSTEMD = """
import asyncio, os, socket, sys
from support.smtp import FakeStore, HOSTNAME, listener, routes, smtp, wants
from bridge.clock import SystemClock
from bridge.errors import StartError
from bridge.intake import Intake

async def main():
    os.environ["LISTEN_PID"] = str(os.getpid())
    intake = Intake(smtp(listener(listen="systemd:smtp")), hostname=HOSTNAME, spool=FakeStore(),
                    targets=routes, wants=wants, clock=SystemClock())
    await intake.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", intake.addresses["mx"].port)
    print((await reader.readline()).decode().strip())
    writer.close()
    await writer.wait_closed()
    await intake.stop(1)

asyncio.run(main())
"""


def test_a_socket_of_systemd_is_found_by_its_name() -> None:
    """Pitfall 26: sockets opened by somebody else, for port 25 without rights."""
    other, mine = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    with other, mine:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"import os\nos.dup2({other.fileno()}, 3)\nos.dup2({mine.fileno()}, 4)\n" + SYSTEMD,
            ],
            env={
                **os.environ,
                "LISTEN_FDS": "2",
                "LISTEN_FDNAMES": "web:smtp",
                "PYTHONPATH": str(Path(__file__).parents[1]),
            },
            cwd=Path(__file__).parents[2],
            pass_fds=(other.fileno(), mine.fileno(), 3, 4)
            if min(other.fileno(), mine.fileno()) > 4
            else (3, 4),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert "220 mx.example.org ESMTP" in done.stdout, done.stderr


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "web", "LISTEN_PID": str(os.getpid())},
    ],
    ids=["none", "for another process", "of another name"],
)
def test_a_socket_systemd_did_not_hand_over_is_said_so(environ: dict[str, str]) -> None:
    with pytest.raises(StartError, match="FileDescriptorName=smtp"):
        listeners.open_sockets("systemd:smtp", environ)


async def test_a_port_in_use_is_one_line_with_cause_and_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        free = listener(name="first")
        intake = made(free, listener(listen=f"127.0.0.1:{port}"))
        with pytest.raises(StartError) as caught:
            await intake.start()
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in str(caught.value)
    assert "ss -ltnp" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert intake.addresses == {}


async def test_a_host_name_that_is_none_cannot_be_listened_on() -> None:
    with pytest.raises(StartError, match=r"cannot listen on nowhere\.invalid:0"):
        await made(listener(listen="nowhere.invalid:0")).start()


async def test_a_peer_of_no_network_is_turned_away() -> None:
    async with running(listener(networks=("192.0.2.0/24",))) as intake, client(intake) as one:
        assert (await one.reply()).startswith("554 5.7.1")
        assert await one.reader.read() == b""


# -- TLS -------------------------------------------------------------------------------------------


async def upgrade(one: Client, authority: trustme.CA) -> None:
    """STARTTLS from the client's side."""
    await one.writer.start_tls(trusting(authority), server_hostname=HOSTNAME)


async def test_starttls_encrypts_and_forgets_what_was_said_before(authority: trustme.CA, tls: Tls) -> None:
    """Pitfall 31: also on uvloop, and without private attributes of the loop."""
    store = FakeStore()
    async with running(listener(tls=tls), store=store) as intake, client(intake) as one:
        await one.reply()
        assert "STARTTLS" in await one.say("EHLO client.example")
        await one.say("MAIL FROM:<before@example.net>")
        assert await one.say("STARTTLS") == "220 2.0.0 Ready to start TLS\r\n"
        await upgrade(one, authority)
        assert (await one.say("RCPT TO:<help@example.org>")).startswith("503")
        assert "STARTTLS" not in await one.say("EHLO client.example")
        assert (await one.say("STARTTLS")).startswith("503 5.5.1")
        assert (await one.mail()).startswith("250")
    assert (store.stored[0].envelope.tls, store.stored[0].envelope.helo) == ("TLSv1.3", "client.example")
    assert b"with ESMTPS id" in store.stored[0].content


async def test_commands_sent_in_the_clear_behind_starttls_are_dropped(
    authority: trustme.CA, tls: Tls
) -> None:
    """Pitfall 11: they were executed after the handshake (CVE-2024-34083)."""
    async with running(listener(tls=tls)) as intake, client(intake) as one:
        await one.reply()
        assert (await one.say("STARTTLS\r\nMAIL FROM:<injected@example.net>")).startswith("220")
        await upgrade(one, authority)
        assert (await one.say("RCPT TO:<help@example.org>")).startswith("503 5.5.1 MAIL")
        assert (await one.mail()).startswith("250")


async def test_smtps_is_encrypted_from_the_first_byte(authority: trustme.CA, tls: Tls) -> None:
    """Pitfall 14: an implicitly encrypted session did not count as encrypted."""
    store = FakeStore()
    at = listener(tls=tls, kind="smtps", require_tls=True)
    secure = {"ssl": trusting(authority), "server_hostname": HOSTNAME}
    async with running(at, store=store) as intake, client(intake, **secure) as one:
        assert (await one.reply()).startswith("220")
        assert "STARTTLS" not in await one.say("EHLO client.example")
        assert (await one.mail(b"x" * 3_000_000 + b"\r\n")).startswith("250")
    assert (store.stored[0].envelope.tls, len(store.stored[0].body)) == ("TLSv1.3", 3_000_002)


async def test_a_listener_can_insist_on_tls(authority: trustme.CA, tls: Tls) -> None:
    async with running(listener(tls=tls, require_tls=True)) as intake, client(intake) as one:
        await one.reply()
        assert await one.mail() == "530 5.7.0 Say STARTTLS first\r\n"
        await one.say("STARTTLS")
        await upgrade(one, authority)
        assert (await one.mail()).startswith("250")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_a_client_of_the_wild_logs_in(
    mechanism: str, authority: trustme.CA, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCANNER", "s3cret paper")
    store = FakeStore()
    logins = [{"user": "scanner", "password": {"env": "SCANNER"}}]

    def send(port: int) -> None:
        with smtplib.SMTP(timeout=WITHIN_S) as peer:
            peer._host = HOSTNAME  # type: ignore[attr-defined] # the name in the certificate, not the address
            peer.connect("127.0.0.1", port)
            peer.starttls(context=trusting(authority))
            peer.ehlo()
            peer.user, peer.password = "scanner", "wrong"
            with pytest.raises(smtplib.SMTPAuthenticationError):
                peer.auth(mechanism, getattr(peer, f"auth_{mechanism.lower()}"))
            peer.password = "s3cret paper"
            peer.auth(mechanism, getattr(peer, f"auth_{mechanism.lower()}"))
            peer.sendmail("scanner@example.net", [KNOWN], "Subject: x\r\n\r\nhello\r\n")

    at = listener(tls=tls, logins=logins, require_login=True)
    async with running(at, store=store) as intake:
        await asyncio.to_thread(send, intake.addresses["mx"].port)
    assert store.stored[0].envelope.login == "scanner"


async def test_a_failed_handshake_ends_the_connection_and_nothing_else(tls: Tls) -> None:
    async with running(listener(tls=tls), max_connections=1) as intake:
        async with client(intake) as one:
            await one.reply()
            await one.say("STARTTLS")
            one.writer.write(b"this is not TLS\r\n" * 10)
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(one.reader.read(), WITHIN_S)
        async with client(intake) as one:
            assert (await one.reply()).startswith("220")


async def test_peers_amid_their_handshake_are_bounded_and_not_counted_for_ever(
    authority: trustme.CA, tls: Tls
) -> None:
    secure = {"ssl": trusting(authority), "server_hostname": HOSTNAME}
    async with running(listener(tls=tls, kind="smtps"), max_connections=1) as intake:
        async with client(intake) as one:
            one.writer.write(b"\x16\x03\x01")
            await one.writer.drain()
            async with client(intake) as other:
                assert await asyncio.wait_for(other.reader.read(), WITHIN_S) == b""
        async with asyncio.timeout(WITHIN_S):
            while intake._handshakes.open:
                await asyncio.sleep(0.005)
        async with client(intake, **secure) as one:
            assert (await one.reply()).startswith("220")
    assert intake.open_connections == 0


async def test_a_peer_that_may_not_connect_is_not_waited_for_until_its_handshake(
    tls: Tls, capsys: pytest.CaptureFixture[str]
) -> None:
    at = listener(tls=tls, kind="smtps", networks=("198.51.100.0/24",))
    async with running(at) as intake, client(intake) as one:
        assert await asyncio.wait_for(one.reader.read(), WITHIN_S) == b""
    assert 'peer=127.0.0.1 reply="554 5.7.1"' in capsys.readouterr().err


async def test_why_a_handshake_failed_is_in_the_log(tls: Tls, capsys: pytest.CaptureFixture[str]) -> None:
    async with running(listener(tls=tls, kind="smtps")) as intake, client(intake) as one:
        one.writer.write(b"EHLO device.example\r\n" * 10)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(one.reader.read(), WITHIN_S)
    assert re.search(r"peer=127\.0\.0\.1 why=\"TLS handshake failed: \w+\"", capsys.readouterr().err)


def test_a_certificate_that_cannot_be_used_is_said_with_its_fix(tmp_path: Path, tls: Tls) -> None:
    wrong = Tls(certificate=tmp_path / "none.pem", key=tls.key)
    with pytest.raises(StartError, match=r"listener mx: No such file or directory.*none\.pem"):
        Certificate("mx", wrong)
    tls.key.write_text("not a key")
    with pytest.raises(StartError, match="must hold the certificate with its chain"):
        Certificate("mx", tls)


async def test_a_renewed_certificate_is_used_without_a_restart(authority: trustme.CA, tls: Tls) -> None:
    certificate = Certificate("mx", tls)
    secure = {"ssl": trusting(authority), "server_hostname": HOSTNAME}

    async def serial() -> str:
        server = await asyncio.start_server(
            lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=certificate.context
        )
        async with server:
            port = server.sockets[0].getsockname()[1]
            _, writer = await asyncio.open_connection("127.0.0.1", port, **secure)
            found = writer.get_extra_info("peercert")["serialNumber"]
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return str(found)

    first = await serial()
    certificate.refresh()
    assert await serial() == first
    write_certificate(authority, tls.certificate.parent)
    certificate.refresh()
    second = await serial()
    assert second != first
    tls.key.write_text("half written")
    certificate.refresh()
    assert await serial() == second


# -- stopping --------------------------------------------------------------------------------------


async def test_stopping_tells_idle_peers_and_lets_busy_ones_finish() -> None:
    """Pitfall 25: upstream's controllers cut everything, or hung for as long as a client was connected."""
    store = FakeStore(gate=asyncio.Event())
    intake = made(store=store)
    await intake.start()
    address = intake.addresses["mx"]
    idle, busy = await Client.connect(intake), await Client.connect(intake)
    await idle.reply()
    await busy.reply()
    mail = asyncio.create_task(busy.mail())
    while not store._given:
        await asyncio.sleep(0.001)
    stopping = asyncio.create_task(intake.stop(2 * WITHIN_S))
    assert (await idle.reply()).startswith("421 4.3.2")
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection("127.0.0.1", address.port)
    assert not stopping.done()
    assert store.gate is not None
    store.gate.set()
    assert (await mail).startswith("250 2.0.0")
    assert (await busy.reply()).startswith("421 4.3.2")
    for one in (idle, busy):
        await one.close()
    await asyncio.wait_for(stopping, WITHIN_S)
    assert len(store.stored) == 1


async def test_stopping_ends_though_a_peer_never_does() -> None:
    """Pitfall 25: bounded, also on Python 3.12 and later, where waiting for a server means waiting for its clients."""
    intake = made()
    await intake.start()
    one = await Client.connect(intake)
    await one.reply()
    for line in ("EHLO x", "MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA"):
        await one.say(line)
    await asyncio.wait_for(intake.stop(0.1), WITHIN_S)
    assert intake.open_connections == 0
    await one.close()


# -- speed and memory ------------------------------------------------------------------------------


async def test_a_slow_commit_does_not_hold_up_other_peers() -> None:
    """Pitfall 30: one slow handler stalled everybody."""
    store = FakeStore(gate=asyncio.Event())
    async with running(store=store) as intake, client(intake) as slow, client(intake) as other:
        await slow.reply()
        await other.reply()
        mail = asyncio.create_task(slow.mail())
        while not store._given:
            await asyncio.sleep(0.001)
        assert (await other.say("NOOP")).startswith("250")
        assert not mail.done()
        assert store.gate is not None
        store.gate.set()
        assert (await mail).startswith("250")


async def test_25_megabytes_are_streamed_in_little_memory() -> None:
    """Pitfall 10: a mail of 25 MB took 96 MB."""

    class Sink(FakeStore):
        def incoming(self) -> Any:
            one = super().incoming()
            one.write = lambda chunk: None  # type: ignore[method-assign]
            return one

    chunk = (b"x" * 98 + b"\r\n") * 2_500
    async with running(store=Sink()) as intake, client(intake) as one:
        await one.reply()
        for line in ("EHLO x", "MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA"):
            await one.say(line)
        tracemalloc.start()
        try:
            for _ in range(100):
                one.writer.write(chunk)
                await one.writer.drain()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        one.writer.write(b".\r\n")
        assert (await one.reply()).startswith("250")
    assert peak < 3_000_000


async def test_connections_that_end_leave_nothing_behind() -> None:
    async with running(max_connections=5) as intake:
        for _ in range(20):
            async with client(intake) as one:
                await one.reply()
                assert (await one.mail()).startswith("250")
        async with asyncio.timeout(WITHIN_S):
            while intake.open_connections:
                await asyncio.sleep(0.005)
        assert all(not reception.sessions and not reception.commits for reception in intake._receptions)


@pytest.fixture(autouse=True)
def no_stray_sockets() -> Iterator[None]:
    """Whatever a test leaves open would surface as a warning in another."""
    gc.freeze()  # what was there before is not looked through
    yield
    gc.collect()
