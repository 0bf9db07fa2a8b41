"""One line per event, to stderr for journald: ``event key=value …``, or one JSON object a line.

Owns structlog. Event names are words of the glossary (accepted, refused, sorted, staged, posted, delivered, deferred, dead …).
`personal` values (subjects, addresses) are left out unless the config allows them. Bodies and secrets are never passed in.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal

import structlog

_personal_data = False


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
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper("iso"), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


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
