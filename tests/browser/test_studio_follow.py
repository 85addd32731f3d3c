"""The studio in a real browser: it follows files while they are saved, and survives mistakes in them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.integration.conftest import ISSUE, Space

from .axe import violations
from .studio_room import base, faults, folder, mail, open_issue, page, space

__all__ = ["base", "faults", "folder", "page", "space"]

SOON = 5_000  # milliseconds; on an idle machine it takes a twentieth of that (tests/bench/studio.py measures)


def test_saved_issue_shows_where_one_had_scrolled_to(page: Page, space: Space) -> None:
    open_issue(page, "/issues/long")
    scroller = page.locator(".pane[data-locale=en] .scroller")
    scroller.evaluate("(element) => { element.scrollTop = 700; }")
    text = (space.root / "issues" / "long.yaml").read_text(encoding="utf-8")
    space.write_issue(text.replace("Paragraph 12 of", "Chapter twelve of"), "long")
    frame = page.frame_locator(".pane[data-locale=en] iframe:not([data-waiting])")
    changed = frame.get_by_text("Chapter twelve of")
    expect(changed).to_be_attached(timeout=SOON)
    drawn = "(element) => JSON.stringify(Object.fromEntries(Object.entries(getComputedStyle(element)).slice(0, 999)))"
    assert changed.evaluate(drawn) == frame.get_by_text("Paragraph 13 of").evaluate(drawn)
    assert abs(scroller.evaluate("(element) => element.scrollTop") - 700) < 3
    space.write_issue(text, "long")


def test_saved_translation_changes_its_edition_only(page: Page, space: Space) -> None:
    open_issue(page)
    frame = page.locator(".pane[data-locale=es] iframe:not([data-waiting])")
    frame.evaluate("(element) => { element.contentDocument.querySelector('h1').seen = true; }")
    english = page.locator(".pane[data-locale=en]").get_attribute("data-shown")
    path = space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / "june.po"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("Leche con Dignidad", "Leche digna"), encoding="utf-8")
    inside = page.frame_locator(".pane[data-locale=es] iframe:not([data-waiting])")
    expect(inside.get_by_text("Leche digna")).to_be_attached(timeout=SOON)
    assert frame.evaluate("(element) => element.contentDocument.querySelector('h1').seen"), "all was drawn anew"
    assert page.locator(".pane[data-locale=en]").get_attribute("data-shown") == english
    path.write_text(before, encoding="utf-8")


def test_saved_template_shows(page: Page, folder: Path) -> None:
    open_issue(page)
    (folder / "appeal.mjml.j2").write_text(
        "<mj-section><mj-column><mj-text>Our own: {{ block.title }}</mj-text></mj-column></mj-section>",
        encoding="utf-8",
    )
    frame = page.frame_locator(".pane[data-locale=en] iframe:not([data-waiting])")
    expect(frame.get_by_text("Our own: Give what you can")).to_be_attached(timeout=SOON)
    (folder / "appeal.mjml.j2").unlink()
    expect(frame.get_by_text("Our own:")).not_to_be_attached(timeout=SOON)


def test_saved_settings_show(page: Page, space: Space) -> None:
    open_issue(page)
    before = (space.root / "newsletter.yaml").read_text(encoding="utf-8")
    space.set("organisation", postal_address="9 Church Street, Burlington, VT")
    frame = page.frame_locator(".pane[data-locale=es] iframe:not([data-waiting])")
    expect(frame.get_by_text("9 Church Street")).to_be_attached(timeout=SOON)
    (space.root / "newsletter.yaml").write_text(before, encoding="utf-8")
    expect(frame.get_by_text("9 Church Street")).not_to_be_attached(timeout=SOON)


def test_new_issue_joins_the_list(page: Page, space: Space) -> None:
    page.goto("/")
    page.wait_for_selector("html[data-live=yes]")
    space.write_issue(ISSUE.replace("2019-06-03", "2019-07-03"), "july")
    expect(page.locator("#card-july .subject").first).to_contain_text("News for you", timeout=SOON)
    assert page.locator(".card").first.get_attribute("id") == "card-july"
    (space.root / "issues" / "july.yaml").unlink()
    expect(page.locator("#card-july")).not_to_be_attached(timeout=SOON)


# Mistakes


def test_mistake_shows_at_its_line_over_the_last_good_version_and_goes_by_itself(page: Page, space: Space) -> None:
    open_issue(page)
    space.write_issue(ISSUE.replace("subject:", "subjet:"))
    panel = page.locator(".mistakes")
    expect(panel).to_be_visible(timeout=SOON)
    expect(panel).to_contain_text("unknown key 'subjet'")
    expect(panel.locator(".line.here").last).to_contain_text("3subjet:")
    expect(panel.get_by_role("link").last).to_have_attribute("href", "/files/issues/june.yaml#L3")
    assert "Milk with Dignity" in mail(page, "en")
    assert "Leche con Dignidad" in mail(page, "es")
    assert violations(page) == []
    space.write_issue(ISSUE)
    expect(panel).not_to_be_attached(timeout=SOON)


def test_mistake_in_the_settings_shows_on_every_page(page: Page, space: Space) -> None:
    page.goto("/")
    page.wait_for_selector("html[data-live=yes]")
    before = (space.root / "newsletter.yaml").read_text(encoding="utf-8")
    (space.root / "newsletter.yaml").write_text(before + "\nlocales_: [en]\n", encoding="utf-8")
    expect(page.locator(".mistakes")).to_contain_text("unknown key 'locales_'", timeout=SOON)
    expect(page.locator("#card-june")).to_be_visible()
    (space.root / "newsletter.yaml").write_text(before, encoding="utf-8")
    expect(page.locator(".mistakes")).not_to_be_attached(timeout=SOON)


def test_finding_leads_to_the_form_in_which_it_is_mended(page: Page) -> None:
    open_issue(page, "/issues/long")
    page.locator("#tasks summary").click()
    page.locator("#tasks .parts a", has_text="Translate").first.click()
    expect(page.get_by_label("Your translation")).to_be_focused()


def test_address_of_a_line_shows_the_line(page: Page) -> None:
    page.goto("/files/locales/es/LC_MESSAGES/issues/long.po#L40")
    expect(page.locator("#L40")).to_have_class("line here")
    expect(page.locator("#L40")).to_be_in_viewport()
