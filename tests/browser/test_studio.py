"""The studio in a real browser: it scrolls editions together, shows them in every look, and keeps nobody out."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.conftest import Space

from .axe import violations
from .studio import studio
from .studio_room import base, faults, folder, mail, open_issue, page, space

__all__ = ["base", "faults", "folder", "page", "space"]

SOON = 5_000  # milliseconds

# The stage


def tops(page: Page) -> list[float]:
    found = page.evaluate("[...document.querySelectorAll('.pane .scroller')].map((one) => one.scrollTop)")
    return [float(top) for top in found]


def block_offset(page: Page, locale: str, block: str) -> float:
    """How far below the upper edge of its pane a block begins."""
    return float(
        page.evaluate(
            """([locale, block]) => {
              const scroller = document.querySelector(`.pane[data-locale=${locale}] .scroller`);
              const frame = scroller.querySelector("iframe");
              const anchor = frame.contentDocument.querySelector(`a[data-block=${block}]`);
              const scale = frame.getBoundingClientRect().width / frame.offsetWidth;
              return frame.getBoundingClientRect().top + anchor.getBoundingClientRect().top * scale
                - scroller.getBoundingClientRect().top;
            }""",
            [locale, block],
        )
    )


@pytest.mark.parametrize("lead", ["en", "es"])
def test_editions_scroll_together_block_by_block(page: Page, lead: str) -> None:
    open_issue(page, "/issues/long")
    other = "es" if lead == "en" else "en"
    scroller = page.locator(f".pane[data-locale={lead}] .scroller")
    # Where the blocks meet: a good way below the upper edge.
    place = page.evaluate("(lead) => document.querySelector(`.pane[data-locale=${lead}]`).places.get('/farms')", lead)
    scroller.evaluate("(element, place) => { element.scrollTop = place - 0.3 * element.clientHeight; }", place)
    page.wait_for_timeout(150)
    assert abs(block_offset(page, lead, "farms") - block_offset(page, other, "farms")) < 3
    assert tops(page)[0] > 500
    scroller.evaluate("(element) => { element.scrollTop = 1e6; }")
    page.wait_for_timeout(150)
    gaps = page.evaluate(
        "[...document.querySelectorAll('.pane .scroller')].map((e) => e.scrollHeight - e.clientHeight - e.scrollTop)"
    )
    assert all(gap < 2 for gap in gaps)


def test_editions_scroll_apart_if_one_wants(page: Page) -> None:
    open_issue(page, "/issues/long")
    page.get_by_label("Scroll together").uncheck()
    page.locator(".pane[data-locale=en] .scroller").evaluate("(element) => { element.scrollTop = 500; }")
    page.wait_for_timeout(100)
    assert tops(page) == [500, 0]


@pytest.mark.parametrize(("name", "width"), [("Phone", 390), ("Tablet", 768), ("Desktop", 1024)])
def test_width_is_that_of_the_mail_itself(page: Page, name: str, width: int) -> None:
    open_issue(page)
    page.get_by_role("radio", name=name).check(force=True)
    for locale in ("en", "es"):
        frame = page.locator(f".pane[data-locale={locale}] iframe:not([data-waiting])")
        assert frame.evaluate("(element) => element.contentWindow.innerWidth") == width
        box, pane = frame.bounding_box(), page.locator(f".pane[data-locale={locale}]").bounding_box()
        assert box
        assert pane
        assert box["width"] <= pane["width"]


def test_edge_of_a_mail_can_be_dragged(page: Page) -> None:
    open_issue(page)
    box = page.locator(".pane[data-locale=en] .handle").bounding_box()
    assert box
    page.mouse.move(box["x"] + 6, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] - 24, box["y"] + 200, steps=4)
    page.mouse.up()
    assert page.locator("#width-shown").inner_text() == "330 px"


def test_looks(page: Page) -> None:
    open_issue(page)
    frame = page.frame_locator(".pane[data-locale=en] iframe:not([data-waiting])")

    def paper() -> str:
        return str(frame.locator(".paper").first.evaluate("(element) => getComputedStyle(element).backgroundColor"))

    light = paper()
    for name, look in (("Dark", "dark"), ("Inverted", "inverted"), ("No pictures", "no-pictures"), ("Light", "light")):
        page.get_by_role("radio", name=name, exact=True).check(force=True)
        page.wait_for_selector(f".pane[data-locale=en][data-look={look}]")
        assert (paper() != light) == (look == "dark"), look
    page.reload()
    assert page.get_by_role("radio", name="Light").is_checked()


def test_no_script_of_a_mail_runs(page: Page, faults: list[str], folder: Path) -> None:
    evil = "<mj-raw><img src='x' onerror='parent.document.title=1'><script>parent.document.title = 2</script></mj-raw>"
    (folder / "appeal.mjml.j2").write_text(evil, encoding="utf-8")
    page.goto("/issues/june")
    page.wait_for_selector(".pane[data-scale]")
    page.wait_for_timeout(200)
    assert page.title() == "june · Newsletter studio"
    shown = page.locator(".pane[data-locale=en]").get_attribute("data-shown")
    (folder / "appeal.mjml.j2").write_text(evil.replace("title = 2", "title = 3"), encoding="utf-8")
    expect(page.locator(".pane[data-locale=en]")).not_to_have_attribute("data-shown", str(shown), timeout=SOON)
    page.wait_for_timeout(200)
    assert page.title() == "june · Newsletter studio"
    page.goto("/mail/june/en")
    page.wait_for_timeout(200)
    assert page.title() not in ("1", "2")
    assert "<script>" in page.content()
    faults.clear()  # the browser complains of the script, as it should


def test_all_that_readers_differ_by_can_be_seen(page: Page) -> None:
    open_issue(page)
    assert "Give what you\u00a0can" in mail(page, "en")
    page.get_by_label("as somebody who is in:").check()
    page.locator("form[method=get]").get_by_role("button", name="Show").click()
    page.wait_for_selector(".pane[data-scale]")
    assert "Give what you\u00a0can" not in mail(page, "en")
    page.get_by_label("supporters").check()
    page.get_by_label("Reader").select_option("longest")
    page.locator("form[method=get]").get_by_role("button", name="Show").click()
    page.wait_for_selector(".pane[data-scale]")
    assert "Give what you\u00a0can" in mail(page, "en")
    assert "Dear Maximiliana" in mail(page, "en")


# Everybody


VIEWS = ("", "?view=inbox", "?view=text", "?view=source", "?view=archive")
PAGES = ("/", *(f"/issues/june{view}" for view in VIEWS), "/issues/long", "/files/issues/june.yaml", "/nowhere")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_axe_finds_nothing(browser: Browser, base: str, path: str, language: str) -> None:
    context = browser.new_context(base_url=base, locale=language, bypass_csp=True)
    page = context.new_page()
    for width, dark in ((1400, language == "es"), (360, language == "en")):
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(path)
        page.wait_for_selector("html[data-live=yes]")
        page.wait_for_load_state("load")
        for details in page.locator("details").all():
            details.evaluate("(element) => { element.open = true; }")
        assert page.locator("html").get_attribute("lang") == language
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_page_on_the_web_shows_what_anybody_may_see(page: Page) -> None:
    open_issue(page, "/issues/june?view=archive&person=longest")
    assert "Give what you\u00a0can" not in mail(page, "en")
    assert "Dear friends" in mail(page, "en")
    expect(page.get_by_text("https://news.example.org/june.en.html")).to_be_visible()
    page.get_by_role("link", name="Editions").click()
    page.wait_for_selector(".pane[data-scale]")
    assert "Dear Maximiliana" in mail(page, "en")


def test_keyboard_reaches_and_works_everything(page: Page) -> None:
    open_issue(page)
    reached: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(() => { const e = document.activeElement; return e === document.body ? '' :"
            " (e.getAttribute('aria-label') || e.title || e.id || e.name || e.innerText || e.localName); })()"
        )
        if reached and not name:
            break
        reached.append(str(name))
    told = " | ".join(reached)
    for wanted in ("Skip to the content", "Newsletter studio", "All issues", "Editions", "Inbox", "width", "free-width",
                   "look", "together", "English edition, scrolls", "person", "address"):  # fmt: skip
        assert wanted in told, told
    page.locator("input[name=width]").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#width-shown").inner_text() == "768 px"
    page.locator("#free-width").focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#width-shown").inner_text() == "760 px"
    page.locator("input[name=width]").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    page.locator(".pane[data-locale=en] .scroller").focus()
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('.pane[data-locale=es] .scroller').scrollTop > 0")


def test_language_is_the_browsers_and_can_be_switched(browser: Browser, base: str) -> None:
    context = browser.new_context(base_url=base, locale="es-MX")
    page = context.new_page()
    page.goto("/issues/june?view=text")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith("/issues/june?view=text")
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("All issues")
    context.close()


def test_page_says_that_the_studio_is_gone_and_goes_on_when_it_is_back(browser: Browser, space: Space) -> None:
    context = browser.new_context(locale="en")
    page = context.new_page()
    with studio(space.root) as first:
        page.goto(f"{first}/issues/june")
        page.wait_for_selector("html[data-live=yes]")
    expect(page.locator("#lost")).to_be_visible(timeout=10_000)
    with studio(space.root, "--port", first.rpartition(":")[2]):
        expect(page.locator("#lost")).to_be_hidden(timeout=20_000)
    context.close()


def test_stops_at_once_with_a_page_open(browser: Browser, space: Space) -> None:
    page = browser.new_page()
    with studio(space.root) as address:
        page.goto(address)
        page.wait_for_selector("html[data-live=yes]")
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    page.close()


def test_pictures_of_an_issue_are_shown(browser: Browser, tmp_path: Path) -> None:
    with studio(Path(__file__).parents[2]) as base:
        page = browser.new_page()
        page.goto(f"{base}/issues/2019-06-no-polimigra")
        page.wait_for_selector(".pane[data-scale]")
        page.wait_for_load_state("load")
        broken = (
            page.frame_locator(".pane[data-locale=en] iframe:not([data-waiting])")
            .locator("img")
            .evaluate_all("(all) => all.filter((one) => !one.naturalWidth).map((one) => one.src)")
        )
        assert broken == []
        page.close()
