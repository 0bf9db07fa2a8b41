"""The single values of the config file: numbers with bounds, addresses, patterns, paths; each refuses with a sentence."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

# Strict, because YAML 1.1 reads `on` and `yes` as truth values, which would quietly become 1.
Whole = Annotated[int, Field(strict=True)]
Positive = Annotated[Whole, Field(gt=0)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=31_536_000)]
Days = Annotated[float, Field(strict=True, gt=0, le=36_500)]
Network = IPv4Network | IPv6Network

_LISTEN = re.compile(r"^(unix:/.+|systemd:[\w.-]+|(\[[0-9a-fA-F:.]+\]|[\w.-]*|\*):\d{1,5})$")
_ADDRESS = re.compile(r"^[^@\s/]*@[^@\s/]+$")


def _path(value: Path, info: ValidationInfo) -> Path:
    """The path, relative ones below the folder of the config file where the loader has named it."""
    if not value.name:
        raise ValueError(f'expected the path of a file or folder, got "{value}"')
    if value.parts[0].startswith("~"):
        raise ValueError("`~` is not expanded, since a service has no home; write the whole path")
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return value


def _listen(value: str) -> str:
    if not _LISTEN.match(value) or (
        not value.startswith(("unix:", "systemd:")) and int(value.rsplit(":", 1)[1]) > 65_535
    ):
        raise ValueError('expected "host:port", "[ipv6]:port", "unix:/path" or "systemd:NAME"')
    return value


def _recipient(value: str) -> str:
    if value.startswith("/"):
        if len(value) < 3 or not value.endswith("/"):
            raise ValueError("a pattern stands between two slashes, such as /sales-.*@example\\.com/")
        _pattern(value[1:-1])
    elif not _ADDRESS.match(value):
        raise ValueError(f'expected "anna@example.com", "@example.com" or "/pattern/", got "{value[:80]}"')
    return value


def _address(value: str) -> str:
    if not _ADDRESS.match(value):
        raise ValueError(f'expected "anna@example.com" or "@example.com", got "{value[:80]}"')
    return value


def loopback() -> tuple[Network, ...]:
    """Who may connect where the file does not say: this host."""
    return (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def is_loopback(host: str | None) -> bool:
    """Whether the host, as a URL or a `listen` names it, is this one alone."""
    if host in ("localhost", ""):
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def unknown_groups(template: str, pattern: str) -> tuple[str, ...]:
    """The groups that the template asks for and the pattern does not have. Raises ValueError for a broken template."""
    groups = re.compile(pattern)
    known = {*groups.groupindex, *(str(number) for number in range(groups.groups + 1))}
    asked = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    return tuple(name for name in asked if name not in known)


FilePath = Annotated[Path, AfterValidator(_path)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Listen = Annotated[str, AfterValidator(_listen)]
#: "support@example.com", "@example.com" or "/regular expression/".
Recipient = Annotated[str, AfterValidator(_recipient)]
#: "anna@example.com" or "@example.com".
AddressOrDomain = Annotated[str, AfterValidator(_address)]
