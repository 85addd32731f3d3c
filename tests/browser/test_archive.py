"""The archive in Chromium: readable by everybody, in both languages, light and dark, narrow and wide."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import violations
from tests.integration.conftest import Space, space_at
from tests.integration.servers import real_server
from tests.unit.helpers import ROOT

ISSUE = "2019-06-no-polimigra"
PAGES = [f"/archive/{locale}" for locale in ("en", "es")] + [f"/{ISSUE}.{locale}.html" for locale in ("en", "es")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the public pages of a workspace that has sent a sample issue.

    Tests name it before the browser, whose event loop would be in the way of commands.
    """
    space: Space = space_at(tmp_path_factory.mktemp("pages"))
    for folder in ("issues/media", "issues", "locales/es/LC_MESSAGES/issues"):
        (space.root / folder).mkdir(parents=True, exist_ok=True)
        for file in (ROOT / folder).iterdir():
            if file.is_file() and (folder.endswith("media") or file.stem == ISSUE):
                (space.root / folder / file.name).write_bytes(file.read_bytes())
    space.set("segments", supporters={"tag": "supporter"})
    space.write_list("ana@example.org,Ana,es,,", "ben@example.org,Ben,en,,")
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", ISSUE, "--segment", "everybody", "--yes")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NEWSLETTER_")}
    command = [sys.executable, "-m", "newsletter", "serve", "--port", "0"]
    started = subprocess.Popen(command, cwd=space.root, env=clean, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    with contextlib.closing(started.stdout) as said:
        try:
            found = re.search(r"http://[\d.:]+", said.readline())
            assert found, "it did not start"
            yield found[0]
        finally:
            started.terminate()
            started.wait(60)


def listen(page: Page, asked: list[str], faults: list[str]) -> None:
    """Note what a page asks for, and what the browser says of it."""
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: faults.append(message.text))


@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_kept_out(pages: str, browser: Browser, path: str) -> None:
    for width, look in ((320, "light"), (1200, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=look)  # type: ignore[arg-type]
        page = context.new_page()
        asked: list[str] = []
        faults: list[str] = []
        listen(page, asked, faults)
        answer = page.goto(f"{pages}{path}", wait_until="networkidle")
        assert answer is not None
        assert answer.status == 200
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        broken = "[...document.images].filter((one) => !one.complete || !one.naturalWidth).map((one) => one.src)"
        assert page.evaluate(broken) == []
        assert [url for url in asked if not url.startswith(pages)] == []
        assert [fault for fault in faults if "404" not in fault] == [], "but for the icon that browsers ask for"
        assert context.cookies() == []
        context.close()


def test_a_reader_finds_the_way_without_scripts(pages: str, browser: Browser) -> None:
    context = browser.new_context(locale="es-MX", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{pages}/archive")
    page.get_by_role("link", name="¡Victoria!").click()
    assert page.get_by_text("Este evento ya pasó").is_visible()
    other = page.get_by_role("link", name="English", exact=True)
    assert other.get_attribute("href") == f"https://news.example.org/{ISSUE}.en.html"
    page.get_by_role("link", name="Todos los boletines").click()
    page.get_by_role("link", name="English", exact=True).click()
    assert page.get_by_role("heading", name="All newsletters").is_visible()
    context.close()
