"""The studio sends an issue to just those who missed it, as ``send --missed`` does, and nobody a second copy."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from .conftest import Space
from .servers import CUT, Inbox, Script, real_server, scripted_server
from .test_studio import OURS, both, client
from .test_studio_campaigns import PAGE, start, until
from .test_studio_decide import decide

__all__ = ["both", "client"]

FATES = {"reader1@example.org": "550 no", "reader2@example.org": "450 4.2.2 full", "reader3@example.org": CUT}
OFFER = "Send it to those who missed it"


@pytest.fixture(autouse=True)
def _listed(people: Callable[[int], None]) -> None:
    people(6)


async def cancelled(client: httpx.AsyncClient, space: Space) -> None:
    """Campaign 1: three have it, one was rejected, one put off and then cancelled, one is in doubt."""
    with scripted_server(Script(lambda verb, to: FATES.get(to) if verb == "BODY" else None)) as server:
        space.set("smtp", port=server.port)
        await start(client, "6")
        page = await until(client, "5 of 6 settled")
        assert OFFER not in page, "those may still get it"
        assert "Campaign 1 of this issue has not ended" in (await client.get(PAGE, params={"missed": "1"})).text
        assert (await decide(client, do="cancel", sure="1")).status_code == 303
        await until(client, ">cancelled</span>")


async def send_missed(client: httpx.AsyncClient, people: str, segments: str = "") -> httpx.Response:
    data = {"segments": segments, "missed": "1", "people": people}
    return await client.post(PAGE, data=data, headers=OURS)


async def until_sent(client: httpx.AsyncClient, space: Space, inbox: Inbox, people: str, segments: str = "") -> None:
    space.set("smtp", port=inbox.port)
    assert (await send_missed(client, people, segments)).headers["location"] == "/campaigns/2"
    await until(client, ">sent</span>", 2)


async def test_it_reaches_those_without_a_copy_and_nobody_else(client: httpx.AsyncClient, space: Space) -> None:
    await cancelled(client, space)
    page = (await client.get("/campaigns/1")).text
    assert "reader1@example.org" not in page
    named = (await client.get("/campaigns/1/people")).text
    assert named.index("reader3@example.org") < named.index("reader1@example.org") < named.index("550 no")
    assert "reader0@example.org" not in named
    assert "2 people have no copy of this issue" in page
    assert f'href="{PAGE}?missed=1"' in page
    assert "2 people of campaign 1 have no copy of this issue" in (await client.get(PAGE)).text
    plan = (await client.get(PAGE, params={"missed": "1"})).text
    assert "It would reach 2 people" in plan
    assert "@example.org" not in plan.replace("news@example.org", "")
    with real_server() as inbox:
        await until_sent(client, space, inbox, "2")
        assert sorted(inbox.recipients()) == ["reader1@example.org", "reader2@example.org"]
        assert OFFER not in (await client.get("/campaigns/1")).text
        assert "Everybody has a copy by now" in (await client.get(PAGE, params={"missed": "1"})).text
        assert (await send_missed(client, "2")).status_code == 409
    assert "those who missed campaign 1" in (await client.get("/campaigns")).text
    spanish = await client.get("/campaigns", headers={"Accept-Language": "es"})
    assert "quienes no recibieron el envío 1" in spanish.text


async def test_a_long_list_of_people_says_how_to_get_all_of_them(
    client: httpx.AsyncClient, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cancelled(client, space)
    command = "newsletter campaigns export 1 people.csv"
    assert command not in (await client.get("/campaigns/1/people")).text
    monkeypatch.setattr("newsletter.cli.studio.campaigns.NAMED", 2)
    named = (await client.get("/campaigns/1/people")).text
    assert named.count('<th scope="row">') == 2
    assert command in named


@pytest.mark.parametrize("typed", ["6", "3", ""])
async def test_wrong_number_starts_nothing(client: httpx.AsyncClient, space: Space, typed: str) -> None:
    await cancelled(client, space)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        answer = await send_missed(client, typed)
        assert answer.status_code == 409
        assert "It would reach 2 people" in answer.text
    assert inbox.messages == []


async def test_segments_narrow_it(client: httpx.AsyncClient, space: Space) -> None:
    await cancelled(client, space)
    assert "It would reach one person" in (await client.get(PAGE, params={"missed": "1", "segment": "spanish"})).text
    with real_server() as inbox:
        await until_sent(client, space, inbox, "1", "spanish")
    assert inbox.recipients() == ["reader1@example.org"]


@pytest.mark.parametrize("missed", ["7", "9" * 30, "-1", "x"])
async def test_campaign_that_is_none_is_told(client: httpx.AsyncClient, space: Space, missed: str) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        answer = await client.post(PAGE, data={"segments": "", "missed": missed, "people": "6"}, headers=OURS)
        assert answer.status_code == 409
        assert (await client.get(PAGE, params={"missed": missed})).status_code == 200
    assert inbox.messages == []
