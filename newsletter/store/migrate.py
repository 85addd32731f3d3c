"""Brings the tables of an older version up to date, with alembic, inside the caller's transaction."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError

from newsletter.errors import StoreError
from newsletter.wording import said


def alembic_config() -> Config:
    """alembic's settings, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(connection: sa.Connection) -> None:
    """Upgrade to the newest revision.  StoreError for a database that a newer version made."""
    config = alembic_config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        hint = said("update newsletter to the version that last used it")
        message = said("the database is of a newer version than this program: %(why)s", why=error)
        raise StoreError(message, hint) from None
