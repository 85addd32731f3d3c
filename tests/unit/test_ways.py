"""Addresses that act, read back by the standard library: nothing is lost in them, and nothing is added."""

from __future__ import annotations

from email.message import EmailMessage
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.parts import DonationQuery, LetterDraft, Way
from newsletter.render.ways import (
    Donations,
    MapService,
    donation_url,
    letter_lines,
    letter_url,
    mailto,
    map_url,
    share_url,
)

PAGE = "https://news.example.org/2019-06.es.html"
HOSTILE = 'Ñandú & "co": 100% #1 + 2 = 3?\t</a>\''


def fields(url: str) -> dict[str, str]:
    """The query of an address, as RFC 6068 has it: "+" is no space."""
    pairs = (pair.partition("=") for pair in urlsplit(url).query.split("&"))
    return {name: unquote(value) for name, _is, value in pairs}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/give", "https://example.org/give?amount=25&locale=es"),
        ("https://example.org/give?", "https://example.org/give?amount=25&locale=es"),
        ("https://example.org/give?form=7&x", "https://example.org/give?form=7&x&amount=25&locale=es"),
        ("https://example.org/give#form", "https://example.org/give?amount=25&locale=es#form"),
        (
            "https://example.org/give?a=%26&b=%C3%B1#q?",
            "https://example.org/give?a=%26&b=%C3%B1&amount=25&locale=es#q?",
        ),
        ("https://example.org/give?amount=1&locale=en&y=2", "https://example.org/give?y=2&amount=25&locale=es"),
        ("mailto:give@example.org", "mailto:give@example.org"),
    ],
)
def test_donation_page_keeps_what_its_address_has(url: str, expected: str) -> None:
    assert donation_url(url, Donations(), "es", 25) == expected


def test_names_of_an_appeal_go_over_those_of_the_settings() -> None:
    settings = Donations("amount", "lang", "monthly=1")
    own = settings.named(DonationQuery(amount="value", locale=""))
    assert own == Donations("value", "", "monthly=1")
    assert donation_url("https://example.org", own, "es", 5, monthly=True) == "https://example.org?value=5&monthly=1"
    assert settings.named(None) is settings


@given(st.text(alphabet=st.characters(exclude_characters="#\t\r\n[]", exclude_categories=["Cs", "Cc"]), max_size=30))
def test_any_query_survives_and_the_amount_is_read_once(query: str) -> None:
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in ("amount", "locale")]
    made = donation_url(f"https://example.org/?{query}", Donations(), "en", 10)
    read = parse_qsl(urlsplit(made).query, keep_blank_values=True)
    assert read.count(("amount", "10")) == read.count(("locale", "en")) == 1
    raw = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in ("amount", "locale")]
    assert urlsplit(made).query == "&".join([*raw, "amount=10", "locale=en"])
    assert [pair for pair in read if pair[0] not in ("amount", "locale")] == kept


def test_letter_becomes_a_mail_with_every_word_in_its_place() -> None:
    body = "Estimado señor:\n\ndéjelo *ir*.\n\n- Uno & dos\n- 100 % + 1\n\n> Así es.\n\nAtentamente,"
    letter = LetterDraft(to=("a+b@example.org", "c@example.com"), subject=HOSTILE.replace("\t", " "), body=body)
    url = letter_url(letter)
    assert url.isascii()
    assert " " not in url
    assert unquote(urlsplit(url).path) == "a+b@example.org,c@example.com"
    mail = EmailMessage()
    mail["Subject"] = fields(url)["subject"]
    assert mail["Subject"] == letter.subject
    assert fields(url)["body"].split("\r\n") == [
        "Estimado señor:", "", "déjelo ir.", "", "- Uno & dos", "- 100 % + 1", "", "> Así es.", "", "Atentamente,",
    ]  # fmt: skip
    assert "\n" not in fields(url)["body"].replace("\r\n", ""), "RFC 6068 §5: lines end in CRLF"


def test_no_letter_depends_on_its_reader() -> None:
    letter = LetterDraft.model_construct(
        to=("a@example.org",), subject="{name|x}", body="I, {first_name|neighbour}, ask"
    )
    assert letter_lines(letter) == ["I, neighbour, ask"]
    assert fields(letter_url(letter)) == {"subject": "x", "body": "I, neighbour, ask"}


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_subject_cannot_add_a_field(subject: str) -> None:
    assert list(fields(mailto(("a@example.org",), subject, "b"))) == ["subject", "body"]


@pytest.mark.parametrize("way", Way)
def test_every_way_passes_text_and_page_on_whole(way: Way) -> None:
    url = share_url(way, HOSTILE, PAGE)
    assert url.isascii()
    assert not set(" \t\"'<>") & set(url)
    told = list(fields(url.replace("sms:?&", "sms:?")).values())
    assert any(PAGE in value for value in told)
    assert way is Way.FACEBOOK or any(HOSTILE in value for value in told)  # Facebook takes an address alone


@pytest.mark.parametrize(
    ("place", "service", "url"),
    [
        ("44.4743, -73.2107", "openstreetmap", "https://www.openstreetmap.org/?mlat=44.4743&mlon=-73.2107#map=17/44.4743/-73.2107"),
        ("44.4743,-73.2107", "geo", "geo:44.4743,-73.2107"),
        ("-0.5, 100", "geo", "geo:-0.5,100"),
        ("https://example.org/map?a=b", "geo", "https://example.org/map?a=b"),
    ],
)  # fmt: skip
def test_place_on_a_map(place: str, service: str, url: str) -> None:
    assert map_url(place, MapService(service)) == url
