"""What each row that comes back means for the catalog.

========================  =============================  ===========================
the volunteer             the catalog since the export   then
========================  =============================  ===========================
left the cell empty       whatever                       nothing changes
changed nothing           whatever                       nothing changes
changed something         already says the same          nothing changes
changed something         as it was                      the row goes in
changed something         changed too                    refused, both are shown
========================  =============================  ===========================

A new translation is finished, unless the volunteer marks it as fuzzy.  A
fuzzy one that is left as it is stays fuzzy, unless it is marked as done.
Rows are judged one by one: the good ones go in, the others are refused with
a reason.  Merging the same rows again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polib

from newsletter.content.characters import FORBIDDEN, complaint
from newsletter.content.fields import MAX_TEXT
from newsletter.errors import UsageError
from newsletter.i18n.catalog import State, index, state
from newsletter.i18n.exchange.rows import EXPORTED, KEY, Row, clean, key_of, shorten, snapshot, text_hash
from newsletter.i18n.exchange.sheet import without_stray_guard
from newsletter.i18n.exchange.words import parse_state, words_for
from newsletter.i18n.messages import Message

MAX_NOTE = 2_000  # characters
STRAYED = 3  # translations in each other's rows from which a column must have been sorted alone


class Outcome(StrEnum):
    """What became of one row that was not refused."""

    TRANSLATED = "translated"  # a new translation
    MARKED = "marked"  # only its state or note is new
    UNCHANGED = "unchanged"
    EMPTY = "empty"  # still to be translated


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that did not go in, and why.  Of a conflict, what the catalog says and what the file says."""

    row: int
    source: str
    reason: str
    catalog: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of all rows."""

    outcomes: Sequence[Outcome]
    refused: Sequence[Refused]

    def count(self, wanted: Outcome) -> int:
        """How many rows had this outcome."""
        return self.outcomes.count(wanted)

    @property
    def changed(self) -> bool:
        """Whether the catalog has to be written."""
        return any(outcome in (Outcome.TRANSLATED, Outcome.MARKED) for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Target:
    """The issue and locale that a file is about."""

    issue: str
    locale: str


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a row wants a message to be."""

    translation: str
    state: State

    @property
    def snapshot(self) -> str:
        return snapshot(self.state, self.translation)


class _RefusalError(Exception):
    """A row cannot go in."""

    def __init__(self, reason: str, catalog: str = "", file: str = "") -> None:
        super().__init__(reason)
        self.reason, self.catalog, self.file = reason, catalog, file


def target_of(rows: Iterable[Row]) -> Target:
    """What most rows are about.  UsageError when no row says."""
    found = [Target(key["issue"], key["locale"]) for row in rows if (key := KEY.fullmatch(row.key))]
    if not found:
        raise UsageError(
            "no row of the file has a key, so nobody can tell which texts it translates",
            "export the issue anew, and copy the translations over",
        )
    return max(dict.fromkeys(found), key=found.count)


def merge(rows: Iterable[Row], wanted: Iterable[Message], catalog: polib.POFile, target: Target) -> Report:
    """Put the rows into ``catalog``, which is changed in place."""
    rows = list(rows)
    merger = _Merger(wanted, catalog, target, _displaced(rows))
    outcomes: list[Outcome] = []
    refused: list[Refused] = []
    for row in rows:
        try:
            outcomes.append(merger.take(row))
        except _RefusalError as error:
            refused.append(Refused(row.number, row.beginning, error.reason, error.catalog, error.file))
    return Report(tuple(outcomes), tuple(refused))


class _Merger:
    """The messages by key, and what has been seen of the file."""

    def __init__(
        self, wanted: Iterable[Message], catalog: polib.POFile, target: Target, displaced: frozenset[int]
    ) -> None:
        self._target = target
        self._displaced = displaced
        known = index(catalog)
        keys = [(message.context, message.text) for message in wanted]
        self._entries = {self._key(*key): known[key] for key in keys if key in known and not known[key].obsolete}
        self._unsynced = {self._key(*key) for key in keys} - self._entries.keys()
        self._former = set(self._former_keys(catalog)) - self._entries.keys()
        self._seen: dict[str, Row] = {}

    def _key(self, context: str, source: str) -> str:
        return key_of(self._target.issue, self._target.locale, context, source)

    def _former_keys(self, catalog: polib.POFile) -> Iterator[str]:
        """Keys of texts that the issue had once."""
        for entry in catalog:
            for text in (entry.msgid, entry.previous_msgid):
                if text:
                    yield self._key(entry.msgctxt or "", text)

    def take(self, row: Row) -> Outcome:
        """Judge one row, and put it in if it may.  Raises _RefusalError."""
        entry = self._entry(row)
        exported = EXPORTED.fullmatch(row.exported)
        if not exported:
            raise _RefusalError("its code 'exported' is damaged; copy the text into a new export")
        self._check_double(row)
        self._check_texts(row)
        if not row.translation.strip():
            return Outcome.MARKED if _add_note(entry, row.note) else Outcome.EMPTY
        wish = _wish(row, State(exported["state"]), exported["hash"], entry)
        now = snapshot(state(entry), entry.msgstr)
        if wish.snapshot in (row.exported, now):
            return Outcome.MARKED if _add_note(entry, row.note) else Outcome.UNCHANGED
        if row.number in self._displaced:
            raise _RefusalError("translations stand in each other's rows: was a column sorted without the others?")
        if now != row.exported:
            raise _RefusalError(
                "its translation was changed in the catalog since the export, and differently",
                catalog=clean(entry.msgstr),
                file=wish.translation,
            )
        _add_note(entry, row.note)
        return _apply(entry, wish)

    def _entry(self, row: Row) -> polib.POEntry:
        """The message that a row is about."""
        key = KEY.fullmatch(row.key)
        if not key:
            raise _RefusalError("it has no key, or its key or its columns are damaged")
        if Target(key["issue"], key["locale"]) != self._target:
            raise _RefusalError(f"it belongs to '{key['issue']}' in {key['locale']}, the others do not")
        entry = self._entries.get(row.key)
        if entry is None:
            raise _RefusalError(self._why_unknown(row))
        if row.source_hash != text_hash(entry.msgid) or text_hash(row.source) != row.source_hash:
            raise _RefusalError(
                "its source text is not the one of its key: was it edited, or some columns sorted alone?"
            )
        return entry

    def _why_unknown(self, row: Row) -> str:
        if row.key in self._unsynced:
            return f"the catalog does not have it yet; run 'newsletter i18n sync {self._target.issue}' first"
        # A row of ours whose text is nowhere any more never was translated, so that sync kept no trace of it.
        if row.key in self._former or (row.source_hash == text_hash(row.source)):
            return "its source text was changed or removed since the export; export anew to translate the new text"
        return "unknown key: no message of the issue has it"

    def _check_double(self, row: Row) -> None:
        first = self._seen.setdefault(row.key, row)
        if first is not row and (first.translation, first.state) != (row.translation, row.state):
            raise _RefusalError(f"it is the same message as row {first.number}, with another translation")

    def _check_texts(self, row: Row) -> None:
        for name, text, limit in (("translation", row.translation, MAX_TEXT), ("note", row.note, MAX_NOTE)):
            if len(text) > limit:
                raise _RefusalError(f"its {name} has {len(text):,} characters; {limit:,} are allowed")
            if found := FORBIDDEN.search(text):
                raise _RefusalError(f"{complaint(found.group())} (in its {name}); delete it")
        if row.state and parse_state(row.state) is None:
            known = " or ".join(words_for(self._target.locale).states.values())
            raise _RefusalError(f"unknown state '{shorten(clean(row.state))}'; write {known}")


def _displaced(rows: Sequence[Row]) -> frozenset[int]:
    """The rows whose translation cannot be trusted, because a column was sorted alone.

    A sign of it is a translation that was exported in another row, which does
    not have it any more.  From three such rows on no new translation can be
    trusted, wherever it stands.  (Two may be a swap that mends a mistake.)
    """
    moved: dict[str, str] = {}  # the hash of each exported translation that its row has lost, by key
    for row in rows:
        exported = EXPORTED.fullmatch(row.exported)
        if exported and exported["hash"] != text_hash(row.translation):
            moved[row.key] = exported["hash"]
    lost = set(moved.values()) - {text_hash("")}
    strayed = [row for row in rows if row.key in moved and text_hash(row.translation) in lost]
    if len(strayed) < STRAYED:
        return frozenset()
    return frozenset(row.number for row in rows if row.key in moved)


def _wish(row: Row, before: State, before_hash: str, entry: polib.POEntry) -> _Wish:
    """What the row wants.  White space at the ends is left out where the source has none."""
    text = without_stray_guard(row.translation, clean(entry.msgstr))
    marked = parse_state(row.state) or before
    if text_hash(text) == before_hash:
        return _Wish(text, before if marked is State.MISSING else marked)
    doubtful = marked is State.FUZZY and before is not State.FUZZY
    if entry.msgid == entry.msgid.strip():
        text = text.strip()
    return _Wish(text, State.FUZZY if doubtful else State.TRANSLATED)


def _apply(entry: polib.POEntry, wish: _Wish) -> Outcome:
    new = text_hash(entry.msgstr) != text_hash(wish.translation)
    if new:
        entry.msgstr = wish.translation
    entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
    if wish.state is State.FUZZY:
        entry.flags.insert(0, "fuzzy")
    else:
        entry.previous_msgid = entry.previous_msgctxt = None
    return Outcome.TRANSLATED if new else Outcome.MARKED


def _add_note(entry: polib.POEntry, note: str) -> bool:
    """Add a volunteer's note to those that the catalog has; one that it has already is not added again."""
    known = [line.strip() for line in clean(entry.tcomment).split("\n")]
    added = [line.strip() for line in note.split("\n") if line.strip() and line.strip() not in known]
    if added:
        entry.tcomment = "\n".join(filter(None, (entry.tcomment, *added)))
    return bool(added)
