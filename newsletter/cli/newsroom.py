"""Issues, catalogs and templates in, letters out: what a workspace holds, as commands, studio and pages use it.

No database and no network: whoever is given no more than a Newsroom can
neither write to anybody nor know of anybody.

Rooms are imported where they are built: Jinja and MJML take a second to load on
an old laptop, and many commands need neither.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.cli.cache import Cache, stamp
from newsletter.clock import Clock, SystemClock
from newsletter.content.fields import Vocabulary
from newsletter.content.load import LoadedIssue, load_issue
from newsletter.errors import ContentError, Finding, SourceSpan, UsageError, did_you_mean
from newsletter.i18n.catalog import read_catalog
from newsletter.i18n.checks.edition import Rules, check_edition
from newsletter.i18n.checks.findings import CheckFinding
from newsletter.i18n.checks.structure import Limits
from newsletter.i18n.formats import Formats
from newsletter.i18n.glossary import FILE_NAME as GLOSSARY_NAME
from newsletter.i18n.glossary import read_glossary
from newsletter.i18n.locales import halves_of
from newsletter.i18n.translate import Edition, translate
from newsletter.i18n.waivers import FILE_NAME as WAIVERS_NAME
from newsletter.i18n.waivers import read_waivers
from newsletter.render.bilingual import Bilingual, Letter
from newsletter.render.theme import Letterhead
from newsletter.settings.sections import Hosting
from newsletter.skeleton import SLUG
from newsletter.wording import said
from newsletter.workspace import Workspace

if TYPE_CHECKING:
    from polib import POFile

    from newsletter.delivery.message import FrozenEdition, Sender
    from newsletter.render.compose import Composer
    from newsletter.render.pictures import Pictures
    from newsletter.render.rendered import Rendered


CATALOGS_KEPT = 16  # of one issue in all its languages, and of those before it


class Newsroom:
    """One workspace and what is made of its files, each part built when first asked for."""

    def __init__(self, workspace: Workspace, clock: Clock | None = None) -> None:
        self.workspace = workspace
        self.settings = workspace.settings
        self.clock = clock or SystemClock()
        self._catalogs: Cache[POFile] = Cache(CATALOGS_KEPT)
        self._reviews: Cache[tuple[CheckFinding, ...]] = Cache(CATALOGS_KEPT)

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where the organisation is: staff read and write times by its clocks, wherever the program runs."""
        return ZoneInfo(self.settings.organisation.timezone)

    def when(self, moment: dt.datetime) -> str:
        """A time as the organisation's clocks show it: "2026-12-01 09:00 EST"."""
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M %Z}"

    def require_locales(self, names: Sequence[str]) -> None:
        """Raise UsageError for one that the settings do not offer."""
        for name in names:
            if name not in self.settings.locales:
                raise UsageError(f"unknown locale '{name}'", did_you_mean(name, self.settings.locales))

    def require_segments(self, names: Iterable[str]) -> list[str]:
        """The same names.  UsageError for one that the settings do not define."""
        known = self.settings.segments
        for name in names:
            if name not in known:
                hint = did_you_mean(name, known) or "newsletter.yaml defines none yet"
                raise UsageError(f"unknown segment '{name}'", hint)
        return list(names)

    @cached_property
    def pictures(self) -> Pictures:
        """The picture files of the workspace."""
        from newsletter.render.pictures import Pictures

        return Pictures(self.workspace.issues)

    @cached_property
    def composer(self) -> Composer:
        """Renders editions with the workspace's templates, words and letterhead."""
        from newsletter.render.compose import Composer
        from newsletter.render.mjml import MjmlCompiler
        from newsletter.render.ways import Donations

        settings = self.settings
        letterhead = Letterhead(
            names=settings.names(),
            postal_address=settings.organisation.postal_address,
            public_url=settings.public_url,
            locales=settings.locales,
            theme=settings.theme,
            donations=Donations(**settings.donations.model_dump()),
            maps=settings.maps,
            timezone=settings.organisation.timezone,
        )
        return Composer(
            letterhead,
            MjmlCompiler(),
            self.pictures,
            templates=self.workspace.template_folders,
            catalogs=self.workspace.catalog_folders,
        )

    def load(self, file: Path) -> LoadedIssue:
        """Read one issue.  Raises ContentError."""
        settings = self.settings
        if not SLUG.fullmatch(file.stem):
            hint = said("rename the file with small letters, digits and hyphens: 2019-06-summer.yaml")
            where = SourceSpan(self.workspace.shown(file), line=0)
            message = said("the name of the file cannot stand in links")
            raise ContentError([Finding(where, "bad-slug", message, hint)])
        words = Vocabulary(
            settings.locales,
            frozenset(settings.segments),
            settings.organisation.timezone,
            self.workspace.issues,
            today=self.clock.now().astimezone(self.zone).date(),
        )
        return load_issue(file, words, self.workspace.shown(file))

    def issue(self, name: str) -> LoadedIssue:
        """The issue that staff mean by a name.  Raises UsageError, ContentError."""
        return self.load(self.workspace.issue_file(name))

    def issues(self, names: Iterable[str] | None) -> list[LoadedIssue]:
        """These issues, or all.  Raises ContentError with the findings of all of them."""
        loaded, findings = [], list[Finding]()
        for file in self.workspace.issue_files(names):
            try:
                loaded.append(self.load(file))
            except ContentError as errors:
                findings += errors.findings
        if findings:
            raise ContentError(findings)
        return loaded

    def targets(self, loaded: LoadedIssue) -> list[str]:
        """The locales that an issue is translated into."""
        return [locale for locale in self.settings.locales if locale != loaded.issue.source_locale]

    def edition(
        self, loaded: LoadedIssue, locale: str, segments: frozenset[str] | None = None, *, draft: bool = False
    ) -> Edition:
        """One edition.  Raises TranslationError or ContentError unless it is a draft."""
        catalog, shown = self._catalog(loaded, locale)
        return translate(
            loaded,
            locale,
            catalog,
            Formats(self.settings.format_locale(locale)),
            segments=segments,
            draft=draft,
            catalog_name=shown,
            review=() if draft or locale == loaded.issue.source_locale else self.review(loaded, locale),
        )

    @cached_property
    def limits(self) -> Limits:
        """How long the short texts may be."""
        checks = self.settings.checks
        return Limits(subject=checks.subject, preheader=checks.preheader, button=checks.button)

    @property
    def waivers_file(self) -> Path:
        """Where findings are waived."""
        return self.workspace.locales / WAIVERS_NAME

    @cached_property
    def rules(self) -> Rules:
        """What translations are held to.  Raises ContentError if the glossary or the waivers cannot be read."""
        workspace, locales = self.workspace, self.settings.locales
        glossary = workspace.locales / GLOSSARY_NAME
        return Rules(
            self.limits,
            read_glossary(glossary, workspace.shown(glossary), locales),
            read_waivers(self.waivers_file, workspace.shown(self.waivers_file)),
            self.settings.checks.reading_ease,
            self.settings.checks.severity,
        )

    def review(self, loaded: LoadedIssue, locale: str) -> tuple[CheckFinding, ...]:
        """Everything that the checks find in one edition, waived or not.  Raises ContentError for a broken file.

        Made once for an issue and the catalog just read, so that what is checked is what is sent.
        """
        catalog, shown = self._catalog(loaded, locale)
        make = lambda: tuple(check_edition(loaded, locale, catalog, self.rules, shown))  # noqa: E731
        return self._reviews.get((loaded.slug, locale), (loaded, catalog), make)

    def catalog(self, slug: str, locale: str) -> POFile:
        """A catalog, read anew for whoever changes it.  Raises ContentError if it is broken."""
        path = self.workspace.catalog(slug, locale)
        return read_catalog(path, self.workspace.shown(path))

    def _catalog(self, loaded: LoadedIssue, locale: str) -> tuple[POFile, str]:
        """The same as it is kept, and its name as staff read it."""
        path = self.workspace.catalog(loaded.slug, locale)
        shown = self.workspace.shown(path)
        return self._catalogs.get((loaded.slug, locale), stamp(path), lambda: read_catalog(path, shown)), shown

    def letter(
        self, loaded: LoadedIssue, locale: str, segments: frozenset[str] | None = None, *, draft: bool = False
    ) -> Letter:
        """The edition of a locale, or of a pair such as ``es+en`` the two in one.  Raises as ``edition`` does."""
        first, *others = (self.edition(loaded, half, segments, draft=draft) for half in halves_of(locale))
        return Bilingual(first, *others) if others else first

    def render(self, letter: Letter, *, anchored: bool = False) -> Rendered:
        """One letter, rendered; ``anchored`` for the preview only.  Raises TemplateError."""
        from newsletter.render.rendered import render

        return render(letter, self.composer, anchored=anchored)

    def freeze(self, rendered: Rendered, calendar: str = "") -> FrozenEdition:
        """What is kept of a rendered letter, with its pictures where the settings want them.  Raises TemplateError."""
        from newsletter.delivery.message import freeze_edition

        inline = self.pictures.inline if self.settings.pictures is Hosting.INLINE else None
        return freeze_edition(rendered, self.sender(rendered.locale), inline, calendar)

    def sender(self, locale: str) -> Sender:
        """Whose mail it is, for readers of ``locale``; a pair's is its first language's."""
        from newsletter.delivery.message import Sender

        sender, public_url = self.settings.sender, self.settings.public_url
        name = self.settings.names()[halves_of(locale)[0]]
        return Sender(name, sender.address, sender.reply_to or sender.address, public_url)
