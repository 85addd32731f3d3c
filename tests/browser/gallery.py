"""The pictures of docs/gallery.md and docs/themes.md.

    python -m tests.browser.gallery DIR      writes DIR/<block>.png and DIR/themes.png

The sheet of a block shows it in English and Spanish at the width of the
letter, then both on a small telephone; above in light, below in dark.  That of
the themes shows the same few blocks in each.  Pictures are read from this
checkout; nothing is fetched from the network.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import polib
import yaml
from PIL import Image, ImageColor
from playwright.sync_api import Browser

from newsletter.content.fields import Vocabulary
from newsletter.content.load import LoadedIssue, load_issue
from newsletter.content.placeholders import fill_marks
from newsletter.i18n.formats import Formats
from newsletter.i18n.messages import messages_for
from newsletter.i18n.translate import translate
from newsletter.render.compose import Composer
from newsletter.render.mjml import MjmlCompiler
from newsletter.render.pictures import Pictures
from newsletter.render.rendered import render
from newsletter.render.theme import Letterhead, Theme
from newsletter.settings.themes import theme_files

from .screenshots import SCHEMES, Scheme, chromium, find_chromium

ROOT = Path(__file__).resolve().parents[2]
ISSUE = ROOT / "tests" / "data" / "gallery.yaml"
LOCALES = {"en": "en_US", "es": "es_US"}
WIDTHS = (600, 320)  # pixels: the letter itself, a small telephone
GAP = 24  # pixels between two pictures
BEHIND = "#b9bdc4"
SCALE = 0.5
FREQUENT = 48  # colours of a sheet, beside those of the theme
SHOWN_IN_THEMES = ("quote", "petition", "appeal")

# Where each block begins, and where the last one ends; what stands above the footer's line is the letter.
PLACES = """() => {
  const top = (element) => Math.round(element.getBoundingClientRect().top + scrollY)
  const found = [...document.querySelectorAll("a[data-block]")].map((a) => [a.dataset.block, top(a)])
  return [...found, ["", top(document.querySelector(".foot"))]]
}"""

Shot = dict[str, Image.Image]


def page_of(loaded: LoadedIssue, locale: str, theme: Theme) -> str:
    """The page of an edition with anchors, its pictures in it."""
    catalog = polib.POFile()
    for message in messages_for(loaded, locale):
        catalog.append(
            polib.POEntry(msgctxt=message.context, msgid=message.text, msgstr=message.others.get(locale, ""))
        )
    edition = translate(loaded, locale, catalog, Formats(LOCALES[locale]))
    letterhead = Letterhead(
        {"en": "Migrant Justice", "es": "Justicia Migrante"},
        "S. Winooski Ave and King St, Burlington, VT, USA",
        "https://news.example.org",
        tuple(LOCALES),
        theme,
    )
    pictures = Pictures(ROOT / "issues")
    composer = Composer(
        letterhead, MjmlCompiler(), pictures, templates=[ROOT / "templates"], catalogs=[ROOT / "locales"]
    )
    html = pictures.inline(render(edition, composer, anchored=True).html)
    return fill_marks(html, lambda _field, fallback: fallback or "https://example.org/")


def shoot(browser: Browser, html: str, width: int, scheme: Scheme) -> tuple[Image.Image, list[tuple[str, int]]]:
    """A page from top to bottom, and where on it each block begins; the last entry is the footer's."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.route("http*://**", lambda route: route.abort())
    page.set_content(html)
    places = [(str(name), int(top)) for name, top in page.evaluate(PLACES)]
    whole = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    page.close()
    return whole, places


def cut(whole: Image.Image, places: Sequence[tuple[str, int]]) -> Shot:
    """Each block of a page."""
    return {name: whole.crop((0, top, whole.width, end)) for (name, top), (_next, end) in pairwise(places)}


def sheet(rows: Sequence[Sequence[Image.Image]], *themes: Theme) -> Image.Image:
    """Pictures in rows, made smaller and with few colours, those of ``themes`` among them."""
    width = max(sum(shot.width + GAP for shot in row) for row in rows) + GAP
    heights = [max(shot.height for shot in row) for row in rows]
    made = Image.new("RGB", (width, sum(height + GAP for height in heights) + GAP), BEHIND)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        left = GAP
        for shot in row:
            made.paste(shot, (left, top))
            left += shot.width + GAP
        top += height + GAP
    small = made.resize((round(made.width * SCALE), round(made.height * SCALE)), Image.Resampling.LANCZOS)
    return small.quantize(palette=_palette(small, themes), dither=Image.Dither.NONE)


def _palette(picture: Image.Image, themes: Sequence[Theme]) -> Image.Image:
    """The most frequent colours, and those of letters, which are rare and matter most."""
    colours = picture.quantize(FREQUENT, dither=Image.Dither.NONE).getpalette() or []
    for theme in themes:
        for dark in ("", "_dark"):
            over = [_rgb(theme, name + dark) for name in ("primary", "accent")] + [_rgb(theme, "highlight")]
            under = [_rgb(theme, name + dark) for name in ("paper", "ground")]
            colours += [part for colour in (*over, *under) for part in colour]
            colours += [(a + b) // 2 for one in over for other in under for a, b in zip(one, other, strict=True)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours[: 3 * 256])
    return palette


def _rgb(theme: Theme, name: str) -> tuple[int, ...]:
    return ImageColor.getrgb(getattr(theme, name))[:3]


def block_sheets(browser: Browser, loaded: LoadedIssue) -> Iterator[tuple[str, Image.Image]]:
    """A sheet for each block, by its id."""
    theme = Theme.model_validate({})
    pages = {locale: page_of(loaded, locale, theme) for locale in LOCALES}
    shots = {
        (scheme, width, locale): cut(*shoot(browser, pages[locale], width, scheme))
        for scheme in SCHEMES
        for width in WIDTHS
        for locale in LOCALES
    }
    for name in next(iter(shots.values())):
        rows = [[shots[scheme, width, locale][name] for width in WIDTHS for locale in LOCALES] for scheme in SCHEMES]
        yield name, sheet(rows, theme)


def theme_sheet(browser: Browser, loaded: LoadedIssue) -> Image.Image:
    """The same letter in every theme, the default one first."""
    blocks = tuple(block for block in loaded.issue.blocks if getattr(block, "id", "") in SHOWN_IN_THEMES)
    issue, written = loaded.issue, loaded.written or loaded.issue
    few = replace(
        loaded,
        issue=issue.model_copy(update={"blocks": blocks}),
        written=written.model_copy(update={"blocks": tuple(b for b in written.blocks if b in blocks)}),
    )
    files = theme_files(ROOT)
    themes = [Theme.model_validate({})]
    themes += [Theme.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files.values()]
    pages = [page_of(few, "en", theme) for theme in themes]
    return sheet([[shoot(browser, page, WIDTHS[0], scheme)[0] for page in pages] for scheme in SCHEMES], *themes)


def write_gallery(out: Path) -> list[Path]:
    """Write every sheet."""
    executable = find_chromium()
    if executable is None:
        raise SystemExit("no Chromium found; install one, or name it in CHROMIUM")
    loaded = load_issue(ISSUE, Vocabulary(tuple(LOCALES), frozenset(), "America/New_York", ROOT / "issues"))
    out.mkdir(parents=True, exist_ok=True)
    with chromium(executable) as browser:
        sheets = [*block_sheets(browser, loaded), ("themes", theme_sheet(browser, loaded))]
    for name, made in sheets:
        made.save(out / f"{name}.png", optimize=True)
    return [out / f"{name}.png" for name, _made in sheets]


def main() -> None:
    """Read the arguments and say what was written."""
    parser = argparse.ArgumentParser(description="Photograph every block.")
    parser.add_argument("out", type=Path, metavar="DIR")
    for path in write_gallery(parser.parse_args().out):
        print(path)  # noqa: T201 - a script


if __name__ == "__main__":
    main()
