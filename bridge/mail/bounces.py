"""Delivery reports that are written for people alone: qmail, Exim, Sendmail, old Exchange, and gateways like them.

Only what a report says in one of the known ways is taken, and only from mail that is a bounce by its header; no status is made
up where the server gave none. Linear; total.
"""

from __future__ import annotations

import re

from bridge.facts import DeliveryReport, Original, Undelivered
from bridge.mail import addresses, headers, hygiene, reports, words
from bridge.mail.headers import Content
from bridge.mail.limits import Limits

_CHARS = 50_000
_LINES = 2_000
_RECIPIENTS = 20
_DIAGNOSTIC_LINES = 6
_ADDRESS = r"[^\s<>@:;,\"()]{1,100}@[A-Za-z0-9.-]{1,200}[A-Za-z0-9]"
#: "<a@b>:", "a@b on 3/2/2026", "a@b... User unknown", "<a@b>: host mx said", or the address alone.
_NAMED = re.compile(
    rf"[ \t]{{0,12}}(?:RCPT TO:|To:|Recipient:|Empfänger:)?[ \t]?<?({_ADDRESS})>?"
    r"(?:[ \t]*\Z|:(?:[ \t]+(?P<said>\S.*))?\Z|\.\.\. (?P<dots>\S.*)|[ \t]on[ \t].*|[ \t]\((?P<paren>.*)\)\Z)",
    re.ASCII | re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])", re.ASCII)
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?::[ ]|[ -])(?=\S)", re.ASCII)
#: How the programs that write such reports begin: below an address their own words follow, code or not.
_INTRODUCED = re.compile(
    r"(?:could|can) ?not be delivered|not (?:yet )?been delivered|n[o']t able to deliver|unable to deliver|"
    r"failed permanently|permanent (?:fatal )?errors?\b|undeliverable",
    re.IGNORECASE,
)
_WAITING = re.compile(
    r"not yet (?:been )?delivered|n[o']t been delivered yet|warning message only|not need to resend|"
    r"transient non-fatal errors|will (?:be retried|continue to be attempted)",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"permanent (?:fatal )?errors?\b|address(?:\(?es\)?)? failed|given up|failed permanently", re.IGNORECASE
)
#: What is said of the mail, and no reason.
_OF_MAIL = re.compile(
    r"[ \t]*(?:subject|betreff|objet|asunto|oggetto|onderwerp|date|sent|gesendet|from|to)[ \t]*:",
    re.IGNORECASE,
)
#: Where the copy of the original begins.
_COPY = re.compile(
    r"^[ \t>-]*+(?:(?:this is a copy of (?:the|your) message|below this line is a copy of the message|"
    r"original message (?:follows|headers|header)|message headers? follows?|original message\b|"
    r"the headers? of the original message)(?P<line>[^\n]*+\n\s{0,20}+)?|return-path:|received: )",
    re.IGNORECASE | re.MULTILINE,
)
#: What tells the header of a mail from lines that only look like one.
_STAMPS = frozenset(("received", "return-path", "message-id", "date"))
_REMOTE = re.compile(
    r"(?:host|server|by|from remote mail server)\s{1,3}([A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,60}){1,8})"
)
_FIELD = re.compile(
    r"^[ \t>]{0,4}(Message-ID|Subject|To|From|Date)[ \t]*:[ \t]*(\S[^\n]{0,998}(?:\n[ \t]{1,8}\S[^\n]{0,998}){0,9})",
    re.IGNORECASE | re.MULTILINE,
)
_LIMITS = Limits()


def copy(content: Content, start: int, end: int) -> tuple[int, int] | None:
    """Where the words end and where a copy of the original begins, among these bytes; None where none is sure to be there."""
    found = _COPY.search(content[start : min(end, start + _CHARS)].decode("latin-1"))
    if found is None:
        return None
    begins = start + (found.start() if found["line"] is None else found.end())
    header = headers.read(content, begins, end, _LIMITS)
    names = {name.lower() for name, _ in header.fields}
    return (start + found.start(), begins) if len(names) > 2 and names & _STAMPS else None


def read(text: str, failed: bytes) -> DeliveryReport | None:
    """What the words, and an X-Failed-Recipients field, say; None where no recipient can be told."""
    text = text[:_CHARS]
    copy = _COPY.search(text)
    said = text[: copy.start()] if copy else text
    reading = _Reading(said)
    found = reading.recipients()
    for entry in addresses.read(failed, _RECIPIENTS):
        if entry.email and entry.email.lower() not in {one.address.lower() for one in found}:
            found.append(reading.undelivered(entry.email))
    told = [one for one in found if one.status or one.diagnostic] or (found if failed else [])
    if not told:
        return None
    return DeliveryReport(leaf=None, recipients=tuple(told[:_RECIPIENTS]), original=original(text))


def original(text: str) -> Original | None:
    """What a copy of the original within the words says of it."""
    text = text[:_CHARS]
    copy = _COPY.search(text)
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(text, copy.start() if copy else 0)[:50]:
        fields.setdefault(name.lower(), hygiene.line(words.decode(value.encode("utf-8", "replace"))))
    # Without a mark of a copy only the id is sure to be the original's.
    message_id = fields.get("message-id", "").strip("<> ")
    if not copy:
        return Original(message_id=message_id) if message_id else None
    return Original(
        author=fields.get("from", ""),
        recipient=fields.get("to", ""),
        subject=fields.get("subject", ""),
        date=fields.get("date", ""),
        message_id=message_id,
    )


class _Reading:
    """The words of one report, before the copy of the mail it is about."""

    def __init__(self, said: str) -> None:
        self.lines = said.split("\n")[:_LINES]
        self.waiting = _WAITING.search(said) is not None
        self.introduced = self.waiting or _INTRODUCED.search(said) is not None
        self.given_up = _GIVEN_UP.search(said) is not None

    def recipients(self) -> list[Undelivered]:
        found: list[Undelivered] = []
        seen: set[str] = set()
        for place, line in enumerate(self.lines):
            named = _NAMED.fullmatch(line[:1_000]) if "@" in line else None
            if named is None or named[1].lower() in seen or len(found) >= _RECIPIENTS:
                continue
            behind = next(filter(None, (named["said"], named["dots"], named["paren"])), "")
            after = _paragraph(self.lines[place + 1 : place + 1 + _DIAGNOSTIC_LINES], begun=bool(behind))
            reason = " ".join(filter(None, (behind, *after)))[:1_000]
            if not (_STATUS.search(reason) or _REPLY.search(reason) or self.says(place, behind)):
                continue
            seen.add(named[1].lower())
            found.append(self.described(named[1], reason))
        return found

    def says(self, place: int, behind: str) -> bool:
        """Whether the words at an address are the reason, though no code is among them: they stand right below it."""
        following = self.lines[place + 1] if place + 1 < len(self.lines) else ""
        told = bool(following.strip()) and _OF_MAIL.match(following) is None
        return self.introduced and "@" not in behind and told

    def undelivered(self, address: str) -> Undelivered:
        """A recipient the header names: the first line with a status is the reason of all."""
        reason = next(
            (line.strip() for line in self.lines if _STATUS.search(line) or _REPLY.search(line)), ""
        )
        return self.described(address, reason[:1_000])

    def described(self, address: str, reason: str) -> Undelivered:
        status = _STATUS.search(reason)
        reply = _REPLY.search(reason)
        remote = _REMOTE.search(reason)
        return Undelivered(
            address=address,
            action=self.action((status or reply or [""])[0][:1]),
            status=status[1] if status else "",
            diagnostic=reports.plain(reason),
            remote=remote[1] if remote else "",
        )

    def action(self, code: str) -> str:
        """By the class of the code, unless the report says otherwise: an Exim that gave up quotes the last 4xx it heard."""
        if code == "2":
            return "delivered"
        if (self.waiting and code != "5") or (code == "4" and not self.given_up):
            return "delayed"
        return "failed"


def _paragraph(lines: list[str], *, begun: bool) -> list[str]:
    """The lines of a reason: to the next empty line, the next recipient, or what is said of the mail."""
    kept: list[str] = []
    for line in lines:
        if ("@" in line and _NAMED.fullmatch(line[:1_000])) or (not line.strip() and (kept or begun)):
            break
        if _OF_MAIL.match(line):
            break
        if line.strip():
            kept.append(line.strip())
    return kept
