"""Takes one mail from standard input: for pipe transports, aliases and .forward, which know success by an exit status.

The promise is that of SMTP: status 0 only after the commit. In doubt the answer is 75, so that the mail server keeps the mail
and tries again; what can never succeed says so with another status of sysexits.h.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, BinaryIO

from bridge.clock import Clock
from bridge.config.schema import Smtp
from bridge.intake import address, reception, replies, trace
from bridge.intake.collect import Collector, refusal_for
from bridge.intake.replies import Reply
from bridge.intake.store import Store
from bridge.model import Envelope, Target

PEER = "pipe"

_CHUNK_BYTES = 64 * 1024
#: The line an mbox puts before a mail; transports of old add it.
_MBOX = re.compile(rb"From ([^ \t\r\n]{0,500})[^\r\n]{0,500}\r?\n")


class Exit(IntEnum):
    """sysexits.h, as far as mail servers tell them apart."""

    STORED = 0
    USAGE = 64
    REFUSED = 65
    NO_INPUT = 66
    NO_USER = 67
    LATER = 75


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the mail: the exit status, and one line for standard error or the log of the mail server."""

    status: Exit
    text: str
    mail_id: str = ""


async def take(
    stdin: BinaryIO,
    recipients: Sequence[str],
    *,
    reverse_path: str | None = None,
    settings: Smtp,
    hostname: str,
    spool: Store[Any],
    targets: Callable[[Sequence[str]], tuple[Target, ...]],
    wants: Callable[[str], bool],
    stuck: Callable[[str], bool] = lambda recipient: False,  # noqa: ARG005 - nothing is stuck by default
    clock: Clock,
) -> Taken:
    """Read one mail and store it; never raises for anything that comes in or for trouble with the spool.

    The reverse-path is the one given, else the one of a leading mbox line, else the null reverse-path.
    """
    try:
        named = _named(recipients, wants)
        if isinstance(named, Taken):
            return named
        if any(stuck(recipient) for recipient in named):
            return _later(replies.STUCK)
        spool.room(0)
        chunks = _chunks(stdin)
        first = next(chunks, b"")
        if not first:
            return Taken(Exit.NO_INPUT, "There was no mail on standard input")
        first, from_mbox = _without_mbox_line(first)
        envelope = Envelope(
            reverse_path=_path(reverse_path if reverse_path is not None else from_mbox),
            recipients=named,
            peer=PEER,
            helo="",
            listener=PEER,
            received_at=clock.now(),
        )
        mail_id = spool.new_id()
        collector = _collector(mail_id, envelope, settings, hostname, spool)
        for piece in _crlf(first, chunks):
            collector.add(piece)
        collector.end()
    except Exception as error:  # noqa: BLE001 - in doubt the mail server keeps the mail
        return _later(refusal_for(error))
    if collector.refusal is not None:
        return _refused(collector.refusal)
    mail = reception.Mail(mail_id, envelope, collector.content(), collector.size_bytes)
    reply = await reception.put(spool, targets, mail)
    if reply.code != 250:
        return _later(reply)
    return Taken(Exit.STORED, reply.text, mail_id)


def _named(recipients: Sequence[str], wants: Callable[[str], bool]) -> tuple[str, ...] | Taken:
    """The recipients, or why it cannot be them. One status answers for all, so every one must be wanted."""
    if not recipients:
        return Taken(Exit.USAGE, "No recipient was given")
    named: list[str] = []
    for given in recipients:
        parsed = address.parse(given if given.startswith("<") else f"<{given}>")
        if parsed is None or not parsed[0] or parsed[1]:
            return Taken(Exit.NO_USER, f"Recipient's address cannot be read: {given!r}")
        if not (wants(parsed[0]) or parsed[0].lower() == "postmaster"):
            return Taken(Exit.NO_USER, f"No route takes {parsed[0]}")
        named.append(parsed[0])
    return tuple(named)


def _path(given: str) -> str:
    """The reverse-path; what cannot be read becomes null, as MAILER-DAEMON is."""
    bare = given.strip().removeprefix("<").removesuffix(">")
    parsed = address.parse(f"<{bare}>")
    if parsed is None or bare.upper() == "MAILER-DAEMON":
        return ""
    return parsed[0]


def _without_mbox_line(first: bytes) -> tuple[bytes, str]:
    match = _MBOX.match(first)
    if match is None:
        return first, ""
    return first[match.end() :], match[1].decode("utf-8", "replace")


def _chunks(stdin: BinaryIO) -> Iterator[bytes]:
    while chunk := stdin.read(_CHUNK_BYTES):
        yield chunk


def _crlf(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The content with every LF as CRLF, also where a chunk ends within a CRLF."""
    kept = b""
    chunk: bytes | None = first
    while chunk is not None:
        chunk = kept + chunk
        kept = b"\r" if chunk.endswith(b"\r") else b""
        yield chunk[: len(chunk) - len(kept)].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        chunk = next(chunks, None)
    yield kept


def _collector(
    mail_id: str, envelope: Envelope, settings: Smtp, hostname: str, spool: Store[Any]
) -> Collector:
    field = trace.received(
        helo="localhost",
        peer=PEER,
        hostname=hostname,
        protocol="local",
        mail_id=mail_id,
        recipients=envelope.recipients,
        at=envelope.received_at,
    )
    return Collector(
        field,
        size_limit_bytes=settings.size_limit_bytes,
        threshold_bytes=settings.memory_threshold_bytes,
        max_hops=settings.max_hops,
        hops=trace.Hops(hostname),
        incoming=spool.incoming,
    )


def _refused(reply: Reply) -> Taken:
    return Taken(Exit.REFUSED, reply.text) if reply.code >= 500 else _later(reply)


def _later(reply: Reply) -> Taken:
    return Taken(Exit.LATER, reply.text if reply.code < 500 else replies.TRY_LATER.text)
