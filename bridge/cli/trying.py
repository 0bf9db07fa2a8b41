"""`demo` and `sandbox`: the bridge and a stand-in of Re:amaze to try it against, on loopback, without any account."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import signal
import smtplib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click

from bridge import log, web
from bridge.cli.demo_mails import SUPPORT, DemoMail, all_mails, drawing, invoice, readings
from bridge.cli.showing import count
from bridge.config.schema import Config
from bridge.daemon import Daemon
from bridge.errors import BridgeError, StartError
from bridge.log import printable
from bridge.sandbox import Behaviour, Sandbox
from bridge.sandbox.state import Attachment

#: The demo's mails are small: a slower machine still needs no more than this.
_DEMO_WITHIN_S = 60.0


@click.command()
@click.option(
    "--once", is_flag=True, help="End after the mails were delivered; status 1 if one was not as expected."
)
@click.option(
    "--smtp-port",
    metavar="PORT",
    type=int,
    default=2525,
    show_default=True,
    help="Where the bridge takes mail; a free port if it is taken.",
)
@click.option(
    "--page-port",
    metavar="PORT",
    type=int,
    default=8027,
    show_default=True,
    help="Where the conversations are shown; a free port if it is taken.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the bridge's log.")
def demo(once: bool, smtp_port: int, page_port: int, verbose: bool) -> None:
    """Try it: six mails from SMTP to a local stand-in of Re:amaze.

    Starts the stand-in and the bridge on loopback, sends the mails, shows what became of each, and stays up for your own. Needs
    no account; everything lives in a temporary folder that is removed at the end.
    """
    log.configure(level="info" if verbose else "error")
    with tempfile.TemporaryDirectory(prefix="reamaze-bridge-demo-") as folder:
        if not asyncio.run(_demo(Path(folder), smtp_port, page_port, once=once)):
            sys.exit(1)


async def _demo(folder: Path, smtp_port: int, page_port: int, *, once: bool) -> bool:
    sandbox = Sandbox()
    server = web.Server(sandbox.app, _bound(page_port))
    await server.start()
    page = f"http://127.0.0.1:{server.port}"
    try:
        (folder / "token").write_text("sandbox")
        with contextlib.closing(_bound(0)) as free:
            files_port = int(free.getsockname()[1])
        with contextlib.closing(_bound(smtp_port)) as free:
            smtp_port = int(free.getsockname()[1])
        config = _demo_config(folder, page, smtp_port=smtp_port, files_port=files_port)
        async with Daemon(config).started() as daemon:
            click.echo(f"The bridge takes mail at 127.0.0.1:{smtp_port}. Sending six mails.\n")
            mails = all_mails()
            ids = [await asyncio.to_thread(_send, smtp_port, mail) for mail in mails]
            await _settled(daemon, sandbox)
            good = _report(daemon, sandbox, mails, ids)
            if not once:
                await _stay(page, smtp_port)
    finally:
        await server.stop()
        await sandbox.close()
    return good


def _demo_config(folder: Path, page: str, *, smtp_port: int, files_port: int) -> Config:
    return Config.model_validate(
        {
            "hostname": "bridge.demo.example",
            "smtp": {"listeners": [{"name": "demo", "listen": f"127.0.0.1:{smtp_port}"}]},
            "spool": {"folder": folder / "spool", "min_free_bytes": 0},
            "sender": {"default_domain": "office.example"},
            "routes": [{"name": "support", "recipients": [SUPPORT], "brand": "demo", "channel": "support"}],
            "staging": {
                "serve": {
                    "listen": f"127.0.0.1:{files_port}",
                    "public_url": f"http://127.0.0.1:{files_port}",
                }
            },
            "reamaze": {
                "brands": {
                    "demo": {
                        "base_url": f"{page}/api/v1",
                        "user": "bridge@example.com",
                        "token": {"file": folder / "token"},
                    }
                }
            },
            "operate": {"listen": None},
        }
    )


def _bound(port: int) -> Any:
    """A socket on that port, or on any free one where it is taken."""
    try:
        return web.bind(f"127.0.0.1:{port}")
    except StartError:
        return web.bind("127.0.0.1:0")


def _send(port: int, mail: DemoMail) -> str:
    """The id the bridge gave the mail. Raises smtplib's errors when it was not taken."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo("demo.example")
        client.mail(mail.reverse_path)
        client.rcpt(mail.recipient)
        code, answer = client.data(mail.content)
    if code != 250:
        raise BridgeError(f"the bridge refused a demo mail: {code} {answer.decode(errors='replace')}")
    return answer.decode().rsplit(" ", 1)[-1]


async def _settled(daemon: Daemon, sandbox: Sandbox) -> None:
    """Return when nothing waits any more and the sandbox has fetched every file it was told of."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DEMO_WITHIN_S):
            while daemon.snapshot().waiting or not _all_fetched(sandbox):  # noqa: ASYNC110 - two programs, no common event
                await asyncio.sleep(0.05)


def _all_fetched(sandbox: Sandbox) -> bool:
    return all(
        attachment.stored is not None
        for conversation in sandbox.conversations
        for message in sandbox.messages(conversation.slug)
        for attachment in message.attachments
    )


def _report(daemon: Daemon, sandbox: Sandbox, mails: tuple[DemoMail, ...], ids: list[str]) -> bool:
    """Print what became of each mail; whether all is as it should be."""
    good = True
    slugs = []
    for mail, mail_id in zip(mails, ids, strict=True):
        trace = daemon.trace(mail_id)[0]
        row = trace.summary.conversation
        slugs.append(row.slug if row else None)
        good &= trace.summary.state == "delivered"
        click.echo(f"  {mail_id}  {mail.what:40} {trace.summary.state:10} {slugs[-1] or '-'}")
        if trace.summary.reason:
            click.echo(f"      {printable(trace.summary.reason)}")
    click.echo("\nConversations at the stand-in:\n")
    fetched: set[str] = set()
    for conversation in sandbox.conversations:
        messages = sandbox.messages(conversation.slug)
        notes = sum(message.internal for message in messages)
        click.echo(f"  {conversation.subject}  ({conversation.author.email})")
        click.echo(
            f"      {count(len(messages) - notes, 'message')}"
            + (f", {count(notes, 'note')}" if notes else "")
        )
        for attachment in (attachment for message in messages for attachment in message.attachments):
            click.echo(f"      {_described(attachment)}")
            if attachment.stored is not None:
                fetched.add(attachment.stored.sha256)
    good &= slugs[0] == slugs[1]
    good &= _expected() <= fetched
    click.echo("\n" + ("All six are as they should be." if good else "NOT all of it is as it should be."))
    return good


def _expected() -> set[str]:
    return {hashlib.sha256(content).hexdigest() for content in (invoice(), readings(), drawing())}


def _described(attachment: Attachment) -> str:
    """A file of a message, and whether it arrived as it was sent."""
    what = "picture" if attachment.picture else "file"
    file = attachment.stored
    if file is None:
        return f"{what} {attachment.url}: not fetched, {attachment.failure or 'nobody knows why'}"
    identical = ", byte-identical" if file.sha256 in _expected() else ""
    return f"{what} {file.name}, {file.size_bytes:,} bytes: fetched{identical}"


async def _stay(page: str, smtp_port: int) -> None:
    click.echo(f"\nLook at the conversations:  {page}/")
    click.echo(f"Send your own mail:         swaks --server 127.0.0.1:{smtp_port} --to {SUPPORT}")
    click.echo("Stop with Ctrl-C.")
    await _until_signal()


async def _until_signal() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


# -- sandbox ---------------------------------------------------------------------------------------


def _with_switches(command: Callable[..., None]) -> Callable[..., None]:
    """One option for each field of `Behaviour`, so that a new switch needs no second place."""
    hints = get_type_hints(Behaviour)
    for field in reversed(dataclasses.fields(Behaviour)):
        command = _option(field, hints[field.name])(command)
    return command


def _option(field: dataclasses.Field[Any], hint: Any) -> Callable[[Any], Any]:
    name = "--" + field.name.replace("_", "-")
    settings: dict[str, Any] = {
        "default": field.default,
        "show_default": True,
        "help": field.metadata["help"],
    }
    if hint is bool:
        return click.option(f"{name}/--no-{name[2:]}", **settings)
    if get_origin(hint) is Literal:
        return click.option(name, type=_Choice(get_args(hint)), **settings)
    if get_origin(hint) is tuple:
        return click.option(name, multiple=True, **settings)
    return click.option(name, type=hint, **settings)


class _Choice(click.Choice[Any]):
    """A choice among values that need not be strings."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        super().__init__([str(value) for value in values])
        self._values = {str(value): value for value in values}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return self._values[super().convert(str(value), param, ctx)]


@click.command()
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8027",
    show_default=True,
    help="Where to answer.",
)
@_with_switches
def sandbox(listen: str, **switches: Any) -> None:
    """Run the stand-in of Re:amaze alone, to try a config.

    Point `reamaze.brands.NAME.base_url` at http://HOST:PORT/api/v1. Every further option is one way in which it can behave.
    """
    try:
        behaviour = Behaviour(**switches)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    asyncio.run(_sandbox(listen, behaviour))


async def _sandbox(listen: str, behaviour: Behaviour) -> None:
    stand_in = Sandbox(behaviour)
    server = web.Server(stand_in.app, web.bind(listen))
    await server.start()
    address = f"http://{listen.rpartition(':')[0] or '127.0.0.1'}:{server.port}"
    click.echo(f"The stand-in answers at {address}/api/v1 and shows its page at {address}/")
    click.echo(f"Log in as {behaviour.user} with the token {behaviour.token!r}. Stop with Ctrl-C.")
    try:
        await _until_signal()
    finally:
        await server.stop()
        await stand_in.close()
