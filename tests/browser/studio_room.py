"""The studio over two issues, a short one and a long one, and the ways to look at it: for the tests that drive it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.integration.conftest import ISSUE, Space, space_at

from .studio import studio

LONG = "\n\n".join(f"      Paragraph {n} of a long story about milk, farms and the law." for n in range(30))
OTHER = """\
  - type: story
    id: last
    title: The last one
    body: Thank you for reading.
"""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Space:
    made = space_at(tmp_path_factory.mktemp("workspace"))
    made.write_issue(ISSUE)
    made.write_issue(ISSUE.replace("      the law was signed.", LONG + "\n\n      the law was signed.") + OTHER, "long")
    made.translate()
    made.run("i18n", "sync", "long")
    return made


@pytest.fixture(scope="module")
def base(space: Space, browser: Browser) -> Iterator[str]:
    with studio(space.root) as address:
        yield address


@pytest.fixture
def faults() -> list[str]:
    """What the browser complains of; a test that passes leaves none."""
    return []


@pytest.fixture
def page(browser: Browser, base: str, space: Space, faults: list[str]) -> Iterator[Page]:
    context = browser.new_context(base_url=base, locale="en", viewport={"width": 1400, "height": 900})
    made = context.new_page()
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield made
    context.close()
    space.write_issue(ISSUE)
    assert [fault for fault in faults if "404" not in fault] == []


def open_issue(page: Page, path: str = "/issues/june") -> Page:
    page.goto(path)
    page.wait_for_selector("html[data-live=yes]")
    for frame in page.locator(".pane:not([hidden]) iframe").all():
        frame.wait_for()
    page.wait_for_selector(".pane[data-scale]")
    return page


def mail(page: Page, locale: str) -> str:
    found = page.frame_locator(f".pane[data-locale={locale}] iframe:not([data-waiting])").locator("body").inner_text()
    return str(found)


@pytest.fixture
def folder(space: Space) -> Iterator[Path]:
    """A folder for templates of the workspace's own."""
    made = space.root / "templates" / "blocks"
    made.mkdir()
    yield made
    shutil.rmtree(made)
