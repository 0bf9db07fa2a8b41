"""Who a peer is, by name and password: SMTP AUTH (RFC 4954) with PLAIN (RFC 4616) and LOGIN, which old devices speak.

Passwords travel by TLS alone, are compared in constant time, and appear in no reply and no log. Whoever guesses is sent away for
a while, and no name is told from another by its answer.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
from collections.abc import Generator
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from bridge.clock import Clock
from bridge.config import schema
from bridge.intake import replies
from bridge.intake.replies import Reply

MECHANISMS = ("PLAIN", "LOGIN")
#: Failures after which a session ends.
MAX_SESSION_FAILURES = 3
#: Failures within `GUESSING_S` after which a peer may not log in by that name, and by any.
MAX_FAILURES = 10
MAX_FAILURES_OF_ALL = 30
GUESSING_S = 600.0
#: Peers whose failures are remembered; the oldest is forgotten.
_MAX_PEERS = 10_000
#: No password has a digest of this length.
_NOBODY = b""
_USERNAME = Reply(334, "", "VXNlcm5hbWU6")
_PASSWORD = Reply(334, "", "UGFzc3dvcmQ6")
_GO_ON = Reply(334, "", "")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who the peer says it is."""

    user: str
    password: str = field(repr=False)


#: Says what the server asks, hears the peer's lines, and ends with the claim, or with the reply that refuses it.
Exchange = Generator[Reply, str, Claim | Reply]


def exchange(argument: str) -> Exchange:
    """The rest of one AUTH command, whose argument names the mechanism and may hold the first answer."""
    mechanism, _, initial = argument.strip().partition(" ")
    try:
        match mechanism.upper():
            case "PLAIN":
                return _plain(_text(initial.strip() or (yield _GO_ON)))
            case "LOGIN":
                user = _text(initial.strip() or (yield _USERNAME))
                return Claim(user, _text((yield _PASSWORD)))
            case _:
                return replies.UNKNOWN_MECHANISM
    except _CancelledError:
        return replies.LOGIN_CANCELLED
    except ValueError:
        return replies.LOGIN_SYNTAX


class _CancelledError(Exception):
    """The peer gave up with a `*`."""


def _text(answer: str) -> str:
    if answer == "*":
        raise _CancelledError
    # "=" is an empty first answer (RFC 4954 section 4).
    return binascii.a2b_base64(b"" if answer == "=" else answer.encode("ascii"), strict_mode=True).decode()


def _plain(message: str) -> Claim:
    """Three fields parted by NUL (RFC 4616 section 2). Whoever would act for somebody else is nobody."""
    identity, user, password = message.split("\0")
    return Claim(user if identity in ("", user) else "", password)


class Logins:
    """The names and passwords of one listener, and who has guessed at them.

    Guesses are counted by name: a device with an old password does not lock out those that share its address, and who knows one
    password wins no further guesses at another.
    """

    def __init__(self, listener: schema.Listener, clock: Clock) -> None:
        """Raises StartError where a password cannot be read."""
        self._key = os.urandom(32)
        self._proofs = {
            login.user: self._proof(
                login.password.held(f"the password of login {login.user} of listener {listener.name}")
            )
            for login in listener.logins
        }
        self._clock = clock
        #: By origin: when a guess failed, and a digest of the name it was made at.
        self._failures: dict[str, list[tuple[float, bytes]]] = {}

    def __bool__(self) -> bool:
        return bool(self._proofs)

    def __contains__(self, user: str) -> bool:
        return user in self._proofs

    def know(self, peer: str, claim: Claim) -> bool:
        """Whether that is one of the logins; a failure is remembered."""
        # A name that nobody has is compared too: its answer takes as long as that to a wrong password.
        expected = self._proofs.get(claim.user, _NOBODY)
        known = hmac.compare_digest(self._proof(claim.password), expected)
        recent, name = self._recent(peer), self._proof(claim.user)
        # A success forgives what was guessed at that name alone.
        kept = [each for each in recent if each[1] != name] if known else [*recent, (self._now_s(), name)]
        self._keep(peer, kept)
        return known

    def bars(self, peer: str, user: str) -> bool:
        """Whether the peer has guessed too often to be heard now."""
        recent, name = self._recent(peer), self._proof(user)
        at_name = sum(guessed == name for _, guessed in recent)
        return at_name >= MAX_FAILURES or len(recent) >= MAX_FAILURES_OF_ALL

    def _proof(self, secret: str) -> bytes:
        """What is kept of a password, or of a name that may be one: of one length, and of no use elsewhere."""
        return hashlib.blake2b(secret.encode(), key=self._key).digest()

    def _now_s(self) -> float:
        return self._clock.monotonic_s()

    def _recent(self, peer: str) -> list[tuple[float, bytes]]:
        """The peer's failures that still count."""
        since_s = self._now_s() - GUESSING_S
        return [each for each in self._failures.get(_origin(peer), ()) if each[0] > since_s]

    def _keep(self, peer: str, failures: list[tuple[float, bytes]]) -> None:
        origin = _origin(peer)
        self._failures.pop(origin, None)
        if not failures:
            return
        if len(self._failures) >= _MAX_PEERS:
            del self._failures[next(iter(self._failures))]
        self._failures[origin] = failures


def _origin(peer: str) -> str:
    """Where guesses come from: an IPv6 host has 2**64 addresses of its own."""
    return str(IPv6Address(int(IPv6Address(peer.partition("%")[0])) >> 64 << 64)) if ":" in peer else peer


class Login:
    """How one session becomes known: its AUTH commands, one at a time."""

    __slots__ = ("_failed", "_logins", "_peer", "_under_way", "tried", "user")

    def __init__(self, logins: Logins, peer: str) -> None:
        self._logins = logins
        self._peer = peer
        self._under_way: Exchange | None = None
        self._failed = 0
        #: The name by which the peer logged in.
        self.user: str | None = None
        #: The login that was tried last. A name that nobody has is forgotten: people type a password there.
        self.tried: str | None = None

    @property
    def asks(self) -> bool:
        """Whether the next line is an answer and no command."""
        return self._under_way is not None

    def begin(self, argument: str) -> Reply:
        if self.user is not None:
            return replies.LOGIN_ALREADY
        return self._go_on(exchange(argument), None)

    def give_up(self) -> None:
        """Expect no answer any more."""
        self._under_way = None

    def hear(self, line: str) -> Reply:
        """Take the answer to what was asked."""
        return replies.LOGIN_SYNTAX if self._under_way is None else self._go_on(self._under_way, line)

    def _go_on(self, under_way: Exchange, answer: str | None) -> Reply:
        self._under_way = None
        try:
            asked = next(under_way) if answer is None else under_way.send(answer)
        except StopIteration as ended:
            outcome: Claim | Reply = ended.value
            return self._judged(outcome) if isinstance(outcome, Claim) else outcome
        self._under_way = under_way
        return asked

    def _judged(self, claim: Claim) -> Reply:
        self.tried = claim.user if claim.user in self._logins else None
        # Asked for each answer, not when AUTH begins: whoever begins in many sessions at once would have a guess in each.
        if self._logins.bars(self._peer, claim.user):
            return replies.TOO_MANY_LOGINS
        if self._logins.know(self._peer, claim):
            self.user = claim.user
            return replies.LOGGED_IN
        self._failed += 1
        return replies.TOO_MANY_LOGINS if self._failed >= MAX_SESSION_FAILURES else replies.BAD_LOGIN
