"""Spreadsheets of subscribers: what Excel and others write is read, and every bad row says why and where."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.audience.csvlist import BadRow, GoodRow, parse_locale, read_list
from newsletter.audience.subscribers import MAX_NAME, MAX_VALUE
from newsletter.errors import AudienceError


def rows(folder: Path, content: str | bytes) -> list[GoodRow | BadRow]:
    """Every row of a list."""
    file = folder / "list.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_list(file))


def only(folder: Path, content: str | bytes) -> GoodRow:
    """The one row of a list, which is good."""
    (row,) = rows(folder, content)
    assert isinstance(row, GoodRow), row
    return row


LIST = "email,name,locale,tags,county\nana@example.org,Ana Núñez,es,supporter,Addison\n"


@pytest.mark.parametrize(
    "content",
    [
        LIST,
        LIST.encode("utf-8-sig"),
        LIST.encode("utf-16"),
        b"\xfe\xff" + LIST.encode("utf-16-be"),
        LIST.replace("\n", "\r\n"),
        LIST.replace("\n", "\r"),
        LIST.replace(",", ";"),
        LIST.replace(",", "\t"),
        "sep=;\n" + LIST.replace(",", ";"),
        "sep=,\r\n" + LIST.replace("\n", "\r\n"),
        LIST.replace("email,name", "E-Mail , NAME"),
        LIST.replace("email", "Email address").replace("locale", "Language").replace(",es,", ",Spanish,"),
        LIST.replace("email,name,locale", "Correo electrónico,Nombre,Idioma").replace(",es,", ",español,"),
        LIST.replace("email", "Correo").replace("tags", "Etiquetas"),
        LIST.replace("Ana Núñez", '"Ana\nNúñez"'),
        LIST.replace("Ana Núñez", '"Ana\r\nNúñez"'),
        LIST.replace("Ana Núñez", '" Ana  Núñez "'),
        LIST.replace("Ana Núñez", "Ana Nu\u0301n\u0303ez"),
        LIST.replace("county", "county,,").replace("Addison", "Addison,,"),
        LIST.replace("\nana", "\n,,,,\n\n  \nana"),
        LIST.replace("Addison", '="Addison"').replace('="Addison"', '"=""Addison"""'),
        LIST.rstrip("\n"),
    ],
)  # fmt: skip
def test_what_spreadsheets_write_is_read(tmp_path: Path, content: str | bytes) -> None:
    row = only(tmp_path, content)
    assert row.subscriber.email == "ana@example.org"
    assert row.subscriber.name == "Ana Núñez"
    assert row.subscriber.locale == "es"
    assert row.subscriber.tags == {"supporter"}
    assert row.subscriber.attributes == {"county": "Addison"}
    assert row.notices == ()


def test_zip_code_keeps_its_zeros(tmp_path: Path) -> None:
    assert only(tmp_path, 'email;zip\nana@example.org;"=""00123"""\n').subscriber.attributes == {"zip": "00123"}


def test_tags_are_split_and_lower_case(tmp_path: Path) -> None:
    row = only(tmp_path, 'email,tags\nana@example.org,"Board; farmworker|Supporter,, "\n')
    assert row.subscriber.tags == {"board", "farmworker", "supporter"}


@pytest.mark.parametrize(
    "content",
    [
        'Email Address,First Name,Last Name,TAGS\nana@example.org,Ana,Núñez,"""Board"",""Farm worker"""\n',
        "EMAIL;FNAME;LNAME;Etiquetas\nana@example.org;Ana;Núñez;board|farm worker\n",
        'correo,nombre de pila,apellidos,etiquetas\nana@example.org, Ana , Núñez ,"Board, Farm worker"\n',
    ],
)  # fmt: skip
def test_exports_of_other_programs_have_names_in_parts_and_tags_in_quotes(tmp_path: Path, content: str) -> None:
    found = only(tmp_path, content).subscriber
    assert (found.name, set(found.tags)) == ("Ana Núñez", {"board", "farm worker"})
    assert found.attributes == {"first_name": "Ana", "last_name": "Núñez"}


def test_whole_name_goes_before_its_parts(tmp_path: Path) -> None:
    content = "email,name,first name,last name\nana@example.org,Dr. Ana Núñez,Ana,Núñez\nben@example.org,,Ben,\n"
    assert [row.subscriber.name for row in rows(tmp_path, content) if isinstance(row, GoodRow)] == ["Dr. Ana Núñez", ""]


def test_bad_rows_say_why_and_in_which_line(tmp_path: Path) -> None:
    content = (
        'email,name,locale\n'  # 1
        'ana@example.org,"Ana\nNúñez",es\n'  # 2, 3
        ',Nobody,es\n'  # 4
        '\n'  # 5
        'no address,"Some\nbody\nelse",es\n'  # 6, 7, 8
        'luz@example.org,Luz,klingon\n'  # 9
        'ANA@example.org,Ana again,es\n'  # 10
        'leo@example.org,Leo,es,more,cells\n'  # 11
        'señ\u202eora@example.org,Señora,es\n'  # 12
        'eva@example.org,Eva,es\n'  # 13
    )  # fmt: skip
    for lead, shift in (("", 0), ("sep=,\n", 1)):
        found = rows(tmp_path, lead + content)
        assert [row.line - shift for row in found] == [2, 4, 6, 9, 10, 11, 12, 13]
        assert [type(row) for row in found] == [GoodRow, *[BadRow] * 6, GoodRow]
        reasons = [row.reason for row in found if isinstance(row, BadRow)]
        for reason, says in zip(
            reasons,
            [
                "it has no address",
                "@-sign",
                "unknown locale 'klingon'",
                f"as in line {2 + shift}",
                "has 5 cells, but the header names 3",
                "RIGHT-TO-LEFT OVERRIDE",
            ],
            strict=True,
        ):
            assert says in reason


HOSTILE = {
    "markup": ('"><script>alert(1)</script>', '"><script>alert(1)</script>'),
    "header": ("Ana\r\nBcc: leo", "Ana Bcc: leo"),
    "right to left override": ("Ana\u202egro.elpmaxe", "Anagro.elpmaxe"),
    "isolates": ("\u2066Ana\u2069", "Ana"),
    "long": ("x" * 300, "x" * MAX_NAME),
    "emoji with joiners": ("Ana 👩🏽‍🌾", "Ana 👩🏽‍🌾"),
    "zero-width joiner": ("می‌خواهم", "می‌خواهم"),
    "zero-width space": ("A\u200bn\ufeffa", "Ana"),
    "combining marks": ("A\u0301na", "Ána"),
    "many combining marks": ("a" + "\u0300" * 200, None),
    "NUL": ("A\x00na", "Ana"),
    "escape": ("\x1b[31mAna", "[31mAna"),
    "line separators": ("Ana\u2028Núñez\x85x", "Ana Núñez x"),
    "marks of placeholders": ("\ue000unsubscribe_url|\ue001", "unsubscribe_url|"),
    "template": ("{{7*7}} {first_name|x} %(name)s", "{{7*7}} {first_name|x} %(name)s"),
    "formula": ("=HYPERLINK(1)", "=HYPERLINK(1)"),
}


@pytest.mark.parametrize(("name", "kept"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_name_is_cleaned_to_one_visible_line(tmp_path: Path, name: str, kept: str | None) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    row = only(tmp_path, f"email,name,note\nana@example.org,{quoted},{quoted}\n")
    if kept is not None:
        assert row.subscriber.name == kept
    assert len(row.subscriber.name) <= MAX_NAME
    assert all(unicodedata.category(char) not in ("Cc", "Co", "Cs", "Cn", "Zl", "Zp") for char in row.subscriber.name)
    cut = len(unicodedata.normalize("NFC", name)) > MAX_NAME
    assert row.notices == ((f"the name was cut to {MAX_NAME} characters",) if cut else ())
    assert len(row.subscriber.attributes["note"]) <= MAX_VALUE


def test_cell_beyond_every_limit_is_a_bad_row_and_the_next_is_read(tmp_path: Path) -> None:
    found = rows(tmp_path, f"email,name\nana@example.org,{'x' * 200_000}\nleo@example.org,Leo\n")
    assert [(type(row), row.line) for row in found] == [(BadRow, 2), (GoodRow, 3)]
    assert isinstance(found[0], BadRow)
    assert "longer than 131,072 characters" in found[0].reason


@pytest.mark.parametrize(
    ("content", "says", "hint"),
    [
        (b"", "is empty", "email,name,locale,tags"),
        (b"\n\n", "is empty", "email,name,locale,tags"),
        (b"sep=;\n", "is empty", "email"),
        (b"email,name\nana@example.org,Nu\xf1ez\n", "is not UTF-8: line 2 holds", "CSV UTF-8"),
        (LIST.encode("utf-16") + b"\x00", "is not UTF-8", "CSV UTF-8"),
        (b"name,locale\nAna,es\n", "no column 'email'; it has: name, locale", "email,name,locale,tags"),
        ("nombre;Teléfono\nAna;1\n".encode(), "no column 'email'; it has: nombre, Teléfono", "correo,nombre"),
        (b"emial,name\nana@example.org,Ana\n", "no column 'email'", "rename the column 'emial' to 'email'"),
        (b"Corre,name\nana@example.org,Ana\n", "no column 'email'", "rename the column 'Corre' to 'email'"),
        (b"email,name,Name\n", "two columns named 'name'", "rename or delete"),
        (b"email,E-mail\n", "two columns named 'email'", "rename or delete"),
        (b"email," + b"x" * 200_000 + b"\n", "cannot be read", "names the columns"),
        (b"PK\x03\x04\xff\xd8", "is no CSV file, but a workbook", "CSV UTF-8"),
        (b"%PDF-1.7\n", "is no CSV file", "CSV UTF-8"),
    ],
)
def test_file_that_is_no_list_is_refused_as_a_whole(tmp_path: Path, content: bytes, says: str, hint: str) -> None:
    with pytest.raises(AudienceError) as caught:
        rows(tmp_path, content)
    assert says in caught.value.message
    assert hint in caught.value.hint


def test_header_alone_is_a_list_of_nobody(tmp_path: Path) -> None:
    assert rows(tmp_path, "email,name\n") == []


def test_absent_file_and_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(AudienceError, match="cannot be read"):
            list(read_list(path))


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.builds(lambda rest: b"email,name\n" + rest, st.binary() | st.text().map(str.encode))
)
@example(b"email\n\x00@example.org")
@example(b'email\n"')
@example(b"\xff\xfe")
@example(b"\xff\xfe\x00\x00e")
@example(b'"email\n",x\n')
def test_any_bytes_are_rows_or_no_list(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    try:
        found = rows(tmp_path_factory.mktemp("list"), content)
    except AudienceError as error:
        assert error.message  # noqa: PT017 - that nothing else is raised is what counts
        return
    for row in found:
        assert row.line >= 2
        told = row.reason if isinstance(row, BadRow) else row.subscriber.email
        assert told
        assert not any(unicodedata.category(char) == "Cc" for char in told), "it is printed on a terminal"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("", ""), (" ", ""), ("es", "es"), ("ES", "es"), ("es_MX", "es-mx"), ("es-419", "es-419"), ("Spanish", "es"),
        ("español", "es"), ("ESPAÑOL", "es"), ("inglés", "en"), ("English", "en"),
        ("Haitian Creole", "ht"), ("العربية", "ar"),
        ("es+en", "es+en"), (" EN + es_MX ", "en+es-mx"), ("Spanish+English", "es+en"), ("iw", "he"),
    ],
)  # fmt: skip
def test_locales_are_tags_or_names(text: str, tag: str) -> None:
    assert parse_locale(text) == tag


@pytest.mark.parametrize("text", ["es,en", "es+", "+en", "es+es", "es+spanish", "es+en+fr", "es+zz", "es/en"])
def test_what_is_no_pair_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"unknown locale|no pair"):
        parse_locale(text)


@given(st.text(max_size=12))
def test_any_other_locale_is_told_on_one_line(text: str) -> None:
    try:
        tag = parse_locale(text)
    except ValueError as error:
        told = str(error)
    else:
        assert tag == parse_locale(tag)
        return
    assert "unknown locale" in told or "no pair" in told
    assert not any(unicodedata.category(char) == "Cc" for char in told)
