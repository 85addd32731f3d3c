"""Forms that were filled in: kept until the reader confirms by the link in a mail, or for a few days.

Whoever fills one in is on no list because of it, and nothing here looks at
whether an address is known already: that is found out when the mail goes out,
so that no form can be used to ask who is on the list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from newsletter.audience.audit import READER, Deed, Entry
from newsletter.audience.choices import SignUp
from newsletter.audience.consent import Agreement
from newsletter.audience.lookalikes import GMAIL, near_key
from newsletter.audience.subscribers import Status, address_key
from newsletter.clock import Clock
from newsletter.store.audit import record_now
from newsletter.store.consents import record_agreement, wording_of
from newsletter.store.database import Database
from newsletter.store.gather import Gathered
from newsletter.store.people import new_ref
from newsletter.store.tables import consents, signups, subscriber_tags, subscribers, wordings

DAY = dt.timedelta(days=1)
MAILS_A_DAY = 3  # to one mailbox, whoever fills in forms
MOST_WAITING = 2_000  # forms whose mail is still to go out; beyond that somebody is playing with us


@dataclass(frozen=True, slots=True)
class Waiting:
    """A form that waits for its mail or its click.

    ``known`` is the subscriber with this address, if they get mail; of a form
    that was found by its link, only if it is this form that they confirmed.
    """

    id: int
    ref: str
    email: str
    locale: str
    known: str = ""  # their ref


class SignupStore:
    """The forms in one database.  ``days`` is how long each may be confirmed."""

    def __init__(self, database: Database, clock: Clock, writes: Gathered, days: int) -> None:
        self._database = database
        self._clock = clock
        self._writes = writes
        self._days = days

    async def ask(self, form: SignUp) -> bool:
        """Keep a form, for which a mail is to go out; False if too many wait already.

        A mailbox gets MAILS_A_DAY, however its address is written; what comes after that is dropped without a word.
        """
        now = self._clock.now()
        key = address_key(form.email)
        same = _same_mailbox(key)

        def change(connection: sa.Connection) -> bool:
            waiting = sa.select(sa.func.count()).where(signups.c.mailed_at.is_(None))
            if connection.execute(waiting).scalar_one() >= MOST_WAITING:
                return False
            today = sa.select(sa.func.count()).where(signups.c.asked_at > now - DAY, same)
            if connection.execute(today).scalar_one() >= MAILS_A_DAY:
                return True
            connection.execute(
                signups.insert().values(
                    ref=new_ref(),
                    email=form.email,
                    email_key=key,
                    name=form.name,
                    locale=form.locale,
                    tags=sorted(form.tags),
                    source=form.agreement.source,
                    wording=wording_of(connection, form.agreement),
                    asked_at=now,
                    expires_at=now + self._days * DAY,
                )
            )
            return True

        return await self._writes.write(change)

    async def to_mail(self, most: int, held: Collection[str], resting: Collection[int]) -> Sequence[Waiting]:
        """The forms whose mail is still to go out, the newest first: behind a flood nobody's waits for all of it.

        None to a domain that is ``held`` up by limits, and none whose id is among the ``resting``.
        """
        known = sa.and_(subscribers.c.email_key == signups.c.email_key, subscribers.c.status == Status.SUBSCRIBED)
        query = (
            sa.select(signups.c.id, signups.c.ref, signups.c.email, signups.c.locale, subscribers.c.ref)
            .select_from(signups.outerjoin(subscribers, known))
            .where(signups.c.mailed_at.is_(None), signups.c.expires_at > self._clock.now())
            .where(signups.c.id.not_in(resting))
            .where(*(~signups.c.email.endswith(f"@{domain}", autoescape=True) for domain in held))
            .order_by(signups.c.id.desc())
            .limit(most)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Waiting(number, ref, email, locale, known or "") for number, ref, email, locale, known in rows]

    async def mailed(self, waiting: Waiting) -> None:
        """Its mail was handed over."""
        change = signups.update().where(signups.c.id == waiting.id).values(mailed_at=self._clock.now())
        await self._writes.write(lambda connection: connection.execute(change).rowcount)

    async def drop(self, waiting: Waiting) -> None:
        """Forget it: no server takes mail for this address."""
        change = signups.delete().where(signups.c.id == waiting.id)
        await self._writes.write(lambda connection: connection.execute(change).rowcount)

    async def purge(self) -> int:
        """Forget what was not confirmed in time; how many."""
        change = signups.delete().where(signups.c.expires_at <= self._clock.now())
        count: int = await self._writes.write(lambda connection: connection.execute(change).rowcount)
        return count

    async def find(self, ref: str) -> Waiting | None:
        """The form that a link to confirm is for; None if there is none (any more), or who confirmed it has left."""

        def look(connection: sa.Connection) -> Waiting | None:
            form = connection.execute(self._open(ref)).mappings().one_or_none()
            if form is None:
                return None
            query = sa.select(subscribers).where(subscribers.c.email_key == form["email_key"])
            row = connection.execute(query).mappings().one_or_none()
            if row is None or not _was_confirmed(connection, row["id"], form):
                return Waiting(form["id"], ref, form["email"], form["locale"])
            on = row["status"] == Status.SUBSCRIBED
            return Waiting(form["id"], ref, form["email"], form["locale"], row["ref"]) if on else None

        async with self._database.read() as connection:
            return await connection.run_sync(look)

    async def confirm(self, ref: str) -> str | None:
        """Put somebody on the list as the form says, wherever they were before; their ref, or None.

        Who was erased gets a new row, which nothing ties to what is left of
        the old one.  The form stays until it expires, so that a second click
        on the button finds it; but that changes nothing: neither what they
        chose since, nor that they left (a browser may post a page again).
        """

        def change(connection: sa.Connection) -> str | None:
            # Held, so that whoever erases this person finds either the form or the row.
            form = connection.execute(self._open(ref).with_for_update()).mappings().one_or_none()
            if form is None:
                return None
            now = self._clock.now()
            query = sa.select(subscribers).where(subscribers.c.email_key == form["email_key"]).with_for_update()
            row = connection.execute(query).mappings().one_or_none()
            if row is not None and _was_confirmed(connection, row["id"], form):
                return str(row["ref"]) if row["status"] == Status.SUBSCRIBED else None
            number, own_ref = self._enter(connection, form, row, now)
            have = sa.select(subscriber_tags.c.tag).where(subscriber_tags.c.subscriber_id == number)
            if new := set(form["tags"]) - set(connection.execute(have).scalars()):
                rows = [{"subscriber_id": number, "tag": tag} for tag in sorted(new)]
                connection.execute(subscriber_tags.insert(), rows)
            words = sa.select(wordings.c.text).where(wordings.c.hash == form["wording"])
            agreement = Agreement(connection.execute(words).scalar_one(), form["source"], form["asked_at"])
            record_agreement(connection, number, agreement, now)
            detail = {"before": "" if row is None else row["status"], "source": form["source"]}
            record_now(connection, self._clock, Entry(READER, Deed.SIGNED_UP, f"subscriber {own_ref}", detail))
            return own_ref

        return await self._writes.write(change)

    def _enter(
        self, connection: sa.Connection, form: Mapping[Any, Any], row: Mapping[Any, Any] | None, now: dt.datetime
    ) -> tuple[int, str]:
        """Their row as it is to be: id and ref."""
        values = {"locale": form["locale"], "status": Status.SUBSCRIBED, "updated_at": now}
        if row is None:
            own_ref = new_ref()
            values |= {"ref": own_ref, "email": form["email"], "email_key": form["email_key"], "name": form["name"]}
        else:
            own_ref = row["ref"]
            values |= {"name": form["name"] or row["name"]}
        if row is None or row["status"] != Status.SUBSCRIBED:  # who comes back gets what the form says, and no less
            values |= {"declined": "", "paused_until": None}
        if row is None:
            new = subscribers.insert().values(**values, attributes={}, created_at=now).returning(subscribers.c.id)
            return connection.execute(new).scalar_one(), own_ref
        connection.execute(subscribers.update().where(subscribers.c.id == row["id"]).values(**values))
        return row["id"], own_ref

    def _open(self, ref: str) -> sa.Select[Any]:
        return sa.select(signups).where(signups.c.ref == ref, signups.c.expires_at > self._clock.now())


def _was_confirmed(connection: sa.Connection, person: int, form: Mapping[Any, Any]) -> bool:
    """Whether the consent that comes of this form is on record."""
    theirs = consents.c.subscriber_id == person
    same = (
        consents.c.source == form["source"],
        consents.c.given_at == form["asked_at"],
        consents.c.confirmed_at.is_not(None),
    )
    return connection.execute(sa.select(consents.c.id).where(theirs, *same).limit(1)).first() is not None


def _same_mailbox(key: str) -> sa.ColumnElement[bool]:
    """The forms with an address that leads to the same mailbox: another ``+tag``, or other dots at Gmail."""
    local, _at, domain = near_key(key).rpartition("@")
    column: sa.ColumnElement[str] = signups.c.email_key
    domains = [domain]
    if domain in GMAIL:
        column, domains = sa.func.replace(column, ".", ""), [one.replace(".", "") for one in GMAIL]
    tagged = column.startswith(f"{local}+", autoescape=True)
    return sa.or_(
        *(column == f"{local}@{one}" for one in domains),
        *(sa.and_(tagged, column.endswith(f"@{one}", autoescape=True)) for one in domains),
    )
