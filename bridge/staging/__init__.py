"""Step 5: makes a mail's files fetchable for Re:amaze, by links that only their holder can guess.

`serve.Serve` answers the links from the bridge itself, `put.Put` uploads to a server of the operator's choice. Both keep the
promise of `Staging`. Importing this package loads neither: worker processes import `staging.files` through it.
"""

from __future__ import annotations

from typing import Protocol

from bridge.model import File, StagedFile


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
