"""Mailboxes out of an address field, however it is broken.

One linear pass cuts the field into tokens (quoted strings, comments, angles, separators) and a second one forms
mailboxes of them; encoded words are decoded last, so that none of them can make an address. Never fails.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge.mail import hygiene, words
from bridge.model import Address

_TOKEN = re.compile(
    rb"(?P<word>=\?[^?\s\"<>]{1,80}\?[bBqQ]\?[^?\"<>]*+\?=)"
    rb'|(?P<angle><+(?:@[^<>:"]*+:)?+(?:[^<>,;"]|"[^"<>]*+")*+>*+)'
    rb"|(?P<scheme>[Mm][Aa][Ii][Ll][Tt][Oo]:)"
    rb"|(?P<entity>&(?:[A-Za-z]{2,8}|#[0-9]{1,6});)"
    rb"|(?P<separator>[,;])"
    rb"|(?P<colon>:)"
    rb'|(?P<text>(?:[^"(<,;:>=&]++|=(?!\?[^?\s\"<>]{1,80}\?[bBqQ]\?)|&(?!(?:[A-Za-z]{2,8}|#[0-9]{1,6});))++|=)',
    re.DOTALL,
)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_COMMENT = re.compile(rb"[()\\]")
_QUOTE, _OPEN = b'"('
_BARE = re.compile(rb"[^@\s<>\"'=?]++@[^@\s<>\"'=?.]++(?:\.[^@\s<>\"'=?.]++)++")
_INNER_COMMENT = re.compile(rb"\([^()]*+\)")
_ROUTE = re.compile(rb"\A([^@]*+)@[^:<>]*+:")
_SPACED = re.compile(rb"(?<!\s)\s++([.@])\s++")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_INNER = re.compile(r"<([^<>\s][^<>\s@]*+@[^<>\s]++)>")
_LOCAL = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9._+-]*+")
#: Not the path by which Exchange knows a mailbox: </O=CORP/OU=SITE/CN=RECIPIENTS/CN=ANN>.
_LOCAL_NAME = re.compile(r"[!-.0-<>-~]+")
_QUOTES = "\"'"
_NAME_CHARS = 500
_EMAIL_CHARS = 320


@dataclass(slots=True)
class _Entry:
    """What has been read of one mailbox."""

    phrase: list[bytes] = field(default_factory=list)
    quoted: bool = False
    comments: list[bytes] = field(default_factory=list)
    angle: bytes | None = None

    def __bool__(self) -> bool:
        return bool(self.phrase or self.comments or self.angle is not None)


def read(value: bytes, limit: int, hint: str | None = None) -> tuple[Address, ...]:
    """At most `limit` mailboxes of an unfolded field, in order. One without an address has `email` ""."""
    found: list[Address] = []
    pending: list[bytes] = []
    if b"<" not in value:
        # Scripts write what they would write into a page.
        value = value.replace(b"&lt;", b"<").replace(b"&gt;", b">")
    for entry in _entries(value):
        if entry.angle is None and not entry.comments and b"@" not in b"".join(entry.phrase):
            # No address yet: the first half of an unquoted "Doe, John <jd@x.example>", or a bare local name.
            pending.append(b" ".join(entry.phrase))
            continue
        if entry.angle is None:
            found += (_lonely(name, hint) for name in pending)
        else:
            entry.phrase[:0] = [name.removesuffix(b"\\") + b"," for name in pending]
        pending = []
        found += (_mailbox(one, hint) for one in _apart(entry))
        if len(found) >= limit:
            return tuple(found[:limit])
    found += (_lonely(name, hint) for name in pending[:limit])
    return tuple(address for address in found if address.email or address.name)[:limit]


def _entries(value: bytes) -> Iterator[_Entry]:
    entry = _Entry()
    group = b";" in value
    for kind, token in _tokens(value):
        match kind:
            case "separator":
                if entry:
                    yield entry
                entry = _Entry()
            case "colon" if group and entry.angle is None:
                entry = _Entry()
            case "colon" if entry.phrase:
                entry.phrase[-1] += b":"
            case "scheme":
                pass
            case "angle" if b"@" in token or (entry.phrase and token.strip(b"<> ")):
                if entry.angle is not None and b"@" in entry.angle:
                    yield entry
                    entry = _Entry()
                entry.angle = _INNER_COMMENT.sub(b"", token)
            case "comment":
                entry.comments.append(token)
            case "quoted" if token.strip():
                entry.phrase.append(token)
                entry.quoted = True
            case _:
                entry.phrase += token.split()
    if entry:
        yield entry


def _apart(entry: _Entry) -> list[_Entry]:
    """Addresses with nothing but blanks between them are as many mailboxes."""
    if entry.angle is not None or len(entry.phrase) < 2 or not all(map(_BARE.fullmatch, entry.phrase)):
        return [entry]
    return [_Entry([one]) for one in dict.fromkeys(entry.phrase)]


def _tokens(value: bytes) -> Iterator[tuple[str, bytes]]:
    position, quotes, comments = 0, True, True
    while position < len(value):
        if match := _TOKEN.match(value, position):
            position = match.end()
            # Raw blanks within an encoded word are the mailer's mistake; left, what they part could pass for an address.
            word = match.lastgroup == "word"
            yield match.lastgroup or "text", b"_".join(match[0].split()) if word else match[0]
        elif quotes and value[position] == _QUOTE and (quoted := _QUOTED.match(value, position)):
            position = quoted.end()
            yield "quoted", _ESCAPED.sub(rb"\1", quoted[1])
        elif comments and value[position] == _OPEN and (end := _comment_end(value, position)) > 0:
            yield "comment", _ESCAPED.sub(rb"\1", value[position + 1 : end - 1])
            position = end
        else:
            # A stray mark. After one that nothing closes there is no use in searching again for each of its kind.
            quotes = quotes and value[position] != _QUOTE
            comments = comments and value[position] != _OPEN
            position += 1


def _comment_end(value: bytes, start: int) -> int:
    depth = 0
    position = start
    while mark := _COMMENT.search(value, position):
        position = mark.end()
        match mark[0]:
            case b"(":
                depth += 1
            case b")":
                depth -= 1
                if depth == 0:
                    return position
            case _:
                position += 1
    return -1


def _mailbox(entry: _Entry, hint: str | None) -> Address:
    phrase = b" ".join(entry.phrase)
    comment = b" ".join(entry.comments)
    if entry.angle is not None:
        email, doubtful = _cleaned(_ROUTE.sub(rb"\1", entry.angle))
        if not email and b"@" not in entry.angle:
            email = _local(entry.angle, hint)
        return Address(_name(phrase or comment, email, hint), email, doubtful or not email)
    if entry.quoted and (inner := _INNER.search(_text(phrase))):
        email, _ = _cleaned(inner[1].encode("utf-8", "replace"))
        return Address(_name(phrase[: phrase.find(b"<")], email, hint), email, doubtful=True)
    email, rest, doubtful = _bare(phrase)
    if not email and _LOCAL.fullmatch(phrase):
        email, rest = _local(phrase, hint), b""  # root (Cron Daemon)
    return Address(_name(rest or comment, email, hint), email, doubtful)


def _bare(phrase: bytes) -> tuple[str, bytes, bool]:
    """An address without angles, what else stands there, and whether it was a guess."""
    # In brackets, as Outlook writes the address of whom it quotes; an address of numbers has its own.
    tokens = [
        token if b"@[" in token else bare
        for token in _SPACED.sub(rb"\1", phrase).split()
        if (bare := token.strip(b"[]")) and bare.lower() != b"mailto:"
    ]
    for place, token in enumerate(tokens):
        before, sign, after = token.strip(b"<>'\",.").rpartition(b"@")
        if sign and before and after and not token.startswith(b"=?"):
            email, doubtful = _cleaned(token)
            rest = b" ".join(tokens[:place] + tokens[place + 1 :])
            return email, rest, doubtful or bool(rest)
    if phrase.startswith(b"=?"):
        return "", phrase, True
    email, _ = _cleaned(phrase)
    local, at, domain = email.rpartition("@")
    return (email, b"", True) if local and at and domain else ("", phrase, True)


def _lonely(name: bytes, hint: str | None) -> Address:
    """Words without an address: a single plain one is a local name such as root."""
    email = _local(name, hint)
    return Address("" if email else _name(name, "", hint), email, doubtful=True)


def _local(raw: bytes, hint: str | None) -> str:
    text = _name(raw.strip(b"<> "), "", hint)
    return text if _LOCAL_NAME.fullmatch(text) and not raw.startswith(b"=?") else ""


def _cleaned(raw: bytes) -> tuple[str, bool]:
    """The address without what does not belong to it, its domain in lower case; and whether that was a guess."""
    written = hygiene.line(_text(raw)).strip("<> ")
    # What nobody sees makes one address look like another.
    text = written if written.isascii() else "".join(c for c in written if unicodedata.category(c) != "Cf")
    bare = text.strip("'\" ").removesuffix(".").strip("<>'\" ,;") if not text.startswith('"') else text
    if bare[:7].lower() == "mailto:":
        bare = bare[7:]
    local, at, domain = bare.rpartition("@")
    doubtful = bare != written
    if " " in domain or (" " in local and not local.startswith('"')):
        local, domain, doubtful = "".join(local.split()), "".join(domain.split()), True
    if "@" in local and not local.startswith('"'):
        doubtful = True
    if not at or not local or not domain or len(bare) > _EMAIL_CHARS:
        return "", True
    return f"{local}@{domain.lower()}", doubtful


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _name(raw: bytes, email: str, hint: str | None) -> str:
    name = _unquoted(hygiene.line(words.decode(raw, hint)).strip(" ,"))[:_NAME_CHARS]
    return "" if "@" in email and name.lower() == email.lower() else name


def _unquoted(name: str) -> str:
    """The name without quotes around all of it, and without one that has no other; `'Ann' via Desk` keeps its own."""
    for quote in _QUOTES * 2:
        if name.startswith(quote) and (name.endswith(quote) or name.count(quote) == 1):
            name = name.strip(quote).strip(" ,")
        elif name.endswith(quote) and name.count(quote) == 1:
            name = name.removesuffix(quote).rstrip(" ,")
    return name
