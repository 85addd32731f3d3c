"""Issue + catalog → catalog: what is new is added, what is gone is kept as obsolete.

Never loses a finished translation and never presents the translation of one
text as that of another: a text that changed gets its old translation back as
*fuzzy*, with the old source beside it, and fuzzy messages do not go out.
Running it twice changes nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import polib
from babel.messages.plurals import get_plural

from newsletter.content.schema import Issue
from newsletter.i18n.catalog import State, index, new_header, state
from newsletter.i18n.messages import Message, messages

NEAR = 0.5  # difflib ratio from which an old text counts as an earlier form of a new one


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


def sync(issue: Issue, slug: str, locale: str, old: polib.POFile) -> polib.POFile:
    """Merge the messages of ``issue`` into the catalog ``old``; returns a new catalog."""
    known = index(old)
    wanted = list(messages(issue))
    keys = {(message.context, message.text) for message in wanted}
    unmatched = [entry for key, entry in known.items() if key not in keys and entry.msgstr]
    new = polib.POFile(wrapwidth=0)
    plural_forms = get_plural(locale.replace("-", "_")).plural_forms
    header = new_header(slug, issue.source_locale, locale, plural_forms)
    # Whatever a PO editor or a template said of the encoding, it is written as UTF-8.
    encoding = {key: header[key] for key in ("Content-Type", "Content-Transfer-Encoding")}
    new.metadata = {**header, **old.metadata, **encoding}
    new.header = old.header
    for message in wanted:
        new.append(_merged(message, known, unmatched))
    used = {(entry.msgctxt or "", entry.msgid) for entry in new}
    for key, entry in known.items():
        if key not in used and entry.msgstr:
            entry.obsolete = True
            # polib writes the earlier text of an obsolete entry and does not read it.
            entry.previous_msgid = entry.previous_msgctxt = None
            new.append(entry)
    return new


def count(issue: Issue, catalog: polib.POFile) -> Counts:
    """Count the states of the messages that the issue has now, whatever the catalog still holds."""
    known = index(catalog)
    states = [state(known.get((message.context, message.text))) for message in messages(issue)]
    return Counts(*(states.count(which) for which in (State.TRANSLATED, State.FUZZY, State.MISSING)))


def _merged(
    message: Message, known: dict[tuple[str, str], polib.POEntry], unmatched: list[polib.POEntry]
) -> polib.POEntry:
    entry = polib.POEntry(msgctxt=message.context, msgid=message.text, comment=message.note)
    same = known.get((message.context, message.text))
    if same is not None:
        entry.msgstr = same.msgstr
        entry.tcomment = same.tcomment
        # A text that came back is finished again only if it was finished when it went.
        entry.flags = [flag for flag in same.flags if flag == "fuzzy"]
        entry.previous_msgid = same.previous_msgid if same.fuzzy else None
        return entry
    nearest = _nearest(message, unmatched)
    if nearest is not None:
        unmatched.remove(nearest)
        entry.msgstr = nearest.msgstr
        entry.tcomment = nearest.tcomment
        entry.flags = ["fuzzy"]
        # The text that it translates, which after two edits is not the last one; if nobody knows it, none.
        entry.previous_msgid = nearest.previous_msgid if nearest.fuzzy else nearest.msgid
    return entry


def _nearest(message: Message, candidates: Iterable[polib.POEntry]) -> polib.POEntry | None:
    rated = [
        (difflib.SequenceMatcher(None, message.text, entry.msgid, autojunk=False).ratio(), entry)
        for entry in candidates
        if entry.msgctxt == message.context
    ]
    best = max(rated, key=lambda pair: pair[0], default=None)
    return best[1] if best and best[0] >= NEAR else None
