"""Past editions: what the pages show of them, and who tells it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from newsletter.render.facts import PublicEdition


@dataclass(frozen=True, slots=True)
class Page:
    """One edition, when its words were first sent, and every language in which the issue can be read."""

    edition: PublicEdition
    published_at: dt.datetime
    locales: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Some of the editions in one language, and how many there are in all."""

    pages: Sequence[Page]
    total: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of a mail."""

    content: bytes
    media_type: str


class Archive(Protocol):
    """Knows what everybody may read.  Takes any slug, locale or name, and answers None for what there is not."""

    def now(self) -> dt.datetime:
        """The time, by which things are over."""
        ...

    async def page(self, slug: str, locale: str) -> Page | None:
        """One edition."""
        ...

    async def languages(self, slug: str) -> Sequence[str]:
        """In which languages an issue can be read."""
        ...

    async def shelf(self, locale: str, limit: int, offset: int = 0, *, whole: bool = False) -> Shelf:
        """The newest editions first; with their HTML only if ``whole``."""
        ...

    async def changed_at(self, locale: str) -> dt.datetime | None:
        """When the list of editions in one language was last another."""
        ...

    async def flyer(self, page: Page, paper: str) -> bytes | None:
        """The edition as one page to print, on ``a4`` or ``letter``."""
        ...

    async def calendar(self, page: Page, block: str) -> str:
        """The event of one block as a file; "" if there is none."""
        ...

    async def picture(self, name: str) -> Picture | None:
        """A picture of a mail, by its name under ``/media/``."""
        ...
