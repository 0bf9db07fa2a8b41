"""The tree of parts of a mail, as positions within its content: nothing is copied but headers.

An iterative splitter: a work list instead of recursion, `find` instead of a line loop, and caps on depth and parts that
keep what they cut as one leaf. Missing, illegal and prefixing boundaries, mixed line ends and an mbox line are read
as a person would. It works on bytes and on an mmap alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge.mail import endings, headers, outside, parameters
from bridge.mail.headers import Content, Header
from bridge.mail.limits import Limits
from bridge.mail.parameters import Parameterised

_WINDOW = 1024 * 1024
_GUESS_BYTES = 64 * 1024
_DELIMITER_END = re.compile(rb"(?:[ \t]*+(--))?+[ \t]*+\r*+(?:\n|\Z)")
#: What senders make of the end of their last delimiter: it closes where nothing follows.
_MISWRITTEN_END = re.compile(rb"[->\s]{1,40}+\Z")
_MISWRITTEN_BYTES = 40
_OF_MIME = re.compile(r"MIME-Version|Content-[a-z-]{1,40}", re.IGNORECASE)
#: What scripts write beside them; nothing that a server is believed for.
_OF_AUTHORS = re.compile(
    r"From|Sender|Reply-To|To|Cc|Bcc|Date|Subject|Message-ID|Importance|Priority|Organi[sz]ation",
    re.IGNORECASE,
)
_OF_NOBODY = re.compile(r"X-.*|Return-Path|Errors-To", re.IGNORECASE)
_OPENING_BYTES = 1024
_GUESSED = re.compile(rb"(?:\A|\n)--([^\s][^\r\n]{0,199})\r*\n(?=[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-|\r*\n)")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+*'{}|~-]{1,127}/[a-z0-9!#$&^_.+*'{}|~-]{1,127}")
#: Words under names that are no types, or that only browsers know.
_MISNAMED = {
    **dict.fromkeys(
        (
            "*/*", "application/plain", "application/text", "plain/text", "text/*", "text/ascii", "text/plaintext",
            "text/txt", "text/unknown", "text/us-ascii", "text/utf-8", "text/x-plain", "text/x-text",
        ),
        "text/plain",
    ),
    **dict.fromkeys(("application/html", "application/xhtml+xml", "text/x-html", "text/xhtml"), "text/html"),
}  # fmt: skip
_LEADING = re.compile(rb"(?:\xef\xbb\xbf)?(?:\r*\n){0,100}+")
_MBOX = re.compile(rb">?From (?![ \t]*+:)[^\n]*\n")
#: What may stand in a multipart before its first part.
_NO_PART_BYTES = 200
#: Lines that start like a delimiter and are none, before a multipart is taken as it is.
_FALSE_DELIMITERS = 10_000

#: What a part is whose type cannot be read (RFC 2045 section 5.2).
_PLAIN = Parameterised("text/plain", {})
_EML = Parameterised("message/rfc822", {})


@dataclass(slots=True)
class Part:
    """One part; `start` is where its header starts, `body` to `end` its encoded body."""

    start: int
    body: int
    end: int
    header: Header
    type: Parameterised
    section: str
    within: tuple[str, ...]
    children: list[Part] = field(default_factory=list)
    #: A name for what has none because it was cut off by a cap.
    name: str | None = None

    @property
    def content_type(self) -> str:
        return self.type.head


@dataclass(slots=True)
class Tree:
    root: Part
    defects: list[str]


def split(content: Content, limits: Limits, within: Part | None = None) -> Tree:
    """The parts of the mail, or of the mail that a part holds; a multipart that could not be split is a leaf."""
    splitter = _Splitter(content, limits)
    start, end = (within.body, within.end) if within else (0, len(content))
    root = splitter.part(_start(content, start, end), end, _PLAIN, "", ())
    if not root.header.first("content-type"):
        splitter.make_up_for(root)
    splitter.divide_all(root)
    if not root.children:
        # A mail of one part counts it as 1, as IMAP does.
        root.section = "1"
    return Tree(root, splitter.defects)


@dataclass(slots=True)
class _Splitter:
    content: Content
    limits: Limits
    defects: list[str] = field(default_factory=list)
    parts: int = 1

    def part(
        self, start: int, end: int, default: Parameterised, section: str, within: tuple[str, ...]
    ) -> Part:
        header = headers.read(self.content, start, end, self.limits)
        if header.defects:
            where = f"Part {section}: " if section else ""
            self.defects += (where + defect for defect in header.defects[:10])
        return Part(start, header.body, end, header, _type(header, default), section, within)

    def make_up_for(self, root: Part) -> None:
        """Find the Content-Type of a mail that lost it: behind an empty line in the header, or in the shape of the body."""
        if self.go_on(root):
            return
        opening = _GUESSED.search(
            self.content, max(root.body - 1, 0), min(root.end, root.body + _OPENING_BYTES)
        )
        if opening is None or not outside.only_a_notice(
            self.content[root.body : max(opening.start(), root.body)]
        ):
            return
        # Lines of dashes are common in prose: only parts that name their types, and an end, are a multipart.
        boundary = opening[1].rstrip()
        bounds = _bounds(self.content, root, boundary, self.limits.parts)
        parts = [self.part(*bound, _PLAIN, "", ()) for bound in bounds[:3]]
        if parts and bounds[-1][1] < root.end and all(_clean_type(part.header) for part in parts):
            kinds = [part.content_type for part in parts]
            kind = "alternative" if kinds == ["text/plain", "text/html"] else "mixed"
            root.type = Parameterised(f"multipart/{kind}", {})

    def go_on(self, part: Part) -> bool:
        """Take the fields behind an empty line, which scripts put in by mistake, for the rest of the header."""
        if part.header.first("content-type") or not headers.looks_like_header(self.content, part.body):
            return False
        rest = headers.read(self.content, part.body, part.end, self.limits)
        told = [field for field in rest.fields if not _OF_NOBODY.fullmatch(field[0])]
        further = [name for name, _ in told if not _OF_MIME.fullmatch(name)]
        if not _clean_type(rest) or not all(map(_OF_AUTHORS.fullmatch, further)):
            return False
        if further and not rest.first("mime-version"):
            return False
        self.defects.append("An empty line stands within the header; what follows is read as header too.")
        part.header = Header.of((*part.header.fields, *told), part.header.defects, rest.body)
        part.body, part.type = rest.body, _type(part.header, _PLAIN)
        return True

    def divide_all(self, root: Part) -> None:
        waiting = [root]
        while waiting:
            part = waiting.pop()
            if not part.content_type.startswith("multipart/"):
                continue
            if len(part.within) >= self.limits.depth:
                self.defects.append(f"Parts nested deeper than {self.limits.depth} are kept as one file.")
                _keep_whole(part)
                continue
            self.divide(part)
            self.parts += len(part.children)
            waiting += reversed(part.children)

    def divide(self, part: Part) -> None:
        """Give a multipart its children."""
        room = max(self.limits.parts - self.parts, 1)
        bounds = self.bounds(part, room)
        if not bounds and part.header.first("content-transfer-encoding").strip().lower() == b"base64":
            # RFC 2045 section 6.4 forbids it; what is in it is a matter for who can decode.
            return
        if not bounds:
            self.defects.append(
                f"Part {part.section or '1'}: {part.content_type} without parts is read as text."
            )
            first = self.content[part.body : min(part.end, part.body + 200)].lstrip()[:9].lower()
            html = first.startswith((b"<html", b"<!doctype"))
            part.type = Parameterised("text/html" if html else "text/plain", {})
            return
        default = _EML if part.content_type == "multipart/digest" else _PLAIN
        within = (*part.within, part.content_type)
        prefix = f"{part.section}." if part.section else ""
        taken = 0
        for start, end in bounds[:room]:
            if start < taken:
                continue
            child = self.part(start, end, default, f"{prefix}{len(part.children) + 1}", within)
            if default is _PLAIN:
                self.go_on(child)
            if _same_boundary(part, child):
                child.end = taken = self.shared(part, child, bounds[:room])
            part.children.append(child)
        silent = not any(_may_speak(child) for child in part.children)
        if (before := self.preamble(part, bounds[0][0], shown=silent)) is not None:
            part.children.insert(0, before)
        if len(bounds) <= room:
            if (after := self.epilogue(part, bounds[-1][1], shown=silent)) is not None:
                part.children.append(after)
        else:
            last = part.children[-1]
            last.end = part.end
            _keep_whole(last)
            self.defects.append(
                f"Only {self.limits.parts} parts were read; what follows is kept as one file."
            )

    def shared(self, part: Part, child: Part, bounds: list[tuple[int, int]]) -> int:
        """Where a multipart ends that has the boundary of the one around it, so that its parts look like its siblings."""
        line = b"--" + part.type.parameters["boundary"].rstrip().encode("utf-8", "replace") + b"--"
        for start, end in bounds:
            behind = self.content[end : end + len(line) + 3]
            gap = len(behind) - len(behind.lstrip(b"\r\n"))
            if start >= child.end and behind.startswith(line, gap):
                return end + gap + len(line)
        return bounds[-1][1]

    def preamble(self, part: Part, first: int, *, shown: bool) -> Part | None:
        """Words before the first part; the usual notice to old mail readers is none."""
        end = outside.ahead(self.content, part.body, first)
        if outside.only_a_notice(outside.words(self.content, part.body, end)):
            return None
        return self.outside(part, part.body, end, shown=shown, where="before its first")

    def epilogue(self, part: Part, last: int, *, shown: bool) -> Part | None:
        """Words behind the last part: a list's footer, or what a wrong delimiter cut off."""
        start = outside.behind(self.content, last, part.end)
        return self.outside(part, start, part.end, shown=shown, where="behind its last")

    def outside(self, part: Part, start: int, end: int, *, shown: bool, where: str) -> Part | None:
        """A part of words that belong to none, where there are no others; else they are told."""
        words, number = outside.words(self.content, start, end), part.section or "1"
        if words and not shown:
            self.defects.append(f"Part {number}: text {where} part is not shown: {outside.glimpse(words)}.")
        if not (words and shown):
            return None
        self.defects.append(f"Part {number}: its words stand {where} part, where mail programs hide them.")
        within = (*part.within, part.content_type)
        return Part(start, start, end, Header(body=start), _PLAIN, f"{number}.0", within)

    def bounds(self, part: Part, room: int) -> list[tuple[int, int]]:
        """Where the parts lie, by the boundary that was declared or else by one that the body suggests."""
        declared = part.type.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
        if declared and (found := _bounds(self.content, part, declared, room)):
            return found
        # The line end before the body is the one before a delimiter in its first line.
        guess = _GUESSED.search(self.content, max(part.body - 1, 0), min(part.end, part.body + _GUESS_BYTES))
        if guess and (found := _bounds(self.content, part, guess[1].rstrip(), room)):
            where = part.section or "1"
            self.defects.append(f"Part {where}: its boundary was missing or wrong and had to be guessed.")
            return found
        return []


def _clean_type(header: Header) -> bool:
    """Whether a Content-Type is there, and nothing but one: `text/html does not work` are words."""
    value = header.first("content-type")
    head, _, _ = value.partition(b";")
    return _TYPE.fullmatch(head.strip().decode("latin-1").lower()) is not None


def _may_speak(part: Part) -> bool:
    """Whether words may be in the part, or in one of its own."""
    disposition = part.header.first("content-disposition").lstrip()[:10].lower()
    return part.content_type.startswith(("text/", "multipart/")) and disposition != b"attachment"


def _same_boundary(part: Part, child: Part) -> bool:
    """Whether a child that has no part of its own is told apart from its parent by nothing."""
    boundary = part.type.parameters.get("boundary")
    shares = child.content_type.startswith("multipart/") and child.type.parameters.get("boundary") == boundary
    return bool(boundary) and shares and child.end - child.body < _NO_PART_BYTES


def _start(content: Content, start: int, end: int) -> int:
    """Where the header starts: behind a byte order mark, blank lines and mbox's From line, if a header follows."""
    leading = _LEADING.match(content, start, end)
    found = leading.end() if leading else start
    if mbox := _MBOX.match(content, found, min(end, found + 2000)):
        found = mbox.end()
    return found if found == start or headers.looks_like_header(content, found) else start


def _type(header: Header, default: Parameterised) -> Parameterised:
    """The first Content-Type that can be read."""
    for value in header.all("content-type"):
        found = parameters.read(value)
        if (meant := _meant(found, named=bool(header.first("content-disposition")))) is not None:
            return Parameterised(meant, found.parameters)
    return default


def _meant(found: Parameterised, *, named: bool) -> str | None:
    """The type that mailers mean by what they wrote; None where it cannot be told."""
    head = found.head
    if head in _MISNAMED and not (named or "name" in found.parameters):
        return _MISNAMED[head]
    if head.startswith("text/html"):
        return "text/html"
    if _TYPE.fullmatch(head):
        return head if "*" not in head or not (named or "name" in found.parameters) else endings.OPAQUE
    if head == "multipart" or (not head.startswith("text") and "boundary" in found.parameters):
        return "multipart/mixed"
    if "html" in head:
        return "text/html"
    return "text/plain" if head in ("text", "text/") else None


def _bounds(content: Content, part: Part, boundary: bytes, room: int) -> list[tuple[int, int]]:
    """Where the parts between the delimiters lie; without a closing delimiter the last one ends with the multipart."""
    bounds: list[tuple[int, int]] = []
    opened: int | None = None
    for start, end, closing in _delimiters(content, part.body, part.end, b"--" + boundary):
        if opened is not None:
            bounds.append((opened, max(start, opened)))
            if len(bounds) > room:
                return bounds
        opened = None if closing else end
    if opened is not None and (content[opened : opened + 100].strip() or part.end - opened > 100):
        bounds.append((opened, _without_closing(content, opened, part.end, b"--" + boundary + b"--")))
    return bounds


def _without_closing(content: Content, start: int, end: int, closing: bytes) -> int:
    """Where the last part ends: before a closing delimiter that has no line of its own."""
    tail = content[max(start, end - len(closing) - _MISWRITTEN_BYTES) : end]
    kept = tail.rstrip()
    return end - len(tail) + len(kept) - len(closing) if kept.endswith(closing) else end


def _delimiters(content: Content, start: int, end: int, line: bytes) -> Iterator[tuple[int, int, bool]]:
    """Each delimiter line: where the part before it ends, where the next one starts, and whether it closes."""
    position = start
    if content[start : start + len(line)] == line and (
        match := _DELIMITER_END.match(content, start + len(line), end)
    ):
        yield start, match.end(), match[1] is not None
        position = max(match.end() - 1, start)
    needle = b"\n" + line
    for _ in range(_FALSE_DELIMITERS):
        position = find(content, needle, position, end)
        if position < 0:
            return
        behind = position + len(needle)
        match = _DELIMITER_END.match(content, behind, end)
        closing = match is not None and match[1] is not None
        if match is None and end - behind <= _MISWRITTEN_BYTES:
            match = _MISWRITTEN_END.match(content, behind, end)
            closing = True
        if match is None:
            position = behind
            continue
        before = position - 1 if position > start and content[position - 1 : position] == b"\r" else position
        yield before, match.end(), closing
        # The line end of this delimiter may be the one that starts the next.
        position = match.end() - 1 if match.end() > behind else match.end()


def find(content: Content, needle: bytes, start: int, end: int) -> int:
    """`content.find`; an mmap is searched in windows, since its own find goes byte by byte."""
    if isinstance(content, bytes):
        return content.find(needle, start, end)
    overlap = len(needle) - 1
    # The first window is small: the next delimiter of a mail of many parts is near.
    window = _WINDOW // 64
    while start < end:
        found = content[start : min(end, start + window + overlap)].find(needle)
        if found >= 0:
            return start + found
        start += window
        window = _WINDOW
    return -1


def _keep_whole(part: Part) -> None:
    """Make a leaf of a part and its header: an .eml of what lies beyond a cap."""
    part.body, part.type, part.name = part.start, _EML, "further-parts.eml"
    part.header = Header()
    part.children.clear()
