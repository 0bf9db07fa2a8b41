"""Characters that turn the direction of text: kept where they serve right-to-left words, gone where they only deceive.

Embeddings and isolates stay where they are closed on their line; one that is not would turn around what comes after it. Overrides
always go: no language needs them, and a name or an address reads backwards in them. The marks (LRM, RLM, ALM) stay. Linear.
"""

from __future__ import annotations

import re

_ANY = re.compile("[\u202a-\u202e\u2066-\u2069]")
_OVERRIDES = "\u202d\u202e"
_ISOLATES = "\u2066\u2067\u2068"
#: Embeddings and all of those.
_OPENING = "\u202a\u202b" + _OVERRIDES + _ISOLATES
_END_OF_ISOLATE = "\u2069"


def settled(text: str) -> tuple[str, bool]:
    """The text without what turns it around, and whether an override was among it."""
    if text.isascii() or not _ANY.search(text):
        return text, False
    overridden = any(character in text for character in _OVERRIDES)
    return "\n".join(_line(line) if _ANY.search(line) else line for line in text.split("\n")), overridden


def _line(line: str) -> str:
    """The line with nothing in it but pairs; what an isolate holds is closed with it."""
    gone: set[int] = set()
    opened: list[int] = []
    isolates = 0
    for match in _ANY.finditer(line):
        at, character = match.start(), match[0]
        if character in _OPENING:
            opened.append(at)
            isolates += character in _ISOLATES
            continue
        ends_isolate = character == _END_OF_ISOLATE
        if ends_isolate and isolates:
            isolates -= 1
            while line[opened[-1]] not in _ISOLATES:
                gone.add(opened.pop())
        if not opened or (line[opened[-1]] in _ISOLATES) is not ends_isolate:
            gone.add(at)
            continue
        start = opened.pop()
        if line[start] in _OVERRIDES:
            gone.update((start, at))
    gone.update(opened)
    return "".join(character for at, character in enumerate(line) if at not in gone)
