"""``newsletter check``: everything that is wrong with settings, issues, translations and mails, in one list."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from newsletter.cli.output import AsJson, counted, finding_json, out, printable, say, say_json
from newsletter.cli.shape import IssueNames
from newsletter.cli.wiring import House, open_house
from newsletter.errors import ContentError, Finding, Level, SourceSpan, UsageError

if TYPE_CHECKING:
    from newsletter.cli.todo import Entry

_STYLES = {Level.ERROR: "bold red", Level.WARNING: "yellow"}


class Format(StrEnum):
    """How the list is printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("check")(check_command)


def check_command(
    issues: IssueNames = None,
    as_json: AsJson = False,
    form: Annotated[
        Format,
        typer.Option("--format", help="text; json; github: at the lines of a pull request; sarif: for code hosts."),
    ] = Format.TEXT,
    links: Annotated[bool, typer.Option("--links", help="Also follow every link, over the network.")] = False,
) -> None:
    """Report everything that is wrong with settings, issues, translations and mails, the worst first."""
    if as_json and form not in (Format.TEXT, Format.JSON):
        raise UsageError(f"--json and --format {form} are two different reports", "leave one of them out")
    house = open_house()
    files = house.workspace.issue_files(issues)
    entries = [entry for file in files for entry in check_issue(house, file)]
    entries += _templates(house) + _words(house)
    if not issues:
        entries += _lost_waivers(house, files) + _misnamed(house)
    if links:
        from newsletter.cli.commands.check_links import follow_links

        entries += asyncio.run(follow_links(house, files))
    entries = sorted({entry.finding: entry for entry in entries}.values(), key=lambda entry: entry.order)
    _print(house, [file.stem for file in files], entries, Format.JSON if as_json else form)
    if any(entry.level is Level.ERROR for entry in entries):
        raise typer.Exit(ContentError.exit_code)


def check_issue(house: House, file: Path) -> list[Entry]:
    """What is left to do before an issue can be sent, the worst first."""
    from newsletter.cli.todo import left_to_do

    return left_to_do(house, file)


def _templates(house: House) -> list[Entry]:
    """What the MJML engine would pass over in the workspace's own templates; what it cannot read is an error."""
    from newsletter.cli.todo import Entry
    from newsletter.render.lint import FATAL, lint_templates

    folder = house.workspace.root / "templates"
    findings = lint_templates(folder, house.workspace.shown(folder))
    return [Entry(finding, blocks=finding.code in FATAL) for finding in findings]


def _words(house: House) -> list[Entry]:
    """What is wrong with the workspace's own words; pages would be in English, and nobody would be told why."""
    from newsletter.cli.todo import Entry
    from newsletter.i18n.catalog import check_places, read_catalog

    findings: list[Finding] = []
    for path in sorted(house.workspace.locales.glob("*/LC_MESSAGES/*.po")):
        shown = house.workspace.shown(path)
        try:
            findings += check_places(read_catalog(path, shown), shown)
        except ContentError as errors:
            findings += errors.findings
    return [Entry(finding, blocks=True) for finding in findings]


def _lost_waivers(house: House, files: Sequence[Path]) -> list[Entry]:
    from newsletter.cli.todo import Entry

    level = house.settings.checks.severity.get("stale-waiver", Level.WARNING)
    try:
        waivers = house.rules.waivers
    except ContentError as errors:
        return [Entry(finding, blocks=True) for finding in errors.findings]
    found = waivers.unknown([file.stem for file in files], house.settings.locales) if level is not Level.OFF else ()
    return [Entry(one.as_finding(), blocks=level is Level.ERROR, context=one.context) for one in found]


def _misnamed(house: House) -> list[Entry]:
    from newsletter.cli.todo import Entry

    hint = "rename it, with small letters, digits and hyphens: 2019-06-summer.yaml"
    message = "not read as an issue: its name does not end in '.yaml'"
    where = [SourceSpan(house.workspace.shown(path), line=0) for path in house.workspace.misnamed()]
    return [Entry(Finding(place, "bad-slug", message, hint), blocks=False) for place in where]


def _print(house: House, slugs: list[str], entries: list[Entry], form: Format) -> None:
    errors = sum(entry.level is Level.ERROR for entry in entries)
    match form:
        case Format.JSON:
            findings = [_as_json(entry) for entry in entries]
            counts = {"errors": errors, "warnings": len(entries) - errors}
            say_json({"issues": slugs, **counts, "findings": findings})
        case Format.GITHUB:
            from newsletter.cli.commands.github import annotation

            for entry in entries:
                typer.echo(annotation(entry.level.value, entry.finding))
        case Format.SARIF:
            from newsletter.cli.commands.sarif import sarif

            say_json(sarif(entries))
        case Format.TEXT:
            for entry in entries:
                _say(entry)
            _sum_up(house, len(slugs), errors, len(entries) - errors)


def _say(entry: Entry) -> None:
    found, level = entry.finding, entry.level
    hint = f"\n  hint: {printable(found.hint)}" if found.hint else ""
    where, message = (f"{found.where}: ", "bold"), printable(found.message)
    out.print(Text.assemble((f"{level}: ", _STYLES[level]), where, message, (f" [{found.code}]", "dim"), hint))


def _sum_up(house: House, issues: int, errors: int, warnings: int) -> None:
    told = f"{counted(issues, 'issue', 'issues')} checked"
    counts = [counted(errors, "error", "errors")] if errors else []
    counts += [counted(warnings, "warning", "warnings")] if warnings else []
    if errors:
        say(f"{told}: {', '.join(counts)}", "bold red")
    else:
        well = f"all is well in {', '.join(house.settings.editions())}"
        say(f"{told}: {well}{f', with {counts[0]}' if counts else ''}", "green")


def _as_json(entry: Entry) -> dict[str, object]:
    return {
        "severity": entry.level.value,
        **finding_json(entry.finding),
        "edition": entry.locale,
        "context": entry.context,
    }
