"""`reamaze-bridge` and `python -m bridge`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; exit statuses are those of sysexits.h (78 for a bad config)."""
    # Imported late: worker processes import this module as theirs and need no command line.
    from bridge.cli.app import run  # noqa: PLC0415

    sys.exit(run())


if __name__ == "__main__":
    main()
