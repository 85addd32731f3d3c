"""Campaigns from the studio: sent later, waiting without holding anybody up, cancelled, decided by a person."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Callable

import httpx
import pytest

from newsletter.cli.lock import only_run

from .conftest import ISSUE, Space
from .servers import CUT, Script, real_server, scripted_server
from .test_studio import OURS, both, client
from .test_studio_campaigns import PAGE, start, until

__all__ = ["both", "client"]

WAITS = "This studio goes on with it on"


@pytest.fixture(autouse=True)
def _listed(people: Callable[[int], None]) -> None:
    people(4)


async def decide(client: httpx.AsyncClient, **given: str) -> httpx.Response:
    return await client.post("/campaigns/1", data=given, headers=OURS)


async def test_waiting_campaign_holds_nobody_up(client: httpx.AsyncClient, space: Space) -> None:
    deferred = Script(lambda verb, to: "451 come back later" if (verb, to) == ("RCPT", "reader0@example.org") else "")
    space.write_issue(ISSUE, "may")
    catalogs = space.root / "locales" / "es" / "LC_MESSAGES" / "issues"
    shutil.copy(catalogs / "june.po", catalogs / "may.po")
    with scripted_server(deferred) as inbox:
        space.set("smtp", port=inbox.port)
        await start(client, "4")
        page = await until(client, WAITS)
        assert "3 of 4 settled" in page
        with only_run(space.root / "var" / "newsletter.db"):
            pass
        data = {"segments": "supporters", "people": "4"}
        answer = await client.post("/issues/may/send", data=data, headers=OURS)
        assert answer.headers["location"] == "/campaigns/2"
        await until(client, WAITS, 2)
        assert (await decide(client, do="cancel")).status_code == 409
        assert (await decide(client, do="cancel", sure="1")).status_code == 303
        assert ">cancelled</span>" in await until(client, "4 of 4 settled")
        assert (await decide(client, do="cancel", sure="1")).status_code == 409
    assert len(inbox.messages) == 6


async def test_campaign_goes_on_when_another_sending_has_ended(client: httpx.AsyncClient, space: Space) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        later = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)).isoformat(sep=" ", timespec="seconds")
        await client.post(PAGE, data={"segments": "supporters", "people": "4", "later": "1", "at": later}, headers=OURS)
        with only_run(space.root / "var" / "newsletter.db"):
            await until(client, "Another sending is running")
            assert inbox.messages == []
        await until(client, ">sent</span>")
    assert len(inbox.messages) == 4


async def test_campaign_is_scheduled_by_the_organisations_clock(client: httpx.AsyncClient, space: Space) -> None:
    assert "by the clock of America/New_York" in (await client.get(PAGE, params={"segment": "supporters"})).text
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        data = {"segments": "supporters", "people": "4", "later": "1"}
        for at in ("", "2001-01-01T09:00"):
            assert (await client.post(PAGE, data={**data, "at": at}, headers=OURS)).status_code == 409
        await client.post(PAGE, data={**data, "at": "2099-01-02T09:00"}, headers=OURS)
        assert "2099-01-02T09:00:00-05:00" in await until(client, ">scheduled</span>")
        shown = await asyncio.to_thread(space.json, "campaigns", "show", "1")
        assert isinstance(shown, dict)
        assert shown["starts_at"] == "2099-01-02T14:00:00+00:00"
        assert (await decide(client, do="cancel", sure="1")).status_code == 303
    assert inbox.messages == []


async def test_person_decides_of_those_in_doubt_and_of_the_rejected(client: httpx.AsyncClient, space: Space) -> None:
    faults = {("BODY", "reader0@example.org"): CUT, ("RCPT", "reader1@example.org"): "554 not from you"}
    with scripted_server(Script(lambda verb, to: faults.get((verb, to), ""))) as inbox:
        space.set("smtp", port=inbox.port, connections=1)
        await start(client, "4")
        page = await until(client, ">sent</span>")
        assert "One is in doubt" in page
        assert "they are sent again, and somebody may get a second copy" in page
        assert "reader0@" not in page
        assert (await decide(client, do="resolve", verdict="burn")).status_code == 409
        await decide(client, do="resolve", verdict="accept")
        assert "in doubt" not in (await client.get("/campaigns/1")).text
        faults.clear()
        await decide(client, do="resolve", verdict="retry")
        assert (await decide(client, do="resolve", verdict="retry")).status_code == 409
        assert "Go on from here" in (await client.get("/campaigns/1")).text
        await decide(client, do="resume")
        await until(client, "4 of 4 settled")
        await until(client, ">sent</span>")
    assert sorted(inbox.recipients()) == [f"reader{n}@example.org" for n in range(4)]


async def test_reason_is_shown_without_an_address(client: httpx.AsyncClient, space: Space) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        later = {"segments": "supporters", "people": "4", "later": "1", "at": "2099-01-02T09:00"}
        await client.post(PAGE, data=later, headers=OURS)
        reason = "550 <ana@example.org>: no such user"
        await asyncio.to_thread(space.run, "campaigns", "pause", "1", "--reason", reason)
        page = await until(client, ">paused</span>")
    assert "550 &lt;…@example.org&gt;: no such user" in page
    assert "ana@" not in page
