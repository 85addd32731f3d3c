"""The ledger of one campaign: claims and outcomes, committed together.

``exchange`` is the whole protocol with a run: one transaction stores the
outcomes since the last call and claims new rows.  So a row is committed as
*sending* before its MAIL FROM, results cost one commit for many, and at most
one row per open connection is *sending* when the machine dies.

A row is written only under the claim token of the run that holds it, and only
by a move that ``states.TRANSITIONS`` allows.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.clock import Clock
from newsletter.delivery.deliver import Claim, Result
from newsletter.delivery.retry import next_attempt
from newsletter.delivery.states import TRANSITIONS, Outcome, State
from newsletter.store.campaigns import Campaign
from newsletter.store.database import Database
from newsletter.store.select import reachable
from newsletter.store.subscribers import addressee
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
        still *sending* belongs to a run that died.  Deferred rows whose time
        has come are pending again.
        """
        async with self._database.write() as connection:
            doubtful = await self._move(
                connection, State.SENDING, State.IN_DOUBT, reply="the run ended while this message was under way"
            )
            due = deliveries.c.due_at <= self._clock.now()
            await self._move(connection, State.DEFERRED, State.PENDING, due)
        return doubtful

    async def next_due(self) -> dt.datetime | None:
        """When the first deferred row may be tried again; None if nothing is deferred."""
        query = sa.select(sa.func.min(deliveries.c.due_at)).where(self._mine(), deliveries.c.state == State.DEFERRED)
        async with self._database.read() as connection:
            found: dt.datetime | None = (await connection.execute(query)).scalar_one_or_none()
        return found

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

    async def resolve(self, old: State, new: State) -> int:
        """Move everything in one state to another, as a person says who has looked; returns how many."""
        async with self._database.write() as connection:
            return await self._move(connection, old, new, reply="as a person decided")

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
        now = self._clock.now()
        update = (
            deliveries.update()
            .where(
                self._mine(),
                deliveries.c.subscriber_id == sa.bindparam("person"),
                deliveries.c.state == State.SENDING,
                deliveries.c.claim == self._token,
            )
            .values(
                state=sa.bindparam("new_state"),
                reply=sa.bindparam("new_reply"),
                due_at=sa.bindparam("new_due_at"),
                claim=None,
                updated_at=now,
            )
        )
        await connection.execute(update, [_outcome_row(result, now) for result in results])

    async def _claim(self, connection: AsyncConnection, want: int) -> list[Claim]:
        due = (
            sa.select(subscribers, deliveries.c.edition_id, deliveries.c.attempts, deliveries.c.first_attempt_at)
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(self._mine(), deliveries.c.state == State.PENDING, reachable())
            # Who was tried in vain comes last, so that nobody holds up all others.
            .order_by(deliveries.c.attempts, deliveries.c.subscriber_id)
            .limit(want)
        )
        now = self._clock.now()
        rows = (await connection.execute(due)).mappings().all()
        if rows:
            await connection.execute(
                deliveries.update()
                .where(self._mine(), deliveries.c.subscriber_id.in_([row["id"] for row in rows]))
                .values(
                    state=State.SENDING,
                    claim=self._token,
                    attempts=deliveries.c.attempts + 1,
                    first_attempt_at=sa.func.coalesce(deliveries.c.first_attempt_at, now),
                    updated_at=now,
                )
            )
        return [
            Claim(addressee(row), row["edition_id"], row["attempts"] + 1, row["first_attempt_at"] or now)
            for row in rows
        ]

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


def _outcome_row(result: Result, now: dt.datetime) -> dict[str, object]:
    """The values of one outcome; a deferred row gets its time, or is given up."""
    outcome, due = result.outcome, None
    if outcome.state is State.DEFERRED:
        claim = result.claim
        due = next_attempt(claim.attempt, claim.first_attempt, now, random.random())  # noqa: S311 - no secret
        if due is None:
            outcome = Outcome(State.REJECTED, f"given up after {claim.attempt} attempts: {outcome.reply}")
    return {
        "person": result.claim.addressee.id,
        "new_state": outcome.state,
        "new_reply": outcome.reply,
        "new_due_at": due,
    }
