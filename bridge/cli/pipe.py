"""`pipe`: one mail on standard input into the spool, for pipe transports, aliases and .forward."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import click

from bridge import log
from bridge.cli.app import config_option
from bridge.clock import SystemClock
from bridge.compose import route as routing
from bridge.config import load
from bridge.errors import BridgeError
from bridge.intake import pipe as piping
from bridge.spool import Spool


@click.command()
@config_option
@click.option(
    "--recipient", "recipients", multiple=True, required=True, help="The envelope recipient; may be repeated."
)
@click.option("--reverse-path", help="The envelope's MAIL FROM; by default that of a leading mbox line.")
def pipe(config_path: Path, recipients: tuple[str, ...], reverse_path: str | None) -> None:
    """Take one mail on standard input into the running spool.

    Exit status 0 only when it is on disk; 75 when in doubt, so that the mail server tries again; 65, 66, 67 and 64 as in sysexits.h
    for a mail that is refused, missing, for nobody, or a wrong call.
    """
    log.configure(level="error")
    try:
        taken = asyncio.run(_take(config_path, recipients, reverse_path))
    except BridgeError as error:
        # Also a config that is broken just now: the mail itself is good, and a person will mend it.
        click.echo(str(error), err=True)
        sys.exit(os.EX_TEMPFAIL)
    click.echo(taken.text, err=True)
    sys.exit(taken.status)


async def _take(config_path: Path, recipients: tuple[str, ...], reverse_path: str | None) -> piping.Taken:
    config = load.load(config_path)
    clock = SystemClock()
    with closing(Spool.open(config.spool, clock=clock, exclusive=False)) as spool:
        return await piping.take(
            sys.stdin.buffer,
            recipients,
            reverse_path=reverse_path,
            settings=config.smtp,
            hostname=config.hostname,
            spool=spool,
            targets=partial(routing.targets, config.routes),
            wants=lambda recipient: routing.find(config.routes, recipient) is not None,
            clock=clock,
        )
