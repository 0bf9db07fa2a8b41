"""The command line, called in this process as a shell would call it: arguments and bytes in; a status and two streams out."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.cli import app
from support.logged import as_before


@dataclass(frozen=True)
class Done:
    status: int
    #: Standard output.
    out: bytes
    #: Standard error.
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def said(self) -> str:
        """Everything a person at the terminal sees."""
        return self.text + self.err


def call(*arguments: str | Path, stdin: bytes = b"") -> Done:
    """`reamaze-bridge ARGUMENTS`."""
    out, err = io.BytesIO(), io.BytesIO()
    with _streams(stdin, out, err), as_before():
        try:
            status = app.run([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
    return Done(status, out.getvalue(), err.getvalue().decode())


@contextlib.contextmanager
def _streams(stdin: bytes, out: io.BytesIO, err: io.BytesIO) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    to_out = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    to_err = io.TextIOWrapper(err, encoding="utf-8", write_through=True, errors="backslashreplace")
    try:
        with contextlib.redirect_stdout(to_out), contextlib.redirect_stderr(to_err):
            yield
    finally:
        sys.stdin = before
        # What they wrote to is still wanted.
        to_out.detach()
        to_err.detach()
