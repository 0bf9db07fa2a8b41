"""Many files of one mail: which stay alone, which go into a zip, which become links; none is lost on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.compose import body, many
from bridge.compose.many import Split
from bridge.config.rules import Files
from bridge.model import Decision, Draft, File, User

MB = 1024 * 1024


def a_file(leaf: int, *, inline: bool = False, size_bytes: int = 1_000) -> File:
    return File(
        leaf=leaf,
        name=f"f{leaf}.pdf",
        content_type="application/pdf",
        path=Path(f"/nowhere/{leaf}"),
        size_bytes=size_bytes,
        sha256=f"{leaf:064x}",
        inline=inline,
    )


def files(count: int, **given: Any) -> tuple[File, ...]:
    return tuple(a_file(number, **given) for number in range(1, count + 1))


def split(given: tuple[File, ...], *, max_zip_bytes: int = 100 * MB, **policy: Any) -> Split:
    return many.split(given, Files.model_validate(policy), max_zip_bytes=max_zip_bytes)


def shown(parted: Split) -> tuple[list[int], list[int], list[list[int]]]:
    return (
        [file.leaf for file in parted.kept],
        [file.leaf for file in parted.linked],
        [[file.leaf for file in group] for group in parted.zipped],
    )


def test_few_files_stay_as_they_are_by_any_rule() -> None:
    for rule in ("follow-up", "zip", "links"):
        assert split(files(4), many=rule, max_follow_ups=3) == Split(files(4))


def test_by_default_each_has_its_own_message_however_many() -> None:
    assert split(files(70)) == Split(files(70))


def test_the_zip_takes_the_last_place() -> None:
    assert shown(split(files(6), many="zip", max_follow_ups=2)) == ([1, 2], [], [[3, 4, 5, 6]])
    assert shown(split(files(6), many="zip", max_follow_ups=0)) == ([], [], [[1, 2, 3, 4, 5, 6]])


def test_links_are_made_of_what_is_beyond_the_number() -> None:
    assert shown(split(files(6), many="links", max_follow_ups=2)) == ([1, 2, 3], [4, 5, 6], [])


def test_links_beyond_what_a_person_reads_are_a_zip() -> None:
    kept, linked, zipped = shown(split(files(130), many="links", max_follow_ups=9))
    assert (len(kept), len(linked), [len(group) for group in zipped]) == (10, many.MAX_LINKS, [20])


def test_pictures_in_the_text_and_what_the_bridge_made_stay() -> None:
    given = (a_file(1, inline=True), *(a_file(n) for n in range(2, 7)), a_file(-1), a_file(-2, inline=True))
    for rule in ("zip", "links"):
        kept, linked, zipped = shown(split(given, many=rule, max_follow_ups=1))
        assert {1, -1, -2} <= set(kept)
        assert sorted([*kept, *linked, *(leaf for group in zipped for leaf in group)]) == [
            -2,
            -1,
            *range(1, 7),
        ]


def test_a_zip_is_no_larger_than_a_file_may_be() -> None:
    given = (*files(4, size_bytes=4 * MB), a_file(5, size_bytes=10 * MB), a_file(6, size_bytes=1))
    kept, _, zipped = shown(split(given, many="zip", max_follow_ups=0, max_zip_bytes=10 * MB))
    assert zipped == [[1, 2], [3, 4]]
    assert kept == [5, 6]


@pytest.mark.parametrize("count", [0, 1, 5, 11, 12, 13, 200])
@pytest.mark.parametrize("rule", ["follow-up", "zip", "links"])
def test_every_file_is_in_one_place(rule: str, count: int) -> None:
    for most in (0, 1, 10, 300):
        kept, linked, zipped = shown(split(files(count), many=rule, max_follow_ups=most))
        assert sorted([*kept, *linked, *(leaf for group in zipped for leaf in group)]) == list(
            range(1, count + 1)
        )
        assert len(kept) + len(zipped) <= 1 + most or rule != "zip" or count <= 1 + most


def drafted(parted: Split, zips: tuple[File, ...] = ()) -> Draft:
    everything = (*parted.kept, *parted.linked, *(file for group in parted.zipped for file in group))
    draft = Draft(
        user=User("Anna", "anna@example.net"),
        subject="Files",
        body="Here they are.",
        files=everything,
        decisions=tuple(Decision(f"file {file.name}", "attached") for file in everything),
    )
    return many.told(draft, parted, zips)


def test_a_zip_is_named_below_the_text_with_what_is_in_it() -> None:
    parted = split(files(40), many="zip", max_follow_ups=1)
    made = drafted(parted, (a_file(-1),))
    assert [file.leaf for file in made.files] == [1, -1]
    text, line = made.body.split("\n\n")
    assert text == "Here they are."
    assert line.startswith("39 more files are in f-1.pdf: f2.pdf, f3.pdf, ")
    assert line.endswith("f21.pdf and 19 further.")
    assert Decision("file f40.pdf", "in f-1.pdf, for there are many") in made.decisions
    assert len({one.what for one in made.decisions}) == len(made.decisions) == 40


def test_links_stand_below_the_text_and_lead_to_the_files() -> None:
    made = drafted(split(files(4), many="links", max_follow_ups=1))
    assert [(file.leaf, file.inline) for file in made.files] == [(1, False), (2, False), (3, True), (4, True)]
    assert body.resolve(made.body, {3: "https://x.example/3"}) == (
        "Here they are.\n\nMore files:\n\n- [f3.pdf](https://x.example/3)\n- f4.pdf"
    )


def test_a_link_without_its_file_leaves_pictures_before_it_alone() -> None:
    made = drafted(split(files(4), many="links", max_follow_ups=1))
    pictured = f"![x](http://a.example/x.png) ![y](http://a.example/y.png)\n\n{made.body}"
    resolved = body.resolve(pictured, {})
    assert resolved.startswith("![x](http://a.example/x.png) ![y](http://a.example/y.png)\n\nHere they are.")
    assert resolved.endswith("- f3.pdf\n- f4.pdf")


def test_names_cannot_become_markup() -> None:
    odd = [*files(2), *(File(**{**_parts(a_file(n)), "name": "[a](http://x)*.pdf"}) for n in (3, 4))]
    linked = drafted(split(tuple(odd), many="links", max_follow_ups=1))
    assert "- [\\[a\\](http://x)\\*.pdf](" in linked.body
    zipped = drafted(split(tuple(odd), many="zip", max_follow_ups=1), (a_file(-1),))
    assert "[a](http" not in zipped.body


def _parts(file: File) -> dict[str, Any]:
    return {name: getattr(file, name) for name in File.__dataclass_fields__}


def test_where_none_is_alone_none_is_called_further() -> None:
    draft = Draft(user=User("a", "a@x.example"), subject="s", body="Here.", files=files(3))
    zipped = split(draft.files, many="zip", max_follow_ups=0)
    body_of = many.told(draft, zipped, [a_file(-1)]).body
    assert body_of == "Here.\n\n3 files are in f-1.pdf: f1.pdf, f2.pdf, f3.pdf."
