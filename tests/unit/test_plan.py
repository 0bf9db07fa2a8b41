"""The plan of a delivery: its steps, its keys, and that it survives being stored."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bridge import plan
from bridge.model import Decision, Draft, File, New, User
from bridge.plan import Action, PlannedStep

NEW = New("support", "Subject")


def a_file(name: str, *, inline: bool = False) -> File:
    return File(
        leaf=1,
        name=name,
        content_type="text/plain",
        path=Path("/x"),
        size_bytes=1,
        sha256="0" * 64,
        inline=inline,
    )


def a_draft(*files: File) -> Draft:
    return Draft(user=User("Ann", "ann@example.net"), subject="Subject", body="Body", files=files)


def names(made: plan.Plan) -> list[str]:
    return [step.name for step in made.steps]


def test_a_mail_without_files_is_one_post_and_the_note() -> None:
    assert names(plan.make(a_draft(), NEW, together=False)) == ["post", "note"]


def test_every_file_is_staged_before_anything_is_said() -> None:
    made = plan.make(a_draft(a_file("a"), a_file("b")), NEW, together=False)
    assert names(made) == ["stage 0", "stage 1", "post", "follow-up 1", "note"]


def test_a_picture_in_the_body_needs_no_message_of_its_own() -> None:
    made = plan.make(a_draft(a_file("logo", inline=True), a_file("b"), a_file("c")), NEW, together=False)
    assert names(made) == ["stage 0", "stage 1", "stage 2", "post", "follow-up 2", "note"]


def test_files_that_may_go_together_need_no_follow_up() -> None:
    made = plan.make(a_draft(a_file("a"), a_file("b")), NEW, together=True)
    assert names(made) == ["stage 0", "stage 1", "post", "note"]


def test_the_key_of_a_step_is_the_same_for_ever() -> None:
    # Written down: a release that changes it would post everything under way a second time.
    assert PlannedStep(Action.POST).key("0mfx3a9k2b7q") == "26vcnu3dkqq2mvhkb6b4xaar7wfz4f6c"


@given(
    st.lists(st.tuples(st.text(max_size=12), st.sampled_from(list(Action)), st.integers(0, 50)), unique=True)
)
def test_no_two_steps_share_a_key(steps: list[tuple[str, Action, int]]) -> None:
    keys = [PlannedStep(action, file).key(delivery) for delivery, action, file in steps]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 32 and key.isascii() and key.isalnum() and key == key.lower() for key in keys)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(body=texts, name=texts, note=st.lists(texts, max_size=3), inline=st.booleans(), together=st.booleans())
def test_a_stored_plan_is_the_plan(
    body: str, name: str, note: list[str], inline: bool, together: bool
) -> None:
    draft = Draft(
        user=User(name, "ann@example.net"),
        subject=body,
        body=body,
        files=(a_file(name or "x", inline=inline), a_file("b")),
        recipients=("bob@example.net",),
        suppress_notifications=inline,
        tags=("a",),
        note=tuple(note),
        decisions=(Decision("author", name),),
    )
    made = plan.make(draft, NEW, together=together, slug=name or None)
    assert plan.from_json(plan.to_json(made)) == made


def test_no_field_of_a_draft_is_lost_by_being_stored() -> None:
    draft = Draft(
        user=User("Ann", "ann@example.net"),
        subject="Lamp",
        body="Hello",
        files=(a_file("a"),),
        recipients=("bob@example.net",),
        suppress_notifications=True,
        tags=("vip",),
        data=(("order", "17"),),
        contact=(("phone", "030 12345"),),
        note=("Guessed.",),
        decisions=(Decision("author", "From"),),
        known_lines=3,
    )
    untried = {field.name for field in fields(Draft) if getattr(draft, field.name) == field.default}
    # Whether a quote is proved is settled before there is a plan.
    assert untried == {"unproved"}
    assert plan.from_json(plan.to_json(plan.make(draft, NEW, together=True))).draft == draft


def test_a_plan_that_the_first_release_stored_is_still_read() -> None:
    # As it stands in spools by now. What a later release adds to a plan must have a value where it is absent.
    stored = (
        '{"version":1,"draft":{"user":{"name":"Ann","email":"ann@example.net"},"subject":"Lamp","body":"Hello",'
        '"files":[{"leaf":1,"name":"a.pdf","content_type":"application/pdf","path":"/spool/files/ab/abc",'
        '"size_bytes":3,"sha256":"abc","inline":false}],"recipients":["bob@example.net"],'
        '"suppress_notifications":true,"tags":["vip"],"note":["Guessed."],'
        '"decisions":[{"what":"author","because":"From"}]},"new":{"channel":"support","subject":"Lamp"},'
        '"steps":[["stage",0],["post",null],["note",null]],"together":false,"slug":"lamp"}'
    )
    assert plan.from_json(stored) == plan.Plan(
        Draft(
            user=User("Ann", "ann@example.net"),
            subject="Lamp",
            body="Hello",
            files=(
                File(
                    leaf=1,
                    name="a.pdf",
                    content_type="application/pdf",
                    path=Path("/spool/files/ab/abc"),
                    size_bytes=3,
                    sha256="abc",
                ),
            ),
            recipients=("bob@example.net",),
            suppress_notifications=True,
            tags=("vip",),
            note=("Guessed.",),
            decisions=(Decision("author", "From"),),
        ),
        New("support", "Lamp"),
        (PlannedStep(Action.STAGE, 0), PlannedStep(Action.POST), PlannedStep(Action.NOTE)),
        together=False,
        slug="lamp",
    )
