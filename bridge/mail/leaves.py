"""What a leaf says of itself: type, encoding, charset, disposition, and a name from every place one can hide."""

from __future__ import annotations

import re
from dataclasses import replace

from bridge.mail import charsets, decode, endings, headers, hygiene, parameters, uu, words
from bridge.mail.headers import Content
from bridge.mail.limits import Limits
from bridge.mail.split import Part
from bridge.model import Leaf, Span

_ENCODINGS = {
    "": "identity",
    "7bit": "identity",
    "8bit": "identity",
    "7bits": "identity",
    "8bits": "identity",
    "binary": "identity",
    "none": "identity",
    "plain": "identity",
    "base64": "base64",
    "base-64": "base64",
    "b64": "base64",
    "quoted-printable": "quoted-printable",
    "quotedprintable": "quoted-printable",
    "quoted_printable": "quoted-printable",
    "qp": "quoted-printable",
    "x-uuencode": "x-uuencode",
    "x-uue": "x-uuencode",
    "uuencode": "x-uuencode",
    "uue": "x-uuencode",
}
_FIRST_WORD = re.compile(rb"[\s\"';=]*+([A-Za-z0-9_-]*+)")
_WORDS_TYPES = frozenset(
    {"text/plain", "text/html", "text/markdown", "text/x-markdown", "text/enriched", "text/richtext"}
)
#: What Exchange calls text that stands between files and behind them, and had no name.
_OF_EXCHANGE = re.compile(r"ATT\d{5}\.(?:txt|html?)", re.IGNORECASE)
_FORM = "multipart/form-data"
#: What is in them is no file.
_STAND_INS = frozenset(("message/partial", "message/external-body"))
_NESTED = ("message/rfc822", "message/global", "message/news")
#: What a file cannot be called although a mail can.
_NO_NAME = re.compile(r'[<>:"/\\|?*]+')
_SAMPLE_BYTES = 1024
_NESTED_HEADER_BYTES = 64 * 1024


def read(
    content: Content, part: Part, index: int, limits: Limits, defects: list[str], *, hint: str | None = None
) -> Leaf:
    """The leaf of a part that has no children; `hint` is a charset to believe for raw 8-bit names."""
    header = part.header
    charset = part.type.parameters.get("charset")
    shown = parameters.read(header.first("content-disposition"), charset or hint)
    disposition = shown.head if shown.head in ("inline", "attachment") else ""
    named = part.type.parameters
    if not header.first("content-type").isascii():
        named = parameters.read(header.first("content-type"), charset or hint).parameters
    field = shown.parameters.get("name", "") if shown.head == "form-data" else ""
    filename = (
        shown.parameters.get("filename")
        or named.get("name")
        or (shown.parameters.get("name") if not field else None)
        or named.get("filename")
        or named.get("file")
        or part.name
    )
    if part.content_type in _STAND_INS:
        filename = _stand_in(part, defects)
    leaf = Leaf(
        index=index,
        section=part.section or "1",
        content_type=_type(part.content_type, filename or ""),
        content=Span(part.body, max(part.end, part.body)),
        encoding=_encoding(content, part, defects),
        charset=charset,
        disposition=disposition,
        filename=filename or None,
        content_id=_bare(header.first("content-id")),
        content_location=_plain(header.first("content-location")),
        description=hygiene.line(field) or _plain(header.first("content-description")),
        parameters=tuple((k, v) for k, v in part.type.parameters.items() if k not in ("charset", "name")),
        within=part.within,
    )
    if leaf.filename is None and leaf.content_type in _NESTED:
        return named_by_subject(content, leaf, limits)
    if leaf.filename is None and leaf.encoding == "x-uuencode" and leaf.content_type != "text/plain":
        return replace(leaf, filename=uu.name(content, part.body, min(part.end, part.body + _SAMPLE_BYTES)))
    return leaf


def _type(declared: str, filename: str) -> str:
    """The declared type, but for a mail that only its name tells from any other bytes."""
    mail = declared in endings.SAY_NOTHING and filename.lower().endswith(".eml")
    return _NESTED[0] if mail else declared


def is_words(leaf: Leaf, *, alone: bool) -> bool:
    """Whether the leaf is the author's words rather than a file; `alone` is a leaf that is the whole mail."""
    if leaf.content_type in _WORDS_TYPES and _OF_EXCHANGE.fullmatch(leaf.filename or ""):
        return True
    if leaf.content_type not in _WORDS_TYPES or leaf.disposition == "attachment":
        return False
    return leaf.filename is None or alone or "multipart/alternative" in leaf.within[-1:]


def may_be_words(leaf: Leaf) -> bool:
    """Whether a named leaf is meant to be read in place; only of use where nothing else is."""
    return leaf.content_type in _WORDS_TYPES and (leaf.disposition != "attachment" or leaf.filename is None)


def may_be_output(leaf: Leaf) -> bool:
    """Whether the leaf is a whole mail without a type and a name, as `mailx` sends text that has a control character in it."""
    unsaid = leaf.content_type in endings.SAY_NOTHING and leaf.filename is None
    return unsaid and not leaf.within and leaf.disposition != "attachment"


def is_field(leaf: Leaf) -> bool:
    """Whether the leaf is a field of a form, whose name is the leaf's description."""
    return leaf.within[-1:] == (_FORM,)


def _stand_in(part: Part, defects: list[str]) -> str:
    """A name for a part that only stands for another one (RFC 2046 section 5.2), and a word on where that is."""
    said = part.type.parameters
    if part.content_type == "message/partial":
        piece = f"piece {said.get('number', '?')[:10]} of {said.get('total', '?')[:10]}"
        defects.append(
            f"The mail is {piece} of a larger one that was cut up on the way; it is kept as a file."
        )
        return f"{piece}.eml"
    where = [f"{key} {said[key]}" for key in ("url", "site", "directory", "server") if said.get(key)]
    way = said.get("access-type", "unknown access")
    told = ", ".join(one[:1_000] for one in (said.get("name", ""), way, *where) if one)
    defects.append(f"Part {part.section or '1'} only points to a file that is kept elsewhere: {told}.")
    return f"{said.get('name', 'file')[:100]} (kept elsewhere).txt"


def _encoding(content: Content, part: Part, defects: list[str]) -> str:
    value = part.header.first("content-transfer-encoding")
    word = _FIRST_WORD.match(value)
    label = word[1].decode("ascii").lower() if word else ""
    encoding = _ENCODINGS.get(label) or _ENCODINGS.get(label.replace("-", ""))
    if encoding is None:
        encoding = "identity"
        defects.append(
            f"Part {part.section or '1'}: unknown transfer encoding {label[:40]!r}; taken as it is."
        )
    if encoding == "identity" and _is_shown(part):
        sample = content[part.body : max(part.body, min(part.end, part.body + _SAMPLE_BYTES * 8))]
        if found := decode.lost(sample):
            defects.append(f"Part {part.section or '1'}: its transfer encoding was lost; read as {found}.")
            return found
    if encoding == "base64" and not decode.looks_like_base64(
        content[part.body : min(part.end, part.body + _SAMPLE_BYTES)]
    ):
        defects.append(f"Part {part.section or '1'}: declared as base64, but it is plain text.")
        return "identity"
    return encoding


def _is_shown(part: Part) -> bool:
    """Whether the part is plain text or HTML, and no file."""
    disposition = part.header.first("content-disposition").lstrip()[:10].lower()
    return part.content_type in ("text/plain", "text/html") and disposition != b"attachment"


def named_by_subject(content: Content, leaf: Leaf, limits: Limits) -> Leaf:
    """A mail within the mail is a file named by its subject."""
    inner, _ = decode.head(content, leaf, min(_NESTED_HEADER_BYTES, limits.header_bytes))
    header = headers.read(inner, 0, len(inner), limits)
    subject = hygiene.line(words.decode(header.first("subject")))[:200].strip()
    return replace(leaf, filename=f"{_NO_NAME.sub('_', subject) or 'message'}.eml")


def _bare(value: bytes) -> str | None:
    text = hygiene.line(charsets.decode(value[:500]))
    return text.strip("<> ") or None


def _plain(value: bytes) -> str | None:
    return hygiene.line(words.decode(value[:2000])) or None
