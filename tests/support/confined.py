"""Runs a command as the service's unit would: its system call filter, and memory that is never writable and executable.

    python tests/support/confined.py UNIT COMMAND …

systemd itself is not needed, so this also holds on machines and in containers that it did not start.
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

_ALLOW = 0x7FFF0000
_ERRNO_EPERM = 0x00050000 | errno.EPERM
_PR_SET_NO_NEW_PRIVS = 38
#: Linux 6.3: the kernel's own MemoryDenyWriteExecute.
_PR_SET_MDWE = 65


def allowed_calls(unit: Path) -> set[str]:
    """The system calls that the unit's SystemCallFilter lines leave."""
    allowed: set[str] = _group("@default")
    for line in unit.read_text().splitlines():
        key, _, names = line.partition("=")
        if key != "SystemCallFilter":
            continue
        calls = {call for name in names.removeprefix("~").split() for call in _group(name)}
        allowed = allowed - (calls - _group("@default")) if names.startswith("~") else allowed | calls
    return allowed


def _group(name: str) -> set[str]:
    """The calls of a group of systemd's, groups within it included."""
    if not name.startswith("@"):
        return {name}
    listing = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True, timeout=30
    )
    words = [line.strip() for line in listing.stdout.splitlines()[1:]]
    return {call for word in words if word and not word.startswith("#") for call in _group(word)}


def confine(allowed: set[str]) -> None:
    """Confine this process and all it starts, for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_MDWE, 1, 0, 0, 0)
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(_ERRNO_EPERM)))
    for name in allowed:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            seccomp.seccomp_rule_add(context, ctypes.c_uint32(_ALLOW), number, 0)
    if seccomp.seccomp_load(context) != 0:
        raise OSError("the system call filter cannot be loaded")


if __name__ == "__main__":
    calls = allowed_calls(Path(sys.argv[1]))
    confine(calls)
    os.execvp(sys.argv[2], sys.argv[2:])
