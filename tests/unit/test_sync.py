"""Merging an issue into its catalog: nothing finished is lost, nothing of another text is called finished."""

from __future__ import annotations

from pathlib import Path

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.load import LoadedIssue
from newsletter.i18n.catalog import State, index, read_catalog, state, write_catalog
from newsletter.i18n.messages import messages
from newsletter.i18n.sync import count, sync

from .helpers import body_issue, catalog_of, issue_of

FIRST = "The Governor signs the law that we wrote."
EDITED = "The Governor signs the law that we all wrote."
SECOND = "Nobody may be asked for papers."
OTHER = "¡Ya basta!"


class Catalog:
    """The catalog of one issue on disk, which every sync reads and writes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "x.po"

    def sync(self, loaded: LoadedIssue) -> str:
        """Merge, write, and return what was written."""
        write_catalog(sync(loaded.issue, "x", "es", read_catalog(self.file)), self.file)
        return self.text

    def translate(self, *texts: str) -> None:
        """Finish these (or all) messages, as a translator does in an editor."""
        catalog = read_catalog(self.file)
        for entry in catalog:
            if not entry.obsolete and (entry.msgid in texts or not texts):
                entry.msgstr, entry.flags, entry.previous_msgid = target(entry.msgid), [], None
        write_catalog(catalog, self.file)

    def entry(self, text: str, context: str = "greeting.body") -> polib.POEntry:
        """One message."""
        return index(read_catalog(self.file))[context, text]

    @property
    def text(self) -> str:
        """What the file says."""
        return self.file.read_text(encoding="utf-8")


def target(text: str) -> str:
    """The one right translation of a text, by which any other can be told."""
    return f"« {text} »"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A catalog in which three paragraphs are translated."""
    made = Catalog(tmp_path)
    made.sync(body_issue(FIRST, SECOND, OTHER))
    made.translate()
    return made


def test_new_catalog_holds_every_message_in_order_with_a_note(tmp_path: Path) -> None:
    made = Catalog(tmp_path)
    made.sync(body_issue(FIRST, SECOND))
    entries = read_catalog(made.file)
    assert [(entry.msgctxt, entry.msgid) for entry in entries] == [
        ("subject", "Victory"), ("preheader", "One more line"), ("greeting.body", FIRST), ("greeting.body", SECOND)
    ]  # fmt: skip
    assert {state(entry) for entry in entries} == {State.MISSING}
    assert entries[2].comment == "text 'greeting', body"
    assert entries.metadata["Language"] == "es"
    assert entries.metadata["X-Source-Language"] == "en"


def test_second_sync_changes_no_byte(catalog: Catalog) -> None:
    loaded = body_issue(FIRST, SECOND, OTHER)
    first = catalog.sync(loaded)
    assert catalog.sync(loaded) == first
    edited = body_issue(EDITED, OTHER, "New")
    first = catalog.sync(edited)
    assert catalog.sync(edited) == first
    without = body_issue(OTHER)
    first = catalog.sync(without)
    assert catalog.sync(without) == first


def test_edited_paragraph_is_fuzzy_with_the_old_text_beside_it(catalog: Catalog) -> None:
    before = catalog.text
    after = catalog.sync(body_issue(EDITED, SECOND, OTHER))
    entry = catalog.entry(EDITED)
    assert state(entry) is State.FUZZY
    assert entry.msgstr == target(FIRST)
    assert entry.previous_msgid == FIRST
    removed, added = set(before.split("\n")) - set(after.split("\n")), set(after.split("\n")) - set(before.split("\n"))
    assert removed == {f'msgid "{FIRST}"', f'msgstr "{target(FIRST)}"'} - set(after.split("\n"))
    assert all(any(word in line for word in ("fuzzy", "#|", "#~", EDITED, FIRST)) for line in added)


def test_paragraph_edited_twice_stays_beside_the_text_that_was_translated(catalog: Catalog) -> None:
    catalog.sync(body_issue(EDITED, SECOND, OTHER))
    again = EDITED.replace("all", "all of us")
    catalog.sync(body_issue(again, SECOND, OTHER))
    assert catalog.entry(again).fuzzy
    assert (catalog.entry(again).previous_msgid, catalog.entry(again).msgstr) == (FIRST, target(FIRST))


def test_edit_taken_back_is_finished_again(catalog: Catalog) -> None:
    before = catalog.text
    catalog.sync(body_issue(EDITED, SECOND, OTHER))
    catalog.sync(body_issue(FIRST, SECOND, OTHER))
    assert state(catalog.entry(FIRST)) is State.TRANSLATED
    assert catalog.text.startswith(before.rstrip("\n"))


def test_removed_and_restored_story_gets_its_translations_back(tmp_path: Path) -> None:
    story = {
        "type": "story", "id": "news", "title": "News", "body": f"{FIRST}\n\n{SECOND}",
        "link": {"url": "https://example.org", "label": "Read"},
    }  # fmt: skip
    greeting = {"type": "text", "id": "greeting", "body": OTHER}
    catalog = Catalog(tmp_path)
    catalog.sync(issue_of(greeting, story))
    catalog.translate()
    before = catalog.text
    catalog.sync(issue_of(greeting))
    assert f'#~ msgid "{FIRST}"' in catalog.text
    assert count(issue_of(greeting).issue, read_catalog(catalog.file)).complete
    assert catalog.sync(issue_of(greeting, story)) == before


def test_removed_while_fuzzy_comes_back_fuzzy(catalog: Catalog) -> None:
    catalog.sync(body_issue(EDITED, OTHER))
    catalog.sync(body_issue(OTHER))
    catalog.sync(body_issue(EDITED, OTHER))
    assert state(catalog.entry(EDITED)) is State.FUZZY


def test_moved_and_inserted_paragraphs_and_blocks_touch_nothing_else(catalog: Catalog) -> None:
    before = {part.strip() for part in catalog.text.split("\n\n")}
    catalog.sync(body_issue(OTHER, "Quite new", FIRST, SECOND))
    after = {part.strip() for part in catalog.text.split("\n\n")}
    assert before <= after
    assert len(after - before) == 1, "the new message"
    divider, first, second = (
        {"type": "divider"}, {"type": "text", "id": "a", "body": FIRST}, {"type": "text", "id": "b", "body": SECOND}
    )  # fmt: skip
    there = {(message.context, message.text) for message in messages(issue_of(first, second).issue)}
    assert {(message.context, message.text) for message in messages(issue_of(second, divider, first).issue)} == there


def test_translation_of_one_block_is_not_used_for_the_same_words_in_another(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    catalog.sync(issue_of({"type": "text", "id": "a", "body": FIRST}))
    catalog.translate()
    catalog.sync(issue_of({"type": "text", "id": "b", "body": FIRST}))
    assert state(catalog.entry(FIRST, "b.body")) is State.MISSING


def test_header_and_notes_of_another_program_survive(catalog: Catalog) -> None:
    foreign = (
        '# Ours: the house style is in docs/.\nmsgid ""\nmsgstr ""\n'
        '"Last-Translator: Somebody <somebody@example.org>\\n"\n'
        '"Language: es_MX\\n"\n"Content-Type: text/plain; charset=ISO-8859-1\\n"\n"X-Poedit-Basepath: .\\n"\n'
    )
    body = catalog.text.partition("\n\n")[2].replace(f'msgid "{FIRST}"', f'msgid "{FIRST}"')
    catalog.file.write_text(f"{foreign}\n# by hand\n{body}", encoding="utf-8")
    written = catalog.sync(body_issue(FIRST, SECOND, OTHER))
    for line in (
        "# Ours: the house style is in docs/.",
        "Last-Translator: Somebody",
        "Language: es_MX",
        "X-Poedit-Basepath",
        "# by hand",
    ):
        assert line in written
    assert "charset=UTF-8" in written, "that is how it is written"
    assert catalog.sync(body_issue(FIRST, SECOND, OTHER)) == written


TEXTS = st.sampled_from(
    [
        f"{start} {verb} {rest}."
        for start in ("We", "They")
        for verb in ("write", "wrote")
        for rest in ("the law", "a law", "letters")
    ]
    + ["No.", "**We** write the law.", "- one\n- two", "# We write"]
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["insert", "move", "edit", "remove", "restore", "finish"]), st.integers(0, 20), TEXTS),
    max_size=10,
)


@given(st.lists(TEXTS, max_size=4, unique=True), STEPS)
def test_no_sequence_of_edits_loses_or_misattributes_a_finished_translation(
    tmp_path_factory: pytest.TempPathFactory, start: list[str], steps: list[tuple[str, int, str]]
) -> None:
    catalog = Catalog(tmp_path_factory.mktemp("sync"))
    now, gone, finished = list(start), list[str](), set[str]()
    for action, number, text in [("finish", 0, ""), *steps]:
        if action == "insert":
            now.insert(number % (len(now) + 1), text)
        elif action == "restore" and gone:
            now.insert(number % (len(now) + 1), gone[number % len(gone)])
        elif now and action == "move":
            now.append(now.pop(number % len(now)))
        elif now and action == "edit":
            gone.append(now[number % len(now)])
            now[number % len(now)] = text
        elif now and action == "remove":
            gone.append(now.pop(number % len(now)))
        now = list(dict.fromkeys(now))
        loaded = body_issue(*now)
        written = catalog.sync(loaded)
        if action == "finish":
            catalog.translate()
            finished |= {message.text for message in messages(loaded.issue)}
        assert catalog.sync(loaded) == (written if action != "finish" else catalog.text)
        for message in messages(loaded.issue):
            entry = catalog.entry(message.text, message.context)
            if message.text in finished:
                assert state(entry) is State.TRANSLATED
            if state(entry) is State.TRANSLATED:
                assert entry.msgstr == target(message.text)
            if state(entry) is State.FUZZY:
                assert entry.msgstr == target(entry.previous_msgid or "") or entry.previous_msgid is None


def test_counts_tell_what_is_left(catalog: Catalog) -> None:
    loaded = body_issue(EDITED, SECOND, "Something altogether different, in a tongue unheard.")
    catalog.sync(loaded)
    counts = count(loaded.issue, read_catalog(catalog.file))
    assert (counts.translated, counts.fuzzy, counts.missing, counts.total) == (3, 1, 1, 5)
    assert not counts.complete
    assert count(loaded.issue, catalog_of(loaded)).complete
