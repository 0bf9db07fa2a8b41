"""Programs of the outside world that some tests need; each names the Debian package it is in."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import NoReturn

import pytest

PACKAGES = {
    "swaks": "swaks",
    "postfix": "postfix",
    "postconf": "postfix",
    "perl": "perl",
    "chromium": "chromium",
    "systemd-analyze": "systemd",
}


def need(program: str) -> str:
    """The program's path. Without it the test fails in CI, and elsewhere is skipped saying what to install."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        _missing(program, PACKAGES[program])
    return found


def need_perl(module: str, package: str) -> None:
    """As `need`, for a module that a program of Perl loads only where it is asked to do more than it can alone."""
    perl = need("perl")
    if subprocess.run(
        [perl, f"-M{module}", "-e", "1"], capture_output=True, timeout=60, check=False
    ).returncode:
        _missing(module, package)


def _missing(what: str, package: str) -> NoReturn:
    message = f"{what} is not installed: apt-get install {package}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
