"""Loads the config file, or names every mistake in it at once.

Each mistake is one line, `file:line:column: key: what was expected, what stands there, the fix`, in the order of the file.
Relative paths in the file are relative to the folder it lies in, so a config and its spool can be moved together and the current
directory never matters. No line repeats a value that may be a secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bridge.config import crosscheck, document, schema, wording
from bridge.config.document import Document
from bridge.errors import ConfigError

#: The modes of a secret's file that let every user of the host read it.
_WORLD_READABLE = 0o004
#: What is said where systemd's credentials are out of sight: right for a service, and no wonder in a shell.
NO_CREDENTIALS = (
    "no credentials are here; systemd gives them to the service (`LoadCredential=`), not to a shell"
)
_VARIABLE = re.compile(r"^[A-Z_][A-Z0-9_]{0,39}$")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid config, and what a person should know about it."""

    config: schema.Config
    #: What runs but is probably not meant, as lines like those of a mistake.
    warnings: tuple[str, ...]
    path: Path
    document: Document

    def lines(self, findings: Iterable[crosscheck.Finding]) -> tuple[str, ...]:
        """Findings as lines that name their place in the file, like those of a mistake."""
        return _lines(self.path, _located(findings, self.document))


def load(path: Path, *, text: str | None = None) -> schema.Config:
    """The config. Raises ConfigError with every mistake."""
    return read(path, text=text).config


def read(path: Path, *, text: str | None = None) -> Loaded:
    """The config with its warnings; `text` stands for the content of the file. Raises ConfigError with every mistake."""
    found = document.read(_content(path) if text is None else text)
    mistakes = [(place, _prefixed(path, what)) for place, path, what in found.mistakes]
    config = None
    if found.data:
        config, findings = _validated(found, path)
        mistakes += _located(findings, found)
    if mistakes or config is None:
        raise ConfigError(_lines(path, mistakes))
    return Loaded(config, _lines(path, _located(crosscheck.warnings(config), found)), path, found)


def secrets(loaded: Loaded) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The mistakes and the warnings about the places where secrets are kept; the secrets are read and forgotten."""
    mistakes, warnings = [], []
    for where, secret in _secrets(loaded.config):
        trouble = _unreadable(secret, loaded.path.absolute().parent)
        if trouble:
            mistakes.append((where, trouble))
        elif secret.file is not None and secret.file.stat().st_mode & _WORLD_READABLE:
            warnings.append(
                (where, f"every user of this host can read it; `chmod o-rwx {secret.file}` stops that")
            )
    return loaded.lines(mistakes), loaded.lines(warnings)


def _content(path: Path) -> str:
    try:
        content = path.read_bytes()
    except PermissionError as error:
        fix = "Let the user who runs this read the file, and enter the folders above it"
        raise ConfigError((f"{path}: cannot be read: {error.strerror}. {fix}",)) from None
    except OSError as error:
        raise ConfigError(
            (f"{path}: cannot be read: {error.strerror}. Give the path of the config file with `-c`",)
        ) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = (before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        raise ConfigError(
            _lines(path, [(place, "the file is not UTF-8 from here on; save it as UTF-8")])
        ) from None


def _validated(found: Document, path: Path) -> tuple[schema.Config | None, list[crosscheck.Finding]]:
    findings = list(crosscheck.mistakes(found.data))
    try:
        return schema.Config.model_validate(found.data, context={"folder": path.absolute().parent}), findings
    except ValidationError as error:
        errors = error.errors(include_url=False)
    findings += wording.sentences(errors, found.data)
    return None, [finding for finding in findings if finding[0] not in found.unread]


def _located(findings: Iterable[crosscheck.Finding], found: Document) -> list[tuple[document.Place, str]]:
    return [(found.place(path), _prefixed(path, what)) for path, what in findings]


def _prefixed(path: document.Path, what: str) -> str:
    shown = wording.shown(wording.safe(path))
    return f"{shown}: {what}" if shown else what


def _lines(path: Path, mistakes: Iterable[tuple[document.Place, str]]) -> tuple[str, ...]:
    ordered = sorted(set(mistakes))
    return tuple(f"{path}:{line}:{column}: {what}" for (line, column), what in ordered)


def _secrets(config: schema.Config) -> Iterator[tuple[document.Path, schema.Secret]]:
    for at, listener in enumerate(config.smtp.listeners):
        for number, login in enumerate(listener.logins):
            yield ("smtp", "listeners", at, "logins", number, "password"), login.password
    for name, brand in config.reamaze.brands.items():
        yield ("reamaze", "brands", name, "token"), brand.token
    if config.staging.put is not None:
        for name, value in config.staging.put.headers.items():
            if isinstance(value, schema.Secret):
                yield ("staging", "put", "headers", name), value


def _unreadable(secret: schema.Secret, beside: Path) -> str:
    """Why the secret cannot be had, with the fix; "" if it can."""
    try:
        if secret.read():
            return ""
    except KeyError:
        if secret.credential is not None:
            return NO_CREDENTIALS
        # The name is repeated only where it looks like one: people paste the secret itself here.
        name = f" {secret.env}" if _VARIABLE.match(secret.env or "") else ""
        return f"the environment variable{name} is not set; set it for the process that runs the bridge"
    except UnicodeDecodeError:
        return "the secret is not UTF-8 text; write it alone into the file"
    except OSError as error:
        return f"cannot read {_named(secret, beside)}: {error.strerror}. Check the path and who may read it"
    return "the place is there but empty; write the secret into it"


def _named(secret: schema.Secret, beside: Path) -> str:
    if secret.file is None:
        return f"the credential below {os.environ.get('CREDENTIALS_DIRECTORY')}"
    # A bare word may be the secret itself, pasted where its file belongs.
    return "that file beside the config" if secret.file.parent == beside else str(secret.file)
