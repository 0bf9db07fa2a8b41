"""What runs in a worker: a mail's bytes become its place in the order (`sort`) and what will be said (`draft`).

Both are functions of their job alone, so `explain` runs the same code in its own process. `sort` is the cheap first look, for
mails in order of arrival; `draft` does the costly conversion and writes every file, decoded, to the
content-addressed store. Files travel back as paths.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from bridge import stopwatch
from bridge.compose import author as author_rules
from bridge.compose import body as bodies
from bridge.compose import draft as drafts
from bridge.compose import fields, forward, length, many, once, said, subject
from bridge.compose import files as naming
from bridge.compose import sort as sorting_rules
from bridge.compose.author import Choice
from bridge.compose.fields import Fields
from bridge.compose.trim import Trimmer
from bridge.config.schema import Route, Sender
from bridge.errors import StagingLaterError
from bridge.mail import decode, parse
from bridge.model import Attached, Author, Draft, Envelope, File, Mail, Sorting, Span, User
from bridge.staging import zips
from bridge.staging.files import Store, Stored

#: How a mail that could not be read is named among the files.
ORIGINAL_NAME = "original.eml"

#: How much of a file is looked at to see what it is.
SNIFFED_BYTES = 512

#: How much of an attached mail is read to see whose it is and what it says.
ATTACHED_BYTES = 1024 * 1024

#: CPU time that a route's own patterns may take on one mail, and the expressions of its fields again: a whole batch of the worst
#: stays below a worker's limit.
PATTERNS_S = 0.25

#: How much of a mail is in memory at a time where it is only passed through.
SLICE_BYTES = 256 * 1024
_BLANKS = b" \t\r\n"
#: Padding, or what a gateway has put below.
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")

Content = bytes | mmap.mmap


class Effort(StrEnum):
    """How much is tried: the next lower one is used when a worker did not return."""

    FULL = "full"
    #: No HTML conversion: the text part, else the HTML with its tags stripped; the original goes along.
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All a worker needs; small, because it travels through a pipe."""

    content: bytes | Path
    envelope: Envelope
    route: Route
    recipients: tuple[str, ...]
    sender: Sender
    #: Addresses of ours.
    own: frozenset[str]
    #: Secrets for tokens, newest first.
    keys: tuple[bytes, ...]
    #: The folder of decoded files.
    store: Path
    max_file_bytes: int
    #: Free space on the store's disk that is never used.
    min_free_bytes: int = 0
    effort: Effort = Effort.FULL
    #: What the daemon has to say about this mail, for the internal note.
    remarks: tuple[str, ...] = ()
    #: The subject of the conversation it goes into; "" where that is not known yet.
    about: str = ""
    #: Digests of the lines that are in the conversation already, as `said.pack` joins them; None where it is new.
    said: bytes | None = None


def sort(job: Job) -> Sorting:
    """The author, the clues to the conversation, and the ids of one mail."""
    with _opened(job.content) as content:
        mail = parse(content)
        digest = "" if mail.message_id else _digest(content, mail)
        attached = _attached(content, mail) if job.route.forwards == "original" else None
    found, slow = fields_of(mail, job.route)

    def placed(route: Route) -> Sorting:
        return sorting_rules.sort(
            mail,
            job.envelope,
            route,
            sender=job.sender,
            own=job.own,
            keys=job.keys,
            recipients=job.recipients,
            content_digest=digest,
            found=found,
            attached=attached,
        )

    if not job.route.conversation.patterns:
        return replace(placed(job.route), remark=slow)
    try:
        with stopwatch.within(PATTERNS_S):
            return replace(placed(job.route), remark=slow)
    except stopwatch.OutOfTime:
        rules = job.route.conversation.model_copy(update={"patterns": ()})
        remark = f"a pattern of the route took longer than {PATTERNS_S:g} s on this mail, so none was used"
        return replace(placed(job.route.model_copy(update={"conversation": rules})), remark=remark)


def fields_of(mail: Mail, route: Route) -> tuple[Fields, str]:
    """The route's fields, and what the note has to say where an expression of theirs took too long: then those by label alone."""
    if not any(rule.match for rule in route.fields):
        return fields.read(mail, route), ""
    try:
        with stopwatch.within(PATTERNS_S):
            return fields.read(mail, route), ""
    except stopwatch.OutOfTime:
        by_label = route.model_copy(update={"fields": tuple(rule for rule in route.fields if not rule.match)})
        remark = f"a `match` of the fields took longer than {PATTERNS_S:g} s on this mail, so none was used"
        return fields.read(mail, by_label), remark


def sort_all(jobs: list[Job]) -> list[Sorting]:
    """`sort` for several mails in one worker call."""
    return [sort(job) for job in jobs]


def draft(job: Job) -> Draft:
    """What will be said about one mail; its files are on disk, fsynced, when this returns."""
    with _opened(job.content) as content:
        mail = parse(content)
        names = naming.plan(mail)
        attached = _attached(content, mail)
        found, _ = fields_of(mail, job.route)
        choice = author_rules.decide(
            mail, job.envelope, job.route, job.sender, job.own, values=found.values, attached=attached
        )
        shown, aside = _shown(mail, attached, choice)
        body = bodies.compose(
            shown,
            prefer="text" if job.effort is Effort.PLAIN else job.route.body.prefer,
            pictures=job.route.body.pictures,
            max_chars=job.route.body.max_chars,
            naming=names,
            convert_html=job.effort is Effort.FULL,
            trimmer=_trimmer(mail, job, choice),
        )
        files, remarks = _extract(content, mail, names, body, job)
        files += _pictures(body, _store(job))
        made = drafts.draft(
            mail,
            job.envelope,
            job.route,
            sender=job.sender,
            own=job.own,
            recipients=job.recipients,
            author=choice.author,
            body=body,
            files=(*files, *_made(content, body, job, cut=mail.cut), *_uncopied(mail, choice, job)),
            remarks=(*job.remarks, *remarks, *_cut_off(content, mail, names)),
            title=sorting_rules.subject_of(mail, job.route, choice, found, job.keys),
            found=found,
            aside=(aside, *body.aside),
        )
        own = sorting_rules.own_subject(mail, choice, job.keys)
        fresh = once.told(made, said.unpack(job.said))
        return _gathered(drafts.headed(fresh, mail, own, job.about or made.subject), job)


def _shown(mail: Mail, attached: Mail | None, choice: Choice) -> tuple[Mail, str]:
    """The mail whose words are the author's; and a forwarder's own, where these stand beside an attached mail."""
    leaf = forward.attached_mail(mail)
    original = choice.original
    if original is None or original.place != forward.ATTACHED or attached is None or leaf is None:
        return mail, ""
    return forward.handed_on(mail, attached, leaf.index)


def _gathered(draft: Draft, job: Job) -> Draft:
    """The draft with its files in zips or links where there are more than the route wants singly."""
    parted = many.split(draft.files, job.route.files, max_zip_bytes=min(job.max_file_bytes, zips.MAX_BYTES))
    if not parted.linked and not parted.zipped:
        return draft
    store = _store(job)
    taken = {file.name.casefold() for file in parted.kept}
    made = []
    for group in parted.zipped:
        name = naming.unique(many.ZIP_NAME, taken)
        parts = [(file.name, file.path) for file in group]
        made.append(_write(store, zips.chunks(parts), name, "application/zip"))
    return many.told(draft, parted, made)


def _attached(content: Content, mail: Mail) -> Mail | None:
    """The mail's only attached mail, as far as it is read."""
    leaf = forward.attached_mail(mail) if mail.automatic is None else None
    return None if leaf is None else parse(decode.head(content, leaf, ATTACHED_BYTES)[0])


def _trimmer(mail: Mail, job: Job, choice: Choice) -> Trimmer:
    return Trimmer(
        mode=job.route.body.trim,
        signatures=job.route.body.signatures,
        known=None if job.said is None else said.unpack(job.said),
        forward=subject.is_forward(mail.subject),
        filed=any(isinstance(block, Attached) for block in mail.blocks),
        passed_on=mail.subject if choice.original else None,
    )


def unreadable(job: Job, reason: str, user: User) -> Draft:
    """The last resort, in the daemon itself: no word of the mail is looked at, the whole of it goes along."""
    store = _store(job)
    with _opened(job.content) as content:
        original = _write(store, _slices(content), ORIGINAL_NAME, "message/rfc822")
    return Draft(
        user=user,
        subject=job.route.default_subject,
        body="(This mail could not be read. It is attached as it came.)",
        files=(original,),
        suppress_notifications=job.route.quiet,
        tags=fields.tags(job.route, {}),
        note=(*job.remarks, f"The mail could not be read: its conversion {reason}."),
    )


def author_of(envelope: Envelope, sender: Sender) -> Author:
    """The author where nothing but the envelope may be looked at."""
    if "@" in envelope.reverse_path:
        return Author(User("", envelope.reverse_path.lower()), "the reverse-path; the header was not read")
    return Author(User(sender.unknown.name, sender.unknown.email), "neither header nor reverse-path name one")


@contextlib.contextmanager
def _opened(content: bytes | Path) -> Iterator[Content]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped


def _digest(content: Content, mail: Mail) -> str:
    """A stable name for a mail without Message-ID, from what its author wrote and not from its trace header."""
    digest = hashlib.sha256()
    for name in ("from", "date", "subject"):
        digest.update((mail.header(name) or "").encode("utf-8", "replace") + b"\0")
    for leaf in mail.leaves:
        match leaf.content:
            case Span(start, end):
                with memoryview(content) as view, view[start:end] as part:
                    digest.update(part)
            case bytes() as found:
                digest.update(found)
    return digest.hexdigest()[:32]


def _cut_off(content: Content, mail: Mail, names: tuple[naming.Naming, ...]) -> Iterator[str]:
    """A sentence where the mail ends within base64 that is not at its end."""
    leaf = mail.leaves[-1] if mail.leaves else None
    if leaf is None or leaf.encoding != "base64" or not isinstance(leaf.content, Span):
        return
    start, end = leaf.content.start, leaf.content.end
    last = content[max(start, end - 100) : end].translate(None, _BLANKS)
    if end < len(content) or _NO_BASE64.search(last):
        return
    chars = sum(len(piece.translate(None, _BLANKS)) for piece in _slices(content, start))
    name = next((name.name for name in names if name.leaf == leaf.index), "its text")
    if chars % 4 and leaf.within:
        yield f"The mail ends in the middle of {name}: it was cut off on its way."
    elif chars % 4:
        # Nothing but the encoding says so, and some senders leave its padding out.
        yield f"The mail seems to end in the middle of {name}: it may have been cut off on its way."
    elif leaf.within and chars:
        yield f"The mail ends with {name} and without its last boundary: it may have been cut off on its way."


def _extract(
    content: Content, mail: Mail, names: tuple[naming.Naming, ...], body: bodies.Body, job: Job
) -> tuple[list[File], list[str]]:
    """Every leaf that is not words, decoded and stored; a sentence for each that is not, or is not what it said."""
    attached = {block.leaf for block in mail.blocks if isinstance(block, Attached)}
    store = _store(job)
    taken = [name.name for name in names]
    files: list[File] = []
    remarks: list[str] = []
    for name in names:
        if name.leaf not in attached:
            continue
        leaf = mail.leaves[name.leaf]
        checked = naming.checked(name, decode.head(content, leaf, SNIFFED_BYTES)[0], taken)
        try:
            path, size_bytes, sha256 = _kept(store, decode.chunks(content, leaf), job.max_file_bytes)
        except ValueError:
            remarks.append(
                f"The file {checked.name} is larger than {job.max_file_bytes:,} bytes and was left out."
            )
            continue
        if checked.remark:
            remarks.append(checked.remark)
        if not size_bytes:
            remarks.append(f"The file {checked.name} is empty.")
        files.append(
            File(
                leaf=name.leaf,
                name=checked.name,
                content_type=checked.content_type,
                path=path,
                size_bytes=size_bytes,
                sha256=sha256,
                inline=name.leaf in body.inline,
                quoted=name.leaf in body.quoted_pictures,
            )
        )
    return files, remarks


def _pictures(body: bodies.Body, store: Store) -> list[File]:
    """The pictures that stood in the HTML itself, as files shown at their place."""
    return [
        replace(
            _write(store, [picture.content], picture.name, picture.content_type),
            leaf=picture.index,
            inline=True,
        )
        for picture in body.data_pictures
    ]


def _made(content: Content, body: bodies.Body, job: Job, *, cut: bool) -> list[File]:
    """Files the bridge adds: a long body, quotes left out, the mail as it came where the route or trouble asks for it."""
    store = _store(job)
    made: list[File] = []
    if body.overflow is not None:
        made.append(_write(store, [body.overflow.encode()], length.WHOLE_NAME, "text/markdown"))
    if body.quoted:
        made.append(_write(store, [body.quoted.encode()], "quoted-text.md", "text/markdown"))
    wanted = job.route.body.original
    trouble = body.trouble or cut or job.effort is not Effort.FULL
    if wanted == "always" or (wanted == "trouble" and trouble):
        made.append(_write(store, _slices(content), ORIGINAL_NAME, "message/rfc822"))
    return made


def _store(job: Job) -> Store:
    return Store(job.store, job.min_free_bytes)


def _uncopied(mail: Mail, choice: Choice, job: Job) -> list[File]:
    """The recipients beyond the cap, as a file."""
    _, beyond = drafts.copies(
        mail, job.route, job.own, job.recipients, author=choice.author, sender=job.sender
    )
    text = "".join(f"{email}\n" for email in beyond).encode()
    return [_write(_store(job), [text], drafts.COPIES_NAME, "text/plain")] if beyond else []


def _kept(store: Store, chunks: Iterable[bytes], limit_bytes: int | None = None) -> Stored:
    """The bytes in the store. Raises ValueError beyond the limit, StagingLaterError when the disk does not take them."""
    try:
        return store.write(chunks, limit_bytes=limit_bytes)
    except OSError as error:
        # The disk's trouble, not the mail's: trying with less effort would not help.
        raise StagingLaterError(f"a decoded file cannot be written: {error.strerror}") from error


def _write(store: Store, chunks: Iterable[bytes], name: str, content_type: str) -> File:
    path, size_bytes, sha256 = _kept(store, chunks)
    return File(
        leaf=-1, name=name, content_type=content_type, path=path, size_bytes=size_bytes, sha256=sha256
    )


def _slices(content: Content, start: int = 0) -> Iterator[bytes]:
    for at in range(start, len(content), SLICE_BYTES):
        yield content[at : at + SLICE_BYTES]
