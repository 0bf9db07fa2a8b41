"""HTML of a mail as lxml reads it: whatever it is, all of its words are in one tree."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from bridge.compose import preformatted
from bridge.compose.tree import Limits

_DOCUMENT_END = re.compile(r"</(?:html|body)\s{0,20}>", re.IGNORECASE)


def parse(html: str, limits: Limits) -> Any | None:
    """lxml's tree of the HTML, None where there is nothing in it."""
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, recover=True, no_network=True
    )
    # Two documents in one part are one to a reader; libxml2 reads no further than the end of the first.
    html = _DOCUMENT_END.sub("<div></div>", html.replace("\x00", ""))
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        return None
    if root is not None and preformatted.may_be_in(html):
        preformatted.settle(root, limits.elements)
    return root
