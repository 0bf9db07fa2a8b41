"""What servers report of earlier mail, in words: what became of it, for whom, and why.

Lines of Markdown, the servers' own words escaped and set apart from what is said here.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.compose import escape, status
from bridge.facts import AbuseReport, DeliveryReport, Original, ReadReceipt, Undelivered

_ACTIONS = {
    "failed": "could not be delivered",
    "delayed": "is not delivered yet; the server goes on trying",
    "delivered": "was delivered",
    "relayed": "was handed on to a server that reports no further",
    "expanded": "was handed on to several addresses",
}
_DISPOSITIONS = {
    "displayed": "was opened",
    "deleted": "was deleted, perhaps unread",
    "dispatched": "was handed on",
    "processed": "was processed without being shown",
    "denied": "was received; whether it was read is not told",
    "failed": "was received, but the receipt failed",
}
_FEEDBACK = {
    "abuse": "a recipient marked the mail as spam",
    "fraud": "the mail is reported as fraud or phishing",
    "virus": "a virus is reported in the mail",
    "not-spam": "the mail is reported as no spam",
    "opt-out": "a recipient wants no more mail",
    "opt-out-list": "a recipient wants no more mail of this list",
    "auth-failure": "the mail failed authentication",
    "dkim": "the DKIM signature of the mail failed",
    "miscategorized": "the mail was put into the wrong class",
}


def delivery(report: DeliveryReport) -> str:
    lines = [f"**Delivery report: {_outcome(report)}**", "", *map(_recipient, report.recipients)]
    if report.further_recipients:
        lines.append(f"- and {report.further_recipients} further recipients")
    rows = [*_original(report.original)]
    if report.reporter:
        rows.append(f"Reported by: {_said(report.reporter)}")
    return "\n".join(lines) + (f"\n\n{_rows(rows)}" if rows else "")


def receipt(report: ReadReceipt) -> str:
    what = _DISPOSITIONS.get(report.disposition, f"has become “{_said(report.disposition[:60])}”")
    rows = [f"**Read receipt: the mail {what}**"]
    if report.reader:
        rows.append(
            f"By: {_said(report.reader)}" + (" (answered by the program itself)" if report.automatic else "")
        )
    if report.error:
        rows.append(f"Error: {_said(report.error)}")
    return _rows([*rows, *_original(report.original)])


def abuse(report: AbuseReport) -> str:
    what = _FEEDBACK.get(report.feedback, f"“{_said(report.feedback)}”")
    rows = [f"**Abuse report: {what}**", *_original(report.original)]
    said = (
        ("Received", report.arrived),
        ("Sent from", report.source),
        ("Named in it", ", ".join(report.about)),
        ("Reported by", report.reporter),
    )
    rows += (f"{label}: {_said(text)}" for label, text in said if text)
    return _rows(rows)


def _outcome(report: DeliveryReport) -> str:
    actions = {one.action for one in report.recipients}
    if len(actions) == 1 and (said := _ACTIONS.get(next(iter(actions)))):
        return f"the mail {said}"
    if "failed" in actions:
        return "the mail could not be delivered to everybody"
    return "what became of the mail"


def _recipient(one: Undelivered) -> str:
    who = _said(one.address or "a recipient that is not named")
    what = _ACTIONS.get(one.action, _said(one.action))
    meaning = status.meaning(one.status) if one.action in ("failed", "delayed", "") else ""
    reason = f"{meaning} ({one.status})" if meaning else f"status {one.status}" if one.status else ""
    line = f"- {who}: " + (": ".join(filter(None, (what, reason))) or "nothing further is said")
    if one.retried_until:
        line += f", until {_said(one.retried_until)}"
    if one.diagnostic:
        server = f"{_said(one.remote)} says" if one.remote else "The server says"
        line += f"  \n  {server}: {_said(one.diagnostic)}"
    return line


def _original(original: Original | None) -> Iterator[str]:
    if original is None:
        return
    said = (
        ("Subject", original.subject),
        ("Sent", original.date),
        ("From", original.author),
        ("To", original.recipient),
    )
    for label, text in said:
        if text:
            yield f"{label} of the mail: {_said(text)}" if label == "Subject" else f"{label}: {_said(text)}"


def _rows(rows: list[str]) -> str:
    return "  \n".join(rows)


def _said(text: str) -> str:
    return escape.inline(text, edge=True)
