"""Every way in which the stand-in can behave where Re:amaze's own behaviour is unknown, unkind or a matter of choice.

One frozen value: the defaults are what is most likely true, each field carries its `help`, and every type is one a command
line can offer (bool, int, float, str, a Literal or a tuple of strings).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeVar

from bridge.sandbox import faults

T = TypeVar("T")

MB = 1024 * 1024


def _switch(default: T, text: str) -> T:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The switches of the stand-in. Raises ValueError for a value that makes no sense."""

    # -- the account ---------------------------------------------------------------------------------
    user: str = _switch("bridge@example.com", "login e-mail of the staff user the token belongs to")
    token: str = _switch("sandbox", "API token of that user")
    brands: tuple[str, ...] = _switch((), "brand names that exist; none given: every host is a brand")
    channels: tuple[str, ...] = _switch(("support", "sales", "orders"), "slugs of the channels")
    staff: tuple[str, ...] = _switch((), "e-mail addresses of further staff users")

    # -- answers -------------------------------------------------------------------------------------
    create_status: Literal[201, 200] = _switch(201, "status of an answer that created something")
    wrapped: bool = _switch(False, "wrap answers in a `conversation` or `message` object")
    bad_credentials: Literal[403, 401] = _switch(403, "status for a wrong login or token")
    no_accept: Literal["406", "html"] = _switch("406", "answer to a call without `Accept: application/json`")
    not_found: Literal["json", "empty", "html"] = _switch("json", "body of a 404")
    invalid: Literal["fields", "error", "errors"] = _switch(
        "fields", 'body of a 422: {"errors": {field: [text]}}, {"error": text} or {"errors": text}'
    )
    unknown_channel: Literal[422, 404] = _switch(422, "status for a category that does not exist")
    empty_message: Literal["refuse", "accept"] = _switch("refuse", "a message without body and attachment")
    unknown_keys: Literal["refuse", "ignore"] = _switch("refuse", "keys that the API does not document")
    utc_offset_hours: int = _switch(-8, "offset of the times in answers")
    latency_s: float = _switch(0.0, "seconds every call takes")

    # -- repeated calls ------------------------------------------------------------------------------
    repeated_origin_id: Literal["existing", "refuse", "duplicate"] = _switch(
        "existing", "a known origin_id: answer with the first message, refuse with 422, or post it again"
    )
    scope: Literal["conversation", "brand", "account"] = _switch(
        "conversation", "within what an origin_id is unique"
    )
    origin_id_on_create: Literal["kept", "ignored"] = _switch(
        "kept", "whether creating a conversation takes message[origin_id]"
    )
    data_on_create: Literal["kept", "ignored"] = _switch(
        "kept", "whether creating a conversation takes its `data`, which may have to be defined first"
    )
    origin_id_in_lists: bool = _switch(True, "whether lists of messages show the origin_id")
    bodies_in_lists: Literal["kept", "html"] = _switch(
        "kept", "lists show a body as it was sent, or as HTML with entities and its white space folded"
    )

    # -- flags and status ----------------------------------------------------------------------------
    suppress_spelling: Literal["both", "plural", "singular"] = _switch(
        "both", "which of suppress_notifications and suppress_notification works"
    )
    staff_reply_status: Literal[2, 1] = _switch(2, "status after a staff message: Done or Responded")
    reopens: bool = _switch(True, "a customer message reopens a closed conversation")

    # -- attachments ---------------------------------------------------------------------------------
    attachments_on_create: Literal["accepted", "ignored"] = _switch(
        "accepted", "`attachments` (several URLs) when a conversation is created"
    )
    attachments_on_messages: Literal["accepted", "ignored"] = _switch(
        "accepted", "`attachments` (several URLs) when a message is added"
    )
    fetch: Literal["after", "before", "delayed", "never"] = _switch(
        "after", "when attachments are fetched: right after the answer, before it, later, or not at all"
    )
    fetch_delay_s: float = _switch(60.0, "seconds until a delayed fetch")
    fetch_times: int = _switch(1, "how often each attachment is fetched")
    fetch_retries: int = _switch(0, "how often a failed fetch is tried again")
    fetch_retry_s: float = _switch(1.0, "seconds between these tries")
    fetch_failure: Literal["silent", "422"] = _switch(
        "silent",
        "a file that cannot be fetched: missing from the message, or 422 (fetches before the answer)",
    )
    fetch_redirects: bool = _switch(True, "follow redirects when fetching")
    fetch_private: bool = _switch(True, "fetch from loopback and private addresses")
    fetch_timeout_s: float = _switch(30.0, "seconds one fetch may take")
    fetch_max_bytes: int = _switch(100 * MB, "largest file that is fetched, in bytes")
    pictures: Literal["local", "none"] = _switch(
        "local", "load pictures that a body refers to from loopback addresses, as an agent's browser would"
    )

    # -- slugs and lists -----------------------------------------------------------------------------
    slugs: Literal["subject", "hash", "long", "odd"] = _switch(
        "subject", "from the subject, with a random end, over 200 characters, or with `.` and `$`"
    )
    page_size: int = _switch(30, "items on a page of a list")
    list_filter: Literal["ignored", "honoured"] = _switch("ignored", "the `filter` parameter of lists")
    data_filter: Literal["honoured", "ignored"] = _switch("honoured", "the `data[key]` parameter of lists")
    data_in_lists: bool = _switch(False, "show `data` in lists of conversations")
    lists_late_calls: int = _switch(0, "calls that pass before something new appears in lists")
    short_count: bool = _switch(False, "total_count leaves out the opening message")

    # -- limits and faults ---------------------------------------------------------------------------
    rate_per_minute: int = _switch(0, "calls a minute before 429; 0 for no limit")
    retry_after: Literal["seconds", "date", "none"] = _switch("seconds", "the Retry-After of a 429")
    rate_body: Literal["json", "html"] = _switch("json", "the body of a 429")
    fault_rate: float = _switch(0.0, "share of the calls that meet a fault, 0 to 1")
    fault_seed: int = _switch(0, "seed of these faults")
    fault_kinds: tuple[str, ...] = _switch(faults.EVERY, "which faults these are")

    # -- the page ------------------------------------------------------------------------------------
    hard_breaks: bool = _switch(False, "the page shows a single line break of Markdown as one")
    keep_calls: int = _switch(2_000, "calls the log keeps")

    def __post_init__(self) -> None:
        if not 0.0 <= self.fault_rate <= 1.0:
            raise ValueError(f"fault_rate: expected 0 to 1, got {self.fault_rate}")
        if self.page_size < 1 or self.keep_calls < 1:
            raise ValueError("page_size and keep_calls: expected at least 1")
        if not self.channels:
            raise ValueError("channels: expected at least one slug")
        for kind in self.fault_kinds:
            faults.parse(kind)
