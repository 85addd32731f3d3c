"""Pictures on their way to readers: hosted below the public address, or in the mail; and who may still be shown."""

from __future__ import annotations

import datetime as dt
import email
import io
import re
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

import pytest
from PIL import Image

from newsletter.cli.publishing import frozen_edition
from newsletter.delivery.message import MessageTemplate, Reader
from tests.integration.conftest import SPANISH, Space
from tests.integration.servers import real_server

ISSUE = """\
source_locale: en
date: 2019-06-03
subject: Pictures
preheader: Two of them
blocks:
  - type: story
    id: farms
    title: Farms
    body: 'No picture: data:image/png;base64,AAAA; " src="data:image/png;base64,BBBB" neither, {first_name|friend}.'
    image: {src: media/farm.jpg, alt: A farm, consent: {who: Rosa, until: UNTIL}}
  - type: image
    id: again
    image: {src: media/farm.jpg, alt: The same farm}
  - type: video
    id: film
    title: Film
    poster: {src: media/still.png, alt: A still}
    url: https://example.org/film
"""
WORDS = {
    **SPANISH,
    "Pictures": "Fotos",
    "Two of them": "Son dos",
    "Farms": "Granjas",
    "A farm": "Una granja",
    "The same farm": "La misma granja",
    "Film": "Película",
    "A still": "Una imagen",
}


@pytest.fixture
def space_with_pictures(space: Space) -> Space:
    media = space.root / "issues" / "media"
    media.mkdir()
    exif = Image.Exif()
    exif.get_ifd(0x8825)[29] = "Rosa-at-44.4743"
    Image.linear_gradient("L").resize((1300, 500)).convert("RGB").save(media / "farm.jpg", exif=exif)
    Image.new("RGB", (700, 300), "green").save(media / "still.png")
    space.write_issue(ISSUE.replace("UNTIL", "2100-01-01"))
    text = re.search(r"'(No picture: .*)'", ISSUE)
    assert text
    space.translate(translations={**WORDS, text[1]: text[1].replace("neither", "tampoco").replace("No p", "Ninguna p")})
    return space


def received(space: Space) -> EmailMessage:
    """The English mail, as the server got it."""
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "--to", "you@example.org")
        messages = [email.message_from_bytes(data, policy=modern) for _from, _to, data in inbox.messages]
    (english,) = [message for message in messages if message["Content-Language"] == "en"]
    return english


def shape(part: EmailMessage) -> object:
    kind = part.get_content_type()
    return (kind, [shape(inner) for inner in part.iter_parts()]) if part.is_multipart() else kind  # type: ignore[arg-type]


def page(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_hosted_pictures_are_written_where_the_mail_says_before_it_is_sent(space_with_pictures: Space) -> None:
    space = space_with_pictures
    message = received(space)
    assert shape(message) == ("multipart/alternative", ["text/plain", "text/html"])
    sources = re.findall(r'<img[^>]* src="https://news\.example\.org/(media/[^"]+)"', page(message))
    assert len(sources) == 3
    for source in sources:
        data = (space.root / "var" / source).read_bytes()
        assert Image.open(io.BytesIO(data)).width <= 1200
        assert b"Rosa-at" not in data
    assert len(list((space.root / "var" / "media").iterdir())) == 2


def test_inline_pictures_come_with_the_mail_each_once(space_with_pictures: Space) -> None:
    space = space_with_pictures
    space.replace("pictures", "inline")
    message = received(space)
    related = ("multipart/related", ["text/html", "image/jpeg", "image/png"])
    assert shape(message) == ("multipart/alternative", ["text/plain", related])
    html = page(message)
    named = re.findall(r'<img[^>]* src="cid:([^"]+)"', html)
    assert len(named) == 3
    assert len(set(named)) == 2
    pictures = {str(part["Content-ID"]): part for part in message.walk() if part.get_content_maintype() == "image"}
    assert set(pictures) == {f"<{name}>" for name in named}
    for part in pictures.values():
        assert part.get_content_disposition() == "inline"
        picture = Image.open(io.BytesIO(part.get_content()))
        picture.load()
        assert picture.width in (1200, 700)
    assert "https://news.example.org/media" not in html
    assert "data:image/png;base64,AAAA" in html, "a text is no picture"
    assert "friend" in html
    text = message.get_body(("plain",))
    assert text is not None
    assert "[Picture: " in text.get_content()
    assert "/media/" not in text.get_content()
    assert not (space.root / "var" / "media").exists()


def test_frozen_edition_keeps_its_inline_pictures_whatever_becomes_of_the_files(space_with_pictures: Space) -> None:
    space = space_with_pictures
    space.replace("pictures", "inline")
    house = space.house()
    edition = frozen_edition(house, house.issue("june"), "en")
    for file in (space.root / "issues" / "media").iterdir():
        file.unlink()
    reader = Reader("ana@example.org", "Ana", "Ana", token="t")
    message = email.message_from_bytes(
        bytes(MessageTemplate(edition).fill(reader, "<a@b>", house.clock.now())), policy=modern
    )
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds.count("image/jpeg") == kinds.count("image/png") == 1
    assert "Ana" in page(message)


def test_rendered_pages_lie_beside_their_pictures_however_mail_carries_them(space_with_pictures: Space) -> None:
    space = space_with_pictures
    space.replace("pictures", "inline")
    space.run("render", "june", "--out", "out")
    html = (space.root / "out" / "june.en.html").read_text(encoding="utf-8")
    for source in re.findall(r'<img[^>]* src="([^"]+)"', html):
        assert (space.root / "out" / source).is_file()
    assert "cid:" in (space.root / "out" / "june.en.eml").read_text(encoding="ascii").replace("=\n", "")


def test_picture_whose_consent_is_over_is_neither_checked_nor_sent(space_with_pictures: Space) -> None:
    space = space_with_pictures
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=2)
    space.write_issue(ISSUE.replace("UNTIL", str(yesterday)))
    checked = space.run("check", code=1)
    told = f"issues/june.yaml:10:75: the consent to show this picture ended on {yesterday}"
    assert told in checked.stdout + checked.stderr
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "--to", "you@example.org", code=1)
        space.run("send", "june", "-s", "everybody", "--yes", code=1)
        assert inbox.messages == []
    space.write_issue(ISSUE.replace("UNTIL", str(yesterday + dt.timedelta(days=4))))
    space.run("check")


def test_note_of_consent_reaches_no_reader_and_no_translator(space_with_pictures: Space) -> None:
    space = space_with_pictures
    space.write_issue(ISSUE.replace("UNTIL", "2100-01-01").replace("who: Rosa", "who: Xochitl"))
    space.run("i18n", "sync", "june")
    space.run("render", "june", "--out", "out")
    for file in (*Path(space.root / "out").glob("june.*"), *space.root.glob("locales/**/*.po")):
        assert "Xochitl" not in file.read_text(encoding="utf-8")


def test_check_warns_of_a_blurred_picture(space_with_pictures: Space) -> None:
    space = space_with_pictures
    Image.new("RGB", (200, 100)).save(space.root / "issues" / "media" / "still.png")
    checked = space.run("check")
    assert "june.yaml:17:19: 'media/still.png' is 200 pixels wide" in checked.stdout
