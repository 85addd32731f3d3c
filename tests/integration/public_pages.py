"""The public pages in one process: an HTTP client, the list behind them, and links as they stand in mail."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa

from newsletter.audience.audit import READER
from newsletter.audience.csvlist import GoodRow
from newsletter.audience.subscribers import NewSubscriber, Subscriber
from newsletter.audience.tokens import Tokens
from newsletter.cli.public.desk import PublicDesk, open_public
from newsletter.store.tables import audit, subscribers
from tests.integration.conftest import Space

BASE = "https://news.example.org"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
INTERESTS = {"farms": {"en": "Farms", "es": "Ranchos"}, "marches": "Marches"}


@dataclass(frozen=True, slots=True)
class Pages:
    """What a test needs."""

    client: httpx.AsyncClient
    desk: PublicDesk
    tokens: Tokens

    async def add(self, email: str = "ana@example.org", **values: Any) -> Subscriber:
        """Somebody on the list; ``values`` are columns of their row."""
        row = NewSubscriber(email, "Ana Díaz", values.pop("locale", "es"), frozenset(values.pop("tags", ())))
        await self.desk.stores.subscribers.import_rows([GoodRow(1, row, ())], self.tokens.address_hashes)
        if values:
            async with self.desk.stores.database.write() as connection:
                await connection.execute(subscribers.update().where(subscribers.c.email == email).values(**values))
        return await self.person(email)

    async def person(self, email: str = "ana@example.org") -> Subscriber:
        """Who somebody is now."""
        found = await self.desk.stores.subscribers.find(email)
        assert found is not None
        return found

    async def rows(self, table: sa.Table) -> list[Mapping[Any, Any]]:
        """All that a table holds."""
        async with self.desk.stores.database.read() as connection:
            return list((await connection.execute(sa.select(table))).mappings().all())

    async def deeds(self) -> list[Mapping[Any, Any]]:
        """What readers did, as the audit log has it."""
        return [row for row in await self.rows(audit) if row["who"] == READER]

    def leave(self, person: Subscriber) -> str:
        """Their link to unsubscribe."""
        return f"/u/{self.tokens.reader_token(person.ref)}"

    def prefer(self, person: Subscriber) -> str:
        """Their link to preferences."""
        return f"/p/{self.tokens.reader_token(person.ref)}"


@asynccontextmanager
async def opened(space: Space, address: str = "192.0.2.1") -> AsyncIterator[Pages]:
    """The pages of a workspace, asked by a client at this address.  Errors of ours fail the test."""
    async with open_public(space.house()) as (app, desk):
        transport = httpx.ASGITransport(app, client=(address, 1234))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            yield Pages(client, desk, desk.tokens)


def heading(response: httpx.Response) -> str:
    """What the page is about."""
    found = re.search(r"<h1>(.*?)</h1>", response.text)
    assert found, response.text
    return found[1]


async def switched(pages: Pages, response: httpx.Response, tag: str) -> httpx.Response:
    """The page to which the switch of languages leads from this one."""
    found = re.search(rf'<a href="([^"]+)" lang="{tag}"', response.text)
    assert found, response.text
    return await pages.client.get(html.unescape(found[1]))


def language(response: httpx.Response) -> str:
    """What the page says of its language."""
    found = re.search(r'<html lang="([^"]+)"', response.text)
    assert found
    assert response.headers["Content-Language"] == found[1]
    return found[1]
