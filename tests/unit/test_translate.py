"""Editions: whole or not at all, and a translation is held to what its source was held to."""

from __future__ import annotations

import pytest

from newsletter.content.blocks import Action, Story, Text
from newsletter.content.load import LoadedIssue
from newsletter.errors import ContentError, TranslationError
from newsletter.i18n.formats import Formats
from newsletter.i18n.translate import Edition, limiting_segments, translate

from .helpers import body_issue, catalog_of, edition_of, issue_of

PETITION = {
    "type": "action", "id": "petition", "kind": "petition", "title": "Free Beto", "body": "Nearly {count} letters.",
    "count": 1300, "targets": [{"url": "https://example.org", "label": "Sign"}],
}  # fmt: skip


def spanish(loaded: LoadedIssue, changes: dict[str, str], *, draft: bool = False) -> Edition:
    """The Spanish edition, in which some texts are translated so."""
    catalog = catalog_of(loaded, changes)
    return translate(loaded, "es", catalog, Formats("es_US"), draft=draft, catalog_name="locales/es/x.po")


def test_source_locale_needs_no_catalog() -> None:
    loaded = body_issue("Hello")
    assert translate(loaded, "en", catalog_of(loaded), Formats("en_US")).issue == loaded.issue


def test_every_text_is_replaced() -> None:
    edition = spanish(body_issue("One", "Two", subject="Victory"), {"Victory": "Victoria", "One": "Uno", "Two": "Dos"})
    assert edition.issue.subject == "Victoria"
    assert isinstance(edition.issue.blocks[0], Text)
    assert edition.issue.blocks[0].body == "Uno\n\nDos"


def test_fuzzy_and_missing_messages_stop_an_edition_and_are_named() -> None:
    loaded = body_issue("One", "Two", "Three")
    catalog = catalog_of(loaded, {"Two": "", "Three": " \n"})
    next(entry for entry in catalog if entry.msgid == "One").flags.append("fuzzy")
    with pytest.raises(TranslationError) as caught:
        translate(loaded, "es", catalog, Formats("es_US"))
    assert "the es edition of 'x' is not complete: 1 to look over, 2 missing" in caught.value.message
    for told in ("fuzzy: greeting.body: 'One'", "missing: greeting.body: 'Two'", "missing: greeting.body: 'Three'"):
        assert told in caught.value.message
    assert "newsletter i18n sync x" in caught.value.hint


def test_obsolete_translation_of_the_same_text_is_not_used() -> None:
    loaded = body_issue("One")
    catalog = catalog_of(loaded)
    next(entry for entry in catalog if entry.msgid == "One").obsolete = True
    with pytest.raises(TranslationError, match="1 missing"):
        translate(loaded, "es", catalog, Formats("es_US"))


def test_long_list_of_holes_is_cut() -> None:
    loaded = body_issue(*(f"Paragraph {number}" for number in range(15)))
    with pytest.raises(TranslationError, match="and 5 more"):
        translate(
            loaded, "es", catalog_of(loaded, {f"Paragraph {number}": "" for number in range(15)}), Formats("es_US")
        )


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("<b>Hola</b>", "raw-html"),
        ("<script>alert(1)</script>", "raw-html"),
        ("![a](https://example.org/a.png)", "markdown-image"),
        ("[aquí](javascript:alert)", "bad-url"),
        ("[aquí](example.org)", "bad-url"),
        ("{nombre|compa}", "unknown-placeholder"),
        ("{first_name}", "bad-placeholder"),
        ("{{ 7*7 }}", "unknown-placeholder"),
        ("{count} cartas", "unknown-placeholder"),
        ("\ue000unsubscribe_url|x\ue001", "invisible-character"),
        ("a\u202eb", "invisible-character"),
        ("a\rb", "invisible-character"),
    ],
)
def test_malformed_translation_is_refused_with_its_place(target: str, code: str) -> None:
    loaded = body_issue("Hello")
    catalog = catalog_of(loaded, {"Hello": target})
    next(entry for entry in catalog if entry.msgid == "Hello").linenum = 21
    with pytest.raises(ContentError) as caught:
        translate(loaded, "es", catalog, Formats("es_US"), catalog_name="locales/es/x.po")
    finding = caught.value.findings[0]
    assert (str(finding.where), finding.code) == ("locales/es/x.po:21:1", code)
    assert finding.message.startswith("greeting.body: ")


@pytest.mark.parametrize("target", ["One\nTwo", "Hola\r\nBcc: somebody@example.org", "{nombre|x}"])
def test_malformed_line_is_refused(target: str) -> None:
    with pytest.raises(ContentError):
        spanish(body_issue("Hello", subject="Victory"), {"Victory": target})


def test_line_loses_the_breaks_around_it() -> None:
    assert spanish(body_issue(subject="Victory"), {"Victory": "\n Victoria \n"}).issue.subject == "Victoria"


def test_all_malformed_translations_come_at_once() -> None:
    with pytest.raises(ContentError) as caught:
        spanish(body_issue("One", "Two"), {"One": "<i>", "Two": "{x}"})
    assert len(caught.value.findings) == 2


def test_draft_shows_its_holes_and_raises_nothing() -> None:
    loaded = body_issue("One", "Two", "Three")
    catalog = catalog_of(loaded, {"One": "", "Two": "Dos", "Three": "<b>"})
    next(entry for entry in catalog if entry.msgid == "Two").flags.append("fuzzy")
    edition = translate(loaded, "es", catalog, Formats("es_US"), draft=True)
    assert edition.draft
    assert isinstance(edition.issue.blocks[0], Text)
    assert edition.issue.blocks[0].body == "⟦missing: One⟧\n\n⟦fuzzy: Dos⟧\n\n<b>"


@pytest.mark.parametrize(("locale", "number"), [("en_US", "1,300"), ("es_US", "1,300"), ("es_ES", "1.300")])
def test_count_is_written_as_the_locale_does(locale: str, number: str) -> None:
    loaded = issue_of(PETITION)
    text = "en" if locale == "en_US" else "es"
    catalog = catalog_of(loaded, {"Nearly {count} letters.": "Unas {count} cartas."})
    block = translate(loaded, text, catalog, Formats(locale)).issue.blocks[0]
    assert isinstance(block, Action)
    assert number in block.body
    assert "{count}" not in block.body


def test_values_by_locale_are_chosen() -> None:
    urls = {"en": "https://example.org/en", "es": "https://example.org/es"}
    loaded = issue_of({"type": "story", "id": "a", "title": "T", "body": "B", "link": {"url": urls, "label": "Read"}})
    for locale in ("en", "es"):
        block = edition_of(loaded, locale).issue.blocks[0]
        assert isinstance(block, Story)
        assert block.link
        assert block.link.url == urls[locale]


def test_blocks_are_shown_to_those_they_are_for() -> None:
    loaded = issue_of(
        {"type": "text", "id": "all", "body": "A"},
        {"type": "text", "id": "spanish", "body": "B", "only": {"locales": ["es"]}},
        {"type": "text", "id": "board", "body": "C", "only": {"segments": ["board", "supporters"]}},
        {"type": "text", "id": "both", "body": "D", "only": {"locales": ["es"], "segments": ["board"]}},
    )

    def seen(locale: str, segments: frozenset[str] | None) -> list[str]:
        edition = translate(loaded, locale, catalog_of(loaded), Formats(locale), segments=segments)
        return [str(getattr(block, "id", "")) for block in edition.issue.blocks]

    assert limiting_segments(loaded.issue) == {"board", "supporters"}
    assert seen("en", frozenset()) == ["all"]
    assert seen("en", frozenset({"supporters", "elsewhere"})) == ["all", "board"]
    assert seen("es", frozenset()) == ["all", "spanish"]
    assert seen("es", frozenset({"board"})) == ["all", "spanish", "board", "both"]
    assert seen("es", None) == ["all", "spanish", "board", "both"]
    assert translate(
        loaded, "en", catalog_of(loaded), Formats("en"), segments=frozenset({"board", "elsewhere"})
    ).segments == {"board"}, "segments that limit nothing make no other edition"


@pytest.mark.parametrize(
    ("number", "expected"), [(1, "Una persona ha firmado."), (1300, "1,300 personas han firmado.")]
)
def test_counted_words_take_the_plural_of_their_language(number: int, expected: str) -> None:
    source = "{count|One person has|# people have} signed."
    petition = {**PETITION, "body": source, "count": number}
    loaded = issue_of(petition)
    catalog = catalog_of(loaded, {source: "{count|Una persona ha|# personas han} firmado."})
    (block,) = translate(loaded, "es", catalog, Formats("es_US")).issue.blocks
    assert isinstance(block, Action)
    assert block.body == expected
