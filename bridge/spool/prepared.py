"""Statements of the hot path: written once in Core, compiled once for the dialect, then handed to the driver as they are.

Only whole numbers, text and bytes go in and out, which every driver takes unprocessed. An error of the driver is raised as
SQLAlchemy's DBAPIError, without the values.
"""

from __future__ import annotations

import contextlib
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """A statement, or what makes one for a dialect, with its parameters named by `bindparam`; no `IN` lists."""

    # Measured, µs of CPU for one row looked up by its key: built anew 135, built once and executed 37, its text by
    # exec_driver_sql 31, by a cursor of the driver 4. Placing a mail is a dozen statements.

    def __init__(self, statement: ClauseElement | Callable[[str], ClauseElement]) -> None:
        self._statement = statement
        #: The dialect the rest was compiled for.
        self._dialect = ""
        self._text = ""
        #: The parameters by place; None where the driver takes them by name.
        self._order: tuple[str, ...] | None = None
        self._constants: dict[str, Any] = {}
        #: Makes a row with named columns of the driver's tuple; known from the first answer.
        self._row: Any = None

    def run(self, connection: Connection, **values: Any) -> int:
        """How many rows it changed."""
        with self._cursor(connection) as cursor:
            cursor.execute(self._text, self._parameters(values))
            return int(cursor.rowcount)

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Once for each row; not at all for none."""
        if rows:
            with self._cursor(connection) as cursor:
                cursor.executemany(self._text, [self._parameters(row) for row in rows])

    def run_tuples(self, connection: Connection, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
        """The same for rows in the order of the statement: the fastest way in."""
        self._compile_for(connection)
        if self._order == tuple(names):
            with self._cursor(connection) as cursor:
                cursor.executemany(self._text, rows)
        else:
            self.run_many(connection, [dict(zip(names, row, strict=True)) for row in rows])

    def all(self, connection: Connection, **values: Any) -> list[Any]:
        """Every row, its columns by name and by place."""
        with self._cursor(connection) as cursor:
            cursor.execute(self._text, self._parameters(values))
            found = cursor.fetchall()
            return list(map(self._named(cursor), found)) if found else []

    def first(self, connection: Connection, **values: Any) -> Any:
        """The one row there can be, or None."""
        with self._cursor(connection) as cursor:
            cursor.execute(self._text, self._parameters(values))
            found = cursor.fetchone()
            return None if found is None else self._named(cursor)(found)

    def scalar(self, connection: Connection, **values: Any) -> Any:
        """The first column of the one row there can be, or None."""
        with self._cursor(connection) as cursor:
            cursor.execute(self._text, self._parameters(values))
            found = cursor.fetchone()
            return None if found is None else found[0]

    @contextlib.contextmanager
    def _cursor(self, connection: Connection) -> Iterator[Any]:
        self._compile_for(connection)
        cursor = connection.connection.cursor()
        try:
            yield cursor
        except connection.dialect.loaded_dbapi.Error as error:
            raise DBAPIError(self._text, None, error, hide_parameters=True) from error
        finally:
            cursor.close()

    def _parameters(self, values: Mapping[str, Any]) -> Any:
        named = {**self._constants, **values}
        return named if self._order is None else tuple([named[name] for name in self._order])

    def _named(self, cursor: Any) -> Any:
        if self._row is None:
            names = [column[0] for column in cursor.description]
            row: Any = namedtuple("Row", names)  # type: ignore[misc]  # named when it is run
            self._row = row._make
        return self._row

    def _compile_for(self, connection: Connection) -> None:
        dialect = connection.dialect.name
        if dialect == self._dialect:
            return
        statement = self._statement(dialect) if callable(self._statement) else self._statement
        compiled = statement.compile(dialect=connection.dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(f"not a statement: {statement}")
        self._text = str(compiled)
        self._constants = {
            name: bound.effective_value for bound, name in compiled.bind_names.items() if not bound.required
        }
        self._order = tuple(compiled.positiontup) if compiled.positiontup is not None else None
        self._dialect = dialect
