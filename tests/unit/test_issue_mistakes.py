"""Every mistake in an issue is told where it stands, under its code, with what to do about it."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from newsletter.content.fields import PICTURE_SUFFIXES

from .helpers import BODY, HEAD, TEXT_BLOCK, VALID, block, findings_in, load_text, places


class Mistake(NamedTuple):
    """A file with one mistake; ``says`` are words of the message, ``hint`` of the hint."""

    text: str
    line: int
    column: int
    code: str
    says: str
    hint: str = ""


EVENT = """\
type: action
id: meeting
kind: event
title: Meeting
event:
  place: Our office
  {0}
"""
LINK = """\
type: story
id: news
title: News
body: Words
link:
  label: Read
  url: {0}
"""
TEXT = """\
type: text
id: greeting
body: {0}
"""

MISTAKES = {
    "wrong type, a number": Mistake(
        VALID.replace("Victory", "2019"), 3, 10, "wrong-type", "'subject' must be text, not the number 2019", "quotes"
    ),
    "wrong type, a list": Mistake(VALID.replace("Victory", "[a]"), 3, 10, "wrong-type", "must be text, not a list"),
    "wrong type, blocks": Mistake(HEAD + "blocks: none\n", 5, 9, "wrong-type", "'blocks' must be a list"),
    "wrong type, a block": Mistake(BODY + "  - words\n", 6, 5, "wrong-type", "must be a mapping"),
    "wrong type, a comment for a text": Mistake(
        VALID.replace("Victory", "# 1"), 3, 9, "wrong-type", "must be text, not empty", "begins with '#'"
    ),
    "a text after #": Mistake(VALID.replace("Victory", "#1"), 3, 9, "hashtag", "would be lost", "in quotes"),
    "wrong type, a number with a comma": Mistake(
        block("type: figures\nid: a\nfigures:\n  - {number: '1,300', what: farms}"),
        9,
        18,
        "wrong-type",
        "must be a whole number, not the text '1,300'",
        "digits alone, without comma",
    ),
    "wrong type, a link without its keys": Mistake(
        block("type: story\nid: a\ntitle: T\nbody: b\nlink: https://example.org"),
        10,
        11,
        "wrong-type",
        "must be a mapping of keys to values",
        "each on an indented line of its own: label, url",
    ),
    "wrong type, amounts in a row": Mistake(
        block("type: appeal\nid: a\ntitle: T\nurl: https://example.org\namounts: 10, 25"),
        10,
        14,
        "wrong-type",
        "'amounts' must be a list",
        "in square brackets",
    ),
    "apostrophe in single quotes": Mistake(
        VALID.replace("Victory", "'It's won'"), 3, 14, "yaml", "goes on after the quotation mark", "'' for one of them"
    ),
    "unknown key": Mistake(
        VALID.replace("blocks:", "preheadr: x\nblocks:"), 5, 1, "unknown-key", "'preheadr'", "did you mean 'preheader'"
    ),
    "unknown key of a link": Mistake(
        block("type: story\nid: news\ntitle: News\nbody: b\nlink: {url: https://example.org, label: Go, hrf: x}"),
        10,
        49,
        "unknown-key",
        "unknown key 'hrf' in story 'news'",
        "known are: label, url",
    ),
    "missing key": Mistake(
        block("type: story\nid: news\nbody: Words"),
        6,
        5,
        "missing-key",
        "missing key 'title' in story 'news'",
        "add 'title",
    ),
    "missing type": Mistake(block("id: news\nbody: Words"), 6, 5, "missing-key", "missing key 'type'", "add 'type"),
    "duplicate key": Mistake(
        block("type: text\nid: greeting\nbody: One\nbody: Two"),
        9,
        5,
        "duplicate-key",
        "'body' stands here twice",
        "keep one",
    ),
    "duplicate id": Mistake(VALID + TEXT_BLOCK, 7, 18, "duplicate-id", "'greeting' is used 2 times", "choose another"),
    "unknown block type": Mistake(
        block("type: storry\nid: news"), 6, 11, "unknown-block-type", "'storry'", "did you mean 'story'"
    ),
    "unknown kind": Mistake(
        block("type: action\nid: a\nkind: petiton\ntitle: T\ntargets: []"),
        8,
        11,
        "unknown-value",
        "unknown kind 'petiton'",
        "did you mean 'petition'",
    ),
    "bad id": Mistake(
        block("type: text\nid: Héllo\nbody: b"), 7, 9, "bad-value", "'Héllo' is no valid id", "small letters"
    ),
    "bad date": Mistake(
        VALID.replace("2019-06-03", "June 3"), 2, 7, "bad-date", "'June 3' is no date", "year-month-day"
    ),
    "a day that no month has": Mistake(VALID.replace("06-03", "02-30"), 2, 7, "bad-date", "no date"),
    "bad time": Mistake(
        block(EVENT.format("starts: 2019-06-10")), 12, 15, "bad-date", "no local date and time", "T18:00"
    ),
    "a time with its own offset": Mistake(
        block(EVENT.format("starts: 2019-06-10T18:00+02:00")),
        12,
        15,
        "bad-date",
        "no local date",
        "as clocks at the place",
    ),
    "event ends before it starts": Mistake(
        block(EVENT.format("starts: 2019-06-10T18:00\n  ends: 2019-06-10T17:00")),
        13,
        7,
        "ends-before-start",
        "ends before it starts",
        "2019-06-10 18:00",
    ),
    "event in the hour that clocks skip": Mistake(
        block(EVENT.format("starts: 2019-03-10T02:30")),
        12,
        7,
        "no-such-time",
        "02:30 does not exist",
        "did you mean 03:30",
    ),
    "event in the hour that clocks skip in its own zone": Mistake(
        block(EVENT.format("starts: 2019-03-31T02:30\n  timezone: Europe/Madrid")),
        12,
        7,
        "no-such-time",
        "Europe/Madrid",
    ),
    "event before there were years": Mistake(
        block(EVENT.format("starts: 0001-01-01T00:00\n  timezone: Asia/Tokyo")), 12, 7, "bad-date", "out of reach"
    ),
    "unknown zone": Mistake(
        block(EVENT.format("starts: 2019-06-10T18:00\n  timezone: America/New_Yrok")),
        13,
        17,
        "bad-timezone",
        "unknown time zone 'America/New_Yrok'",
        "did you mean 'America/New_York'",
    ),
    "event without a place": Mistake(
        block(EVENT.format("starts: 2019-06-10T18:00").replace("place: Our office", "place: ''")),
        11,
        7,
        "no-place",
        "neither a place nor",
        "add 'place:'",
    ),
    "event without an event": Mistake(
        block("type: action\nid: a\nkind: march\ntitle: T"), 6, 5, "missing-key", "'kind: march' needs 'event:'"
    ),
    "petition without a target": Mistake(
        block("type: action\nid: a\nkind: petition\ntitle: T"), 6, 5, "missing-key", "needs 'targets:'"
    ),
    "unknown placeholder": Mistake(
        block(TEXT.format("Dear {frist_name|friend}")),
        8,
        16,
        "unknown-placeholder",
        "{frist_name|friend}",
        "first_name",
    ),
    "placeholder without fall-back": Mistake(
        block(TEXT.format("Dear {first_name}")), 8, 16, "bad-placeholder", "no fall-back", "{first_name|friend}"
    ),
    "placeholder with an empty fall-back": Mistake(
        block(TEXT.format("Dear {first_name| }")), 8, 16, "bad-placeholder", "no fall-back"
    ),
    "template code": Mistake(block(TEXT.format('"so {{ 7*7 }}"')), 8, 15, "unknown-placeholder", "{{ 7*7 }}"),
    "count where there is none": Mistake(
        block(TEXT.format('"{count} letters"')), 8, 12, "unknown-placeholder", "no count", "an action that has 'count:'"
    ),
    "unknown segment": Mistake(
        block(TEXT.format("b\nonly: {segments: [suporters]}")),
        9,
        23,
        "unknown-segment",
        "'suporters'",
        "did you mean 'supporters'",
    ),
    "unknown locale": Mistake(VALID.replace("locale: en", "locale: fr"), 1, 16, "unknown-locale", "'fr'", "en, es"),
    "only of nothing": Mistake(
        block(TEXT.format("b\nonly: {}")), 9, 11, "empty-only", "limits nothing", "leave 'only' out"
    ),
    "URL that lacks a locale": Mistake(
        block(LINK.format("{en: https://example.org/a}")), 12, 12, "missing-locale", "no value for the locale 'es'"
    ),
    "URL for a locale that there is not": Mistake(
        block(LINK.format("{en: https://example.org/a, es: https://example.org/b, fr: https://example.org/c}")),
        12,
        67,
        "unknown-locale",
        "'fr'",
    ),
    "text that lacks the source locale": Mistake(
        block("type: story\nid: a\ntitle: {es: Hola}\nbody: b"),
        8,
        12,
        "missing-locale",
        "no text for the locale 'en'",
        "add 'en: …'",
    ),
    "text in a locale that there is not": Mistake(
        block("type: story\nid: a\ntitle: {en: Hello, fr: Salut}\nbody: b"), 8, 24, "unknown-locale", "'fr'", "en, es"
    ),
    "mistake in one of the locales": Mistake(
        block(TEXT.format("{en: Hello, es: Some <br> words}")), 8, 32, "raw-html", "'<br>'", "**bold**"
    ),
    "text by locale too long": Mistake(
        VALID.replace("Victory", "{en: Victory, es: " + "x" * 151 + "}"), 3, 28, "too-long", "at most 150"
    ),
    "paragraphs that do not pair": Mistake(
        block(TEXT.format('{en: "One\\n\\nTwo", es: Uno}')),
        8,
        30,
        "paragraphs-differ",
        "2 paragraphs in 'en' and 1 in 'es'",
        "its counterpart",
    ),
    "text by locale in a block that is not translated": Mistake(
        block(TEXT.format("{en: Hello, es: Hola}\ntranslate: false")),
        8,
        5,
        "not-translated",
        "'body' is given by locale",
        "leave one of the two out",
    ),
    "translate that is neither true nor false": Mistake(
        block(TEXT.format("b\ntranslate: no")), 9, 16, "wrong-type", "true or false"
    ),
    "raw HTML": Mistake(block(TEXT.format("Some <br> words")), 8, 16, "raw-html", "'<br>'", "**bold**"),
    "Markdown image": Mistake(
        block(TEXT.format("See ![it](https://example.org/i.png)")), 8, 15, "markdown-image", "not allowed", "image:"
    ),
    "bad link in Markdown": Mistake(
        block(TEXT.format("Click [me](javascript:alert)")), 8, 22, "bad-url", "'javascript:' are not allowed", "https"
    ),
    "line break in a line": Mistake(
        VALID.replace("Victory", "|\n  One\n  Two"), 3, 10, "line-break", "must stand on one line", "body"
    ),
    "blank line": Mistake(VALID.replace("Victory", "'  '"), 3, 10, "too-short", "is empty"),
    "no blocks": Mistake(HEAD + "blocks: []\n", 5, 9, "too-short", "'blocks' is empty"),
    "too long": Mistake(VALID.replace("Victory", "x" * 151), 3, 10, "too-long", "at most 150"),
    "unknown currency": Mistake(
        block("type: appeal\nid: a\ntitle: T\nurl: https://example.org\ncurrency: USX"),
        10,
        15,
        "bad-currency",
        "USX",
        "ISO 4217",
    ),
    "svg picture": Mistake(
        block("type: image\nid: a\nimage: {src: media/x.svg, alt: ''}"), 8, 18, "bad-picture", "mail clients", ".png"
    ),
    "picture from nowhere": Mistake(
        block("type: image\nid: a\nimage: {src: 'data:image/png,x', alt: ''}"),
        8,
        18,
        "bad-picture",
        "cannot come from",
        "https",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_is_told_with_its_place_and_what_to_do(mistake: Mistake) -> None:
    (finding,) = findings_in(mistake.text)
    assert places([finding]) == [(mistake.line, mistake.column, mistake.code)]
    assert mistake.says in finding.message
    assert mistake.hint in finding.hint


def test_valid_issue_has_no_findings() -> None:
    assert findings_in(VALID) == []


def test_all_mistakes_of_a_file_come_at_once_in_its_order() -> None:
    text = """\
source_locale: en
date: soon
subject: Dear {name}
preheader: 12
blocks:
  - type: story
    id: one
    titel: T
    body: |
      A paragraph.

      <b>Raw</b> and [bad](ftp://example.org).
  - type: action
    id: one
    kind: event
    title: Meeting
    event:
      starts: 2019-03-10T02:30
      ends: 2019-03-10T01:00
      online: example.org
"""
    assert places(findings_in(text)) == [
        (2, 7, "bad-date"),
        (3, 15, "bad-placeholder"),
        (4, 12, "wrong-type"),
        (6, 5, "missing-key"),
        (8, 5, "unknown-key"),
        (12, 7, "raw-html"),
        (12, 13, "raw-html"),
        (12, 28, "bad-url"),
        (14, 5, "duplicate-id"),
        (18, 7, "no-such-time"),
        (19, 7, "ends-before-start"),
        (20, 15, "bad-url"),
    ]


def test_empty_zone_is_the_organisations() -> None:
    loaded = load_text(block(EVENT.format("starts: 2019-06-10T18:00\n  timezone: ''")))
    assert loaded.issue.blocks[0].model_dump()["event"]["timezone"] == "America/New_York"


def test_both_hours_when_clocks_go_back_exist() -> None:
    assert findings_in(block(EVENT.format("starts: 2019-11-03T01:30"))) == []


@pytest.mark.parametrize("suffix", [*PICTURE_SUFFIXES, ".PNG"])
def test_pictures_that_mail_clients_show_are_taken(suffix: str) -> None:
    assert findings_in(block(f"type: image\nid: a\nimage: {{src: media/x{suffix}, alt: ''}}")) == []
