"""``newsletter i18n sync | status``: bring catalogs up to date, and see what is left to do."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Annotated

import polib
import typer

from newsletter.cli.approving import approval_of
from newsletter.cli.commands import i18n_approve, i18n_check, i18n_exchange
from newsletter.cli.commands.github import annotation
from newsletter.cli.output import AsJson, finding_json, say, say_json, table, tell
from newsletter.cli.shape import IssueNames
from newsletter.cli.wiring import House, open_house
from newsletter.content.load import LoadedIssue
from newsletter.errors import Finding, SourceSpan, UsageError
from newsletter.i18n.approvals import ApprovalState
from newsletter.i18n.catalog import write_catalog
from newsletter.i18n.formats import Formats
from newsletter.i18n.memory import Memory
from newsletter.i18n.status import EditionStatus, edition_status
from newsletter.i18n.sync import count, differences, sync

app = typer.Typer(help="Translate issues: catalogs in and out, and what is left to do.", no_args_is_help=True)
i18n_exchange.register(app)
i18n_approve.register(app)
i18n_check.register(app)


class Format(StrEnum):
    """How a report is printed."""

    TABLE = "table"
    GITHUB = "github"


@app.command("sync")
def sync_command(issues: IssueNames = None, as_json: AsJson = False) -> None:
    """Put the issue's texts into its catalogs; finished translations stay."""
    house = open_house()
    workspace = house.workspace
    limit_of = house.limits.of

    @cache
    def memory_of(source_locale: str, locale: str) -> Memory:
        return Memory(workspace.locales, source_locale, locale)

    # Everything is read before anything is written: a broken catalog must not leave half of them done.
    merged = []
    for loaded in house.issues(issues):
        for locale in house.targets(loaded):
            memory = memory_of(loaded.issue.source_locale, locale)
            catalog = sync(loaded, locale, house.catalog(loaded.slug, locale), memory, limit_of)
            merged.append((loaded, locale, memory, catalog))
    report = []
    passed_over = set[str]()
    for loaded, locale, memory, catalog in merged:
        path = workspace.catalog(loaded.slug, locale)
        write_catalog(catalog, path)
        shown = workspace.shown(path)
        found = count(loaded.issue, catalog, locale)
        notices = differences(loaded, locale, house.catalog(loaded.slug, locale), shown) if loaded.written else []
        passed_over.update(map(workspace.shown, memory.passed_over))
        report.append(
            {
                "issue": loaded.slug,
                "locale": locale,
                "catalog": shown,
                "translated": found.translated,
                "fuzzy": found.fuzzy,
                "missing": found.missing,
                "notices": [finding_json(notice) for notice in notices],
            }
        )
        if not as_json:
            left = f"{found.fuzzy} to look over, {found.missing} to translate" if not found.complete else "complete"
            say(f"{shown}: {found.total} messages, {left}")
            say_notices(notices)
    if as_json:
        say_json(report)
    for shown in sorted(passed_over):
        tell(f"notice: {shown} is broken, so nothing was taken from it")


def say_notices(notices: list[Finding]) -> None:
    """What keeps nothing back, on standard error."""
    for notice in notices:
        tell(f"notice: {notice}")


@app.command("status")
def status_command(
    issues: IssueNames = None,
    as_json: AsJson = False,
    form: Annotated[
        Format, typer.Option("--format", help="table, or github: messages for a pipeline, at their lines.")
    ] = Format.TABLE,
) -> None:
    """Show, for every issue and locale, what is translated, fuzzy and missing, and who read it over."""
    if as_json and form is not Format.TABLE:
        raise UsageError(f"--json and --format {form} are two different reports", "leave one of them out")
    house = open_house()
    rows = [status for loaded in house.issues(issues) for status in statuses(house, loaded)]
    required = house.settings.approval_required
    if as_json:
        say_json([_as_json(status) for status in rows])
    elif form is Format.GITHUB:
        for line in (line for status in rows for line in _github(status, required=required)):
            typer.echo(line)
    else:
        _print(rows, required=required)


def statuses(house: House, loaded: LoadedIssue) -> Iterator[EditionStatus]:
    """The status of an issue's editions.  The source edition's, too, if it can be or has been approved."""
    for locale in house.settings.locales:
        approval = approval_of(house, loaded.slug, locale)
        is_source = locale == loaded.issue.source_locale
        if is_source and approval is None and not house.settings.approval_required:
            continue
        catalog = polib.POFile() if is_source else house.catalog(loaded.slug, locale)
        formats = Formats(house.settings.format_locale(locale))
        yield edition_status(
            loaded,
            locale,
            catalog,
            approval,
            formats,
            catalog_name=house.workspace.shown(house.workspace.catalog(loaded.slug, locale)),
            blocking=() if is_source else blocking_findings(house, loaded, locale),
        )


def blocking_findings(house: House, loaded: LoadedIssue, locale: str) -> tuple[Finding, ...]:
    """What keeps an edition in the house.  The one place of ``status`` that asks the checks."""
    return tuple(sorted(one.as_finding() for one in house.review(loaded, locale) if one.blocks))


def _print(rows: list[EditionStatus], *, required: bool) -> None:
    with_approval = required or any(status.approval_state.approval for status in rows)
    columns = ("issue", "locale", "translated", "fuzzy", "missing", "")
    table(
        (*columns, "approval") if with_approval else columns,
        (
            (
                status.slug,
                status.locale,
                status.counts.translated,
                status.counts.fuzzy,
                status.counts.missing,
                "complete" if status.complete else f"not yet, {len(status.blocking)} blocking",
                *([_told(status.approval_state)] if with_approval else []),
            )
            for status in rows
        ),
    )
    for status in rows:
        for change in status.approval_state.changes:
            say(f"{status.slug}, {status.locale}: {change}")
        for notice in status.notices:
            say(f"notice: {notice}")


def _told(state: ApprovalState) -> str:
    if state.approval is None:
        return "nobody yet"
    by = f"{state.approval.by}, {state.approval.at:%Y-%m-%d}"
    return by if state.valid else f"void: {len(state.changes)} changed since {by}"


def _as_json(status: EditionStatus) -> dict[str, object]:
    approval = status.approval_state.approval
    return {
        "issue": status.slug,
        "locale": status.locale,
        "source": status.is_source,
        "translated": status.counts.translated,
        "fuzzy": status.counts.fuzzy,
        "missing": status.counts.missing,
        "complete": status.complete,
        "blocking": [finding_json(finding) for finding in status.blocking],
        "notices": [finding_json(finding) for finding in status.notices],
        "approval": approval
        and {
            "by": approval.by,
            "at": approval.at.isoformat(),
            "valid": status.approval_state.valid,
            "changes": list(status.approval_state.changes),
        },
    }


def _github(status: EditionStatus, *, required: bool) -> Iterator[str]:
    for kind, findings in (("error", status.blocking), ("notice", status.notices)):
        yield from (annotation(kind, finding) for finding in findings)
    state = status.approval_state
    if state.valid or (state.approval is None and not required):
        return
    file = f"issues/{status.slug}.yaml" if status.is_source else status.catalog_name
    text = "\n".join((f"the {status.locale} edition of '{status.slug}' is not approved", *state.changes))
    kind = "error" if required else "notice"
    yield annotation(kind, Finding(SourceSpan(file, line=0), "not-approved", text))
