"""An edition, rendered: what leaves this room for the delivery and for files."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.content.placeholders import to_marks
from newsletter.i18n.translate import Edition
from newsletter.render.compose import Composer
from newsletter.render.text import TextWriter


@dataclass(frozen=True, slots=True)
class Rendered:
    """One edition as subject, HTML, plain text and MJML; reader placeholders stand in it as marks.

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


def render(edition: Edition, composer: Composer) -> Rendered:
    """Render one edition.  Raises TemplateError."""
    mjml, html = composer.mjml_and_html(edition)
    text = TextWriter(edition, composer.letterhead, composer.words_for(edition)).write()
    subject = to_marks(edition.issue.subject)
    return Rendered(edition.slug, edition.locale, edition.segments, subject, text, html, mjml)
