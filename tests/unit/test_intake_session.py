"""What a session promises beside its replies: commits that outlive the peer, bounds on memory and time, a clean state."""

from __future__ import annotations

import asyncio
import errno
import logging
import tracemalloc

import pytest
from support.smtp import KNOWN, PEER, FakeStore, Peer, reception

from bridge.clock import FixedClock
from bridge.errors import SpoolBrokenError, SpoolFullError
from bridge.intake.dialogue import MAX_IDLE
from bridge.intake.reception import Reception
from bridge.intake.session import COMMANDS_A_TURN
from bridge.model import Target

pytestmark = pytest.mark.anyio

MAIL = b"Subject: x\r\n\r\nhello\r\n"


async def expire(at: Reception, clock: FixedClock, after_s: float) -> None:
    clock.advance(after_s)
    for session in list(at.sessions):
        session.expire(clock.monotonic_s())


# -- nothing is lost -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (SpoolFullError("items"), "452 4.3.1"),
        (SpoolBrokenError("locked"), "451 4.3.0"),
        (OSError(errno.ENOSPC, "No space left on device", "/var/spool/secret"), "452 4.3.1"),
        (OSError(errno.EROFS, "Read-only file system", "/var/spool/secret"), "451 4.3.0"),
        (RuntimeError("secret"), "451 4.3.0"),
    ],
)
async def test_trouble_while_storing_is_temporary_and_tells_nothing(error: Exception, reply: str) -> None:
    """Pitfall 1: an exception was answered 500 with its text."""
    heard = await (await Peer.connect(reception(store=FakeStore(fails=error)))).mail()
    assert heard.startswith(reply)
    assert "secret" not in heard
    assert type(error).__name__ not in heard


async def test_trouble_in_every_callback_is_temporary() -> None:
    """Pitfall 1: also while recipients and routes are looked up, and while the id is made."""

    def broken(_: object) -> bool:
        raise RuntimeError("secret")

    peer = await Peer.connect(reception(wanted=broken))
    await peer.say("MAIL FROM:<a@example.net>")
    assert await peer.say(f"RCPT TO:<{KNOWN}>") == "451 4.3.0 Local trouble, try again later\r\n"
    peer = await Peer.connect(reception(targets=broken))  # type: ignore[arg-type]
    assert await peer.mail() == "451 4.3.0 Local trouble, try again later\r\n"
    store = FakeStore()
    store.new_id = lambda: broken(None)  # type: ignore[assignment, return-value]
    peer = await Peer.connect(reception(store=store))
    assert (await peer.say("MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA")).endswith(
        "451 4.3.0 Local trouble, try again later\r\n"
    )
    assert (await peer.say("NOOP")).startswith("250")


async def test_recipients_that_no_route_takes_any_more_are_asked_again_later() -> None:
    store = FakeStore()
    peer = await Peer.connect(reception(store=store, targets=lambda recipients: ()))
    assert (await peer.mail()).startswith("451 4.3.5")
    assert store.stored == []


async def test_nothing_of_a_failed_mail_is_left_for_the_next() -> None:
    """Pitfall 2: the envelope was kept after an exception, and the next mail had its sender and recipients."""
    store = FakeStore(fails=RuntimeError())
    peer = await Peer.connect(reception(store=store))
    await peer.mail()
    store.fails = None
    assert (await peer.say("DATA")).startswith("503")
    await peer.say("MAIL FROM:<bert@example.net>", "RCPT TO:<sales@example.org>", "DATA")
    await peer.send(MAIL + b".\r\n")
    assert store.stored[0].envelope.reverse_path == "bert@example.net"
    assert store.stored[0].envelope.recipients == ("sales@example.org",)


async def test_250_is_said_only_after_the_commit() -> None:
    store = FakeStore(gate=asyncio.Event())
    peer = await Peer.connect(reception(store=store))
    assert await peer.mail() == ""
    assert store.gate is not None
    store.gate.set()
    assert await peer.hear() == "250 2.0.0 Ok: queued as m1\r\n"


async def test_a_peer_that_half_closes_after_the_dot_gets_its_250() -> None:
    """Pitfall 7: the handler was cancelled in the middle of its write."""
    store = FakeStore(gate=asyncio.Event())
    peer = await Peer.connect(reception(store=store))
    await peer.mail()
    assert peer.half_close()
    assert not peer.closed
    assert store.gate is not None
    store.gate.set()
    assert await peer.hear() == "250 2.0.0 Ok: queued as m1\r\n"
    assert peer.closed


@pytest.mark.parametrize("error", [None, ConnectionResetError()])
async def test_a_mail_is_stored_though_its_peer_vanished_after_the_dot(error: Exception | None) -> None:
    """Pitfall 7: the same for a peer that is gone; it will send again, and the second is known as a duplicate."""
    store = FakeStore(gate=asyncio.Event())
    peer = await Peer.connect(reception(store=store))
    await peer.mail()
    peer.vanish(error)
    assert store.gate is not None
    store.gate.set()
    await peer.hear()
    assert [one.mail_id for one in store.stored] == ["m1"]


async def test_a_peer_that_vanishes_before_the_dot_leaves_nothing() -> None:
    store = FakeStore()
    at = reception(store=store, settings={"memory_threshold_bytes": 10})
    peer = await Peer.connect(at)
    await peer.say("MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA")
    await peer.send(b"x" * 1000)
    peer.vanish()
    assert (store.stored, store.files[0].discarded, at.sessions, at.connections.open) == ([], True, set(), 0)


async def test_one_mail_to_two_routes_is_one_put_with_two_targets() -> None:
    store = FakeStore()
    peer = await Peer.connect(reception(store=store))
    await peer.say("MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "RCPT TO:<info@other.example>", "DATA")
    await peer.send(MAIL + b".\r\n")
    (stored,) = store.stored
    assert stored.targets == (
        Target("example.org", "acme", (KNOWN,)),
        Target("other.example", "acme", ("info@other.example",)),
    )


# -- what is stored --------------------------------------------------------------------------------


async def test_the_envelope_holds_the_dialogue(clock: FixedClock) -> None:
    store = FakeStore()
    peer = await Peer.connect(reception(store=store, clock=clock, trusted=("192.0.2.0/28",), kind="lmtp"))
    await peer.say("LHLO relay.example", "MAIL FROM:<> SMTPUTF8", f"RCPT TO:<{KNOWN}>", "DATA")
    await peer.send(MAIL + b".\r\n")
    envelope = store.stored[0].envelope
    assert (envelope.reverse_path, envelope.recipients) == ("", (KNOWN,))
    assert (envelope.peer, envelope.helo, envelope.listener) == (PEER, "relay.example", "mx")
    assert (envelope.received_at, envelope.tls, envelope.login) == (clock.now(), None, None)
    assert envelope.trusted
    assert b"with UTF8LMTP id m1" in store.stored[0].content


async def test_a_peer_outside_the_trusted_networks_is_not_trusted() -> None:
    store = FakeStore()
    await (await Peer.connect(reception(store=store, trusted=("192.0.2.128/25",)))).mail()
    assert not store.stored[0].envelope.trusted


async def test_the_null_reverse_path_is_the_empty_string() -> None:
    """Pitfall 18: it arrived as the string "<>"."""
    store = FakeStore()
    peer = await Peer.connect(reception(store=store))
    await peer.say("MAIL FROM:<>", f"RCPT TO:<{KNOWN}>", "DATA")
    await peer.send(b".\r\n")
    assert store.stored[0].envelope.reverse_path == ""
    assert store.stored[0].body == b""


async def test_an_8_bit_body_is_stored_byte_for_byte() -> None:
    """Pitfall 23: with or without BODY=8BITMIME; and non-ASCII addresses are understood."""
    store = FakeStore()
    peer = await Peer.connect(reception(store=store))
    content = bytes(range(0x20, 0x100)) + b"\x00\r\n"
    await peer.send("MAIL FROM:<jörg@example.net>\r\nRCPT TO:<grün@example.org>\r\nDATA\r\n".encode())
    assert (await peer.send(content + b".\r\n")).startswith("250")
    assert store.stored[0].body == content
    assert store.stored[0].envelope.reverse_path == "jörg@example.net"


async def test_a_line_of_five_megabytes_is_content_like_any_other() -> None:
    """Pitfall 4: lines over 1,001 octets were refused after the whole body."""
    store = FakeStore()
    content = b"Subject: x\r\n\r\n" + b"x" * 5_000_000 + b"\r\n"
    assert (await (await Peer.connect(reception(store=store))).mail(content)).startswith("250")
    assert store.stored[0].body == content


async def test_large_content_is_streamed_and_small_content_is_not() -> None:
    """Pitfall 10: every body was held in memory four times over."""
    store = FakeStore()
    at = reception(store=store, settings={"memory_threshold_bytes": 1000})
    peer = await Peer.connect(at)
    await peer.mail(b"x" * 500 + b"\r\n")
    assert store.files == []
    await peer.mail(b"x" * 5000 + b"\r\n")
    assert len(store.files) == 1
    assert store.stored[1].body == b"x" * 5000 + b"\r\n"


async def test_a_disk_that_fills_while_content_arrives_is_answered_452() -> None:
    store = FakeStore(write_fails=OSError(errno.ENOSPC, "full"))
    at = reception(store=store, settings={"memory_threshold_bytes": 100})
    peer = await Peer.connect(at)
    assert (await peer.mail(b"x" * 5000 + b"\r\n")).startswith("452 4.3.1")
    assert store.files[0].discarded


# -- bounds ----------------------------------------------------------------------------------------


async def test_200_megabytes_without_a_line_end_take_no_memory() -> None:
    """Pitfall 3: a line without its end was collected without bound."""
    peer = await Peer.connect(reception(settings={"size_limit_bytes": 100_000}))
    await peer.say("MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA")
    chunk = b"x" * 1_000_000
    tracemalloc.start()
    try:
        for _ in range(200):
            peer.session.data_received(chunk)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    assert (await peer.send(b"\r\n.\r\n")).startswith("552 5.3.4")


async def test_an_endless_command_line_takes_no_memory_and_ends_the_session_in_time() -> None:
    """Pitfall 3: the same before DATA; the line is answered once, when it ends."""
    peer = await Peer.connect(reception())
    for _ in range(100):
        peer.session.data_received(b"x" * 100_000)
    assert len(peer.session._input) < 200_000
    assert await peer.send(b"\r\nNOOP\r\n") == "500 5.5.2 Command line is too long\r\n250 2.0.0 Ok\r\n"


async def test_a_line_of_2000_octets_is_a_command_and_its_limit_is_nobody_elses() -> None:
    """Pitfall 20: the limit was shared by all connections, and reset by each new one."""
    at = reception()
    first, second = await Peer.connect(at), await Peer.connect(at)
    for peer in (first, second, await Peer.connect(at), first):
        assert (await peer.say("NOOP " + "x" * 2000)).startswith("250")
    assert (await second.say("NOOP " + "x" * 5000)).startswith("500 5.5.2")


async def test_tiny_segments_do_not_multiply_memory() -> None:
    peer = await Peer.connect(reception())
    await peer.say("MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA")
    tracemalloc.start()
    try:
        for _ in range(100_000):
            peer.session.data_received(b"x")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


async def test_thousands_of_pipelined_mails_need_no_stack() -> None:
    store = FakeStore()
    peer = await Peer.connect(reception(store=store, settings={"size_limit_bytes": 1}))
    one = f"MAIL FROM:<a@x>\r\nRCPT TO:<{KNOWN}>\r\nDATA\r\nlong\r\n.\r\n".encode()
    heard = await peer.send(one * 3000)
    while more := await peer.hear():
        heard += more
    assert heard.count("552 5.3.4") == 3000


async def test_connections_are_capped_in_all_and_by_peer() -> None:
    """Pitfall 8: nothing was capped."""
    at = reception(settings={"max_connections": 3, "max_connections_per_peer": 2})
    first = await Peer.connect(at)
    await Peer.connect(at)
    third = await Peer.connect(at)
    assert third.greeting == "421 4.3.2 Too many connections, try again later\r\n"
    assert third.closed
    assert (await Peer.connect(at, ("192.0.2.8", 1))).greeting.startswith("220")
    assert (await Peer.connect(at, ("192.0.2.9", 1))).greeting.startswith("421 4.3.2")
    first.vanish()
    third.vanish()
    assert at.connections.open == 2
    assert (await Peer.connect(at)).greeting.startswith("220")


async def test_commands_that_lead_nowhere_are_capped() -> None:
    """Pitfall 8: commands without end were served."""
    peer = await Peer.connect(reception())
    heard = await peer.say(*["NOOP"] * 200)
    assert heard.count("250 2.0.0 Ok") == 99
    assert "421 4.7.0" in heard
    assert peer.closed


async def test_a_mail_wipes_the_slate_of_idle_commands() -> None:
    peer = await Peer.connect(reception())
    for _ in range(5):
        await peer.say(*["NOOP"] * 60)
        assert (await peer.mail()).startswith("250")


async def test_a_peer_that_does_not_read_its_replies_is_not_served() -> None:
    peer = await Peer.connect(reception())
    peer.session.pause_writing()
    assert not peer.transport.reading
    assert await peer.say("NOOP", "NOOP") == ""
    peer.session.resume_writing()
    assert (await peer.hear()).count("250") == 2
    assert peer.transport.reading


async def test_a_peer_that_sends_ahead_during_the_commit_is_slowed_down() -> None:
    store = FakeStore(gate=asyncio.Event())
    peer = await Peer.connect(reception(store=store))
    await peer.mail()
    await peer.send(b"NOOP\r\n" * 20)
    assert peer.transport.reading
    await peer.send(b"NOOP " + b"x" * 70_000)
    assert not peer.transport.reading
    assert store.gate is not None
    store.gate.set()
    assert (await peer.hear()).count("250") == 21
    assert peer.transport.reading


# -- time ------------------------------------------------------------------------------------------


async def test_a_silent_peer_is_told_before_it_is_cut(clock: FixedClock) -> None:
    """Pitfall 9: a silent client was dropped without a word."""
    at = reception(clock=clock)
    peer = await Peer.connect(at)
    await expire(at, clock, 299)
    assert await peer.hear() == ""
    await expire(at, clock, 1)
    assert (await peer.hear()).startswith("421 4.4.2")
    assert peer.closed


async def test_a_session_ends_though_it_is_kept_busy_with_noop(clock: FixedClock) -> None:
    """Pitfall 9: each valid command armed the timer anew, for ever."""
    at = reception(clock=clock, settings={"session_timeout_s": 1000})
    peer = await Peer.connect(at)
    for _ in range(4):
        await expire(at, clock, 200)
        assert (await peer.say("NOOP")).startswith("250")
    await expire(at, clock, 200)
    assert (await peer.hear()).startswith("421 4.4.2")


async def test_steady_content_is_not_cut_by_the_command_timeout(clock: FixedClock) -> None:
    """Pitfall 6: the timer ran from the DATA command, whatever arrived after it."""
    store = FakeStore()
    at = reception(store=store, clock=clock)
    peer = await Peer.connect(at)
    await peer.say("MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA")
    for _ in range(10):
        await peer.send(b"slow\r\n")
        await expire(at, clock, 170)
    assert (await peer.send(b".\r\n")).startswith("250")


@pytest.mark.parametrize(("step_s", "steps"), [(180, 1), (100, 18)], ids=["idle", "in all"])
async def test_content_has_a_time_limit_between_chunks_and_in_all(
    clock: FixedClock, step_s: float, steps: int
) -> None:
    """Pitfalls 6 and 9: DATA has limits of its own."""
    at = reception(clock=clock)
    peer = await Peer.connect(at)
    await peer.say("MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA")
    for _ in range(steps):
        assert not peer.closed
        await peer.send(b"x\r\n")
        await expire(at, clock, step_s)
    assert (await peer.hear()).startswith("421 4.4.2")
    assert peer.closed


async def test_a_commit_that_takes_too_long_is_451_and_the_session_goes_on(clock: FixedClock) -> None:
    """Pitfall 6: the command timer ran while the mail was stored, and cut the connection without a reply."""
    store = FakeStore(gate=asyncio.Event())
    at = reception(store=store, clock=clock)
    peer = await Peer.connect(at)
    await peer.mail()
    await expire(at, clock, 59)
    assert await peer.hear() == ""
    await expire(at, clock, 1)
    assert await peer.hear() == "451 4.3.0 Local trouble, try again later\r\n"
    assert (await peer.say("NOOP")).startswith("250")
    assert store.gate is not None
    store.gate.set()
    # The late commit is kept: a duplicate is harmless. Its 250 would answer another command.
    assert await peer.hear() == ""
    assert len(store.stored) == 1


# -- leaving ---------------------------------------------------------------------------------------


async def test_a_session_without_a_mail_under_way_leaves_at_once() -> None:
    """Pitfall 25: stopping cancelled everything, without 421."""
    peer = await Peer.connect(reception())
    await peer.say("MAIL FROM:<a@x>")
    peer.session.leave()
    assert (await peer.hear()).startswith("421 4.3.2")
    assert peer.closed


async def test_a_session_with_a_mail_under_way_leaves_after_it() -> None:
    """Pitfall 25: an open transaction was lost."""
    store = FakeStore()
    peer = await Peer.connect(reception(store=store))
    await peer.say("MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA")
    peer.session.leave()
    assert not peer.closed
    heard = await peer.send(MAIL + b".\r\nMAIL FROM:<b@x>\r\n")
    assert heard == "250 2.0.0 Ok: queued as m1\r\n421 4.3.2 Service is stopping, try again later\r\n"
    assert peer.closed


async def test_a_stopping_listener_turns_new_peers_away() -> None:
    at = reception()
    at.stopping = True
    assert (await Peer.connect(at)).greeting.startswith("421 4.3.2")


# -- how ------------------------------------------------------------------------------------------


async def test_the_reply_to_ehlo_is_one_write() -> None:
    """Pitfall 27: five small writes met Nagle and delayed acknowledgements, 43 ms an EHLO."""
    peer = await Peer.connect(reception())
    peer.transport.writes = 0
    await peer.say("EHLO client.example", "MAIL FROM:<a@x>", f"RCPT TO:<{KNOWN}>", "DATA")
    assert peer.transport.writes == 1


async def test_sessions_are_copies_of_one_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfalls 28 and 29: each connection inspected all its members, and may have asked the DNS for its own name."""

    def never(*_: object) -> str:
        raise AssertionError("asked the DNS, or inspected members")

    peer = await Peer.connect(reception())
    monkeypatch.setattr("socket.getfqdn", never)
    monkeypatch.setattr("inspect.getmembers", never)
    second = peer.session.clone()
    assert second is not peer.session
    assert second._input is not peer.session._input
    assert second.hostname == "mx.example.org"


async def test_no_hook_of_a_handler_stands_between(caplog: pytest.LogCaptureFixture) -> None:
    """Pitfall 21: hooks replaced behaviour silently; there is no handler. Pitfall 17: aiosmtpd logs nothing of a mail."""
    store = FakeStore()
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    peer = await Peer.connect(reception(store=store))
    with caplog.at_level(logging.INFO):
        await peer.mail()
    assert peer.session._handle_hooks == {}
    assert store.stored[0].envelope.recipients == (KNOWN,)
    assert caplog.records == []


async def test_every_attempt_to_log_in_is_answered() -> None:
    """Pitfall 13: a failed AUTH had no reply at all. None is offered, and each one asked for is refused."""
    peer = await Peer.connect(reception())
    assert "AUTH" not in await peer.say("EHLO client.example")
    for words in ("AUTH PLAIN AGEAYg==", "AUTH LOGIN", "auth plain", "AUTH"):
        assert await peer.say(words) == "502 5.5.1 Command not implemented\r\n"


async def test_a_mail_with_one_good_recipient_is_taken_however_many_are_refused() -> None:
    """The peer would come back with the same list for ever, and nobody would get the mail."""
    store = FakeStore()
    peer = await Peer.connect(reception(store=store, settings={"max_recipients": 2}))
    await peer.say("MAIL FROM:<a@example.net>", f"RCPT TO:<{KNOWN}>")
    for number in range(2 * MAX_IDLE):
        assert (await peer.say(f"RCPT TO:<nobody{number}@example.org>")).startswith("550 5.1.1")
    await peer.say(f"RCPT TO:<{KNOWN}>")
    for _ in range(2 * MAX_IDLE):
        assert (await peer.say(f"RCPT TO:<{KNOWN}>")).startswith("452 4.5.3")
    await peer.say("DATA")
    assert (await peer.say(".")).startswith("250")
    assert len(store.stored) == 1


async def test_others_have_their_turn_while_a_peer_sends_commands_without_end() -> None:
    peer = await Peer.connect(reception(settings={"max_recipients": 1}))
    await peer.say("MAIL FROM:<a@example.net>", f"RCPT TO:<{KNOWN}>")
    peer.session.data_received(f"RCPT TO:<{KNOWN}>\r\n".encode() * (3 * COMMANDS_A_TURN) + b"RS")
    answered = []
    while peer.transport.sent:
        answered.append(peer.transport.sent.count(b"\n"))
        peer.transport.sent.clear()
        await asyncio.sleep(0)
    assert answered == [COMMANDS_A_TURN] * 3
    assert (await peer.send(b"ET\r\n")).startswith("250")


async def test_what_a_peer_sends_while_others_have_their_turn_is_bounded_and_read_in_order() -> None:
    store = FakeStore()
    peer = await Peer.connect(reception(store=store, settings={"max_recipients": 1}))
    await peer.say("MAIL FROM:<a@example.net>")
    peer.session.data_received(f"RCPT TO:<{KNOWN}>\r\n".encode() * 10_000)
    peer.session.data_received(b"DATA\r\n" + MAIL)
    assert not peer.transport.reading
    peer.session.data_received(b".\r\nNOOP\r\n")
    while len(store.stored) < 1:
        await asyncio.sleep(0)
    assert (await peer.hear()).endswith("queued as m1\r\n250 2.0.0 Ok\r\n")
    assert peer.transport.reading
    assert store.stored[0].body == MAIL


async def test_a_peer_that_says_no_more_is_answered_to_its_last_command() -> None:
    peer = await Peer.connect(reception(settings={"max_recipients": 1}))
    await peer.say("MAIL FROM:<a@example.net>")
    peer.session.data_received(f"RCPT TO:<{KNOWN}>\r\n".encode() * (2 * COMMANDS_A_TURN + 1))
    peer.half_close()
    assert (await peer.hear()).count("\n") == 2 * COMMANDS_A_TURN + 1
    assert peer.closed


@pytest.mark.parametrize("line", ["EHLO c", "HELO c", "DATA", "MAIL FROM:<a@example.net>", "AUTH PLAIN"])
async def test_commands_in_the_wrong_place_lead_nowhere(line: str) -> None:
    peer = await Peer.connect(reception())
    heard = await peer.say("MAIL FROM:<a@example.net>", *[line] * MAX_IDLE)
    assert heard.endswith("421 4.7.0 Too many commands that are not understood or lead nowhere, closing\r\n")
    assert peer.closed
