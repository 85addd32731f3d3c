"""Screen readers and keyboards: axe-core in a real browser, and html-validate's rules, on every sample edition."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import violations
from tests.browser.screenshots import SCHEMES, Scheme
from tests.judges.conftest import Sample, Verdicts

# What remains, and why.  Stock MJML has each of them too; the test says when one is no longer needed.
AXE_EXCEPTIONS = {
    "landmark-one-main": "a mail is shown inside a page that has its own <main>, and a page may have only one",
    "region": "the same: the letter is one article, and the program around it has the landmarks",
}
VALIDATE_EXCEPTIONS = {
    "prefer-native-element": 'MJML makes the letter a <div role="article">; mail programs drop <article>',
}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.route("**/*", lambda route: route.abort())
    yield page
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing(page: Page, pages: list[Sample], verdicts: Verdicts, scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    only = None if scheme == "light" else "cat.color"  # nothing else depends on it
    found = {}
    for sample in pages:
        page.set_content(sample.html)
        told = [one for one in violations(page, only) if one.partition(":")[0] not in AXE_EXCEPTIONS]
        if told:
            found[sample.name] = told
    assert found == {}
    if scheme == "light":
        page.set_content(verdicts.baseline["html"])
        assert {one.partition(":")[0] for one in violations(page)} >= set(AXE_EXCEPTIONS)


def test_html_validate_finds_nothing(verdicts: Verdicts) -> None:
    found = {
        name: told
        for name, verdict in verdicts.mails.items()
        if (told := [one for one in verdict["access"] if one.partition(":")[0] not in VALIDATE_EXCEPTIONS])
    }
    assert found == {}
    assert {one.partition(":")[0] for one in verdicts.baseline["access"]} >= set(VALIDATE_EXCEPTIONS)


def test_language_and_direction_survive_without_the_html_element(page: Page, pages: list[Sample]) -> None:
    for sample in pages:
        page.set_content(sample.html)
        told = page.eval_on_selector_all(
            "body > *", "(all) => all.map((e) => [e.tagName, e.getAttribute('lang'), e.getAttribute('dir')])"
        )
        language = sample.locale.partition("+")[0]
        assert [one[1:] for one in told] == [[language, sample.direction]] * len(told), sample.name
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [
            language,
            sample.direction,
        ]
        assert page.title() != ""


def test_tables_for_layout_say_so_and_tables_of_facts_have_headings(page: Page, pages: list[Sample]) -> None:
    for sample in pages:
        page.set_content(sample.html)
        wrong = page.eval_on_selector_all(
            "table",
            """(all) => all.filter((e) => (e.getAttribute("role") === "presentation")
               === Boolean(e.querySelector(":scope > tbody > tr > th"))).map((e) => e.outerHTML.slice(0, 120))""",
        )
        assert wrong == [], sample.name


def test_plain_text_says_what_the_page_says(page: Page, pages: list[Sample]) -> None:
    """Whoever reads the text alone misses no heading, no button, no date, no address."""
    for sample in pages:
        page.set_content(sample.html)
        text = _letters(sample.text)
        said = page.eval_on_selector_all(
            # The button that opens the reader's mail program stands for a letter that the text has whole.
            "h1, h2, h3, h4, p, li, th, td td td > div, .button a:not([href^=mailto])",
            """(all) => all.filter((e) => e.checkVisibility()).map((e) => [...e.childNodes]
               .filter((n) => n.nodeType === 3).map((n) => n.textContent.trim())).flat().filter(Boolean)""",
        )
        missing = [words for words in said if _letters(words) not in text]
        assert missing == [], sample.name
        # Small buttons carry words or an amount to another site; the text gives the words and the amounts themselves.
        links = page.eval_on_selector_all(
            "a[href^=http]:not(.chips a)", "(all) => all.map((e) => e.getAttribute('href'))"
        )
        assert [link for link in links if link not in sample.text] == [], sample.name


def _letters(text: str) -> str:
    return "".join(re.findall(r"\w", text.casefold()))
