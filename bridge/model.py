"""The immutable values that flow from one step to the next. Mail comes in, a message goes out.

Tuples, not lists; aware UTC datetimes end in `_at`, seconds in `_s`, bytes in `_bytes`. Nothing here does I/O.

Free text from a mail (names, subject, body) has passed `mail.hygiene.clean`: no NUL, no lone surrogate, no C0 or C1 control but
tab and newline, no Unicode noncharacter. So the two that mark an inline file in a body (`FILE_MARK`) cannot be forged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from bridge.facts import Fact

#: An inline file stands in `Draft.body` as ``FILE_MARK[0] + str(leaf index) + FILE_MARK[1]`` in place of its URL.
FILE_MARK = ("\ufdd0", "\ufdd1")


# -- 1 intake --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the SMTP dialogue said, and nothing that a header said."""

    #: MAIL FROM without the brackets; "" is the null reverse-path.
    reverse_path: str
    #: RCPT TO, in order, as given by the peer.
    recipients: tuple[str, ...]
    #: The peer's address ("192.0.2.7"), "unix" or "pipe".
    peer: str
    #: The name given in HELO, EHLO or LHLO; "" if none.
    helo: str
    #: Name of the listener in the config; "pipe" for the command.
    listener: str
    received_at: datetime
    login: str | None = None  #: The authenticated user name, if SMTP AUTH was used.
    tls: str | None = None  #: Protocol version such as "TLSv1.3", if the session was encrypted.
    #: Whether the listener takes this peer's headers (Authentication-Results, X-Original-To …) at their word.
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One delivery a mail asks for: the route, and the envelope recipients that chose it."""

    route: str
    brand: str
    recipients: tuple[str, ...]


# -- 3 mail ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox; `email` is lower-cased at most in its domain, "" when none could be read."""

    name: str
    email: str
    #: True when the address had to be guessed from a malformed field.
    doubtful: bool = False


class Kind(StrEnum):
    """Why a mail is automatic. Human mail has no `Automatic`."""

    REPLY = "auto-reply"  #: out-of-office and other RFC 3834 auto-replied
    GENERATED = "auto-generated"  #: notifications, monitoring, bulk
    BOUNCE = "bounce"  #: a delivery report about an earlier mail
    RECEIPT = "read-receipt"  #: a disposition notification
    ABUSE = "abuse-report"  #: an ARF feedback report


@dataclass(frozen=True, slots=True)
class Automatic:
    kind: Kind
    #: The evidence, e.g. "Auto-Submitted: auto-replied".
    because: str


@dataclass(frozen=True, slots=True)
class Span:
    """The encoded bytes of one leaf within the mail's content: ``content[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One MIME leaf. Its decoded bytes come from `mail.decode.chunks(content, leaf)`."""

    #: Place in `Mail.leaves`.
    index: int
    #: Section number as IMAP counts, e.g. "1.2"; "1" for a mail of one part.
    section: str
    #: Lower-case `type/subtype`; "text/plain" where missing or unreadable.
    content_type: str
    #: Where the encoded bytes are, or the bytes themselves for a leaf found inside another (uuencode, TNEF).
    content: Span | bytes
    #: "base64", "quoted-printable", "x-uuencode" or "identity".
    encoding: str = "identity"
    charset: str | None = None
    #: "inline", "attachment" or "".
    disposition: str = ""
    #: The decoded name as the sender gave it: not yet safe for a file system.
    filename: str | None = None
    #: Content-ID without its brackets.
    content_id: str | None = None
    content_location: str | None = None
    description: str | None = None
    #: Further Content-Type parameters, lower-case names (format, delsp, method, protocol, smime-type …).
    parameters: tuple[tuple[str, str], ...] = ()
    #: Types of the enclosing multiparts, outermost first.
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A stretch of the author's words: a text part, an HTML part, or both as alternatives."""

    text: str | None
    html: str | None
    #: Indexes of the leaves these words came from.
    leaves: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Attached:
    """A leaf that is not words, at its place among the words."""

    leaf: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One parsed mail. Every field has a safe value whatever came in; what was odd is in `defects`."""

    authors: tuple[Address, ...] = ()  #: From, in order; empty when missing or unreadable.
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    message_id: str | None = None  #: Without the angle brackets; None when missing.
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()  #: Oldest first, without duplicates, bounded.
    date_at: datetime | None = None
    #: Every header field of the mail itself, decoded and unfolded, in order, bounded in count and size.
    headers: tuple[tuple[str, str], ...] = ()
    #: Words and files in the order they stand in the mail; every leaf is named in exactly one block.
    blocks: tuple[Written | Attached, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    automatic: Automatic | None = None
    facts: tuple[Fact, ...] = ()  #: What its parts say to machines: meetings, reports, contacts.
    about: tuple[str, ...] = ()  #: Ids of the mail a report is about, and of those it answered.
    defects: tuple[str, ...] = ()  #: What was odd, guessed, cut or skipped, for the note: a sentence each.
    cut: bool = False  #: Some words are in none of the blocks: only the mail as it came has them.

    def header(self, name: str) -> str | None:
        """The first field of that name, compared without case; None when absent or empty."""
        return next(filter(None, self.headers_named(name)), None)

    def headers_named(self, name: str) -> tuple[str, ...]:
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)


# -- 4 compose -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class User:
    """`message[user]`: who wrote it, as Re:amaze will show."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Author:
    """The user chosen for a mail, why, and what an agent should know about it."""

    user: User
    because: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class New:
    """Open a conversation."""

    channel: str
    subject: str


@dataclass(frozen=True, slots=True)
class Existing:
    """Append to a conversation, or open one where the slug is gone."""

    slug: str
    otherwise: New


Conversation = Existing | New


@dataclass(frozen=True, slots=True)
class SlugClue:
    """A slug named outright: by a trusted header, a route's template or pattern."""

    slug: str
    because: str
    #: Append whoever takes part; False asks that the sender is author or follower of the conversation.
    always: bool


@dataclass(frozen=True, slots=True)
class TokenClue:
    """A signed token of ours (plus-address, subject) whose signature held: the number of a conversation row."""

    conversation: int
    because: str


@dataclass(frozen=True, slots=True)
class ThreadClue:
    """Message-IDs this mail answers, best first."""

    message_ids: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class KeyClue:
    """A key that names the conversation within the route: an order number, a normalised subject with its participant."""

    key: str
    because: str
    #: How old the last mail of that conversation may be; None for any age.
    window_s: float | None = None
    #: Whether this mail registers the key for later mails even when it found nothing.
    register: bool = True


Clue = SlugClue | TokenClue | ThreadClue | KeyClue


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorting:
    """What must be known of a mail before its place in the order can be: the result of the cheap first look."""

    user: User
    #: Best first; the spool takes the first that hits.
    clues: tuple[Clue, ...]
    subject: str  #: The subject for a new conversation.
    message_id: str  #: The mail's own id; made from its bytes where it has none.
    #: Every id this mail names (References, In-Reply-To): learned, so that a later mail finds the thread.
    related_ids: tuple[str, ...] = ()
    #: Same key on the same route within the age limit: the same mail delivered twice.
    duplicate_key: str = ""
    #: For the list of waiting mail; never logged at INFO unless personal data is allowed.
    summary: str = ""
    #: Not to be delivered: hold or drop by a rule of the route, with the reason; None to deliver.
    verdict: tuple[str, str] | None = None
    #: A program's words about an earlier mail, by whom they may be: a report in a form of its own, or a reply in free words.
    tie: Literal["", "report", "reply"] = ""
    remark: str = ""  #: What an operator should know about how it was sorted; "" for nothing.


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that goes along, decoded on disk and named by its digest."""

    #: Place in `Mail.leaves`; -1 for one the bridge made (original.eml, body.txt).
    leaf: int
    #: Safe, unique within the mail, with an extension.
    name: str
    content_type: str
    path: Path
    size_bytes: int
    sha256: str
    #: Shown at its place in the body rather than attached; `quoted` belongs to nothing but a quote that was left out.
    inline: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of `explain`: what was decided, and on what evidence."""

    what: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What will be said: a message with files that have no URLs yet."""

    user: User
    subject: str
    #: Markdown; inline files stand as `FILE_MARK`.
    body: str
    files: tuple[File, ...] = ()
    recipients: tuple[str, ...] = ()
    suppress_notifications: bool = False
    tags: tuple[str, ...] = ()
    #: Custom fields of a new conversation, and of who opens it.
    data: tuple[tuple[str, str], ...] = ()
    contact: tuple[tuple[str, str], ...] = ()
    #: Lines of the internal note; empty when there is nothing to say.
    note: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    #: A quote stands in the body that may be in the conversation already: to be known only once that is read.
    unproved: bool = False
    #: How many quoted lines were left out because the conversation has them.
    known_lines: int = 0


# -- 5 staging, 6 reamaze --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """A file Re:amaze can fetch."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Exactly what Re:amaze is told in one call."""

    user: User
    body: str
    #: The deterministic key of the step: `origin_id`, and on create the conversation's `data` key.
    key: str
    attachments: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    suppress_notifications: bool = False
    internal: bool = False
    tags: tuple[str, ...] = ()
    data: tuple[tuple[str, str], ...] = ()
    contact: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What Re:amaze said about a message it has."""

    slug: str
    #: As Re:amaze wrote it; "" where it did not say.
    created_at: str = ""
    #: True when the answer was lost and the message was found by reading back.
    found: bool = False


# -- 7 delivery ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivered:
    """Said, and answered. The answer of the last step is stored together with the delivery's end."""

    slug: str
    #: The last step, and its answer as JSON text; None where that is stored already.
    last: tuple[int, str] | None = None
    #: What the answers called the conversation, where that is still to be stored.
    learned: str | None = None
    #: Digests of the lines that now stand in the conversation.
    said: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now: try again at `until_at`. `outage` says the whole brand waits and no attempt is counted."""

    reason: str
    until_at: datetime
    outage: bool = False


@dataclass(frozen=True, slots=True)
class Dead:
    """Never: kept as a dead letter with the reason."""

    reason: str


Outcome = Delivered | Deferred | Dead
