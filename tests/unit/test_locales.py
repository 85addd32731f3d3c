"""Which locale a reader gets, and how locales are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.i18n.locales import choose_locale, direction, is_locale, language_tag, own_name


@pytest.mark.parametrize(
    ("wanted", "available", "locale", "reason"),
    [
        ("es", ("en", "es"), "es", "asks for it"),
        ("ES", ("en", "es"), "es", "asks for it"),
        ("es_MX", ("en", "es-MX"), "es-MX", "asks for it"),
        ("es-mx", ("en", "es", "es_MX"), "es_MX", "asks for it"),
        ("es-MX", ("en", "es"), "es", "nearest is 'es'"),
        ("zh-Hant-TW", ("en", "zh", "zh-Hant"), "zh-Hant", "nearest is 'zh-Hant'"),
        ("es", ("en", "es-MX"), "en", "not offered, so the default 'en'"),
        ("fr", ("en", "es"), "en", "not offered, so the default 'en'"),
        ("", ("es", "en"), "es", "no locale given, so the default 'es'"),
        ("  ", ("es", "en"), "es", "no locale given"),
        ("esperanto", ("en", "es"), "en", "not offered"),
    ],
)
def test_locale_is_chosen_by_the_chain(wanted: str, available: tuple[str, ...], locale: str, reason: str) -> None:
    choice = choose_locale(wanted, available)
    assert choice.locale == locale
    assert reason in choice.reason


@given(st.text(), st.lists(st.sampled_from(["en", "es", "es_MX", "ar", "pt-BR"]), min_size=1, unique=True))
def test_whatever_is_wanted_something_offered_is_chosen(wanted: str, available: list[str]) -> None:
    assert choose_locale(wanted, available).locale in available


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
