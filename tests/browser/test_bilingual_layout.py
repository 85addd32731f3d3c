"""What a reader's screen makes of a letter in two languages, also of one from right to left and one from left to right.

The same demands as of a single edition (``test_layout.py``), and that the link
at the top arrives where the second language begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page

from newsletter.i18n.locales import direction
from newsletter.render.theme import MIN_CONTRAST

from .letters import MIN_TARGET, UNREADABLE, html_of
from .screenshots import SCHEMES, WIDTHS

PAIRS = ("es+en", "ar+en", "en+ar")


@pytest.fixture(scope="module", params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    first, second = str(request.param).split("+")
    return first, second


@pytest.fixture(scope="module")
def page(browser: Browser, pair: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    page = browser.new_page()
    page.route("**/*", lambda route: route.abort())
    page.set_content(html_of("+".join(pair), tmp_path_factory.mktemp("catalogs")))
    yield page
    page.close()


def _at(page: Page, width: int) -> Page:
    page.set_viewport_size({"width": width, "height": 900})
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(page: Page, width: int) -> None:
    assert _at(page, width).evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_all_words_stand_out_from_what_is_behind_them(page: Page, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert _at(page, width).evaluate(UNREADABLE, MIN_CONTRAST) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_links_of_header_and_footer_fit_a_thumb(page: Page, width: int) -> None:
    heights = _at(page, width).eval_on_selector_all(
        ".foot a, .languages a", "(all) => all.map((e) => [e.getBoundingClientRect().height, e.innerText])"
    )
    assert len(heights) >= 7
    assert [entry for entry in heights if entry[0] < MIN_TARGET] == []


def test_link_at_the_top_arrives_at_the_second_language(page: Page, pair: tuple[str, str]) -> None:
    _at(page, 600)
    page.evaluate("window.scrollTo(0, 0)")
    link = page.locator(f"a[href='#in-{pair[1]}']")
    assert link.bounding_box()["y"] < 300  # type: ignore[index]
    link.click()
    place = page.evaluate(f"document.getElementById('in-{pair[1]}').getBoundingClientRect().top")
    assert -1 <= place < 60
    headline = page.locator(f"div[lang={pair[1]}] .headline")
    assert 0 < headline.bounding_box()["y"] < 900  # type: ignore[index]


def test_headings_form_an_outline_with_one_h1(page: Page) -> None:
    levels = page.eval_on_selector_all("h1, h2, h3, h4, h5, h6", "(all) => all.map((e) => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    sizes = page.eval_on_selector_all(".headline", "(all) => all.map((e) => getComputedStyle(e).fontSize)")
    assert len(sizes) == 2
    assert len(set(sizes)) == 1


def test_each_half_is_laid_out_in_its_own_direction(page: Page, pair: tuple[str, str]) -> None:
    _at(page, 600)
    assert page.evaluate("document.documentElement.lang") == pair[0]
    for locale in pair:
        way = direction(locale)
        start = "right" if way == "rtl" else "left"
        half = f".ground > div[lang={locale}]"
        assert page.locator(half).count() == 1
        assert page.locator(half).get_attribute("dir") == way
        for measure, wanted in (("direction", way), ("textAlign", start)):
            found = page.eval_on_selector_all(
                f"{half} :is(h1, h2, h3, p:not(.rule p), li, blockquote)",
                f"(all) => all.map((e) => getComputedStyle(e).{measure})",
            )
            assert len(found) > 10
            assert set(found) <= {wanted, "start"}, measure
        edges = page.eval_on_selector_all(
            f"{half} .button a",
            "(all) => all.map((e) => { const box = e.getBoundingClientRect(); return [box.left, 600 - box.right] })",
        )
        assert all((left < right) == (way == "ltr") for left, right in edges if abs(left - right) > 2)
