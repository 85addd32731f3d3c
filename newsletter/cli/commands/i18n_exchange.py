"""``newsletter i18n export`` and ``import``: an issue to volunteers as a spreadsheet or a Word table, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import AsJson, counted, say, say_json, tell
from newsletter.cli.shape import IssueName
from newsletter.cli.wiring import House, open_house
from newsletter.content.load import LoadedIssue
from newsletter.errors import UsageError
from newsletter.i18n.catalog import State, write_catalog
from newsletter.i18n.exchange.kinds import FileFormat
from newsletter.i18n.messages import messages_for

if TYPE_CHECKING:
    from newsletter.i18n.exchange.merge import Refused, Report

SHOWN = 50  # refused rows printed; --json has all


def register(app: typer.Typer) -> None:
    """Add the two commands to ``newsletter i18n``."""
    app.command("export")(export_command)
    app.command("import")(import_command)


def export_command(
    issue: IssueName,
    locale: Annotated[str, typer.Option("--locale", help="The language to translate into.")],
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="csv for a spreadsheet, docx for a table to print or to fill in.")
    ] = FileFormat.CSV,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file to write; ISSUE.LOCALE.csv here, if none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an issue's texts into a file for a translator, with what is translated already."""
    from newsletter.i18n.exchange.files import write_file
    from newsletter.i18n.exchange.rows import table_of

    house = open_house()
    loaded = house.issue(issue)
    _require_target(house, loaded, locale)
    catalog = house.catalog(loaded.slug, locale)
    source_locale = loaded.issue.source_locale
    table = table_of(
        messages_for(loaded, locale), catalog, issue=loaded.slug, source_locale=source_locale, locale=locale
    )
    file = out or Path(f"{loaded.slug}.{locale}.{file_format}")
    _write_new(file, write_file(table, file_format))
    counts = {state.value: table.count(state) for state in State}
    if as_json:
        say_json({"issue": loaded.slug, "locale": locale, "file": str(file), "rows": len(table.rows), **counts})
        return
    told = f"{counts['translated']} done, {counts['fuzzy']} to look over, {counts['missing']} to translate"
    say(f"{file}: {len(table.rows)} rows, {told}")
    say(f"  next: send it to the translator; when it is back: newsletter i18n import {file.name}")


def _write_new(file: Path, content: bytes) -> None:
    """Write a file that is not there yet.  One that is may hold somebody's work."""
    try:
        with file.open("xb") as opened:
            opened.write(content)
    except FileExistsError:
        hint = "it may hold a translator's work: import it and delete it, or name another file with --out"
        raise UsageError(f"{file} is there already", hint) from None
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", "name another file with --out") from None


def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that 'i18n export' wrote, filled in.")],
    as_json: AsJson = False,
) -> None:
    """Take a translator's file into the catalog; rows that cannot go in are listed with the reason."""
    from newsletter.i18n.exchange.files import read_file
    from newsletter.i18n.exchange.merge import merge, target_of

    house = open_house()
    rows = read_file(file, str(file))
    target = target_of(rows)
    loaded = house.issue(target.issue)
    _require_target(house, loaded, target.locale)
    path = house.workspace.catalog(loaded.slug, target.locale)
    catalog = house.catalog(loaded.slug, target.locale)
    report = merge(rows, messages_for(loaded, target.locale), catalog, target)
    if report.changed:
        write_catalog(catalog, path)
    if as_json:
        say_json({"issue": target.issue, "locale": target.locale, **_report_json(report)})
    else:
        _print(report, file, house.workspace.shown(path))
    if report.refused:
        raise typer.Exit(1)


def _require_target(house: House, loaded: LoadedIssue, locale: str) -> None:
    """UsageError for a locale that the issue is not translated into."""
    targets = house.targets(loaded)
    if locale == loaded.issue.source_locale:
        raise UsageError(f"'{loaded.slug}' is written in {locale}", f"it is translated into: {', '.join(targets)}")
    if locale not in targets:
        raise UsageError(f"unknown locale '{locale}'", f"'{loaded.slug}' is translated into: {', '.join(targets)}")


def _report_json(report: Report) -> dict[str, object]:
    from newsletter.i18n.exchange.merge import Outcome

    refused = [
        {"row": row.row, "source": row.source, "reason": row.reason, "catalog": row.catalog, "file": row.file}
        for row in report.refused
    ]
    return {**{outcome.value: report.count(outcome) for outcome in Outcome}, "refused": refused}


def _print(report: Report, file: Path, catalog: str) -> None:
    from newsletter.i18n.exchange.merge import Outcome

    new = report.count(Outcome.TRANSLATED)
    told = [
        f"{counted(new, 'translation', 'translations')} went in",
        f"{report.count(Outcome.MARKED)} marked or noted",
        f"{report.count(Outcome.UNCHANGED)} as they were",
        f"{report.count(Outcome.EMPTY)} still empty",
    ]
    say(f"{catalog}: {', '.join(told)}")
    for row in report.refused[:SHOWN]:
        _print_refused(row)
    if len(report.refused) > SHOWN:
        tell(f"  … and {len(report.refused) - SHOWN} more; --json lists them all")
    if report.refused:
        rows = counted(len(report.refused), "row", "rows")
        tell(f"  hint: {rows} of {file} did not go in; mend and import it again, which is harmless")


def _print_refused(row: Refused) -> None:
    tell(f"  row {row.row} did not go in ('{row.source}'): {row.reason}")
    if row.catalog or row.file:
        tell(f"    in the catalog: {row.catalog or '(nothing)'}")
        tell(f"    in the file:    {row.file}")
