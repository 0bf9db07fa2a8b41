"""`status`, `trace` and `queue`: what waits, what failed and why, and what to do about it. Works beside a running daemon."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bridge.cli.app import config_option
from bridge.clock import SystemClock
from bridge.compose import route as routing
from bridge.config import load
from bridge.errors import BridgeError
from bridge.model import Target
from bridge.spool import SETTLED, WAITING, Spool, Summary, Trace

STATES = (*WAITING, *SETTLED)


class NoSuchMailError(BridgeError):
    """No delivery has that id."""


@contextlib.contextmanager
def _spool(config_path: Path) -> Iterator[Spool]:
    """The spool of that config, beside whoever else uses it."""
    settings = load.load(config_path).spool
    if not (settings.folder / "spool.db").exists():
        raise BridgeError(
            f"there is no spool in {settings.folder} yet: the daemon makes it when it first runs"
        )
    with contextlib.closing(Spool.open(settings, clock=SystemClock(), exclusive=False)) as spool:
        yield spool


# -- looking ---------------------------------------------------------------------------------------


@click.command()
@config_option
def status(config_path: Path) -> None:
    """Say what waits, since when, and whether every accepted mail is accounted for.

    Exit status 1 if something needs a person.
    """
    with _spool(config_path) as spool:
        counts, ledger = spool.counts(), spool.ledger()
        difference, oldest_s = spool.audit(), spool.oldest_s()
        waiting = sum(counts.get(state, 0) for state in WAITING)
        click.echo(f"waiting      {waiting}" + (f", the oldest for {_span(oldest_s)}" if waiting else ""))
        for state in WAITING:
            click.echo(f"  {state:10} {counts.get(state, 0)}")
        for what in ("held", "dead"):
            click.echo(f"{what:12} {counts.get(what, 0)}")
        for what in ("accepted", "delivered", "dropped"):
            click.echo(f"{what:12} {ledger.get(what, 0)} in all")
        for state, count in difference.items():
            click.echo(f"unaccounted  {count:+} {state}: a mail is in no state; please report this", err=True)
        last = spool.operator.list(("ready",), limit=1)
        if last and last[0].reason:
            click.echo(f"last answer  {last[0].reason}")
    if difference or counts.get("dead"):
        sys.exit(1)


@click.command()
@config_option
@click.argument("wanted", metavar="ID-OR-MESSAGE-ID")
def trace(config_path: Path, wanted: str) -> None:
    """Tell the whole life of a mail: each step with its time, its answer and how long it took."""
    with _spool(config_path) as spool:
        found = spool.operator.trace(wanted)
        if not found:
            raise NoSuchMailError(f"no mail {wanted!r} is in the spool: it never arrived, or was swept since")
        for each in found:
            for line in _life(each):
                click.echo(line)


def _life(trace: Trace) -> Iterator[str]:
    summary, envelope = trace.summary, trace.envelope
    yield f"{summary.id}  {summary.state}" + (f": {summary.reason}" if summary.reason else "")
    came = f"accepted from {envelope.peer} ({envelope.helo}) by {envelope.listener}, {summary.size_bytes:,} bytes"
    yield f"  {_time(summary.received_at)}  {came}"
    yield f"      from <{envelope.reverse_path}> to {', '.join(summary.recipients)}, route {summary.route}"
    yield f"      {summary.summary}  <{summary.message_id or 'no Message-ID'}>"
    lines = [(event.at, f"{event.event} {event.detail}".rstrip()) for event in trace.events]
    for step in trace.steps:
        if step.begun_at is not None:
            took = ""
            if step.finished_at is not None:
                took = (
                    f" took {(step.finished_at - step.begun_at).total_seconds() * 1000:.0f} ms: {step.answer}"
                )
            lines.append((step.begun_at, f"step {step.name} [{step.key}]{took or ' has no answer yet'}"))
    for at, line in sorted(lines):
        yield f"  {_time(at)}  {line}"
    if summary.conversation is not None:
        row = summary.conversation
        yield f"  conversation {row.number}: {row.slug or 'no slug yet'} ({row.brand}/{row.channel}) {row.subject}"


# -- queue -----------------------------------------------------------------------------------------


@click.group()
def queue() -> None:
    """Look at the queue and change it."""


@queue.command("list")
@config_option
@click.option(
    "--state",
    "states",
    type=click.Choice(STATES),
    multiple=True,
    help="Only these states; default: all that is not over.",
)
@click.option("--limit", default=100, show_default=True)
def list_(config_path: Path, states: tuple[str, ...], limit: int) -> None:
    """List deliveries, oldest first."""
    with _spool(config_path) as spool:
        for summary in spool.operator.list(states or (*WAITING, "held", "dead"), limit=limit):
            click.echo(_line(summary))


@queue.command()
@config_option
@click.argument("id_", metavar="ID")
def show(config_path: Path, id_: str) -> None:
    """Show a delivery with its last answer."""
    with _spool(config_path) as spool:
        for summary in _known(spool, id_):
            click.echo(_line(summary))
            click.echo(f"  {summary.summary}")
            click.echo(
                f"  to {', '.join(summary.recipients)}; {summary.attempts} attempts; {summary.reason or 'no trouble'}"
            )


@queue.command()
@config_option
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Every dead letter.")
@click.option("--since", type=click.DateTime(), help="With --all: only those settled since then (UTC).")
def retry(config_path: Path, ids: tuple[str, ...], all_: bool, since: datetime | None) -> None:
    """Try again now: a dead letter, a held mail, or one that waits for its next attempt."""
    if bool(ids) == all_:
        raise click.UsageError("give ids, or --all")
    with _spool(config_path) as spool:
        if all_:
            count = spool.operator.retry_all(since=since.replace(tzinfo=UTC) if since else None)
        else:
            count = sum(_changed(spool.operator.retry(id_), id_) for id_ in ids)
    click.echo(f"{count} taken up again.")


@queue.command()
@config_option
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def release(config_path: Path, ids: tuple[str, ...]) -> None:
    """Let held mails go on."""
    with _spool(config_path) as spool:
        count = sum(_changed(spool.operator.retry(id_), id_) for id_ in ids)
    click.echo(f"{count} released.")


@queue.command()
@config_option
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", default="held by an operator", show_default=True)
def hold(config_path: Path, ids: tuple[str, ...], reason: str) -> None:
    """Keep waiting mails back until they are released."""
    with _spool(config_path) as spool:
        count = sum(_changed(spool.operator.hold(id_, reason), id_) for id_ in ids)
    click.echo(f"{count} held.")


@queue.command()
@config_option
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", default="dropped by an operator", show_default=True)
@click.option("--purge", is_flag=True, help="Also delete the mail as it came, at once.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(config_path: Path, ids: tuple[str, ...], reason: str, purge: bool, yes: bool) -> None:
    """Give mails up. They are kept as they came until retention removes them, unless --purge is given."""
    with _spool(config_path) as spool:
        for id_ in ids:
            for summary in _known(spool, id_):
                click.echo(_line(summary))
        if not yes:
            click.confirm(
                "Drop these?" + (" The mails as they came are deleted for good." if purge else ""), abort=True
            )
        count = sum(_changed(spool.operator.drop(id_, reason, purge=purge), id_) for id_ in ids)
    click.echo(f"{count} dropped.")


@queue.command()
@config_option
@click.argument("id_", metavar="ID")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    default="-",
    help="A file; default: standard output.",
)
def export(config_path: Path, id_: str, output: Path) -> None:
    """Write the mail as it came, as .eml."""
    with _spool(config_path) as spool:
        _known(spool, id_)
        content = spool.operator.raw(id_)
        if content is None:
            raise NoSuchMailError(f"the mail {id_} is no longer kept as it came: retention removed it")
        with click.open_file(str(output), "wb") as sink:
            if isinstance(content, bytes):
                sink.write(content)
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, sink)


@queue.command("edit-recipient")
@config_option
@click.argument("id_", metavar="ID")
@click.argument("recipient")
def edit_recipient(config_path: Path, id_: str, recipient: str) -> None:
    """Deliver a mail as if it had been sent to another recipient; its route is chosen anew."""
    route = routing.find(load.load(config_path).routes, recipient)
    if route is None:
        raise BridgeError(f"no route takes {recipient}: see `routes` in {config_path}")
    with _spool(config_path) as spool:
        _known(spool, id_)
        _changed(spool.operator.redirect(id_, Target(route.name, route.brand, (recipient,))), id_)
    click.echo(f"{id_} goes to {recipient} by route {route.name}.")


def _known(spool: Spool, id_: str) -> tuple[Summary, ...]:
    found = spool.operator.show(id_)
    if not found:
        raise NoSuchMailError(f"no mail {id_!r} is in the spool; `reamaze-bridge queue list` names them")
    return found


def _changed(count: int, id_: str) -> int:
    if not count:
        raise NoSuchMailError(
            f"{id_}: there is no such mail in a state that allows this; see `reamaze-bridge trace {id_}`"
        )
    return count


def _line(summary: Summary) -> str:
    age = _span((datetime.now(UTC) - summary.received_at).total_seconds())
    return f"{summary.id:15} {summary.state:9} {age:>6}  {summary.route:16} {summary.reason}".rstrip()


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _span(seconds: float) -> str:
    """A length of time as a person says it: 12s, 5m, 3h, 2d."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(timedelta(seconds=max(0, int(seconds))).total_seconds())}s"
