"""Files that are none of ours, broken, or made to do harm: a clear error, at once, and never a traceback."""

from __future__ import annotations

import contextlib
import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import ContentError, Finding
from newsletter.i18n.catalog import State
from newsletter.i18n.exchange import files, sheet
from newsletter.i18n.exchange.files import read_file, write_file
from newsletter.i18n.exchange.kinds import FileFormat
from newsletter.i18n.exchange.reading import MAX_PARTS, MAX_XML
from newsletter.i18n.exchange.rows import Row, Table, key_of, snapshot, text_hash

HEADER = "state,source,translation,note,context,key,source hash,exported\n"
Change = Callable[[bytes], bytes]


def row_of(source: str = "One", translation: str = "Uno", number: int = 2) -> Row:
    exported = snapshot(State.TRANSLATED, translation)
    key = key_of("june", "es", "a.body", source)
    return Row(number, key, text_hash(source), exported, "hecho", "a.body", source, translation)


TABLE = Table("june", "en", "es", [row_of()])
CSV = write_file(TABLE, FileFormat.CSV)
DOCX = write_file(TABLE, FileFormat.DOCX)


def finding(raw: bytes, folder: Path) -> Finding:
    """The one finding of a file of these bytes."""
    file = folder / "back"
    file.write_bytes(raw)
    with pytest.raises(ContentError) as caught:
        read_file(file, "back")
    assert len(caught.value.findings) == 1
    found = caught.value.findings[0]
    assert found.hint
    return found


def with_part(change: Change, name: str = "word/document.xml", raw: bytes = DOCX) -> bytes:
    """A DOCX with one part changed; a part that is not there is new."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
        if name not in old.namelist():
            new.writestr(name, change(b""))
    return out.getvalue()


def read(raw: bytes, folder: Path) -> list[Row]:
    file = folder / "back"
    file.write_bytes(raw)
    return read_file(file, "back")


# Spreadsheets


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("head", ["", "sep={}\r\n"])
def test_sheet_as_any_program_saves_it_is_read(tmp_path: Path, encoding: str, separator: str, head: str) -> None:
    line = CSV.decode("utf-8-sig").replace('","', f'"{separator}"')
    found = read((head.format(separator) + line).encode(encoding), tmp_path)
    assert [(row.source, row.translation, row.key) for row in found] == [("One", "Uno", TABLE.rows[0].key)]
    assert found[0].number == (3 if head else 2)


def test_further_and_moved_columns_and_empty_rows_do_not_matter(tmp_path: Path) -> None:
    text = 'extra,Clave,TRADUCCION,Exportado,huella,estado,Original\n\n,,,,,,\nx,k,"a\r\nb",e,h,hecho,One\n'
    found = read(text.encode(), tmp_path)
    assert [(row.number, row.key, row.translation, row.source) for row in found] == [(4, "k", "a\nb", "One")]


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"", "empty", "nothing in the file"),
        (b" \n", "empty", "nothing in the file"),
        (b"\xef\xbb\xbf\n", "empty", "nothing in the file"),
        (HEADER.encode(), "empty", "no row"),
        ("estado,original,traducción".encode("cp1252"), "not-utf-8", "not in UTF-8"),
        (CSV.decode("utf-8-sig").replace("Uno", "Año").encode("cp1252"), "not-utf-8", "not in UTF-8"),
        (b"\xff\xfe\x00", "not-utf-8", "not in UTF-8"),
        (b"email,name\na@example.org,A\n", "wrong-columns", "no column 'state'"),
        (HEADER.replace("exported", "exporte").encode() + b"x\n", "wrong-columns", "no column 'exported'"),
        (HEADER.replace("note", "translation").encode() + b"x\n", "wrong-columns", "two columns are called"),
        (HEADER.encode() + b'x,"' + b"a" * 200_000 + b'"\n', "broken-file", "the table cannot be read"),
        (b"\x00" * 50, "wrong-columns", "no column"),
        (b"\x7fELF" + bytes(range(128)), "wrong-columns", "no column"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "broken-file", "an old kind"),
    ],
)
def test_sheet_that_cannot_be_used_is_told_in_words(tmp_path: Path, raw: bytes, code: str, words: str) -> None:
    found = finding(raw, tmp_path)
    assert (found.code, found.where.path) == (code, "back")
    assert words in found.message


def test_misspelt_column_is_guessed(tmp_path: Path) -> None:
    assert "did you mean 'exporte'?" in finding(HEADER.replace("exported", "exporte").encode() + b"x\n", tmp_path).hint


def test_too_many_rows_and_too_large_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MAX_ROWS", 3)
    assert finding(HEADER.encode() + b"x,,,,,,,\n" * 5, tmp_path).code == "too-large"
    monkeypatch.setattr(files, "MAX_FILE", 10)
    assert finding(CSV, tmp_path).code == "too-large"


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ContentError, match=r"cannot be read.*\[unreadable\]"):
            read_file(path, "none.csv")


# Documents


def test_bomb_of_entities_is_not_expanded(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{levels}]>'.encode()
    started = time.monotonic()
    raw = with_part(lambda old: old.replace(b"?>", b"?>" + bomb, 1).replace(b"Uno", b"&l12;"))
    assert "defines XML entities" in finding(raw, tmp_path).message
    assert time.monotonic() - started < 2


def test_file_of_this_machine_is_not_read_into_a_text(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2", encoding="utf-8")
    entity = f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{secret}">]>'.encode()
    raw = with_part(lambda old: old.replace(b"?>", b"?>" + entity, 1).replace(b"Uno", b"&s;"))
    assert "defines XML entities" in finding(raw, tmp_path).message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "cp037"])
def test_document_type_cannot_hide_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    assert finding(with_part(lambda _old: text.encode(encoding)), tmp_path).code == "broken-file"


def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    started = time.monotonic()
    raw = with_part(lambda _old: b" " * (MAX_XML + 1))
    assert len(raw) < 200_000
    assert finding(raw, tmp_path).code == "too-large"
    assert time.monotonic() - started < 2


def test_zip_that_lies_about_its_size_is_read_no_further(tmp_path: Path) -> None:
    raw = with_part(lambda old: old + b" " * 1_000_000)
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        size = package.getinfo("word/document.xml").file_size
    lying = raw.replace(size.to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    assert lying != raw
    assert finding(lying, tmp_path).code == "broken-file"


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for number in range(MAX_PARTS + 1):
            package.writestr(str(number), "")
    assert finding(out.getvalue(), tmp_path).code == "too-large"


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert finding(with_part(lambda _old: b"<a>" * 50_000), tmp_path).code == "broken-file"
    assert finding(with_part(lambda _old: b"<a>" * 5_000 + b"</a>" * 5_000), tmp_path).code == "broken-file"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("word/vbaProject.bin", "macros"),
        ("xl/workbook.xml", "Excel workbook"),
        ("content.xml", "OpenDocument"),
    ],
)
def test_other_kinds_of_file_are_named_with_what_to_do(tmp_path: Path, name: str, words: str) -> None:
    found = finding(with_part(lambda _old: b"x", name), tmp_path)
    assert words in found.message
    assert "save as" in found.hint.lower() or "'Save as'" in found.hint


@pytest.mark.parametrize(
    "raw",
    [DOCX[:200], DOCX[:-30], DOCX[len(DOCX) // 2 :] + b"PK", b"PK", b"PK\x05\x06" + b"\0" * 18, b"PK" + DOCX[2:][::-1]],
)
def test_broken_zip_is_told(tmp_path: Path, raw: bytes) -> None:
    assert finding(raw if raw.startswith(b"PK") else b"PK" + raw, tmp_path).code == "broken-file"


def test_broken_xml_and_absent_parts_are_told(tmp_path: Path) -> None:
    assert "is broken" in finding(with_part(lambda old: old[:-20]), tmp_path).message
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("_rels/.rels", '<x><r Type="a/officeDocument" Target="/word/other.xml"/></x>')
    assert "lacks its part word/other.xml" in finding(out.getvalue(), tmp_path).message


def test_document_with_another_table_is_none_of_ours(tmp_path: Path) -> None:
    key = TABLE.rows[0].key.encode()
    assert finding(with_part(lambda old: old.replace(key, b"x")), tmp_path).code == "wrong-columns"


@given(st.binary(max_size=300), st.integers(min_value=0), st.sampled_from(["csv", "zip", "xml"]))
def test_no_bytes_at_all_give_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int, where: str
) -> None:
    def disturb(whole: bytes) -> bytes:
        start = place % len(whole)
        return whole[:start] + noise + whole[start + len(noise) :]

    raw = with_part(disturb) if where == "xml" else disturb(CSV if where == "csv" else DOCX)
    with contextlib.suppress(ContentError):
        read(raw, tmp_path_factory.mktemp("noise"))


def test_nothing_that_a_terminal_would_obey_is_shown(tmp_path: Path) -> None:
    raw = CSV.replace(b"june/es", b"ju\x1b[2Jne/es").replace(b"One", b"O\x1b[2Jne")
    (row,) = read(raw, tmp_path)
    assert "\x1b" not in row.key + row.beginning
    assert "\x1b" not in str(finding(b"a,\x1b[2Jexported\n", tmp_path))


# What Word does to a table


def changed(old: bytes, new: bytes) -> bytes:
    def change(xml: bytes) -> bytes:
        assert old in xml
        return xml.replace(old, new)

    return with_part(change)


def translation(raw: bytes, folder: Path) -> str:
    (row,) = read(raw, folder)
    return row.translation


def test_tracked_changes_are_read_as_accepted(tmp_path: Path) -> None:
    inside = b'Un</w:t></w:r><w:ins w:id="1"><w:r><w:t>a</w:t></w:r></w:ins><w:del w:id="2"><w:r><w:delText>o</w:delText></w:r></w:del><w:r><w:t>'  # noqa: E501
    assert translation(changed(b"Uno", inside), tmp_path) == "Una"


def test_paragraphs_breaks_links_and_hyphens_are_read(tmp_path: Path) -> None:
    inside = (
        b"U</w:t><w:br/><w:t>n</w:t></w:r><w:hyperlink><w:r><w:t>o</w:t></w:r></w:hyperlink><w:r><w:noBreakHyphen/>"
        b"</w:r></w:p><w:p><w:r><w:tab/><w:t>dos"
    )
    assert translation(changed(b"Uno", inside), tmp_path) == "U\nno\u2011\n\tdos"


def test_list_that_word_made_of_hyphens_gets_them_back(tmp_path: Path) -> None:
    table = Table("june", "en", "es", [row_of("- one\n- two", "Uno")])
    item = b'</w:t></w:r></w:p><w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>'
    raw = with_part(
        lambda old: old.replace(b"Uno", item + b"uno" + item + b"dos" + item + b"tres"),
        raw=write_file(table, FileFormat.DOCX),
    )
    assert translation(raw, tmp_path).strip() == "- uno\n- dos\n- tres"


def test_row_in_a_content_control_is_read(tmp_path: Path) -> None:
    def wrap(xml: bytes) -> bytes:
        start = xml.rindex(b"<w:tr>") if b"<w:tr>" in xml else xml.rindex(b"<w:tr ")
        end = xml.rindex(b"</w:tr>") + len(b"</w:tr>")
        return xml[:start] + b"<w:sdt><w:sdtContent>" + xml[start:end] + b"</w:sdtContent></w:sdt>" + xml[end:]

    assert translation(with_part(wrap), tmp_path) == "Uno"


def test_row_whose_codes_were_deleted_has_no_key(tmp_path: Path) -> None:
    two = Table("june", "en", "es", [row_of(), row_of("Two", "Dos", 3)])
    raw = with_part(lambda old: old.replace(two.rows[1].key.encode(), b""), raw=write_file(two, FileFormat.DOCX))
    assert [(row.number, bool(row.key)) for row in read(raw, tmp_path)] == [(2, True), (3, False)]


def test_main_part_of_another_name_is_found(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(DOCX)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            raw = old.read(part).replace(b"word/document.xml", b"word/document2.xml")
            new.writestr(part.replace("word/document.xml", "word/document2.xml"), raw)
    assert translation(out.getvalue(), tmp_path) == "Uno"
