"""Translating in the studio: the catalogs of issues, read and written as ``newsletter i18n`` does."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import polib

from newsletter.cli.cache import Cache, stamp
from newsletter.cli.studio.work import Work
from newsletter.cli.studio.workbench import Workbench
from newsletter.content.fields import TextKind
from newsletter.content.load import LoadedIssue
from newsletter.errors import StoreError, UsageError
from newsletter.i18n.catalog import issue_folder, read_catalog, state, write_catalog
from newsletter.i18n.checks.edition import check_edition, language
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.text import Text
from newsletter.i18n.edit import find, print_of, put, refusal, tidy
from newsletter.i18n.glossary import Terms
from newsletter.i18n.locales import direction, own_name
from newsletter.i18n.memory import Memory
from newsletter.i18n.messages import Message, messages_for
from newsletter.i18n.nearest import Nearest
from newsletter.i18n.sync import sync
from newsletter.web.preview.translating import (
    Change,
    Draft,
    Editing,
    Item,
    Kept,
    Piece,
    Remark,
    Suggestion,
    Translation,
)
from newsletter.wording import said

KEY_DIGITS = 12
SUGGESTIONS = 4  # that a translator is shown at most
TRIES = 5  # to write a catalog that others write at the same moment
POINTED = 0.3  # difflib ratio below which a text that somebody points at is none of the messages
LONGEST_POINTED = 1000  # characters of it that are compared
_HOLE = re.compile(r"⟦\w+: (.*)⟧", re.DOTALL)
_WORDS = re.compile(r"\s+|[^\s]+")


class TranslationDesk:
    """Implements ``Translating`` over the workbench."""

    def __init__(self, bench: Workbench, work: Work) -> None:
        self._bench = bench
        self._work = work
        self._memories: Cache[tuple[Memory, Nearest]] = Cache(8)

    async def edition(self, slug: str, locale: str) -> Translation:
        """All messages."""
        return await self._work(lambda: self._sheet(slug, locale).shown())

    async def editing(self, slug: str, locale: str, key: str) -> Editing | None:
        """One message."""
        return await self._work(lambda: self._editing(slug, locale, key))

    async def check(self, slug: str, locale: str, key: str, text: str) -> tuple[Remark, ...]:
        """What the checks would say."""
        return await self._work(lambda: self._check(slug, locale, key, text))

    async def nearest(self, slug: str, locale: str, block: str, text: str) -> str:
        """The message that a text on the screen comes from."""
        return await self._work(lambda: self._sheet(slug, locale).pointed_at(block, text[:LONGEST_POINTED]))

    async def save(self, slug: str, locale: str, key: str, draft: Draft) -> Kept:
        """Write one translation."""
        return await self._work(lambda: self._save(slug, locale, key, draft))

    def _sheet(self, slug: str, locale: str) -> _Sheet:
        loaded, house = self._bench.readable(slug), self._bench.house
        if locale not in house.targets(loaded):
            raise UsageError(said("'%(slug)s' is not translated into '%(locale)s'", slug=slug, locale=locale))
        path = house.workspace.catalog(slug, locale)
        return _Sheet(loaded, locale, path, house.workspace.shown(path))

    def _editing(self, slug: str, locale: str, key: str) -> Editing | None:
        sheet, house = self._sheet(slug, locale), self._bench.house
        message = sheet.message(key)
        if message is None:
            return None
        entry = find(sheet.catalog, message)
        item = sheet.item(message)
        terms = house.rules.terms(sheet.loaded.issue.source_locale, locale)
        earlier = entry.previous_msgid if entry is not None and entry.fuzzy else None
        return Editing(
            item=item,
            print=print_of(entry),
            note=message.note,
            comment=entry.tcomment if entry is not None else "",
            limit=house.limits.of(message.context),
            lines=message.kind is TextKind.MARKDOWN,
            pieces=tuple(_pieces(message.text, terms)),
            changes=tuple(_changes(earlier, message.text)) if earlier else (),
            suggestions=tuple(self._suggestions(sheet, message))[:SUGGESTIONS],
            remarks=self._remarks(sheet, message, item.target) if item.target else (),
        )

    def _suggestions(self, sheet: _Sheet, message: Message) -> Iterator[Suggestion]:
        """What there is already: in the issue's file, in other issues, and for a text that was here before."""
        said = {sheet.item(message).target, ""}
        for suggestion in self._all_suggestions(sheet, message):
            if suggestion.target not in said:
                said.add(suggestion.target)
                yield suggestion

    def _all_suggestions(self, sheet: _Sheet, message: Message) -> Iterator[Suggestion]:
        slug = sheet.loaded.slug
        if seed := message.others.get(sheet.locale):
            yield Suggestion(message.text, seed, f"issues/{slug}.yaml", same=True)
        memory, near = self._memory(sheet.loaded.issue.source_locale, sheet.locale)
        for found in memory.all_of(message.text):
            yield Suggestion(message.text, found.target, found.place, same=True)
        gone = {
            entry.msgid: entry.msgstr
            for entry in sheet.catalog
            if entry.obsolete and entry.msgstr and entry.msgctxt == message.context
        }
        if (text := Nearest(gone).find(message.text)) is not None:
            yield Suggestion(text, gone[text], f"{slug}, {message.context}", same=text == message.text)
        if (text := near.find(message.text)) is not None and text != message.text:
            for found in memory.all_of(text)[:1]:
                yield Suggestion(text, found.target, found.place, same=False)

    def _memory(self, source_locale: str, locale: str) -> tuple[Memory, Nearest]:
        locales = self._bench.house.workspace.locales
        files = sorted(issue_folder(locales, locale).glob("*.po"))

        def read() -> tuple[Memory, Nearest]:
            memory = Memory(locales, source_locale, locale)
            return memory, Nearest(memory.texts())

        return self._memories.get((source_locale, locale), (*files, *stamp(*files)), read)

    def _check(self, slug: str, locale: str, key: str, text: str) -> tuple[Remark, ...]:
        sheet = self._sheet(slug, locale)
        message = sheet.message(key)
        return self._remarks(sheet, message, tidy(message.kind, text)) if message else ()

    def _remarks(self, sheet: _Sheet, message: Message, text: str) -> tuple[Remark, ...]:
        """The checks of the whole edition, as they would be; what they say of this message."""
        if refused := refusal(text):
            return (Remark("invisible-character", refused, "", blocks=True),)
        if not text:
            return ()
        house = self._bench.house
        catalog = read_catalog(sheet.path, sheet.shown_path)
        entry = find(catalog, message)
        if entry is None:
            entry = polib.POEntry(msgctxt=message.context, msgid=message.text)
            catalog.append(entry)
        put(entry, text, unsure=False)
        found = check_edition(sheet.loaded, sheet.locale, catalog, house.rules, sheet.shown_path)
        return tuple(
            Remark(one.code, one.message, one.hint, one.blocks, one.reason)
            for one in found
            if (one.context, one.source) == (message.context, message.text)
            and one.code not in (Check.MISSING, Check.FUZZY)
        )

    def _save(self, slug: str, locale: str, key: str, draft: Draft) -> Kept:
        for _try in range(TRIES):
            sheet = self._sheet(slug, locale)
            message = sheet.message(key)
            if message is None:
                return Kept(gone=True)
            text = tidy(message.kind, draft.text)
            if refused := refusal(text):
                return Kept(refusal=refused)
            catalog = sheet.catalog
            entry = find(catalog, message)
            if print_of(entry) != draft.print:
                return Kept(conflict=True)
            if entry is None:  # nobody has called sync since it was written
                memory, _near = self._memory(sheet.loaded.issue.source_locale, locale)
                catalog = sync(sheet.loaded, locale, catalog, memory, self._bench.house.limits.of)
                entry = find(catalog, message)
                assert entry is not None
            put(entry, text, unsure=draft.unsure)
            if stamp(sheet.path) == sheet.stamp:
                write_catalog(catalog, sheet.path)
                return Kept(saved=True)
        told = said("%(path)s changes all the time", path=sheet.shown_path)
        raise StoreError(told, said("another program writes it; wait for its end"))


class _Sheet:
    """One issue and its catalog as they are now."""

    def __init__(self, loaded: LoadedIssue, locale: str, path: Path, shown_path: str) -> None:
        self.loaded, self.locale, self.path, self.shown_path = loaded, locale, path, shown_path
        self.stamp = stamp(path)
        self.catalog = read_catalog(path, shown_path)
        self._messages = {_key(message): message for message in messages_for(loaded, locale)}
        self._entries = {(one.msgctxt or "", one.msgid): one for one in self.catalog if not one.obsolete}

    def message(self, key: str) -> Message | None:
        """The message of a key."""
        return self._messages.get(key)

    def item(self, message: Message) -> Item:
        """A message in the list of all."""
        entry = self._entries.get((message.context, message.text))
        target = entry.msgstr if entry is not None else ""
        line = (entry.linenum or 0) if entry is not None else 0
        return Item(_key(message), message.context, message.text, target, state(entry).value, line)

    def shown(self) -> Translation:
        """All of it."""
        return Translation(
            self.loaded.slug,
            self.locale,
            own_name(self.locale),
            direction(self.locale),
            self.loaded.issue.source_locale,
            tuple(map(self.item, self._messages.values())),
        )

    def pointed_at(self, block: str, text: str) -> str:
        """The key of the message of a block that reads most like a text; of its first one, if none does."""
        wanted = " ".join(_HOLE.sub(r"\1", text).split())
        candidates = [(key, one) for key, one in self._messages.items() if self.item(one).block == block]
        rated = [(self._likeness(message, wanted), key) for key, message in candidates]
        ratio, best = max(rated, key=lambda pair: pair[0], default=(0.0, ""))
        return best if ratio >= POINTED else next((key for key, _message in candidates), "")

    def _likeness(self, message: Message, wanted: str) -> float:
        shown = self.item(message).target or message.text
        plain = " ".join(Text(shown, message.kind, language(self.locale)).plain.split())
        return difflib.SequenceMatcher(None, plain, wanted, autojunk=False).ratio()


def _key(message: Message) -> str:
    return hashlib.sha256(f"{message.context}\n{message.text}".encode()).hexdigest()[:KEY_DIGITS]


def _pieces(text: str, terms: Terms) -> Iterator[Piece]:
    end = 0
    for start, stop, term in terms.found(text):
        if start > end:
            yield Piece(text[end:start])
        yield Piece(text[start:stop], term.targets)
        end = stop
    if end < len(text):
        yield Piece(text[end:])


def _changes(old: str, new: str) -> Iterator[Change]:
    """How one text became another, word by word."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    for kind, i, j, k, n in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Change("same", "".join(before[i:j]))
            continue
        if i < j:
            yield Change("gone", "".join(before[i:j]))
        if k < n:
            yield Change("new", "".join(after[k:n]))
