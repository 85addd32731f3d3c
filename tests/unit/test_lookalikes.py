"""Cells, consents and addresses that look like others."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience.audit import without_addresses
from newsletter.audience.cells import guarded, plain
from newsletter.audience.consent import parse_moment
from newsletter.audience.lookalikes import WELL_KNOWN, likely_domain, near_key

NOW = dt.datetime(2026, 6, 10, 12, tzinfo=dt.UTC)
EASTERN = ZoneInfo("America/New_York")


@given(st.text(st.characters(codec="utf-8")))
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    text = text.strip()
    cell = guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    if not (cell == text and text.startswith('="')):
        assert plain(cell) == text


@pytest.mark.parametrize("text", ["=1+1", "'=1", "''@x", "'Round Midnight", "'", '="00123"', "-", "+1 802"])
def test_apostrophes_of_people_and_of_guards_are_told_apart(text: str) -> None:
    assert plain(guarded(text)) == text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("hotnail.com", "hotmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("yahooo.com", "yahoo.com"),
        ("gmai.lcom", "gmail.com"),
        ("outlok.com", "outlook.com"),
        ("comcast.com", ""),
        ("yahoo.co.uk", ""),
        ("example.org", ""),
        ("mail.com", ""),
        ("me.co", ""),
    ],
)
def test_a_misspelt_domain_names_the_one_that_was_meant(typed: str, meant: str) -> None:
    assert likely_domain(typed) == meant


def test_no_well_known_domain_is_taken_for_another() -> None:
    assert [domain for domain in WELL_KNOWN if likely_domain(domain)] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana.Ruiz@gmail.com", "anaruiz+news@googlemail.com"),
        ("ana+x@example.org", "ANA@example.org"),
    ],
)
def test_near_addresses_have_the_same_key(one: str, other: str) -> None:
    assert near_key(one) == near_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana.ruiz@example.org", "anaruiz@example.org"),
        ("+ana@example.org", "+ben@example.org"),
    ],
)
def test_addresses_of_two_people_are_told_apart(one: str, other: str) -> None:
    assert near_key(one) != near_key(other)


def test_a_day_begins_where_the_organisation_is() -> None:
    assert parse_moment("2026-06-03", EASTERN, NOW) == dt.datetime(2026, 6, 3, 4, tzinfo=dt.UTC)
    assert parse_moment(" 2026-06-03 14:05 ", EASTERN, NOW) == dt.datetime(2026, 6, 3, 18, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["6/3/2019", "June", "2026-06-11", "9999-12-31", "0001-01-01T00:00+23:59", "=1", ""])
def test_what_is_no_day_or_still_to_come_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no date|still to come"):
        parse_moment(text, EASTERN, NOW)


def test_no_address_gets_into_the_audit_log() -> None:
    detail = {
        "reason": "ana@example.org and <Ben.B+x@example.com> wrote",
        "in": ["550 <señora@example.org>: no"],
        "n": 3,
    }
    assert without_addresses(detail) == {"reason": "… and <…> wrote", "in": ["550 <…>: no"], "n": 3}
