"""What the YAML file may say: one class a section, in the order of a mail's path.

Every key has its purpose, unit and default in `config.example.yaml`; a test holds the two equal. The values are frozen and
picklable, so a route travels to a worker process as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bridge.config import templates
from bridge.config.rules import Adopt as Adopt  # noqa: PLC0414 - every section of the file is found here
from bridge.config.rules import AuthorRule as AuthorRule  # noqa: PLC0414 - the same
from bridge.config.rules import Example as Example  # noqa: PLC0414 - the same
from bridge.config.rules import FieldRule as FieldRule  # noqa: PLC0414 - the same
from bridge.config.rules import Files as Files  # noqa: PLC0414 - the same
from bridge.config.rules import KeyPattern as KeyPattern  # noqa: PLC0414 - the same
from bridge.config.rules import Login as Login  # noqa: PLC0414 - the same
from bridge.config.rules import Person as Person  # noqa: PLC0414 - the same
from bridge.config.section import MisplacedError
from bridge.config.section import Secret as Secret  # noqa: PLC0414 - the same
from bridge.config.section import Section as Section  # noqa: PLC0414 - the same
from bridge.config.values import (
    AddressOrDomain,
    Days,
    FilePath,
    Listen,
    LoginEmail,
    Network,
    PlaceOfUploads,
    Positive,
    Recipient,
    Seconds,
    Whole,
    loopback,
)

MB = 1024 * 1024
DAY_S = 86_400.0


# -- 1 smtp ----------------------------------------------------------------------------------------


class ListenerKind(StrEnum):
    SMTP = "smtp"
    SMTPS = "smtps"
    LMTP = "lmtp"


class Tls(Section):
    certificate: FilePath
    key: FilePath


class Listener(Section):
    name: Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]
    kind: ListenerKind = ListenerKind.SMTP
    listen: Listen
    tls: Tls | None = None
    #: Refuse MAIL before STARTTLS.
    require_tls: bool = False
    #: Names and passwords for AUTH, by TLS alone.
    logins: tuple[Login, ...] = ()
    #: Refuse MAIL before AUTH.
    require_login: bool = False
    #: Who may connect; a unix socket is open to whoever may open it.
    networks: tuple[Network, ...] = Field(default_factory=loopback)
    #: Whose headers (Authentication-Results, X-Original-To, slug header) are believed.
    trusted: tuple[Network, ...] = ()
    #: Normalise bare LF and CR instead of refusing them; for devices, never for the open net.
    legacy: bool = False

    @model_validator(mode="after")
    def _tls_where_needed(self) -> Self:
        if self.tls is None and (self.kind is ListenerKind.SMTPS or self.require_tls):
            raise ValueError("`tls` with `certificate` and `key` is needed for `smtps` or `require_tls`")
        if self.tls is None and self.logins:
            raise ValueError("`logins` need `tls`: no password is taken in clear")
        if self.require_login and not self.logins:
            raise ValueError("`require_login` needs `logins`, or nobody can send")
        return self


class Smtp(Section):
    listeners: Annotated[tuple[Listener, ...], Field(min_length=1)]
    size_limit_bytes: Positive = 50 * MB
    max_connections: Positive = 200
    max_connections_per_peer: Positive = 50
    max_recipients: Positive = 100
    max_hops: Positive = 30
    #: Content beyond this is streamed to a file while it arrives.
    memory_threshold_bytes: Positive = 256 * 1024
    command_timeout_s: Seconds = 300.0
    data_timeout_s: Seconds = 180.0
    data_total_s: Seconds = 1_800.0
    session_timeout_s: Seconds = 3_600.0
    commit_timeout_s: Seconds = 60.0


# -- 2 spool ---------------------------------------------------------------------------------------


class Spool(Section):
    folder: FilePath
    #: Content up to this lives in the database row, larger content in a file of its own. Measured, ten clients, mails a second
    #: in rows against files: 50 KB 3.1×, 128 KB 3.1×, 256 KB 1.8×, 512 KB 1.3×; beyond 256 KB it is in a file anyway (`smtp`).
    inline_limit_bytes: Positive = 256 * 1024
    #: Free space that is never used: below it the peer hears 452, and mail with files waits.
    min_free_bytes: Annotated[Whole, Field(ge=0)] = 500 * MB
    max_waiting: Positive = 1_000_000
    #: No more mail is taken while the oldest waiting one is older than this.
    max_oldest_days: Days = 7.0
    #: The same mail within this time, on the same route, is one message.
    duplicate_window_days: Days = 7.0
    keep_raw_days: Days = 7.0
    keep_dead_days: Days = 90.0
    keep_threads_days: Days = 730.0


# -- 4 compose -------------------------------------------------------------------------------------


class Sender(Section):
    """Who wrote it, for every route."""

    #: Used when no address can be found.
    unknown: Person = Person(name="Unknown sender", email="unknown@invalid.example")
    #: Appended to an address that has no domain ("root").
    default_domain: str = "localhost.invalid"
    #: Addresses ("anna@example.com") and domains ("@example.com") of staff: they must prove it.
    staff: tuple[AddressOrDomain, ...] = ()
    #: authserv-ids whose Authentication-Results count, from trusted peers only.
    authserv_ids: tuple[str, ...] = ()
    #: Peers whose mail proves staff by coming from there.
    staff_networks: tuple[Network, ...] = ()
    #: Logins whose mail proves staff, each for its own addresses and domains.
    staff_logins: dict[str, tuple[AddressOrDomain, ...]] = Field(default_factory=dict)
    unproved_staff: Literal["note", "hold"] = "note"
    #: Further addresses of ours, never used as author or recipient.
    own: tuple[AddressOrDomain, ...] = ()


class Threading(Section):
    """How a route finds the conversation, in this order; each can be switched off."""

    #: A header that names the slug, believed from trusted peers only; "" for off.
    slug_header: str = ""
    plus_token: bool = True
    subject_token: bool = True
    references: bool = True
    patterns: tuple[KeyPattern, ...] = ()
    #: Template over the route's fields ("order-{order}"): mails with the same key share a conversation.
    key: str = ""
    #: How old the last mail of a conversation may be that is found by a key; None for any age.
    key_window_days: Days | None = None
    #: Same normalised subject and same participant within the window.
    subject: bool = True
    subject_window_days: Days = 14.0
    #: A slug built from the subject, looked up at Re:amaze when the index knows nothing.
    slug_from_subject: Adopt = Adopt.NEVER
    #: What a stranger's mail to a known conversation does: join with a note, or open its own.
    stranger: Literal["note", "new"] = "note"


class Quiet(StrEnum):
    """What a route does with automatic mail."""

    POST = "post"
    QUIET = "quiet"
    HOLD = "hold"
    DROP = "drop"


class Body(Section):
    prefer: Literal["auto", "html", "text"] = "auto"
    max_chars: Annotated[Whole, Field(ge=1_000)] = 60_000
    #: Where an inline picture is referred to: a link to the staged file, or only an attachment.
    pictures: Literal["link", "attach"] = "link"
    #: When the mail as it came goes along as a file.
    original: Literal["never", "trouble", "always"] = "trouble"
    #: Quotes below an answer that are left out: none, those that are in the conversation already, or all.
    trim: Literal["off", "lossless", "quotes"] = "lossless"
    #: What stands below a line of "-- ".
    signatures: Literal["keep", "cut"] = "keep"


class Route(Section):
    """What happens to mail for some recipients. The first route that takes a recipient gets it."""

    name: Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]
    #: "support@example.com" (plus-addresses included), "@example.com", or "/regular expression/".
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1)]
    brand: str
    #: The channel's slug: `conversation[category]`.
    channel: str
    default_subject: str = "(no subject)"
    #: Each may be a template over the fields.
    tags: tuple[str, ...] = ()
    author: tuple[AuthorRule, ...] = ()
    #: Whose conversation a forwarded mail becomes: of who forwards it, or of its original author.
    forwards: Literal["keep", "original"] = "keep"
    #: Who may forward in others' names, besides staff.
    forwarders: tuple[AddressOrDomain, ...] = ()
    fields: Annotated[tuple[FieldRule, ...], Field(max_length=50)] = ()
    #: Template over the fields and {subject}, the mail's own; "" for that alone.
    subject: str = ""
    conversation: Threading = Threading()
    body: Body = Body()
    files: Files = Files()
    automatic: Quiet = Quiet.QUIET
    #: No notification about any mail of this route.
    quiet: bool = False
    #: To and Cc become participants of the conversation.
    copy_recipients: bool = False
    max_copied: Annotated[Whole, Field(ge=0, le=100)] = 20
    #: Mail is kept, not posted, until an operator releases it.
    hold: bool = False
    examples: tuple[Example, ...] = ()

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        known = [rule.name for rule in self.fields]
        for number, name in enumerate(known):
            if name in known[:number]:
                raise MisplacedError(
                    ("fields", number, "name"), f"another of `fields` is called `{name}` too; choose another"
                )
        for place, template in self._templates():
            own = [templates.OWN_SUBJECT] if place == ("subject",) else []
            templates.check(place, template, [*known, *own])
        for number, example in enumerate(self.examples):
            for name in example.fields:
                if name not in known:
                    place = ("examples", number, "fields", name)
                    raise MisplacedError(place, f"a field that {templates.unknown(name, known)}")
        return self

    def _templates(self) -> Iterator[tuple[templates.Place, str]]:
        """Every text of the route that fields are filled into, with its place."""
        yield ("subject",), self.subject
        yield ("conversation", "key"), self.conversation.key
        yield from ((("tags", number), tag) for number, tag in enumerate(self.tags))
        for number, rule in enumerate(self.author):
            if rule.use == "fields":
                yield ("author", number, "email"), rule.email
                yield ("author", number, "name"), rule.name


# -- 5 staging -------------------------------------------------------------------------------------


class Serve(Section):
    """The bridge serves the files itself."""

    listen: Listen = "127.0.0.1:8025"
    #: What Re:amaze sees of that listener, usually through a reverse proxy with a certificate.
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]


class Put(Section):
    """The bridge uploads by HTTP PUT. `{sha256}`, `{token}` and `{name}` are filled in, percent-encoded."""

    url: PlaceOfUploads
    #: Where the uploaded file can be fetched.
    public_url: PlaceOfUploads
    headers: dict[str, str | Secret] = Field(default_factory=dict)
    #: Send DELETE to `url` when the file expires.
    delete: bool = True


class Staging(Section):
    serve: Serve | None = None
    put: Put | None = None
    keep_days: Days = 30.0
    #: Pictures within a body are loaded by readers much later.
    keep_inline_days: Days = 3_650.0
    max_file_bytes: Positive = 100 * MB

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.serve is None) == (self.put is None):
            raise ValueError("give exactly one of `serve` and `put`")
        return self


# -- 6 reamaze -------------------------------------------------------------------------------------


class Brand(Section):
    #: "https://acme.reamaze.io/api/v1".
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/[^\s?#]*)?$")]
    #: Of the staff user the token belongs to.
    user: LoginEmail
    token: Secret


class Reamaze(Section):
    brands: Annotated[dict[str, Brand], Field(min_length=1)]
    connect_timeout_s: Seconds = 10.0
    read_timeout_s: Seconds = 60.0
    parallel: Positive = 4
    #: Per brand; 0 for no own limit. Re:amaze's own limit is not published.
    calls_per_minute: Annotated[Whole, Field(ge=0)] = 0
    #: After an unclear answer the bridge looks twice, this long apart, before it posts again.
    look_again_s: Seconds = 10.0
    #: One `attachment` a message with quiet follow-ups, or all in `attachments`.
    attachments: Literal["follow-up", "list"] = "follow-up"


class Workers(Section):
    """The processes that take mails apart."""

    #: 0 for one a core, at least two.
    processes: Annotated[Whole, Field(ge=0, le=64)] = 0
    #: CPU time of one mail.
    time_limit_s: Seconds = 20.0
    memory_bytes: Annotated[Whole, Field(ge=128 * MB)] = 768 * MB


class Retry(Section):
    first_delay_s: Seconds = 30.0
    max_delay_s: Seconds = 3_600.0
    max_attempts: Positive = 200
    max_age_days: Days = 5.0
    #: Attempts that ended in a crash before the mail is buried.
    strikes: Positive = 3
    #: A brand in trouble is left alone for so long, then probed; each failed probe doubles the pause.
    outage_first_pause_s: Seconds = 5.0
    outage_max_pause_s: Seconds = 300.0


class Log(Section):
    format: Literal["logfmt", "json"] = "logfmt"
    level: Literal["debug", "info", "warning", "error"] = "info"
    #: Subjects and addresses in log lines; bodies never.
    personal_data: bool = False


class Alert(Section):
    """Where the bridge itself speaks up at Re:amaze."""

    brand: str
    #: The channel's slug.
    channel: str


class Operate(Section):
    #: Told of every dead letter, in one conversation a day; null for the log and the metrics alone.
    alert: Alert | None = None
    #: Health and metrics; null for none.
    listen: Listen | None = "127.0.0.1:8026"
    #: How long SIGTERM waits for what is under way.
    stop_within_s: Seconds = 20.0


class Config(Section):
    """The whole file."""

    #: The name in the greeting and in trace header fields.
    hostname: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,253}$")]
    smtp: Smtp
    spool: Spool
    sender: Sender = Sender()
    routes: Annotated[tuple[Route, ...], Field(min_length=1)]
    staging: Staging
    reamaze: Reamaze
    workers: Workers = Workers()
    retry: Retry = Retry()
    log: Log = Log()
    operate: Operate = Operate()
