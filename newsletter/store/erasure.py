"""Erasing a person: of all that is stored, a keyed hash of the address is left, and nothing else.

The rows of the ledger stay, since a campaign's numbers must add up and
nothing may be sent twice; they point to what is left of the person, which has
no address, no name and another random ref, so that links and returned mail
find nobody.  The hash is for one thing: a later import of an old list does
not bring the person back.  Source: GDPR, Articles 17 and 21 (3).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.audit import Deed, Entry
from newsletter.audience.subscribers import Status, address_key, erased_key
from newsletter.clock import Clock
from newsletter.delivery.states import State
from newsletter.store.audit import record
from newsletter.store.database import Database
from newsletter.store.importing import Hashes
from newsletter.store.people import new_ref
from newsletter.store.tables import consents, deliveries, feedback, signups, subscriber_tags, subscribers

# What becomes of a row of the ledger.  A message that is under way may arrive or not: nobody can tell any more,
# and whatever its run says later is written nowhere, since the run does not hold the row any more.
_LEFT_OF = {
    State.PENDING: State.CANCELLED,
    State.DEFERRED: State.CANCELLED,
    State.SENDING: State.IN_DOUBT,
}


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: the person's row or only forms they had filled in; how many rows of the ledger were emptied.

    ``clean`` says that nothing is left in SQLite's log either.
    """

    person: bool
    signups: int
    deliveries: int
    clean: bool


class Eraser:
    """Erases people from one database."""

    def __init__(self, database: Database, clock: Clock, who: str) -> None:
        self._database = database
        self._clock = clock
        self._who = who

    async def erase(self, email: str, hashes: Hashes) -> Erased | None:
        """Erase one person, in one transaction; None if nothing is stored of this address."""
        key = address_key(email)
        rows = 0
        async with self._database.write() as connection:
            await self._database.erase_alone(connection)
            asked = (await connection.execute(signups.delete().where(signups.c.email_key == key))).rowcount
            query = sa.select(subscribers.c.id).where(subscribers.c.email_key == key)
            person = (await connection.execute(query)).scalar_one_or_none()
            if person is not None:
                # First the ledger, as those who send do, so that neither waits for the other for ever.  Then the
                # person: whoever is writing down more about them holds that row, and after it finds them erased.
                rows = await self._empty_ledger(connection, person)
                ref = await self._empty_row(connection, person, [erased_key(found) for found in hashes(key)])
                await self._empty_feedback(connection, person)
                for table in (subscriber_tags, consents):
                    await connection.execute(table.delete().where(table.c.subscriber_id == person))
                await record(connection, self._clock, Entry(self._who, Deed.ERASED, f"subscriber {ref}"))
        if person is None and not asked:
            return None
        return Erased(person is not None, asked, rows, await self._database.empty_log())

    async def _empty_ledger(self, connection: AsyncConnection, person: int) -> int:
        mine = deliveries.c.subscriber_id == person
        result = await connection.execute(
            deliveries.update()
            .where(mine)
            .values(
                state=sa.case(_LEFT_OF, value=deliveries.c.state, else_=deliveries.c.state),
                claim=None,
                domain="",
                reply="",
                due_at=None,
            )
        )
        return result.rowcount

    async def _empty_feedback(self, connection: AsyncConnection, person: int) -> None:
        """What came back still counts in its campaign, as the row of the ledger does that has the same number."""
        query = sa.select(feedback.c.key).where(feedback.c.subscriber_id == person)
        for key in (await connection.execute(query)).scalars().all():
            await connection.execute(
                feedback.update()
                .where(feedback.c.key == key)
                .values(key=secrets.token_hex(32), diagnostic="", domain="")
            )

    async def _empty_row(self, connection: AsyncConnection, person: int, keys: list[str]) -> str:
        """Leave the hash under the newest secret key; returns the new ref."""
        # Whoever joined again after an erasure, and is erased again: the older row keeps no hash.
        older = sa.select(subscribers.c.id).where(subscribers.c.email_key.in_(keys))
        for one in (await connection.execute(older)).scalars().all():
            nothing = erased_key(secrets.token_hex(16))
            await connection.execute(subscribers.update().where(subscribers.c.id == one).values(email_key=nothing))
        ref, now = new_ref(), self._clock.now()
        await connection.execute(
            subscribers.update()
            .where(subscribers.c.id == person)
            .values(
                ref=ref,
                email="",
                email_key=keys[0],
                name="",
                locale="",
                status=Status.ERASED,
                declined="",
                paused_until=None,
                attributes={},
                created_at=now,
                updated_at=now,
            )
        )
        return ref
