"""What becomes of the files of one mail when there are many: the first ones alone, the rest in zips or as links below the text.

Pure and bounded: nothing is left out, files the bridge made itself and pictures within the text stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bridge.compose import escape
from bridge.config.rules import Files
from bridge.model import FILE_MARK, Decision, Draft, File

#: Links below one text; further files go into a zip all the same.
MAX_LINKS = 100
#: Names listed below the text.
_MAX_NAMES = 20
ZIP_NAME = "more-files.zip"


@dataclass(frozen=True, slots=True)
class Split:
    """Where the files of a draft go."""

    #: As they were: pictures, the first attachments, what the bridge made.
    kept: tuple[File, ...]
    linked: tuple[File, ...] = ()
    #: The files of each zip.
    zipped: tuple[tuple[File, ...], ...] = ()


def split(files: Sequence[File], policy: Files, *, max_zip_bytes: int) -> Split:
    """The files of a mail as the route's policy parts them; a zip is no larger than a single file may be."""
    attached = [file for file in files if not file.inline]
    # What the bridge made, such as the whole text, is named in the body: it stays a file.
    singles = [file for file in attached if file.leaf >= 0]
    room = 1 + policy.max_follow_ups
    if policy.many == "follow-up" or len(attached) <= room:
        return Split(tuple(files))
    if policy.many == "links":
        alone = max(0, room - (len(attached) - len(singles)))
        rest = singles[alone:]
        linked, over = rest[:MAX_LINKS], rest[MAX_LINKS:]
    else:
        # The zip takes the last place.
        alone = max(0, room - (len(attached) - len(singles)) - 1)
        linked, over = [], singles[alone:]
    groups = tuple(_groups(over, max_zip_bytes))
    loose = {id(group[0]) for group in groups if len(group) == 1}
    moved = {id(file) for file in (*linked, *over)} - loose
    return Split(
        tuple(file for file in files if id(file) not in moved),
        tuple(linked),
        tuple(group for group in groups if len(group) > 1),
    )


def _groups(files: Sequence[File], limit_bytes: int) -> Iterator[tuple[File, ...]]:
    """The files in their order, as many together as a zip may hold."""
    group: list[File] = []
    size = 0
    for file in files:
        # What a zip says about a file, twice, is less than this.
        needed = file.size_bytes + 2 * len(file.name.encode()) + 200
        if group and size + needed > limit_bytes:
            yield tuple(group)
            group, size = [], 0
        group.append(file)
        size += needed
    if group:
        yield tuple(group)


def told(draft: Draft, parted: Split, zips: Sequence[File]) -> Draft:
    """The draft with its files in their new places, and lines below its text that say so."""
    alone = any(not file.inline and file.leaf >= 0 for file in parted.kept)
    said: list[str] = []
    decisions: list[Decision] = []
    for made, group in zip(zips, parted.zipped, strict=True):
        count = f"{len(group)} {'more ' if alone else ''}files"
        said.append(f"{count} are in {escape.inline(made.name)}: {_names(group)}")
        decisions += (Decision(f"file {file.name}", f"in {made.name}, for there are many") for file in group)
    linked = tuple(replace(file, inline=True) for file in parted.linked)
    if linked:
        links = (f"- [{escape.label(file.name)}]({FILE_MARK[0]}{file.leaf}{FILE_MARK[1]})" for file in linked)
        said.append(("More files:\n\n" if alone else "Files:\n\n") + "\n".join(links))
        decisions += (Decision(f"file {file.name}", "a link, for there are many") for file in linked)
    moved = {f"file {file.name}" for group in (*parted.zipped, linked) for file in group}
    return replace(
        draft,
        body="\n\n".join((draft.body, *said)),
        files=(*parted.kept, *zips, *linked),
        decisions=(*(one for one in draft.decisions if one.what not in moved), *decisions),
    )


def _names(files: Sequence[File]) -> str:
    shown = [escape.inline(file.name) for file in files[:_MAX_NAMES]]
    over = len(files) - len(shown)
    return ", ".join(shown) + (f" and {over} further." if over else ".")
