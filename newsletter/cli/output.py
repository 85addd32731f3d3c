"""How commands speak: tables for people, JSON for programs, errors on standard error."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.errors import Finding, NewsletterError, UsageError

out = Console(highlight=False, soft_wrap=True)
_unfolded = Console(highlight=False, soft_wrap=True, width=10_000)  # for tables that nobody sees in a terminal
err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON, for other programs.")]


def printable(text: str) -> str:
    """Text without what a terminal would obey: control characters, escape sequences, direction overrides.

    Names, cells and servers' replies are hostile, and staff read them in a terminal.
    """
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs") else "\ufffd" for char in text
    )


def say(text: str, style: str = "") -> None:
    """One line for staff on standard output; never interpreted as markup."""
    out.print(Text(printable(text), style=style))


def tell(text: str) -> None:
    """One line for staff on standard error, beside a report on standard output."""
    err.print(Text(printable(text)))


def say_json(data: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def counted(number: int, one: str, several: str) -> str:
    """ "1 row", "2 rows"."""
    return f"{number} {one if number == 1 else several}"


def say_files(files: Sequence[Path], *, as_json: bool) -> None:
    """Which files a command has written."""
    if as_json:
        say_json({"files": [str(file) for file in files]})
        return
    for file in files:
        say(str(file))


@contextlib.contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """A folder that is there while the block writes files into it.  Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        hint = "name another folder with --out"
        raise UsageError(f"'{folder}' cannot be written to: {error.strerror}", hint) from None


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, none: str = "") -> None:
    """A table; numbers stand on the right.  Without rows, the sentence ``none``, if there is one.

    In a terminal it keeps to its width; for a file or another program each row stands on one line.
    """
    body = [list(row) for row in rows]
    if not body and none:
        say(none)
        return
    shown = Table(header_style="bold", box=None, pad_edge=False)
    for index, column in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[index], int) for row in body)
        shown.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in body:
        shown.add_row(*(Text(printable(str(cell))) for cell in row))
    (out if out.is_terminal else _unfolded).print(shown)


def report_error(error: NewsletterError) -> None:
    """The error as staff read it."""
    findings: Sequence[Finding] = getattr(error, "findings", ())
    if not findings:
        hint = f"\n  hint: {printable(error.hint)}" if error.hint else ""
        err.print(Text.assemble(("error: ", "bold red"), printable(error.message), hint))
        return
    for finding in findings:
        hint = f"\n  hint: {printable(finding.hint)}" if finding.hint else ""
        where, message = (f"{finding.where}: ", "bold"), printable(finding.message)
        err.print(Text.assemble(where, message, (f" [{finding.code}]", "dim"), hint))
    err.print(Text(counted(len(findings), "mistake", "mistakes"), style="bold red"))


def iso(moment: object) -> str | None:
    """A time for programs; None if there is none."""
    return moment.isoformat() if isinstance(moment, dt.datetime) else None


def finding_json(finding: Finding) -> dict[str, object]:
    """A finding for programs."""
    where = finding.where
    return {
        "path": where.path,
        "line": where.line,
        "column": where.column,
        "code": finding.code,
        "message": finding.message,
        "hint": finding.hint,
    }


def agreed(question: str, what: str, *, yes: bool) -> bool:
    """Whether somebody says yes; with ``yes`` they have said so already.

    Raises UsageError if there is nobody to be asked whether to ``what``: standard input is no terminal.
    """
    if not yes and not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked", f"add --yes to {what} without being asked")
    return yes or typer.confirm(question, err=True)
