"""Whatever a text says, a letter shows it as text: no new element, no new attribute, no character changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from newsletter.content.load import LoadedIssue
from newsletter.content.schema import Issue
from newsletter.i18n.formats import Formats
from newsletter.i18n.messages import Message, map_texts, messages
from newsletter.i18n.translate import Edition
from newsletter.render.rendered import Rendered, render

from .helpers import Page, composer, filled, issue_of, rendered

HARMLESS = "harmless"
HOSTILE = {
    "tag": '"><script>alert(1)</script>',
    "single quote": "' onload='alert(1)",
    "double quote": '" onload="alert(1)" x="',
    "cdata": "]]><b>",
    "jinja": "{{7*7}}",
    "jinja block": "{% raw %}{# x #}",
    "token": "zq1zq",
    "first token": "zq0zq zq99999zq",
    "entity": "&quot;&#39;&lt;b&gt;&amp;amp;",
    "title": "</title></style></mj-text><mj-raw>",
    "comment": "--><!-- [if mso]>",
    "format": "%(amounts)s %s 100% \\1 \\g<0>",
    "long": "x" * 500,
    "long words": "word " * 99 + "word",
    "emoji": "👩🏽‍🌾 ¡Ñandú! “”",
    "template word": "Donate",
}  # fmt: skip
# All at once in both orders, so that each comes first and last, as close to the template's own characters as can be.
TOGETHER = [" ".join(HOSTILE.values()), " ".join(reversed(HOSTILE.values()))]
URL = "https://example.org/a?b=c&d=e"
PICTURE = {"src": "https://example.org/a.png", "alt": "A", "caption": "C"}
BLOCKS: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "id": "a", "title": "T", "body": "B"},
    "story": {
        "type": "story", "id": "a", "title": "T", "body": "B", "image": PICTURE, "link": {"url": URL, "label": "L"},
    },
    "quote": {"type": "quote", "id": "a", "text": "Q", "by": "W"},
    "image": {"type": "image", "id": "a", "image": PICTURE, "link": URL},
    "appeal": {
        "type": "appeal", "id": "a", "title": "T", "body": "B", "image": PICTURE, "url": URL, "label": "L",
        "amounts": [5, 8],
    },
    "action": {
        "type": "action", "id": "a", "kind": "event", "title": "T", "body": "B", "image": PICTURE, "count": 3,
        "event": {"starts": "2019-06-10T18:00", "place": "P", "online": URL}, "deadline": "2019-06-09",
        "targets": [{"url": URL, "label": "L"}, {"url": URL, "label": "M"}],
    },
    "petition": {
        "type": "action", "id": "a", "kind": "petition", "title": "T", "count": 3, "goal": 5, "progress": "P",
        "targets": [{"url": URL, "label": "L"}], "image": {**PICTURE, "credit": "D"},
    },
    "march": {
        "type": "action", "id": "a", "kind": "march", "title": "T",
        "event": {"starts": "2019-06-10T18:00", "place": "P", "map": URL, "stops": [{"at": "18:30", "place": "S"}]},
    },
    "letter": {
        "type": "action", "id": "a", "kind": "letter", "title": "T",
        "letter": {"to": ["a@example.org"], "subject": "S", "body": "B"},
    },
    "call": {
        "type": "action", "id": "a", "kind": "call", "title": "T",
        "call": {"to": [{"name": "N", "number": "+1 802 555 0100"}], "script": "B"},
    },
    "share": {"type": "action", "id": "a", "kind": "share", "title": "T", "share": {"text": "S", "url": URL}},
    "video": {"type": "video", "id": "a", "title": "T", "body": "B", "poster": PICTURE, "url": URL, "label": "L"},
    "figures": {
        "type": "figures", "id": "a", "title": "T", "figures": [{"number": 7, "about": "A", "what": "L"}],
    },
}  # fmt: skip
# Where a mail shows a text only in its HTML or only beside it.
ONLY_HTML = {"preheader"}


def contexts(loaded: LoadedIssue) -> Iterator[str]:
    """Every place of a text in an issue."""
    yield from dict.fromkeys(message.context for message in messages(loaded.issue))


def with_text(loaded: LoadedIssue, context: str, text: str) -> Rendered:
    """The letter, in which one text says something else; past all checks, as if they had a hole."""

    def change(message: Message) -> str:
        return text if message.context == context else message.text

    issue: Issue = map_texts(loaded.issue, change)
    return render(Edition("x", "en", issue, Formats("en_US"), frozenset()), composer())


def escaped(text: str) -> str:
    """The text as Markdown that means just it."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!<>&~|'\"$%,:;/?@^=])", r"\\\1", text)


# The last two words of a title, if they are short.
PIECE = re.compile(r'<span style="display:inline-block">([^<]*)</span>')
CASES = [
    (kind, context)
    for kind, block in BLOCKS.items()
    for context in contexts(issue_of(block))
    if context.startswith("a.")
]
CASES += [("text", "subject"), ("text", "preheader")]


@pytest.mark.parametrize(("kind", "context"), CASES, ids=[f"{kind}-{context}" for kind, context in CASES])
def test_hostile_text_stays_text(kind: str, context: str) -> None:
    loaded = issue_of(BLOCKS[kind])
    markdown = context.endswith((".body", ".script"))
    calm = Page(with_text(loaded, context, HARMLESS).html)
    assert any(HARMLESS in text for text in (calm.text, *(value for _tag, _name, value in calm.values)))
    for hostile in HOSTILE.values() if context in ("a.title", "a.image.alt") and kind == "story" else TOGETHER:
        letter = with_text(loaded, context, escaped(hostile) if markdown else hostile)
        page = Page(PIECE.sub(r"\1", letter.html))
        assert page.tags == calm.tags
        assert len(page.others) == len(calm.others)

        def becomes(said: str, hostile: str = hostile) -> str:
            return said.replace(HARMLESS, hostile)

        assert tidy(page.text) == tidy(becomes(calm.text))
        assert [(tag, name, tidy(decoded(value))) for tag, name, value in page.values] == [
            (tag, name, tidy(becomes(decoded(value)))) for tag, name, value in calm.values
        ]
        if context not in ONLY_HTML:
            assert letters(hostile) in letters(letter.text)
        if context == "subject":
            assert letter.subject == hostile


def decoded(value: str) -> str:
    """An address that was made of texts, readable again."""
    return unquote(value) if value.startswith(("mailto:", "sms:", "https://wa.me", "https://bsky.app")) else value


def tidy(text: str) -> str:
    """Without the differences of white space that wrapping makes."""
    return " ".join(text.split())


def letters(text: str) -> str:
    """Without any white space, whatever its case: plain text is wrapped."""
    return "".join(text.split())


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_letterhead_stays_text(hostile: str) -> None:
    def page(name: str) -> tuple[Page, Rendered]:
        using = composer()
        using.letterhead = replace(using.letterhead, names={"en": name}, postal_address=name)
        letter = rendered(issue_of(BLOCKS["text"]), using)
        return Page(letter.html), letter

    calm, _letter = page(HARMLESS)
    found, letter = page(hostile)
    assert found.tags == calm.tags
    assert tidy(found.text) == tidy(calm.text.replace(HARMLESS, hostile))
    assert letters(hostile) in letters(letter.text)


@pytest.mark.parametrize(
    "change",
    [
        lambda url: f"{url}&quot;onload=1",
        lambda url: f"{url}'x",
        lambda url: f"{url}&zq1zq",
        lambda url: f"{url}&amp;copy=1",
    ],
)
def test_url_stays_the_url_that_was_written(change: Callable[[str], str]) -> None:
    url = change(URL)
    calm = Page(rendered(issue_of(BLOCKS["image"])).html)
    page = Page(rendered(issue_of({**BLOCKS["image"], "link": url})).html)
    assert page.tags == calm.tags
    assert ("a", "href", url) in page.values


def test_markdown_reaches_the_letter_as_its_own_elements_alone() -> None:
    body = '**B** [l](https://example.org/?a=b&c=d)\n\n- one\n\n> {first_name|"F" & <b>}'.replace("<b>", "‹b›")
    page = Page(filled(rendered(issue_of({"type": "text", "id": "a", "body": body})).html))
    assert {"strong", "a", "ul", "li", "blockquote"} <= {tag for tag, _attributes in page.tags}
    assert ("a", "href", "https://example.org/?a=b&c=d") in page.values
    assert '"F" & ‹b›' in page.text
