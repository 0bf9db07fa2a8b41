"""The Date field as an aware UTC time, or None: a date that cannot be read is no reason to guess one."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 200


def read(value: str) -> datetime | None:
    """When the author says it was written; None where that makes no sense."""
    try:
        # Scripts write it as their logs do: 2026-02-03T09:00:00Z.
        iso = value[:5].isascii() and value[:4].isdigit() and value[4:5] == "-"
        found = datetime.fromisoformat(value.strip()) if iso else parsedate_to_datetime(value[:_LONGEST])
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
    return found if found.year >= 1970 else None
