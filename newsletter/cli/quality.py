"""What the checks of quality say of one edition, as grave as the settings take it, at its place in the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.cli.newsroom import Newsroom
from newsletter.content.load import LoadedIssue
from newsletter.content.source import read_source
from newsletter.content.whereabouts import whereabouts
from newsletter.errors import ContentError, Finding, Level, SourceSpan
from newsletter.i18n.locales import PAIR
from newsletter.render.bilingual import Letter
from newsletter.render.quality.look import look_over
from newsletter.render.quality.remarks import Remark, level_of
from newsletter.render.rendered import Rendered
from newsletter.wording import said


@dataclass(frozen=True, slots=True)
class Placed:
    """A remark at its place."""

    level: Level
    finding: Finding
    context: str


def quality(
    house: Newsroom,
    loaded: LoadedIssue,
    letter: Letter,
    rendered: Rendered,
    sizes: Sequence[tuple[str, int]] = (),
) -> list[Placed]:
    """What a mail client, a screen reader or a filter would object to in one edition."""
    remarks = look_over(letter, rendered, house.settings.organisation.postal_address, sizes)
    remarks += house.pictures.remarks(rendered.html)
    return list(placed(house, loaded, letter.locale, remarks))


def require_quality(house: Newsroom, loaded: LoadedIssue, letter: Letter, rendered: Rendered) -> None:
    """Raise ContentError for what is an error by the settings."""
    errors = [one.finding for one in quality(house, loaded, letter, rendered) if one.level is Level.ERROR]
    if errors:
        raise ContentError(errors)


def placed(house: Newsroom, loaded: LoadedIssue, locale: str, remarks: Iterable[Remark]) -> Iterator[Placed]:
    """Remarks with their levels and places, without those that are off."""
    places: _Places | None = None
    for remark in remarks:
        level = house.settings.checks.severity.get(remark.code, level_of(remark.code))
        if level is not Level.OFF:
            places = places or _Places(house, loaded, locale)
            # "the subject has …" needs no name before it.
            named = remark.context not in {"", "subject", "preheader"}
            message = remark.message
            if named:
                message = said("%(context)s: %(what)s", context=remark.context, what=remark.message)
            yield Placed(level, Finding(places.of(remark), remark.code, message, remark.hint), remark.context)


class _Places:
    """The files behind an edition: the issue's own in the language it is written in, else the catalog."""

    def __init__(self, house: Newsroom, loaded: LoadedIssue, locale: str) -> None:
        file = house.workspace.issue_file(loaded.slug)
        self._issue = read_source(file, house.workspace.shown(file))
        self._catalog = None
        if locale != loaded.issue.source_locale and PAIR not in locale:
            self._shown = house.workspace.shown(house.workspace.catalog(loaded.slug, locale))
            self._catalog = house.catalog(loaded.slug, locale)

    def of(self, remark: Remark) -> SourceSpan:
        """Where it is; what no catalog holds, in the issue."""
        for entry in self._catalog or ():
            its = not entry.obsolete and entry.msgctxt == remark.context
            if its and remark.needle in " ".join(entry.msgstr.split()) + entry.msgstr:
                return SourceSpan(self._shown, entry.linenum or 1)
        return whereabouts(self._issue, remark.context, remark.needle)
