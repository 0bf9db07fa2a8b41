"""`queue`: look at single mails and decide what becomes of them. Works beside a daemon and without."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from bridge.cli import showing
from bridge.cli.app import Group, config_option
from bridge.cli.showing import NoSuchMailError, say
from bridge.compose import route as routing
from bridge.config import load
from bridge.errors import BridgeError
from bridge.model import Target
from bridge.spool import SETTLED, WAITING, Spool, Summary

STATES = (*WAITING, *SETTLED)
#: All that is not over.
OPEN = (*WAITING, "held", "dead")

_ids = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.group(cls=Group)
def queue() -> None:
    """Look at single mails and decide what becomes of them.

    An ID is the one that stood in the mail's 250, in the log and in the internal note. A mail for several routes has several
    deliveries: ID alone means all of them, ID.2 the second.
    """


# -- looking ---------------------------------------------------------------------------------------


@queue.command("list")
@config_option
@click.option(
    "--state",
    "states",
    metavar="STATE",
    type=click.Choice(STATES),
    multiple=True,
    help=f"Only this state; may be repeated. One of {', '.join(STATES)}. Default: all that is not over.",
)
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="At most so many lines.",
)
def list_(config_path: Path, states: tuple[str, ...], limit: int) -> None:
    """List deliveries, oldest first.

    A line holds the id, the state, the age, the route, and what was last said of it.
    """
    with showing.opened(load.load(config_path).spool, config_path) as spool:
        found = spool.operator.list(states or OPEN, limit=limit + 1)
    for summary in found[:limit]:
        say(showing.row(summary))
    if len(found) > limit:
        say(f"There are more than {limit}; see them with --limit.", err=True)
    if not found:
        say(f"No mail is {' or '.join(states)}." if states else "Nothing waits, is held or dead.", err=True)


@queue.command()
@config_option
@_ids
def show(config_path: Path, ids: tuple[str, ...]) -> None:
    """Show who wrote, to whom, and what was last said of it."""
    with showing.opened(load.load(config_path).spool, config_path) as spool:
        for id_ in ids:
            for summary in _known(spool, id_):
                say(showing.row(summary))
                say(f"  {summary.summary}")
                say(f"  to {', '.join(summary.recipients)}, {showing.count(summary.attempts, 'attempt')}")
                if not summary.raw_kept:
                    say("  the mail as it came is no longer kept")


@queue.command()
@config_option
@click.argument("id_", metavar="ID")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    default="-",
    help="Where to write it; default: standard output.",
)
def export(config_path: Path, id_: str, output: Path) -> None:
    """Write a mail as it came, byte by byte, as .eml."""
    with showing.opened(load.load(config_path).spool, config_path) as spool:
        _known(spool, id_)
        content = spool.operator.raw(id_)
        if content is None:
            raise NoSuchMailError(
                f"the mail {id_} is no longer kept as it came: retention or --purge removed it"
            )
        with click.open_file(str(output), "wb") as sink:
            if isinstance(content, bytes):
                sink.write(content)
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, sink)


# -- changing --------------------------------------------------------------------------------------


@queue.command()
@config_option
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Every dead letter.")
@click.option(
    "--since",
    metavar="TIME",
    type=click.DateTime(),
    help="With --all: only what died since then, such as 2026-11-22 or 2026-11-22T20:15:00 (UTC).",
)
def retry(config_path: Path, ids: tuple[str, ...], all_: bool, since: datetime | None) -> None:
    """Try again now: dead letters, held mails, and what waits.

    Attempts are counted anew. If nothing of the mail was posted yet, the config of today decides what is.
    """
    if bool(ids) == all_:
        raise click.UsageError("give either ids or --all")
    if since is not None and not all_:
        raise click.UsageError("--since goes with --all")
    with showing.opened(load.load(config_path).spool, config_path) as spool:
        if all_:
            taken = spool.operator.retry_all(since=since.replace(tzinfo=UTC) if since else None)
            say(f"{showing.count(taken, 'mail')} taken up again.")
        else:
            _each(ids, spool.operator.retry, "taken up again")


@queue.command()
@config_option
@_ids
@click.option(
    "--reason",
    metavar="TEXT",
    default="held by an operator",
    show_default=True,
    help="What `trace` will say.",
)
def hold(config_path: Path, ids: tuple[str, ...], reason: str) -> None:
    """Keep waiting mails back until they are released."""
    with showing.opened(load.load(config_path).spool, config_path) as spool:
        _each(ids, lambda id_: spool.operator.hold(id_, reason), "held")


@queue.command()
@config_option
@_ids
def release(config_path: Path, ids: tuple[str, ...]) -> None:
    """Let held mails go on."""
    with showing.opened(load.load(config_path).spool, config_path) as spool:
        _each(ids, lambda id_: _release(spool, id_), "released")


@queue.command("edit-recipient")
@config_option
@click.argument("id_", metavar="ID")
@click.argument("recipient")
def edit_recipient(config_path: Path, id_: str, recipient: str) -> None:
    """Deliver a mail as if it had been sent to RECIPIENT.

    The route is chosen anew. Only before anything of the mail was posted.
    """
    config = load.load(config_path)
    route = routing.find(config.routes, recipient)
    if route is None:
        raise BridgeError(f"no route takes {recipient}: see `routes` in {config_path}")
    with showing.opened(config.spool, config_path) as spool:
        _known(spool, id_)
        spool.operator.redirect(id_, Target(route.name, route.brand, (recipient,)))
    say(f"{id_} goes to {recipient} by route {route.name}.")


@queue.command()
@config_option
@_ids
@click.option(
    "--reason",
    metavar="TEXT",
    default="dropped by an operator",
    show_default=True,
    help="What `trace` will say.",
)
@click.option("--purge", is_flag=True, help="Also delete the mail as it came, at once and for good.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(config_path: Path, ids: tuple[str, ...], reason: str, purge: bool, yes: bool) -> None:
    """Give mails up; asks first.

    The mail as it came is kept until retention removes it (`spool.keep_dead_days`), unless --purge is given.
    """
    with showing.opened(load.load(config_path).spool, config_path) as spool:
        for id_ in ids:
            for summary in _known(spool, id_):
                say(showing.row(summary))
        warning = " The mail as it came is deleted for good." if purge else ""
        if not yes and not click.confirm(f"Drop?{warning}", err=True):
            say("Nothing was dropped.", err=True)
            sys.exit(1)
        _each(ids, lambda id_: spool.operator.drop(id_, reason, purge=purge), "dropped")


def _release(spool: Spool, id_: str) -> int:
    held = [summary for summary in _known(spool, id_) if summary.state == "held"]
    if not held:
        raise BridgeError(f"mail {id_} is not held; `reamaze-bridge queue retry` takes others up")
    return sum(spool.operator.retry(summary.id) for summary in held)


def _known(spool: Spool, id_: str) -> tuple[Summary, ...]:
    found = spool.operator.show(id_)
    if not found:
        raise NoSuchMailError(
            f"no mail {id_!r} is in the spool; `reamaze-bridge queue list` names those there are"
        )
    return found


def _each(ids: tuple[str, ...], change: Callable[[str], int], done: str) -> None:
    """Change every mail that can be; name the others, and end with status 1 if there are any."""
    changed, refused = 0, False
    for id_ in ids:
        try:
            changed += change(id_)
        except BridgeError as error:
            refused = True
            say(f"reamaze-bridge: {error}", err=True)
    say(f"{showing.count(changed, 'mail')} {done}.")
    if refused:
        sys.exit(1)
