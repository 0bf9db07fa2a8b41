"""Everything the bridge raises on purpose.

    BridgeError
    ├── ConfigError                 the config file is wrong; exit status 78
    ├── StartError                  a port, folder or certificate cannot be used
    ├── SpoolError                  the spool cannot take or give
    │   ├── SpoolFullError          a limit is reached; the peer hears 452
    │   ├── SpoolBrokenError        the storage failed; the peer hears 451
    │   └── SpoolVersionError       written by a newer bridge; exit status 78
    ├── StagingError                a file could not be made fetchable
    │   ├── StagingRefusedError     not for this file, ever
    │   └── StagingLaterError       not now
    │       └── FileGoneError       the decoded file was swept: decode the mail again
    └── ReamazeError                Re:amaze did not do what it was asked
        ├── RefusedError            permanent for this mail: 400, 413, 422 …
        ├── MissingError            404: no such conversation
        ├── LaterError              transient for this mail: 408, 425
        ├── OutageError             every mail of the brand waits: connect errors, 429, 5xx
        │   └── CredentialsError    401, 403: an operator must act
        └── AmbiguousError          it may have been done: look before posting again

The class is the decision: callers match on it and never read a message's text.
"""

from __future__ import annotations


class BridgeError(Exception):
    """The root: catching it catches everything the bridge raises on purpose."""


class ConfigError(BridgeError):
    """The config file is wrong; `mistakes` holds every one, as `file:line:column: what`."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class StartError(BridgeError):
    """The daemon cannot start; the text is one line with cause and fix."""


class SpoolError(BridgeError):
    """The spool cannot take or give."""


class SpoolFullError(SpoolError):
    """The item limit, the age limit or the free-space reserve is reached."""


class SpoolBrokenError(SpoolError):
    """The storage below the spool failed: read-only, I/O error, locked or corrupt."""


class SpoolVersionError(SpoolError):
    """The spool was written by a newer bridge."""


class StagingError(BridgeError):
    """A file could not be made fetchable."""


class StagingRefusedError(StagingError):
    """This file will never be taken: too large, or refused for good."""


class StagingLaterError(StagingError):
    """The file may be taken later; `retry_after_s` is what the server asked for, if it did."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class FileGoneError(StagingLaterError):
    """The decoded file is no longer in the store; decoding the mail again puts it back under the same digest."""


class ReamazeError(BridgeError):
    """Re:amaze did not do what it was asked; `status` is its HTTP status, if it answered."""

    def __init__(self, reason: str, *, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after_s = retry_after_s


class RefusedError(ReamazeError):
    """Permanent for this mail; `reason` holds Re:amaze's own words."""


class MissingError(ReamazeError):
    """There is no such conversation (404 on a slug)."""


class LaterError(ReamazeError):
    """Transient for this mail alone; nothing was done."""


class OutageError(ReamazeError):
    """Nothing was done, and every mail of this brand had better wait."""


class CredentialsError(OutageError):
    """Login or token are wrong (401, 403): an operator must act, and nothing is dropped."""


class AmbiguousError(ReamazeError):
    """Re:amaze may have done it: time-out or reset after sending, 5xx, an unreadable answer.

    `outage` says whether it also looks like trouble for every mail of the brand.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        outage: bool = True,
    ) -> None:
        super().__init__(reason, status=status, retry_after_s=retry_after_s)
        self.outage = outage
