"""Whether a mail proves that its From is who it says: by a listed login or peer, or Authentication-Results (RFC 8601).

A header counts only from a trusted peer and only under a pinned authserv-id; a failure beats any pass; anything unclear is no
proof. The reader of the header is linear and keeps nothing it does not need.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from bridge.compose import address
from bridge.config.schema import Sender
from bridge.config.values import Network
from bridge.model import Envelope, Mail

_MAX_CHARS = 16_384
_MAX_FIELDS = 20
_MAX_RESULTS = 64


@dataclass(frozen=True, slots=True)
class Result:
    """One method of one header: `dkim=pass header.d=example.com`."""

    method: str
    verdict: str
    properties: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str:
        return next((value for key, value in self.properties if key == name), "")


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether From is proved, why or why not; `failed` when a checker said outright that it is not."""

    holds: bool
    because: str
    failed: bool = False


def of(mail: Mail, envelope: Envelope, sender: Sender, email: str, *, passed_on: bool = False) -> Proof:
    """Whether the mail proves to come from `email`.

    `passed_on` where the peer may only pass the address on, as a form does what is typed into it.
    """
    if passed_on and email not in {address.canonical(author.email) for author in mail.authors}:
        return Proof(False, "it does not stand in From, and for nothing else does a login or a peer vouch")
    if envelope.login and address.listed(email, sender.staff_logins.get(envelope.login, ())):
        return Proof(True, f"the peer logged in as {envelope.login}")
    if within(envelope.peer, sender.staff_networks):
        return Proof(True, f"the peer {envelope.peer} is listed in sender.staff_networks")
    if not envelope.trusted or not sender.authserv_ids:
        return Proof(False, "no trusted checker, no login, no listed peer")
    fields = mail.headers_named("from")
    if len(fields) > 1 or len(mail.authors) != 1 or address.canonical(mail.authors[0].email) != email:
        # A checker looked at one From: with several, or with an author from elsewhere, nobody knows which was proved.
        return Proof(False, "the author is not the one From that was checked")
    return _judge(tuple(results(mail, sender.authserv_ids)), address.host(email))


def within(peer: str, networks: Collection[Network]) -> bool:
    """Whether the peer's address is in one of the networks; "unix" and "pipe" are in none."""
    try:
        found = ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped.version == network.version and mapped in network for network in networks)


def results(mail: Mail, authserv_ids: Collection[str]) -> Iterator[Result]:
    """Every result of the pinned checkers, from all their headers."""
    pinned = {name.lower() for name in authserv_ids}
    for field in mail.headers_named("authentication-results")[:_MAX_FIELDS]:
        segments = _segments(field[:_MAX_CHARS])
        head = segments[0] if segments else []
        if head and head[0].lower() in pinned:
            yield from filter(None, map(_result, segments[1 : _MAX_RESULTS + 1]))


def _judge(found: tuple[Result, ...], domain: str) -> Proof:
    dmarc = [result for result in found if result.method == "dmarc"]
    for result in dmarc:
        if result.value("header.from") not in ("", domain):
            return Proof(False, "dmarc was checked for another From", failed=True)
        if result.verdict in ("fail", "permerror", "temperror"):
            return Proof(False, f"dmarc={result.verdict}", failed=result.verdict == "fail")
    if dmarc and all(result.verdict == "pass" for result in dmarc):
        return Proof(True, "dmarc=pass")
    for method, names in (("dkim", ("header.d", "header.i")), ("spf", ("smtp.mailfrom", "smtp.mail"))):
        verdicts = {
            result.verdict
            for result in found
            if result.method == method and _aligned(next(filter(None, map(result.value, names)), ""), domain)
        }
        if verdicts == {"pass"}:
            return Proof(True, f"{method}=pass for {domain}")
    return Proof(
        False, "no result of a pinned checker proves it" if found else "no Authentication-Results that count"
    )


def _aligned(identity: str, domain: str) -> bool:
    """Whether the checked identity is at From's own domain or below it; a parent domain may belong to somebody else."""
    checked = address.host(identity) if "@" in identity else identity.rstrip(".")
    return bool(domain) and (checked == domain or checked.endswith("." + domain))


def _result(tokens: list[str]) -> Result | None:
    if len(tokens) < 3 or tokens[1] != "=":
        return None
    pairs = zip(tokens, tokens[1:], tokens[2:], strict=False)
    found = [(name.lower(), value.lower()) for name, equals, value in pairs if equals == "="]
    method, verdict = found[0]
    return Result(method.partition("/")[0], verdict, tuple(found[1:]))


def _segments(field: str) -> list[list[str]]:
    """The header's tokens, one list for each part between semicolons; comments gone, quotes undone."""
    segments: list[list[str]] = [[]]
    word: list[str] = []
    depth, quoted, escaped = 0, False, False

    def end_word() -> None:
        if word:
            segments[-1].append("".join(word))
            word.clear()

    for char in field:
        if escaped:
            escaped = False
            if depth == 0:
                word.append(char)
        elif char == "\\" and (quoted or depth):
            escaped = True
        elif depth:
            depth += {"(": 1, ")": -1}.get(char, 0)
        elif char == '"':
            quoted = not quoted
        elif quoted:
            word.append(char)
        elif char == "(":
            depth = 1
            end_word()
        elif char == ";":
            end_word()
            segments.append([])
        elif char == "=" and _splits(segments[-1], word):
            end_word()
            segments[-1].append("=")
        elif char.isspace():
            end_word()
        else:
            word.append(char)
    end_word()
    return segments


def _splits(tokens: list[str], word: list[str]) -> bool:
    """Whether "=" parts a name from a value; within a value (`smtp.mailfrom=srs0=ab=…`) it is a character like others."""
    return bool(word or tokens) and not (word and tokens and tokens[-1] == "=")
