"""A spreadsheet's CSV → subscribers, row by row, with every bad row explained.

Takes what Excel, LibreOffice and Google Sheets write: UTF-8 with or without
BOM, UTF-16 with BOM, ``,`` ``;`` or tab, a ``sep=;`` line, quoted line breaks,
``="00123"`` cells, empty rows and columns.  Columns are ``email``, ``name``,
``locale``, ``tags``, ``consent_source``, ``consent_date`` and, from exports of
ours, ``list_status``, ``list_declined`` and ``list_paused_until``; any further one is an attribute.  Reads as a
stream, so that the size of the list does not matter.  Source of the format:
RFC 4180.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale

from newsletter.audience.cells import plain
from newsletter.audience.consent import MAX_SOURCE, Consent, parse_moment, read_moment
from newsletter.audience.lookalikes import likely_domain
from newsletter.audience.subscribers import (
    FIRST_NAME,
    MAX_NAME,
    MAX_TAG,
    MAX_VALUE,
    NewSubscriber,
    Status,
    address_key,
    clean_tags,
    clean_text,
    parse_address,
)
from newsletter.content.schema import MailKind
from newsletter.errors import AudienceError, did_you_mean
from newsletter.i18n.locales import PAIR, current_tag, halves_of, is_locale

COLUMNS = (
    "email",
    "name",
    "locale",
    "tags",
    "consent_source",
    "consent_date",
    "list_status",
    "list_declined",
    "list_paused_until",
)
LAST_NAME = "last_name"  # attributes that stand for a name where a list has no column for the whole of it
_ALIASES = {
    **dict.fromkeys(("e-mail", "email address", "mail", "correo", "correo electrónico"), "email"),
    **dict.fromkeys(("full name", "nombre", "nombre completo"), "name"),
    **dict.fromkeys(("language", "lang", "idioma", "lengua"), "locale"),
    **dict.fromkeys(("tag", "etiqueta", "etiquetas"), "tags"),
    **dict.fromkeys(("first name", "firstname", "fname", "given name", "nombre de pila"), FIRST_NAME),
    **dict.fromkeys(("last name", "lastname", "lname", "surname", "family name", "apellido", "apellidos"), LAST_NAME),
}
_SEPARATORS = ",;\t"
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")  # how Excel workbooks, old and new, and PDFs begin
_SAVE_AS = "in Excel choose 'Save as' → 'CSV UTF-8 (comma delimited)'"
_NAMES = "the first row names the columns: email,name,locale,tags (or correo,nombre,idioma,etiquetas)"
_UNCLOSED = "a quotation mark is not closed"
IMPORTED = (Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.BOUNCED, Status.COMPLAINED)  # what list_status may say
MAX_ROW_LINES = 20  # of one record; cells with line breaks are rare, and short


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row that can go in, and what was changed about it, if anything (a name cut, say)."""

    line: int
    subscriber: NewSubscriber
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot go in, and why.  ``line`` counts the file's lines from 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """What staff say of a whole list: how and when its people agreed, unless a row says it; and what day it is.

    Dates are days of ``zone``.
    """

    now: dt.datetime
    zone: dt.tzinfo = dt.UTC
    source: str = ""
    date: str = ""


def read_list(path: Path, said: Said | None = None) -> Iterator[GoodRow | BadRow]:
    """Read a list row by row.

    Raises AudienceError when the file as a whole is no list: unreadable, not
    in a Unicode encoding, empty, or without a column ``email``.
    """
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
            if start in _NO_TEXT:
                raise AudienceError(f"{path} is no CSV file, but a workbook or a document", _SAVE_AS)
            encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
            raw.seek(0)
            with io.TextIOWrapper(raw, encoding=encoding, newline="") as text:
                yield from _read(text, path, said or Said(dt.datetime.now(dt.UTC)))
    except UnicodeDecodeError:
        raise AudienceError(f"{path} is not UTF-8: line {_first_other(path)} holds something else", _SAVE_AS) from None
    except OSError as error:
        raise AudienceError(
            f"{path} cannot be read: {error.strerror}", "check its name, and the folder you are in"
        ) from None


def _first_other(path: Path) -> int:
    """The first line that is not UTF-8, which is mostly the first that has a letter with an accent."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1  # of UTF-16 that ends in the middle of a letter


def _read(text: io.TextIOWrapper, path: Path, said: Said) -> Iterator[GoodRow | BadRow]:
    first = text.readline()
    skipped = 0
    separator = ""
    if found := re.match(rf"sep=([{_SEPARATORS}])\s*$", first, re.IGNORECASE):
        separator, first, skipped = found[1], text.readline(), 1
    if not first.strip():
        raise AudienceError(f"{path} is empty", _NAMES)
    separator = separator or _separator(first)
    try:
        names = next(csv.reader([first], delimiter=separator))
    except csv.Error as error:
        raise AudienceError(
            f"the header of {path} cannot be read: {error}", "the first row names the columns"
        ) from None
    header = [parse_column(cell) for cell in names]
    _check_header(header, names, path)
    seen: dict[str, int] = {}
    for line, cells in _records(text, separator, skipped + 2):
        if isinstance(cells, BadRow):
            yield cells
        elif any(cell.strip() for cell in cells):
            yield _row(line, header, cells, seen, said)


def _separator(header: str) -> str:
    """The separator that the header is written with: one that yields a column ``email``, else the commonest."""
    return max(_SEPARATORS, key=lambda mark: ("email" in map(parse_column, header.split(mark)), header.count(mark)))


def _records(text: io.TextIOWrapper, separator: str, line: int) -> Iterator[tuple[int, list[str] | BadRow]]:
    """Each record with the line it begins on; ``line`` is the first one's.

    A quotation mark that is not closed would swallow all that follows, as a
    part of one cell.  So a record may have at most MAX_ROW_LINES lines, and
    after a bad one reading goes on with the very next line.
    """
    ahead: deque[str] = deque()
    while first := ahead.popleft() if ahead else text.readline():
        lines = [first]
        cells, reason = _parse(lines, separator)
        while reason == _UNCLOSED and len(lines) < MAX_ROW_LINES:
            following = ahead.popleft() if ahead else text.readline()
            if not following:
                break
            lines.append(following)
            cells, reason = _parse(lines, separator)
        if not reason and any("@" in cell and ("\n" in cell or "\r" in cell) for cell in cells):
            reason = "a cell holds a line break and an address: a quotation mark is missing or too many"
        if reason:
            ahead.extendleft(reversed(lines[1:]))
            yield line, BadRow(line, f"the row cannot be read: {reason}")
            line += 1
        else:
            yield line, cells
            line += len(lines)


def _parse(lines: Sequence[str], separator: str) -> tuple[list[str], str]:
    """The cells of one record, or why there are none."""
    try:
        return next(csv.reader(lines, delimiter=separator, strict=True)), ""
    except StopIteration:
        return [], ""
    except csv.Error as error:
        if "field limit" in str(error):
            return [], f"a cell is longer than {csv.field_size_limit():,} characters; is a quotation mark missing?"
        return [], _UNCLOSED if "unexpected end" in str(error) else str(error)


def parse_column(cell: str) -> str:
    """The column that a header names: one of COLUMNS, or the name of an attribute."""
    name = clean_text(plain(cell), MAX_TAG)
    known = _ALIASES.get(name.casefold(), name.casefold())
    return known if known in (*COLUMNS, FIRST_NAME, LAST_NAME) else name.replace(" ", "_")


def _check_header(header: list[str], names: list[str], path: Path) -> None:
    """Refuse a header without addresses, or with two columns of one name; ``names`` are those of the file."""
    if "email" not in header:
        shown = [clean_text(plain(name), MAX_TAG) for name in names]
        near = [name for name in shown if did_you_mean(name.lower(), ["email", "correo"]).startswith("did")]
        hint = f"rename the column '{near[0]}' to 'email'" if near else _NAMES
        if len(shown) == 1 and "|" in shown[0]:
            hint = "separate the columns by commas, semicolons or tabs"
        raise AudienceError(f"{path} has no column 'email'; it has: {', '.join(filter(None, shown))}", hint)
    doubles = sorted({name for name in header if name and header.count(name) > 1})
    if doubles:
        raise AudienceError(f"{path} has two columns named '{doubles[0]}'", "rename or delete one of them")


def _row(line: int, header: list[str], cells: list[str], seen: dict[str, int], said: Said) -> GoodRow | BadRow:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        return BadRow(line, f"it has {len(cells)} cells, but the header names {len(header)} columns")
    row: Mapping[str, str] = {name: plain(cell) for name, cell in zip(header, cells, strict=False) if name}
    if not row.get("email", "").strip():
        return BadRow(line, "it has no address")
    try:
        email = parse_address(row.get("email", ""), international=True)
        locale = parse_locale(row.get("locale", ""))
        consent = _consent(row, said)
        status = _status(row.get("list_status", ""))
        declined = _declined(row.get("list_declined", ""))
        pause = row.get("list_paused_until", "")
        paused_until = read_moment(pause, said.zone) if pause else None
    except ValueError as error:
        return BadRow(line, str(error))
    first_line = seen.setdefault(address_key(email), line)
    if first_line != line:
        return BadRow(line, f"the same address as in line {first_line}, which was used")
    parts = ("name",) if "name" in header else (FIRST_NAME, LAST_NAME)
    whole = " ".join(row.get(part, "") for part in parts)
    name = clean_text(whole, MAX_NAME)
    notices = []
    if len(clean_text(whole, 10 * MAX_NAME)) > len(name):
        notices.append(f"the name was cut to {MAX_NAME} characters")
    if likely := likely_domain(email.rpartition("@")[2]):
        notices.append(f"'{email.rpartition('@')[2]}' looks like a misspelt '{likely}'; it was left as it is")
    attributes = {name: clean_text(value, MAX_VALUE) for name, value in row.items() if name not in COLUMNS}
    subscriber = NewSubscriber(
        email=email,
        name=name,
        locale=locale,
        tags=clean_tags([row.get("tags", "")]),
        attributes={name: value for name, value in attributes.items() if value},
        consent=consent,
        status=status,
        declined=declined,
        paused_until=paused_until,
    )
    return GoodRow(line, subscriber, tuple(notices))


def _consent(row: Mapping[str, str], said: Said) -> Consent | None:
    """How and when this person agreed, by the row or else by what was said of the list; ValueError for half of it."""
    source = clean_text(row.get("consent_source", ""), MAX_SOURCE) or said.source
    date = row.get("consent_date", "") or said.date
    if bool(source) != bool(date):
        raise ValueError(f"a consent needs its source and its date; the {'date' if source else 'source'} is missing")
    return Consent(source, parse_moment(date, said.zone, said.now)) if source else None


def _status(text: str) -> Status:
    """What an export of ours says in ``list_status``; ValueError for anything else."""
    if not text:
        return Status.SUBSCRIBED
    if text not in IMPORTED:
        raise ValueError(f"unknown list_status '{clean_text(text, MAX_TAG)}'; known are: {', '.join(IMPORTED)}")
    return Status(text)


def _declined(text: str) -> str:
    """What an export of ours says in ``list_declined``; ValueError for anything else."""
    if text not in ("", *MailKind):
        shown = clean_text(text, MAX_TAG)
        raise ValueError(f"unknown kind of mail '{shown}' in list_declined; known are: {', '.join(MailKind)}")
    return text


def parse_locale(text: str) -> str:
    """``es``, ``es_MX``, ``Spanish``, ``español`` → a lower-case tag; ``es+en`` → a pair; "" stays "".

    ValueError, in words for staff, for anything else.
    """
    if not text.strip():
        return ""
    shown = clean_text(text, MAX_TAG)
    tags = [_parse_tag(half) for half in halves_of(text)]
    if not all(tags):
        hint = "write e.g. en, es or, for both in one message, es+en"
        raise ValueError(f"unknown locale '{shown}'; {hint}")
    if len(tags) > 2 or len(set(tags)) < len(tags):  # noqa: PLR2004 - a pair
        raise ValueError(f"'{shown}' is no pair; write two different locales, e.g. es+en")
    return PAIR.join(tags)


def _parse_tag(text: str) -> str:
    """The tag of one locale; "" if nobody knows it."""
    tag = text.strip().casefold()
    if not is_locale(tag):
        tag = _named_locales().get(tag, tag)
    return current_tag(tag) if is_locale(tag) else ""


@cache
def _named_locales() -> dict[str, str]:
    """Language names as spreadsheets hold them, in English, in Spanish and in themselves."""
    return {
        str(Locale.parse(code).get_language_name(shown)).casefold(): code
        for code in ("en", "es", "fr", "pt", "ht", "ar", "de", "it", "zh", "ne", "so", "vi")
        for shown in ("en", "es", code)
    }
