"""Themes by name: built in or the workspace's own, under what the settings say; and all of them can be read."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from newsletter.errors import SettingsError
from newsletter.render.theme import DEFAULT_THEME, MIN_CONTRAST, RADII, Corners, Theme, contrast
from newsletter.settings import Settings, read_settings
from newsletter.settings.themes import theme_files

from .helpers import ROOT, Page, composer, issue_of, rendered

SETTINGS = """\
organisation: {name: x, postal_address: 1 Main Street, timezone: UTC}
locales: [en]
sender: {address: news@example.org}
public_url: https://news.example.org
"""
THEMES = {DEFAULT_THEME: Theme.model_validate({})} | {
    name: Theme.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    for name, file in theme_files(ROOT).items()
}
PAIRS = [
    (words + dark, behind + dark)
    for dark in ("", "_dark")
    for words in ("ink", "primary", "accent")
    for behind in ("paper", "ground")
]


def read(root: Path, theme: str, **environment: str) -> Settings:
    (root / "newsletter.yaml").write_text(f"{SETTINGS}theme: {theme}\n", encoding="utf-8")
    return read_settings(root, environment)


def write_theme(root: Path, name: str, text: str) -> None:
    folder = root / "templates" / "themes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def as_it_is(colour: str) -> str:
    return colour


def inverted(colour: str) -> str:
    """Each part of a colour turned round."""
    return "#" + "".join(f"{255 - int(colour[at : at + 2], 16):02x}" for at in (1, 3, 5))


def darkened(colour: str) -> str:
    """Light for dark, in the same hue."""
    hue, light, colourful = colorsys.rgb_to_hls(*(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)))
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, 1 - light, colourful))


@pytest.mark.parametrize("change", [as_it_is, inverted, darkened])
@pytest.mark.parametrize("name", THEMES)
def test_every_pair_of_a_built_in_theme_reads_well_also_when_inverted(name: str, change: Callable[[str], str]) -> None:
    theme = THEMES[name]
    weak = [
        (words, behind)
        for words, behind in PAIRS
        if contrast(change(getattr(theme, words)), change(getattr(theme, behind))) < MIN_CONTRAST
    ]
    assert weak == []


def test_there_are_three_built_in_themes_and_no_two_are_alike() -> None:
    assert set(THEMES) == {"harvest", "plaza", "river"}
    assert len({theme.primary for theme in THEMES.values()}) == len({theme.corners for theme in THEMES.values()}) == 3


def test_named_theme_lies_under_what_the_settings_say(tmp_path: Path) -> None:
    theme = read(tmp_path, "{name: river, accent: '#9c2f4a'}").theme
    assert (theme.primary, theme.accent, theme.corners) == (THEMES["river"].primary, "#9c2f4a", Corners.ROUND)
    assert read(tmp_path, "{}", NEWSLETTER_THEME__NAME="plaza").theme.primary == THEMES["plaza"].primary
    assert read(tmp_path, "{name: harvest}").theme == read(tmp_path, "{}").theme


def test_own_theme_goes_before_a_built_in_one_of_its_name(tmp_path: Path) -> None:
    write_theme(tmp_path, "river", "primary: '#123456'\n")
    write_theme(tmp_path, "harvest", "primary: '#0a2a4a'\n")
    assert read(tmp_path, "{name: river}").theme.primary == "#123456"
    assert read(tmp_path, "{name: river}").theme.accent == THEMES["harvest"].accent
    assert read(tmp_path, "{name: harvest}").theme.primary == "#0a2a4a"


@pytest.mark.parametrize(
    ("name", "text", "where", "code", "says"),
    [
        ("rivers", "", "newsletter.yaml:5:15", "unknown-theme", "no theme 'rivers'"),
        ("../secret", "", "newsletter.yaml:5:15", "unknown-theme", "no theme '../secret'"),
        ("own", "primry: '#123456'\n", "templates/themes/own.yaml:1:1", "unknown-key", "'primry'"),
        ("own", "ink: '#123456'\nname: x\n", "templates/themes/own.yaml:2:1", "unknown-key", "'name'"),
        ("own", "ink: '#123456'\nprimary: red\n", "templates/themes/own.yaml:2:1", "bad-value", "'red'"),
        ("own", "- ink\n", "templates/themes/own.yaml:1:1", "wrong-type", "a mapping"),
        ("own", "ink: '#f0f0f0'\n", "newsletter.yaml:5:8", "low-contrast", "ink #f0f0f0 on "),
        ("own", "ink: 'a\n", "templates/themes/own.yaml", "yaml", ""),
    ],
)
def test_mistake_in_a_theme_is_told_where_it_stands(
    tmp_path: Path, name: str, text: str, where: str, code: str, says: str
) -> None:
    if text:
        write_theme(tmp_path, name, text)
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, f"{{name: {name}}}")
    finding = caught.value.findings[0]
    assert str(finding.where).startswith(where)
    assert finding.code == code
    assert says in finding.message


@pytest.mark.parametrize("corners", Corners)
def test_buttons_end_as_the_theme_wants(corners: Corners) -> None:

    block = {"type": "story", "id": "a", "title": "T", "body": "B"}

    loaded = issue_of({**block, "link": {"url": "https://example.org", "label": "Read the law"}})
    page = Page(rendered(loaded, composer(corners=corners.value)).html)
    styles = [value for tag, name, value in page.values if name == "style" and "Read" not in value]
    assert any(f"border-radius:{RADII[corners]}" in style for style in styles)
