"""Composing: all words or none, broken templates named with their line, overrides, pictures named by content."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from newsletter.content.fields import Vocabulary
from newsletter.content.load import load_issue
from newsletter.errors import ContentError, TemplateError
from newsletter.i18n.catalog import catalog_path, read_catalog
from newsletter.i18n.formats import Formats
from newsletter.i18n.translate import translate
from newsletter.render.mjml import MjmlCompiler
from newsletter.render.pictures import Pictures, place_media
from newsletter.render.rendered import render
from newsletter.render.words import template_words
from newsletter.skeleton import write_issue, write_workspace
from newsletter.workspace import find_workspace

from .helpers import ROOT, Page, body_issue, catalog_of, composer, edition_of, filled, issue_of, rendered

PICTURE_ISSUE = {"type": "image", "id": "a", "image": {"src": "media/Our picture (1).PNG", "alt": "We"}}


def write(file: Path, text: str) -> Path:
    """Write a file, and return the folder that is given to the composer."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file.parent


def catalog(folder: Path, locale: str, **words: str) -> Path:
    """A folder of catalogs in which these template words are translated."""
    entries = "".join(f'msgid "{msgid}"\nmsgstr "{text}"\n\n' for msgid, text in words.items())
    write(folder / locale / "LC_MESSAGES" / "messages.po", f'msgid ""\nmsgstr "Language: {locale}\\n"\n\n{entries}')
    return folder


def test_word_without_a_translation_stops_the_edition_and_is_named() -> None:
    loaded = body_issue("Hello")
    edition = translate(loaded, "fr", catalog_of(loaded), Formats("fr"))
    with pytest.raises(TemplateError) as caught:
        render(edition, composer())
    assert "have no translation into 'fr'" in caught.value.message
    assert "'Donate'" in caught.value.message, "all words at once, not one a round"
    assert "locales/fr/LC_MESSAGES/messages.po" in caught.value.hint


def test_workspace_words_go_over_the_built_in_ones(tmp_path: Path) -> None:
    folder = catalog(tmp_path, "es", Unsubscribe="Ya no quiero")
    letter = render(edition_of(body_issue("Hello"), "es"), composer(catalogs=[folder]))
    assert "Ya no quiero" in letter.html
    assert "Ya no quiero" in letter.text
    assert "Ver en tu navegador" in letter.text.replace("Ver en el navegador", "Ver en tu navegador")


def test_every_built_in_word_has_a_spanish_translation() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "quote", "id": "q", "text": "Q"},
        {"type": "appeal", "id": "d", "title": "T", "url": "https://example.org", "amounts": [5]},
        {**PICTURE_ISSUE, "image": {"src": "https://example.org/a.png", "alt": "A"}},
    ]
    targets = [{"url": "https://example.org", "label": "L"}]
    event = {"starts": "2019-06-10T18:00", "place": "P", "online": "https://example.org"}
    blocks += [
        {
            "type": "action",
            "id": kind,
            "kind": kind,
            "title": "T",
            "targets": targets,
            "event": event,
            "deadline": "2019-06-09",
        }
        for kind in ("petition", "letter", "call", "event", "march", "rsvp", "share")
    ]
    letter = render(edition_of(issue_of(*blocks), "es"), composer())
    for english in ("Unsubscribe", "Deadline", "Where", "Petition", "Picture:", "Join by video", "You get this"):
        assert english not in letter.html + letter.text


@pytest.mark.parametrize("broken", ['msgid "Donate\nmsgstr "x"\n', "msgid Donate\nmsgstr\n", "\xff\xfe"])
def test_broken_words_are_told_with_their_place(tmp_path: Path, broken: str) -> None:
    write(tmp_path / "es" / "LC_MESSAGES" / "messages.po", broken)
    with pytest.raises(ContentError, match=r"messages\.po:"):
        template_words("es", [tmp_path])("Donate")


def test_fuzzy_word_counts_as_missing_and_values_are_put_in_as_they_are(tmp_path: Path) -> None:
    text = '#, fuzzy\nmsgid "Donate"\nmsgstr "Dona"\n\nmsgid "Hi %(name)s"\nmsgstr "Hola, %(name)s"\n'
    write(tmp_path / "es" / "LC_MESSAGES" / "messages.po", text)
    words = template_words("es", [tmp_path])
    with pytest.raises(TemplateError, match="no translation into 'es': 'Donate'"):
        words("Donate")
    assert words("Hi %(name)s", name="50% %(name)s") == "Hola, 50% %(name)s"
    assert template_words("en_US", [])("Hi %(name)s", name="Ana") == "Hi Ana"


BROKEN = {
    "syntax": ("<mj-text>\n{% if %}\n", "blocks/text.mjml.j2:2"),
    "unclosed": ("{% if block %}\n", "blocks/text.mjml.j2:1"),
    "unknown filter": ("a\nb\n{{ block.body|nofilter }}\n", "blocks/text.mjml.j2:3"),
    "undefined name": ("a\n{{ nobody }}\n", "blocks/text.mjml.j2:2"),
    "undefined attribute": ("a\n\n{{ block.nothing }}\n", "blocks/text.mjml.j2:3"),
    "sandbox": ("{{ block.__class__.__mro__ }}\n", "blocks/text.mjml.j2:1"),
    "absent include": ('{% include "nowhere.j2" %}\n', "nowhere.j2"),
    "division": ("\n{{ 1 // 0 }}\n", "blocks/text.mjml.j2:2"),
    "wrong type": ("\n{{ 1 + 'a' }}\n", "blocks/text.mjml.j2:2"),
    "absent picture": ("{{ picture('gone.png') }}\n", "blocks/text.mjml.j2:1"),
    "unknown tag": ("<mj-section><mj-column><mj-txet>a</mj-txet></mj-column></mj-section>\n", "mj-txet"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_template_is_named_with_its_line(tmp_path: Path, kind: str) -> None:
    text, where = BROKEN[kind]
    write(tmp_path / "blocks" / "text.mjml.j2", text)
    with pytest.raises(TemplateError) as caught:
        rendered(body_issue("Hello"), composer([tmp_path]))
    assert where in caught.value.message


def test_workspace_templates_override_file_by_file(tmp_path: Path) -> None:
    write(
        tmp_path / "blocks" / "divider.mjml.j2",
        "<mj-section><mj-column><mj-text>OURS {{ block.type }}</mj-text></mj-column></mj-section>\n",
    )
    loaded = issue_of({"type": "divider"}, {"type": "text", "id": "a", "title": "Heading", "body": "Words"})
    html = rendered(loaded, composer([tmp_path])).html
    assert "OURS divider" in html
    assert "Heading" in html
    assert "OURS" not in rendered(loaded).html


def test_template_text_is_escaped_and_its_own_markup_is_not(tmp_path: Path) -> None:
    write(
        tmp_path / "blocks" / "text.mjml.j2",
        '<mj-section><mj-column><mj-text><i>{{ block.title }}</i>{{ "<u>" }}</mj-text></mj-column></mj-section>\n',
    )
    page = Page(
        rendered(issue_of({"type": "text", "id": "a", "title": "<b> & co", "body": "B"}), composer([tmp_path])).html
    )
    assert "<b> & co" in page.text
    assert "<u>" in page.text
    assert not {"b", "u"} & {tag for tag, _attributes in page.tags}


def test_no_short_word_stands_alone_at_the_end() -> None:
    body = (
        "Dear {first_name|my friend}\n\nYou wrote, and she *is free*.\n\n- This one is ours\n\nIt was seen everywhere"
    )
    letter = rendered(issue_of({"type": "text", "id": "a", "title": "March with the farmworkers", "body": body}))
    html = filled(letter.html)
    assert "Dear my friend</p>" in html, "a fall-back stays as it is"
    assert "she <em>is\u00a0free</em>." in html
    assert "one is\u00a0ours</li>" in html
    assert "seen everywhere</p>" in html, "long words stay apart: large letters would be torn"
    assert 'March with <span style="display:inline-block">the farmworkers</span></h2>' in html
    assert "\u00a0" not in letter.text


def test_styles_take_no_more_room_than_they_need() -> None:
    style = re.findall(r"<style.*?</style>", rendered(body_issue("Hello")).html, re.DOTALL)
    assert not [rule for rule in style if re.search(r": | \{|\{ | \}|;\}| !important", rule)]
    assert ".photo a{color:#1d5440}" in style[-1]


def test_letter_fetches_nothing_but_pictures_and_tracks_nobody() -> None:
    page = Page(rendered(body_issue("[us](https://example.org)")).html)
    assert not {"script", "iframe", "form", "object", "embed", "link", "video"} & {tag for tag, _names in page.tags}
    assert not [value for _tag, name, value in page.values if name.startswith("on") or value.startswith("javascript")]
    assert "@import" not in page.text
    assert "url(" not in page.text


def test_picture_is_named_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    file = tmp_path / "media" / "Our picture (1).PNG"
    names = []
    for colour in ("red", "red", "blue"):
        Image.new("RGB", (10, 10), colour).save(file)
        html = rendered(issue_of(PICTURE_ISSUE), composer(pictures=tmp_path)).html
        (src,) = [value for tag, name, value in Page(filled(html)).values if (tag, name) == ("img", "src")]
        names.append(src)
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("media/Our-picture-1-") or names[0].startswith("media/Our-picture-")
    assert names[0].endswith(".png")


def test_pictures_are_published_where_the_page_looks_for_them(tmp_path: Path) -> None:
    Image.new("RGB", (10, 10)).save(tmp_path / "a.png")
    pictures = Pictures(tmp_path)
    assert pictures.url("https://example.org/a.png") == "https://example.org/a.png"
    mark = pictures.url("a.png")
    (published,) = pictures.publish(tmp_path / "out")
    assert published.read_bytes() == (tmp_path / "a.png").read_bytes()
    assert (tmp_path / "out" / place_media(mark, "")) == published
    assert place_media(f"<{mark}>", "https://news.example.org/") == f"<https://news.example.org/media/{published.name}>"
    assert place_media("\ue000name|you\ue001", "x") == "\ue000name|you\ue001"


def test_compiler_names_the_tag_it_does_not_know() -> None:
    with pytest.raises(TemplateError, match="mj-nothing"):
        MjmlCompiler().compile("<mjml><mj-body><mj-nothing /></mj-body></mjml>")


@pytest.mark.parametrize("locale", ["en", "es"])
def test_skeleton_is_a_workspace_whose_issues_render(tmp_path: Path, locale: str) -> None:
    root = tmp_path / "my-news"
    write_workspace(root)
    new = write_issue(root / "issues", "2019-06-summer", dt.date(2019, 6, 3), "en")
    workspace = find_workspace(root, {})
    settings = workspace.settings
    words = Vocabulary(settings.locales, frozenset(settings.segments), settings.organisation.timezone, workspace.issues)
    welcome = load_issue(workspace.issue_file("welcome"), words)
    path = catalog_path(workspace.locales, locale, "welcome")
    edition = translate(welcome, locale, read_catalog(path), Formats(settings.format_locale(locale)))
    letter = render(edition, composer(workspace.template_folders, workspace.catalog_folders, workspace.issues))
    assert welcome.issue.subject == "Welcome to our newsletter"
    assert edition.issue.subject in letter.text
    assert ("boletín" in letter.text) is (locale == "es")
    fresh = load_issue(new, words)
    assert rendered(fresh).subject == "What happened, in one line"


def test_issues_of_this_repository_load() -> None:
    workspace = find_workspace(ROOT, {})
    settings = workspace.settings
    words = Vocabulary(settings.locales, frozenset(settings.segments), settings.organisation.timezone, workspace.issues)
    assert [load_issue(file, words).slug for file in workspace.issue_files()]
