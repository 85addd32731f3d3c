"""What is left to do before an issue can be sent: one list, for ``newsletter check`` and for the studio.

An entry is one line of that command's report.  It knows more than the line
says: which edition and message it is about, and the single messages behind
"the es edition is not complete".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.cli.approving import require_approval
from newsletter.cli.newsroom import Newsroom
from newsletter.cli.quality import Placed, quality
from newsletter.content.load import LoadedIssue
from newsletter.errors import ContentError, Finding, Level, SourceSpan, TemplateError, TranslationError
from newsletter.i18n.checks.findings import Check, CheckFinding
from newsletter.i18n.locales import PAIR
from newsletter.render.anchors import block_sizes, without_anchors
from newsletter.render.bilingual import Letter
from newsletter.render.rendered import Rendered


@dataclass(frozen=True, slots=True)
class Sendable:
    """An edition as it would be sent, and what each block weighs in its page, in bytes."""

    letter: Letter
    rendered: Rendered
    sizes: tuple[tuple[str, int], ...]


Render = Callable[[LoadedIssue, str], Sendable]
"""Makes an edition.  Raises as ``Newsroom.letter`` and ``House.render`` do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to do.

    ``blocks`` keeps the issue in the house; of what ``waits`` nothing is wrong,
    only somebody must still say yes.  ``context`` names the message or the
    block, if it is about one.
    """

    finding: Finding
    blocks: bool
    locale: str = ""
    context: str = ""
    parts: tuple[Entry, ...] = ()
    waits: bool = False

    @property
    def level(self) -> Level:
        """An edition that nobody has approved yet has no mistake."""
        return Level.ERROR if self.blocks and not self.waits else Level.WARNING

    @property
    def order(self) -> tuple[bool, bool, SourceSpan, str]:
        """The worst first; then by place."""
        return (self.level is not Level.ERROR, not self.blocks, self.finding.where, self.finding.code)


def left_to_do(house: Newsroom, file: Path, render: Render | None = None) -> list[Entry]:
    """Everything that keeps an issue from being sent, in every edition, and what only ought to be looked at.

    The worst comes first, each once.
    """
    try:
        loaded = house.load(file)
    except ContentError as errors:
        return [Entry(finding, blocks=True) for finding in errors.findings]
    entries: list[Entry] = []
    for locale in house.settings.editions():
        if PAIR in locale and any(entry.blocks and not entry.waits for entry in entries):
            continue  # both halves were looked at already
        entries += _of_edition(house, loaded, locale, render or _sendable(house))
    # A broken glossary is found in every edition, and said once.
    return sorted({entry.finding: entry for entry in entries}.values(), key=lambda entry: entry.order)


def _sendable(house: Newsroom) -> Render:
    def make(loaded: LoadedIssue, locale: str) -> Sendable:
        letter = house.letter(loaded, locale)
        return sendable(letter, house.render(letter, anchored=True))

    return make


def sendable(letter: Letter, anchored: Rendered) -> Sendable:
    """A letter that was rendered with anchors."""
    sizes = tuple(block_sizes(anchored.html))
    html, mjml = without_anchors(anchored.html), without_anchors(anchored.mjml)
    return Sendable(letter, replace(anchored, html=html, mjml=mjml), sizes)


def _of_edition(house: Newsroom, loaded: LoadedIssue, locale: str, render: Render) -> Iterator[Entry]:
    shown = house.workspace.shown
    review: Sequence[CheckFinding] = ()
    try:
        review = () if PAIR in locale else house.review(loaded, locale)
        for found in review:
            if not found.blocks and not found.reason:
                yield Entry(found.as_finding(), blocks=False, locale=locale, context=found.context)
        made = render(loaded, locale)
    except ContentError as errors:
        contexts = {found.as_finding(): found.context for found in review}
        for finding in errors.findings:
            yield Entry(finding, blocks=True, locale=locale, context=contexts.get(finding, ""))
    except TranslationError as error:
        where = SourceSpan(shown(house.workspace.catalog(loaded.slug, locale)), line=0)
        parts = tuple(
            Entry(found.as_finding(), blocks=True, locale=locale, context=found.context)
            for found in review
            if found.code in (Check.MISSING, Check.FUZZY)
        )
        yield Entry(Finding(where, error.code, error.message, error.hint), blocks=True, locale=locale, parts=parts)
    except TemplateError as error:
        where = SourceSpan(f"issues/{loaded.slug}.yaml", line=0)
        yield Entry(Finding(where, error.code, error.message, error.hint), blocks=True, locale=locale)
    else:
        yield from (as_entry(one, locale) for one in quality(house, loaded, made.letter, made.rendered, made.sizes))
        if PAIR not in locale:
            yield from _approval(house, loaded, locale)


def as_entry(one: Placed, locale: str) -> Entry:
    """A remark of quality in the list."""
    return Entry(one.finding, blocks=one.level is Level.ERROR, locale=locale, context=one.context)


def _approval(house: Newsroom, loaded: LoadedIssue, locale: str) -> Iterator[Entry]:
    """That somebody must read an edition over, where the settings want that."""
    try:
        require_approval(house, loaded, locale)
    except TranslationError as error:
        path = house.workspace.catalog(loaded.slug, locale)
        shown = house.workspace.shown(path) if path.exists() else f"issues/{loaded.slug}.yaml"
        finding = Finding(SourceSpan(shown, line=0), "not-approved", error.message, error.hint)
        yield Entry(finding, blocks=True, locale=locale, waits=True)
    except ContentError as errors:  # the approval's own file is broken
        for finding in errors.findings:
            yield Entry(finding, blocks=True, locale=locale)
