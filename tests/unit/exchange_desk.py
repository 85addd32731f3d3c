"""A catalog and the file for translators that was made of it, in one hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polib

from newsletter.content.fields import TextKind
from newsletter.i18n.exchange.files import read_file, write_file
from newsletter.i18n.exchange.kinds import FileFormat
from newsletter.i18n.exchange.merge import Report, Target, merge
from newsletter.i18n.exchange.rows import Row, Table, table_of
from newsletter.i18n.messages import Message

TARGET = Target("june", "es")


def message(text: str, context: str = "greeting.body") -> Message:
    return Message(context, text, TextKind.MARKDOWN, "text 'greeting', body")


def catalog_with(pairs: Sequence[tuple[str, str]], fuzzy: Sequence[str] = ()) -> polib.POFile:
    catalog = polib.POFile(wrapwidth=0)
    for source, target in pairs:
        flags = ["fuzzy"] if source in fuzzy else []
        catalog.append(polib.POEntry(msgctxt="greeting.body", msgid=source, msgstr=target, flags=flags))
    return catalog


class Desk:
    """A catalog, the file that was made from it, and the way back."""

    def __init__(self, folder: Path, pairs: Sequence[tuple[str, str]], fuzzy: Sequence[str] = ()) -> None:
        self.catalog = catalog_with(pairs, fuzzy)
        self.wanted = [message(source) for source, _target in pairs]
        self.folder = folder

    def table(self) -> Table:
        return table_of(self.wanted, self.catalog, issue="june", source_locale="en", locale="es")

    def rows(self, file_format: FileFormat = FileFormat.CSV) -> list[Row]:
        """What is read from the file that is written."""
        file = self.folder / f"june.{file_format}"
        file.write_bytes(write_file(self.table(), file_format))
        return read_file(file, file.name)

    def merge(self, *rows: Row) -> Report:
        return merge(rows, self.wanted, self.catalog, TARGET)

    def entry(self, source: str) -> polib.POEntry:
        return next(entry for entry in self.catalog if entry.msgid == source)


def desk_of_three(folder: Path) -> Desk:
    """Three messages: finished, fuzzy and missing."""
    return Desk(folder, [("One", "Uno"), ("Two", "Dos"), ("Three", "")], fuzzy=["Two"])
