"""Why a difference is one: what can be told from the mail, the expectation and what was posted.

Each reason is a rule that looks at evidence, none names a mail. Where no rule speaks, a person has to look: those
differences have the reason `UNEXPLAINED` and are counted beside the shares.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agreement import words
from agreement.sending import Posted

from bridge.model import Mail

UNEXPLAINED = "?"

_BYTES = re.compile("[\x80-\x9f\ufffd]|Ã[\u0080-\u00bf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|Â[\u0080-\u00bf]")
_MIME = re.compile(
    r"content-(?:type|transfer-encoding)\s*:|--+=?_?[\w.=]{10,}|mimepart_\w{8,}", re.IGNORECASE
)
_ESCAPES = re.compile(r"(?:=[0-9A-F]{2}){3}")
#: A link named by a part of its own target: what is shown of a picture that has no words.
_NAMED_BY_TARGET = re.compile(r"\[([^\[\]]{1,100})\]\(https?://[^()\s]*?\1[^()\s]*\)")
_OWN_NAMES = re.compile(r"[^\w.\- ()\[\]&+,;=@']")


@dataclass(frozen=True, slots=True)
class Difference:
    """What the rules may look at."""

    expected: Any
    mail: Mail
    auto: Posted
    text: Posted

    @property
    def bodies(self) -> tuple[str, str]:
        return self.auto.body, self.text.body

    @property
    def wanted(self) -> frozenset[str]:
        return words.readings(self.expected) if isinstance(self.expected, str) else frozenset()


_Rule = Callable[[Difference], bool]


def of(field: str, difference: Difference) -> str:
    """The first reason whose rule holds for the field."""
    for fields, reason, rule in _REASONS:
        if field in fields and rule(difference):
            return reason
    return UNEXPLAINED


def _is_report(difference: Difference) -> bool:
    return any(
        body.startswith(("**Delivery report", "**Read receipt", "**Abuse report"))
        for body in difference.bodies
    )


def _has_attached_mail(difference: Difference) -> bool:
    return any("Forwarded as an attachment:" in body for body in difference.bodies)


def _is_undecoded(difference: Difference) -> bool:
    return isinstance(difference.expected, str) and _BYTES.search(difference.expected) is not None


def _is_quoted_printable(difference: Difference) -> bool:
    said = difference.expected if isinstance(difference.expected, str) else ""
    return _ESCAPES.search(said) is not None and not any(_ESCAPES.search(body) for body in difference.bodies)


def _is_spaced_otherwise(difference: Difference) -> bool:
    """Whether only blanks differ: those between a word and an encoded word count (RFC 2047 section 6.2)."""
    return str(difference.expected).split() != [] and "".join(str(difference.expected).split()) == "".join(
        difference.auto.subject.split()
    )


def _has_header_lines(difference: Difference) -> bool:
    """Whether the expectation has a field of the mail's own header among its words."""
    said = difference.expected if isinstance(difference.expected, str) else ""
    squeezed = {words.squeezed(f"{name}{value}") for name, value in difference.mail.headers}
    lines = {words.squeezed(line) for line in said.splitlines()}
    return any(len(line) > 8 and any(line in field or field in line for field in squeezed) for line in lines)


def _has_mime(difference: Difference) -> bool:
    said = difference.expected if isinstance(difference.expected, str) else ""
    return _MIME.search(said) is not None and not any(_MIME.search(body) for body in difference.bodies)


def _is_whole(difference: Difference) -> bool:
    """Whether all that is expected was posted, in one piece or line by line, and more."""
    said = difference.expected if isinstance(difference.expected, str) else ""
    return any(
        words.holds(words.readings_of_markdown(body), difference.wanted)
        or (said and words.lines_in_order(body, said))
        for body in difference.bodies
    )


def _names_pictures(difference: Difference) -> bool:
    """Whether what is more are the names of pictures and of the hosts that they link to."""
    bare = (_NAMED_BY_TARGET.sub(" ", body) for body in difference.bodies)
    return any(difference.wanted & words.readings_of_markdown(body) for body in bare)


def _is_enriched(difference: Difference) -> bool:
    return any(leaf.content_type in ("text/enriched", "text/richtext") for leaf in difference.mail.leaves)


def _has_two_versions(difference: Difference) -> bool:
    """Whether the mail says the same in text and HTML: a rule of the route chose the other one."""
    kinds = {leaf.content_type for leaf in difference.mail.leaves}
    return {"text/plain", "text/html"} <= kinds


def _is_empty(difference: Difference) -> bool:
    return not difference.expected


def _was_completed(difference: Difference) -> bool:
    """A name without a domain, an address without a name: Re:amaze takes neither."""
    named = (difference.auto.user_email, difference.auto.user_name)
    said = str(difference.expected or "").lower()
    return any(said and (one.lower() in said or said in one.lower()) for one in named)


def _parts_of_reports(difference: Difference) -> bool:
    return any(leaf.content_type.startswith("message/") for leaf in difference.mail.leaves) or _is_report(
        difference
    )


def _are_words(difference: Difference) -> bool:
    """Whether the parts that are missing among the files stand in the body: text is read, not attached."""
    shown = len(difference.auto.files) + len(difference.auto.pictures)
    texts = sum(leaf.content_type.startswith("text/") for leaf in difference.mail.leaves)
    count = difference.expected if isinstance(difference.expected, int) else len(difference.expected)
    return shown < count <= shown + max(texts, 1)


def _is_more(difference: Difference) -> bool:
    shown = len(difference.auto.files) + len(difference.auto.pictures)
    count = difference.expected if isinstance(difference.expected, int) else len(difference.expected)
    return shown > count


def _were_made_safe(difference: Difference) -> bool:
    """Whether each expected name is there once what no file system or reader takes is left aside."""
    got = {_bare(file.name) for file in (*difference.auto.files, *difference.auto.pictures)}
    return all(not name or _bare(name.rpartition("/")[2]) in got for name in difference.expected)


def _are_guessed(difference: Difference) -> bool:
    """Whether a name has bytes in it that say no charset: each reader guesses."""
    return any("\ufffd" in (name or "") or not (name or "").isascii() for name in difference.expected)


def _bare(name: str) -> str:
    return _OWN_NAMES.sub("", unicodedata.normalize("NFC", name)).casefold()


_WORDS = ("body_text", "_body_contains", "reply_text")
_NAMED = ("from_email", "from_name", "subject", "to")
_FILES = ("n_attachments", "attachment_names", "attachment_sizes", "attachment_sha256")
_REASONS: tuple[tuple[tuple[str, ...], str, _Rule], ...] = (
    (_WORDS, "a report is told in words first, and the original is attached", _is_report),
    (_WORDS, "an attached mail is quoted below the words", _has_attached_mail),
    (_WORDS + _NAMED, "the expectation holds bytes in a wrong charset", _is_undecoded),
    (_WORDS, "the expectation holds quoted-printable that it does not decode", _is_quoted_printable),
    (("subject",), "blanks between a word and an encoded word are kept", _is_spaced_otherwise),
    (_WORDS, "the expectation has MIME among its words", _has_mime),
    (_WORDS, "the expectation takes a broken header for words", _has_header_lines),
    (_WORDS, "the expectation leaves out words that stand in the mail", _is_empty),
    (_WORDS, "pictures without words are named", _names_pictures),
    (_WORDS, "text/enriched is read", _is_enriched),
    (_WORDS, "the other version of the words was chosen", _has_two_versions),
    (_WORDS, "all of it was posted, and more of the mail", _is_whole),
    (_NAMED, "what the expectation gave up on was read", _is_empty),
    (("from_email", "from_name"), "completed, as Re:amaze needs a name and an address", _was_completed),
    (("attachment_names",), "names were made safe", _were_made_safe),
    (("attachment_names",), "a name in no charset was guessed otherwise", _are_guessed),
    (_FILES, "parts of reports and attached mails are counted otherwise", _parts_of_reports),
    (_FILES, "a text part is words and no file", _are_words),
    (("n_attachments",), "a part the expectation passes over goes along", _is_more),
)
