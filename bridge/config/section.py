"""What every section of the config file shares, and the one section that stands in several places: where a secret is kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bridge.config.values import FilePath
from bridge.errors import StartError


class Section(BaseModel):
    """A mapping of the file: unknown keys are mistakes, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class MisplacedError(ValueError):
    """A mistake that a section sees in one of its keys, or deeper: the path of that place, and the sentence."""

    def __init__(self, path: tuple[str | int, ...], sentence: str) -> None:
        super().__init__(sentence)
        self.path = path


class Secret(Section):
    """Where a secret is kept; never the secret itself. Exactly one of the three."""

    #: Relative paths of the file are relative to the folder it lies in.
    file: FilePath | None = None
    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    #: Name of a systemd credential (`LoadCredential=`), found below $CREDENTIALS_DIRECTORY.
    credential: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.file, self.env, self.credential)) != 1:
            raise ValueError("give exactly one of `file`, `env` or `credential`")
        return self

    def held(self, what: str) -> str:
        """The secret. Raises StartError that names what it is and its place, never its value."""
        try:
            secret = self.read()
        except (OSError, KeyError, UnicodeError) as error:
            trouble = type(error).__name__
        else:
            if secret:
                return secret
            trouble = "it is empty"
        place = next(f"{kind} {value}" for kind, value in self if value)
        raise StartError(
            f"{what} cannot be read from {place} ({trouble}): check that it is there and readable"
        )

    def read(self) -> str:
        """The secret without surrounding blanks. Raises OSError or KeyError with the place, never the value."""
        if self.env is not None:
            return os.environ[self.env].strip()
        if self.credential is not None:
            return (Path(os.environ["CREDENTIALS_DIRECTORY"]) / self.credential).read_text().strip()
        if self.file is None:  # the validator refuses this
            raise KeyError("file")
        return self.file.read_text().strip()
