"""The ledger of one campaign: claims and outcomes, committed together.

``exchange`` is the whole protocol with a run: one transaction stores the
outcomes since the last call and claims new rows.  So a row is committed as
*sending* before its MAIL FROM, results cost one commit for many, and at most
one row per open connection is *sending* when the machine dies.

A row is written only under the claim token of the run that holds it, and only
by a move that ``states.TRANSITIONS`` allows.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.subscribers import Subscriber
from newsletter.clock import Clock
from newsletter.delivery.deliver import Claim, Result
from newsletter.delivery.states import TRANSITIONS, State
from newsletter.store.campaigns import Campaign
from newsletter.store.database import Database
from newsletter.store.select import reachable
from newsletter.store.subscribers import load_subscribers
from newsletter.store.tables import deliveries, subscribers


class CampaignLedger:
    """The rows of one campaign, for one run, which is named by its claim ``token``."""

    def __init__(self, database: Database, clock: Clock, campaign: Campaign, token: str) -> None:
        self._database = database
        self._clock = clock
        self._campaign = campaign
        self._token = token

    async def reopen(self) -> int:
        """Prepare a new run; returns how many deliveries a dead run left in doubt.

        Only for whoever holds the campaign's lock: then every row that is
        still *sending* belongs to a run that died.  Deferred rows become due.
        """
        async with self._database.write() as connection:
            doubtful = await self._move(
                connection, State.SENDING, State.IN_DOUBT, reply="the run ended while this message was under way"
            )
            await self._move(connection, State.DEFERRED, State.PENDING)
        return doubtful

    async def close(self) -> int:
        """Cancel the rows of people who left before their copy went out; returns how many."""
        left = sa.select(subscribers.c.id).where(sa.not_(reachable()))
        async with self._database.write() as connection:
            return await self._move(
                connection,
                State.PENDING,
                State.CANCELLED,
                deliveries.c.subscriber_id.in_(left),
                reply="unsubscribed before it was sent",
            )

    async def resolve(self, verdict: State) -> int:
        """Settle everything that is in doubt as a person says: send again (pending), accepted or rejected."""
        async with self._database.write() as connection:
            return await self._move(connection, State.IN_DOUBT, verdict, reply="as a person decided")

    async def cancel(self) -> int:
        """Let nobody else have a copy: what is pending or deferred is cancelled; returns how many."""
        async with self._database.write() as connection:
            await self._move(connection, State.DEFERRED, State.PENDING)
            return await self._move(connection, State.PENDING, State.CANCELLED, reply="the campaign was cancelled")

    async def exchange(self, results: Sequence[Result], want: int) -> list[Claim]:
        """Store outcomes, then claim up to ``want`` pending rows of people who may still be written to."""
        async with self._database.write() as connection:
            if results:
                await self._store(connection, results)
            return await self._claim(connection, want) if want else []

    async def _store(self, connection: AsyncConnection, results: Sequence[Result]) -> None:
        """Every outcome in one go; a row that this run does not hold (any more) stays as it is."""
        rows = [
            {
                "person": result.claim.subscriber.id,
                "new_state": result.outcome.state,
                "new_reply": result.outcome.reply,
            }
            for result in results
        ]
        held = (
            self._mine(),
            deliveries.c.subscriber_id == sa.bindparam("person"),
            deliveries.c.state == State.SENDING,
            deliveries.c.claim == self._token,
        )
        update = (
            deliveries.update()
            .where(*held)
            .values(
                state=sa.bindparam("new_state"),
                reply=sa.bindparam("new_reply"),
                claim=None,
                updated_at=self._clock.now(),
            )
        )
        await connection.execute(update, rows)

    async def _claim(self, connection: AsyncConnection, want: int) -> list[Claim]:
        due = (
            sa.select(deliveries.c.subscriber_id)
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(self._mine(), deliveries.c.state == State.PENDING, reachable())
            .order_by(deliveries.c.subscriber_id)
            .limit(want)
        )
        claimed = await connection.execute(
            deliveries.update()
            .where(self._mine(), deliveries.c.subscriber_id.in_(due))
            .values(
                state=State.SENDING,
                claim=self._token,
                attempts=deliveries.c.attempts + 1,
                updated_at=self._clock.now(),
            )
            .returning(deliveries.c.subscriber_id, deliveries.c.edition_id)
        )
        edition_of = {row.subscriber_id: row.edition_id for row in claimed}
        people: list[Subscriber] = await load_subscribers(connection, subscribers.c.id.in_(edition_of))
        return [Claim(person, edition_of[person.id]) for person in people]

    async def _move(
        self,
        connection: AsyncConnection,
        old: State,
        new: State,
        *where: sa.ColumnElement[bool],
        reply: str | None = None,
    ) -> int:
        if new not in TRANSITIONS[old]:
            raise ValueError(f"no delivery goes from {old} to {new}")
        values: dict[str, object] = {"state": new, "claim": None, "updated_at": self._clock.now()}
        if reply is not None:
            values["reply"] = reply
        result = await connection.execute(
            deliveries.update().where(self._mine(), deliveries.c.state == old, *where).values(**values)
        )
        return result.rowcount

    def _mine(self) -> sa.ColumnElement[bool]:
        return deliveries.c.campaign_id == self._campaign.id
