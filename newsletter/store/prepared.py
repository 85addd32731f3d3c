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
        self._fixed = {name: self._converted(name, bind.value) for name, bind in binds.items() if not bind.required}
        columns = statement.selected_columns if isinstance(statement, sa.Select) else ()
        self._results: list[tuple[int, Convert]] = [
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def rows(self, connection: sa.Connection, **values: Any) -> list[list[Any]]:
        """The rows of a SELECT, each as a list of its columns."""
        found = [list(row) for row in connection.exec_driver_sql(self._sql, self._parameters(values))]
        for place, convert in self._results:
            for row in found:
                row[place] = convert(row[place])
        return found

    def many(self, connection: sa.Connection, every: Sequence[Mapping[str, Any]]) -> None:
        """An UPDATE, once for each of ``every``."""
        connection.exec_driver_sql(self._sql, [self._parameters(values) for values in every])

    def _converted(self, name: str, value: Any) -> Any:
        convert = self._convert.get(name)
        return value if convert is None else convert(value)

    def _parameters(self, values: Mapping[str, Any]) -> Any:
        full = self._fixed | {name: self._converted(name, value) for name, value in values.items()}
        return full if self._order is None else tuple([full[name] for name in self._order])
