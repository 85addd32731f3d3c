"""Mail programs: what caniemail knows of them, and their treatments of a mail, tried in a real browser.

Gmail drops every <style> for some accounts, Outlook.com marks what it turned
dark, others invert colours themselves, most load no pictures at first, and
people enlarge the letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from newsletter.content.placeholders import mark
from newsletter.render.links import UNSUBSCRIBE_FIELD
from newsletter.render.quality.page import BUDGET
from newsletter.render.theme import MIN_CONTRAST
from tests.browser.letters import MIN_TARGET, MIN_TEXT, UNREADABLE
from tests.judges.conftest import ROOT, Sample, Verdicts

GMAIL_CUTS = 102 * 1024  # bytes
NARROW, WIDE = 320, 600

# What stock MJML does not use and a family of programs does not know, or not wholly.  Both were asked for;
# each adds something where it is known, and changes nothing where it is not.
FEATURES = {
    "color-scheme CSS property": "Apple Mail asks it whether the mail has a dark look of its own",
    "mailto: links": "a letter to somebody, begun for the reader; Yahoo on Android lacks bcc, unused here",
}


def test_no_program_lacks_a_feature_that_stock_mjml_does_not_need(verdicts: Verdicts) -> None:
    baseline = set(verdicts.baseline["unsupported"])
    beyond: dict[str, list[str]] = {}
    used = set()
    for name, verdict in verdicts.mails.items():
        for one in set(verdict["unsupported"]) - baseline:
            feature = one.partition(" | ")[0]
            used.add(feature)
            if feature not in FEATURES:
                beyond.setdefault(one, []).append(name)
    assert beyond == {}
    assert used >= set(FEATURES), "an exception is no longer needed"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.route("**/*", lambda route: route.abort())  # no pictures either
    yield page
    page.close()


def shown(page: Page, sample: Sample, width: int = NARROW, *, styles: bool = True) -> Page:
    """A mail as one program shows it."""
    page.set_viewport_size({"width": width, "height": 900})
    page.set_content(sample.html)
    if not styles:
        page.evaluate("document.querySelectorAll('style').forEach((e) => e.remove())")
    return page


def too_wide(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


# The size of the letters of each piece of visible text; of what stands in for a number or a picture, none.
SMALL = """(least) => {
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement
    const size = parseFloat(getComputedStyle(element).fontSize)
    if (/\\p{L}|\\p{N}/u.test(text) && element.checkVisibility() && size < least) found.push(`${size}: ${text}`)
  }
  return found
}"""


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_mail_without_styles_can_be_read(page: Page, pages: list[Sample], width: int) -> None:
    for sample in pages:
        shown(page, sample, width, styles=False)
        assert too_wide(page) <= 0, sample.name
        assert page.evaluate(SMALL, MIN_TEXT) == [], sample.name
        assert page.evaluate(UNREADABLE, MIN_CONTRAST) == [], sample.name
        heights = page.eval_on_selector_all(
            ".button a, .chips a, .foot a", "(all) => all.map((e) => [e.getBoundingClientRect().height, e.innerText])"
        )
        assert heights
        assert [one for one in heights if one[0] < MIN_TARGET] == [], sample.name


def test_no_letters_are_small_anywhere(page: Page, pages: list[Sample]) -> None:
    for sample in pages:
        assert shown(page, sample).evaluate(SMALL, MIN_TEXT) == [], sample.name


def test_outlook_com_in_the_dark_can_be_read(page: Page, pages: list[Sample]) -> None:
    for sample in pages:
        shown(page, sample).evaluate("document.documentElement.setAttribute('data-ogsc', '')")
        assert page.evaluate(UNREADABLE, MIN_CONTRAST) == [], sample.name


# What Gmail on an iPhone and Outlook on Windows do in the dark: the lightness of every colour is turned round, of what
# is behind the words only if it is light, or of all.
INVERT = """(all) => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const turned = ([r, g, b]) => {
    const most = Math.max(r, g, b), least = Math.min(r, g, b), move = 255 - most - least
    return [r + move, g + move, b + move]
  }
  const light = ([r, g, b]) => Math.max(r, g, b) + Math.min(r, g, b) > 255
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor)
      if (colour.length === 3 || colour[3] === 1) return colour
    }
    return [255, 255, 255]
  }
  const changes = [...document.querySelectorAll("body, body *")].map((e) => {
    const style = getComputedStyle(e), own = parse(style.backgroundColor), back = behind(e)
    const changed = all || light(back)
    return [e, changed ? turned(parse(style.color)) : null,
      (own.length === 3 || own[3] === 1) && changed ? turned(own) : null]
  })
  for (const [e, colour, back] of changes) {
    if (colour) e.style.setProperty("color", `rgb(${colour})`, "important")
    if (back) e.style.setProperty("background-color", `rgb(${back})`, "important")
  }
}"""


@pytest.mark.parametrize("everything", [False, True], ids=["what is light", "everything"])
def test_inverted_colours_can_be_read(page: Page, pages: list[Sample], everything: bool) -> None:
    for sample in pages:
        shown(page, sample).evaluate(INVERT, everything)
        assert page.evaluate(UNREADABLE, MIN_CONTRAST) == [], sample.name


def test_pictures_that_are_not_loaded_leave_words_and_no_gaps(page: Page, pages: list[Sample]) -> None:
    for sample in pages:
        shown(page, sample)
        pictures = page.eval_on_selector_all(
            "img[alt]:not([alt=''])",
            "(all) => all.map((e) => [e.alt, e.clientWidth, e.clientHeight, getComputedStyle(e).fontSize])",
        )
        for alt, width, height, size in pictures:
            assert 0 < width <= NARROW, alt
            assert 0 < height < 400, alt
            assert float(size.removesuffix("px")) >= MIN_TEXT, alt
    assert too_wide(page) <= 0


# Letters twice as large and nothing else, as phones do when somebody sets a larger text.
ENLARGE = """() => {
  const all = [...document.querySelectorAll("body *")]
  const sizes = all.map((e) => parseFloat(getComputedStyle(e).fontSize))
  all.forEach((e, i) => e.style.setProperty("font-size", `${2 * sizes[i]}px`, "important"))
}"""
# Words that stick out of what they stand in.
CUT_OFF = """() => [...document.querySelectorAll("p, h1, h2, h3, li, .button a, .chips a, th, td > div")]
  .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0)
  .map((e) => `${e.scrollWidth} > ${e.clientWidth}: ${e.innerText.slice(0, 60)}`)"""


# Lines that are lower than their letters.
LYING_OVER = """() => [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() &&
  [...e.childNodes].some((n) => n.nodeType === 3 && /\\p{L}/u.test(n.textContent)) &&
  parseFloat(getComputedStyle(e).lineHeight) < parseFloat(getComputedStyle(e).fontSize)).map((e) => e.innerText)"""


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_letters_may_be_twice_as_large(page: Page, pages: list[Sample], width: int) -> None:
    for sample in pages:
        shown(page, sample, width).evaluate(ENLARGE)
        assert too_wide(page) <= 0, sample.name
        assert page.evaluate(CUT_OFF) == [], sample.name
        assert page.evaluate(LYING_OVER) == [], sample.name


def test_nothing_stands_beside_the_page_in_outlook(samples: list[Sample]) -> None:
    """Outlook reads the conditional comments: what they open they must close, for every column of the page."""
    for sample in samples:
        told = _as_outlook(sample.html)
        for tag in ("table", "tr", "td"):
            assert told.count(f"<{tag}") == told.count(f"</{tag}>"), (sample.name, tag)


def _as_outlook(html: str) -> str:
    for opening in ("<!--[if mso | IE]>", "<!--[if mso]>", "<!--[if gte mso 9]>"):
        html = html.replace(opening, "")
    return html.replace("<![endif]-->", "")


def test_the_way_out_and_the_address_stand_above_the_cut(samples: list[Sample]) -> None:
    unsubscribe, address = "/u/preview", "S. Winooski Ave and King St, Burlington, VT, USA"
    for sample in samples:
        page = sample.html.encode()
        assert len(page) <= (GMAIL_CUTS if sample.is_trial else BUDGET), sample.name
        for words in (unsubscribe, address):
            end = page.rfind(words.encode())
            assert 0 < end < GMAIL_CUTS, (sample.name, words)
    assert mark(UNSUBSCRIBE_FIELD) not in samples[0].html


def test_fonts_are_those_of_the_system_and_nothing_is_fetched_but_pictures(samples: list[Sample]) -> None:
    for sample in samples:
        assert "@import" not in sample.html
        assert "@font-face" not in sample.html
        assert "<link" not in sample.html
        assert "\n " not in sample.html, "indentation is weight"


def test_samples_are_those_of_the_repository(samples: list[Sample]) -> None:
    issues = {file.stem for file in (ROOT / "issues").glob("*.yaml")}
    judged: dict[str, set[Any]] = {}
    for sample in samples:
        judged.setdefault(sample.name.partition(".")[0], set()).add(sample.locale)
    assert set(judged) == issues | {"all-blocks"}
    assert all(judged[slug] == {"en", "es", "es+en"} for slug in issues)
