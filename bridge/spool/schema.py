"""The tables, and the statements' few dialect differences.

Times are integers, microseconds since 1970 in UTC: they compare the same in every database and cost nothing to read. Each index
serves one query of the hot path, named beside it; a test asks the query planner that it does.
"""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    bindparam,
)
from sqlalchemy.dialects import postgresql, sqlite

from bridge.spool.prepared import Prepared

#: Where a mail's content is.
GONE, INLINE, FILE = 0, 1, 2

metadata = MetaData()

# SQLite gives out row numbers only for a column that is exactly INTEGER PRIMARY KEY.
_Number = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

mails = Table(
    "mails",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("envelope", Text, nullable=False),
    Column("stored", SmallInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    # Last, so that reading the columns before it does not walk the content's overflow pages.
    Column("content", LargeBinary),
)

#: The brands that ever had mail: claims ask per brand, so that a brand in an outage costs the others nothing.
brands = Table("brands", metadata, Column("brand", String(200), primary_key=True))

conversations = Table(
    "conversations",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("brand", String(200), nullable=False),
    Column("channel", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("slug", Text),
    Column("candidate_slug", Text),
    Column("candidate_always", SmallInteger, nullable=False, default=0),
    Column("created_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Index("conversations_slug", "brand", "slug"),
    Index("conversations_candidate", "brand", "candidate_slug"),
    Index("conversations_last", "last_at"),
    sqlite_autoincrement=True,
)

participants = Table(
    "participants",
    metadata,
    Column("conversation", ForeignKey("conversations.number"), primary_key=True),
    Column("email", Text, primary_key=True),
    sqlite_with_rowid=False,
)

#: Message-IDs, by digest: an id may be a kilobyte, and is only ever compared.
thread_ids = Table(
    "thread_ids",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("conversation", ForeignKey("conversations.number"), nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Index("thread_ids_seen", "seen_at"),
    Index("thread_ids_conversation", "conversation"),
    sqlite_with_rowid=False,
)

keys = Table(
    "keys",
    metadata,
    Column("digest", LargeBinary(16), primary_key=True),
    Column("conversation", ForeignKey("conversations.number"), nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Index("keys_seen", "seen_at"),
    Index("keys_conversation", "conversation"),
    sqlite_with_rowid=False,
)

#: The lines that stand in a conversation at Re:amaze, by digest: all of one message, or of one look at the conversation.
said = Table(
    "said",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("conversation", ForeignKey("conversations.number"), nullable=False),
    Column("count", Integer, nullable=False),
    Column("digests", LargeBinary, nullable=False),
    Index("said_conversation", "conversation", "number"),
)

deliveries = Table(
    "deliveries",
    metadata,
    # Never given out twice, also after the highest row was swept: order of arrival is order of seq.
    Column("seq", _Number, primary_key=True, autoincrement=True),
    Column("mail_id", ForeignKey("mails.id"), nullable=False),
    #: 1 for the first delivery of a mail.
    Column("part", Integer, nullable=False),
    Column("route", Text, nullable=False),
    Column("brand", String(200), nullable=False),
    Column("recipients", Text, nullable=False),
    Column("state", String(10), nullable=False),
    #: 0 for at once.
    Column("next_at", BigInteger, nullable=False),
    #: Null once settled.
    Column("waiting_at", BigInteger),
    #: Null while waiting.
    Column("settled_at", BigInteger),
    Column("received_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("strikes", Integer, nullable=False, default=0),
    #: An operator let it pass: rules that would hold or drop it are not asked again.
    Column("released", SmallInteger, nullable=False, default=0),
    #: Whether this delivery still needs the mail's content.
    Column("keeps_raw", SmallInteger, nullable=False, default=1),
    Column("conversation", ForeignKey("conversations.number")),
    #: The author had not taken part in the conversation the mail was sorted into.
    Column("stranger", SmallInteger, nullable=False, default=0),
    Column("duplicate_key", LargeBinary(16)),
    Column("message_id", Text),
    Column("author", Text, nullable=False, default=""),
    Column("summary", Text, nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("plan", Text),
    sqlite_autoincrement=True,
)

_delivery = deliveries.c
# A partial index costs nothing while its column is null: a put writes only the first three.
Index("deliveries_due", _delivery.state, _delivery.brand, _delivery.next_at, _delivery.seq)  # unsorted, claim
Index("deliveries_mail", _delivery.mail_id, _delivery.part, unique=True)
Index(
    "deliveries_waiting",  # room: the oldest
    _delivery.waiting_at,
    sqlite_where=_delivery.waiting_at.is_not(None),
    postgresql_where=_delivery.waiting_at.is_not(None),
)
Index(
    "deliveries_lane",  # place, settle: the head and the next
    _delivery.conversation,
    _delivery.state,
    _delivery.seq,
    sqlite_where=_delivery.conversation.is_not(None),
    postgresql_where=_delivery.conversation.is_not(None),
)
Index(
    "deliveries_duplicate",  # place
    _delivery.duplicate_key,
    sqlite_where=_delivery.duplicate_key.is_not(None),
    postgresql_where=_delivery.duplicate_key.is_not(None),
)
Index(
    "deliveries_message",  # trace by Message-ID
    _delivery.message_id,
    sqlite_where=_delivery.message_id.is_not(None),
    postgresql_where=_delivery.message_id.is_not(None),
)
Index(
    "deliveries_settled",  # retention
    _delivery.keeps_raw,
    _delivery.settled_at,
    sqlite_where=_delivery.settled_at.is_not(None),
    postgresql_where=_delivery.settled_at.is_not(None),
)

steps = Table(
    "steps",
    metadata,
    Column("seq", ForeignKey("deliveries.seq"), primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("begun_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("answer", Text),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("seq", ForeignKey("deliveries.seq"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("event", String(20), nullable=False),
    Column("detail", Text, nullable=False),
    Index("events_seq", "seq"),
)

#: One row a counter; every change of state moves two of them in its own transaction.
ledger = Table(
    "ledger",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

#: The counters: what was ever accepted, what ended how, and how many rows of each end retention has removed.
COUNTERS = (
    "accepted",
    "delivered",
    "held",
    "dead",
    "dropped",
    "swept_delivered",
    "swept_dead",
    "swept_dropped",
)


def digest(*parts: str) -> bytes:
    """Sixteen bytes that stand for the parts, which may hold anything a sender writes."""
    joined = "\0".join(part.replace("\0", "") for part in parts)
    return blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def upsert(table: Table, *overwrite: str) -> Prepared:
    """An INSERT of a whole row that overwrites those columns where its key is taken, or else changes nothing."""

    def build(dialect: str) -> ClauseElement:
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        statement = insert(table).values({column.name: bindparam(column.name) for column in table.columns})
        if not overwrite:
            return statement.on_conflict_do_nothing()
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={name: statement.excluded[name] for name in overwrite},
        )

    return Prepared(build)


LEARN_BRAND = upsert(brands)
