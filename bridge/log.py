"""One line per event, to stderr for journald: ``event key=value …``, or one JSON object a line.

Owns structlog. Event names are words of the glossary (accepted, refused, sorted, staged, posted, delivered, deferred, dead …).
`personal` values (subjects, addresses) are left out unless the config allows them. Bodies and secrets are never passed in.
Whoever had a hand in a value, a line stays one line: controls and marks of direction are shown by their numbers.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

_personal_data = False

#: C0 and C1 controls, line and paragraph separators, marks and overrides of direction, lone surrogates.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def configure(
    *,
    format: Literal["logfmt", "json"] = "logfmt",  # noqa: A002 - the config's word
    level: str = "info",
    personal_data: bool = False,
) -> None:
    """Set up the process's log once, before the first event."""
    global _personal_data  # noqa: PLW0603 - the log is the process's, like the stream it writes to
    _personal_data = personal_data
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if format == "json"
        else structlog.processors.LogfmtRenderer(key_order=["event", "id"], drop_missing=True)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            _printable,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def printable(text: str) -> str:
    """The text on one line, for a log or a terminal: what could move a cursor or start a line is shown as its number."""
    return _UNPRINTABLE.sub(_numbered, text)


def _numbered(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _printable(_logger: Any, _method: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every value on one line; what is None was not said and is left out."""
    return {
        key: printable(value) if isinstance(value, str) else value
        for key, value in values.items()
        if value is not None
    }


def personal(**values: object) -> dict[str, object]:
    """The values, or nothing where the config keeps personal data out of the log."""
    return values if _personal_data else {}


def debug(event: str, **values: Any) -> None:
    structlog.get_logger().debug(event, **values)


def info(event: str, **values: Any) -> None:
    structlog.get_logger().info(event, **values)


def warning(event: str, **values: Any) -> None:
    structlog.get_logger().warning(event, **values)


def error(event: str, **values: Any) -> None:
    structlog.get_logger().error(event, **values)
