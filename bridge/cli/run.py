"""`run`: the daemon."""

from __future__ import annotations

from pathlib import Path

import click

from bridge import daemon, log
from bridge.cli.app import config_option
from bridge.config import load


@click.command()
@config_option
@click.option(
    "--intake-only", is_flag=True, help="Take mail and deliver nothing: for maintenance at the other side."
)
def run(config_path: Path, intake_only: bool) -> None:
    """Run the bridge until SIGTERM or SIGINT. Logs to stderr.

    Exit status 78 for a bad config: every mistake is named and nothing is started.
    """
    loaded = load.load(config_path)
    log.configure(format=loaded.log.format, level=loaded.log.level, personal_data=loaded.log.personal_data)
    daemon.run(loaded, intake_only=intake_only)
