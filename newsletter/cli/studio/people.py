"""Subscribers in the studio: the numbers of ``newsletter segments count``, and addresses only when asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from newsletter.audience.segments import All
from newsletter.cli.people import count_editions, first_people
from newsletter.cli.studio.workbench import Workbench
from newsletter.errors import UsageError
from newsletter.i18n.locales import own_names
from newsletter.web.preview.people import Listed, People, Person, SegmentRow
from newsletter.wording import said

if TYPE_CHECKING:
    from newsletter.cli.wiring import Stores

LISTED = 50  # people of a segment that are listed
EVERYBODY = "*"  # no segment can have this name


class PeopleDesk:
    """Implements ``Counting``."""

    def __init__(self, bench: Workbench, stores: Callable[[], Awaitable[Stores | None]]) -> None:
        self._bench = bench
        self._stores = stores

    async def count(self) -> People:
        """The numbers."""
        house, stores = self._bench.house, await self._stores()
        if stores is None:
            return People((), (), ())
        rules = {EVERYBODY: All(()), **house.settings.segments}
        locales, counts = await count_editions(house, stores, rules)
        numbers = {name: tuple(found[locale] for locale in locales) for name, found in counts.items()}
        languages = tuple((locale, own_names(locale)) for locale in locales)
        segments = tuple(SegmentRow(name, numbers[name]) for name in house.settings.segments)
        return People(languages, numbers[EVERYBODY], segments)

    async def listed(self, segment: str) -> Listed:
        """The first people of a segment."""
        house, stores = self._bench.house, await self._stores()
        house.require_segments([segment])
        if stores is None:
            raise UsageError(said("there is no list of subscribers yet"))
        found, more = await first_people(house, stores, segment, LISTED)
        people = (entry.subscriber for entry in found)
        return Listed(segment, tuple(Person(p.email, p.name, p.locale, tuple(sorted(p.tags))) for p in people), more)
