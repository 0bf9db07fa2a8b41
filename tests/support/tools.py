"""Programs of the outside world that some tests need; each names the Debian package it is in."""

from __future__ import annotations

import os
import shutil

import pytest

PACKAGES = {
    "swaks": "swaks",
    "postfix": "postfix",
    "postconf": "postfix",
    "chromium": "chromium",
    "systemd-analyze": "systemd",
}


def need(program: str) -> str:
    """The program's path. Without it the test fails in CI, and elsewhere is skipped saying what to install."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        message = f"{program} is not installed: apt-get install {PACKAGES[program]}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found
