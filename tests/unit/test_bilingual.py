"""The bilingual letter: both languages once and in order, one header and one footer, a subject that fits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import builtin
from newsletter.content.fields import Vocabulary
from newsletter.content.load import LoadedIssue
from newsletter.errors import TemplateError
from newsletter.i18n.formats import Formats
from newsletter.i18n.locales import direction
from newsletter.i18n.translate import translate
from newsletter.render.bilingual import MAX_SUBJECT, Bilingual, subject_of
from newsletter.render.compose import Composer
from newsletter.render.mjml import MjmlCompiler
from newsletter.render.pictures import Pictures
from newsletter.render.rendered import CLIPPED_AT, Rendered, clipped, render
from newsletter.render.theme import Letterhead, Theme

from .helpers import ROOT, body_issue, catalog_of, filled, load_text

ALL_BLOCKS = (ROOT / "tests" / "data" / "all-blocks.yaml").read_text(encoding="utf-8")
FORMATS = {"en": "en_US", "es": "es_US", "ar": "ar", "fr": "fr"}
NAMES = {"en": "Our Organisation", "es": "Nuestra Organización", "ar": "منظمتنا", "fr": "Our Organisation"}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Catalogs of template words in which every Arabic word begins with the letter ain."""
    folder = tmp_path_factory.mktemp("locales")
    for locale in ("ar", "fr"):
        path = folder / locale / "LC_MESSAGES" / "messages.po"
        path.parent.mkdir(parents=True)
        catalog = polib.pofile(str(builtin.LOCALES / "es" / "LC_MESSAGES" / "messages.po"), wrapwidth=0)
        for entry in catalog:
            entry.msgstr = f"ع {entry.msgid}"
        catalog.save(str(path))
    return folder


def composer(words: Path, templates: tuple[Path, ...] = (), locales: tuple[str, ...] = ("en", "es")) -> Composer:
    letterhead = Letterhead(NAMES, "1 Main Street", "https://news.example.org", locales, Theme.model_validate({}))
    return Composer(
        letterhead,
        MjmlCompiler(),
        Pictures(ROOT / "issues"),
        templates=[*templates, builtin.TEMPLATES],
        catalogs=[words, builtin.LOCALES],
    )


def letter(loaded: LoadedIssue, pair: str, changes: Mapping[str, str] | None = None) -> Bilingual:
    first, second = (
        translate(loaded, locale, catalog_of(loaded, changes), Formats(FORMATS[locale])) for locale in pair.split("+")
    )
    return Bilingual(first, second)


def all_blocks(pair: str, using: Composer) -> Rendered:
    vocabulary = Vocabulary(("en", "es", "ar"), frozenset({"supporters"}), "America/New_York", ROOT / "issues")
    return render(letter(load_text(ALL_BLOCKS, vocabulary), pair), using)


class Outline(HTMLParser):
    """Each piece of text with the language and direction that hold where it stands, and the inline directions."""

    VOID = ("meta", "img", "br", "hr", "link", "input", "col")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str, str]] = []
        self.texts: list[tuple[str, str, str]] = []  # language, direction, text
        self.styles: list[tuple[str, str]] = []  # language, style
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)
        self.close()
        assert not self.open, "a tag is left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        _tag, lang, way = self.open[-1] if self.open else ("", "", "")
        lang, way = given.get("lang", lang), given.get("dir", way)
        self.attributes += [(tag, name, value) for name, value in given.items()]
        self.styles.append((lang, given.get("style", "")))
        if tag not in self.VOID:
            self.open.append((tag, lang, way))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop()[0] == tag, "tags are nested wrongly"

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open and self.open[-1][0] not in ("style", "title"):
            self.texts.append((self.open[-1][1], self.open[-1][2], data.strip()))


def outline(rendered: Rendered) -> Outline:
    # What Outlook alone reads balances only together with the rest.
    return Outline(re.sub(r"<!--.*?-->", "", filled(rendered.html), flags=re.DOTALL))


@pytest.mark.parametrize("pair", ["es+en", "en+es", "ar+en", "en+ar"])
def test_halves_follow_in_order_each_with_its_language_and_direction(pair: str, words: Path) -> None:
    first, second = pair.split("+")
    page = outline(all_blocks(pair, composer(words, locales=(first, second))))
    languages = [lang for lang, _way, _text in page.texts]
    assert set(languages) == {first, second}
    assert {(lang, way) for lang, way, _text in page.texts} == {(one, direction(one)) for one in (first, second)}
    runs = [lang for index, lang in enumerate(languages) if not index or languages[index - 1] != lang]
    # header, link to the second half, first half, second half, footer in both
    assert runs == [first, second, first, second, first, second]
    for lang, style in page.styles:
        if found := re.search(r"direction:(\w+)", style):
            assert found[1] == direction(lang), style
        start = "right" if direction(lang) == "rtl" else "left"
        if found := re.search(r"text-align:(left|right)", style):
            at_end = "line-height:1.375" in style or "font-size:1px" in style  # the languages of the header; boxes
            assert found[1] == start or at_end, style


def test_spanish_text_is_in_the_spanish_half_only(words: Path) -> None:
    page = outline(all_blocks("es+en", composer(words)))
    marked = {
        lang: [text for found, _way, text in page.texts if found == lang and "«" in text] for lang in ("es", "en")
    }
    assert len(marked["es"]) > 10
    assert not marked["en"]


def test_header_and_footer_stand_once(words: Path) -> None:
    rendered = all_blocks("es+en", composer(words))
    page = outline(rendered)
    texts = [text for _lang, _way, text in page.texts]
    assert texts.count("1 Main Street") == 1
    assert texts.count("Darme de baja") == texts.count("Unsubscribe") == 1
    assert rendered.text.count("1 Main Street") == 1
    tags = re.findall(r"<(h1|html|body|title)\b", rendered.html)
    assert sorted(tags) == ["body", "h1", "html", "title"]
    assert '<html lang="es"' in re.sub(r' dir="ltr"', "", rendered.html)[:400]


def test_links_of_the_footer_keep_apart_in_the_direction_of_their_half(words: Path) -> None:
    page = outline(all_blocks("ar+en", composer(words, locales=("ar", "en"))))
    margins = {
        lang: set(re.findall(r"margin-(left|right):24px", style)) for lang, style in page.styles if "11px 0" in style
    }
    assert margins == {"ar": {"left"}, "en": {"right"}}


@pytest.mark.parametrize("pair", ["es+en", "en+ar"])
def test_link_at_the_top_leads_to_the_second_half(pair: str, words: Path) -> None:
    second = pair.split("+")[1]
    page = outline(all_blocks(pair, composer(words)))
    assert page.attributes.count(("a", "href", f"#in-{second}")) == 1
    assert page.attributes.count(("a", "id", f"in-{second}")) == 1
    assert page.attributes.count(("a", "name", f"in-{second}")) == 1, "Outlook follows names only"
    (link,) = [entry for entry in page.texts if "↓" in entry[2]]
    assert link[:2] == (second, direction(second))


def test_text_holds_both_halves_with_a_rule_between(words: Path) -> None:
    rendered = all_blocks("es+en", composer(words))
    before, after = re.split(r"\n\n\n=+ ENGLISH =+\n\n\n", rendered.text)
    assert before.startswith("NUESTRA ORGANIZACIÓN\n")
    assert "Read this in English below ↓" in before.split("\n")[2]
    assert "«" in before
    assert "«" not in after
    assert after.index("Darme de baja") < after.index("Unsubscribe") < after.index("1 Main Street")
    assert {len(line) for line in rendered.text.split("\n") if "ENGLISH" in line} == {72}


def test_other_languages_are_offered_once_and_its_own_are_not(words: Path) -> None:
    using = composer(words, locales=("en", "es", "fr"))
    html = render(letter(body_issue("Hello"), "es+en"), using).html
    assert html.count("x.fr.html") == 1
    assert html.count("x.es.html") == html.count("x.en.html") == 1, "each half leads to its own web page"


def test_single_language_is_rendered_without_a_trace_of_the_other(words: Path) -> None:
    loaded = body_issue("Hello")
    html = render(translate(loaded, "en", polib.POFile(), Formats("en")), composer(words, locales=("en",))).html
    assert "in-en" not in html
    assert html.count("lang=") == 2, "page and body"


def test_own_template_that_knows_one_language_only_is_refused(words: Path, tmp_path: Path) -> None:
    old = (builtin.TEMPLATES / "edition.mjml.j2").read_text(encoding="utf-8").replace("in halves", "in halves[:1]")
    (tmp_path / "edition.mjml.j2").write_text(old, encoding="utf-8")
    with pytest.raises(TemplateError, match=r"leave out the second language of es\+en"):
        render(letter(body_issue("Hello"), "es+en"), composer(words, (tmp_path,)))


def test_greeting_is_a_mark_in_both_halves(words: Path) -> None:
    loaded = body_issue("Dear {first_name|friend},", subject="News for {first_name|you}")
    changes = {"Dear {first_name|friend},": "Hola, {first_name|compa}:"}
    rendered = render(letter(loaded, "es+en", changes), composer(words))
    for part in (rendered.html, rendered.text):
        assert [part.count(f"\ue000first_name|{word}\ue001") for word in ("compa", "friend")] == [1, 1]
    assert rendered.subject.count("\ue000") == 2


def test_warning_only_for_pages_that_gmail_cuts() -> None:
    assert clipped("es", "x" * CLIPPED_AT) == ""
    assert clipped("es+en", "ñ" * CLIPPED_AT) == "the es+en edition has 200 KB, and Gmail hides what comes after 102 KB"


# The subject


def subject(first: str, second: str) -> str:
    given = letter(body_issue("Hello"), "es+en")
    halves = zip((given.first, given.second), (first, second), strict=True)
    return subject_of(
        Bilingual(*(replace(half, issue=half.issue.model_copy(update={"subject": text})) for half, text in halves))
    )


LONG = "Wir kommen wieder und bringen alle unsere Freundinnen und Freunde aus dem ganzen Tal mit nach Hause"


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ("Noticias de junio", "News of June", "Noticias de junio / News of June"),
        ("¡Ya basta!", "¡Ya basta!", "¡Ya basta!"),
        ("Corto", LONG, f"Corto / {LONG}"),
        (LONG, "Short", f"{LONG} / Short"),
        (
            LONG,
            f"{LONG}!",
            f"{LONG[:57]}… / {LONG[:57]}…",
        ),
        (
            LONG,
            "Twenty-nine characters or so",
            f"{LONG[:88]}… / Twenty-nine characters or so",
        ),
        ("x" * 78, "y" * 78, f"{'x' * 57}… / {'y' * 58}…"),
        (
            f"Hola, {{first_name|{'z' * 60}}}",
            LONG,
            f"Hola… / {LONG}",
        ),
    ],
)
def test_subject_says_both_and_is_shortened_at_a_word(first: str, second: str, both: str) -> None:
    assert subject(first, second) == both


_PIECES = st.lists(
    st.sampled_from(["a", "verylongwordindeed" * 4, "{first_name|dear friend}", "fin.", "¡sí!"]),
    min_size=1,
    max_size=30,
)


@given(_PIECES, _PIECES)
def test_no_subject_is_too_long_or_cuts_a_placeholder(first: list[str], second: list[str]) -> None:
    both = subject(" ".join(first), " ".join([*second, "end"]))
    shown = re.sub(r"\{first_name\|([^{}]*)\}", r"\1", both)
    assert len(shown) <= MAX_SUBJECT
    assert "{" not in shown
    assert "}" not in shown
