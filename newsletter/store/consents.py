"""Who agreed to which words, and when: written in the transaction of what it allows."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.audience.consent import Agreement, wording_hash
from newsletter.store.tables import consents, wordings


def keep_wording(connection: sa.Connection, text: str) -> str:
    """Store a wording unless it is there already; returns its hash."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    found = wording_hash(text)
    connection.execute(insert(wordings).values(hash=found, text=text).on_conflict_do_nothing())
    return found


def wording_of(connection: sa.Connection, agreement: Agreement) -> str:
    """The hash of what somebody read: what their form shows if that were ever words of ours, else today's."""
    shown = sa.select(wordings.c.hash).where(wordings.c.hash == agreement.shown)
    return connection.execute(shown).scalar() or keep_wording(connection, agreement.wording)


def record_agreement(connection: sa.Connection, subscriber_id: int, agreement: Agreement, now: dt.datetime) -> None:
    """Note that somebody agreed, and showed by a link in a mail that the address is theirs.  Once for each giving."""
    given = agreement.given_at or now
    known = sa.select(consents.c.id).where(consents.c.subscriber_id == subscriber_id, consents.c.given_at == given)
    if connection.execute(known).first() is None:
        connection.execute(
            consents.insert().values(
                subscriber_id=subscriber_id,
                source=agreement.source,
                wording=keep_wording(connection, agreement.wording),
                given_at=given,
                confirmed_at=now,
            )
        )
