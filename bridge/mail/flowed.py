"""RFC 3676: paragraphs that a mailer broke into flowed lines, made whole again.

Quote marks, space-stuffing, DelSp and the signature's "-- " are honoured; what is not flowed stays as it is. Linear.
"""

from __future__ import annotations

from collections.abc import Iterator

#: Lines are looked at in blocks of so many characters: a list of all of them takes thirty times what they say.
_BLOCK_CHARS = 64 * 1024


def unwrap(text: str, *, delsp: bool = False) -> str:
    """The text with every flowed paragraph on one line; quotes keep their marks."""
    done: list[str] = []
    paragraph: list[str] = []
    depth_so_far = 0
    for block in _blocks(text):
        lines: list[str] = []
        for line in block.split("\n"):
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
        paragraph = ["".join(paragraph)] if paragraph else []
        if lines:
            done.append("\n".join(lines))
    if paragraph:
        done.append(_quoted(depth_so_far, "".join(paragraph)))
    return "\n".join(done)


def _blocks(text: str) -> Iterator[str]:
    """The text in blocks of whole lines, without the line end between two of them."""
    position = 0
    while True:
        end = text.find("\n", position + _BLOCK_CHARS)
        yield text[position : end if end >= 0 else len(text)]
        if end < 0:
            return
        position = end + 1


def _quoted(depth: int, text: str) -> str:
    if not depth:
        return text
    return ">" * depth + (" " + text if text else "")
