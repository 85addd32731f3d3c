"""Erasing a person: nothing of them is left in any table or file, they do not come back, and campaigns go on."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from newsletter.audience.audit import Deed
from newsletter.audience.consent import Consent
from newsletter.audience.csvlist import GoodRow
from newsletter.audience.subscribers import NewSubscriber, Status
from newsletter.audience.tokens import Tokens
from newsletter.cli.report import counts_table
from newsletter.clock import SystemClock
from newsletter.delivery.desk import Result
from newsletter.delivery.states import Outcome, State
from newsletter.store.audit import AuditStore
from newsletter.store.database import Database
from newsletter.store.erasure import Erased, Eraser
from newsletter.store.freeze import Freezer, Target
from newsletter.store.ledger import CampaignLedger
from newsletter.store.people import PeopleStore, tables_of_people
from newsletter.store.subscribers import SubscriberStore
from newsletter.store.tables import deliveries, feedback, metadata, signups, subscribers, wordings
from newsletter.store.upkeep import Upkeep
from tests.integration.conftest import Space
from tests.integration.ledger import EVERYBODY, counts, edition_for, frozen, run

NEEDLE = "zqneedle"
EMAIL = f"{NEEDLE}@{NEEDLE}.example.org"
NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
OLD, NEW = b"o" * 32, b"n" * 32
TOKENS = Tokens((OLD,))


async def erase(database: Database, email: str = EMAIL, tokens: Tokens = TOKENS) -> Erased | None:
    return await Eraser(database, SystemClock(), "ana@desk").erase(email, tokens.address_hashes)


async def join(database: Database, email: str = EMAIL, tokens: Tokens = TOKENS) -> int:
    """Import one person with everything that a list can say of them; returns how many were erased before."""
    person = NewSubscriber(
        email, f"{NEEDLE} Pérez", "es", frozenset({NEEDLE}), {"county": NEEDLE}, Consent(f"form {NEEDLE}", NOW)
    )
    store = SubscriberStore(database, SystemClock(), "en")
    return (await store.import_rows([GoodRow(1, person)], tokens.address_hashes)).erased


async def in_every_table(database: Database) -> int:
    """A person with rows in every table that can hold some; returns their id."""
    await join(database)
    freezer = Freezer(database, SystemClock(), ("en", "es"))
    campaign = await freezer.freeze(Target("june", ("everybody",), EVERYBODY), edition_for)
    async with database.write() as connection:
        (person,) = (await connection.execute(sa.select(subscribers.c.id))).scalars().all()
        await connection.execute(
            subscribers.update().values(declined="appeal", paused_until=NOW, updated_at=NOW, created_at=NOW)
        )
        await connection.execute(deliveries.update().values(reply=f"550 {EMAIL} unknown", state=State.REJECTED))
        told = {"verdict": "soft", "diagnostic": f"{NEEDLE} is full", "domain": f"{NEEDLE}.example.org", "at": NOW}
        row = {"key": "k", "campaign_id": campaign.id, "subscriber_id": person, "status": "4.2.2", **told}
        await connection.execute(feedback.insert().values(row))
        await connection.execute(wordings.insert().values(hash="h", text="Yes, write to me"))
        form = {"ref": "r", "email": EMAIL, "email_key": EMAIL, "name": NEEDLE, "locale": "es", "tags": [NEEDLE]}
        when = {"source": NEEDLE, "wording": "h", "asked_at": NOW, "expires_at": NOW}
        await connection.execute(signups.insert().values(**form, **when))
    return int(person)


async def everything(database: Database) -> dict[str, list[dict[str, object]]]:
    async with database.read() as connection:
        return {
            table.name: [dict(row) for row in (await connection.execute(sa.select(table))).mappings()]
            for table in metadata.sorted_tables
        }


async def test_a_person_is_told_all_that_is_stored_of_them(database: Database) -> None:
    await in_every_table(database)
    dossier = await PeopleStore(database).dossier(EMAIL.upper())
    assert dossier is not None
    filled = {name for name, rows in dossier.items() if rows}
    assert filled >= {table.name for table in tables_of_people()}, "fill each table with a subscriber_id in this test"
    with_addresses = {table.name for table in metadata.sorted_tables if "email" in table.c}
    assert filled >= with_addresses, "a table holds addresses, and nobody is told of it"
    assert dossier["campaigns"][0]["slug"] == "june"


async def test_nothing_is_left_of_an_erased_person_in_any_table(database: Database) -> None:
    person = await in_every_table(database)
    assert await erase(database) == Erased(person=True, signups=1, deliveries=1, clean=True)
    left = await everything(database)
    assert NEEDLE not in repr(left)
    (row,) = left["subscribers"]
    (digest,) = TOKENS.address_hashes(EMAIL)
    assert (row["id"], row["email"], row["email_key"], row["status"]) == (person, "", f"erased:{digest}", "erased")
    assert (row["name"], row["locale"], row["declined"], row["attributes"], row["paused_until"]) == (
        "",
        "",
        "",
        {},
        None,
    )
    assert row["created_at"] != NOW
    assert [(one["state"], one["domain"], one["reply"]) for one in left["deliveries"]] == [("rejected", "", "")]
    assert [(one["verdict"], one["subscriber_id"], one["diagnostic"]) for one in left["feedback"]] == [
        ("soft", person, "")
    ]
    assert not left["consents"]
    assert not left["subscriber_tags"]
    assert not left["signups"]
    assert await PeopleStore(database).dossier(EMAIL) is None
    assert await erase(database) is None
    (entry,) = [one async for one in AuditStore(database, SystemClock()).newest(1)]
    assert (entry.who, entry.what) == ("ana@desk", Deed.ERASED)


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


async def test_no_file_of_sqlite_holds_a_byte_of_an_erased_person(tmp_path: Path) -> None:
    async with await Database.open("sqlite:///var/newsletter.db", tmp_path) as database:
        await frozen(database, 300)  # so that there are pages to hide in
        await in_every_table_beside_others(database)
        assert any(NEEDLE.encode() in path.read_bytes() for path in files_of(tmp_path))
        done = await erase(database)
        assert done is not None
        assert done.clean
        assert [path for path in files_of(tmp_path) if NEEDLE.encode() in path.read_bytes()] == []
        assert (tmp_path / "var" / "newsletter.db").stat().st_size > 50_000


async def in_every_table_beside_others(database: Database) -> None:
    """The person, changed a few times, as rows are that have moved within the file."""
    await join(database)
    for length in (10, 400, 3):
        async with database.write() as connection:
            mine = subscribers.c.email_key == EMAIL
            await connection.execute(subscribers.update().where(mine).values(name=f"{NEEDLE} " * length))
    await Freezer(database, SystemClock(), ("en", "es")).freeze(Target("july", ("everybody",), EVERYBODY), edition_for)


async def test_an_import_does_not_bring_an_erased_person_back_whatever_the_key(database: Database) -> None:
    await join(database)
    await erase(database)
    both = Tokens((NEW, OLD))
    assert await join(database, EMAIL.upper(), both) == 1
    assert await join(database, "ben@example.org", both) == 0
    store = SubscriberStore(database, SystemClock(), "en")
    assert not await store.add(NewSubscriber(EMAIL), both.address_hashes)
    assert not await store.unsubscribe(EMAIL)
    people = [row["status"] for row in (await everything(database))["subscribers"]]
    assert sorted(map(str, people)) == ["erased", "subscribed"]


async def test_who_joined_again_by_themselves_can_be_erased_again(database: Database) -> None:
    await join(database)
    await erase(database)
    async with database.write() as connection:  # as the form does it
        await connection.execute(
            subscribers.insert().values(
                ref="new", email=EMAIL, email_key=EMAIL, status=Status.SUBSCRIBED, created_at=NOW, updated_at=NOW
            )
        )
    assert await join(database) == 0
    assert (await erase(database, tokens=Tokens((NEW, OLD)))) is not None
    rows = (await everything(database))["subscribers"]
    assert NEEDLE not in repr(rows)
    assert [row["status"] for row in rows] == ["erased", "erased"]
    assert await join(database, tokens=Tokens((NEW, OLD))) == 1


async def test_a_running_campaign_goes_on_without_an_erased_person(database: Database) -> None:
    campaign = await frozen(database, 4)
    ledger = await run(database, campaign)
    claims = (await ledger.exchange([], 2)).claims
    under_way, waiting = claims[0].addressee.email, "r3@example.org"
    for email in (under_way, waiting):
        await erase(database, email)
    done = [Result(claim, Outcome(State.ACCEPTED, f"250 kept for {claim.addressee.email}")) for claim in claims]
    more = (await ledger.exchange(done, 4)).claims
    assert [claim.addressee.email for claim in more] == ["r2@example.org"]
    await ledger.exchange([Result(more[0], Outcome(State.ACCEPTED, "250 ok"))], 4)
    await ledger.end()
    left = await Upkeep(database, SystemClock()).reconcile(campaign.id)
    assert left.status == "finished"
    assert await counts(database, campaign) == {State.ACCEPTED: 2, State.IN_DOUBT: 1, State.CANCELLED: 1}
    assert under_way not in repr((await everything(database))["deliveries"])


async def test_an_erasure_and_a_run_do_not_wait_for_each_other_for_ever(database: Database) -> None:
    campaign = await frozen(database, 40)
    ledger: CampaignLedger = await run(database, campaign)

    async def send() -> None:
        while claims := (await ledger.exchange([], 3)).claims:
            gone = Outcome(State.REJECTED, "550 5.1.1 no such user", gone=True)
            await ledger.exchange([Result(claim, gone) for claim in claims], 0)

    async def erase_all() -> None:
        for number in range(39, -1, -1):
            await erase(database, f"r{number}@example.org")

    await asyncio.wait_for(asyncio.gather(send(), erase_all()), 60)
    rows = await everything(database)
    assert {row["status"] for row in rows["subscribers"]} == {"erased"}
    assert "example.org" not in repr([rows["subscribers"], rows["deliveries"]])
    assert not [row for row in rows["deliveries"] if row["state"] in ("sending", "pending")]


def test_erasing_asks_first_and_says_what_is_left_to_do(space: Space) -> None:
    space.write_list("ana@example.org,Ana,es,supporter,")
    space.run("subscribers", "import", "list.csv")
    assert "add --yes" in space.run("subscribers", "erase", "ana@example.org", code=2).stderr
    assert space.json("subscribers", "show", "ana@example.org")
    done = space.run("subscribers", "erase", "Ana@Example.org", "--yes")
    assert "delete them from your own files too" in done.stdout
    assert "nobody on the list" in space.run("subscribers", "erase", "ana@example.org", "--yes", code=2).stderr
    again = space.run("subscribers", "import", "list.csv")
    assert "0 added" in again.stdout
    assert counts_table("mail domain", {"": {State.ACCEPTED: 1}})[1] == [("erased", 1, 1)]
    assert "1 had themselves erased, and were not added" in again.stdout
    assert (
        "erased at their own wish"
        in space.run("subscribers", "add", "ana@example.org", "--consent-source", "a call", code=2).stderr
    )
    assert space.json("subscribers", "list", "--status", "any") == {"matching": 0, "people": []}
