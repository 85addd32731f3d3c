"""Pictures of the public pages.

    python -m tests.browser.public_pictures OUT      writes OUT/public-….png, for the documents

With ``--all`` every page, at the width of a desk and of a phone, in both languages, light and dark, for looking at.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from playwright.sync_api import Browser, Page

from newsletter.audience.csvlist import GoodRow
from newsletter.audience.subscribers import NewSubscriber
from newsletter.cli.wiring import House
from newsletter.workspace import find_workspace

from .screenshots import SCHEMES, chromium, find_chromium
from .studio import public_pages
from .studio_pictures import shoot

ROOT = Path(__file__).parents[2]
DESK, PHONE = (1100, 800), (360, 740)  # pixels
INTERESTS = {
    "farmworker": {"en": "Farm workers and their rights", "es": "Trabajadores del campo y sus derechos"},
    "milk-with-dignity": {"en": "Milk with Dignity", "es": "Leche con Dignidad"},
    "events": {"en": "Marches and events near me", "es": "Marchas y eventos cerca de mí"},
}
PEOPLE = ("on", "left", "gone", "signup", "changing")


def workspace(root: Path, port: int = 1) -> Mapping[str, str]:
    """A workspace with one reader for each page; the addresses of the pages, by name."""
    settings = yaml.safe_load((ROOT / "newsletter.yaml").read_text(encoding="utf-8"))
    settings["public"] = {"interests": INTERESTS}
    settings["smtp"] = {"host": "127.0.0.1", "port": port, "security": "none"}
    (root / "newsletter.yaml").write_text(
        yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    with ThreadPoolExecutor(1) as thread:  # Playwright has an event loop in this one
        return thread.submit(asyncio.run, _fill(root)).result()


async def _fill(root: Path) -> Mapping[str, str]:
    house = House(find_workspace(root, {}))
    async with house.stores() as stores:
        rows = [
            NewSubscriber(f"{name}@example.org", "Ana Lucía Díaz", "es", frozenset({"farmworker"})) for name in PEOPLE
        ]
        tokens = await house.tokens(stores.database)
        await stores.subscribers.import_rows([GoodRow(1, row, ()) for row in rows], tokens.address_hashes)
        found = {name: await stores.subscribers.find(f"{name}@example.org") for name in PEOPLE}
    refs = {name: person.ref for name, person in found.items() if person}
    file = stores.database.file
    assert file is not None
    with sqlite3.connect(file) as database:
        database.execute("update subscribers set status = 'unsubscribed' where ref = ?", (refs["left"],))
        database.execute("update subscribers set status = 'bounced' where ref = ?", (refs["gone"],))
        database.execute("insert into wordings values ('h', 'yes')")
        database.executemany(
            "insert into signups (ref, email, email_key, name, locale, tags, source, wording, asked_at, mailed_at,"
            " expires_at) values (?, ?, ?, 'Ana', 'es', '[]', 'page', 'h',"
            " '2026-01-01 00:00:00', '2026-01-01 00:00:00', '2999-01-01 00:00:00')",
            [(ref, f"{name}@example.org", f"{name}@example.org") for ref, name in (("s", "ana"), ("t", "joining"))],
        )
    database.close()
    token = {name: tokens.reader_token(ref) for name, ref in refs.items()}
    return {
        "subscribe": "/subscribe",
        "confirm": f"/c/{tokens.signup_token('s')}",
        "confirm-changing": f"/c/{tokens.signup_token('t')}",
        "expired": "/c/x.y",
        "leave": f"/u/{token['on']}",
        "leave-appeals": f"/u/{token['on']}?of=appeal",
        "left": f"/u/{token['left']}",
        "gone": f"/u/{token['gone']}",
        "leave-changing": f"/u/{token['changing']}",
        "preferences": f"/p/{token['on']}",
        "preferences-changing": f"/p/{token['changing']}",
        "return": f"/p/{token['left']}",
        "gone-preferences": f"/p/{token['gone']}",
        "unknown": "/u/x.y",
        "missing": "/nothing-here",
    }


def open_page(browser: Browser, address: str, size: tuple[int, int], language: str, scheme: str) -> Page:
    """A page in one look."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=False,
    )
    page.goto(address + ("&" if "?" in address else "?") + f"lang={language}")
    return page


def after_posts(page: Page, paths: Mapping[str, str], language: str) -> Iterator[str]:
    """Press every button there is, one after the other; yields the name of each page that is the answer."""

    def go(name: str, query: str = "") -> None:
        page.goto(f"{paths[name]}?lang={language}{query}")

    def press(place: int = 0) -> None:
        page.locator("main button").nth(place).click()

    go("subscribe")
    page.locator("#email").fill("ana@example")
    press()
    yield "subscribe-wrong"
    page.locator("#email").fill(f"{language}@example.org")
    press()
    yield "subscribe-sent"
    for _time in range(10):
        go("subscribe")
        page.locator("#email").fill("ana@example.org")
        press()
    yield "subscribe-later"
    go("confirm-changing")
    if page.locator("main button").count():  # pressed once, the page stays with what was done
        press()
    yield "confirm-joined"
    go("preferences-changing")
    page.locator("#pause").select_option("4")
    press()
    yield "preferences-saved"
    go("leave-changing", "&of=appeal")
    press(1)
    yield "leave-less"
    press()
    yield "leave-undone"
    go("leave-changing")
    press()
    yield "leave-done"
    go("preferences-changing")
    press()
    yield "preferences-back"


def main() -> None:
    """Read the arguments and write the pictures."""
    parser = argparse.ArgumentParser(description="Photograph the public pages.")
    parser.add_argument("--all", action="store_true", help="every page, for looking at")
    parser.add_argument("out", type=Path, help="the folder to write into")
    given = parser.parse_args()
    executable = find_chromium()
    if executable is None:
        parser.exit(2, "no Chromium found; install one, or name it in CHROMIUM\n")
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        paths = workspace(Path(folder))
        with public_pages(Path(folder)) as base, chromium(executable) as browser:
            if not given.all:
                for name, size, language, scheme in (
                    ("preferences", DESK, "en", "light"),
                    ("subscribe", PHONE, "es", "dark"),
                ):
                    page = open_page(browser, base + paths[name], size, language, scheme)
                    shoot(page, given.out / f"public-{name}.png", whole=True)
                return
            looks = [(lang, size, scheme) for lang in ("en", "es") for size in (DESK, PHONE) for scheme in SCHEMES]
            for number, (language, size, scheme) in enumerate(looks):
                for name, path in paths.items():
                    page = open_page(browser, base + path, size, language, scheme)
                    shoot(page, given.out / f"{name}-{language}-{size[0]}-{scheme}.png", whole=True)
                    page.close()
                context = browser.new_context(
                    base_url=base,
                    viewport={"width": size[0], "height": size[1]},
                    color_scheme="dark" if scheme == "dark" else "light",
                    java_script_enabled=False,
                    extra_http_headers={"X-Forwarded-For": f"192.0.2.{number}"},  # each may send some forms
                )
                page = context.new_page()
                for name in after_posts(page, paths, language):
                    shoot(page, given.out / f"{name}-{language}-{size[0]}-{scheme}.png", whole=True)
                context.close()


if __name__ == "__main__":
    main()
