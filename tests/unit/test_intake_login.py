"""Who a peer is by AUTH: what it is asked, what it hears, and what becomes of those who guess."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from support.smtp import KNOWN, PEER, reception

from bridge.clock import FixedClock
from bridge.errors import StartError
from bridge.intake import replies
from bridge.intake.dialogue import Dialogue, Then
from bridge.intake.login import GUESSING_S, MAX_FAILURES, MAX_FAILURES_OF_ALL, MAX_SESSION_FAILURES
from bridge.intake.reception import Reception

TLS = {"certificate": "/c.pem", "key": "/k.pem"}
LOGINS = [
    {"user": "scanner", "password": {"env": "SCANNER"}},
    {"user": "jörg@example.org", "password": {"env": "JOERG"}},
]
WELCOME, WRONG = "235 2.7.0 Welcome", "535 5.7.8 Name or password is wrong"
BARRED = "421 4.7.0 Too many failed logins, try again later"


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANNER", "s3cret paper")
    monkeypatch.setenv("JOERG", "grün")


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plain(user: str, password: str, identity: str = "") -> str:
    return coded(f"{identity}\0{user}\0{password}")


GOOD = plain("scanner", "s3cret paper")
BAD = plain("scanner", "s3cret papeR")


def desk(**changes: Any) -> Reception:
    return reception(**{"tls": TLS, "logins": LOGINS, **changes})


class Talk:
    """A session whose TLS is given; says lines and hears the first line of each reply."""

    def __init__(self, at: Reception | None = None, *, tls: bool = True, peer: str = PEER) -> None:
        self.dialogue = Dialogue(at or desk(), peer)
        if tls:
            self.dialogue.encrypted("TLSv1.3")

    def say(self, *lines: str) -> list[str]:
        return [self.dialogue.answer(line.encode()).decode().split("\r\n")[0] for line in lines]

    def log_in(self, answer: str) -> str:
        return self.say("EHLO client.example", f"AUTH PLAIN {answer}")[-1]


def test_auth_is_offered_where_there_are_logins_and_tls() -> None:
    def offers(talk: Talk) -> bool:
        return b"AUTH PLAIN LOGIN\r\n" in talk.dialogue.answer(b"EHLO client.example")

    assert offers(Talk())
    assert not offers(Talk(tls=False))
    assert not offers(Talk(desk(logins=[])))


@pytest.mark.parametrize(
    "lines",
    [
        [f"AUTH PLAIN {GOOD}"],
        [f"auth plain {GOOD}"],
        ["AUTH PLAIN", GOOD],
        [f"AUTH PLAIN {plain('scanner', 's3cret paper', 'scanner')}"],
        ["AUTH LOGIN", coded("scanner"), coded("s3cret paper")],
        [f"AUTH LOGIN {coded('scanner')}", coded("s3cret paper")],
        [f"AUTH PLAIN {plain('jörg@example.org', 'grün')}"],
    ],
)
def test_a_peer_logs_in_by_either_mechanism_with_or_without_a_first_answer(lines: list[str]) -> None:
    heard = Talk().say("EHLO client.example", *lines)
    assert heard[-1] == WELCOME
    assert all(reply.startswith("334 ") for reply in heard[1:-1])


def test_login_asks_as_its_clients_expect() -> None:
    heard = Talk().say("EHLO client.example", "AUTH LOGIN", coded("scanner"))
    assert [base64.b64decode(reply[4:]) for reply in heard[1:]] == [b"Username:", b"Password:"]
    assert Talk().say("EHLO client.example", "AUTH PLAIN")[-1] == "334 "


@pytest.mark.parametrize(
    "answer",
    [
        BAD,
        plain("nobody", "s3cret paper"),
        plain("scanner", ""),
        plain("", ""),
        plain("Scanner", "s3cret paper"),
        plain("scanner", "s3cret paper", "jörg@example.org"),
    ],
)
def test_whoever_is_not_known_hears_the_same(answer: str) -> None:
    assert Talk().log_in(answer) == WRONG


@pytest.mark.parametrize(
    "answer", ["no base64", "AA", "=", coded("one"), coded("a\0b\0c\0d"), "/w==", "ä", GOOD + "!"]
)
def test_what_cannot_be_read_is_said_and_leads_nowhere(answer: str) -> None:
    talk = Talk()
    assert talk.log_in(answer).startswith("501 5.5.2")
    assert talk.log_in(GOOD) == WELCOME


def test_a_peer_may_change_its_mind() -> None:
    talk = Talk()
    assert talk.say("EHLO client.example", "AUTH LOGIN", "*")[-1] == "501 5.7.0 Login cancelled"
    assert talk.say("NOOP") == ["250 2.0.0 Ok"]


def test_auth_has_its_place() -> None:
    assert Talk(tls=False).log_in(GOOD).startswith("538 5.7.11")
    assert Talk(desk(logins=[])).log_in(GOOD).startswith("502 5.5.1")
    assert Talk().say(f"AUTH PLAIN {GOOD}") == ["503 5.5.1 EHLO comes first"]
    assert Talk().say("HELO client.example", f"AUTH PLAIN {GOOD}")[-1] == "503 5.5.1 EHLO comes first"
    assert Talk().say("EHLO c", "AUTH CRAM-MD5")[-1] == "504 5.5.4 AUTH is PLAIN or LOGIN here"
    talk = Talk()
    assert talk.say("EHLO c", "MAIL FROM:<a@example.net>", f"AUTH PLAIN {GOOD}")[-1].startswith("503 5.5.1")
    assert talk.say("RSET", f"AUTH PLAIN {GOOD}", f"AUTH PLAIN {GOOD}")[1:] == [
        WELCOME,
        "503 5.5.1 You are logged in already",
    ]


def test_the_name_goes_into_the_envelope_and_the_trace_field() -> None:
    talk = Talk()
    talk.log_in(GOOD)
    talk.say("EHLO again.example", "MAIL FROM:<a@example.net>", f"RCPT TO:<{KNOWN}>", "DATA")
    assert talk.dialogue.arriving is not None
    assert talk.dialogue.arriving.envelope.login == "scanner"
    trace = talk.dialogue.arriving.collector.content()
    assert isinstance(trace, bytes)
    assert b"with ESMTPSA id" in trace
    assert b"scanner" not in trace


def test_a_listener_can_insist_on_a_login() -> None:
    clear = Talk(desk(require_login=True), tls=False)
    assert clear.say("EHLO c", "MAIL FROM:<a@example.net>")[-1] == "530 5.7.0 Say STARTTLS first"
    talk = Talk(desk(require_login=True))
    assert talk.say("EHLO c", "MAIL FROM:<a@example.net>")[-1] == "530 5.7.0 Log in first, by AUTH"
    assert talk.say(f"AUTH PLAIN {GOOD}", "MAIL FROM:<a@example.net>") == [WELCOME, "250 2.1.0 Ok"]


# -- guessing --------------------------------------------------------------------------------------


def test_a_session_ends_after_a_few_failures() -> None:
    talk = Talk()
    heard = [talk.log_in(BAD) for _ in range(MAX_SESSION_FAILURES)]
    assert heard == [WRONG] * (MAX_SESSION_FAILURES - 1) + [BARRED]
    assert talk.dialogue.then is Then.CLOSE


def test_an_address_that_guesses_has_to_wait_and_others_do_not() -> None:
    clock = FixedClock()
    at = desk(clock=clock)
    for _ in range(MAX_FAILURES):
        Talk(at).log_in(BAD)
    assert Talk(at).log_in(GOOD) == BARRED
    assert Talk(at, peer="192.0.2.8").log_in(GOOD) == WELCOME
    clock.advance(GUESSING_S + 1)
    assert Talk(at).log_in(GOOD) == WELCOME


def test_addresses_of_one_ipv6_host_guess_together() -> None:
    at = desk()
    for number in range(MAX_FAILURES):
        Talk(at, peer=f"2001:db8::{number:x}").log_in(BAD)
    assert Talk(at, peer="2001:db8::ffff").log_in(GOOD) == BARRED
    assert Talk(at, peer="2001:db8:0:1::1").log_in(GOOD) == WELCOME


def test_a_login_that_succeeds_forgives_the_failures_before() -> None:
    at = desk()
    for _ in range(3):
        for _ in range(MAX_FAILURES - 1):
            assert Talk(at).log_in(BAD) == WRONG
        assert Talk(at).log_in(GOOD) == WELCOME


def test_who_knows_one_password_wins_no_further_guesses_at_another() -> None:
    at = desk()
    for _ in range(MAX_FAILURES):
        assert Talk(at).log_in(plain("jörg@example.org", "blau")) == WRONG
        assert Talk(at).log_in(GOOD) == WELCOME
    assert Talk(at).log_in(plain("jörg@example.org", "grün")) == BARRED


def test_a_device_with_an_old_password_locks_out_nobody_else_at_its_address() -> None:
    at = desk()
    for _ in range(3 * MAX_FAILURES):
        Talk(at).log_in(BAD)
    assert Talk(at).log_in(BAD) == BARRED
    assert Talk(at).log_in(plain("jörg@example.org", "grün")) == WELCOME


def test_names_are_not_guessed_without_end_either() -> None:
    at = desk()
    for number in range(MAX_FAILURES_OF_ALL):
        assert Talk(at).log_in(plain(f"nobody{number}", "x")) == WRONG
    assert Talk(at).log_in(GOOD) == BARRED


def test_sessions_that_begin_together_have_no_guess_more_than_others() -> None:
    at = desk()
    talks = [Talk(at) for _ in range(3 * MAX_FAILURES)]
    for talk in talks:
        assert talk.say("EHLO c", "AUTH PLAIN")[-1] == "334 "
    heard = [talk.say(BAD)[0] for talk in talks]
    assert heard == [WRONG] * MAX_FAILURES + [BARRED] * (2 * MAX_FAILURES)


def test_guessers_without_number_are_forgotten_oldest_first() -> None:
    at = desk()
    for number in range(10_050):
        Talk(at, peer=f"2001:db8:{number:x}::1").log_in(BAD)
    assert len(at.logins._failures) == 10_000
    assert "2001:db8::" not in at.logins._failures


def test_no_password_is_in_a_log_or_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    at = desk()
    talk = Talk(at)
    talk.log_in(BAD)
    talk.say("AUTH LOGIN", coded("scanner"), coded("s3cret papeR"))
    shown = caplog.text + repr(at) + repr(at.logins) + repr(vars(at.logins))
    assert "s3cret" not in shown
    assert BAD not in shown


def test_the_log_names_the_login_that_failed_where_there_is_such_a_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Talk().log_in(BAD)
    assert "login=scanner" in capsys.readouterr().err
    # People type their password where the name belongs.
    Talk().log_in(plain("s3cret paper", "s3cret paper"))
    assert "s3cret" not in capsys.readouterr().err


def test_a_line_that_is_too_long_ends_the_exchange() -> None:
    talk = Talk()
    talk.say("EHLO c", "AUTH PLAIN")
    talk.dialogue.junk(replies.LINE_TOO_LONG)
    assert talk.say("NOOP") == ["250 2.0.0 Ok"]


# -- the config ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"tls": None}, "`logins` need `tls`"),
        ({"logins": [], "require_login": True}, "`require_login` needs `logins`"),
    ],
)
def test_what_would_lock_everybody_out_or_bare_a_password_is_refused(
    changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        desk(**changes)


def test_a_password_that_cannot_be_read_is_said_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCANNER")
    with pytest.raises(
        StartError, match="password of login scanner of listener mx cannot be read from env SCANNER"
    ):
        desk()
