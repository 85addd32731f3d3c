"""Issue + catalog → Edition: the issue as readers of one locale get it.

An edition exists only when every message is translated, not fuzzy, as
well-formed as the source had to be, and agrees with it by all checks that
block (``checks/``).  There is no fall-back to the source language.  A *draft*
may have holes; it marks them so that nobody overlooks them, and can never be
sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polib

from newsletter.content.blocks import Block
from newsletter.content.fields import normal_text
from newsletter.content.load import LoadedIssue
from newsletter.content.placeholders import NUMBERS, write_numbers
from newsletter.content.rebuild import rebuild
from newsletter.content.schema import Issue
from newsletter.errors import ContentError, Finding, SourceSpan, TranslationError
from newsletter.i18n.catalog import State, index, state
from newsletter.i18n.checks.edition import malformed
from newsletter.i18n.checks.findings import Check, CheckFinding
from newsletter.i18n.formats import Formats
from newsletter.i18n.locales import direction
from newsletter.i18n.messages import Message, map_texts
from newsletter.wording import joined, quoted, said, with_lines

HOLE = "⟦{state}: {text}⟧"  # how a draft shows what is not translated yet


@dataclass(frozen=True, slots=True)
class Edition:
    """An issue in one locale, for readers of one set of segments.

    ``issue`` is an Issue in which every text is in ``locale``, every per-locale
    value is chosen, every ``{count}`` and ``{goal}`` is written out and the blocks that are
    not for these readers are gone.
    """

    slug: str
    locale: str
    issue: Issue
    formats: Formats
    segments: frozenset[str]
    draft: bool = False

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return direction(self.locale)


def limiting_segments(issue: Issue) -> frozenset[str]:
    """The segments that decide which blocks somebody sees; readers differ by these only."""
    return frozenset(name for block in issue.blocks if block.only for name in block.only.segments)


def translate(
    loaded: LoadedIssue,
    locale: str,
    catalog: polib.POFile,
    formats: Formats,
    *,
    segments: frozenset[str] | None = None,
    draft: bool = False,
    catalog_name: str = "",
    review: Sequence[CheckFinding] = (),
) -> Edition:
    """Make the edition for ``locale`` and for readers who are in ``segments`` (None: show every block).

    Raises TranslationError when anything is missing or fuzzy, ContentError
    when a translation is malformed or something in ``review`` blocks; for a
    draft, neither.  ``review`` is what the checks found in just this catalog:
    only ``Newsroom.edition``, which hands it on, makes what is sent.
    """
    issue = loaded.issue
    limiting = limiting_segments(issue)
    seen_by = limiting if segments is None else segments & limiting
    if locale != issue.source_locale:
        issue = _translated(loaded, locale, catalog, draft=draft, catalog_name=catalog_name, review=review)
    blocks = tuple(
        _for_readers(block, locale, formats)
        for block in issue.blocks
        if not block.only
        or ((not block.only.locales or locale in block.only.locales) and _sees(block.only.segments, seen_by))
    )
    shown = issue.model_copy(update={"blocks": blocks})
    if shown.mail_kind is not loaded.issue.mail_kind:
        # A campaign has one kind, also for readers who see only some of it.
        shown = shown.model_copy(update={"kind": loaded.issue.mail_kind})
    return Edition(loaded.slug, locale, shown, formats, seen_by, draft)


def _sees(segments: tuple[str, ...], member_of: frozenset[str]) -> bool:
    return not segments or bool(member_of.intersection(segments))


def _translated(
    loaded: LoadedIssue,
    locale: str,
    catalog: polib.POFile,
    *,
    draft: bool,
    catalog_name: str,
    review: Sequence[CheckFinding],
) -> Issue:
    known = index(catalog)
    shown = catalog_name or str(Path(locale) / f"{loaded.slug}.po")
    holes: list[tuple[State, Message]] = []
    findings: list[Finding] = []

    def change(message: Message) -> str:
        entry = known.get((message.context, message.text))
        found = state(entry)
        if found is not State.TRANSLATED or entry is None:
            holes.append((found, message))
            return HOLE.format(state=found, text=entry.msgstr if entry and entry.msgstr else message.text)
        where = SourceSpan(shown, entry.linenum or 1)
        for problem in malformed(message, entry.msgstr):
            told = said("%(context)s: %(what)s", context=message.context, what=problem.message)
            findings.append(Finding(where, problem.code, told, problem.hint))
        return normal_text(message.kind, entry.msgstr)

    issue = map_texts(loaded.issue, change, locale)
    if draft:
        return issue
    blocking = [found for found in review if found.blocks]
    if any(found.code not in (Check.MISSING, Check.FUZZY) for found in blocking):
        findings += [found.as_finding() for found in blocking]
    if findings:
        raise ContentError(findings)
    if holes:
        raise _incomplete(loaded.slug, locale, holes)
    return issue


def _incomplete(slug: str, locale: str, holes: list[tuple[State, Message]]) -> TranslationError:
    missing, fuzzy = (sum(state is found for state, _message in holes) for found in (State.MISSING, State.FUZZY))
    counts = [said("%(number)s to look over", number=fuzzy)] if fuzzy else []
    counts += [said("%(number)s missing", number=missing)] if missing else []
    values = {"locale": locale, "slug": slug, "counts": joined(counts)}
    what = said("the %(locale)s edition of '%(slug)s' is not complete: %(counts)s", **values)
    shown = [f"{found}: {message.context}: {quoted(message.text[:60])}" for found, message in holes[:10]]
    more = [f"… and {len(holes) - 10} more"] if len(holes) > 10 else []  # noqa: PLR2004 - ten fill a screen's half
    return TranslationError(
        with_lines(what, [*shown, *more]),
        said(
            "translate it with 'newsletter preview', or in a PO editor after 'newsletter i18n sync %(slug)s'",
            slug=slug,
        ),
    )


def _for_readers(block: Block, locale: str, formats: Formats) -> Block:
    """Choose each per-locale value, and write out the numbers."""
    numbers = {name: number for name in NUMBERS if (number := getattr(block, name, None)) is not None}

    def change(value: object) -> object:
        if isinstance(value, Mapping):
            return value[locale]
        if type(value) is str and numbers:
            return write_numbers(value, numbers, formats.number, formats.plural)
        return value

    return rebuild(block, change)
