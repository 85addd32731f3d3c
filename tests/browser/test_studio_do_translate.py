"""Translating in a real browser: by mouse, by keyboard alone, and against another program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.studio import faultless_page
from tests.integration.conftest import ISSUE, Space, space_at

from .axe import violations
from .studio import studio

PAGE = "/issues/june/translate/es"


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Space:
    return space_at(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="module")
def base(space: Space, browser: Browser) -> Iterator[str]:
    space.write_issue(ISSUE)
    space.translate()
    with studio(space.root) as address:
        yield address


@pytest.fixture
def page(browser: Browser, base: str, space: Space) -> Iterator[Page]:
    space.translate()
    with faultless_page(browser, base) as made:
        yield made


def catalog_of(space: Space) -> Path:
    return space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / "june.po"


def translation(space: Space, msgid: str) -> str:
    entry = polib.pofile(str(catalog_of(space)), wrapwidth=0).find(msgid)
    assert entry is not None
    return str(entry.msgstr)


def opened(page: Page, context: str) -> None:
    """The form of a message is there, and hears keys."""
    expect(page.get_by_role("heading", name=context)).to_be_visible()
    page.wait_for_selector("#work[data-ready]")


def write(space: Space, **texts: str) -> None:
    catalog = polib.pofile(str(catalog_of(space)), wrapwidth=0)
    for entry in catalog:
        entry.msgstr = texts.get(entry.msgctxt, entry.msgstr)
    catalog.save()


def test_clicked_paragraph_opens_its_form_and_saving_writes_the_catalog(page: Page, space: Space) -> None:
    page.goto("/issues/june")
    page.wait_for_selector("html[data-live=yes]")
    page.wait_for_selector(".pane[data-locale=es][data-scale]")
    page.frame_locator(".pane[data-locale=es] iframe").get_by_text("se firmó la ley").click()
    text = page.get_by_label("Your translation")
    expect(text).to_be_focused()
    expect(text).to_have_value("se firmó la ley. La *polimigra* debe acabar.")
    text.fill("se firmó la ley. La *polimigra* tiene que acabar.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    assert translation(space, "the law was signed. *Polimigra* must end.").endswith("tiene que acabar.")


def test_tap_is_heard_where_frames_without_scripts_hear_nothing(page: Page) -> None:
    """Safari calls no listener in such a frame; here we only make it seem so."""
    page.add_init_script("EventTarget.prototype.dispatchEvent = () => true")
    page.goto("/issues/june")
    page.wait_for_selector("html[data-live=yes]")
    page.wait_for_selector(".pane[data-locale=es][data-scale]")
    paragraph = page.frame_locator(".pane[data-locale=es] iframe").get_by_text("se firmó la ley")
    paragraph.scroll_into_view_if_needed()
    box = paragraph.bounding_box()
    assert box
    assert page.locator(".pane[data-locale=en] .glass").count() == 0
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_label("Your translation")).to_have_value("se firmó la ley. La *polimigra* debe acabar.")


def test_issue_is_finished_by_keyboard_alone(page: Page, space: Space) -> None:
    write(space, **{"farms.title": "", "preheader": ""})
    page.goto(PAGE)
    page.get_by_role("link", name="Start with the first unfinished one").press("Enter")
    opened(page, "preheader")
    page.keyboard.type("Lo que pasó en mayo")
    expect(page.get_by_text("The checks find nothing.")).to_be_visible()
    page.keyboard.press("Control+Enter")
    opened(page, "farms.title")
    page.keyboard.press("Alt+ArrowUp")
    opened(page, "greeting.body")
    page.keyboard.press("Alt+ArrowDown")
    opened(page, "farms.title")
    page.keyboard.type("Leche con Dignidad")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").filter(has_text="Every message is done. Thank you!")).to_be_visible()
    assert translation(space, "Milk with Dignity") == "Leche con Dignidad"
    assert space.json("i18n", "check", "june")


def test_checks_speak_up_while_one_types(page: Page) -> None:
    page.goto(f"{PAGE}?context=farms.body")
    page.get_by_label("Your translation").fill("Léelo aquí, en 2019.")
    expect(page.locator("#remarks .remark-blocks").first).to_be_visible()


def test_edit_of_another_program_is_told_and_both_versions_are_shown(page: Page, space: Space) -> None:
    page.goto(f"{PAGE}?context=farms.title")
    page.wait_for_selector("html[data-live=yes]")
    page.get_by_label("Your translation").fill("La mía")
    write(space, **{"farms.title": "La de otra persona"})
    expect(page.locator("#changed")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").first).to_contain_text("Nothing was saved")
    expect(page.locator("#theirs")).to_have_text("La de otra persona")
    assert translation(space, "Milk with Dignity") == "La de otra persona"
    page.get_by_role("button", name="Save mine and go on").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    assert translation(space, "Milk with Dignity") == "La mía"


def test_form_that_nobody_has_touched_follows_the_file(page: Page, space: Space) -> None:
    page.goto(f"{PAGE}?context=farms.title")
    page.wait_for_selector("html[data-live=yes]")
    write(space, **{"farms.title": "Leche y dignidad"})
    expect(page.get_by_label("Your translation")).to_have_value("Leche y dignidad")


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("path", ["", "?context=farms.body", "?context=preheader"])
def test_pages_keep_nobody_out(page: Page, space: Space, language: str, path: str) -> None:
    glossary = space.root / "locales" / "glossary.csv"
    glossary.write_text("term,en,es\nMilk with Dignity,=,Leche con Dignidad\n", encoding="utf-8")
    space.write_issue(ISSUE.replace("What happened in May", "What happened in June"))
    space.run("i18n", "sync", "june")
    page.set_extra_http_headers({"Accept-Language": language})
    for width, scheme in [(1400, "light"), (360, "dark")]:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        page.goto(PAGE + path)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    glossary.unlink()
    space.write_issue(ISSUE)
