"""What servers say of earlier mail: delivery reports (RFC 3464), read receipts (RFC 8098), abuse reports (RFC 5965).

Each is groups of fields in a text part, read as tolerantly as a header. Bounded in groups and fields; total.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bridge.facts import AbuseReport, DeliveryReport, Original, ReadReceipt, Undelivered
from bridge.mail import headers, hygiene, words
from bridge.mail.limits import Limits

#: The types of a report on delivery, and of one on what became of the mail (RFC 3464, 8098; in Unicode RFC 6533).
DELIVERY = frozenset(("message/delivery-status", "message/global-delivery-status"))
RECEIPT = frozenset(("message/disposition-notification", "message/global-disposition-notification"))
MOST_RECIPIENTS = 20
_GROUPS = 1_000
_CHARS = 1_000
_BLANK = re.compile(rb"\n(?:[ \t]*+\r?\n)++")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)
_LIMITS = Limits()

Group = Mapping[str, str]


def groups(content: bytes) -> list[Group]:
    """The groups of fields between empty lines; names in lower case, the first of a name counts, empty groups are left out."""
    found: list[Group] = []
    for block in _BLANK.split(content.replace(b"\r\n", b"\n").strip(b"\n"), _GROUPS)[:_GROUPS]:
        group: dict[str, str] = {}
        for name, value in headers.read(block, 0, len(block), _LIMITS).fields[:100]:
            group.setdefault(name.lower(), hygiene.line(words.decode(value))[:_CHARS])
        if group:
            found.append(group)
    return found


def delivery(content: bytes, *, leaf: int | None, original: Original | None) -> DeliveryReport | None:
    """None where no recipient is named."""
    found = _whole(groups(content))
    of_mail: dict[str, str] = {}
    recipients: list[Undelivered] = []
    for group in found:
        if "final-recipient" in group or "original-recipient" in group or "action" in group:
            recipients.append(_recipient(group))
        if not recipients or "reporting-mta" in group:
            of_mail |= group
    if not recipients:
        return None
    known, named = original or Original(), of_mail.get("x-original-message-id", "").strip("<> ")
    return DeliveryReport(
        leaf=leaf,
        reporter=_typed(of_mail.get("reporting-mta", "")),
        arrived=of_mail.get("arrival-date", ""),
        recipients=tuple(recipients[:MOST_RECIPIENTS]),
        further_recipients=max(0, len(recipients) - MOST_RECIPIENTS),
        original=replace(known, message_id=known.message_id or named) if original or named else None,
    )


def _whole(found: list[Group]) -> list[Group]:
    """The groups, those of one recipient that an empty line cut in two made one again."""
    whole: list[Group] = []
    for group in found:
        cut = whole and "final-recipient" in whole[-1] and "action" not in whole[-1]
        if cut and "action" in group and "final-recipient" not in group and "original-recipient" not in group:
            whole[-1] = {**whole[-1], **group}
        else:
            whole.append(group)
    return whole


def receipt(content: bytes, *, leaf: int, original: Original | None) -> ReadReceipt | None:
    """None where nothing is said of what became of the mail."""
    said: dict[str, str] = {}
    for group in groups(content):
        said = {**group, **said}
    written = said.get("disposition", "")
    if not written:
        return None
    modes, _, what = written.partition(";")
    known = original or Original()
    named = said.get("original-message-id", "").strip("<> ")
    return ReadReceipt(
        leaf=leaf,
        reader=_typed(said.get("final-recipient", "") or said.get("original-recipient", "")),
        disposition=(what or modes).partition("/")[0].strip().lower(),
        automatic="automatic" in modes.lower() and bool(what),
        error=said.get("error", "") or said.get("failure", ""),
        original=replace(known, message_id=named or known.message_id),
    )


def abuse(content: bytes, *, leaf: int, original: Original | None) -> AbuseReport | None:
    """None where the kind of the report is not said."""
    said: dict[str, str] = {}
    about: list[str] = []
    for group in groups(content):
        said = {**group, **said}
        about += (group[name] for name in ("reported-domain", "reported-uri") if group.get(name))
    if not said.get("feedback-type"):
        return None
    known = original or Original()
    return AbuseReport(
        leaf=leaf,
        feedback=said["feedback-type"].lower()[:100],
        reporter=_typed(said.get("reporting-mta", "")) or said.get("user-agent", ""),
        source=said.get("source-ip", ""),
        arrived=said.get("arrival-date", "") or said.get("received-date", ""),
        about=tuple(dict.fromkeys(about))[:5],
        original=replace(
            known,
            author=known.author or said.get("original-mail-from", "").strip("<>"),
            recipient=known.recipient or said.get("original-rcpt-to", "").strip("<>"),
        ),
    )


def original(header: headers.Header, message_id: str) -> Original:
    """What the header of the mail a report is about says."""

    def said(name: str) -> str:
        return hygiene.line(words.decode(header.first(name)))[:_CHARS]

    return Original(
        author=said("from"),
        recipient=said("to"),
        subject=said("subject"),
        date=said("date"),
        message_id=message_id,
    )


def _recipient(group: Group) -> Undelivered:
    status = _STATUS.search(group.get("status", "")) or _STATUS.search(group.get("diagnostic-code", ""))
    named = group.get("final-recipient", "") or group.get("original-recipient", "")
    return Undelivered(
        address=_escaped(_typed(named)) if named[:5].lower() == "utf-8" else _typed(named),
        action=group.get("action", "").partition(" ")[0].lower()[:40],
        status=status[0] if status else "",
        diagnostic=plain(_typed(group.get("diagnostic-code", ""))),
        remote=_typed(group.get("remote-mta", "")),
        retried_until=group.get("will-retry-until", ""),
    )


_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_WRAPPED = re.compile(r"\(reason: (.*)\)", re.DOTALL)
_CONTINUED = re.compile(r"([245]\d\d)-([245]\.\d{1,3}\.\d{1,3} )?", re.ASCII)


def plain(reason: str) -> str:
    """A server's answer without what its lines begin with again and again: `550-5.1.1 No 550 5.1.1 such user`."""
    if wrapped := _WRAPPED.fullmatch(reason):
        reason = wrapped[1]
    first = _CONTINUED.match(reason)
    if first is None:
        return reason
    status = first[2] or ""
    rest = reason[first.end() :].replace(f" {first[1]}-{status}", " ").replace(f" {first[1]} {status}", " ")
    return f"{first[1]} {status}{rest}"


def _escaped(address: str) -> str:
    """An address in Unicode, which a report in ASCII writes as `\\x{E9}` (RFC 6533 section 3)."""
    return hygiene.line(_ESCAPED.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), address))


_TYPED = re.compile(r"\s*(?:[A-Za-z0-9-]{1,40}\s*;)?\s*(.*)", re.DOTALL)


def _typed(value: str) -> str:
    """The value without its type: `rfc822; a@b` is `a@b`."""
    found = _TYPED.match(value)
    return found[1].strip().strip("<>") if found else value
