"""Holds every request against the documented shape, key by key, and says all that is wrong at once.

Stricter than Re:amaze may be: what the API does not document is refused here, so that the bridge learns of it at once and not
from a customer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bridge.sandbox.behaviour import Behaviour
from bridge.sandbox.errors import Invalid, Refused

_NOTIFY = ("suppress_notifications", "suppress_notification")
_MESSAGE_KEYS = frozenset(
    {
        "body",
        "visibility",
        "user",
        "origin_id",
        *_NOTIFY,
        "suppress_autoresolve",
        "suppress_surveys",
        "attachment",
        "attachments",
        "recipients",
    }
)
_CONVERSATION_KEYS = frozenset(
    {"subject", "category", "user", "tag_list", "status", "data", "message", "assignee", "hold_until"}
)
_CHANGE_KEYS = frozenset({"assignee", "tag_list", "status", "data", "hold_until", "category", "brand"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    body: str = ""
    internal: bool = False
    #: Name and address; None for the owner of the token.
    user: tuple[str, str] | None = None
    origin_id: str | None = None
    #: The suppress flags that were sent and true, by their spelling.
    flags: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()

    @property
    def suppress_autoresolve(self) -> bool:
        return "suppress_autoresolve" in self.flags


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConversation:
    subject: str | None
    channel: str
    user: tuple[str, str]
    message: NewMessage
    tags: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    assignee: str | None = None
    hold_until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    status: int | None = None
    hold_until: str | None = None
    tags: tuple[str, ...] | None = None
    channel: str | None = None
    assignee: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


class _Reader:
    """Reads one object, collecting what is wrong with it under its own prefix."""

    def __init__(self, value: dict[str, Any], errors: dict[str, list[str]], prefix: str = "") -> None:
        self.value = value
        self._errors = errors
        self._prefix = prefix

    def wrong(self, key: str, text: str) -> None:
        self._errors.setdefault(f"{self._prefix}{key}", []).append(text)

    def only(self, keys: frozenset[str], *, strict: bool) -> None:
        for key in self.value:
            if key not in keys and strict:
                self.wrong(key, "is not a documented key")

    def inner(self, key: str) -> _Reader | None:
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, "must be an object")
            return None
        return _Reader(value, self._errors, f"{self._prefix}{key}.")

    def text(self, key: str, *, needed: bool = False) -> str:
        value = self.value.get(key)
        if value is not None and not isinstance(value, str):
            self.wrong(key, "must be a string")
            return ""
        if "\0" in (value or ""):
            self.wrong(key, "must not hold NUL")
        if needed and not (value or "").strip():
            self.wrong(key, "can't be blank")
        return value or ""

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.value.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.wrong(key, "must be a list of strings")
            return ()
        return tuple(value)

    def number(self, key: str, allowed: range) -> int | None:
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            self.wrong(key, f"must be a number from {allowed.start} to {allowed.stop - 1}")
            return None
        return value

    def flat(self, key: str) -> dict[str, Any]:
        inner = self.inner(key)
        if inner is None:
            return {}
        for name, value in inner.value.items():
            if isinstance(value, (dict, list)):
                inner.wrong(name, "must be a plain value")
        return dict(inner.value)

    def email(self, key: str, *, needed: bool = False) -> str:
        value = self.text(key, needed=needed)
        if value and not is_address(value):
            self.wrong(key, "is not an e-mail address")
        return value

    def person(self, key: str, *, data: bool) -> tuple[str, str] | None:
        inner = self.inner(key)
        if inner is None:
            return None
        inner.only(frozenset({"name", "email", "data"} if data else {"name", "email"}), strict=True)
        if data:
            inner.flat("data")
        return inner.text("name"), inner.email("email", needed=True)


def is_address(value: str) -> bool:
    local, at, domain = value.rpartition("@")
    return bool(local and at and domain) and value.isprintable() and not any(c in " <>,;" for c in value)


def conversation(payload: object, behaviour: Behaviour) -> NewConversation:
    """Raises Refused for what is no such payload at all, Invalid for what is wrong within."""
    errors: dict[str, list[str]] = {}
    reader = _Reader(_top(payload, "conversation"), errors)
    # The documentation puts these flags inside `message`: elsewhere they are not heeded, and not refused either.
    reader.only(_CONVERSATION_KEYS | set(_NOTIFY), strict=behaviour.unknown_keys == "refuse")
    user = reader.person("user", data=True)
    if user is None and "user" not in errors:
        reader.wrong("user", "can't be blank")
    inner = reader.inner("message")
    if inner is None and "message" not in errors:
        reader.wrong("message", "can't be blank")
    several = behaviour.attachments_on_create == "accepted"
    message = _message(inner, behaviour, several=several) if inner is not None else NewMessage()
    status = reader.number("status", range(10))
    new = NewConversation(
        subject=reader.text("subject") if reader.value.get("subject") is not None else None,
        channel=_channel(reader, behaviour, needed=True),
        user=user or ("", ""),
        message=message,
        tags=reader.texts("tag_list"),
        data=reader.flat("data"),
        status=status,
        assignee=reader.email("assignee") or None,
        hold_until=_hold(reader, status),
    )
    if errors:
        raise Invalid(errors, _status(errors, behaviour))
    return new


def message(payload: object, behaviour: Behaviour) -> NewMessage:
    """Raises Refused and Invalid as `conversation` does."""
    errors: dict[str, list[str]] = {}
    reader = _Reader(_top(payload, "message"), errors)
    new = _message(reader, behaviour, several=behaviour.attachments_on_messages == "accepted")
    if errors:
        raise Invalid(errors)
    return new


def change(payload: object, behaviour: Behaviour) -> Change:
    """Raises Refused and Invalid as `conversation` does."""
    errors: dict[str, list[str]] = {}
    reader = _Reader(_top(payload, "conversation"), errors)
    reader.only(_CHANGE_KEYS, strict=behaviour.unknown_keys == "refuse")
    status = reader.number("status", range(10))
    assignee: str | None = None
    if isinstance(reader.value.get("assignee"), str):
        assignee = reader.email("assignee") or None
    else:
        person = reader.person("assignee", data=False)
        assignee = person[1] if person else None
    new = Change(
        status=status,
        hold_until=_hold(reader, status),
        tags=reader.texts("tag_list") if "tag_list" in reader.value else None,
        channel=_channel(reader, behaviour, needed=False) or None,
        assignee=assignee,
        data=reader.flat("data"),
    )
    if errors:
        raise Invalid(errors, _status(errors, behaviour))
    return new


def _top(payload: object, key: str) -> dict[str, Any]:
    value = payload.get(key) if isinstance(payload, dict) else None
    if not isinstance(value, dict) or not value:
        raise Refused(400, f"param is missing or the value is empty: {key}")
    return value


def _message(reader: _Reader, behaviour: Behaviour, *, several: bool) -> NewMessage:
    reader.only(_MESSAGE_KEYS, strict=behaviour.unknown_keys == "refuse")
    single = reader.text("attachment")
    urls = tuple(dict.fromkeys((*([single] if single else ()), *reader.texts("attachments"))))
    for url in urls:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            reader.wrong("attachment" if url == single else "attachments", "must be a URL to fetch")
    body = reader.text("body")
    if not body.strip() and not urls and behaviour.empty_message == "refuse":
        reader.wrong("body", "can't be blank")
    recipients = reader.texts("recipients")
    if not all(is_address(item) or item.lstrip("+").isdigit() for item in recipients):
        reader.wrong("recipients", "must be e-mail addresses or phone numbers")
    return NewMessage(
        body=body,
        internal=reader.number("visibility", range(2)) == 1,
        user=reader.person("user", data=False),
        origin_id=_origin_id(reader),
        flags=_flags(reader),
        attachments=urls if several else tuple(url for url in urls if url == single),
        recipients=recipients,
    )


def _origin_id(reader: _Reader) -> str | None:
    value = reader.value.get("origin_id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return reader.text("origin_id") or None


def _flags(reader: _Reader) -> tuple[str, ...]:
    found = []
    for key in (*_NOTIFY, "suppress_autoresolve"):
        value = reader.value.get(key)
        if value is not None and not isinstance(value, bool):
            reader.wrong(key, "must be true or false")
        elif value:
            found.append(key)
    surveys = reader.value.get("suppress_surveys")
    if surveys not in (None, False, True) and not isinstance(surveys, str):
        reader.wrong("suppress_surveys", "must be true or a date")
    elif surveys:
        found.append("suppress_surveys")
    return tuple(found)


def _channel(reader: _Reader, behaviour: Behaviour, *, needed: bool) -> str:
    slug = reader.text("category", needed=needed)
    if slug and slug not in behaviour.channels:
        reader.wrong("category", "does not exist")
    return slug


def _hold(reader: _Reader, status: int | None) -> str | None:
    return reader.text("hold_until", needed=status == 5) or None


def _status(errors: dict[str, list[str]], behaviour: Behaviour) -> int:
    return behaviour.unknown_channel if errors == {"category": ["does not exist"]} else 422
