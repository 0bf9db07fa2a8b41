"""Whose mail is passed on by a forward: what its first forwarded header says, in the text, in the HTML or as an attached mail.

Only the first header block counts: what stands further down was passed on by somebody else, or is a stranger's. Linear in a
bounded number of lines; an address that cannot be posted to is no author.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bridge.compose import address, attributions, quotes, subject, words
from bridge.compose.attributions import Label, Separator, Strength
from bridge.compose.quotes import Kind, Line
from bridge.facts import Forwarded
from bridge.model import Address, Attached, Leaf, Mail, Written

#: Words of a forwarder's that an internal note can hold.
MAX_OWN = 10_000
#: The place of an original that is an attached mail.
ATTACHED = "the attached mail"
_MAX_CHARS = 100_000
_MAX_LINES = 1_000
#: A text may do no more than point to the HTML; a longer one says what that says.
_MAX_POINTER = 400
_MAX_VALUE = 1_000
#: Lines that one header block may have.
_BLOCK_LINES = 20
#: A line of a header block that is as long may have been wrapped.
_MIN_WRAPPED = 50
#: Empty lines and lines of no label that may stand between two labels.
_BETWEEN = 2
_NAMED_FILES = 20
_TEXT = "the text"


@dataclass(frozen=True, slots=True)
class Original:
    """The mail that was passed on, as the forward says."""

    name: str
    email: str
    #: As it was written; "" where it was not.
    date: str
    subject: str
    #: Where it is said: "the text".
    place: str

    def __str__(self) -> str:
        who = f"{self.name} <{self.email}>" if self.name else self.email
        rest = (f", {self.date}" if self.date else "") + (f", “{self.subject}”" if self.subject else "")
        return f"{who}{rest}"


def find(mail: Mail, attached: Mail | None = None) -> Original | None:
    """The mail that this one passes on; None where it passes on none, or does not say whose.

    `attached` is the mail's only attached mail, where it has one.
    """
    if mail.automatic is not None:
        return None
    named = subject.is_forward(mail.subject)
    for place, plain in _announcing(mail, certain=named or _may_be_danish(mail.subject)):
        lines = quotes.of_text(plain)[:_MAX_LINES]
        block = _first_block(lines, mail.subject, named=named, wrapped=place == _TEXT)
        found = block and _original(block[1], place)
        if found:
            return found
    if attached is not None and (named or _says_little(mail, attached)):
        return _attached(attached)
    return None


def start(lines: Sequence[Line], title: str) -> int | None:
    """The line at which the forwarded header begins, in words that are known to pass a mail on."""
    found = _first_block(lines, title, named=subject.is_forward(title), wrapped=False, deep=True)
    return found and found[0]


def handed_on(mail: Mail, attached: Mail, leaf: int) -> tuple[Mail, str]:
    """The mail with the words of its attached mail in place of its own, and its own; "" where they are too long to part."""
    own = words.text(mail, 2 * MAX_OWN).strip()
    if len(own) > MAX_OWN:
        return mail, ""
    told = [fact for fact in mail.facts if not (isinstance(fact, Forwarded) and fact.leaf == leaf)]
    author = next(iter(attached.authors), Address("", ""))
    told.append(
        Forwarded(
            leaf=leaf,
            author=f"{author.name} <{author.email}>" if author.name else author.email,
            date=words.one_line(attached.header("date") or "", 100),
            subject=words.one_line(attached.subject, 2 * subject.MAX_CHARS),
            files=tuple(_files(attached)),
            words=tuple((block.text, block.html) for block in attached.blocks if isinstance(block, Written)),
        )
    )
    blocks = tuple(
        Written(None, None, block.leaves) if isinstance(block, Written) else block for block in mail.blocks
    )
    return replace(mail, blocks=blocks, facts=tuple(told)), own


def _files(mail: Mail) -> Iterator[str]:
    for block in mail.blocks[:_NAMED_FILES]:
        if isinstance(block, Attached):
            leaf = mail.leaves[block.leaf]
            yield words.one_line(leaf.filename or leaf.content_type, 200)


def attached_mail(mail: Mail) -> Leaf | None:
    """The mail's only attached mail; with several of them nobody is the one author."""
    found = [
        mail.leaves[block.leaf]
        for block in mail.blocks
        if isinstance(block, Attached) and mail.leaves[block.leaf].content_type == "message/rfc822"
    ]
    return found[0] if len(found) == 1 else None


def _attached(found: Mail) -> Original | None:
    author = next(iter(found.authors), None)
    email = address.canonical(author.email) if author else ""
    if author is None or author.doubtful or not address.valid(email):
        return None
    return Original(
        _plain_name(author.name, email),
        email,
        words.one_line(found.header("date") or "", 100),
        words.one_line(found.subject, subject.MAX_CHARS),
        ATTACHED,
    )


def _says_little(mail: Mail, attached: Mail) -> bool:
    """Whether the mail is little more than its attachment: the same subject, or no words."""
    own = subject.key(mail.subject)
    return own in ("", subject.key(attached.subject)) or not words.text(mail, 10_000).strip()


def _announcing(mail: Mail, *, certain: bool) -> Iterator[tuple[str, str]]:
    """The words that say a mail is passed on, as text and as HTML: one of them may have lost the address.

    All words where it is `certain`. A text of some length says it if the HTML does, so that is not taken apart in vain.
    """
    for block in mail.blocks:
        if not isinstance(block, Written):
            continue
        text = (block.text or "")[:_MAX_CHARS]
        announced = certain or _announced(text)
        if announced and text.strip():
            yield _TEXT, text
        if block.html and (announced or len(text.strip()) <= _MAX_POINTER):
            plain = words.from_html(block.html)[:_MAX_CHARS]
            if plain and (certain or _announced(plain)):
                yield "the HTML", plain


def _announced(plain: str) -> bool:
    """Whether a line says that a mail is passed on; quick, for the many mails that say it nowhere."""
    return any(attributions.separator(line.rstrip("\r")) is Separator.FORWARD for line in plain.split("\n"))


# -- the header block ------------------------------------------------------------------------------


def _first_block(
    lines: Sequence[Line], title: str, *, named: bool, wrapped: bool, deep: bool = False
) -> tuple[int, dict[Label, str]] | None:
    """The first header block and its line, where it is a forward's; None for an answer's, or for none.

    A forward says so in its subject, or by the line above the block. Without `wrapped` no line goes on in the next; with `deep`
    the block may stand in a quote, as Apple Mail writes it in HTML.
    """
    for at, line in enumerate(lines):
        text = quotes.words_of(line)
        if line.blank or not text.strip():
            continue
        if line.depth and not deep:
            # A quote comes first: the mail is an answer, unless Apple Mail quotes what it passes on.
            return (at, _fields(lines, at + 1, wrapped=wrapped)) if named and _heads(lines, at) else None
        kind = attributions.separator(text)
        if kind is not None:
            if kind is not Separator.FORWARD and not named:
                return None
            return at, _fields(lines, at + 1, wrapped=wrapped, cells=True) or _in_separator(text)
        frame = quotes.frame_at(lines, at)
        if frame is None:
            continue
        if frame.kind is Kind.HEADERS:
            passes_on = named or _is_danish(title, text)
            return (at, _fields(lines, at, wrapped=wrapped)) if passes_on else None
        if frame.kind is Kind.ATTRIBUTION and frame.strength is Strength.STRONG:
            return None
    return None


def _heads(lines: Sequence[Line], at: int) -> bool:
    """Whether the line announces a header block right below it, as "Begin forwarded message:" does in any language."""
    below = next((place for place in range(at + 1, len(lines)) if lines[place].words), None)
    if below is None or not lines[at].words.endswith((":", "\uff1a")):
        return False
    frame = quotes.frame_at(lines, below)
    return frame is not None and frame.kind is Kind.HEADERS


def _is_danish(title: str, first: str) -> bool:
    """Whether a subject's "VS:", with which Finns answer, is the one with which Danes and Norwegians pass on."""
    return _may_be_danish(title) and first.lstrip("* ")[:4].lower() == "fra:"


def _may_be_danish(title: str) -> bool:
    return title.lstrip()[:3].upper() == "VS:"


def _fields(lines: Sequence[Line], start: int, *, wrapped: bool, cells: bool = False) -> dict[Label, str]:
    """The labelled lines that follow, each label's first; they end with the first words that have none."""
    found: dict[Label, str] = {}
    last: Label | None = None
    between = 0
    for line in lines[start : start + _BLOCK_LINES]:
        full = quotes.words_of(line)[:_MAX_VALUE]
        text = full.strip()
        label = attributions.label(text, cells=cells) if text else None
        if label is not None:
            if label in found and label is not Label.OTHER:
                break
            found[label] = _value(text, cells=cells)
            last, between = label, 0
            continue
        if Label.FROM not in found and attributions.attribution(text) is Strength.STRONG:
            return found | _in_attribution(text)
        between += 1
        if between > _BETWEEN and (found or between > 2 * _BETWEEN):
            break
        if text and last is not None and between == 1 and _goes_on(last, found[last], full, wrapped=wrapped):
            found[last] = f"{found[last]} {text}".strip()[:_MAX_VALUE]
    return found if Label.FROM in found else {}


def _goes_on(label: Label, value: str, below: str, *, wrapped: bool) -> bool:
    """Whether the value is not at its end: it is folded, too long for a line, or the name of a From alone."""
    if label is Label.FROM and "@" not in value:
        return True
    return wrapped and (below[:1].isspace() or len(value) >= _MIN_WRAPPED)


def _value(text: str, *, cells: bool) -> str:
    marks = (":", "\uff1a", "\ufe55", "|") if cells else (":", "\uff1a", "\ufe55")
    text = text.strip("| ") if cells else text
    ends = [at for at in (text.find(mark) for mark in marks) if at >= 0]
    return text[min(ends) + 1 :].strip(" \t*_\xa0\u200e\u200f") if ends else ""


def _in_attribution(text: str) -> dict[Label, str]:
    """Yandex: "01.11.2026, 20:00, "Ann Lee" <ann@customer.example>:" below its separator."""
    before, bracket, rest = text.partition("<")
    date, _, name = before.rpartition(", ")
    return {Label.DATE: date, Label.FROM: f"{name}{bracket}{rest.rstrip(':')}"} if bracket else {}


def _in_separator(text: str) -> dict[Label, str]:
    """mutt: "----- Forwarded message from Ann Lee <ann@customer.example> -----"."""
    return {Label.FROM: text.strip("- \t").rpartition(" from ")[2]} if " from " in text else {}


def _original(block: dict[Label, str], place: str) -> Original | None:
    author = _address(block.get(Label.FROM, ""))
    if author is None:
        return None
    return Original(
        _plain_name(author.name, author.email),
        author.email,
        words.one_line(block.get(Label.DATE, ""), 100),
        words.one_line(block.get(Label.SUBJECT, ""), subject.MAX_CHARS),
        place,
    )


def _address(text: str) -> Address | None:
    """The address of a From as mail programs print it: "Ann Lee [mailto:ann@customer.example]" too."""
    if "<" not in text:
        text = text.replace("[mailto:", "<").replace("[", "<").replace("]", ">")
    before, link, _ = text.partition("<mailto:")
    if link:
        # "Ann Lee <ann@customer.example<mailto:ann@customer.example>>": the link says it once more.
        text = (before + ">" * ("<" in before)) if "@" in before else text.replace("<mailto:", "<")
    return address.read(text)


def _plain_name(name: str, email: str) -> str:
    """The name, unless it is only the address once more."""
    bare = words.one_line(name, 120).strip("\"'*_ ")
    return "" if address.canonical(bare) == email or "@" in bare else bare
