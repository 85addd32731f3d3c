"""What a campaign keeps and shows: editions of its mail, a page in each language, flyers, the numbers of its events.

The pictures of pages lie where those of mail do, also if the mail carries its
own: named by their content, so that none is ever another.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.cli.newsroom import Newsroom
from newsletter.content.load import LoadedIssue
from newsletter.i18n.locales import halves_of
from newsletter.i18n.translate import Edition
from newsletter.render.bilingual import Letter, editions_of
from newsletter.render.facts import Facts, Issued, PublicEdition, digest, numbered
from newsletter.render.links import archive_url
from newsletter.render.pictures import MEDIA_FOLDER
from newsletter.settings.sections import Hosting

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.ext.asyncio import AsyncConnection

    from newsletter.delivery.message import FrozenEdition
    from newsletter.render.calendar import Origin
    from newsletter.render.flyer import FlyerPress, Paper

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\.(?:png|jpe?g|gif|webp|svg)")

Also = Callable[["AsyncConnection", int], Awaitable[None]]
"""What is done in the transaction that freezes a campaign, with the campaign's number."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The pages of a campaign, and by their blocks the events as they stand in it."""

    editions: tuple[PublicEdition, ...]
    issued: Mapping[str, Issued]

    def storing(self, slug: str, at: dt.datetime, also: Also | None) -> Also:
        """What stores it, and then does ``also``.  ``at`` is when the campaign starts."""

        async def store(connection: AsyncConnection, campaign_id: int) -> None:
            from newsletter.store.archive import publish

            await publish(connection, campaign_id, slug, self.editions, self.issued, at)
            if also is not None:
                await also(connection, campaign_id)

        return store


def frozen_edition(
    house: Newsroom,
    loaded: LoadedIssue,
    locale: str,
    segments: frozenset[str] | None = None,
    issued: Mapping[str, Issued] | None = None,
) -> FrozenEdition:
    """The edition of a locale or a pair as a campaign keeps it; its pictures are there for readers to fetch.

    ``issued`` has the numbers of its events.  Raises as ``Newsroom.letter`` and
    ``Newsroom.render`` do, and ContentError for errors of quality.
    """
    from newsletter.cli.quality import require_quality

    letter = house.letter(loaded, locale, segments)
    rendered = house.render(letter)
    require_quality(house, loaded, letter, rendered)
    edition = house.freeze(rendered, attached(house, letter, issued or {}))
    if house.settings.pictures is Hosting.HOSTED:
        house.pictures.publish(house.workspace.public, rendered.html)
    return edition


def publication(
    house: Newsroom, loaded: LoadedIssue, editions: Collection[str], before: Mapping[str, Issued]
) -> Publication:
    """What a campaign with these editions (locales or pairs) makes public.

    ``before`` is what was last said of each event.  Raises what editions raise.
    """
    locales = sorted({half for edition in editions for half in halves_of(edition)})
    said: dict[str, dict[str, str]] = {}
    for locale in locales:
        for ask in facts_of(house, house.edition(loaded, locale)).asks:
            if ask.meeting:
                said.setdefault(ask.id, {})[locale] = digest(ask)
    issued = {block: before.get(block, Issued()).next(digests) for block, digests in said.items()}
    if not loaded.issue.archive:
        return Publication((), issued)
    pages = tuple(public_edition(house, loaded, locale, issued) for locale in locales)
    for page in pages:
        house.pictures.publish(house.workspace.public, page.html)
    return Publication(pages, issued)


def facts_of(house: Newsroom, edition: Edition) -> Facts:
    """What an edition asks of its readers."""
    from newsletter.render.asking import facts_of as drawn

    return drawn(edition, house.composer.letterhead, house.composer.words_for(edition)(edition.locale))


def attached(house: Newsroom, letter: Letter, issued: Mapping[str, Issued]) -> str:
    """The events of a letter as a file, in its first language; "" if it has none, or the settings want no file."""
    if not house.settings.calendar.attach:
        return ""
    from newsletter.render.calendar import calendar_file

    first = editions_of(letter)[0]
    facts = numbered(facts_of(house, first), issued)
    return calendar_file(
        facts, origin(house, first.slug, first.locale, archived=first.issue.archive), house.clock.now()
    )


def origin(house: Newsroom, slug: str, locale: str, *, archived: bool = True) -> Origin:
    """Where the events of an edition come from."""
    from newsletter.render.calendar import Origin

    page = archive_url(house.composer.letterhead, slug, locale) if archived else ""
    return Origin(slug, locale, house.sender(locale).reply_to, page)


def public_edition(
    house: Newsroom, loaded: LoadedIssue, locale: str, issued: Mapping[str, Issued] | None = None
) -> PublicEdition:
    """The page of one language, without blocks that are only for some segments.  Raises what editions raise."""
    from newsletter.render.public import public_edition as make

    page = make(house.edition(loaded, locale, frozenset()), house.composer)
    return replace(page, facts=numbered(page.facts, issued or {}))


def flyer_press(house: Newsroom) -> FlyerPress:
    """What makes flyers with the templates of the workspace."""
    from newsletter.render.flyer import FlyerPress

    return FlyerPress(house.composer.letterhead, house.workspace.template_folders)


def print_flyer(house: Newsroom, press: FlyerPress, edition: PublicEdition, paper: Paper) -> bytes:
    """The flyer of an edition as it is now.  Raises TemplateError."""
    from newsletter.render.words import template_words

    words = template_words(edition.locale, tuple(reversed(house.workspace.catalog_folders)))
    page = archive_url(house.composer.letterhead, edition.slug, edition.locale)
    return press.print(edition, page, words, paper, house.clock.now())


def media_file(house: Newsroom, name: str) -> Path | None:
    """The picture of that name, and nothing else that lies there or elsewhere."""
    file = house.workspace.public / MEDIA_FOLDER / name
    return file if _NAME.fullmatch(name) and file.is_file() and not file.is_symlink() else None
