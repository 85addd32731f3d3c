"""Which secret key a database belongs to.

Every unsubscribe link ever sent is made with the key.  A database that is
opened with another key would make links that nobody can verify, so its first
key is remembered by fingerprint, and any other is refused.
"""

from __future__ import annotations

import sqlalchemy as sa

from newsletter.errors import StoreError
from newsletter.store.database import Database
from newsletter.store.tables import meta

_KEY = "secret_key_fingerprint"


async def key_fingerprint(database: Database) -> str | None:
    """The fingerprint of the key that this database belongs to; None for a new database."""
    async with database.read() as connection:
        found = (await connection.execute(sa.select(meta.c.value).where(meta.c.key == _KEY))).scalar_one_or_none()
    return None if found is None else str(found)


async def bind_key(database: Database, fingerprint: str) -> None:
    """Tie a new database to a key.  Raises StoreError if it belongs to another."""
    async with database.write() as connection:
        found = (await connection.execute(sa.select(meta.c.value).where(meta.c.key == _KEY))).scalar_one_or_none()
        if found is None:
            await connection.execute(meta.insert().values(key=_KEY, value=fingerprint))
        elif found != fingerprint:
            raise StoreError(
                "the secret key is not the one that this database belongs to",
                "restore the key file from a backup: links in mail already sent work with that key only",
            )
