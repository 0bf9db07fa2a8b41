"""RFC 3676: paragraphs that a mailer broke into flowed lines, made whole again.

Quote marks, space-stuffing, DelSp and the signature's "-- " are honoured; what is not flowed stays as it is. Linear.
"""

from __future__ import annotations


def unwrap(text: str, *, delsp: bool = False) -> str:
    """The text with every flowed paragraph on one line; quotes keep their marks."""
    lines: list[str] = []
    paragraph: list[str] = []
    depth_so_far = 0
    for line in text.split("\n"):
        rest, depth = line, 0
        if line[:1] == ">":
            rest = line.lstrip(">")
            depth = len(line) - len(rest)
        if rest[:1] == " ":
            rest = rest[1:]
        signature = rest == "-- "
        if paragraph and (signature or depth != depth_so_far):
            lines.append(_quoted(depth_so_far, "".join(paragraph)))
            paragraph.clear()
        depth_so_far = depth
        if rest[-1:] == " " and not signature:
            paragraph.append(rest[:-1] if delsp else rest)
        elif paragraph:
            paragraph.append(rest)
            lines.append(_quoted(depth, "".join(paragraph)))
            paragraph.clear()
        else:
            lines.append(_quoted(depth, rest) if depth else rest)
    if paragraph:
        lines.append(_quoted(depth_so_far, "".join(paragraph)))
    return "\n".join(lines)


def _quoted(depth: int, text: str) -> str:
    if not depth:
        return text
    return ">" * depth + (" " + text if text else "")
