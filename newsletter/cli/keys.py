"""The secret key: where it is read, and made once, together with the database that it belongs to.

The file may hold several keys, one a line: the first makes links, the others
are still accepted (docs/decisions/0010).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from newsletter.audience.tokens import MIN_KEY_BYTES, Tokens
from newsletter.errors import StoreError
from newsletter.store.database import Database
from newsletter.store.identity import bind_keys, has_key
from newsletter.wording import said


async def open_tokens(database: Database, file: Path, shown: str, given: str | None) -> Tokens:
    """The tokens of a database, by the key that is ``given`` or else stands in the file, ``shown`` to staff so.

    Raises StoreError if there is no such key any more, or the database belongs to another.
    """
    try:
        key = given or _read(file)
        if key is None and await has_key(database):
            raise StoreError(
                said("the secret key file %(file)s is gone", file=shown),
                said("restore it from a backup: links in mail already sent work with that key only"),
            )
        tokens = Tokens(tuple(line.encode() for line in _keys(_new_key(file) if key is None else key)))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = said("the secret key in %(file)s cannot be used: %(why)s", file=shown, why=reason)
        raise StoreError(message, said("restore the file from a backup")) from None
    await bind_keys(database, tokens.fingerprints())
    return tokens


def _read(file: Path) -> str | None:
    """What the file says; None if there is none."""
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None


def _keys(text: str) -> list[str]:
    """The keys in a text, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _new_key(file: Path) -> str:
    """Make a key that is on the disk before anything is made with it."""
    key = secrets.token_urlsafe(MIN_KEY_BYTES)
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(f"{key}\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        file.unlink()  # an empty file would be taken for a key that is broken, and for good
        raise
    return key
