"""text/enriched (RFC 1896) as plain text: the words without their markup. Linear."""

from __future__ import annotations

import re

from bridge.mail.pieces import Pieces

_MARK = re.compile(r"<<|<(/?)([A-Za-z0-9-]{1,60})>|\n+")


def plain(text: str) -> str:
    """The words; parameters of commands are dropped, and of several line ends one is the markup's own."""
    pieces = Pieces()
    position, parameters, verbatim = 0, False, False
    for mark in _MARK.finditer(text):
        if not parameters:
            pieces.add(text[position : mark.start()])
        position = mark.end()
        match mark[2] and mark[2].lower():
            case None if mark[0] == "<<":
                pieces.add("<")
            case None:
                breaks = len(mark[0])
                pieces.add(mark[0] if verbatim else "\n" * (breaks - 1) or " ")
            case "param":
                parameters = not mark[1]
            case "nofill" | "verbatim":
                verbatim = not mark[1]
            case _:
                pass
    if not parameters:
        pieces.add(text[position:])
    return pieces.taken()
