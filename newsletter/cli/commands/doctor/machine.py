"""This machine: the database, room on the disk, and who can read the files that nobody else should."""

from __future__ import annotations

import shutil
from pathlib import Path

from newsletter.cli.commands.doctor.findings import Look, problem, unknown, well
from newsletter.cli.wiring import House
from newsletter.errors import NewsletterError
from newsletter.workspace import Workspace

LOW_DISK = 500 * 1024 * 1024  # bytes; a campaign of 100,000 takes some 50 MB
WRONG_CLOCK = 60  # seconds; a signature that is dated later than a receiver's clock may be refused
PRIVATE = 0o077  # the permissions that nobody but the owner may have
# Copies and lists in the folder of the database, and one folder below it.
DEMO = "demo"  # holds invented people only
SENSITIVE = ("*.db", "*.db-*", "*.csv", "*.json", "*.sql", "*.dump", "*.gz", "*.key", "*.pem", "*password*")


async def database(house: House) -> list[Look]:
    """Whether it opens and belongs to the key, and whether a server's clock agrees with ours."""
    try:
        async with house.stores() as stores:
            await house.tokens(stores.database)
            if file := stores.database.file:
                return [well("database", house.workspace.shown(file))]
            import sqlalchemy as sa

            async with stores.database.read() as connection:
                now = (await connection.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    except NewsletterError as error:
        return [problem("database", error.message, error.hint)]
    off = abs((house.clock.now() - now).total_seconds())
    if off > WRONG_CLOCK:
        found = f"the database's clock and this machine's are {off:.0f} seconds apart"
        return [well("database", "the server answers"), problem("database's clock", found, "set both by NTP")]
    return [well("database", "the server answers, and its clock agrees with ours")]


async def disk(house: House) -> list[Look]:
    """Whether there is room for the ledger and for a copy of the database."""
    file = _database_file(house.workspace)
    if file is None:
        return [unknown("disk", "the database is on a server", "look after its disk there")]
    folder = next(path for path in (file.parent, *file.parent.parents) if path.exists())
    size = file.stat().st_size if file.exists() else 0
    free = shutil.disk_usage(folder).free
    needed = LOW_DISK + 2 * size  # a copy, and what a campaign adds
    told = f"{free // 1024**2:,} MB are free"
    if free < needed:
        return [problem("disk", f"{told}, {needed // 1024**2:,} MB are wanted", "free some space before you send")]
    return [well("disk", told)]


async def permissions(house: House) -> list[Look]:
    """Who can read the database, the keys, the password, and copies beside them."""
    workspace, settings = house.workspace, house.settings
    named = [settings.secret_key_file, settings.smtp.password_file if settings.smtp else ""]
    named.append(settings.dkim.key_file if settings.dkim else "")
    files = {(workspace.root / name).resolve() for name in named if name}
    if file := _database_file(workspace):
        files.add(file.resolve())
        beside = (file.parent, *(path for path in file.parent.glob("*") if path.is_dir() and path.name != DEMO))
        files.update(path.resolve() for folder in beside for kind in SENSITIVE for path in folder.glob(kind))
    found = sorted(path for path in files if path.is_file())
    if not found:
        return [unknown("permissions", "there is no database and no key yet")]
    opened = [path for path in found if path.stat().st_mode & PRIVATE]
    if not opened:
        return [well("permissions", f"only their owner can read the {len(found)} files with addresses and secrets")]
    return [
        problem(shown, "others on this machine can read it", f"chmod 600 {shown}")
        for shown in map(workspace.shown, opened)
    ]


def _database_file(workspace: Workspace) -> Path | None:
    """SQLite's file, whether it is there or not; None for a server."""
    kind, _colon, path = workspace.settings.database.partition(":///")
    return workspace.root / path if kind == "sqlite" else None
