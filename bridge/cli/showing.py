"""What the commands that look into the spool share: how it is opened beside a daemon, and how its values are written.

Names, subjects and reasons come from outside: every line passes `say`, so none of them can move the cursor of a terminal.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from bridge.clock import SystemClock
from bridge.config import schema
from bridge.errors import BridgeError
from bridge.log import printable
from bridge.spool import Spool, Summary, trouble


class NoSuchMailError(BridgeError):
    """No delivery has that id."""


@contextlib.contextmanager
def opened(settings: schema.Spool, config_path: Path) -> Iterator[Spool]:
    """The spool, beside whoever else uses it; never made by looking. Raises BridgeError with cause and fix."""
    with trouble.translated(settings.folder):
        missing = not (settings.folder / "spool.db").exists()
    if missing:
        raise BridgeError(
            f"there is no spool in {settings.folder} yet: the daemon makes it when it first runs. "
            f"Is `spool.folder` in {config_path} right?"
        )
    with contextlib.closing(Spool.open(settings, clock=SystemClock(), exclusive=False)) as spool:
        yield spool


def say(line: str, *, err: bool = False) -> None:
    """One line to standard output, or to standard error."""
    click.echo(printable(line), err=err)


def row(summary: Summary) -> str:
    """A delivery on one line: id, state, age, route, and what was last said of it."""
    now = datetime.now(UTC)
    age = span((now - summary.received_at).total_seconds())
    waits = summary.state == "ready" and summary.next_at is not None and summary.next_at > now
    again = f"again at {summary.next_at:%H:%M:%S} UTC: " if waits else ""
    return f"{summary.id:15} {summary.state:9} {age:>4}  {summary.route:16} {again}{summary.reason}".rstrip()


def at(moment: datetime) -> str:
    """A moment to the millisecond, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def span(seconds: float) -> str:
    """A length of time as a person says it: 12s, 5m, 3h, 2d."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def count(number: int, noun: str) -> str:
    """ "no mails", "1 mail", "2 mails"."""
    return f"{number or 'no'} {noun}" + ("" if number == 1 else "s")
