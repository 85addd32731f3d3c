"""The studio's protocol over one workspace: the workbench for files, the store for campaigns and people.

The workbench is called from one thread of its own, one call after the other,
so that a page waits for at most one issue that is being looked through.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from newsletter.audience.subscribers import FIRST_NAME, first_name
from newsletter.cli.studio.approvals import ApprovalDesk
from newsletter.cli.studio.campaigns import CampaignDesk
from newsletter.cli.studio.files import read_file
from newsletter.cli.studio.mail import TOKEN, invented
from newsletter.cli.studio.people import PeopleDesk
from newsletter.cli.studio.translation import TranslationDesk
from newsletter.cli.studio.trials import TrialDesk
from newsletter.cli.studio.workbench import Workbench
from newsletter.delivery.message import Reader
from newsletter.errors import UsageError
from newsletter.render.imaging import Prepared
from newsletter.render.mjml import load_engine
from newsletter.web.preview.events import CARDS, Hub
from newsletter.web.preview.studio import (
    NOBODY,
    Edition,
    File,
    IssueCard,
    IssuePage,
    Overview,
    Persona,
    Task,
)
from newsletter.wording import said

if TYPE_CHECKING:
    from newsletter.cli.wiring import Stores

T = TypeVar("T")
AT_ONCE = 0.2  # seconds that the list of issues may take; what is not looked through by then follows
ADDRESSES_KEPT = 100  # of subscribers that somebody looked through the eyes of
REF_BYTES = 9
PAGES_FIRST = 0.3  # seconds after a change in which the page that somebody looks at has the workbench to itself
TOLD_EVERY = 0.5  # seconds between two reports of how far the looking through has come


class PreviewStudio:
    """What ``newsletter preview`` shows.  Use as ``async with``."""

    def __init__(self, root: Path, environment: Mapping[str, str], hub: Hub) -> None:
        self.bench = Workbench(root, environment)
        self.hub = hub
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="workbench")
        self._stores: Stores | None = None
        self._exits = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None
        self._addresses: dict[str, str] = {}
        self.translation = TranslationDesk(self.bench, self.work)
        self.approvals = ApprovalDesk(self.bench, self.work)
        self.trials = TrialDesk(self.bench, self.work, hub)
        self.campaigns = CampaignDesk(self.bench, self.work, hub, self.stores)
        self.people = PeopleDesk(self.bench, self.stores)

    async def __aenter__(self) -> Self:
        self.read_ahead()
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._reading:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        await self.finish()
        await self._exits.aclose()
        self._thread.shutdown(cancel_futures=True)

    async def finish(self) -> None:
        """Begin nothing more, and let what is being sent come to an end that is known."""
        await self.campaigns.close()
        await self.trials.close()

    async def work(self, call: Callable[[], T]) -> T:
        """Do something at the workbench."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def stores(self) -> Stores | None:
        """The database; None while there is none.  It is never made here.  Raises StoreError."""
        async with self._opening:
            if self._stores is None and _exists(self.bench.house.settings.database, self.bench.house.workspace.root):
                self._stores = await self._exits.enter_async_context(self.bench.house.stores())
        return self._stores

    # All issues

    def read_ahead(self) -> None:
        """Look through all issues in the background, and tell the pages how far it has come."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._read_all())

    async def _read_all(self) -> None:
        await asyncio.sleep(PAGES_FIRST)
        await asyncio.to_thread(load_engine)
        told = asyncio.get_running_loop().time()
        slugs = await self.work(self.bench.slugs)
        await self.work(lambda: self.bench.forget_gone(slugs))
        news = False
        for slug in slugs:
            if await self.work(lambda slug=slug: self.bench.known_card(slug)) is not None:  # type: ignore[misc]
                continue
            with contextlib.suppress(UsageError):  # its file went meanwhile
                await self.work(lambda slug=slug: self.bench.card(slug))  # type: ignore[misc]
            news = True
            if asyncio.get_running_loop().time() - told > TOLD_EVERY:
                told = asyncio.get_running_loop().time()
                self.hub.tell(CARDS)
        if news:
            self.hub.tell(CARDS)

    async def overview(self) -> Overview:
        """All issues."""
        cards, unread = await self.work(self._cards_at_once)
        if unread:
            self.read_ahead()
        campaigns = await self.campaigns.newest()
        house = self.bench.house
        return Overview(
            house.settings.names(),
            tuple(replace(card, campaign=campaigns.get(card.slug)) for card in cards),
            unread,
            house.settings.approval_required,
            self.bench.mistakes,
        )

    def _cards_at_once(self) -> tuple[list[IssueCard], int]:
        end = time.monotonic() + AT_ONCE
        cards, unread = [], 0
        for slug in self.bench.slugs():
            card = self.bench.known_card(slug)
            if card is None and time.monotonic() < end:
                card = self.bench.card(slug)
            unread += card is None
            cards.append(card or self.bench.glance(slug))
        cards.sort(key=lambda card: (card.date or dt.date.min, card.slug), reverse=True)
        return cards, unread

    # One issue

    async def issue(self, slug: str, persona: Persona) -> IssuePage:
        """One issue as one reader gets it."""
        reader = await self._reader(persona)

        def look() -> IssuePage:
            loaded = self.bench.load(slug)
            house = self.bench.house
            card = self.bench.card(slug)
            locales = house.settings.editions()
            return IssuePage(
                slug,
                card,
                tuple(self.bench.edition(slug, locale, persona, reader) for locale in locales),
                self.bench.segments(loaded.issue) if loaded.issue else (),
                reader.email if reader else "",
                house.settings.approval_required,
                (*self.bench.mistakes, *loaded.mistakes),
            )

        page = await self.work(look)
        campaigns = await self.campaigns.newest()
        return replace(page, card=replace(page.card, campaign=campaigns.get(slug)))

    async def mail(self, slug: str, locale: str, persona: Persona) -> Edition:
        """One edition."""
        reader = await self._reader(persona)
        if locale not in self.bench.house.settings.editions():
            raise UsageError(said("there is no edition '%(locale)s'", locale=locale))
        return await self.work(lambda: self.bench.edition(slug, locale, persona, reader))

    async def tasks(self, slug: str) -> tuple[Task, ...]:
        """What is left to do."""
        return await self.work(lambda: self.bench.tasks(slug))

    # Readers

    async def reader_ref(self, address: str) -> str:
        """The ``ref`` of a subscriber."""
        stores = await self.stores()
        if stores is None or await stores.subscribers.find(address) is None:
            raise UsageError(said("nobody on the list has the address '%(address)s'", address=address))
        ref = secrets.token_urlsafe(REF_BYTES)
        self._addresses[ref] = address
        if len(self._addresses) > ADDRESSES_KEPT:
            self._addresses.pop(next(iter(self._addresses)))
        return ref

    async def _reader(self, persona: Persona) -> Reader | None:
        if persona.person == NOBODY or invented(persona.person):
            return None
        address, stores = self._addresses.get(persona.person), await self.stores()
        found = await stores.subscribers.find(address) if stores and address else None
        if found is None:
            raise UsageError(said("this subscriber is not known any more"), said("type the address again"))
        return Reader(found.email, found.name, first_name(found.name, found.attributes.get(FIRST_NAME)), TOKEN)

    # Files

    async def file(self, path: str) -> File:
        """A file that staff write."""
        return await self.work(lambda: read_file(self.bench.house.workspace, path))

    async def picture(self, name: str) -> Prepared | None:
        """A picture of a mail that was shown."""
        return await self.work(lambda: self.bench.house.pictures.published(name))


def _exists(database: str, root: Path) -> bool:
    prefix = "sqlite:///"
    return not database.startswith(prefix) or (root / database.removeprefix(prefix)).is_file()
