"""The checks meet any text: they never raise, find nothing between equal values, and take time in proportion."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from babel.dates import format_date
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.content.fields import TextKind
from newsletter.i18n.checks.edition import compare
from newsletter.i18n.checks.structure import Limits
from newsletter.i18n.checks.text import Pair, Text
from newsletter.i18n.checks.values import check_values
from newsletter.i18n.glossary import Terms
from newsletter.i18n.messages import Message

PIECES = [
    "6", "12", "1,300", "1.300", "$", "%", "PM", "p. m.", "a", "to", "de", "la", "tarde", "June", "junio", "–", "-",
    "/", ".", ",", "one", "hundred", "mil", "y", "and", "treinta", "cinco", "¿", "!", "**", "*", "[", "](", ")", "{",
    "first_name|x", "}", "H.518", "#x", "las", "media", "millones", "de dólares", "\n\n", "- ", "# ", "> ", "http://",
    "a@example.org", "siglo XIV", "1990s", "2018-19", "11/09/2001", "\u00a0", "0", "99999999999999999999", "٣", "²",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))


def pair_of(source: str, target: str, *, from_locale: str = "en") -> Pair:
    to_locale = "es" if from_locale == "en" else "en"
    kind = TextKind.MARKDOWN
    return Pair("a.body", Text(source, kind, from_locale), Text(target, kind, to_locale))


@given(TEXTS, TEXTS, st.sampled_from(["en", "es"]))
@example("0", "¿0@0.0", "es")
@example("See you at a@example.org today.", "Hola. See you at a@example.org today.", "en")
def test_no_text_makes_a_check_fail(source: str, target: str, from_locale: str) -> None:
    for problem in compare(pair_of(source, target, from_locale=from_locale), Limits(), Terms([])):
        assert problem.message
        assert not {"\x1a", "\x1b", "\ufffc"} & set(problem.message)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)), st.sampled_from(["long", "full"]))
def test_every_date_is_known_again(day: dt.date, how: str) -> None:
    english, spanish = (format_date(day, how, locale=locale) for locale in ("en_US", "es_US"))
    assert list(check_values(pair_of(english, spanish))) == []
    other = format_date(day + dt.timedelta(days=1), how, locale="es_US")
    assert [problem.code for problem in check_values(pair_of(english, other))] == ["dates"] or (
        (day + dt.timedelta(days=1)).year != day.year
    )


@given(st.integers(2, 10_000_000), st.integers(2, 10_000_000))
def test_every_count_is_known_again_and_no_other(number: int, other: int) -> None:
    english = f"There are {number:,} farms."
    for spanish in (f"{number:,}", f"{number:,}".replace(",", "."), f"{number}", f"{number:,}".replace(",", "\u202f")):
        assert list(check_values(pair_of(english, f"Hay {spanish} ranchos."))) == []
    if number != other:
        assert [problem.code for problem in check_values(pair_of(english, f"Hay {other} ranchos."))] == ["numbers"]


@given(st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
def test_every_time_is_known_again(hour: int, minute: int) -> None:
    twelve = hour % 12 or 12
    english = f"at {twelve}:{minute:02} {'AM' if hour < 12 else 'PM'}"
    part = (
        "de la madrugada"
        if hour < 6
        else "de la mañana"
        if hour < 12
        else "de la tarde"
        if hour < 20
        else "de la noche"
    )
    for spanish in (f"a las {hour:02}:{minute:02}", f"a las {twelve}:{minute:02} {part}"):
        assert list(check_values(pair_of(english, spanish))) == []
    wrong = f"a las {(hour + 1) % 24:02}:{minute:02}"
    assert [problem.code for problem in check_values(pair_of(english, wrong))] == ["times"]


@pytest.mark.parametrize(
    "piece", ["1,300 ", "6 PM to ", "one hundred and ", "“¡", "**a", "[a](", "$1 ", "1.", "June 10 and ", "#a "]
)
def test_time_grows_with_the_text(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        message = Message("a.body", text, TextKind.LINE)
        best = 1e9
        for _run in range(3):
            started = time.process_time()
            pair = Pair(message.context, Text(text, TextKind.LINE, "en"), Text(text + "x", TextKind.LINE, "es"))
            list(compare(pair, Limits(), Terms([])))
            best = min(best, time.process_time() - started)
        return best

    small, large = seconds(2_000), seconds(20_000)
    assert large < 40 * max(small, 0.001), (small, large)
