"""Approving, testing and sending in a real browser, by keyboard alone; and nobody is kept out of these pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.studio import faultless_page
from tests.integration.conftest import ISSUE, Space, space_at
from tests.integration.servers import Inbox, real_server

from .axe import violations
from .studio import studio

PATIENCE = 15_000  # milliseconds for mails to be sent


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with real_server() as made:
        yield made


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory, inbox: Inbox) -> Space:
    made = space_at(tmp_path_factory.mktemp("workspace"))
    made.set("smtp", port=inbox.port)
    made.set("preview", test_addresses=["ana@example.org"])
    made.replace("approval", "required")
    made.write_issue(ISSUE)
    made.translate()
    rows = [f"reader{n}@example.org,Reader{n} Chase,{'es' if n % 2 else 'en'},supporter," for n in range(6)]
    made.write_list(*rows)
    importing = made.start("subscribers", "import", "list.csv")  # a loop of its own, which is none beside Playwright's
    _out, told = importing.communicate(timeout=60)
    assert importing.returncode == 0, told
    return made


@pytest.fixture(scope="module")
def base(space: Space, browser: Browser) -> Iterator[str]:
    with studio(space.root) as address:
        yield address


@pytest.fixture
def page(browser: Browser, base: str) -> Iterator[Page]:
    with faultless_page(browser, base) as made:
        yield made


def press_until(page: Page, name: str, key: str = "Tab") -> None:
    """Go on with the keyboard until the focus is on what has this name."""
    for _step in range(60):
        page.keyboard.press(key)
        focused = str(page.evaluate("document.activeElement.textContent || document.activeElement.name || ''"))
        if name in " ".join(focused.split()):
            return
    raise AssertionError(f"the keyboard does not get to '{name}'")


def test_issue_goes_from_approval_to_its_readers_by_keyboard(page: Page, space: Space, inbox: Inbox) -> None:
    page.goto("/issues/june/approve")
    for language in ("English", "español"):
        press_until(page, f"messages ({language})")
        page.keyboard.press("Enter")
        panel = page.locator(".panel").filter(has_text=language)
        expect(panel.get_by_text("approved it on")).to_be_visible()
    assert (space.root / "locales" / "es" / "approvals" / "june.yaml").is_file()

    page.goto("/issues/june/test")
    page.wait_for_selector("html[data-live=yes]")
    press_until(page, "Send a test")
    page.keyboard.press("Enter")
    expect(page.locator(".chip-accepted")).to_have_count(2, timeout=PATIENCE)
    assert inbox.recipients() == ["ana@example.org"] * 2
    inbox.messages.clear()

    page.goto("/issues/june/send")
    page.get_by_label("supporters").press("Space")
    press_until(page, "Show who would get it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="It would reach 6 people")).to_be_visible()
    press_until(page, "people")
    page.keyboard.type("6")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="6 of 6 settled")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("status").filter(has_text="sent").first).to_be_visible(timeout=PATIENCE)
    assert sorted(inbox.recipients()) == [f"reader{n}@example.org" for n in range(6)]


def test_addresses_come_when_they_are_asked_for(page: Page) -> None:
    page.goto("/people")
    expect(page.get_by_text("6 people may be written to.")).to_be_visible()
    assert "reader1@example.org" not in page.content()
    page.locator("summary", has_text="spanish").press("Enter")
    expect(page.get_by_text("reader1@example.org")).to_be_visible()
    page.locator("summary", has_text="spanish").press("Enter")
    expect(page.get_by_text("reader1@example.org")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    "path",
    [
        "/issues/june",
        "/issues/june/approve",
        "/issues/june/test",
        "/issues/june/send",
        "/issues/june/send?segment=addison",
        "/issues/june/send?segment=spanish&segment=everybody",
        "/issues/june/send?segment=supporters",
        "/campaigns",
        "/campaigns/1",
        "/people",
    ],
)
def test_pages_keep_nobody_out(page: Page, language: str, path: str) -> None:
    page.set_extra_http_headers({"Accept-Language": language})
    page.goto(path)
    for width, dark in [(1400, False), (360, True)]:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
