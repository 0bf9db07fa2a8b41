"""One SMTP or LMTP connection: aiosmtpd's `SMTP`, with commands and content read as they arrive.

The promise: a peer that heard 250 has its mail on disk, and a commit once begun is finished whatever the peer does.

aiosmtpd gives each connection a task that reads lines and is cancelled when the peer leaves, even amid a commit. Here that task
only opens the session; bytes are handled where they arrive: nothing to cancel, four wake-ups a mail instead of forty, no copies.
"""

from __future__ import annotations

import asyncio
import ssl
from enum import Enum, auto
from functools import partial
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP

from bridge import log
from bridge.intake import replies
from bridge.intake.data import ContentReader
from bridge.intake.dialogue import MAX_LINE_BYTES, Arriving, Dialogue, Then
from bridge.intake.limits import peer_name
from bridge.intake.reception import Mail, Reception
from bridge.intake.replies import Reply
from bridge.intake.tls import HANDSHAKE_TIMEOUT_S, failure

#: How much may be sent ahead while a commit or a handshake is under way.
MAX_AHEAD_BYTES = 64 * 1024
#: Commands of one peer that are answered before the others have their turn: a chunk can hold 30,000.
COMMANDS_A_TURN = 64


class State(Enum):
    OPENING = auto()
    COMMAND = auto()
    CONTENT = auto()
    COMMIT = auto()
    HANDSHAKE = auto()
    CLOSED = auto()


class _NoTimer:
    """Stands in for aiosmtpd's timer: deadlines are kept by the intake's watch, for all sessions at once."""

    def cancel(self) -> None:
        pass


class BridgeSMTP(SMTP):
    def __init__(self, reception: Reception, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(object(), hostname=reception.hostname, loop=loop)
        self._timeout_handle = _NoTimer()  # type: ignore[assignment]  # only ever cancelled
        self._reception = reception

    def clone(self) -> Self:
        """A session for a new connection.

        aiosmtpd's constructor inspects its own members for 100 µs; its result is the same every time, so it is copied.
        """
        session = type(self).__new__(type(self))
        session.__dict__.update(self.__dict__)
        # Neither stream reader nor writer: bytes are taken and given where they arise.
        asyncio.StreamReaderProtocol.__init__(session, None, loop=self.loop)  # type: ignore[arg-type]  # it may be None
        session._begin()  # noqa: SLF001 - its own class
        return session

    def _begin(self) -> None:
        self._state = State.OPENING
        self._input = bytearray()
        self._too_long = False
        #: None until the first command; then whether this peer ends its lines with LF alone.
        self._line_feeds: bool | None = None
        self._content: ContentReader | None = None
        self._mail: Arriving | None = None
        self._half_closed = False
        self._leaving = False
        self._choked = False
        self._in_line = False
        self._counted = False
        self._peer = ""

    # -- the connection --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        reception = self._reception
        self._opened_s = self._active_s = reception.clock.monotonic_s()
        self._peer = peer_name(transport.get_extra_info("peername"))
        self._dialogue = Dialogue(reception, self._peer)
        self._turned_away = reception.admit(self._peer)
        self._counted = self._turned_away is None
        reception.sessions.add(self)
        super().connection_made(transport)
        self._note_tls(transport)

    async def _handle_client(self) -> None:
        """What aiosmtpd starts for each connection: here it opens the session and is over."""
        if self._turned_away is not None:
            self._say(self._reception.refused(self._turned_away, self._peer).wire)
            self._close()
            return
        if self._state is not State.CLOSED:
            self._say(self._dialogue.greeting())
            self._state = State.COMMAND
            self._serve()

    def connection_lost(self, error: Exception | None) -> None:
        if self not in self._reception.sessions:
            return
        self._reception.sessions.discard(self)
        if self._counted:
            self._reception.connections.release(self._peer)
        self._state = State.CLOSED
        self._input.clear()
        if self._content is not None and self._mail is not None:
            self._mail.collector.discard()
        self._content = None
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        self._half_closed = True
        stays = super().eof_received()
        # With a commit under way the peer still gets its reply; else nothing more can come of it.
        if self._state is State.CONTENT:
            self._close()
        else:
            self._rest()
        return stays

    def _reset_timeout(self, _duration: float | None = None) -> None:
        self._active_s = self._reception.clock.monotonic_s()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._choked = True
        self._pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._choked = False
        self._serve()

    # -- bytes in --------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._line_feeds:
            data = data.replace(b"\r", b"").replace(b"\n", b"\r\n")
        if self._state is State.CONTENT and not self._input:
            self._receive(data)
        elif self._state is not State.CLOSED:
            self._input += data
        self._serve()

    def _serve(self) -> None:
        """Go as far as the input goes, with a turn for others now and then. A loop, as one chunk can hold many small mails."""
        if self._in_line:
            self._rest()
            return
        out: list[bytes] = []
        left = COMMANDS_A_TURN
        while not self._choked:
            if self._state is State.COMMAND:
                line = None if self._leaving else self._next_line()
                if line is None:
                    break
                left -= 1
                self._reset_timeout()
                out.append(self._answer(line))
                if self._dialogue.then is not Then.NEXT:
                    self._say(b"".join(out))
                    out.clear()
                    self._go_on(self._dialogue.then)
                if not left:
                    self._say(b"".join(out))
                    self._in_line = True
                    self.loop.call_soon(self._next_turn)
                    return
            elif self._state is State.CONTENT and self._input:
                data = bytes(self._input)
                self._input.clear()
                self._receive(data)
            else:
                break
        self._say(b"".join(out))
        self._rest()

    def _next_turn(self) -> None:
        self._in_line = False
        self._serve()

    def _rest(self) -> None:
        """Nothing more to do with what is there."""
        if self._state is State.COMMAND and not self._choked and not self._in_line:
            if self._leaving:
                self._say(replies.STOPPING.wire)
                self._close()
            elif self._half_closed:
                self._close()
            else:
                self._resume()
        elif self._state is State.CONTENT:
            self._resume()
        elif len(self._input) > MAX_AHEAD_BYTES:
            self._pause()

    def _next_line(self) -> bytes | None:
        end = self._input.find(b"\n")
        if end < 0:
            if len(self._input) > MAX_LINE_BYTES:
                self._too_long = True
                self._input.clear()
            return None
        line = bytes(self._input[: end + 1])
        del self._input[: end + 1]
        return line

    def _answer(self, line: bytes) -> bytes:
        self._dialogue.then = Then.NEXT
        if self._too_long or len(line) > MAX_LINE_BYTES:
            self._too_long = False
            return self._dialogue.junk(replies.LINE_TOO_LONG)
        if line.endswith(b"\r\n"):
            self._line_feeds = self._line_feeds or False
            return self._dialogue.answer(line[:-2].rstrip(b" \t"))
        if not self._reception.listener.legacy or self._line_feeds is False:
            return self._dialogue.junk(replies.BARE_LF_LINE)
        # A device that never sends CR: its whole dialogue is read so. A relaying mail server begins with CRLF, so nothing
        # within a mail it passes on can switch this on.
        self._line_feeds = True
        self._input[:] = self._input.replace(b"\r", b"").replace(b"\n", b"\r\n")
        return self._dialogue.answer(line[:-1].rstrip(b" \t\r"))

    def _go_on(self, then: Then) -> None:
        if then is Then.CLOSE:
            self._close()
        elif then is Then.TLS:
            self._state = State.HANDSHAKE
            self._handshake = self.loop.create_task(self._start_tls())
        elif then is Then.CONTENT:
            self._open_content()

    # -- content ---------------------------------------------------------------------------------------

    def _open_content(self) -> None:
        mail, self._dialogue.arriving = self._dialogue.arriving, None
        if mail is None:
            return
        self._mail = mail
        self._content = ContentReader(mail.collector, legacy=self._reception.listener.legacy)
        self._content_since_s = self._reception.clock.monotonic_s()
        self._state = State.CONTENT

    def _receive(self, data: bytes) -> None:
        content = self._content
        if content is None:
            return
        self._reset_timeout()
        rest = content.feed(data)
        if rest is not None:
            self._input[:] = rest
            self._content_ended()
        elif content.stuck:
            self._refuse_content(replies.BARE_LF)
            self._close()

    def _content_ended(self) -> None:
        content, mail = self._content, self._mail
        if content is None or mail is None:
            return
        refusal = mail.collector.refusal
        if refusal is not None:
            self._refuse_content(refusal)
            return
        self._content = None
        self._state = State.COMMIT
        arrived = Mail(mail.mail_id, mail.envelope, mail.collector.content(), mail.collector.size_bytes)
        self._reception.commit(arrived, partial(self._committed, mail))

    def _refuse_content(self, reply: Reply) -> None:
        if self._mail is None:
            return
        self._mail.collector.discard()
        self._content = None
        self._reception.refused(reply, self._peer, reverse_path=self._mail.envelope.reverse_path)
        self._say_of_content(reply)

    def _committed(self, mail: Arriving, reply: Reply) -> None:
        # After the commit's deadline the peer has had its answer; the mail may be stored nevertheless.
        if mail is self._mail:
            self._say_of_content(reply)
            self._serve()

    def _say_of_content(self, reply: Reply) -> None:
        """One reply, or in LMTP one for each recipient (RFC 2033)."""
        mail, self._mail = self._mail, None
        if mail is not None and self._state is not State.CLOSED:
            self._say(reply.wire * (len(mail.envelope.recipients) if self._reception.lmtp else 1))
            self._state = State.COMMAND
            self._reset_timeout()

    # -- TLS -------------------------------------------------------------------------------------------

    async def _start_tls(self) -> None:
        context, transport = self._reception.tls, self._transport_now()
        if context is None or transport is None:
            self._close()
            return
        # Commands sent in the clear together with STARTTLS are not the peer's words (CVE-2024-34083).
        self._input.clear()
        try:
            encrypted = await self.loop.start_tls(
                transport, self, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S
            )
        except (OSError, ssl.SSLError) as error:
            log.info("refused", listener=self._reception.listener.name, peer=self._peer, why=failure(error))
            transport.abort()
            self.connection_lost(error)
            return
        if encrypted is None or self._state is State.CLOSED:
            self.connection_lost(None)
            return
        self.transport = encrypted
        self._note_tls(encrypted)
        self._reset_timeout()
        self._state = State.COMMAND
        self._serve()

    def _note_tls(self, transport: asyncio.BaseTransport) -> None:
        wire: Any = transport.get_extra_info("ssl_object")
        if wire is not None and self.session is not None:
            self._dialogue.encrypted(wire.version())
            # By this aiosmtpd knows that a half-closed connection cannot stay open.
            self.session.ssl = {"ssl_object": wire}

    # -- bytes out, and the end ------------------------------------------------------------------------

    def _say(self, wire: bytes) -> None:
        transport = self._transport_now()
        if wire and transport is not None and not transport.is_closing():
            transport.write(wire)

    def _transport_now(self) -> asyncio.Transport | None:
        # aiosmtpd types it as a base transport; uvloop's have the methods but not the base class.
        return cast("asyncio.Transport | None", self.transport)

    def _pause(self) -> None:
        transport = self._transport_now()
        if transport is not None and transport.is_reading():
            transport.pause_reading()

    def _resume(self) -> None:
        transport = self._transport_now()
        if transport is not None and not transport.is_closing() and not transport.is_reading():
            transport.resume_reading()

    def _close(self) -> None:
        self._state = State.CLOSED
        self._reset_timeout()
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Cut the connection; a commit under way goes on."""
        transport = self._transport_now()
        if transport is not None:
            transport.abort()

    def leave(self) -> None:
        """End the session: at once when the peer has nothing under way, else after it."""
        self._leaving = True
        if self._state is State.COMMAND:
            self._rest()

    def expire(self, now_s: float) -> None:
        """End what takes too long, with a word to the peer."""
        settings = self._reception.settings
        idle_s = now_s - self._active_s
        if self._state is State.COMMAND:
            if now_s - self._opened_s >= settings.session_timeout_s:
                self._hang_up(replies.SESSION_TOO_LONG)
            elif idle_s >= settings.command_timeout_s:
                self._hang_up(replies.TIMED_OUT)
        elif self._state is State.CONTENT:
            total_s = now_s - self._content_since_s
            if idle_s >= settings.data_timeout_s or total_s >= settings.data_total_s:
                self._hang_up(replies.TIMED_OUT)
        elif self._state is State.COMMIT and idle_s >= settings.commit_timeout_s and self._mail is not None:
            # The commit goes on. If it succeeds, the peer's second attempt is known as a duplicate.
            log.warning(
                "trouble", id=self._mail.mail_id, doing="committing", error="no answer from the spool in time"
            )
            self._say_of_content(replies.TRY_LATER)
            self._serve()
        elif self._state is State.CLOSED and idle_s >= HANDSHAKE_TIMEOUT_S:
            # A peer that does not read its last reply does not keep the connection.
            self.abort()

    def _hang_up(self, reply: Reply) -> None:
        self._say(self._reception.refused(reply, self._peer).wire)
        self._close()
