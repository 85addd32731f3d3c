"""The checks of a whole edition: holes, places, waivers, the glossary's file, and the gate in front of an edition."""

from __future__ import annotations

from pathlib import Path

import polib
import pytest

from newsletter.content.load import LoadedIssue
from newsletter.errors import ContentError, Level, TranslationError
from newsletter.i18n.catalog import read_catalog
from newsletter.i18n.checks.edition import Rules, check_edition
from newsletter.i18n.checks.findings import CheckFinding, Severity
from newsletter.i18n.checks.structure import Limits
from newsletter.i18n.formats import Formats
from newsletter.i18n.glossary import Glossary, read_glossary
from newsletter.i18n.translate import Edition, translate
from newsletter.i18n.waivers import Waivers, read_waivers, waive

from .helpers import ROOT, body_issue, catalog_of, issue_of

GOOD = {"Victory": "Victoria", "One more line": "Una línea más"}


def found(
    loaded: LoadedIssue, translations: dict[str, str], rules: Rules | None = None, locale: str = "es"
) -> list[CheckFinding]:
    """The findings of an edition, in which every entry has a line."""
    catalog = catalog_of(loaded, GOOD | translations)
    for line, entry in enumerate(catalog, 10):
        entry.linenum = line
    return check_edition(loaded, locale, catalog, rules or Rules(), "es/x.po")


def codes(findings: list[CheckFinding]) -> list[str]:
    return [str(finding.code) for finding in findings]


def test_finding_names_its_place_message_and_texts() -> None:
    (finding,) = found(body_issue("We meet at 6 PM."), {"We meet at 6 PM.": "Nos vemos a las 7 de la tarde."})
    assert (finding.code, str(finding.where), finding.context) == ("times", "es/x.po:12:1", "greeting.body")
    assert (finding.source, finding.target) == ("We meet at 6 PM.", "Nos vemos a las 7 de la tarde.")
    assert finding.message == "the source says 6 PM, the translation 7 de la tarde"
    assert finding.severity is Severity.UNLESS_WAIVED
    assert finding.blocks


def test_gravest_findings_come_first() -> None:
    loaded = body_issue("We won today.", "Three cows.", "See [us](https://example.org/a).")
    findings = found(
        loaded,
        {
            "We won today.": "Hoy  ganamos.",
            "Three cows.": "Cuatro vacas.",
            "See [us](https://example.org/a).": "[Míranos](https://example.org/b).",
        },
    )
    assert codes(findings) == ["links", "numbers", "double-space"]
    assert [finding.blocks for finding in findings] == [True, True, False]


def test_holes_are_findings() -> None:
    loaded = body_issue("One", "Two")
    catalog = catalog_of(loaded, {**GOOD, "One": "", "Two": "Dos"})
    next(entry for entry in catalog if entry.msgid == "Two").flags.append("fuzzy")
    findings = check_edition(loaded, "es", catalog, Rules(), "x.po")
    assert codes(findings) == ["missing-translation", "fuzzy-translation"]


def test_source_edition_has_nothing_to_be_compared_with() -> None:
    assert check_edition(body_issue("One"), "en", polib.POFile(), Rules(), "x.po") == []


def test_messages_that_a_locale_does_not_see_are_left_alone() -> None:
    loaded = issue_of(
        {"type": "text", "id": "a", "body": "We won."},
        {"type": "text", "id": "b", "body": "Only here.", "only": {"locales": ["en"]}},
    )
    assert found(loaded, {"We won.": "Ganamos.", "Only here.": ""}) == []


@pytest.mark.parametrize("header", ["nplurals=2", "two", "nplurals=0; plural=0;"])
def test_unreadable_rule_for_plurals_blocks(header: str) -> None:
    loaded = body_issue("We won.")
    catalog = catalog_of(loaded, {**GOOD, "We won.": "Ganamos."})
    catalog.metadata["Plural-Forms"] = header
    assert codes(check_edition(loaded, "es", catalog, Rules(), "x.po")) == ["plural-forms"]


def test_rule_with_three_forms_is_welcome_and_a_missing_form_is_not(tmp_path: Path) -> None:
    loaded = body_issue("We won.")
    catalog = catalog_of(loaded, {**GOOD, "We won.": "Ganamos."})
    catalog.metadata["Content-Type"] = "text/plain; charset=UTF-8"
    catalog.metadata["Plural-Forms"] = "nplurals=3; plural=n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2;"
    assert check_edition(loaded, "es", catalog, Rules(), "x.po") == []
    catalog.append(polib.POEntry(msgid="one", msgid_plural="many", msgstr_plural={0: "uno", 1: "muchos"}))
    path = tmp_path / "x.po"
    catalog.save(str(path))
    assert codes(check_edition(loaded, "es", read_catalog(path), Rules(), "x.po")) == ["plural-forms"]


def test_limits_are_those_of_the_settings_and_count_the_fall_back() -> None:
    loaded = body_issue("Hello.", subject="Hi {first_name|you}")
    texts = {"Hello.": "Hola.", "Hi {first_name|you}": "Hola, {first_name|compa}"}
    assert found(loaded, texts, Rules(limits=Limits(subject=11))) == []
    (finding,) = found(loaded, texts, Rules(limits=Limits(subject=10)))
    assert finding.message == "11 characters, and there is room for 10"


def test_link_to_the_partner_of_a_page_is_the_same_link() -> None:
    urls = {"en": "https://example.org/law", "es": "https://example.org/ley"}
    body = "Read [it](https://example.org/law)."
    loaded = issue_of(
        {"type": "story", "id": "a", "title": "The law", "body": body, "link": {"url": urls, "label": "Read more"}}
    )
    others = {"The law": "La ley", "Read more": "Lee más"}
    assert found(loaded, others | {body: "[Léela](https://example.org/ley)."}) == []
    (finding,) = found(loaded, others | {body: "[Léela](https://example.org/law)."})
    assert (finding.code, finding.hint) == ("other-language-link", "link to https://example.org/ley")


def test_rarer_form_of_address_is_reported_and_quotations_are_not() -> None:
    loaded = issue_of(
        {"type": "text", "id": "a", "body": "You can.\n\nYou have.\n\nCome with us."},
        {"type": "quote", "id": "q", "text": "Help us, sir."},
    )
    texts = {"You can.": "Puedes.", "You have.": "Tienes.", "Help us, sir.": "Ayúdenos, señor."}
    assert found(loaded, texts | {"Come with us.": "Ven con nosotros."}) == []
    (finding,) = found(loaded, texts | {"Come with us.": "Venga con nosotros."})
    assert (finding.code, finding.target) == ("form-of-address", "Venga con nosotros.")


def test_hard_reading_is_a_warning_once_an_edition() -> None:
    sentence = (
        "La institucionalización interdepartamental de procedimientos administrativos extraordinariamente "
        "burocratizados imposibilitaba sistemáticamente la participación comunitaria responsabilizada, "
        "contrariamente a las recomendaciones internacionales mayoritariamente consensuadas anteriormente."
    )
    loaded = body_issue(*(f"Paragraph {letter}." for letter in "abcdefgh"))
    findings = found(loaded, {f"Paragraph {letter}.": sentence for letter in "abcdefgh"})
    assert codes(findings) == ["reading-level"]
    assert not findings[0].blocks


def test_settings_make_a_warning_an_error_or_silence_and_an_error_stays_one() -> None:
    loaded = body_issue("We won today.", "Three cows.")
    texts = {"We won today.": "Hoy  ganamos", "Three cows.": "Cuatro vacas."}
    levels = {"double-space": Level.ERROR, "final-punctuation": Level.OFF, "numbers": Level.OFF}
    findings = found(loaded, texts, Rules(levels=levels))
    assert [(finding.code, finding.severity) for finding in findings] == [
        ("double-space", Severity.UNLESS_WAIVED),
        ("numbers", Severity.UNLESS_WAIVED),
    ]


def test_third_language_is_checked_for_what_is_the_same_in_all() -> None:
    loaded = body_issue("We **won** at 6 PM.", "See https://example.org.")
    texts = {"We **won** at 6 PM.": "فزنا الساعة السادسة.", "See https://example.org.": "انظر https://example.org."}
    findings = found(loaded, {**texts, "Victory": "نصر", "One more line": "سطر آخر"}, locale="ar")
    assert codes(findings) == ["markdown"]


# The gate


def edition(loaded: LoadedIssue, catalog: polib.POFile, rules: Rules | None = None, *, draft: bool = False) -> Edition:
    review = check_edition(loaded, "es", catalog, rules or Rules(), "es/x.po")
    return translate(loaded, "es", catalog, Formats("es"), review=review, draft=draft)


def test_edition_that_does_not_agree_does_not_exist() -> None:
    loaded = body_issue("We meet at 6 PM.", "One")
    texts = GOOD | {"We meet at 6 PM.": "Nos vemos a las 7 de la tarde."}
    catalog = catalog_of(loaded, texts | {"One": ""})
    with pytest.raises(ContentError) as caught:
        edition(loaded, catalog)
    assert {finding.code for finding in caught.value.findings} == {"times", "missing-translation"}
    assert edition(loaded, catalog, draft=True).draft
    with pytest.raises(TranslationError, match="1 missing"):
        edition(loaded, catalog_of(loaded, GOOD | {"We meet at 6 PM.": "A las 18:00.", "One": ""}))


def test_waived_edition_exists_until_somebody_edits_it(tmp_path: Path) -> None:
    loaded = body_issue("We meet at 6 PM.")
    texts = {"We meet at 6 PM.": "Nos vemos a las 4 de la tarde."}
    (finding,) = found(loaded, texts)
    path = tmp_path / "locales" / "waivers.yaml"
    waive(path, "waivers.yaml", "x", "es", finding, "hora de Chiapas")
    rules = Rules(waivers=read_waivers(path, "waivers.yaml"))
    (waived,) = found(loaded, texts, rules)
    assert (waived.reason, waived.blocks) == ("hora de Chiapas", False)
    assert edition(loaded, catalog_of(loaded, GOOD | texts), rules).locale == "es"

    edited = found(loaded, {"We meet at 6 PM.": "Te esperamos a las 4 de la tarde."}, rules)
    assert codes(edited) == ["times", "stale-waiver"]
    assert edited[0].blocks
    assert "changed since" in edited[1].message
    assert str(edited[1].where) == "waivers.yaml:3:1"
    mended = found(loaded, {"We meet at 6 PM.": "Nos vemos a las 18:00."}, rules)
    assert codes(mended) == ["stale-waiver"]
    assert not mended[0].blocks


def test_what_blocks_cannot_be_waived(tmp_path: Path) -> None:
    loaded = body_issue("See [us](https://example.org/a).")
    texts = {"See [us](https://example.org/a).": "[Míranos](https://example.org/b)."}
    (finding,) = found(loaded, texts)
    path = tmp_path / "waivers.yaml"
    waive(path, "w", "x", "es", finding, "I want it so")
    findings = found(loaded, texts, Rules(waivers=read_waivers(path, "w")))
    assert codes(findings) == ["links", "stale-waiver"]
    assert findings[0].blocks
    assert "cannot be waived" in findings[1].message


def test_waivers_keep_the_comments_of_the_file_and_can_be_added_to_any_style(tmp_path: Path) -> None:
    loaded = body_issue("Three cows.", "Two cows: yes!")
    findings = found(loaded, {"Three cows.": "Cuatro vacas.", "Two cows: yes!": "Seis vacas: ¡sí!"})
    path = tmp_path / "waivers.yaml"
    path.write_text("waivers: []\n", encoding="utf-8")
    for finding in findings:
        waive(path, "w", "x", "es", finding, 'because: "yes" # no')
    text = path.read_text(encoding="utf-8").replace("  - issue", "  # a comment of ours\n  - issue", 1)
    path.write_text(text, encoding="utf-8")
    waive(path, "w", "y", "es", findings[0], "again")
    assert "# a comment of ours" in path.read_text(encoding="utf-8")
    waivers = read_waivers(path, "w")
    assert [waiver.reason for waiver, _line in waivers.entries] == ['because: "yes" # no'] * 2 + ["again"]
    assert [finding.message for finding in waivers.unknown(["x"], ["es"])] == ["there is no issue 'y'"]


def test_broken_waivers_are_told_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text("waivers:\n  - issue: x\n    locale: es\n    chek: numbers\n", encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_waivers(path, "locales/waivers.yaml")
    assert {finding.code for finding in caught.value.findings} == {"unknown-key", "missing-key"}
    assert (caught.value.findings[-1].where.line, caught.value.findings[-1].code) == (4, "unknown-key")


def test_no_file_is_no_waiver_and_no_glossary(tmp_path: Path) -> None:
    assert read_waivers(tmp_path / "waivers.yaml", "w") == Waivers("w")
    assert read_glossary(tmp_path / "glossary.csv", "g", ("en", "es")) == Glossary()
    (tmp_path / "waivers.yaml").write_text("# none yet\nwaivers:\n", encoding="utf-8")
    assert read_waivers(tmp_path / "waivers.yaml", "w").entries == ()


# The glossary


def glossary(tmp_path: Path, text: str) -> Glossary:
    path = tmp_path / "glossary.csv"
    path.write_bytes(text.encode())
    return read_glossary(path, "glossary.csv", ("en", "es", "es_MX"))


@pytest.mark.parametrize(
    ("source", "target", "wrong"),
    [
        ("The farm.", "El rancho.", 0),
        ("The Farm.", "Los ranchos.", 0),
        ("The farm.", "La finca.", 1),
        ("The farmhand.", "El peón.", 0),
        ("ICE came.", "Vino ICE.", 0),
        ("ICE came.", "Vino el hielo.", 1),
        ("The ice came.", "Vino el hielo.", 0),
        ("No rule here.", "Sin regla.", 0),
    ],
)
def test_terms_are_found_as_words(tmp_path: Path, source: str, target: str, wrong: int) -> None:
    terms = glossary(tmp_path, "\ufeffterm;en;es\r\nfarm;=|farms;rancho|ranchos\r\nICE;=;=\r\nrule;=;\r\n")
    assert len(list(terms.terms("en", "es_MX").check(source, target))) == wrong


def test_glossary_holds_in_both_directions(tmp_path: Path) -> None:
    terms = glossary(tmp_path, "term,en,es\nMigrant Justice,=,Justicia Migrante\n").terms("es", "en")
    assert list(terms.check("Justicia Migrante ganó.", "Migrant Justice won.")) == []
    (problem,) = terms.check("Justicia Migrante ganó.", "We won.")
    assert problem.message == "the glossary says ‘Migrant Justice’ for ‘Justicia Migrante’"


def test_term_is_told_from_one_that_differs_by_its_capitals(tmp_path: Path) -> None:
    terms = glossary(tmp_path, "term,en,es\nICE,=,=\nice,=,hielo\n").terms("en", "es")
    assert list(terms.check("ICE came.", "Vino ICE.")) == []
    assert len(list(terms.check("The ice came.", "Vino ICE."))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '"term";"en";"es"\r\n"farm";"=";"rancho"\r\n',  # LibreOffice, every cell in quotation marks
        "sep=;\r\nterm;en;es\r\nfarm;=;rancho\r\n",  # Excel
        "term,en,es,,\nfarm,=,rancho,,\n",  # a column that was used once
        "term\ten\tes\nfarm\t=\trancho\n",
    ],
)
def test_glossary_is_read_as_spreadsheets_write_it(tmp_path: Path, text: str) -> None:
    assert glossary(tmp_path, text).rows == (("farm", {"en": ("farm",), "es": ("rancho",)}),)


def test_mistakes_of_the_glossary_come_at_once_with_their_lines(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as caught:
        glossary(tmp_path, "term,en,fr\na,=,=\na,=,=\nb,x,y,z\n,x\n")
    assert [(finding.where.line, finding.code) for finding in caught.value.findings] == [
        (1, "unknown-locale"),
        (3, "bad-glossary"),
        (4, "bad-glossary"),
        (5, "bad-glossary"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("name,en\n", "bad-glossary"),
        ("term,en\n\x00,a\n", "invisible-character"),
        ("term,en,en\na,=,b\n", "bad-glossary"),  # of two such columns one would count, and nobody knew which
        (f'term,en\n"{"a" * 140_000}",=\n', "bad-glossary"),
    ],
)
def test_file_that_is_no_glossary_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        glossary(tmp_path, text)
    assert caught.value.findings[0].code == code


def test_glossary_of_this_workspace_can_be_read() -> None:
    assert read_glossary(ROOT / "locales" / "glossary.csv", "g", ("en", "es")).rows
