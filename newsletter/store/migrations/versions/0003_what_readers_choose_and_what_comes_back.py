"""What readers choose, what they agreed to, what comes back, and who did what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("subscribers", sa.Column("declined", sa.String(length=20), nullable=False, server_default=""))
    op.add_column("subscribers", sa.Column("paused_until", sa.DateTime(timezone=True)))
    op.add_column("campaigns", sa.Column("kind", sa.String(length=20), nullable=False, server_default="news"))
    op.create_table(
        "wordings",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_wordings")),
    )
    op.create_table(
        "signups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=24), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=41), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("wording", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["wording"], ["wordings.hash"], name=op.f("fk_signups_wording")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signups")),
        sa.UniqueConstraint("ref", name=op.f("uq_signups_ref")),
    )
    op.create_index(op.f("ix_signups_email_key"), "signups", ["email_key"])
    op.create_index(op.f("ix_signups_expires_at"), "signups", ["expires_at"])
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("wording", sa.String(length=64)),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_consents_subscriber_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["wording"], ["wordings.hash"], name=op.f("fk_consents_wording")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_subscriber_id"), "consents", ["subscriber_id"])
    op.create_table(
        "feedback",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", sa.Integer()),
        sa.Column("subscriber_id", sa.Integer()),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_feedback_campaign_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"], name=op.f("fk_feedback_subscriber_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_campaign_id"), "feedback", ["campaign_id"])
    op.create_index(op.f("ix_feedback_subscriber_id"), "feedback", ["subscriber_id"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    _only_add("audit")


def _only_add(table: str) -> None:
    """Let the database itself refuse to change or remove rows."""
    told = f"rows of {table} are only ever added"
    if op.get_context().dialect.name == "sqlite":
        for deed in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed} BEFORE {deed.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_only_added() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{told}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_only_added()"
    )
