"""Statements that are written once in SQLAlchemy Core and compiled once a database.

SQLAlchemy looks a statement up in its cache at every execution, which takes it
ten times as long as SQLite takes to execute it.  The ledger runs the same four
statements hundreds of times a second, so it keeps the text and hands it to the
driver itself, with the values converted by the columns' own types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Convert = Callable[[Any], Any]


class Prepared:
    """One statement for one dialect; ``sa.bindparam`` names what is given at each execution."""

    def __init__(self, statement: sa.Select[Any] | sa.Update, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = compiled.string
        self._order: Sequence[str] | None = getattr(compiled, "positiontup", None)
        binds = {compiled.bind_names[bind]: bind for bind in compiled.bind_names}
        self._convert = {
            name: convert
            for name, bind in binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._fixed = self._all_converted({name: bind.value for name, bind in binds.items() if not bind.required})
        columns = statement.selected_columns if isinstance(statement, sa.Select) else ()
        self._results: list[tuple[int, Convert]] = [
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def rows(self, connection: sa.Connection, **values: Any) -> list[list[Any]]:
        """The rows of a SELECT, each as a list of its columns."""
        given = self._fixed | self._all_converted(values)
        found = [list(row) for row in connection.exec_driver_sql(self._sql, self._in_order(given))]
        for place, convert in self._results:
            for row in found:
                row[place] = convert(row[place])
        return found

    def many(self, connection: sa.Connection, every: Sequence[Mapping[str, Any]], **shared: Any) -> None:
        """An UPDATE, once for each of ``every``; the ``shared`` values are the same for all."""
        given = self._fixed | self._all_converted(shared)
        connection.exec_driver_sql(self._sql, [self._in_order(given | self._all_converted(row)) for row in every])

    def _all_converted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        convert = self._convert
        return {name: convert[name](value) if name in convert else value for name, value in values.items()}

    def _in_order(self, given: dict[str, Any]) -> Any:
        return given if self._order is None else tuple([given[name] for name in self._order])
