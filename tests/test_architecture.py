"""The shape of the code is what it is said to be: ranks, owners, purity, size."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BRIDGE = ROOT / "bridge"
FILES = sorted(BRIDGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

#: From the ground up. A unit (a module or package right below bridge/) imports from lower ranks and from itself, nothing else;
#: so the steps of the path, which share a rank, do not know each other.
RANKS = (
    {"facts"},
    {"__init__", "model", "errors", "clock", "notify", "faults", "stopwatch"},
    {"log", "web"},
    {"config"},
    {"intake", "spool", "mail", "compose", "staging", "reamaze", "sandbox"},
    {"plan", "convert", "workers"},
    {"delivery"},
    {"explain", "operate"},
    {"daemon"},
    {"cli"},
    {"__main__"},
)

#: Who may import each third-party package.
OWNERS = {
    "aiosmtpd": {"intake"},
    "bs4": {"compose"},
    "click": {"cli"},
    "httpx": {"reamaze", "staging"},
    "itsdangerous": {"staging"},
    "lxml": {"compose"},
    "markdown_it": {"sandbox"},
    "markdownify": {"compose"},
    "prometheus_client": {"operate"},
    "pydantic": {"config"},
    "pydantic_core": {"config"},
    "sqlalchemy": {"spool"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "uvloop": {"daemon"},
    "yaml": {"config"},
}

#: Installed by another package of the list, which is made of it.
INDIRECT = {"beautifulsoup4", "pydantic-core"}

#: All that the pure packages may take from the standard library: nothing that reads, writes, waits, guesses or tells the time.
PURE = {"mail", "compose", "facts", "model", "plan"}
PURE_MODULES = {
    "__future__", "base64", "binascii", "bisect", "codecs", "collections", "collections.abc", "dataclasses", "datetime",
    "difflib", "email", "email.errors", "email.header", "email.message", "email.parser", "email.utils",
    "encodings.aliases", "enum", "functools", "hashlib", "heapq", "hmac", "html", "html.entities", "ipaddress",
    "itertools", "json", "math", "mmap", "operator", "quopri", "re", "string", "struct", "types", "typing", "unicodedata",
    "urllib.parse", "zlib",
}  # fmt: skip
#: The names of types that a pure module may hold without using what they can do.
PURE_TYPES = {("pathlib", "Path")}

#: Who may ask the time itself: the clock; what a person starts; and what compares with the times that the system gives to files.
ASK_THE_TIME = {"clock", "cli", "sandbox", "staging/files"}

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60


def unit(file: Path) -> str:
    return file.relative_to(BRIDGE).with_suffix("").parts[0]


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


@functools.cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports(file: Path) -> Iterator[tuple[int, str, str]]:
    """Line, module and name of each import, wherever it stands; the name is "" for a whole module."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                (node.lineno, "." * node.level + (node.module or ""), alias.name) for alias in node.names
            )


def inner(file: Path) -> Iterator[tuple[int, str]]:
    """Line and unit of each import of the bridge's own."""
    for line, module, name in imports(file):
        root, _, rest = module.partition(".")
        if root == "bridge":
            found = rest.partition(".")[0] or name
            yield line, found if _exists(found) else "__init__"


def _exists(name: str) -> bool:
    return (BRIDGE / name).is_dir() or (BRIDGE / f"{name}.py").exists()


def rank(name: str) -> int:
    return next(number for number, names in enumerate(RANKS) if name in names)


# -- who knows whom --------------------------------------------------------------------------------


def test_every_unit_has_one_rank() -> None:
    counted = Counter(name for names in RANKS for name in names)
    assert set(counted) == {unit(file) for file in FILES}
    assert set(counted.values()) == {1}


def test_imports_point_downwards_only() -> None:
    upward = [
        f"{shown(file)}:{line} imports {found}"
        for file in FILES
        for line, found in inner(file)
        if found != unit(file) and rank(found) >= rank(unit(file))
    ]
    assert upward == []


def test_imports_say_the_whole_name() -> None:
    relative = [
        f"{shown(file)}:{line}"
        for file in FILES
        for line, module, _ in imports(file)
        if module.startswith(".")
    ]
    assert relative == []


def test_no_package_goes_round_in_circles() -> None:
    graph: dict[str, set[str]] = {}
    names = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in FILES
    }
    for file in FILES:
        own = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found = {target for _, module, name in imports(file) for target in (f"{module}.{name}", module)}
        # A package's own __init__ gathers what lies within; that is no circle.
        graph[own] = {
            target for target in found & names if target != own and not own.startswith(f"{target}.")
        }
    tuple(graphlib.TopologicalSorter(graph).static_order())


def test_each_third_party_package_has_its_owner() -> None:
    strangers = [
        f"{shown(file)}:{line} imports {module}"
        for file in FILES
        for line, module, _ in imports(file)
        if module.partition(".")[0] not in {"bridge", *sys.stdlib_module_names}
        and unit(file) not in OWNERS.get(module.partition(".")[0], set())
    ]
    assert strangers == []


def test_what_is_installed_is_what_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {_plain(re.split(r"[<>=!;\s\[]", entry, maxsplit=1)[0]) for entry in project["dependencies"]}
    distributions = packages_distributions()
    imported = {
        _plain(distributions[module.partition(".")[0]][0])
        for file in FILES
        for _, module, _ in imports(file)
        if module.partition(".")[0] in OWNERS and module.partition(".")[0] in distributions
    }
    assert imported - INDIRECT - declared == set()
    assert declared - imported == set()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# -- purity ----------------------------------------------------------------------------------------


def test_pure_packages_can_do_nothing_but_think() -> None:
    impure = [
        f"{shown(file)}:{line} imports {module}"
        for file in FILES
        if unit(file) in PURE
        for line, module, name in imports(file)
        if module.partition(".")[0] in sys.stdlib_module_names
        and module not in PURE_MODULES
        and (module, name) not in PURE_TYPES
    ]
    assert impure == []


def test_pure_packages_know_only_values_and_the_config() -> None:
    assert [
        f"{shown(file)}:{line} imports {found}"
        for file in FILES
        if unit(file) in PURE
        for line, found in inner(file)
        if found not in {unit(file), "facts", "model", "config", "errors"}
    ] == []


def test_pure_packages_open_nothing_and_ask_no_clock() -> None:
    forbidden = {
        "open",
        "input",
        "now",
        "utcnow",
        "today",
        "read_bytes",
        "read_text",
        "write_bytes",
        "write_text",
        "stat",
    }
    assert [
        f"{shown(file)}:{node.lineno} calls {name}"
        for file in FILES
        if unit(file) in PURE
        for node, name in calls(file)
        if name in forbidden
    ] == []


def test_the_time_is_asked_of_the_clock_alone() -> None:
    asked = {"now", "utcnow", "today", "monotonic", "time", "monotonic_ns", "time_ns", "perf_counter"}
    assert [
        f"{shown(file)}:{node.lineno} calls {ast.unparse(node.func)}"
        for file in FILES
        if not ASK_THE_TIME & {unit(file), str(file.relative_to(BRIDGE).with_suffix(""))}
        for node, name in calls(file)
        if name in asked
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) in ("datetime", "time", "date")
    ] == []


def calls(file: Path) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node, node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node, node.func.attr


# -- size and manners ------------------------------------------------------------------------------


def test_no_file_is_longer_than_a_reader_holds() -> None:
    lengths = {shown(file): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {file: length for file, length in lengths.items() if length > MOST_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    assert [
        f"{shown(file)}:{node.lineno} {node.name} has {length} lines"
        for file in FILES
        for node in ast.walk(tree(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    ] == []


def test_every_module_says_what_it_is() -> None:
    assert [
        shown(file)
        for file in FILES + TESTS
        if file.read_text().strip() and not ast.get_docstring(tree(file))
    ] == []


def test_nothing_is_named_for_being_left_over() -> None:
    leftovers = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "info"}
    assert [shown(file) for file in FILES + TESTS if leftovers & set(file.with_suffix("").parts[-2:])] == []


def test_only_commands_print() -> None:
    assert [
        f"{shown(file)}:{node.lineno}"
        for file in FILES
        if unit(file) != "cli"
        for node, name in calls(file)
        if name == "print"
    ] == []


def test_no_promise_hangs_on_an_assert() -> None:
    # `python -O` takes them away.
    assert [
        f"{shown(file)}:{node.lineno}"
        for file in FILES
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Assert)
    ] == []


@pytest.mark.parametrize("mark", ["noqa", "type: ignore"])
def test_every_exception_to_a_rule_names_the_rule_and_its_reason(mark: str) -> None:
    """The reason stands on the line or in a comment above it; further exceptions of a file from the same rule share it."""
    exception = re.compile(rf"# {mark}(?:: |\[)(?P<rules>[\w, -]*?)\]?(?P<reason>(?: - |\s+# )\w.+)?$")
    bare = []
    for file in FILES:
        explained: set[str] = set()
        above = ""
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            comment, above = above.lstrip().startswith("# "), line
            if f"# {mark}" not in line:
                continue
            found = exception.search(line)
            if found and (found["reason"] or comment or found["rules"] in explained):
                explained.add(found["rules"])
            else:
                bare.append(f"{shown(file)}:{number}")
    assert bare == []


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b|NotImplemented" + "Error")
    assert [
        f"{shown(file)}:{number}"
        for file in FILES + TESTS
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ] == []


def test_every_test_file_has_a_name_of_its_own() -> None:
    counted = Counter(file.name for file in TESTS if file.name.startswith("test_"))
    assert [name for name, count in counted.items() if count > 1] == []
