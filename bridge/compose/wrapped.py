"""Links that a mail gateway put around others, taken off again where the true target plainly stands in them.

Pure and linear, never a look at the net: what cannot be read from the link itself stays as it is. The wrapping serves the
gateway's own users, hides from an agent where a link leads, and makes a quoted line another one than was sent.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from bridge.compose.words import unescape

#: Wrappers within wrappers: a mail may pass more than one gateway.
_MAX_LAYERS = 3
_MAX_CHARS = 16_000
#: Every wrapped link has one of these in it, so that a mail without them costs no more than the look.
_SIGNS = (
    "safelinks.protection.",
    "urldefense",
    "linkprotect.cudasvc.com",
    "secure-web.cisco.com",
    ".trendmicro.com",
    "clicktime.symantec.com",
    "protect2.fireeye.com",
    "protection.sophos.com",
    "url.avanan.click",
    "protect.checkpoint.com",
    "www.google.com/url?",  # what is copied from its documents and calendars
)
#: How the host ends, how the path begins, and which part of the query the target is.
_NAMED = (
    (".safelinks.protection.outlook.com", "", "url"),
    (".safelinks.protection.office365.us", "", "url"),
    (".linkprotect.cudasvc.com", "", "a"),
    (".trendmicro.com", "/wis/clicktime/", "url"),
    (".clicktime.symantec.com", "", "u"),
    (".protect2.fireeye.com", "", "u"),
    (".www.google.com", "/url", "q"),
)
_URL = re.compile(r"https?://[^\s<>\"]{1,16000}")
_URL_IN_HTML = re.compile(r"https?://[^\s<>\"']{1,16000}")
_TAIL = ".,;:!?'*])"
_V3 = re.compile(r"https?://[^/]{1,100}/v3/__(?P<url>\S+?)__;(?P<gone>[A-Za-z0-9_-]*={0,2})!", re.IGNORECASE)
#: How often a character stands for "**" and the letter behind it: A is 2.
_RUN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TARGET = re.compile(r"https?://[^\s<>\"/?#.]++\.[^\s<>\"]+", re.IGNORECASE)


def may_be_in(text: str) -> bool:
    """Whether to look at all."""
    return any(sign in text for sign in _SIGNS)


def target(url: str) -> tuple[str, str]:
    """Where the link leads without its wrapping, and the host that wrapped it; the link itself and "" where nothing did."""
    found, by = url, ""
    for _ in range(_MAX_LAYERS):
        if len(found) > _MAX_CHARS or not may_be_in(found):
            break
        inner, host = _inner(found)
        if not inner:
            break
        found, by = inner, by or host
    return found, by


def without(text: str, told: Callable[[str], None]) -> str:
    """The text with the targets of its wrapped links in their place; `told` hears which hosts had wrapped them."""
    if not may_be_in(text):
        return text

    def bare(match: re.Match[str]) -> str:
        url = match[0].rstrip(_TAIL)
        found, by = target(url)
        if by:
            told(by)
        return found + match[0][len(url) :]

    return _URL.sub(bare, text)


def without_in_html(source: str, told: Callable[[str], None]) -> str:
    """The same for the source of HTML, in its links as in its words."""
    if not may_be_in(source):
        return source

    def bare(match: re.Match[str]) -> str:
        found, by = target(unescape(match[0]))
        if not by:
            return match[0]
        told(by)
        return html.escape(found)

    return _URL_IN_HTML.sub(bare, source)


def _inner(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return "", ""
    if host == "urldefense.proofpoint.com" and parts.path.startswith("/v2/"):
        found = unquote(_query(parts.query, "u").translate({ord("-"): "%", ord("_"): "/"}))
    elif host == "urldefense.proofpoint.com" and parts.path.startswith("/v1/"):
        found = _query(parts.query, "u")
    elif host in ("urldefense.com", "urldefense.us", "urldefense.proofpoint.com"):
        found = _third(url)
    elif host == "secure-web.cisco.com":
        found = unquote(parts.path.rpartition("/")[2])
    elif host in ("url.avanan.click", "protect.checkpoint.com"):
        found = url.partition("/___")[2].partition("___.")[0]
    elif host.endswith(".protection.sophos.com"):
        found = _unbased(_query(parts.query, "u"))
    else:
        names = (
            name for end, path, name in _NAMED if f".{host}".endswith(end) and parts.path.startswith(path)
        )
        found = next((_query(parts.query, name) for name in names), "")
    whole = _TARGET.fullmatch(found) is not None and found.isprintable()
    return (found, host) if whole else ("", "")


def _query(query: str, name: str) -> str:
    try:
        return next((value for key, value in parse_qsl(query, max_num_fields=50) if key == name), "")
    except ValueError:
        return ""


def _unbased(encoded: str) -> str:
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8")
    except ValueError:
        return ""


def _third(url: str) -> str:
    """Proofpoint's third kind: `*` stands for a character, `**` and a letter for a run of them; they follow in base64."""
    match = _V3.match(url)
    if match is None:
        return ""
    try:
        padded = match["gone"].rstrip("=") + "=" * (-len(match["gone"].rstrip("=")) % 4)
        gone = base64.urlsafe_b64decode(padded).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    out: list[str] = []
    taken = 0
    written = match["url"]
    at = 0
    while (star := written.find("*", at)) >= 0:
        out.append(written[at:star])
        run = _RUN.find(written[star + 2 : star + 3] or " ") if written.startswith("**", star) else -1
        count, at = (run + 2, star + 3) if run >= 0 else (1, star + 1)
        if taken + count > len(gone):
            return ""
        out.append(gone[taken : taken + count])
        taken += count
    out.append(written[at:])
    # The slashes behind the scheme are one where a gateway has tidied the link up.
    return re.sub(r"\A(https?):/(?!/)", r"\1://", "".join(out))
