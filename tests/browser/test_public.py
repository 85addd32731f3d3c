"""The public pages in Chromium: in both languages, without JavaScript, small and wide, light and dark."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.integration.servers import Inbox, real_server

from .axe import violations
from .public_pictures import after_posts, workspace
from .studio import public_pages

NARROW, WIDE = (320, 640), (1280, 800)  # pixels
KINDS = (
    "subscribe", "confirm", "expired", "leave", "leave-appeals", "left", "gone", "preferences", "return",
    "gone-preferences", "unknown", "missing",
)  # fmt: skip
ANSWERS = {  # the headings of what comes after a button
    "subscribe-wrong": ("Get our news", "Recibe nuestras noticias"),
    "subscribe-sent": ("Check your inbox", "Revisa tu correo"),
    "subscribe-later": ("Please try again later", "Inténtalo más tarde, por favor"),
    "confirm-joined": ("Welcome!", "¡Te damos la bienvenida!"),
    "preferences-saved": ("What you get", "Lo que recibes"),
    "leave-less": ("No more appeals for donations", "No más campañas de donación"),
    "leave-undone": ("You are on the list", "Estás en la lista"),
    "leave-done": ("You are off the list", "Ya no estás en la lista"),
    "preferences-back": ("What you get", "Lo que recibes"),
}


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with real_server() as server:
        yield server


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("public")


@pytest.fixture(scope="module")
def paths(root: Path, inbox: Inbox) -> Mapping[str, str]:
    """The address of a page of every kind."""
    return workspace(root, inbox.port)


@pytest.fixture(scope="module")
def base(root: Path, paths: Mapping[str, str]) -> Iterator[str]:
    with public_pages(root) as address:
        yield address


@contextmanager
def page_in(
    browser: Browser,
    base: str,
    *,
    scripts: bool = False,
    size: tuple[int, int] = WIDE,
    dark: bool = False,
    client: str = "192.0.2.100",
) -> Iterator[Page]:
    """A page in a context of its own, which asks nobody but us and gets no cookie.

    ``client`` is whom a proxy would say that it speaks for: each may send some forms.
    """
    context = browser.new_context(
        base_url=base,
        java_script_enabled=scripts,
        locale="en",
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        extra_http_headers={"X-Forwarded-For": client},
    )
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    assert context.cookies() == []
    context.close()
    assert all(url.startswith(base) for url in asked)
    assert [text for text in complaints if "status of 4" not in text] == []


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_and_nothing_is_cut_off(
    browser: Browser, base: str, paths: Mapping[str, str], kind: str
) -> None:
    for language, size, dark in (("en", WIDE, False), ("es", NARROW, False), ("es", WIDE, True), ("en", NARROW, True)):
        with page_in(browser, base, scripts=True, size=size, dark=dark) as page:
            mark = "&" if "?" in paths[kind] else "?"
            page.goto(f"{paths[kind]}{mark}lang={language}")
            assert page.locator("html").get_attribute("lang") == language
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize(
    ("language", "size", "dark", "client"), [("en", WIDE, True, "192.0.2.1"), ("es", NARROW, False, "192.0.2.2")]
)
def test_axe_finds_nothing_on_what_comes_after_a_button(
    browser: Browser, base: str, paths: Mapping[str, str], language: str, size: tuple[int, int], dark: bool, client: str
) -> None:
    seen = []
    with page_in(browser, base, scripts=True, size=size, dark=dark, client=client) as page:
        for name in after_posts(page, paths, language):
            seen.append((name, page.locator("h1").inner_text()))
            assert page.locator("html").get_attribute("lang") == language
            assert violations(page) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], name
    assert seen == [(name, ANSWERS[name][language == "es"]) for name in ANSWERS]


def test_whole_way_of_a_reader_without_scripts(browser: Browser, base: str, root: Path, inbox: Inbox) -> None:
    with page_in(browser, base, size=NARROW) as page:
        page.goto("/subscribe")
        page.get_by_role("link", name="Español").click()
        page.get_by_label("Tu correo electrónico").fill("nueva@example")
        page.get_by_role("button", name="Suscribirme").click()
        assert page.get_by_label("Tu correo electrónico").get_attribute("aria-invalid") == "true"
        page.get_by_label("Tu correo electrónico").fill("nueva@example.org")
        page.get_by_label("Tu nombre").fill("Lucía")
        page.get_by_label("Leche con Dignidad").check()
        page.get_by_role("button", name="Suscribirme").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Revisa tu correo"
        page.goto(_path(_mail(inbox, page, "nueva@example.org"), base))
        page.get_by_role("button", name="Sí, quiero estar en la lista").click()
        page.get_by_role("link", name="Elige qué recibir").click()
        assert page.get_by_label("Tu nombre").input_value() == "Lucía"
        assert page.get_by_label("Leche con Dignidad").is_checked()
        page.get_by_label("Sin campañas de donación").check()
        page.get_by_label("Una pausa").select_option("4")
        page.get_by_label("English").check()
        page.get_by_role("button", name="Guardar").click()
        assert "Saved." in page.get_by_role("status").inner_text()
        assert _row(root)[:2] == ("subscribed", "appeal")
        page.get_by_role("button", name="Unsubscribe from everything").click()
        assert page.get_by_role("heading", level=1).inner_text() == "You are off the list"
        assert _row(root)[0] == "unsubscribed"
        page.get_by_role("button", name="Put me back on the list").click()
        assert page.get_by_role("heading", level=1).inner_text() == "You are on the list"
        assert _row(root)[:2] == ("subscribed", "appeal")


def test_everything_can_be_reached_and_pressed_with_the_keyboard(
    browser: Browser, base: str, paths: Mapping[str, str]
) -> None:
    with page_in(browser, base, scripts=True) as page:
        page.goto(f"{paths['leave-appeals']}&lang=en")
        reached = []
        for _step in range(8):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        assert reached[0] == "Skip to the content"
        assert "Unsubscribe from everything" in reached
        assert "No more appeals for donations" in reached


def _mail(inbox: Inbox, page: Page, recipient: str) -> str:
    """The text of a mail, once it is there."""
    for _turn in range(200):
        for _sender, to, data in inbox.messages:
            if to == recipient:
                return data.decode().replace("=\r\n", "")
        page.wait_for_timeout(50)
    raise AssertionError("no mail came")


def _path(mail: str, base: str) -> str:
    """Where the link of a mail leads, on the server of the test."""
    return base + "/c/" + mail.partition("https://news.example.org/c/")[2].split()[0]


def _row(root: Path) -> tuple[str, ...]:
    with sqlite3.connect(root / "var" / "newsletter.db") as database:
        query = "select status, declined, locale from subscribers where email = 'nueva@example.org'"
        row: tuple[str, ...] = database.execute(query).fetchone()
    database.close()
    return row
