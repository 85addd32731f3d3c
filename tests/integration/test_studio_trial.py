"""Tests from the studio over HTTP: what a real server takes, and what is told when it takes nothing."""

from __future__ import annotations

import asyncio
import email
from email.policy import default as modern

import httpx
import pytest

from newsletter.web.preview.events import Hub

from .conftest import ISSUE, Space
from .servers import real_server
from .test_studio import OURS, both, client

__all__ = ["both", "client"]

PAGE = "/issues/june/test"


@pytest.fixture(autouse=True)
def _allowed(space: Space) -> None:
    space.set("preview", test_addresses=["ana@example.org", "team@example.org"])


async def send(client: httpx.AsyncClient, to: str = "ana@example.org") -> str:
    """Send a test, and wait for the page that tells its end."""
    answer = await client.post(PAGE, data={"to": to}, headers=OURS)
    assert answer.status_code == 303
    for _look in range(200):
        page = (await client.get(PAGE)).text
        if "being sent" not in page:
            return page
        await asyncio.sleep(0.05)
    raise AssertionError("the test did not end")


async def test_every_edition_arrives_and_the_answers_are_shown(client: httpx.AsyncClient, space: Space) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        page = await send(client)
    assert inbox.recipients() == ["ana@example.org"] * 2
    subjects = [str(email.message_from_bytes(one[2], policy=modern)["Subject"]) for one in inbox.messages]
    assert subjects == ["News for you: 50% more farms", "Noticias para ti: 50% más ranchos, ¡y qué ranchos!"]
    assert page.count(">accepted</span>") == 2
    assert page.count("250 ") == 2


async def test_address_that_is_not_allowed_gets_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.post(PAGE, data={"to": "stranger@example.org"}, headers=OURS)
    assert answer.status_code == 409
    assert "is not among preview.test_addresses" in answer.text


async def test_server_that_is_away_is_told_in_words(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.01)
    page = await send(client)
    assert "cannot reach" in page or "mail server" in page
    assert "not sent" in page


async def test_incomplete_edition_is_told_and_nothing_is_sent(client: httpx.AsyncClient, space: Space) -> None:
    space.write_issue(ISSUE.replace("Milk with Dignity", "A new headline"))
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        page = await send(client)
    assert inbox.messages == []
    assert "not complete" in page


async def test_without_addresses_the_page_tells_how_to_allow_some(client: httpx.AsyncClient, space: Space) -> None:
    space.set("preview", test_addresses=[])
    assert "No address is allowed yet" in (await client.get(PAGE)).text


async def test_page_hears_of_what_happened_before_it_listened() -> None:
    hub = Hub()
    before = hub.told
    hub.tell("tests")
    assert await anext(hub.changes(before)) == ["tests"]
