"""What stands behind the public pages, put together from a workspace: the site and its desks."""

from __future__ import annotations

import sqlalchemy as sa

from newsletter.audience.tokens import Tokens
from newsletter.cli.public_readers import ReaderDesk
from newsletter.cli.wiring import House, Stores
from newsletter.errors import StoreError
from newsletter.web.public.site import Site


class PublicDesk:
    """Implements ``web.public.app.Public``."""

    def __init__(self, house: House, stores: Stores, tokens: Tokens) -> None:
        self._stores = stores
        self.readers = ReaderDesk(stores, tokens)

    async def healthy(self) -> bool:
        """Whether the database answers."""
        try:
            async with self._stores.database.read() as connection:
                await connection.execute(sa.text("SELECT 1 FROM subscribers LIMIT 1"))
        except StoreError:
            return False
        return True


def make_site(house: House) -> Site:
    """Whose pages these are."""
    settings = house.settings
    return Site(
        letterhead=house.composer.letterhead,
        formats={locale: settings.format_locale(locale) for locale in settings.locales},
        catalogs=tuple(reversed(house.workspace.catalog_folders)),
        contact=settings.sender.reply_to or settings.sender.address,
    )
