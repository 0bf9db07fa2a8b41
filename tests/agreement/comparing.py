"""Field by field: what was expected of a mail against what the bridge posted and parsed.

Where readers of mail differ in what they call a thing, every usual name for it agrees: a picture shown in the
body may count as an attachment, the line ends of a text file may be either.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agreement import reasons, words
from agreement.sending import CHOICES, Fetched, Posted, Sent

from bridge.mail import parse
from bridge.model import Mail


@dataclass(frozen=True, slots=True)
class Difference:
    case: str
    field: str
    expected: str
    got: str
    contested: bool
    reason: str


@dataclass(slots=True)
class Share:
    compared: int = 0
    equal: int = 0
    #: Of those that differ, how many by a reason that can be told from the mail.
    explained: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is of one mail to compare with."""

    mail: Mail
    auto: Posted
    text: Posted

    @property
    def all(self) -> tuple[Posted, ...]:
        return (self.auto, self.text)


#: A rule answers None where the two agree, else what was got.
_Rule = Callable[[Any, _Found], str | None]


def compare(sent: Iterable[Sent]) -> tuple[dict[tuple[str, bool], Share], list[Difference]]:
    """The shares by field and whether it is contested there, and every difference."""
    shares: dict[tuple[str, bool], Share] = {}
    differences: list[Difference] = []
    for one in sent:
        for field, expected, got, reason in _fields(one):
            contested = one.case.is_contested(field)
            share = shares.setdefault((field, contested), Share())
            share.compared += 1
            share.equal += got is None
            if got is not None:
                share.explained += reason != reasons.UNEXPLAINED
                differences.append(Difference(one.case.name, field, _shown(expected), got, contested, reason))
    return shares, differences


def _fields(sent: Sent) -> Iterator[tuple[str, object, str | None, str]]:
    """Each field that can be compared: its name, what was expected, and where that differs what was got, and why."""
    unexplained = reasons.UNEXPLAINED
    yield "accepted", "250", sent.refusal or None, unexplained
    if sent.refusal:
        return
    states = {choice: sent.posted[choice].state for choice in CHOICES}
    said = "; ".join(posted.reason for posted in sent.posted.values())
    delivered = set(states.values()) == {"delivered"}
    yield "delivered", "delivered", None if delivered else f"{states} {said}", unexplained
    unfetched = [url for posted in sent.posted.values() for url in posted.unfetched]
    yield "files fetched", "all", str(unfetched) if unfetched else None, unexplained
    found = _Found(parse(sent.case.content), *(sent.posted[choice] for choice in CHOICES))
    for field, rule in FIELDS.items():
        if sent.case.expected is not None and field in sent.case.expected:
            expected = sent.case.expected[field]
            why = reasons.of(field, reasons.Difference(expected, found.mail, found.auto, found.text))
            yield field, expected, rule(expected, found), why


# -- header ----------------------------------------------------------------------------------------


def _subject(expected: str | None, found: _Found) -> str | None:
    got = "" if found.auto.subject == "(no subject)" else found.auto.subject
    return None if _line(got) == _line(expected or "") else got


def _from_email(expected: str | None, found: _Found) -> str | None:
    got = found.auto.user_email
    nobody = not expected and got.startswith("unknown@")
    return None if nobody or got.lower() == (expected or "").lower() else got


def _from_name(expected: str | None, found: _Found) -> str | None:
    """Re:amaze needs a name: the local part stands in for none."""
    got = found.auto.user_name
    nameless = not expected and got in (found.auto.user_email.partition("@")[0], "Unknown sender")
    return None if nameless or _line(got) == _line(expected or "") else got


def _to(expected: list[str], found: _Found) -> str | None:
    got = [entry.email for entry in found.mail.to]
    return None if _emails(got) == _emails(expected) else str(got)


def _emails(entries: Iterable[str]) -> list[str]:
    return ["".join(entry.split()).lower() for entry in entries if entry.strip()]


def _message_id(expected: str | None, found: _Found) -> str | None:
    got = found.mail.message_id or ""
    return None if got == (expected or "").strip("<> ") else got


def _in_reply_to(expected: str | list[str] | None, found: _Found) -> str | None:
    wanted = expected.split() if isinstance(expected, str) else expected or []
    got = [f"<{entry}>" for entry in found.mail.in_reply_to]
    return None if [entry.strip("<>") for entry in wanted] == list(found.mail.in_reply_to) else " ".join(got)


def _is_auto_reply(expected: bool, found: _Found) -> str | None:
    return None if found.auto.quiet is expected else f"posted {'quietly' if found.auto.quiet else 'aloud'}"


def _line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


# -- words -----------------------------------------------------------------------------------------


def _body_text(expected: str | None, found: _Found) -> str | None:
    wanted = words.readings(expected or "")
    if wanted == {""} and found.auto.body == "(no text)":
        return None
    read = {posted: words.readings_of_markdown(posted.body) for posted in found.all}
    if any(wanted & readings for readings in read.values()):
        return None
    whole = any(words.holds(readings, wanted - {""}) for readings in read.values())
    what = "all of it and more" if whole and wanted != {""} else "other words"
    return f"{what}; {words.difference(expected or '', words.of_markdown(found.text.body))}"


def _body_contains(expected: list[str], found: _Found) -> str | None:
    missing = [
        text
        for text in expected
        if not any(words.holds(words.readings_of_markdown(p.body), words.readings(text)) for p in found.all)
    ]
    return f"not there: {missing}" if missing else None


def _reply_text(expected: str, found: _Found) -> str | None:
    """A reply may be posted with what it quotes; it must be there, whole and in order."""
    for posted in found.all:
        readings = (words.of_markdown(posted.body), posted.body)
        if not any(words.lines_in_order(reading, expected) for reading in readings):
            return words.difference(expected, readings[0])
    return None


# -- files -----------------------------------------------------------------------------------------


def _n_attachments(expected: int, found: _Found) -> str | None:
    attached, shown = len(found.auto.files), len(found.auto.pictures)
    return None if attached <= expected <= attached + shown else _files(found)


def _names(expected: list[str | None], found: _Found) -> str | None:
    wanted = Counter(unicodedata.normalize("NFC", name) for name in expected if name)
    got = Counter(unicodedata.normalize("NFC", file.name) for file in _everything(found))
    return _files(found) if wanted - got else None


def _sizes(expected: list[int | None], found: _Found) -> str | None:
    return _matched(expected, found, len)


def _digests(expected: list[str | None], found: _Found) -> str | None:
    return _matched(expected, found, _sha256)


def _matched(expected: Iterable[object], found: _Found, measure: Callable[[bytes], object]) -> str | None:
    """Whether every known value is that of a file of its own, with line ends of either kind."""
    left = [_with_either_line_end(file.content, measure) for file in _everything(found)]
    for wanted in expected:
        if wanted is None:
            continue
        match = next((measures for measures in left if wanted in measures), None)
        if match is None:
            return _files(found)
        left.remove(match)
    return None


def _with_either_line_end(content: bytes, measure: Callable[[bytes], object]) -> set[object]:
    lf = content.replace(b"\r\n", b"\n")
    return {measure(one) for one in (content, lf, lf.replace(b"\n", b"\r\n"))}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _everything(found: _Found) -> tuple[Fetched, ...]:
    return (*found.auto.files, *found.auto.pictures)


def _files(found: _Found) -> str:
    shown = [f"{one.name} ({len(one.content)} {_sha256(one.content)[:8]})" for one in _everything(found)]
    return ", ".join(shown) or "no file"


def _shown(expected: object) -> str:
    if isinstance(expected, list) and all(isinstance(one, str) and len(one) == 64 for one in expected):
        return ", ".join(one[:8] for one in expected)
    return " ".join(str(expected).split())


#: The keys of an expectation, in the order they are printed.
FIELDS: Mapping[str, _Rule] = MappingProxyType(
    {
        "from_email": _from_email,
        "from_name": _from_name,
        "subject": _subject,
        "to": _to,
        "message_id": _message_id,
        "in_reply_to": _in_reply_to,
        "is_auto_reply": _is_auto_reply,
        "body_text": _body_text,
        "_body_contains": _body_contains,
        "reply_text": _reply_text,
        "n_attachments": _n_attachments,
        "attachment_names": _names,
        "attachment_sizes": _sizes,
        "attachment_sha256": _digests,
    }
)
