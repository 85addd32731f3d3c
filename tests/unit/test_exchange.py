"""Files for translators: nothing is lost on the way out and back, and each row that comes back is judged rightly."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import docx
import polib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.content.characters import FORBIDDEN
from newsletter.content.fields import MAX_TEXT, TextKind
from newsletter.errors import TranslationError, UsageError
from newsletter.i18n.catalog import State, read_catalog, state, write_catalog
from newsletter.i18n.exchange.files import read_file, write_file
from newsletter.i18n.exchange.kinds import FileFormat
from newsletter.i18n.exchange.merge import Outcome, Report, Target, merge, target_of
from newsletter.i18n.exchange.rows import KEY, Row, Table, key_of, snapshot, table_of, text_hash
from newsletter.i18n.exchange.sheet import guard, is_risky, unguard
from newsletter.i18n.exchange.words import parse_state
from newsletter.i18n.messages import Message

FORMATS = list(FileFormat)
TARGET = Target("june", "es")

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


def message(text: str, context: str = "greeting.body") -> Message:
    return Message(context, text, TextKind.MARKDOWN, "text 'greeting', body")


def catalog_with(pairs: Sequence[tuple[str, str]], fuzzy: Sequence[str] = ()) -> polib.POFile:
    catalog = polib.POFile(wrapwidth=0)
    for source, target in pairs:
        flags = ["fuzzy"] if source in fuzzy else []
        catalog.append(polib.POEntry(msgctxt="greeting.body", msgid=source, msgstr=target, flags=flags))
    return catalog


class Desk:
    """A catalog, the file that was made from it, and the way back."""

    def __init__(self, folder: Path, pairs: Sequence[tuple[str, str]], fuzzy: Sequence[str] = ()) -> None:
        self.catalog = catalog_with(pairs, fuzzy)
        self.wanted = [message(source) for source, _target in pairs]
        self.folder = folder

    def table(self) -> Table:
        return table_of(self.wanted, self.catalog, issue="june", source_locale="en", locale="es")

    def rows(self, file_format: FileFormat = FileFormat.CSV) -> list[Row]:
        """What is read from the file that is written."""
        file = self.folder / f"june.{file_format}"
        file.write_bytes(write_file(self.table(), file_format))
        return read_file(file, file.name)

    def merge(self, *rows: Row) -> Report:
        return merge(rows, self.wanted, self.catalog, TARGET)

    def entry(self, source: str) -> polib.POEntry:
        return next(entry for entry in self.catalog if entry.msgid == source)


def refusal(report: Report) -> str:
    """The reason of the only row that was refused."""
    assert len(report.refused) == 1
    return report.refused[0].reason


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Three messages: finished, fuzzy and missing."""
    return Desk(tmp_path, [("One", "Uno"), ("Two", "Dos"), ("Three", "")], fuzzy=["Two"])


# Out and back


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


# What each row means


def test_new_translation_is_finished(desk: Desk) -> None:
    row = replace(desk.rows()[2], translation="Tres")
    assert desk.merge(row).outcomes == (Outcome.TRANSLATED,)
    assert (desk.entry("Three").msgstr, state(desk.entry("Three"))) == ("Tres", State.TRANSLATED)


def test_fuzzy_stays_unless_it_changes_or_is_marked_done(desk: Desk) -> None:
    row = desk.rows()[1]
    desk.entry("Two").previous_msgid = "Too"
    assert desk.merge(row).outcomes == (Outcome.UNCHANGED,)
    assert state(desk.entry("Two")) is State.FUZZY
    assert desk.merge(replace(row, state="Hecho.")).outcomes == (Outcome.MARKED,)
    assert state(desk.entry("Two")) is State.TRANSLATED
    assert desk.entry("Two").previous_msgid is None


def test_mended_fuzzy_is_finished_although_nobody_changed_its_state(desk: Desk) -> None:
    assert desk.merge(replace(desk.rows()[1], translation="¡Dos!")).outcomes == (Outcome.TRANSLATED,)
    assert state(desk.entry("Two")) is State.TRANSLATED


def test_translator_in_doubt_can_mark_a_row_as_fuzzy(desk: Desk) -> None:
    first, _second, third = desk.rows()
    desk.merge(replace(first, state="revisar"), replace(third, translation="Tres", state="fuzzy"))
    assert (desk.entry("One").msgstr, desk.entry("One").fuzzy) == ("Uno", True)
    assert (desk.entry("Three").msgstr, desk.entry("Three").fuzzy) == ("Tres", True)


@pytest.mark.parametrize("word", ["missing", "falta", "hecho", "done"])
def test_empty_translation_deletes_nothing(desk: Desk, word: str) -> None:
    rows = [replace(row, translation=" \n", state=word) for row in desk.rows()]
    assert desk.merge(*rows).outcomes == (Outcome.EMPTY,) * 3
    assert desk.entry("One").msgstr == "Uno"


def test_edit_of_the_catalog_since_the_export_wins_and_both_are_shown(desk: Desk) -> None:
    row = replace(desk.rows()[0], translation="Una")
    desk.entry("One").msgstr = "Un"
    report = desk.merge(row)
    assert "was changed in the catalog" in refusal(report)
    assert (report.refused[0].catalog, report.refused[0].file) == ("Un", "Una")
    assert desk.entry("One").msgstr == "Un"


def test_text_finished_in_the_catalog_is_not_made_fuzzy_by_an_older_file(desk: Desk) -> None:
    row = desk.rows()[1]
    desk.entry("Two").flags = []
    assert desk.merge(row).outcomes == (Outcome.UNCHANGED,)
    assert state(desk.entry("Two")) is State.TRANSLATED


def test_translation_deleted_in_the_catalog_is_a_conflict_only_if_the_row_was_edited(desk: Desk) -> None:
    row = desk.rows()[0]
    desk.entry("One").msgstr = ""
    assert desk.merge(row).outcomes == (Outcome.UNCHANGED,)
    assert "was changed in the catalog" in refusal(desk.merge(replace(row, translation="Una")))


def test_same_edit_in_file_and_catalog_is_no_conflict(desk: Desk) -> None:
    row = replace(desk.rows()[0], translation="Una")
    desk.entry("One").msgstr = "Una"
    assert desk.merge(row).outcomes == (Outcome.UNCHANGED,)


def test_second_import_changes_no_byte(desk: Desk, tmp_path: Path) -> None:
    rows = [replace(row, translation=f"¡{row.source}!", note="Look\nhere") for row in desk.rows()]
    assert desk.merge(*rows).changed
    write_catalog(desk.catalog, tmp_path / "june.po")
    first = (tmp_path / "june.po").read_bytes()
    desk.catalog = read_catalog(tmp_path / "june.po")
    assert not desk.merge(*rows).changed
    write_catalog(desk.catalog, tmp_path / "june.po")
    assert (tmp_path / "june.po").read_bytes() == first


def test_source_that_changed_is_refused_and_said(desk: Desk) -> None:
    rows = [replace(row, translation="x") for row in desk.rows()]
    desk.wanted = desk.wanted[1:]
    report = desk.merge(*rows)
    assert "changed or removed since the export" in refusal(report)
    assert report.refused[0].row == 2
    assert report.count(Outcome.TRANSLATED) == 2, "the others go in"


def test_source_that_sync_has_forgotten_is_refused_as_changed(desk: Desk) -> None:
    row = replace(desk.rows()[2], translation="Tres")
    desk.catalog.remove(desk.entry("Three"))
    desk.wanted = desk.wanted[:2]
    assert "changed or removed since the export" in refusal(desk.merge(row))


def test_unknown_key_is_refused(desk: Desk) -> None:
    row = replace(desk.rows()[0], key="june/es/aaaaaaaaaaaa", source_hash="aaaaaaaaaaaa")
    assert "unknown key" in refusal(desk.merge(row))
    assert "has no key" in refusal(desk.merge(replace(row, key="")))


def test_row_of_another_issue_or_locale_is_refused(desk: Desk) -> None:
    row = desk.rows()[0]
    for key in (row.key.replace("june", "july"), row.key.replace("/es/", "/fr/")):
        assert "belongs to" in refusal(desk.merge(replace(row, key=key)))


def test_message_that_is_not_in_the_catalog_yet_asks_for_sync(desk: Desk) -> None:
    row = replace(desk.rows()[0], translation="Una")
    desk.catalog.remove(desk.entry("One"))
    assert "i18n sync june" in refusal(desk.merge(row))


def test_columns_sorted_apart_are_noticed(desk: Desk) -> None:
    first, second, _third = desk.rows()
    mixed = replace(first, source=second.source, translation="x")
    assert "not the one of its key" in refusal(desk.merge(mixed))
    assert "not the one of its key" in refusal(desk.merge(replace(first, source_hash=second.source_hash)))
    assert "'exported' is damaged" in refusal(desk.merge(replace(first, exported="x")))


def test_translations_sorted_without_the_other_columns_are_noticed_and_none_goes_in(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [(f"Text {n}", f"Texto {n}") for n in range(5)] + [("New", "")])
    rows = [replace(row, translation=row.translation or "Nuevo") for row in desk.rows()]
    texts = sorted(row.translation for row in rows)
    report = desk.merge(*(replace(row, translation=text) for row, text in zip(rows, texts, strict=True)))
    assert (report.changed, len(report.refused)) == (False, 6)
    assert "was a column sorted without the others?" in report.refused[0].reason
    assert not desk.merge(*rows).refused, "the whole table in its order"


def test_one_translation_used_twice_and_a_swap_are_no_sorted_column(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [("Read more", "Leer más"), ("Learn more", ""), ("One", "Dos"), ("Two", "Uno")])
    first, second, third, fourth = desk.rows()
    rows = [
        replace(second, translation="Leer más"),
        replace(third, translation="Uno"),
        replace(fourth, translation="Dos"),
    ]
    assert desk.merge(first, *rows).count(Outcome.TRANSLATED) == 3


def test_row_that_stands_twice_is_refused_only_if_the_two_differ(desk: Desk) -> None:
    row = replace(desk.rows()[2], translation="Tres")
    assert not desk.merge(row, replace(row, number=9)).refused
    report = desk.merge(row, replace(row, number=9, translation="3"))
    assert "the same message as row 4" in refusal(report)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"translation": "a\u202eb"}, "U+202E"),
        ({"translation": "a\x07b"}, "U+0007"),
        ({"note": "a\x00b"}, "U+0000"),
        ({"translation": "a" * (MAX_TEXT + 1)}, "20,001 characters"),
        ({"note": "a" * 2_001}, "2,001 characters"),
        ({"state": "perhaps"}, "unknown state 'perhaps'; write hecho or revisar or falta"),
    ],
)
def test_row_that_no_catalog_may_hold_is_refused_with_its_reason(
    desk: Desk, change: dict[str, str], reason: str
) -> None:
    report = desk.merge(replace(desk.rows()[2], **change))  # type: ignore[arg-type]
    assert reason in refusal(report)
    assert not report.changed


def test_white_space_at_the_ends_of_a_new_translation_goes(desk: Desk) -> None:
    desk.merge(replace(desk.rows()[2], translation="\n Tres \n"))
    assert desk.entry("Three").msgstr == "Tres"


def test_note_is_added_to_those_of_the_catalog_once_and_takes_nothing_away(desk: Desk) -> None:
    desk.entry("One").tcomment = "by hand"
    row = replace(desk.rows()[0], note="who is One?")
    assert desk.merge(row).outcomes == (Outcome.MARKED,)
    assert desk.merge(row).outcomes == (Outcome.UNCHANGED,)
    assert desk.entry("One").tcomment == "by hand\nwho is One?"


def test_note_of_a_refused_row_does_not_go_in(desk: Desk) -> None:
    row = replace(desk.rows()[0], translation="Una", note="new")
    desk.entry("One").msgstr = "Un"
    assert desk.merge(row).refused
    assert desk.entry("One").tcomment == ""


def test_apostrophe_left_over_from_a_guard_goes_with_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [("25 dollars", "25 dólares")])
    row = desk.rows()[0]
    desk.merge(replace(row, translation="'Veinticinco dólares al mes para la organización"))
    assert desk.catalog[0].msgstr == "Veinticinco dólares al mes para la organización"


def test_forbidden_characters_in_the_catalog_neither_break_the_export_nor_count_as_edits(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [("One", "U\x0bno\r\ny más")])
    for file_format in FORMATS:
        assert desk.merge(*desk.rows(file_format)).outcomes == (Outcome.UNCHANGED,)


def test_target_is_what_most_rows_say(desk: Desk) -> None:
    rows = desk.rows()
    assert target_of([replace(rows[0], key=rows[0].key.replace("june", "july")), *rows]) == TARGET
    with pytest.raises(UsageError, match="no row of the file has a key"):
        target_of([replace(rows[0], key="")])


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
