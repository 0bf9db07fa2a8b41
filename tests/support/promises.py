"""What holds for any input at all, as checks that property tests and fuzzers share."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from unittest import mock

from bridge import mail
from bridge.compose import attributions, body, html, quotes, said
from bridge.compose.attributions import Strength
from bridge.compose.quotes import Mark
from bridge.compose.trim import Cut, Trimmer
from bridge.facts import Event
from bridge.mail import bounces, calendar, cms, decode, openpgp, reports, rtf, tnef, vcard
from bridge.model import FILE_MARK, Mail, Span, Written
from support import rendered

#: What no text may hold that leaves the parser.
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


# -- of a mail -------------------------------------------------------------------------------------


def parsed(content: bytes) -> Mail:
    """The mail of any bytes: read without an exception, each leaf named once, its texts fit for JSON."""
    found = mail.parse(content)
    assert not any("could not be read (" in defect for defect in found.defects), found.defects
    assert _named(found) == Counter(range(len(found.leaves)))
    for place, leaf in enumerate(found.leaves):
        assert leaf.index == place
        if isinstance(leaf.content, Span):
            assert 0 <= leaf.content.start <= leaf.content.end <= len(content)
        assert all(decode.chunks(content, leaf))
        assert FORBIDDEN.search(decode.text(content, leaf)) is None
    for text in _texts(found):
        assert FORBIDDEN.search(text) is None, text
        json.dumps(text).encode()
    assert "\n" not in found.subject
    return found


def _named(found: Mail) -> Counter[int]:
    return Counter(
        index
        for block in found.blocks
        for index in (block.leaves if isinstance(block, Written) else (block.leaf,))
    )


def _texts(found: Mail) -> list[str]:
    texts = [found.subject, *found.defects, *(text for pair in found.headers for text in pair)]
    for address in (*found.authors, *found.reply_to, *found.to, *found.cc):
        texts += (address.name, address.email)
    for block in found.blocks:
        if isinstance(block, Written):
            texts += (block.text or "", block.html or "")
    for leaf in found.leaves:
        texts += (leaf.filename or "", leaf.content_id or "", leaf.description or "", leaf.content_type)
    return texts


# -- of what stands within a mail ------------------------------------------------------------------


def winmail(content: bytes) -> None:
    """A TNEF stream gives no more than came, and clean texts."""
    found = tnef.read(content)
    if found is not None:
        assert sum(len(file.content) for file in (*found.files, *found.nested)) <= len(content)
        texts = (found.subject, found.text or "", found.html or "", *(file.name for file in found.files))
        assert FORBIDDEN.search("".join(texts)) is None


def rich_text(content: bytes) -> None:
    """Rich text is words or HTML, and clean."""
    found = rtf.read(content)
    assert found.text is None or found.html is None
    assert FORBIDDEN.search((found.text or "") + (found.html or "")) is None


def calendars_and_cards(text: str) -> None:
    events = calendar.read(text)
    assert len(events) <= calendar.MOST_EVENTS
    for event in events:
        assert isinstance(event, Event)
        assert len(event.attendees) <= calendar.MOST_ATTENDEES
    assert len(vcard.read(text)) <= vcard.MOST_CARDS


def reported(content: bytes, text: str) -> None:
    """Reports in their own form and in words, and armoured messages, are read to their end."""
    for read in (reports.delivery, reports.receipt, reports.abuse):
        read(content, leaf=0, original=None)
    bounces.read(text, content)
    bounces.original(text)
    found = openpgp.read(text)
    assert found is None or len(found.text) <= len(text)


def signed(content: bytes, limit: int) -> None:
    found = cms.read(content, limit)
    assert found is None or found.content is None or len(found.content) <= limit


# -- of Markdown -----------------------------------------------------------------------------------


def converted(source: str, limits: html.Limits) -> str:
    """The Markdown of HTML, fit for JSON and with whole marks of files."""
    markdown = html.to_markdown(source, pictures={"a": 1}, limits=limits).markdown
    markdown.encode()
    assert "\x00" not in markdown
    assert markdown == markdown.strip("\n")
    assert markdown.count(FILE_MARK[0]) == markdown.count(FILE_MARK[1])
    return markdown


def without_tags(markdown: str) -> None:
    assert not {"html_block", "html_inline"} & rendered.kinds(markdown)


# -- of what is left out of a reply ----------------------------------------------------------------


def quoting_keeps_words(found: Mail) -> None:
    """History that is made a quote says what it says where it stays as it is: a mail that passes it on."""
    quoted = body.compose(found).markdown
    plain = body.compose(found, trimmer=Trimmer(forward=True)).markdown
    assert [sign for sign in quoted if sign.isalnum()] == [sign for sign in plain if sign.isalnum()]


def only_what_is_known_goes(found: Mail, known: frozenset[bytes]) -> str:
    """The body of a reply trimmed without loss, whatever kind its parts are of: what goes is known, what stays is there."""
    looked: list[tuple[Sequence[quotes.Line], Cut]] = []
    look = Trimmer.look

    def watched(trimmer: Trimmer, lines: Sequence[quotes.Line]) -> Cut | None:
        cut = look(trimmer, lines)
        if cut is not None:
            looked.append((lines, cut))
        return cut

    with mock.patch.object(Trimmer, "look", watched):
        made = body.compose(found, trimmer=Trimmer("lossless", known=known)).markdown
    for lines, cut in looked:
        for start, end in cut.ranges:
            is_proved(lines[start:end], known)
    return made


#: Lines of which each is compared with all.
_MOST_LINES = 60


def is_proved(removed: Sequence[quotes.Line], known: Collection[bytes]) -> None:
    """Each line that was left out is known, or introduces what is."""
    for at in range(len(removed)) if len(removed) <= _MOST_LINES else ():
        assert is_known(removed, at, known) or is_frame(removed, at), removed[at]


def is_frame(removed: Sequence[quotes.Line], at: int) -> bool:
    """Whether the line introduces a quote, by itself or with up to three others."""
    words = removed[at].words
    if removed[at].mark is Mark.ATTRIBUTION and attributions.may_be_one(words):
        return True
    named = attributions.label(words, cells=True) or attributions.bare_label(words)
    titled = attributions.separator(words) or attributions.is_message_of(words)
    if named or titled or _goes_on(removed, at):
        return True
    runs = (removed[first:end] for first in range(max(0, at - 3), at + 1) for end in range(at + 1, at + 5))
    return any(
        attributions.attribution(" ".join(line.words for line in run)) is not Strength.NONE for run in runs
    )


def _goes_on(removed: Sequence[quotes.Line], at: int) -> bool:
    """Whether it is recipients of a header block, which may go on below their label."""
    above = next((line.words for line in reversed(removed[:at]) if line.words), "").rstrip()
    words = removed[at].words.strip()
    return "@" in words and (above.endswith((",", ";")) or (words.startswith("<") and " " not in words))


def is_known(removed: Sequence[quotes.Line], at: int, known: Collection[bytes]) -> bool:
    """Whether the line is known, or part of what is known as one line or paragraph."""
    keys = [said.key(line.words) for line in removed]
    if not keys[at]:
        return True
    runs = (
        "".join(keys[first:end]) for first in range(max(0, at - 16), at + 1) for end in range(at + 1, at + 17)
    )
    return any(said.digest(run) in known for run in runs)
