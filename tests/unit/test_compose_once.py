"""A picture that is in the conversation leaves the body of a later mail, and nothing else does (mail-cases 65)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.compose import once
from bridge.model import FILE_MARK, Decision, Draft, File, User


def file(leaf: int, sha256: str, *, inline: bool = True) -> File:
    return File(
        leaf=leaf,
        name=f"{sha256}.png",
        content_type="image/png",
        path=Path(sha256),
        size_bytes=1,
        sha256=sha256,
        inline=inline,
    )


def draft(body: str, *files: File) -> Draft:
    return Draft(user=User("Ann", "ann@customer.example"), subject="x", body=body, files=files)


def shown(leaf: int, alt: str = "Logo") -> str:
    return f"![{alt}]({FILE_MARK[0]}{leaf}{FILE_MARK[1]})"


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (f"Regards  \n{shown(1)}", "Regards"),
        (f"Regards\n\n{shown(1)}\n\nLtd", "Regards\n\nLtd"),
        (f"a {shown(1)} b {shown(2)}", f"a  b {shown(2)}"),
        (f"[{shown(1, 'Our shop')}](https://shop.example/)", "[Our shop](https://shop.example/)"),
        (f"> {shown(1)}\n> words", "> words"),
        ("x " + shown(1, r"a \] b"), "x"),
    ],
)
def test_a_known_picture_leaves_the_body(body: str, left: str) -> None:
    """Case 65."""
    known = once.pictures([file(1, "logo")])
    made = once.told(draft(body, file(1, "logo"), file(2, "other")), known)
    assert made.body == left
    assert [one.sha256 for one in made.files] == ["other"]
    assert made.note == ()
    assert made.decisions == (Decision("file logo.png", "left out: this conversation has it already"),)


def test_a_picture_of_a_quote_that_is_left_out_goes_along_once() -> None:
    """The logo below an answer of staff, which every reply to it brings."""
    logo = replace(file(1, "logo", inline=False), quoted=True)
    assert once.told(draft("Yes.", logo), frozenset()).files == (logo,)
    again = once.told(draft("Yes.", logo), once.pictures([logo]))
    assert (again.body, again.files) == ("Yes.", ())


def test_what_is_not_known_or_attached_stays() -> None:
    attached = file(3, "logo", inline=False)
    before = draft(f"{shown(2)}", file(2, "other"), attached)
    assert once.told(before, once.pictures([file(1, "logo")])) == before
    assert once.pictures([attached]) == frozenset()


def test_a_mail_that_says_nothing_but_a_known_picture_keeps_it() -> None:
    before = draft(shown(1), file(1, "logo"))
    assert once.told(before, once.pictures([file(1, "logo")])) == before
