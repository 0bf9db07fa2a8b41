"""One line per event, to stderr for journald: ``event=… key=value …``, or one JSON object a line.

Event names are words of the glossary (accepted, refused, sorted, staged, posted, delivered, deferred, dead …).
`personal` values (subjects, addresses) are left out unless the config allows them. Bodies and secrets are never passed in.
Whoever had a hand in a value, a line stays one line: controls and marks of direction are shown by their numbers. Nothing is
raised: a mail is not lost because a line is.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal

from bridge.clock import SystemClock

Level = Literal["debug", "info", "warning", "error"]

_LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
_clock = SystemClock()

# The log is the process's, like the stream it writes to.
_told = frozenset(_LEVELS)
_as_json = False
_personal_data = False

#: C0 and C1 controls, line and paragraph separators, marks and overrides of direction, lone surrogates.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_UNPRINTABLE = re.compile(f"[{_CONTROLS}]")
#: What a logfmt value cannot hold as it is.
_SPECIAL = re.compile(f'[ ="{_CONTROLS}]')


def configure(
    *,
    format: Literal["logfmt", "json"] = "logfmt",  # noqa: A002 - the config's word
    level: Level = "info",
    personal_data: bool = False,
) -> None:
    """Set up the process's log once, before the first event."""
    global _told, _as_json, _personal_data  # noqa: PLW0603 - see above
    _told = frozenset(_LEVELS[_LEVELS.index(level) :])
    _as_json = format == "json"
    _personal_data = personal_data


def debug(event: str, **values: Any) -> None:
    _tell("debug", event, values)


def info(event: str, **values: Any) -> None:
    _tell("info", event, values)


def warning(event: str, **values: Any) -> None:
    _tell("warning", event, values)


def error(event: str, **values: Any) -> None:
    _tell("error", event, values)


def personal(**values: object) -> dict[str, object]:
    """The values, or nothing where the config keeps personal data out of the log."""
    return values if _personal_data else {}


def printable(text: str) -> str:
    """The text on one line, for a log or a terminal: what could move a cursor or start a line is shown as its number."""
    return _UNPRINTABLE.sub(_numbered, text)


def _numbered(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


# -- the line --------------------------------------------------------------------------------------

# By hand, as every mail is some lines: measured 10 µs of CPU each, where structlog's processors took 41.


def _tell(level: Level, event: str, values: Mapping[str, Any]) -> None:
    if level not in _told:
        return
    # What is None was not said and is left out.
    facts = {"event": event} | {name: value for name, value in values.items() if value is not None}
    facts["level"] = level
    facts["timestamp"] = _clock.now().isoformat("T", "microseconds").replace("+00:00", "Z")
    line = _json(facts) if _as_json else _logfmt(facts)
    # No stream, a full disk, a reader that went away, a stream that was closed.
    with contextlib.suppress(AttributeError, OSError, ValueError):
        # One call a line, so that the lines of two threads do not mix.
        sys.stderr.write(line + "\n")


def _logfmt(facts: Mapping[str, Any]) -> str:
    return " ".join([f"{name}={_quoted(_text(value))}" for name, value in facts.items()])


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    if _SPECIAL.search(text) is None:
        return text
    text = printable(text)
    if _SPECIAL.search(text) is None:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _json(facts: Mapping[str, Any]) -> str:
    shown = {name: printable(value) if isinstance(value, str) else value for name, value in facts.items()}
    return json.dumps(shown, default=lambda value: printable(str(value)))
