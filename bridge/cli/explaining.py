"""`explain`: what would become of a mail, and why."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from bridge import explain as explaining
from bridge import log
from bridge.cli.app import config_option
from bridge.cli.showing import say
from bridge.clock import SystemClock
from bridge.config import load
from bridge.config.schema import Config
from bridge.model import Attached, Clue, Envelope, KeyClue, Mail, SlugClue, ThreadClue, TokenClue


@click.command()
@config_option
@click.argument("mail", type=click.File("rb"))
@click.option("--recipient", help="The envelope recipient; by default the first address a route names.")
@click.option("--reverse-path", "reverse_path", default="", help="The envelope's MAIL FROM.")
@click.option("--peer", default="127.0.0.1", show_default=True, help="The address the mail would come from.")
@click.option("--login", help="The name by which the peer would be logged in.")
@click.option("--trusted", is_flag=True, help="As if the peer's header fields were believed.")
@click.option("--json", "as_json", is_flag=True, help="Print exactly the requests, nothing else.")
def explain(  # noqa: PLR0917 - one an option
    config_path: Path,
    mail: BinaryIO,
    recipient: str | None,
    reverse_path: str,
    peer: str,
    login: str | None,
    trusted: bool,
    as_json: bool,
) -> None:
    """Say what would become of the mail in the file MAIL, and why.

    MAIL may be "-" for standard input. The code is that of the daemon; nothing is posted or kept. If there is a spool, it is
    asked which conversation the mail belongs to.
    """
    log.configure(level="error")
    config = load.load(config_path)
    envelope = Envelope(
        reverse_path=reverse_path,
        recipients=(recipient or _first_recipient(config),),
        peer=peer,
        helo="explain",
        listener="explain",
        received_at=SystemClock().now(),
        login=login,
        trusted=trusted,
    )
    found = asyncio.run(explaining.explain(config, mail.read(), envelope))
    if as_json:
        click.echo(json.dumps(found.requests, indent=2, ensure_ascii=False))
    else:
        for line in _report(found, envelope):
            say(line)
        if found.draft is not None:
            click.echo()
            # Markdown of several lines, from which controls were taken when the mail was read.
            click.echo(found.draft.body)


def _first_recipient(config: Config) -> str:
    """An address that a route names outright."""
    for route in config.routes:
        for recipient in route.recipients:
            if not recipient.startswith(("@", "/")):
                return recipient
    raise click.UsageError("no route names an address outright: say which with --recipient")


def _report(found: explaining.Explanation, envelope: Envelope) -> Iterator[str]:
    yield f"recipient     {envelope.recipients[0]} → route {found.route}"
    yield f"author        {found.sorting.user.name} <{found.sorting.user.email}>"
    yield f"subject       {found.sorting.subject}"
    row = found.placed.conversation
    slug = f"{row.slug}: " if row is not None and row.slug else ""
    yield f"conversation  {slug}{found.placed.because}"
    if found.unknown:
        yield f"              ({found.unknown})"
    for clue in found.sorting.clues:
        yield f"              clue: {_clue(clue)}"
    if found.placed.conversation is None:
        yield f"state         {found.placed.state}: {found.placed.because}"
    yield "parts"
    yield from _parts(found.mail)
    for decision in found.draft.decisions if found.draft else ():
        yield f"because       {decision.what}: {decision.because}"
    for line in found.unfound:
        yield f"not found     {line}"
    for defect in found.mail.defects:
        yield f"defect        {defect}"
    for line in found.draft.note if found.draft else ():
        yield f"note          {line}"
    for call in found.requests:
        yield f"request       {call['method']} {call['path']}"


def _clue(clue: Clue) -> str:
    match clue:
        case SlugClue(slug, because, always):
            return f"the slug {slug}, {'whoever writes' if always else 'if the author takes part'}; {because}"
        case TokenClue(number, because):
            return f"our token of conversation {number}; {because}"
        case ThreadClue(message_ids, because):
            return f"{len(message_ids)} ids of earlier mails; {because}"
        case KeyClue(key, because):
            return f"the key {key}; {because}"


def _parts(mail: Mail) -> Iterator[str]:
    attached = {block.leaf for block in mail.blocks if isinstance(block, Attached)}
    for leaf in mail.leaves:
        where = "file" if leaf.index in attached else "words"
        yield f"              {leaf.section:8} {leaf.content_type:32} {where:6} {leaf.filename or ''}".rstrip()
