"""What everybody may read: the public pages of campaigns, the numbers of events, and what a mail has attached."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "archive",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=41), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("preheader", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_archive_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "locale", name=op.f("pk_archive")),
    )
    op.create_index(op.f("ix_archive_slug_locale"), "archive", ["slug", "locale"])
    op.create_index(op.f("ix_archive_locale_date"), "archive", ["locale", "date"])
    op.create_table(
        "events",
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("block", sa.String(length=80), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("digests", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("slug", "block", name=op.f("pk_events")),
    )
    op.add_column("editions", sa.Column("calendar", sa.Text(), nullable=False, server_default=""))
