"""All checks of one edition: ``check_edition(…) → findings``, the gravest first.

Each message of the issue is compared with its entry in the catalog; then the
edition as a whole is judged (tú or usted, reading level); then waivers are
applied.  An edition in the source language has nothing to be compared with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import polib
from pydantic import BaseModel

from newsletter.content.fields import check_text
from newsletter.content.load import LoadedIssue
from newsletter.content.placeholders import COUNTED
from newsletter.content.problems import Problem
from newsletter.content.schema import Issue
from newsletter.errors import Level, SourceSpan
from newsletter.i18n.catalog import State, index, state
from newsletter.i18n.checks.address import check_address
from newsletter.i18n.checks.complete import check_complete
from newsletter.i18n.checks.findings import Check, CheckFinding, Severity, severity_of
from newsletter.i18n.checks.language import check_language
from newsletter.i18n.checks.reading import reading_ease
from newsletter.i18n.checks.structure import Limits, LinkPartners, check_structure
from newsletter.i18n.checks.text import Pair, Text
from newsletter.i18n.checks.values import check_values
from newsletter.i18n.glossary import Glossary, Terms
from newsletter.i18n.messages import Message, messages
from newsletter.i18n.waivers import Waivers
from newsletter.wording import quoted, said

READING_EASE = 40  # points below which an edition counts as hard to read; newspapers have some 60
_PLURALS = re.compile(r"\s*nplurals\s*=\s*(?P<number>[1-9])\s*;\s*plural\s*=\s*[^;]+;?\s*")
_ORDER = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Rules:
    """What a house asks of its translations.  ``levels`` makes warnings errors, or drops them; nothing else."""

    limits: Limits = field(default_factory=Limits)
    glossary: Glossary = field(default_factory=Glossary)
    waivers: Waivers = field(default_factory=Waivers)
    reading_ease: float = READING_EASE
    levels: Mapping[str, Level] = field(default_factory=dict)

    @cached_property
    def _terms(self) -> dict[tuple[str, str], Terms]:
        return {}

    def terms(self, source_locale: str, locale: str) -> Terms:
        """The glossary between two locales."""
        known = self._terms
        if (source_locale, locale) not in known:
            known[source_locale, locale] = self.glossary.terms(source_locale, locale)
        return known[source_locale, locale]


def check_edition(
    loaded: LoadedIssue, locale: str, catalog: polib.POFile, rules: Rules, catalog_name: str
) -> list[CheckFinding]:
    """Everything that is wrong, or may be, with the edition in ``locale``; never raises."""
    issue = loaded.issue
    if locale == issue.source_locale:
        return []
    known = index(catalog)
    findings = list(_plural_forms(catalog, catalog_name))
    terms, partners = rules.terms(issue.source_locale, locale), link_partners(issue)
    places: dict[Pair, SourceSpan] = {}
    for message in messages(issue, locale):
        entry = known.get((message.context, message.text))
        where = SourceSpan(catalog_name, (entry.linenum or 1) if entry and not entry.obsolete else 0)
        found = state(entry)
        if entry is None or found is State.MISSING:
            findings.append(_missing(message, where))
            continue
        if found is State.FUZZY:
            findings.append(_fuzzy(message, entry, where))
            continue
        pair = Pair(
            message.context,
            Text(message.text, message.kind, language(issue.source_locale)),
            Text(entry.msgstr, message.kind, language(locale)),
        )
        places[pair] = where
        problems = [*malformed(message, entry.msgstr), *compare(pair, rules.limits, terms, partners)]
        findings += (_of(problem, pair, where) for problem in problems)
    for pair, problem in check_address(pair for pair in places if not _is_quotation(issue, pair.context)):
        findings.append(_of(problem, pair, places[pair]))
    findings += _reading_level(places, language(locale), rules.reading_ease, catalog_name)
    judged = _weighed(rules.waivers.apply(loaded.slug, locale, findings), rules.levels)
    return sorted(judged, key=lambda finding: (_ORDER[finding.severity], bool(finding.reason), finding.where))


def _weighed(findings: Iterable[CheckFinding], levels: Mapping[str, Level]) -> Iterator[CheckFinding]:
    """Warnings as grave as the settings take them for.  What blocks by itself guards the edition, and stays."""
    for finding in findings:
        level = levels.get(finding.code) if severity_of(finding.code) is Severity.WARNING else None
        if level is not Level.OFF:
            yield replace(finding, raised=True) if level is Level.ERROR else finding


def compare(pair: Pair, limits: Limits, terms: Terms, partners: LinkPartners | None = None) -> Iterator[Problem]:
    """Everything in which two texts do not agree, in whatever languages they are."""
    yield from check_structure(pair, partners or LinkPartners(), limits)
    yield from check_values(pair)
    yield from check_complete(pair, terms.kept)
    yield from check_language(pair)
    yield from terms.check(pair.source.plain, pair.target.plain)


def malformed(message: Message, target: str) -> list[Problem]:
    """What a translation may not hold, whatever the source says."""
    problems = check_text(message.kind, target)
    known = {found["number"] for found in COUNTED.finditer(message.text)}
    for name in {found["number"] for found in COUNTED.finditer(target)} - known:
        # Nothing would fill it in, so readers would see the braces.
        told = said("%(shown)s stands where there is no such number", shown=f"{{{name}}}")
        hint = said("it may stand only where the source has it")
        problems.append(Problem("unknown-placeholder", told, hint))
    return problems


def language(locale: str) -> str:
    """The language of a locale: ``es`` of ``es_MX``."""
    return locale.replace("-", "_").partition("_")[0].lower()


def link_partners(issue: Issue) -> LinkPartners:
    """The pages of an issue that have another address in each locale."""
    found: dict[str, Mapping[str, str]] = {}

    def walk(value: Any) -> None:
        if isinstance(value, BaseModel):
            for name in type(value).model_fields:
                walk(getattr(value, name))
        elif isinstance(value, tuple):
            for item in value:
                walk(item)
        elif isinstance(value, Mapping):
            for url in value.values():
                found.setdefault(str(url), value)

    walk(issue)
    return LinkPartners(found)


def _is_quotation(issue: Issue, context: str) -> bool:
    """Whether somebody else is speaking: the words of a ``quote`` block."""
    name = context.partition(".")[0]
    return any(block.type == "quote" and block.id == name for block in issue.blocks)


def _of(problem: Problem, pair: Pair, where: SourceSpan) -> CheckFinding:
    return CheckFinding(
        problem.code, where, pair.context, pair.source.raw, pair.target.raw, problem.message, problem.hint
    )


def _missing(message: Message, where: SourceSpan) -> CheckFinding:
    hint = said("'newsletter i18n sync' puts new texts into the catalog; then translate it")
    text = said("not translated: %(text)s", text=quoted(" ".join(message.text.split())[:60]))
    return CheckFinding(Check.MISSING, where, message.context, message.text, "", text, hint)


def _fuzzy(message: Message, entry: polib.POEntry, where: SourceSpan) -> CheckFinding:
    hint = said("compare it with the source, mend it, and take the mark 'fuzzy' (needs work) away")
    text = said("the translation is of an earlier text, or somebody was not sure of it")
    return CheckFinding(Check.FUZZY, where, message.context, message.text, entry.msgstr, text, hint)


def _plural_forms(catalog: polib.POFile, catalog_name: str) -> Iterator[CheckFinding]:
    """The header's rule for plurals, and messages that do not have every form."""
    header = catalog.metadata.get("Plural-Forms", "")
    rule = _PLURALS.fullmatch(header)
    if header and not rule:
        hint = said("e.g. nplurals=2; plural=(n != 1); 'newsletter i18n sync' knows what each language needs")
        message = said("the header's Plural-Forms cannot be read: %(text)s", text=repr(header[:60]))
        yield CheckFinding(Check.PLURAL_FORMS, SourceSpan(catalog_name), "header", "", "", message, hint)
    for entry in catalog:
        if entry.obsolete or not entry.msgid_plural:
            continue
        forms = {int(number): text for number, text in entry.msgstr_plural.items()}
        wanted = int(rule["number"]) if rule else len(forms)
        lacking = [number for number in range(wanted) if not forms.get(number, "").strip()]
        if lacking or len(forms) > wanted:
            there = len(forms) - sum(n in forms for n in lacking)
            message = said("%(wanted)s forms are needed, and %(there)s are there", wanted=wanted, there=there)
            where = SourceSpan(catalog_name, entry.linenum or 1)
            context = entry.msgctxt or entry.msgid
            hint = said("translate every form")
            yield CheckFinding(Check.PLURAL_FORMS, where, context, entry.msgid, "", message, hint)


def _reading_level(pairs: Iterable[Pair], of: str, least: float, catalog_name: str) -> Iterator[CheckFinding]:
    score = reading_ease((pair.target for pair in pairs), of)
    if score is not None and score < least:
        values = {"score": f"{score:.0f}", "least": f"{least:.0f}"}
        message = said("it is hard to read: %(score)s points of reading ease, and %(least)s are wanted", **values)
        hint = said("shorter sentences and more common words help")
        yield CheckFinding(Check.READING_LEVEL, SourceSpan(catalog_name, 0), "edition", "", "", message, hint)
