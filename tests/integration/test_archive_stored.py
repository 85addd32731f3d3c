"""The archive in both databases: what is stored with a campaign, when it can be read, and what hides it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.audit import Deed
from newsletter.clock import SystemClock
from newsletter.delivery.states import State
from newsletter.render.facts import Facts, Issued, PublicEdition
from newsletter.store.archive import ArchiveStore, publish
from newsletter.store.audit import AuditStore
from newsletter.store.campaigns import CampaignStore
from newsletter.store.database import Database
from newsletter.store.freeze import Freezer, Target
from newsletter.store.tables import deliveries
from tests.integration.ledger import EVERYBODY, edition_for, frozen

START = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)


def page(locale: str = "en", html: str = "<p>html</p>") -> PublicEdition:
    return PublicEdition("june", locale, dt.date(2026, 1, 15), "subject", "preheader", html, Facts("Org", "", (), ()))


async def campaign(
    database: Database, *editions: PublicEdition, issued: dict[str, Issued] | None = None, at: dt.datetime = START
) -> int:
    """A campaign with these pages; nobody has a copy yet."""
    if not await CampaignStore(database, SystemClock()).all():
        await frozen(database, 2)

    async def also(connection: AsyncConnection, number: int) -> None:
        await publish(connection, number, "june", editions, issued or {}, at)

    target = Target("june", ("everybody",), EVERYBODY, again="a test")
    made = await Freezer(database, SystemClock(), ("en", "es")).freeze(target, edition_for, also=also)
    return made.id


async def deliver(database: Database, number: int, state: State = State.ACCEPTED) -> None:
    async with database.write() as connection:
        where = (deliveries.c.campaign_id == number, deliveries.c.subscriber_id == 1)
        await connection.execute(deliveries.update().where(*where).values(state=state))


async def shown(database: Database, locale: str = "en") -> str:
    found = await ArchiveStore(database, SystemClock()).page("june", locale)
    return found.edition.html if found else ""


async def test_a_page_is_there_as_soon_as_somebody_may_have_a_copy(database: Database) -> None:
    number = await campaign(database, page())
    assert await shown(database) == ""
    await deliver(database, number, State.REJECTED)
    assert await shown(database) == ""
    await deliver(database, number, State.IN_DOUBT)
    assert await shown(database) == "<p>html</p>"
    store = ArchiveStore(database, SystemClock())
    assert await store.locales(["june", "july"]) == {"june": ["en"]}
    assert (await store.count("en"), await store.count("es")) == (1, 0)


async def test_what_was_cancelled_in_time_is_never_there(database: Database) -> None:
    number = await campaign(database, page())
    await CampaignStore(database, SystemClock()).cancel(number)
    assert await shown(database) == ""
    assert await ArchiveStore(database, SystemClock()).changed_at("en") is None


async def test_a_correction_takes_the_place_of_what_it_corrects_once_it_is_sent(database: Database) -> None:
    await deliver(database, await campaign(database, page(), page("es")))
    second = await campaign(database, page(html="<p>right</p>"))
    assert await shown(database) == "<p>html</p>"
    store = ArchiveStore(database, SystemClock())
    assert [(one.locale, one.begun, one.campaign_id == second) for one in await store.shelf()] == [
        ("en", True, False),
        ("es", True, False),
    ], "the list tells what is shown, not what may be some day"
    await deliver(database, second)
    assert [(one.locale, one.campaign_id == second) for one in await store.shelf()] == [("en", True), ("es", False)]
    assert (await shown(database), await shown(database, "es")) == ("<p>right</p>", "<p>html</p>")
    assert await ArchiveStore(database, SystemClock()).count("en") == 1


async def test_the_same_words_keep_their_date(database: Database) -> None:
    later = START + dt.timedelta(days=1)
    await deliver(database, await campaign(database, page()))
    await deliver(database, await campaign(database, page(), at=later))
    store = ArchiveStore(database, SystemClock())
    assert [one.published_at for one in await store.newest("en", 5)] == [START]
    await deliver(database, await campaign(database, page(html="other"), at=later))
    assert [one.published_at for one in await store.newest("en", 5)] == [later]


async def test_what_is_hidden_is_gone_and_recorded(database: Database) -> None:
    await deliver(database, await campaign(database, page(), page("es")))
    store = ArchiveStore(database, SystemClock())
    assert await store.set_hidden("june", ["en"], "ana@desk", hidden=True) == ["en"]
    assert await store.set_hidden("june", [], "ana@desk", hidden=True) == ["es"]
    assert await store.set_hidden("june", [], "ana@desk", hidden=True) == []
    assert (await shown(database), await shown(database, "es")) == ("", "")
    assert [(one.locale, one.hidden, one.begun) for one in await store.shelf()] == [
        ("en", True, True),
        ("es", True, True),
    ]
    await deliver(database, await campaign(database, page(html="<p>right</p>")))
    assert await shown(database) == "<p>right</p>", "what is sent afterwards is not hidden"
    assert await store.set_hidden("june", ["es"], "ana@desk", hidden=False) == ["es"]
    assert await shown(database, "es") == "<p>html</p>"
    log = [entry async for entry in AuditStore(database, SystemClock()).newest(about="archive june")]
    assert [(entry.who, entry.what, entry.about, entry.detail) for entry in reversed(log)] == [
        ("ana@desk", Deed.HIDDEN, "archive june", {"locales": ["en"]}),
        ("ana@desk", Deed.HIDDEN, "archive june", {"locales": ["es"]}),
        ("ana@desk", Deed.SHOWN, "archive june", {"locales": ["es"]}),
    ]


async def test_numbers_of_events_are_kept(database: Database) -> None:
    await campaign(database, issued={"meeting": Issued(0, {"en": "a"})})
    await campaign(database, issued={"meeting": Issued(1, {"en": "b"}), "march": Issued(0, {"es": "c"})})
    found = await ArchiveStore(database, SystemClock()).issued("june")
    assert found == {"meeting": Issued(1, {"en": "b"}), "march": Issued(0, {"es": "c"})}
