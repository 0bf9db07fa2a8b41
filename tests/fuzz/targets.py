"""What is fuzzed: each target takes any bytes and fails where a promise is broken, one of time among them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from support import composing, promises

from bridge import convert
from bridge.compose import body, files, html, quotes, said
from bridge.compose.trim import Trimmer
from bridge.mail import hygiene, rtf
from bridge.model import Mail, Written

#: CPU time that one input may take, instrumented; longer ones are not made.
MOST_S = 5.0
LONGEST_BYTES = 24 * 1024
#: The renderer of the tests is not ours and not linear.
_RENDERED_CHARS = 4_000
_UNPACKED_BYTES = 100_000
_JOB = convert.Job(
    content=b"",
    envelope=composing.an_envelope(trusted=True),
    route=composing.a_route(
        copy_recipients=True,
        forwards="original",
        author=[{"use": "reply-to"}, {"use": "body", "email": "email", "name": "name"}],
        conversation={"patterns": [{"match": r"#(\d+)", "key": "{1}"}], "slug_from_subject": "always"},
    ),
    recipients=("support@example.com",),
    sender=composing.a_sender(staff=["@corp.example"], authserv_ids=["mx"], default_domain="x.example"),
    own=composing.OWN,
    keys=composing.KEYS,
    store=Path("nothing-is-stored"),
    max_file_bytes=0,
)


def parser(content: bytes) -> None:
    """A mail of these bytes: an author and a place in the order, every leaf accounted for, and something to show."""
    found = promises.parsed(content)
    sorting = convert.sort(replace(_JOB, content=content))
    assert "@" in sorting.user.email
    assert sorting.message_id
    for text in (sorting.user.email, sorting.user.name, sorting.subject, *sorting.related_ids):
        assert "\n" not in text
        assert promises.FORBIDDEN.search(text) is None
    made = body.compose(found, naming=files.plan(found), max_chars=5_000)
    assert made.markdown
    assert len(made.markdown) <= 5_000
    assert promises.FORBIDDEN.search(body.resolve(made.markdown, {})) is None


def markdown(content: bytes) -> None:
    """HTML, of which no tag and no forbidden character is left."""
    source = hygiene.clean(content.decode("utf-8", "replace"))
    made = promises.converted(source, html.Limits(elements=200, depth=12, links=20))
    # Prefixes of nested quotes and lists repeat on every line.
    assert len(made) <= 64 * len(source) + 1_000
    if len(made) <= _RENDERED_CHARS:
        promises.without_tags(made)


def winmail(content: bytes) -> None:
    """A TNEF stream, or the rich text that stands in one compressed."""
    promises.winmail(content)
    promises.rich_text(content)
    assert len(rtf.decompressed(content, limit=_UNPACKED_BYTES)) <= _UNPACKED_BYTES


def trimmer(content: bytes) -> None:
    """A reply and, before its first NUL, what was said: nothing else goes, and something is left."""
    before, _, after = content.decode("utf-8", "replace").partition("\0")
    earlier, reply = hygiene.clean(before), hygiene.clean(after)
    known = said.digests(earlier)
    lines = quotes.of_text(reply)
    cut = Trimmer("lossless", known=known).look(lines)
    if cut is not None:
        ((start, end),) = cut.ranges
        promises.is_proved(lines[start:end], known)
        assert any(said.key(line.text) for line in lines[:start])
    for mode in ("lossless", "quotes"):
        kept, _ = Trimmer(mode, "cut", known).text(reply)
        assert bool(kept.strip()) == bool(reply.strip()), "something is left"
    kept, gone = Trimmer("quotes").text(reply)
    there = {line.strip() for line in f"{kept}\n{gone}".split("\n")}
    assert {line.strip() for line in reply.split("\n") if line.strip()} <= there, (
        "what was not known goes along"
    )
    if "<" in reply:
        _trimmed_html(reply, known)


def _trimmed_html(source: str, known: frozenset[bytes]) -> None:
    mail = Mail(blocks=(Written(None, source),))
    whole = body.compose(mail).markdown
    made = body.compose(mail, trimmer=Trimmer("quotes", "cut", known))
    assert made.markdown
    assert said.key(made.markdown) or not said.key(whole), "something is left"
    assert promises.only_what_is_known_goes(mail, frozenset()) == whole
    promises.only_what_is_known_goes(mail, known)
    promises.quoting_keeps_words(mail)


def formats(content: bytes) -> None:
    """What else stands in mails: calendars, cards, reports, bounces, signed and armoured messages."""
    text = hygiene.clean(content.decode("utf-8", "replace"))
    promises.calendars_and_cards(text)
    promises.reported(content, text)
    promises.signed(content, _UNPACKED_BYTES)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "parser": parser,
    "html": markdown,
    "tnef": winmail,
    "trimmer": trimmer,
    "formats": formats,
}


def tried(name: str, content: bytes) -> None:
    """One input of one target, with its time."""
    began_s = time.thread_time()
    TARGETS[name](content)
    spent_s = time.thread_time() - began_s
    assert spent_s < MOST_S, f"{len(content)} bytes took {spent_s:.1f} s"
