"""The table that came back from Word or LibreOffice: reading it, and trusting nothing about it.

A DOCX is a ZIP with XML in it.  Nothing is unpacked to the disk, sizes are
limited before anything is read, a document type (the root of every XML bomb)
is refused, and macros are neither run nor let in.  Tracked changes are read as
if they were accepted.  Sources: ECMA-376, WordprocessingML; OWASP, "XML
External Entity Prevention".
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from lxml import etree

from newsletter.i18n.exchange.rows import EXPORTED, KEY, Row, clean, unusable

MAX_PARTS = 2_000  # files in the ZIP; Word writes some 20
MAX_XML = 24 * 1024 * 1024  # bytes of one part, unpacked; 2,000 rows take some 8 MB
CELLS = 3  # source, translation, and the narrow one
_LIST_MARK = re.compile(r"^(?:[-*+]|\d+[.)]) ", re.MULTILINE)
_MAIN = "word/document.xml"
_PACKAGE = "_rels/.rels"
# Deleted text, instructions of fields, properties, and the second copy of what old versions show otherwise.
_SKIPPED = {"del", "moveFrom", "delText", "instrText", "pPr", "rPr", "tblPr", "tcPr", "Fallback"}
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}
_ANEW = "open it in Word or LibreOffice, and save it as .docx"


def read_document(raw: bytes, where: str) -> Iterator[Row]:
    """The rows of a file.  Raises ContentError when it is none of ours."""
    root = _main_part(raw, where)
    table = next((table for table in root.iter() if _name(table) == "tbl" and _has_codes(table)), None)
    if table is None:
        hint = "export the issue anew; the small grey letters in the third column must stay"
        raise unusable(where, "wrong-columns", "there is no table of translations in the file", hint)
    for number, row in enumerate(_inside(table, "tr"), 1):
        found = list(_inside(row, "tc"))
        cells = [_cell_text(cell) for cell in found]
        if len(cells) == CELLS:
            cells[1] = _cell_text(found[1], _LIST_MARK.findall(cells[0]))
        if number > 1 and any(cell.strip() for cell in cells):
            yield _row(number, cells)


def _row(number: int, cells: list[str]) -> Row:
    """A row whose codes are not there gets none, and is refused by whoever looks for its key."""
    margin = next((index for index, cell in enumerate(cells) if _codes(cell)[0]), len(cells))
    key, source_hash, exported = _codes(cells[margin]) if margin < len(cells) else ("", "", "")
    texts = [cell for index, cell in enumerate(cells) if index != margin]
    if len(cells) != CELLS:
        texts, key = (texts or [""])[:1] * 2, ""
    lines = [line.strip() for line in cells[margin].split("\n")] if margin < len(cells) else []
    state = next(filter(None, lines), "")
    return Row(
        number=number,
        key=key,
        source_hash=source_hash,
        exported=exported,
        state="" if KEY.fullmatch(state) else state,
        context="",
        source=texts[0],
        translation=texts[1],
    )


def _codes(cell: str) -> tuple[str, str, str]:
    """Key, source hash and snapshot, each of which is a line of its own."""
    lines = [line.strip() for line in clean(cell).split("\n")]
    for index, line in enumerate(lines):
        if KEY.fullmatch(line):
            following = [text.lower() for text in lines[index + 1 :] if text]
            source_hash = following[0] if following else ""
            return line, source_hash, next(filter(EXPORTED.fullmatch, following), "")
    return "", "", ""


def _has_codes(table: etree._Element) -> bool:
    cells = (cell for row in _inside(table, "tr") for cell in _inside(row, "tc"))
    return any(_codes(_cell_text(cell))[0] for cell in cells)


# The text of a cell


def _cell_text(cell: etree._Element, marks: Sequence[str] = ()) -> str:
    """The text of a cell, one line a paragraph.

    Word makes a list of what begins with a hyphen, and takes the hyphen away.
    Such a paragraph gets the mark that the source has in its place.
    """
    lines: list[str] = []
    items = 0
    for paragraph in (found for found in cell.iter() if _name(found) == "p"):
        text = "".join(_texts(paragraph))
        if marks and any(_name(element) == "numPr" for element in paragraph.iter()):
            text = marks[min(items, len(marks) - 1)] + text
            items += 1
        lines.append(text)
    return "\n".join(lines)


def _texts(element: etree._Element) -> Iterator[str]:
    for child in element:
        name = _name(child)
        if name in _CHARACTERS:
            yield _CHARACTERS[name]
        elif name == "t":
            yield child.text or ""
        elif name not in _SKIPPED and name != "p":
            yield from _texts(child)


def _inside(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """The rows of a table or the cells of a row, not those of a table inside one of its cells."""
    for child in element:
        if _name(child) == name:
            yield child
        elif _name(child) in ("sdt", "sdtContent", "customXml", "ins"):
            yield from _inside(child, name)


def _name(element: etree._Element) -> str:
    """The element's name without its namespace, which differs between the two kinds of Office Open XML."""
    tag: str = element.tag
    return tag.rpartition("}")[2]


# The package


def _main_part(raw: bytes, where: str) -> etree._Element:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as package:
            _check_package(package, where)
            return _xml(package, _main_name(package, where), where)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        # The ZIP module reports passwords and unknown methods in its own ways; all mean the same to staff.
        reason = str(error).splitlines()[0] if str(error) else "it ends too early"
        raise unusable(where, "broken-file", f"the file cannot be read: {reason}", _ANEW) from None


def _check_package(package: zipfile.ZipFile, where: str) -> None:
    names = package.namelist()
    if len(names) > MAX_PARTS:
        raise unusable(where, "too-large", f"the file holds {len(names)} parts", "is it the right file?")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        hint = "in Word choose 'Save as' → 'Word document (.docx)', without macros"
        raise unusable(where, "broken-file", "the file holds macros, so it was not opened", hint)
    if any(name.startswith("xl/") for name in names):
        hint = "in the spreadsheet choose 'Save as' → 'CSV UTF-8' and import that file"
        raise unusable(where, "broken-file", "the file is an Excel workbook", hint)
    if "content.xml" in names:
        hint = "choose 'Save as' → 'Word 2007-365 (.docx)' for a text, 'Text CSV' in UTF-8 for a spreadsheet"
        raise unusable(where, "broken-file", "the file is an OpenDocument file", hint)


def _main_name(package: zipfile.ZipFile, where: str) -> str:
    """What the document is called inside the package; Word on the web says ``document2.xml``."""
    if _MAIN in package.namelist():
        return _MAIN
    if _PACKAGE in package.namelist():
        for relation in _xml(package, _PACKAGE, where):
            if relation.get("Type", "").endswith("/officeDocument"):
                target: str = relation.get("Target", "")
                return posixpath.normpath(target).lstrip("/")
    raise unusable(where, "broken-file", "the file is a ZIP, but no Word document", _ANEW)


def _xml(package: zipfile.ZipFile, name: str, where: str) -> etree._Element:
    try:
        size = package.getinfo(name).file_size
    except KeyError:
        raise unusable(where, "broken-file", f"the file lacks its part {name}", _ANEW) from None
    if size > MAX_XML:
        message = f"the document is larger than {MAX_XML // 1024 // 1024} MB when unpacked"
        raise unusable(where, "too-large", message, "is it the right file?")
    raw = package.read(name)  # no more than the size that was announced
    try:
        # The parser is told the encoding, so that no other can hide a document type from this search.
        if "<!DOCTYPE" in raw.decode("utf-8"):
            raise unusable(where, "broken-file", "the file defines XML entities, which no Word document does", _ANEW)
        return etree.fromstring(raw, _parser())
    except UnicodeDecodeError:
        raise unusable(where, "broken-file", "the document inside is not in UTF-8", _ANEW) from None
    except etree.XMLSyntaxError as error:
        raise unusable(where, "broken-file", f"the document inside is broken: {error.msg}", _ANEW) from None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
