"""The database: migrations fit the tables on both kinds, and transactions keep their promises."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from newsletter.audience.audit import Deed, Entry
from newsletter.audience.csvlist import GoodRow
from newsletter.audience.segments import AnyOf, HasAttribute, HasLocale, HasTag, Not
from newsletter.audience.subscribers import NewSubscriber
from newsletter.clock import SystemClock
from newsletter.delivery.message import FrozenEdition
from newsletter.delivery.states import TRANSITIONS, State
from newsletter.errors import StoreError
from newsletter.store.audit import AuditStore
from newsletter.store.campaigns import CampaignStore
from newsletter.store.database import NEWEST, Database
from newsletter.store.freeze import Freezer, Target
from newsletter.store.migrate import alembic_config
from newsletter.store.subscribers import SubscriberStore
from newsletter.store.tables import audit, metadata
from tests.integration.ledger import EVERYBODY, edition_for, frozen


async def test_migrations_make_just_the_tables_that_the_code_knows(database: Database) -> None:
    async with database.read() as connection:

        def compare(sync: sa.Connection) -> list[object]:
            return list(compare_metadata(MigrationContext.configure(sync), metadata))

        assert await connection.run_sync(compare) == []
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [NEWEST]


async def test_opening_again_changes_nothing(database: Database, database_url: str, tmp_path: Path) -> None:
    await frozen(database, 3)
    async with await Database.open(database_url, tmp_path) as again:
        found = [one async for one in SubscriberStore(again, SystemClock(), "en").recipients(EVERYBODY, EVERYBODY)]
    assert len(found) == 3


async def test_a_failed_transaction_leaves_no_trace(database: Database) -> None:
    def broken(locale: str, segments: frozenset[str]) -> FrozenEdition:
        if locale == "es":
            raise RuntimeError("no such edition")
        return edition_for(locale, segments)

    await frozen(database, 4)
    with pytest.raises(RuntimeError):
        await Freezer(database, SystemClock(), ("en", "es")).freeze(Target("july", ("everybody",), EVERYBODY), broken)
    assert await CampaignStore(database, SystemClock()).find("july", ["everybody"]) is None


@pytest.mark.parametrize(("seconds", "here"), [(0.003, True), (1.0, False)])
async def test_whoever_writes_waits_for_another_writer_and_others_go_on(
    tmp_path: Path, seconds: float, here: bool
) -> None:
    async with await Database.open("sqlite:///list.db", tmp_path) as database:
        assert database.file
        await database.transact(lambda connection: connection.execute(sa.text("CREATE TABLE notes (word TEXT)")))
        loop = asyncio.get_running_loop()
        threads: list[int] = []

        def note(connection: sa.Connection) -> None:
            threads.append(threading.get_ident())
            connection.execute(sa.text("INSERT INTO notes VALUES ('after')"))

        with contextlib.closing(sqlite3.connect(database.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            loop.call_later(seconds, other.execute, "COMMIT")
            await asyncio.wait_for(database.transact(note), 30)
            assert other.execute("SELECT word FROM notes").fetchall() == [("after",)]
        assert (threads == [threading.get_ident()]) is here


async def test_a_caller_does_something_while_the_commit_waits_for_the_disk(tmp_path: Path) -> None:
    async with await Database.open("sqlite:///list.db", tmp_path) as database:

        def note(connection: sa.Connection, word: str = "first") -> str:
            connection.execute(sa.text("CREATE TABLE IF NOT EXISTS notes (word TEXT)"))
            connection.execute(sa.text("INSERT INTO notes VALUES (:word)"), {"word": word})
            return word

        def words(connection: sa.Connection) -> list[str]:
            return list(connection.execute(sa.text("SELECT word FROM notes")).scalars())

        told: list[str] = []
        assert await database.transact(note, told.append) == "first"
        assert told == ["first"]

        def astray(_word: str) -> None:
            raise RuntimeError("what was to be done meanwhile fails")

        with pytest.raises(RuntimeError):
            await database.transact(lambda connection: note(connection, "second"), astray)
        assert await database.transact(words) == ["first", "second"], "the commit goes on all the same"

        def lonely(connection: sa.Connection) -> str:
            connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
            connection.execute(sa.text("INSERT INTO subscriber_tags VALUES (1, 'nobody')"))
            return note(connection, "third")

        with pytest.raises(StoreError):
            await database.transact(lonely, told.append)
        assert told == ["first", "third"], "who is told must not rely on the commit"
        assert await database.transact(words) == ["first", "second"]


async def test_the_audit_log_only_grows(database: Database) -> None:
    log = AuditStore(database, SystemClock())
    await log.record(
        Entry("ana@desk", Deed.IMPORTED, "list", {"added": 3}), Entry("reader", Deed.ERASED, "subscriber x")
    )
    told = [(entry.who, entry.what, entry.about, entry.detail) async for entry in log.newest()]
    assert told[1] == ("ana@desk", Deed.IMPORTED, "list", {"added": 3})
    for statement in (audit.delete(), audit.update().values(who="nobody")):
        with pytest.raises(Exception, match="only ever added"):
            async with database.write() as connection:
                await connection.execute(statement)
    assert len([entry async for entry in log.newest()]) == 2


async def test_segments_pick_the_same_people_in_both_databases(database: Database) -> None:
    store = SubscriberStore(database, SystemClock(), "en")
    people = [
        NewSubscriber("a@example.org", "A", "es", frozenset({"board"}), {"county": "Addison"}),
        NewSubscriber("b@example.org", "B", "es-mx", frozenset(), {"county": "Franklin"}),
        NewSubscriber("c@example.org", "C", "en", frozenset({"board"})),
        NewSubscriber("d@example.org", "D", "en+es"),
    ]
    await store.import_rows([GoodRow(n, person) for n, person in enumerate(people)], lambda _key: ())
    rules = {
        "spanish": HasLocale(("es",)),
        "counties": HasAttribute("county", ("Addison", "Franklin")),
        "nowhere": Not(HasAttribute("county", ("Addison", "Franklin"))),
        "some": AnyOf((HasTag(("board",)), HasAttribute("county", ("Franklin",)))),
    }
    found = {
        name: {one.subscriber.email[0] async for one in store.recipients(rules, [name])}  # type: ignore[arg-type]
        for name in rules
    }
    assert found == {
        "spanish": {"a", "b", "d"},
        "counties": {"a", "b"},
        "nowhere": {"c", "d"},
        "some": {"a", "b", "c"},
    }


def test_the_transition_table_has_no_way_back_from_what_is_settled() -> None:
    assert set(TRANSITIONS) == set(State)
    into_sending = {old for old, new in TRANSITIONS.items() if State.SENDING in new}
    assert into_sending == {State.PENDING}
    reachable = {State.PENDING}
    while more := {new for old in reachable for new in TRANSITIONS[old]} - reachable:
        reachable |= more
    assert reachable == set(State)
