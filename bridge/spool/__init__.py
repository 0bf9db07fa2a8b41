"""Step 2: the durable queue and the index of threads. Owns SQLAlchemy.

A mail that `Spool.put` returned for is on the disk, and each of its deliveries ends as delivered, held, dead or dropped, and is
counted. Raises the SpoolError tree and nothing else.
"""

from bridge.spool.files import Incoming, Storage
from bridge.spool.operator import Operator
from bridge.spool.spool import Spool
from bridge.spool.values import (
    SETTLED,
    WAITING,
    ConversationRow,
    Event,
    Item,
    Placed,
    Settled,
    Step,
    Summary,
    Swept,
    Trace,
)

__all__ = [
    "SETTLED",
    "WAITING",
    "ConversationRow",
    "Event",
    "Incoming",
    "Item",
    "Operator",
    "Placed",
    "Settled",
    "Spool",
    "Step",
    "Storage",
    "Summary",
    "Swept",
    "Trace",
]
