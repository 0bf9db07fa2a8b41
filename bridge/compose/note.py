"""The internal note: what an agent should know about a mail, in a few plain lines.

Short, only where there is something to say, and never markup of the sender's making: every character that could turn into
Markdown is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bridge.compose import words

MAX_LINES = 20
MAX_CHARS = 400
#: A line that quotes the mail in full, such as a subject that was cut.
MAX_QUOTED = 12_000
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")


def lines(remarks: Iterable[str]) -> tuple[str, ...]:
    """One line a remark: no duplicates, each cut at `MAX_CHARS`, at most `MAX_LINES` and then how many more there were."""
    found = tuple(dict.fromkeys(filter(None, map(_line, remarks))))
    if len(found) <= MAX_LINES:
        return found
    return (*found[: MAX_LINES - 1], f"{len(found) - MAX_LINES + 1} further remarks are left out.")


def render(said: Iterable[str], *, mail_id: str = "") -> str:
    """The note as Markdown; "" when there is nothing to say."""
    bullets = [f"- {escape(' '.join(line.split()))}" for line in said if line.strip()]
    if not bullets:
        return ""
    heading = f"Mail bridge, mail {escape(mail_id)}:" if mail_id else "Mail bridge:"
    return "\n".join((heading, "", *bullets))


def escape(text: str) -> str:
    """The text so that Markdown shows it as it stands."""
    return _MARKUP.sub(r"\\\1", text)


def _line(remark: str) -> str:
    return words.one_line(remark, MAX_CHARS)
