"""Prepared statements: the same ones for SQLite and PostgreSQL."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, create_engine, select
from sqlalchemy.dialects import postgresql

from bridge.spool import claims, index, lanes, ledger, place, puts, rows, schema
from bridge.spool.prepared import Prepared
from bridge.spool.schema import deliveries

MODULES = (claims, index, lanes, ledger, place, puts, rows, schema)


def prepared(module: ModuleType) -> list[tuple[str, Prepared]]:
    found: list[tuple[str, Prepared]] = []
    for name, value in vars(module).items():
        each = value if isinstance(value, tuple) else (value,)
        found += [(name, one) for one in each if isinstance(one, Prepared)]
    return found


class Recorded:
    """A connection of a dialect that only writes down what it was told."""

    def __init__(self) -> None:
        self.dialect = postgresql.dialect()
        self.told: list[tuple[str, Any]] = []

    def exec_driver_sql(self, text: str, parameters: Any) -> SimpleNamespace:
        self.told.append((text, parameters))
        return SimpleNamespace()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_statement_can_be_said_to_postgresql(module: ModuleType) -> None:
    statements = prepared(module)
    assert statements
    for _, statement in statements:
        connection = Recorded()
        again = Prepared(statement._statement)
        again._compile_for(connection)  # type: ignore[arg-type]  # all that is used of one
        assert again._order is None
        assert "POSTCOMPILE" not in again._text


def test_claims_of_several_bridges_pass_each_other_by_on_postgresql() -> None:
    connection = Recorded()
    statement = Prepared(
        select(deliveries.c.seq).where(deliveries.c.state == "new").with_for_update(skip_locked=True)
    )
    statement.run(connection)  # type: ignore[arg-type]  # all that is used of one
    ((text, parameters),) = connection.told
    assert text.endswith("FOR UPDATE SKIP LOCKED")
    assert parameters == {"state_1": "new"}
    for name in ("_AT_ONCE", "_DEFERRED"):
        assert "FOR UPDATE SKIP LOCKED" in str(
            vars(claims)[name]._statement.compile(dialect=postgresql.dialect())
        )


def test_a_driver_that_wants_names_is_given_names() -> None:
    connection = Recorded()
    statement = Prepared(schema.brands.insert().values(brand=bindparam("brand")))
    statement.run_tuples(connection, ("brand",), [("acme",), ("globex",)])  # type: ignore[arg-type]  # all that is used
    assert connection.told[0][1] == [{"brand": "acme"}, {"brand": "globex"}]


def test_nothing_is_said_for_no_rows() -> None:
    connection = Recorded()
    Prepared(schema.brands.insert()).run_many(connection, [])  # type: ignore[arg-type]  # all that is used of one
    assert connection.told == []


def test_a_value_that_is_missing_is_a_mistake() -> None:
    statement = Prepared(select(bindparam("one") + bindparam("two")))

    def add(connection: Connection, **values: int) -> Any:
        return statement.run(connection, **values).scalar()

    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        assert add(connection, one=1, two=2) == 3
        with pytest.raises(KeyError, match="two"):
            add(connection, one=1)
    engine.dispose()
