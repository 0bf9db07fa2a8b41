"""The bridge's own secret keys, for staged links and conversation tokens: `<spool folder>/keys`, one hex key a line.

The first key signs, every key verifies: to rotate, put a new line first and remove the last one when its links have expired.
Made on first use, readable by the bridge's user alone; raises StartError, never with a key in its text.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from bridge.errors import StartError
from bridge.staging.files import make_folder, sync_folder

_KEY_BYTES = 32
_LEAST_BYTES = 16


def load(folder: Path) -> tuple[bytes, ...]:
    """Every key, the signing one first; never empty."""
    path = folder / "keys"
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise StartError(
            f"cannot read or make the keys in {path}: {error.strerror}. The spool folder must belong to the bridge's user"
        ) from error


def _make(path: Path) -> None:
    """A file with one fresh key, whole or absent, also when two processes start together."""
    make_folder(path.parent)
    aside = path.with_name(f".keys-{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # the other process was first: its key counts
            os.link(aside, path)
        sync_folder(path.parent)
    finally:
        aside.unlink()


def _read(path: Path) -> tuple[bytes, ...]:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise StartError(f"others may read the keys in {path}: run `chmod 600 {path}`")
    keys = []
    for number, line in enumerate(path.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            key = bytes.fromhex(line.strip())
        except ValueError:
            key = b""
        if len(key) < _LEAST_BYTES:
            raise StartError(
                f"{path}:{number}: expected a key of at least {2 * _LEAST_BYTES} hex digits; "
                f"`openssl rand -hex {_KEY_BYTES}` makes one"
            )
        keys.append(key)
    if not keys:
        raise StartError(
            f"{path} holds no key: remove the file and a new one is made; links given out so far end"
        )
    return tuple(keys)
