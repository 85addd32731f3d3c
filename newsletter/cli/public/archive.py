"""The archive behind the public pages: from the store, the pictures' folder and the flyers' press."""

from __future__ import annotations

import asyncio
import datetime as dt
import mimetypes
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from newsletter.cli.publishing import flyer_press, media_file, origin, print_flyer
from newsletter.cli.wiring import House, Stores
from newsletter.render.calendar import calendar_file
from newsletter.render.flyer import FlyerPress, Paper
from newsletter.skeleton import SLUG
from newsletter.web.public.archive import Page, Picture, Shelf

if TYPE_CHECKING:
    from newsletter.store.archive import Published

LONGEST_SLUG = 80  # characters, as in the database
KEPT = 40  # flyers in memory, of some 35 KB each; setting one takes up to 0.3 seconds


class ArchiveDesk:
    """Implements ``web.public.archive.Archive``."""

    def __init__(self, house: House, stores: Stores) -> None:
        self._house = house
        self._store = stores.archive
        self._flyers: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._press_lock = asyncio.Lock()

    def now(self) -> dt.datetime:
        """The time, by which things are over."""
        return self._house.clock.now()

    async def page(self, slug: str, locale: str) -> Page | None:
        """One edition."""
        if not _is_name(slug):
            return None
        found = await self._store.page(slug, locale)
        return (await self._with_languages([found]))[0] if found else None

    async def languages(self, slug: str) -> Sequence[str]:
        """In which languages an issue can be read."""
        return (await self._store.locales([slug])).get(slug, []) if _is_name(slug) else []

    async def shelf(self, locale: str, limit: int, offset: int = 0, *, whole: bool = False) -> Shelf:
        """The newest editions first; with their HTML only if ``whole``."""
        found = await self._store.newest(locale, limit, offset, pages=whole)
        return Shelf(await self._with_languages(found), await self._store.count(locale))

    async def changed_at(self, locale: str) -> dt.datetime | None:
        """When the list of editions in one language was last another."""
        return await self._store.changed_at(locale)

    async def flyer(self, page: Page, paper: str) -> bytes | None:
        """The edition as one page to print.  Raises TemplateError."""
        if paper not in list(Paper):
            return None
        edition, now = page.edition, self.now()
        key = (edition.digest, edition.locale, paper, *(ask.is_over(now) for ask in edition.facts.asks))
        if key not in self._flyers:
            async with self._press_lock:  # one at a time: nobody can keep all cores busy with it
                made = await asyncio.to_thread(print_flyer, self._house, self._press, edition, Paper(paper))
            self._flyers[key] = made
            while len(self._flyers) > KEPT:
                self._flyers.popitem(last=False)
        self._flyers.move_to_end(key)
        return self._flyers[key]

    async def calendar(self, page: Page, block: str) -> str:
        """The event of one block as a file; "" if there is none."""
        edition = page.edition
        if not block:
            return ""
        return calendar_file(edition.facts, origin(self._house, edition.slug, edition.locale), page.published_at, block)

    async def picture(self, name: str) -> Picture | None:
        """A picture of a mail, by its name under ``/media/``."""
        return await asyncio.to_thread(self._picture, name)

    def _picture(self, name: str) -> Picture | None:
        file = media_file(self._house, name)
        kind = mimetypes.guess_type(name)[0] if file else None
        try:
            return Picture(file.read_bytes(), kind) if file and kind else None
        except OSError:
            return None

    @cached_property
    def _press(self) -> FlyerPress:
        return flyer_press(self._house)

    async def _with_languages(self, found: Sequence[Published]) -> list[Page]:
        known = await self._store.locales([one.edition.slug for one in found])
        # In the order of the settings; a language that is not offered any more has no pages.
        return [
            Page(
                one.edition,
                one.published_at,
                tuple(other for other in self._house.settings.locales if other in known.get(one.edition.slug, ())),
            )
            for one in found
        ]


def _is_name(slug: str) -> bool:
    """Whether an issue could be called so; PostgreSQL refuses some other texts."""
    return len(slug) <= LONGEST_SLUG and SLUG.fullmatch(slug) is not None
