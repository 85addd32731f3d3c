"""Short mails of the program's own: to confirm a subscription, or to say that there is one already.

They hold nothing that somebody typed into a form: a form that mails its
fields to any address is a form for spam.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from newsletter.render.compose import Composer
from newsletter.render.pictures import place_media
from newsletter.render.text import WIDTH
from newsletter.render.words import Words

TEMPLATE = "notice.mjml.j2"


@dataclass(frozen=True, slots=True)
class Notice:
    """What such a mail says; ``label`` and ``url`` are its one button, ``reason`` is why it came."""

    title: str
    preheader: str
    paragraphs: tuple[str, ...]
    label: str
    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class WrittenNotice:
    """The same as subject, plain text (lines ended by ``\\n``) and HTML."""

    subject: str
    text: str
    html: str


def to_confirm(words: Words, organisation: str, url: str) -> Notice:
    """The mail after the form: only its button puts somebody on the list."""
    return Notice(
        title=words("Please confirm"),
        preheader=words("One more click, and the news of %(organisation)s comes to you.", organisation=organisation),
        paragraphs=(
            words(
                "Somebody, probably you, asked for the news of %(organisation)s at this address.",
                organisation=organisation,
            ),
            words("If it was you, confirm it:"),
        ),
        label=words("Yes, send me the news"),
        url=url,
        reason=words("Not you? Then do nothing: you are not on any list, and we forget your address within days."),
    )


def already_there(words: Words, organisation: str, url: str) -> Notice:
    """The mail after the form to somebody who is on the list."""
    return Notice(
        title=words("You are already on the list"),
        preheader=words("There is nothing left for you to do."),
        paragraphs=(
            words(
                "Somebody, probably you, asked for the news of %(organisation)s at this address.",
                organisation=organisation,
            ),
            words("You already get the news. If you would like it in another language, or less of it, choose here:"),
        ),
        label=words("Change what you get"),
        url=url,
        reason=words("Not you? Then do nothing: nothing changes."),
    )


def write_notice(notice: Notice, locale: str, composer: Composer, media: str) -> WrittenNotice:
    """Lay it out like a letter; ``media`` is where pictures are, with a slash at its end.  Raises TemplateError."""
    letterhead = composer.letterhead
    name = letterhead.name(locale)
    parts = [
        name.upper(),
        notice.title + "\n" + "=" * min(WIDTH, len(notice.title)),
        *notice.paragraphs,
        f"{notice.label}:\n  {notice.url}",
        "-" * WIDTH,
        notice.reason,
        f"{name}\n{letterhead.postal_address}",
    ]
    text = "\n\n".join(part if "\n" in part else textwrap.fill(part, WIDTH) for part in parts) + "\n"
    values = {"notice": notice, "subject": notice.title, "issue": {"preheader": notice.preheader}}
    html = place_media(composer.short_html(TEMPLATE, locale, values), media)
    return WrittenNotice(f"{notice.title} · {name}", text, html)
