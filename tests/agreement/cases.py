"""A folder of mails with what is expected of them: `NAME.eml` beside `NAME.expect.json`, at any depth.

The keys of an expectation are those of `comparing.FIELDS`; `_contested` names keys that readers of mail disagree about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BARE_LF = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Case:
    #: The path below the folder, without its ending.
    name: str
    #: As a forwarding mail server would send it: every line ends in CRLF.
    content: bytes
    #: None for a mail that only has to arrive.
    expected: dict[str, Any] | None

    def is_contested(self, field: str) -> bool:
        return field in (self.expected or {}).get("_contested", ())


def read(folder: Path) -> Iterator[Case]:
    """The cases in order of their names. Raises OSError, and ValueError for an expectation that is no JSON object."""
    for path in sorted(folder.rglob("*.eml")):
        expectation = path.with_suffix(".expect.json")
        expected = json.loads(expectation.read_text(encoding="utf-8")) if expectation.exists() else None
        if expected is not None and not isinstance(expected, dict):
            raise ValueError(f"{expectation}: expected a JSON object")
        name = str(path.relative_to(folder).with_suffix(""))
        yield Case(name, _BARE_LF.sub(b"\r\n", path.read_bytes()), expected)
