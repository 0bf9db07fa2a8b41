"""How lists are filtered, ordered and cut into pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from bridge.sandbox.behaviour import Behaviour
from bridge.sandbox.shape import ORIGIN_API
from bridge.sandbox.state import ARCHIVED, DONE, OPEN, RESPONDED, Conversation, Message

T = TypeVar("T")

_DATA = re.compile(r"data\[([^\]]+)\]")


def page(items: Sequence[T], query: Mapping[str, str], size: int) -> Sequence[T]:
    """The page asked for; the first one where the number is none."""
    wanted = query.get("page", "1")
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 9 else 1
    start = (max(1, number) - 1) * size
    return items[start : start + size]


def conversations(
    items: Sequence[Conversation], query: Mapping[str, str], behaviour: Behaviour
) -> list[Conversation]:
    """Those asked for: newest first, or by `sort`."""
    found = [item for item in items if _wanted(item, query, behaviour)]
    match query.get("sort"):
        case "updated":
            found.sort(key=_updated_at, reverse=True)
        case "changed":
            found.sort(key=lambda item: item.changed_at, reverse=True)
        case _:
            found.reverse()
    return found


def _wanted(item: Conversation, query: Mapping[str, str], behaviour: Behaviour) -> bool:
    checks = (
        not query.get("for") or item.has(query["for"]),
        not query.get("category") or item.channel == query["category"],
        _tagged(item, query),
        query.get("origin", "api") in ("api", str(ORIGIN_API)),
        _within(_updated_at(item), query),
        query.get("q", "").lower() in _words(item),
        behaviour.list_filter == "ignored" or _passes(item, query.get("filter", "")),
        behaviour.data_filter == "ignored" or _has_data(item, query),
    )
    return all(checks)


def messages(
    items: Sequence[Message],
    query: Mapping[str, str],
    behaviour: Behaviour,
    conversation_of: Callable[[Message], Conversation],
) -> list[Message]:
    """Those asked for, newest first."""
    side = query.get("filter", "") if behaviour.list_filter == "honoured" else ""
    found = []
    for item in items:
        conversation = conversation_of(item)
        checks = (
            not side or item.user.staff is (side == "staff"),
            query.get("sent_by", item.user.email).lower() == item.user.email.lower(),
            query.get("category", conversation.channel) == conversation.channel,
            _tagged(conversation, query),
            query.get("origin", "api") in ("api", str(ORIGIN_API)),
            _within(item.created_at, query),
        )
        if all(checks):
            found.append(item)
    found.reverse()
    return found


def _updated_at(item: Conversation) -> datetime:
    last = item.last(staff=False)
    return last.created_at if last else item.created_at


def _tagged(item: Conversation, query: Mapping[str, str]) -> bool:
    return set(filter(None, query.get("tag", "").split(","))) <= set(item.tags)


def _words(item: Conversation) -> str:
    return " ".join((item.subject or "", *(message.body for message in item.messages))).lower()


def _passes(item: Conversation, wanted: str) -> bool:
    match wanted:
        case "all":
            return True
        case "open":
            return item.status in (OPEN, RESPONDED)
        case "unassigned":
            return item.assignee is None and item.status not in (DONE, ARCHIVED)
        case "archived":
            return item.status == ARCHIVED
        case _:
            return item.status != ARCHIVED


def _has_data(item: Conversation, query: Mapping[str, str]) -> bool:
    for name, value in query.items():
        field = _DATA.fullmatch(name)
        if field and str(item.data.get(field[1])) != value:
            return False
    return True


def _within(at: datetime, query: Mapping[str, str]) -> bool:
    start, end = _date(query.get("start_date", "")), _date(query.get("end_date", ""))
    return (start is None or at >= start) and (end is None or at <= end)


def _date(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
