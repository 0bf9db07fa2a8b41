"""Why the stand-in refuses a call; each becomes one answer."""

from __future__ import annotations


class Refused(Exception):
    """The call is answered with `status` and one sentence."""

    def __init__(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


class Invalid(Exception):
    """A 422: what is wrong, by field."""

    def __init__(self, errors: dict[str, list[str]], status: int = 422) -> None:
        super().__init__("; ".join(f"{key} {text}" for key, texts in errors.items() for text in texts))
        self.errors = errors
        self.status = status
