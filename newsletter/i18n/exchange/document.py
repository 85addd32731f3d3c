"""Rows as a table to print, to read in bed and to fill in with Word or LibreOffice: writing it.

Three columns: source, translation, and a narrow one with the state, where the
text stands, and in small grey letters the codes of the row, each on a line of
its own.  The codes are text, not bookmarks or hidden fields: text is what
every program keeps, also when rows are moved or copied.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Inches, Pt, RGBColor
from docx.table import Table as WordTable
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from newsletter.i18n.catalog import State
from newsletter.i18n.exchange.rows import Row, Table, clean
from newsletter.i18n.exchange.words import Words, words_for
from newsletter.i18n.locales import direction, language_tag, own_name

WIDTHS = (Inches(4.1), Inches(4.1), Inches(1.6))  # of 11 inches, less two margins of 0.6
MARGIN = Inches(0.6)
TEXT_SIZE, SMALL_SIZE, CODE_SIZE = Pt(11), Pt(8), Pt(5)
GREY = RGBColor(0x6B, 0x6B, 0x6B)
_FIXED_DATE = datetime(2000, 1, 1, tzinfo=UTC)  # the template's own says 2013; nobody needs to know ours


def write_document(table: Table) -> bytes:
    """The file's bytes."""
    words = words_for(table.locale)
    document = docx.Document()
    _page(document)
    language = own_name(table.locale)
    title = words.title.format(issue=table.issue, language=language)
    _properties(document, title)
    document.add_heading(title, level=1)
    document.add_paragraph(_counts(table, words))
    for instruction in words.instructions:
        document.add_paragraph(instruction, style="List Bullet").paragraph_format.space_after = Pt(2)
    _table(document, table, words)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _page(document: Document) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Inches(11), Inches(8.5)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN


def _properties(document: Document, title: str) -> None:
    properties = document.core_properties
    properties.title = title
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = _FIXED_DATE


def _counts(table: Table, words: Words) -> str:
    return words.counts.format(
        total=len(table.rows),
        translated=table.count(State.TRANSLATED),
        fuzzy=table.count(State.FUZZY),
        missing=table.count(State.MISSING),
    )


def _table(document: Document, table: Table, words: Words) -> None:
    made = document.add_table(rows=1, cols=len(WIDTHS), style="Table Grid")
    made.autofit = False
    for column, width in zip(made.columns, WIDTHS, strict=True):
        column.width = width
    heads = (words.columns["source"], words.columns["translation"], words.columns["state"])
    for cell, head in zip(made.rows[0].cells, heads, strict=True):
        _text(cell.paragraphs[0], head, table.locale).bold = True
    header = made.rows[0]._tr.get_or_add_trPr()  # noqa: SLF001 - python-docx has no name for a repeated header
    header.append(OxmlElement("w:tblHeader"))
    for row in table.rows:
        _row(made, row, table)


def _row(made: WordTable, row: Row, table: Table) -> None:
    added: _Row = made.add_row()  # type: ignore[no-untyped-call]  # python-docx has no types here
    added._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001 - nor for this
    source, translation, margin = added.cells
    _text(source.paragraphs[0], row.source, table.source_locale)
    _text(translation.paragraphs[0], row.translation, table.locale)
    _margin(margin, row, table.locale)


def _margin(cell: _Cell, row: Row, locale: str) -> None:
    """State, place and codes; the state comes first, where a volunteer may change it."""
    _text(cell.paragraphs[0], row.state, locale).bold = True
    for text in filter(None, (row.context, row.note)):
        small = _text(cell.add_paragraph(), text, locale)
        small.font.size, small.font.color.rgb = SMALL_SIZE, GREY
    for code in (row.key, row.source_hash, row.exported):
        tiny = cell.add_paragraph().add_run(code)
        tiny.font.size, tiny.font.color.rgb, tiny.font.no_proof = CODE_SIZE, GREY, True
    for paragraph in cell.paragraphs:
        paragraph.paragraph_format.space_after = Pt(0)


def _text(paragraph: Paragraph, text: str, locale: str) -> Run:
    """Put a text into a paragraph, in its language, so that the spelling is checked, and in its direction."""
    run = paragraph.add_run(clean(text))
    run.font.size = TEXT_SIZE
    paragraph.paragraph_format.space_after = Pt(0)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), language_tag(locale))
    if direction(locale) == "rtl":
        language.set(qn("w:bidi"), language_tag(locale))
        run.font.rtl = True
        _insert(paragraph._p.get_or_add_pPr(), "w:bidi", before=("w:spacing", "w:ind", "w:jc", "w:rPr"))  # noqa: SLF001 - no name either
    run._r.get_or_add_rPr().append(language)  # noqa: SLF001 - nor for languages
    return run


def _insert(parent: BaseOxmlElement, tag: str, before: Sequence[str]) -> None:
    """Add an element at the place that the schema wants for it."""
    parent.insert_element_before(OxmlElement(tag), *before)
