"""The accounts: ``accepted = delivered + waiting + held + dead + dropped``, true after every transaction.

The counters move by deltas within the transaction that moves the rows, so they are cheap to read; `audit` counts the rows and
says where the two differ, which they never should.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select, update

from bridge.spool.prepared import Prepared
from bridge.spool.schema import deliveries, ledger
from bridge.spool.values import SETTLED, WAITING

_ADD = Prepared(
    update(ledger)
    .where(ledger.c.name == bindparam("counter"))
    .values(count=ledger.c.count + bindparam("delta"))
)
_READ = select(ledger.c.name, ledger.c.count.label("total"))
_COUNT = select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state)


def add(connection: Connection, **deltas: int) -> None:
    _ADD.run_many(connection, [{"counter": name, "delta": delta} for name, delta in deltas.items() if delta])


def moved(connection: Connection, before: str, after: str, count: int = 1) -> None:
    """Book that deliveries went from one state to another; waiting is what the counters leave over."""
    deltas = {}
    if before in SETTLED:
        deltas[before] = -count
    if after in SETTLED:
        deltas[after] = deltas.get(after, 0) + count
    add(connection, **deltas)


def read(connection: Connection) -> dict[str, int]:
    """accepted, delivered, waiting, held, dead, dropped: totals since the spool was made."""
    counters = _counters(connection)
    totals = {name: counters[name] for name in ("accepted", *SETTLED)}
    totals["waiting"] = counters["accepted"] - sum(counters[name] for name in SETTLED)
    return totals


def waiting(connection: Connection) -> int:
    return read(connection)["waiting"]


def counts(connection: Connection) -> dict[str, int]:
    """How many deliveries are in each state now. Only the waiting ones are counted; the others are read off."""
    counters = _counters(connection)
    found = dict.fromkeys(WAITING, 0)
    for state, count in connection.execute(_COUNT.where(deliveries.c.state.in_(WAITING))):
        found[state] = count
    for state in SETTLED:
        found[state] = counters[state] - counters.get(f"swept_{state}", 0)
    return found


def audit(connection: Connection) -> dict[str, int]:
    """Rows counted less rows booked, for each state where they differ: empty when all is well."""
    counters = _counters(connection)
    counted = {row.state: row.number for row in connection.execute(_COUNT)}
    differences = {
        state: counted.get(state, 0) + counters.get(f"swept_{state}", 0) - counters[state]
        for state in SETTLED
    }
    booked = counters["accepted"] - sum(counters[state] for state in SETTLED)
    differences["waiting"] = sum(counted.get(state, 0) for state in WAITING) - booked
    return {state: difference for state, difference in differences.items() if difference}


def _counters(connection: Connection) -> dict[str, int]:
    return {row.name: row.total for row in connection.execute(_READ)}
