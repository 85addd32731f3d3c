"""The links of an edition: unsubscribe, the web page, the other languages, and what its blocks offer to do.

Templates and the text part ask one object, ``Links``, so that both lead to the same places.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from newsletter.content.blocks import Action, Appeal
from newsletter.content.event import Event
from newsletter.content.parts import LetterDraft, Phone, Sharing, Way
from newsletter.content.placeholders import mark
from newsletter.i18n.locales import own_name
from newsletter.i18n.translate import Edition
from newsletter.render.bilingual import Letter, editions_of
from newsletter.render.theme import Letterhead
from newsletter.render.ways import donation_url, letter_url, map_url, phone_url, share_url
from newsletter.render.words import Words

# Marks that stand for one reader's own links; the delivery fills them.
UNSUBSCRIBE_FIELD, PREFERENCES_FIELD = "unsubscribe_url", "preferences_url"


def without_kind(text: str) -> str:
    """The same with the bare mark, for pages on which no reader's link but another address is put there."""
    bare = mark(UNSUBSCRIBE_FIELD)
    return re.sub(rf"{re.escape(bare)}\?of=[a-z]+", lambda _found: bare, text)


@dataclass(frozen=True, slots=True)
class OtherEdition:
    """The same issue in another language, offered in that language."""

    locale: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Offered:
    """One of several ways to do something: what it says, and where it leads."""

    label: str
    url: str


def archive_url(letterhead: Letterhead, slug: str, locale: str) -> str:
    """Where an edition can be read as a web page: ``render --out`` writes the file of that name."""
    return f"{letterhead.public_url}/{slug}.{locale}.html"


def calendar_url(letterhead: Letterhead, slug: str, block: str, locale: str) -> str:
    """Where the event of a block can be taken into a calendar."""
    return f"{letterhead.public_url}/calendar/{slug}.{block}.{locale}.ics"


def index_url(letterhead: Letterhead, locale: str) -> str:
    """The list of all editions in one language."""
    return f"{letterhead.public_url}/archive/{locale}"


def feed_url(letterhead: Letterhead, locale: str) -> str:
    """The newest of them as a feed."""
    return f"{letterhead.public_url}/archive/{locale}.atom"


def other_editions(letterhead: Letterhead, letter: Letter, words_for: Callable[[str], Words]) -> list[OtherEdition]:
    """Every other language of the workspace, in the order of the settings; none if the issue has no pages."""
    here = [edition.locale for edition in editions_of(letter)]
    found: list[OtherEdition] = []
    if not editions_of(letter)[0].issue.archive:
        return found
    for locale in letterhead.locales:
        if locale not in here:
            words = words_for(locale)
            label = words("Read this in %(language)s", language=own_name(locale))
            found.append(OtherEdition(locale, label, archive_url(letterhead, letter.slug, locale)))
    return found


class Links:
    """The links of one edition.  Those of a reader are marks."""

    preferences = mark(PREFERENCES_FIELD)

    def __init__(self, letterhead: Letterhead, edition: Edition, words: Words) -> None:
        self._letterhead = letterhead
        self._edition = edition
        self.words = words
        self.browser = archive_url(letterhead, edition.slug, edition.locale)
        # To the page that offers to do without this kind of mail, or without all.  The kind is the same for all
        # readers of an edition, so it stands behind the mark, and costs nothing per reader.
        self.unsubscribe = f"{mark(UNSUBSCRIBE_FIELD)}?of={edition.issue.mail_kind.value}"

    def calendar(self, block: Action) -> str:
        """The event of a block, for a calendar; "" if it is not for everybody, and so not on the web."""
        if not self._edition.issue.archive or (block.only and block.only.segments):
            return ""
        return calendar_url(self._letterhead, self._edition.slug, block.id, self._edition.locale)

    def map(self, event: Event) -> str:
        """The place of an event on a map; "" if the issue does not say where that is."""
        return map_url(event.map, self._letterhead.maps) if event.map else ""

    def phone(self, phone: Phone) -> str:
        """What dials the number."""
        return phone_url(phone.number)

    def letter(self, letter: LetterDraft) -> str:
        """The letter, ready to send."""
        return letter_url(letter)

    def shares(self, share: Sharing) -> list[Offered]:
        """The ways to pass something on."""
        page = self.shared(share)
        return [Offered(self._way(way), share_url(way, share.text, page)) for way in share.ways]

    def shared(self, share: Sharing) -> str:
        """What is passed on: an address of the issue, or the page of this edition."""
        return str(share.url) if share.url else self.browser

    def _way(self, way: Way) -> str:
        match way:
            case Way.SMS:
                return self.words("Text message")
            case Way.EMAIL:
                return self.words("Email")
            case Way.WHATSAPP:
                return "WhatsApp"
            case _:
                return way.value.title()

    def gift(self, appeal: Appeal) -> str:
        """The donation page, for an amount of the reader's own."""
        names = self._letterhead.donations.named(appeal.query)
        return donation_url(str(appeal.url), names, self._edition.locale)

    def gifts(self, appeal: Appeal, *, monthly: bool = False) -> list[Offered]:
        """The donation page for each suggested amount."""
        names, locale = self._letterhead.donations.named(appeal.query), self._edition.locale
        return [
            Offered(
                self._edition.formats.money(amount, appeal.currency),
                donation_url(str(appeal.url), names, locale, amount, monthly=monthly),
            )
            for amount in appeal.amounts
        ]
