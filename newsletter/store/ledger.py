"""The ledger of one campaign for one run: claims and outcomes, committed together.

``exchange`` is the whole protocol with a run: one transaction stores the
outcomes since the last call and claims new rows.  So a row is committed as
*sending* before its MAIL FROM, results cost one commit for many, and at most
one row per open connection is *sending* when the machine dies.

Every claim carries the token of its run and the number of its attempt, and an
outcome is stored only under both (fencing): a run that was given up for dead
writes over nothing, nor does a result that comes twice.  In its
transaction a claim locks, for reading, the rows of the campaign and of the run.
So when ``pause`` has returned, nothing more is claimed; and whoever declares a
run dead knows that it has claimed its last.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from newsletter.audience.audit import PROGRAM, Deed, Entry
from newsletter.audience.subscribers import FIRST_NAME, Addressee, Status, first_name
from newsletter.clock import Clock
from newsletter.delivery.desk import LEASE, Claim, Grant, OnClaims, Result
from newsletter.delivery.limits import Limit
from newsletter.delivery.retry import next_attempt
from newsletter.delivery.states import CampaignStatus, Outcome, State
from newsletter.store.allowances import Allowances, lane_of, prepare
from newsletter.store.audit import record_now
from newsletter.store.database import Database
from newsletter.store.prepared import Prepared
from newsletter.store.select import may_get
from newsletter.store.tables import UtcTime, campaigns, deliveries, runs, subscribers

RECHECK = dt.timedelta(seconds=5)  # until a domain that had nothing left is asked for again
SHORTEST_WAIT = 0.005  # seconds between two looks at limits

# May anything be claimed?  Read under a lock that pausing, cancelling and giving up a run must wait for.
_STANDING = (
    sa.select(campaigns.c.status, campaigns.c.status_reason)
    .join(runs, runs.c.campaign_id == campaigns.c.id)
    .where(campaigns.c.id == sa.bindparam("campaign"), runs.c.token == sa.bindparam("token"))
    .with_for_update(read=True)
)
_STORE = (
    deliveries.update()
    .where(
        deliveries.c.campaign_id == sa.bindparam("campaign"),
        deliveries.c.subscriber_id == sa.bindparam("person"),
        deliveries.c.state == State.SENDING,
        deliveries.c.claim == sa.bindparam("token"),
        deliveries.c.attempts == sa.bindparam("attempt"),
    )
    .values(
        state=sa.bindparam("new_state"),
        reply=sa.bindparam("new_reply"),
        due_at=sa.bindparam("new_due_at"),
        claim=None,
        updated_at=sa.bindparam("now"),
    )
)
# Whoever was tried in vain comes last, so that nobody holds up all others.
_NEXT = (
    sa.select(
        subscribers.c.id,
        subscribers.c.ref,
        subscribers.c.email,
        subscribers.c.name,
        subscribers.c.attributes[FIRST_NAME].as_string(),
        deliveries.c.edition_id,
        deliveries.c.attempts,
        deliveries.c.first_attempt_at,
        deliveries.c.domain,
    )
    .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
    .where(
        deliveries.c.campaign_id == sa.bindparam("campaign"),
        deliveries.c.state == State.PENDING,
        may_get(sa.bindparam("campaign"), sa.bindparam("now", type_=UtcTime())),
    )
    .order_by(deliveries.c.attempts, deliveries.c.subscriber_id)
    .limit(sa.bindparam("want", type_=sa.Integer()))
    .with_for_update(of=deliveries, skip_locked=True)
)
_CLAIM = (
    deliveries.update()
    .where(deliveries.c.campaign_id == sa.bindparam("campaign"), deliveries.c.subscriber_id == sa.bindparam("person"))
    .values(
        state=State.SENDING,
        claim=sa.bindparam("token"),
        attempts=deliveries.c.attempts + 1,
        first_attempt_at=sa.func.coalesce(deliveries.c.first_attempt_at, sa.bindparam("now", type_=UtcTime())),
        updated_at=sa.bindparam("now", type_=UtcTime()),
    )
)


class CampaignLedger:
    """The rows of one campaign, for one run, which is named by its claim ``token``."""

    def __init__(
        self, database: Database, clock: Clock, campaign_id: int, token: str, limits: Mapping[str, Limit] | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._campaign_id = campaign_id
        self.token = token
        self._limits = dict(limits or {})
        self._empty_until: dict[str, dt.datetime] = {}  # by domain: nothing of it is pending, as far as we know
        self._mine = deliveries.c.campaign_id == campaign_id
        dialect = database.dialect
        self._standing = Prepared(_STANDING, dialect)
        self._store_all = Prepared(_STORE, dialect, ("person", "attempt", "new_state", "new_reply", "new_due_at"))
        self._claim_all = Prepared(_CLAIM, dialect, ("person",))
        self._next = {lane: Prepared(_NEXT.where(*self._in_lane(lane)), dialect) for lane in ("", *self._limits)}

    async def begin(self, name: str) -> None:
        """Take up the lease.  ``name`` tells staff which machine and process this is."""

        def work(connection: sa.Connection) -> None:
            prepare(connection, self._limits)
            connection.execute(
                runs.insert().values(
                    token=self.token,
                    campaign_id=self._campaign_id,
                    name=name,
                    started_at=self._clock.now(),
                    expires_at=self._database.now_plus(self._clock.now(), LEASE),
                )
            )

        await self._database.transact(work)

    async def renew(self) -> bool:
        """Show that this run is alive; False if it was given up for dead."""

        def work(connection: sa.Connection) -> bool:
            expires_at = self._database.now_plus(self._clock.now(), LEASE)
            done = connection.execute(runs.update().where(runs.c.token == self.token).values(expires_at=expires_at))
            return done.rowcount > 0

        return await self._database.transact(work)

    async def end(self) -> None:
        """Give the lease back."""
        await self._database.transact(
            lambda connection: connection.execute(runs.delete().where(runs.c.token == self.token))
        )

    async def recover(self, held: Mapping[int, int]) -> None:
        """Free what was claimed by a commit whose answer never came: nobody holds it, so nothing of it was begun."""

        def work(connection: sa.Connection) -> None:
            # The lost commit may still be on its way to the server.  A claim holds the row of its run, so this waits
            # until it is decided; and whatever the server does not know of by then was cut off with its connection.
            connection.execute(sa.select(runs.c.token).where(runs.c.token == self.token).with_for_update())
            connection.execute(
                deliveries.update()
                .where(
                    self._mine,
                    deliveries.c.state == State.SENDING,
                    deliveries.c.claim == self.token,
                    sa.tuple_(deliveries.c.subscriber_id, deliveries.c.attempts).not_in(list(held.items())),
                )
                .values(state=State.PENDING, claim=None, updated_at=self._clock.now())
            )

        await self._database.transact(work)
        self._empty_until.clear()

    async def exchange(self, results: Sequence[Result], want: int, prepare: OnClaims | None = None) -> Grant:
        """Store outcomes, then claim up to ``want`` pending rows of people who may still be written to."""

        def work(connection: sa.Connection) -> Grant:
            if results:
                self._store(connection, results)
            if want and (halted := self._halted(connection)):
                return Grant(halted=halted)
            if self._limits:
                return self._claim_within_limits(connection, results, want)
            return Grant(self._claim(connection, want)) if want else Grant()

        if prepare is None or not want:
            return await self._database.transact(work)
        return await self._database.transact(work, lambda grant: prepare(grant.claims))

    def _halted(self, connection: sa.Connection) -> str:
        """Why nothing may be claimed; empty if it may."""
        found = self._standing.rows(connection, campaign=self._campaign_id, token=self.token)
        if not found:
            return "this run was silent for so long that it was given up for dead"
        ((status, reason),) = found
        if status == CampaignStatus.RUNNING:
            return ""
        return f"the campaign is {status}{f': {reason}' if reason else ''}"

    def _store(self, connection: sa.Connection, results: Sequence[Result]) -> None:
        """Every outcome in one go; a row that this run does not hold (any more) stays as it is."""
        now = self._clock.now()
        rows = [_outcome_row(result, now) for result in results]
        self._store_all.many(connection, rows, campaign=self._campaign_id, token=self.token, now=now)
        if gone := [result.claim.addressee.id for result in results if result.outcome.gone]:
            suppressed = connection.execute(
                subscribers.update()
                .where(subscribers.c.id.in_(gone), subscribers.c.status == Status.SUBSCRIBED)
                .values(status=Status.BOUNCED, updated_at=now)
                .returning(subscribers.c.ref)
            )
            detail = {"campaign": self._campaign_id}
            entries = [Entry(PROGRAM, Deed.SUPPRESSED, f"subscriber {ref}", detail) for ref in suppressed.scalars()]
            record_now(connection, self._clock, *entries)

    def _claim_within_limits(self, connection: sa.Connection, results: Sequence[Result], want: int) -> Grant:
        """Claim what limits allow, limited domains first: they are what takes longest."""
        accounts = Allowances.load(connection, self._limits, self._database.now(self._clock.now()))
        unsent = Counter(result.claim.domain for result in results if result.outcome.state is State.PENDING)
        accounts.give_back(unsent)
        for domain in unsent:
            self._empty_until.pop(lane_of(domain, self._limits), None)
        now, left = accounts.now, min(want, accounts.room("").free)
        found: dict[str, list[Claim]] = {}
        for domain in self._lanes(now):
            most = min(left, accounts.room(domain).free) if domain else left
            if most <= 0:
                continue
            found[domain] = self._claim(connection, most, domain)
            left -= len(found[domain])
            if len(found[domain]) < most:
                self._empty_until[domain] = now + RECHECK
        moments = accounts.take({domain: len(some) for domain, some in found.items()})
        accounts.save(connection)
        claims = [
            claim._replace(delay=max(0.0, (moment - now).total_seconds()))
            for domain, some in found.items()
            for claim, moment in zip(some, moments[domain], strict=True)
        ]
        return Grant(claims, self._resume_in(connection, accounts) if len(claims) < want else None)

    def _resume_in(self, connection: sa.Connection, accounts: Allowances) -> float | None:
        """Seconds until a limit allows the next message; None if no limit stands in the way of any."""
        now, everything = accounts.now, accounts.room("")
        opens = {domain: max(everything.first, accounts.room(domain).first) for domain in self._lanes(now)}
        for domain in sorted(opens, key=opens.__getitem__):
            if self._next[domain].rows(connection, campaign=self._campaign_id, want=1, now=self._clock.now()):
                return max(SHORTEST_WAIT, (opens[domain] - now).total_seconds())
            self._empty_until[domain] = now + RECHECK
        return None

    def _lanes(self, now: dt.datetime) -> list[str]:
        """The limited domains, then "" for all others; without those of which nothing was left a moment ago."""
        domains = sorted(domain for domain in self._limits if domain)
        return [domain for domain in (*domains, "") if self._empty_until.get(domain, now) <= now]

    def _in_lane(self, domain: str) -> list[sa.ColumnElement[bool]]:
        """The condition that makes a row belong to a lane."""
        limited = [limited for limited in self._limits if limited]
        if domain:
            return [deliveries.c.domain == domain]
        # Written out, since a prepared statement cannot hold a list of values.
        return [deliveries.c.domain != other for other in limited]

    def _claim(self, connection: sa.Connection, want: int, lane: str = "") -> list[Claim]:
        now = self._clock.now()
        rows = self._next[lane].rows(connection, campaign=self._campaign_id, want=want, now=now)
        if rows:
            self._claim_all.many(
                connection, [(row[0],) for row in rows], campaign=self._campaign_id, token=self.token, now=now
            )
        return [
            Claim(
                Addressee(person, ref, email, name, first_name(name, own)),
                edition_id,
                attempts + 1,
                first_attempt or now,
                domain,
            )
            for person, ref, email, name, own, edition_id, attempts, first_attempt, domain in rows
        ]


def _outcome_row(result: Result, now: dt.datetime) -> tuple[object, ...]:
    """Person, attempt, state, reply and the time of the next attempt; a deferred row gets that, or is given up."""
    claim, outcome, due = result.claim, result.outcome, None
    if outcome.state is State.DEFERRED:
        due = next_attempt(claim.attempt, claim.first_attempt, now, random.random())  # noqa: S311 - no secret
        if due is None:
            outcome = Outcome(State.REJECTED, f"given up after {claim.attempt} attempts: {outcome.reply}")
    return claim.addressee.id, claim.attempt, outcome.state.value, outcome.reply, due
