"""What a stranger's file may be called and declared as, so that no browser and no web server runs it."""

from __future__ import annotations

import re
from urllib.parse import quote

OPAQUE = "application/octet-stream"

#: Pictures a browser decodes and never runs: the only files shown in place.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

_SAFE = PICTURES | {
    "application/gzip",
    "application/msword",
    "application/pdf",
    "application/rtf",
    "application/x-7z-compressed",
    "application/zip",
    "image/avif",
    "image/bmp",
    "image/heic",
    "image/heif",
    "image/tiff",
    "text/calendar",
    "text/csv",
    "text/plain",
    "text/vcard",
}
_SAFE_FAMILIES = (
    "audio/",
    "video/",
    "application/vnd.openxmlformats",
    "application/vnd.oasis",
    "application/vnd.ms-",
)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")

#: Extensions that a browser or a web server with PHP and the like may execute.
_ACTIVE = re.compile(
    r"(?:x?s?html?|xht|svgz?|xml|xslt?|xul|mht(?:ml)?|m?jsx?|wasm|swf|php\d*|phtml|phar|phps|aspx?|ashx|jspx?|cgi|fcgi|pl|py|rb|"
    r"sh|shtm|htc|hta|htaccess|htpasswd|config|ini)",
    re.IGNORECASE,
)


def safe_type(declared: str) -> str:
    """The declared type where it is known to be inert, else `application/octet-stream`."""
    if not _TYPE.fullmatch(declared) or declared.endswith("+xml"):
        return OPAQUE
    return declared if declared in _SAFE or declared.startswith(_SAFE_FAMILIES) else OPAQUE


def inert_name(name: str) -> str:
    """The name with no part a web server could act on: "invoice.html" becomes "invoice_html.bin".

    Every part counts, not just the last: Apache's AddHandler runs "shell.php.jpg".
    """
    first, *parts = name.split(".")
    kept = first
    for part in parts:
        kept += ("_" if not kept or _ACTIVE.fullmatch(part) else ".") + part
    return kept + ".bin" if parts and _ACTIVE.fullmatch(parts[-1]) else kept


def quoted_name(name: str) -> str:
    """The name as the last segment of a URL's path."""
    # Dot segments cannot be quoted: every URL library resolves them.
    return quote(name, safe="") if name.strip(".") else "file"
