"""Which conversation a mail belongs to: the clues it carries, best first, and the signed tokens of ours among them.

A clue is evidence, not a decision: the spool takes the first that hits. A token is a number under a keyed digest, so one that was
guessed, or made by another bridge, is no clue at all.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from string import Formatter
from types import MappingProxyType

from bridge.compose import address, fields, slug, subject, words
from bridge.compose import route as routing
from bridge.config.schema import DAY_S, Adopt, KeyPattern, Route
from bridge.model import Clue, Envelope, KeyClue, Kind, Mail, SlugClue, ThreadClue, TokenClue, User

MAX_IDS = 100
MAX_ID_CHARS = 250
#: How much of a mail a route's pattern is run on; its time is the worker's limit.
MAX_BODY = 100_000
MAX_FIELD = 10_000
_MAX_KEY = 200
_MAX_TOKENS = 100
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u to misread
_SIGNATURE_CHARS = 10
_MAX_NUMBER_CHARS = 13
_IN_SUBJECT = re.compile(r"\[#([0-9a-zA-Z]{11,23})\]")


# -- tokens ----------------------------------------------------------------------------------------


def token(number: int, keys: Sequence[bytes]) -> str:
    """The signed token of a conversation row, for a plus-address: letters and digits that survive any change of case.

    The first key signs. Raises ValueError for a negative number or without a key.
    """
    if number < 0 or not keys:
        raise ValueError("a token needs a number from 0 and a key")
    digits = ""
    rest = number
    while rest or not digits:
        rest, digit = divmod(rest, 32)
        digits = _DIGITS[digit] + digits
    return digits + _signature(digits, keys[0])


def subject_token(number: int, keys: Sequence[bytes]) -> str:
    """The token as it stands in a subject: `[#…]`."""
    return f"[#{token(number, keys)}]"


def read_token(text: str, keys: Sequence[bytes]) -> int | None:
    """The number of a conversation row, where one of the keys signed it; constant in time for tokens of one length."""
    text = text.strip().lower()
    digits, signature = text[:-_SIGNATURE_CHARS], text[-_SIGNATURE_CHARS:]
    if not 0 < len(digits) <= _MAX_NUMBER_CHARS or any(char not in _DIGITS for char in text):
        return None
    if digits != "0" and digits[0] == "0":
        return None
    matches = [hmac.compare_digest(signature, _signature(digits, key)) for key in keys]
    if not any(matches):
        return None
    number = 0
    for char in digits:
        number = number * 32 + _DIGITS.index(char)
    return number


def without_tokens(text: str, keys: Sequence[bytes]) -> str:
    """The subject without the tokens that are ours; those of others are part of what somebody wrote."""
    kept = _IN_SUBJECT.sub(lambda match: match[0] if read_token(match[1], keys) is None else "", text)
    return " ".join(kept.split()) if kept != text else text


def _signature(digits: str, key: bytes) -> str:
    digest = hmac.new(key, b"conversation:" + digits.encode("ascii"), hashlib.sha256).digest()
    bits = int.from_bytes(digest[:8], "big")
    return "".join(_DIGITS[bits >> shift & 31] for shift in range(0, 5 * _SIGNATURE_CHARS, 5))


# -- clues -----------------------------------------------------------------------------------------


def clues(
    mail: Mail,
    envelope: Envelope,
    route: Route,
    *,
    recipients: Sequence[str],
    user: User,
    keys: Sequence[bytes],
    known: bool = True,
    values: Mapping[str, str] = MappingProxyType({}),
    original: str | None = None,
) -> tuple[Clue, ...]:
    """Everything in the mail that names its conversation, best first.

    `known` is False where the user stands in for somebody unknown: then a shared subject says nothing about a shared matter.
    `values` are the route's fields; `original` is the subject of the mail that this one passes on for its author.
    """
    found: list[Clue] = [*_trusted_slug(mail, envelope, route)]
    found += _tokens(mail, route, recipients, keys)
    ids = thread_ids(mail)
    if route.conversation.references and ids:
        because = "the mail this report is about" if mail.about else "References"
        found.append(ThreadClue(ids, "In-Reply-To" if mail.in_reply_to else because))
    found += patterns(mail, route)
    found += _by_fields(route, values)
    if original is None:
        found += _by_subject(mail, route, user, keys, known=known)
    elif route.conversation.subject and subject.key(original):
        found.append(_shared_subject(original, user.email, route, joins=False))
    return tuple(dict.fromkeys(found))


def thread_ids(mail: Mail) -> tuple[str, ...]:
    """The ids this mail answers: In-Reply-To, then what a report is about, then References from the newest on."""
    named = (*mail.in_reply_to[:MAX_IDS], *mail.about[:MAX_IDS], *mail.references[: -MAX_IDS - 1 : -1])
    ids = (plain_id(entry) for entry in named)
    return tuple(dict.fromkeys(filter(None, ids)))[:MAX_IDS]


def plain_id(message_id: str) -> str:
    """A Message-ID as it is compared: no brackets, no blanks; a very long one as its digest."""
    plain = "".join(message_id.split()).strip("<>")
    if len(plain) <= MAX_ID_CHARS:
        return plain
    return "sha256:" + hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def patterns(mail: Mail, route: Route) -> Iterator[KeyClue | SlugClue]:
    """What the route's own patterns find."""
    for pattern in route.conversation.patterns:
        match = _search(pattern, mail)
        if match is None:
            continue
        because = f"the route's pattern {pattern.match[:100]} in {pattern.where}"
        if pattern.key:
            key = _filled(pattern.key, match)
            if key:
                yield _named(key, because, route)
            continue
        name = _filled(pattern.slug, match)
        named = name if slug.valid(name) else slug.from_subject(name)
        if named and pattern.adopt is Adopt.NEVER:
            # Mails that name one slug stay together, without touching a conversation the bridge did not open.
            yield KeyClue(f"slug:{named}", because)
        elif named:
            yield SlugClue(named, because, pattern.adopt is Adopt.ALWAYS)


def _by_fields(route: Route, values: Mapping[str, str]) -> Iterator[KeyClue]:
    key = fields.key(route, values)
    if key:
        yield _named(key, f"the route's key {route.conversation.key[:100]}", route)


def _named(key: str, because: str, route: Route) -> KeyClue:
    """The clue of a name that the route's rules give the conversation."""
    days = route.conversation.key_window_days
    return KeyClue(f"key:{_bounded(key)}", because, window_s=None if days is None else days * DAY_S)


def _trusted_slug(mail: Mail, envelope: Envelope, route: Route) -> Iterator[SlugClue]:
    name = route.conversation.slug_header
    value = (mail.header(name) or "").strip() if name and envelope.trusted else ""
    if slug.valid(value):
        yield SlugClue(value, f"the header {name} of a trusted peer", always=True)


def _tokens(
    mail: Mail, route: Route, recipients: Sequence[str], keys: Sequence[bytes]
) -> Iterator[TokenClue]:
    places: list[tuple[str, Iterable[str]]] = []
    if route.conversation.plus_token:
        places.append(("the plus-address", _plus_parts(mail, recipients)))
    if route.conversation.subject_token:
        places.append(("the subject", (match[1] for match in _IN_SUBJECT.finditer(mail.subject[:MAX_FIELD]))))
    for place, texts in places:
        for text, _ in zip(texts, range(_MAX_TOKENS), strict=False):
            number = read_token(text, keys)
            if number is not None:
                yield TokenClue(number, f"a signed token in {place}")


def _plus_parts(mail: Mail, recipients: Sequence[str]) -> Iterator[str]:
    # A mail server in front may have put the base address into the envelope. The signature proves the token, so
    # that it may as well come from a header.
    headers = (mail.header("x-original-to"), mail.header("delivered-to"))
    named = (entry.email for entry in (*mail.to[:50], *mail.cc[:50]))
    for recipient in (*recipients, *filter(None, headers), *named):
        yield from filter(None, routing.plus(recipient[: address.MAX_CHARS]).split("+"))


def _search(pattern: KeyPattern, mail: Mail) -> re.Match[str] | None:
    where, _, name = pattern.where.partition(":")
    texts: Callable[[], Iterable[str]]
    match where:
        case "subject":
            texts = lambda: (mail.subject[:MAX_FIELD],)  # noqa: E731 - read only where the pattern asks for it
        case "header":
            texts = lambda: (value[:MAX_FIELD] for value in mail.headers_named(name)[:20])  # noqa: E731
        case _:
            texts = lambda: (words.text(mail, MAX_BODY),)  # noqa: E731
    try:
        compiled = re.compile(pattern.match)
    except (re.error, RecursionError, OverflowError):
        return None
    return next((match for text in texts() if (match := compiled.search(text))), None)


def _filled(template: str, match: re.Match[str]) -> str:
    """The template with its `{1}` and `{name}` filled in; "" where a group took no part."""
    found = match.groupdict() | {str(number): value for number, value in enumerate(match.groups(), 1)}
    found["0"] = match.group()
    filled = ""
    # Read with the syntax of the schema's check, but never by str.format, whose fields reach into objects.
    for literal, name, _, _ in Formatter().parse(template):
        value = found.get(name) if name is not None else ""
        if name is not None and not value:
            return ""
        filled += literal + (value or "")
    return " ".join(filled.split())


def _bounded(key: str) -> str:
    key = key.casefold()
    return (
        key
        if len(key) <= _MAX_KEY
        else "sha256:" + hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    )


def _by_subject(
    mail: Mail, route: Route, user: User, keys: Sequence[bytes], *, known: bool
) -> Iterator[KeyClue | SlugClue]:
    written = without_tokens(mail.subject, keys)
    about = subject.key(written)
    if not about or about == subject.key(route.default_subject) or subject.is_forward(written):
        return
    settings = route.conversation
    if settings.subject and known and _is_conversational(mail, user):
        yield from _shared_subjects(mail, written, user, route)
    named = slug.from_subject(subject.normalise(written))
    if named and settings.slug_from_subject is not Adopt.NEVER:
        yield SlugClue(named, "the slug of the subject", settings.slug_from_subject is Adopt.ALWAYS)


def _shared_subjects(mail: Mail, written: str, user: User, route: Route) -> Iterator[KeyClue]:
    """A form writes everybody's mail under its own address, and who is to be answered tells them apart.

    An answer, which no form writes, is looked for by its author alone.
    """
    register = mail.automatic is None
    asked = next((address.canonical(entry.email) for entry in mail.reply_to), "")
    for_another = (
        address.valid(asked) and not address.related(asked, user.email) and not subject.is_reply(written)
    )
    if for_another:
        yield _shared_subject(written, f"{user.email} {asked}", route, register=register)
    yield _shared_subject(written, user.email, route, register=register, joins=not for_another)


def _shared_subject(
    written: str, participant: str, route: Route, *, register: bool = True, joins: bool = True
) -> KeyClue:
    """The clue of a subject that one participant uses again. What does not join by it is found by it all the same."""
    digest = hashlib.sha256(f"{participant}\0{subject.key(written)}".encode("utf-8", "replace")).hexdigest()
    return KeyClue(
        f"subject:{digest[:40]}",
        "the same subject from the same participant",
        # No mail of the past is less than no time old.
        window_s=route.conversation.subject_window_days * DAY_S if joins else -1.0,
        register=register,
    )


def _is_conversational(mail: Mail, user: User) -> bool:
    """An out-of-office answers somebody; a hundred notifications under one subject are a hundred matters."""
    if mail.automatic is not None:
        return mail.automatic.kind is Kind.REPLY
    return not address.unread(user.email)
