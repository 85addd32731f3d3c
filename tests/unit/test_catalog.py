"""PO files: read strictly, written so that others can read them, and never half."""

from __future__ import annotations

import contextlib
from pathlib import Path

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.characters import FORBIDDEN
from newsletter.errors import ContentError
from newsletter.i18n.catalog import State, catalog_path, index, read_catalog, state, write_catalog
from newsletter.i18n.sync import sync

from .helpers import ROOT, assert_msgfmt_accepts, body_issue, catalog_of, places

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
GOOD = (
    f'{HEADER}\n#. a note\nmsgctxt "subject"\nmsgid "Victory"\nmsgstr "Victoria"\n\n#~ msgid "old"\n#~ msgstr "viejo"\n'
)
HOSTILE = [
    '"><script>',
    "back\\slash",
    'quo"te',
    "\\n",
    "tab\there",
    "%(name)s {count}",
    "é ñ 👩🏽‍🌾 می‌خواهم",
    "#~ msgid",
    "a\\",
]


def read_text(folder: Path, text: str | bytes) -> polib.POFile:
    """Read a catalog of this text."""
    file = folder / "x.po"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_catalog(file, "locales/x.po")


def test_good_file_is_read(tmp_path: Path) -> None:
    for text in (GOOD, "\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.rstrip("\n")):
        known = index(read_text(tmp_path, text))
        assert state(known["subject", "Victory"]) is State.TRANSLATED
        assert state(known["", "old"]) is State.MISSING, "what is obsolete is translated for nobody"


def test_absent_and_empty_files_are_empty_catalogs(tmp_path: Path) -> None:
    assert list(read_catalog(tmp_path / "absent.po")) == []
    assert list(read_text(tmp_path, "")) == []
    assert catalog_path(tmp_path, "es", "x") == tmp_path / "es" / "LC_MESSAGES" / "issues" / "x.po"


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        (GOOD.replace('"Victory"', "Victory"), 6, "broken-catalog"),
        (GOOD.replace('"Victoria"', '"Victoria'), 7, "broken-catalog"),
        (GOOD.replace('"Victoria"', 'Victoria"'), 7, "broken-catalog"),
        (GOOD.replace('"Victoria"', '"Vic"toria"'), 7, "broken-catalog"),
        (GOOD.replace('"Victoria"', '"Vic\\\\"toria"'), 7, "broken-catalog"),
        (GOOD.replace('"Victoria"', '"Victoria\\"'), 7, "broken-catalog"),
        (GOOD.replace('"Victoria"', '""\n"Vic\n"toria"'), 8, "broken-catalog"),
        (GOOD.replace('"viejo"', '"viejo'), 10, "broken-catalog"),
        (GOOD.replace('msgstr "V', 'msgstring "V'), 7, "broken-catalog"),
        (GOOD.replace('msgid "Victory"\n', ""), 6, "broken-catalog"),
        (GOOD.replace("#. a note", "<<<<<<< HEAD"), 4, "conflict"),
        (GOOD + '\nmsgctxt "subject"\nmsgid "Victory"\nmsgstr ""\n', 12, "broken-catalog"),
        (GOOD + "\n" + HEADER, 12, "broken-catalog"),
        (GOOD.replace("#. a note", "#| nonsense"), 4, "broken-catalog"),
        (GOOD.replace('"Victoria"', '"Vic\u202etoria"'), 7, "invisible-character"),
        (GOOD.replace('"Victoria"', '"Vic\u2028toria"'), 7, "invisible-character"),
        (GOOD.replace('"Victoria"', '"Vic\ue000name|x\ue001"'), 7, "invisible-character"),
        (GOOD.replace('"Victoria"', '"Vic\x00toria"'), 7, "invisible-character"),
    ],
)  # fmt: skip
def test_broken_file_says_where(tmp_path: Path, text: str, line: int, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_text(tmp_path, text)
    assert places(caught.value.findings)[0][::2] == (line, code)
    assert all(finding.hint and finding.where.path == "locales/x.po" for finding in caught.value.findings)


def test_other_encodings_and_folders_are_findings(tmp_path: Path) -> None:
    for text, code in (
        (GOOD.replace("Victoria", "Año").encode("latin-1"), "not-utf-8"),
        (GOOD.encode("utf-16"), "not-utf-8"),
    ):
        with pytest.raises(ContentError) as caught:
            read_text(tmp_path, text)
        assert [finding.code for finding in caught.value.findings] == [code]
    with pytest.raises(ContentError, match="broken"):
        read_catalog(tmp_path)


def test_text_that_names_a_file_is_not_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.po").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ContentError):
        read_text(tmp_path, "other.po")


@given(st.data())
def test_any_damage_to_a_good_file_is_told(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        piece = data.draw(
            st.text(max_size=3)
            | st.sampled_from(
                [
                    '"',
                    "\\",
                    "\n",
                    "#",
                    "#~ ",
                    "#~| ",
                    "#| ",
                    "#, fuzzy\n",
                    "msgid ",
                    "msgstr[0] ",
                    "msgid_plural ",
                    "#:",
                ]
            )
        )
        text = text[:at] + piece + text[at + data.draw(st.integers(0, 6)) :]
    with contextlib.suppress(ContentError):
        read_text(tmp_path_factory.mktemp("po"), text.encode("utf-8", "surrogatepass"))


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_catalog_or_is_told(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    with contextlib.suppress(ContentError):
        read_text(tmp_path_factory.mktemp("po"), text.encode("utf-8", "surrogatepass"))


PRINTABLE = st.text(min_size=1).filter(lambda text: not FORBIDDEN.search(text) and bool(text.strip()))


@given(st.lists(st.tuples(PRINTABLE, PRINTABLE), unique_by=lambda pair: pair[0]))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]]) -> None:
    catalog = polib.POFile(wrapwidth=0)
    for source, target in [*texts, *((text, text) for text in HOSTILE)]:
        catalog.append(polib.POEntry(msgctxt="x.body", msgid=source, msgstr=target, tcomment="by hand"))
    file = tmp_path_factory.mktemp("po") / "x.po"
    if len({entry.msgid for entry in catalog}) == len(catalog):
        write_catalog(catalog, file)
        read = read_catalog(file)
        assert [(entry.msgid, entry.msgstr) for entry in read] == [(entry.msgid, entry.msgstr) for entry in catalog]
        assert not list(file.parent.glob("*.partial"))


def test_written_file_is_not_wrapped_and_has_no_line_numbers(tmp_path: Path) -> None:
    long = ("A sentence that goes on and on, " * 20).strip()
    loaded = body_issue(long)
    write_catalog(sync(loaded, "es", catalog_of(loaded)), tmp_path / "deep" / "x.po")
    text = (tmp_path / "deep" / "x.po").read_text(encoding="utf-8")
    assert f'msgid "{long}"\n' in text
    assert "#:" not in text
    assert "Date" not in text


def test_msgfmt_accepts_what_is_written(tmp_path: Path) -> None:
    loaded = body_issue("50% of {first_name|us} \\*\\\\", '"Quoted"', "One", *(f"{n} % d" for n in range(3)))
    catalog = catalog_of(loaded, {"One": ""})
    write_catalog(sync(loaded, "es", catalog), tmp_path / "first.po")
    later = body_issue('"Quoted again"', "New", subject="Another victory")
    write_catalog(sync(later, "es", read_catalog(tmp_path / "first.po")), tmp_path / "second.po")
    assert "fuzzy" in (tmp_path / "second.po").read_text(encoding="utf-8")
    files = [*sorted(ROOT.glob("locales/*/LC_MESSAGES/issues/*.po")), *(ROOT / "newsletter" / "skeleton").rglob("*.po")]
    assert len(files) > 4
    assert_msgfmt_accepts(tmp_path / "first.po", tmp_path / "second.po", *files)
