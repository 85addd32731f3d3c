"""The only place where the parts are put together: settings in, rooms connected.

Rooms are imported where they are built: SQLAlchemy takes most of a second to
load on an old laptop, and many commands need no database.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.cli.actor import person
from newsletter.cli.newsroom import Newsroom
from newsletter.clock import Clock
from newsletter.errors import Finding, SettingsError, SourceSpan, StoreError
from newsletter.settings import FILE_NAME, password_of
from newsletter.wording import said
from newsletter.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from newsletter.adapters.dkim import DkimSigner
    from newsletter.adapters.mailbox import ImapServer
    from newsletter.adapters.smtp import SmtpServer
    from newsletter.audience.tokens import Tokens
    from newsletter.delivery.limits import Limit
    from newsletter.store.archive import ArchiveStore
    from newsletter.store.audit import AuditStore
    from newsletter.store.campaigns import CampaignStore
    from newsletter.store.database import Database
    from newsletter.store.erasure import Eraser
    from newsletter.store.freeze import Freezer
    from newsletter.store.people import PeopleStore
    from newsletter.store.subscribers import SubscriberStore
    from newsletter.store.upkeep import Upkeep


class House(Newsroom):
    """A newsroom with a database, a mail server and a mailbox: everything that commands use."""

    def __init__(self, workspace: Workspace, clock: Clock | None = None, who: str = "") -> None:
        super().__init__(workspace, clock)
        self.who = who or person()  # in the audit log

    def smtp_server(self) -> SmtpServer:
        """The mail server.  SettingsError if none is named, or nobody gave the password for it."""
        from newsletter.adapters.smtp import SmtpServer

        smtp = self.settings.smtp
        if smtp is None:
            hint = said("add 'smtp: {host: …, port: 587, security: starttls}' (docs/settings.md)")
            raise _missing(said("sending needs a mail server: 'smtp'"), hint)
        return SmtpServer(
            host=smtp.host,
            port=smtp.port,
            security=smtp.security,
            username=smtp.username,
            password=password_of(self.workspace.root, "smtp", smtp),
            mail_from=self.settings.sender.bounces or self.settings.sender.address,
            timeout=smtp.timeout,
            messages_per_connection=smtp.messages_per_connection,
        )

    def imap_server(self) -> ImapServer:
        """The mailbox to which mail comes back.  SettingsError if none is named, or nobody gave the password for it."""
        from newsletter.adapters.mailbox import ImapServer
        from newsletter.settings import Handling

        box = self.settings.bounces
        if box is None:
            hint = "add 'bounces: {host: …, username: …, password_file: …}' (docs/settings.md)"
            raise _missing("reading a mailbox needs one: 'bounces'", hint)
        move_to = box.handled_folder if box.handled is Handling.MOVE else ""
        return ImapServer(
            host=box.host,
            port=box.port,
            security=box.security,
            username=box.username,
            password=password_of(self.workspace.root, "bounces", box),
            folders=box.folders,
            move_to=move_to,
            timeout=box.timeout,
        )

    def dkim_signer(self) -> DkimSigner | None:
        """Who signs the messages, if the settings name a key.  SettingsError if the key cannot be used."""
        from newsletter.adapters.dkim import DkimSigner, load_key

        dkim = self.settings.dkim
        if dkim is None:
            return None
        try:
            key = load_key((self.workspace.root / dkim.key_file).read_bytes())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            hint = said("docs/going-live.md tells how to make a key")
            where = SourceSpan(FILE_NAME, line=0)
            message = said("the DKIM key %(file)s cannot be used: %(why)s", file=dkim.key_file, why=reason)
            raise SettingsError([Finding(where, "bad-key", message, hint)]) from None
        return DkimSigner(dkim.domain, dkim.selector, key)

    def require_database(self) -> None:
        """Raise StoreError where opening the database would make a new one, in a file that is not there."""
        from sqlalchemy.engine import make_url

        url = make_url(self.settings.database)
        if url.get_backend_name() != "sqlite" or (self.workspace.root / (url.database or "")).exists():
            return
        hint = "is its disk away, or is this another folder than the one that you send from?"
        raise StoreError(f"there is no database {url.database}", hint)

    @asynccontextmanager
    async def stores(self) -> AsyncIterator[Stores]:
        """The database, opened and migrated."""
        from newsletter.store.archive import ArchiveStore
        from newsletter.store.audit import AuditStore
        from newsletter.store.campaigns import CampaignStore
        from newsletter.store.database import Database
        from newsletter.store.erasure import Eraser
        from newsletter.store.freeze import Freezer
        from newsletter.store.people import PeopleStore
        from newsletter.store.subscribers import SubscriberStore
        from newsletter.store.upkeep import Upkeep

        async with await Database.open(self.settings.database, self.workspace.root) as database:
            locales = self.settings.locales
            yield Stores(
                database,
                SubscriberStore(database, self.clock, locales[0], self.who),
                PeopleStore(database),
                Eraser(database, self.clock, self.who),
                CampaignStore(database, self.clock, self.who),
                Freezer(database, self.clock, locales, self.settings.bilingual, self.who),
                Upkeep(database, self.clock),
                AuditStore(database, self.clock),
                ArchiveStore(database, self.clock),
            )

    def sending_limits(self) -> dict[str, Limit]:
        """What may be sent how fast, by recipient domain; "" is all mail."""
        from newsletter.delivery.limits import Limit

        limits = self.settings.limits
        every = [("", limits), *limits.domains.items()]
        given = {domain: Limit(domain, limit.per_second, limit.per_hour, limit.per_day) for domain, limit in every}
        return {domain: limit for domain, limit in given.items() if limit != Limit(domain)}

    async def tokens(self, database: Database) -> Tokens:
        """The maker of reader links.  Its key is created with the database, and only then.  Raises StoreError."""
        from newsletter.cli.keys import open_tokens

        file = self.workspace.root / self.settings.secret_key_file
        return await open_tokens(database, file, self.workspace.shown(file), self.settings.secret_key)


@dataclass(frozen=True, slots=True)
class Stores:
    """What is kept in the database, by subject."""

    database: Database
    subscribers: SubscriberStore
    people: PeopleStore
    eraser: Eraser
    campaigns: CampaignStore
    freezer: Freezer
    upkeep: Upkeep
    audit: AuditStore
    archive: ArchiveStore


def _missing(message: str, hint: str) -> SettingsError:
    """That a command needs a key which the settings may leave out."""
    return SettingsError([Finding(SourceSpan(FILE_NAME), "missing-key", message, hint)])


def open_house() -> House:
    """The house of the workspace that the command was called in."""
    return House(find_workspace(Path.cwd(), os.environ))


def with_settings(house: House, **changes: object) -> House:
    """The same house with other settings; for the demo."""
    settings = house.settings.model_copy(update=changes)
    return House(replace(house.workspace, settings=settings), house.clock, house.who)
