"""The tables.  Any change here needs a migration beside it; a test compares the two."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[dt.datetime]):
    """Aware datetimes in UTC, also where the database has no zones (SQLite)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone does not go into the database")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return value.replace(tzinfo=dt.UTC) if value is not None and value.tzinfo is None else value


# Facts about the database itself: which secret key its tokens belong to.
meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

subscribers = sa.Table(
    "subscribers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("ref", sa.String(24), nullable=False, unique=True),  # random; the name in tokens
    sa.Column("email", sa.String(320), nullable=False),
    # audience.address_key(email); of an erased person, audience.erased_key: nothing but a keyed hash.
    sa.Column("email_key", sa.String(320), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False, default=""),
    sa.Column("locale", sa.String(41), nullable=False, default=""),
    sa.Column("status", sa.String(20), nullable=False),  # audience.Status
    sa.Column("declined", sa.String(20), nullable=False, default=""),  # a content.MailKind that they do not want
    sa.Column("paused_until", UtcTime),  # they want no mail before
    sa.Column("attributes", sa.JSON, nullable=False, default=dict),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
)

subscriber_tags = sa.Table(
    "subscriber_tags",
    metadata,
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", sa.String(60), primary_key=True),
    sa.Index(None, "tag", "subscriber_id"),
)

# One sending of one issue to some segments; frozen when it starts.
campaigns = sa.Table(
    "campaigns",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("ref", sa.String(24), nullable=False, unique=True),  # random; the name in Message-IDs
    sa.Column("slug", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),  # content.MailKind
    sa.Column("segments", sa.JSON, nullable=False),  # sorted names
    sa.Column("segments_key", sa.Text, nullable=False),  # the same as one text, numbered from the second sending on
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("frozen_at", UtcTime, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),  # delivery.states.CampaignStatus
    sa.Column("status_reason", sa.Text, nullable=False, default=""),  # why it is paused, in words for staff
    sa.Column("starts_at", UtcTime),  # null: at once
    sa.Column("latest_start_at", UtcTime),  # a scheduled campaign that nobody started by then waits for a person
    sa.Column("again_reason", sa.Text, nullable=False, default=""),  # why people get the same issue a second time
    sa.UniqueConstraint("slug", "segments_key"),
)

# The frozen editions of a campaign: one a locale and set of limiting segments.
editions = sa.Table(
    "editions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("campaign_id", sa.ForeignKey("campaigns.id"), nullable=False),
    sa.Column("locale", sa.String(41), nullable=False),  # or a pair: es+en
    sa.Column("segments", sa.JSON, nullable=False),
    sa.Column("sender", sa.JSON, nullable=False),  # delivery.message.Sender
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("calendar", sa.Text, nullable=False, default=""),  # the events as a file that is attached; "" for none
    sa.Index(None, "campaign_id"),
)

# What everybody may read of a campaign, in each of its languages: the public page, and what it asks for.
archive = sa.Table(
    "archive",
    metadata,
    sa.Column("campaign_id", sa.ForeignKey("campaigns.id"), primary_key=True),
    sa.Column("locale", sa.String(41), primary_key=True),
    sa.Column("slug", sa.String(80), nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("preheader", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),  # with the marks of render.public
    sa.Column("facts", sa.JSON, nullable=False),  # render.facts.Facts
    sa.Column("digest", sa.String(64), nullable=False),  # of all of this
    sa.Column("published_at", UtcTime, nullable=False),  # when these words were first sent
    sa.Column("hidden", sa.Boolean, nullable=False, default=False),  # taken off the web by staff
    sa.Column("changed_at", UtcTime, nullable=False),  # when it was stored, hidden or shown
    sa.Index(None, "slug", "locale"),
    sa.Index(None, "locale", "date"),
)

# How often each event has changed since it was first sent (RFC 5545, SEQUENCE).
events = sa.Table(
    "events",
    metadata,
    sa.Column("slug", sa.String(80), primary_key=True),
    sa.Column("block", sa.String(80), primary_key=True),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("digests", sa.JSON, nullable=False),  # locale → what was last said there, in short
)

# The ledger: one row a person and campaign, whatever segments picked the person.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("campaign_id", sa.ForeignKey("campaigns.id"), primary_key=True),
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id"), primary_key=True),
    sa.Column("edition_id", sa.ForeignKey("editions.id"), nullable=False),
    sa.Column("domain", sa.String(255), nullable=False),  # of the address when it was frozen; for limits and reports
    sa.Column("state", sa.String(12), nullable=False),  # delivery.states.State
    sa.Column("claim", sa.String(24)),  # the token of the run that holds the row; null when nobody does
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("first_attempt_at", UtcTime),
    sa.Column("due_at", UtcTime),  # when a deferred row may be tried again
    sa.Column("reply", sa.Text, nullable=False, default=""),  # the server's last words
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Index("ix_deliveries_claim", "campaign_id", "state", "attempts", "subscriber_id"),  # in the order of claims
    sa.Index(None, "subscriber_id"),
)

# Who is sending just now.  A run that does not renew its lease is dead, and what it held is in doubt.
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("token", sa.String(24), primary_key=True),
    sa.Column("campaign_id", sa.ForeignKey("campaigns.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # machine and process, for staff
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),  # by the database's clock
)

# How much of each limit is used: one row a limit, locked while it is read and written.
allowances = sa.Table(
    "allowances",
    metadata,
    sa.Column("key", sa.String(255), primary_key=True),  # a recipient domain; empty for all mail
    sa.Column("next_at", UtcTime),  # the first free moment under per_second
    sa.Column("counts", sa.JSON, nullable=False, default=dict),  # delivery.limits.Used
)

# Forms that were filled in and wait for the click on "yes, it was me"; nobody here is on the list because of it.
signups = sa.Table(
    "signups",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("ref", sa.String(24), nullable=False, unique=True),  # random; the name in the link to confirm
    sa.Column("email", sa.String(320), nullable=False),
    sa.Column("email_key", sa.String(320), nullable=False),
    sa.Column("name", sa.Text, nullable=False, default=""),
    sa.Column("locale", sa.String(41), nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),  # sorted
    sa.Column("source", sa.Text, nullable=False),  # which form, in words or as an address of ours
    sa.Column("wording", sa.ForeignKey("wordings.hash"), nullable=False),
    sa.Column("asked_at", UtcTime, nullable=False),
    sa.Column("mailed_at", UtcTime),  # null: the mail to confirm is still to go out
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Index(None, "email_key"),
    sa.Index(None, "expires_at"),
)

# What people were told when they said yes, each wording once, by SHA-256 in hex.
wordings = sa.Table(
    "wordings",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)

# Who agreed to what, when and where.  Goes when the person is erased.
consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("source", sa.Text, nullable=False),  # a form of ours, or what an import said
    sa.Column("wording", sa.ForeignKey("wordings.hash")),  # null: an import that did not say
    sa.Column("given_at", UtcTime, nullable=False),
    sa.Column("confirmed_at", UtcTime),  # by the link in a mail; null for imports
    sa.Index(None, "subscriber_id"),
)

# What came back: one row for each person that a returned mail tells of.
feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),  # of the message and the person: read twice, counted once
    sa.Column("campaign_id", sa.ForeignKey("campaigns.id")),  # null: a mail that no campaign sent
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id")),
    sa.Column("verdict", sa.String(20), nullable=False),  # delivery.bounces.Verdict
    sa.Column("status", sa.String(12), nullable=False, default=""),  # RFC 3463
    sa.Column("diagnostic", sa.Text, nullable=False, default=""),  # the server's words, without addresses
    sa.Column("domain", sa.String(255), nullable=False, default=""),  # of the recipient
    sa.Column("at", UtcTime, nullable=False),  # when it was read
    sa.Index(None, "campaign_id"),
    sa.Index(None, "subscriber_id"),
)

# Who did what to list, segments, campaigns and approvals.  Rows are only ever added; triggers see to it.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),  # a login name and machine, or "reader", "mailbox", "newsletter"
    sa.Column("what", sa.String(40), nullable=False),  # a word as in audience.audit.Deed
    sa.Column("about", sa.Text, nullable=False),  # what it was done to: "campaign 3", "subscriber <ref>"; no address
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index(None, "at"),
)
