"""A translator's file as a whole: which kind it is, and how large it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from newsletter.i18n.exchange.document import write_document
from newsletter.i18n.exchange.kinds import FileFormat
from newsletter.i18n.exchange.reading import read_document
from newsletter.i18n.exchange.rows import Row, Table, unusable
from newsletter.i18n.exchange.sheet import read_sheet, write_sheet

MAX_FILE = 16 * 1024 * 1024  # bytes; 2,000 messages take some 2 MB
_ZIP = b"PK"
_OLE = b"\xd0\xcf\x11\xe0"  # Word and Excel before 2007, and whatever they protect by a password


_WRITERS: Mapping[FileFormat, Callable[[Table], bytes]] = {
    FileFormat.CSV: write_sheet,
    FileFormat.DOCX: write_document,
}


def write_file(table: Table, file_format: FileFormat) -> bytes:
    """The bytes of a file."""
    return _WRITERS[file_format](table)


def read_file(path: Path, where: str) -> list[Row]:
    """The rows of a file, of whichever kind; what it is called does not matter.

    Raises ContentError when the file as a whole cannot be used.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        hint = "check its name and its permissions"
        raise unusable(where, "unreadable", f"the file cannot be read: {error.strerror}", hint) from None
    if len(raw) > MAX_FILE:
        message = f"the file is larger than {MAX_FILE // 1024 // 1024} MB"
        raise unusable(where, "too-large", message, "is it the right file? Take pictures out of it")
    if not raw.strip():
        raise unusable(where, "empty", "there is nothing in the file", "export the issue anew")
    if raw.startswith(_OLE):
        hint = "save it as .docx, or as CSV UTF-8, without a password"
        raise unusable(where, "broken-file", "the file is of an old kind, or protected by a password", hint)
    rows = list(read_document(raw, where) if raw.startswith(_ZIP) else read_sheet(raw, where))
    if not rows:
        raise unusable(where, "empty", "there is no row in the file", "export the issue anew")
    return rows
