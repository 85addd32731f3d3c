"""Which locale a reader gets, and how locales are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.i18n.locales import (
    LocaleChoice,
    Offer,
    choose_locale,
    content_language,
    current_tag,
    direction,
    halves_of,
    is_locale,
    language_tag,
    own_name,
)


@pytest.mark.parametrize(
    ("wanted", "available", "locale", "reason"),
    [
        ("es", ("en", "es"), "es", "asks for it"),
        ("ES", ("en", "es"), "es", "asks for it"),
        ("es_MX", ("en", "es-MX"), "es-MX", "asks for it"),
        ("es-mx", ("en", "es", "es_MX"), "es_MX", "asks for it"),
        ("es-MX", ("en", "es"), "es", "nearest is 'es'"),
        ("zh-Hant-TW", ("en", "zh", "zh-Hant"), "zh-Hant", "nearest is 'zh-Hant'"),
        ("es_419", ("en", "es"), "es", "asks for 'es_419', nearest is 'es'"),
        ("es-MX", ("en", "es-AR", "es-US"), "es-AR", "nearest is 'es-AR'"),
        ("es", ("en", "es-MX"), "es-MX", "asks for 'es', nearest is 'es-MX'"),
        ("es-x-farm", ("en", "es"), "es", "nearest is 'es'"),
        ("es-u-co-trad", ("en", "es"), "es", "nearest is 'es'"),
        ("es-Latn-MX", ("en", "es-MX"), "es-MX", "which is 'es-MX'"),
        ("iw", ("en", "he"), "he", "asks for 'iw', which is 'he'"),
        ("he", ("en", "iw"), "iw", "asks for 'he', which is 'iw'"),
        ("iw-IL", ("en", "he"), "he", "nearest is 'he'"),
        ("spa", ("en", "es"), "es", "which is 'es'"),
        ("zh-TW", ("en", "zh", "zh-Hant"), "zh-Hant", "nearest is 'zh-Hant'"),
        ("zh-Hant-TW", ("en", "zh-TW"), "zh-TW", "which is 'zh-TW'"),
        ("zh-Hans-CN", ("en", "zh-Hant"), "en", "not offered, so the default 'en'"),
        ("sr-Latn", ("en", "sr-Cyrl"), "sr-Cyrl", "nearest is 'sr-Cyrl'"),
        ("fr", ("en", "es"), "en", "asks for 'fr', which is not offered, so the default 'en'"),
        ("est", ("en", "es"), "en", "not offered"),
        ("", ("es", "en"), "es", "no locale given, so the default 'es'"),
        ("  ", ("es", "en"), "es", "no locale given"),
        ("+", ("es", "en"), "es", "no locale given"),
        ("esperanto", ("en", "es"), "en", "not offered"),
        ("es+en", ("en", "es"), "es+en", "asks for both"),
        ("en+es", ("en", "es"), "en+es", "asks for both"),
        ("ES + En", ("en", "es"), "es+en", "which is 'es+en'"),
        ("es-MX+en_US", ("en", "es"), "es+en", "asks for 'es-MX+en_US', nearest is 'es+en'"),
        ("iw+en", ("en", "he"), "he+en", "asks for 'iw+en', which is 'he+en'"),
        ("fr+en", ("es", "en"), "en", "asks for 'fr+en', of which 'en' is offered"),
        ("es+fr", ("en", "es"), "es", "of which 'es' is offered"),
        ("fr+de", ("en", "es"), "en", "not offered, so the default 'en'"),
        ("es+es-MX", ("en", "es"), "es", "of which 'es' is offered"),
        ("es+", ("en", "es"), "es", "which is 'es'"),
        ("es+en+fr", ("en", "es", "fr"), "es+en", "of which 'es+en' is offered"),
    ],
)
def test_locale_is_chosen_by_the_chain(wanted: str, available: tuple[str, ...], locale: str, reason: str) -> None:
    choice = choose_locale(wanted, available)
    assert choice.locale == locale
    assert reason in choice.reason


@given(st.text(), st.lists(st.sampled_from(["en", "es", "es_MX", "ar", "pt-BR"]), min_size=1, unique=True))
def test_whatever_is_wanted_something_offered_is_chosen(wanted: str, available: list[str]) -> None:
    assert set(halves_of(choose_locale(wanted, available).locale)) <= set(available)


def test_segment_gives_its_people_the_pair_unless_their_row_says_one() -> None:
    offer = Offer(("en", "es"), {"households": "es+en", "offices": "en+es"})
    assert offer.choose("es", ["supporters"]).locale == "es"
    assert offer.choose("en", ["offices", "households"]) == LocaleChoice("es+en", "is in 'households', which gets both")
    assert offer.choose("", ["offices"]).locale == "en+es"
    assert offer.choose("en+es", ["households"]) == LocaleChoice("en+es", "asks for both")


@pytest.mark.parametrize(("tag", "current"), [("iw_IL", "he-il"), ("ES_419", "es-419"), ("spa", "es"), ("xx", "xx")])
def test_old_names_of_languages_become_the_current_ones(tag: str, current: str) -> None:
    assert current_tag(tag) == current


@pytest.mark.parametrize(
    ("tag", "known"),
    [
        ("en", True),
        ("es_US", True),
        ("es-US", True),
        ("zh_Hant_TW", True),
        ("xx", False),
        ("", False),
        ("e n", False),
        ("../en", False),
    ],
)
def test_locale_is_what_cldr_knows(tag: str, known: bool) -> None:
    assert is_locale(tag) is known


@given(st.text(max_size=20))
def test_any_text_is_a_locale_or_not(tag: str) -> None:
    assert is_locale(tag) in (True, False)


def test_names_directions_and_tags() -> None:
    assert [own_name(locale) for locale in ("en", "es", "ar", "es_MX")] == ["English", "español", "العربية", "español"]
    assert [direction(locale) for locale in ("en", "ar", "he", "fa", "es_US")] == ["ltr", "rtl", "rtl", "rtl", "ltr"]
    assert language_tag("es_MX") == "es-MX"
    assert [content_language(locale) for locale in ("es_MX", "es+en")] == ["es-MX", "es, en"]
