"""What fills the slots of a message arrives as it is, on lines that mail can carry and DKIM need not change."""

from __future__ import annotations

import base64
import datetime as dt
import email
import email.policy
import email.utils
import html
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.content.placeholders import CLOSE, OPEN
from newsletter.delivery.message import SMALL, FrozenEdition, MessageTemplate, Reader, Sender
from newsletter.render.links import PREFERENCES_FIELD, UNSUBSCRIBE_FIELD

NOW = dt.datetime(2019, 6, 3, 12, tzinfo=dt.UTC)
SENDER = Sender("Justicia Migrante", "news@example.org", "hello@example.org", "https://news.example.org")
NAME = f"{OPEN}name|friend{CLOSE}"
TEMPLATE = MessageTemplate(FrozenEdition("es", frozenset(), SENDER, "News", f"Hola, {NAME}!\n", f"<p>{NAME}</p>\n"))


@given(st.text("aZé ñ.=_-?&<>'\"@%~0\u00a0\u2028🌽", min_size=1, max_size=120) | st.text(min_size=1, max_size=120))
@example(".dot")
@example("ends in a space ")
@example("two  spaces")
@example("é" * 13 + "a")
def test_whatever_stands_in_a_slot_arrives_as_it_is(name: str) -> None:
    name = "".join(char for char in name if char.isprintable() or char == "\u00a0") or "x"
    message = bytes(TEMPLATE.fill(Reader("ana@example.org", name, "Ana", "token"), "<1@example.org>", NOW))
    plain, page = email.message_from_bytes(message, policy=email.policy.default).iter_parts()
    assert plain.get_content() == f"Hola, {name}!\r\n"
    assert page.get_content() == f"<p>{html.escape(name)}</p>\r\n"
    body = message.partition(b"\r\n\r\n")[2]
    assert max(map(len, message.split(b"\r\n"))) <= 76
    assert not any(line.startswith(b".") or line.endswith(b" ") for line in body.split(b"\r\n"))
    assert b"  " not in body


@pytest.mark.parametrize(
    "base", ["https://news.example.org", "https://example.org/a&b", f"https://{'n' * 90}.example.org"]
)
@pytest.mark.parametrize("much", ["", "word " * 2000])
def test_a_reader_s_own_links_stand_in_both_parts_and_in_the_header(base: str, much: str) -> None:
    sender = replace(SENDER, public_url=base)
    leave, choose = (f"{OPEN}{field}|{CLOSE}" for field in (UNSUBSCRIBE_FIELD, PREFERENCES_FIELD))
    text = f"{much}\n{leave}?of=news\n{choose}\n{much}\n"
    page = f'<p>{much}</p>\n<a href="{leave}?of=news">{NAME}</a>\n<a href="{choose}">{much}</a>\n'
    template = MessageTemplate(FrozenEdition("en", frozenset(), sender, "News", text, page))
    for token in ("-9bcdefghijk.lmnopqrstuvwxyz", "another.token"):
        message = bytes(template.fill(Reader("ana@example.org", "Ana", "Ana", token), "<1@example.org>", NOW))
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        own = (f"{base}/u/{token}", f"{base}/p/{token}")
        for part, (one, other) in zip(parsed.iter_parts(), (own, map(html.escape, own)), strict=True):
            content = part.get_content().replace("\r\n", "\n")
            assert content == (
                (text if part.get_content_subtype() == "plain" else page)
                .replace(leave, one)
                .replace(choose, other)
                .replace(NAME, "Ana")
            )
        assert f"<{own[0]}>" in str(parsed["List-Unsubscribe"])
        assert f"?subject=unsubscribe%20{token}>" in str(parsed["List-Unsubscribe"])
        assert max(map(len, message.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76


@pytest.mark.parametrize("address", ["ana@example.org", "señora@example.org"])
def test_only_letters_beyond_ascii_in_an_address_ask_for_eight_bits(address: str) -> None:
    message = TEMPLATE.fill(Reader(address, "Señora Ñ", "Señora", "token"), "<1@example.org>", NOW)
    assert message.eight_bit is not bytes(message).isascii()
    assert message.eight_bit is not address.isascii()


def test_a_subject_and_a_date_are_each_message_s_own() -> None:
    subject = f"{OPEN}first_name|Friend{CLOSE}, news"
    template = MessageTemplate(FrozenEdition("en", frozenset(), SENDER, subject, "Hello\n", "<p>Hello</p>\n"))
    later = NOW + dt.timedelta(seconds=61)
    for name, now, shown in (("Ana", NOW, "Ana"), ("Luz", NOW, "Luz"), ("", later, "Friend")):
        message = bytes(template.fill(Reader("ana@example.org", name, name, "token"), "<1@example.org>", now))
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        assert str(parsed["Subject"]) == f"{shown}, news"
        assert email.utils.parsedate_to_datetime(parsed["Date"]) == now


def test_long_pieces_are_copied_for_nobody_and_every_piece_stands_where_it_belongs() -> None:
    long, data = "word " * 2000, base64.b64encode(bytes(6000)).decode()
    page = f'<p>{NAME}</p>\n<p>{long}</p>\n<img src="data:image/png;base64,{data}">\n<p>{NAME}</p>\n'
    calendar = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    template = MessageTemplate(FrozenEdition("en", frozenset(), SENDER, "News", f"{NAME}{long}\n", page, calendar))
    one, other = (
        template.fill(Reader("ana@example.org", name, name, "token"), "<1@example.org>", NOW) for name in ("Ana", "Luz")
    )
    pairs = [pair for pair in zip(one.body, other.body, strict=True) if len(pair[0]) >= SMALL]
    assert len(pairs) == 3, "the text, the page and its picture"
    assert all(mine is yours for mine, yours in pairs)
    parsed = email.message_from_bytes(bytes(other), policy=email.policy.default)
    leaves = [part for part in parsed.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in leaves] == ["text/plain", "text/html", "image/png", "text/calendar"]
    plain, shown, picture, events = (part.get_content() for part in leaves)
    assert plain.replace("\r\n", "\n") == f"Luz{long}\n"
    assert shown.count("<p>Luz</p>") == 2
    assert long in shown
    assert picture == bytes(6000)
    assert events == calendar
