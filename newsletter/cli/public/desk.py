"""What stands behind the public pages, put together from a workspace: the site and its desks."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa
from starlette.types import ASGIApp

from newsletter.audience.tokens import Tokens
from newsletter.cli.logs import note
from newsletter.cli.public.archive import ArchiveDesk
from newsletter.cli.public.mailer import Mailer
from newsletter.cli.public.readers import JoinDesk, ReaderDesk
from newsletter.cli.wiring import House, Stores
from newsletter.errors import StoreError
from newsletter.store.allowances import Turns
from newsletter.store.choices import ChoiceStore
from newsletter.store.gather import Gathered
from newsletter.store.signups import SignupStore
from newsletter.web.public.app import make_app
from newsletter.web.public.buckets import Buckets
from newsletter.web.public.site import Site

BURST = 10  # forms that one client may send at once: several people at one table


@asynccontextmanager
async def open_public(house: House) -> AsyncIterator[tuple[ASGIApp, PublicDesk]]:
    """The pages of a workspace over its open database, and what stands behind them.

    Raises SettingsError, StoreError, TemplateError.
    """

    def on_fault(error: BaseException) -> None:
        note("page-failed", logging.ERROR, error)

    async with house.stores() as stores:
        public = PublicDesk(house, stores, await house.tokens(stores.database))
        per_hour = house.settings.public.forms_per_hour
        buckets = Buckets(per_hour, min(per_hour, BURST))
        yield make_app(make_site(house), public, house.clock, buckets, on_fault), public


class PublicDesk:
    """Implements ``web.public.app.Public``; ``mailer`` is to be run beside the pages.  Raises SettingsError.

    Without a mail server nobody can join, and so there is no mailer; whoever wants to leave still can.
    """

    def __init__(self, house: House, stores: Stores, tokens: Tokens) -> None:
        self.stores, self.tokens = stores, tokens
        database, clock, settings = stores.database, house.clock, house.settings
        writes = Gathered(database)
        signups = SignupStore(database, clock, writes, settings.public.confirm_days)
        self.mailer: Mailer | None = None
        if settings.smtp is not None:
            turns = Turns(database, clock, house.sending_limits())
            server, signer = house.smtp_server(), house.dkim_signer()
            self.mailer = Mailer(house, signups, turns, tokens, server, signer, database)
        self.readers = ReaderDesk(ChoiceStore(database, clock, writes), tokens)
        self.joining = JoinDesk(signups, tokens, self.mailer)
        self.archive = ArchiveDesk(house, stores)

    async def healthy(self) -> bool:
        """Whether the database answers."""
        try:
            async with self.stores.database.read() as connection:
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
        timezone=house.zone,
        editions=settings.editions(),
        interests=settings.interests(),
        confirm_days=settings.public.confirm_days,
    )
