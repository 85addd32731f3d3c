"""A letter with every block, for tests of layouts: in English, as a Spanish draft, from right to left, and in pairs."""

from __future__ import annotations

import shutil
from pathlib import Path

import polib

from newsletter.content.fields import Vocabulary
from newsletter.content.load import load_issue
from newsletter.content.placeholders import fill_marks
from newsletter.i18n.formats import Formats
from newsletter.i18n.locales import halves_of
from newsletter.i18n.translate import translate
from newsletter.render.bilingual import Bilingual
from newsletter.render.compose import Composer
from newsletter.render.mjml import MjmlCompiler
from newsletter.render.pictures import Pictures
from newsletter.render.rendered import render
from newsletter.render.theme import Letterhead, Theme

ROOT = Path(__file__).resolve().parents[2]
ISSUE = ROOT / "tests" / "data" / "all-blocks.yaml"
LOCALES = {"en": ("en_US", "ltr"), "es": ("es_US", "ltr"), "ar": ("ar", "rtl")}
NAMES = {"en": "Migrant Justice", "es": "Justicia Migrante", "ar": "عدالة المهاجرين"}
MIN_TEXT = 16  # pixels
MIN_TARGET = 44  # pixels; WCAG 2.2, 2.5.5

# Every piece of visible text with its colour and the colour behind it; contrast as WCAG 2.2 defines it.
UNREADABLE = """(least) => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const luminance = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * R + 0.7152 * G + 0.0722 * B
  }
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor)
      if (colour.length === 3 || colour[3] === 1) return colour
    }
    return [255, 255, 255]
  }
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    const text = walker.currentNode.textContent.trim()
    if (!text || !element.checkVisibility()) continue
    const pair = [parse(getComputedStyle(element).color), behind(element)].map(luminance).sort((a, b) => b - a)
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05)
    if (contrast < least) found.push(`${contrast.toFixed(1)}: ${text.slice(0, 40)}`)
  }
  return found
}"""


def html_of(locale: str, words_folder: Path) -> str:
    """The page of a locale, or of a pair such as ``es+en``; ``words_folder`` is empty."""
    # No Arabic words are shipped: the Spanish ones stand in for them.
    shutil.copytree(ROOT / "locales" / "es", words_folder / "ar")
    loaded = load_issue(ISSUE, Vocabulary(tuple(LOCALES), frozenset(), "America/New_York"))
    first, *others = (
        translate(loaded, half, polib.POFile(), Formats(LOCALES[half][0]), draft=True) for half in halves_of(locale)
    )
    letterhead = Letterhead(
        NAMES,
        "S. Winooski Ave and King St, Burlington, VT, USA",
        "https://news.example.org",
        tuple(LOCALES),
        Theme.model_validate({"logo": "https://example.org/logo.png"}),
    )
    composer = Composer(
        letterhead,
        MjmlCompiler(),
        Pictures(ROOT / "issues"),
        templates=[ROOT / "templates"],
        catalogs=[words_folder, ROOT / "locales"],
    )
    html = render(Bilingual(first, *others) if others else first, composer).html
    return fill_marks(html, lambda _field, fallback: fallback or "https://example.org/x")
