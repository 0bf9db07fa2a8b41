"""One mail out of its bytes: every field in its own guard, and one catch-all around the whole.

`parse` never raises. A field that cannot be read has its safe value and a defect; a mail that cannot be read at all is
one leaf and a defect.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from bridge.mail import (
    addresses,
    automatic,
    charsets,
    dates,
    decode,
    hygiene,
    ids,
    journal,
    leaves,
    words,
)
from bridge.mail.alternatives import Block
from bridge.mail.blocks import Reader
from bridge.mail.gather import Gathered, gather
from bridge.mail.headers import Content, Header
from bridge.mail.limits import Limits
from bridge.mail.split import Part, Tree, split
from bridge.model import Address, Attached, Automatic, Leaf, Mail, Span

T = TypeVar("T")

_DEFAULTS = Limits()
_HEAD_BYTES = 8 * 1024


def parse(content: Content, limits: Limits = _DEFAULTS) -> Mail:
    """The mail that `content` holds. Leaves point into `content`, which must stay as it is while they are read."""
    try:
        return _parse(_in_lines(content), limits)
    except Exception as error:  # noqa: BLE001 - the promise: whatever comes, there is a Mail
        return _unreadable(content, error)


def _in_lines(content: Content) -> Content:
    """The content as it is, unless lines end in CR alone, as old devices write them: then in LF, at the same places."""
    head = content[:_HEAD_BYTES]
    bare = head.count(b"\r") - head.count(b"\r\n")
    if bare < 3 or bare <= head.count(b"\n"):
        return content
    return bytes(content).replace(b"\r\n", b" \n").replace(b"\r", b"\n")


def _parse(content: Content, limits: Limits) -> Mail:
    tree = split(content, limits)
    header = tree.root.header
    if envelope := journal.envelope(tree.root):
        tree = split(content, limits, envelope.mail)
        header = journal.merged(header, tree.root.header)
        tree.defects.insert(0, journal.said(envelope, _first_words(content, envelope.around, limits)))
    hint = _charset(content, tree.root)
    reader = Reader(content, limits, tree.defects, hint=hint)
    found = reader.whole(tree.root)
    fields = _Fields(header, limits, tree.defects, hint)
    authors = fields.mailboxes("from")
    senders = fields.mailboxes("sender")
    subject = fields.subject()
    if len({b" ".join(value.split()) for value in tree.root.header.all("from")}) > 1:
        tree.defects.append("There is more than one From field; the first counts.")
    types = [leaf.content_type for leaf in reader.leaves]
    machine = automatic.verdict(tree.root.header, tree.root.type, types, authors, subject)
    gathered = _gathered(content, tree, reader, found, machine)
    return Mail(
        authors=authors,
        sender=senders[0] if senders else None,
        reply_to=fields.reachable("reply-to"),
        to=fields.reachable("to"),
        cc=fields.reachable("cc"),
        subject=subject,
        message_id=fields.guarded("message-id", ids.one, None),
        in_reply_to=fields.guarded("in-reply-to", lambda text: ids.several(text, limits.references), ()),
        references=fields.guarded("references", lambda text: ids.several(text, limits.references), ()),
        date_at=fields.date(),
        headers=fields.decoded,
        blocks=gathered.blocks,
        leaves=tuple(reader.leaves),
        automatic=machine,
        facts=gathered.facts,
        about=gathered.about,
        defects=_bounded(tree.defects, limits.defects),
        cut=reader.cut,
    )


class _Fields:
    """The mail's own header, read field by field."""

    def __init__(self, header: Header, limits: Limits, defects: list[str], hint: str | None) -> None:
        self.header = header
        self.limits = limits
        self.defects = defects
        self.hint = hint
        #: Every field as clean text of one line.
        self.decoded = tuple((name, hygiene.line(words.decode(value, hint))) for name, value in header.fields)
        self._texts: dict[str, str] = {}
        for name, text in self.decoded:
            if text:
                self._texts.setdefault(name.lower(), text)

    def guarded(self, name: str, read: Callable[[str], T], default: T) -> T:
        """What `read` makes of the first field's text; the default where there is none or it fails."""
        text = self._texts.get(name)
        if text is None:
            return default
        try:
            return read(text)
        except Exception as error:  # noqa: BLE001 - one field must not cost the others
            self.defects.append(f"The field {name} could not be read ({type(error).__name__}).")
            return default

    def mailboxes(self, name: str) -> tuple[Address, ...]:
        """The first field's mailboxes."""
        return self.read(name, self.header.first(name))

    def read(self, name: str, value: bytes) -> tuple[Address, ...]:
        """The mailboxes that stand in a field of that name."""
        if not value:
            return ()
        try:
            found = addresses.read(value, self.limits.addresses + 1, self.hint)
        except Exception as error:  # noqa: BLE001 - one field must not cost the others
            self.defects.append(f"The field {name} could not be read ({type(error).__name__}).")
            return ()
        if len(found) > self.limits.addresses:
            self.defects.append(f"Only the first {self.limits.addresses} addresses of {name} were read.")
        return found[: self.limits.addresses]

    def reachable(self, name: str) -> tuple[Address, ...]:
        """Mailboxes of every field of that name that have an address."""
        found = self.read(name, b", ".join(self.header.all(name)))
        return tuple(address for address in found if address.email)

    def subject(self) -> str:
        text = self._texts.get("subject", "")
        if len(text) > self.limits.subject_chars:
            self.defects.append(
                f"The subject of {len(text)} characters was cut to {self.limits.subject_chars}."
            )
            return text[: self.limits.subject_chars]
        return text

    def date(self) -> datetime | None:
        found = self.guarded("date", dates.read, None)
        if found is None and self.header.first("date"):
            self.defects.append("The date could not be read.")
        return found


def _gathered(
    content: Content, tree: Tree, reader: Reader, blocks: list[Block], machine: Automatic | None
) -> Gathered:
    """What the parts say to machines; nothing where that fails, since every part is there as words or as a file."""
    try:
        return gather(content, tree.root.header, reader, blocks, machine)
    except Exception as error:  # noqa: BLE001 - a summary must not cost the mail
        tree.defects.append(f"No summary of the parts could be made ({type(error).__name__}).")
        return Gathered((), (), tuple(blocks))


def _first_words(content: Content, envelope: Part, limits: Limits) -> str:
    """The text of an envelope."""
    parts = [part for child in envelope.children[:5] for part in (child, *child.children[:5])]
    part = next((part for part in parts if part.content_type == "text/plain"), None)
    if part is None:
        return ""
    return decode.text(content, leaves.read(content, part, 0, limits, []), 4_000)


def _charset(content: Content, root: Part) -> str | None:
    """The charset that the mail's text names or is in: a guess for raw 8-bit headers and names, which are short."""
    part = root
    while part.children:
        part = part.children[0]
    beginning = content[part.body : max(part.body, min(part.end, part.body + _HEAD_BYTES))]
    return part.type.parameters.get("charset") or charsets.guessed(beginning)


def _bounded(defects: list[str], limit: int) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(hygiene.line(defect) for defect in defects[: limit * 10]))
    if len(unique) > limit:
        return (*unique[:limit], f"… and {len(unique) - limit} more.")
    return unique


def _unreadable(content: Content, error: Exception) -> Mail:
    """The least a mail can be: its bytes as one file."""
    leaf = Leaf(
        index=0,
        section="1",
        content_type="message/rfc822",
        content=Span(0, len(content)),
        filename="original.eml",
    )
    reason = f"The mail could not be read ({type(error).__name__}); it is kept whole as a file."
    return Mail(blocks=(Attached(0),), leaves=(leaf,), defects=(reason,))
