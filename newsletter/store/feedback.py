"""What came back, applied: who is to be written to no more, and what is only counted.

A returned mail changes something only if it proves that it is about a mail of
ours: by the token in its envelope address, by the reader's token in the header
of the mail that came back, or by a Message-ID which is the MAC of a delivery to
the address that failed.  Anybody can invent the rest.

One mail is one transaction, and leaves a row for each person it tells of, named
by mail and person: read twice, it counts once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.audit import Deed, Entry
from newsletter.audience.subscribers import Status, address_key
from newsletter.audience.tokens import Tokens
from newsletter.clock import Clock
from newsletter.delivery.bounces import Kind, Returned, Verdict
from newsletter.delivery.states import State
from newsletter.store.audit import record
from newsletter.store.database import Database
from newsletter.store.tables import campaigns, deliveries, feedback, subscribers

SOFT_IN_A_ROW = 3  # campaigns after which a mailbox that was never reached is given up
WHO = "mailbox"  # in the audit log
_SEVERITY = (Kind.SOFT, Kind.SENDER, Kind.HARD, Kind.UNSUBSCRIBE, Kind.COMPLAINT)
_STATUS = {Kind.HARD: Status.BOUNCED, Kind.COMPLAINT: Status.COMPLAINED, Kind.UNSUBSCRIBE: Status.UNSUBSCRIBED}


class Effect(StrEnum):
    """What a verdict did."""

    COUNTED = "counted"
    SUPPRESSED = "suppressed"  # the person is written to no more
    KNOWN = "known"  # the same mail was read before


@dataclass(frozen=True, slots=True)
class Applied:
    """What a returned mail did to one person.  ``ref`` is their random name; ``campaign_id`` None if unknown."""

    kind: Kind
    effect: Effect
    ref: str
    campaign_id: int | None


@dataclass(frozen=True, slots=True)
class _Person:
    id: int
    ref: str
    email: str
    status: Status


class FeedbackStore:
    """What came back, in one database."""

    def __init__(self, database: Database, clock: Clock, tokens: Tokens) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens

    async def apply(self, returned: Returned) -> list[Applied]:
        """Do what one returned mail asks for; nothing, and an empty list, unless it is about a mail of ours."""
        if not returned.verdicts:
            return []
        async with self._database.write() as connection:
            return [
                await self._apply(connection, returned.key, person, campaign_id, verdict)
                for person, campaign_id, verdict in await self._tied(connection, returned)
                if person.status is not Status.ERASED
            ]

    async def _tied(
        self, connection: AsyncConnection, returned: Returned
    ) -> Sequence[tuple[_Person, int | None, Verdict]]:
        """The verdicts that are about somebody whom we wrote to, with the campaign if it is known."""
        origin = returned.origin
        delivery = self._tokens.delivery_of(origin.delivery_token)
        if delivery is not None:
            campaign_id, subscriber_id = delivery
            sent = deliveries.c.campaign_id == campaign_id
            query = _PERSON.join(deliveries, deliveries.c.subscriber_id == subscribers.c.id)
            person = await _person(connection, query.where(subscribers.c.id == subscriber_id, sent))
            return [(person, campaign_id, _about(person, returned.verdicts))] if person else []
        ref = self._tokens.reader_ref(origin.reader_token)
        if ref is not None:
            person = await _person(connection, _PERSON.where(subscribers.c.ref == ref))
            if person is None:
                return []
            found = await self._campaign(connection, person, origin.message_id)
            return [(person, found, _about(person, returned.verdicts))]
        tied = []
        for verdict in returned.verdicts:
            key = address_key(verdict.address)
            person = await _person(connection, _PERSON.where(subscribers.c.email_key == key)) if key else None
            found = await self._campaign(connection, person, origin.message_id) if person else None
            if person is not None and found is not None:
                tied.append((person, found, verdict))
        return tied

    async def _campaign(self, connection: AsyncConnection, person: _Person, message_id: str) -> int | None:
        """The campaign whose mail to this person has this Message-ID, whatever domain stands in it."""
        name = message_id.strip("<>").partition("@")[0]
        query = (
            sa.select(campaigns.c.id, campaigns.c.ref)
            .join(deliveries, deliveries.c.campaign_id == campaigns.c.id)
            .where(deliveries.c.subscriber_id == person.id)
            .order_by(campaigns.c.id.desc())
        )
        for campaign_id, ref in (await connection.execute(query)).all() if name else ():
            if f"<{name}@>" in self._tokens.message_ids(ref, person.ref, ""):
                return int(campaign_id)
        return None

    async def _apply(
        self, connection: AsyncConnection, key: str, person: _Person, campaign_id: int | None, verdict: Verdict
    ) -> Applied:
        kind = verdict.kind
        if kind is Kind.HARD and verdict.address and address_key(verdict.address) != address_key(person.email):
            # A mailbox behind theirs, or one that they had before.
            kind = Kind.SOFT
        insert = sqlite.insert(feedback) if self._database.file else postgresql.insert(feedback)
        added = await connection.execute(
            insert.values(
                key=hashlib.sha256(f"{key}/{person.id}".encode()).hexdigest(),
                campaign_id=campaign_id,
                subscriber_id=person.id,
                verdict=kind.value,
                status=verdict.status[:12],
                diagnostic=verdict.diagnostic,
                domain=person.email.rpartition("@")[2],
                at=self._clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(feedback.c.key)
        )
        if added.scalar_one_or_none() is None:
            return Applied(kind, Effect.KNOWN, person.ref, campaign_id)
        status = _STATUS.get(kind)
        if kind is Kind.SOFT and await _never_reached(connection, person.id):
            status = Status.BOUNCED
        changed = status is not None and await self._suppress(connection, person, status, kind, campaign_id)
        return Applied(kind, Effect.SUPPRESSED if changed else Effect.COUNTED, person.ref, campaign_id)

    async def _suppress(
        self, connection: AsyncConnection, person: _Person, status: Status, kind: Kind, campaign_id: int | None
    ) -> bool:
        """Write to somebody no more, and log it; False if they had left before."""
        # Who complains after a bounce has complained; a wish to leave is never overwritten.
        over = [Status.SUBSCRIBED, Status.BOUNCED] if status is not Status.BOUNCED else [Status.SUBSCRIBED]
        done = await connection.execute(
            subscribers.update()
            .where(subscribers.c.id == person.id, subscribers.c.status.in_(over))
            .values(status=status, updated_at=self._clock.now())
        )
        if not done.rowcount:
            return False
        deed = Deed.UNSUBSCRIBED if kind is Kind.UNSUBSCRIBE else Deed.SUPPRESSED
        detail = {"why": kind.value, "campaign": campaign_id, "status": status.value}
        await record(connection, self._clock, Entry(WHO, deed, f"subscriber {person.ref}", detail))
        return True


_PERSON = sa.select(subscribers.c.id, subscribers.c.ref, subscribers.c.email, subscribers.c.status)


async def _person(connection: AsyncConnection, query: sa.Select[tuple[int, str, str, str]]) -> _Person | None:
    row = (await connection.execute(query.with_for_update(of=subscribers))).mappings().one_or_none()
    return _Person(row["id"], row["ref"], row["email"], Status(row["status"])) if row else None


def _about(person: _Person, verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict about this person: on their address, else the mildest, since they may have been reached otherwise."""
    own = [verdict for verdict in verdicts if address_key(verdict.address) == address_key(person.email)]
    return min(own or verdicts, key=lambda verdict: _SEVERITY.index(verdict.kind))


async def _never_reached(connection: AsyncConnection, subscriber_id: int) -> bool:
    """Whether the last campaigns that went out to somebody all came back."""
    last = (
        sa.select(deliveries.c.campaign_id)
        .where(deliveries.c.subscriber_id == subscriber_id, deliveries.c.state == State.ACCEPTED)
        .order_by(deliveries.c.campaign_id.desc())
        .limit(SOFT_IN_A_ROW)
    )
    sent = set((await connection.execute(last)).scalars())
    back = sa.select(feedback.c.campaign_id).where(
        feedback.c.subscriber_id == subscriber_id, feedback.c.verdict == Kind.SOFT.value
    )
    return len(sent) == SOFT_IN_A_ROW and sent <= set((await connection.execute(back)).scalars())
