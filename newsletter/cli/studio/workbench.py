"""Issues as the studio shows them, each made once and made anew when a file that it rests on has changed.

What a file rests on is told by time and size of the files themselves, not by
the events of the watcher: a page that is loaded anew is right even if an event
was lost.  Where the newest version of a file has mistakes, the last good one
is kept beside them.  All calls come from one thread.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polib

from newsletter.cli.actor import in_studio
from newsletter.cli.approving import approval_state_of
from newsletter.cli.cache import Cache, Stamp, stamp
from newsletter.cli.studio.mail import invented, make_mail, rendered_letter
from newsletter.cli.studio.mistakes import mistakes_of
from newsletter.cli.todo import Entry, Sendable, left_to_do, sendable
from newsletter.cli.wiring import House
from newsletter.content.load import LoadedIssue
from newsletter.content.placeholders import PLACEHOLDER
from newsletter.delivery.message import Reader
from newsletter.delivery.writer import Signer
from newsletter.errors import (
    ContentError,
    NewsletterError,
    SettingsError,
    UsageError,
)
from newsletter.i18n.catalog import index
from newsletter.i18n.glossary import FILE_NAME as GLOSSARY_NAME
from newsletter.i18n.locales import PAIR, direction, halves_of, own_name, own_names
from newsletter.i18n.messages import messages
from newsletter.i18n.sync import Counts, count
from newsletter.i18n.translate import HOLE, limiting_segments
from newsletter.render.links import archive_url
from newsletter.render.words import DOMAIN
from newsletter.settings import FILE_NAME
from newsletter.web.preview.studio import Approved, Edition, EditionCard, IssueCard, Mistake, Persona, Place, Task
from newsletter.wording import headline, said
from newsletter.workspace import find_workspace

MAILS_KEPT = 48  # editions for one reader each; some 200 KB a piece
HOLE_BEGINS = HOLE[0]
HEAD = 4096  # bytes of an issue in which its date and subject are looked for
_DATE = re.compile(r"^date:\s*['\"]?(\d{4}-\d{2}-\d{2})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Loaded:
    """An issue, the newest version that can be read, with the mistakes of the version after it."""

    issue: LoadedIssue | None
    mistakes: tuple[Mistake, ...] = ()


class Workbench:
    """One workspace, whose settings may change while it is open.  Raises SettingsError if they are broken at first."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._house = House(find_workspace(root, environment), who=in_studio())
        self._settled: Stamp = self._settings_stamp()
        self._settings_mistakes: tuple[Mistake, ...] = ()
        self._signer: Signer | None = self._make_signer()
        self._issues: Cache[Loaded] = Cache(2000)
        self._cards: Cache[IssueCard] = Cache(2000)
        self._mails: Cache[Edition] = Cache(MAILS_KEPT)
        self._sendable: Cache[Sendable] = Cache(MAILS_KEPT)
        self._tasks: Cache[tuple[Task, ...]] = Cache(MAILS_KEPT)

    # Settings

    @property
    def house(self) -> House:
        """The workspace as its settings were when they could last be read."""
        now = self._settings_stamp()
        if now != self._settled:
            self._settled = now
            try:
                self._house = self.own_house()
                self._settings_mistakes = ()
                self._signer = self._make_signer()
            except SettingsError as error:
                self._settings_mistakes = mistakes_of(error, self._house.workspace)
        return self._house

    def own_house(self) -> House:
        """A house for work beside the bench: with the settings as they are now, whatever becomes of them meanwhile.

        Raises SettingsError.
        """
        return House(find_workspace(self._house.workspace.root, self._environment), who=in_studio())

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """What is wrong with the settings now."""
        _house = self.house
        return self._settings_mistakes

    def _settings_stamp(self) -> Stamp:
        workspace = self._house.workspace
        files = workspace.root / FILE_NAME, workspace.locales / GLOSSARY_NAME, self._house.waivers_file
        # A template that takes the place of a built-in one is seen by nobody who has the built-in one already.
        names = tuple(sorted(map(str, (workspace.root / "templates").rglob("*.j2"))))
        return (*stamp(*files), names)

    def _make_signer(self) -> Signer | None:
        try:
            return self._house.dkim_signer()
        except SettingsError:
            return None  # ``newsletter doctor`` and ``send`` complain; a preview can do without

    # Issues

    def slugs(self) -> list[str]:
        """Every issue, the newest first as far as a glance into its file tells."""
        files = self.house.workspace.issue_files()
        return [file.stem for file in sorted(files, key=lambda file: (_glance(file), file.stem), reverse=True)]

    def load(self, slug: str) -> Loaded:
        """An issue.  UsageError if there is none of this name."""
        house = self.house
        file = house.workspace.issue_file(slug)
        before = self._issues.last(slug)

        def read() -> Loaded:
            try:
                return Loaded(house.load(file))
            except ContentError as error:
                return Loaded(before.issue if before else None, mistakes_of(error, self._house.workspace))

        return self._issues.get(slug, self._issue_stamp(file), read)

    def readable(self, slug: str) -> LoadedIssue:
        """The newest version that can be read.  UsageError if there is none."""
        loaded = self.load(slug)
        if loaded.issue is None:
            raise _unreadable(slug)
        return loaded.issue

    def sound(self, slug: str) -> LoadedIssue:
        """An issue as it is now.  UsageError if it has mistakes: nobody decides about a last good version."""
        if self.load(slug).mistakes:
            raise _unreadable(slug)
        return self.readable(slug)

    def _issue_stamp(self, file: Path) -> Stamp:
        pictures = self._house.workspace.issues / "media"
        return (self._settled, *stamp(file, pictures))

    # Cards

    def card(self, slug: str) -> IssueCard:
        """An issue in the list."""
        return self._cards.get(slug, self._card_stamp(slug), lambda: self._make_card(slug))

    def known_card(self, slug: str) -> IssueCard | None:
        """The same, if nothing needs to be done for it."""
        return self._cards.peek(slug, self._card_stamp(slug))

    def glance(self, slug: str) -> IssueCard:
        """What a glance tells of an issue that is not looked through yet."""
        date = _glance(self.house.workspace.issues / f"{slug}.yaml")
        return IssueCard(slug, _day(date))

    def forget_gone(self, slugs: Iterable[str]) -> None:
        """Drop issues whose file is gone."""
        here = set(slugs)
        gone = [key for key in self._cards.keys() if key not in here]  # noqa: SIM118 - no dict
        self._cards.forget(gone)
        self._issues.forget(gone)

    def _card_stamp(self, slug: str) -> Stamp:
        workspace = self.house.workspace
        files = [workspace.issues / f"{slug}.yaml", workspace.issues / "media"]
        for locale in workspace.settings.locales:
            files += (workspace.catalog(slug, locale), workspace.approval(slug, locale))
        return (self._settled, *stamp(*files))

    def _make_card(self, slug: str) -> IssueCard:
        house, loaded = self.house, self.load(slug)
        if loaded.mistakes or loaded.issue is None:
            shown = self._cards.last(slug)
            mistakes = len(loaded.mistakes)
            return IssueCard(
                slug,
                self.glance(slug).date,
                shown.editions if shown else (),
                mistakes,
                mistake=loaded.mistakes[0],
            )
        issue = loaded.issue
        cards, blocking, warnings = [], 0, 0
        mistake = None
        for locale in house.settings.locales:
            try:
                cards.append(self._edition_card(issue, locale))
                found = house.review(issue, locale)
            except ContentError as error:
                blocking += len(error.findings)
                mistake = mistakes_of(error, self._house.workspace)[0]
                continue
            blocking += sum(finding.blocks for finding in found)
            warnings += sum(not finding.blocks and not finding.reason for finding in found)
        return IssueCard(slug, issue.issue.date, tuple(cards), blocking, warnings, mistake)

    def _edition_card(self, loaded: LoadedIssue, locale: str) -> EditionCard:
        house, issue = self.house, loaded.issue
        is_source = locale == issue.source_locale
        catalog = polib.POFile() if is_source else house.catalog(loaded.slug, locale)
        subject = issue.subject
        if is_source:
            counts = Counts(len(list(messages(issue, locale))), 0, 0)
        else:
            counts = count(issue, catalog, locale)
            entry = index(catalog).get(("subject", issue.subject))
            subject = entry.msgstr if entry else ""
        subject = PLACEHOLDER.sub(lambda found: found["fallback"], subject)
        approved = self._approved(loaded, locale)
        return EditionCard(
            locale,
            own_name(locale),
            direction(locale),
            is_source,
            subject,
            counts.translated,
            counts.fuzzy,
            counts.missing,
            approved,
        )

    def _approved(self, loaded: LoadedIssue, locale: str) -> Approved | None:
        if not self.house.workspace.approval(loaded.slug, locale).exists():
            return None
        found = approval_state_of(self.house, loaded, locale)
        approval = found.approval
        return Approved(approval.by, approval.at, found.changes) if approval else None

    # Mails

    def segments(self, loaded: LoadedIssue) -> tuple[str, ...]:
        """The segments that blocks of an issue are limited to."""
        return tuple(sorted(limiting_segments(loaded.issue)))

    def edition(self, slug: str, locale: str, persona: Persona, subscriber: Reader | None = None) -> Edition:
        """One mail.  ``subscriber`` is whom the persona stands for, if it is one."""
        loaded = self.load(slug)
        nothing = Edition(
            locale, own_names(locale), direction(halves_of(locale)[0]), None, (), self._address(slug, locale)
        )
        issue = loaded.issue
        if issue is None:
            return nothing
        reader = subscriber or invented(persona.person)
        if reader is None:
            return nothing
        key, world = (slug, locale, persona), self._world_stamp(slug, locale)
        before = self._mails.last(key)

        def make() -> Edition:
            try:
                letter = rendered_letter(self.house, issue, locale, persona.segments)
                mail, anchored = make_mail(self.house, letter, reader, self._signer)
            except NewsletterError as error:
                return replace(
                    nothing, mail=before.mail if before else None, mistakes=mistakes_of(error, self._house.workspace)
                )
            if persona == Persona():
                self._sendable.get((slug, locale), world, lambda: sendable(letter, anchored))
            return replace(nothing, mail=mail)

        return self._mails.get(key, (*world, reader), make)

    def _address(self, slug: str, locale: str) -> str:
        return "" if PAIR in locale else archive_url(self.house.composer.letterhead, slug, locale)

    def _world_stamp(self, slug: str, locale: str) -> Stamp:
        """Of everything that a mail is made from."""
        workspace = self.house.workspace
        files = [workspace.issues / f"{slug}.yaml"]
        for half in halves_of(locale):
            files.append(workspace.catalog(slug, half))
        for other in workspace.settings.locales:
            files += (folder / other / "LC_MESSAGES" / DOMAIN for folder in workspace.catalog_folders)
        for folder in workspace.template_folders:
            files += sorted(folder.rglob("*.j2"))
        files += sorted(workspace.issues.glob("media/**/*"))
        return (self._settled, *stamp(*files))

    # What is left to do

    def tasks(self, slug: str) -> tuple[Task, ...]:
        """What ``newsletter check`` prints, the gravest first."""
        house = self.house
        file = house.workspace.issue_file(slug)
        now = tuple(self._world_stamp(slug, locale) for locale in house.settings.locales)

        def make() -> tuple[Task, ...]:
            return tuple(self._task(entry) for entry in left_to_do(house, file, self._as_sent))

        approvals = stamp(*(house.workspace.approval(slug, one) for one in house.settings.locales))
        return self._tasks.get(slug, (now, approvals), make)

    def _as_sent(self, loaded: LoadedIssue, locale: str) -> Sendable:
        """An edition as it would be sent; the page that is shown, where that is the same."""
        letter = self.house.letter(loaded, locale)  # raises what keeps it back
        if not self.edition(loaded.slug, locale, Persona()).mistakes:
            shown = self._sendable.peek((loaded.slug, locale), self._world_stamp(loaded.slug, locale))
            if shown and HOLE_BEGINS not in shown.rendered.html:  # else a word of the templates lacks a translation
                return replace(shown, letter=letter)
        return sendable(letter, self.house.render(letter, anchored=True))

    def _task(self, entry: Entry) -> Task:
        found = entry.finding
        message = headline(found.message) if entry.parts else found.message
        place = Place(found.where.path, found.where.line, entry.locale, entry.context)
        return Task(found.code, message, found.hint, place, entry.blocks, tuple(map(self._task, entry.parts)))


def _unreadable(slug: str) -> UsageError:
    return UsageError(
        said("'%(slug)s' cannot be read just now", slug=slug), said("mend the mistakes that its page shows")
    )


def _glance(file: Path) -> str:
    """The date in an issue's file, without reading it whole; "" if it does not stand near the top."""
    try:
        with file.open("rb") as opened:
            found = _DATE.search(opened.read(HEAD).decode("utf-8", "replace"))
    except OSError:
        return ""
    return found[1] if found else ""


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
