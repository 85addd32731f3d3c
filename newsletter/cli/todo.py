"""What is left to do before an issue can be sent: one list, for ``newsletter check`` and for the studio.

An entry is one line of that command's report.  It knows more than the line
says: which edition and message it is about, and the single messages behind
"the es edition is not complete".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.cli.i18n_approve import require_approval
from newsletter.cli.wiring import House
from newsletter.content.load import LoadedIssue
from newsletter.errors import ContentError, Finding, SourceSpan, TemplateError, TranslationError
from newsletter.i18n.catalog import catalog_path
from newsletter.i18n.checks.findings import Check, CheckFinding
from newsletter.i18n.locales import PAIR
from newsletter.render.rendered import CLIPPED_HINT, Rendered, clipped

Render = Callable[[LoadedIssue, str], Rendered]
"""An edition as it would be sent.  Raises as ``House.letter`` and ``House.render`` do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to do.

    ``blocks`` keeps the issue in the house; of what ``waits`` nothing is wrong,
    only somebody must still say yes.  ``context`` names the message, if it is
    about one.
    """

    finding: Finding
    blocks: bool
    locale: str = ""
    context: str = ""
    parts: tuple[Entry, ...] = ()
    waits: bool = False


def left_to_do(house: House, file: Path, render: Render | None = None) -> list[Entry]:
    """Everything that keeps an issue from being sent, in every edition, and what only ought to be looked at."""
    try:
        loaded = house.load(file)
    except ContentError as errors:
        return [Entry(finding, blocks=True) for finding in errors.findings]
    entries: list[Entry] = []
    for locale in house.settings.editions():
        if PAIR in locale and any(entry.blocks and not entry.waits for entry in entries):
            continue  # both halves were looked at already
        entries += _of_edition(house, loaded, locale, render or _rendered(house))
    # A broken glossary is found in every edition, and said once.
    return list({entry.finding: entry for entry in entries}.values())


def _rendered(house: House) -> Render:
    return lambda loaded, locale: house.render(house.letter(loaded, locale))


def _of_edition(house: House, loaded: LoadedIssue, locale: str, render: Render) -> Iterator[Entry]:
    shown = house.workspace.shown
    issue = SourceSpan(f"issues/{loaded.slug}.yaml", line=0)
    review: Sequence[CheckFinding] = ()
    try:
        review = () if PAIR in locale else house.review(loaded, locale)
        for found in review:
            if not found.blocks and not found.reason:
                yield Entry(found.as_finding(), blocks=False, locale=locale, context=found.context)
        rendered = render(loaded, locale)
    except ContentError as errors:
        contexts = {found.as_finding(): found.context for found in review}
        for finding in errors.findings:
            yield Entry(finding, blocks=True, locale=locale, context=contexts.get(finding, ""))
    except TranslationError as error:
        where = SourceSpan(shown(catalog_path(house.workspace.locales, locale, loaded.slug)), line=0)
        parts = tuple(
            Entry(found.as_finding(), blocks=True, locale=locale, context=found.context)
            for found in review
            if found.code in (Check.MISSING, Check.FUZZY)
        )
        yield Entry(Finding(where, error.code, error.message, error.hint), blocks=True, locale=locale, parts=parts)
    except TemplateError as error:
        yield Entry(Finding(issue, error.code, error.message, error.hint), blocks=True, locale=locale)
    else:
        if too_long := clipped(locale, rendered.html):
            yield Entry(Finding(issue, "clipped", too_long, CLIPPED_HINT), blocks=False, locale=locale)
        if PAIR not in locale:
            yield from _approval(house, loaded, locale)


def _approval(house: House, loaded: LoadedIssue, locale: str) -> Iterator[Entry]:
    """That somebody must read an edition over, where the settings want that."""
    try:
        require_approval(house, loaded, locale)
    except TranslationError as error:
        path = catalog_path(house.workspace.locales, locale, loaded.slug)
        shown = house.workspace.shown(path) if path.exists() else f"issues/{loaded.slug}.yaml"
        finding = Finding(SourceSpan(shown, line=0), "not-approved", error.message, error.hint)
        yield Entry(finding, blocks=True, locale=locale, waits=True)
    except ContentError as errors:  # the approval's own file is broken
        for finding in errors.findings:
            yield Entry(finding, blocks=True, locale=locale)
