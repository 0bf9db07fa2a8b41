"""Every input that was ever found or kept by fuzzing, and the inputs it begins with, hold the promises."""

from __future__ import annotations

from pathlib import Path

import keeping
import pytest
import seeds
import targets

KEPT = [(target, *one) for target in targets.TARGETS for one in seeds.kept(target)]


@pytest.mark.parametrize(
    ("target", "content"),
    [(target, content) for target, _, content in KEPT],
    ids=[name for _, name, _ in KEPT],
)
def test_what_was_found_once_is_found_no_more(target: str, content: bytes) -> None:
    targets.tried(target, content)


@pytest.mark.parametrize("target", targets.TARGETS)
def test_what_fuzzing_begins_with_holds_its_promises(target: str) -> None:
    tried = 0
    for content in seeds.made(target):
        targets.tried(target, content)
        tried += 1
    assert tried >= 3


def test_only_what_reaches_something_new_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeds, "SEEDS", tmp_path)
    monkeypatch.setattr(seeds, "made", lambda _target: iter([b"BEGIN:VCARD\nFN:Ann\nEND:VCARD"]))
    told = [
        b"BEGIN:VCARD\nFN:Ben\nEND:VCARD",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Tea\nEND:VEVENT\nEND:VCALENDAR",
    ]
    assert keeping.keep_new("formats", told) == 1
    assert [content for _, content in seeds.kept("formats")][:1] == told[1:]
    assert keeping.keep_new("formats", told) == 0
