"""Issue + catalog → catalog: what is new is added, what is gone is kept as obsolete.

A message gets its translation from the first of these that has one:

1. the catalog, for the same text in the same context, obsolete or not;
2. the issue's own file, which may give a text for several locales (a *seed*);
3. the same text in another issue (``memory.py``), as fuzzy;
4. the nearest text of the same context that is no longer in the issue, as
   fuzzy, with the earlier text beside it (``nearest.py``).

Never loses a finished translation and never presents the translation of one
text as that of another.  A seed is finished only in a context from which no
text has gone: otherwise the text may be an edited one, and its seed the one
that nobody edited along.  Running it twice changes nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import polib
from babel.messages.plurals import get_plural

from newsletter.content.fields import normal_text
from newsletter.content.load import LoadedIssue
from newsletter.content.schema import Issue
from newsletter.errors import Finding, SourceSpan
from newsletter.i18n.catalog import State, index, new_header, state
from newsletter.i18n.memory import Memory, no_memory
from newsletter.i18n.messages import Message, messages, messages_for
from newsletter.i18n.nearest import Nearest
from newsletter.wording import quoted, said

DIFFERS = "differs-from-issue"
_FROM = re.compile(r"; from [^\s;,”]+, [\w.-]+$")  # at the end of a note: where a translation was taken from

LimitOf = Callable[[str], int | None]
"""How many characters the message of a context may have at most."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages of an edition are in which state."""

    translated: int
    fuzzy: int
    missing: int

    @property
    def total(self) -> int:
        """All messages."""
        return self.translated + self.fuzzy + self.missing

    @property
    def complete(self) -> bool:
        """Whether the edition may be sent."""
        return self.translated == self.total


def no_limit(context: str) -> int | None:
    """Any length will do."""
    return None


def sync(
    loaded: LoadedIssue,
    locale: str,
    old: polib.POFile,
    memory: Memory | None = None,
    limit_of: LimitOf = no_limit,
) -> polib.POFile:
    """Merge the messages that readers of ``locale`` see into the catalog ``old``; returns a new catalog."""
    wanted = messages_for(loaded, locale)
    sources = _Sources(old, wanted, memory or no_memory(), loaded.slug, locale)
    new = polib.POFile(wrapwidth=0)
    plural_forms = get_plural(locale.replace("-", "_")).plural_forms
    header = new_header(loaded.slug, loaded.issue.source_locale, locale, plural_forms)
    # Whatever a PO editor or a template said of the encoding, it is written as UTF-8.
    encoding = {key: header[key] for key in ("Content-Type", "Content-Transfer-Encoding")}
    new.metadata = {**header, **old.metadata, **encoding}
    new.header = old.header
    for message in wanted:
        entry = sources.merged(message)
        entry.comment = _note(message, limit_of, entry)
        new.append(entry)
    for entry in sources.gone():
        entry.obsolete = True
        # polib writes the earlier text of an obsolete entry and does not read it.
        entry.previous_msgid = entry.previous_msgctxt = None
        new.append(entry)
    return new


def count(issue: Issue, catalog: polib.POFile, locale: str | None = None) -> Counts:
    """Count the states of the messages that the issue has now, whatever the catalog still holds.

    With a locale, only of those that its readers see.
    """
    known = index(catalog)
    states = [state(known.get((message.context, message.text))) for message in messages(issue, locale)]
    return Counts(*(states.count(which) for which in (State.TRANSLATED, State.FUZZY, State.MISSING)))


def differences(loaded: LoadedIssue, locale: str, catalog: polib.POFile, shown: str) -> list[Finding]:
    """Where the issue's file says one thing and the catalog, which wins, another.  Keeps no edition back."""
    known = index(catalog) if loaded.written else {}
    found = []
    for message in messages_for(loaded, locale) if loaded.written else ():
        entry = known.get((message.context, message.text))
        says = message.others.get(locale)
        if says is None or entry is None or not entry.msgstr or normal_text(message.kind, entry.msgstr) == says:
            continue
        values = {"context": message.context, "one": quoted(says[:60]), "other": quoted(entry.msgstr[:60])}
        text = said("%(context)s: the issue says %(one)s, and the catalog %(other)s", **values)
        hint = said("the catalog's is used; mend the '%(locale)s:' text of the issue, or take it out", locale=locale)
        found.append(Finding(SourceSpan(shown, entry.linenum or 1), DIFFERS, text, hint))
    return found


def _note(message: Message, limit_of: LimitOf, entry: polib.POEntry) -> str:
    """What translators are told.  One line, so that a new message is a diff of few lines."""
    limit = limit_of(message.context)
    taken_from = _FROM.search(entry.comment) if entry.fuzzy else None
    return "".join(
        (
            message.note,
            f"; at most {limit} characters" if limit else "",
            taken_from.group() if taken_from else "",
        )
    )


class _Sources:
    """Everything that translations can come from, for the messages of one issue in one locale."""

    def __init__(self, old: polib.POFile, wanted: list[Message], memory: Memory, slug: str, locale: str) -> None:
        self._memory, self._slug, self._locale = memory, slug, locale
        self._known: dict[tuple[str, str], polib.POEntry] = {}
        for entry in old:
            key = (entry.msgctxt or "", entry.msgid)
            if key not in self._known or _worth(entry) > _worth(self._known[key]):
                self._known[key] = entry
        self._keys = {(message.context, message.text) for message in wanted}
        gone = defaultdict(list)
        for context, text in self._known:
            if (context, text) not in self._keys and self._known[context, text].msgstr:
                gone[context].append(text)
        self._gone = {context: Nearest(texts) for context, texts in gone.items()}

    def merged(self, message: Message) -> polib.POEntry:
        """The entry of one message, with the best translation there is."""
        entry = polib.POEntry(msgctxt=message.context, msgid=message.text)
        same = self._known.get((message.context, message.text))
        if same is not None and same.msgstr:
            entry.msgstr = same.msgstr
            entry.tcomment = same.tcomment
            entry.comment = same.comment
            # A text that came back is finished again only if it was finished when it went.
            entry.flags = [flag for flag in same.flags if flag == "fuzzy"]
            entry.previous_msgid = same.previous_msgid if same.fuzzy else None
            return entry
        entry.tcomment = same.tcomment if same is not None else ""
        seed = message.others.get(self._locale)
        if seed and message.context not in self._gone:
            entry.msgstr = seed
        elif not seed and (recalled := self._memory.recall(message.text, message.context, self._slug)):
            entry.msgstr, entry.flags, entry.comment = recalled.target, ["fuzzy"], f"; from {recalled.place}"
        elif same is None and (nearest := self._nearest(message)):
            earlier = self._known[message.context, nearest]
            entry.msgstr = earlier.msgstr
            entry.tcomment = earlier.tcomment
            entry.flags = ["fuzzy"]
            # The text that it translates, which after two edits is not the last one; if nobody knows it, none.
            entry.previous_msgid = earlier.previous_msgid if earlier.fuzzy else earlier.msgid
        elif seed:
            entry.msgstr, entry.flags = seed, ["fuzzy"]
        return entry

    def _nearest(self, message: Message) -> str | None:
        """Only for what is new: a message that stayed empty once would else take what others left, a sync later."""
        gone = self._gone.get(message.context)
        return gone.take(message.text) if gone else None

    def gone(self) -> list[polib.POEntry]:
        """What the issue no longer has, and somebody has translated."""
        return [
            entry
            for key, entry in self._known.items()
            if key not in self._keys and (entry.msgstr or any(entry.msgstr_plural.values()))
        ]


def _worth(entry: polib.POEntry) -> tuple[bool, bool, bool]:
    """By which of two entries with the same key the translation is the better one."""
    return bool(entry.msgstr), bool(entry.msgstr) and not entry.fuzzy, not entry.obsolete
