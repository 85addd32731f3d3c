"""Pictures of rendered editions, for looking at them: every page at every width, light and dark.

    newsletter render ISSUE --out DIR
    python -m tests.browser.screenshots DIR OUT             one PNG a page, width and scheme
    python -m tests.browser.screenshots --pair [--dark] EN ES PNG
                                                            two editions side by side, for the README

Pictures are read from the folder of the pages; nothing is fetched from the network.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

WIDTHS = (320, 600, 1200)  # pixels: a small telephone, the letter itself, a wide window
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PAIR_HEIGHT = 1100  # pixels
PAIR_GAP = 24  # pixels
PAIR_COLOURS = 192  # a palette keeps the picture far below 300 KB
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The Chromium of this machine: ``$CHROMIUM``, or the first of the usual names on the path."""
    named = os.environ.get("CHROMIUM", "")
    return next((found for name in (named, *_NAMES) if name and (found := shutil.which(name))), None)


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    """A browser that talks to nobody by itself."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


def shoot_all(browser: Browser, folder: Path, out: Path) -> list[Path]:
    """Photograph every page of ``folder`` from top to bottom, at each width, light and dark."""
    out.mkdir(parents=True, exist_ok=True)
    shots = []
    for file in sorted(folder.glob("*.html")):
        page = _open(browser, file)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                shots.append(out / f"{file.stem}-{width}-{scheme}.png")
                page.screenshot(path=shots[-1], full_page=True)
        page.close()
    return shots


def shoot_pair(browser: Browser, files: tuple[Path, Path], png: Path, scheme: Scheme) -> Path:
    """The upper part of two editions side by side, each at the letter's own width."""
    width = 600
    pair = Image.new("RGB", (2 * width + PAIR_GAP, PAIR_HEIGHT), "white")
    for place, file in enumerate(files):
        page = _open(browser, file)
        page.set_viewport_size({"width": width, "height": PAIR_HEIGHT})
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=png)
        page.close()
        with Image.open(png) as shot:
            pair.paste(shot.convert("RGB"), (place * (width + PAIR_GAP), 0))
    pair.quantize(PAIR_COLOURS, dither=Image.Dither.NONE).save(png, optimize=True)
    return png


def _open(browser: Browser, file: Path) -> Page:
    page = browser.new_page()
    page.route("http*://**", lambda route: route.abort())
    page.goto(file.resolve().as_uri())
    return page


def main() -> None:
    """Read the arguments and say what was written."""
    parser = argparse.ArgumentParser(description="Photograph rendered editions.")
    parser.add_argument("--pair", action="store_true", help="two pages in one picture; the last path is the PNG")
    parser.add_argument("--dark", action="store_true", help="with --pair: as a dark mail client shows them")
    parser.add_argument("paths", type=Path, nargs="+", help="DIR OUT, or with --pair: PAGE PAGE PNG")
    given = parser.parse_args()
    wanted = 3 if given.pair else 2
    if len(given.paths) != wanted:
        parser.error(f"give {wanted} paths")
    executable = find_chromium()
    if executable is None:
        parser.exit(2, "no Chromium found; install one, or name it in CHROMIUM\n")
    with chromium(executable) as browser:
        if given.pair:
            first, second, png = given.paths
            shots = [shoot_pair(browser, (first, second), png, "dark" if given.dark else "light")]
        else:
            shots = shoot_all(browser, *given.paths)
    for shot in shots:
        print(shot)  # noqa: T201 - a script


if __name__ == "__main__":
    main()
