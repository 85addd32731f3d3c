"""The way of a translation through the commands: sync, seeds, approval, status, and a language from right to left."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

import polib
import pytest
import yaml

from tests.unit.helpers import assert_msgfmt_accepts

from .conftest import ISSUE, Space

APPROVAL = Path("locales/es/approvals/june.yaml")


def catalog_file(space: Space, locale: str = "es", slug: str = "june") -> Path:
    return space.root / "locales" / locale / "LC_MESSAGES" / "issues" / f"{slug}.po"


def edit_catalog(space: Space, source: str, target: str, locale: str = "es", slug: str = "june") -> None:
    """Translate one text, as a PO editor does."""
    path = catalog_file(space, locale, slug)
    catalog = polib.pofile(str(path), wrapwidth=0)
    entry = catalog.find(source)
    assert entry is not None
    entry.msgstr, entry.flags = target, []
    catalog.save()


def entry_of(space: Space, source: str, slug: str = "june", locale: str = "es") -> polib.POEntry:
    """The message of one text."""
    entry = polib.pofile(str(catalog_file(space, locale, slug))).find(source)
    assert entry is not None
    return entry


def settings(space: Space, **values: object) -> None:
    """Change settings of the top level."""
    path = space.root / "newsletter.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**data, **values}, allow_unicode=True), encoding="utf-8")


def status(space: Space, locale: str = "es", slug: str = "june") -> dict[str, Any]:
    """The row of one edition."""
    rows: Any = space.json("i18n", "status")
    (row,) = [row for row in rows if (row["issue"], row["locale"]) == (slug, locale)]
    return dict(row)


# Sync


def test_sync_twice_changes_no_byte_and_reports(space: Space) -> None:
    before = catalog_file(space).read_bytes()
    (row,) = list[Any](space.json("i18n", "sync"))  # type: ignore[call-overload]
    assert (row["issue"], row["locale"], row["translated"], row["missing"]) == ("june", "es", 8, 0)
    assert catalog_file(space).read_bytes() == before


def diff(before: str, after: str) -> list[str]:
    """The lines that git would show with + or -."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


ADDED = {
    "a paragraph": ("      the law was", "      A paragraph between.\n\n      the law was"),
    "a picture": ("    title: Milk", "    image: {src: 'https://example.org/x.png', alt: A barn}\n    title: Milk"),
    "a button's limit": ("    title: Give", "    label: Give now\n    title: Give"),
}


@pytest.mark.parametrize(("old", "new"), ADDED.values(), ids=ADDED)
def test_one_added_message_is_a_diff_of_at_most_six_lines(space: Space, old: str, new: str) -> None:
    before = catalog_file(space).read_text(encoding="utf-8")
    space.write_issue(ISSUE.replace(old, new, 1))
    space.run("i18n", "sync")
    changed = diff(before, catalog_file(space).read_text(encoding="utf-8"))
    assert 0 < len(changed) <= 6, changed
    space.write_issue(ISSUE)
    space.run("i18n", "sync")
    assert catalog_file(space).read_text(encoding="utf-8") == before


def test_text_of_an_earlier_issue_comes_as_fuzzy_and_says_where_from(space: Space) -> None:
    second = ISSUE.replace("Milk with Dignity", "More milk")
    space.write_issue(second.replace("      the law was signed. *Polimigra* must end.\n", ""), "july")
    (space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / "broken.po").write_text("nonsense\n")
    assert "broken.po is broken" in space.run("i18n", "sync", "july").stderr
    before = catalog_file(space, slug="july").read_text(encoding="utf-8")
    entry = entry_of(space, "What happened in May", "july")
    assert (entry.msgstr, entry.fuzzy) == ("Lo que pasó en mayo", True)
    assert entry.comment == "preheader; at most 140 characters; from june, preheader"
    assert entry_of(space, "More milk", "july").msgstr == ""
    space.write_issue(second, "july")
    space.run("i18n", "sync", "july")
    after = catalog_file(space, slug="july").read_text(encoding="utf-8")
    assert len(diff(before, after)) <= 6
    space.run("i18n", "sync", "july")
    assert catalog_file(space, slug="july").read_text(encoding="utf-8") == after
    edit_catalog(space, "What happened in May", "Lo que pasó en mayo", slug="july")
    space.run("i18n", "sync", "july")
    assert entry_of(space, "What happened in May", "july").comment == ("preheader; at most 140 characters"), (
        "once it is finished, it is this issue's own"
    )
    assert_msgfmt_accepts(catalog_file(space, slug="july"))


def test_only_the_catalogs_of_other_languages_are_written_whatever_the_source(space: Space) -> None:
    space.write_issue(ISSUE.replace("source_locale: en", "source_locale: es"), "julio")
    space.run("i18n", "sync", "julio")
    assert catalog_file(space, "en", "julio").is_file()
    assert not catalog_file(space, "es", "julio").exists()
    entry = entry_of(space, "What happened in May", "julio", "en")
    assert entry.msgstr == "", "june goes from English to Spanish"


def test_broken_catalog_of_one_issue_leaves_all_others_unwritten(space: Space) -> None:
    space.write_issue(ISSUE, "a-first")
    catalog_file(space).write_text("nonsense\n", encoding="utf-8")
    assert "june.po:1" in space.run("i18n", "sync", code=1).stderr
    assert not catalog_file(space, slug="a-first").exists()


# What the issue's file says of languages

BY_LOCALE = """\
source_locale: en
date: 2019-06-03
subject: {en: Victory, es: Victoria}
preheader: One more line
blocks:
  - type: text
    id: greeting
    body:
      en: |
        Hello.

        The law is signed.
      es: |
        Hola.

        Se firmó la ley.
  - type: text
    id: slogan
    translate: false
    title: ¡Ya basta!
    body: ¡Ya basta!
  - type: text
    id: for-english
    only: {locales: [en]}
    body: For readers of English.
  - type: text
    id: for-spanish
    only: {locales: [es]}
    body: For readers of Spanish.
"""


def test_texts_by_locale_seed_the_catalog_once_and_then_it_wins(space: Space) -> None:
    space.write_issue(BY_LOCALE)
    catalog_file(space).unlink()
    assert "2 to translate" in space.run("i18n", "sync").stdout, "the preheader, and the text for Spanish"
    catalog = polib.pofile(str(catalog_file(space)))
    assert {entry.msgid: entry.msgstr for entry in catalog} == {
        "Victory": "Victoria",
        "One more line": "",
        "Hello.": "Hola.",
        "The law is signed.": "Se firmó la ley.",
        "For readers of Spanish.": "",
    }, "neither what is not translated nor what Spanish readers never see"
    edit_catalog(space, "Hello.", "¡Hola!")
    edit_catalog(space, "One more line", "Una línea más")
    edit_catalog(space, "For readers of Spanish.", "Para quienes leen español.")
    told = space.run("i18n", "sync").stderr
    assert "greeting.body: the issue says 'Hola.', and the catalog '¡Hola!' [differs-from-issue]" in told
    assert status(space)["complete"]
    assert [notice["code"] for notice in status(space)["notices"]] == ["differs-from-issue"]
    space.run("render", "june", "--out", "out")
    spanish, english = (
        (space.root / "out" / f"june.{locale}.txt").read_text(encoding="utf-8") for locale in ("es", "en")
    )
    assert "¡Hola!" in spanish
    assert "¡Ya basta!" in spanish
    assert "Para quienes" in spanish
    assert "readers of English" in english
    assert "¡Ya basta!" in english
    assert "readers of English" not in spanish
    assert "readers of Spanish" not in english
    assert_msgfmt_accepts(catalog_file(space))


def test_stale_seed_of_an_edited_text_is_to_be_looked_over(space: Space) -> None:
    space.write_issue(BY_LOCALE)
    catalog_file(space).unlink()
    space.run("i18n", "sync")
    space.write_issue(BY_LOCALE.replace("The law is signed.", "The law is not signed."))
    space.run("i18n", "sync")
    entry = entry_of(space, "The law is not signed.")
    assert (entry.fuzzy, entry.msgstr, entry.previous_msgid) == (True, "Se firmó la ley.", "The law is signed.")


# A third language, from right to left


def test_arabic_needs_a_catalog_folder_and_one_line_of_settings(space: Space) -> None:
    plain = ISSUE.replace(
        "{en: https://example.org/farms, es: https://example.org/es/ranchos}", "https://example.org/f"
    )
    space.write_issue(plain)
    space.set("organisation", name="Migrant Justice")
    settings(space, locales=["en", "es", "ar"])
    space.run("i18n", "sync")
    words = polib.pofile(str(Path(__file__).parents[2] / "locales" / "es" / "LC_MESSAGES" / "messages.po"))
    for entry in words:
        entry.msgstr = "" if entry.msgid_plural else f"ع {entry.msgid}"
        entry.msgstr_plural = dict.fromkeys(range(6), f"ع {entry.msgid_plural}") if entry.msgid_plural else {}
    words.metadata["Language"] = "ar"
    words.metadata["Plural-Forms"] = (
        "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);"
    )
    words.save(str(space.root / "locales" / "ar" / "LC_MESSAGES" / "messages.po"))
    catalog = polib.pofile(str(catalog_file(space, "ar")), wrapwidth=0)
    assert "nplurals=6" in catalog.metadata["Plural-Forms"]
    for entry in catalog:  # a word of Arabic between any two, or they would be called the source's own
        entry.msgstr = "ع " + re.sub("(?<=[a-z]) (?=[a-z])", " ع ", entry.msgid)
    catalog.save()
    assert_msgfmt_accepts(catalog_file(space, "ar"))
    space.run("render", "june", "--locale", "ar", "--out", "out")
    page = (space.root / "out" / "june.ar.html").read_text(encoding="utf-8")
    assert 'lang="ar"' in page
    assert 'dir="rtl"' in page
    assert "ع What ع happened" in page
    assert {row["locale"] for row in list[Any](space.json("i18n", "status"))} == {"es", "ar"}  # type: ignore[call-overload]


# Approval


@pytest.fixture
def approved(space: Space, people: Any) -> Space:
    """A workspace that requires approvals, with one for each edition, and two readers."""
    people(2)
    settings(space, approval="required")
    for locale in ("en", "es"):
        space.run("i18n", "approve", "june", "--locale", locale, "--by", "Ana Ejemplo")
    return space


def dry_run(space: Space, code: int = 0) -> str:
    return space.run("send", "june", "--segment", "everybody", "--dry-run", code=code).stderr


def test_unapproved_edition_is_sent_only_if_settings_allow_it(space: Space, people: Any) -> None:
    people(2)
    dry_run(space)
    settings(space, approval="required")
    assert "nobody has approved the en edition of 'june'" in dry_run(space, code=1)
    space.run("i18n", "approve", "june", "--locale", "en", "--by", "Ana Ejemplo")
    assert "nobody has approved the es edition of 'june'" in dry_run(space, code=1)
    space.run("i18n", "approve", "june", "--locale", "es", "--by", "Ana Ejemplo")
    dry_run(space)


def test_edit_of_spanish_voids_spanish_only_and_is_named(approved: Space) -> None:
    edit_catalog(approved, "Read more", "Sigue leyendo")
    assert approved.run("send", "june", "--segment", "addison", "--dry-run").stderr == ""
    told = dry_run(approved, code=1)
    assert "the es edition of 'june' has changed since Ana Ejemplo approved it" in told
    assert "translation of farms.link.label changed: 'Read more'" in told
    assert status(approved, "en")["approval"]["valid"]
    assert status(approved)["approval"]["changes"] == ["translation of farms.link.label changed: 'Read more'"]
    edit_catalog(approved, "Read more", "Leer más")
    dry_run(approved)


def test_edit_of_the_source_and_of_a_link_voids_what_shows_it(approved: Space) -> None:
    approved.write_issue(ISSUE.replace("https://example.org/es/ranchos", "https://example.org/es/otra"))
    changed = "in block 'farms' a link, picture, date, number or untranslated text changed"
    assert status(approved)["approval"]["changes"] == [changed]
    assert status(approved, "en")["approval"]["valid"]
    approved.write_issue(ISSUE.replace("Read more", "Read on"))
    assert status(approved, "en")["approval"]["changes"] == ["source message farms.link.label changed: 'Read on'"]
    assert not status(approved)["approval"]["valid"]
    approved.write_issue(ISSUE)
    assert status(approved)["approval"]["valid"]


def test_withdrawn_approval_is_gone(approved: Space) -> None:
    approved.run("i18n", "approve", "june", "--locale", "es", "--withdraw")
    assert not (approved.root / APPROVAL).exists()
    assert "nobody has approved the es edition" in dry_run(approved, code=1)
    assert "is not approved" in approved.run("i18n", "approve", "june", "--locale", "es", "--withdraw", code=2).stderr


def test_incomplete_edition_and_unknown_locale_cannot_be_approved(space: Space) -> None:
    space.write_issue(ISSUE.replace("Read more", "Read on"))
    space.run("i18n", "sync")
    assert "not complete" in space.run("i18n", "approve", "june", "--locale", "es", code=1).stderr
    assert not (space.root / APPROVAL).exists()
    assert "unknown locale 'fr'" in space.run("i18n", "approve", "june", "--locale", "fr", code=2).stderr


def test_approval_tells_who_when_and_where_and_a_damaged_file_is_refused(space: Space) -> None:
    told: Any = space.json("i18n", "approve", "june", "--locale", "es", "--by", "Ana Ejemplo")
    assert (told["approved"], told["by"], told["file"]) == (True, "Ana Ejemplo", str(APPROVAL))
    assert status(space)["approval"] == {"by": "Ana Ejemplo", "at": told["at"], "valid": True, "changes": []}
    assert "Ana Ejemplo" in space.run("i18n", "status").stdout
    file = space.root / APPROVAL
    file.write_text(file.read_text(encoding="utf-8").replace("by:", "bye:"), encoding="utf-8")
    assert "unknown key 'bye'" in space.run("i18n", "status", code=1).stderr


# Status


def test_status_for_a_pipeline_names_file_and_line(space: Space) -> None:
    assert space.run("i18n", "status", "--format", "github").stdout == ""
    space.write_issue(ISSUE.replace("Read more", "Read more again"))
    space.run("i18n", "sync")
    line = next(
        number
        for number, text in enumerate(catalog_file(space).read_text(encoding="utf-8").splitlines(), 1)
        if "farms.link.label" in text
    )
    (told,) = space.run("i18n", "status", "--format", "github").stdout.splitlines()
    assert told.startswith(f"::error file=locales/es/LC_MESSAGES/issues/june.po,line={line - 3},title="), (
        "where it begins"
    )
    assert "fuzzy-translation::farms.link.label: " in told
    assert "%0A" in told, "the hint stands on a line of its own"
    settings(space, approval="required")
    lines = space.run("i18n", "status", "--format", "github").stdout.splitlines()
    assert "::error file=issues/june.yaml,line=1,title=not-approved::the en edition of 'june' is not approved" in lines


def test_status_counts_states_and_names_what_blocks(space: Space) -> None:
    edit_catalog(space, "Read more", "Leer {mas|todo}")
    row = status(space)
    assert (row["translated"], row["fuzzy"], row["missing"], row["complete"]) == (8, 0, 0, False)
    assert [finding["code"] for finding in row["blocking"]] == ["unknown-placeholder"]
    space.write_issue(ISSUE.replace("Read more", "Read on"))
    row = status(space)
    assert (row["translated"], row["missing"]) == (7, 1)
    assert [finding["code"] for finding in row["blocking"]] == ["missing-translation"]
    assert "i18n sync" in row["blocking"][0]["hint"]
    assert "not yet, 1 blocking" in space.run("i18n", "status").stdout
