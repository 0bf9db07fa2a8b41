"""Who may have written a mail: whom the route's rules find, and whom its own fields name, the most trusted first.

Nothing here is proof; what is found says by which field it was, and whether whoever sent the mail may only have passed it on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from bridge.compose import address, fields, labels, subject, words
from bridge.config.schema import AuthorRule, Person, Route, Sender
from bridge.model import Address, Envelope, Mail

MAX_NAME = 120
_VIA = " via "
_ORIGINAL_FIELDS = ("x-original-from", "x-original-sender")


@dataclass(frozen=True, slots=True)
class Candidate:
    name: str
    email: str
    because: str
    remarks: tuple[str, ...] = ()
    #: Whether whoever sent the mail may only have passed the address on: anybody can type it into a form or Reply-To.
    passed_on: bool = False


# -- the route's rules -----------------------------------------------------------------------------


def rules_for(mail: Mail, route: Route, sender: Sender) -> tuple[AuthorRule, ...]:
    """The route's rules that are meant for mail from who wrote this one.

    Words of a form that somebody answers or passes on name its author, and not theirs: who sends forms is then to be named.
    """
    written = [_with_domain(address.canonical(entry.email), sender) for entry in mail.authors]
    quotes = bool(mail.in_reply_to or mail.references) or subject.is_forward(mail.subject)
    return tuple(
        rule
        for rule in route.author
        if any(address.listed(email, rule.when_from) for email in written)
        or not (rule.when_from or (quotes and rule.use in ("body", "fields")))
    )


def in_spite_of(rules: tuple[AuthorRule, ...], found: Candidate) -> Candidate:
    """The author by the mail's own fields where the rules found none, with a remark where they are meant for this very sender."""
    remarks = found.remarks
    if any(rule.when_from for rule in rules):
        remark = (
            f"No rule of the route found who wrote this mail from {found.email}, so it is posted as theirs."
        )
        remarks = (*remarks, remark)
    return replace(found, because=f"{found.because}, as no rule found another", remarks=remarks)


def by_rules(
    rules: Sequence[AuthorRule], mail: Mail, route: Route, own: Collection[str], values: Mapping[str, str]
) -> Candidate | None:
    """Whom the first of the rules finds that finds anybody; `values` are the route's fields."""
    return next(filter(None, (_by_rule(rule, mail, route, own, values) for rule in rules)), None)


def _by_rule(
    rule: AuthorRule, mail: Mail, route: Route, own: Collection[str], values: Mapping[str, str]
) -> Candidate | None:
    match rule.use:
        case "reply-to":
            found = next(_usable(mail.reply_to, "rule reply-to", own), None)
            via = next((_before_via(entry.name) for entry in mail.authors if _VIA in entry.name.lower()), "")
            return found and replace(found, name=found.name or via, passed_on=True)
        case "header":
            # Written into the config on purpose, so believed as it stands; staff must prove itself all the same.
            return _by_texts(
                mail.headers_named(rule.email), mail.header(rule.name), f"rule header {rule.email}", own
            )
        case "body":
            lines, others = labels.lines(mail), labels.of_route(route)
            name = next(labels.values(lines, rule.name, others), None) if rule.name else None
            emails = tuple(labels.values(lines, rule.email, others))
            found = _by_texts(emails, name, f"rule body {rule.email}", own)
            return found and replace(found, passed_on=True)
        case "fields":
            email = fields.filled(rule.email, values)
            name = fields.filled(rule.name, values, partly=True)
            found = _by_texts((email,), name, f"rule fields {rule.email}", own)
            return found and replace(found, passed_on=True)
        case "fixed":
            person = rule.user or Person(email="")
            email = address.canonical(person.email)
            return Candidate(person.name, email, "rule fixed") if address.valid(email) else None
        case never:
            assert_never(never)


def _by_texts(
    texts: tuple[str, ...], name: str | None, because: str, own: Collection[str]
) -> Candidate | None:
    read = (entry for entry in map(address.read, texts[:50]) if entry is not None)
    found = next(_usable(read, because, own), None)
    return found and replace(found, name=words.one_line(name or "", MAX_NAME) or found.name)


# -- the mail's own fields -------------------------------------------------------------------------


def by_fields(mail: Mail, envelope: Envelope, sender: Sender, own: Collection[str]) -> Candidate | None:
    """Whom From names, else Sender, else the envelope's reverse-path; None where none of them has a usable address."""
    return _by_from(mail, sender, own) or _by_sender(mail, own) or _by_reverse_path(mail, envelope, own)


def by_reply_to(mail: Mail, own: Collection[str]) -> Candidate | None:
    return next(_usable(mail.reply_to, "Reply-To", own), None)


def _by_from(mail: Mail, sender: Sender, own: Collection[str]) -> Candidate | None:
    for entry in mail.authors:
        bare = address.canonical(entry.email)
        email = _with_domain(bare, sender)
        if not address.valid(email):
            continue
        remarks: tuple[str, ...] = ()
        name = entry.name
        if email != bare:
            # Before it was made an address, it was a name.
            name = name or entry.email.rstrip("@")
            # A domain that somebody chose is no guess; nobody can be answered at the one that stands in for it.
            if sender.default_domain.endswith(".invalid"):
                remarks = (f'From is only "{bare}": {sender.default_domain} was added.',)
        elif entry.doubtful:
            remarks = (f"The address {email} was guessed from a malformed From.",)
        others = [_shown(other) for other in mail.authors[:10] if other.email != entry.email]
        if others:
            remarks += (f"From names several authors; the others are {', '.join(others)}.",)
        found = Candidate(name, email, "From", remarks)
        return _behind_rewriting(mail, found, own) or found
    return None


def _with_domain(email: str, sender: Sender) -> str:
    """`root` of a device as `root@` the configured domain."""
    bare = email.rstrip("@")
    return f"{bare}@{sender.default_domain}".lower() if bare and "@" not in bare else email


def _by_sender(mail: Mail, own: Collection[str]) -> Candidate | None:
    found = next(_usable((mail.sender,), "Sender", own), None) if mail.sender else None
    remark = f"From{said(mail)} is missing or unusable: the author is taken from Sender."
    return found and replace(found, remarks=(remark,))


def _by_reverse_path(mail: Mail, envelope: Envelope, own: Collection[str]) -> Candidate | None:
    """Of the envelope the address, and of From at least the name."""
    name = next((entry.name for entry in mail.authors if any(map(str.isalpha, entry.name))), "")
    path = unwrapped(envelope.reverse_path)
    found = next(_usable((Address(name, path),), "the envelope's reverse-path", own), None)
    remark = f"From{said(mail)} and Sender are missing or unusable: the author is taken from the envelope."
    return found and replace(found, remarks=(remark,))


def said(mail: Mail) -> str:
    """What stands in a From that is of no use, in brackets."""
    said = mail.header("from") or ""
    return f" (“{words.one_line(said, MAX_NAME)}”)" if said else ""


def _usable(
    entries: Iterator[Address] | tuple[Address, ...], because: str, own: Collection[str]
) -> Iterator[Candidate]:
    for entry in entries:
        email = address.canonical(entry.email)
        if address.valid(email) and not address.listed(email, own):
            yield Candidate(entry.name, email, because)


def unwrapped(reverse_path: str) -> str:
    """The reverse-path without what forwarders and signers wrap around it: SRS0, SRS1, BATV."""
    local, at, domain = reverse_path[: 4 * address.MAX_CHARS].strip().strip("<>").rpartition("@")
    lowered = local.lower()
    if not at:
        return ""
    if lowered.startswith("prvs="):  # prvs=TAG=local, RFC draft; some write prvs=local/TAG
        rest = local[5:]
        tag, equals, inner = rest.partition("=")
        return unwrapped(f"{inner}@{domain}") if equals and tag else f"{rest.partition('/')[0]}@{domain}"
    if lowered.startswith("btv1=="):
        return f"{local[6:].partition('==')[2]}@{domain}"
    if lowered.startswith("srs1") and local[4:5] in ("=", "+", "-"):
        # SRS1=HASH=first.forwarder==HASH=TT=domain=local
        local = "srs0" + "=" + local[5:].partition("=")[2].partition("=")[2].lstrip("=+-")
        lowered = local.lower()
    if lowered.startswith("srs0") and local[4:5] in ("=", "+", "-"):
        parts = local[5:].split("=", 3)
        return f"{parts[3]}@{parts[2]}" if len(parts) == 4 else ""
    return f"{local}@{domain}"


# -- mail lists and groups that put themselves into From -------------------------------------------


def _behind_rewriting(mail: Mail, written: Candidate, own: Collection[str]) -> Candidate | None:
    """The author whom a list or group replaced by itself in From; None where From was not rewritten."""
    lists = address.of_lists(mail)
    is_own = address.listed(written.email, own)
    via = _VIA in written.name.lower()
    if not (is_own or via or written.email in lists):
        return None
    name = _before_via(written.name)
    known = own if isinstance(own, frozenset) else frozenset(own)
    taken = known | lists | {written.email}
    original = tuple(
        entry
        for field in _ORIGINAL_FIELDS
        for entry in map(address.read, mail.headers_named(field)[:2])
        if entry
    )
    same_name = tuple(entry for entry in mail.cc[:50] if via and name and entry.name.strip("'\" ") == name)
    for entries, field in ((original, "X-Original-From"), (mail.reply_to, "Reply-To"), (same_name, "Cc")):
        found = next(_usable(entries, f"{field}, for From is the list or group {written.email}", taken), None)
        if found is None:
            continue
        remark = f"From is {written.email}; the author is taken from {field}, which nobody vouches for."
        # A group of ours is known to rewrite; anybody else's "via" is only that sender's word.
        remarks = written.remarks if is_own else (*written.remarks, remark)
        return replace(found, name=_before_via(found.name) or name, remarks=remarks, passed_on=True)
    return None


def _before_via(name: str) -> str:
    at = name.lower().rfind(_VIA)
    return (name[:at] if at >= 0 else name).strip("'\" ")


def _shown(entry: Address) -> str:
    return f"{entry.name} <{entry.email}>"[:200] if entry.name else entry.email[:200]
