"""Whether every letter was posted exactly once: in the conversation of its thread, in order, with its files, nothing doubled."""

from __future__ import annotations

import hashlib
import re
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.sandbox import Sandbox, read_journal
from support.marked import Letter

_MARK = re.compile(r"Mark (\w+) ends it")
_PICTURE = re.compile(r"!\[[^\]]*\]\((http[^)\s]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One message as the stand-in has it."""

    slug: str
    key: str
    body: str
    internal: bool
    #: SHA-256 of each attached file; what could not be fetched says why.
    files: tuple[str, ...]

    @property
    def pictures(self) -> tuple[str, ...]:
        """URLs of the pictures in its text."""
        return tuple(_PICTURE.findall(self.body))


def in_sandbox(sandbox: Sandbox) -> tuple[Posted, ...]:
    return tuple(
        Posted(
            slug=message.slug,
            key=message.key or "",
            body=message.body,
            internal=message.internal,
            files=tuple(
                attachment.stored.sha256 if attachment.stored else f"not fetched: {attachment.failure}"
                for attachment in message.attachments
                if not attachment.picture
            ),
        )
        for message in sandbox.posted
    )


def in_journal(journal: Path) -> tuple[Posted, ...]:
    """The same from what a stand-in wrote down, which may be another process."""
    fetched: dict[tuple[int, str], str] = {}
    messages: list[dict[str, Any]] = []
    for event in read_journal(journal):
        match event["event"]:
            case "file" | "file-missing":
                fetched[event["number"], event["url"]] = event["sha256"] or f"not fetched: {event['failure']}"
            case _:
                messages.append(event)
    return tuple(
        Posted(
            slug=event["slug"],
            key=event["key"] or "",
            body=event["body"],
            internal=event["internal"],
            files=tuple(
                fetched.get((event["number"], url), "not fetched yet") for url in event["attachments"]
            ),
        )
        for event in messages
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    #: Out of order, in the wrong conversation, other files, a note too many: a sentence each.
    wrong: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        return (
            *(f"lost: {mark}" for mark in self.lost),
            *(f"doubled: {mark}" for mark in self.doubled),
            *self.wrong,
        )


def judge(letters: Sequence[Letter], posted: Sequence[Posted]) -> Verdict:
    """Letters in the order they were accepted, against messages in the order they were posted."""
    marks = {letter.mark: letter for letter in letters}
    found: Counter[str] = Counter()
    groups: dict[str, list[Posted]] = {}
    told: defaultdict[str, list[str]] = defaultdict(list)
    wrong: list[str] = []
    under_way: dict[str, str] = {}
    for message in posted:
        for mark in _MARK.findall(message.body):
            found[mark] += 1
            told[message.slug].append(mark)
            groups.setdefault(mark, [])
            under_way[message.slug] = mark
        if message.slug in under_way:
            groups[under_way[message.slug]].append(message)
        else:
            wrong.append(f"{message.slug} begins with a message of no letter: {message.body[:60]!r}")
    keys = Counter(message.key for message in posted)
    doubled = [mark for mark, count in found.items() if count > 1]
    doubled += [f"key {key}" for key, count in keys.items() if count > 1]
    wrong += _misplaced(letters, told)
    for mark, messages in groups.items():
        if mark in marks:
            wrong += _differences(marks[mark], messages)
        else:
            wrong.append(f"{mark} was posted and is no letter")
    return Verdict(tuple(mark for mark in marks if not found[mark]), tuple(doubled), tuple(wrong))


def _misplaced(letters: Iterable[Letter], told: dict[str, list[str]]) -> list[str]:
    threads: defaultdict[str, list[str]] = defaultdict(list)
    for letter in letters:
        threads[letter.thread].append(letter.mark)
    slug_of = {mark: slug for slug, marks in told.items() for mark in marks}
    wrong = []
    for thread, marks in threads.items():
        slugs = sorted({slug_of[mark] for mark in marks if mark in slug_of})
        if len(slugs) > 1:
            wrong.append(f"{thread} is spread over {', '.join(slugs)}")
        elif slugs:
            order = [mark for mark in told[slugs[0]] if mark in marks]
            if list(dict.fromkeys(order)) != [mark for mark in marks if mark in order]:
                wrong.append(f"{thread} is out of order: {', '.join(order)}")
            if strangers := [mark for mark in told[slugs[0]] if mark not in marks]:
                wrong.append(f"{slugs[0]} holds letters of another thread than {thread}: {strangers}")
    return wrong


def _differences(letter: Letter, messages: Sequence[Posted]) -> list[str]:
    """What a letter's messages (the post, its follow-ups, its note) have other than they should."""
    wrong = []
    files = tuple(file for message in messages for file in message.files)
    if files != letter.files:
        wrong.append(f"{letter.mark} came with the files {_short(letter.files)} and has {_short(files)}")
    if len(messages[0].pictures) != len(letter.pictures):
        wrong.append(f"{letter.mark} shows {len(messages[0].pictures)} of {len(letter.pictures)} pictures")
    notes = sum(message.internal for message in messages)
    if letter.note is not None and notes != letter.note:
        wrong.append(f"{letter.mark} has {notes} notes")
    return wrong


def _short(files: Sequence[str]) -> str:
    return "[" + ", ".join(file if " " in file else file[:8] for file in files) + "]"


def wrong_pictures(letters: Sequence[Letter], posted: Sequence[Posted]) -> list[str]:
    """Pictures that cannot be loaded, or are others than were sent. Loads each one: the bridge must be up."""
    expected = {letter.mark: letter.pictures for letter in letters}
    wrong = []
    for message in posted:
        for mark in _MARK.findall(message.body):
            loaded = tuple(_load(url) for url in message.pictures)
            if loaded != expected.get(mark, ()):
                wrong.append(f"{mark} shows {_short(loaded)}")
    return wrong


def _load(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return hashlib.sha256(answer.read()).hexdigest()
    except OSError as error:
        return f"not loaded: {error}"
