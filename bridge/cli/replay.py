"""`replay`: what today's rules would make of mails that are still kept, against what was made of them. Posts nothing."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from bridge import explain as explaining
from bridge import log, plan
from bridge.cli import showing
from bridge.cli.app import config_option
from bridge.cli.showing import count, say
from bridge.config import load
from bridge.config.schema import Config
from bridge.errors import BridgeError
from bridge.model import File, KeyClue
from bridge.spool import Spool, Trace

#: Names of conversations by today's rules, each with the first mail that has it and the conversation that one is in.
_Seen = dict[str, tuple[str, int]]

#: Lines of a body's difference that are shown.
MAX_DIFF = 40


@click.command()
@config_option
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option(
    "--since",
    metavar="TIME",
    type=click.DateTime(),
    help="Only mail received since then, such as 2026-11-22 or 2026-11-22T20:15:00 (UTC).",
)
@click.option("--route", metavar="NAME", help="Only mail of this route.")
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="At most so many mails, the newest first.",
)
def replay(
    config_path: Path, ids: tuple[str, ...], since: datetime | None, route: str | None, limit: int
) -> None:
    """Compare what was posted with what today's rules would post.

    Takes the delivered mails that are still kept as they came. For a change of rules, before the daemon is restarted with them;
    nothing is posted.
    """
    log.configure(level="error")
    config = load.load(config_path)
    from_at = since.replace(tzinfo=UTC) if since else None
    compared = differing = 0
    seen: _Seen = {}
    with showing.opened(config.spool, config_path) as spool:
        for trace in _chosen(spool, ids, limit):
            summary = trace.summary
            if (from_at and summary.received_at < from_at) or (route and summary.route != route):
                continue
            compared += 1
            lines = list(_differences(config, spool, trace, seen))
            differing += bool(lines)
            for line in lines:
                say(f"{summary.id}  {line}")
    say(f"{count(compared, 'mail')} compared, {differing} would differ.")


def _chosen(spool: Spool, ids: tuple[str, ...], limit: int) -> Iterator[Trace]:
    operator = spool.operator
    wanted = ids or tuple(
        summary.id for summary in operator.list(("delivered",), limit=limit, newest_first=True)
    )
    for id_ in wanted:
        # Without a plan nothing was made of the mail yet; without the mail nothing can be made of it again.
        yield from (trace for trace in operator.trace(id_) if trace.plan and trace.summary.raw_kept)


def _differences(config: Config, spool: Spool, trace: Trace, seen: _Seen) -> Iterator[str]:
    """One line for each thing that would be otherwise."""
    raw = spool.operator.raw(trace.summary.id)
    if raw is None or trace.plan is None:
        return
    planned = plan.from_json(trace.plan)
    then = planned.draft
    content = raw if isinstance(raw, bytes) else raw.read_bytes()
    envelope = replace(trace.envelope, recipients=trace.summary.recipients)
    try:
        now = asyncio.run(explaining.explain(config, content, envelope))
    except BridgeError as error:
        yield f"would not be taken: {error}"
        return
    if now.route != trace.summary.route:
        yield f"route: {trace.summary.route} → {now.route}"
    if now.draft is None:
        yield f"would be {now.placed.state}: {now.placed.because}"
        return
    yield from _elsewhere(now, trace, planned, seen)
    for what, before, after in (
        (
            "author",
            f"{then.user.name} <{then.user.email}>",
            f"{now.draft.user.name} <{now.draft.user.email}>",
        ),
        ("subject", then.subject, now.draft.subject),
        ("tags", ", ".join(then.tags), ", ".join(now.draft.tags)),
        ("fields", _fields(then.data), _fields(now.draft.data)),
        ("contact", _fields(then.contact), _fields(now.draft.contact)),
        ("copied", ", ".join(then.recipients), ", ".join(now.draft.recipients)),
        ("files", _names(then.files), _names(now.draft.files)),
        ("quiet", str(then.suppress_notifications), str(now.draft.suppress_notifications)),
        ("note", " ".join(then.note), " ".join(now.draft.note)),
    ):
        if before != after:
            yield f"{what}: {before or '(none)'} → {after or '(none)'}"
    changed = difflib.unified_diff(then.body.splitlines(), now.draft.body.splitlines(), lineterm="", n=0)
    for number, line in enumerate(changed):
        if number >= MAX_DIFF:
            yield "body: … and more"
            break
        if number >= 2:
            yield f"body: {line}"


def _elsewhere(now: explaining.Explanation, trace: Trace, planned: plan.Plan, seen: _Seen) -> Iterator[str]:
    """A line where the mail would be in another conversation: one that is known, a new one, or that of a mail compared before."""
    then, row = trace.summary.conversation, now.placed.conversation
    if then is None or row is None:
        return
    where = then.slug or "a new one"
    if row.slug is not None and row.number != then.number:
        yield f"conversation: {where} → {row.slug}, by {now.placed.because}"
        return
    for clue in now.sorting.clues:
        if row.slug is not None and clue.because == now.placed.because:
            return
        if isinstance(clue, KeyClue) and clue.key.startswith("key:"):
            id_, number = seen.setdefault(clue.key, (trace.summary.id, then.number))
            if number != then.number:
                yield f"conversation: {where} → the one of {id_}, by {clue.because}"
                return
    if row.slug is None and planned.slug is not None:
        yield f"conversation: {where} → a new one"


def _fields(values: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name} “{value}”" for name, value in values)


def _names(files: tuple[File, ...]) -> str:
    return ", ".join(f"{file.name} {file.sha256[:8]}" for file in files)
