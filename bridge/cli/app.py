"""The command group: loads a command's module only when it is called, and turns every error into one clear line.

`pipe` is started once a mail by transports and must be quick, so nothing heavy is imported here.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import click

from bridge import __version__
from bridge.errors import BridgeError, ConfigError, SpoolVersionError

#: Command → module below bridge.cli and the name in it.
_COMMANDS = {
    "run": "run:run",
    "check": "checking:check",
    "explain": "explaining:explain",
    "status": "looking:status",
    "trace": "looking:trace",
    "queue": "queue:queue",
    "replay": "replay:replay",
    "pipe": "pipe:pipe",
    "demo": "trying:demo",
    "sandbox": "trying:sandbox",
}


class Group(click.Group):
    """A group that lists its commands in the order in which a person needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


class _Commands(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        command: click.Command = getattr(importlib.import_module(f"bridge.cli.{module}"), name)
        return command


@click.command(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="reamaze-bridge")
def commands() -> None:
    """Mail comes in by SMTP; each one becomes a message of a Re:amaze conversation.

    Results go to standard output, logs and errors to standard error.
    """


config_option = click.option(
    "-c",
    "--config",
    "config_path",
    metavar="FILE",
    # Whether it can be read is for the loader to say: a wrong call has another status than a bad config.
    type=click.Path(path_type=Path, readable=False),
    default=Path("/etc/reamaze-bridge/config.yaml"),
    show_default=True,
    help="The config file.",
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, that of the process if none is given; returns the exit status."""
    try:
        result = commands.main(arguments, prog_name="reamaze-bridge", standalone_mode=False)
    except ConfigError as error:
        return _failed(os.EX_CONFIG, *error.mistakes)
    except SpoolVersionError as error:
        return _failed(os.EX_CONFIG, f"reamaze-bridge: {error}")
    except BridgeError as error:
        return _failed(1, f"reamaze-bridge: {error}")
    except click.Abort:
        return _failed(130, "Stopped.")
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OSError as error:
        place = f" {error.filename}:" if error.filename else ""
        return _failed(1, f"reamaze-bridge:{place} {error.strerror or type(error).__name__}")
    except Exception as error:
        # A traceback tells an administrator nothing, and may hold words of a mail; `python -X dev -m bridge` shows it.
        if sys.flags.dev_mode:
            raise
        return _failed(os.EX_SOFTWARE, f"reamaze-bridge: {unexpected(error)}; please report this line")
    return result if isinstance(result, int) else 0


def unexpected(error: Exception) -> str:
    """What is said of an error nobody thought of: its type and its place in our code, never its text."""
    return f"unexpected {type(error).__name__} at {_place(error.__traceback__)}"


def _place(traceback: TracebackType | None) -> str:
    place = "?"
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if f"{os.sep}bridge{os.sep}" in name:
            place = f"{name.rpartition(f'{os.sep}bridge{os.sep}')[2]}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _failed(status: int, *lines: str) -> int:
    from bridge.log import printable  # noqa: PLC0415 - heavy, and of use only when something went wrong

    for line in lines:
        click.echo(printable(line), err=True)
    return status
