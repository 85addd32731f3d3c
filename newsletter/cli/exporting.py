"""Files that hold addresses: written for one pair of eyes, whole or not at all, and only after it was noted who asked.

A CSV file begins with a byte order mark, without which Excel takes UTF-8 for
another encoding; LibreOffice knows it either way.  Standard output is for
programs, and has none.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

from typer import Option

from newsletter.cli.output import tell
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.audience.audit import Entry
    from newsletter.cli.wiring import Stores

STDOUT = Path("-")
Force = Annotated[bool, Option("--force", help="Overwrite a file that is there.")]


@contextlib.asynccontextmanager
async def exporting(
    stores: Stores, entry: Entry, file: Path, *, force: bool, encoding: str = "utf-8-sig"
) -> AsyncIterator[TextIO]:
    """What to write addresses to: a new file, or standard output for "-".  Raises UsageError.

    ``entry`` stands in the audit log before a row is written, and does not if there can be no file.
    """
    with contextlib.nullcontext(sys.stdout) if file == STDOUT else new_file(file, force=force, encoding=encoding) as to:
        await stores.audit.record(entry)
        yield to


def tell_written(file: Path, what: str) -> None:
    """That the file is there, and how to treat it."""
    tell(f"{file}: {what}")
    tell("  it holds addresses; only you can read it; delete it when it has done its work")


@contextlib.contextmanager
def new_file(file: Path, *, force: bool, encoding: str = "utf-8-sig") -> Iterator[TextIO]:
    """A file that its owner alone can read, and that is there when it is whole.  Raises UsageError.

    It is written under another name in the same folder.
    """
    if os.path.lexists(file) and not force:
        raise UsageError(f"{file} is there already", "name another file, or add --force to overwrite it")
    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is no file that can be overwritten", "name another file")
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "w", newline="", encoding=encoding) as opened:
                yield opened
                opened.flush()
                os.fsync(descriptor)
            _rename(part, file, force=force)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", "name another file") from None


def _rename(part: Path, file: Path, *, force: bool) -> None:
    """Give it its name; not over a file that has come meanwhile."""
    if not force:
        try:
            os.link(part, file)
        except FileExistsError:
            raise
        except OSError:  # a file system without links, as on many a stick
            if os.path.lexists(file):
                raise FileExistsError(17, "it is there already") from None
        else:
            return
    part.replace(file)
