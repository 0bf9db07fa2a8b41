"""What pydantic found wrong, as sentences for the person who wrote the file: what was expected, what stands there, the fix.

A value that may be a secret is never repeated: neither one below a key named for a secret, nor anything in a section that says
where a secret is kept, where people paste the secret itself by mistake.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from typing import Any

from pydantic_core import ErrorDetails

from bridge.config import outline, schema
from bridge.config.document import Path
from bridge.config.section import MisplacedError
from bridge.config.values import LISTEN

_SECRET_WORDS = ("token", "password", "secret", "authorization", "api_key", "api-key", "cookie")

#: What a key with a pattern wants, by the key's name.
PATTERNS = {
    "name": "1 to 40 letters, digits, `.`, `-` or `_`",
    "user": "1 to 100 characters without blanks",
    "hostname": "a host name such as mail.example.com",
    "email": "an e-mail address such as anna@example.com",
    "where": '"subject", "body" or "header:NAME"',
    "base_url": 'the API\'s address such as "https://acme.reamaze.io/api/v1"',
    "public_url": "an address that starts with https:// or http:// and has no `?` or `#`",
    "url": "an address that starts with https:// or http://",
    "listen": LISTEN,
    "brand": "one of the names below `reamaze.brands`",
    "channel": "the slug of a channel",
    "folder": "a path",
    "env": "the name of an environment variable, and not the secret itself",
}

#: The same for a key whose name means something else in that section.
_OF_SECTION: dict[tuple[type[schema.Section] | None, str], str] = {
    (schema.FieldRule, "name"): "a letter, and then up to 39 letters, digits or `_`",
}

_UNITS = {"_bytes": "of bytes", "_s": "of seconds", "_days": "of days", "_chars": "of characters"}

_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def sentences(errors: Iterable[ErrorDetails], data: Any) -> list[tuple[Path, str]]:
    """One sentence for each mistake, with the path of the value it is about."""
    found: dict[Path, str] = {}
    located = [(error, _path((*error["loc"], *_deeper(error)), data)) for error in errors]
    misspelt = {(*path[:-1], _meant(path)) for error, path in located if error["type"] == "extra_forbidden"}
    for error, path in located:
        if error["type"] == "missing" and path in misspelt:
            continue
        sentence = _sentence(error, path)
        # A union reports each member: the first says enough, but our own words and what lies deeper know better.
        if path not in found or error["type"] == "value_error":
            found[path] = sentence
    around = {path[:length] for path in found for length in range(len(path))}
    return [(path, text) for path, text in found.items() if path not in around]


def _deeper(error: ErrorDetails) -> tuple[str | int, ...]:
    """Where in its section a section itself saw the mistake."""
    found = error.get("ctx", {}).get("error")
    return found.path if isinstance(found, MisplacedError) else ()


def shown(path: Path) -> str:
    """The path as a person writes it: `smtp.listeners[0].listen`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _path(loc: tuple[str | int, ...], data: Any) -> Path:
    """The error's place in the file: pydantic's, without the names of union members."""
    path: Path = ()
    for number, step in enumerate(loc):
        match data:
            case dict() if step in data:
                data = data[step]
            case list() if isinstance(step, int):
                data = data[step]
            case dict() if number == len(loc) - 1 and _is_key(path, step):
                pass
            case _:
                continue
        path = (*path, step)
    return path


def _is_key(path: Path, step: str | int) -> bool:
    section = outline.section_at(path)
    return section is not None and step in outline.keys(section)


def safe(path: Path) -> Path:
    """The path without a key that nobody knows where a secret is expected: it may be the secret."""
    if (
        path
        and outline.section_at(path[:-1]) is schema.Secret
        and str(path[-1]) not in outline.keys(schema.Secret)
    ):
        return path if _meant(path) else path[:-1]
    return path


def secret(path: Path) -> bool:
    """Whether what stands there may be a secret."""
    if any(isinstance(step, str) and any(word in step.lower() for word in _SECRET_WORDS) for step in path):
        return True
    if path[:3] == ("staging", "put", "headers"):
        return True
    # Text in the place of a whole brand: a token whose line slipped out of its section.
    if path[:2] == ("reamaze", "brands") and len(path) <= 3:
        return True
    return any(outline.section_at(path[:length]) is schema.Secret for length in range(1, len(path) + 1))


def _sentence(error: ErrorDetails, path: Path) -> str:
    kind, ctx = error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"missing; expected {_wanted(path)}"
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "value_error":
        return str(ctx["error"])
    expected = _expected(kind, ctx, path, error["input"])
    number = kind == "string_type" and type(error["input"]) in (int, float)
    return f"expected {expected}, got {_got(error['input'], path)}" + " (put it in quotes)" * number


def _unknown(path: Path) -> str:
    section = outline.section_at(path[:-1])
    known = tuple(outline.keys(section)) if section else ()
    meant = _meant(path)
    if meant:
        return f"unknown key; did you mean `{meant}`?"
    if safe(path) != path:
        return (
            "an unknown key (not shown, as it may be the secret); known here are `file`, `env`, `credential`"
        )
    elsewhere = outline.home(str(path[-1]))
    if elsewhere:
        return f"unknown key here; it belongs to `{elsewhere}`"
    return f"unknown key; known here are {', '.join(f'`{name}`' for name in known)}"


def _meant(path: Path) -> str | None:
    """The key of the same section that an unknown one was probably meant to be."""
    section = outline.section_at(path[:-1])
    return outline.nearest(str(path[-1]), tuple(outline.keys(section))) if section else None


def _expected(kind: str, ctx: dict[str, Any], path: Path, value: Any) -> str:
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        bound = ctx[name]
        return (
            f"{words} {bound:,.0f}"
            if isinstance(bound, float) and bound.is_integer()
            else f"{words} {bound:,}"
        )
    if kind in ("ip_v4_network", "ip_v6_network"):
        return _network(value)
    if kind in ("literal_error", "enum"):
        return "one of " + str(ctx["expected"]).replace("'", '"').replace(" or ", ", ")
    if kind == "string_pattern_mismatch":
        return _form(path) or "another form"
    if kind in ("too_short", "too_long"):
        return "at least one item" if kind == "too_short" else f"at most {ctx['max_length']} items"
    return _wanted(path, kind)


def _wanted(path: Path, kind: str = "missing") -> str:
    """What belongs there, from the kind of pydantic's error or else from the schema."""
    word = kind.split("_", 1)[0]
    if outline.section_at(path) is schema.Secret:
        place = "where the secret is kept (one of `file:`, `env:`, `credential:`), never the secret itself"
        return f"text, or {place}" if word == "string" else place
    match word:
        case "int":
            return f"a whole number{_unit(path)}"
        case "float" | "finite":
            return f"a number{_unit(path)}"
        case "bool":
            return "true or false"
        case "tuple" | "list":
            return "a list (`- ` lines below the key, or [a, b])"
        case "model" | "dict":
            return f"a section ({_some_keys(path)})"
        case "path":
            return "a path"
        case "string":
            return PATTERNS.get(_key(path), "text")
        case "missing":
            return _form(path) or "a value"
        case _:
            return "another value"


def _form(path: Path) -> str | None:
    """What a key with a pattern wants."""
    key = _key(path)
    return _OF_SECTION.get((outline.section_at(path[:-1]), key)) or PATTERNS.get(key)


def _unit(path: Path) -> str:
    key = _key(path)
    return next((f" {unit}" for ending, unit in _UNITS.items() if key.endswith(ending)), "")


def _some_keys(path: Path) -> str:
    section = outline.section_at(path)
    names = tuple(outline.keys(section))[:3] if section else ()
    return ", ".join(f"`{name}:`" for name in names) + " …" if names else "`key: value` lines"


def _network(value: Any) -> str:
    expected = "an address or network such as 192.0.2.7 or 10.0.0.0/8"
    try:
        corrected = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        return expected
    return f"{expected} (you may mean {corrected})"


def _got(value: Any, path: Path) -> str:
    match value:
        case None:
            return "nothing"
        case dict():
            return "a section"
        case list() | tuple():
            return "a list"
        case _ if secret(path):
            return "something else (not shown, as it may be secret)"
        case bool():
            return f"the truth value {str(value).lower()} (quote it if it is a text)"
        case str():
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= 80 else f'{text[:76]}…"'
        case _:
            return str(value)[:80]


def _key(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")
