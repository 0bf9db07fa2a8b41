"""The small parts of the intake: addresses, trace fields, limits and replies."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from ipaddress import ip_network

import pytest

from bridge.intake import address, replies, trace
from bridge.intake.limits import Connections, Networks, peer_name
from bridge.intake.replies import Reply

# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<a@example.net>", ("a@example.net", "")),
        (" <a@example.net> SIZE=1 BODY=8BITMIME", ("a@example.net", "SIZE=1 BODY=8BITMIME")),
        ("<>", ("", "")),
        ("<> SIZE=1", ("", "SIZE=1")),
        ("a@example.net", ("a@example.net", "")),
        ("a@example.net SIZE=1", ("a@example.net", "SIZE=1")),
        ("< a@example.net >", ("a@example.net", "")),
        ("<a@example.net", ("a@example.net", "")),
        ("<@relay.example,@other.example:a@example.net>", ("a@example.net", "")),
        ('<"a b"@example.net>', ('"a b"@example.net', "")),
        (r'<"a\"b"@example.net> SIZE=1', (r'"a\"b"@example.net', "SIZE=1")),
        ("<a@[192.0.2.1]>", ("a@[192.0.2.1]", "")),
        ("<root>", ("root", "")),
        ("<a@example.net.>", ("a@example.net", "")),
        ("Scanner <a@example.net>", ("a@example.net", "")),
        ('"Scanner, 2nd floor" <a@example.net> SIZE=1', ("a@example.net", "SIZE=1")),
        ("<jörg@exämple.net>", ("jörg@exämple.net", "")),
        ("<a+b=c/d{e}'@example.net>", ("a+b=c/d{e}'@example.net", "")),
    ],
)
def test_what_clients_write_is_read(text: str, found: tuple[str, str]) -> None:
    """Pitfall 19: the parser was lenient by accident, and took 56 µs."""
    assert address.parse(text) == found


@pytest.mark.parametrize(
    "text",
    ["", "<a b@example.net>", "<<a@example.net>>", "<a@b@c>", "a@b@c", "<a@example.net>SIZE=1", "<\x00@x>", "<a\x7f@x>", "<@x>",
     "<a@>", "<(comment)a @x>", "\udc80@x", f"<{'a' * 500}@example.net>"],
)  # fmt: skip
def test_what_cannot_be_read_is_not_mended(text: str) -> None:
    """Pitfall 19: `<a b@x.y>` became `"a b"@x.y`."""
    assert address.parse(text) is None


@pytest.mark.parametrize(
    "unit", ["<", " ", "\t<", '"', "\\", '"\\', "@", "a ", "a@", "<@a,", "(", ":"], ids=repr
)
def test_a_hostile_address_costs_little(unit: str) -> None:
    """Pitfall 19: parsing is linear, up to the longest line that is read."""
    began = time.process_time()
    address.parse(unit * (4096 // len(unit)))
    address.parse("<" + unit * (4096 // len(unit)) + ">")
    assert time.process_time() - began < 0.05


def test_parameters_are_read_by_keyword() -> None:
    """Pitfall 5: a keyword with a hyphen, or a value like `<>`, made the whole command a syntax error."""
    assert address.parameters("SIZE=1 AUTH=<> MT-PRIORITY=3 smtputf8 x=y=z") == {
        "SIZE": "1",
        "AUTH": "<>",
        "MT-PRIORITY": "3",
        "SMTPUTF8": None,
        "X": "y=z",
    }


# -- trace -----------------------------------------------------------------------------------------

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def field(**changes: object) -> str:
    values: dict[str, object] = {
        "helo": "client.example",
        "peer": "192.0.2.7",
        "hostname": "mx.example.org",
        "protocol": "ESMTPS",
        "mail_id": "m1",
        "recipients": ("help@example.org",),
        "at": AT,
    }
    return trace.received(**{**values, **changes}).decode()  # type: ignore[arg-type]


def test_the_trace_field_says_who_gave_what_to_whom_and_when() -> None:
    assert field() == (
        "Received: from client.example ([192.0.2.7])\r\n"
        "\tby mx.example.org (reamaze-bridge) with ESMTPS id m1\r\n"
        "\tfor <help@example.org>;\r\n"
        "\tMon, 02 Nov 2026 09:30:00 +0000\r\n"
    )
    parsed = message_from_bytes(field().encode() + b"Subject: x\r\n\r\n")
    assert parsedate_to_datetime(parsed["Received"].rpartition(";")[2]) == AT
    assert parsed["Subject"] == "x"


def test_of_several_recipients_none_is_told_to_the_others() -> None:
    assert "for" not in field(recipients=("a@x", "b@x"))


@pytest.mark.parametrize("helo", ["a\r\nBcc: x", "a b", "<script>", "(", "ü", "\x00", "x" * 5000])
def test_a_peer_cannot_write_a_header_by_its_name(helo: str) -> None:
    lines = field(helo=helo).split("\r\n")
    assert len(lines) == 5
    assert len(lines[0]) < 300
    assert lines[0].isascii()
    assert not set("()<> ") & set(lines[0].removeprefix("Received: from ").removesuffix(" ([192.0.2.7])"))


def test_peers_of_every_kind_have_a_name() -> None:
    assert "from unknown (unix)" in field(helo="", peer="unix")
    assert "([IPv6:2001:db8::1])" in field(peer="2001:db8::1")
    assert "<" not in field(recipients=("jörg@example.org",))


@pytest.mark.parametrize(
    ("lmtp", "extended", "tls", "login", "utf8", "word"),
    [
        (False, False, False, False, False, "SMTP"),
        (False, True, False, False, False, "ESMTP"),
        (False, True, True, False, False, "ESMTPS"),
        (False, True, True, True, False, "ESMTPSA"),
        (False, True, False, False, True, "UTF8SMTP"),
        (False, True, True, False, True, "UTF8SMTPS"),
        (True, True, False, False, False, "LMTP"),
        (True, True, True, True, True, "UTF8LMTPSA"),
    ],
)
def test_the_protocol_has_its_registered_word(
    lmtp: bool, extended: bool, tls: bool, login: bool, utf8: bool, word: str
) -> None:
    assert trace.protocol(lmtp=lmtp, extended=extended, tls=tls, login=login, utf8=utf8) == word


@pytest.mark.parametrize("size", range(1, 40))
def test_hops_are_counted_wherever_the_content_is_cut(size: int) -> None:
    content = (
        b"Received: one\r\nX-Received: no\r\nRECEIVED: two\r\n\tby MX.example.org (reamaze-bridge)\r\n"
        b"Subject: Received: no\r\n\r\nReceived: no\r\nby mx.example.org (reamaze-bridge)\r\n"
    )
    hops = trace.Hops("mx.example.org")
    for start in range(0, len(content), size):
        if not hops.ended:
            hops.feed(content[start : start + size])
    assert (hops.received, hops.own, hops.ended) == (2, 1, True)


def test_content_without_a_header_has_no_hops() -> None:
    hops = trace.Hops("mx.example.org")
    hops.feed(b"\r\nReceived: no\r\n")
    assert (hops.received, hops.ended) == (0, True)


def test_a_header_without_end_is_scanned_within_bounds() -> None:
    hops = trace.Hops("mx.example.org")
    fed = 0
    while not hops.ended:
        hops.feed(b"Received: x\r\n" * 1000)
        fed += 1
    assert fed < 100


# -- limits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peername", "name"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8::1", 1, 0, 0), "2001:db8::1"),
        (("::ffff:192.0.2.7", 1, 0, 0), "192.0.2.7"),
        (("fe80::1%eth0", 1, 0, 2), "fe80::1"),
        ("", "unix"),
        (None, "unix"),
        (b"\x00abstract", "unix"),
    ],
)
def test_a_peer_has_a_name_on_every_kind_of_socket(peername: object, name: str) -> None:
    """Pitfall 26: it was a pair, a quadruple, an empty string, or nothing."""
    assert peer_name(peername) == name


def test_networks_know_their_own() -> None:
    networks = Networks((ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"), ip_network("127.0.0.0/8")))
    held = [networks.holds(peer) for peer in ("192.0.2.1", "2001:db8::1", "unix", "192.0.3.1", "::1", "junk")]
    assert held == [True, True, True, False, False, False]


def test_connections_are_forgotten_when_they_are_over() -> None:
    connections = Connections(most=10, most_per_peer=1)
    assert connections.admit("192.0.2.1") is None
    assert connections.admit("192.0.2.1") is replies.TOO_MANY_CONNECTIONS
    connections.release("192.0.2.1")
    assert connections.admit("192.0.2.1") is None
    connections.release("192.0.2.1")
    assert (connections.open, len(connections._by_peer)) == (0, 0)


def test_a_unix_socket_has_no_limit_per_peer() -> None:
    connections = Connections(most=10, most_per_peer=1)
    assert [connections.admit("unix") for _ in range(3)] == [None] * 3


# -- replies ---------------------------------------------------------------------------------------

ALL = {name: value for name, value in vars(replies).items() if isinstance(value, Reply)}


@pytest.mark.parametrize("name", ALL)
def test_code_and_enhanced_code_agree(name: str) -> None:
    """Pitfall 22: enhanced codes are advertised, so every reply has one of the same class."""
    reply = ALL[name]
    if name == "SEND_CONTENT":
        assert reply.enhanced == ""
    else:
        assert reply.enhanced.partition(".")[0] == str(reply.code)[0]
    assert len(reply.wire) <= 512
    assert reply.wire.endswith(b"\r\n")


def test_only_policy_and_syntax_are_permanent() -> None:
    """Pitfall 1: the bridge's own trouble (X.3, X.4) is never 5xx, but for what the sender alone can change: size and loops."""
    permanent = {name for name, reply in ALL.items() if reply.code >= 500 and reply.enhanced[2] in "34"}
    assert permanent == {"TOO_LARGE", "TOO_MANY_HOPS", "OWN_LOOP"}
