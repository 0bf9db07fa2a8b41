"""What parts of a mail say in a form made for machines: meetings, reports, contacts, and what cannot be read here.

`mail` reads these values, `compose` puts them into words. All text has passed `mail.hygiene`, every tuple is bounded, and `leaf`
is the place in `Mail.leaves` of the part that said it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# -- calendars -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as the invitation writes it: on the wall clock of its zone."""

    #: Naive; midnight for a whole day.
    at: datetime
    all_day: bool = False
    #: "UTC", "Europe/Berlin", or the sender's own word; "" is whoever reads its own time.
    zone: str = ""
    #: What the invitation itself says the zone is ahead of UTC then; None where it does not.
    offset_s: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    #: ACCEPTED, DECLINED, TENTATIVE, DELEGATED, NEEDS-ACTION or "".
    answer: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A recurrence rule, as far as words can say it."""

    #: DAILY, WEEKLY, MONTHLY, YEARLY and their kin; "" for a rule of another form, or none.
    frequency: str
    interval: int = 1
    count: int | None = None
    until: Moment | None = None
    #: As in BYDAY: "MO", "1MO", "-1FR".
    days: tuple[str, ...] = ()
    #: As in BYMONTHDAY; negative ones count from the end.
    month_days: tuple[int, ...] = ()
    #: As in BYMONTH.
    months: tuple[int, ...] = ()
    #: Which of the days it is, as in BYSETPOS; None for all of them.
    position: int | None = None
    #: The rule has parts that are not among these.
    more: bool = False
    #: Single dates beside the rule, or without one.
    dates: tuple[Moment, ...] = ()
    #: How many dates are taken out.
    exceptions: int = 0
    #: How the sender's own program tells the rule, where nothing else does.
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One meeting or task of a calendar part."""

    leaf: int
    #: REQUEST, CANCEL, REPLY, COUNTER, DECLINECOUNTER, ADD, REFRESH, PUBLISH or "".
    method: str = ""
    #: A task and not a meeting.
    task: bool = False
    uid: str = ""
    sequence: int = 0
    #: CONFIRMED, TENTATIVE, CANCELLED … or "".
    status: str = ""
    title: str = ""
    start: Moment | None = None
    end: Moment | None = None
    #: Of a proposal, when the meeting was to start.
    instead_of: Moment | None = None
    repeat: Repeat | None = None
    #: Which meeting of a series this is about.
    instance: Moment | None = None
    location: str = ""
    #: Where to join on line.
    link: str = ""
    #: Names and links of what is attached to it.
    files: tuple[tuple[str, str], ...] = ()
    organiser: Person | None = None
    attendees: tuple[Person, ...] = ()
    #: Attendees beyond those listed.
    further_attendees: int = 0
    description: str = ""
    #: What the answering person wrote.
    comment: str = ""
    #: Events of the same part that are not told.
    further_events: int = 0


# -- reports ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What is known of the mail a report is about."""

    author: str = ""
    recipient: str = ""
    subject: str = ""
    date: str = ""
    #: Without its brackets.
    message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """What a delivery report says of one recipient."""

    address: str
    #: failed, delayed, delivered, relayed, expanded, or "" where the report does not say.
    action: str = ""
    #: RFC 3463, such as "5.1.1".
    status: str = ""
    diagnostic: str = ""
    remote: str = ""
    #: Until when the reporter goes on trying, as written.
    retried_until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    #: None where the report has no part for machines and was read from its words.
    leaf: int | None
    reporter: str = ""
    arrived: str = ""
    recipients: tuple[Undelivered, ...] = ()
    further_recipients: int = 0
    original: Original | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReceipt:
    leaf: int
    reader: str = ""
    #: displayed, deleted, dispatched, processed, denied, failed, or the sender's own word.
    disposition: str = ""
    #: The program answered by itself, without its user.
    automatic: bool = False
    error: str = ""
    original: Original | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseReport:
    leaf: int
    #: abuse, fraud, virus, not-spam, opt-out, auth-failure …
    feedback: str = ""
    reporter: str = ""
    source: str = ""
    arrived: str = ""
    #: Domains and addresses of the web that are complained of.
    about: tuple[str, ...] = ()
    original: Original | None = None


# -- others ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A card of somebody's."""

    leaf: int
    name: str = ""
    organisation: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    #: Cards of the same part that are not told.
    further: int = 0


@dataclass(frozen=True, slots=True)
class Sealed:
    """A part only its recipient's key can open."""

    leaf: int
    #: "S/MIME" or "PGP".
    scheme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """A mail within a mail that says nothing itself."""

    leaf: int
    author: str = ""
    date: str = ""
    subject: str = ""
    #: Names of the files within it.
    files: tuple[str, ...] = ()
    #: Text and HTML of each stretch of its words.
    words: tuple[tuple[str | None, str | None], ...] = ()


Fact = Event | DeliveryReport | ReadReceipt | AbuseReport | Contact | Sealed | Forwarded
