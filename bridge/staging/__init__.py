"""Step 5: makes a mail's files fetchable for Re:amaze, by links that only their holder can guess.

`serve` answers the links from the bridge itself, `put` uploads to a server of the operator's choice. Both keep the promise of
`Staging`. Importing this package loads neither: worker processes import `staging.files` through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bridge.model import File, StagedFile

if TYPE_CHECKING:
    from bridge.clock import Clock
    from bridge.config import schema
    from bridge.staging.put import Put
    from bridge.staging.serve import OnFetch, Serve

__all__ = ["Put", "Serve", "Staging", "make"]


class Staging(Protocol):
    async def stage(self, file: File, delivery: str) -> StagedFile:
        """Make the file fetchable until `expires_at`, however often it was staged before.

        Raises StagingRefusedError for a file that will never be taken, FileGoneError when it must be decoded again, and
        StagingLaterError for everything else.
        """
        ...

    async def sweep(self) -> int:
        """Remove what has expired; how many files that were."""
        ...

    async def close(self) -> None: ...


def make(
    settings: schema.Staging,
    folder: Path,
    keys: Sequence[bytes],
    clock: Clock,
    on_fetch: OnFetch | None = None,
) -> Serve | Put:
    """The staging the config asks for, over the spool's folder."""
    from bridge.staging.put import Put  # noqa: PLC0415 - see the module's docstring
    from bridge.staging.serve import Serve  # noqa: PLC0415

    if settings.put is not None:
        return Put(settings, folder, clock)
    return Serve(settings, folder, keys, clock, on_fetch)


def __getattr__(name: str) -> object:
    if name == "Serve":
        from bridge.staging.serve import Serve  # noqa: PLC0415 - see the module's docstring

        return Serve
    if name == "Put":
        from bridge.staging.put import Put  # noqa: PLC0415

        return Put
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
