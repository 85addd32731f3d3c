"""A letter, rendered: what leaves this room for the delivery and for files."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.content.placeholders import to_marks
from newsletter.render.bilingual import Letter, subject_of
from newsletter.render.compose import Composer
from newsletter.render.text import write_text
from newsletter.wording import said

CLIPPED_AT = 100_000  # bytes of HTML; Gmail cuts a message at 102 KB, and a reader's own links are still to come
CLIPPED_HINT = said("the link to unsubscribe stands at the end; make the issue shorter")


@dataclass(frozen=True, slots=True)
class Rendered:
    """One letter as subject, HTML, plain text and MJML; reader placeholders stand in it as marks.

    ``locale`` is a locale, or the pair of a bilingual one.

    In ``html`` and ``mjml`` a mark's fall-back is HTML-escaped, in ``subject``
    and ``text`` it is plain.
    """

    slug: str
    locale: str
    segments: frozenset[str]
    subject: str
    text: str
    html: str
    mjml: str


def render(letter: Letter, composer: Composer, *, anchored: bool = False) -> Rendered:
    """Render one letter, with marks before its blocks if ``anchored`` (``anchors.py``).  Raises TemplateError."""
    mjml, html = composer.mjml_and_html(letter, anchored=anchored)
    text = write_text(letter, composer.letterhead, composer.words_for(letter), composer.picture)
    subject = to_marks(subject_of(letter))
    return Rendered(letter.slug, letter.locale, letter.segments, subject, text, html, mjml)


def clipped(locale: str, html: str) -> str:
    """A warning for staff if the page of an edition is so long that Gmail would cut it off; "" if not."""
    size = len(html.encode())
    if size <= CLIPPED_AT:
        return ""
    values = {"locale": locale, "size": f"{size / 1000:.0f}"}
    return said("the %(locale)s edition has %(size)s KB, and Gmail hides what comes after 102 KB", **values)
