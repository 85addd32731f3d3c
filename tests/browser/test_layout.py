"""What a reader's screen makes of an issue with every block: nothing overflows, everything can be read.

A real browser lays out the page at three widths, light and dark, in English,
as a Spanish draft, and as a draft from right to left.  The draft marks are
longer than any translation, so they try the layout harder than real text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from newsletter.content.parts import Sharing
from newsletter.render.theme import MIN_CONTRAST

from .letters import LOCALES, MIN_TARGET, MIN_TEXT, UNREADABLE, html_of
from .screenshots import SCHEMES, WIDTHS


@pytest.fixture(scope="module", params=LOCALES)
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def requests() -> list[tuple[str, str]]:
    """What the pages asked for: (kind of resource, address)."""
    return []


@pytest.fixture(scope="module")
def page(
    browser: Browser, locale: str, requests: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    def refuse(route: Route) -> None:
        requests.append((route.request.resource_type, route.request.url))
        route.abort()

    page = browser.new_page()
    page.route("**/*", refuse)
    page.set_content(html_of(locale, tmp_path_factory.mktemp("catalogs")))
    yield page
    page.close()


def _at(page: Page, width: int) -> Page:
    page.set_viewport_size({"width": width, "height": 900})
    return page


def _measured(page: Page, selector: str, measure: str) -> list[Any]:
    """``measure``, a JavaScript expression about ``e``, for every element with words in it."""
    script = f"(all) => all.filter((e) => e.innerText.trim()).map((e) => [({measure}), e.innerText.slice(0, 40)])"
    found: list[Any] = page.eval_on_selector_all(selector, script)
    assert found, f"nothing matches {selector}"
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(page: Page, width: int) -> None:
    assert _at(page, width).evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_body_text_is_large_enough(page: Page, width: int) -> None:
    sizes = _measured(_at(page, width), ".paper p, .paper li, .accent p", "parseFloat(getComputedStyle(e).fontSize)")
    assert [entry for entry in sizes if entry[0] < MIN_TEXT] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_buttons_and_footer_links_fit_a_thumb(page: Page, width: int) -> None:
    heights = _measured(
        _at(page, width), ".button a, .chip a, .foot a, .languages a", "e.getBoundingClientRect().height"
    )
    assert [entry for entry in heights if entry[0] < MIN_TARGET] == []


def test_short_amounts_are_as_wide_as_each_other_and_wholly_links(page: Page) -> None:
    for width in WIDTHS:
        cells = _measured(
            _at(page, width),
            ".even a",
            "[e.offsetWidth, e.offsetHeight, e.parentElement.clientWidth, e.parentElement.clientHeight]",
        )
        assert all(sizes[:2] == sizes[2:] for sizes, _amount in cells), (width, cells)
        assert len({sizes[0] for sizes, amount in cells if len(amount) <= len("$120")}) == 1, (width, cells)


def test_none_of_the_usual_share_buttons_stands_alone_on_a_line(page: Page) -> None:
    for width in WIDTHS:
        blocks = _at(page, width).eval_on_selector_all(
            ".chips",
            "(all) => all.map((e) => [...e.querySelectorAll('a')]"
            ".map((a) => [a.innerText, a.getBoundingClientRect().top]))",
        )
        shares = [ways for ways in blocks if ways[0][0] == "WhatsApp"]
        usual = min(shares, key=len)  # another block offers every way
        assert len(usual) == len(Sharing.model_fields["ways"].default)
        assert min(Counter(top for _way, top in usual).values()) > 1, (width, usual)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_all_words_stand_out_from_what_is_behind_them(page: Page, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert _at(page, width).evaluate(UNREADABLE, MIN_CONTRAST) == []


def test_dark_is_dark(page: Page) -> None:
    backgrounds = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        backgrounds.append(page.evaluate("getComputedStyle(document.querySelector('.paper')).backgroundColor"))
    assert backgrounds[0] != backgrounds[1]


def test_links_in_text_are_underlined(page: Page) -> None:
    lines = _measured(page, "p a, td td td a:not(.button a, .chip a)", "getComputedStyle(e).textDecorationLine")
    assert [entry for entry in lines if entry[0] != "underline"] == []


def test_headings_form_an_outline(page: Page) -> None:
    levels = page.eval_on_selector_all("h1, h2, h3, h4, h5, h6", "(all) => all.map((e) => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_language_and_direction_are_told(page: Page, locale: str) -> None:
    direction = LOCALES[locale][1]
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [locale, direction]
    assert page.evaluate("getComputedStyle(document.querySelector('h2')).direction") == direction
    start = "right" if direction == "rtl" else "left"
    assert set(page.eval_on_selector_all("h1, h2, h3", "(all) => all.map((e) => getComputedStyle(e).textAlign)")) == {
        start
    }


def test_every_picture_has_an_alternative_text(page: Page) -> None:
    assert page.locator("img").count() > 0
    assert page.locator("img:not([alt])").count() == 0


def test_nothing_but_pictures_is_fetched(page: Page, requests: list[tuple[str, str]]) -> None:
    page.wait_for_load_state("networkidle")
    assert {kind for kind, _url in requests} == {"image"}
    assert all(url.startswith("https://example.org/") and url.endswith(".png") for _kind, url in requests)
