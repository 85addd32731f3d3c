"""Rows as a spreadsheet: CSV that Excel, LibreOffice and Google Sheets open and save without harm.

Written in UTF-8 with a byte order mark, without which Excel takes it for
another encoding.  A cell that a spreadsheet would run as a formula, or turn
into a number or a date, gets an apostrophe in front, which is taken away when
the file comes back.  Sources: RFC 4180; OWASP, "CSV Injection".

Read as those programs write it: UTF-8 or UTF-16, ``,`` ``;`` or tab, a
``sep=;`` line, columns in any order and with further ones between them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from newsletter.errors import did_you_mean
from newsletter.i18n.exchange.rows import Row, Table, clean, unusable
from newsletter.i18n.exchange.words import COLUMNS, column, words_for

GUARD = "'"
MAX_ROWS = 20_000  # an issue has some 100 messages
_SEPARATORS = ",;\t"
_OPTIONAL = ("note", "context")
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_TRUTHS = {"true", "false", "verdadero", "falso"}
_VALUE_LENGTH, _VALUE_LETTERS = 40, 16  # "10 de septiembre de 2019" is the longest that is a date
_NEEDED = (
    f"it needs: {', '.join(name for name in COLUMNS if name not in _OPTIONAL)}; export anew and copy the text over"
)


def write_sheet(table: Table) -> bytes:
    """The file's bytes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    names = words_for(table.locale).columns
    writer.writerow([names[name] for name in COLUMNS])
    for row in table.rows:
        writer.writerow([guard(str(getattr(row, name.replace(" ", "_")))) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def read_sheet(raw: bytes, where: str) -> Iterator[Row]:
    """The rows of a file.  Raises ContentError when it is none of ours."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        hint = "in Excel choose 'Save as' → 'CSV UTF-8'; in LibreOffice 'Save as' with the character set UTF-8"
        raise unusable(where, "not-utf-8", "the file is not in UTF-8", hint) from None
    separator, first = "", 1
    if found := re.match(rf"sep=([{_SEPARATORS}])\r?\n", text, re.IGNORECASE):
        separator, text, first = found[1], text[found.end() :], 2
    if not text.strip():
        raise unusable(where, "empty", "there is nothing in the file", "export the issue anew")
    separator = separator or max(_SEPARATORS, key=text.partition("\n")[0].count)
    names: list[str] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), first):
            if not names:
                names = _header(cells, where)
            elif number > MAX_ROWS:
                raise unusable(where, "too-large", f"the file has more than {MAX_ROWS} rows", "is it the right file?")
            elif any(cell.strip() for cell in cells):
                yield _row(number, names, cells)
    except csv.Error as error:
        hint = "open it in a spreadsheet and save it anew, or export it anew"
        raise unusable(where, "broken-file", f"the table cannot be read: {error}", hint) from None


def _header(cells: list[str], where: str) -> list[str]:
    names = [column(cell) for cell in cells]
    missing = [name for name in COLUMNS if name not in names and name not in _OPTIONAL]
    if missing:
        shown = ", ".join(clean(cell)[:20] for cell in cells[: len(COLUMNS)])
        near = did_you_mean(missing[0], [clean(cell) for cell in cells if not column(cell)])
        hint = f"{near}  {_NEEDED}" if near.startswith("did") else _NEEDED
        message = f"the first row has no column '{missing[0]}'; it has: {shown}"
        raise unusable(where, "wrong-columns", message, hint)
    doubles = [name for name in COLUMNS if names.count(name) > 1]
    if doubles:
        message = f"two columns are called '{doubles[0]}'"
        raise unusable(where, "wrong-columns", message, "rename or delete one of them")
    return names


def _row(number: int, names: list[str], cells: list[str]) -> Row:
    found = dict.fromkeys(COLUMNS, "") | {
        name: cell.replace("\r\n", "\n").replace("\r", "\n") for name, cell in zip(names, cells, strict=False) if name
    }
    return Row(
        number=number,
        key=clean(unguard(found["key"])).strip(),
        source_hash=unguard(found["source hash"]).strip().lower(),
        exported=unguard(found["exported"]).strip().lower(),
        state=unguard(found["state"]).strip(),
        context=unguard(found["context"]),
        source=unguard(found["source"]),
        translation=unguard(found["translation"]),
        note=unguard(found["note"]),
    )


def is_risky(text: str) -> bool:
    """Whether a spreadsheet would do something to the text: calculate it, or take it for a number or a date."""
    if _FORMULA.match(text):
        return True
    if len(text) > _VALUE_LENGTH:
        return False
    has_digit = any(character.isdigit() for character in text)
    return (has_digit and sum(map(str.isalpha, text)) <= _VALUE_LETTERS) or text.strip().casefold() in _TRUTHS


def guard(text: str) -> str:
    """The text as a cell.  Undone by ``unguard``, whatever the text."""
    return GUARD + text if is_risky(text.lstrip(GUARD)) else text


def unguard(cell: str) -> str:
    """The text in a cell.  An apostrophe that was never a guard stays."""
    return cell[1:] if cell.startswith(GUARD) and is_risky(cell.lstrip(GUARD)) else cell


def without_stray_guard(text: str, before: str) -> str:
    """A text whose guard stayed when the words behind it were replaced by harmless ones."""
    guarded = is_risky(before) and not before.startswith(GUARD)
    return text[1:] if guarded and text.startswith(GUARD) and not is_risky(text[1:]) else text
