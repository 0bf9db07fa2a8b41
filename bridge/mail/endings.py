"""The type of a file by the ending of its name, for those that come without one: out of winmail.dat, or uuencoded.

A closed table rather than the host's: the same mail reads the same everywhere. Nothing here makes words of a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OPAQUE = "application/octet-stream"
#: Types that say nothing of what a file is.
SAY_NOTHING = frozenset((OPAQUE, "application/x-octet-stream"))
CALENDARS = frozenset(("text/calendar", "application/ics", "text/x-vcalendar"))

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "7z": "application/x-7z-compressed",
        "amr": "audio/amr",
        "avi": "video/x-msvideo",
        "bmp": "image/bmp",
        "csv": "text/csv",
        "doc": "application/msword",
        "docx": f"{_OFFICE}wordprocessingml.document",
        "eml": "message/rfc822",
        "gif": "image/gif",
        "gz": "application/gzip",
        "heic": "image/heic",
        "htm": "text/html",
        "html": "text/html",
        "ics": "text/calendar",
        "jpeg": "image/jpeg",
        "jpg": "image/jpeg",
        "json": "application/json",
        "m4a": "audio/mp4",
        "mov": "video/quicktime",
        "mp3": "audio/mpeg",
        "mp4": "video/mp4",
        "msg": "application/vnd.ms-outlook",
        "odp": f"{_OPEN}presentation",
        "ods": f"{_OPEN}spreadsheet",
        "odt": f"{_OPEN}text",
        "pdf": "application/pdf",
        "png": "image/png",
        "ppt": "application/vnd.ms-powerpoint",
        "pptx": f"{_OFFICE}presentationml.presentation",
        "ps": "application/postscript",
        "rar": "application/x-rar-compressed",
        "rtf": "application/rtf",
        "svg": "image/svg+xml",
        "tif": "image/tiff",
        "tiff": "image/tiff",
        "txt": "text/plain",
        "vcf": "text/vcard",
        "wav": "audio/wav",
        "webp": "image/webp",
        "xls": "application/vnd.ms-excel",
        "xlsx": f"{_OFFICE}spreadsheetml.sheet",
        "xml": "application/xml",
        "zip": "application/zip",
    }
)


def content_type(name: str | None) -> str:
    """What a file of that name usually is; opaque bytes where the name does not tell."""
    return _TYPES.get((name or "").rpartition(".")[2].strip().lower(), OPAQUE)
