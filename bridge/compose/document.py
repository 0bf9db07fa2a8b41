"""HTML of a mail as lxml reads it: whatever it is, all of its words are in one tree."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from bridge.compose import preformatted
from bridge.compose.tree import Limits

_DOCUMENT_END = re.compile(r"</(?:html|body)\s{0,20}>", re.IGNORECASE)
_LINK_BEFORE_TABLE = re.compile(r"<a\s[^<>]*>(?=\s*<table[\s>])", re.IGNORECASE)
_NEXT_LINK = re.compile(r"<(/?)a[\s>]", re.IGNORECASE)


def parse(html: str, limits: Limits) -> Any | None:
    """lxml's tree of the HTML, None where there is nothing in it."""
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, recover=True, no_network=True
    )
    # Two documents in one part are one to a reader; libxml2 reads no further than the end of the first.
    html = _with_linked_tables(_DOCUMENT_END.sub("<div></div>", html.replace("\x00", "")))
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        return None
    if root is not None and preformatted.may_be_in(html):
        preformatted.settle(root, limits.elements)
    return root


def _with_linked_tables(html: str) -> str:
    """The HTML with what keeps a table in its link: libxml2 ends `<a>` where a table begins, and buttons are made so."""
    pieces: list[str] = []
    position = 0
    for link in _LINK_BEFORE_TABLE.finditer(html):
        following = _NEXT_LINK.search(html, link.end())
        # A link that another one begins in was never closed, and would take the rest of the mail in.
        if following is not None and following[1]:
            pieces += (html[position : link.end()], "<span>")
            position = link.end()
    return "".join((*pieces, html[position:])) if pieces else html
