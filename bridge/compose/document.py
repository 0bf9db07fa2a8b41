"""HTML of a mail as lxml reads it: whatever it is, all of its words are in one tree."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from bridge.compose import preformatted
from bridge.compose.tree import Limits

_DOCUMENT_END = re.compile(r"</(?:html|body)\s{0,20}>", re.IGNORECASE)
_LINKS = re.compile(r"<(/?)a(?=[\s>])[^<>]*>", re.IGNORECASE)
_TABLE_OR_CELL = re.compile(r"<(table|/?td)[\s>]", re.IGNORECASE)


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
    if root is not None:
        _with_feet_last(root)
    if root is not None and preformatted.may_be_in(html):
        preformatted.settle(root, limits.elements)
    return root


def _with_linked_tables(html: str) -> str:
    """The HTML with what keeps a table in its link: libxml2 ends `<a>` where a table begins, and buttons are made so."""
    pieces: list[str] = []
    position = link = 0
    for tag in _LINKS.finditer(html):
        if not tag[1]:
            # A link that another one begins in was never closed, and would take the rest of the mail in.
            # A `>` within a value is not the end of the tag.
            whole = tag[0].count('"') % 2 == tag[0].count("'") % 2 == 0
            link = tag.end() if whole else 0
            continue
        held = _TABLE_OR_CELL.search(html, link, tag.start()) if link else None
        if held is not None and held[1].lower() == "table":
            pieces += (html[position:link], "<span>")
            position = link
        link = 0
    return "".join((*pieces, html[position:])) if pieces else html


def _with_feet_last(root: Any) -> None:
    """HTML of old wanted the sums of a table before its rows, and every browser shows them below."""
    for foot in list(root.iter("tfoot")):
        table = foot.getparent()
        if table is not None and table.tag == "table" and foot.getnext() is not None:
            table.append(foot)
