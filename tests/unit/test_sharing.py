"""Texts to pass on: what they say, and how many messages a phone makes of them."""

from __future__ import annotations

import datetime as dt

import pytest

from newsletter.render.facts import Ask, Facts
from newsletter.render.sharing import Alphabet, measured, share_text, sms_text, sms_url, whatsapp_url

PAGE = "https://news.example.org/june.en.html"
NOW = dt.datetime(2019, 6, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "messages"),
    [
        ("a" * 160, Alphabet.GSM, 160, 1),
        ("a" * 161, Alphabet.GSM, 161, 2),
        ("a" * 306, Alphabet.GSM, 306, 2),
        ("a" * 307, Alphabet.GSM, 307, 3),
        ("€" * 80, Alphabet.GSM, 160, 1),
        ("a" * 152 + "€" + "a" * 152, Alphabet.GSM, 306, 3),  # the sign is not cut in two
        ("¡Qué año, Ñandú!", Alphabet.UCS2, 16, 1),  # ú is not in the alphabet, though é, ñ and Ñ are
        ("¡Qué año, Ñandu!", Alphabet.GSM, 16, 1),
        ("á" * 70, Alphabet.UCS2, 70, 1),
        ("á" * 71, Alphabet.UCS2, 71, 2),
        ("✊🏽" + "a" * 67, Alphabet.UCS2, 70, 1),
        ("á" * 66 + "🌽" + "a" * 66, Alphabet.UCS2, 134, 3),
        ("", Alphabet.GSM, 0, 1),
    ],
)
def test_a_phone_counts_like_this(text: str, alphabet: Alphabet, units: int, messages: int) -> None:
    found = measured(text)
    assert (found.alphabet, found.units, found.messages) == (alphabet, units, messages)
    assert found.bytes == len(text.encode())


def test_typographic_signs_become_plain_only_where_that_shortens() -> None:
    english = sms_text("Victory! “No Polimigra” – it’s law…", PAGE)
    assert (english.text, english.messages) == (f'Victory! "No Polimigra" - it\'s law...\n{PAGE}', 1)
    assert english.alphabet is Alphabet.GSM
    spanish = sms_text("Únete: “No Polimigra” ya es ley", PAGE)
    assert spanish.text == f"Únete: “No Polimigra” ya es ley\n{PAGE}", "accents stay, so the rest may stay too"


def test_the_text_names_what_is_still_open() -> None:
    def ask(title: str, ends_at: dt.datetime | None) -> Ask:
        return Ask(title, "Petition", title, "", (), "", "", ends_at, "over", None)

    asks = (ask("Too late", NOW), ask("Sign", NOW + dt.timedelta(seconds=1)), ask("Call", None))
    assert share_text("Victory", Facts("Org", "", (), asks), PAGE, NOW).text == f"Victory\nSign\n{PAGE}"
    assert share_text("Victory", Facts("Org", "", (), asks[:1]), PAGE, NOW).text == f"Victory\n{PAGE}"


def test_links_carry_the_whole_text() -> None:
    assert whatsapp_url("a & b\n¿ñ?#") == "https://wa.me/?text=a%20%26%20b%0A%C2%BF%C3%B1%3F%23"
    assert sms_url("a+b") == "sms:?&body=a%2Bb"
