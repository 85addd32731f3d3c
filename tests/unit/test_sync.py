"""Merging an issue into its catalog: nothing finished is lost, nothing of another text is called finished."""

from __future__ import annotations

from pathlib import Path

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.load import LoadedIssue
from newsletter.i18n.catalog import State, catalog_path, index, read_catalog, state, write_catalog
from newsletter.i18n.memory import Memory
from newsletter.i18n.messages import messages
from newsletter.i18n.sync import count, differences, sync

from .helpers import assert_msgfmt_accepts, body_issue, catalog_of, issue_of

FIRST = "The Governor signs the law that we wrote."
EDITED = "The Governor signs the law that we all wrote."
SECOND = "Nobody may be asked for papers."
OTHER = "¡Ya basta!"


class Catalog:
    """The catalog of one issue on disk, which every sync reads and writes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "x.po"
        self.memory: Memory | None = None

    def sync(self, loaded: LoadedIssue) -> str:
        """Merge, write, and return what was written."""
        write_catalog(sync(loaded, "es", read_catalog(self.file), self.memory), self.file)
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
    return f"« {' '.join(text.split())} »"


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


def test_three_forms_of_the_plural_from_another_program_survive(catalog: Catalog) -> None:
    forms = "nplurals=3; plural=n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2;"
    text = catalog.text
    standard = next(line for line in text.splitlines() if "Plural-Forms" in line)
    plural = '\nmsgctxt "theirs"\nmsgid "one"\nmsgid_plural "many"\nmsgstr[0] "a"\nmsgstr[1] "b"\nmsgstr[2] "c"\n'
    catalog.file.write_text(text.replace(standard, f'"Plural-Forms: {forms}\\n"') + plural, encoding="utf-8")
    written = catalog.sync(body_issue(FIRST, SECOND, OTHER))
    assert forms in written
    assert '#~ msgstr[2] "c"' in written
    assert catalog.sync(body_issue(FIRST, SECOND, OTHER)) == written
    assert_msgfmt_accepts(catalog.file)


def test_finished_obsolete_entry_goes_before_an_empty_living_one(catalog: Catalog) -> None:
    gone = f'\n#~ msgctxt "greeting.body"\n#~ msgid "{EDITED}"\n#~ msgstr "by hand"\n'
    catalog.sync(body_issue(SECOND, OTHER, "Something else altogether"))
    empty = f'\nmsgctxt "greeting.body"\nmsgid "{EDITED}"\nmsgstr ""\n'
    catalog.file.write_text(catalog.text + empty + gone, encoding="utf-8")
    catalog.sync(body_issue(EDITED, SECOND, OTHER))
    assert (catalog.entry(EDITED).msgstr, catalog.entry(EDITED).fuzzy) == ("by hand", False)


def test_note_tells_block_field_headline_and_limit(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    title = "A headline that goes on for much longer than anybody would want to read beside each paragraph"
    story = {
        "type": "story", "id": "news", "title": title, "body": f"{FIRST}\n\n{SECOND}",
        "link": {"url": "https://example.org", "label": "Read"},
    }  # fmt: skip
    quote = {"type": "quote", "id": "said", "text": OTHER, "by": "Somebody"}
    write_catalog(
        sync(issue_of(story, quote), "es", polib.POFile(), limit_of={"news.link.label": 30}.get), catalog.file
    )
    under = "under “A headline that goes on for much longer than…”"
    notes = {entry.msgid: entry.comment for entry in read_catalog(catalog.file)}
    assert notes[title] == "story 'news', title"
    assert notes[FIRST] == notes[SECOND] == f"story 'news', body; {under}"
    assert notes["Read"] == f"story 'news', label; {under}; at most 30 characters"
    assert notes["Somebody"] == f"quote 'said', by; under “{OTHER}”"


# What the issue's own file says in other locales


def by_locale(*pairs: tuple[str, str]) -> LoadedIssue:
    """An issue with one text block of these paragraphs, in English and Spanish."""
    english, spanish = ("\n\n".join(side) for side in zip(*pairs, strict=True))
    return issue_of({"type": "text", "id": "greeting", "body": {"en": english, "es": spanish}})


def test_seed_is_finished_at_once_and_the_catalog_wins_later(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    catalog.sync(by_locale((FIRST, "uno"), (SECOND, "dos")))
    assert [(catalog.entry(text).msgstr, catalog.entry(text).fuzzy) for text in (FIRST, SECOND)] == [
        ("uno", False), ("dos", False)
    ]  # fmt: skip
    catalog.translate(FIRST)
    loaded = by_locale((FIRST, "uno"), (SECOND, "dos"))
    before = catalog.text
    assert catalog.sync(loaded) == before
    (finding,) = differences(loaded, "es", read_catalog(catalog.file), "x.po")
    assert finding.code == "differs-from-issue"
    assert finding.where.line > 1
    assert "'uno'" in finding.message
    assert target(FIRST)[:20] in finding.message


def test_seed_fills_what_was_empty(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    catalog.sync(body_issue(FIRST))
    catalog.sync(by_locale((FIRST, "uno")))
    assert (catalog.entry(FIRST).msgstr, catalog.entry(FIRST).fuzzy) == ("uno", False)


def test_seed_of_an_edited_text_is_not_finished_even_if_a_translator_had_mended_it(catalog: Catalog) -> None:
    catalog.sync(by_locale((EDITED, "the old words"), (SECOND, "dos"), (OTHER, "tres")))
    assert (catalog.entry(EDITED).msgstr, catalog.entry(EDITED).fuzzy) == (target(FIRST), True)
    rewritten = "Not one word of it is left."
    catalog.sync(by_locale((rewritten, "the old words"), (SECOND, "dos"), (OTHER, "tres")))
    assert catalog.entry(rewritten).fuzzy


# What earlier issues say


def remember(folder: Path, *texts: str, slug: str = "earlier", source: str = "en", fuzzy: bool = False) -> Memory:
    """The memory of a workspace in which another issue translates these texts."""
    earlier = body_issue(*texts)
    catalog = sync(earlier, "es", polib.POFile())
    catalog.metadata["X-Source-Language"] = source
    for entry in catalog:
        entry.msgstr, entry.flags = target(entry.msgid), ["fuzzy"] if fuzzy else []
    write_catalog(catalog, catalog_path(folder, "es", slug))
    return Memory(folder, "en", "es")


def test_same_text_of_another_issue_goes_before_a_near_one_of_this(catalog: Catalog, tmp_path: Path) -> None:
    memory = remember(tmp_path / "locales", EDITED)
    merged = index(sync(body_issue(EDITED, SECOND, OTHER), "es", read_catalog(catalog.file), memory))
    entry = merged["greeting.body", EDITED]
    assert (entry.msgstr, entry.fuzzy, entry.previous_msgid) == (target(EDITED), True, None)
    assert entry.comment == "text 'greeting', body; from earlier, greeting.body"


def test_memory_holds_only_finished_texts_of_this_pair_from_other_issues(tmp_path: Path) -> None:
    for kept in (
        remember(tmp_path / "fuzzy", FIRST, fuzzy=True),
        remember(tmp_path / "pair", FIRST, source="fr"),
        remember(tmp_path / "own", FIRST, slug="x"),
    ):
        assert kept.recall(FIRST, "greeting.body", "x") is None
    remember(tmp_path / "many", FIRST, slug="2018-01")
    memory = remember(tmp_path / "many", FIRST, slug="2019-01")
    found = memory.recall(FIRST, "another.body", "x")
    assert found is not None
    assert found.place == "2019-01, greeting.body", "the latest"


# Any sequence of edits

TEXTS = st.sampled_from(
    [
        f"{start} {verb} {rest}."
        for start in ("We", "They")
        for verb in ("write", "wrote")
        for rest in ("the law", "a law", "letters")
    ]
    + ["No.", "**We** write the law.", "- one\n- two", "# We write"]
)
ACTIONS = ["insert", "move", "edit", "remove", "restore", "finish", "seed", "edit-seeded"]
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 20), TEXTS), max_size=12)


class Writer:
    """Somebody who edits an issue: its paragraphs now, those that were there, and what Spanish stands beside each."""

    def __init__(self, start: list[str]) -> None:
        self.now = list(start)
        self.gone: list[str] = []
        self.spanish: dict[str, str] = {}  # by text; once one has it, the file gives all of them
        self.seeded = False

    def do(self, action: str, number: int, text: str) -> None:
        """One edit.  An edit of a text that has Spanish beside it leaves the Spanish as it is."""
        place = number % len(self.now) if self.now else 0
        if action == "insert":
            self.now.insert(number % (len(self.now) + 1), text)
        elif action == "restore" and self.gone:
            self.now.insert(number % (len(self.now) + 1), self.gone[number % len(self.gone)])
        elif self.now and action == "move":
            self.now.append(self.now.pop(place))
        elif self.now and action in ("edit", "edit-seeded"):
            self.gone.append(self.now[place])
            if action == "edit-seeded" and self.seeded:
                self.spanish[text] = self.spanish.get(self.now[place], target(self.now[place]))
            self.now[place] = text
        elif self.now and action == "remove":
            self.gone.append(self.now.pop(place))
        elif action == "seed":
            self.seeded = not self.seeded
        self.now = list(dict.fromkeys(self.now))

    @property
    def issue(self) -> LoadedIssue:
        """What the file says."""
        if not self.seeded or not self.now:
            return body_issue(*self.now)
        return by_locale(*((text, self.spanish.get(text, target(text))) for text in self.now))


@given(st.lists(TEXTS, max_size=4, unique=True), st.lists(TEXTS, max_size=4, unique=True), STEPS)
def test_no_sequence_of_edits_loses_or_misattributes_a_finished_translation(
    tmp_path_factory: pytest.TempPathFactory, start: list[str], known: list[str], steps: list[tuple[str, int, str]]
) -> None:
    """Between any two edits there is a sync, as there is between an edit and the next translation."""
    folder = tmp_path_factory.mktemp("sync")
    catalog, writer, finished = Catalog(folder), Writer(start), set[str]()
    catalog.memory = remember(folder / "locales", *known)
    for action, number, text in [("finish", 0, ""), *steps]:
        writer.do(action, number, text)
        loaded = writer.issue
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
            if state(entry) is State.FUZZY and entry.previous_msgid:
                assert entry.msgstr == target(entry.previous_msgid)


@given(STEPS)
def test_msgfmt_accepts_what_any_sequence_of_edits_leaves(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("sync")
    catalog, writer = Catalog(folder), Writer(["No.", "We write the law."])
    catalog.memory = remember(folder / "locales", "No.", "They wrote letters.")
    for action, number, text in steps:
        writer.do(action, number, text)
        catalog.sync(writer.issue)
        if action == "finish":
            catalog.translate()
    catalog.sync(writer.issue)
    assert_msgfmt_accepts(catalog.file)


def test_counts_tell_what_is_left(catalog: Catalog) -> None:
    loaded = body_issue(EDITED, SECOND, "Something altogether different, in a tongue unheard.")
    catalog.sync(loaded)
    counts = count(loaded.issue, read_catalog(catalog.file))
    assert (counts.translated, counts.fuzzy, counts.missing, counts.total) == (3, 1, 1, 5)
    assert not counts.complete
    assert count(loaded.issue, catalog_of(loaded)).complete
