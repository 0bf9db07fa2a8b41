"""RFC 3676: paragraphs that a mailer broke into flowed lines, made whole again.

Quote marks, space-stuffing, DelSp and the signature's "-- " are honoured; what is not flowed stays as it is. Linear.
"""

from __future__ import annotations


def unwrap(text: str, *, delsp: bool = False) -> str:
    """The text with every flowed paragraph on one line; quotes keep their marks."""
    lines: list[str] = []
    paragraph: list[str] = []
    depth_so_far = -1
    for line in text.split("\n"):
        rest = line.lstrip(">")
        depth = len(line) - len(rest)
        rest = rest.removeprefix(" ")
        if paragraph and (depth != depth_so_far or rest == "-- "):
            lines.append(_quoted(depth_so_far, paragraph))
            paragraph = []
        depth_so_far = depth
        if rest.endswith(" ") and rest != "-- ":
            paragraph.append(rest[:-1] if delsp else rest)
            continue
        lines.append(_quoted(depth, [*paragraph, rest]))
        paragraph = []
    if paragraph:
        lines.append(_quoted(depth_so_far, paragraph))
    return "\n".join(lines)


def _quoted(depth: int, pieces: list[str]) -> str:
    text = "".join(pieces)
    if not depth:
        return text
    return ">" * depth + (" " + text if text else "")
