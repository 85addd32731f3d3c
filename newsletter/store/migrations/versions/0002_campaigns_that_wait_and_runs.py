"""Campaigns with a status and a time to start, leases of runs, limits, and the domain of each delivery."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Plain additions: SQLite would have to make a table anew for more, and others refer to these.
    # A database of 0001 knows no finished campaign: the next run over it finds out.
    for column in (
        sa.Column("status", sa.String(length=12), nullable=False, server_default="running"),
        sa.Column("status_reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("starts_at", sa.DateTime(timezone=True)),
        sa.Column("latest_start_at", sa.DateTime(timezone=True)),
        sa.Column("again_reason", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("campaigns", column)
    op.add_column("deliveries", sa.Column("domain", sa.String(length=255), nullable=False, server_default=""))
    if op.get_context().dialect.name == "sqlite":  # the only database that 0001 was ever used with
        op.execute(
            "UPDATE deliveries SET domain = (SELECT lower(substr(email, instr(email, '@') + 1))"
            " FROM subscribers WHERE subscribers.id = subscriber_id)"
        )
    op.create_table(
        "runs",
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_runs_campaign_id")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_runs")),
    )
    op.create_table(
        "allowances",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True)),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_allowances")),
    )
