"""Every theme in a real browser, with every block of the gallery: light, dark, and as programs show it that invert."""

from __future__ import annotations

import pytest
import yaml
from playwright.sync_api import Browser

from newsletter.content.fields import Vocabulary
from newsletter.content.load import LoadedIssue, load_issue
from newsletter.render.theme import DEFAULT_THEME, MIN_CONTRAST, Theme
from newsletter.settings.themes import theme_files
from tests.judges.test_clients import INVERT

from .gallery import ISSUE, LOCALES, ROOT, cut, page_of, sheet, shoot
from .letters import UNREADABLE
from .screenshots import SCHEMES

FILES = theme_files(ROOT)
MOST_CONTRAST = 7.0  # WCAG 2.2, 1.4.6 (AAA); a theme of somebody's own needs MIN_CONTRAST
# As a filter of the whole page does it: each part of every colour turned round.
INVERTED = UNREADABLE.replace(".map(Number)", ".map(Number).map((part, place) => (place < 3 ? 255 - part : part))")


@pytest.fixture(scope="module")
def loaded() -> LoadedIssue:
    return load_issue(ISSUE, Vocabulary(tuple(LOCALES), frozenset(), "America/New_York", ROOT / "issues"))


@pytest.mark.parametrize("name", [DEFAULT_THEME, *FILES])
def test_all_words_stand_out_in_every_theme(browser: Browser, loaded: LoadedIssue, name: str) -> None:
    keys = yaml.safe_load(FILES[name].read_text(encoding="utf-8")) if name in FILES else {}
    html = page_of(loaded, "es", Theme.model_validate(keys))
    page = browser.new_page(viewport={"width": 600, "height": 900})
    page.route("http*://**", lambda route: route.abort())
    page.set_content(html)
    assert INVERTED != UNREADABLE
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(UNREADABLE, MOST_CONTRAST) == []
        assert page.evaluate(INVERTED, MIN_CONTRAST) == []
        assert len(page.evaluate(UNREADABLE, 22)) > 60, "nothing is looked at"
    page.emulate_media(color_scheme="light")
    page.evaluate("document.documentElement.setAttribute('data-ogsc', '')")
    assert page.evaluate(UNREADABLE, MOST_CONTRAST) == [], "Outlook.com in the dark"
    for everything in (False, True):
        page.set_content(html)
        page.evaluate(INVERT, everything)
        assert page.evaluate(UNREADABLE, MIN_CONTRAST) == [], "lightness turned round"
    page.close()


def test_gallery_cuts_out_every_block(browser: Browser, loaded: LoadedIssue) -> None:
    shots = cut(*shoot(browser, page_of(loaded, "en", Theme.model_validate({})), 320, "dark"))
    assert list(shots) == [block.id for block in loaded.issue.blocks if block.type != "divider"]
    assert all(shot.width == 320 and shot.height > 80 for shot in shots.values())
    made = sheet([list(shots.values())[:2]])
    assert made.mode == "P"
