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
#: What stands for where to listen, as a person writes it.
LISTEN = '"host:port", "[ipv6]:port", "unix:/path" or "systemd:NAME"'
_ADDRESS = re.compile(r"^[^@\s/]*@[^@\s/]+$")
_PLACES = ("{sha256}", "{token}", "{name}")


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
        raise ValueError(f'expected {LISTEN}, got "{value[:80]}"')
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


def _login_email(value: str) -> str:
    if not re.fullmatch(r"[^\s:@]+@[^\s:@]+", value):
        # Not repeated: it may be the token, in the wrong line.
        raise ValueError("expected the e-mail address by which that staff user logs in")
    return value


def _place_of_uploads(value: str) -> str:
    """An address of one's own for each file: where two shared one, a customer would be shown another's."""
    if not re.match(r"https?://", value):
        raise ValueError("expected an address that starts with https:// or http://")
    unknown = [name for name in re.findall(r"\{[^{}]*\}?", value) if name not in _PLACES]
    if unknown:
        raise ValueError(f"it asks for {unknown[0]}; known here are {', '.join(_PLACES)}")
    if "{token}" not in value and "{sha256}" not in value:
        raise ValueError("without {token} or {sha256} in it all files of one name share one address")
    return value


def names_in(template: str) -> tuple[str, ...]:
    """The names in a template's braces. Raises ValueError for a broken one."""
    return tuple(name for _, name, _, _ in Formatter().parse(template) if name is not None)


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
    return tuple(name for name in names_in(template) if name not in known)


FilePath = Annotated[Path, AfterValidator(_path)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Listen = Annotated[str, AfterValidator(_listen)]
#: The user of a login at Re:amaze.
LoginEmail = Annotated[str, AfterValidator(_login_email)]
#: An address with `{token}` or `{sha256}`, and perhaps `{name}`, in it.
PlaceOfUploads = Annotated[str, AfterValidator(_place_of_uploads)]
#: "support@example.com", "@example.com" or "/regular expression/".
Recipient = Annotated[str, AfterValidator(_recipient)]
#: "anna@example.com" or "@example.com".
AddressOrDomain = Annotated[str, AfterValidator(_address)]
