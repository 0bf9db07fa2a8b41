"""Who wrote the mail: the user Re:amaze will show, why, and what an agent should know about the choice.

Always names somebody that can be posted: the route's rules first, then From, Sender, the reverse-path, and the configured
unknown sender. Nobody becomes staff by writing a staff address into From: it is proved, or posted as unverified.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import assert_never

from bridge.compose import address, fields, forward, labels, proof, subject, words
from bridge.compose.forward import Original
from bridge.config.schema import AuthorRule, Person, Route, Sender
from bridge.model import Address, Author, Envelope, Mail, User

MAX_NAME = 120
_VIA = " via "
_NO_VALUES: Mapping[str, str] = MappingProxyType({})
_ORIGINAL_FIELDS = ("x-original-from", "x-original-sender")


@dataclass(frozen=True, slots=True)
class Choice:
    """The author, and the reason to hold the mail rather than post it ("" for none)."""

    author: Author
    hold: str = ""
    #: False where the user is the stand-in for somebody unknown or unproved.
    known: bool = True
    #: The mail that was passed on, where its author is taken for this one's.
    original: Original | None = None

    def passed_on(self, mail: Mail) -> str | None:
        """The subject of the mail that was passed on; None where its author is not taken for this one's."""
        if self.original is None:
            return None
        return self.original.subject or subject.normalise(mail.subject)


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    email: str
    because: str
    remarks: tuple[str, ...] = ()
    #: Whether whoever sent the mail may only have passed the address on: anybody can type it into a form or Reply-To.
    passed_on: bool = False


def choose(
    mail: Mail,
    envelope: Envelope,
    route: Route,
    sender: Sender,
    own: Collection[str],
    *,
    values: Mapping[str, str] = _NO_VALUES,
) -> Author:
    """The author of the mail; never fails."""
    return decide(mail, envelope, route, sender, own, values=values).author


def decide(
    mail: Mail,
    envelope: Envelope,
    route: Route,
    sender: Sender,
    own: Collection[str],
    *,
    values: Mapping[str, str] = _NO_VALUES,
    attached: Mail | None = None,
    remarks: bool = True,
) -> Choice:
    """The author, and whether the choice asks that the mail is held.

    `values` are the route's fields; `attached` is the mail's only attached mail, which it may pass on. Without `remarks`
    nothing is looked for that could only make one.
    """
    rules = rules_for(mail, route, sender)
    ruled = next(filter(None, (_by_rule(rule, mail, route, own, values) for rule in rules)), None)
    if ruled is not None:
        return _chosen(ruled, mail, envelope, sender, own)
    found = _by_from(mail, sender, own) or _by_sender(mail, own) or _by_reverse_path(mail, envelope, own)
    if found is not None and rules:
        found = _in_spite_of(rules, found)
    if found is None:
        user = _user(sender.unknown.name, sender.unknown.email)
        remark = (
            f"No usable address in From{_said(mail)}, Sender or the envelope: posted as the unknown sender."
        )
        return Choice(Author(user, "no address was found", (remark,)), known=False)
    choice = _chosen(found, mail, envelope, sender, own)
    if remarks:
        choice = _answered(choice, found, mail, own)
    original = forward.find(mail, attached) if remarks or route.forwards == "original" else None
    if original is None or original.email == found.email:
        return choice
    proved = proof.of(mail, envelope, sender, found.email, passed_on=found.passed_on)
    why_not = _why_not(found.email, original, proved, route=route, sender=sender, own=own)
    return _passed_on(choice, found, original, why_not)


def _chosen(found: _Found, mail: Mail, envelope: Envelope, sender: Sender, own: Collection[str]) -> Choice:
    if address.listed(found.email, sender.staff):
        shown = proof.of(mail, envelope, sender, found.email, passed_on=found.passed_on)
        return _staff(found, shown, sender)
    deceives = _deceives(found)
    name = f"{words.one_line(found.name, MAX_NAME // 2)} ({found.email})" if deceives else found.name
    author = Author(_user(name, found.email), found.because, (*found.remarks, *deceives))
    if address.listed(found.email, own):
        remark = f"The author {found.email} is one of our own addresses: a loop, or a forged From."
        return Choice(replace(author, remarks=(*author.remarks, remark)), hold=remark)
    return Choice(_checked(author, mail, envelope, sender))


def _answered(choice: Choice, found: _Found, mail: Mail, own: Collection[str]) -> Choice:
    """The choice with a remark where Reply-To names somebody at another place, or nobody reads at the author's."""
    author = choice.author
    unread = address.unread(author.user.email)
    elsewhere = next(_usable(mail.reply_to, "Reply-To", own), None)
    if elsewhere is None or elsewhere.email in {found.email, *address.of_lists(mail)}:
        return choice
    if not unread and (mail.automatic is not None or address.related(elsewhere.email, found.email)):
        return choice
    who = f"{elsewhere.name} <{elsewhere.email}>" if elsewhere.name else elsewhere.email
    remark = f"Answers are asked for at {who} (Reply-To), not at {found.email}"
    remark += ", where nobody reads them." if unread else "."
    return replace(choice, author=replace(author, remarks=(*author.remarks, remark)))


def _staff(found: _Found, shown: proof.Proof, sender: Sender) -> Choice:
    if shown.holds:
        because = f"{found.because}; staff, proved: {shown.because}"
        return Choice(Author(_user(found.name, found.email), because, found.remarks))
    who = f"{found.name or _local(found.email)} (unverified {found.email})"
    remark = (
        f"The mail says it is from {found.email}, which is staff, but nothing proves it: {shown.because}."
    )
    author = Author(
        _user(who, sender.unknown.email),
        f"{found.because}; staff, not proved: {shown.because}",
        (remark, *found.remarks),
    )
    return Choice(author, hold=remark if sender.unproved_staff == "hold" else "", known=False)


def _checked(author: Author, mail: Mail, envelope: Envelope, sender: Sender) -> Author:
    """A customer needs no proof; that the check failed is worth a line."""
    shown = proof.of(mail, envelope, sender, author.user.email)
    if not shown.failed:
        return author
    remark = f"The address {author.user.email} failed its domain's check ({shown.because})."
    return replace(author, remarks=(*author.remarks, remark))


# -- forwards --------------------------------------------------------------------------------------


def _why_not(
    email: str, original: Original, proved: proof.Proof, *, route: Route, sender: Sender, own: Collection[str]
) -> str | None:
    """Why the mail stays its forwarder's, "" where that is the rule; None where it becomes the original author's."""
    if route.forwards == "keep":
        return ""
    if address.listed(email, sender.staff):
        if not proved.holds:
            return f"nothing proves that {email} is staff"
    elif not address.listed(email, route.forwarders):
        return f"{email} is neither staff nor one of the route's forwarders"
    elif proved.failed:
        return f"the address {email} failed its domain's check ({proved.because})"
    if address.listed(original.email, own) or address.of_reamaze(original.email):
        return f"{original.email} is one of our own addresses"
    if address.listed(original.email, sender.staff):
        return f"{original.email} is staff, which a forward cannot prove"
    return None


def _passed_on(choice: Choice, found: _Found, original: Original, why_not: str | None) -> Choice:
    """The choice of a mail that passes on another: the original author, or the forwarder and a remark."""
    author = choice.author
    if why_not is not None:
        remark = (
            f"A forward of a mail from {original}. The forwarder stays its author{why_not and ': '}{why_not}."
        )
        return replace(choice, author=replace(author, remarks=(*author.remarks, remark)))
    who = f"{found.name} <{found.email}>" if found.name else found.email
    remark = f"{who} passed this on; the author is who {original.place} names: {original}."
    because = f"passed on by {found.email}: {original.place} names {original.email}"
    passed = Author(_user(original.name, original.email), because, (remark, *author.remarks))
    # A forwarder of ours is listed on purpose: what it passes on is no loop.
    return Choice(passed, original=original)


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


def _in_spite_of(rules: tuple[AuthorRule, ...], found: _Found) -> _Found:
    """The author by the mail's own fields where the rules found none, with a remark where they are meant for this very sender."""
    remarks = found.remarks
    if any(rule.when_from for rule in rules):
        remark = (
            f"No rule of the route found who wrote this mail from {found.email}, so it is posted as theirs."
        )
        remarks = (*remarks, remark)
    return replace(found, because=f"{found.because}, as no rule found another", remarks=remarks)


def _by_rule(
    rule: AuthorRule, mail: Mail, route: Route, own: Collection[str], values: Mapping[str, str]
) -> _Found | None:
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
            return _Found(person.name, email, "rule fixed") if address.valid(email) else None
        case never:
            assert_never(never)


def _by_texts(texts: tuple[str, ...], name: str | None, because: str, own: Collection[str]) -> _Found | None:
    read = (entry for entry in map(address.read, texts[:50]) if entry is not None)
    found = next(_usable(read, because, own), None)
    return found and replace(found, name=words.one_line(name or "", MAX_NAME) or found.name)


# -- the mail's own fields -------------------------------------------------------------------------


def _by_from(mail: Mail, sender: Sender, own: Collection[str]) -> _Found | None:
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
        found = _Found(name, email, "From", remarks)
        return _behind_rewriting(mail, found, own) or found
    return None


def _with_domain(email: str, sender: Sender) -> str:
    """`root` of a device as `root@` the configured domain."""
    bare = email.rstrip("@")
    return f"{bare}@{sender.default_domain}".lower() if bare and "@" not in bare else email


def _by_sender(mail: Mail, own: Collection[str]) -> _Found | None:
    found = next(_usable((mail.sender,), "Sender", own), None) if mail.sender else None
    remark = f"From{_said(mail)} is missing or unusable: the author is taken from Sender."
    return found and replace(found, remarks=(remark,))


def _by_reverse_path(mail: Mail, envelope: Envelope, own: Collection[str]) -> _Found | None:
    """Of the envelope the address, and of From at least the name."""
    name = next((entry.name for entry in mail.authors if any(map(str.isalpha, entry.name))), "")
    path = unwrapped(envelope.reverse_path)
    found = next(_usable((Address(name, path),), "the envelope's reverse-path", own), None)
    remark = f"From{_said(mail)} and Sender are missing or unusable: the author is taken from the envelope."
    return found and replace(found, remarks=(remark,))


def _said(mail: Mail) -> str:
    """What stands in a From that is of no use, in brackets."""
    said = mail.header("from") or ""
    return f" (“{words.one_line(said, MAX_NAME)}”)" if said else ""


def _usable(
    entries: Iterator[Address] | tuple[Address, ...], because: str, own: Collection[str]
) -> Iterator[_Found]:
    for entry in entries:
        email = address.canonical(entry.email)
        if address.valid(email) and not address.listed(email, own):
            yield _Found(entry.name, email, because)


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


def _behind_rewriting(mail: Mail, written: _Found, own: Collection[str]) -> _Found | None:
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


# -- names -----------------------------------------------------------------------------------------


def _user(name: str, email: str) -> User:
    return User(words.one_line(name, MAX_NAME) or _local(email), email)


def _deceives(found: _Found) -> tuple[str, ...]:
    """A remark where the name shows another address: agents would take the name for the sender."""
    inner = address.read(found.name) if "@" in found.name else None
    if inner is None or inner.email == found.email:
        return ()
    return (f"The sender's name shows {inner.email}, but the address is {found.email}.",)


def _local(email: str) -> str:
    return email.partition("@")[0]


def _shown(entry: Address) -> str:
    return f"{entry.name} <{entry.email}>"[:200] if entry.name else entry.email[:200]
