"""The same picture once in a conversation: a logo that every mail of a thread brings is shown with the first of them.

Pure. A picture is known by its bytes, whatever it is called; attached files go along however often they come, but for pictures
that belong to a quote which was left out. A mail that says nothing but such a picture keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bridge.compose import said
from bridge.model import FILE_MARK, Decision, Draft, File

#: A picture that came along, where it stands in a body.
SHOWN = re.compile(
    rf"!\[(?P<alt>(?:[^\[\]\\\n]|\\.){{0,1000}})\]\({FILE_MARK[0]}(?P<leaf>-?\d{{1,9}}){FILE_MARK[1]}\)"
)


def pictures(files: Iterable[File]) -> frozenset[bytes]:
    """What the conversation holds of pictures once these files are posted, beside `said.digests` of the words."""
    return frozenset(_digest(file) for file in files if file.inline or file.quoted)


def told(draft: Draft, known: frozenset[bytes]) -> Draft:
    """The draft without the pictures that are known; its decisions say so."""
    again = tuple(file for file in draft.files if (file.inline or file.quoted) and _digest(file) in known)
    body = _without(draft.body, frozenset(file.leaf for file in again)) if again else ""
    if not body:
        return draft
    shown = (Decision(f"file {file.name}", "left out: this conversation has it already") for file in again)
    return replace(
        draft,
        body=body,
        files=tuple(file for file in draft.files if file not in again),
        decisions=(*draft.decisions, *shown),
    )


def _digest(file: File) -> bytes:
    # No line of words has such a key.
    return said.digest(f"\0{file.sha256}")


def _without(body: str, leaves: frozenset[int]) -> str:
    """The body without these pictures; one that is a link leaves its words, and one alone on its line nothing. "" for no body."""
    lines: list[str] = []
    for line in body.split("\n"):
        left = SHOWN.sub(lambda match: _words(match, leaves), line)
        if left != line and not left.strip(" >\u00a0"):
            continue
        lines.append(left)
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip("\n ")


def _words(match: re.Match[str], leaves: frozenset[int]) -> str:
    if int(match["leaf"]) not in leaves:
        return match[0]
    return match["alt"] if match.string.startswith("](", match.end()) else ""
