"""Puts together what will be said about a mail: user, subject, body, files, recipients, the note, and why each is as it is.

Total and pure. Every leaf of the mail is in the body, among the files, or named in a line of the note.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from bridge.compose import address, escape, fields, note, subject
from bridge.compose import route as routing
from bridge.compose.fields import NONE, Fields
from bridge.config.schema import Quiet, Route, Sender
from bridge.facts import AbuseReport, DeliveryReport, ReadReceipt
from bridge.model import Author, Decision, Draft, Envelope, File, Leaf, Mail, Written

_MAX_TAGS = 50
#: The file that names the recipients beyond the cap.
COPIES_NAME = "recipients.txt"


class Body(Protocol):
    """What `body.compose` made of the words."""

    @property
    def markdown(self) -> str: ...
    @property
    def inline(self) -> frozenset[int]: ...
    @property
    def remarks(self) -> tuple[str, ...]: ...
    @property
    def trimmed(self) -> tuple[str, ...]: ...
    @property
    def unproved(self) -> bool: ...
    @property
    def known_lines(self) -> int: ...
    @property
    def chosen(self) -> tuple[str, ...]: ...


def draft(
    mail: Mail,
    envelope: Envelope,
    route: Route,
    *,
    sender: Sender,
    own: Collection[str],
    recipients: Sequence[str],
    author: Author,
    body: Body,
    files: Sequence[File] = (),
    remarks: Sequence[str] = (),
    title: str | None = None,
    found: Fields = NONE,
    aside: Sequence[str] = (),
) -> Draft:
    """The message of a mail, its files without URLs yet.

    `files` are the decoded leaves, and what the bridge adds (leaf -1); `remarks` is what came up on the way here.
    `title` is the subject of a new conversation, `found` the route's fields, `aside` what a forwarder wrote.
    """
    placed = tuple(replace(file, inline=file.inline or file.leaf in body.inline) for file in files)
    copied, beyond = copies(mail, route, own, recipients, author=author, sender=sender)
    remark = f"{len(beyond)} further recipients of the mail are not copied; {COPIES_NAME} names them."
    left_out = (remark,) if beyond else ()
    tags = fields.tags(route, found.values)[:_MAX_TAGS]
    lost = tuple(_lost(mail, placed))
    quiet = _quiet(mail, route)
    said = (*author.remarks, *found.remarks, *remarks, *lost, *body.remarks, *left_out, *mail.defects)
    return Draft(
        user=author.user,
        subject=title or subject.shown(mail.subject, route.default_subject),
        body=body.markdown,
        files=placed,
        recipients=copied,
        suppress_notifications=bool(quiet),
        tags=tags,
        data=found.sent_to(route, "conversation"),
        contact=found.sent_to(route, "contact"),
        note=(*note.lines(said), *_full_subject(mail), *_forwarders_words(aside)),
        decisions=(
            Decision(
                "route", f"{route.name}, for {', '.join(recipients) or 'no recipient'} from {envelope.peer}"
            ),
            Decision("author", f"{author.user.email}: {author.because}"),
            *found.decisions,
            *([Decision("tags", f"{', '.join(tags)}, where it opens a conversation")] if tags else []),
            *_placements(mail, placed),
            *(Decision("words", line) for line in body.chosen),
            *(Decision("trimming", line) for line in body.trimmed),
            *(Decision("part", line) for line in lost),
            *(Decision("recipients", line) for line in _why_copied(route, copied, left_out)),
            Decision("notifications", f"suppressed: {quiet}" if quiet else "as Re:amaze is set up"),
            *([Decision("automatic", mail.automatic.because)] if mail.automatic else []),
        ),
        unproved=body.unproved,
        known_lines=body.known_lines,
    )


def headed(draft: Draft, mail: Mail, own: str, about: str) -> Draft:
    """The draft with the mail's own subject above its words, where the conversation it goes into is `about` something else.

    A report is known by its words.
    """
    told = any(isinstance(fact, DeliveryReport | ReadReceipt | AbuseReport) for fact in mail.facts)
    if told or not subject.differs(own, about):
        return draft
    line = escape.inline(subject.shown(own, ""), edge=True)
    decision = Decision("subject", f"above the words, for the conversation is called “{about}”")
    return replace(draft, body=f"**Subject:** {line}\n\n{draft.body}", decisions=(*draft.decisions, decision))


def _quiet(mail: Mail, route: Route) -> str:
    """Why nobody is notified; "" to notify. Automatic mail an operator released from hold is as quiet as any."""
    if route.quiet:
        return f"route {route.name} is quiet"
    if mail.automatic is not None and route.automatic is not Quiet.POST:
        return f"automatic mail, {mail.automatic.because}"
    return ""


# -- recipients ------------------------------------------------------------------------------------


def copies(
    mail: Mail,
    route: Route,
    own: Collection[str],
    recipients: Collection[str],
    *,
    author: Author,
    sender: Sender,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who else gets later replies, and who is beyond the cap.

    Recipients are sticky at Re:amaze, so nothing of ours and nobody who never reads may be among them.
    """
    if not route.copy_recipients or mail.automatic is not None:
        return (), ()
    known = (*recipients, author.user.email, sender.unknown.email)
    ours = {address.canonical(entry) for entry in known}
    ours |= {address.without_plus(entry) for entry in ours} | address.of_lists(mail)
    found: dict[str, None] = {}
    for entry in (*mail.to, *mail.cc):
        email = address.canonical(entry.email)
        if (
            address.valid(email)
            and email not in ours
            and not address.listed(email, own)
            and not address.unread(email)
            and not address.of_reamaze(email)
            and routing.find((route,), email) is None
        ):
            found[email] = None
    chosen = tuple(found)
    return chosen[: route.max_copied], chosen[route.max_copied :]


def _why_copied(route: Route, copied: tuple[str, ...], left_out: tuple[str, ...]) -> Iterator[str]:
    if copied:
        yield f"To and Cc without our own: {', '.join(copied)}"
    elif route.copy_recipients:
        yield "nobody else to copy"
    yield from left_out


# -- parts -----------------------------------------------------------------------------------------


def _placements(mail: Mail, files: Sequence[File]) -> Iterator[Decision]:
    for block in mail.blocks:
        if isinstance(block, Written):
            kinds = [
                kind for kind, words in (("text", block.text), ("HTML", block.html)) if words is not None
            ]
            parts = ", ".join(
                _named(mail.leaves[leaf]) for leaf in block.leaves if 0 <= leaf < len(mail.leaves)
            )
            yield Decision("body", f"{' and '.join(kinds) or 'nothing'} of {parts or 'no part'}")
    for file in files:
        place = "shown in the body" if file.inline else "attached"
        made = "made by the bridge" if file.leaf == -1 else "a picture within the HTML"
        origin = _named(mail.leaves[file.leaf]) if 0 <= file.leaf < len(mail.leaves) else made
        yield Decision(f"file {file.name}", f"{place}: {origin}, {file.size_bytes:,} bytes")


def _lost(mail: Mail, files: Sequence[File]) -> Iterator[str]:
    """A sentence for each leaf that is neither words nor a file."""
    placed = {file.leaf for file in files}
    for block in mail.blocks:
        if isinstance(block, Written):
            placed.update(block.leaves)
    for leaf in mail.leaves:
        if leaf.index not in placed:
            yield f"Part {_named(leaf)} is neither in the text nor among the files."


def _named(leaf: Leaf) -> str:
    name = f", {leaf.filename[:100]}" if leaf.filename else ""
    return f"{leaf.section} ({leaf.content_type}{name})"


def _forwarders_words(aside: Sequence[str]) -> Iterator[str]:
    """In the note, for nobody is to read them as the original author's."""
    own = " ".join(" ".join(aside).split())
    if own:
        yield f"Who passed it on wrote: {own[: note.MAX_QUOTED]}"


def _full_subject(mail: Mail) -> tuple[str, ...]:
    if not subject.is_cut(mail.subject):
        return ()
    return (f"The subject was cut. The whole of it: {' '.join(mail.subject[: note.MAX_QUOTED].split())}",)
