"""What fills the slots of a message arrives as it is, on lines that mail can carry and DKIM need not change."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import html

from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.content.placeholders import CLOSE, OPEN
from newsletter.delivery.message import FrozenEdition, MessageTemplate, Reader, Sender

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
