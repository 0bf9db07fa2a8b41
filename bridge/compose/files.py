"""Names and types for the files of a mail: safe on any system, unique, and as near to the sender's as that allows.

Every leaf that is not words gets a name, from wherever one can be found. A type that a browser would run is never passed on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from bridge.model import Leaf, Mail, Written

OPAQUE = "application/octet-stream"
_MAX_NAME_BYTES = 150

_PORTS = (f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³")
_DEVICES = frozenset(("con", "prn", "aux", "nul", "conin$", "conout$", *_PORTS))
_FORBIDDEN = re.compile(r"[<>:\"|?*\x00-\x1f\x7f-\x9f]+")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}\Z")
_EXTENSION = re.compile(r"\.[A-Za-z0-9_-]{1,11}\Z")
_BLANKS = re.compile(r"\s+")

#: Types a browser runs or a desktop starts, with the tails of their names: only ever handed out as opaque bytes.
_DANGEROUS = re.compile(
    r"text/(html|javascript|ecmascript|jscript|vbscript|xml|x-.*script.*|x-sh|x-python|x-php|x-component)\Z"
    r"|image/svg.*|.*\+xml\Z|application/(xml|xhtml|javascript|ecmascript|x-javascript|hta|x-sh|x-csh|x-msdos-program"
    r"|x-msdownload|x-dosexec|x-executable|x-shockwave-flash|java-archive|x-java.*|x-ms-shortcut|x-msi|vnd\.microsoft\.portable-executable)"
    r"|multipart/.*|message/(?!rfc822|delivery-status|disposition-notification|feedback-report|global).*"
)

_EXTENSION_OF: Mapping[str, str] = MappingProxyType(
    {
        "application/gzip": ".gz",
        "application/ics": ".ics",
        "application/json": ".json",
        "application/ms-tnef": ".dat",
        "application/msword": ".doc",
        "application/ogg": ".ogg",
        "application/pdf": ".pdf",
        "application/pgp-encrypted": ".asc",
        "application/pgp-keys": ".asc",
        "application/pgp-signature": ".asc",
        "application/pkcs7-mime": ".p7m",
        "application/pkcs7-signature": ".p7s",
        "application/postscript": ".ps",
        "application/rtf": ".rtf",
        "application/vnd.apple.pkpass": ".pkpass",
        "application/vnd.ms-excel": ".xls",
        "application/vnd.ms-outlook": ".msg",
        "application/vnd.ms-powerpoint": ".ppt",
        "application/vnd.ms-tnef": ".dat",
        "application/vnd.oasis.opendocument.spreadsheet": ".ods",
        "application/vnd.oasis.opendocument.text": ".odt",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
        "application/x-7z-compressed": ".7z",
        "application/x-gzip": ".gz",
        "application/x-msdownload": ".exe",
        "application/x-ole-storage": ".doc",
        "application/x-pkcs7-mime": ".p7m",
        "application/x-pkcs7-signature": ".p7s",
        "application/x-rar-compressed": ".rar",
        "application/x-tar": ".tar",
        "application/x-zip-compressed": ".zip",
        "application/xml": ".xml",
        "application/zip": ".zip",
        "audio/3gpp": ".3gp",
        "audio/aac": ".aac",
        "audio/amr": ".amr",
        "audio/basic": ".au",
        "audio/mp4": ".m4a",
        "audio/mp3": ".mp3",
        "audio/mpeg": ".mp3",
        "audio/ogg": ".ogg",
        "audio/wav": ".wav",
        "audio/wave": ".wav",
        "audio/x-m4a": ".m4a",
        "audio/x-wav": ".wav",
        "image/bmp": ".bmp",
        "image/gif": ".gif",
        "image/heic": ".heic",
        "image/heif": ".heif",
        "image/jpeg": ".jpg",
        "image/jpg": ".jpg",
        "image/pjpeg": ".jpg",
        "image/png": ".png",
        "image/svg+xml": ".svg",
        "image/tiff": ".tif",
        "image/webp": ".webp",
        "image/x-icon": ".ico",
        "image/x-png": ".png",
        "message/delivery-status": ".txt",
        "message/disposition-notification": ".txt",
        "message/feedback-report": ".txt",
        "message/global": ".eml",
        "message/global-delivery-status": ".txt",
        "message/global-disposition-notification": ".txt",
        "message/global-headers": ".txt",
        "message/rfc822": ".eml",
        "text/calendar": ".ics",
        "text/css": ".css",
        "text/csv": ".csv",
        "text/directory": ".vcf",
        "text/html": ".html",
        "text/markdown": ".md",
        "text/plain": ".txt",
        "text/rfc822-headers": ".txt",
        "text/richtext": ".rtx",
        "text/rtf": ".rtf",
        "text/vcard": ".vcf",
        "text/x-amp-html": ".html",
        "text/x-vcalendar": ".vcs",
        "text/x-vcard": ".vcf",
        "text/xml": ".xml",
        "video/3gpp": ".3gp",
        "video/avi": ".avi",
        "video/mp4": ".mp4",
        "video/mpeg": ".mpg",
        "video/quicktime": ".mov",
        "video/webm": ".webm",
        "video/x-msvideo": ".avi",
    }
)

_KNOWN_ENDINGS = tuple(set(_EXTENSION_OF.values()) | {".jpeg", ".tiff"})

_STEM_OF: Mapping[str, str] = MappingProxyType(
    {
        "application/ics": "invite",
        "application/ms-tnef": "winmail",
        "application/pgp-encrypted": "version",
        "application/pgp-signature": "signature",
        "application/pkcs7-mime": "smime",
        "application/pkcs7-signature": "smime",
        "application/vnd.ms-tnef": "winmail",
        "application/x-pkcs7-mime": "smime",
        "application/x-pkcs7-signature": "smime",
        "message/delivery-status": "delivery-status",
        "message/disposition-notification": "read-receipt",
        "message/feedback-report": "abuse-report",
        "message/global-delivery-status": "delivery-status",
        "message/global-disposition-notification": "read-receipt",
        "message/global-headers": "headers",
        "message/rfc822": "mail",
        "text/calendar": "invite",
        "text/rfc822-headers": "headers",
        "text/vcard": "contact",
        "text/x-vcalendar": "invite",
        "text/x-vcard": "contact",
    }
)
_STEM_OF_FAMILY: Mapping[str, str] = MappingProxyType(
    {"image": "image", "audio": "audio", "video": "video", "text": "text", "message": "mail"}
)


@dataclass(frozen=True, slots=True)
class Naming:
    """What a leaf is called and declared as when it is handed on."""

    #: Place in `Mail.leaves`.
    leaf: int
    #: Safe, unique within the mail, with an extension.
    name: str
    #: Never one that a browser would run.
    content_type: str
    #: A sentence for the note where the sender's own name or type had to be changed; "" else.
    remark: str = ""


def plan(mail: Mail) -> tuple[Naming, ...]:
    """One naming for every leaf that is not words, in the order of the leaves."""
    words = {index for block in mail.blocks if isinstance(block, Written) for index in block.leaves}
    taken: set[str] = set()
    return tuple(_name(leaf, taken) for leaf in mail.leaves if leaf.index not in words)


def checked(naming: Naming, head: bytes, taken: Iterable[str] = ()) -> Naming:
    """The naming after a look at the file's first bytes: what they are decides over what was declared.

    `taken` are the names of the mail's other files, for the case that an extension is added.
    """
    found = sniff(head)
    if found is None:
        return naming
    actual = servable(found)
    if naming.content_type in (actual, found) or _contains(found, naming.content_type):
        return naming
    name = naming.name
    if not _EXTENSION.search(name) or name.endswith(".bin"):
        name = unique(name.removesuffix(".bin") + _EXTENSION_OF[found], {one.casefold() for one in taken})
    if naming.content_type == OPAQUE:
        return replace(naming, name=name, content_type=actual)
    remark = f"“{naming.name}” is declared as {naming.content_type} but holds {found}."
    return replace(naming, name=name, content_type=actual, remark=f"{naming.remark} {remark}".strip())


def servable(content_type: str) -> str:
    """The type to declare to whoever fetches the file: opaque for what is unreadable or could be run."""
    declared = content_type.strip().lower()
    if not _TYPE.match(declared) or _DANGEROUS.match(declared):
        return OPAQUE
    return declared


_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"MZ", "application/x-msdownload"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
)
_HTML_STARTS = (b"<!doctype html", b"<html", b"<script", b"<head", b"<body")


def sniff(head: bytes) -> str | None:
    """What the first bytes of a file say it is, for fourteen kinds that matter; None for any other."""
    for magic, content_type in _MAGIC:
        if head.startswith(magic):
            return content_type
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    start = head[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "text/html" if start.startswith(_HTML_STARTS) else None


def _contains(container: str, declared: str) -> bool:
    """Whether files of the declared type are, by their bytes, files of the container's type."""
    match container:
        case "application/zip":
            return not declared.startswith(("image/", "text/", "audio/", "video/")) and declared != OPAQUE
        case "application/x-ole-storage":
            return declared.startswith("application/") and declared not in (OPAQUE, "application/pdf")
        case "application/gzip":
            return "gzip" in declared or "compress" in declared or "tar" in declared or "tgz" in declared
        case "application/rtf":
            return declared in ("text/rtf", "application/msword", "text/richtext")
        case "image/jpeg":
            return declared in ("image/jpg", "image/pjpeg")
        case "image/tiff":
            return declared.startswith("image/")  # raw formats of cameras are TIFF files
        case "image/png":
            return declared == "image/x-png"
        case "text/calendar":
            return declared.startswith(("text/", "application/ics"))
        case _:
            return False


def _name(leaf: Leaf, taken: set[str]) -> Naming:
    given = leaf.filename or ""
    own = _safe(given)
    declared = leaf.content_type.strip().lower()
    name = own or _found(leaf)
    ending = _EXTENSION.search(name)
    if ending is None or ending[0][1:].isdigit():
        # "Offer 12.10.2026" ends in a date.
        name += _EXTENSION_OF.get(declared) or ("" if ending else _unknown(declared))
    name = unique(name, taken)
    content_type = servable(declared)
    remark = ""
    # Macintoshes write an accent behind its letter: the same name, as is one that only got its ending.
    same = unicodedata.normalize("NFC", given).strip(" ")
    if given and name not in (same, same + _split(name)[1]):
        remark = f"A file came as {_visible(given)} and is called “{name}” here."
    return Naming(leaf.index, name, content_type, remark)


def _unknown(declared: str) -> str:
    """The extension of a type that has none of its own: every kind of text can be read as text (RFC 2046 section 4.1.4)."""
    return ".txt" if declared.startswith("text/") else ".bin"


def _found(leaf: Leaf) -> str:
    """A name without its extension for a leaf that came without one."""
    if leaf.content_location:
        try:
            path = urlsplit(leaf.content_location).path
        except ValueError:
            path = ""
        if name := _safe(unquote(path.rsplit("/", 1)[-1])):
            return name
    if leaf.content_id:
        stem = _safe(leaf.content_id.split("@", 1)[0])
        # "part1.0A2B.0C3D@host" has no ending, however it looks.
        if stem.lower().endswith(_KNOWN_ENDINGS):
            return stem
    if leaf.description and (name := _safe(leaf.description[:80])):
        return name
    declared = leaf.content_type.strip().lower()
    return _STEM_OF.get(declared) or _STEM_OF_FAMILY.get(declared.partition("/")[0], "file")


def _safe(given: str) -> str:
    """The name without folders, controls, format characters and what file systems refuse; "" when nothing is left."""
    name = _BLANKS.sub(" ", given[:4_000])
    name = "".join(
        character
        for character in unicodedata.normalize("NFC", name)
        if unicodedata.category(character) not in _UNSEEN
    )
    name = name.replace("\\", "/").rstrip("/ ").rsplit("/", 1)[-1]
    name = _FORBIDDEN.sub("_", re.sub(r"\A[A-Za-z]:", "", name)).strip(" .")
    if not name.strip("._- "):
        return ""
    if name.split(".", 1)[0].rstrip().casefold() in _DEVICES:
        name = "_" + name
    return _shortened(name)


#: Controls, format characters (among them the right-to-left override), surrogates, private use, line ends.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


def _shortened(name: str, room: int = _MAX_NAME_BYTES) -> str:
    """The name cut to the room, its extension kept."""
    if len(name.encode()) <= room:
        return name
    stem, extension = _split(name)
    kept = stem.encode()[: room - len(extension)].decode("utf-8", "ignore")
    return kept.rstrip(" .") + extension


def _split(name: str) -> tuple[str, str]:
    match = _EXTENSION.search(name)
    if match is None or match.start() == 0:
        return name, ""
    stem = name[: match.start()]
    if stem.lower().endswith(".tar"):
        return stem[:-4], stem[-4:] + match[0]
    return stem, match[0]


def unique(name: str, taken: set[str]) -> str:
    """The name, with a number before its extension where it is taken; it is then taken too."""
    stem, extension = _split(name)
    candidate = name
    number = 2
    while candidate.casefold() in taken:
        candidate = f"{stem}-{number}{extension}"
        number += 1
    taken.add(candidate.casefold())
    return candidate


def _visible(given: str) -> str:
    """The sender's name with everything invisible written out, quoted and cut."""
    shown = "".join(
        f"<U+{ord(character):04X}>" if unicodedata.category(character) in _UNSEEN else character
        for character in given[:200]
    )
    return f"“{shown}{'…' if len(given) > 200 else ''}”"
