"""What earlier issues have translated already: the same text gets the same words again, to be looked over.

Every other issue's catalog of one language pair is read once, when the first
text asks.  A broken one is passed over, and named: its own issue's sync says
what is wrong with it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from newsletter.errors import ContentError
from newsletter.i18n.catalog import SOURCE_HEADER, issue_folder, read_catalog


@dataclass(frozen=True, slots=True)
class Remembered:
    """A finished translation of another issue."""

    slug: str
    context: str
    target: str

    @property
    def place(self) -> str:
        """Where it stands, for translators."""
        return f"{self.slug}, {self.context}"


@dataclass(slots=True)
class Memory:
    """The finished translations of all issues from one language into one other, by text."""

    locales: Path | None
    source_locale: str
    locale: str
    passed_over: list[Path] = field(default_factory=list)
    _by_text: dict[str, list[Remembered]] | None = None

    def recall(self, text: str, context: str, slug: str) -> Remembered | None:
        """The translation of the same text in another issue: in the same context if there is one, then the latest."""
        found = [entry for entry in self._read().get(text, ()) if entry.slug != slug]
        return max(found, key=lambda entry: (entry.context == context, entry.slug), default=None)

    def all_of(self, text: str) -> list[Remembered]:
        """Every translation of a text, the latest issue's first."""
        return sorted(self._read().get(text, ()), key=lambda entry: entry.slug, reverse=True)

    def texts(self) -> list[str]:
        """Every text that is remembered."""
        return list(self._read())

    def _read(self) -> dict[str, list[Remembered]]:
        if self._by_text is None:
            self._by_text = defaultdict(list)
            folder = self.locales and issue_folder(self.locales, self.locale)
            for path in sorted(folder.glob("*.po")) if folder else ():
                self._add(path, self._by_text)
        return self._by_text

    def _add(self, path: Path, by_text: dict[str, list[Remembered]]) -> None:
        try:
            catalog = read_catalog(path)
        except ContentError:
            self.passed_over.append(path)
            return
        # Other programs may leave the header out; the same words are in the same language.
        if catalog.metadata.get(SOURCE_HEADER, self.source_locale) != self.source_locale:
            return
        for entry in catalog:
            if entry.msgstr.strip() and not entry.fuzzy:
                by_text[entry.msgid].append(Remembered(path.stem, entry.msgctxt or "", entry.msgstr))


def no_memory() -> Memory:
    """Nothing to remember."""
    return Memory(None, "", "")
