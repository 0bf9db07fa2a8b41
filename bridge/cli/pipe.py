"""`pipe`: one mail on standard input into the spool, for pipe transports, aliases and .forward."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

import click

from bridge import log
from bridge.cli import showing
from bridge.cli.app import config_option, unexpected
from bridge.clock import SystemClock
from bridge.compose import route as routing
from bridge.config import load
from bridge.config.schema import Route
from bridge.errors import BridgeError
from bridge.intake import pipe as piping
from bridge.spool import Spool


class _WrongCallError(click.UsageError):
    """The administrator's mistake: the mail server keeps the mail while it is mended."""

    exit_code = os.EX_TEMPFAIL


class _Pipe(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _WrongCallError(error.format_message(), error.ctx) from error


@click.command(cls=_Pipe)
@config_option
@click.option(
    "--recipient",
    "recipients",
    metavar="ADDRESS",
    multiple=True,
    required=True,
    help="The envelope recipient; may be repeated.",
)
@click.option(
    "--reverse-path",
    metavar="ADDRESS",
    help="The envelope's MAIL FROM; by default that of a leading mbox line.",
)
def pipe(config_path: Path, recipients: tuple[str, ...], reverse_path: str | None) -> None:
    """Take one mail on standard input into the spool.

    Exit status 0 only when it is on disk; 75 when in doubt, so that the mail server tries again; 65, 66 and 67 as in sysexits.h
    for a mail that is refused, missing, or for nobody. The daemon need not run just now.
    """
    log.configure(level="error")
    try:
        taken = asyncio.run(_take(config_path, recipients, reverse_path))
    except BridgeError as error:
        # Also a config that is broken just now: the mail itself is good, and a person will mend it.
        click.echo(log.printable(str(error)), err=True)
        sys.exit(os.EX_TEMPFAIL)
    except Exception as error:  # noqa: BLE001 - any other status would make the mail server send the mail back
        click.echo(unexpected(error), err=True)
        sys.exit(os.EX_TEMPFAIL)
    click.echo(log.printable(taken.text), err=True)
    sys.exit(taken.status)


async def _take(config_path: Path, recipients: tuple[str, ...], reverse_path: str | None) -> piping.Taken:
    config = load.load(config_path)
    clock = SystemClock()
    # A spool made here would belong to the mail server's user, and the daemon could not open it.
    with showing.opened(config.spool, config_path) as spool:
        return await piping.take(
            sys.stdin.buffer,
            recipients,
            reverse_path=reverse_path,
            settings=config.smtp,
            hostname=config.hostname,
            spool=spool,
            targets=partial(routing.targets_of_all, config.routes),
            wants=lambda recipient: routing.find(config.routes, recipient) is not None,
            stuck=lambda recipient: _stuck(spool, routing.find(config.routes, recipient)),
            clock=clock,
        )


def _stuck(spool: Spool, route: Route | None) -> bool:
    return route is not None and spool.stuck(route.name)
