"""`status` and `trace`: what waits and what is in trouble, and the whole life of one mail. Works beside a daemon and without."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bridge.cli import showing
from bridge.cli.app import config_option
from bridge.cli.showing import NoSuchMailError, say
from bridge.config import load
from bridge.spool import WAITING, Spool, Step, Trace

#: How long the daemon may take to say how it is.
_ANSWERS_WITHIN_S = 3.0
_MOST_HEALTH_BYTES = 256 * 1024
#: Hosts that a server listens on but nobody can call.
_EVERYWHERE = ("", "0.0.0.0", "::", "*")  # noqa: S104 - named to be replaced


@click.command()
@config_option
def status(config_path: Path) -> None:
    """Say what waits, since when, and what is in trouble.

    Asks the spool, and the daemon if it runs. Exit status 1 if something needs a person: a daemon that does not answer, a paused
    brand, a limit that has mail refused, a dead letter, or a mail that is not accounted for.
    """
    config = load.load(config_path)
    with showing.opened(config.spool, config_path) as spool:
        troubles = [*_of_daemon(config.operate.listen), *_of_spool(spool)]
    for trouble in troubles:
        say(f"trouble      {trouble}")
    if troubles:
        sys.exit(1)


def _of_daemon(listen: str | None) -> list[str]:
    """Print how the daemon is, where it can be asked; what is wrong with it."""
    if listen is None:
        say("daemon       not asked: `operate.listen` is null")
        return []
    try:
        health = _health(listen)
    except (OSError, http.client.HTTPException, ValueError):
        say(f"daemon       does not answer at {listen}")
        return ["the daemon does not run, or not with this config"]
    say(f"daemon       {health.get('version', '')}, answers at {listen}")
    # The dead letters and the account are read from the spool itself.
    paused = health.get("paused")
    return [
        f'brand "{brand}" is paused: {reason}'
        for brand, reason in (paused.items() if isinstance(paused, dict) else ())
    ]


def _health(listen: str) -> dict[str, Any]:
    """What the daemon says of itself. Raises OSError, HTTPException or ValueError when it does not."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    connection = http.client.HTTPConnection(
        "127.0.0.1" if host in _EVERYWHERE else host, int(port), timeout=_ANSWERS_WITHIN_S
    )
    try:
        connection.request("GET", "/health")
        answer = json.loads(connection.getresponse().read(_MOST_HEALTH_BYTES))
    finally:
        connection.close()
    if not isinstance(answer, dict) or "waiting" not in answer:
        raise ValueError("another program answers there")
    return answer


def _of_spool(spool: Spool) -> list[str]:
    """Print the figures of the spool; what is wrong with them."""
    counts, ledger = spool.counts(), spool.ledger()
    waiting = sum(counts.get(state, 0) for state in WAITING)
    say(f"waiting      {waiting}" + (f", the oldest for {showing.span(spool.oldest_s())}" if waiting else ""))
    for state in WAITING:
        say(f"  {state:10} {counts.get(state, 0)}")
    for state in ("held", "dead"):
        say(f"{state:12} {counts.get(state, 0)}")
    for what in ("accepted", "delivered", "dropped"):
        say(f"{what:12} {ledger.get(what, 0)} in all")
    next_up = spool.operator.list(("ready",), limit=1)
    if next_up and next_up[0].reason:
        say(f"last answer  {next_up[0].reason}")
    return [
        *spool.closed(),
        *(
            f"{difference:+} {state}: a mail is in no state; please report this"
            for state, difference in spool.audit().items()
        ),
        *(
            [f"{showing.count(dead, 'dead letter')}: see `reamaze-bridge queue list --state dead`"]
            if (dead := counts.get("dead", 0))
            else []
        ),
    ]


@click.command()
@config_option
@click.argument("wanted", metavar="ID-OR-MESSAGE-ID")
def trace(config_path: Path, wanted: str) -> None:
    """Tell the whole life of a mail, step by step.

    Each step with its time, its answer and how long it took. All times are UTC.
    """
    with showing.opened(load.load(config_path).spool, config_path) as spool:
        found = spool.operator.trace(wanted)
        if not found:
            raise NoSuchMailError(
                f"no mail {wanted!r} is in the spool: it never arrived here, or retention removed it since"
            )
        for each in found:
            for line in _life(each):
                say(line)


def _life(trace: Trace) -> Iterator[str]:
    summary, envelope = trace.summary, trace.envelope
    yield f"{summary.id}  {summary.state}" + (f": {summary.reason}" if summary.reason else "")
    peer = f"{envelope.peer} ({envelope.helo})" if envelope.helo else envelope.peer
    if envelope.login:
        peer += f", logged in as {envelope.login},"
    yield (
        f"  {showing.at(summary.received_at)}  accepted from {peer} by {envelope.listener}, {summary.size_bytes:,} bytes"
    )
    yield f"      from <{envelope.reverse_path}> to {', '.join(summary.recipients)}, route {summary.route}"
    if summary.summary:
        yield f"      {summary.summary}"
    if summary.message_id:
        yield f"      Message-ID <{summary.message_id}>"
    lines = [
        (event.at, f"{event.event}: {event.detail}" if event.detail else event.event)
        for event in trace.events
    ]
    lines += [(step.begun_at, _step(step)) for step in trace.steps if step.begun_at is not None]
    for moment, line in sorted(lines, key=lambda each: each[0]):
        yield f"  {showing.at(moment)}  {line}"
    if not summary.raw_kept:
        yield "  the mail as it came is no longer kept"
    if summary.conversation is not None:
        row = summary.conversation
        yield f"  conversation {row.number}: {row.slug or 'no slug yet'} ({row.brand}/{row.channel}) {row.subject}"


def _step(step: Step) -> str:
    if step.begun_at is None or step.finished_at is None:
        return f"step {step.name}: no answer yet [{step.key}]"
    ms = (step.finished_at - step.begun_at).total_seconds() * 1000
    return f"step {step.name}: {_answer(step.answer or '')} ({ms:.0f} ms) [{step.key}]"


def _answer(stored: str) -> str:
    """A stored answer as a person reads it: what it names, without what it leaves empty."""
    try:
        answer = json.loads(stored)
    except ValueError:
        return stored
    if not isinstance(answer, dict):
        return stored
    # A digest says where the file lies, and for that its beginning will do.
    answer |= {"sha256": str(answer["sha256"])[:12]} if "sha256" in answer else {}
    said = {key: value for key, value in answer.items() if value not in (None, "", False, [])}
    return ", ".join(
        key if value is True else f"{key.replace('_', ' ')} {value}" for key, value in said.items()
    )
