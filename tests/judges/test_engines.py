"""Three MJML engines make the same letter: ours, mrml, and the original for Node.

A difference that matters is one that a reader sees: a word, a link, a picture,
what a word is part of (heading, list, table), its colour, what is behind it,
its size, weight and side, and the language it is announced in.  What differs
without being seen is the order of attributes, comments and empty elements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.judges.conftest import Sample, Verdicts

_VOID = frozenset({"img", "br", "hr", "meta", "link", "input"})
_MEANING = frozenset(
    {"h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "blockquote", "a", "th", "strong", "em"}
)


@dataclass(frozen=True)
class Word:
    """A piece of text, and all that a reader sees of it."""

    text: str
    within: tuple[str, ...]
    link: str
    colour: str
    behind: str
    size: str
    weight: str
    side: str
    language: str
    direction: str


class Seen(HTMLParser):
    """A page as its reader sees it: words and pictures, each with what its nearest ancestors say of it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[Word] = []
        self.pictures: list[tuple[str, ...]] = []
        self._open: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what it says of what is in it."""
        told = {name: value or "" for name, value in attrs}
        style = dict(re.findall(r"([\w-]+)\s*:\s*([^;]+?)\s*(?:;|$)", told.get("style", "").lower()))
        if tag == "img":
            self.pictures.append((*(told.get(name, "") for name in ("src", "alt", "width")), self._said("href")))
        if tag not in _VOID:
            self._open.append((tag, style, told))

    def handle_endtag(self, tag: str) -> None:
        """Forget it, and what was left open in it."""
        names = [name for name, _style, _told in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        text = " ".join(data.split())
        tags = [tag for tag, _style, _told in self._open]
        if text and not {"style", "title"} & set(tags):
            within = tuple(tag for tag in tags if tag in _MEANING)
            self.words.append(
                Word(
                    text,
                    within,
                    self._said("href"),
                    self._style("color"),
                    self._style("background-color"),
                    self._style("font-size"),
                    self._style("font-weight"),
                    self._style("text-align"),
                    self._said("lang"),
                    self._said("dir"),
                )
            )

    def _style(self, name: str) -> str:
        for _tag, style, _told in reversed(self._open):
            if name in style:
                return style[name].replace(" ", "")
            if name == "background-color" and (found := re.search(r"#[0-9a-f]{6}", style.get("background", ""))):
                return found.group()
        return ""

    def _said(self, name: str) -> str:
        return next((told[name] for _tag, _style, told in reversed(self._open) if name in told), "")


@pytest.fixture(scope="module", params=["ours", "mrml"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_engines_agree_in_all_that_a_reader_sees(engine: str, samples: list[Sample], verdicts: Verdicts) -> None:
    for sample in samples:
        # Both with all that is done around the engine; the original gets the whole document, with its texts.
        suffix = {"ours": ".made", "mrml": ".mrml"}[engine]
        made = Seen(sample.path.with_suffix(suffix).read_text(encoding="utf-8"))
        original = Seen(verdicts.mails[sample.name]["mjml"]["html"])
        assert len(made.words) > 20
        assert made.words == original.words, sample.name
        assert made.pictures == original.pictures, sample.name


def test_original_finds_no_mistake_in_the_templates(verdicts: Verdicts) -> None:
    found = {name: verdict["mjml"]["errors"] for name, verdict in verdicts.mails.items() if verdict["mjml"]["errors"]}
    assert found == {}


def test_difference_that_matters_is_seen() -> None:
    page = (
        '<div lang="en" style="color:#111111"><h2>One <a href="/a">two</a></h2><img src="x" alt="y" width="9"/></div>'
    )
    for change in (
        ("One", "Two"),
        ("/a", "/b"),
        ("h2>", "h3>"),
        ("#111111", "#222222"),
        ('"en"', '"es"'),
        ('"y"', '"z"'),
    ):
        other = page.replace(*change)
        seen, changed = Seen(page), Seen(other)
        assert (seen.words, seen.pictures) != (changed.words, changed.pictures), change


def test_folder_holds_mjml_for_every_mail(folder: Path) -> None:
    assert {file.stem for file in folder.glob("*.mjml")} == {file.stem for file in folder.glob("*.eml")}
