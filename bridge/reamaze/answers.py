"""What each answer means: one table from facts (status, whether it was sent, the JSON's shape) to the error tree.

Texts are quoted and never read. What is unknown is temporary, and what may have been done is ambiguous: the caller looks before
it posts again. A success is a 2xx with a JSON object that holds no errors and does hold what the call makes.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, assert_never

from bridge.errors import (
    AmbiguousError,
    CredentialsError,
    LaterError,
    MissingError,
    OutageError,
    ReamazeError,
    RefusedError,
)
from bridge.model import Receipt
from bridge.reamaze.slug import LONGEST_CHARS

JsonObject = dict[str, Any]

LONGEST_WAIT_S = 86_400.0
#: What a 429 without Retry-After asks for, by the habit of the API's clients.
USUAL_WAIT_S = 60.0
LONGEST_WORDS = 500

_REFUSED = frozenset({400, 406, 413, 414, 415, 422, 431})
_CREDENTIALS = frozenset({401, 403})
_MISSING = frozenset({404, 410})


class Call(Enum):
    """What was asked: whether a repeat would do harm, and what a success must hold."""

    LOOK = "look"
    CREATE = "create"
    APPEND = "append"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Re:amaze answered."""

    status: int
    #: The parsed JSON object; None when it is none, too large, or broke off.
    body: JsonObject | None = None
    #: Its own words about a failure, from `words`; "" when it gave none.
    said: str = ""
    retry_after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """No answer came."""

    #: What happened, in a word or two.
    how: str
    #: Whether Re:amaze may have got the request.
    sent: bool


def verdict(call: Call, fact: Answer | Lost, now: datetime) -> JsonObject | ReamazeError:
    """The object of a success, or the error to raise."""
    match fact:
        case Lost(how=how, sent=False):
            return OutageError(f"no connection: {how}")
        case Lost(how=how):
            # The look that follows finds out whether it is an outage; one slow mail alone is not.
            return _undone(call, f"no answer: {how}", outage=False)
        case Answer(status=status) if 200 <= status < 300:
            return _success(call, fact)
        case Answer():
            return _failure(call, fact, now)
        case _ as never:
            assert_never(never)


def _success(call: Call, answer: Answer) -> JsonObject | ReamazeError:
    body, status = answer.body, answer.status
    if body is None:
        return _unclear(call, f"answered {status} with an unreadable body", status)
    if body.get("errors") or body.get("error"):
        return _unclear(call, f"answered {status}, but with errors: {answer.said}", status)
    body = unwrapped(call, body)
    match call:
        case Call.LOOK:
            return body
        case Call.CREATE if _slug(body.get("slug")):
            return body
        case Call.APPEND if body.get("created_at"):
            return body
        case Call.CREATE | Call.APPEND:
            return _unclear(call, f"answered {status}, but not with what was made", status)
        case _ as never:
            assert_never(never)


def _failure(call: Call, answer: Answer, now: datetime) -> ReamazeError:
    status = answer.status
    wait_s = retry_after_s(answer.retry_after, now)
    reason = f"answered {status}: {answer.said}" if answer.said else f"answered {status}"
    if status in _CREDENTIALS:
        return CredentialsError(reason, status=status, retry_after_s=wait_s)
    if status in _MISSING:
        return MissingError(reason, status=status)
    if status in _REFUSED:
        return RefusedError(reason, status=status)
    if status == 429:
        return OutageError(reason, status=status, retry_after_s=USUAL_WAIT_S if wait_s is None else wait_s)
    if status == 402:
        return OutageError(reason, status=status, retry_after_s=wait_s)
    if 300 <= status < 400:
        # Whether a redirect to another page means "done" or "log in first" cannot be told.
        return _undone(call, f"{reason} redirects, which are not followed: check `base_url`", status=status)
    if status >= 500:
        return _undone(call, reason, status=status, retry_after_s=wait_s)
    return LaterError(reason, status=status, retry_after_s=wait_s)


def _undone(
    call: Call,
    reason: str,
    *,
    status: int | None = None,
    retry_after_s: float | None = None,
    outage: bool = True,
) -> ReamazeError:
    """Trouble after sending: a look did nothing, a post may have been done."""
    if call is Call.LOOK:
        return OutageError(reason, status=status, retry_after_s=retry_after_s)
    return AmbiguousError(reason, status=status, retry_after_s=retry_after_s, outage=outage)


def _unclear(call: Call, reason: str, status: int) -> ReamazeError:
    if call is Call.LOOK:
        return LaterError(reason, status=status)
    return AmbiguousError(reason, status=status, outage=False)


def receipt(body: JsonObject, *, slug: str | None = None) -> Receipt:
    """The receipt of a success. An appended message may name the conversation by another slug than was asked for."""
    conversation = body.get("conversation")
    named = (
        body.get("slug")
        if slug is None
        else conversation.get("slug")
        if isinstance(conversation, dict)
        else None
    )
    return Receipt(slug=_slug(named) or slug or "", created_at=text(body.get("created_at")))


def unwrapped(call: Call, body: JsonObject) -> JsonObject:
    """The object itself where it came in a wrapper of its name; some accounts' answers are said to."""
    wrapper, sign = ("message", "created_at") if call is Call.APPEND else ("conversation", "slug")
    inner = body.get(wrapper)
    return inner if isinstance(inner, dict) and sign not in body and sign in inner else body


def parsed(content: bytes) -> JsonObject | None:
    """The JSON object, or None for anything else, however malformed."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def words(body: JsonObject | None, hidden: tuple[str, ...] = ()) -> str:
    """Re:amaze's own words about a failure: one line, bounded, printable, without what is to be hidden."""
    if body is None:
        return ""
    said = body.get("errors") or body.get("error")
    if not said and isinstance(body.get("message"), str):  # an object would be the customer's message
        said = body["message"]
    quoted = _flat(said, 0)
    for secret in hidden:
        quoted = quoted.replace(secret, "[secret]")
    line = " ".join("".join(c if c.isprintable() else " " for c in quoted[: 4 * LONGEST_WORDS]).split())
    return line if len(line) <= LONGEST_WORDS else line[: LONGEST_WORDS - 1] + "…"


def _flat(value: object, depth: int) -> str:
    if depth > 2:
        return "…"
    match value:
        case dict():
            return "; ".join(f"{str(k)[:100]}: {_flat(v, depth + 1)}" for k, v in list(value.items())[:20])
        case list():
            return ", ".join(_flat(each, depth + 1) for each in value[:20])
        case None:
            return ""
        case _:
            return str(value)[: 4 * LONGEST_WORDS]


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds from either form of Retry-After, at most a day; None where there is none or it makes no sense."""
    if value is None or len(value) > 100:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value, now)
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if math.isfinite(seconds) else None


def _until(value: str, now: datetime) -> float:
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return math.nan
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def text(value: object) -> str:
    """A short printable string as it came; "" for anything else."""
    return value if isinstance(value, str) and len(value) <= LONGEST_CHARS and value.isprintable() else ""


def _slug(value: object) -> str:
    """A slug as it came: opaque, so every character counts; "" for what cannot be one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or len(value) > LONGEST_CHARS:
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return ""
    return value
