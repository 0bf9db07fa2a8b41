"""Prepared statements: the same ones for SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, create_engine, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

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
    """A connection of a dialect, with its cursor, that only writes down what it was told."""

    rowcount = 0

    def __init__(self) -> None:
        self.dialect = postgresql.dialect()
        self.dialect.dbapi = SimpleNamespace(Error=ArithmeticError)  # type: ignore[assignment]  # all that is used of it
        self.connection = SimpleNamespace(cursor=lambda: self)
        self.told: list[tuple[str, Any]] = []

    def execute(self, text: str, parameters: Any) -> None:
        self.told.append((text, parameters))

    executemany = execute

    def close(self) -> None:
        pass


@contextlib.contextmanager
def in_memory() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


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
    with in_memory() as connection:
        assert statement.scalar(connection, one=1, two=2) == 3
        with pytest.raises(KeyError, match="two"):
            statement.scalar(connection, one=1)


def test_rows_have_named_columns_and_no_row_is_none() -> None:
    statement = Prepared(
        select(deliveries.c.seq, deliveries.c.state.label("how")).where(
            deliveries.c.seq == bindparam("which")
        )
    )
    with in_memory() as connection:
        connection.exec_driver_sql("CREATE TABLE deliveries (seq, state)")
        assert statement.first(connection, which=1) is None
        assert statement.scalar(connection, which=1) is None
        assert statement.all(connection, which=1) == []
        connection.exec_driver_sql("INSERT INTO deliveries VALUES (1, 'new')")
        row = statement.first(connection, which=1)
        assert (row.seq, row.how) == tuple(row) == (1, "new")
        assert statement.all(connection, which=1) == [row]
        assert statement.scalar(connection, which=1) == 1


def test_a_change_says_how_many_rows_it_changed() -> None:
    statement = Prepared(
        update(schema.brands).where(schema.brands.c.brand == bindparam("old")).values(brand=bindparam("new"))
    )
    with in_memory() as connection:
        schema.brands.create(connection)
        schema.LEARN_BRAND.run_many(connection, [{"brand": "acme"}, {"brand": "globex"}, {"brand": "acme"}])
        assert statement.run(connection, old="acme", new="apex") == 1
        assert statement.run(connection, old="acme", new="apex") == 0


def test_an_error_of_the_driver_is_raised_as_ours_to_translate_and_without_the_values() -> None:
    with in_memory() as connection, pytest.raises(DBAPIError) as caught:
        schema.LEARN_BRAND.run(connection, brand="a secret")
    assert isinstance(caught.value.orig, sqlite3.OperationalError)
    assert "a secret" not in str(caught.value)
