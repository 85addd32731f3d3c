"""One page to print and put up: what an edition is about, and for each call to action a code to scan.

Typst sets it from ``templates/flyer.typ``, which sees the texts as data and
never as markup.  It brings its fonts along, and makes PDF/UA: the page has a
title, a language, and words for each code.  Source: ISO 14289-1.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import segno
import typst

from newsletter.errors import TemplateError
from newsletter.i18n.locales import direction
from newsletter.render.facts import Ask, PublicEdition
from newsletter.render.theme import Letterhead
from newsletter.render.words import Words
from newsletter.wording import said

TEMPLATE = "flyer.typ"
MEDIA_TYPE = "application/pdf"
MOST = 4  # calls to action; more would make the codes too small to scan from a wall
LONG_LEAD, SHORT_LEAD = 260, 130  # characters; short where there are more than FEW calls
FEW = 2
# What is on most machines; without any of it, Typst's own serif.
_FONTS = {
    "serif": ["Libertinus Serif", "Noto Serif", "DejaVu Serif"],
    "sans": ["Noto Sans", "Liberation Sans", "Arial", "Helvetica", "DejaVu Sans", "Libertinus Serif"],
}


class Paper(StrEnum):
    """What it is printed on."""

    A4 = "a4"
    LETTER = "letter"


class FlyerPress:
    """Makes flyers in a workspace's look.  ``templates`` go from the strongest folder to the weakest."""

    def __init__(self, letterhead: Letterhead, templates: Sequence[Path]) -> None:
        self._letterhead = letterhead
        found = [folder for folder in templates if (folder / TEMPLATE).is_file()]
        if not found:
            message = said("there is no template %(name)s", name=TEMPLATE)
            raise TemplateError(message, said("it comes with the program; install it again"))
        self._file = found[0] / TEMPLATE

    def print(self, edition: PublicEdition, page: str, words: Words, paper: Paper, now: dt.datetime) -> bytes:
        """The flyer as a PDF.  ``page`` is where the edition stands.  Raises TemplateError.

        What is over at ``now`` is left out.
        """
        data = json.dumps(self._data(edition, page, words, paper, now), ensure_ascii=False)
        try:
            compiler = typst.Compiler(self._file, root=self._file.parent, sys_inputs={"data": data})
            made = compiler.compile(format="pdf", pdf_standards="ua-1", timestamp=_midnight(edition.date))
        except (typst.TypstError, OSError) as error:
            told = getattr(error, "diagnostic", "") or str(error)
            message = said("the flyer cannot be set: %(why)s", why=told.strip())
            raise TemplateError(message, said("look at %(file)s", file=self._file)) from None
        assert isinstance(made, bytes)
        return made

    def _data(
        self, edition: PublicEdition, page: str, words: Words, paper: Paper, now: dt.datetime
    ) -> dict[str, object]:
        theme = self._letterhead.theme
        facts = edition.facts
        asks = [ask for ask in facts.asks if not ask.is_over(now)][:MOST]
        return {
            "paper": "us-letter" if paper is Paper.LETTER else "a4",
            "lang": edition.locale.replace("_", "-").split("-")[0],
            "dir": direction(edition.locale),
            "colours": {
                name: getattr(theme, name) for name in ("primary", "accent", "highlight", "paper", "ground", "ink")
            },
            "fonts": {"heading": _FONTS[theme.heading_font], "text": _FONTS[theme.text_font]},
            "organisation": facts.organisation,
            "address": self._letterhead.postal_address,
            "date": facts.date,
            "title": edition.subject,
            "deck": edition.preheader,
            "stories": [{"title": story.title, "lead": _shortened(story.lead, LONG_LEAD)} for story in facts.stories],
            "asks": [self._ask(ask, page, words, LONG_LEAD if len(asks) <= FEW else SHORT_LEAD) for ask in asks],
            "page": {"shown": _shown(page), **_code(page, words("Scan to read it all"))},
            "read": words("Scan to read it all"),
        }

    def _ask(self, ask: Ask, page: str, words: Words, longest: int) -> dict[str, object]:
        url = ask.url or page
        label = ask.label or words("Scan to read more")
        return {
            "kind": ask.kind,
            "title": ask.title,
            "lead": _shortened(ask.lead, longest),
            "rows": [row for row in ask.rows if not row[1].startswith(("http://", "https://"))],
            "label": label,
            "shown": _shown(url),
            **_code(url, f"{label}: {url}"),
        }


def _code(url: str, alt: str) -> dict[str, str]:
    """A QR code with its words; a seventh of it may be torn or wet (level M), more where there is room."""
    out = io.BytesIO()
    segno.make(url, error="m", boost_error=True, micro=False).save(out, kind="svg", border=0, xmldecl=False)
    return {"svg": out.getvalue().decode(), "alt": alt, "url": url}


def _shown(url: str) -> str:
    """An address as one would type it."""
    return url.removeprefix("https://").removeprefix("http://").removeprefix("tel:").rstrip("/")


def _shortened(text: str, longest: int) -> str:
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    return f"{text[:longest].rsplit(' ', 1)[0].rstrip(',;:.–—- ')}…"


def _midnight(day: dt.date) -> dt.datetime:
    """When it is said to have been made; the same edition is the same file."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)
