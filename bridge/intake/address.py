"""Reads the argument of MAIL and RCPT: one address, and the parameters behind it.

Linear in the length of the line. A plain `<local@domain>` costs one match; what real clients send beside it (no brackets, a
source route, quoted local parts, a name without a domain) is read by a second, and anything else is refused, never mended.
"""

from __future__ import annotations

import re

#: RFC 5321 allows 256 for a path; devices are given room, the header field and the index are not.
MAX_LENGTH = 500

_ATOM = r'[^\x00-\x20\x7f-\x9f"<>@\\\ud800-\udfff]+'
_PLAIN = re.compile(rf"[ \t]*<({_ATOM}@{_ATOM}|)>(?:[ \t]+(.*))?")

_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])*"'
_MAILBOX = rf"(?:{_QUOTED}|{_ATOM})(?:@{_ATOM})?"
#: `<@relay.example,@other.example:user@host>`: the route is to be ignored (RFC 5321, appendix C).
_ROUTE = r"(?:@[^\x00-\x20\x7f:<>]*:)?"
_BRACKETS = re.compile(rf"[ \t]*<[ \t]*{_ROUTE}({_MAILBOX})[ \t]*(?:>(?:[ \t]+(.*))?)?")
_NAMED = re.compile(rf"(?:[ \t]*{_QUOTED}[ \t]*|[^\"<>@]*)<({_MAILBOX})>(?:[ \t]+(.*))?")
_BARE = re.compile(rf"[ \t]*({_MAILBOX})(?:[ \t]+(.*))?")


def parse(text: str) -> tuple[str, str] | None:
    """The address ("" for `<>`) and the text of the parameters; None when it cannot be read."""
    if match := _PLAIN.fullmatch(text):
        address = match[1]
    else:
        match = next((m for form in (_BRACKETS, _NAMED, _BARE) if (m := form.fullmatch(text))), None)
        if match is None:
            return None
        address = match[1]
    if len(address) > MAX_LENGTH:
        return None
    # A trailing dot is a fully qualified name, but no route is written that way.
    return (address[:-1] if address.endswith(".") and "@" in address else address), match[2] or ""


def parameters(text: str) -> dict[str, str | None]:
    """The parameters by upper-case keyword; None is the value of one without `=`. The last of a kind counts."""
    found: dict[str, str | None] = {}
    for word in text.split():
        keyword, equals, value = word.partition("=")
        found[keyword.upper()] = value if equals else None
    return found
