"""Campaigns in every state, with the longest names, in a real browser: all can be read, and what is left be sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.servers import real_server

from . import studio_states as states
from .axe import violations
from .studio import faultless_page, studio

PATIENCE = 15_000  # milliseconds for mails to be sent
PEOPLE = 240
PATHS = ("/", "/campaigns", "/people", *(f"/campaigns/{number}" for number in range(1, states.MISSED + 1)))
MORE = (f"/issues/{states.MODEL}/send?missed={states.CANCELLED}", f"/issues/{states.LONG_SLUG}/send")
# Whatever is wider than its place, whether it hides that, scrolls, or sticks out; but not what is only heard.
TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter((one) =>
  !one.closest(".unseen, thead, .brand, pre, .clamped") && one.getClientRects().length &&
  (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline"
   || one.getBoundingClientRect().right > innerWidth + 1)).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("workspace")
    states.workspace(made)
    states.campaigns(made, PEOPLE)
    return made


@pytest.fixture(scope="module")
def base(root: Path, browser: Browser) -> Iterator[str]:
    with studio(root) as address:
        yield address


@pytest.fixture
def page(browser: Browser, base: str) -> Iterator[Page]:
    with faultless_page(browser, base) as made:
        yield made


@pytest.mark.parametrize("path", [*PATHS, *MORE])
def test_all_of_it_is_read_without_scrolling_sideways(page: Page, path: str) -> None:
    for language, width, dark in [("es", 320, True), ("en", 600, False), ("es", 1200, True)]:
        page.set_extra_http_headers({"Accept-Language": language})
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(path)
        for details in page.locator("details:not([data-fetch])").all():
            details.evaluate("(element) => { element.open = true; }")
        assert page.evaluate(TOO_WIDE) == []
        assert violations(page) == []


def test_who_has_no_copy_is_named_when_somebody_asks(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 900})
    page.goto(f"/campaigns/{states.TROUBLED}")
    assert "reader9@" not in page.content()
    who = page.get_by_text("Show who they are")
    who.press("Enter")
    expect(page.get_by_text("550 5.1.1 no such mailbox here").first).to_be_visible()
    assert "reader9@" in page.locator("#who tbody tr").first.inner_text(), "those in doubt come first"
    assert page.evaluate(TOO_WIDE) == []
    assert violations(page) == []
    who.press("Enter")
    expect(page.get_by_text("550 5.1.1 no such mailbox here")).to_have_count(0)


def test_every_state_is_told(page: Page) -> None:
    page.goto("/campaigns")
    rows = page.locator("tbody tr")
    for number, told in {
        states.FINISHED: "sent",
        states.TROUBLED: "in doubt",
        states.PAUSED: "Ana from the Addison office called",
        states.STOPPED: "were refused because of us",
        states.SCHEDULED: "9:00\u202fAM EDT",
        states.CANCELLED: "cancelled",
        states.MISSED: f"those who missed campaign {states.CANCELLED}",
    }.items():
        expect(rows.nth(states.MISSED - number)).to_contain_text(told)
    expect(rows.first).to_contain_text("nobody is sending it")
    page.goto(f"/campaigns/{states.STOPPED}")
    expect(page.get_by_text("Show this to whoever looks after your mail server.")).to_be_visible()
    page.goto(f"/campaigns/{states.PAUSED}")
    expect(page.get_by_text(states.REASON)).to_be_visible()


def test_who_missed_it_gets_it_by_keyboard(page: Page, root: Path) -> None:
    page.goto(f"/campaigns/{states.MISSED}")
    page.locator("#cancelling summary").press("Enter")
    page.get_by_label("Cancel the rest of campaign").press("Space")
    page.get_by_role("button", name="Cancel the rest").press("Enter")
    page.get_by_role("link", name="Send it to those who missed it").press("Enter")
    heading = page.get_by_role("heading", name="It would reach")
    people = PEOPLE // 2
    expect(heading).to_contain_text(f"{people} people")
    with real_server() as inbox:
        settings = (root / "newsletter.yaml").read_text(encoding="utf-8")
        server = f"host: localhost, port: {inbox.port}, security: none"
        old = next(line for line in settings.splitlines() if line.startswith("smtp:"))
        settings = settings.replace(old, f"smtp: {{{server}, connections: 10}}")
        (root / "newsletter.yaml").write_text(settings, encoding="utf-8")
        box = page.get_by_label("To send it, type the number of people")
        box.fill("1")
        box.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(f"it would reach {people} people, and 1 was typed")
        box.fill(str(people))
        box.press("Enter")
        expect(page.get_by_role("heading", name=f"{people} of {people} settled")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("status").filter(has_text="sent").first).to_be_visible(timeout=PATIENCE)
        assert len(set(inbox.recipients())) == len(inbox.messages) == people
