"""An edition as a page of the public archive: the same letter, without anything of a reader.

It is composed once, when a campaign is frozen, from the blocks that everybody
may see.  What can change later stands in it as marks (``content/placeholders.py``):

``media``           where pictures are
``web_head``        at the end of the head: the page's languages, the feed
``web_top``         before the letter: the way to the archive and to the other languages
``web_end``         after it: how to pass it on
``over``            before it, the moment from which on its words are shown
``open``, ``shut``  around what is shown until that moment only

So a page costs no template and no MJML when it is asked for.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from markupsafe import Markup

from newsletter.content.blocks import Action
from newsletter.content.placeholders import CLOSE, MARK, OPEN, mark
from newsletter.i18n.translate import Edition
from newsletter.render.asking import ends_at, facts_of, over_words, plain
from newsletter.render.compose import Composer
from newsletter.render.facts import PublicEdition
from newsletter.render.pictures import MEDIA_FIELD
from newsletter.render.theme import Letterhead
from newsletter.render.words import Words

HEAD_FIELD, TOP_FIELD, END_FIELD = "web_head", "web_top", "web_end"
OVER_FIELD, OPEN_FIELD, SHUT_FIELD = "over", "open", "shut"
_WHILE_OPEN = re.compile(
    rf"{OPEN}{OPEN_FIELD}\|(?P<until>[^{OPEN}{CLOSE}]*){CLOSE}(?P<inside>.*?){OPEN}{SHUT_FIELD}\|{CLOSE}", re.DOTALL
)

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BODY = re.compile(r"<body\b[^>]*>")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is put into a page when it is asked for: HTML, and where pictures are ("" beside the page)."""

    media: str = ""
    head: str = ""
    top: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """The marks around what belongs to an action that comes to an end."""

    over: Markup
    open: Markup
    shut: Markup


class Slots:
    """What templates ask for the marks of a public page; a mail has none."""

    def __init__(self, letterhead: Letterhead, words: Words) -> None:
        self._letterhead = letterhead
        self._words = words

    def closing(self, block: Action) -> Closing | None:
        """The marks of an action; None if it never ends."""
        moment = ends_at(block, self._letterhead.timezone)
        if moment is None:
            return None
        until = moment.astimezone(dt.UTC).isoformat()
        note = Markup("{}|<strong>{}</strong>").format(until, over_words(block, self._words))
        return Closing(_slot(OVER_FIELD, note), _slot(OPEN_FIELD, until), _slot(SHUT_FIELD))


def public_edition(edition: Edition, composer: Composer) -> PublicEdition:
    """The page of an edition that was made for readers of no segment.  Raises TemplateError."""
    if edition.segments:
        raise ValueError("a public page holds no block that is limited to segments")
    words = composer.words_for(edition)(edition.locale)
    _mjml, html = composer.mjml_and_html(edition, slots=Slots(composer.letterhead, words))
    return PublicEdition(
        edition.slug,
        edition.locale,
        edition.issue.date,
        plain(edition.issue.subject),
        plain(edition.issue.preheader),
        _as_page(MARK.sub(lambda found: found.group() if found["field"] in _KEPT else found["fallback"], html)),
        facts_of(edition, composer.letterhead, words),
    )


def _slot(field: str, fallback: str = "") -> Markup:
    return Markup(mark(field, fallback))  # noqa: S704 - whoever calls has escaped it


def _as_page(html: str) -> str:
    """The mail as a page: without what only Outlook reads, its letter as the main part, and marks around."""
    html = (
        _COMMENT.sub("", html)
        .replace(' aria-roledescription="email"', "", 1)
        .replace('role="article"', 'role="main"', 1)
    )
    html = html.replace("</head>", f"{mark(HEAD_FIELD)}</head>", 1)
    html = _BODY.sub(lambda body: f"{body[0]}{mark(TOP_FIELD)}", html, count=1)
    before, end, after = html.rpartition("</body>")
    return f"{before}{mark(END_FIELD)}{end}{after}"


_KEPT = (MEDIA_FIELD, HEAD_FIELD, TOP_FIELD, END_FIELD, OVER_FIELD, OPEN_FIELD, SHUT_FIELD)


def fill_page(html: str, now: dt.datetime, around: Surroundings) -> str:
    """The page as it is at this moment."""
    html = _WHILE_OPEN.sub(lambda found: "" if _is_past(found["until"], now) else found["inside"], html)

    def value(found: re.Match[str]) -> str:
        match found["field"]:
            case "media":
                return around.media + found["fallback"]
            case "web_head":
                return around.head
            case "web_top":
                return around.top
            case "web_end":
                return around.end
            case "over":
                until, _bar, words = found["fallback"].partition("|")
                return words if _is_past(until, now) else ""
            case _:
                return found["fallback"]

    return MARK.sub(value, html)


def fragment(page: str) -> str:
    """What is inside the body of a filled page, for feeds: without the head and its styles."""
    return page.partition("<body")[2].partition(">")[2].rpartition("</body>")[0].strip()


def _is_past(until: str, now: dt.datetime) -> bool:
    return now >= dt.datetime.fromisoformat(until)
