"""The words of bodies as they are compared: letters and digits alone, with markup, links and quoting taken away.

A body may be read in several ways (its text, its HTML without tags, either without addresses of the web); two bodies
agree when one reading of the one is one of the other.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from bridge.sandbox import markdown

_SILENT = re.compile(r"<(style|script|head|title)\b[^>]*>.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z!][^>]*>")
_URL = re.compile(
    r"<?\b(?:https?|ftp|mailto|cid):[^\s<>]*>?|\bwww\.[^\s<>]*|\[(?:cid|image|picture):[^\]]*\]"
)
_PICTURE = re.compile(r"!\[(?:[^\]\\]|\\.)*\]\([^\s)]*\)")
_WORD = re.compile(r"\w+")


def squeezed(text: str) -> str:
    """Letters and digits alone, in one case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def of_markdown(body: str) -> str:
    """What a reader of the rendered Markdown sees, pictures left out."""
    return without_tags(markdown.render(_PICTURE.sub(" ", body), hard_breaks=False, pictures_at={}))


def without_tags(source: str) -> str:
    return html.unescape(_TAG.sub(" ", _SILENT.sub(" ", source)))


def readings(text: str) -> frozenset[str]:
    """The ways to read an expected body, squeezed."""
    plain = (text, without_tags(text))
    return frozenset(squeezed(reading) for one in plain for reading in (one, _URL.sub(" ", one)))


def readings_of_markdown(body: str) -> frozenset[str]:
    """The ways to read a posted body, squeezed."""
    seen = of_markdown(body)
    return frozenset(squeezed(reading) for reading in (seen, _URL.sub(" ", seen), body))


def holds(posted: Iterable[str], expected: Iterable[str]) -> bool:
    """Whether one posted reading has an expected one within it."""
    return any(wanted in found for found in posted for wanted in expected)


def lines_in_order(body: str, wanted: str) -> bool:
    """Whether every line of the wanted text stands in the body, in order."""
    rest = squeezed(body)
    for line in filter(None, map(squeezed, wanted.splitlines())):
        _, found, rest = rest.partition(line)
        if not found:
            return False
    return True


def difference(expected: str, posted: str) -> str:
    """The first words that only one of the two has, each as often as it has more of them."""
    wanted = Counter(_words(min(expected, without_tags(expected), key=len)))
    found = Counter(_words(posted))
    return f"missing: {_some(wanted - found)}; more: {_some(found - wanted)}"


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _some(counted: Counter[str]) -> str:
    shown = " ".join(list(counted.elements())[:12])
    total = counted.total()
    return f"{shown} … ({total})" if total > 12 else shown or "nothing"
