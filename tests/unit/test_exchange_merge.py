"""Files for translators: each row that comes back is judged rightly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.content.fields import MAX_TEXT
from newsletter.errors import UsageError
from newsletter.i18n.catalog import State, read_catalog, state, write_catalog
from newsletter.i18n.exchange.merge import Outcome, Report, target_of
from tests.unit.exchange_desk import TARGET, Desk, desk_of_three


def refusal(report: Report) -> str:
    """The reason of the only row that was refused."""
    assert len(report.refused) == 1
    return report.refused[0].reason


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_of_three(tmp_path)


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


def test_target_is_what_most_rows_say(desk: Desk) -> None:
    rows = desk.rows()
    assert target_of([replace(rows[0], key=rows[0].key.replace("june", "july")), *rows]) == TARGET
    with pytest.raises(UsageError, match="no row of the file has a key"):
        target_of([replace(rows[0], key="")])
