"""What stands within a leaf: in winmail.dat, in S/MIME that is not closed, in encoded multiparts, and files in a calendar.

Pure conversions without a tree of their own: the reader of blocks says how deep and how much. Never fails; what cannot be opened
says so and stays a file.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bridge.facts import Fact, Sealed
from bridge.mail import calendar, cms, decode, eml, endings, headers, tnef
from bridge.mail.tnef import File
from bridge.model import Attached, Leaf, Written

__all__ = ["File", "Opened", "Room", "opened", "without_doubles", "wraps"]

_TNEF_TYPES = frozenset(("application/ms-tnef", "application/vnd.ms-tnef", "application/x-tnef"))
#: How a stream of Outlook's begins in base64, whatever a gateway called it.
_TNEF_IN_BASE64 = b"eJ8+I"
#: Classes of mail, beside which Exchange sends a stream of settings alone; items of other classes may say more than is read.
_PLAIN_MAIL = frozenset(("", "ipm.note", "ipm.microsoft mail.note"))
_CMS_TYPES = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_IN_CALENDAR = re.compile(rb"ENCODING=(?:BASE64|B)[;:]", re.IGNORECASE)
_WORD = re.compile(r"\w+")
#: One that does not end either: the mail was cut off in it.
_TAG = re.compile(r"<[^<>]{0,5000}(?:>|\Z)")
_STYLE = re.compile(r"<(style|head|script)\b[^<]*+(?:<(?!/\1)[^<]*+)*+", re.IGNORECASE)
_COMPARED_CHARS = 200_000
_MOST_COMPARED = 5


@dataclass(slots=True)
class Room:
    """What may still be unwrapped of one mail, whatever it is wrapped in."""

    depth: int
    leaves: int
    content_bytes: int
    text_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was within a leaf."""

    text: str | None = None
    html: str | None = None
    files: tuple[File, ...] = ()
    #: A MIME entity that takes the leaf's place.
    entity: bytes | None = None
    facts: tuple[Fact, ...] = ()
    #: False where the leaf itself is what an agent gets, and what was in it beside it.
    replaces: bool = True
    remarks: tuple[str, ...] = field(default=())


def wraps(leaf: Leaf, head: bytes) -> bool:
    """Whether the leaf says of itself that it is one of these, or its first encoded bytes say so where it says nothing."""
    name = (leaf.filename or "").lower()
    kinds = _TNEF_TYPES | _CMS_TYPES | endings.CALENDARS
    if leaf.content_type in kinds or leaf.content_type.startswith("multipart/"):
        return True
    if leaf.content_type not in endings.SAY_NOTHING:
        return False
    if name in ("", "noname") or name.endswith(".dat"):
        mark = _TNEF_IN_BASE64 if leaf.encoding == "base64" else tnef.SIGNATURE
        return name == "winmail.dat" or head.lstrip().startswith(mark)
    return name.endswith(".p7m")


def opened(leaf: Leaf, content: bytes, room: Room) -> Opened:
    """What the decoded bytes of the leaf hold; the words take from the room."""
    if leaf.content_type.startswith("multipart/"):
        boundary = dict(leaf.parameters).get("boundary", "")
        head = f'Content-Type: {leaf.content_type}; boundary="{boundary}"\r\n\r\n'
        return Opened(entity=head.encode("utf-8", "replace") + content)
    outlook = leaf.content_type in _TNEF_TYPES or content.startswith(tnef.SIGNATURE)
    if outlook or (leaf.filename or "").lower() == "winmail.dat":
        return _outlook(leaf, content, room)
    if leaf.content_type in endings.CALENDARS:
        return _calendar(leaf, content)
    return _smime(leaf, content, room.content_bytes)


# -- S/MIME ----------------------------------------------------------------------------------------


def _smime(leaf: Leaf, content: bytes, limit: int) -> Opened:
    where = f"Part {leaf.section}"
    declared = dict(leaf.parameters).get("smime-type", "").lower()
    found = cms.read(content, limit)
    if found is None:
        if declared.endswith("enveloped-data"):
            return Opened(replaces=False, facts=(Sealed(leaf.index, "S/MIME"),))
        return Opened(replaces=False, remarks=(f"{where}: the S/MIME message could not be read.",))
    match found.kind:
        case cms.Kind.ENVELOPED:
            return Opened(replaces=False, facts=(Sealed(leaf.index, "S/MIME"),))
        case _ if declared == "certs-only" or found.content == b"":
            return Opened(replaces=False)
        case _ if found.content is None:
            return Opened(
                replaces=False, remarks=(f"{where}: the content of the S/MIME message could not be had.",)
            )
        case cms.Kind.SIGNED if _is_file(leaf, found.content):
            name = (leaf.filename or "").removesuffix(".p7m").removesuffix(".P7M")
            remark = f"{where}: “{name}” was taken out of its signature, which was not verified."
            return Opened(replaces=False, files=(File(found.content, name),), remarks=(remark,))
        case cms.Kind.SIGNED:
            remark = f"{where}: the mail is signed with S/MIME; the signature was not verified."
            return Opened(entity=found.content, remarks=(remark,))
        case cms.Kind.COMPRESSED:
            return Opened(entity=found.content)


def _is_file(leaf: Leaf, content: bytes) -> bool:
    """Whether a signed file was sent (invoice.xml.p7m), and not a signed mail."""
    name = (leaf.filename or "").lower()
    if not name.endswith(".p7m") or name.startswith("smime"):
        return False
    return content[:1] not in (b"\r", b"\n") and not headers.looks_like_header(content, 0)


# -- calendars -------------------------------------------------------------------------------------


def _calendar(leaf: Leaf, content: bytes) -> Opened:
    """Files that stand in a calendar, as Apple puts them there."""
    if not _IN_CALENDAR.search(content):
        return Opened(replaces=False)
    found = calendar.files(decode.read(content, leaf))
    return Opened(replaces=False, files=tuple(File(held, name, kind) for name, kind, held in found))


# -- Outlook ---------------------------------------------------------------------------------------


def _outlook(leaf: Leaf, content: bytes, room: Room) -> Opened:
    where = f"Part {leaf.section}"
    message = _read(content, room)
    if message is None:
        return Opened(replaces=False, remarks=(f"{where}: {_called(leaf)} could not be taken apart.",))
    if message.empty:
        plain = message.kind in _PLAIN_MAIL and message.whole
        left = " and was left out" if plain else ""
        return Opened(
            replaces=plain, remarks=(f"{where}: {_called(leaf)} holds neither words nor files{left}.",)
        )
    remarks = []
    if not message.whole:
        remarks.append(f"{where}: {_called(leaf)} breaks off; what stood before is shown.")
    found = [
        _attached(leaf, nested, number, room, room.depth) for number, nested in enumerate(message.nested, 1)
    ]
    facts = [replace(message.event, leaf=leaf.index)] if message.event else []
    return Opened(
        text=message.text,
        html=message.html,
        files=(*message.files, *(file for file, _ in found)),
        facts=(*facts, *(fact for _, told in found for fact in told)),
        remarks=tuple(remarks),
    )


def _read(content: bytes, room: Room) -> tnef.Message | None:
    message = tnef.read(content, room.text_bytes)
    if message is not None:
        # Rich text is larger than the words in it, but what was asked for at most is what it may have cost.
        room.text_bytes -= min(
            room.text_bytes, max(message.rich_bytes, len(message.text or message.html or ""))
        )
    return message


def _attached(leaf: Leaf, nested: File, number: int, room: Room, depth: int) -> tuple[File, Sequence[Fact]]:
    """A message in Outlook's own form is read by nothing else: it becomes the mail or the card that it is."""
    name = nested.name or f"message {number}"
    message = _read(nested.content, room) if depth else None
    if message is None or message.empty:
        return File(nested.content, f"{name}.dat", "application/ms-tnef"), ()
    if message.card:
        return File(message.card, f"{name}.vcf", "text/vcard"), ()
    found = [_attached(leaf, inner, count, room, depth - 1) for count, inner in enumerate(message.nested, 1)]
    files = (*message.files, *(file for file, _ in found))
    told = [replace(message.event, leaf=leaf.index)] if message.event else []
    mail = eml.written(message, files)
    return File(mail, f"{name}.eml", "message/rfc822"), [
        *told,
        *(fact for _, facts in found for fact in facts),
    ]


def _called(leaf: Leaf) -> str:
    return (leaf.filename or "winmail.dat")[:100]


# -- the same words twice --------------------------------------------------------------------------


def without_doubles(blocks: list[Written | Attached], wrappers: frozenset[int]) -> list[Written | Attached]:
    """Exchange puts the words beside winmail.dat as well: both become one stretch with a text and an HTML version."""
    written = [block for block in blocks if isinstance(block, Written) and (block.text or block.html)]
    wrapped = [block for block in written if wrappers.intersection(block.leaves)][:_MOST_COMPARED]
    if not wrapped:
        return blocks
    others = [block for block in written if not wrappers.intersection(block.leaves)][:_MOST_COMPARED]
    counted = {id(block): _words(block) for block in (*wrapped, *others)}
    instead: dict[int, Written | None] = {}
    for block in wrapped:
        twin = next((one for one in others if _alike(counted[id(one)], counted[id(block)])), None)
        if twin is not None:
            others.remove(twin)
            instead[id(block)] = None
            leaves = twin.leaves + block.leaves
            instead[id(twin)] = Written(twin.text or block.text, twin.html or block.html, leaves)
    return [kept for block in blocks if (kept := instead.get(id(block), block)) is not None]


def joined(blocks: list[Written | Attached]) -> list[Written | Attached]:
    """Scripts put a plain and a rich version one behind the other (multipart/mixed): word for word the same, they are one."""
    kept: list[Written | Attached] = []
    compared = 0
    for block in blocks:
        before = kept[-1] if kept else None
        if isinstance(before, Written) and isinstance(block, Written) and compared < _MOST_COMPARED:
            plain, rich = (block, before) if before.html else (before, block)
            if plain.text and rich.html and not (plain.html or rich.text):
                compared += 1
                if _same(plain.text, rich.html):
                    kept[-1] = Written(plain.text, rich.html, before.leaves + block.leaves)
                    continue
        kept.append(block)
    return kept


def _same(text: str, markup: str) -> bool:
    if max(len(text), len(markup)) > _COMPARED_CHARS:
        return False
    one, other = _words(Written(text, None)), _words(Written(None, html.unescape(markup)))
    return one.total() > 0 and (one & other).total() * 100 >= max(one.total(), other.total()) * 97


def _alike(one: Counter[str], other: Counter[str]) -> bool:
    """Whether nearly every word of the shorter stands in the longer."""
    shorter = min(one.total(), other.total())
    return shorter > 0 and (one & other).total() >= shorter * 0.8


def count(block: Written) -> int:
    """How many words it says."""
    return _words(block).total()


def _words(block: Written) -> Counter[str]:
    text = block.text
    if text is None:
        text = _TAG.sub(" ", _STYLE.sub(" ", (block.html or "")[:_COMPARED_CHARS]))
    return Counter(_WORD.findall(text[:_COMPARED_CHARS].casefold()))
