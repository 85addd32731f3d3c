"""Approving in the studio over HTTP: the same file as ``newsletter i18n approve`` writes."""

from __future__ import annotations

import asyncio
import re

import httpx
import yaml

from .conftest import ISSUE, Space
from .test_studio import OURS, both, client

__all__ = ["both", "client"]

PAGE = "/issues/june/approve"


async def print_of(client: httpx.AsyncClient, locale: str) -> str:
    page = (await client.get(PAGE)).text
    found = re.search(rf'name="locale" value="{locale}">\s*<input type="hidden" name="print" value="(\w+)"', page)
    assert found is not None
    return found[1]


async def approve(client: httpx.AsyncClient, locale: str, seen: str) -> httpx.Response:
    return await client.post(PAGE, data={"locale": locale, "by": "Ana", "print": seen}, headers=OURS)


async def test_approval_is_the_file_that_the_command_writes(client: httpx.AsyncClient, space: Space) -> None:
    assert (await approve(client, "es", await print_of(client, "es"))).status_code == 303
    file = space.root / "locales" / "es" / "approvals" / "june.yaml"
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    await asyncio.to_thread(space.run, "i18n", "approve", "june", "--locale", "es", "--by", "Ana")
    assert {**written, "at": ""} == {**yaml.safe_load(file.read_text(encoding="utf-8")), "at": ""}
    assert "Ana approved it" in (await client.get(PAGE)).text
    log = await asyncio.to_thread(space.json, "audit")
    assert isinstance(log, list)
    assert [entry["who"].startswith("studio, ") for entry in log] == [False, True]
    assert {(entry["what"], entry["detail"]["by"]) for entry in log} == {("approved", "Ana")}


async def test_what_changed_since_is_shown_and_voids_it(client: httpx.AsyncClient, space: Space) -> None:
    await approve(client, "en", await print_of(client, "en"))
    space.write_issue(ISSUE.replace("Milk with Dignity", "Milk and dignity"))
    page = (await client.get(PAGE)).text
    assert "Since then one thing has changed" in page
    assert "source message farms.title changed" in page


async def test_edition_that_changed_while_it_was_read_is_not_approved(client: httpx.AsyncClient, space: Space) -> None:
    seen = await print_of(client, "en")
    space.write_issue(ISSUE.replace("Milk with Dignity", "Milk and dignity"))
    answer = await approve(client, "en", seen)
    assert answer.status_code == 409
    assert not (space.root / "locales" / "en" / "approvals" / "june.yaml").exists()


async def test_incomplete_edition_leads_to_its_translation(client: httpx.AsyncClient, space: Space) -> None:
    space.write_issue(ISSUE.replace("Milk with Dignity", "Milk and dignity"))
    page = (await client.get(PAGE)).text
    assert "It cannot be approved yet" in page
    assert "/issues/june/translate/es?show=todo" in page


async def test_approval_can_be_taken_back(client: httpx.AsyncClient, space: Space) -> None:
    await approve(client, "es", await print_of(client, "es"))
    data = {"locale": "es", "withdraw": "1"}
    assert (await client.post(PAGE, data=data, headers=OURS)).status_code == 303
    assert not (space.root / "locales" / "es" / "approvals" / "june.yaml").exists()
    assert (await client.post(PAGE, data=data, headers=OURS)).status_code == 409


async def test_missing_approval_leads_to_the_page(client: httpx.AsyncClient, space: Space) -> None:
    space.replace("approval", "required")
    assert f'<a href="{PAGE}">' in (await client.get("/issues/june/tasks")).text
