"""What each answer means: one row a class of answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.errors import (
    AmbiguousError,
    CredentialsError,
    LaterError,
    MissingError,
    OutageError,
    ReamazeError,
    RefusedError,
)
from bridge.reamaze import answers
from bridge.reamaze.answers import Answer, Call, Lost

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MADE = {"slug": "a-broken-lamp", "created_at": "2026-11-02T01:30:00.000-08:00"}

POSTS = (Call.CREATE, Call.APPEND)
ALL = (Call.LOOK, *POSTS)


def failed(call: Call, fact: Answer | Lost) -> ReamazeError:
    outcome = answers.verdict(call, fact, NOW)
    assert isinstance(outcome, ReamazeError), outcome
    return outcome


@pytest.mark.parametrize(
    ("calls", "status", "error"),
    [
        (ALL, 400, RefusedError),
        (ALL, 401, CredentialsError),
        (ALL, 402, OutageError),
        (ALL, 403, CredentialsError),
        (ALL, 404, MissingError),
        (ALL, 405, LaterError),
        (ALL, 406, RefusedError),
        (ALL, 408, LaterError),
        (ALL, 409, LaterError),
        (ALL, 410, MissingError),
        (ALL, 413, RefusedError),
        (ALL, 414, RefusedError),
        (ALL, 415, RefusedError),
        (ALL, 418, LaterError),
        (ALL, 422, RefusedError),
        (ALL, 425, LaterError),
        (ALL, 429, OutageError),
        (ALL, 431, RefusedError),
        (ALL, 499, LaterError),
        (POSTS, 301, AmbiguousError),
        (POSTS, 303, AmbiguousError),
        (POSTS, 500, AmbiguousError),
        (POSTS, 502, AmbiguousError),
        (POSTS, 503, AmbiguousError),
        (POSTS, 504, AmbiguousError),
        (POSTS, 599, AmbiguousError),
        ((Call.LOOK,), 302, OutageError),
        ((Call.LOOK,), 500, OutageError),
        ((Call.LOOK,), 503, OutageError),
    ],
)
@pytest.mark.parametrize("body", [None, {"errors": {"category": ["can't be blank"]}}], ids=["html", "json"])
def test_a_status_means(
    calls: tuple[Call, ...], status: int, error: type[ReamazeError], body: dict[str, object] | None
) -> None:
    for call in calls:
        found = failed(call, Answer(status=status, body=body))
        assert type(found) is error
        assert found.status == status


@pytest.mark.parametrize("status", [301, 500, 503])
def test_trouble_of_the_whole_server_is_an_outage_and_ambiguous(status: int) -> None:
    found = failed(Call.APPEND, Answer(status=status))
    assert isinstance(found, AmbiguousError)
    assert found.outage


@pytest.mark.parametrize(
    ("call", "sent", "error"),
    [
        (Call.LOOK, False, OutageError),
        (Call.LOOK, True, OutageError),
        (Call.CREATE, False, OutageError),
        (Call.CREATE, True, AmbiguousError),
        (Call.APPEND, False, OutageError),
        (Call.APPEND, True, AmbiguousError),
    ],
)
def test_no_answer_means(call: Call, sent: bool, error: type[ReamazeError]) -> None:
    found = failed(call, Lost(how="ReadTimeout", sent=sent))
    assert type(found) is error
    assert "ReadTimeout" in found.reason
    if isinstance(found, AmbiguousError):
        assert not found.outage  # one slow mail does not stop the others


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"slug": ""},
        {"slug": None},
        {"slug": "x" * 5_000, "created_at": ""},
        {"slug": "\ud800"},
        {**MADE, "errors": {"base": ["half done"]}},
        {**MADE, "error": "half done"},
        {"errors": {"base": ["not done"]}},
    ],
)
def test_a_2xx_that_does_not_say_what_was_made_is_ambiguous_for_one_mail(
    body: dict[str, object] | None,
) -> None:
    found = failed(Call.CREATE, Answer(status=201, body=body))
    assert isinstance(found, AmbiguousError)
    assert not found.outage


def test_a_message_without_its_time_is_ambiguous() -> None:
    assert isinstance(failed(Call.APPEND, Answer(status=200, body={"body": "x"})), AmbiguousError)


@pytest.mark.parametrize("body", [None, {"errors": ["x"]}])
def test_a_look_that_cannot_be_read_is_tried_later(body: dict[str, object] | None) -> None:
    assert type(failed(Call.LOOK, Answer(status=200, body=body))) is LaterError


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("extra", [{}, {"errors": {}}, {"errors": None, "error": ""}])
def test_any_2xx_with_what_was_made_is_a_success(status: int, extra: dict[str, object]) -> None:
    assert answers.verdict(Call.CREATE, Answer(status=status, body={**MADE, **extra}), NOW) == {
        **MADE,
        **extra,
    }


def test_answers_may_come_in_a_wrapper() -> None:
    assert answers.verdict(Call.CREATE, Answer(status=201, body={"conversation": MADE}), NOW) == MADE
    message = {"created_at": "2026", "body": "x", "conversation": {"slug": "s"}}
    assert answers.verdict(Call.APPEND, Answer(status=201, body={"message": message}), NOW) == message
    # An appended message holds a conversation of its own; that is no wrapper.
    assert answers.verdict(Call.APPEND, Answer(status=201, body=message), NOW) == message
    # Nor is the opening message of a conversation.
    assert answers.verdict(Call.CREATE, Answer(status=201, body={**MADE, "message": message}), NOW) == {
        **MADE,
        "message": message,
    }


def test_a_receipt_takes_the_slug_the_answer_names() -> None:
    assert answers.receipt(MADE).slug == "a-broken-lamp"
    assert answers.receipt({"slug": 42}).slug == "42"
    assert answers.receipt({"slug": "न\u200dम a.$"}).slug == "न\u200dम a.$"
    assert (
        answers.receipt({"created_at": "x", "conversation": {"slug": "merged"}}, slug="old").slug == "merged"
    )
    assert answers.receipt({"created_at": "x"}, slug="old").slug == "old"
    assert answers.receipt({"created_at": 7}, slug="old").created_at == ""


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b"null", b'"x"', b'{"slug": ', b"\xff", b"[" * 100_000, b"9" * 10_000],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_json_object_is_none(content: bytes) -> None:
    assert answers.parsed(content) is None


def date(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("999999999", 86_400.0),
        (date(120), 120.0),
        (date(-120), 0.0),
        (date(10 * 86_400), 86_400.0),
        ("Mon, 02 Nov 2026 09:31:00 -0000", 60.0),
        ("Mon, 02 Nov 2026 11:31:00 +0200", 60.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("9" * 90, 86_400.0),
        ("9" * 5_000, None),
        ("Mon, 99 Nov 99999 09:31:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(value: str | None, seconds: float | None) -> None:
    assert answers.retry_after_s(value, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, None, 60.0),
        (429, "0", 0.0),
        (429, "3", 3.0),
        (503, "9", 9.0),
        (503, None, None),
        (408, "2", 2.0),
    ],
)
def test_an_error_carries_the_wait(status: int, value: str | None, seconds: float | None) -> None:
    assert failed(Call.APPEND, Answer(status=status, retry_after=value)).retry_after_s == seconds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, ""),
        ({}, ""),
        ({"errors": {"category": ["can't be blank"], "user": ["is invalid", "is odd"]}},
         "category: can't be blank; user: is invalid, is odd"),
        ({"error": "Not\r\nfound\x1b[2J\x00"}, "Not found [2J"),
        ({"errors": ["a", 1, None]}, "a, 1,"),
        ({"message": "no such thing"}, "no such thing"),
        ({"message": {"body": "a customer's words"}}, ""),
        ({"error": "token s3cret-token refused"}, "token [secret] refused"),
    ],
)  # fmt: skip
def test_reamazes_own_words_are_kept_on_one_clean_line(body: dict[str, object] | None, said: str) -> None:
    assert answers.words(body, ("s3cret-token",)) == said


def test_words_are_bounded_in_length_and_depth() -> None:
    deep: object = "x"
    for _ in range(500):
        deep = {"a": [deep]}
    for body in (
        {"errors": "w" * 1_000_000},
        {"errors": deep},
        {"errors": {str(n): "y" * 99 for n in range(9_999)}},
    ):
        assert 0 < len(answers.words(body)) <= answers.LONGEST_WORDS


def test_the_reason_holds_status_and_words() -> None:
    body = {"errors": {"body": ["is too long"]}}
    found = failed(Call.APPEND, Answer(status=422, body=body, said=answers.words(body)))
    assert found.reason == "answered 422: body: is too long"
