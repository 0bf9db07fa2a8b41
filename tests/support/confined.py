"""Runs a command as the service's unit would: its system call filter, and memory that is never writable and executable.

    python tests/support/confined.py UNIT COMMAND …

systemd itself is not needed, so this also holds on machines and in containers that it did not start.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import subprocess
import sys
from pathlib import Path

_ALLOW = 0x7FFF0000
_ERRNO_EPERM = 0x00050000 | errno.EPERM
_PR_SET_NO_NEW_PRIVS = 38
_MASKED_EQUAL = 7


def allowed_calls(unit: Path) -> set[str]:
    """The system calls that the unit's SystemCallFilter lines leave."""
    allowed: set[str] = _group("@default")
    for line in unit.read_text().splitlines():
        key, _, names = line.partition("=")
        if key != "SystemCallFilter":
            continue
        calls = {call for name in names.removeprefix("~").split() for call in _group(name)}
        allowed = allowed - (calls - _group("@default")) if names.startswith("~") else allowed | calls
    # The service is never root. A test may be, and root gives what it writes to the owner of the spool.
    return allowed | _group("@chown") if os.geteuid() == 0 else allowed


def _group(name: str) -> set[str]:
    """The calls of a group of systemd's, groups within it included."""
    if not name.startswith("@"):
        return {name}
    listing = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True, timeout=30
    )
    words = [line.strip() for line in listing.stdout.splitlines()[1:]]
    return {call for word in words if word and not word.startswith("#") for call in _group(word)}


class _Compare(ctypes.Structure):
    """libseccomp's scmp_arg_cmp: how an argument of a call has to look for a rule."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
    )


def confine(allowed: set[str]) -> None:
    """Confine this process and all it starts, for good."""
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    memory = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))
    # The same two rules that systemd makes of MemoryDenyWriteExecute.
    for name, bits in (("mmap", mmap.PROT_WRITE | mmap.PROT_EXEC), ("mprotect", mmap.PROT_EXEC)):
        protection = _Compare(2, _MASKED_EQUAL, bits, bits)
        number = library.seccomp_syscall_resolve_name(name.encode())
        library.seccomp_rule_add_array(
            memory, ctypes.c_uint32(_ERRNO_EPERM), number, 1, ctypes.byref(protection)
        )
    calls = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ERRNO_EPERM)))
    for name in allowed:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            library.seccomp_rule_add(calls, ctypes.c_uint32(_ALLOW), number, 0)
    for rules in (memory, calls):
        if library.seccomp_load(rules) != 0:
            raise OSError("the system call filter cannot be loaded")


if __name__ == "__main__":
    confine(allowed_calls(Path(sys.argv[1])))
    os.execvp(sys.argv[2], sys.argv[2:])
