"""Named points before and after each durable action, where a test may stop the process dead.

Outside of tests a point costs one comparison. `REAMAZE_BRIDGE_CRASH_AT=name` ends the process the first time it reaches that
point, `name:3` the third time, as `kill -9` would: no cleanup, no flush. So every crash between two actions can be rehearsed.
"""

from __future__ import annotations

import os
from collections.abc import Callable

VARIABLE = "REAMAZE_BRIDGE_CRASH_AT"
#: What the shell reports for a process ended by SIGKILL.
CRASH_STATUS = 137

_hook: Callable[[str], None] | None = None


def point(name: str) -> None:
    """Say that the action `name` is about to happen or has just happened."""
    if _hook is not None:
        _hook(name)


def install(hook: Callable[[str], None] | None) -> None:
    """Call `hook` at every point of this process; None takes it away."""
    global _hook  # noqa: PLW0603 - one hook a process, so that a point costs one comparison
    _hook = hook


def crash_at(wanted: str) -> Callable[[str], None]:
    """A hook that ends the process at the nth visit of a point, from "name" or "name:n"."""
    name, _, count = wanted.partition(":")
    left = int(count) if count else 1

    def crash(reached: str) -> None:
        nonlocal left
        if reached == name:
            left -= 1
            if left <= 0:
                os._exit(CRASH_STATUS)

    return crash


if VARIABLE in os.environ:
    install(crash_at(os.environ[VARIABLE]))
