"""The kinds of file that a volunteer can be sent."""

from __future__ import annotations

from enum import StrEnum


class FileFormat(StrEnum):
    """A spreadsheet, or a document with a table."""

    CSV = "csv"
    DOCX = "docx"
