"""Files for translators: nothing is lost on the way out and back."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.content.characters import FORBIDDEN
from newsletter.errors import TranslationError
from newsletter.i18n.catalog import State
from newsletter.i18n.exchange.files import write_file
from newsletter.i18n.exchange.kinds import FileFormat
from newsletter.i18n.exchange.merge import Outcome
from newsletter.i18n.exchange.rows import KEY, key_of, snapshot, text_hash
from newsletter.i18n.exchange.sheet import guard, is_risky, unguard
from newsletter.i18n.exchange.words import parse_state
from tests.unit.exchange_desk import Desk, desk_of_three, message

FORMATS = list(FileFormat)
# Whatever a text may hold, with what is dangerous drawn more often.
_ANY = st.characters(exclude_categories=["Cs"]).filter(lambda character: not FORBIDDEN.match(character))
_PIECES = st.sampled_from(
    [
        "=",
        "+",
        "-",
        "@",
        "'",
        '"',
        ",",
        ";",
        "\t",
        "\n",
        " ",
        "1",
        "TRUE",
        "é",
        "e\u0301",
        "👩🏽‍🌾",
        "مرحبا",
        "\u200f",
        "<",
        "&",
    ]
)
TEXTS = st.lists(st.one_of(_PIECES, st.text(_ANY, max_size=8)), max_size=8).map("".join)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_of_three(tmp_path)


@pytest.mark.parametrize("file_format", FORMATS)
@given(st.lists(st.tuples(TEXTS.filter(str.strip), TEXTS), min_size=1, max_size=5, unique_by=lambda pair: pair[0]))
@example([("=1+1", "-1"), ("+x", "@x"), ("'=1", "''"), ("\t=1", "'Tis"), ("007", "6-8"), ("a\nb", "\n a  b \n")])
def test_any_text_comes_back_as_it_went(
    tmp_path_factory: pytest.TempPathFactory, file_format: FileFormat, pairs: list[tuple[str, str]]
) -> None:
    desk = Desk(tmp_path_factory.mktemp("exchange"), pairs)
    back = desk.rows(file_format)
    assert [(row.source, row.translation) for row in back] == pairs
    assert [(row.key, row.exported) for row in back] == [(row.key, row.exported) for row in desk.table().rows]
    report = desk.merge(*back)
    assert (report.changed, report.refused) == (False, ())
    assert [(entry.msgid, entry.msgstr) for entry in desk.catalog] == pairs


@given(TEXTS)
def test_no_cell_is_a_formula_a_number_or_a_date(text: str) -> None:
    assert not is_risky(guard(text)) or guard(text).startswith("'")
    assert unguard(guard(text)) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1", "25", "007", "6-8", "TRUE", "10 de junio"]
)
def test_risky_cells_get_an_apostrophe(text: str) -> None:
    assert guard(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["Hola", "", "'Tis", "¡Ya basta!", "Since 2016, over 40 community members were arrested."]
)
def test_harmless_cells_are_left_alone(text: str) -> None:
    assert guard(text) == unguard(text) == text


@pytest.mark.parametrize("file_format", FORMATS)
def test_rows_are_found_whatever_their_order(desk: Desk, file_format: FileFormat) -> None:
    back = [replace(row, translation=f"¡{row.source}!") for row in reversed(desk.rows(file_format))]
    assert desk.merge(*back).count(Outcome.TRANSLATED) == 3
    assert [entry.msgstr for entry in desk.catalog] == ["¡One!", "¡Two!", "¡Three!"]


def test_sheet_is_utf_8_with_mark_and_reads_well(desk: Desk) -> None:
    raw = write_file(desk.table(), FileFormat.CSV)
    assert raw.startswith(b"\xef\xbb\xbf")
    header, first, *_others = csv.reader(io.StringIO(raw.decode("utf-8-sig")))
    assert header[:5] == ["estado", "original", "traducción", "nota", "lugar"]
    assert first[:3] == ["hecho", "One", "Uno"]


def test_codes_are_of_letters_so_that_no_spreadsheet_takes_them_for_numbers(desk: Desk) -> None:
    for row in desk.table().rows:
        assert KEY.fullmatch(row.key)
        assert not any(is_risky(code) for code in (row.source_hash, row.exported))


def test_key_depends_on_context_and_source_only() -> None:
    key = key_of("june", "es", "a.body", "One")
    assert key == key_of("june", "es", "a.body", "One")
    assert len({key, key_of("june", "es", "b.body", "One"), key_of("june", "es", "a.body", "Two")}) == 3


def test_document_repeats_its_header_and_tells_languages(desk: Desk) -> None:
    document = docx.Document(io.BytesIO(write_file(desk.table(), FileFormat.DOCX)))
    xml = document.element.xml
    assert xml.count("<w:tblHeader/>") == 1
    assert 'w:lang w:val="es"' in xml
    assert 'w:lang w:val="en"' in xml
    assert document.paragraphs[0].text == "Traducción de june al español"
    assert document.paragraphs[1].text == "3 textos: 1 hechos, 1 por revisar, 1 por traducir"
    assert document.sections[0].page_width > document.sections[0].page_height  # type: ignore[operator]
    assert document.core_properties.author == ""


def test_document_of_a_language_from_right_to_left_says_so(desk: Desk) -> None:
    table = replace(desk.table(), locale="ar")
    document = docx.Document(io.BytesIO(write_file(table, FileFormat.DOCX)))
    cells = document.tables[0].rows[1].cells
    assert "<w:bidi/>" in cells[1]._tc.xml
    assert "<w:rtl/>" in cells[1]._tc.xml
    assert "<w:bidi/>" not in cells[0]._tc.xml


def test_fuzzy_row_shows_the_text_that_was_translated(desk: Desk) -> None:
    desk.entry("Two").previous_msgid = "Too"
    assert desk.table().rows[1].context.endswith("antes: Too")


def test_catalog_that_lacks_a_message_is_not_exported(desk: Desk) -> None:
    desk.wanted.append(message("Four"))
    with pytest.raises(TranslationError, match="i18n sync june"):
        desk.table()


def test_forbidden_characters_in_the_catalog_neither_break_the_export_nor_count_as_edits(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [("One", "U\x0bno\r\ny más")])
    for file_format in FORMATS:
        assert desk.merge(*desk.rows(file_format)).outcomes == (Outcome.UNCHANGED,)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("done", State.TRANSLATED),
        ("HECHO", State.TRANSLATED),
        (" Falta ", State.MISSING),
        ("Revisar.", State.FUZZY),
        ("perhaps", None),
    ],
)
def test_states_are_recognised_in_both_languages(word: str, found: State | None) -> None:
    assert parse_state(word) is found


def test_tabs_and_white_space_at_the_ends_do_not_count_in_hashes() -> None:
    assert text_hash("One\tmore\r\n") == text_hash("Onemore")
    assert snapshot(State.FUZZY, "Uno ") == snapshot(State.FUZZY, "Uno")
