"""``i18n export`` and ``i18n import``, as staff call them."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import docx
import polib
import pytest

from newsletter.i18n.catalog import catalog_path
from tests.integration.conftest import ISSUE, Space

Rows = list[dict[str, str]]


def catalog_of(space: Space) -> Path:
    return catalog_path(space.root / "locales", "es", "june")


def translations(space: Space) -> dict[str, str]:
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(catalog_of(space)))}


def edit(space: Space, change: Callable[[Rows], Rows | None], name: str = "june.es.csv") -> None:
    """Change the rows of a spreadsheet, as a volunteer does."""
    file = space.root / name
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))
    rows = change(rows) or rows
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def put(space: Space, source: str, **values: str) -> None:
    """Change one message in the catalog, as somebody with a PO editor does."""
    catalog = polib.pofile(str(catalog_of(space)), wrapwidth=0)
    entry = next(entry for entry in catalog if entry.msgid == source)
    entry.msgstr = values["msgstr"]
    catalog.save()


@pytest.mark.parametrize("file_format", ["csv", "docx"])
def test_untouched_file_changes_no_byte_of_the_catalog(space: Space, file_format: str) -> None:
    before = catalog_of(space).read_bytes()
    done = space.run("i18n", "export", "june", "--locale", "es", "--format", file_format)
    assert f"june.es.{file_format}: 8 rows, 8 done" in done.stdout
    told = space.run("i18n", "import", f"june.es.{file_format}").stdout
    assert "0 translations went in, 0 marked or noted, 8 as they were, 0 still empty" in told
    assert catalog_of(space).read_bytes() == before


def test_good_rows_go_in_and_bad_ones_are_listed_with_row_and_reason(space: Space) -> None:
    space.run("i18n", "export", "june", "--locale", "es")
    put(space, "Read more", msgstr="Sigue leyendo")

    def change(rows: Rows) -> Rows:
        by_source = {row["original"]: row for row in rows}
        by_source["What happened in May"]["traducción"] = "Lo que pasó en el mes de mayo"
        by_source["Read more"]["traducción"] = "Leer"
        by_source["Give what you can"]["clave"] = "june/es/aaaaaaaaaaaa"
        by_source["Give what you can"]["huella"] = "aaaaaaaaaaaa"
        by_source["Milk with Dignity"]["traducción"] = "Leche\u202e con Dignidad"
        return rows[::-1]

    edit(space, change)
    done = space.run("i18n", "import", "june.es.csv", code=1)
    assert "1 translation went in" in done.stdout
    assert "row 3 did not go in ('Read more'): its translation was changed in the catalog" in done.stderr
    assert "in the catalog: Sigue leyendo\n    in the file:    Leer" in done.stderr
    assert "row 2 did not go in ('Give what you can'): unknown key" in done.stderr
    assert "row 5 did not go in ('Milk with Dignity'): the invisible character U+202E may not stand here" in done.stderr
    assert "3 rows of june.es.csv did not go in" in done.stderr
    now = translations(space)
    assert now["What happened in May"] == "Lo que pasó en el mes de mayo"
    assert now["Read more"] == "Sigue leyendo"
    assert now["Give what you can"] == "Da lo que puedas"


def test_report_for_programs_tells_the_same(space: Space) -> None:
    exported = space.json("i18n", "export", "june", "--locale", "es")
    assert exported == {
        "issue": "june", "locale": "es", "file": "june.es.csv", "rows": 8, "translated": 8, "fuzzy": 0, "missing": 0
    }  # fmt: skip
    edit(space, lambda rows: rows[0].update({"traducción": "Noticias", "exportado": "x"}))
    edit(space, lambda rows: rows[1].update({"traducción": "Mayo"}))
    assert space.json("i18n", "import", "june.es.csv", code=1) == {
        "issue": "june", "locale": "es", "translated": 1, "marked": 0, "unchanged": 6, "empty": 0,
        "refused": [{
            "row": 2, "source": "News for {first_name|you}: 50% more farms", "catalog": "", "file": "",
            "reason": "its code 'exported' is damaged; copy the text into a new export",
        }],
    }  # fmt: skip


def test_second_import_of_the_same_file_changes_no_byte(space: Space) -> None:
    space.run("i18n", "export", "june", "--locale", "es")
    edit(space, lambda rows: [row | {"traducción": f"¡{row['traducción']}!", "nota": "¿así?"} for row in rows])
    assert "8 translations went in" in space.run("i18n", "import", "june.es.csv").stdout
    first = catalog_of(space).read_bytes()
    assert "8 as they were" in space.run("i18n", "import", "june.es.csv").stdout
    assert catalog_of(space).read_bytes() == first


def test_text_that_changed_after_the_export_is_refused_and_comes_with_the_next_one(space: Space) -> None:
    space.run("i18n", "export", "june", "--locale", "es")
    space.write_issue(ISSUE.replace("What happened in May", "What happened in May and June"))
    edit(space, lambda rows: [row | {"traducción": f"¡{row['traducción']}!"} for row in rows])
    done = space.run("i18n", "import", "june.es.csv", code=1)
    assert "('What happened in May'): its source text was changed or removed since the export" in done.stderr
    assert "7 translations went in" in done.stdout
    assert translations(space)["What happened in May"] == "Lo que pasó en mayo"
    space.run("i18n", "sync", "june")
    again = space.run("i18n", "import", "june.es.csv", code=1)
    assert "its source text was changed or removed since the export" in again.stderr
    assert "1 to look over" in space.run("i18n", "export", "june", "--locale", "es", "--out", "again.csv").stdout


def test_document_is_filled_in_with_a_word_processor(space: Space) -> None:
    put(space, "Read more", msgstr="")
    space.run("i18n", "export", "june", "--locale", "es", "--format", "docx", "--out", "june.docx")
    document = docx.Document(str(space.root / "june.docx"))
    cells = {row.cells[0].text: row.cells for row in document.tables[0].rows}
    assert cells["Read more"][2].text.startswith("falta\n")
    cells["Read more"][1].text = "Sigue leyendo"
    document.save(str(space.root / "june.docx"))
    assert "1 translation went in, 0 marked or noted, 7 as" in space.run("i18n", "import", "june.docx").stdout
    assert translations(space)["Read more"] == "Sigue leyendo"


def test_file_that_is_there_is_not_overwritten(space: Space) -> None:
    (space.root / "june.es.csv").write_text("a volunteer's work", encoding="utf-8")
    done = space.run("i18n", "export", "june", "--locale", "es", code=2)
    assert "june.es.csv is there already" in done.stderr
    assert (space.root / "june.es.csv").read_text(encoding="utf-8") == "a volunteer's work"
    assert "cannot be written" in space.run("i18n", "export", "june", "--locale", "es", "--out", "no/x", code=2).stderr


def test_wrong_calls_say_what_is_known(space: Space) -> None:
    assert "translated into: es" in space.run("i18n", "export", "june", "--locale", "fr", code=2).stderr
    assert "written in en" in space.run("i18n", "export", "june", "--locale", "en", code=2).stderr
    assert "no issue 'july'" in space.run("i18n", "export", "july", "--locale", "es", code=2).stderr
    assert "cannot be read" in space.run("i18n", "import", "none.csv", code=1).stderr


def test_issue_that_is_not_synced_is_not_exported(space: Space) -> None:
    space.write_issue(ISSUE.replace("What happened in May", "What happened in June"))
    assert "newsletter i18n sync june" in space.run("i18n", "export", "june", "--locale", "es", code=1).stderr


@pytest.mark.parametrize("issue", ["july", "../../june/x", "..\u202e"])
def test_file_of_an_issue_that_is_not_here_writes_nothing(space: Space, issue: str) -> None:
    before = catalog_of(space).read_bytes()
    space.run("i18n", "export", "june", "--locale", "es")
    edit(space, lambda rows: [row | {"clave": row["clave"].replace("june", issue), "traducción": "x"} for row in rows])
    done = space.run("i18n", "import", "june.es.csv", code=2)
    assert "Traceback" not in done.stderr
    assert catalog_of(space).read_bytes() == before


def test_msgfmt_accepts_what_an_import_writes(space: Space) -> None:
    msgfmt = shutil.which("msgfmt")
    if msgfmt is None:
        assert not os.environ.get("CI"), "msgfmt is missing: tests/packages.sh installs gettext"
        pytest.skip("msgfmt is not installed (Debian: gettext)")
    space.run("i18n", "export", "june", "--locale", "es")
    states = ["fuzzy", "hecho", "", "revisar"]

    def change(rows: Rows) -> Rows:
        for number, row in enumerate(rows):
            row["traducción"] = f'\n "\\{number}" 100% %s ¡{row["traducción"]}! \n'
            row["estado"] = states[number % 4]
            row["nota"] = '"quoted"\n, fuzzy\n~ msgid "x"\n. y\n| z\n#, fuzzy'
        return rows

    edit(space, change)
    space.run("i18n", "import", "june.es.csv")
    run = subprocess.run(
        [msgfmt, "--check", "-o", os.devnull, catalog_of(space)], check=False, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    catalog = polib.pofile(str(catalog_of(space)))
    assert {entry.fuzzy for entry in catalog} == {True, False}
    assert all(entry.msgstr.startswith('"\\') for entry in catalog)
