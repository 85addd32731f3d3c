"""Runs migrations on the connection that ``store/database.py`` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from newsletter.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
