"""The command group: loads a command's module only when it is called, and turns our errors into one clear line.

`pipe` is started once a mail by transports and must be quick, so nothing heavy is imported here.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import click

from bridge import __version__
from bridge.errors import BridgeError, ConfigError, SpoolVersionError

#: Command → module below bridge.cli and the name in it.
_COMMANDS = {
    "run": "run:run",
    "demo": "trying:demo",
    "sandbox": "trying:sandbox",
    "check": "checking:check",
    "explain": "checking:explain",
    "pipe": "pipe:pipe",
    "status": "queue:status",
    "trace": "queue:trace",
    "queue": "queue:queue",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        command: click.Command = getattr(importlib.import_module(f"bridge.cli.{module}"), name)
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reamaze-bridge")
def commands() -> None:
    """Mail comes in by SMTP; each one becomes a message of a Re:amaze conversation."""


config_option = click.option(
    "-c",
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("/etc/reamaze-bridge/config.yaml"),
    show_default=True,
    help="The config file.",
)


def run() -> int:
    """Run the command line; returns the exit status."""
    try:
        result = commands.main(prog_name="reamaze-bridge", standalone_mode=False)
    except (ConfigError, SpoolVersionError) as error:
        click.echo(str(error), err=True)
        return os.EX_CONFIG
    except BridgeError as error:
        click.echo(f"reamaze-bridge: {error}", err=True)
        return 1
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return result if isinstance(result, int) else 0
