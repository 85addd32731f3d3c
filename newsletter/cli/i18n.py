"""``newsletter i18n``: bring catalogs up to date, and see what is left to translate."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.output import AsJson, say, say_json, table
from newsletter.cli.wiring import House, open_house
from newsletter.content.load import LoadedIssue
from newsletter.i18n.catalog import catalog_path, read_catalog, write_catalog
from newsletter.i18n.sync import Counts, count, sync

app = typer.Typer(help="Translate issues: catalogs in and out, and what is left to do.", no_args_is_help=True)


def target_locales(house: House, loaded: LoadedIssue) -> list[str]:
    """The locales that an issue is translated into."""
    return [locale for locale in house.settings.locales if locale != loaded.issue.source_locale]


def counts(house: House, loaded: LoadedIssue, locale: str) -> Counts:
    """How far the translation of an issue into ``locale`` is."""
    path = catalog_path(house.workspace.locales, locale, loaded.slug)
    return count(loaded.issue, read_catalog(path, house.workspace.shown(path)))


@app.command("sync")
def sync_command(
    issues: Annotated[list[str] | None, typer.Argument(metavar="ISSUE", help="Which issues; all, if none.")] = None,
) -> None:
    """Put the issue's texts into its catalogs; finished translations stay."""
    house = open_house()
    files = [house.workspace.issue_file(name) for name in issues or []] or house.workspace.issue_files()
    for loaded in [house.load(file) for file in files]:
        for locale in target_locales(house, loaded):
            path = catalog_path(house.workspace.locales, locale, loaded.slug)
            merged = sync(loaded.issue, loaded.slug, locale, read_catalog(path, house.workspace.shown(path)))
            write_catalog(merged, path)
            found = count(loaded.issue, merged)
            left = f"{found.fuzzy} to look over, {found.missing} to translate" if not found.complete else "complete"
            say(f"{house.workspace.shown(path)}: {found.total} messages, {left}")


@app.command("status")
def status_command(
    issues: Annotated[list[str] | None, typer.Argument(metavar="ISSUE", help="Which issues; all, if none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show, for every issue and locale, what is translated, fuzzy and missing."""
    house = open_house()
    files = [house.workspace.issue_file(name) for name in issues or []] or house.workspace.issue_files()
    rows = [
        (loaded.slug, locale, counts(house, loaded, locale))
        for loaded in map(house.load, files)
        for locale in target_locales(house, loaded)
    ]
    if as_json:
        say_json(
            [
                {
                    "issue": slug,
                    "locale": locale,
                    "translated": found.translated,
                    "fuzzy": found.fuzzy,
                    "missing": found.missing,
                    "complete": found.complete,
                }
                for slug, locale, found in rows
            ]
        )
        return
    table(
        ("issue", "locale", "translated", "fuzzy", "missing", ""),
        (
            (slug, locale, found.translated, found.fuzzy, found.missing, "complete" if found.complete else "not yet")
            for slug, locale, found in rows
        ),
    )
