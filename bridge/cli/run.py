"""`run`: the daemon."""

from __future__ import annotations

from pathlib import Path

import click

from bridge import daemon, log
from bridge.cli.app import config_option
from bridge.config import load
from bridge.errors import ConfigError


@click.command()
@config_option
@click.option(
    "--intake-only", is_flag=True, help="Take mail and deliver nothing: for maintenance at the other side."
)
def run(config_path: Path, intake_only: bool) -> None:
    """Run the bridge until SIGTERM or SIGINT; logs to stderr.

    Exit status 0 after a clean stop, 78 for a bad config: every mistake is named and nothing is started.
    """
    loaded = load.read(config_path)
    mistakes, warnings = load.secrets(loaded)
    if mistakes:
        raise ConfigError(mistakes)
    config = loaded.config
    log.configure(format=config.log.format, level=config.log.level, personal_data=config.log.personal_data)
    for warning in (*loaded.warnings, *warnings):
        log.warning("config", warning=warning)
    daemon.run(config, intake_only=intake_only)
