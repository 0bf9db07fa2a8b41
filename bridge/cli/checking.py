"""`check`: what is wrong with a config, all at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from bridge import log
from bridge.cli.app import config_option
from bridge.cli.showing import count, say
from bridge.clock import SystemClock
from bridge.compose import check as examples
from bridge.compose import route as routing
from bridge.config import load
from bridge.config.schema import Config
from bridge.errors import BridgeError, ConfigError, StartError
from bridge.intake.tls import Certificate
from bridge.mail import parse
from bridge.reamaze import Client

_Finding = tuple[tuple[str | int, ...], str]


@click.command()
@config_option
@click.option("--online", is_flag=True, help="Also ask Re:amaze whether login, token and channels are right.")
def check(config_path: Path, online: bool) -> None:
    """Name every mistake of the config, as file:line:column.

    Runs the examples written beside the routes, and tries certificates and secrets. Exit status 78 if anything is wrong.
    What only a running service can see, such as a systemd credential, is a warning here and a mistake for `run`.
    """
    log.configure(level="error")
    loaded = load.read(config_path)
    config = loaded.config
    mistakes, warnings = load.secrets(loaded)
    if "CREDENTIALS_DIRECTORY" not in os.environ:
        unseen = tuple(line for line in mistakes if load.NO_CREDENTIALS in line)
        mistakes, warnings = tuple(line for line in mistakes if line not in unseen), (*warnings, *unseen)
    mistakes += loaded.lines(_examples(config))
    warnings += loaded.lines(_certificates(config))
    if online and not mistakes:
        mistakes += loaded.lines(asyncio.run(_online(config)))
    for warning in (*loaded.warnings, *warnings):
        say(f"warning: {warning}", err=True)
    if mistakes:
        raise ConfigError(mistakes)
    say(f"{config_path}: good; {_counted(config)}" + (", and Re:amaze agrees." if online else "."))


def _counted(config: Config) -> str:
    number = sum(len(route.examples) for route in config.routes)
    return f"{count(len(config.routes), 'route')}, {count(number, 'example')}" + (
        " as expected" if number else ""
    )


def _examples(config: Config) -> Iterator[_Finding]:
    own = routing.own_addresses(config)
    for position, route in enumerate(config.routes):
        for number, example in enumerate(route.examples):
            place = ("routes", position, "examples", number)
            try:
                mail = parse(example.file.read_bytes()) if example.file else None
            except OSError as error:
                yield (*place, "file"), f"cannot be read: {error.strerror}; give the path of a mail as a file"
                continue
            for mistake in examples.run(route, example, config.sender, own=own, mail=mail):
                yield place, mistake


def _certificates(config: Config) -> Iterator[_Finding]:
    """Certificates that cannot be used from here; the service may see other files than this shell."""
    for position, listener in enumerate(config.smtp.listeners):
        if listener.tls is not None:
            try:
                Certificate(listener.name, listener.tls)
            except StartError as error:
                yield ("smtp", "listeners", position, "tls"), str(error)


async def _online(config: Config) -> Iterable[_Finding]:
    """What Re:amaze says against the config, brand by brand."""
    findings: list[_Finding] = []
    for name, brand in config.reamaze.brands.items():
        try:
            client = Client(brand, config.reamaze, clock=SystemClock())
        except StartError as error:
            findings.append((("reamaze", "brands", name, "token"), str(error)))
            continue
        try:
            known = {channel.slug for channel in await client.channels()}
        except BridgeError as error:
            findings.append((("reamaze", "brands", name), str(error)))
            continue
        finally:
            await client.close()
        findings += [
            (
                ("routes", position, "channel"),
                f'brand "{name}" has no channel "{route.channel}"; it has {", ".join(sorted(known)) or "none"}',
            )
            for position, route in enumerate(config.routes)
            if route.brand == name and route.channel not in known
        ]
    return findings
