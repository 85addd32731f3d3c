"""The feed, against a schema of Atom and as a feed reader understands it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import feedparser
from lxml import etree

from newsletter.render.feed import LONGEST, Channel, Entry, atom_feed

SCHEMA = etree.RelaxNG(file=str(Path(__file__).parents[1] / "data" / "atom.rng"))
BEGUN = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
BASE = "https://news.example.org"
CHANNEL = Channel(
    "Justicia & Migrante", "Justicia & Migrante", "es_MX", f"{BASE}/archive/es.atom", f"{BASE}/archive/es"
)


def entry(number: int, title: str = "Noticias", html: str = "<p>Hola</p>") -> Entry:
    page = f"{BASE}/n{number}.es.html"
    updated = dt.datetime(2019, 6, 3, 20, number, tzinfo=dt.timezone(dt.timedelta(hours=-4)))
    return Entry(title, "Lo que pasó", html, page, updated, (("en", f"{BASE}/n{number}.en.html"),))


def test_a_feed_reader_understands_it() -> None:
    content = atom_feed(
        CHANNEL, [entry(2, "¡Ya “basta” <hoy> & siempre!", "<p>Ñ &amp; &lt;b&gt;</p>"), entry(1)], BEGUN
    )
    document = etree.fromstring(content)
    assert SCHEMA.validate(document), SCHEMA.error_log
    found = feedparser.parse(content)
    assert not found.bozo
    assert (found.feed.title, found.feed.id, found.feed.language) == ("Justicia & Migrante", CHANNEL.feed, "es-MX")
    first = found.entries[0]
    assert first.title_detail.type == "text/plain"
    assert (first.id, first.link) == (f"{BASE}/n2.es.html", f"{BASE}/n2.es.html")
    assert first.content[0].value == "<p>Ñ &amp; &lt;b&gt;</p>"
    assert first.content[0].type == "text/html"
    assert found.feed.updated == "2019-06-04T00:02:00Z", "the newest entry dates the feed"
    assert {link.get("hreflang") for link in first.links} == {"es-MX", "en"}


def test_an_empty_feed_is_one_too() -> None:
    document = etree.fromstring(atom_feed(CHANNEL, [], BEGUN))
    assert SCHEMA.validate(document), SCHEMA.error_log


def test_the_newest_only_and_nothing_that_xml_cannot_hold() -> None:
    content = atom_feed(CHANNEL, [entry(n, "a\x0bb\ufffe") for n in range(LONGEST + 5)], BEGUN)
    found = feedparser.parse(content)
    assert not found.bozo
    assert len(found.entries) == LONGEST
    assert found.entries[0].title == "ab"


def test_the_schema_itself_finds_mistakes() -> None:
    document = etree.fromstring(atom_feed(CHANNEL, [entry(1)], BEGUN))
    document.remove(document.find("{*}author"))
    assert not SCHEMA.validate(document)
