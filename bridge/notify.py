"""Tells systemd how the service is (`sd_notify`), without its library; outside systemd nothing happens.

A state that cannot be told is not worth a failure: the daemon's work never depends on who watches it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


def send(*assignments: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether systemd was told; the assignments are such as `READY=1`, `STOPPING=1`, `STATUS=…`, `WATCHDOG=1`."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    message = "\n".join(assignment.replace("\n", " ") for assignment in assignments)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            # The event loop must not wait for a watcher whose queue is full.
            sock.setblocking(False)
            sock.sendto(message.encode(), address)
    except OSError:
        return False
    return True


def watchdog_interval_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """How often `WATCHDOG=1` is due: at half of what the unit allows; None if no watchdog waits for this process."""
    limit_us, watched = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not limit_us.isdecimal() or int(limit_us) == 0:
        return None
    # The variables are inherited; a child must not answer for its parent.
    if watched and watched != str(os.getpid()):
        return None
    return int(limit_us) / 1_000_000 / 2
