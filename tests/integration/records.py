"""The database of a workspace, whichever kind it is, read and changed past the program."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import yaml

if TYPE_CHECKING:
    from tests.integration.conftest import Space


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the ledger."""

    state: str
    attempts: int
    reply: str


def ask(space: Space, query: str, *values: object) -> list[Any]:
    """Rows, or [] of what only changes; ``values`` stand in the query as this kind of database has them."""
    settings = yaml.safe_load((space.root / "newsletter.yaml").read_text(encoding="utf-8"))
    url = settings.get("database", "")
    if url.startswith("postgresql"):
        with psycopg.connect(url) as server:
            found = server.execute(query.encode(), values or None)
            return found.fetchall() if found.description else []
    file = space.root / (url.removeprefix("sqlite:///") or "var/newsletter.db")
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        return database.execute(query, values).fetchall()


def deliveries(space: Space) -> dict[str, Delivery]:
    """The ledger by address."""
    rows = "select s.email, d.state, d.attempts, d.reply from deliveries d join subscribers s on s.id = d.subscriber_id"
    return {email: Delivery(*rest) for email, *rest in ask(space, rows)}


def ledger(space: Space) -> dict[str, str]:
    """State by address."""
    return {email: row.state for email, row in deliveries(space).items()}


def states(space: Space) -> Counter[str]:
    """How many are in which state."""
    return Counter(ledger(space).values())


def status(space: Space, number: int = 1) -> str:
    """Where a campaign stands."""
    return str(ask(space, f"select status from campaigns where id = {number}")[0][0])
