"""A real office program between export and import: what it does to a file is no edit, and an edit is one."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import docx
import polib
import pytest

from newsletter.content.fields import TextKind
from newsletter.i18n.catalog import catalog_path
from newsletter.i18n.exchange.files import read_file, write_file
from newsletter.i18n.exchange.kinds import FileFormat
from newsletter.i18n.exchange.merge import Outcome, Target, merge
from newsletter.i18n.exchange.rows import table_of
from newsletter.i18n.messages import Message
from tests.integration.conftest import Space

CSV_IN = "Text - txt - csv (StarCalc):44,34,76,1"  # comma, quotation mark, UTF-8, from the first line
CSV_OUT = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
CSV_OUT_SEMICOLON = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false"
CONVERSION = 60  # seconds at most; some 2 are usual

# Source and translation; each is something that an office program likes to improve.
HARD = [
    ("=SUM(1,2)", "=SUMA(1;2)"),
    ("+1 802 555 0100", "-1"),
    ("@example", "@ejemplo"),
    ("007", "1.50"),
    ("6-8", "3/4"),
    ("June 10, 2019", "10 de junio de 2019"),
    ("TRUE", "VERDADERO"),
    ("25%", "$1,234.50"),
    ("1e5", "12:30"),
    ("- one\n- two\n- three", "- uno\n- dos\n- tres"),
    ('He said: "Ya basta!"', 'Dijo: «¡Ya basta!»; y, "punto"'),
    ("'Tis the season", "''doble''"),
    ("Two  spaces,\ttab", "Dos  espacios,\ttabulador"),
    ("**Bold**, *light* and [link](https://example.org/?a=1&b=2)", "**Negrita** y [enlace](https://example.org/?a=1&b=2)"),
    ("Farmers 👩🏽‍🌾🚜", "Campesin@s 👩🏽‍🌾🚜 e\u0301 é"),
    ("non-breaking\u00a0space and\u2011hyphen", "espacio\u00a0duro y guion\u2011duro y soft\u00adhyphen"),
    ("<b>&amp;</b>", "<i>&lt;</i>"),
    ("Arabic", "مرحبا (hello) ١٢٣"),
    ("long " * 900, "largo " * 900),
    ("https://example.org", "https://example.org/es"),
    ("missing", ""),
]  # fmt: skip

Convert = Callable[[Path, str, str], Path]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of the office program that are nobody's; it takes seconds to make them, so one for all."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture
def convert(tmp_path: Path, profile: Path) -> Convert:
    """Convert a file into another kind."""
    soffice = shutil.which("soffice")
    if soffice is None:
        assert not os.environ.get("CI"), "soffice is missing: tests/packages.sh installs LibreOffice"
        pytest.skip("soffice is not installed (Debian: libreoffice-calc-nogui, libreoffice-writer-nogui)")

    def run(file: Path, to: str, infilter: str = "") -> Path:
        folder = tmp_path / f"as-{len(list(tmp_path.iterdir()))}"
        command = [soffice, f"-env:UserInstallation={profile.as_uri()}", "--headless"]
        command += [f"--infilter={infilter}"] if infilter else []
        done = subprocess.run(
            [*command, "--convert-to", to, "--outdir", folder, file],
            check=False,
            capture_output=True,
            text=True,
            timeout=CONVERSION,
        )
        made = folder / f"{file.stem}.{to.partition(':')[0]}"
        assert made.is_file(), done.stderr
        return made

    return run


def there_and_back(convert: Convert, file: Path, csv_out: str = CSV_OUT) -> Path:
    """Opened and saved as the program's own kind, and saved from that as the kind that it came as."""
    if file.suffix == ".csv":
        return convert(convert(file, "ods", CSV_IN), csv_out, "")
    return convert(convert(file, "odt", ""), "docx", "")


@pytest.mark.parametrize("file_format", list(FileFormat))
def test_texts_that_programs_like_to_improve_come_through(
    convert: Convert, tmp_path: Path, file_format: FileFormat
) -> None:
    catalog = polib.POFile(wrapwidth=0)
    for source, target in HARD:
        catalog.append(polib.POEntry(msgctxt="a.body", msgid=source.strip(), msgstr=target.strip()))
    wanted = [Message("a.body", source.strip(), TextKind.MARKDOWN) for source, _target in HARD]
    table = table_of(wanted, catalog, issue="june", source_locale="en", locale="es")
    file = tmp_path / f"june.{file_format}"
    file.write_bytes(write_file(table, file_format))
    rows = read_file(there_and_back(convert, file), "june")
    went = [(row.source, row.translation) for row in table.rows]
    if file_format is FileFormat.CSV:  # Calc takes tabs away, which therefore count for nothing
        went = [(source.replace("\t", ""), target.replace("\t", "")) for source, target in went]
    assert [(row.source, row.translation) for row in rows] == went
    report = merge(rows, wanted, catalog, Target("june", "es"))
    assert report.refused == ()
    assert (report.count(Outcome.UNCHANGED), report.count(Outcome.EMPTY)) == (len(HARD) - 1, 1)


def test_spreadsheet_changes_just_what_was_edited(convert: Convert, space: Space) -> None:
    catalog = catalog_path(space.root / "locales", "es", "june")
    before = catalog.read_text(encoding="utf-8")
    space.run("i18n", "export", "june", "--locale", "es")
    back = there_and_back(convert, space.root / "june.es.csv", CSV_OUT_SEMICOLON)
    assert "8 as they were" in space.run("i18n", "import", str(back)).stdout
    assert catalog.read_text(encoding="utf-8") == before
    with back.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened, delimiter=";"))
    next(row for row in rows if row[1] == "Read more")[2] = "Sigue leyendo"
    with back.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter=";").writerows(rows[:1] + rows[:0:-1])
    assert "1 translation went in, 0 marked or noted, 7 as" in space.run("i18n", "import", str(back)).stdout
    assert catalog.read_text(encoding="utf-8") == before.replace("Leer más", "Sigue leyendo")


def test_document_changes_just_what_was_edited(convert: Convert, space: Space) -> None:
    catalog = catalog_path(space.root / "locales", "es", "june")
    before = catalog.read_text(encoding="utf-8")
    space.run("i18n", "export", "june", "--locale", "es", "--format", "docx")
    back = there_and_back(convert, space.root / "june.es.docx")
    assert "8 as they were" in space.run("i18n", "import", str(back)).stdout
    assert catalog.read_text(encoding="utf-8") == before
    document = docx.Document(str(back))
    next(row for row in document.tables[0].rows if row.cells[0].text == "Read more").cells[1].text = "Sigue leyendo"
    document.save(str(back))
    assert "1 translation went in, 0 marked or noted, 7 as" in space.run("i18n", "import", str(back)).stdout
    assert catalog.read_text(encoding="utf-8") == before.replace("Leer más", "Sigue leyendo")
