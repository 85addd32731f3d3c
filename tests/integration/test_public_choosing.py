"""The page of preferences: what somebody gets, and coming back."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import pytest

from newsletter.audience.subscribers import Status
from newsletter.store.tables import consents, subscribers, wordings
from tests.integration.conftest import Space
from tests.integration.public_pages import INTERESTS, Pages, heading, language, opened, switched

WHOLE = {"edition": "en", "name": "Ana", "interests": "asked", "interest": ["farms"], "which": "appeal", "pause": "4"}


@pytest.fixture
async def pages(space: Space) -> AsyncIterator[Pages]:
    space.set("public", interests=INTERESTS)
    space.replace("bilingual", {"addison": "es+en"})
    async with opened(space) as made:
        yield made


async def test_everything_can_be_chosen_at_once(space: Space, database_url: str) -> None:
    space.set("public", interests=INTERESTS)
    space.replace("database", database_url)
    async with opened(space) as pages:
        person = await pages.add(tags=("marches", "board"))
        page = await pages.client.get(pages.prefer(person))
        assert 'value="marches" checked' in page.text
        assert "board" not in page.text
        assert "ana@example.org" not in page.text  # whoever gets the mail passed on must not learn whose it was
        answer = await pages.client.post(pages.prefer(person), data=WHOLE)
        assert (answer.status_code, language(answer)) == (200, "en")
        assert "Saved." in answer.text
        assert "Guardado." in (await switched(pages, answer, "es")).text
        now = await pages.person()
        assert (now.name, now.locale, now.declined) == ("Ana", "en", "appeal")
        assert now.tags == {"farms", "board"}
        assert now.paused_until is not None
        assert abs(now.paused_until - dt.datetime.now(dt.UTC) - dt.timedelta(weeks=4)) < dt.timedelta(minutes=1)
        (entry,) = await pages.deeds()
        assert entry["detail"] == {"changed": ["declined", "interests", "locale", "name", "paused_until"]}
        kept = await pages.client.post(pages.prefer(person), data={**WHOLE, "pause": "keep"})
        assert "Your pause lasts until" in kept.text
        assert len(await pages.deeds()) == 1
        await pages.client.post(pages.prefer(person), data={"pause": "no"})
        assert (await pages.person()).paused_until is None


async def test_who_was_erased_while_the_page_was_open_is_not_stored_again(pages: Pages) -> None:
    person = await pages.add()
    assert (await pages.client.get(pages.prefer(person))).status_code == 200
    await pages.desk.stores.eraser.erase(person.email, pages.tokens.address_hashes)
    for path in (pages.prefer(person), pages.leave(person)):
        for posted in (WHOLE, {"back": "1"}, {"what": "", "undo": "1"}):
            answer = await pages.client.post(path, data=posted)
            assert heading(answer) in ("We cannot tell whose link this is", "No sabemos de quién es este enlace")
    rows = await pages.rows(subscribers)
    assert [(row["email"], row["name"], row["status"]) for row in rows] == [("", "", Status.ERASED)]
    assert await pages.rows(consents) == []


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"edition": "xx", "which": "spam", "pause": "1000000"},
        {"edition": "es", "interest": ["board", "marches"]},
        {"edition": "es", "interests": "asked", "interest": ["marches", "board", "other"]},
        {"interests": "asked", "interest": ["marches"], "name": "\u202e  Ana\x00 Díaz\r\n"},
    ],
)
async def test_nonsense_changes_nothing(pages: Pages, posted: dict[str, str]) -> None:
    person = await pages.add(locale="es-mx", tags=("marches", "board"))
    assert (await pages.client.post(pages.prefer(person), data=posted)).status_code == 200
    assert await pages.person() == person


async def test_pair_of_languages_can_be_chosen(pages: Pages) -> None:
    person = await pages.add()
    assert "Español + English" in (await pages.client.get(pages.prefer(person))).text
    await pages.client.post(pages.prefer(person), data={"edition": "es+en"})
    assert (await pages.person()).locale == "es+en"


async def test_who_left_can_come_back_and_agrees_to_the_words_on_the_page(pages: Pages) -> None:
    person = await pages.add(status=Status.UNSUBSCRIBED, locale="en")
    page = await pages.client.get(pages.prefer(person))
    assert heading(page) == "You are off the list"
    back = await pages.client.post(pages.prefer(person), data={"back": "1"})
    assert "Welcome back!" in back.text
    assert (await pages.person()).status is Status.SUBSCRIBED
    (consent,), (wording,) = await pages.rows(consents), await pages.rows(wordings)
    assert consent["wording"] == wording["hash"]
    assert wording["text"] in page.text


async def test_a_name_is_shown_as_text(pages: Pages) -> None:
    person = await pages.add(name='"><script>alert(1)</script>')
    page = await pages.client.get(pages.prefer(person))
    assert "<script" not in page.text
