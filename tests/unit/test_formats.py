"""How each locale writes dates, hours, zones, money, counts and lists.

The Spanish conjunctions after the RAE's Diccionario panhispánico de dudas:
"y²" (e before the sound /i/, but not before a diphthong) and "o²" (u before
the sound /o/, also of a figure that is read so).
"""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from newsletter.i18n.formats import Formats, opening, tied

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
MORNING, EVENING, NIGHT = (
    dt.datetime(2019, 6, 10, hour, minute, tzinfo=NEW_YORK) for hour, minute in ((10, 30), (18, 0), (20, 0))
)
LOCALES = ("en_US", "es_US", "es_MX", "es_ES", "ar")


def spaced(text: str) -> str:
    """The text with ordinary spaces: which of Unicode's thin ones CLDR has is its own affair."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("locale", "date", "day"),
    [
        ("en_US", "June 10, 2019", "Monday, June 10, 2019"),
        ("es_US", "10 de junio de 2019", "lunes, 10 de junio de 2019"),
        ("es_MX", "10 de junio de 2019", "lunes, 10 de junio de 2019"),
        ("es_ES", "10 de junio de 2019", "lunes, 10 de junio de 2019"),
        ("ar", "10 يونيو 2019", "الاثنين، 10 يونيو 2019"),
    ],
)
def test_dates(locale: str, date: str, day: str) -> None:
    assert Formats(locale).date(EVENING.date()) == date
    assert Formats(locale).day(EVENING.date()) == day


def test_line_of_its_own_begins_with_a_capital_and_keeps_the_others() -> None:
    assert opening(Formats("es_US").day(EVENING.date())) == "Lunes, 10 de junio de 2019"
    assert opening("Monday, June 10") == "Monday, June 10"
    assert opening("الاثنين، 10 يونيو") == "الاثنين، 10 يونيو"
    assert opening("") == ""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Respalda a los trabajadores del campo", "Respalda a los trabajadores del\u00a0campo"),
        ("Two of six", "Two of\u00a0six"),
        ("هل ستأتي معنا", "هل ستأتي\u00a0معنا"),
        ("Stand with farmworkers", "Stand with farmworkers"),
        ("Para 5\u00a0000 personas", "Para 5\u00a0000 personas"),
        ("Donate", "Donate"),
        (" Donate", " Donate"),
        ("Go  on", "Go  on"),
        ("", ""),
    ],
)
def test_last_two_words_stay_on_one_line_if_they_are_short(text: str, kept: str) -> None:
    assert tied(text, 10) == kept


@pytest.mark.parametrize(
    ("locale", "one", "span", "over_noon"),
    [
        ("en_US", "6:00 PM", "6:00 – 8:00 PM", "10:30 AM – 8:00 PM"),
        ("es_US", "6:00 p.m.", "6:00–8:00 p.m.", "10:30 a.m. – 8:00 p.m."),
        ("es_MX", "6:00 p.m.", "6:00–8:00 p.m.", "10:30 a.m. – 8:00 p.m."),
        ("es_ES", "18:00", "18:00–20:00", "10:30–20:00"),
        ("ar", "6:00 م", "6:00–8:00 م", "10:30 ص – 8:00 م"),
    ],
)
def test_span_of_hours_is_written_as_the_single_hour_is(locale: str, one: str, span: str, over_noon: str) -> None:
    formats = Formats(locale)
    assert spaced(formats.hours(EVENING, None)) == one
    assert spaced(formats.hours(EVENING, NIGHT)) == span
    assert spaced(formats.hours(MORNING, NIGHT)) == over_noon


@pytest.mark.parametrize(
    ("zone", "english", "spanish"),
    [
        ("America/New_York", "Eastern Time", "hora oriental"),
        ("America/Chicago", "Central Time", "hora central"),
        ("America/Guatemala", "Central Standard Time", "hora estándar central"),
        ("America/Phoenix", "Mountain Standard Time", "hora estándar de las Montañas Rocosas"),
        ("Europe/Madrid", "Central European Time", "hora de Europa central"),
        ("UTC", "Coordinated Universal Time", "hora universal coordinada"),
        ("Etc/GMT+5", "GMT-05:00", "GMT-05:00"),
    ],
)
def test_zone_in_words_is_not_the_neighbours(zone: str, english: str, spanish: str) -> None:
    moment = EVENING.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    assert Formats("en_US").zone(moment) == english
    assert Formats("es_US").zone(moment) == spanish


@pytest.mark.parametrize("locale", LOCALES)
def test_no_zone_is_called_unknown(locale: str) -> None:
    unknown = Formats(locale)._babel.territories["ZZ"]
    for name in (
        "America/New_York",
        "America/Tijuana",
        "America/Port-au-Prince",
        "Africa/Mogadishu",
        "UTC",
        "EST5EDT",
        "Etc/UTC",
    ):
        said = Formats(locale).zone(dt.datetime(2025, 6, 10, 18, tzinfo=zoneinfo.ZoneInfo(name)))
        assert said
        assert unknown not in said


@pytest.mark.parametrize(
    ("locale", "small", "large"),
    [
        ("en_US", "1,300", "1,234,567"),
        ("es_US", "1,300", "1,234,567"),
        ("es_MX", "1,300", "1,234,567"),
        ("es_ES", "1.300", "1.234.567"),
    ],
)
def test_counts_are_grouped_as_the_locale_does(locale: str, small: str, large: str) -> None:
    assert Formats(locale).number(1300) == small
    assert Formats(locale).number(1234567) == large
    assert Formats(locale).number(0) == "0"


@pytest.mark.parametrize(
    ("locale", "dollars", "pesos", "euros"),
    [
        ("en_US", "$1,500", "MX$25", "€25"),
        ("es_US", "$1,500", "MXN 25", "EUR 25"),
        ("es_MX", "USD 1,500", "$25", "EUR 25"),
        ("es_ES", "1.500 US$", "25 MXN", "25 €"),
        ("ar", "1,500 US$", "25 MX$", "25 €"),
    ],
)
def test_money_has_no_cents_and_its_sign_where_it_belongs(locale: str, dollars: str, pesos: str, euros: str) -> None:
    formats = Formats(locale)
    assert spaced(formats.money(1500, "USD")) == dollars
    assert spaced(formats.money(25, "MXN")) == pesos
    assert spaced(formats.money(25, "EUR")) == euros
    assert " " not in formats.money(25, "MXN"), "a line may break between the sign and the amount"


@pytest.mark.parametrize(
    ("locale", "items", "every", "either"),
    [
        ("en_US", ["a", "b"], "a and b", "a or b"),
        ("en_US", ["a", "b", "c"], "a, b, and c", "a, b, or c"),
        ("es_US", ["a", "b", "c"], "a, b y c", "a, b o c"),
        ("es_MX", ["a", "b", "c"], "a, b y c", "a, b o c"),
        ("es_ES", ["a", "b", "c"], "a, b y c", "a, b o c"),
        ("ar", ["a", "b", "c"], "a وb وc", "a أو b أو c"),
        ("es_US", ["Inés"], "Inés", "Inés"),
        ("es_US", [], "", ""),
        ("en_US", ["Ana", "Inés"], "Ana and Inés", "Ana or Inés"),
    ],
)
def test_lists(locale: str, items: list[str], every: str, either: str) -> None:
    assert Formats(locale).list(items) == every
    assert Formats(locale).list(items, "or") == either


@pytest.mark.parametrize(
    "word",
    [
        "Inés", "Íñigo", "Hidalgo", "historia", "iglesia", "hijos", "Iris", "imágenes", "INFORMES", "hípica", "himno",
        "Híades", "Yvonne", "Yves", "«Inés»", "¡Imposible!", "(indígenas)", "Isabel y Ana",
    ],
)  # fmt: skip
def test_y_becomes_e_before_the_sound_of_i(word: str) -> None:
    for locale in ("es", "es_US", "es_MX", "es_ES"):
        assert Formats(locale).list(["Ana", word]) == f"Ana e {word}"
        assert Formats(locale).list(["Ana", "Eva", word]) == f"Ana, Eva e {word}"


@pytest.mark.parametrize(
    "word",
    [
        "hierro", "hielo", "hierba", "hiato", "hiena", "ion", "iónico", "Iulia", "yeso", "yo", "Yolanda", "y", "huida",
        "Ana", "once", "Juan", "", "1", "¿Quién?", "«hierro»", "Uriel", "la historia",
    ],
)  # fmt: skip
def test_y_stays_before_diphthongs_and_all_other_sounds(word: str) -> None:
    assert Formats("es_US").list(["Ana", word]) == f"Ana y {word}"


@pytest.mark.parametrize(
    "word",
    [
        "ocho", "ochenta", "Oaxaca", "otro", "hoy", "Óscar", "hombres", "HOTELES", "«Olga»", "oír",
        "8", "80", "88", "800", "8,000", "8.000", "8 de marzo", "$8", "$80", "8.5", "80 €", "8 %",
        "11", "11,000", "11.000", "11000", "11 000", "$11", "11 de junio", "11:30", "11,000,000",
    ],
)  # fmt: skip
def test_o_becomes_u_before_the_sound_of_o(word: str) -> None:
    for locale in ("es", "es_US", "es_MX", "es_ES"):
        assert Formats(locale).list(["7", word], "or") == f"7 u {word}"


@pytest.mark.parametrize(
    "word",
    [
        "110",
        "111",
        "1100",
        "1,100",
        "118",
        "1",
        "10",
        "18",
        "$50",
        "$110",
        "uno",
        "hueso",
        "Ana",
        "Inés",
        "",
        "0",
        "¿No?",
        "diez u once",
    ],
)
def test_o_stays_before_all_other_sounds(word: str) -> None:
    assert Formats("es_US").list(["7", word], "or") == f"7 o {word}"


def test_only_the_last_conjunction_changes_and_only_in_spanish() -> None:
    assert Formats("es_US").list(["Inés", "Iris", "Ana"]) == "Inés, Iris y Ana"
    assert Formats("es_US").list(["sal y hierro", "historia"]) == "sal y hierro e historia"
    assert Formats("pt_BR").list(["Ana", "Inês"]) == "Ana e Inês"
    assert Formats("it").list(["Ana", "Otto"], "or") == "Ana o Otto"


def test_amounts_of_an_appeal_read_aloud() -> None:
    formats = Formats("es_US")
    assert formats.list([formats.money(amount, "USD") for amount in (10, 25, 80)], "or") == "$10, $25 u $80"
    assert formats.list([formats.money(amount, "USD") for amount in (5, 11)], "or") == "$5 u $11"
    assert formats.list([formats.money(amount, "USD") for amount in (50, 110)], "or") == "$50 o $110"


@pytest.mark.parametrize(
    ("locale", "forms", "expected"),
    [
        ("en_US", ["# letter", "# letters"], {0: "# letters", 1: "# letter", 2: "# letters", 1300: "# letters"}),
        ("es_US", ["# carta", "# cartas"], {0: "# cartas", 1: "# carta", 2: "# cartas", 1300: "# cartas"}),
        ("es_MX", ["# carta", "# cartas"], {1: "# carta", 1_000_000: "# cartas"}),
        ("es_ES", ["# carta", "# cartas"], {1: "# carta", 21: "# cartas"}),
        ("ar", list("abcdef"), {0: "a", 1: "b", 2: "c", 3: "d", 11: "f", 100: "e", 103: "d"}),
    ],
)
def test_each_number_takes_the_form_that_its_language_wants(
    locale: str, forms: list[str], expected: dict[int, str]
) -> None:
    assert {number: Formats(locale).plural(number, forms) for number in expected} == expected


def test_a_missing_form_falls_back_on_the_last_one() -> None:
    assert Formats("ar").plural(100, ["one", "many"]) == "many"
