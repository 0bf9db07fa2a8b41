"""Escaping of words for Markdown: what would become markup gets a backslash, and only that.

A help desk may show the body raw, so a backslash is spent only where a renderer of the Markdown family would otherwise change
what a reader sees. Bare URLs are left alone; one that holds markup is written as a link to itself. Linear in the text.
"""

from __future__ import annotations

import re

_WORTH_A_LOOK = re.compile(r"[\\`*_\]<&~]")
#: What opens a tag or an address between angle brackets; those of QQ are numbers.
_OPENS = r"<(?=[A-Za-z/!?]|[\w.+-]{1,64}@"
_TOKEN = re.compile(
    r"(?P<autolink><https?://[^\s<>]+>)"
    r"|(?P<url>(?:!|(?<![\w/\\!]))(?:https?://|www\.)\w[^\s<>\"`\\\[\]^{|}\ufdd0\ufdd1]*)"
    r"|(?P<run>\*+|_+)"
    r"|(?P<ticks>`+)"
    r"|(?P<each>~~+)"
    r"|(?P<tilde>~)"
    r"|(?P<one>\\(?=[!-/:-@\[-`{-~\n]|\Z)|\](?=[(:])|" + _OPENS + r"|\Z)|&(?=\#?\w{1,31};))"
)
_URL_TAIL = ".,;:!?'*~]"
_ENTITY_START = re.compile(r"&#?\w{1,31}\Z")
_RULE = re.compile(r"=+[ \t]*\Z|-[- \t]*\Z|\*[* \t]*\Z|_[_ \t]*\Z|```|~~~")
_BULLET = re.compile(r"[-+*](?:[ \t]|\Z)")
_NUMBER = re.compile(r"\d{1,9}(?=[.)](?:[ \t]|\Z))")


def inline(text: str, *, edge: bool = False, blank: tuple[bool, bool] = (False, False)) -> str:
    """The text with its inline markup escaped.

    `edge` says that it is a stretch of a line, and markup may touch its ends but where `blank` says that a blank or line end
    stands before or behind it; else both ends are line ends.
    """
    if not _WORTH_A_LOOK.search(text):
        return text
    harmless = "" if edge else _harmless(text)
    ends = blank if edge else (True, True)
    lone = text.count("~") < 2

    def replace(match: re.Match[str]) -> str:
        found = match[0]
        match match.lastgroup:
            case "autolink":
                return found
            case "url":
                return _url(found)
            case "run":
                if found[0] in harmless or not _flanks(text, match.start(), match.end(), ends):
                    return found
                return ("\\" + found[0]) * len(found)
            case "ticks":
                return found if "`" in harmless else "\\`" * len(found)
            case "each":
                return "\\~" * len(found)
            case "tilde":
                return found if lone or not _closes(text, match.start(), ends) else "\\~"
            case _:
                at_line_end = text[match.end() : match.end() + 1] in ("", "\n")
                return found if at_line_end and found in "\\<" and not edge else "\\" + found

    return _TOKEN.sub(replace, text)


def label(text: str) -> str:
    """The text escaped for the brackets of a link or picture."""
    if not _WORTH_A_LOOK.search(text) and "[" not in text:
        return text
    return _LABEL_TOKEN.sub(lambda match: _plain(text, match), text)


def line(text: str, *, opens: bool = False) -> str:
    """A line, inline markup already escaped, so that its start opens no heading, quote, list, rule, fence or table.

    `opens` says that an empty line stands before it: then it underlines nothing, and a signature's `--` is one.
    """
    if not text or (opens and (text == "--" or text[0] == "=")):
        return text
    first = text[0]
    if first in "#>" or (first in "-+*" and _BULLET.match(text)):
        return "\\" + text
    if first in "=-*_`~" and _RULE.match(text):
        return "\\" + text
    if first.isdigit() and (number := _NUMBER.match(text)):
        return number[0] + "\\" + text[number.end() :]
    if first == "[" and text.startswith("\\]:", text.find("]") - 1):
        # Some renderers take `[1\]: https://…` for the target of a link all the same, and show nothing of it.
        return "\\" + text.replace("\\]:", "]:", 1)
    if first in "|:- " and "|" in text and not text.strip("|:- \t") and "-" in text:
        return text.replace("-", "\\-", 1)
    return text


def destination(url: str) -> str:
    """The URL so that it can stand between the parentheses of a link."""
    return _UNSAFE_IN_URL.sub(_percent, url)


_UNSAFE_IN_URL = re.compile(r"[\s<>\"()\\`{}|^\[\]\x00-\x20\x7f]|&(?=\#?\w{1,31};)")


def _percent(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&amp;"
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))


def _url(token: str) -> str:
    """A bare URL as it is where that is safe, else as a link to itself; punctuation after it is not part of it."""
    bang = token[: token.startswith("!")]
    url, tail = _without_tail(token[len(bang) :])
    if _no_urls(url) == url:
        shown = bang + url
    else:
        target = url if url.startswith("http") else "http://" + url
        # An exclamation mark right before a link would make a picture of it.
        shown = ("\\!" if bang else "") + f"[{label(url)}]({destination(target)})"
    return shown + _no_urls(tail)


def _without_tail(token: str) -> tuple[str, str]:
    url = token
    if ")" in url:
        url = url[: _unopened(url)]
    bare = url.rstrip(_URL_TAIL)
    if url.startswith(";", len(bare)) and _ENTITY_START.search(bare[-40:]):
        bare += ";"
    return bare, token[len(bare) :]


def _unopened(url: str) -> int:
    """Where a parenthesis ends that was opened before the URL: `(see https://x.example/a_(b))`."""
    depth = 0
    for match in _PARENTHESIS.finditer(url):
        depth += 1 if match[0] == "(" else -1
        if depth < 0:
            return match.start()
    return len(url)


_PARENTHESIS = re.compile(r"[()]")


def _no_urls(text: str) -> str:
    """As `inline` at an edge, with nothing spared as a URL."""
    return _PLAIN_TOKEN.sub(lambda match: _plain(text, match), text)


_PLAIN_TOKEN = re.compile(
    r"(?P<run>\*+|_+)|(?P<each>`+|~~+)"
    r"|(?P<one>\\(?=[!-/:-@\[-`{-~\n]|\Z)|\](?=[(:])|" + _OPENS + r")|&(?=\#?\w{1,31};))"
)
#: The same within brackets, where no other bracket may stand bare.
_LABEL_TOKEN = re.compile(
    r"(?P<run>\*+|_+)|(?P<each>`+|~~+)"
    r"|(?P<one>\\(?=[!-/:-@\[-`{-~\n]|\Z)|[\[\]]|" + _OPENS + r")|&(?=\#?\w{1,31};))"
)


def _plain(text: str, match: re.Match[str]) -> str:
    found = match[0]
    if match.lastgroup == "run" and not _flanks(text, match.start(), match.end(), (False, False)):
        return found
    return "".join("\\" + character for character in found)


def _flanks(text: str, start: int, end: int, blank: tuple[bool, bool]) -> bool:
    """Whether a run of `*` or `_` may open or close emphasis (CommonMark 6.2, without the look at its partner)."""
    before = text[start - 1] if start else ""
    after = text[end] if end < len(text) else ""
    if text[start] == "_" and before.isalnum() and after.isalnum():
        return False
    blank_before = _is_blank(before) if before else blank[0]
    blank_after = _is_blank(after) if after else blank[1]
    return not (blank_before and blank_after)


def _closes(text: str, at: int, blank: tuple[bool, bool]) -> bool:
    """Whether a tilde may end what one before it has begun to strike out, as in `10~20, 30~40`."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if _is_blank(before) if before else blank[0]:
        return False
    return not before or before.isalnum() or not after.isalnum()


def _is_blank(character: str) -> bool:
    # To CommonMark the separators of lines and paragraphs, and what hygiene leaves of controls, are no blanks.
    return character.isspace() and character not in "\u2028\u2029\x0b\x1c\x1d\x1e\x1f\x85"


def _harmless(text: str) -> str:
    """Which of `*`, `_` and the backtick stand in one place at most: a delimiter needs a partner."""
    runs = [run[0] for run in _RUN.findall(text)]
    return "".join(character for character in "*_`" if runs.count(character) < 2)


_RUN = re.compile(r"\*+|_+|`+")
