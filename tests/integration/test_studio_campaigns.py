"""Campaigns from the studio over HTTP: whom they reach, how they start, how they are watched."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

import httpx
import pytest

from newsletter.cli.studio.studio import PreviewStudio
from newsletter.web.preview.guard import Door

from .conftest import ISSUE, Space
from .servers import Script, real_server, scripted_server
from .test_studio import NAMES, OURS, both, client, opened

__all__ = ["both", "client"]

PAGE = "/issues/june/send"


@pytest.fixture(autouse=True)
def _listed(people: Callable[[int], None]) -> None:
    people(6)


async def start(client: httpx.AsyncClient, people: str, segments: str = "supporters") -> httpx.Response:
    return await client.post(PAGE, data={"segments": segments, "people": people}, headers=OURS)


async def until(client: httpx.AsyncClient, words: str, number: int = 1, path: str = "") -> str:
    for _look in range(300):
        page = (await client.get(path or f"/campaigns/{number}")).text
        if words in page:
            return page
        await asyncio.sleep(0.05)
    raise AssertionError(f"'{words}' never showed:\n{page}")


async def test_dry_run_shows_numbers_and_no_address(client: httpx.AsyncClient) -> None:
    page = (await client.get(PAGE, params={"segment": ["supporters", "spanish"]})).text
    assert "It would reach 6 people" in page
    assert "@example.org" not in page.replace("news@example.org", "")
    assert "<td>3</td>" in page


async def test_started_campaign_is_delivered_in_the_background(client: httpx.AsyncClient, space: Space) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        answer = await start(client, "6")
        assert answer.headers["location"] == "/campaigns/1"
        page = await until(client, "6 of 6 settled")
    assert sorted(inbox.recipients()) == [f"reader{n}@example.org" for n in range(6)]
    assert ">sent</span>" in await until(client, ">sent</span>")
    assert "example.org</th>" in page
    assert "Español" in page or "español" in page
    assert "/campaigns/1" in (await client.get("/campaigns")).text


@pytest.mark.parametrize("typed", ["5", "", "six"])
async def test_wrong_number_starts_nothing(client: httpx.AsyncClient, space: Space, typed: str) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        assert (await start(client, typed)).status_code == 409
    assert inbox.messages == []
    assert "Nothing was sent yet" in (await client.get("/campaigns")).text


async def test_server_that_is_away_freezes_nothing(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.01)
    answer = await start(client, "6")
    assert answer.status_code == 409
    assert "Nothing was sent yet" in (await client.get("/campaigns")).text


async def test_incomplete_edition_is_an_obstacle(client: httpx.AsyncClient, space: Space) -> None:
    space.write_issue(ISSUE.replace("Milk with Dignity", "A new headline"))
    page = (await client.get(PAGE, params={"segment": "supporters"})).text
    assert "It cannot be sent yet" in page
    assert "Send now" not in page


async def test_missing_mail_server_is_told_before_the_number_is_typed(client: httpx.AsyncClient, space: Space) -> None:
    space.replace("smtp", None)
    page = (await client.get(PAGE, params={"segment": "supporters"})).text
    assert "sending needs a mail server" in page
    assert "Send now" not in page


async def test_stopped_campaign_tells_why_once_and_what_to_do(client: httpx.AsyncClient, space: Space) -> None:
    refused = Script(lambda verb, _to: "554 5.7.1 not from you" if verb == "RCPT" else None)
    with scripted_server(refused) as server:
        space.set("smtp", port=server.port, connections=1)
        await start(client, "6")
        page = await until(client, ">paused</span>")
        assert page.count("554 5.7.1 not from you") == 1
        assert "Show this to whoever looks after your mail server" in page
        data = {"to": "ana@example.org"}
        space.set("preview", test_addresses=["ana@example.org"])
        await client.post("/issues/june/test", data=data, headers=OURS)
        assert "Readers would not get it either" in await until(client, "not accepted", path="/issues/june/test")


async def test_paused_campaign_goes_on_where_it_stood(client: httpx.AsyncClient, space: Space) -> None:
    space.set("limits", per_second=2)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port, connections=1)
        await start(client, "6")
        assert (await client.post("/campaigns/1", data={"do": "pause"}, headers=OURS)).status_code == 303
        page = await until(client, "a person paused it in the studio")
        assert "0 of 6 settled" in page or len(inbox.messages) < 6
        space.set("limits", per_second=1000)
        assert (await client.post("/campaigns/1", data={"do": "resume"}, headers=OURS)).status_code == 303
        await until(client, ">sent</span>")
    assert len(set(inbox.recipients())) == len(inbox.messages) == 6


async def test_only_one_campaign_is_sent_at_a_time(client: httpx.AsyncClient, space: Space) -> None:
    space.set("limits", per_second=2)
    space.write_issue(ISSUE, "may")
    space.translate("may")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port, connections=1)
        await start(client, "6")
        data = {"segments": "supporters", "people": "6"}
        answer = await client.post("/issues/may/send", data=data, headers=OURS)
        assert answer.status_code == 409
        assert "this studio is sending campaign 1" in answer.text
        await client.post("/campaigns/1", data={"do": "pause"}, headers=OURS)


async def test_closing_the_studio_finishes_what_is_under_way(space: Space) -> None:
    space.set("limits", per_second=2)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port, connections=1)
        async with opened(space, Door(8080, NAMES)) as (client, _studio):
            await start(client, "6")
            while not inbox.messages:  # noqa: ASYNC110 - a thread fills it
                await asyncio.sleep(0.05)
        taken = len(inbox.messages)
        assert taken < 6
        async with opened(space, Door(8080, NAMES)) as (client, studio):
            assert isinstance(studio, PreviewStudio)
            watched = await studio.campaigns.watch(1)
            assert (watched.count("accepted"), watched.count("in_doubt")) == (taken, 0)
            assert "Go on from here" in (await client.get("/campaigns/1")).text
            space.set("limits", per_second=1000)
            await client.post("/campaigns/1", data={"do": "resume"}, headers=OURS)
            await until(client, ">sent</span>")
    assert len(set(inbox.recipients())) == len(inbox.messages) == 6


async def test_campaign_of_another_process_is_watched(client: httpx.AsyncClient, space: Space) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        process = space.start("send", "june", "--segment", "supporters", "--yes")
        await asyncio.to_thread(process.communicate, timeout=60)
        assert process.returncode == 0
    assert "6 of 6 settled" in (await client.get("/campaigns/1")).text
    assert "Watch campaign 1" in (await client.get(PAGE, params={"segment": "supporters"})).text


async def test_campaign_that_does_not_exist_has_no_page(client: httpx.AsyncClient) -> None:
    assert (await client.get("/campaigns/7")).status_code == 404


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_signal_lets_what_is_under_way_come_to_its_end(space: Space, told: signal.Signals) -> None:
    with real_server(delay=0.5) as inbox:
        space.set("smtp", port=inbox.port, connections=2)
        process = space.start("preview", "--no-open")
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1].rstrip("/")
        with httpx.Client(base_url=address, headers={"Origin": address}) as client:
            client.post(PAGE, data={"segments": "supporters", "people": "6"})
        while not inbox.messages:
            time.sleep(0.02)
        time.sleep(0.1)  # in the middle of the next ones
        process.send_signal(told)
        process.communicate(timeout=30)
        assert process.returncode == 0
        taken = len(inbox.messages)
    counts = space.json("campaigns", "show", "1")
    assert isinstance(counts, dict)
    editions = counts["editions"].values()
    assert sum(states.get("accepted", 0) for states in editions) == taken < 6
    assert not any(state in states for states in editions for state in ("sending", "in_doubt"))
