"""The log of this process, under the eyes of a test: its events as values, and its settings put back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from bridge import log


@contextlib.contextmanager
def capture_logs() -> Iterator[list[dict[str, Any]]]:
    """The events of the block, whatever their level, in place of lines."""
    seen: list[dict[str, Any]] = []

    def tell(level: log.Level, event: str, values: Mapping[str, Any]) -> None:
        seen.append({"event": event, **values, "log_level": level})

    before, log._tell = log._tell, tell
    try:
        yield seen
    finally:
        log._tell = before


@contextlib.contextmanager
def as_before() -> Iterator[None]:
    """Whatever the block sets up, the log is written afterwards as it was."""
    before = log._told, log._as_json, log._personal_data
    try:
        yield
    finally:
        log._told, log._as_json, log._personal_data = before
