"""Statements that are written once in SQLAlchemy Core and compiled once a database.

SQLAlchemy looks a statement up in its cache at every execution, which takes it
ten times as long as SQLite takes to execute it.  The ledger runs the same four
statements hundreds of times a second, so it keeps the text and hands it to the
driver, with the values converted by the columns' own types.

SQLite's driver is called without SQLAlchemy between, and raises its own errors
(``sqlite3.Error``).  A server's is called through it, which knows a lost
connection when it sees one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Convert = Callable[[Any], Any]


class Prepared:
    """One statement for one dialect with positional parameters; ``sa.bindparam`` names what each execution gives."""

    def __init__(self, statement: sa.Select[Any] | sa.Update, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = compiled.string
        self._direct = dialect.driver == "pysqlite"
        self._order: Sequence[str] = compiled.positiontup or ()
        binds = {compiled.bind_names[bind]: bind for bind in compiled.bind_names}
        self._convert = {
            name: convert
            for name, bind in binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._fixed = self._converted({name: bind.value for name, bind in binds.items() if not bind.required})
        columns = statement.selected_columns if isinstance(statement, sa.Select) else ()
        self._results: list[tuple[int, Convert]] = [
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def rows(self, connection: sa.Connection, **values: Any) -> list[list[Any]]:
        """The rows of a SELECT, each as a list of its columns."""
        parameters = tuple(self._in_order(values))
        if self._direct:
            found = [list(row) for row in connection.connection.cursor().execute(self._sql, parameters)]
        else:
            found = [list(row) for row in connection.exec_driver_sql(self._sql, parameters)]
        for place, convert in self._results:
            for row in found:
                row[place] = convert(row[place])
        return found

    def many(self, connection: sa.Connection, every: Sequence[Mapping[str, Any]], **shared: Any) -> None:
        """An UPDATE, once for each of ``every``, which name the same values; ``shared`` ones are the same for all."""
        line = self._in_order(shared)
        varying = [(place, name, self._convert.get(name)) for place, name in enumerate(self._order) if name in every[0]]
        parameters = []
        for row in every:
            for place, name, convert in varying:
                line[place] = convert(row[name]) if convert else row[name]
            parameters.append(tuple(line))
        if self._direct:
            connection.connection.cursor().executemany(self._sql, parameters)
        else:
            connection.exec_driver_sql(self._sql, parameters)

    def _in_order(self, values: Mapping[str, Any]) -> list[Any]:
        """What the parameters are, in their order; None for those that are not given."""
        given = self._fixed | self._converted(values)
        return [given.get(name) for name in self._order]

    def _converted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        convert = self._convert
        return {name: convert[name](value) if name in convert else value for name, value in values.items()}
