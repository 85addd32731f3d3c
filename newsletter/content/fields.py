"""The kinds of values that an issue holds: texts, links, pictures, dates, each checked as it is read.

A text that is translated carries a ``Translatable`` marker.  It may be written
for several locales at once; the model then holds the text in the source
locale, and ``load.py`` takes the others out as seeds for the catalogs.  What
can only be judged against a workspace (which locales and segments exist,
whether a picture's file is there) comes in as a ``Vocabulary``, the validation
context.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from babel.numbers import list_currencies
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    GetCoreSchemaHandler,
    StringConstraints,
    Tag,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import core_schema

from newsletter.content.characters import check_characters
from newsletter.content.links import check_url
from newsletter.content.markup import check_markdown, paragraphs
from newsletter.content.picturefile import check_picture_file
from newsletter.content.placeholders import check_placeholders
from newsletter.content.problems import Problem, raise_problems
from newsletter.errors import did_you_mean
from newsletter.wording import said

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif")
MAX_TEXT = 20_000  # characters in one text; a long read has some 8,000


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a workspace knows, for the checks that need it.  ``media`` is the folder pictures are named from."""

    locales: tuple[str, ...]
    segments: frozenset[str]
    timezone: str
    media: Path | None = None
    today: dt.date | None = None  # at the organisation, for what ends some day
    source_locale: str = ""  # of the file that is read; in it every text by locale must be given


class TextKind(StrEnum):
    """How a translatable text is written: one line of plain text, or Markdown."""

    LINE = "line"
    MARKDOWN = "markdown"


class TextByLocale(str):
    """A text in the source locale that also knows what the file says in others, by locale.

    Lives only from validation to ``load.py``, which makes a plain text of it.
    """

    __slots__ = ("others",)
    others: Mapping[str, str]

    @classmethod
    def of(cls, text: str, others: Mapping[str, str]) -> TextByLocale:
        """The text, with the others beside it."""
        made = cls(text)
        made.others = others
        return made


@dataclass(frozen=True, slots=True)
class Translatable:
    """Marks a field whose text is translated, and lets it be one text or one for each locale."""

    kind: TextKind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        one = handler(source)
        texts = core_schema.dict_schema(handler.generate_schema(Locale), one, min_length=1)
        return core_schema.tagged_union_schema(
            {"one": one, "by-locale": core_schema.with_info_after_validator_function(self._in_source_locale, texts)},
            _one_or_by_locale,
            # Whatever was written, the model holds a text.
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=one),
        )

    def _in_source_locale(self, texts: Mapping[str, str], info: core_schema.ValidationInfo) -> str:
        words = info.context if isinstance(info.context, Vocabulary) else None
        home = words.source_locale if words and words.source_locale in words.locales else next(iter(texts))
        if home not in texts:
            message = said("no text for the locale '%(locale)s', in which this file is written", locale=home)
            raise_problems([Problem("missing-locale", message, said("add '%(key)s: …'", key=home))])
        others = {locale: text for locale, text in texts.items() if locale != home and text}
        if self.kind is TextKind.MARKDOWN:
            raise_problems([found for locale in others for found in _paired(home, texts[home], locale, texts[locale])])
        return TextByLocale.of(texts[home], others)


def _paired(home: str, text: str, locale: str, other: str) -> list[Problem]:
    """Translations go paragraph by paragraph, so there must be as many."""
    here, there = len(paragraphs(text)), len(paragraphs(other))
    if here == there:
        return []
    values = {"here": here, "home": home, "there": there, "locale": locale}
    message = said("the text has %(here)s paragraphs in '%(home)s' and %(there)s in '%(locale)s'", **values)
    hint = said(
        "give each paragraph its counterpart; for a text of its own, use two blocks with 'only: {locales: […]}'"
    )
    return [Problem("paragraphs-differ", message, hint, f"{locale}:")]


def check_line(text: str) -> list[Problem]:
    """Report placeholders that are none, and line breaks in what must be one line."""
    problems = check_placeholders(text)
    if "\n" in text.strip("\n"):
        problems.append(
            Problem("line-break", said("this text must stand on one line"), said("use 'body:' for longer text"))
        )
    return problems


def check_text(kind: TextKind, text: str) -> list[Problem]:
    """The checks that a text must pass in whatever language it is in."""
    return [*check_characters(text), *(check_markdown(text) if kind is TextKind.MARKDOWN else check_line(text))]


def normal_text(kind: TextKind, text: str) -> str:
    """A text as the models hold it: a line without needless spaces, Markdown without empty lines around it."""
    return text.strip("\n") if kind is TextKind.MARKDOWN else " ".join(text.split())


def _line(text: str) -> str:
    raise_problems(check_line(text))
    return normal_text(TextKind.LINE, text)


def _markdown(text: str) -> str:
    raise_problems(check_markdown(text))
    return normal_text(TextKind.MARKDOWN, text)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise_problems([Problem("too-short", said("the text is empty"))])
    return text


def _url(url: str) -> str:
    raise_problems(check_url(url))
    return url


def vocabulary(info: ValidationInfo) -> Vocabulary | None:
    """The workspace's words, where a value is checked against one."""
    return info.context if isinstance(info.context, Vocabulary) else None


def _known_locale(locale: str, info: ValidationInfo) -> str:
    words = vocabulary(info)
    if words and locale not in words.locales:
        hint = did_you_mean(locale, words.locales)
        raise_problems([Problem("unknown-locale", said("unknown locale '%(locale)s'", locale=locale), hint, locale)])
    return locale


def _known_segment(segment: str, info: ValidationInfo) -> str:
    words = vocabulary(info)
    if words and segment not in words.segments:
        hint = did_you_mean(segment, words.segments) or said("newsletter.yaml defines no segments yet")
        message = said("unknown segment '%(segment)s'", segment=segment)
        raise_problems([Problem("unknown-segment", message, hint, segment)])
    return segment


def _all_locales(values: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
    words = vocabulary(info)
    missing = [locale for locale in words.locales if locale not in values] if words else []
    raise_problems(
        [Problem("missing-locale", said("no value for the locale '%(locale)s'", locale=locale)) for locale in missing]
    )
    return values


def _currency(code: str) -> str:
    if code not in list_currencies():
        hint = said("use an ISO 4217 code such as USD")
        raise_problems([Problem("bad-currency", said("unknown currency '%(code)s'", code=code), hint)])
    return code


def _nearest_picture(file: Path) -> str:
    """What may have been meant by a file that is not there."""
    try:
        there = sorted(one.name for one in file.parent.iterdir() if one.is_file())
    except OSError:  # no such folder, or no such name
        there = []
    near = difflib.get_close_matches(file.name, there, n=1)
    if near:
        return said("did you mean '%(word)s'?", word=near[0])
    return said("pictures lie below issues/, and capitals count")


def check_picture(src: str, info: ValidationInfo) -> str:
    """A picture that mail clients show: a file beside the issues, or an https address."""
    if re.match(r"[a-z][a-z0-9+.\-]*:", src, re.IGNORECASE):
        if not src.startswith(("https:", "http:")):
            message = said("a picture cannot come from %(src)s", src=repr(src[:40]))
            raise_problems([Problem("bad-picture", message, said("use a file or https:"))])
        return _url(src)
    if not src.lower().endswith(PICTURE_SUFFIXES):
        kinds = ", ".join(PICTURE_SUFFIXES)
        hint = said("mail clients show %(kinds)s; export the picture as one of them", kinds=kinds)
        message = said("'%(src)s' is no picture that mail clients show", src=src)
        raise_problems([Problem("bad-picture", message, hint, src)])
    words = vocabulary(info)
    if words and words.media:
        try:
            file = (words.media / src).resolve()
            within, exists = file.is_relative_to(words.media.resolve()), file.is_file()
        except (OSError, RuntimeError):  # a name too long, links that go round in circles
            file, within, exists = words.media / src, True, False
        if not within:
            message = said("'%(src)s' lies outside the issues folder", src=src)
            raise_problems([Problem("bad-picture", message, "", src)])
        if not exists:
            message = said("there is no file '%(src)s'", src=src)
            raise_problems([Problem("missing-picture", message, _nearest_picture(file), src)])
        raise_problems(check_picture_file(file, src))
    return src


def _calendar_date(value: object) -> object:
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value.strip())
        except ValueError:
            hint = said("write year-month-day, e.g. 2019-06-03")
            raise_problems([Problem("bad-date", said("'%(value)s' is no date", value=value), hint)])
    return value


def parse_local_time(value: object) -> dt.datetime | None:
    """The local time that a text says; None if it says none."""
    if not isinstance(value, str) or len(value.strip()) <= len("2019-06-10"):
        return None
    try:
        time = dt.datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return time if time.tzinfo is None else None


def _local_time(value: object) -> object:
    if not isinstance(value, str):
        return value
    time = parse_local_time(value)
    if time is None:
        hint = said("write year-month-day, T, and the time as clocks at the place show it: 2019-06-10T18:00")
        raise_problems([Problem("bad-date", said("'%(value)s' is no local date and time", value=value), hint)])
    return time


Subject = Annotated[
    str,
    StringConstraints(min_length=1, max_length=150, strict=True),
    AfterValidator(_not_blank),
    AfterValidator(_line),
    Translatable(TextKind.LINE),
]
Preheader = Annotated[
    str,
    StringConstraints(min_length=1, max_length=250, strict=True),
    AfterValidator(_not_blank),
    AfterValidator(_line),
    Translatable(TextKind.LINE),
]
Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strict=True),
    AfterValidator(_not_blank),
    AfterValidator(_line),
    Translatable(TextKind.LINE),
]
OptionalLine = Annotated[
    str, StringConstraints(max_length=500, strict=True), AfterValidator(_line), Translatable(TextKind.LINE)
]
Markdown = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TEXT, strict=True),
    AfterValidator(_not_blank),
    AfterValidator(_markdown),
    Translatable(TextKind.MARKDOWN),
]
OptionalMarkdown = Annotated[
    str, StringConstraints(max_length=MAX_TEXT, strict=True), AfterValidator(_markdown), Translatable(TextKind.MARKDOWN)
]
Locale = Annotated[str, StringConstraints(strict=True), AfterValidator(_known_locale)]
Segment = Annotated[str, StringConstraints(strict=True), AfterValidator(_known_segment)]
Currency = Annotated[str, StringConstraints(strict=True), AfterValidator(_currency)]
Url = Annotated[str, StringConstraints(strict=True, max_length=2_000), AfterValidator(_url)]
Picture = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=500), AfterValidator(check_picture)]
Date = Annotated[dt.date, BeforeValidator(_calendar_date)]
LocalTime = Annotated[
    dt.datetime,
    BeforeValidator(_local_time),
    WithJsonSchema({"type": "string", "examples": ["2019-06-10T18:00"]}),
]
Slug = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


def _one_or_by_locale(value: object) -> str:
    return "by-locale" if isinstance(value, Mapping | BaseModel) else "one"


UrlByLocale = Annotated[
    Annotated[Url, Tag("one")] | Annotated[dict[Locale, Url], AfterValidator(_all_locales), Tag("by-locale")],
    Discriminator(_one_or_by_locale),
]
PictureByLocale = Annotated[
    Annotated[Picture, Tag("one")] | Annotated[dict[Locale, Picture], AfterValidator(_all_locales), Tag("by-locale")],
    Discriminator(_one_or_by_locale),
]
