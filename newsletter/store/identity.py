"""Which secret key a database belongs to.

Every unsubscribe link ever sent is made with a key.  A database that is opened
without one of its keys would know links no more that it once made, so all of
them are remembered by fingerprint.  A new key may join them; none may go.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.errors import StoreError
from newsletter.store.database import Database
from newsletter.store.tables import meta
from newsletter.wording import said

_KEY = "secret_key_fingerprint"  # of each key, with spaces between


async def has_key(database: Database) -> bool:
    """Whether this database belongs to a key already; False for a new one."""
    async with database.read() as connection:
        return bool(await _known(connection))


async def bind_keys(database: Database, fingerprints: Sequence[str]) -> None:
    """Tie a database to its keys.  Raises StoreError if one that it belongs to is not among them."""
    async with database.read() as connection:
        if set(await _known(connection)) == set(fingerprints):
            return
    async with database.write() as connection:
        known = await _known(connection)
        if not known:
            await connection.execute(meta.insert().values(key=_KEY, value=" ".join(fingerprints)))
        elif lost := set(known).difference(fingerprints):
            message = said("the secret key is not the one that this database belongs to")
            if len(known) > 1:
                message = said("%(number)s of the secret keys of this database are missing", number=len(lost))
            hint = said(
                "restore the key file from a backup: links in mail already sent work with that key only; "
                "a new key goes on a line of its own above it"
            )
            raise StoreError(message, hint)
        elif set(fingerprints).difference(known):
            await connection.execute(meta.update().where(meta.c.key == _KEY).values(value=" ".join(fingerprints)))


async def _known(connection: AsyncConnection) -> list[str]:
    """The fingerprints of its keys; none of a new database."""
    found = (await connection.execute(sa.select(meta.c.value).where(meta.c.key == _KEY))).scalar_one_or_none()
    return (found or "").split()
