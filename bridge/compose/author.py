"""Who wrote the mail: the user Re:amaze will show, why, and what an agent should know about the choice.

Always names somebody that can be posted: the route's rules first, then From, Sender, the reverse-path, and the configured
unknown sender. Nobody becomes staff by writing a staff address into From: it is proved, or posted as unverified.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bridge.compose import address, candidates, forward, proof, subject, words
from bridge.compose.candidates import MAX_NAME, Candidate
from bridge.compose.forward import Original
from bridge.config.schema import Route, Sender
from bridge.model import Author, Envelope, Mail, User

_NO_VALUES: Mapping[str, str] = MappingProxyType({})


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
    rules = candidates.rules_for(mail, route, sender)
    ruled = candidates.by_rules(rules, mail, route, own, values)
    if ruled is not None:
        return _chosen(ruled, mail, envelope, sender, own)
    found = candidates.by_fields(mail, envelope, sender, own)
    if found is not None and rules:
        found = candidates.in_spite_of(rules, found)
    if found is None:
        user = _user(sender.unknown.name, sender.unknown.email)
        remark = f"No usable address in From{candidates.said(mail)}, Sender or the envelope: posted as the unknown sender."
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


def _chosen(found: Candidate, mail: Mail, envelope: Envelope, sender: Sender, own: Collection[str]) -> Choice:
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


def _answered(choice: Choice, found: Candidate, mail: Mail, own: Collection[str]) -> Choice:
    """The choice with a remark where Reply-To names somebody at another place, or nobody reads at the author's."""
    author = choice.author
    unread = address.unread(author.user.email)
    elsewhere = candidates.by_reply_to(mail, own)
    if elsewhere is None or elsewhere.email in {found.email, *address.of_lists(mail)}:
        return choice
    if not unread and (mail.automatic is not None or address.related(elsewhere.email, found.email)):
        return choice
    who = f"{elsewhere.name} <{elsewhere.email}>" if elsewhere.name else elsewhere.email
    remark = f"Answers are asked for at {who} (Reply-To), not at {found.email}"
    remark += ", where nobody reads them." if unread else "."
    return replace(choice, author=replace(author, remarks=(*author.remarks, remark)))


def _staff(found: Candidate, shown: proof.Proof, sender: Sender) -> Choice:
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


def _passed_on(choice: Choice, found: Candidate, original: Original, why_not: str | None) -> Choice:
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


# -- names -----------------------------------------------------------------------------------------


def _user(name: str, email: str) -> User:
    return User(words.one_line(name, MAX_NAME) or _local(email), email)


def _deceives(found: Candidate) -> tuple[str, ...]:
    """A remark where the name shows another address: agents would take the name for the sender."""
    inner = address.read(found.name) if "@" in found.name else None
    if inner is None or inner.email == found.email:
        return ()
    return (f"The sender's name shows {inner.email}, but the address is {found.email}.",)


def _local(email: str) -> str:
    return email.partition("@")[0]
