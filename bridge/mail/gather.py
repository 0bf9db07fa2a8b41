"""What the parts of a mail say to machines: meetings, reports, contacts, mails within; and which earlier mail all this is about.

One pass over the leaves, bounded in how many are read and how much of each. Never fails: a part that says nothing clear gives no
fact, and stays the file it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bridge.facts import AbuseReport, DeliveryReport, Event, Fact, Forwarded, Original, ReadReceipt, Sealed
from bridge.mail import bounces, calendar, decode, endings, headers, hygiene, ids, reports, vcard, words
from bridge.mail.alternatives import Block
from bridge.mail.blocks import Reader
from bridge.mail.headers import Content, Header
from bridge.mail.split import split
from bridge.model import Attached, Automatic, Kind, Leaf, Written

_CARDS = frozenset(("text/vcard", "text/x-vcard", "text/directory"))
_MAILS = frozenset(("message/rfc822", "message/global"))
_COPIES = _MAILS | {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}
_ABOUT = (Kind.BOUNCE, Kind.RECEIPT, Kind.ABUSE)
_HEADER_BYTES = 64 * 1024
_SHOWN_MAILS = 3
_NAMED_FILES = 20
_COMPARED_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Gathered:
    facts: tuple[Fact, ...]
    #: Ids of the mail that a report is about, and of those it answered; best first.
    about: tuple[str, ...]
    blocks: tuple[Block, ...]


def gather(
    content: Content, header: Header, reader: Reader, blocks: list[Block], automatic: Automatic | None
) -> Gathered:
    """The facts of the mail, and its blocks without a calendar that is there twice."""
    reports_on = automatic is not None and automatic.kind in _ABOUT
    if automatic and automatic.kind is Kind.BOUNCE:
        blocks = reader.parted(blocks)
    gathering = _Gathering(content, reader, blocks, reports_on, reader.limits.all_fact_bytes)
    copy, about = gathering.copy() if reports_on else (None, ())
    facts: list[Fact] = [*reader.facts]
    for leaf in gathering.files():
        if len(facts) >= reader.limits.facts:
            break
        facts += gathering.said(leaf, copy)
    if automatic and automatic.kind is Kind.BOUNCE and not any(isinstance(f, DeliveryReport) for f in facts):
        report = bounces.read(gathering.words(), header.first("x-failed-recipients"))
        if report is not None:
            facts.append(replace(report, original=copy or report.original))
    named = [
        fact.original.message_id
        for fact in facts
        if isinstance(fact, DeliveryReport | ReadReceipt | AbuseReport) and fact.original
    ]
    if reports_on and not about:
        found = bounces.original(gathering.words())
        named += [found.message_id] if found else []
    kept, once = gathering.without_doubles(facts)
    answered = tuple(dict.fromkeys(filter(None, (*map(_plain, named), *about))))
    return Gathered(tuple(once), answered[: reader.limits.references], tuple(kept))


@dataclass(slots=True)
class _Gathering:
    content: Content
    reader: Reader
    blocks: list[Block]
    #: The mail is a report about another one.
    report: bool
    #: Bytes that may still be read.
    room: int
    #: The mail itself says nothing, and only hands on a few others.
    hands_on: bool = False

    def __post_init__(self) -> None:
        silent = not any(isinstance(block, Written) and (block.text or block.html) for block in self.blocks)
        mails = sum(map(_is_mail, self.files()))
        self.hands_on = silent and not self.report and mails <= _SHOWN_MAILS

    def files(self) -> Iterator[Leaf]:
        for block in self.blocks:
            if isinstance(block, Attached):
                yield self.reader.leaves[block.leaf]

    def said(self, leaf: Leaf, copy: Original | None) -> Sequence[Fact]:
        """What one file says."""
        name = (leaf.filename or "").lower()
        kind = leaf.content_type
        if kind in endings.CALENDARS or (kind in endings.SAY_NOTHING and name.endswith(".ics")):
            return calendar.read(
                self.text(leaf), leaf=leaf.index, method=dict(leaf.parameters).get("method", "")
            )
        if kind in _CARDS or (kind in endings.SAY_NOTHING and name.endswith(".vcf")):
            return vcard.read(self.text(leaf), leaf=leaf.index)
        found: Fact | None = None
        if name == "encrypted.asc" or leaf.within[-1:] == ("multipart/encrypted",):
            found = None if kind == "application/pgp-encrypted" else Sealed(leaf.index, "PGP")
        elif kind in reports.DELIVERY:
            found = reports.delivery(self.head(leaf), leaf=leaf.index, original=copy)
        elif kind in reports.RECEIPT:
            found = reports.receipt(self.head(leaf), leaf=leaf.index, original=copy)
        elif kind == "message/feedback-report":
            found = reports.abuse(self.head(leaf), leaf=leaf.index, original=copy)
        elif self.hands_on and _is_mail(leaf):
            found = self.forwarded(leaf)
        return (found,) if found else ()

    def head(self, leaf: Leaf) -> bytes:
        """The first bytes of the leaf, as far as there is room."""
        decoded, _ = decode.head(self.content, leaf, min(self.room, self.reader.limits.fact_bytes))
        self.room = max(0, self.room - len(decoded) - 1_000)
        return decoded

    def text(self, leaf: Leaf) -> str:
        """The text of a calendar or card; what matters stands before pictures and files that may be in it."""
        return decode.read(self.head(leaf), leaf)

    def words(self) -> str:
        return "\n".join(block.text for block in self.blocks if isinstance(block, Written) and block.text)

    # -- mails within the mail --

    def copy(self) -> tuple[Original | None, tuple[str, ...]]:
        """The mail that a report is about, as far as it came along, and the ids it names."""
        for leaf in self.files():
            if leaf.content_type not in _COPIES:
                continue
            top = decode.head(self.content, leaf, _HEADER_BYTES)[0].lstrip(b"\r\n")
            header = headers.read(top, 0, len(top), self.reader.limits)
            if not header.fields:
                continue
            limit = self.reader.limits.references
            own = ids.one(_text(header, "message-id")) if header.first("message-id") else None
            answered = ids.several(_text(header, "in-reply-to"), limit)
            thread = ids.several(_text(header, "references"), limit)[::-1]
            found = tuple(dict.fromkeys(filter(None, (own, *answered, *thread))))
            return reports.original(header, own or ""), found
        return None, ()

    def forwarded(self, leaf: Leaf) -> Forwarded:
        """The words of a mail that was forwarded without a word."""
        limits = self.reader.limits
        inner, _ = decode.head(self.content, leaf, limits.text_bytes)
        tree = split(inner, replace(limits, parts=100))
        within = Reader(inner, limits, tree.defects, text_bytes=self.reader.text_bytes)
        blocks = within.whole(tree.root)
        stretches = [block for block in blocks if isinstance(block, Written)]
        files = [within.leaves[block.leaf] for block in blocks if isinstance(block, Attached)]
        self.reader.text_bytes = within.text_bytes
        header = tree.root.header
        return Forwarded(
            leaf=leaf.index,
            author=_text(header, "from")[:500],
            date=_text(header, "date")[:100],
            subject=_text(header, "subject")[:500],
            files=tuple(
                hygiene.line(file.filename or file.content_type)[:200] for file in files[:_NAMED_FILES]
            ),
            words=tuple((block.text, block.html) for block in stretches[:20] if block.text or block.html),
        )

    # -- one calendar, two parts --

    def without_doubles(self, facts: Sequence[Fact]) -> tuple[list[Block], list[Fact]]:
        """Google sends an invitation as an alternative and as a file: one summary is enough, and one of two equal files."""
        once: list[Fact] = []
        told: dict[Event, int] = {}
        gone: set[int] = set()
        for fact in facts:
            place = told.get(_compared(fact)) if isinstance(fact, Event) else None
            if place is None or not isinstance(fact, Event):
                if isinstance(fact, Event):
                    told[_compared(fact)] = len(once)
                once.append(fact)
                continue
            first = once[place]
            if (
                isinstance(first, Event)
                and first.leaf != fact.leaf
                and self.same_bytes(first.leaf, fact.leaf)
            ):
                # The one that has a name stays.
                kept, spare = (first, fact) if self.reader.leaves[first.leaf].filename else (fact, first)
                once[place] = kept
                gone.add(spare.leaf)
        return self.without(gone), once

    def same_bytes(self, one: int, other: int) -> bool:
        squeezed = self.squeezed(one)
        return squeezed is not None and squeezed == self.squeezed(other)

    def squeezed(self, index: int) -> bytes | None:
        """The bytes of the leaf without blanks; None where there are too many to compare."""
        decoded, more = decode.head(self.content, self.reader.leaves[index], _COMPARED_BYTES)
        return None if more else b"".join(decoded.split())

    def without(self, gone: set[int]) -> list[Block]:
        """The blocks without these files; their leaves are named by the first words, which they are a version of."""
        gone &= {leaf.index for leaf in self.files()}
        kept = [block for block in self.blocks if not (isinstance(block, Attached) and block.leaf in gone)]
        for place, block in enumerate(kept):
            if gone and isinstance(block, Written):
                kept[place] = replace(block, leaves=(*block.leaves, *sorted(gone)))
                return kept
        return [*kept, Written(None, None, tuple(sorted(gone)))] if gone else self.blocks


def _is_mail(leaf: Leaf) -> bool:
    return leaf.content_type in _MAILS


def _compared(event: Event) -> Event:
    return replace(event, leaf=0, further_events=0)


def _text(header: Header, name: str) -> str:
    return hygiene.line(words.decode(header.first(name)))


def _plain(message_id: str) -> str:
    return (ids.one(message_id) or "") if message_id else ""
