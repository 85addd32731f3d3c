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

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Convert = Callable[[Any], Any]


class Prepared:
    """One statement for one dialect with positional parameters; ``sa.bindparam`` names what each execution gives.

    ``each`` names what ``many`` is given anew for each of its rows.
    """

    def __init__(self, statement: sa.Select[Any] | sa.Update, dialect: Dialect, each: Sequence[str] = ()) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = compiled.string
        self._direct = dialect.driver == "pysqlite"
        order: Sequence[str] = compiled.positiontup or ()
        binds = {compiled.bind_names[bind]: bind for bind in compiled.bind_names}
        self._convert = {
            name: convert
            for name, bind in binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._places = {name: [at for at, other in enumerate(order) if other == name] for name in binds}
        self._fixed: list[Any] = [None] * len(order)
        self._fixed = self._in_order({name: bind.value for name, bind in binds.items() if not bind.required})
        columns = statement.selected_columns if isinstance(statement, sa.Select) else ()
        self._results: list[tuple[int, Convert]] = [
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]
        self._each_converted = [
            (place, self._convert[name]) for place, name in enumerate(each) if name in self._convert
        ]
        # Of a row and then the shared values: where each parameter is.
        places = (each.index(name) if name in each else len(each) + at for at, name in enumerate(order))
        self._parameters: Callable[[tuple[Any, ...]], tuple[Any, ...]] = itemgetter(*places)

    def rows(self, connection: sa.Connection, **values: Any) -> list[Sequence[Any]]:
        """The rows of a SELECT, each with its columns in order."""
        parameters = tuple(self._in_order(values))
        if self._direct:
            found = connection.connection.cursor().execute(self._sql, parameters).fetchall()
        else:
            found = connection.exec_driver_sql(self._sql, parameters).fetchall()
        return [_with(row, self._results) for row in found]

    def many(self, connection: sa.Connection, every: Iterable[tuple[Any, ...]], **shared: Any) -> None:
        """An UPDATE, once for each of ``every``, which hold ``each`` in its order; ``shared`` are the same for all."""
        same = self._in_order(shared)
        parameters = [self._parameters((*_with(row, self._each_converted), *same)) for row in every]
        if self._direct:
            connection.connection.cursor().executemany(self._sql, parameters)
        else:
            connection.exec_driver_sql(self._sql, parameters)

    def _in_order(self, values: Mapping[str, Any]) -> list[Any]:
        """What the parameters are, in their order; None for those that are not given."""
        parameters = self._fixed.copy()
        for name, value in values.items():
            convert = self._convert.get(name)
            plain = convert(value) if convert else value
            if isinstance(plain, Enum):  # for which the driver would look for an adapter each time
                plain = plain.value
            for place in self._places[name]:
                parameters[place] = plain
        return parameters


def _with(row: Sequence[Any], converts: Sequence[tuple[int, Convert]]) -> Sequence[Any]:
    """The same row, with the values converted that are there."""
    for place, convert in converts:
        if row[place] is not None:
            row = [*row[:place], convert(row[place]), *row[place + 1 :]]
    return row
