"""What of the inputs that fuzzing made is worth keeping: those that reach branches which nothing it begins with reaches."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import coverage
import seeds
import targets

#: No target's seeds are more than this; the shortest inputs come first.
MOST = 200


def keep_new(target: str, grown: Iterable[bytes]) -> int:
    """Write the inputs that reach something new to `seeds/TARGET`; how many they are. One that breaks a promise raises."""
    reached: set[tuple[str, int, int]] = set()
    for content in (*seeds.made(target), *(content for _, content in seeds.kept(target))):
        reached |= _arcs(target, content)
    folder = seeds.SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    kept = 0
    for content in sorted(grown, key=lambda content: (len(content), content)):
        arcs = _arcs(target, content)
        if arcs <= reached:
            continue
        reached |= arcs
        (folder / sha256(content).hexdigest()[:16]).write_bytes(content)
        kept += 1
        if kept == MOST:
            break
    return kept


def _arcs(target: str, content: bytes) -> set[tuple[str, int, int]]:
    """The steps from one line to another that the input takes within the bridge."""
    watched = coverage.Coverage(
        branch=True, source=["bridge"], data_file=None, config_file=False, messages=False
    )
    with watched.collect():
        targets.tried(target, content)
    found = watched.get_data()
    return {(file, *arc) for file in found.measured_files() for arc in found.arcs(file) or ()}
