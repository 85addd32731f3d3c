"""Approvals: bound to just what was read over, and able to say what changed since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polib
import pytest

from newsletter.content.load import LoadedIssue
from newsletter.errors import ContentError
from newsletter.i18n.approvals import (
    Approval,
    Seal,
    approval_path,
    approval_state,
    approve,
    changes,
    read_approval,
    take_seal,
    write_approval,
)
from newsletter.i18n.formats import Formats
from newsletter.i18n.translate import translate

from .helpers import catalog_of, issue_of, places

NOON = dt.datetime(2019, 6, 3, 12, 0, 30, 5, tzinfo=dt.UTC)
GREETING = {"type": "text", "id": "greeting", "body": "Hello.\n\nGoodbye."}
STORY = {
    "type": "story", "id": "news", "title": "News", "body": "One",
    "link": {"url": {"en": "https://example.org/a", "es": "https://example.org/b"}, "label": "Read"},
}  # fmt: skip
LABEL = {"label": "Read"}
REORDERED = ["the date, the source locale or the order of the blocks changed"]
AS_IT_IS = {"type": "text", "id": "slogan", "translate": False, "body": "¡Ya basta!"}


def seal(loaded: LoadedIssue, changed: Mapping[str, str] | None = None, locale: str = "es") -> Seal:
    """The seal of an edition, in which everything is translated but as ``changed`` says."""
    catalog = catalog_of(loaded, changed) if locale == "es" else polib.POFile()
    return take_seal(loaded, translate(loaded, locale, catalog, Formats(locale), draft=True), catalog)


def test_nothing_changed_is_valid_and_survives_its_file(tmp_path: Path) -> None:
    now = seal(issue_of(GREETING, STORY, {"type": "divider"}, AS_IT_IS))
    file = approval_path(tmp_path, "es", "x")
    assert file == tmp_path / "es" / "approvals" / "x.yaml"
    assert read_approval(file, "x.yaml") is None
    write_approval(approve(now, "Ana: Ejemplo #1", NOON), file)
    read = read_approval(file, "x.yaml")
    assert read is not None
    assert (read.by, read.at, read.seal) == ("Ana: Ejemplo #1", NOON.replace(microsecond=0), now)
    assert approval_state(read, now).valid
    assert not approval_state(None, now).valid
    assert not list(file.parent.glob("*.partial"))
    before = file.read_bytes()
    write_approval(read, file)
    assert file.read_bytes() == before


EDITS: dict[str, tuple[list[dict[str, Any]], dict[str, str], list[str], list[str]]] = {
    "translation": (
        [GREETING, STORY], {"Hello.": "¡Hola!"}, ["translation of greeting.body changed: 'Hello.'"], [],
    ),
    "translation taken away": (
        [GREETING, STORY], {"Hello.": ""}, ["translation of greeting.body is gone or fuzzy: 'Hello.'"], [],
    ),
    "source": (
        [GREETING, {**STORY, "title": "Old news"}], {},
        ["source message news.title changed: 'Old news'"], ["source message news.title changed: 'Old news'"],
    ),
    "paragraph taken out": (
        [{**GREETING, "body": "Hello."}, STORY], {},
        ["source message greeting.body is gone"], ["source message greeting.body is gone"],
    ),
    "text added": (
        [{**GREETING, "title": "Dear all"}, STORY], {},
        ["source message greeting.title is new: 'Dear all'"], ["source message greeting.title is new: 'Dear all'"],
    ),
    "Spanish link": (
        [GREETING, {**STORY, "link": {"url": {"en": "https://example.org/a", "es": "https://example.org"}, **LABEL}}],
        {}, ["in block 'news' a link, picture, date, number or untranslated text changed"], [],
    ),
    "order": (
        [STORY, GREETING], {},
        REORDERED, REORDERED,
    ),
    "divider": (
        [GREETING, {"type": "divider"}, STORY], {},
        REORDERED, REORDERED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("blocks", "changed", "spanish", "english"), EDITS.values(), ids=EDITS)
def test_every_edit_is_named_and_voids_only_the_editions_that_show_it(
    blocks: list[dict[str, Any]], changed: dict[str, str], spanish: list[str], english: list[str]
) -> None:
    before, after = issue_of(GREETING, STORY), issue_of(*blocks)
    assert changes(seal(before), seal(after, changed)) == spanish
    assert changes(seal(before, locale="en"), seal(after, locale="en")) == english


def test_block_for_other_readers_counts_for_them_only() -> None:
    before = issue_of(GREETING)
    english = issue_of(GREETING, {**AS_IT_IS, "only": {"locales": ["en"]}})
    assert changes(seal(before), seal(english)) == []
    assert "block 'slogan' is new" in changes(seal(before, locale="en"), seal(english, locale="en"))
    assert "block 'slogan' is gone" in changes(seal(english, locale="en"), seal(before, locale="en"))


def test_text_that_is_not_translated_counts() -> None:
    before, after = issue_of(AS_IT_IS), issue_of({**AS_IT_IS, "body": "¡Basta ya!"})
    told = ["in block 'slogan' a link, picture, date, number or untranslated text changed"]
    assert changes(seal(before), seal(after)) == told


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("by: A\nat: soon\nmessages: []\nblocks: {a: b}\n", 2, "bad-date"),
        ("by: A\nat: '2019-06-03T12:00:00+00:00'\nmessages: [one two]\nblocks: {a: b}\n", 3, "bad-value"),
        ("by: A\nat: '2019-06-03T12:00:00+00:00'\nmessages: []\n", 1, "missing-key"),
        ("", 1, "empty"),
    ],
)
def test_damaged_file_says_where(tmp_path: Path, text: str, line: int, code: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_approval(file, "x.yaml")
    assert [(at, what) for at, _column, what in places(caught.value.findings)] == [(line, code)]


def test_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        Approval.model_validate({"by": "A", "at": "2019-06-03T12:00:00", "messages": (), "blocks": {"a": "b"}})
