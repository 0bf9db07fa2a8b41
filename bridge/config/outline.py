"""The shape of the schema as data: which section lies where, and which keys it knows.

Derived from the classes themselves, so a new key is known here, in the mistakes that name the nearest key, and in the tests of
`config.example.yaml` without being written twice.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from bridge.config import schema

#: Stands for the name in a mapping of names (`reamaze.brands.*`).
ANY = "*"


def keys(section: type[schema.Section]) -> dict[str, FieldInfo]:
    """The section's keys as they are written in the file."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def section_at(path: Sequence[str | int]) -> type[schema.Section] | None:
    """The section a path leads to; None where it leads to a value or nowhere."""
    found: Any = schema.Config
    for step in path:
        found = _below(found, step)
    return _section(found)


def walk(
    section: type[schema.Section] = schema.Config, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every key of the file with its path, in the order of the schema; lists leave no trace in the path."""
    for key, field in keys(section).items():
        here = (*path, key)
        yield here, field
        below: Any = field.annotation
        if _mapping(below):
            below, here = _mapping(below), (*here, ANY)
        elif _item(below):
            below = _item(below)
        inner = _section(below)
        if inner is not None:
            yield from walk(inner, here)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    found = difflib.get_close_matches(word.replace("-", "_").lower()[:80], known, n=1, cutoff=0.6)
    return found[0] if found else None


def home(key: str) -> str | None:
    """The one section that has such a key, for a key that stands in the wrong place."""
    found = {".".join(path[:-1]) for path, _ in walk() if path[-1] == key}
    return found.pop() if len(found) == 1 else None


def _below(annotation: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return _item(annotation)
    section = _section(annotation)
    if section is not None:
        field = keys(section).get(step)
        return field.annotation if field else None
    return _mapping(annotation)


def _choices(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation alone; `Annotated` and aliases taken off."""
    if get_origin(annotation) is Annotated:
        return _choices(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(choice for member in get_args(annotation) for choice in _choices(member))
    return (annotation,)


def _section(annotation: Any) -> type[schema.Section] | None:
    for choice in _choices(annotation):
        if isinstance(choice, type) and issubclass(choice, schema.Section):
            return choice
    return None


def _item(annotation: Any) -> Any:
    return _argument(annotation, tuple, 0)


def _mapping(annotation: Any) -> Any:
    return _argument(annotation, dict, 1)


def _argument(annotation: Any, origin: type, index: int) -> Any:
    for choice in _choices(annotation):
        if get_origin(choice) is origin:
            return get_args(choice)[index]
    return None
