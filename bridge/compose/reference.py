"""Where links and pictures of a mail point to, made safe: only what a reader may follow, and never a hidden destination."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes, urlsplit

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,30}):", re.IGNORECASE)
_IGNORED = re.compile(r"[\x00-\x1f\x7f]+")
_HOST = re.compile(
    r"(?:https?://)?((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE | re.ASCII
)
_EMAIL = re.compile(r"[\w.+-]{1,64}@((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})", re.IGNORECASE)
_MAX_URL = 4_000
_DATA_IMAGE = re.compile(
    r"data:(image/(?:png|jpe?g|gif|webp|bmp|tiff|x-icon|heic))(;base64)?,", re.IGNORECASE
)
#: A file of the sender's own that ends in what looks like a top-level domain is not a host.
# fmt: off
_FILE_TAILS = frozenset((
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "csv", "zip", "jpg", "jpeg", "png",
    "gif", "html", "htm", "php", "py", "js", "css", "md", "xml", "json", "exe", "eml", "ics",
))
# fmt: on


#: What a browser does not run, and a reader of the conversation cannot follow either: no word about it.
# fmt: off
_INERT = frozenset((
    "about", "applewebdata", "callto", "cid", "fax", "geo", "im", "maps", "message", "mid", "msteams", "sip", "skype",
    "slack", "sms", "tg", "webcal", "whatsapp", "x-apple-data-detectors", "x-apple-ql-id", "x-msg", "xmpp", "zoommtg",
))
# fmt: on


@dataclass(frozen=True, slots=True)
class Target:
    #: The URL to link to, "" for none.
    url: str
    #: The scheme that was refused, "" where nothing was.
    refused: str = ""


def link(href: str) -> Target:
    """Where a link may lead: http, https, mailto and tel; nothing for anchors, relative paths and what a browser would run."""
    href = _IGNORED.sub("", href.strip())
    if len(href) > _MAX_URL:
        return Target("", "over-long")
    if href.startswith("//"):
        return Target("https:" + href)
    scheme = _SCHEME.match(href)
    if scheme is None:
        return Target("http://" + href) if href.lower().startswith("www.") else Target("")
    name = scheme[1].lower()
    rest = href[scheme.end() :]
    match name:
        case "http" | "https":
            return Target(f"{name}:{rest}") if rest.strip("/") else Target("")
        case "mailto" | "tel":
            return Target(f"{name}:{rest}") if rest.strip() else Target("")
        case _:
            return Target("", "" if name in _INERT else name)


def hides(shown: str, target: str) -> str:
    """The host a link really leads to where the words shown name another one; "" where they do not."""
    if "." not in shown:
        return ""
    words = shown.strip().strip("<>()[].,;:!")
    match = _HOST.fullmatch(words) or _EMAIL.fullmatch(words)
    if match is None or len(words) > 300:
        return ""
    led = host(target)
    if not led:
        return ""
    named = match[1].lower().removeprefix("www.")
    if named.rpartition(".")[2] in _FILE_TAILS and "/" not in words:
        return ""
    if named == led or named.endswith("." + led) or led.endswith("." + named):
        return ""
    return led


def host(target: str) -> str:
    """The host a target leads to, the domain of a mail address, "" for neither."""
    if target.startswith("mailto:"):
        return target.partition("?")[0].rpartition("@")[2].lower()
    try:
        return (urlsplit(target).hostname or "").removeprefix("www.")
    except ValueError:
        return "?"


def picture(source: str, pictures: Mapping[str, int]) -> int | None:
    """The leaf a picture shows: by Content-ID, else by Content-Location or file name."""
    candidates = [source]
    if source[:4].lower() == "cid:":
        candidates.append(source[4:])
    candidates += [unquote(candidate) for candidate in candidates]
    candidates += [candidate.strip("<> ") for candidate in candidates]
    if not source.lower().startswith(("http:", "https:")):
        candidates.append(unquote(source.replace("\\", "/").rsplit("/", 1)[-1]))
    for candidate in candidates:
        for key in (candidate, candidate.lower()):
            if key in pictures:
                return pictures[key]
    return None


@dataclass(frozen=True, slots=True)
class DataPicture:
    """A picture that stood in the HTML itself as a `data:` URI, for a file of its own."""

    #: What stands for it in `FILE_MARK`: -2 and downwards, so that it is no leaf's.
    index: int
    content_type: str
    content: bytes
    name: str


def data_picture(source: str, index: int) -> DataPicture | None:
    """The picture of a `data:` URI; None for anything but a bitmap."""
    match = _DATA_IMAGE.match(source)
    if match is None:
        return None
    encoded = source[match.end() :]
    if match[2]:
        digits = re.sub(r"[^A-Za-z0-9+/]", "", unquote(encoded))
        # A digit alone is no byte.
        whole = digits[: len(digits) - (len(digits) % 4 == 1)]
        content = base64.b64decode(whole + "=" * (-len(whole) % 4))
    else:
        content = unquote_to_bytes(encoded)
    if not content:
        return None
    kind = match[1].lower().replace("image/jpg", "image/jpeg")
    extension = {"image/jpeg": "jpg", "image/x-icon": "ico", "image/tiff": "tif"}.get(
        kind, kind.partition("/")[2]
    )
    return DataPicture(index, kind, content, f"picture-{-1 - index}.{extension}")


def is_point(content: bytes) -> bool:
    """Whether the picture is a single point: a spacer or a reader's trace."""
    if content.startswith(b"GIF8"):
        return content[6:10] == b"\x01\x00\x01\x00"
    return content.startswith(b"\x89PNG") and content[16:24] == b"\x00\x00\x00\x01\x00\x00\x00\x01"


def shown_name(source: str) -> str:
    """A name for a picture without words of its own, from the last part of its URL."""
    try:
        name = unquote(urlsplit(source).path.rstrip("/").rpartition("/")[2])
    except ValueError:
        return ""
    stem = name.lower().partition(".")[0].rstrip("0123456789x_-")
    return "" if len(name) > 60 or stem in _SPACERS else " ".join(name.split())


_SPACERS = frozenset(
    (
        "",
        "blank",
        "clear",
        "divider",
        "dot",
        "line",
        "pixel",
        "shim",
        "space",
        "spacer",
        "trans",
        "transparent",
    )
)
