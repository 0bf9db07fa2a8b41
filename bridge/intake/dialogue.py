"""The SMTP and LMTP dialogue: one line in, one reply out, and what has to happen next.

No I/O and no waiting: sockets, content and TLS belong to the session. Whatever real clients send beside the standard is
tolerated where nothing can be misread; the rest hears a reply that says what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar

from bridge import log
from bridge.errors import SpoolError
from bridge.intake import address, replies, trace
from bridge.intake.collect import Collector, refusal_for
from bridge.intake.login import MECHANISMS, Login
from bridge.intake.reception import Reception
from bridge.intake.replies import Reply
from bridge.model import Envelope

#: Longest command line. RFC 5321 asks for 512 and the extensions for more.
MAX_LINE_BYTES = 4096
#: Commands that are not understood, before the session ends.
MAX_JUNK = 10
#: Understood commands that lead nowhere (EHLO, NOOP, RSET, refused recipients, wrong order), since the last mail.
MAX_IDLE = 100

_SIZE = re.compile(r"[0-9]{1,20}")


class Then(Enum):
    """What the session does after the reply."""

    NEXT = auto()
    CONTENT = auto()
    TLS = auto()
    CLOSE = auto()


@dataclass(slots=True)
class Transaction:
    """From MAIL to the end of the content."""

    reverse_path: str
    utf8: bool
    recipients: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Arriving:
    """A mail between its 354 and the end of its content."""

    mail_id: str
    envelope: Envelope
    collector: Collector


class Dialogue:
    __slots__ = (
        "_extended",
        "_helo",
        "_idle",
        "_junk",
        "_login",
        "_peer",
        "_reception",
        "_transaction",
        "arriving",
        "then",
        "tls",
    )

    def __init__(self, reception: Reception, peer: str) -> None:
        self._reception = reception
        self._peer = peer
        self._helo = ""
        self._extended = False
        self._transaction: Transaction | None = None
        self._junk = 0
        self._idle = 0
        self._login = Login(reception.logins, peer)
        #: Protocol version such as "TLSv1.3" once the session is encrypted.
        self.tls: str | None = None
        #: What follows the last reply.
        self.then = Then.NEXT
        #: The mail whose content follows, when `then` is CONTENT.
        self.arriving: Arriving | None = None

    def greeting(self) -> bytes:
        # Neither product nor version: what is not told cannot be looked up.
        kind = "LMTP" if self._reception.lmtp else "ESMTP"
        return f"220 {self._reception.hostname} {kind}\r\n".encode()

    def encrypted(self, version: str | None) -> None:
        """Forget what was said in the clear (RFC 3207)."""
        self.tls = version or "TLS"
        self._helo, self._extended, self._transaction = "", False, None

    # -- one line --------------------------------------------------------------------------------------

    def answer(self, line: bytes) -> bytes:
        """The reply to one command line without its end; `then` says how to go on."""
        self.then = Then.NEXT
        if self._login.asks:
            return self._counted(self._said(self._login.hear(_decoded(line))))
        verb, _, argument = line.partition(b" ")
        command = self._COMMANDS.get(verb) or self._COMMANDS.get(verb.upper())
        if command is None:
            return self.junk(replies.UNKNOWN_COMMAND if verb.strip() else replies.BAD_LINE)
        try:
            reply = command(self, _decoded(argument))
        except Exception as error:  # noqa: BLE001 - nothing that arrives raises into the dialogue
            log.error("trouble", doing="answering a command", peer=self._peer, error=repr(error))
            self._transaction = None
            self.then = Then.NEXT
            return replies.TRY_LATER.wire
        return self._counted(reply)

    def _counted(self, reply: Reply | bytes) -> bytes:
        if isinstance(reply, Reply) and reply.code in (500, 501, 502, 504, 555):
            return self.junk(reply)
        # Recipients that follow a refused MAIL were sent along with it.
        if isinstance(reply, Reply) and reply.code in (503, 530, 538) and reply is not replies.NEED_MAIL:
            reply = self._nowhere(reply)
        return reply.wire if isinstance(reply, Reply) else reply

    def junk(self, reply: Reply) -> bytes:
        """Answer what could not be understood, for a while."""
        # After a 500 the peer's next line is a command, whatever was asked before.
        self._login.give_up()
        self._junk += 1
        return self._close(replies.TOO_MUCH_JUNK) if self._junk >= MAX_JUNK else reply.wire

    def _nowhere(self, reply: Reply) -> Reply | bytes:
        """Answer what did not bring a mail nearer, for a while."""
        self._idle += 1
        return self._close(replies.TOO_MUCH_JUNK) if self._idle >= MAX_IDLE else reply

    def _not_to(self, reply: Reply) -> Reply | bytes:
        """Refuse one recipient. A mail with another leads somewhere: ended here, it would come back with its list for ever."""
        named = self._transaction is not None and self._transaction.recipients
        return reply if named else self._nowhere(reply)

    def _close(self, reply: Reply, *, login: str | None = None) -> bytes:
        self.then = Then.CLOSE
        return self._reception.refused(reply, self._peer, login=login).wire

    # -- greetings -------------------------------------------------------------------------------------

    def _ehlo(self, argument: str) -> Reply | bytes:
        return replies.USE_LHLO if self._reception.lmtp else self._extended_hello(argument)

    def _lhlo(self, argument: str) -> Reply | bytes:
        return self._extended_hello(argument) if self._reception.lmtp else replies.USE_EHLO

    def _extended_hello(self, argument: str) -> Reply | bytes:
        if not self._hello(argument):
            return replies.HELO_SYNTAX
        self._extended = True
        reception = self._reception
        lines = [
            reception.hostname,
            f"SIZE {reception.settings.size_limit_bytes}",
            "8BITMIME",
            "SMTPUTF8",
            "PIPELINING",
            "ENHANCEDSTATUSCODES",
        ]
        if reception.tls is not None and self.tls is None:
            lines.insert(1, "STARTTLS")
        if reception.logins and self.tls is not None:
            lines.insert(1, f"AUTH {' '.join(MECHANISMS)}")
        last = lines.pop()
        # One write: several small ones would wait for the peer's delayed acknowledgement.
        return self._greeted("".join(f"250-{line}\r\n" for line in lines) + f"250 {last}\r\n")

    def _helo_command(self, argument: str) -> Reply | bytes:
        if self._reception.lmtp:
            return replies.USE_LHLO
        if not self._hello(argument):
            return replies.HELO_SYNTAX
        self._extended = False
        return self._greeted(f"250 {self._reception.hostname}\r\n")

    def _greeted(self, words: str) -> Reply | bytes:
        answer = self._nowhere(replies.OK)
        return words.encode() if answer is replies.OK else answer

    def _hello(self, argument: str) -> bool:
        if name := argument.strip():
            self._helo = name[:255]
            self._transaction = None
        return bool(name)

    # -- a mail ----------------------------------------------------------------------------------------

    def _mail(self, argument: str) -> Reply | bytes:
        reception = self._reception
        listener = reception.listener
        # AUTH is not even offered before.
        if self.tls is None and (listener.require_tls or listener.require_login):
            return replies.NEED_TLS
        if listener.require_login and self._login.user is None:
            return replies.NEED_LOGIN
        if self._transaction is not None:
            return replies.NESTED_MAIL
        if argument[:5].upper() != "FROM:":
            return replies.MAIL_SYNTAX
        parsed = address.parse(argument[5:])
        if parsed is None:
            return self._nowhere(replies.BAD_REVERSE_PATH)
        reverse_path, rest = parsed
        utf8, size_bytes = False, 0
        if rest:
            options = address.parameters(rest)
            utf8 = "SMTPUTF8" in options
            if (options.get("BODY") or "").upper() not in ("", "7BIT", "8BITMIME"):
                return replies.BINARY_REFUSED
            size = options.get("SIZE") or "0"
            if not _SIZE.fullmatch(size):
                return replies.BAD_PARAMETER
            size_bytes = int(size)
        if size_bytes > reception.settings.size_limit_bytes:
            return self._nowhere(reception.refused(replies.TOO_LARGE, self._peer, reverse_path=reverse_path))
        try:
            reception.spool.room(size_bytes)
        except Exception as error:  # noqa: BLE001 - unknown means temporary
            return self._nowhere(reception.refused(refusal_for(error), self._peer, because=str(error)))
        self._transaction = Transaction(reverse_path, utf8)
        return replies.SENDER_OK

    def _rcpt(self, argument: str) -> Reply | bytes:
        reception, transaction = self._reception, self._transaction
        if transaction is None:
            return replies.NEED_MAIL
        if argument[:3].upper() != "TO:":
            return replies.RCPT_SYNTAX
        if len(transaction.recipients) >= reception.settings.max_recipients:
            return replies.TOO_MANY_RECIPIENTS
        parsed = address.parse(argument[3:])
        if parsed is None:
            return self._not_to(replies.BAD_RECIPIENT)
        recipient = parsed[0]
        if not recipient:
            return replies.NULL_RECIPIENT
        if not self._wanted(recipient):
            return self._not_to(reception.refused(replies.UNKNOWN_RECIPIENT, self._peer, recipient=recipient))
        if self._stuck(recipient):
            return self._not_to(reception.refused(replies.STUCK, self._peer, recipient=recipient))
        transaction.recipients.append(recipient)
        return replies.RECIPIENT_OK

    def _stuck(self, recipient: str) -> bool:
        try:
            return self._reception.stuck(recipient)
        except SpoolError:
            # A spool that cannot say so cannot take the mail either, and answers for itself at the end.
            return False

    def _wanted(self, recipient: str) -> bool:
        if self._reception.wants(recipient):
            return True
        # RFC 5321, 4.5.1: postmaster is always somebody.
        local, _, domain = recipient.lower().rpartition("@")
        return recipient.lower() == "postmaster" or (
            local == "postmaster" and domain == self._reception.hostname.lower()
        )

    def _data(self, argument: str) -> Reply | bytes:
        if argument.strip():
            return replies.NO_ARGUMENT
        transaction, self._transaction = self._transaction, None
        if transaction is None or not transaction.recipients:
            self._transaction = transaction
            return replies.NEED_RECIPIENT
        self.arriving = self._open(transaction)
        self._idle = 0
        self.then = Then.CONTENT
        return replies.SEND_CONTENT

    def _open(self, transaction: Transaction) -> Arriving:
        reception = self._reception
        mail_id = reception.spool.new_id()
        envelope = Envelope(
            reverse_path=transaction.reverse_path,
            recipients=tuple(transaction.recipients),
            peer=self._peer,
            helo=self._helo,
            listener=reception.listener.name,
            received_at=reception.clock.now(),
            login=self._login.user,
            tls=self.tls,
            trusted=reception.trusted.holds(self._peer),
        )
        protocol = trace.protocol(
            lmtp=reception.lmtp,
            extended=self._extended,
            tls=self.tls is not None,
            login=self._login.user is not None,
            utf8=transaction.utf8,
        )
        field = trace.received(
            helo=envelope.helo,
            peer=envelope.peer,
            hostname=reception.hostname,
            protocol=protocol,
            mail_id=mail_id,
            recipients=envelope.recipients,
            at=envelope.received_at,
        )
        return Arriving(mail_id, envelope, reception.collector(field))

    # -- logging in ------------------------------------------------------------------------------------

    def _auth(self, argument: str) -> Reply | bytes:
        if not self._reception.logins:
            return replies.NOT_IMPLEMENTED
        if self.tls is None:
            return replies.LOGIN_NEEDS_TLS
        if not self._extended:
            return replies.EHLO_FIRST
        if self._transaction is not None:
            return replies.NESTED_MAIL
        return self._said(self._login.begin(argument))

    def _said(self, reply: Reply) -> Reply | bytes:
        """What the login said, and the end of the session where it will not hear the peer any more."""
        if reply is replies.BAD_LOGIN:
            self._reception.refused(reply, self._peer, login=self._login.tried)
        return self._close(reply, login=self._login.tried) if reply is replies.TOO_MANY_LOGINS else reply

    # -- the rest --------------------------------------------------------------------------------------

    def _rset(self, _argument: str) -> Reply | bytes:
        self._transaction = None
        return self._nowhere(replies.OK)

    def _noop(self, _argument: str) -> Reply | bytes:
        return self._nowhere(replies.OK)

    def _vrfy(self, _argument: str) -> Reply | bytes:
        return self._nowhere(replies.CANNOT_VERIFY)

    def _help(self, _argument: str) -> Reply | bytes:
        return self._nowhere(replies.HELP)

    def _quit(self, _argument: str) -> Reply | bytes:
        self.then = Then.CLOSE
        return replies.BYE

    def _starttls(self, argument: str) -> Reply | bytes:
        if argument.strip():
            return replies.NO_ARGUMENT
        if self.tls is not None:
            return replies.TLS_ALREADY
        if self._reception.tls is None:
            return replies.NOT_IMPLEMENTED
        self.then = Then.TLS
        return replies.START_TLS

    def _not_implemented(self, _argument: str) -> Reply | bytes:
        return replies.NOT_IMPLEMENTED

    def _web(self, _argument: str) -> Reply | bytes:
        # A browser or a cross-protocol attack: its "body" is not to be read as commands.
        return self._close(replies.NOT_SMTP)

    _COMMANDS: ClassVar[dict[bytes, Callable[[Dialogue, str], Reply | bytes]]] = {
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _data,
        b"EHLO": _ehlo,
        b"HELO": _helo_command,
        b"LHLO": _lhlo,
        b"RSET": _rset,
        b"NOOP": _noop,
        b"QUIT": _quit,
        b"STARTTLS": _starttls,
        b"VRFY": _vrfy,
        b"HELP": _help,
        b"EXPN": _not_implemented,
        b"AUTH": _auth,
        b"BDAT": _not_implemented,
        b"ETRN": _not_implemented,
        b"TURN": _not_implemented,
        b"GET": _web,
        b"POST": _web,
        b"CONNECT": _web,
    }


def _decoded(argument: bytes) -> str:
    """UTF-8 where it is; else Latin-1, which old devices mean and which always decodes."""
    try:
        return argument.decode()
    except UnicodeDecodeError:
        return argument.decode("latin-1")
