"""A route's own patterns run on hostile text: one that explodes costs its mail the pattern, not the mails behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.composing import a_route, a_sender, an_envelope

from bridge import convert
from bridge.mail import parse
from bridge.model import KeyClue, ThreadClue

BOMB = "a" * 200 + "!"
SUBJECT = {"where": "subject", "match": r"^(\w+\s?)*$", "key": "{1}"}
BODY = {"where": "body", "match": r"(.*,)+\d", "key": "{1}"}
ORDER = {"where": "subject", "match": r"Order (\d+)", "key": "order-{1}"}


def a_job(content: str, *patterns: dict[str, Any], **given: Any) -> convert.Job:
    return convert.Job(
        content=content.replace("\n", "\r\n").encode(),
        envelope=an_envelope(),
        route=a_route(conversation={"patterns": list(patterns)}, **given),
        recipients=("support@example.com",),
        sender=a_sender(),
        own=frozenset(),
        keys=(b"k" * 32,),
        store=Path("unused"),
        max_file_bytes=1_000,
    )


def keys(sorting: Any) -> list[str]:
    return [clue.key for clue in sorting.clues if isinstance(clue, KeyClue) and clue.key.startswith("key:")]


def test_a_bomb_for_a_pattern_is_sorted_without_it_and_said_to_be() -> None:
    mail = f"From: anna@example.net\nSubject: {BOMB}\nIn-Reply-To: <1@example.com>\n\n{',' * 60}\n"
    for pattern in (SUBJECT, BODY):
        (found,) = convert.sort_all([a_job(mail, ORDER, pattern)])
        assert "took longer than" in found.remark
        assert found.user.email == "anna@example.net"
        assert any(isinstance(clue, ThreadClue) for clue in found.clues)
        assert keys(found) == []


def test_the_mails_beside_a_bomb_keep_their_patterns() -> None:
    bomb = a_job(f"From: eve@example.net\nSubject: {BOMB}\n\nx\n", ORDER, SUBJECT)
    mail = a_job("From: anna@example.net\nSubject: Order 77\n\nx\n", ORDER, SUBJECT)
    before, hostile, after = convert.sort_all([mail, bomb, mail])
    assert hostile.remark
    assert before == after
    assert (before.remark, keys(before)[0]) == ("", "key:order-77")


def test_a_bomb_for_a_field_costs_the_fields_by_expression_and_no_more() -> None:
    rules = [
        {"name": "bomb", "use": "subject", "match": SUBJECT["match"]},
        {"name": "order", "label": "Order no."},
    ]
    mail = f"From: anna@example.net\nSubject: {BOMB}\n\nOrder no.: 77\n"
    job = a_job(mail, ORDER, fields=rules)
    found, remark = convert.fields_of(parse(mail.encode()), job.route)
    assert found.values == {"order": "77"}
    assert remark == "a `match` of the fields took longer than 0.25 s on this mail, so none was used"
    sorting = convert.sort(job)
    assert (sorting.remark, keys(sorting)) == (remark, [])
    (_, after) = convert.sort_all([job, a_job("From: anna@example.net\nSubject: Order 8\n\nx\n", ORDER)])
    assert keys(after) == ["key:order-8"]
