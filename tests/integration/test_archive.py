"""The archive as it is served: pages, lists, feeds and files of events."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import feedparser
import httpx
import pytest
import vobject
import yaml
from lxml import etree
from PIL import Image

from newsletter.cli.public.desk import open_public
from tests.integration.conftest import Space, space_at
from tests.integration.records import ask
from tests.integration.servers import real_server

SCHEMA = etree.RelaxNG(file=str(Path(__file__).parents[1] / "data" / "atom.rng"))

JUNE = """\
source_locale: en
date: 2019-06-03
subject: "News for {first_name|you}: milk"
preheader: What happened in May
blocks:
  - {type: text, id: greeting, translate: false, body: "Hola {first_name|compa}"}
  - type: action
    id: meeting
    kind: rsvp
    title: Come to the meeting
    translate: false
    event: {starts: 2019-06-10T18:00, ends: 2019-06-10T20:00, place: Our office}
    targets: [{url: https://example.org/rsvp, label: RSVP}]
  - type: action
    id: inner-circle
    kind: event
    title: Only for supporters
    translate: false
    event: {starts: 2019-06-11T18:00, place: Elsewhere}
    only: {segments: [supporters]}
"""
TEXTS = {"News for {first_name|you}: milk": "Noticias para {first_name|ti}: leche", "What happened in May": "Mayo"}


class Noon:
    """A clock that stands at noon of the third of June."""

    time = dt.datetime(2019, 6, 3, 16, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self.time


@dataclass(frozen=True, slots=True)
class Sent:
    """The workspace, and what arrived of each issue: first Ana's, who is a supporter and reads Spanish."""

    space: Space
    june: list[bytes]
    private: list[bytes]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """A workspace that has sent two issues on the third of June, one of them without pages."""
    space = space_at(tmp_path_factory.mktemp("archive"))
    space.set("calendar", attach=True)
    space.write_issue(JUNE)
    space.translate(translations=TEXTS)
    other = JUNE.replace("milk", "corn").replace("in May", "at home").replace("preheader", "archive: false\npreheader")
    space.write_issue(other, "private")
    space.translate(
        "private", {"News for {first_name|you}: corn": "Maíz para {first_name|ti}", "What happened at home": "En casa"}
    )
    space.write_list("ana@example.org,Ana Muñoz,es,supporter,", "ben@example.org,Ben,en,,")
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
        first = [message for _sender, _recipient, message in sorted(inbox.messages, key=lambda one: one[1])]
        space.run("send", "private", "-s", "everybody", "--yes")
        private = [message for _sender, _recipient, message in inbox.messages[2:]]
    ask(space, "update archive set published_at = ?, changed_at = ?", *["2019-06-03 12:00:00.000000"] * 2)
    return Sent(space, first, private)


@asynccontextmanager
async def reading(space: Space, clock: Noon | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at the public pages."""
    house = space.house()
    house.clock = clock or Noon()
    async with open_public(house) as (app, _desk):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="https://news.example.org") as client:
            yield client


def fetched(space: Space, *paths: str, language: str = "en") -> list[httpx.Response]:
    """The answers, for tests that also run commands, which have loops of their own."""

    async def run() -> list[httpx.Response]:
        async with reading(space) as client:
            return [await client.get(path, headers={"Accept-Language": language}) for path in paths]

    return asyncio.run(run())


async def test_a_page_holds_what_everybody_may_read_at_this_moment(sent: Sent) -> None:
    clock = Noon()
    async with reading(sent.space, clock) as client:
        before = await client.get("/june.es.html")
        clock.time += dt.timedelta(days=8)
        after = await client.get("/june.es.html")
        english = await client.get("/june.en.html")
    assert before.status_code == 200
    assert "Noticias para ti: leche" in before.text
    assert "Hola compa" in before.text
    for private in ("Ana", "Only for supporters", "Elsewhere", "unsubscribe", "/u/", "/p/"):
        assert private not in before.text
    assert ("https://example.org/rsvp" in before.text, "Este evento ya pasó" in before.text) == (True, False)
    assert ("https://example.org/rsvp" in after.text, "Este evento ya pasó" in after.text) == (False, True)
    assert "News for you: milk" in english.text
    assert before.headers["etag"] != after.headers["etag"]
    assert "set-cookie" not in before.headers


async def test_pages_know_each_other(sent: Sent) -> None:
    async with reading(sent.space) as client:
        page = (await client.get("/june.es.html")).text
    base = "https://news.example.org"
    assert f'<link rel="canonical" href="{base}/june.es.html">' in page
    found = dict(re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', page))
    assert found == {lang: f"{base}/june.{lang.replace('x-default', 'en')}.html" for lang in ("en", "es", "x-default")}
    assert f'type="application/atom+xml" title="Justicia Migrante — Comité" href="{base}/archive/es.atom"' in page
    assert 'href="/flyer/june.es.letter.pdf"' in page
    assert "https://wa.me/?text=Noticias%20para%20ti%3A%20leche%0ACome%20to%20the%20meeting%0Ahttps%3A%2F%2F" in page
    assert 'href="sms:?&amp;body=Noticias%20para%20ti' in page


async def test_nothing_but_styles_is_let_into_a_letter(sent: Sent) -> None:
    async with reading(sent.space) as client:
        letter, index = await client.get("/june.en.html"), await client.get("/archive/en")
    policy_of_letter = letter.headers["content-security-policy"]
    assert "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self';" in policy_of_letter
    assert policy_of_letter.replace(" 'unsafe-inline'", "") == index.headers["content-security-policy"]


async def test_whoever_has_it_is_told_so(sent: Sent) -> None:
    paths = ("/june.es.html", "/archive/es.atom", "/flyer/june.es.a4.pdf", "/calendar/june.meeting.es.ics")
    async with reading(sent.space) as client:
        for path in paths:
            first = await client.get(path)
            assert first.headers["cache-control"] == "public, no-cache"
            tag = first.headers["etag"]
            for known in (tag, f'"other", W/{tag}', "*"):
                again = await client.get(path, headers={"If-None-Match": known})
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert (await client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200
            head = await client.head(path)
            assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
        changed = (await client.get("/archive/es.atom")).headers["last-modified"]
        same = {"If-Modified-Since": changed}
        assert (await client.get("/archive/es.atom", headers=same)).status_code == 304
        assert (await client.get("/archive/es.atom", headers={**same, "If-None-Match": '"x"'})).status_code == 200
        later = {"If-Modified-Since": "Fri, 31 Dec 2099 23:59:59 GMT"}
        assert (await client.get("/archive/es.atom", headers=later)).status_code == 200


async def test_the_feed_of_each_language(sent: Sent) -> None:
    clock = Noon()
    async with reading(sent.space, clock) as client:
        english, spanish = await client.get("/archive/en.atom"), await client.get("/archive/es.atom")
        clock.time += dt.timedelta(days=8)
        after = await client.get("/archive/es.atom")
    for answer in (english, spanish, after):
        assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
        document = etree.fromstring(answer.content)
        assert SCHEMA.validate(document), SCHEMA.error_log
    (entry,) = feedparser.parse(spanish.content).entries
    assert (entry.title, entry.link) == ("Noticias para ti: leche", "https://news.example.org/june.es.html")
    assert "Hola compa" in entry.content[0].value
    (closed,) = feedparser.parse(after.content).entries
    assert closed.summary == "Mayo · Come to the meeting: Este evento ya pasó"
    assert (closed.id, closed.updated) == (entry.id, entry.updated) == (entry.link, "2019-06-03T12:00:00Z")
    assert after.headers["last-modified"] != spanish.headers["last-modified"]


async def test_the_list_of_each_language_says_what_is_over(sent: Sent) -> None:
    clock = Noon()
    async with reading(sent.space, clock) as client:
        before = await client.get("/archive/es")
        asked = await client.get("/archive", headers={"Accept-Language": "es-MX, en;q=0.5"})
        clock.time += dt.timedelta(days=8)
        after = await client.get("/archive/es")
        wrong = [(await client.get(f"/archive/es?page={n}")).status_code for n in ("0", "2", "-1", "x", "9" * 30, "²")]
    assert 'href="/june.es.html"' in before.text
    assert "private" not in before.text
    assert before.text == asked.text
    assert ("Este evento ya pasó" in before.text, "Este evento ya pasó" in after.text) == (False, True)
    assert set(wrong) == {404}


async def test_an_event_for_a_calendar(sent: Sent) -> None:
    async with reading(sent.space) as client:
        answer = await client.get("/calendar/june.meeting.es.ics")
        limited = await client.get("/calendar/june.inner-circle.es.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    event = vobject.readOne(answer.text).vevent
    assert event.summary.value == "Come to the meeting"
    assert event.url.value == "https://news.example.org/june.es.html"
    assert event.dtstart.value.astimezone(dt.UTC) == dt.datetime(2019, 6, 10, 22, tzinfo=dt.UTC)
    assert limited.status_code == 404, "what is for a segment is not for everybody"


def test_events_are_attached_for_those_who_see_them(sent: Sent) -> None:
    everybody = ["Come to the meeting"]
    for message, titles in zip(sent.june, ([*everybody, "Only for supporters"], everybody), strict=True):
        mail = message_from_bytes(message, policy=policy.default)
        assert [part.get_content_type() for part in mail.iter_parts()] == ["multipart/alternative", "text/calendar"]
        (attached,) = mail.iter_attachments()
        assert (attached.get_filename(), attached.get_param("method")) == ("events.ics", "PUBLISH")
        calendar = vobject.readOne(attached.get_content())
        assert [event.summary.value for event in calendar.vevent_list] == titles
        plain = mail.get_body(("plain",))
        assert plain is not None
        assert "Hola" in plain.get_content()
        assert all(len(line) <= 998 for line in message.split(b"\r\n"))


async def test_an_issue_may_stay_out_of_the_archive(sent: Sent) -> None:
    async with reading(sent.space) as client:
        page = await client.get("/private.en.html")
        others = [await client.get(path) for path in ("/flyer/private.en.a4.pdf", "/calendar/private.meeting.en.ics")]
    assert [answer.status_code for answer in (page, *others)] == [404, 404, 404]
    assert "not in the archive" in page.text
    assert page.headers["x-robots-tag"].startswith("noindex")
    for message in sent.private:
        text = message.decode()
        assert "private.e" not in text.replace("=\r\n", ""), "no link to a page that there will not be"


@pytest.mark.parametrize(
    "path",
    [
        "/july.en.html",
        "/june.fr.html",
        "/June.en.html",
        "/.en.html",
        "/june.en.html.html",
        "/%00.en.html",
        "/" + "a" * 500 + ".en.html",
        "/june%2e.en.html",
        "/archive/fr",
        "/archive/fr.atom",
        "/flyer/june.en.a3.pdf",
        "/flyer/june.fr.a4.pdf",
        "/calendar/june..en.ics",
        "/calendar/june.greeting.en.ics",
        "/calendar/june.%00.en.ics",
        "/media/nothing.png",
        "/media/..%2fnewsletter.db",
        "/media/%2e%2e/newsletter.yaml",
        "/media/.hidden.png",
        "/media/a.html",
    ],
)
async def test_there_is_nothing_else(sent: Sent, path: str) -> None:
    async with reading(sent.space) as client:
        assert (await client.get(path)).status_code == 404


def test_another_language_is_offered_where_one_is_missing(space: Space) -> None:
    space.write_list("ben@example.org,Ben,en,,")
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    paths = ("/june.en.html", "/june.es.html", "/june.es-MX.html", "/june.EN.html")
    english, *all_missing, shouted = fetched(space, *paths)
    assert 'hreflang="es"' not in english.text
    for missing in all_missing:
        assert missing.status_code == 404
        assert 'href="https://news.example.org/june.en.html"' in missing.text
        assert "puedes leerlo en otro" in missing.text
        assert "News for you: 50% more farms" in missing.text, "what there is, by its own name"
    assert shouted.text == english.text
    (unknown,) = fetched(space, "/june.fr.html", language="es")
    assert (unknown.status_code, "puedes leerlo en otro" in unknown.text) == (404, True)


def test_staff_take_a_page_off_the_web(space: Space) -> None:
    space.write_list("ben@example.org,Ben,en,,", "ana@example.org,Ana,es,,")
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")

    def answers() -> list[int]:
        return [answer.status_code for answer in fetched(space, "/june.en.html", "/june.es.html")]

    assert answers() == [200, 200]
    assert "es: nobody can read it" in space.run("archive", "hide", "june", "--locale", "es").stdout
    assert answers() == [200, 404]
    listed = space.json("archive", "list")
    assert isinstance(listed, list)
    assert [(one["locale"], one["state"]) for one in listed] == [("en", "shown"), ("es", "hidden")]
    assert "hidden already" in space.run("archive", "hide", "june", "--locale", "es").stdout
    assert "shown again" in space.run("archive", "show", "issues/june.yaml").stdout
    assert answers() == [200, 200]
    assert "did you mean 'june'" in space.run("archive", "hide", "jume", code=2).stderr
    assert "no page of 'june' in 'fr'" in space.run("archive", "hide", "june", "--locale", "fr", code=2).stderr


def test_an_event_that_was_moved_has_a_higher_number(space: Space) -> None:
    space.set("calendar", attach=True)
    space.write_list("ben@example.org,Ben,en,,")
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        for changed, again in ((JUNE, ""), (JUNE, "to try"), (JUNE.replace("06-10T18:00", "06-10T19:00"), "it moved")):
            space.write_issue(changed)
            wish = ("--again", again) if again else ()
            space.run("send", "june", "-s", "everybody", "--yes", *wish)
    sent = [
        next(message_from_bytes(message, policy=policy.default).iter_attachments()) for *_, message in inbox.messages
    ]
    events = [vobject.readOne(attached.get_content()).vevent for attached in sent]
    assert [event.sequence.value for event in events] == ["0", "0", "1"]
    assert len({event.uid.value for event in events}) == 1
    (answer,) = fetched(space, "/calendar/june.meeting.en.ics")
    served = vobject.readOne(answer.text).vevent
    assert (served.sequence.value, served.dtstart.value.hour) == ("1", 19)


def test_a_long_list_has_several_pages(space: Space) -> None:
    space.write_list("ben@example.org,Ben,en,,")
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    page = "locale, date, subject, preheader, html, facts, digest, published_at, hidden, changed_at"
    row = "subscriber_id, edition_id, domain, state, attempts, reply, updated_at"
    for number in range(2, 42):  # forty campaigns of the same words under other names
        copied = f"insert into archive (campaign_id, slug, {page}) select ?, ?, {page} from archive"
        ask(space, f"{copied} where campaign_id = 1", number, f"june-{number:02}")
        copied = f"insert into deliveries (campaign_id, {row}) select ?, {row} from deliveries"
        ask(space, f"{copied} where campaign_id = 1", number)
    first, second, third, fourth, feed = fetched(
        space, "/archive/en", "/archive/en?page=2", "/archive/en?page=3", "/archive/en?page=4", "/archive/en.atom"
    )
    found = [re.findall(r'href="/(june[0-9-]*)\.en\.html"', answer.text) for answer in (first, second, third)]
    assert [len(slugs) for slugs in found] == [20, 20, 1]
    assert [slug for slugs in found for slug in slugs] == [
        *(f"june-{number:02}" for number in range(41, 1, -1)),
        "june",
    ]
    assert ('rel="prev"' in first.text, 'rel="next"' in first.text) == (False, True)
    assert ('href="?page=1"' in second.text, 'href="?page=3"' in second.text) == (True, True)
    assert "Page 3 of 3" in third.text
    assert fourth.status_code == 404
    assert len(feedparser.parse(feed.content).entries) == 20


def test_pictures_of_mail_are_kept_whatever_becomes_of_the_issue(space: Space) -> None:
    folder = space.root / "issues" / "media"
    folder.mkdir()
    Image.new("RGB", (1200, 800), "white").save(folder / "cow.png")
    issue = yaml.safe_load((space.root / "issues" / "june.yaml").read_text())
    image = {"type": "image", "id": "cow", "image": {"src": "media/cow.png", "alt": ""}}
    space.write_issue(yaml.safe_dump({**issue, "blocks": [*issue["blocks"], image]}))
    space.write_list("ben@example.org,Ben,en,,")
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    Image.new("RGB", (1200, 800), "black").save(folder / "cow.png")
    name = re.search(r"media/(cow-[0-9a-f]{10}\.png)", inbox.messages[0][2].decode().replace("=\r\n", ""))
    assert name
    page, picture = fetched(space, "/june.en.html", f"/media/{name[1]}")
    assert f'src="media/{name[1]}"' in page.text
    assert picture.headers["content-type"] == "image/png"
    assert hashlib.sha256(picture.content).hexdigest()[:10] in name[1]
    assert picture.headers["cross-origin-resource-policy"] == "cross-origin", "webmail shows it in a page of its own"
    assert "immutable" in picture.headers["cache-control"]
