"""The templates' own words: Babel extracts them, each locale's messages.po takes them in.

    python -m tests.tools.messages          update locales/*/LC_MESSAGES/messages.po
    python -m tests.tools.messages --check  exit with 1 if one is not up to date

Words are what stands in ``_("…")`` in a template, and in ``words("…")`` in ``newsletter/render``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polib
from babel.messages.extract import extract_from_dir

ROOT = Path(__file__).parents[2]
# folder: (pattern, Babel's method, the function that marks a word)
FOLDERS = {"templates": ("**.j2", "jinja2", "_"), "newsletter/render": ("**.py", "python", "words")}


def extracted() -> dict[str, list[str]]:
    """Every word, with the files it stands in."""
    found: dict[str, list[str]] = {}
    for folder, (pattern, method, keyword) in FOLDERS.items():
        words = extract_from_dir(ROOT / folder, [(pattern, method)], keywords={keyword: None})
        for file, _line, message, _comments, _context in words:
            places = found.setdefault(str(message), [])
            place = f"{folder}/{file}"
            if place not in places:
                places.append(place)
    return found


def updated(path: Path) -> polib.POFile:
    """The catalog with exactly the words that there are now; what was translated stays."""
    old = polib.pofile(str(path), wrapwidth=0) if path.exists() else polib.POFile(wrapwidth=0)
    known = {entry.msgid: entry for entry in old}
    new = polib.POFile(wrapwidth=0)
    new.header, new.metadata = old.header, old.metadata
    for word, places in sorted(extracted().items()):
        before = known.get(word)
        new.append(
            polib.POEntry(
                msgid=word,
                msgstr=before.msgstr if before else "",
                comment=before.comment if before else "",
                tcomment=before.tcomment if before else "",
                flags=["python-format"] if "%(" in word else [],
                occurrences=[(place, "") for place in sorted(places)],
            )
        )
    return new


def main() -> int:
    """Update or check every locale's catalog."""
    stale = []
    for path in sorted(ROOT.glob("locales/*/LC_MESSAGES/messages.po")):
        text = f"{updated(path)}".rstrip("\n") + "\n"
        if text != path.read_text(encoding="utf-8"):
            stale.append(path)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
        missing = [entry.msgid for entry in polib.pofile(text) if not entry.msgstr]
        print(f"{path.relative_to(ROOT)}: {len(missing)} to translate")  # noqa: T201 - a tool that reports
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
