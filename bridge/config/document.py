"""YAML text → plain data, with the line and column of every key and value.

Whatever the text holds, `read` either returns or raises `ConfigError`: size, depth and node count are bounded before anything is
built, so neither a file of brackets nor one of nested aliases can exhaust the process. Duplicate keys, which YAML readers take
in silence, are mistakes. No message quotes the file, because any line of it may hold a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_CHARS = 1024 * 1024
MAX_DEPTH = 30
MAX_NODES = 50_000

#: Where a value stands: keys and list positions from the top.
Path = tuple[str | int, ...]
#: Line and column, both counted from 1.
Place = tuple[int, int]

_MERGE = "tag:yaml.org,2002:merge"
_STRING = "tag:yaml.org,2002:str"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

# What PyYAML says, by the start of its words, and what a person can do about it.
_SYNTAX = (
    ("found character '\\t'", "a tab stands where YAML allows only blanks; indent with blanks"),
    (
        "mapping values are not allowed",
        "a second `key:` on one line, wrong indentation, or a `key` above without its `: `; put text with `: ` in it into quotes",
    ),
    ("could not find expected ':'", "a key without its `:`, or a text that is not indented below its key"),
    (
        "expected <block end>",
        "the indentation does not match the lines above (keys of one section start in one column), or a quote is never closed",
    ),
    ("expected ',' or ']'", "a list opened with `[` is not closed, or a `,` is missing"),
    ("expected ',' or '}'", "a section opened with `{` is not closed, or a `,` is missing"),
    ("found unexpected end of stream", "a quote is opened and never closed"),
    (
        "found undefined alias",
        "text that starts with `*` refers to an anchor that does not exist; put it into quotes",
    ),
    ("found unhashable key", "a key must be plain text"),
    ("found unknown escape character", "in double quotes a backslash starts an escape; use single quotes"),
    ("but found another document", "a second document starts here with `---`; the config is one document"),
    (
        "expected the node content, but found ':'",
        "text cannot start with `:` here; put an IPv6 address into quotes",
    ),
    (
        "expected alphabetic or numeric character",
        "text that starts with `*` or `&` means something else; put it into quotes",
    ),
    ("found character", "text cannot start with this character; put it into quotes"),
)


class _TooMuchError(yaml.MarkedYAMLError):
    """A bound of this module is reached."""


class _Loader(yaml.SafeLoader):
    """A safe loader that stops at MAX_DEPTH, since PyYAML composes recursively, and leaves dates as they were written."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it on the class
        first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooMuchError(
                problem=f"sections lie deeper than {MAX_DEPTH} levels",
                problem_mark=self.get_mark(),
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


@dataclass(slots=True)
class Document:
    """The file's data, and where everything in it stands."""

    data: dict[str, Any]
    #: The start of each value.
    values: dict[Path, Place] = field(default_factory=dict)
    #: The start of each key.
    keys: dict[Path, Place] = field(default_factory=dict)
    #: Mistakes found while reading: where, in which section, and what.
    mistakes: list[tuple[Place, Path, str]] = field(default_factory=list)
    #: Values that are among the mistakes already; the data holds an empty text in their place.
    unread: set[Path] = field(default_factory=set)

    def place(self, path: Path) -> Place:
        """Where the value stands, or the nearest section around it that does."""
        while path:
            found = self.keys.get(path) or self.values.get(path)
            if found:
                return found
            path = path[:-1]
        return (1, 1)


def read(text: str) -> Document:
    """The document. Syntax errors, since nothing after them can be believed, leave its data empty."""
    document = Document({})
    if len(text) > MAX_CHARS:
        document.mistakes.append(
            ((1, 1), (), f"the file is longer than {MAX_CHARS:,} characters; is it the right file?")
        )
        return document
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        _fill(document, root, loader)
    except yaml.reader.ReaderError as error:
        document.mistakes.append(
            (_position(text, error.position), (), "a control character that YAML does not allow")
        )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.mistakes.append((place, (), _syntax(error)))
    return document


def _fill(document: Document, root: yaml.Node | None, loader: _Loader) -> None:
    if root is None:
        document.mistakes.append(((1, 1), (), "the file is empty; start from `config.example.yaml`"))
    elif not isinstance(root, yaml.MappingNode):
        document.mistakes.append(
            (_start(root), (), "expected `key: value` lines at the top; start from `config.example.yaml`")
        )
    else:
        document.data = _Builder(loader, document).mapping(root, ())


class _Builder:
    """Turns nodes into data. Aliases share nodes, so what is bounded here is what they expand to."""

    def __init__(self, loader: _Loader, document: Document) -> None:
        self._loader = loader
        self._document = document
        self._nodes = 0
        self._open: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(self._open) > MAX_DEPTH or id(node) in self._open:
            raise _TooMuchError(
                problem=f"aliases make this more than {MAX_NODES:,} values or {MAX_DEPTH} levels, or refer to themselves",
                problem_mark=node.start_mark,
            )
        self._document.values[path] = _start(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, path)
            items: list[yaml.Node] = node.value
            return [self.value(item, (*path, index)) for index, item in enumerate(items)]
        finally:
            self._open.discard(id(node))

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        seen: dict[str, Place] = {}
        result: dict[str, Any] = {}
        merged: list[tuple[str, yaml.Node, yaml.Node]] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged.extend(self._merged(value_node, path))
                continue
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in seen:
                first_line = seen[key][0]
                self._mistake(
                    key_node, (*path, key), f"this key is already in line {first_line}; keep one of the two"
                )
                continue
            seen[key] = self._document.keys[*path, key] = _start(key_node)
            result[key] = self.value(value_node, (*path, key))
        for key, key_node, value_node in merged:
            if key not in result:
                self._document.keys[*path, key] = _start(key_node)
                result[key] = self.value(value_node, (*path, key))
        return result

    def _merged(self, node: yaml.Node, path: Path) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """The pairs that `<<:` brings in; what the section says itself goes before them."""
        sources: list[yaml.Node] = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                self._mistake(source, path, "`<<` takes a section (`*name`) or a list of sections")
                continue
            for key_node, value_node in source.value:
                key = self._key(key_node, path)
                if key is not None:
                    yield key, key_node, value_node

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        # `on:` and `8025:` are read as a truth value and a number by YAML 1.1; as a key the text is what was meant.
        if isinstance(node, yaml.ScalarNode) and not _UNPRINTABLE.search(node.value):
            return str(node.value)
        self._mistake(node, path, "a key must be plain text")
        return None

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        wrong = "this tag or value is not one a config can hold; put text into quotes"
        if _UNPRINTABLE.search(node.value):
            wrong = "the text holds a control character; remove it"
        elif node.tag == _STRING:
            return node.value
        elif node.tag == self._loader.resolve(yaml.ScalarNode, node.value, (True, False)):  # type: ignore[no-untyped-call]  # in its stubs
            # Only what the value itself looks like: a tag that promises something else breaks PyYAML in many ways.
            with suppress(yaml.YAMLError, ValueError, OverflowError):
                return self._loader.construct_object(node)
        self._mistake(node, path, wrong)
        self._document.unread.add(path)
        return ""

    def _mistake(self, node: yaml.Node, path: Path, what: str) -> None:
        self._document.mistakes.append((_start(node), path, what))


def _start(node: yaml.Node) -> Place:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


def _position(text: str, offset: int) -> Place:
    return (text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or ""
    if isinstance(error, _TooMuchError):
        return problem
    for start, meaning in _SYNTAX:
        if problem.startswith(start):
            return meaning
    return (
        "not valid YAML here; look at the indentation, the quotes and the `:` of this line and the one above"
    )
