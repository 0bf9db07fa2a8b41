"""Which of two versions of the same words is the better one to show, and why: the words of the reason are for `explain`.

What the route prefers wins, unless it says nothing, only points to the other one, or could not be converted as a whole.
"""

from __future__ import annotations

import re
from typing import Literal

from bridge.compose import said
from bridge.compose.html import Converted
from bridge.compose.length import MARK

Prefer = Literal["auto", "html", "text"]


def text(converted: Converted, written: str) -> str:
    """Why the text is shown and not the HTML; "" where it is not."""
    if not is_anything(converted.markdown):
        return "the HTML says nothing"
    if is_stub(written):
        return ""
    if converted.trouble:
        return "the HTML could not be converted as a whole"
    stub = is_stub(converted.markdown) and _says_more(written, converted.markdown)
    return "the HTML only says that it is the one to read" if stub else ""


def html(prefer: Prefer, written: str | None) -> str:
    """Why the HTML is shown."""
    if written is None:
        return "there is no text"
    if is_stub(written):
        return "the text only says that this is the one to read"
    return "the route prefers it" if prefer == "html" else "it says as much, with its lists, links and tables"


def is_anything(markdown: str) -> bool:
    """Whether there is a word, a sign such as an emoji, or a picture."""
    return bool(MARK.search(markdown)) or any(said.key(line) for line in markdown.split("\n"))


#: What mailers write where their other part is meant to be read.
_STUB = re.compile(
    r"\b(view|see|read|open)\b.{0,40}\b(in|with|using)\b.{0,30}\b(browser|web|html)|html (e-?mail|message|format)"
    r"|(not|n't) (support|display|show|view|able to read).{0,30}\bhtml|im browser (ansehen|anzeigen|öffnen)|online ansehen"
    r"|dans (votre|un) navigateur|en (su|tu|el) navegador|nel (tuo )?browser|in (je|uw) browser"
    r"|n[oa] (seu )?navegador|w przeglądarce|в браузере|у браузері|i (din )?(webbläsare|browser|nettleser)|tarayıcı"
    r"|v prohlížeči|selaime|ブラウザ|浏览器|瀏覽器|브라우저",
    re.IGNORECASE,
)
_MAX_STUB = 400
_URLS = re.compile(r"https?://\S{1,4000}")


def is_stub(text: str) -> bool:
    """Whether the text only says that another version is the one to read."""
    if len(text) > 4_000:
        return False
    words = _URLS.sub("", text)
    return len(words.strip()) <= _MAX_STUB and _STUB.search(words) is not None


def _says_more(text: str, stub: str) -> bool:
    """A short newsletter has such a line too; whether the text goes beyond what stands besides it."""
    besides = "".join(line for line in _URLS.sub("", stub).split("\n") if not _STUB.search(line))
    return len(_URLS.sub("", text).strip()) > len(besides.strip())
