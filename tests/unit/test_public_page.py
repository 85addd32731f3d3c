"""The page that everybody may read: nothing of a reader, nothing for a segment, and right at every moment."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Any

import pytest

from newsletter import builtin
from newsletter.content.placeholders import CLOSE, OPEN
from newsletter.i18n.formats import Formats
from newsletter.i18n.translate import translate
from newsletter.render.asking import ends_at, lead
from newsletter.render.compose import Composer
from newsletter.render.facts import PublicEdition, from_json, to_json
from newsletter.render.mjml import MjmlCompiler
from newsletter.render.pictures import Pictures
from newsletter.render.public import Surroundings, fill_page, fragment, public_edition
from newsletter.render.theme import Letterhead, Theme
from tests.unit.helpers import ROOT, Page, catalog_of, issue_of

ZONE = zoneinfo.ZoneInfo("America/New_York")
HELLO = {"type": "text", "id": "hello", "body": "Dear {first_name|friend & neighbour},"}
SIGN = {
    "type": "action",
    "id": "sign",
    "kind": "petition",
    "title": "Sign",
    "deadline": "2019-06-09",
    "targets": [{"url": "https://example.org/sign", "label": "Sign now"}],
}
MARCH: dict[str, Any] = {
    "type": "action",
    "id": "march",
    "kind": "march",
    "title": "March",
    "event": {"starts": "2019-06-10T18:00", "ends": "2019-06-10T20:00", "timezone": "America/Chicago", "place": "Here"},
    "targets": [{"url": "https://example.org/march", "label": "I will march"}],
}
SECRET = {"type": "appeal", "id": "secret", "title": "Only for some", "url": "https://example.org/give"}


def made(*blocks: dict[str, Any], locale: str = "en", **fields: Any) -> PublicEdition:
    loaded = issue_of(*blocks, **fields)
    letterhead = Letterhead(
        {"en": "Our Organisation", "es": "Nuestra Organización"},
        "1 Main Street, Anytown",
        "https://news.example.org",
        ("en", "es"),
        Theme.model_validate({}),
        timezone="America/New_York",
    )
    folders = {"templates": [builtin.TEMPLATES], "catalogs": [builtin.LOCALES]}
    composer = Composer(letterhead, MjmlCompiler(), Pictures(ROOT), **folders)
    edition = translate(loaded, locale, catalog_of(loaded), Formats(locale), segments=frozenset())
    return public_edition(edition, composer)


def at(day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(2019, 6, day, hour, minute, tzinfo=ZONE)


def test_it_holds_nothing_of_a_reader_and_nothing_for_a_segment() -> None:
    page = fill_page(
        made(HELLO, {**SECRET, "only": {"segments": ["supporters"]}}, subject="News for {name|you}").html,
        at(1),
        Surroundings(top="<p>top</p>", end="<p>end</p>", head="<meta name=here>"),
    )
    read = Page(page)
    assert "Dear friend & neighbour," in read.text
    assert "News for you" in read.text
    assert "Only for some" not in page
    assert "example.org/give" not in page
    assert not re.search(f"[{OPEN}{CLOSE}]", page)
    for word in ("Unsubscribe", "unsubscribe", "Change what you get", "/u/", "/p/", "You get this because"):
        assert word not in page
    assert "1 Main Street, Anytown" in read.text
    assert read.others[1:] == [], "no comment for Outlook is left"


def test_what_surrounds_it_stands_in_its_place() -> None:
    html = made(HELLO).html
    page = fill_page(html, at(1), Surroundings("", "<meta name=here>", "<nav>top</nav>", "<nav>end</nav>"))
    assert re.search(r"<meta name=here></head>\s*<body[^>]*><nav>top</nav>", page)
    assert re.search(r"<nav>end</nav></body>", page)
    assert page.count('role="main"') == 1
    assert 'role="article"' not in page


@pytest.mark.parametrize("locale", ["en", "es"])
def test_an_action_closes_at_the_end_of_its_last_day_where_the_organisation_is(locale: str) -> None:
    html = made(SIGN, locale=locale).html
    words = {"en": "The deadline has passed", "es": "El plazo ya terminó"}[locale]
    before, after = (fill_page(html, moment, Surroundings()) for moment in (at(9, 23, 59), at(10, 0, 0)))
    assert ("https://example.org/sign" in before, words in before) == (True, False)
    assert ("https://example.org/sign" in after, words in after) == (False, True)


def test_an_event_is_over_when_it_ends_where_it_is() -> None:
    html = made(MARCH, HELLO).html
    chicago = zoneinfo.ZoneInfo("America/Chicago")
    end = dt.datetime(2019, 6, 10, 20, tzinfo=chicago)
    before, after = (fill_page(html, moment, Surroundings()) for moment in (end - dt.timedelta(seconds=1), end))
    assert ("example.org/march" in before, "This event is over" in before) == (True, False)
    assert ("example.org/march" in after, "This event is over" in after) == (False, True)
    assert "Dear friend" in after


def test_each_action_closes_for_itself() -> None:
    page = fill_page(made(SIGN, MARCH).html, at(10), Surroundings())
    assert "example.org/sign" not in page
    assert "example.org/march" in page


def test_when_an_action_is_over() -> None:
    def moment(**changes: Any) -> dt.datetime | None:
        return ends_at(issue_of({**MARCH, **changes}).issue.blocks[0], "America/New_York")  # type: ignore[arg-type]

    event = dict(MARCH["event"])
    del event["ends"]
    assert moment(deadline="2019-06-09") == at(10), "the deadline counts, if there is one"
    assert moment(event=event) == dt.datetime(2019, 6, 11, tzinfo=zoneinfo.ZoneInfo("America/Chicago"))
    assert moment(deadline="9999-12-31") is None
    assert ends_at(issue_of({**SIGN, "deadline": None}).issue.blocks[0], "UTC") is None  # type: ignore[arg-type]


def test_pictures_stand_beside_the_page_and_in_full_for_a_feed() -> None:
    image = {"type": "image", "id": "flag", "image": {"src": "issues/media/no-polimigra.png", "alt": "A flag"}}
    html = made(image).html
    assert re.search(r'src="media/no-polimigra-[0-9a-f]{10}\.png"', fill_page(html, at(1), Surroundings()))
    feed = fragment(fill_page(html, at(1), Surroundings("https://news.example.org/")))
    assert re.search(r'src="https://news\.example\.org/media/no-polimigra-[0-9a-f]{10}\.png"', feed)
    assert not re.search("<(head|style|body|html|!--)", feed)


def test_facts_come_back_as_they_were_stored() -> None:
    edition = made(SIGN, MARCH, {"type": "story", "id": "law", "title": "Law", "body": "Signed.\n\nMore."})
    assert from_json(to_json(edition.facts)) == edition.facts
    assert [ask.title for ask in edition.facts.asks] == ["Sign", "March"]
    assert edition.facts.stories[0].lead == "Signed."
    assert (
        edition.digest
        == made(SIGN, MARCH, {"type": "story", "id": "law", "title": "Law", "body": "Signed.\n\nMore."}).digest
    )
    assert edition.digest != made(SIGN).digest


def test_a_lead_is_the_first_paragraph_as_plain_words() -> None:
    assert lead("**Milk** with [Dignity](https://example.org/a) for {name|all}\\\nnow.\n\nMore.") == (
        "Milk with Dignity for all\nnow."
    )
    assert lead("") == ""
