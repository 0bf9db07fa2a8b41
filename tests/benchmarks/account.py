"""Reads a running bridge's figures, and waits for them."""

from __future__ import annotations

import time
import urllib.request


def figure(port: int, name: str) -> float:
    """One sample of /metrics, named as it stands there with its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
    return 0.0


def delivered(port: int) -> int:
    return int(figure(port, 'reamaze_bridge_account_total{what="delivered"}'))


def wait_delivered(port: int, count: int, within_s: float = 600.0) -> float:
    """Seconds until that many were delivered in all. Raises TimeoutError."""
    began, first = time.monotonic(), delivered(port)
    while (done := delivered(port)) < count:
        waited_s = time.monotonic() - began
        if waited_s > within_s:
            raise TimeoutError(f"only {done} of {count} delivered")
        # Asking costs the bridge some milliseconds, which are not to be measured: half of what seems to be left is slept.
        left_s = waited_s * (count - done) / max(1, done - first)
        time.sleep(min(1.0, max(0.05, left_s / 2)))
    return time.monotonic() - began
