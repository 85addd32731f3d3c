"""``locales/glossary.csv``: how the organisation's own terms are said in each language.

::

    term,en,es
    polimigra,=,=
    Milk with Dignity,=,Leche con Dignidad|Milk with Dignity

A row is a term, then how each locale says it: ``=`` as the term itself, ``|``
between several ways, an empty cell for no rule.  A term in small letters is
found with capitals too; any other as it is written ("ICE" is not "ice").
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from newsletter.content.problems import Problem
from newsletter.content.source import MAX_BYTES, find_invisible
from newsletter.errors import ContentError, Finding, SourceSpan, did_you_mean
from newsletter.i18n.checks.findings import Check
from newsletter.wording import joined, said

FILE_NAME = "glossary.csv"
CODE = "bad-glossary"
_DELIMITERS = ",;\t"  # whichever a spreadsheet writes, by its country


@dataclass(frozen=True, slots=True)
class Term:
    """A term as one locale says it, and as another one must."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]


class Terms:
    """The terms between two locales, each found at word boundaries, the longest first."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms
        self._kept = [form for term in terms for form in term.sources if form in term.targets]

    @cached_property
    def kept(self) -> re.Pattern[str] | None:
        """Finds what stays as it is."""
        return _any_of(self._kept) if self._kept else None

    @cached_property
    def _wanted(self) -> tuple[re.Pattern[str], dict[str, Term], dict[Term, re.Pattern[str]]] | None:
        if not self._terms:
            return None
        by_form = {form.casefold(): term for term in self._terms for form in term.sources if form == form.lower()}
        by_form |= {form: term for term in self._terms for form in term.sources}
        forms = [form for term in self._terms for form in term.sources]
        return _any_of(forms), by_form, {term: _any_of(term.targets) for term in self._terms}

    def found(self, source: str) -> Iterator[tuple[int, int, Term]]:
        """Where terms stand in a text: from, to, and the term."""
        if self._wanted is None:
            return
        pattern, by_form, _targets = self._wanted
        for match in pattern.finditer(source):
            yield match.start(), match.end(), _term(match.group(), by_form)

    def check(self, source: str, target: str) -> Iterator[Problem]:
        """Each term of the source that the translation does not say as the glossary does."""
        if self._wanted is None:
            return
        pattern, by_form, targets = self._wanted
        found = {_term(match.group(), by_form): match.group() for match in pattern.finditer(source)}
        for term, shown in found.items():
            if not targets[term].search(target):
                ways = joined([f"‘{form}’" for form in term.targets])
                message = said("the glossary says %(ways)s for ‘%(term)s’", ways=ways, term=shown)
                hint = said("write it so, or add the other way to %(file)s after a |", file=FILE_NAME)
                yield Problem(Check.GLOSSARY, message, hint)


def _term(found: str, by_form: dict[str, Term]) -> Term:
    """As it is written, if there is such a term: "ICE" beside "ice"."""
    return by_form.get(found) or by_form[found.casefold()]


@dataclass(frozen=True, slots=True)
class Glossary:
    """All rows of the file, as (term, ways to say it by locale)."""

    rows: tuple[tuple[str, dict[str, tuple[str, ...]]], ...] = ()

    def terms(self, source_locale: str, locale: str) -> Terms:
        """What holds for a translation from one locale into another; ``es_MX`` may use the column ``es``."""
        found = [Term(_ways(row, source_locale), _ways(row, locale)) for _term, row in self.rows]
        return Terms([term for term in found if term.sources and term.targets])


def _ways(row: dict[str, tuple[str, ...]], locale: str) -> tuple[str, ...]:
    return row.get(locale) or row.get(locale.replace("-", "_").partition("_")[0], ())


def _any_of(forms: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(dict.fromkeys(forms), key=len, reverse=True)
    parts = [f"(?i:{re.escape(form)})" if form == form.lower() else re.escape(form) for form in longest_first]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


def read_glossary(path: Path, shown: str, locales: Sequence[str]) -> Glossary:
    """Read the file; no file is an empty glossary.  Raises ContentError with every finding."""
    if not path.exists():
        return Glossary()
    text = _text(path, shown)
    findings = list(find_invisible(text, shown))
    rows: list[tuple[str, dict[str, tuple[str, ...]]]] = []
    seen: dict[str, int] = {}
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = _cells(next(reader, []))
        if names[:1] != ["term"]:
            hint = said("the first row is: %(row)s", row=",".join(["term", *locales]))
            message = said("the first column is not 'term'")
            raise ContentError([*findings, Finding(SourceSpan(shown), CODE, message, hint)])
        findings += _complaints_of_columns(names, shown, locales)
        for row in reader:
            if not any(cells := _cells(row)):
                continue
            if finding := _complaint(cells, len(names), seen, SourceSpan(shown, reader.line_num)):
                findings.append(finding)
            seen.setdefault(cells[0], reader.line_num)
            ways = zip(names[1:], cells[1:], strict=False)
            rows.append((cells[0], {name: _cell(cell, cells[0]) for name, cell in ways}))
    except csv.Error as error:
        message = said("cannot be read: %(why)s", why=str(error))
        hint = said("open it in a spreadsheet program and save it anew as CSV in UTF-8")
        findings.append(Finding(SourceSpan(shown, reader.line_num), CODE, message, hint))
    if findings:
        raise ContentError(findings)
    return Glossary(tuple(rows))


def _cells(row: list[str]) -> list[str]:
    """The cells of a row, without the empty ones that spreadsheets write behind it."""
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _complaints_of_columns(names: list[str], shown: str, locales: Sequence[str]) -> Iterator[Finding]:
    for place, name in enumerate(names[1:], 1):
        if name not in locales:
            message = said("unknown locale '%(locale)s'", locale=name)
            yield Finding(SourceSpan(shown), "unknown-locale", message, did_you_mean(name, locales))
        elif name in names[:place]:
            message = said("two columns are called '%(name)s'", name=name)
            yield Finding(SourceSpan(shown), CODE, message, said("put other ways after a |"))


def _text(path: Path, shown: str) -> str:
    where = SourceSpan(shown)
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        hint = said("in Excel choose 'CSV UTF-8'")
        raise ContentError([Finding(where, "not-utf-8", said("the glossary is not UTF-8"), hint)]) from None
    except OSError as error:
        message = said("cannot be read: %(why)s", why=error.strerror)
        raise ContentError([Finding(where, "unreadable", message)]) from None
    if len(raw) > MAX_BYTES:
        message = said("the file is larger than %(most)s KB", most=MAX_BYTES // 1024)
        raise ContentError([Finding(where, "too-large", message, said("keep to the organisation's own terms"))])
    return re.sub(r"\A\"?sep=.\"?\n", "", text.replace("\r\n", "\n"))  # Excel's own first line


def _complaint(cells: list[str], columns: int, seen: dict[str, int], where: SourceSpan) -> Finding | None:
    term = cells[0]
    if not term:
        return Finding(where, CODE, said("the row has no term"), said("write it into the first cell"))
    if len(cells) > columns:
        hint = said('a cell that holds a comma stands in quotation marks: "a, b"')
        values = {"cells": len(cells), "columns": columns}
        return Finding(where, CODE, said("the row has %(cells)s cells, and the first row %(columns)s", **values), hint)
    if term in seen:
        hint = said("keep one of them; put other ways after a |")
        message = said("‘%(term)s’ stands here and in line %(line)s", term=term, line=seen[term])
        return Finding(where, CODE, message, hint)
    return None


def _cell(cell: str, term: str) -> tuple[str, ...]:
    ways = [way.strip() for way in cell.split("|")]
    return tuple(term if way == "=" else way for way in ways if way)
