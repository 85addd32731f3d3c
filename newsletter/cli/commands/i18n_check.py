"""``newsletter i18n check | waive``: does each translation agree with its source, and what may differ all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.text import Text

from newsletter.cli.output import AsJson, out, say, say_json, table
from newsletter.cli.shape import IssueName, IssueNames, OnlyLocales
from newsletter.cli.wiring import House, open_house
from newsletter.content.load import LoadedIssue
from newsletter.errors import ContentError, UsageError, did_you_mean
from newsletter.i18n.checks.findings import CheckFinding, Severity, excerpt
from newsletter.i18n.waivers import fingerprint, waive

Found = dict[tuple[str, str], Sequence[CheckFinding]]
"""What was found, by issue and locale."""

_STYLES = {Severity.BLOCKING: "bold red", Severity.UNLESS_WAIVED: "red", Severity.WARNING: "yellow"}


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("check")(check_command)
    app.command("waive")(waive_command)


def check_command(
    issues: IssueNames = None,
    locale: OnlyLocales = None,
    as_json: AsJson = False,
) -> None:
    """Compare every translation with its source: links, numbers, dates, placeholders, terms and more."""
    house = open_house()
    house.require_locales(locale or [])
    wanted = locale or house.settings.locales
    loaded_issues = house.issues(issues)
    found: Found = {
        (loaded.slug, target): _review(house, loaded, target)
        for loaded in loaded_issues
        for target in house.targets(loaded)
        if target in wanted
    }
    slugs = [loaded.slug for loaded in loaded_issues]
    others = [] if issues else list(house.rules.waivers.unknown(slugs, house.settings.locales))
    if as_json:
        say_json(_report_json(found, others))
    else:
        _report(found, others)
    if any(finding.blocks for findings in found.values() for finding in findings):
        raise typer.Exit(ContentError.exit_code)


def waive_command(
    issue: IssueName,
    check: Annotated[str, typer.Argument(metavar="CHECK", help="The name of the check, e.g. numbers.")],
    context: Annotated[str, typer.Option("--context", help="The message, e.g. greeting.body.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is right as it is.")],
    locale: Annotated[str, typer.Option("--locale", help="Which language; needed if there are several.")] = "",
    line: Annotated[int, typer.Option("--line", metavar="N", help="Its line in the PO file, if several fit.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Let one finding pass, with a reason, until somebody edits the source or the translation."""
    house = open_house()
    loaded = house.issue(issue)
    locale = _only_locale(house, loaded, locale)
    if len(reason.strip()) < 3:  # noqa: PLR2004 - "ok" is no reason
        raise UsageError("a waiver needs a reason", "say with --reason, in a few words, why it is right as it is")
    findings = house.review(loaded, locale)
    fitting = [
        finding
        for finding in findings
        if finding.code == check and finding.context == context and (not line or finding.where.line == line)
    ]
    finding = _the_one(fitting, findings, check, context)
    path = house.waivers_file
    waiver = waive(path, house.workspace.shown(path), loaded.slug, locale, finding, reason.strip())
    if as_json:
        say_json({"file": house.workspace.shown(path), **waiver.model_dump()})
        return
    for passed in fitting:
        say(f"waived: {passed.where}: {passed.message} [{passed.code}]")
    say(f"  {house.workspace.shown(path)} says why; whoever edits either text gets the finding back")


def _the_one(
    fitting: Sequence[CheckFinding], findings: Sequence[CheckFinding], check: str, context: str
) -> CheckFinding:
    if not fitting:
        known = [f"{found.code} in {found.context}" for found in findings if found.severity is not Severity.BLOCKING]
        hint = f"it finds: {', '.join(dict.fromkeys(known))}" if known else "there is nothing to waive in this edition"
        raise UsageError(f"'{check}' finds nothing in '{context}'", hint)
    if fitting[0].severity is Severity.BLOCKING:
        raise UsageError(f"'{check}' cannot be waived", fitting[0].hint or "mend the translation")
    if len({fingerprint(finding) for finding in fitting}) > 1:
        lines = ", ".join(str(finding.where.line) for finding in fitting)
        raise UsageError(f"'{check}' finds several messages in '{context}'", f"add --line with one of {lines}")
    if fitting[0].reason:
        raise UsageError("it is waived already", f"the reason given is: {fitting[0].reason}")
    return fitting[0]


def _only_locale(house: House, loaded: LoadedIssue, name: str) -> str:
    known = house.targets(loaded)
    if name:
        if name not in known:
            raise UsageError(f"'{loaded.slug}' is not translated into '{name}'", did_you_mean(name, known))
        return name
    if len(known) != 1:
        raise UsageError("which language?", f"add --locale with one of {', '.join(known)}")
    return known[0]


def _review(house: House, loaded: LoadedIssue, locale: str) -> Sequence[CheckFinding]:
    """The findings of an edition; those of a catalog that cannot be read, if it cannot be."""
    _rules = house.rules  # a broken glossary is no fault of this catalog's
    try:
        return house.review(loaded, locale)
    except ContentError as errors:
        return [
            CheckFinding(broken.code, broken.where, "catalog", "", "", broken.message, broken.hint)
            for broken in errors.findings
        ]


def _report(found: Found, others: Sequence[CheckFinding]) -> None:
    findings = [finding for findings in found.values() for finding in findings]
    severities = list(Severity)
    shown = [finding for finding in (*findings, *others) if not finding.reason]
    for finding in sorted(shown, key=lambda finding: (severities.index(finding.severity), finding.where)):
        _say_finding(finding)
    table(
        ("issue", "locale", "blocking", "waived", "warnings", ""),
        ((slug, locale, *_counts(edition), _verdict(edition)) for (slug, locale), edition in found.items()),
    )


def _say_finding(finding: CheckFinding) -> None:
    line = Text.assemble(
        (f"{finding.severity}: ", _STYLES[finding.severity]), (f"{finding.where}: ", "bold"), finding.context, ": "
    )
    line.append(finding.message).append(f" [{finding.code}]", "dim")
    for name, text in (("source", finding.source), ("translation", finding.target)):
        if text:
            line.append(f"\n  {name + ':':<12} {excerpt(text)}")
    if finding.hint:
        line.append(f"\n  hint: {finding.hint}")
    out.print(line)


def _counts(findings: Iterable[CheckFinding]) -> tuple[int, int, int]:
    counts = Counter(
        "blocking" if finding.blocks else "waived" if finding.reason else "warnings" for finding in findings
    )
    return counts["blocking"], counts["waived"], counts["warnings"]


def _verdict(findings: Sequence[CheckFinding]) -> str:
    return "must not go out" if any(finding.blocks for finding in findings) else "agrees"


def _report_json(found: Found, others: Sequence[CheckFinding]) -> dict[str, object]:
    editions = []
    for (slug, locale), findings in found.items():
        blocking, waived, warnings = _counts(findings)
        counts = {"blocking": blocking, "waived": waived, "warnings": warnings}
        report = [_finding_json(finding) for finding in findings]
        editions.append({"issue": slug, "locale": locale, **counts, "findings": report})
    return {"editions": editions, "waivers": [_finding_json(finding) for finding in others]}


def _finding_json(finding: CheckFinding) -> dict[str, object]:
    return {
        "check": finding.code,
        "severity": finding.severity.value,
        "blocks": finding.blocks,
        "waived": finding.reason or None,
        "context": finding.context,
        "path": finding.where.path,
        "line": finding.where.line,
        "message": finding.message,
        "hint": finding.hint,
        "source": finding.source,
        "translation": finding.target,
    }
