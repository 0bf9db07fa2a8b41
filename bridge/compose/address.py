"""Mail addresses as the bridge compares, checks and lists them.

Every function is total: any text gives an answer, in time linear in its length. What is called valid here can be posted as
`user[email]`: one mailbox at one domain, no quoting, no address literal.
"""

from __future__ import annotations

from collections.abc import Collection

from bridge.model import Address, Mail

MAX_CHARS = 320
_MAX_LOCAL = 128  # RFC 5321 says 64; bounce addresses of bulk senders are longer
_MAX_LABEL = 63
#: What a mail list or group writes into its copies, and so the fields that hold its own address.
_LIST_FIELDS = ("list-post", "x-beenthere", "mailing-list", "x-google-group", "x-mailinglist")
_SPECIAL = frozenset('@<>()[],;:"\\')
_HOSTS_OF_REAMAZE = ("reamaze.com", "reamaze.io")
#: Local parts that no person reads, without their separators.
_UNREAD = frozenset(
    {"noreply", "donotreply", "mailerdaemon", "postmaster", "bounce", "bounces", "undisclosedrecipients"}
)


def canonical(email: str) -> str:
    """The address as it is compared and posted: lower case, without blanks or needless quotes."""
    email = email[: 2 * MAX_CHARS].strip().lower()
    local, at, domain = email.rpartition("@")
    if at and len(local) > 2 and local[0] == local[-1] == '"' and _valid_local(local[1:-1]):
        local = local[1:-1]
    return f"{local}{at}{domain.rstrip('.')}" if at else email


def valid(email: str) -> bool:
    """Whether it can be posted: `local@domain`, printable, without quoting or address literals."""
    if len(email) > MAX_CHARS:
        return False
    local, at, domain = email.rpartition("@")
    return bool(at) and _valid_local(local) and all(_valid_label(label) for label in domain.split("."))


def _valid_local(local: str) -> bool:
    return 0 < len(local) <= _MAX_LOCAL and all(
        char.isprintable() and not char.isspace() and char not in _SPECIAL for char in local
    )


def _valid_label(label: str) -> bool:
    return (
        0 < len(label) <= _MAX_LABEL
        and not label.startswith("-")
        and all(
            (char.isalnum() or char in "-_") if char.isascii() else char.isprintable() and not char.isspace()
            for char in label
        )
    )


def host(email: str) -> str:
    """The domain in lower case; "" when there is none."""
    return email.rpartition("@")[2].rstrip(">. ").lower() if "@" in email else ""


def related(one: str, other: str) -> bool:
    """Whether both are at one domain, or at one below the other's."""
    first, second = host(one), host(other)
    return first == second or first.endswith("." + second) or second.endswith("." + first)


def without_plus(email: str) -> str:
    """`anna+x@example.net` as `anna@example.net`."""
    local, at, domain = email.rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}" if at else email


def listed(email: str, entries: Collection[str]) -> bool:
    """Whether one of the entries, an address or "@domain", names it; plus-addresses count as their base address."""
    if not email or not entries:
        return False
    email = canonical(email)
    wanted = {email, without_plus(email), "@" + host(email)}
    return any(entry.strip().lower() in wanted for entry in entries)


def of_reamaze(email: str) -> bool:
    """Whether the address, or the right side of a Message-ID, is at one of Re:amaze's own hosts."""
    domain = host(email)
    return any(domain == name or domain.endswith("." + name) for name in _HOSTS_OF_REAMAZE)


def unread(email: str) -> bool:
    """Whether the local part says that nobody reads there: `no-reply`, `mailer-daemon` …"""
    local = without_plus(email).partition("@")[0].lower()
    plain = local.replace("-", "").replace("_", "").replace(".", "")
    return plain in _UNREAD or plain.startswith(("noreply", "donotreply"))


def of_lists(mail: Mail) -> frozenset[str]:
    """The addresses of the lists and groups that the mail came through: nobody in particular reads there."""
    texts = (value for field in _LIST_FIELDS for value in mail.headers_named(field)[:3])
    named = (read(text.replace("<mailto:", "<").replace("?", "> ")) for text in texts)
    # List-Id: users.lists.example is users@lists.example.
    ids = (value.rpartition("<")[2].partition(">")[0] for value in mail.headers_named("list-id")[:3])
    guessed = (canonical(text.replace(".", "@", 1)) for text in ids)
    return frozenset((*(entry.email for entry in named if entry), *filter(valid, guessed)))


def read(text: str) -> Address | None:
    """The first valid address in a free text such as `Anna <anna@example.net>` or `anna@example.net (Anna)`."""
    text = text[:4096]
    for start, end in _angles(text):
        email = canonical(text[start + 1 : end].removeprefix("mailto:"))
        if valid(email):
            return Address(_name(text[:start]), email)
    for word in text.replace("<", " ").replace(">", " ").replace("(", " (").split():
        email = canonical(word.removeprefix("mailto:").strip("\"'*.,;:()[]{}|"))
        if valid(email):
            _, comment, rest = text.partition("(")
            return Address(_name(rest.rpartition(")")[0]) if comment else "", email)
    return None


def _angles(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = text.find("<")
    while start >= 0 and len(found) < 8:
        end = text.find(">", start)
        if end < 0:
            break
        found.append((start, end))
        start = text.find("<", end)
    return found


def _name(text: str) -> str:
    return " ".join(text.split()).strip("\"'*,;: ")
